//! From bytes to the tables of a profile; samples are counted, and read later.

use super::Malformed;
use super::ids::{Ids, given};
use super::table::{Function, Header, Line, Location, Mapping, NONE, Profile, STRETCH, Text, ValueType};
use super::wire::{Reader, Value, repeated};

/// What decoded tables may take: so many times the bytes of the profile ...
const TABLES_PER_BYTE: usize = 4;
/// ... and so much more, so that small profiles may be as they like. A location with one line takes 80 bytes and is
/// seldom written in less than 20, beside the samples that refer to it and the names it stands for; only entries that
/// say next to nothing, which are two bytes each, take more than this.
const TABLES_BEYOND: usize = 64 << 20;
/// What finding an entry by its id takes, in [`Ids`].
const ID: usize = 2 * size_of::<u32>();

impl Profile {
    /// Decodes an uncompressed protobuf and checks that its tables fit together. Samples are checked when they are
    /// read: see [`Samples::read`](super::Samples::read).
    pub fn decode(bytes: Vec<u8>) -> Result<Profile, Malformed> {
        if bytes.is_empty() {
            return Err(Malformed::new("empty input file"));
        }
        if u32::try_from(bytes.len()).is_err() {
            return Err(Malformed::new("it is larger than 4 GiB"));
        }
        let room = bytes.len().saturating_mul(TABLES_PER_BYTE).saturating_add(TABLES_BEYOND);
        let mut tables = Tables { room, ..Tables::default() };
        let mut reader = Reader::new(&bytes);
        loop {
            let start = bytes.len() - reader.rest();
            let Some((field, value)) = reader.field()? else { break };
            tables.take(field, value, start, bytes.len() - reader.rest())?;
        }
        tables.finish(bytes)
    }

    /// Every string referred to is there.
    fn check_texts(&self) -> Result<(), Malformed> {
        let Header { sample_types, default_sample_type, period_type, drop_frames, keep_frames, doc_url, .. } =
            &self.header;
        let types = sample_types.iter().chain([period_type]).flat_map(|t| [t.kind, t.unit]);
        let heads = [*default_sample_type, *drop_frames, *keep_frames, *doc_url].into_iter();
        let functions = self.functions.iter().flat_map(|f| [f.name, f.system_name, f.file]);
        let mappings = self.mappings.iter().flat_map(|m| [m.file, m.build_id]);
        let all = types.chain(heads).chain(self.header.comments.iter().copied()).chain(functions).chain(mappings);
        match all.max().filter(|t| t.place() >= self.strings.len().max(1)) {
            Some(_) => Err(Malformed::new("malformed profile format: a string is not in the table")),
            None => Ok(()),
        }
    }
}

/// What is decoded so far; what refers to another table still holds the id in the file.
#[derive(Default)]
struct Tables {
    /// How many bytes the tables may still take.
    room: usize,
    sample_range: Option<(usize, usize)>,
    sample_count: usize,
    stretches: Vec<u32>,
    strings: Vec<(u32, u32)>,
    header: Header,
    mappings: Vec<Mapping>,
    locations: Vec<Location>,
    /// The id of the mapping of each location.
    mapping_ids: Vec<u64>,
    lines: Vec<Line>,
    /// The id of the function of each line.
    function_ids: Vec<u64>,
    functions: Vec<Function>,
}

impl Tables {
    /// Takes a field of the profile that stands from `start` to `end`.
    fn take(&mut self, field: u64, value: Value<'_>, start: usize, end: usize) -> Result<(), Malformed> {
        // Samples, which are most of it, are no table.
        let size = match field {
            1 => size_of::<ValueType>(),
            3 => size_of::<Mapping>() + ID,
            4 => size_of::<(Location, u64)>() + ID,
            5 => size_of::<Function>() + ID,
            6 => size_of::<(u32, u32)>(),
            // As many as bytes at most.
            13 => (end - start) * size_of::<Text>(),
            _ => 0,
        };
        if size > 0 {
            self.spend(size)?;
        }
        let header = &mut self.header;
        match field {
            1 => header.sample_types.push(value_type(value.bytes()?)?),
            2 => {
                value.bytes()?;
                let first = self.sample_range.map_or(start, |(first, _)| first);
                self.sample_range = Some((first, end));
                if self.sample_count.is_multiple_of(STRETCH) {
                    self.stretches.push(start as u32);
                }
                self.sample_count += 1;
            }
            3 => self.mappings.push(mapping(value.bytes()?)?),
            4 => self.location(value.bytes()?)?,
            5 => self.functions.push(function(value.bytes()?)?),
            6 => {
                let length = value.bytes()?.len();
                if self.strings.is_empty() && length > 0 {
                    return Err(Malformed::new("string_table[0] must be ''"));
                }
                self.strings.push(((end - length) as u32, length as u32));
            }
            7 => header.drop_frames = text(value)?,
            8 => header.keep_frames = text(value)?,
            9 if header.time_nanos != 0 => return Err(Malformed::new("concatenated profiles detected")),
            9 => header.time_nanos = value.signed()?,
            10 => header.duration_nanos = value.signed()?,
            11 => header.period_type = value_type(value.bytes()?)?,
            12 => header.period = value.signed()?,
            13 => repeated(value, |n| text(Value::Number(n)).map(|t| header.comments.push(t)))?,
            14 => header.default_sample_type = text(value)?,
            15 => header.doc_url = text(value)?,
            _ => {}
        }
        Ok(())
    }

    /// Takes account of what an entry takes.
    fn spend(&mut self, bytes: usize) -> Result<(), Malformed> {
        let left = self.room.checked_sub(bytes);
        self.room = left.ok_or_else(|| Malformed::new("its tables take far more room than the profile itself"))?;
        Ok(())
    }

    fn location(&mut self, message: &[u8]) -> Result<(), Malformed> {
        let first_line = self.lines.len() as u32;
        let mut location = Location { mapping: NONE, first_line, ..Location::default() };
        let mut mapping_id = 0;
        let mut reader = Reader::new(message);
        while let Some((field, value)) = reader.field()? {
            match field {
                1 => location.id = value.number()?,
                2 => mapping_id = value.number()?,
                3 => location.address = value.number()?,
                4 => {
                    self.spend(size_of::<(Line, u64)>())?;
                    let (function_id, line) = line(value.bytes()?)?;
                    self.function_ids.push(function_id);
                    self.lines.push(line);
                }
                5 => location.folded = value.number()? != 0,
                _ => {}
            }
        }
        given("location", location.id)?;
        location.line_count = self.lines.len() as u32 - first_line;
        self.mapping_ids.push(mapping_id);
        self.locations.push(location);
        Ok(())
    }

    /// Joins the tables by their ids.
    fn finish(mut self, bytes: Vec<u8>) -> Result<Profile, Malformed> {
        let mappings = Ids::new("mapping", self.mappings.iter().map(|m| m.id))?;
        let functions = Ids::new("function", self.functions.iter().map(|f| f.id))?;
        let location_ids = Ids::new("location", self.locations.iter().map(|l| l.id))?;
        for (location, id) in self.locations.iter_mut().zip(self.mapping_ids) {
            location.mapping = mappings.place(id).unwrap_or(NONE);
        }
        for (line, id) in self.lines.iter_mut().zip(self.function_ids) {
            let without = || Malformed::new("a location has a line with nil function");
            line.function = functions.place(id).ok_or_else(without)?;
        }
        let end = bytes.len();
        let profile = Profile {
            bytes: repaired(bytes, &mut self.strings)?,
            end,
            sample_range: self.sample_range.unwrap_or_default(),
            sample_count: self.sample_count,
            stretches: self.stretches,
            strings: self.strings,
            header: self.header,
            mappings: self.mappings,
            locations: self.locations,
            lines: self.lines,
            functions: self.functions,
            location_ids,
        };
        profile.check_texts()?;
        if profile.header.sample_types.is_empty() && profile.sample_count > 0 {
            return Err(Malformed::new("missing sample type information"));
        }
        Ok(profile)
    }
}

/// Strings that are no UTF-8 get a repaired copy behind the protobuf.
fn repaired(mut bytes: Vec<u8>, strings: &mut [(u32, u32)]) -> Result<Vec<u8>, Malformed> {
    for string in strings {
        let (start, end) = (string.0 as usize, string.0 as usize + string.1 as usize);
        if let Err(_broken) = std::str::from_utf8(&bytes[start..end]) {
            let copy = String::from_utf8_lossy(&bytes[start..end]).into_owned();
            // A broken byte takes three in its repaired copy.
            let place =
                u32::try_from(bytes.len() + copy.len()).map_err(|_| Malformed::new("it is larger than 4 GiB"))?;
            *string = (place - copy.len() as u32, copy.len() as u32);
            bytes.extend_from_slice(copy.as_bytes());
        }
    }
    Ok(bytes)
}

fn text(value: Value<'_>) -> Result<Text, Malformed> {
    let place = u32::try_from(value.number()?);
    place.map(Text).map_err(|_| Malformed::new("malformed profile format: a string is not in the table"))
}

fn value_type(message: &[u8]) -> Result<ValueType, Malformed> {
    let mut found = ValueType::default();
    let mut reader = Reader::new(message);
    while let Some((field, value)) = reader.field()? {
        match field {
            1 => found.kind = text(value)?,
            2 => found.unit = text(value)?,
            _ => {}
        }
    }
    Ok(found)
}

fn mapping(message: &[u8]) -> Result<Mapping, Malformed> {
    let mut found = Mapping::default();
    let mut reader = Reader::new(message);
    while let Some((field, value)) = reader.field()? {
        match field {
            1 => found.id = value.number()?,
            2 => found.start = value.number()?,
            3 => found.limit = value.number()?,
            4 => found.offset = value.number()?,
            5 => found.file = text(value)?,
            6 => found.build_id = text(value)?,
            7..=10 => found.symbolized[field as usize - 7] = value.number()? != 0,
            _ => {}
        }
    }
    given("mapping", found.id)?;
    Ok(found)
}

fn function(message: &[u8]) -> Result<Function, Malformed> {
    let mut found = Function::default();
    let mut reader = Reader::new(message);
    while let Some((field, value)) = reader.field()? {
        match field {
            1 => found.id = value.number()?,
            2 => found.name = text(value)?,
            3 => found.system_name = text(value)?,
            4 => found.file = text(value)?,
            5 => found.start_line = value.signed()?,
            _ => {}
        }
    }
    given("function", found.id)?;
    Ok(found)
}

/// The id of its function, and the line.
fn line(message: &[u8]) -> Result<(u64, Line), Malformed> {
    let (mut id, mut found) = (0, Line::default());
    let mut reader = Reader::new(message);
    while let Some((field, value)) = reader.field()? {
        match field {
            1 => id = value.number()?,
            2 => found.line = value.signed()?,
            3 => found.column = value.signed()?,
            _ => {}
        }
    }
    Ok((id, found))
}
