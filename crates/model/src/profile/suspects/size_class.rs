//! Size classes of Go's allocator: why objects in a heap profile are larger than what was asked for.

use crate::quantity::quantity;
use crate::signal::Unit;
use crate::words;

/// Sizes that Go's allocator hands out up to 32 KiB (`runtime/sizeclasses.go`, the same since Go 1.16).
const CLASSES: [u32; 67] = [
    8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288, 320, 352, 384, 416, 448, 480,
    512, 576, 640, 704, 768, 896, 1024, 1152, 1280, 1408, 1536, 1792, 2048, 2304, 2688, 3072, 3200, 3456, 4096, 4864,
    5376, 6144, 6528, 6784, 6912, 8192, 9472, 9728, 10240, 10880, 12288, 13568, 14336, 16384, 18432, 19072, 20480,
    21760, 24576, 27264, 28672, 32768,
];

/// Objects with pointers larger than this carry a header (Go 1.22 and later, `runtime/mbitmap.go`).
const WITH_HEADER: u32 = 512;
/// The header.
const HEADER: u32 = 8;

/// Between which sizes the objects of a class were asked for, with pointers and without. Nothing for sizes that are
/// none of a class.
fn asked(size: f64) -> Option<(u32, u32)> {
    let at = CLASSES.iter().position(|class| f64::from(*class) == size)?;
    let below = at.checked_sub(1).map_or(0, |before| CLASSES[before]);
    let header = if CLASSES[at] > WITH_HEADER { HEADER } else { 0 };
    Some((below + 1 - header.min(below), CLASSES[at]))
}

/// In words: what a size in a profile means for what was asked for.
pub(super) fn said(size: f64) -> Option<String> {
    let (from, to) = asked(size)?;
    let count = |n: u32| quantity(f64::from(n), Unit::Count);
    let waste = (f64::from(to) - f64::from(from)) / f64::from(to);
    // Small classes stand close together: nobody wonders about them.
    (to > 1024).then(|| {
        format!(
            "objects of {} are a size class of Go: {} to {} bytes were asked for, up to {} is waste",
            words::bytes(size),
            count(from),
            count(to),
            words::percent(waste)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_make_of_16_kib_of_pointers_is_of_the_class_of_18() {
        assert_eq!(asked(18_432.0), Some((16_377, 18_432)));
        assert_eq!(asked(112.0), Some((97, 112)));
        assert_eq!(asked(8_190.0), None);
        assert!(said(18_432.0).unwrap().contains("16,377 to 18,432 bytes"));
    }
}
