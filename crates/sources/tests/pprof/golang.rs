//! A real Go program, built where `go` is installed.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use sources::pprof::{Endpoint, Kind, Settings, inflate, is_packed};

/// The program at work, ended with the test.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Builds and starts it; gives its address. Nothing where Go is not installed.
fn start(folder: &Path) -> Option<(Program, String)> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pprof/leak.go");
    let binary = folder.join("leak");
    let mut go = Command::new("go");
    go.args(["build", "-o"]).arg(&binary).arg(&source).current_dir(folder);
    go.env("GOCACHE", folder.join("cache"))
        .env("GOFLAGS", "-mod=mod")
        .env("GOPROXY", "off")
        .env("GOTOOLCHAIN", "local");
    match go.status() {
        Ok(status) => assert!(status.success(), "the program does not build"),
        Err(_) => return None,
    }
    let mut child = Command::new(binary).stdout(Stdio::piped()).spawn().unwrap();
    let mut address = String::new();
    let out = child.stdout.take().unwrap();
    let program = Program(child);
    BufReader::new(out).read_line(&mut address).unwrap();
    Some((program, format!("http://{}/debug/pprof/heap", address.trim())))
}

#[tokio::test]
async fn a_go_program_gives_all_kinds() {
    let folder = tempfile::tempdir().unwrap();
    let Some((_program, heap)) = start(folder.path()) else {
        eprintln!("skipped: go is not installed");
        return;
    };
    let endpoint = Endpoint::new(&Settings::at(&heap)).unwrap();
    let holds = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|w| w == text.as_bytes());
    let fetched = endpoint.fetch(Kind::Heap).await.unwrap();
    assert!(is_packed(&fetched.bytes));
    let plain = inflate(&fetched.bytes, 1 << 20).unwrap();
    // Sampling sees a megabyte in pages of 4 KiB with a chance of 87 %; the sample types are always there.
    assert!(holds(&plain, "inuse_space") && holds(&plain, "alloc_objects"));
    let goroutines = inflate(&endpoint.fetch(Kind::Goroutine).await.unwrap().bytes, 1 << 20).unwrap();
    assert!(holds(&goroutines, "main.main") && holds(&goroutines, "goroutine"));
    let memory = endpoint.fetch(Kind::Memory).await.unwrap();
    let text = String::from_utf8(memory.bytes).unwrap();
    assert!(text.contains("# runtime.MemStats") && text.contains("# HeapInuse = "), "{text}");
    let wrong = Endpoint::new(&Settings::at(&heap.replace("heap", "heep"))).unwrap();
    let error = wrong.fetch(Kind::Heap).await.unwrap_err();
    assert_eq!(error.to_string(), "404 Not Found: Unknown profile");
}
