//! A number of bytes, as people write it.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::params::{Kind, Raw, Value};

/// So many bytes. Written `512MiB`, `2GiB`, `1.5GiB`, `10GB`, or as a bare number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size(u64);

/// Suffixes and what they multiply by (IEC 80000-13), largest first.
const UNITS: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("TB", 1_000_000_000_000),
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("kB", 1_000),
    ("B", 1),
];

impl Size {
    /// So many bytes.
    pub const fn from_bytes(bytes: u64) -> Size {
        Size(bytes)
    }

    /// How many bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Size {
    /// In the largest unit that divides it: reads back as the same size.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = UNITS.iter().find(|(_, bytes)| self.0 != 0 && self.0.is_multiple_of(*bytes));
        let (unit, bytes) = whole.copied().unwrap_or(("B", 1));
        write!(f, "{}{unit}", self.0 / bytes)
    }
}

impl Serialize for Size {
    /// As it is shown.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Size, String> {
        let wrong = || format!("`{text}` is not a size; write it like `512MiB` or `2GiB`");
        let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let unit = match unit.trim_start() {
            "" => 1,
            unit => UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?.1,
        };
        if let Ok(whole) = number.parse::<u64>() {
            return whole.checked_mul(unit).map(Size).ok_or_else(wrong);
        }
        let bytes = number.parse::<f64>().map_err(|_| wrong())? * unit as f64;
        // Above 2^53 a fraction of a byte is beyond what the number can hold.
        if bytes <= (1u64 << 53) as f64 { Ok(Size(bytes.round() as u64)) } else { Err(wrong()) }
    }
}

impl Value for Size {
    const KIND: Kind = Kind::Size;
    fn read(raw: &Raw) -> Result<Size, String> {
        match raw {
            Raw::Text(text) => text.trim().parse(),
            Raw::List(_) => Err("one value is wanted here, like `2GiB`, not a list".into()),
        }
    }
    fn show(&self) -> String {
        self.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_read_what_people_write() {
        for (text, bytes) in
            [("0", 0), ("17", 17), ("2GiB", 2 << 30), ("1.5 KiB", 1536), ("10GB", 10_000_000_000), ("3kB", 3000)]
        {
            assert_eq!(text.parse::<Size>().unwrap().bytes(), bytes, "{text}");
        }
    }

    #[test]
    fn a_wrong_size_says_how_to_write_one() {
        for text in ["", "GiB", "2 gigs", "-1", "1..5MiB", "99999999TiB", "1e9", "2GiBB"] {
            assert!(text.parse::<Size>().unwrap_err().contains("write it like"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(bytes: u64) {
            let size = Size::from_bytes(bytes);
            prop_assert_eq!(size.to_string().parse::<Size>(), Ok(size));
        }
    }
}
