//! Profiles as files hold them, gzip or plain, to uncompressed bytes: as fast as the packer allows, within a limit.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};

use flate2::bufread::MultiGzDecoder;
use model::size::Size;

/// Most bytes of an uncompressed profile unless somebody says otherwise: 1 GiB, five times a profile of two million
/// samples.
pub const MOST_UNCOMPRESSED: u64 = 1 << 30;

/// How often longer than its compressed form a text can be at the most: deflate spends a bit or more on 258 bytes and
/// comes to 1032 (RFC 1951, 3.2.5). What a trailer promises beyond it is a lie.
const MOST_RATIO: u64 = 1032;

/// Bytes read at a time: few enough that clearing them first stays in the cache.
const PIECE: usize = 128 << 10;

/// What a gzip member begins with (RFC 1952, 2.3.1).
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Why there are no uncompressed bytes.
#[derive(Debug, thiserror::Error)]
pub enum InflateError {
    /// The compressed bytes end too early.
    #[error("the compressed profile is cut off")]
    Truncated,
    /// They are no gzip, or their check sum is another.
    #[error("the compressed profile is damaged: {0}")]
    Corrupt(String),
    /// There are more of them than allowed.
    #[error("the profile is larger than {} when uncompressed", Size::from_bytes(*limit))]
    TooLarge {
        /// How many are allowed.
        limit: u64,
    },
    /// The file cannot be read.
    #[error("cannot read the profile: {0}")]
    Unreadable(io::Error),
}

impl InflateError {
    /// What the reader could do.
    pub fn hint(&self) -> Option<String> {
        match self {
            InflateError::Truncated => Some("fetch or copy it again: its end is missing".into()),
            InflateError::Corrupt(_) => Some("fetch or copy it again, as a binary file".into()),
            InflateError::TooLarge { .. } => Some(
                "if it is no mistake, raise `max_uncompressed` under `profiles.limits` in the configuration".into(),
            ),
            InflateError::Unreadable(_) => None,
        }
    }

    /// What the system or the unpacker says, sorted.
    fn of(error: io::Error) -> InflateError {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => InflateError::Truncated,
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => InflateError::Corrupt(error.to_string()),
            _ => InflateError::Unreadable(error),
        }
    }
}

/// Uncompressed bytes from compressed ones, at most `limit` of them. Several gzip members one after the other are one
/// text; what is not gzip is given as it is.
pub fn inflate(compressed: &[u8], limit: u64) -> Result<Vec<u8>, InflateError> {
    if !compressed.starts_with(&MAGIC) {
        return read_all(compressed, compressed.len() as u64, limit);
    }
    let promised = compressed.last_chunk().map_or(0, |trailer| u32::from_le_bytes(*trailer));
    let hint = u64::from(promised).min((compressed.len() as u64).saturating_mul(MOST_RATIO));
    read_all(MultiGzDecoder::new(compressed), hint, limit)
}

/// The same from a reader, of which only a piece at a time is held. `size_hint` says how many uncompressed bytes to
/// expect; 0 when nobody knows. It saves moving them, and is believed up to the limit only.
pub fn inflate_from(mut reader: impl Read, size_hint: u64, limit: u64) -> Result<Vec<u8>, InflateError> {
    let mut start = Vec::with_capacity(MAGIC.len());
    (&mut reader).take(MAGIC.len() as u64).read_to_end(&mut start).map_err(InflateError::of)?;
    let packed = start == MAGIC;
    let all = Cursor::new(start).chain(BufReader::with_capacity(PIECE, reader));
    if packed { read_all(MultiGzDecoder::new(all), size_hint, limit) } else { read_all(all, size_hint, limit) }
}

/// The same from a file, whose trailer says how many bytes to expect.
pub fn inflate_file(mut file: &File, limit: u64) -> Result<Vec<u8>, InflateError> {
    let hint = expected(file).map_err(InflateError::of)?;
    file.seek(SeekFrom::Start(0)).or_else(unseekable).map_err(InflateError::of)?;
    inflate_from(file, hint, limit)
}

/// How many uncompressed bytes a file seems to hold.
fn expected(mut file: &File) -> io::Result<u64> {
    let length = file.metadata()?.len();
    let mut start = [0; MAGIC.len()];
    let mut trailer = [0; 4];
    if length < 18 || file.seek(SeekFrom::Start(0)).is_err() {
        // Shorter than any gzip member, or a pipe.
        return Ok(length);
    }
    file.read_exact(&mut start)?;
    if start != MAGIC {
        return Ok(length);
    }
    file.seek(SeekFrom::End(-4))?;
    file.read_exact(&mut trailer)?;
    Ok(u64::from(u32::from_le_bytes(trailer)).min(length.saturating_mul(MOST_RATIO)))
}

/// A pipe is read from where it stands.
fn unseekable(error: io::Error) -> io::Result<u64> {
    if error.kind() == io::ErrorKind::NotSeekable { Ok(0) } else { Err(error) }
}

/// Reads everything, at most `limit` bytes.
fn read_all(mut from: impl Read, size_hint: u64, limit: u64) -> Result<Vec<u8>, InflateError> {
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut all = Vec::new();
    // Pages that are not written to cost nothing, so that a promise that is not kept costs nothing either.
    let _ = all.try_reserve_exact(usize::try_from(size_hint).unwrap_or(usize::MAX).min(most));
    loop {
        if all.len() == all.capacity() {
            // Often this is the end: see before making room.
            let mut more = [0; 1024];
            match from.read(&mut more) {
                Ok(0) => return Ok(all),
                Ok(count) if all.len() + count > most => return Err(InflateError::TooLarge { limit }),
                Ok(count) => all.extend_from_slice(more.get(..count).unwrap_or(&more)),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(InflateError::of(e)),
            }
            continue;
        }
        let start = all.len();
        all.resize(start + PIECE.min(all.capacity() - start), 0);
        let outcome = from.read(&mut all[start..]);
        all.truncate(start + outcome.as_ref().map_or(0, |count| *count));
        match outcome {
            Ok(0) => return Ok(all),
            Ok(_) if all.len() > most => return Err(InflateError::TooLarge { limit }),
            Ok(_) => {}
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(InflateError::of(e)),
        }
    }
}

/// Whether bytes are gzip by their first two.
pub fn is_packed(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// How many uncompressed bytes there are, without keeping them.
pub fn measure(bytes: &[u8], limit: u64) -> Result<u64, InflateError> {
    let mut count = bytes.len() as u64;
    if is_packed(bytes) {
        let within = MultiGzDecoder::new(bytes).take(limit.saturating_add(1));
        count = io::copy(&mut BufReader::with_capacity(PIECE, within), &mut io::sink()).map_err(InflateError::of)?;
    }
    if count > limit { Err(InflateError::TooLarge { limit }) } else { Ok(count) }
}

/// The first uncompressed bytes, at most `count` of them, of what may be cut off after them; none where even those
/// cannot be had.
pub(super) fn beginning(bytes: &[u8], count: usize) -> Vec<u8> {
    let mut start = Vec::new();
    let _ = match is_packed(bytes) {
        true => MultiGzDecoder::new(bytes).take(count as u64).read_to_end(&mut start),
        false => bytes.take(count as u64).read_to_end(&mut start),
    };
    start
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    fn packed(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    /// A reader that gives as many bytes at a time as it is told.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(into.len());
            (&mut self.0).take(count as u64).read(into)
        }
    }

    /// Text that can be packed, in pieces, each a member; or as it is.
    fn pieces() -> impl Strategy<Value = Vec<Vec<u8>>> {
        let text = (any::<u8>(), 0..3 * PIECE, prop::collection::vec(any::<u8>(), 0..40));
        let text = text.prop_map(|(byte, count, tail)| [vec![byte; count], tail].concat());
        prop::collection::vec(text, 1..4)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        /// What was packed comes back, whatever the trailer promises and however the bytes come; one byte less is the
        /// limit's business.
        #[test]
        fn what_was_packed_comes_back(pieces in pieces(), hint: u64, slow in 1usize..5_000) {
            let plain = pieces.concat();
            let members: Vec<u8> = pieces.iter().flat_map(|piece| packed(piece)).collect();
            let limit = plain.len() as u64;
            prop_assert!(inflate(&members, limit).unwrap() == plain);
            prop_assert_eq!(measure(&members, limit).unwrap(), limit);
            prop_assert!(inflate_from(Slow(&members, slow), hint, limit).unwrap() == plain);
            if limit > 0 {
                let short = inflate(&members, limit - 1);
                prop_assert!(matches!(short, Err(InflateError::TooLarge { .. })), "{:?}", short.map(|v| v.len()));
            }
            let file = tempfile::tempfile().unwrap();
            (&file).write_all(&members).unwrap();
            prop_assert!(inflate_file(&file, limit).unwrap() == plain);
        }

        /// Every cut of a packed text is told from a whole one.
        #[test]
        fn every_cut_is_seen(tail in prop::collection::vec(any::<u8>(), 0..200), cut in 2usize..30) {
            let whole = packed(&tail);
            let cut = whole.len().saturating_sub(cut).max(3);
            let error = inflate(&whole[..cut], 1 << 20).unwrap_err();
            prop_assert!(matches!(error, InflateError::Truncated), "{error}");
        }

        /// Whatever the bytes are, it is an answer or an error, within the limit.
        #[test]
        fn any_bytes_end(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let bytes = [&MAGIC[..], &[8, 0], &bytes].concat();
            prop_assert!(inflate(&bytes, 10_000).is_err() || inflate(&bytes, 10_000).unwrap().len() <= 10_000);
        }
    }

    #[test]
    fn plain_bytes_pass_through() {
        for plain in [&b""[..], b"\x1f", b"heap profile: 1: 2"] {
            assert_eq!(inflate(plain, 100).unwrap(), plain);
            assert_eq!(inflate_from(plain, 0, 100).unwrap(), plain);
        }
        assert!(matches!(inflate(b"abc", 2), Err(InflateError::TooLarge { limit: 2 })));
        assert!(matches!(inflate_from(&b"abc"[..], 3, 2), Err(InflateError::TooLarge { limit: 2 })));
    }

    /// 64 MiB of zeros in 64 KiB: stopped at the limit, and no more than the limit was taken for it.
    #[test]
    fn a_bomb_stops_at_the_limit() {
        let bomb = packed(&vec![0; 64 << 20]);
        assert!(bomb.len() < 70_000);
        assert!(matches!(measure(&bomb, 1 << 20), Err(InflateError::TooLarge { limit: 0x10_0000 })));
        let error = inflate(&bomb, 1 << 20).unwrap_err();
        insta::assert_snapshot!(error, @"the profile is larger than 1MiB when uncompressed");
        insta::assert_snapshot!(error.hint().unwrap(), @"if it is no mistake, raise `max_uncompressed` under `profiles.limits` in the configuration");
        // A trailer that promises four gigabytes is not believed.
        let mut liar = packed(b"short");
        let end = liar.len();
        liar[end - 4..].fill(0xff);
        assert!(matches!(inflate(&liar, u64::MAX), Err(InflateError::Corrupt(_))));
        assert!(read_all(&b"short"[..], u64::MAX, 1 << 20).unwrap().capacity() <= 1 << 20);
    }

    #[test]
    fn damage_is_told_from_a_missing_end() {
        let whole = packed(b"a profile that is long enough to be damaged in its middle, twice over, and over");
        let mut damaged = whole.clone();
        damaged[20] ^= 0x55;
        assert!(matches!(inflate(&damaged, 1 << 20), Err(InflateError::Corrupt(_) | InflateError::Truncated)));
        let mut sum = whole.clone();
        let end = sum.len();
        sum[end - 8] ^= 1;
        assert!(matches!(inflate(&sum, 1 << 20), Err(InflateError::Corrupt(_))));
        let trailing = [&whole[..], b"garbage after the end"].concat();
        assert!(matches!(inflate(&trailing, 1 << 20), Err(InflateError::Corrupt(_))));
        let error = inflate(&whole[..whole.len() / 2], 1 << 20).unwrap_err();
        insta::assert_snapshot!(error, @"the compressed profile is cut off");
        assert_eq!(beginning(&whole[..60], 9), b"a profile");
    }
}
