//! Reading XOR chunks: any bytes give samples or an error, never a panic.

use crate::time::Time;

use super::BUCKETS;

/// Why bytes are not an XOR chunk. Samples are counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    /// There are not even the two bytes of the count.
    #[error("a chunk starts with two bytes of sample count; there are {bytes} bytes")]
    NoCount {
        /// How many bytes there are.
        bytes: usize,
    },
    /// The bytes end before the last sample does.
    #[error("the chunk is cut off in sample {sample} of {count}")]
    Truncated {
        /// The sample that is not whole.
        sample: usize,
        /// How many there should be.
        count: usize,
    },
    /// A varint goes on beyond 64 bits.
    #[error("the time of sample {sample} is a varint longer than 64 bits")]
    Varint {
        /// The sample it belongs to: 1 or 2.
        sample: usize,
    },
    /// Leading zeros and significant bits of a value are more than 64 together.
    #[error("the value of sample {sample} has {leading} leading zeros and {significant} significant bits")]
    Value {
        /// The sample it belongs to.
        sample: usize,
        /// Leading zeros, 0 to 31.
        leading: u32,
        /// Significant bits, 1 to 64.
        significant: u32,
    },
}

/// How many samples a chunk says it has, without reading them.
pub fn count(bytes: &[u8]) -> Result<usize, ChunkError> {
    match bytes.first_chunk::<2>() {
        Some(count) => Ok(usize::from(u16::from_be_bytes(*count))),
        None => Err(ChunkError::NoCount { bytes: bytes.len() }),
    }
}

/// Hands every sample of a chunk to `take`, in the order they were written, and gives their number.
///
/// Times come as written, whatever they are; stale markers and other NaNs as well. On an error the samples before it
/// have been handed over.
#[inline]
pub fn decode(bytes: &[u8], mut take: impl FnMut(Time, f64)) -> Result<usize, ChunkError> {
    let mut samples = Samples::new(bytes)?;
    while samples.read < samples.count {
        let (at, value) = samples.step()?;
        take(at, value);
    }
    Ok(samples.count)
}

/// The samples of a chunk, in the order they were written. Ends after the first error.
#[derive(Clone, Debug)]
pub struct Samples<'a> {
    bytes: &'a [u8],
    /// Bits read.
    at: usize,
    count: usize,
    read: usize,
    time: Time,
    distance: i64,
    value: u64,
    /// Leading zeros and significant bits of the window.
    leading: u32,
    significant: u32,
}

impl<'a> Samples<'a> {
    /// Starts reading a chunk; fails when it is too short to say how many samples it has.
    pub fn new(bytes: &'a [u8]) -> Result<Samples<'a>, ChunkError> {
        let count = count(bytes)?;
        Ok(Samples { bytes, at: 16, count, read: 0, time: 0, distance: 0, value: 0, leading: 0, significant: 64 })
    }

    /// Reads a sample; to be called as often as there are samples, and not after an error.
    #[inline(always)]
    fn step(&mut self) -> Result<(Time, f64), ChunkError> {
        self.read += 1;
        if self.read > 2 {
            self.later()?;
        } else {
            self.early()?;
        }
        // Beyond the end one reads zeros; nothing is believed before this.
        if self.at > self.bytes.len() * 8 {
            return Err(self.truncated());
        }
        Ok((self.time, f64::from_bits(self.value)))
    }

    #[cold]
    fn truncated(&self) -> ChunkError {
        ChunkError::Truncated { sample: self.read, count: self.count }
    }

    /// The first two samples.
    fn early(&mut self) -> Result<(), ChunkError> {
        let number = self.varint()?;
        if self.read == 1 {
            self.time = (number >> 1) as i64 ^ -((number & 1) as i64);
            self.value = self.bits(64);
        } else {
            self.distance = number as i64;
            self.time = self.time.wrapping_add(self.distance);
            let word = self.peek();
            self.change(word, 0)?;
        }
        Ok(())
    }

    /// Any sample from the third on.
    #[inline(always)]
    fn later(&mut self) -> Result<(), ChunkError> {
        let word = self.peek();
        // The longest prefix and bucket, 24 bits, leave enough of the word for what follows.
        if word >> 63 == 0 {
            self.time = self.time.wrapping_add(self.distance);
            return self.change(word << 1, 1);
        }
        let ones = word.leading_ones();
        if ones > 3 {
            self.at += 4;
            let by = self.bits(64) as i64;
            self.distance = self.distance.wrapping_add(by);
            self.time = self.time.wrapping_add(self.distance);
            let word = self.peek();
            return self.change(word, 0);
        }
        let (prefix, bits) = (ones + 1, BUCKETS[ones as usize - 1]);
        let raw = (word << prefix >> (64 - bits)) as i64;
        let by = if raw > 1 << (bits - 1) { raw - (1 << bits) } else { raw };
        self.distance = self.distance.wrapping_add(by);
        self.time = self.time.wrapping_add(self.distance);
        self.change(word << (prefix + bits), prefix + bits)
    }

    /// Reads how the value changed, from a word of which `used` bits were for the time and are shifted out already; at
    /// least 13 bits are left in it.
    #[inline(always)]
    fn change(&mut self, word: u64, used: u32) -> Result<(), ChunkError> {
        if word >> 63 == 0 {
            self.at += used as usize + 1;
            return Ok(());
        }
        let mut used = used + 2;
        let mut word = word << 1;
        if word >> 63 == 1 {
            let (leading, significant) = ((word << 1 >> 59) as u32, (word << 6 >> 58) as u32);
            let significant = if significant == 0 { 64 } else { significant };
            if leading + significant > 64 {
                return Err(ChunkError::Value { sample: self.read, leading, significant });
            }
            (self.leading, self.significant) = (leading, significant);
            used += 11;
            word <<= 11;
        }
        let xor = if used + self.significant <= PEEKED {
            self.at += (used + self.significant) as usize;
            word << 1 >> (64 - self.significant)
        } else {
            self.at += used as usize;
            self.bits(self.significant)
        };
        self.value ^= xor << (64 - self.leading - self.significant);
        Ok(())
    }

    /// The next bits from the highest down: at least [`PEEKED`] of them, then zeros. Beyond the end zeros.
    #[inline(always)]
    fn peek(&self) -> u64 {
        let byte = self.at / 8;
        match self.bytes.get(byte..).and_then(<[u8]>::first_chunk::<8>) {
            Some(word) => u64::from_be_bytes(*word) << (self.at % 8),
            None => self.peek_tail(byte),
        }
    }

    /// The next bits where there are fewer than eight bytes left.
    #[cold]
    fn peek_tail(&self, byte: usize) -> u64 {
        let mut word = [0; 8];
        if let Some(rest) = self.bytes.get(byte..) {
            word[..rest.len()].copy_from_slice(rest);
        }
        u64::from_be_bytes(word) << (self.at % 8)
    }

    /// Reads 1 to 64 bits as a number.
    #[inline]
    fn bits(&mut self, count: u32) -> u64 {
        let high = count.min(32);
        let mut number = self.peek() >> (64 - high);
        self.at += high as usize;
        let low = count - high;
        if low > 0 {
            number = number << low | self.peek() >> (64 - low);
            self.at += low as usize;
        }
        number
    }

    /// Reads an unsigned varint.
    fn varint(&mut self) -> Result<u64, ChunkError> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.bits(8);
            // The tenth byte has room for the one bit that is left.
            if shift == 63 && byte > 1 {
                break;
            }
            number |= (byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(ChunkError::Varint { sample: self.read })
    }
}

/// Bits of a peeked word that are sure to be there: it may start seven bits into its first byte.
const PEEKED: u32 = 57;

impl Iterator for Samples<'_> {
    type Item = Result<(Time, f64), ChunkError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.read >= self.count {
            return None;
        }
        let sample = self.step();
        if sample.is_err() {
            self.read = self.count;
        }
        Some(sample)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.count - self.read))
    }
}
