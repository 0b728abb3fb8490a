//! From the ids of a file to places in a table: dense in what Go writes, anything at all elsewhere.

use super::{Malformed, Map};

/// Places by id. Ids start at 1; 0 stands for none.
#[derive(Clone, Debug, Default)]
pub(super) struct Ids {
    /// How many there are, where they count up from 1 as in what Go writes: then a place is an id less one.
    counted: Option<u32>,
    /// Place plus one; zero where there is none.
    dense: Vec<u32>,
    sparse: Map<u64, u32>,
}

/// Refuses the id that stands for none, as soon as it is read: what leaves its id out takes no room.
pub(super) fn given(what: &str, id: u64) -> Result<(), Malformed> {
    if id == 0 { Err(Malformed::new(format!("found {what} with reserved id 0"))) } else { Ok(()) }
}

impl Ids {
    /// Ids in the order of the table, none of them 0; what they are of is for the errors.
    pub(super) fn new(what: &str, ids: impl ExactSizeIterator<Item = u64>) -> Result<Ids, Malformed> {
        // Room for every id that a writer counting from 1 would give, and some gaps.
        let mut table = Ids { counted: None, dense: vec![0; ids.len() * 2 + 2], sparse: Map::default() };
        let (count, mut counted) = (ids.len() as u32, true);
        for (place, id) in ids.enumerate() {
            let place = place as u32;
            counted &= id == u64::from(place) + 1;
            let before = match usize::try_from(id).ok().and_then(|id| table.dense.get_mut(id)) {
                Some(slot) => std::mem::replace(slot, place + 1) != 0,
                None => table.sparse.insert(id, place).is_some(),
            };
            if before {
                return Err(Malformed::new(format!("multiple {what}s with same id: {id}")));
            }
        }
        if counted {
            table = Ids { counted: Some(count), ..Ids::default() };
        }
        Ok(table)
    }

    /// The place of an id.
    #[inline]
    pub(super) fn place(&self, id: u64) -> Option<u32> {
        if let Some(count) = self.counted {
            let place = id.wrapping_sub(1);
            return (place < u64::from(count)).then_some(place as u32);
        }
        match usize::try_from(id).ok().and_then(|id| self.dense.get(id)) {
            Some(0) => None,
            Some(place) => Some(place - 1),
            None => self.sparse.get(&id).copied(),
        }
    }
}
