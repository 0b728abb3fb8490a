//! The protocol buffers wire format, read in place: <https://protobuf.dev/programming-guides/encoding/>.

/// What stands behind a field number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// A varint: integers, enums, flags.
    Varint(u64),
    /// Eight bytes: doubles.
    Fixed64(u64),
    /// Bytes with their length: texts, messages.
    Bytes(&'a [u8]),
    /// Four bytes, which none of our messages have.
    Fixed32,
}

/// The bytes are not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a protocol buffers message: {0}")]
pub struct Malformed(pub &'static str);

/// The fields of a message in the order they stand. Ends after the first error.
#[derive(Clone, Debug)]
pub struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// Starts reading a message.
    pub fn of(message: &'a [u8]) -> Fields<'a> {
        Fields(message)
    }

    fn field(&mut self) -> Result<(u32, Value<'a>), Malformed> {
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).map_err(|_| Malformed("a field number beyond 32 bits"))?;
        let value = match key & 7 {
            0 => Value::Varint(self.varint()?),
            1 => Value::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let length = self.varint()?;
                let length = usize::try_from(length).ok().filter(|n| *n <= self.0.len());
                let (bytes, rest) = self.0.split_at(length.ok_or(Malformed("a field longer than the message"))?);
                self.0 = rest;
                Value::Bytes(bytes)
            }
            5 => {
                self.array::<4>()?;
                Value::Fixed32
            }
            _ => return Err(Malformed("an unknown wire type")),
        };
        if number == 0 { Err(Malformed("field number 0")) } else { Ok((number, value)) }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (array, rest) = self.0.split_first_chunk::<N>().ok_or(Malformed("cut off"))?;
        self.0 = rest;
        Ok(*array)
    }

    fn varint(&mut self) -> Result<u64, Malformed> {
        match varint(self.0) {
            Varint::Whole(number, length) => {
                self.0 = &self.0[length..];
                Ok(number)
            }
            Varint::CutOff => Err(Malformed("cut off")),
            Varint::TooLong => Err(Malformed("a varint longer than 64 bits")),
        }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Value<'a>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

/// What stands at the start of bytes that should be a varint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Varint {
    /// The number, and how many bytes it takes.
    Whole(u64, usize),
    /// The bytes end before it does.
    CutOff,
    /// It does not fit in 64 bits.
    TooLong,
}

/// Reads a varint.
pub fn varint(bytes: &[u8]) -> Varint {
    let mut number = 0u64;
    for (at, byte) in bytes.iter().take(10).enumerate() {
        // The tenth byte has room for the one bit that is left.
        if at == 9 && *byte > 1 {
            return Varint::TooLong;
        }
        number |= u64::from(byte & 0x7f) << (7 * at);
        if *byte < 0x80 {
            return Varint::Whole(number, at + 1);
        }
    }
    if bytes.len() < 10 { Varint::CutOff } else { Varint::TooLong }
}

/// Reads a label, name and value; both are text in every answer of a sound server.
pub fn label(message: &[u8]) -> Result<(&str, &str), Malformed> {
    let (mut name, mut value) = (&b""[..], &b""[..]);
    for field in Fields::of(message) {
        match field? {
            (1, Value::Bytes(bytes)) => name = bytes,
            (2, Value::Bytes(bytes)) => value = bytes,
            _ => {}
        }
    }
    let text = |bytes| std::str::from_utf8(bytes).map_err(|_| Malformed("a label that is not UTF-8"));
    Ok((text(name)?, text(value)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, PartialEq, prost::Message)]
    struct Sample {
        #[prost(string, tag = "1")]
        name: String,
        #[prost(string, tag = "2")]
        value: String,
        #[prost(double, tag = "3")]
        number: f64,
        #[prost(int64, tag = "400")]
        at: i64,
        #[prost(fixed32, tag = "5")]
        other: u32,
    }

    proptest! {
        /// What somebody else's encoder wrote is read as it was.
        #[test]
        fn reads_what_prost_writes(name: String, value: String, number: f64, at: i64, other in 1u32..) {
            let bytes = prost::Message::encode_to_vec(&Sample { name: name.clone(), value: value.clone(), number, at, other });
            prop_assert_eq!(label(&bytes).unwrap(), (name.as_str(), value.as_str()));
            let fields: Vec<_> = Fields::of(&bytes).collect::<Result<_, _>>().unwrap();
            if at != 0 { prop_assert!(fields.contains(&(400, Value::Varint(at as u64)))); }
            if number != 0.0 { prop_assert!(fields.contains(&(3, Value::Fixed64(number.to_bits())))); }
            prop_assert!(fields.contains(&(5, Value::Fixed32)));
        }

        /// Any bytes give fields or an error.
        #[test]
        fn no_bytes_are_believed(bytes: Vec<u8>) {
            let read: Result<Vec<_>, _> = Fields::of(&bytes).collect();
            let length = |value: &Value| if let Value::Bytes(bytes) = value { bytes.len() } else { 0 };
            let held: usize = read.map_or(0, |fields| fields.iter().map(|f| length(&f.1)).sum());
            prop_assert!(held <= bytes.len());
        }
    }

    #[test]
    fn broken_messages_are_told_apart() {
        for (bytes, says) in [
            (&[0x0a, 5, 1][..], "a field longer than the message"),
            (&[0x09, 1], "cut off"),
            (&[0x80], "cut off"),
            (&[0x0b], "an unknown wire type"),
            (&[0x00, 1], "field number 0"),
            (&[0xff; 11], "a varint longer than 64 bits"),
        ] {
            assert_eq!(Fields::of(bytes).find_map(Result::err), Some(Malformed(says)), "{bytes:?}");
        }
    }
}
