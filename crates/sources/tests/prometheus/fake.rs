//! A server that answers as it is told, and the bodies a sound one would send.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use model::chunk::XorAppender;
use model::time::{Time, Window};
use prost::Message;

/// A request as it came in.
#[derive(Clone, Debug)]
pub struct Seen {
    /// `POST /api/v1/read`.
    pub line: String,
    /// Its headers.
    pub headers: HeaderMap,
}

/// A server on loopback that ends with the test.
pub struct Fake {
    /// Its address.
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Fake {
    /// Starts a server that answers each request by a function of it.
    pub async fn start(answer: impl Fn(&Seen) -> Response + Clone + Send + Sync + 'static) -> Fake {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let app = router(answer, seen.clone());
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Fake { url, seen, task }
    }

    /// The requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The first lines of the requests so far.
    pub fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|s| s.line).collect()
    }
}

/// Writes each request down, then answers it.
pub fn router(
    answer: impl Fn(&Seen) -> Response + Clone + Send + Sync + 'static,
    seen: Arc<Mutex<Vec<Seen>>>,
) -> Router {
    Router::new().fallback(move |request: Request| async move {
        let line = format!("{} {}", request.method(), request.uri());
        let headers = request.headers().clone();
        let request = Seen { line, headers };
        seen.lock().unwrap().push(request.clone());
        answer(&request)
    })
}

/// An answer of remote read in frames.
pub fn streamed(body: impl Into<Body>) -> Response {
    let media = "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse";
    ([("content-type", media)], body.into()).into_response()
}

/// An answer of remote read of the older kind.
pub fn block(body: Vec<u8>) -> Response {
    ([("content-type", "application/x-protobuf"), ("content-encoding", "snappy")], body).into_response()
}

/// An answer in JSON.
pub fn json(status: u16, body: impl Into<String>) -> Response {
    (StatusCode::from_u16(status).unwrap(), [("content-type", "application/json")], body.into()).into_response()
}

/// The answer of a range query with one series: instance `a:9100`, these values in seconds.
pub fn matrix(values: &str) -> Response {
    json(
        200,
        format!(
            r#"{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{{"instance":"a:9100"}},"values":[{values}]}}]}}}}"#
        ),
    )
}

/// `ChunkedReadResponse`.
#[derive(Clone, PartialEq, Message)]
pub struct ChunkedReadResponse {
    #[prost(message, repeated, tag = "1")]
    pub series: Vec<ChunkedSeries>,
    #[prost(int64, tag = "2")]
    pub query: i64,
}

/// `ChunkedSeries`.
#[derive(Clone, PartialEq, Message)]
pub struct ChunkedSeries {
    #[prost(message, repeated, tag = "1")]
    pub labels: Vec<Label>,
    #[prost(message, repeated, tag = "2")]
    pub chunks: Vec<Chunk>,
}

/// `Label`.
#[derive(Clone, PartialEq, Message)]
pub struct Label {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "2")]
    pub value: String,
}

/// `Chunk`.
#[derive(Clone, PartialEq, Message)]
pub struct Chunk {
    #[prost(int64, tag = "1")]
    pub first: i64,
    #[prost(int64, tag = "2")]
    pub last: i64,
    /// 1 XOR, 2 histogram, 3 float histogram.
    #[prost(int32, tag = "3")]
    pub encoding: i32,
    #[prost(bytes = "vec", tag = "4")]
    pub data: Vec<u8>,
}

/// A series with its labels and one XOR chunk of samples.
pub fn chunked(labels: &[(&str, &str)], samples: &[(Time, f64)]) -> ChunkedSeries {
    let mut appender = XorAppender::new();
    for (at, value) in samples {
        appender.push(*at, *value).unwrap();
    }
    let (first, last) = (samples.first().map_or(0, |s| s.0), samples.last().map_or(0, |s| s.0));
    let labels = labels.iter().map(|(n, v)| Label { name: n.to_string(), value: v.to_string() }).collect();
    ChunkedSeries { labels, chunks: vec![Chunk { first, last, encoding: 1, data: appender.to_bytes() }] }
}

/// A frame around a message.
pub fn frame(series: Vec<ChunkedSeries>) -> Vec<u8> {
    let message = ChunkedReadResponse { series, query: 0 }.encode_to_vec();
    let mut frame = Vec::new();
    prost::encoding::encode_varint(message.len() as u64, &mut frame);
    frame.extend(crc32c::crc32c(&message).to_be_bytes());
    frame.extend(message);
    frame
}

/// `ReadResponse`.
#[derive(Clone, PartialEq, Message)]
struct ReadResponse {
    #[prost(message, repeated, tag = "1")]
    results: Vec<QueryResult>,
}

/// `QueryResult`.
#[derive(Clone, PartialEq, Message)]
struct QueryResult {
    #[prost(message, repeated, tag = "1")]
    series: Vec<TimeSeries>,
}

/// `TimeSeries`.
#[derive(Clone, PartialEq, Message)]
struct TimeSeries {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<Label>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<Sample>,
}

/// `Sample`.
#[derive(Clone, PartialEq, Message)]
struct Sample {
    #[prost(double, tag = "1")]
    value: f64,
    #[prost(int64, tag = "2")]
    at: i64,
}

/// The body of an answer of the older kind with one series.
pub fn samples(labels: &[(&str, &str)], samples: &[(Time, f64)]) -> Vec<u8> {
    let labels = labels.iter().map(|(n, v)| Label { name: n.to_string(), value: v.to_string() }).collect();
    let samples = samples.iter().map(|(at, value)| Sample { value: *value, at: *at }).collect();
    let results = vec![QueryResult { series: vec![TimeSeries { labels, samples }] }];
    snap::raw::Encoder::new().compress_vec(&ReadResponse { results }.encode_to_vec()).unwrap()
}

/// `ReadRequest` without the field that names the kinds of answer: what the first clients sent.
#[derive(Clone, PartialEq, Message)]
struct OldRequest {
    #[prost(message, repeated, tag = "1")]
    queries: Vec<OldQuery>,
}

/// `Query`.
#[derive(Clone, PartialEq, Message)]
struct OldQuery {
    #[prost(int64, tag = "1")]
    start: i64,
    #[prost(int64, tag = "2")]
    end: i64,
    #[prost(message, repeated, tag = "3")]
    matchers: Vec<OldMatcher>,
}

/// `LabelMatcher`, by equality.
#[derive(Clone, PartialEq, Message)]
struct OldMatcher {
    #[prost(string, tag = "2")]
    name: String,
    #[prost(string, tag = "3")]
    value: String,
}

/// The body of an old client's request for a metric.
pub fn samples_request(metric: &str, window: &Window) -> Vec<u8> {
    let matchers = vec![OldMatcher { name: "__name__".into(), value: metric.into() }];
    let queries = vec![OldQuery { start: window.from + 1, end: window.to, matchers }];
    snap::raw::Encoder::new().compress_vec(&OldRequest { queries }.encode_to_vec()).unwrap()
}
