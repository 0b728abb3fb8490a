//! Writing XOR chunks, a sample at a time.

use crate::time::Time;

use super::{BUCKETS, ChunkError, MOST_SAMPLES, Samples};

/// The chunk has as many samples as it can count ([`MOST_SAMPLES`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a chunk holds at most {MOST_SAMPLES} samples")]
pub struct Full;

/// A chunk being written. The bytes are those Prometheus itself would write.
///
/// Times may come in any order and still read back as they were; ascending ones at an even distance cost one bit.
#[derive(Clone, Debug)]
pub struct XorAppender {
    bits: Bits,
    count: u16,
    first: Time,
    last: Time,
    distance: i64,
    value: u64,
    /// Leading and trailing zeros of the window of significant bits; none before the first change of value.
    window: Option<(u32, u32)>,
}

impl Default for XorAppender {
    fn default() -> XorAppender {
        XorAppender::new()
    }
}

impl XorAppender {
    /// An empty chunk.
    pub fn new() -> XorAppender {
        let mut bits = Bits::default();
        // Room for the count, which is known at the end.
        bits.write(0, 16);
        XorAppender { bits, count: 0, first: 0, last: 0, distance: 0, value: 0, window: None }
    }

    /// Takes up a chunk where it was left. Fails when the bytes are not a chunk.
    pub fn resume(bytes: &[u8]) -> Result<XorAppender, ChunkError> {
        let mut appender = XorAppender::new();
        for sample in Samples::new(bytes)? {
            let (at, value) = sample?;
            // Cannot be full: the chunk that is read counts in the same 16 bits.
            let _ = appender.push(at, value);
        }
        Ok(appender)
    }

    /// Adds a sample; fails, and changes nothing, when the chunk is full.
    pub fn push(&mut self, at: Time, value: f64) -> Result<(), Full> {
        if usize::from(self.count) == MOST_SAMPLES {
            return Err(Full);
        }
        let value = value.to_bits();
        match self.count {
            0 => {
                self.bits.varint(((at << 1) ^ (at >> 63)) as u64);
                self.bits.write(value, 64);
                self.first = at;
            }
            1 => {
                self.distance = at.wrapping_sub(self.last);
                self.bits.varint(self.distance as u64);
                self.change(value);
            }
            _ => {
                let distance = at.wrapping_sub(self.last);
                self.swerve(distance.wrapping_sub(self.distance));
                self.distance = distance;
                self.change(value);
            }
        }
        (self.count, self.last, self.value) = (self.count + 1, at, value);
        Ok(())
    }

    /// Writes the change of distance between times.
    fn swerve(&mut self, by: i64) {
        if by == 0 {
            return self.bits.write(0, 1);
        }
        for (bucket, bits) in (2..).zip(BUCKETS) {
            let half = 1i64 << (bits - 1);
            if (-(half - 1)..=half).contains(&by) {
                // Prefix: as many ones as the bucket's place, then a zero.
                self.bits.write((1 << bucket) - 2, bucket);
                return self.bits.write(by as u64 & ((1 << bits) - 1), bits);
            }
        }
        self.bits.write(0b1111, 4);
        self.bits.write(by as u64, 64);
    }

    /// Writes a value as its difference from the one before.
    fn change(&mut self, value: u64) {
        let xor = value ^ self.value;
        if xor == 0 {
            return self.bits.write(0, 1);
        }
        let (leading, trailing) = (xor.leading_zeros().min(31), xor.trailing_zeros());
        if let Some((l, t)) = self.window
            && leading >= l
            && trailing >= t
        {
            self.bits.write(0b10, 2);
            return self.bits.write(xor >> t, 64 - l - t);
        }
        self.window = Some((leading, trailing));
        let significant = 64 - leading - trailing;
        // 64 significant bits do not fit in six: they are written as none.
        self.bits.write(0b11 << 11 | u64::from(leading) << 6 | u64::from(significant & 63), 13);
        self.bits.write(xor >> trailing, significant);
    }

    /// Number of samples so far.
    pub fn count(&self) -> usize {
        usize::from(self.count)
    }

    /// Time of the first sample.
    pub fn first(&self) -> Option<Time> {
        (self.count > 0).then_some(self.first)
    }

    /// Time of the sample added last.
    pub fn last(&self) -> Option<Time> {
        (self.count > 0).then_some(self.last)
    }

    /// Length of the chunk as it stands, in bytes.
    pub fn size(&self) -> usize {
        self.bits.bytes.len() + self.bits.used.div_ceil(8) as usize
    }

    /// The chunk as it stands. More samples may be added later; the bytes taken are a whole chunk in themselves.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.size());
        bytes.extend_from_slice(&self.bits.bytes);
        bytes.extend_from_slice(&self.bits.word.to_be_bytes()[..self.bits.used.div_ceil(8) as usize]);
        bytes[..2].copy_from_slice(&self.count.to_be_bytes());
        bytes
    }
}

/// Bits written from the highest to the lowest of each byte.
#[derive(Clone, Debug, Default)]
struct Bits {
    /// Whole words.
    bytes: Vec<u8>,
    /// The word being filled, from its highest bit down.
    word: u64,
    /// Bits of it that are filled, below 64.
    used: u32,
}

impl Bits {
    /// Writes the lowest `count` bits of a number whose higher bits are zero; `count` is 1 to 64.
    #[inline]
    fn write(&mut self, number: u64, count: u32) {
        let free = 64 - self.used;
        if count < free {
            self.word |= number << (free - count);
            self.used += count;
        } else {
            let rest = count - free;
            self.bytes.extend_from_slice(&(self.word | number >> rest).to_be_bytes());
            self.word = if rest == 0 { 0 } else { number << (64 - rest) };
            self.used = rest;
        }
    }

    /// Writes an unsigned varint: seven bits a byte, lowest first, the highest bit set in all but the last.
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.write(number & 0x7f | 0x80, 8);
            number >>= 7;
        }
        self.write(number, 8);
    }
}
