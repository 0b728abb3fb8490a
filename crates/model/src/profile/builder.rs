//! Writes a profile, piece by piece: what is made of several profiles, or of a text.

use super::encode::{put_function, put_header, put_label, put_location, put_packed};
use super::samples::Label;
use super::table::{Header, Mapping, Profile, Text};
use super::wire::{put_bytes, put_number};
use super::{Malformed, Map};

/// One source line of a location that is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Frame {
    /// What [`Builder::function`] gave.
    pub function: u64,
    /// Line number; 0 where unknown.
    pub line: i64,
    /// Column number; 0 where unknown.
    pub column: i64,
}

/// Writes a profile. Pieces may come in any order that names a thing before it is used; ids count from 1.
#[derive(Debug)]
pub struct Builder {
    out: Vec<u8>,
    texts: Map<Box<str>, u32>,
    blank: Option<Text>,
    mappings: u64,
    functions: u64,
    locations: u64,
    message: Vec<u8>,
    packed: Vec<u8>,
}

impl Default for Builder {
    fn default() -> Builder {
        Builder::new()
    }
}

impl Builder {
    /// Of an empty profile.
    pub fn new() -> Builder {
        let mut new = Builder {
            out: Vec::new(),
            texts: Map::default(),
            blank: None,
            mappings: 0,
            functions: 0,
            locations: 0,
            message: Vec::new(),
            packed: Vec::new(),
        };
        new.text("");
        new
    }

    /// A string of the profile, written once.
    pub fn text(&mut self, text: &str) -> Text {
        if let Some(place) = self.texts.get(text) {
            return Text(*place);
        }
        let place = self.put_text(text);
        self.texts.insert(text.into(), place.0);
        place
    }

    /// An empty string that is not the first: as its unit it keeps a label of 0, which the format would take for none.
    pub fn blank(&mut self) -> Text {
        let blank = self.blank.unwrap_or_else(|| self.put_text(""));
        self.blank = Some(blank);
        blank
    }

    fn put_text(&mut self, text: &str) -> Text {
        let place = self.texts.len() + usize::from(self.blank.is_some());
        put_bytes(&mut self.out, 6, text.as_bytes());
        Text(place as u32)
    }

    /// A binary or library; its `id` is given here and answered. Write the program itself first.
    pub fn mapping(&mut self, mapping: &Mapping) -> u64 {
        self.mappings += 1;
        let message = &mut self.message;
        message.clear();
        let Mapping { start, limit, offset, file, build_id, symbolized, .. } = *mapping;
        for (field, number) in
            (1..).zip([self.mappings, start, limit, offset, u64::from(file.0), u64::from(build_id.0)])
        {
            put_number(message, field, number);
        }
        for (field, has) in (7..).zip(symbolized) {
            put_number(message, field, u64::from(has));
        }
        put_bytes(&mut self.out, 3, message);
        self.mappings
    }

    /// A function, and its id.
    pub fn function(&mut self, name: Text, system_name: Text, file: Text, start_line: i64) -> u64 {
        self.functions += 1;
        put_function(&mut self.out, self.functions, [name, system_name, file], start_line);
        self.functions
    }

    /// A place in the code with its inlined lines, innermost first, and its id. Mapping 0 is none.
    pub fn location(&mut self, mapping: u64, address: u64, frames: &[Frame], folded: bool) -> u64 {
        self.locations += 1;
        put_location(&mut self.out, [self.locations, mapping, address], frames.iter().copied(), folded);
        self.locations
    }

    /// A sample: ids of locations, innermost call first, and as many values as there will be sample types.
    pub fn sample(&mut self, locations: impl IntoIterator<Item = u64>, values: &[i64], labels: &[Label]) {
        self.message.clear();
        put_packed(&mut self.message, 1, locations.into_iter(), &mut self.packed);
        put_packed(&mut self.message, 2, values.iter().map(|value| *value as u64), &mut self.packed);
        labels.iter().for_each(|label| put_label(&mut self.message, *label));
        put_bytes(&mut self.out, 2, &self.message);
    }

    /// Writes what is said of the whole, and gives the uncompressed protobuf.
    pub fn into_bytes(mut self, header: &Header) -> Vec<u8> {
        put_header(&mut self.out, header);
        self.out
    }

    /// Writes what is said of the whole, and gives the profile.
    pub fn finish(self, header: &Header) -> Result<Profile, Malformed> {
        Profile::decode(self.into_bytes(header))
    }
}
