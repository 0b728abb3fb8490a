//! Chunks against an independent codec, and against hostile bytes.

use proptest::prelude::*;
use rusty_chunkenc::XORSample;
use rusty_chunkenc::xor::{XORChunk, read_xor_chunk_data};

use super::*;
use crate::series::SeriesSet;
use crate::time::{Span, Time, Window};

fn encode(samples: &[(Time, f64)]) -> Vec<u8> {
    let mut chunk = XorAppender::new();
    for (at, value) in samples {
        chunk.push(*at, *value).unwrap();
    }
    chunk.to_bytes()
}

fn decoded(bytes: &[u8]) -> Result<Vec<(Time, f64)>, ChunkError> {
    let mut samples = Vec::new();
    decode(bytes, |at, value| samples.push((at, value)))?;
    Ok(samples)
}

/// Values as bits, so that NaNs compare as well.
fn bits(samples: &[(Time, f64)]) -> Vec<(Time, u64)> {
    samples.iter().map(|(at, value)| (*at, value.to_bits())).collect()
}

/// Distances that fall into every bucket, and the values that memory, ratios and markers have.
fn series() -> impl Strategy<Value = Vec<(Time, f64)>> {
    let distance = prop_oneof![
        4 => Just(15_000i64),
        2 => 14_990i64..15_010,
        1 => 1i64..100_000,
        1 => prop::sample::select(vec![1, 8_191, 8_192, 8_193, 65_536, 65_537, 524_288, 524_289, 80_000_000]),
    ];
    let value = prop_oneof![
        2 => (0i64..1 << 24).prop_map(|pages| (pages * 4096) as f64),
        1 => 0.0..1.0f64,
        1 => prop::sample::select(vec![0.0, -0.0, 1.0, f64::MAX, f64::INFINITY, f64::NAN, STALE, 5e-324]),
        1 => any::<u64>().prop_map(f64::from_bits),
    ];
    (0i64..4_000_000_000_000, prop::collection::vec((distance, value), 1..150)).prop_map(|(start, steps)| {
        steps
            .into_iter()
            .scan(start, |at, (distance, value)| {
                *at += distance;
                Some((*at, value))
            })
            .collect()
    })
}

/// The bytes of two samples 15 s apart, and of a third 15 s later with another value: by hand from the layout.
#[test]
fn a_chunk_is_laid_out_as_prometheus_does() {
    // Count 3; varint(1000) = 2000 zigzagged = d0 0f; 1.0; uvarint(15000) = 98 75; value the same: 0;
    // distance the same: 0; value 2.0, xor 0x7ff0...: 11, leading 1 in 5 bits, 11 significant in 6, eleven ones.
    let bytes = encode(&[(1_000, 1.0), (16_000, 1.0), (31_000, 2.0)]);
    let tail = 0b0011_0000_1001_0111_1111_1111_1100_0000u32;
    let mut wanted = vec![0, 3, 0xd0, 0x0f, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0x98, 0x75];
    wanted.extend_from_slice(&tail.to_be_bytes());
    assert_eq!(bytes, wanted);
    assert_eq!((count(&bytes), decoded(&bytes).unwrap().len()), (Ok(3), 3));
}

#[test]
fn an_empty_chunk_has_no_samples() {
    assert_eq!(XorAppender::new().to_bytes(), [0, 0]);
    assert_eq!(decoded(&[0, 0]), Ok(vec![]));
    assert_eq!(XorAppender::new().first(), None);
}

/// What is wrong with the bytes, and what is said of it.
#[test]
fn broken_chunks_are_named() {
    let mut wide = encode(&[(0, 1.0)]);
    wide[1] = 2;
    // Distance 0, then a window of 31 leading zeros and 63 significant bits.
    wide.extend_from_slice(&[0, 0b1111_1111, 0b1111_1000, 0]);
    let endless = [&[0, 1][..], &[0xff; 20]].concat();
    for (bytes, says) in [
        (&[][..], "a chunk starts with two bytes of sample count; there are 0 bytes"),
        (&[7], "a chunk starts with two bytes of sample count; there are 1 bytes"),
        (&[0, 1], "the chunk is cut off in sample 1 of 1"),
        (&[0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0], "the chunk is cut off in sample 2 of 2"),
        (&endless, "the time of sample 1 is a varint longer than 64 bits"),
        (&wide, "the value of sample 2 has 31 leading zeros and 63 significant bits"),
    ] {
        let error = decoded(bytes).unwrap_err();
        assert_eq!(error.to_string(), says);
        assert_eq!(Samples::new(bytes).and_then(|all| all.collect::<Result<Vec<_>, _>>()).unwrap_err(), error);
    }
}

#[test]
fn a_full_chunk_takes_no_more_and_stays_whole() {
    let mut chunk = XorAppender::new();
    for at in 0..MOST_SAMPLES as i64 {
        chunk.push(at, 0.5).unwrap();
    }
    assert_eq!(chunk.push(0, 0.0), Err(Full));
    assert_eq!(decoded(&chunk.to_bytes()).unwrap().len(), MOST_SAMPLES);
}

#[test]
fn only_the_marker_of_prometheus_is_stale() {
    assert!(is_stale(STALE) && STALE.is_nan());
    assert!(!is_stale(f64::NAN) && !is_stale(0.0));
}

proptest! {
    /// Every prefix of a chunk being written reads back, bit for bit, and says its size.
    #[test]
    fn what_is_written_reads_back(samples in series()) {
        let mut chunk = XorAppender::new();
        for (i, (at, value)) in samples.iter().enumerate() {
            chunk.push(*at, *value).unwrap();
            let bytes = chunk.to_bytes();
            prop_assert_eq!(bytes.len(), chunk.size());
            if i % 40 == 0 || i + 1 == samples.len() {
                prop_assert_eq!(bits(&decoded(&bytes).unwrap()), bits(&samples[..=i]));
            }
        }
        prop_assert_eq!((chunk.count(), chunk.first()), (samples.len(), Some(samples[0].0)));
        prop_assert_eq!(chunk.last(), samples.last().map(|s| s.0));
    }

    /// Times in any order, as far apart as they can be.
    #[test]
    fn any_times_read_back(samples in prop::collection::vec((any::<i64>(), any::<f64>()), 0..50)) {
        prop_assert_eq!(bits(&decoded(&encode(&samples)).unwrap()), bits(&samples));
    }

    /// The independent codec writes the same bytes, and reads ours.
    #[test]
    fn another_codec_agrees_both_ways(samples in series()) {
        let ours = encode(&samples);
        let theirs = XORChunk::new(
            samples.iter().map(|(at, value)| XORSample { timestamp: *at, value: *value }).collect(),
        );
        let mut written = Vec::new();
        theirs.write(&mut written).unwrap();
        prop_assert_eq!(&written, &ours);
        let (_, read) = read_xor_chunk_data(&ours).map_err(|e| TestCaseError::fail(e.to_string()))?;
        let read: Vec<_> = read.samples().iter().map(|s| (s.timestamp, s.value)).collect();
        prop_assert_eq!(bits(&read), bits(&samples));
        prop_assert_eq!(bits(&decoded(&written).unwrap()), bits(&samples));
    }

    /// A chunk that is taken up again goes on as if it had never been left.
    #[test]
    fn a_resumed_chunk_goes_on(samples in series(), cut in any::<prop::sample::Index>()) {
        let cut = cut.index(samples.len());
        let mut chunk = XorAppender::resume(&encode(&samples[..cut])).unwrap();
        for (at, value) in &samples[cut..] {
            chunk.push(*at, *value).unwrap();
        }
        prop_assert_eq!(chunk.to_bytes(), encode(&samples));
    }

    /// A chunk cut off anywhere is cut off, never a shorter chunk.
    #[test]
    fn a_cut_chunk_is_refused(samples in series(), cut in any::<prop::sample::Index>()) {
        let bytes = encode(&samples);
        prop_assert!(decoded(&bytes[..cut.index(bytes.len())]).is_err());
    }

    /// Any bytes at all: an answer, and the callback and the iterator give the same one.
    #[test]
    fn hostile_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200), few in any::<bool>()) {
        if few && !bytes.is_empty() {
            bytes[0] = 0;
        }
        let called = decoded(&bytes);
        let walked = Samples::new(&bytes).and_then(|all| all.collect::<Result<Vec<_>, _>>());
        prop_assert_eq!(called.map(|s| bits(&s)), walked.map(|s| bits(&s)));
    }

    /// Against the naive way: every sample into the cell the window says.
    #[test]
    fn cells_are_filled_as_the_window_says(
        samples in series(), step in 1i64..100_000, length in 1i64..5_000_000, back in -1_000_000i64..6_000_000,
    ) {
        let to = samples.last().unwrap().0 - back;
        let step = Span::from_millis(step);
        let cells = (length / step.millis()).clamp(1, 2_000);
        let window = Window::ending(to, Span::from_millis(cells * step.millis()), step).unwrap();
        let mut naive = vec![f64::NAN; window.cells()];
        let mut put = 0;
        for (at, value) in &samples {
            if let Some(cell) = window.cell(*at).filter(|_| !value.is_nan()) {
                naive[cell] = *value;
                put += 1;
            }
        }
        let mut set = SeriesSet::new(window);
        let row = set.push([("a", "b")].into());
        prop_assert_eq!(decode_onto(&encode(&samples), &window, row), Ok(put));
        prop_assert!(row.iter().zip(&naive).all(|(a, b)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()));
    }

    /// Hostile bytes onto a grid: no panic, also when times jump back and forth, the row is short or there are no cells.
    #[test]
    fn hostile_bytes_stay_in_their_row(
        samples in prop::collection::vec((-200i64..200, 0.0..9.0f64), 0..60), junk in prop::collection::vec(any::<u8>(), 0..99),
        width in 0usize..12,
    ) {
        let window = Window { from: -50, to: 50, step: Span::from_millis(10) };
        let mut row = vec![f64::NAN; width];
        prop_assert!(decode_onto(&encode(&samples), &window, &mut row).is_ok());
        for (cell, value) in row.iter().enumerate() {
            let last = samples.iter().rfind(|(at, _)| window.cell(*at) == Some(cell));
            prop_assert_eq!(last.map(|s| s.1.to_bits()), Some(value.to_bits()).filter(|_| !value.is_nan()));
        }
        let none = Window { from: -50, to: 50, step: Span::ZERO };
        prop_assert_eq!(decode_onto(&encode(&samples), &none, &mut row), Ok(0));
        let _ = decode_onto(&junk, &window, &mut row);
    }
}
