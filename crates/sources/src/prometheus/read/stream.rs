//! The streamed answer of remote read: frames of XOR chunks, decoded onto the grid as they come in.
//!
//! A frame is a varint length, the CRC-32C of the message (big-endian), and a `ChunkedReadResponse`:
//! <https://prometheus.io/docs/prometheus/latest/querying/remote_read_api/>.

use model::chunk::decode_onto;

use super::wire::{Fields, Malformed, Value, Varint, label, varint};
use crate::prometheus::fault::{Fault, Turn};
use crate::prometheus::rows::Rows;

/// Takes the answer piece by piece, whatever the cuts between pieces.
pub struct Stream<'r> {
    rows: &'r mut Rows,
    /// The start of a frame whose end has not come yet.
    rest: Vec<u8>,
    frames: usize,
}

/// What stands at the start of some bytes.
enum Frame<'a> {
    /// A message, and how many bytes it and its frame take.
    Whole(&'a [u8], usize),
    /// A part of a frame.
    Part,
}

impl<'r> Stream<'r> {
    /// Starts an answer that goes onto these rows.
    pub fn new(rows: &'r mut Rows) -> Stream<'r> {
        Stream { rows, rest: Vec::new(), frames: 0 }
    }

    /// Takes a piece. Faults: damaged frames and chunks, kinds of chunk we do not know, more than the limits.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), Fault> {
        if self.rest.is_empty() {
            let used = self.frames(piece)?;
            self.rest.extend_from_slice(&piece[used..]);
            return Ok(());
        }
        self.rest.extend_from_slice(piece);
        let held = std::mem::take(&mut self.rest);
        let used = self.frames(&held)?;
        self.rest = held;
        self.rest.drain(..used);
        Ok(())
    }

    /// Ends the answer. Fault: it was cut off.
    pub fn finish(self) -> Result<(), Fault> {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(Fault::new(format!("the answer is cut off in its frame {}", self.frames + 1))
            .hint("a proxy or the server ended it; the server's own log says more"))
    }

    /// Decodes the whole frames at the start of some bytes and gives their length.
    fn frames(&mut self, bytes: &[u8]) -> Result<usize, Fault> {
        let mut used = 0;
        while let Frame::Whole(message, length) = self.frame(&bytes[used..])? {
            self.frames += 1;
            self.message(message)?;
            used += length;
        }
        Ok(used)
    }

    /// The frame at the start of some bytes, its checksum held against its message.
    fn frame<'a>(&self, bytes: &'a [u8]) -> Result<Frame<'a>, Fault> {
        let damaged = |why: &str| Err(unreadable(format!("frame {} of the answer {why}", self.frames + 1)));
        let (length, head) = match varint(bytes) {
            Varint::Whole(length, head) => (length, head),
            Varint::CutOff => return Ok(Frame::Part),
            Varint::TooLong => return damaged("has no length"),
        };
        if length > self.rows.limits().max_bytes {
            return Err(crate::prometheus::client::too_large(self.rows.limits().max_bytes));
        }
        let Some((sum, rest)) = bytes[head..].split_first_chunk::<4>() else { return Ok(Frame::Part) };
        let Some(message) = rest.get(..length as usize) else { return Ok(Frame::Part) };
        if crc32c::crc32c(message) != u32::from_be_bytes(*sum) {
            return damaged("is damaged: its checksum (CRC-32C) does not match");
        }
        Ok(Frame::Whole(message, head + 4 + message.len()))
    }

    /// `ChunkedReadResponse`: 1 series.
    fn message(&mut self, message: &[u8]) -> Result<(), Fault> {
        for field in Fields::of(message) {
            if let (1, Value::Bytes(series)) = field.map_err(malformed)? {
                self.series(series)?;
            }
        }
        Ok(())
    }

    /// `ChunkedSeries`: 1 label, 2 chunk.
    fn series(&mut self, series: &[u8]) -> Result<(), Fault> {
        let (mut labels, mut chunks) = (Vec::with_capacity(16), Vec::new());
        for field in Fields::of(series) {
            match field.map_err(malformed)? {
                (1, Value::Bytes(message)) => labels.push(label(message).map_err(malformed)?),
                (2, Value::Bytes(message)) => chunks.push(message),
                _ => {}
            }
        }
        let row = self.rows.row(labels)?;
        let mut histograms = 0;
        for chunk in chunks {
            histograms += usize::from(!self.chunk(chunk, row)?);
        }
        self.rows.histograms += usize::from(histograms > 0);
        Ok(())
    }

    /// `Chunk`: 1 first time, 2 last time, 3 encoding, 4 data. Gives whether it holds plain numbers.
    fn chunk(&mut self, chunk: &[u8], row: usize) -> Result<bool, Fault> {
        let (mut first, mut last, mut encoding, mut data) = (0, 0, 0, &b""[..]);
        for field in Fields::of(chunk) {
            match field.map_err(malformed)? {
                (1, Value::Varint(time)) => first = time as i64,
                (2, Value::Varint(time)) => last = time as i64,
                (3, Value::Varint(kind)) => encoding = kind,
                (4, Value::Bytes(bytes)) => data = bytes,
                _ => {}
            }
        }
        let window = *self.rows.set.window();
        match encoding {
            // XOR. A chunk wholly outside of the window need not be looked at.
            1 if last <= window.from && first <= last || first > window.to => Ok(true),
            1 => match decode_onto(data, &window, self.rows.set.row_mut(row)) {
                Ok(_) => Ok(true),
                Err(error) => Err(unreadable(format!("a chunk of the answer is damaged: {error}"))),
            },
            // Histograms, of whole numbers and of fractions.
            2 | 3 => Ok(false),
            other => Err(unreadable(format!("the answer has chunks of an encoding we do not know, number {other}"))
                .turn(Turn::AskByRange)),
        }
    }
}

/// An answer we cannot make sense of.
fn unreadable(reason: String) -> Fault {
    Fault::new(reason).hint("set `protocol: range` to do without remote read")
}

/// An answer that is not protocol buffers.
pub fn malformed(why: Malformed) -> Fault {
    unreadable(format!("the answer is {why}"))
}
