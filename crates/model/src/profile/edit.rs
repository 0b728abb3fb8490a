//! A profile written again with changes; what is not changed is copied byte for byte, so that ids, places of texts and
//! the order of everything stay.

use super::builder::Frame;
use super::encode::{put_function, put_header, put_label, put_location, put_packed};
use super::samples::Label;
use super::table::{Header, Line, Location, Profile, Text};
use super::wire::{Reader, put_bytes, repeated};
use super::{Malformed, Map};

/// The new profile as far as it is written: texts, mappings and functions of the old one to begin with.
pub(super) struct Edit<'p> {
    profile: &'p Profile,
    /// What is said of the whole, to be changed at will.
    pub(super) header: Header,
    /// The bytes so far.
    pub(super) out: Vec<u8>,
    /// All texts, once one was asked for.
    texts: Map<String, Text>,
    text_count: u32,
    message: Vec<u8>,
    packed: Vec<u8>,
}

/// A sample as it stands in the bytes.
#[derive(Default)]
pub(super) struct Message<'p> {
    /// The fields of its locations.
    pub(super) locations: Vec<&'p [u8]>,
    /// Its values.
    pub(super) values: Vec<i64>,
    /// The fields of its labels.
    pub(super) labels: Vec<&'p [u8]>,
}

impl<'p> Edit<'p> {
    /// Of a profile, whose samples and locations have yet to be written.
    pub(super) fn new(profile: &'p Profile) -> Result<Edit<'p>, Malformed> {
        let mut new = Edit {
            profile,
            header: profile.header().clone(),
            out: Vec::with_capacity(profile.encoded().len() + 1024),
            texts: Map::default(),
            text_count: profile.text_count() as u32,
            message: Vec::new(),
            packed: Vec::new(),
        };
        new.copy(|field| !matches!(field, 1 | 2 | 4 | 7..=15))?;
        if new.text_count == 0 {
            new.add_text("");
        }
        Ok(new)
    }

    fn copy(&mut self, wanted: impl Fn(u64) -> bool) -> Result<(), Malformed> {
        let bytes = self.profile.encoded();
        let mut reader = Reader::new(bytes);
        loop {
            let start = bytes.len() - reader.rest();
            match reader.field()? {
                Some((field, _)) if wanted(field) => {
                    self.out.extend_from_slice(&bytes[start..bytes.len() - reader.rest()]);
                }
                Some(_) => {}
                None => return Ok(()),
            }
        }
    }

    /// Writes the locations as they were.
    pub(super) fn copy_locations(&mut self) -> Result<(), Malformed> {
        self.copy(|field| field == 4)
    }

    /// Writes a location with other lines than it had.
    pub(super) fn location(&mut self, location: &Location, lines: &[Line]) {
        let mapping = location.mapping().map_or(0, |place| self.profile.mappings()[place].id);
        let frames = lines.iter().map(|of| {
            let function = self.profile.functions()[of.function as usize].id;
            Frame { function, line: of.line, column: of.column }
        });
        put_location(&mut self.out, [location.id, mapping, location.address], frames, location.folded);
    }

    /// Writes a function and a location of it alone, under ids that are free.
    pub(super) fn add_frame(&mut self, function: u64, location: u64, name: Text, file: Text) {
        put_function(&mut self.out, function, [name, Text::default(), file], 0);
        let frame = Frame { function, line: 0, column: 0 };
        put_location(&mut self.out, [location, 0, 0], [frame], false);
    }

    /// The place of a text, which is added where it is new.
    pub(super) fn text(&mut self, text: &str) -> Text {
        if self.texts.is_empty() {
            for place in (0..self.text_count).rev() {
                self.texts.insert(self.profile.text(Text(place)).to_string(), Text(place));
            }
        }
        self.texts.get(text).copied().unwrap_or_else(|| self.add_text(text))
    }

    fn add_text(&mut self, text: &str) -> Text {
        let place = Text(self.text_count);
        self.text_count += 1;
        put_bytes(&mut self.out, 6, text.as_bytes());
        self.texts.insert(text.to_string(), place);
        place
    }

    /// Writes the samples as they were, but for what the change does to them; those it refuses are left out.
    pub(super) fn change_samples<'m>(
        &mut self,
        mut change: impl FnMut(&mut Message<'m>) -> Result<bool, Malformed>,
    ) -> Result<(), Malformed>
    where
        'p: 'm,
    {
        let mut messages: Messages<'m> = Messages::new(self.profile);
        while let Some(message) = messages.read()? {
            if change(message)? {
                let Message { locations, values, labels } = message;
                self.message.clear();
                locations.iter().for_each(|field| self.message.extend_from_slice(field));
                put_packed(&mut self.message, 2, values.iter().map(|value| *value as u64), &mut self.packed);
                labels.iter().for_each(|field| self.message.extend_from_slice(field));
                put_bytes(&mut self.out, 2, &self.message);
            }
        }
        Ok(())
    }

    /// Writes a sample: ids of locations, innermost first.
    pub(super) fn sample(&mut self, locations: impl Iterator<Item = u64>, values: &[i64], labels: &[Label]) {
        self.message.clear();
        put_packed(&mut self.message, 1, locations, &mut self.packed);
        put_packed(&mut self.message, 2, values.iter().map(|value| *value as u64), &mut self.packed);
        labels.iter().for_each(|label| put_label(&mut self.message, *label));
        put_bytes(&mut self.out, 2, &self.message);
    }

    /// The new profile.
    pub(super) fn finish(mut self) -> Result<Profile, Malformed> {
        put_header(&mut self.out, &self.header);
        self.out.shrink_to_fit();
        Profile::decode(self.out)
    }
}

/// Reads samples without looking at their locations and labels.
pub(super) struct Messages<'p> {
    profile: &'p Profile,
    reader: Reader<'p>,
    message: Message<'p>,
}

impl<'p> Messages<'p> {
    /// Of a profile, from its first sample.
    pub(super) fn new(profile: &'p Profile) -> Messages<'p> {
        let (first, end) = profile.sample_range;
        Messages { profile, reader: Reader::new(&profile.bytes[first..end]), message: Message::default() }
    }

    /// The next one, which has as many values as there are sample types.
    pub(super) fn read(&mut self) -> Result<Option<&mut Message<'p>>, Malformed> {
        while let Some((field, value)) = self.reader.field()? {
            if field == 2 {
                let types = self.profile.header().sample_types.len();
                self.message.take(value.bytes()?, types)?;
                return Ok(Some(&mut self.message));
            }
        }
        Ok(None)
    }
}

impl<'p> Message<'p> {
    fn take(&mut self, bytes: &'p [u8], types: usize) -> Result<(), Malformed> {
        let Message { locations, values, labels } = self;
        locations.clear();
        values.clear();
        labels.clear();
        let mut reader = Reader::new(bytes);
        loop {
            let start = bytes.len() - reader.rest();
            let Some((field, value)) = reader.field()? else { break };
            let whole = &bytes[start..bytes.len() - reader.rest()];
            match field {
                1 => locations.push(whole),
                2 => repeated(value, |number| {
                    values.push(number as i64);
                    Ok(())
                })?,
                3 => labels.push(whole),
                _ => {}
            }
        }
        if values.len() != types {
            let mismatch = format!("mismatch: sample has {} values vs. {types} types", values.len());
            return Err(Malformed::new(mismatch));
        }
        Ok(())
    }
}
