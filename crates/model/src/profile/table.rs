//! The profile: its bytes, and its decoded tables.

use super::ids::Ids;

/// A string of the profile, by its place in the table of strings; the default is the empty one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text(pub(super) u32);

/// What a value counts: `inuse_space` in `bytes`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ValueType {
    /// What is counted.
    pub kind: Text,
    /// Its unit.
    pub unit: Text,
}

/// A binary or library in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    /// Its id in the file.
    pub id: u64,
    /// First address.
    pub start: u64,
    /// Address after the last.
    pub limit: u64,
    /// Offset of the first address in the file mapped.
    pub offset: u64,
    /// Path of the file mapped.
    pub file: Text,
    /// Build id of it.
    pub build_id: Text,
    /// Whether its locations have functions, file names, line numbers and inlined frames.
    pub symbolized: [bool; 4],
}

/// A place in the code: an address and the lines inlined there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Location {
    /// Its id in the file.
    pub id: u64,
    /// The address.
    pub address: u64,
    pub(super) mapping: u32,
    pub(super) first_line: u32,
    pub(super) line_count: u32,
    /// Whether several addresses may stand behind it, as the linker folded equal code.
    pub folded: bool,
}

impl Location {
    /// The place of its mapping in [`Profile::mappings`].
    pub fn mapping(&self) -> Option<usize> {
        (self.mapping != NONE).then_some(self.mapping as usize)
    }
}

/// How many samples are read in one go where several threads share them.
pub(super) const STRETCH: usize = 4096;

/// Stands for no place in a table.
pub(super) const NONE: u32 = u32::MAX;

/// A source line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The place of its function in [`Profile::functions`].
    pub function: u32,
    /// Line number; 0 where unknown.
    pub line: i64,
    /// Column number; 0 where unknown.
    pub column: i64,
}

/// A function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Function {
    /// Its id in the file.
    pub id: u64,
    /// Name for people.
    pub name: Text,
    /// Name as the linker has it.
    pub system_name: Text,
    /// Source file.
    pub file: Text,
    /// First line; 0 where unknown.
    pub start_line: i64,
}

/// What is said of the profile as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// What the values of each sample are.
    pub sample_types: Vec<ValueType>,
    /// The kind of value shown where nobody says otherwise; empty where not said.
    pub default_sample_type: Text,
    /// When it was taken, nanoseconds since the epoch; 0 where not said.
    pub time_nanos: i64,
    /// Over how long, nanoseconds; 0 where not said.
    pub duration_nanos: i64,
    /// What happens between two samples: `space` in `bytes`.
    pub period_type: ValueType,
    /// How much of it.
    pub period: i64,
    /// Regular expression of frames not to show, with all they call.
    pub drop_frames: Text,
    /// Regular expression of exceptions to it.
    pub keep_frames: Text,
    /// Free text.
    pub comments: Vec<Text>,
    /// Where the profile is documented.
    pub doc_url: Text,
}

/// A profile: the uncompressed bytes and the tables in them.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The protobuf, then texts that had to be repaired.
    pub(super) bytes: Vec<u8>,
    /// Where the protobuf ends.
    pub(super) end: usize,
    /// From the first sample to the last, in the protobuf.
    pub(super) sample_range: (usize, usize),
    pub(super) sample_count: usize,
    /// Where every [`STRETCH`]th sample starts.
    pub(super) stretches: Vec<u32>,
    /// Start and length of each string in the bytes.
    pub(super) strings: Vec<(u32, u32)>,
    pub(super) header: Header,
    pub(super) mappings: Vec<Mapping>,
    pub(super) locations: Vec<Location>,
    pub(super) lines: Vec<Line>,
    pub(super) functions: Vec<Function>,
    pub(super) location_ids: Ids,
}

impl Profile {
    /// The uncompressed protobuf it was decoded from.
    pub fn encoded(&self) -> &[u8] {
        &self.bytes[..self.end]
    }

    /// What is said of it as a whole.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// A string of it. Bytes that were no UTF-8 were replaced by `�` when it was decoded.
    pub fn text(&self, text: Text) -> &str {
        let (start, length) = self.strings.get(text.0 as usize).copied().unwrap_or_default();
        std::str::from_utf8(self.bytes.get(start as usize..(start + length) as usize).unwrap_or_default())
            .unwrap_or_default()
    }

    /// The place of a string, if the profile has it.
    pub fn find_text(&self, wanted: &str) -> Option<Text> {
        let is = |(start, length): (u32, u32)| {
            let (start, length) = (start as usize, length as usize);
            length == wanted.len() && self.bytes.get(start..start + length) == Some(wanted.as_bytes())
        };
        self.strings.iter().position(|string| is(*string)).map(|place| Text(place as u32))
    }

    /// How many strings it has; [`Text`]s count up to there.
    pub fn text_count(&self) -> usize {
        self.strings.len()
    }

    /// Binaries and libraries; the first is the program itself.
    pub fn mappings(&self) -> &[Mapping] {
        &self.mappings
    }

    /// Places in the code.
    pub fn locations(&self) -> &[Location] {
        &self.locations
    }

    /// The lines inlined at a location, innermost first.
    pub fn lines(&self, location: &Location) -> &[Line] {
        &self.lines[location.first_line as usize..(location.first_line + location.line_count) as usize]
    }

    /// Functions.
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// How many samples it has.
    pub fn sample_count(&self) -> usize {
        self.sample_count
    }
}

impl Text {
    /// The string at that place.
    pub fn at(place: u32) -> Text {
        Text(place)
    }

    /// Its place in the table of strings.
    pub fn place(self) -> usize {
        self.0 as usize
    }
}
