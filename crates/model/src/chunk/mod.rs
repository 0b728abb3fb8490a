//! The XOR chunk: Prometheus' encoding of a stretch of one series, read and written over plain bytes.
//!
//! Layout (`EncXOR` in Prometheus' `tsdb/docs/format/chunks.md`, after Pelkonen et al., "Gorilla", VLDB 2015): the
//! number of samples, two bytes, big-endian; the first time as a zigzag varint and the first value as 64 bits; the
//! second time as an unsigned varint of its distance. From then on bits: times as the change of that distance, in
//! buckets of 0, 14, 17, 20 and 64 bits behind a prefix code; values as the XOR with the one before, either nothing, or
//! within the window of significant bits used last, or behind a new window (5 bits leading zeros, 6 bits length).
//!
//! Files on disk put a length, the encoding and a checksum around it; remote read and the sample store do not.

mod decode;
mod encode;
mod grid;

pub use decode::{ChunkError, Samples, count, decode};
pub use encode::{Full, XorAppender};
pub use grid::decode_onto;

/// Most samples a chunk can say it has.
pub const MOST_SAMPLES: usize = u16::MAX as usize;

/// The NaN that Prometheus writes where a series ends (`StaleNaN` in `model/value`).
pub const STALE: f64 = f64::from_bits(0x7ff0_0000_0000_0002);

/// Whether a value is the stale marker: the very bits, any other NaN is not.
pub fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE.to_bits()
}

/// Buckets of the change of distance between times: bits of the number, in the order of their prefixes `10`, `110`,
/// `1110`. A bucket of `n` bits holds `-(2^(n-1) - 1) ..= 2^(n-1)`; what fits in none follows `1111` in 64 bits.
const BUCKETS: [u32; 3] = [14, 17, 20];

#[cfg(test)]
mod tests;
