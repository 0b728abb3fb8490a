//! Writes a profile, piece by piece: what is made of several profiles, or of a text.

use super::samples::{Label, LabelValue};
use super::table::{Header, Mapping, Profile, Text, ValueType};
use super::wire::{put_bytes, put_number, put_varint};
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
    mappings: u64,
    functions: u64,
    locations: u64,
    message: Vec<u8>,
    inner: Vec<u8>,
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
            mappings: 0,
            functions: 0,
            locations: 0,
            message: Vec::new(),
            inner: Vec::new(),
        };
        new.text("");
        new
    }

    /// A string of the profile, written once.
    pub fn text(&mut self, text: &str) -> Text {
        if let Some(place) = self.texts.get(text) {
            return Text(*place);
        }
        let place = self.texts.len() as u32;
        self.texts.insert(text.into(), place);
        put_bytes(&mut self.out, 6, text.as_bytes());
        Text(place)
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
        self.message.clear();
        let fields = [self.functions, name.0.into(), system_name.0.into(), file.0.into(), start_line as u64];
        for (field, number) in (1..).zip(fields) {
            put_number(&mut self.message, field, number);
        }
        put_bytes(&mut self.out, 5, &self.message);
        self.functions
    }

    /// A place in the code with its inlined lines, innermost first, and its id. Mapping 0 is none.
    pub fn location(&mut self, mapping: u64, address: u64, frames: &[Frame], folded: bool) -> u64 {
        self.locations += 1;
        self.message.clear();
        put_number(&mut self.message, 1, self.locations);
        put_number(&mut self.message, 2, mapping);
        put_number(&mut self.message, 3, address);
        for frame in frames {
            self.inner.clear();
            put_number(&mut self.inner, 1, frame.function);
            put_number(&mut self.inner, 2, frame.line as u64);
            put_number(&mut self.inner, 3, frame.column as u64);
            put_bytes(&mut self.message, 4, &self.inner);
        }
        put_number(&mut self.message, 5, u64::from(folded));
        put_bytes(&mut self.out, 4, &self.message);
        self.locations
    }

    /// A sample: ids of locations, innermost call first, and as many values as there will be sample types.
    pub fn sample(&mut self, locations: impl IntoIterator<Item = u64>, values: &[i64], labels: &[Label]) {
        self.message.clear();
        self.inner.clear();
        locations.into_iter().for_each(|id| put_varint(&mut self.inner, id));
        if !self.inner.is_empty() {
            put_bytes(&mut self.message, 1, &self.inner);
        }
        self.inner.clear();
        values.iter().for_each(|value| put_varint(&mut self.inner, *value as u64));
        put_bytes(&mut self.message, 2, &self.inner);
        for label in labels {
            self.inner.clear();
            put_number(&mut self.inner, 1, label.key.0.into());
            match label.value {
                LabelValue::Text(text) => put_number(&mut self.inner, 2, text.0.into()),
                LabelValue::Number { value, unit } => {
                    put_number(&mut self.inner, 3, value as u64);
                    put_number(&mut self.inner, 4, unit.0.into());
                }
            }
            put_bytes(&mut self.message, 3, &self.inner);
        }
        put_bytes(&mut self.out, 2, &self.message);
    }

    fn value_type(&mut self, field: u64, of: ValueType) {
        self.message.clear();
        put_number(&mut self.message, 1, of.kind.0.into());
        put_number(&mut self.message, 2, of.unit.0.into());
        put_bytes(&mut self.out, field, &self.message);
    }

    /// Writes what is said of the whole, and gives the uncompressed protobuf.
    pub fn into_bytes(mut self, header: &Header) -> Vec<u8> {
        header.sample_types.iter().for_each(|of| self.value_type(1, *of));
        if header.period_type != ValueType::default() {
            self.value_type(11, header.period_type);
        }
        let numbers = [
            (7, header.drop_frames.0.into()),
            (8, header.keep_frames.0.into()),
            (9, header.time_nanos as u64),
            (10, header.duration_nanos as u64),
            (12, header.period as u64),
            (14, header.default_sample_type.0.into()),
            (15, header.doc_url.0.into()),
        ];
        numbers.into_iter().for_each(|(field, number)| put_number(&mut self.out, field, number));
        for comment in &header.comments {
            put_varint(&mut self.out, 13 << 3);
            put_varint(&mut self.out, comment.0.into());
        }
        self.out
    }

    /// Writes what is said of the whole, and gives the profile.
    pub fn finish(self, header: &Header) -> Result<Profile, Malformed> {
        Profile::decode(self.into_bytes(header))
    }
}
