//! Fetching profiles: from servers that fail in every way, and from a real Go program where Go is installed.

mod failures;
mod golang;

use std::io::Write;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;

/// A server on loopback that ends with the test.
struct Fake {
    /// The address of its heap profile.
    heap: String,
    seen: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Fake {
    /// Starts a server that answers each request by a function of it.
    async fn start(answer: impl Fn(&Request) -> Response + Clone + Send + Sync + 'static) -> Fake {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let heap = format!("http://{}/debug/pprof/heap", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let notes = seen.clone();
        let app = Router::new().fallback(move |request: Request| async move {
            notes.lock().unwrap().push(request.uri().to_string());
            answer(&request)
        });
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Fake { heap, seen, task }
    }

    /// What was asked for so far.
    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

/// Bytes as gzip.
fn packed(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}
