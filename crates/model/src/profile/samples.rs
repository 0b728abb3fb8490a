//! Samples, read one after the other out of the bytes of a profile.

use super::Malformed;
use super::table::{Profile, Text};
use super::wire::{Reader, Value, packed, repeated};

/// A stack and what was counted on it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample<'a> {
    /// Places in [`Profile::locations`], innermost call first.
    pub locations: &'a [u32],
    /// As many values as the profile has sample types.
    pub values: &'a [i64],
    /// What else is known of it, in the order of the file.
    pub labels: &'a [Label],
}

/// Something else known of a sample: a thread, the size of the objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    /// What.
    pub key: Text,
    /// Its value.
    pub value: LabelValue,
}

/// The value of a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelValue {
    /// Words.
    Text(Text),
    /// A number.
    Number {
        /// The number.
        value: i64,
        /// Its unit; empty where not said.
        unit: Text,
    },
}

/// Reads the samples of a profile in the order of the file, into one set of buffers.
pub struct Samples<'p> {
    profile: &'p Profile,
    reader: Reader<'p>,
    locations: Vec<u32>,
    values: Vec<i64>,
    labels: Vec<Label>,
}

impl Profile {
    /// Its samples, from the first.
    pub fn samples(&self) -> Samples<'_> {
        let (first, end) = self.sample_range;
        self.samples_between(first, end)
    }

    /// Its samples in stretches of some thousand, to be read side by side.
    pub fn stretches(&self) -> impl Iterator<Item = Samples<'_>> {
        let starts = self.stretches.iter().map(|start| *start as usize);
        let ends = starts.clone().skip(1).chain([self.sample_range.1]);
        starts.zip(ends).map(|(start, end)| self.samples_between(start, end))
    }

    fn samples_between(&self, first: usize, end: usize) -> Samples<'_> {
        Samples {
            profile: self,
            reader: Reader::new(&self.bytes[first..end]),
            locations: Vec::new(),
            values: Vec::new(),
            labels: Vec::new(),
        }
    }
}

impl Samples<'_> {
    /// The next sample, checked: it has as many values as there are sample types, and its locations are in the table.
    pub fn read(&mut self) -> Result<Option<Sample<'_>>, Malformed> {
        while let Some((field, value)) = self.reader.field()? {
            if field == 2 {
                self.decode(value.bytes()?)?;
                let Samples { locations, values, labels, .. } = self;
                return Ok(Some(Sample { locations, values, labels }));
            }
        }
        Ok(None)
    }

    fn decode(&mut self, message: &[u8]) -> Result<(), Malformed> {
        let Samples { profile, locations, values, labels, .. } = self;
        locations.clear();
        values.clear();
        labels.clear();
        let mut reader = Reader::new(message);
        while let Some((field, value)) = reader.field()? {
            match field {
                1 => numbers(&profile.bytes, value, |id| {
                    let place = profile.location_ids.place(id);
                    locations.push(place.ok_or_else(|| Malformed::new("sample has nil location"))?);
                    Ok(())
                })?,
                2 => numbers(&profile.bytes, value, |number| {
                    values.push(number as i64);
                    Ok(())
                })?,
                3 => labels.extend(profile.label(value.bytes()?)?),
                _ => {}
            }
        }
        let types = profile.header.sample_types.len();
        if values.len() != types {
            let mismatch = format!("mismatch: sample has {} values vs. {types} types", values.len());
            return Err(Malformed::new(mismatch));
        }
        Ok(())
    }
}

/// Repeated numbers of a field in the bytes of a profile.
#[inline]
fn numbers(whole: &[u8], value: Value<'_>, each: impl FnMut(u64) -> Result<(), Malformed>) -> Result<(), Malformed> {
    match value {
        Value::Bytes(bytes) => packed(whole, bytes, each),
        single => repeated(single, each),
    }
}

impl Profile {
    /// A label; one without any value says nothing, and the reference skips it as well. A zero counts when it is written:
    /// only we do that, for texts that say `bytes: 0`.
    pub(super) fn label(&self, message: &[u8]) -> Result<Option<Label>, Malformed> {
        let (mut key, mut text, mut number, mut unit) = (0, 0, None, 0);
        let mut reader = Reader::new(message);
        while let Some((field, value)) = reader.field()? {
            match field {
                1 => key = value.number()?,
                2 => text = value.number()?,
                3 => number = Some(value.signed()?),
                4 => unit = value.number()?,
                _ => {}
            }
        }
        let known = |place: u64| {
            let missing = || Malformed::new("malformed profile format: a string is not in the table");
            if place < self.strings.len().max(1) as u64 { Ok(Text(place as u32)) } else { Err(missing()) }
        };
        let (key, text, unit) = (known(key)?, known(text)?, known(unit)?);
        let value = match (text, number, unit) {
            (Text(0), None, Text(0)) => return Ok(None),
            (Text(0), value, unit) => LabelValue::Number { value: value.unwrap_or_default(), unit },
            (text, ..) => LabelValue::Text(text),
        };
        Ok(Some(Label { key, value }))
    }
}
