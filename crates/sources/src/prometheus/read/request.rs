//! The request of remote read, `prompb/remote.proto` of Prometheus, with structs written by hand.

use model::time::Window;
use promql_parser::label::MatchOp;
use promql_parser::parser::VectorSelector;
use prost::Message;

/// `ReadRequest`.
#[derive(Clone, PartialEq, Message)]
pub struct ReadRequest {
    /// What is asked; the answer numbers its parts by the place here.
    #[prost(message, repeated, tag = "1")]
    pub queries: Vec<Query>,
    /// Kinds of answer that we read, best first: 0 `SAMPLES`, 1 `STREAMED_XOR_CHUNKS`.
    #[prost(enumeration = "ResponseType", repeated, tag = "2")]
    pub accepted: Vec<i32>,
}

/// `Query`.
#[derive(Clone, PartialEq, Message)]
pub struct Query {
    /// First instant wanted, ms.
    #[prost(int64, tag = "1")]
    pub start: i64,
    /// Last instant wanted, ms.
    #[prost(int64, tag = "2")]
    pub end: i64,
    /// All of them hold.
    #[prost(message, repeated, tag = "3")]
    pub matchers: Vec<LabelMatcher>,
}

/// `LabelMatcher`.
#[derive(Clone, PartialEq, Message)]
pub struct LabelMatcher {
    /// 0 `=`, 1 `!=`, 2 `=~`, 3 `!~`.
    #[prost(int32, tag = "1")]
    pub kind: i32,
    /// Label.
    #[prost(string, tag = "2")]
    pub name: String,
    /// Value or regular expression.
    #[prost(string, tag = "3")]
    pub value: String,
}

/// `ReadRequest.ResponseType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
pub enum ResponseType {
    /// One snappy block of samples.
    Samples = 0,
    /// Frames of chunks.
    StreamedXorChunks = 1,
}

/// The body of a request for the samples of some selectors in a window: protocol buffers in a snappy block.
pub fn body(selectors: &[VectorSelector], window: &Window) -> Vec<u8> {
    let queries = selectors.iter().map(|s| Query { start: window.from + 1, end: window.to, matchers: matchers(s) });
    let request = ReadRequest {
        queries: queries.collect(),
        accepted: vec![ResponseType::StreamedXorChunks as i32, ResponseType::Samples as i32],
    };
    // Fails only beyond 4 GiB, which no selector reaches; an empty body is refused by the server in its own words.
    snap::raw::Encoder::new().compress_vec(&request.encode_to_vec()).unwrap_or_default()
}

/// The conditions of a selector, its name included.
fn matchers(selector: &VectorSelector) -> Vec<LabelMatcher> {
    let name = selector.name.iter().map(|n| LabelMatcher { kind: 0, name: "__name__".into(), value: n.clone() });
    let others = selector.matchers.matchers.iter().map(|m| LabelMatcher {
        kind: match m.op {
            MatchOp::Equal => 0,
            MatchOp::NotEqual => 1,
            MatchOp::Re(_) => 2,
            MatchOp::NotRe(_) => 3,
        },
        name: m.name.clone(),
        value: m.value.clone(),
    });
    name.chain(others).collect()
}
