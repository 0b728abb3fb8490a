//! Programs of others as servers on loopback, ended when they go out of scope.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::Instant;

/// Where a program is, or a word on standard error that its tests are skipped.
pub fn installed(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path).map(|dir| dir.join(program)).find(|file| file.is_file());
    if found.is_none() {
        eprintln!("skipped: {program} is not installed");
    }
    found
}

/// A running program with a folder of its own.
pub struct Server {
    child: Child,
    /// Its address.
    pub url: String,
    _folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts a program; `args` gets its folder and `127.0.0.1:port`. Waits until a page answers, 30 s at the most.
    pub async fn start(
        program: &Path,
        folder: TempDir,
        page: &str,
        args: impl Fn(&Path, &str) -> Vec<String>,
    ) -> Server {
        // Another program may take the port between our look and the start: then try the next.
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let address = format!("127.0.0.1:{port}");
            let log = fs::File::create(folder.path().join("log")).unwrap();
            let mut child = Command::new(program)
                .args(args(folder.path(), &address))
                .stdin(Stdio::null())
                .stdout(log.try_clone().unwrap())
                .stderr(log)
                .spawn()
                .unwrap();
            let url = format!("http://{address}");
            if answers(&mut child, &format!("{url}{page}")).await {
                return Server { child, url, _folder: folder };
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        panic!("{} does not start: {}", program.display(), fs::read_to_string(folder.path().join("log")).unwrap());
    }

    /// The address without `http://`.
    pub fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// A Prometheus with further arguments and configuration, over the blocks in its folder's `data`.
    pub async fn prometheus(folder: TempDir, extra: &[&str], config: &str) -> Option<Server> {
        let program = installed("prometheus")?;
        let config = format!("global:\n  scrape_interval: 2s\n{config}");
        fs::write(folder.path().join("prometheus.yml"), config).unwrap();
        let extra: Vec<String> = extra.iter().map(|e| e.to_string()).collect();
        let args = |folder: &Path, address: &str| {
            let mut args = vec![
                format!("--config.file={}", folder.join("prometheus.yml").display()),
                format!("--storage.tsdb.path={}", folder.join("data").display()),
                "--storage.tsdb.retention.time=100y".into(),
                format!("--web.listen-address={address}"),
            ];
            args.extend(extra.clone());
            args
        };
        Some(Server::start(&program, folder, "/-/ready", args).await)
    }

    /// A VictoriaMetrics without data.
    pub async fn victoria() -> Option<Server> {
        let program = installed("victoria-metrics")?;
        let args = |folder: &Path, address: &str| {
            vec![
                format!("-storageDataPath={}", folder.join("data").display()),
                format!("-httpListenAddr={address}"),
                "-retentionPeriod=100y".into(),
            ]
        };
        Some(Server::start(&program, tempfile::tempdir().unwrap(), "/health", args).await)
    }
}

/// Whether a page answers with success before the program ends or 30 s are over.
async fn answers(child: &mut Child, page: &str) -> bool {
    let client = plain();
    let deadline = Instant::now() + Duration::from_secs(30);
    while Instant::now() < deadline && child.try_wait().unwrap().is_none() {
        if client.get(page).send().await.is_ok_and(|r| r.status().is_success()) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}

/// A client without any of our care.
pub fn plain() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().tls_certs_only([]).timeout(Duration::from_secs(10)).build().unwrap()
}

/// Turns OpenMetrics text into blocks of a folder's `data`; false where promtool is not installed.
pub fn blocks(folder: &Path, text: &str) -> bool {
    let Some(promtool) = installed("promtool") else { return false };
    fs::write(folder.join("history.om"), text).unwrap();
    let made = Command::new(promtool)
        .args(["tsdb", "create-blocks-from", "openmetrics"])
        .args([folder.join("history.om"), folder.join("data")])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    true
}
