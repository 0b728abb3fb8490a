//! An answer on its way, read under limits of time and size.

use std::time::Duration;

use prost::bytes::Bytes;
use reqwest::{Response, StatusCode};
use tokio::time::{Instant, timeout_at};

use super::{Failure, root, short};

/// Most bytes of an error page that are read for its words.
const MOST_ERROR_BYTES: usize = 64 * 1024;

/// An answer on its way.
pub(crate) struct Body {
    /// The media type, lower case, empty where there is none.
    pub(crate) media: String,
    /// What the body is packed in, lower case; gzip is undone already.
    pub(crate) encoding: String,
    /// What the server says of it.
    pub(crate) status: StatusCode,
    response: Response,
    bounds: Bounds,
    taken: u64,
}

/// How long to wait and how much to take, and what is said of more.
pub(super) struct Bounds {
    pub(super) deadline: Instant,
    pub(super) stall: Duration,
    pub(super) late: Failure,
    pub(super) max: u64,
    pub(super) too_large: Failure,
}

impl Body {
    pub(super) fn new(response: Response, bounds: Bounds) -> Body {
        Body {
            media: header(&response, "content-type"),
            encoding: header(&response, "content-encoding"),
            status: response.status(),
            response,
            bounds,
            taken: 0,
        }
    }

    /// The next piece, unpacked; nothing at the end. Failures: silence, too late, too much, broken off.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        let patience = Instant::now() + self.bounds.stall;
        let piece = match timeout_at(self.bounds.deadline.min(patience), self.response.chunk()).await {
            Ok(Ok(piece)) => piece,
            Ok(Err(error)) => {
                return Err(Failure::new(format!("the answer broke off after {} bytes: {}", self.taken, root(&error)))
                    .hint("a proxy or the server ended it; the server's own log says more"));
            }
            Err(_) if patience < self.bounds.deadline => {
                return Err(Failure::new(format!(
                    "the server fell silent for {} after {} bytes",
                    span(self.bounds.stall),
                    self.taken
                ))
                .hint("raise `timeout`, a third of which is the longest silence, or see what keeps the server busy"));
            }
            Err(_) => return Err(self.bounds.late.clone()),
        };
        self.taken += piece.as_ref().map_or(0, |p| p.len() as u64);
        if self.taken > self.bounds.max { Err(self.bounds.too_large.clone()) } else { Ok(piece) }
    }

    /// The whole body.
    pub(crate) async fn whole(mut self) -> Result<Vec<u8>, Failure> {
        let mut all = Vec::new();
        while let Some(piece) = self.next().await? {
            all.extend_from_slice(&piece);
        }
        Ok(all)
    }

    /// The page of an answer that refuses, as much of it as can be had.
    pub(crate) async fn page(&mut self) -> Vec<u8> {
        let mut page = Vec::new();
        while page.len() < MOST_ERROR_BYTES {
            match self.next().await {
                Ok(Some(bytes)) => page.extend_from_slice(&bytes),
                _ => break,
            }
        }
        page.truncate(MOST_ERROR_BYTES);
        page
    }

    /// The media type, fit to be shown.
    pub(crate) fn shown_media(&self) -> String {
        short(&self.media)
    }
}

/// A header of an answer, lower case.
fn header(response: &Response, name: &str) -> String {
    response.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_ascii_lowercase()
}

/// A duration for people.
pub(super) fn span(duration: Duration) -> model::time::Span {
    model::time::Span::from_millis(duration.as_millis() as i64)
}
