//! The decoders of outside bytes as pure functions, for fuzzing and benchmarks.

use model::series::SeriesSet;
use model::time::Window;

use super::fault::Fault;
use super::rows::{Limits, Rows};
use super::{range, read};

/// What these functions allow: the defaults of the settings.
const LIMITS: Limits = Limits { max_bytes: 512 << 20, max_series: 200_000 };

/// Decodes the body of a streamed remote-read answer (`STREAMED_XOR_CHUNKS`) that comes in the given pieces.
pub fn stream<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, window: &Window) -> Result<SeriesSet, Fault> {
    let mut rows = Rows::new(*window, LIMITS);
    let mut stream = read::stream::Stream::new(&mut rows);
    for piece in pieces {
        stream.push(piece)?;
    }
    stream.finish()?;
    Ok(rows.set)
}

/// Decodes the body of a remote-read answer of the older kind (`SAMPLES`).
pub fn samples(body: &[u8], window: &Window) -> Result<SeriesSet, Fault> {
    let mut rows = Rows::new(*window, LIMITS);
    read::samples::decode(body, &mut rows)?;
    Ok(rows.set)
}

/// Decodes the JSON body of a range query.
pub fn range(body: &[u8], window: &Window) -> Result<SeriesSet, Fault> {
    let mut rows = Rows::new(*window, LIMITS);
    range::json::decode(body, &mut rows)?;
    Ok(rows.set)
}
