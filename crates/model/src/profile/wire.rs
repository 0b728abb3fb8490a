//! Protocol Buffers on the wire: as much of the encoding as profiles need.
//!
//! A message is a row of fields; a field is a tag (number and wire type) and a value: a varint (type 0), 8 bytes
//! (type 1), a length and so many bytes (type 2) or 4 bytes (type 5). Source: protobuf.dev, "Encoding".

use super::Malformed;

/// Reads fields off the front of a message. Lengths are never trusted.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
}

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// A varint.
    Number(u64),
    /// Eight or four bytes, which no field of a profile has.
    Fixed,
    /// A string, a message or packed numbers.
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    /// The number it must be.
    pub fn number(self) -> Result<u64, Malformed> {
        match self {
            Value::Number(number) => Ok(number),
            _ => Err(Malformed::new("a field that holds a number holds something else")),
        }
    }

    /// The number it must be, signed.
    pub fn signed(self) -> Result<i64, Malformed> {
        self.number().map(|n| n as i64)
    }

    /// The bytes it must be.
    pub fn bytes(self) -> Result<&'a [u8], Malformed> {
        match self {
            Value::Bytes(bytes) => Ok(bytes),
            _ => Err(Malformed::new("a field that holds bytes holds a number")),
        }
    }
}

impl<'a> Reader<'a> {
    /// At the start of a message.
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes }
    }

    /// Bytes not read yet.
    pub fn rest(&self) -> usize {
        self.bytes.len()
    }

    /// The next varint: seven bits a byte, the lowest first.
    #[inline]
    pub fn varint(&mut self) -> Result<u64, Malformed> {
        match self.bytes {
            [one, rest @ ..] if *one < 0x80 => {
                self.bytes = rest;
                Ok(u64::from(*one))
            }
            [one, two, rest @ ..] if *two < 0x80 => {
                self.bytes = rest;
                Ok(u64::from(one & 0x7f) | u64::from(*two) << 7)
            }
            [one, two, three, rest @ ..] if *three < 0x80 => {
                self.bytes = rest;
                Ok(u64::from(one & 0x7f) | u64::from(two & 0x7f) << 7 | u64::from(*three) << 14)
            }
            _ => self.long_varint(),
        }
    }

    #[cold]
    fn long_varint(&mut self) -> Result<u64, Malformed> {
        let mut number = 0;
        for (i, byte) in self.bytes.iter().enumerate().take(10) {
            number |= u64::from(byte & 0x7f).checked_shl(7 * i as u32).unwrap_or(0);
            if *byte < 0x80 {
                self.bytes = &self.bytes[i + 1..];
                return Ok(number);
            }
        }
        Err(Malformed::new(if self.bytes.len() < 10 { "it ends inside a number" } else { "a number has no end" }))
    }

    /// The next field, or nothing at the end of the message.
    #[inline]
    pub fn field(&mut self) -> Result<Option<(u64, Value<'a>)>, Malformed> {
        if self.bytes.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Value::Number(self.varint()?),
            2 => {
                let length = self.varint()?;
                Value::Bytes(self.take(length)?)
            }
            1 => self.take(8).map(|_| Value::Fixed)?,
            5 => self.take(4).map(|_| Value::Fixed)?,
            other => return Err(Malformed::new(format!("unknown wire type: {other}"))),
        };
        Ok(Some((tag >> 3, value)))
    }

    #[inline]
    fn take(&mut self, length: u64) -> Result<&'a [u8], Malformed> {
        match usize::try_from(length).ok().and_then(|length| self.bytes.split_at_checked(length)) {
            Some((taken, rest)) => {
                self.bytes = rest;
                Ok(taken)
            }
            None => Err(Malformed::new("it ends inside a field")),
        }
    }
}

/// Reads a repeated number, which comes packed or one field each: Go packs only from three on (`x > 2` in its
/// `runtime/pprof/protobuf.go`), so both occur in one profile.
#[inline]
pub fn repeated(value: Value<'_>, mut each: impl FnMut(u64) -> Result<(), Malformed>) -> Result<(), Malformed> {
    match value {
        Value::Number(number) => each(number),
        Value::Bytes(packed) => {
            let mut reader = Reader::new(packed);
            while reader.rest() > 0 {
                each(reader.varint()?)?;
            }
            Ok(())
        }
        Value::Fixed => Err(Malformed::new("a field that holds numbers holds something else")),
    }
}

/// Reads packed numbers that lie in `whole`, faster than one by one: their lengths are those of a coin toss, which a
/// branch predictor loses. Eight bytes are looked at together: the first without its top bit ends the number, and its
/// groups of seven bits are moved together in three steps.
#[inline]
pub fn packed(
    whole: &[u8],
    packed: &[u8],
    mut each: impl FnMut(u64) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    const TOPS: u64 = 0x8080_8080_8080_8080;
    // The distance of two addresses of one slice; no address is followed.
    let mut at = (packed.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize);
    let end = at.wrapping_add(packed.len());
    while at < end {
        let Some(eight) = whole.get(at..).and_then(<[u8]>::first_chunk::<8>) else { break };
        let word = u64::from_le_bytes(*eight);
        let ends = !word & TOPS;
        let length = ends.trailing_zeros() as usize / 8 + 1;
        if ends == 0 || at + length > end {
            break;
        }
        let bits = word & (ends ^ ends.wrapping_sub(1)) & !TOPS;
        let bits = (bits & 0x007f_007f_007f_007f) | (bits & 0x7f00_7f00_7f00_7f00) >> 1;
        let bits = (bits & 0x0000_3fff_0000_3fff) | (bits & 0x3fff_0000_3fff_0000) >> 2;
        each((bits & 0x0fff_ffff) | (bits & 0x0fff_ffff_0000_0000) >> 4)?;
        at += length;
    }
    // What is longer, ends where the bytes end, or is no part of them.
    repeated(Value::Bytes(&packed[packed.len() - end.wrapping_sub(at).min(packed.len())..]), each)
}

/// Appends a varint.
#[inline]
pub fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Appends a field that holds a number; zero is what a missing field means and is left out.
pub fn put_number(out: &mut Vec<u8>, field: u64, number: u64) {
    if number != 0 {
        put_varint(out, field << 3);
        put_varint(out, number);
    }
}

/// Appends a field that holds bytes.
pub fn put_bytes(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    put_varint(out, field << 3 | 2);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}
