//! Numbers encoded one behind the other, each by one copy.

use crate::profile::wire::put_varint;

/// A number as a varint of up to seven bytes, and how many they are; none where the last is 0.
pub(super) type Encoded = [u8; 8];

/// Encodes a number below 2^49, which ids in tables are: a profile is smaller.
pub(super) fn encoded(number: u64) -> Encoded {
    let mut bytes = Vec::new();
    put_varint(&mut bytes, number & ((1 << 49) - 1));
    let length = bytes.len() as u8;
    bytes.resize(7, 0);
    let mut encoded = [0, 0, 0, 0, 0, 0, 0, length];
    encoded[..7].copy_from_slice(&bytes);
    encoded
}

/// Varints in a row. A fixed number of bytes is copied for each, and the next one overwrites what was too much.
#[derive(Default)]
pub(super) struct Packed {
    buffer: Vec<u8>,
    length: usize,
}

impl Packed {
    /// Makes it empty.
    pub(super) fn clear(&mut self) {
        self.length = 0;
    }

    /// Makes room for so many numbers more.
    pub(super) fn reserve(&mut self, numbers: usize) {
        let wanted = self.length + numbers * 7 + 8;
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
    }

    /// Adds a number for which there is room.
    #[inline]
    pub(super) fn push(&mut self, number: Encoded) {
        if let Some(to) = self.buffer.get_mut(self.length..self.length + 8) {
            to.copy_from_slice(&number);
            self.length += usize::from(number[7]);
        }
    }

    /// What was added.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[..self.length]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_are_packed(numbers in prop::collection::vec((0u64..1 << 49, 0u32..49), 0..50)) {
            let (mut packed, mut plain) = (Packed::default(), Vec::new());
            packed.reserve(numbers.len());
            for (number, shift) in numbers {
                packed.push(encoded(number >> shift));
                put_varint(&mut plain, number >> shift);
            }
            prop_assert_eq!(packed.bytes(), plain);
        }
    }
}
