//! A scrape as bytes: which series had which value, one row of the store until its block is sealed.
//!
//! For each sample one byte, whose high half is the number of bytes of the value and whose low half the step from the
//! series of the sample before to this one; then those bytes. Series mostly come in the order of their numbers and
//! values mostly are whole, so that a sample of memory takes five bytes.

use super::varint;

/// Why bytes are not a scrape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ScrapeError {
    /// The bytes end within a sample.
    #[error("the scrape is cut off in its sample {0}")]
    Truncated(usize),
    /// A value of more than eight bytes, or a step beyond all numbers.
    #[error("the scrape has no sample at its place {0}")]
    Malformed(usize),
}

/// The step in the low half of the first byte that says: too far, a varint follows.
const FAR: u64 = 15;

/// A scrape being written.
#[derive(Default)]
pub(super) struct ScrapeWriter {
    bytes: Vec<u8>,
    last: i64,
}

impl ScrapeWriter {
    /// An empty one with room for so many samples of memory.
    pub(super) fn with_capacity(samples: usize) -> ScrapeWriter {
        ScrapeWriter { bytes: Vec::with_capacity(samples * 6), last: 0 }
    }

    /// Adds the value of a series.
    pub(super) fn push(&mut self, series: i64, value: f64) {
        // The next number is no step at all.
        let step = series.wrapping_sub(self.last).wrapping_sub(1);
        let step = ((step << 1) ^ (step >> 63)) as u64;
        self.last = series;
        let bits = value.to_bits();
        // Whole numbers end in zero bytes, which are left away.
        let length = 8 - (bits.trailing_zeros() / 8).min(8) as usize;
        self.bytes.push((length as u8) << 4 | step.min(FAR) as u8);
        if step >= FAR {
            varint::write(&mut self.bytes, step);
        }
        self.bytes.extend_from_slice(&bits.to_be_bytes()[..length]);
    }

    /// The scrape.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Hands every series and its value to `take`, in the order they were written.
pub(super) fn read(bytes: &[u8], mut take: impl FnMut(i64, f64)) -> Result<(), ScrapeError> {
    let (mut rest, mut last, mut place) = (bytes, 0i64, 0);
    while let Some((first, after)) = rest.split_first() {
        place += 1;
        rest = after;
        let (length, mut step) = (usize::from(first >> 4), u64::from(first & 15));
        if length > 8 {
            return Err(ScrapeError::Malformed(place));
        }
        if step == FAR {
            (step, rest) = varint::read(rest).ok_or(ScrapeError::Malformed(place))?;
        }
        let step = (step >> 1) as i64 ^ -((step & 1) as i64);
        last = last.wrapping_add(step).wrapping_add(1);
        let (value, after) = rest.split_at_checked(length).ok_or(ScrapeError::Truncated(place))?;
        rest = after;
        let mut bits = [0; 8];
        bits[..length].copy_from_slice(value);
        take(last, f64::from_bits(u64::from_be_bytes(bits)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(samples: &[(i64, f64)]) -> Vec<u8> {
        let mut writer = ScrapeWriter::default();
        samples.iter().for_each(|(series, value)| writer.push(*series, *value));
        writer.bytes().to_vec()
    }

    fn read_back(bytes: &[u8]) -> Result<Vec<(i64, u64)>, ScrapeError> {
        let mut samples = Vec::new();
        read(bytes, |series, value| samples.push((series, value.to_bits())))?;
        Ok(samples)
    }

    /// 300 MiB of series 1, nothing of series 2.
    #[test]
    fn a_sample_of_memory_takes_five_bytes() {
        assert_eq!(written(&[(1, 314_572_800.0), (2, 0.0)]), [0x30, 0x41, 0xb2, 0xc0, 0x00]);
    }

    /// A value that is not there, nine bytes of value, a far step without its number.
    #[test]
    fn broken_scrapes_are_named() {
        assert_eq!(read_back(&[0x20, 1]), Err(ScrapeError::Truncated(1)));
        assert_eq!(read_back(&[0x00, 0x90]), Err(ScrapeError::Malformed(2)));
        assert_eq!(read_back(&[0x0f]), Err(ScrapeError::Malformed(1)));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(samples in prop::collection::vec(
            (prop_oneof![any::<i64>(), 0i64..40], prop_oneof![any::<f64>(), (0..1_000_000i64).prop_map(|p| (p * 4096) as f64)]),
            0..60,
        )) {
            let bits: Vec<_> = samples.iter().map(|(series, value)| (*series, value.to_bits())).collect();
            prop_assert_eq!(read_back(&written(&samples)), Ok(bits));
        }

        #[test]
        fn hostile_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..99)) {
            if let Ok(samples) = read_back(&bytes) {
                prop_assert!(samples.len() <= bytes.len());
            }
        }
    }
}
