//! The older answer of remote read: one snappy block that holds a `ReadResponse` with every sample.

use super::stream::malformed;
use super::wire::{Fields, Malformed, Value, label};
use crate::prometheus::client::too_large;
use crate::prometheus::fault::Fault;
use crate::prometheus::rows::Rows;

/// Puts a whole answer onto rows. Faults: damaged snappy or protocol buffers, more than the limits.
pub fn decode(block: &[u8], rows: &mut Rows) -> Result<(), Fault> {
    let damaged = |e: snap::Error| {
        Fault::new(format!("the answer is cut off or damaged: not a whole snappy block ({e})"))
            .hint("a proxy may have changed it; set `protocol: range` to do without remote read")
    };
    let length = snap::raw::decompress_len(block).map_err(damaged)?;
    if length as u64 > rows.limits().max_bytes {
        return Err(too_large(rows.limits().max_bytes));
    }
    let message = snap::raw::Decoder::new().decompress_vec(block).map_err(damaged)?;
    // `ReadResponse`: 1 result; `QueryResult`: 1 series.
    for result in Fields::of(&message) {
        if let (1, Value::Bytes(result)) = result.map_err(malformed)? {
            for field in Fields::of(result) {
                if let (1, Value::Bytes(message)) = field.map_err(malformed)? {
                    series(message, rows)?;
                }
            }
        }
    }
    Ok(())
}

/// `TimeSeries`: 1 label, 2 sample, 4 histogram.
fn series(message: &[u8], rows: &mut Rows) -> Result<(), Fault> {
    let (mut labels, mut histograms) = (Vec::with_capacity(16), false);
    for field in Fields::of(message) {
        match field.map_err(malformed)? {
            (1, Value::Bytes(message)) => labels.push(label(message).map_err(malformed)?),
            (4, _) => histograms = true,
            _ => {}
        }
    }
    let row = rows.row(labels)?;
    rows.histograms += usize::from(histograms);
    let window = *rows.set.window();
    let cells = rows.set.row_mut(row);
    for field in Fields::of(message) {
        if let (2, Value::Bytes(message)) = field.map_err(malformed)? {
            let (at, value) = sample(message).map_err(malformed)?;
            if let Some(cell) = window.cell(at).and_then(|cell| cells.get_mut(cell))
                && !value.is_nan()
            {
                *cell = value;
            }
        }
    }
    Ok(())
}

/// `Sample`: 1 value, 2 time.
fn sample(message: &[u8]) -> Result<(i64, f64), Malformed> {
    let (mut at, mut value) = (0, 0.0);
    for field in Fields::of(message) {
        match field? {
            (1, Value::Fixed64(bits)) => value = f64::from_bits(bits),
            (2, Value::Varint(time)) => at = time as i64,
            _ => {}
        }
    }
    Ok((at, value))
}
