//! Remote read: samples as they are stored, without evaluating an expression.
//!
//! `POST /api/v1/read`, <https://prometheus.io/docs/prometheus/latest/querying/remote_read_api/>.

pub mod request;
pub mod samples;
pub mod stream;
pub mod wire;

use promql_parser::parser::VectorSelector;
use reqwest::{Method, StatusCode};

use super::client::Client;
use super::fault::{Fault, Turn};
use super::rows::Rows;
use crate::http::{Body, html_title};

/// Reads the samples of some selectors onto rows.
pub async fn read(client: &Client, selectors: &[VectorSelector], rows: &mut Rows) -> Result<(), Fault> {
    let request = client.request(Method::POST, "/api/v1/read").await?;
    let request = request
        .header("Content-Type", "application/x-protobuf")
        .header("Content-Encoding", "snappy")
        .header("X-Prometheus-Remote-Read-Version", "0.1.0")
        .body(request::body(selectors, rows.set.window()));
    let mut body = client.send(request).await?;
    if body.media.starts_with("application/x-streamed-protobuf") {
        let mut stream = stream::Stream::new(rows);
        while let Some(piece) = body.next().await? {
            stream.push(&piece)?;
        }
        return stream.finish();
    }
    if body.media.starts_with("application/x-protobuf") && matches!(body.encoding.as_str(), "snappy" | "") {
        return samples::decode(&body.whole().await?, rows);
    }
    Err(other(body).await)
}

/// An answer of some other kind: the server, or something before it, does not know remote read.
async fn other(mut body: Body) -> Fault {
    let start = body.next().await.ok().flatten().unwrap_or_default();
    let what = match html_title(&start) {
        Some(title) => format!("an HTML page: {title}"),
        None if body.media.is_empty() => "an answer without a content type".into(),
        None => format!("`{}`", body.shown_media()),
    };
    Fault::new(format!("remote read is answered with {what}")).turn(Turn::AskByRange)
}

/// What remains to be tried after remote read was refused with a status.
///
/// VictoriaMetrics refuses with 400 and "unsupported path requested". Any other 400, or a 403, may be about this one
/// question or for now only.
pub fn turn_after(status: StatusCode, words: &str) -> Turn {
    match status {
        StatusCode::NOT_FOUND
        | StatusCode::METHOD_NOT_ALLOWED
        | StatusCode::UNSUPPORTED_MEDIA_TYPE
        | StatusCode::NOT_IMPLEMENTED => Turn::NeverReadAgain,
        StatusCode::BAD_REQUEST if words.contains("unsupported path") => Turn::NeverReadAgain,
        StatusCode::BAD_REQUEST | StatusCode::FORBIDDEN => Turn::AskByRange,
        _ => Turn::Stop,
    }
}
