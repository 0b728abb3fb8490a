//! Source files that profiles name: where they are looked for, and what is said when they are not there.

use std::fs;
use std::path::Path;
use std::process::Command;

use model::profile::{Builder, Frame, Header, ValueType};
use patrol::pprof::source::{GoPlaces, SourceFinder};

/// A folder with these files; each holds its own name.
fn folder(files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("{file}\n")).unwrap();
    }
    folder
}

/// The name of what is found, which is its first line.
fn found(finder: &SourceFinder, file: &str) -> String {
    match finder.find(file) {
        Ok(source) => source.lines[0].clone(),
        Err(why) => why,
    }
}

/// The largest line number there is has no line after it, wherever a profile says it.
#[test]
fn a_function_may_begin_at_the_last_line_of_all() {
    let home = folder(&["x.go"]);
    let mut builder = Builder::new();
    let [name, file, space, bytes] = ["main.leak", "x.go", "inuse_space", "bytes"].map(|t| builder.text(t));
    let function = builder.function(name, name, file, i64::MAX);
    let place = builder.location(0, 0, &[Frame { function, line: i64::MAX, column: 0 }], false);
    builder.sample([place], &[64], &[]);
    let header = Header { sample_types: vec![ValueType { kind: space, unit: bytes }], ..Header::default() };
    fs::write(home.path().join("heap.pb"), builder.finish(&header).unwrap().encoded()).unwrap();
    let mut patrol = Command::new(env!("CARGO_BIN_EXE_patrol"));
    let run = patrol.current_dir(home.path()).args(["pprof", "-list", "leak", "heap.pb"]).output().unwrap();
    let lines: Vec<String> = String::from_utf8_lossy(&run.stdout).lines().map(str::to_string).collect();
    assert_eq!(lines[0], "Total: 64B", "{}", String::from_utf8_lossy(&run.stderr));
    assert_eq!(
        lines[1..],
        ["ROUTINE ======================== main.leak in x.go", "       64B        64B (flat, cum)   100% of Total"]
    );
}

/// Without `-trim_path` all up to the name of a folder of the search path goes; with it, only what was named. Each as
/// the reference prints it.
#[test]
fn paths_are_trimmed() {
    let here = Path::new("/here");
    let trimmed = |search: &str, trim: &str, file: &str| SourceFinder::new(search, trim, here).trimmed(file);
    assert_eq!(trimmed("my/app", "", "a.example/app/pkg/app/x.go"), "pkg/app/x.go");
    assert_eq!(trimmed("my/app/", "", "a.example/app/x.go"), "x.go");
    assert_eq!(trimmed("one:two", "", "/src/two/one/x.go"), "x.go");
    assert_eq!(trimmed("app", "", "app/x.go"), "app/x.go");
    assert_eq!(trimmed("", "", "/here/x.go"), "/here/x.go");
    assert_eq!(trimmed("", "", "/proc/self/cwd/./x.c"), "x.c");
    assert_eq!(trimmed("", "", "/proc/self/cwd/x.c"), "x.c");
    assert_eq!(trimmed("app", "/build:/src/", "/src/app/x.go"), "app/x.go");
    assert_eq!(trimmed("app", "/build", "/builder/app/x.go"), "/builder/app/x.go");
}

#[test]
fn files_are_looked_for_upwards() {
    let home = folder(&["app/x.go", "y.go", "other/z.go"]);
    let finder = SourceFinder::new("app/deep/er:other", "", home.path());
    assert_eq!(found(&finder, "x.go"), "app/x.go");
    assert_eq!(found(&finder, "y.go"), "y.go");
    assert_eq!(found(&finder, "z.go"), "other/z.go");
    assert_eq!(found(&finder, "app/x.go"), "app/x.go");
    assert_eq!(found(&finder, "q.go"), "could not find file q.go on path app/deep/er:other");
    // The search path is the working folder, and its own name is cut off.
    let finder = SourceFinder::new("", "", &home.path().join("app"));
    assert_eq!(found(&finder, "a.example/app/x.go"), "app/x.go");
    let path = home.path().join("app");
    assert_eq!(found(&finder, "q.go"), format!("could not find file q.go on path {}", path.display()));
    assert_eq!(found(&finder, "/no/such.go"), "open /no/such.go: no such file or directory");
    assert_eq!(found(&finder, &home.path().join("y.go").display().to_string()), "y.go");
}

/// Folders, pipes and devices are no source files, however they are named.
#[test]
fn only_regular_files_are_read() {
    let home = folder(&["x.go/inside", "up/x.go"]);
    let finder = SourceFinder::new("up/app", "", home.path());
    assert_eq!(found(&finder, "x.go"), "up/x.go");
    assert_eq!(found(&finder, "/dev/zero"), "open /dev/zero: not a regular file");
    assert_eq!(found(&finder, ""), "could not find file  on path up/app");
    let large = home.path().join("large.go");
    fs::File::create(&large).unwrap().set_len(65 << 20).unwrap();
    assert!(found(&finder, &large.display().to_string()).ends_with("larger than 64 MiB"));
}

/// Line ends of Windows go, bytes of another encoding are shown, and a line that Go's scanner would not take is the end.
#[test]
fn lines_are_those_of_a_scanner() {
    let home = folder(&[]);
    let lines = |bytes: &[u8]| {
        fs::write(home.path().join("x.go"), bytes).unwrap();
        SourceFinder::new("", "", home.path()).find("x.go").unwrap().lines.clone()
    };
    assert_eq!(lines(b"a\r\n\nb\xff"), ["a", "", "b\u{fffd}"]);
    assert_eq!(lines(b""), [""; 0]);
    let long = |length: usize, end: &str| [b"a\n", "b".repeat(length).as_bytes(), end.as_bytes()].concat();
    assert_eq!([65_535, 65_536].map(|length| lines(&long(length, "\nc")).len()), [3, 1]);
    assert_eq!([65_535, 65_536].map(|length| lines(&long(length, "")).len()), [2, 1]);
}

/// Names that `-trimpath` leaves, and those of the machine that built the program, in Go's own places: only where asked
/// for, and only where the reference finds nothing.
#[test]
fn go_sources_are_found_where_go_keeps_them() {
    let home = folder(&[
        "root/src/runtime/malloc.go",
        "root/src/net/http/server.go",
        "cache/github.com/!azure/x@v1.2.3/y.go",
        "app/vendor/github.com/Some/lib/z.go",
        "app/pkg/own.go",
        "app/runtime/near.go",
        "root/src/runtime/near.go",
    ]);
    fs::write(home.path().join("app/go.mod"), "// the program\nmodule a.example/shop // v1\n\ngo 1.22\n").unwrap();
    let plain = SourceFinder::new("app", "", home.path());
    assert_eq!(found(&plain, "runtime/malloc.go"), "could not find file runtime/malloc.go on path app");
    let places = GoPlaces { roots: vec![home.path().join("root")], module_caches: vec![home.path().join("cache")] };
    let finder = SourceFinder::new("app", "", home.path()).with_go(places);
    for (file, place) in [
        ("runtime/malloc.go", "root/src/runtime/malloc.go"),
        ("/usr/local/go/src/net/http/server.go", "root/src/net/http/server.go"),
        ("github.com/Azure/x@v1.2.3/y.go", "cache/github.com/!azure/x@v1.2.3/y.go"),
        ("/home/ci/go/pkg/mod/github.com/!azure/x@v1.2.3/y.go", "cache/github.com/!azure/x@v1.2.3/y.go"),
        ("github.com/Some/lib@v0.1.0/z.go", "app/vendor/github.com/Some/lib/z.go"),
        ("/ci/pkg/mod/github.com/!some/lib@v0.1.0/z.go", "app/vendor/github.com/Some/lib/z.go"),
        ("/ci/build/vendor/github.com/Some/lib/z.go", "app/vendor/github.com/Some/lib/z.go"),
        ("a.example/shop/pkg/own.go", "app/pkg/own.go"),
        ("runtime/near.go", "app/runtime/near.go"),
    ] {
        assert_eq!(found(&finder, file), place, "{file}");
    }
    // A name that leads out of its place leads nowhere, and what is missing is said as the reference says it.
    let out = "/nowhere/src/../../cache/github.com/!azure/x@v1.2.3/y.go";
    assert_eq!(found(&finder, out), format!("open {out}: no such file or directory"));
}

/// A profile from a stranger names what it likes.
#[test]
fn only_sources_are_read_and_documents_keep_to_their_folders() {
    let home = folder(&["app/x.go", "secret.go", "passwd", "app/environ.txt"]);
    let finder = SourceFinder::new("app", "", home.path());
    let refused = format!("open {0}: not the name of a source file", home.path().join("passwd").display());
    assert_eq!(found(&finder, &home.path().join("passwd").display().to_string()), refused);
    assert_eq!(found(&finder, "environ.txt"), "could not find file environ.txt on path app");
    let secret = home.path().join("secret.go").display().to_string();
    assert_eq!(found(&finder, &secret), "secret.go");
    let confined = SourceFinder::new("app", "", home.path()).confined();
    assert_eq!(found(&confined, "x.go"), "app/x.go");
    assert_eq!(found(&confined, &secret), format!("open {secret}: outside of the folders that are searched"));
    assert_eq!(found(&confined, "../secret.go"), "could not find file ../secret.go on path app");
    std::os::unix::fs::symlink(&secret, home.path().join("app/link.go")).unwrap();
    assert_eq!(found(&confined, "link.go"), "could not find file link.go on path app");
}
