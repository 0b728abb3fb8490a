//! Mappings, functions and locations of several profiles in one set of tables, each thing once.

use super::packed::{Encoded, Packed, encoded};
use crate::profile::builder::{Builder, Frame};
use crate::profile::samples::{Label, LabelValue};
use crate::profile::table::{Mapping, Profile, Text};
use crate::profile::wire::{Reader, Value, packed, repeated};
use crate::profile::{Malformed, Map};

/// The tables of the merged profile. What makes two things one is what the reference takes for it.
#[derive(Default)]
pub(super) struct Tables {
    pub(super) builder: Builder,
    /// Ids and first addresses.
    mappings: Map<MappingKey, (u64, u64)>,
    functions: Map<(i64, Text, Text, Text), u64>,
    locations: Map<LocationKey, u64>,
}

/// Size in whole pages, offset, and build id or else file: the same binary wherever it was loaded.
type MappingKey = (u64, u64, Text);

/// Mapping, address from its start, lines, and whether folded.
type LocationKey = (u64, u64, Box<[Frame]>, bool);

/// A label of words that all samples get, and its key.
pub(super) type Mark = (&'static str, Label);

/// One of the profiles, with what its pieces are called in the merged tables as far as they were asked for.
pub(super) struct Part<'a> {
    tables: &'a mut Tables,
    profile: &'a Profile,
    texts: Vec<Option<Text>>,
    /// Ids and first addresses.
    mappings: Vec<Option<(u64, u64)>>,
    /// Ids; 0 where not asked for yet.
    functions: Vec<u64>,
    locations: Vec<u64>,
    /// Encoded ids by the ids that the profile has, as far as these are small.
    encoded: Vec<Encoded>,
    frames: Vec<Frame>,
}

impl<'a> Part<'a> {
    /// Of a profile. Its first mapping goes first if no mapping is there yet, because the first one is the program.
    pub(super) fn new(tables: &'a mut Tables, profile: &'a Profile) -> Part<'a> {
        tables.locations.reserve(profile.locations().len().saturating_sub(tables.locations.len()));
        let mut part = Part {
            texts: vec![None; profile.text_count().max(1)],
            mappings: vec![None; profile.mappings().len()],
            functions: vec![0; profile.functions().len()],
            locations: vec![0; profile.locations().len()],
            encoded: vec![Encoded::default(); profile.locations().len() * 2 + 2],
            frames: Vec::new(),
            tables,
            profile,
        };
        if part.tables.mappings.is_empty() && !profile.mappings().is_empty() {
            part.mapping(0);
        }
        part
    }

    /// A text of the profile in the merged table.
    pub(super) fn text(&mut self, text: Text) -> Text {
        match self.texts[text.place()] {
            Some(known) => known,
            None => {
                let merged = self.tables.builder.text(self.profile.text(text));
                self.texts[text.place()] = Some(merged);
                merged
            }
        }
    }

    /// The locations in the fields of a sample, encoded with their merged ids.
    pub(super) fn locations(&mut self, fields: &[&[u8]], out: &mut Packed) -> Result<(), Malformed> {
        out.clear();
        let bytes = &self.profile.bytes;
        for field in fields {
            out.reserve(field.len());
            let each = |id| {
                let known = usize::try_from(id).ok().and_then(|id| self.encoded.get(id)).copied().unwrap_or_default();
                out.push(if known == Encoded::default() { self.location(id)? } else { known });
                Ok(())
            };
            match Reader::new(field).field()? {
                Some((_, Value::Bytes(ids))) => packed(bytes, ids, each)?,
                Some((_, value)) => repeated(value, each)?,
                None => {}
            }
        }
        Ok(())
    }

    #[cold]
    fn location(&mut self, id: u64) -> Result<Encoded, Malformed> {
        let place = self.profile.location_ids.place(id).ok_or_else(|| Malformed::new("sample has nil location"))?;
        let merged = match self.locations[place as usize] {
            0 => self.new_location(place as usize),
            known => known,
        };
        let encoded = encoded(merged);
        if let Some(known) = usize::try_from(id).ok().and_then(|id| self.encoded.get_mut(id)) {
            *known = encoded;
        }
        Ok(encoded)
    }

    fn new_location(&mut self, place: usize) -> u64 {
        let profile = self.profile;
        let location = profile.locations()[place];
        // 0 stands for no mapping, which starts nowhere.
        let old_start = location.mapping().map_or(0, |mapping| profile.mappings()[mapping].start);
        let (mapping, start) = location.mapping().map_or((0, 0), |mapping| self.mapping(mapping));
        let mut frames = std::mem::take(&mut self.frames);
        frames.clear();
        for line in profile.lines(&location) {
            let function = self.function(line.function as usize);
            frames.push(Frame { function, line: line.line, column: line.column });
        }
        // The reference means to compare columns and compares that of the last line only (`Location.key`).
        let mut compared: Box<[Frame]> = frames.as_slice().into();
        compared.iter_mut().rev().skip(1).for_each(|frame| frame.column = 0);
        let offset = location.address.wrapping_sub(old_start);
        let key = (mapping, offset, compared, location.folded);
        let Tables { builder, locations, .. } = &mut *self.tables;
        let new = || builder.location(mapping, start.wrapping_add(offset), &frames, location.folded);
        let id = *locations.entry(key).or_insert_with(new);
        self.frames = frames;
        self.locations[place] = id;
        id
    }

    /// The labels in the fields of a sample, each beside its key, with a mark of words in place of those of its key.
    /// They stand in the order in which the reference writes them: words before numbers, by key; those of one key as
    /// they came.
    pub(super) fn labels(
        &mut self,
        fields: &[&[u8]],
        mark: Option<Mark>,
        labels: &mut Vec<(&'a str, Label)>,
    ) -> Result<(), Malformed> {
        labels.clear();
        for field in fields {
            let Some((_, value)) = Reader::new(field).field()? else { continue };
            if let Some(Label { key, value }) = self.profile.label(value.bytes()?)? {
                let value = match value {
                    LabelValue::Text(text) => LabelValue::Text(self.text(text)),
                    LabelValue::Number { value, unit } => LabelValue::Number { value, unit: self.text(unit) },
                };
                labels.push((self.profile.text(key), Label { key: self.text(key), value }));
            }
        }
        let is_number = |label: &Label| matches!(label.value, LabelValue::Number { .. });
        if let Some((name, mark)) = mark {
            labels.retain(|(key, label)| is_number(label) || *key != name);
            labels.push((name, mark));
        }
        if labels.len() > 1 {
            labels.sort_by_key(|(key, label)| (is_number(label), *key));
        }
        Ok(())
    }

    fn function(&mut self, place: usize) -> u64 {
        if self.functions[place] == 0 {
            let function = self.profile.functions()[place];
            let [name, system_name, file] =
                [function.name, function.system_name, function.file].map(|text| self.text(text));
            let Tables { builder, functions, .. } = &mut *self.tables;
            let new = || builder.function(name, system_name, file, function.start_line);
            let key = (function.start_line, name, system_name, file);
            self.functions[place] = *functions.entry(key).or_insert_with(new);
        }
        self.functions[place]
    }

    fn mapping(&mut self, place: usize) -> (u64, u64) {
        if let Some(known) = self.mappings[place] {
            return known;
        }
        let mapping = self.profile.mappings()[place];
        let [file, build_id] = [mapping.file, mapping.build_id].map(|text| self.text(text));
        let called = if build_id == Text::default() { file } else { build_id };
        // Rounded to pages, since sizes differ by a little between runs.
        let size = mapping.limit.wrapping_sub(mapping.start).wrapping_add(0xfff) & !0xfff;
        let Tables { builder, mappings, .. } = &mut *self.tables;
        let new = || (builder.mapping(&Mapping { file, build_id, ..mapping }), mapping.start);
        let known = *mappings.entry((size, mapping.offset, called)).or_insert_with(new);
        self.mappings[place] = Some(known);
        known
    }
}

impl Tables {
    /// A label of words.
    pub(super) fn mark(&mut self, key: &'static str, value: &str) -> Mark {
        let value = LabelValue::Text(self.builder.text(value));
        (key, Label { key: self.builder.text(key), value })
    }

    /// Whether ids and places stay within what a profile can hold is checked when it is decoded.
    pub(super) fn into_bytes(self, header: &crate::profile::Header) -> Result<Vec<u8>, Malformed> {
        Ok(self.builder.into_bytes(header))
    }
}
