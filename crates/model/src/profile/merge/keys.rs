//! A set of byte strings, each kept once in one row of bytes: millions of stacks, told apart without a box for each.

use std::hash::BuildHasher;

use crate::profile::Malformed;

/// Byte strings by the order in which they were first seen.
pub(super) struct Keys {
    bytes: Vec<u8>,
    /// Where each one ends in the bytes.
    ends: Vec<usize>,
    /// Places by hash, open addressing: 32 bits of the hash above the place plus one; zero is free.
    slots: Vec<u64>,
    hash: foldhash::fast::RandomState,
    /// The place after the one found last, where the next one often is: snapshots of one process list the same stacks
    /// in the same order.
    next: usize,
}

impl Keys {
    /// With room for so many bytes and strings before they move.
    pub(super) fn new(bytes: usize, strings: usize) -> Keys {
        Keys {
            bytes: Vec::with_capacity(bytes),
            ends: Vec::with_capacity(strings),
            slots: vec![0; (strings * 2).next_power_of_two().max(16)],
            hash: Default::default(),
            next: 0,
        }
    }

    /// How many different ones there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The one at a place.
    pub(super) fn get(&self, place: usize) -> &[u8] {
        let start = if place == 0 { 0 } else { self.ends[place - 1] };
        &self.bytes[start..self.ends[place]]
    }

    /// The place of a byte string, which is the number of those before it where it is new.
    pub(super) fn place(&mut self, key: &[u8]) -> Result<usize, Malformed> {
        if self.next < self.len() && self.get(self.next) == key {
            self.next += 1;
            return Ok(self.next - 1);
        }
        let place = self.search(key)?;
        self.next = place + 1;
        Ok(place)
    }

    fn search(&mut self, key: &[u8]) -> Result<usize, Malformed> {
        let tag = self.hash.hash_one(key) >> 32;
        let mask = self.slots.len() - 1;
        let mut at = tag as usize & mask;
        while let slot @ 1.. = self.slots[at] {
            let place = (slot as u32 - 1) as usize;
            // Equal hashes are no proof: whoever made the profile could have made them equal.
            if slot >> 32 == tag && self.get(place) == key {
                return Ok(place);
            }
            at = (at + 1) & mask;
        }
        let place = self.append(key)?;
        let number = place as u32 + 1;
        self.slots[at] = tag << 32 | u64::from(number);
        if self.ends.len() * 2 > self.slots.len() {
            self.grow();
        }
        Ok(place)
    }

    /// Adds a byte string that is known to be new, and that is not going to be looked for.
    pub(super) fn append(&mut self, key: &[u8]) -> Result<usize, Malformed> {
        let place = self.ends.len();
        if u32::try_from(place + 1).is_err() {
            return Err(Malformed::new("they have more than 4,294,967,294 samples"));
        }
        self.bytes.extend_from_slice(key);
        self.ends.push(self.bytes.len());
        Ok(place)
    }

    fn grow(&mut self) {
        let mask = self.slots.len() * 2 - 1;
        let mut slots = vec![0; mask + 1];
        for slot in self.slots.iter().filter(|slot| **slot != 0) {
            let mut at = (slot >> 32) as usize & mask;
            while slots[at] != 0 {
                at = (at + 1) & mask;
            }
            slots[at] = *slot;
        }
        self.slots = slots;
    }

    /// Gives up looking for places, to save the room for what is made of the strings.
    pub(super) fn forget_places(&mut self) {
        self.slots = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// As a list that is searched from the start does it.
        #[test]
        fn places_are_those_of_a_list(keys in prop::collection::vec(prop::collection::vec(0u8..3, 0..6), 0..3000)) {
            let (mut set, mut list) = (Keys::new(0, 0), Vec::new());
            for key in &keys {
                let expected = list.iter().position(|k| k == key).unwrap_or(list.len());
                if expected == list.len() {
                    list.push(key.clone());
                }
                prop_assert_eq!(set.place(key).unwrap(), expected);
            }
            prop_assert_eq!(set.len(), list.len());
            list.iter().enumerate().for_each(|(place, key)| assert_eq!(set.get(place), &key[..]));
        }
    }
}
