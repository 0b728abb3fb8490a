//! What a parser has understood so far, and the profile made of it.

use std::borrow::Cow;

use super::frames;
use super::maps::{self, Region};
use super::symbols::{Named, Symbols};
use crate::profile::{Builder, Frame, Header, Label, LabelValue, Malformed, Map, Mapping, Profile, Text, ValueType};

/// The kind of a value and its unit.
pub(super) type Kind<'a> = (&'a str, &'a str);

/// A sample; its stack lies in [`Draft::stacks`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Drafted {
    /// Where its stack ends; it begins where the one before ends.
    pub(super) end: usize,
    /// As many as there are kinds.
    pub(super) values: [i64; 4],
    /// Size of the objects.
    pub(super) bytes: Option<i64>,
}

/// A profile in the making.
#[derive(Default)]
pub(super) struct Draft<'a> {
    /// What the values are; four at most.
    pub(super) kinds: Vec<Kind<'a>>,
    pub(super) period_type: Kind<'a>,
    pub(super) period: i64,
    pub(super) duration_nanos: i64,
    /// The addresses of all stacks, innermost call first.
    pub(super) stacks: Vec<u64>,
    pub(super) samples: Vec<Drafted>,
    /// Addresses that have locations though no stack may have them any more.
    pub(super) located: Vec<u64>,
    /// The map of the memory.
    pub(super) regions: Vec<Region<'a>>,
    /// Whether locations are told by their names, not by their addresses.
    pub(super) by_name: bool,
    /// Names that the text gives to addresses.
    pub(super) symbols: Symbols<'a>,
}

impl<'a> Draft<'a> {
    /// Of samples counted one by one.
    pub(super) fn counts(kind: &'a str, symbols: Symbols<'a>) -> Draft<'a> {
        let kinds = vec![(kind, "count")];
        Draft { kinds, period_type: (kind, "count"), period: 1, symbols, ..Draft::default() }
    }

    /// Adds a sample whose stack was put on [`Draft::stacks`].
    pub(super) fn sample(&mut self, values: &[i64], bytes: Option<i64>) {
        let mut sample = Drafted { end: self.stacks.len(), bytes, ..Drafted::default() };
        sample.values.iter_mut().zip(values).for_each(|(slot, value)| *slot = *value);
        self.samples.push(sample);
    }

    /// Turns the addresses from `first` on, which are where calls return to, into the calls: one byte before.
    pub(super) fn returns_to_calls(&mut self, first: usize) {
        self.stacks.iter_mut().skip(first).for_each(|address| *address = address.wrapping_sub(1));
    }

    /// Takes a comment behind the last sample.
    pub(super) fn comment(&mut self, line: &'a [u8]) {
        self.symbols.comment(line);
    }

    /// No further comment belongs to the last sample. What its comments leave out in front is the allocator.
    pub(super) fn close_sample(&mut self) {
        let last = self.stack_of(self.samples.len().wrapping_sub(1));
        let first_named = self.symbols.close(&self.stacks[last.clone()]);
        let hidden = first_named.and_then(|first| self.stacks[last.clone()].iter().position(|a| *a == first));
        self.stacks.drain(last.start..last.start + hidden.unwrap_or(0));
        if let Some(sample) = self.samples.last_mut() {
            sample.end = self.stacks.len();
        }
    }

    /// Where the stack of a sample lies.
    pub(super) fn stack_of(&self, place: usize) -> std::ops::Range<usize> {
        let end = self.samples.get(place).map_or(0, |s| s.end);
        let start = place.checked_sub(1).and_then(|before| self.samples.get(before)).map_or(0, |s| s.end);
        start.min(end)..end
    }

    /// Takes out of every stack the frame at `index` where `is` says so of the stack.
    pub(super) fn remove_frames(&mut self, index: usize, is: impl Fn(&[u64]) -> bool) {
        let (mut stacks, mut start) = (Vec::with_capacity(self.stacks.len()), 0);
        for sample in &mut self.samples {
            let stack = &self.stacks[start..sample.end];
            start = sample.end;
            match stack.get(index) {
                Some(_) if is(stack) => {
                    stacks.extend_from_slice(&stack[..index]);
                    stacks.extend_from_slice(&stack[index + 1..]);
                }
                _ => stacks.extend_from_slice(stack),
            }
            sample.end = stacks.len();
        }
        self.stacks = stacks;
    }

    /// Takes out the second frame where it is the innermost one over again, as a call, which is one byte before. Its
    /// location stays, as in the reference.
    pub(super) fn remove_second_leaves(&mut self) {
        self.located = self.stacks.clone();
        self.remove_frames(1, |stack| matches!(stack, [leaf, call, ..] if *leaf == call.wrapping_add(1)));
    }

    /// The profile.
    pub(super) fn finish(mut self) -> Result<Profile, Malformed> {
        if self.symbols.are_taken() {
            self.leave_out_unnamed();
        }
        let mut builder = Builder::new();
        let locations = self.write_locations(&mut builder)?;
        let bytes = builder.text("bytes");
        let mut ids = Vec::new();
        for (place, sample) in self.samples.iter().enumerate() {
            let stack = &self.stacks[self.stack_of(place)];
            ids.clear();
            ids.extend(stack.iter().filter_map(|address| locations.get(address)));
            let mut unit = |size| if size == 0 { builder.blank() } else { Text::default() };
            let number = |value| LabelValue::Number { value, unit: unit(value) };
            let label = sample.bytes.map(number).map(|value| Label { key: bytes, value });
            builder.sample(ids.iter().copied(), &sample.values[..self.kinds.len().min(4)], label.as_slice());
        }
        let header = self.header(&mut builder);
        builder.finish(&header)
    }

    /// Leaves out the frames without a name of those stacks that have names.
    fn leave_out_unnamed(&mut self) {
        let (mut stacks, mut start) = (Vec::with_capacity(self.stacks.len()), 0);
        for sample in &mut self.samples {
            let stack = &self.stacks[start..sample.end];
            start = sample.end;
            let any = stack.iter().any(|address| self.symbols.named(*address).is_some());
            stacks.extend(stack.iter().filter(|address| !any || self.symbols.named(**address).is_some()));
            sample.end = stacks.len();
        }
        self.stacks = stacks;
    }

    fn header(&self, builder: &mut Builder) -> Header {
        let mut kind = |(kind, unit): Kind<'_>| ValueType { kind: builder.text(kind), unit: builder.text(unit) };
        let sample_types: Vec<ValueType> = self.kinds.iter().map(|k| kind(*k)).collect();
        let period_type = kind(self.period_type);
        let (drop, keep) = if self.symbols.are_taken() { ("", "") } else { frames::uninteresting(&self.kinds) };
        Header {
            sample_types,
            period_type,
            period: self.period,
            duration_nanos: self.duration_nanos,
            drop_frames: builder.text(drop),
            keep_frames: builder.text(keep),
            ..Header::default()
        }
    }

    /// Writes mappings, functions and locations; answers the location of each address.
    fn write_locations(&mut self, builder: &mut Builder) -> Result<Map<u64, u64>, Malformed> {
        let mut places: Map<u64, u64> = Map::default();
        let mut addresses = Vec::new();
        for address in self.located.iter().chain(&self.stacks) {
            places.entry(*address).or_insert_with(|| {
                addresses.push(*address);
                0
            });
        }
        // What has a name has no address any more, and so lies in no mapping.
        let nameless = |address: u64| if self.by_name && self.symbols.named(address).is_some() { 0 } else { address };
        let looked_up: Vec<u64> = addresses.iter().map(|address| nameless(*address)).collect();
        let mappings = maps::assign(&mut self.regions, &looked_up)?;
        let named = self.symbols.are_taken();
        for region in &self.regions {
            let file = builder.text(&lossy(&region.file));
            let build_id = builder.text(&lossy(&region.build_id));
            let Region { start, limit, offset, .. } = *region;
            let symbolized = [named; 4];
            builder.mapping(&Mapping { start, limit, offset, file, build_id, symbolized, ..Mapping::default() });
        }
        let mut functions = Functions::default();
        for (address, mapping) in addresses.into_iter().zip(mappings) {
            let names = self.symbols.named(address).unwrap_or_default();
            let frames: Vec<Frame> = names.iter().map(|name| functions.frame(name, self.by_name, builder)).collect();
            let shown = if self.by_name { 0 } else { address };
            places.insert(address, builder.location(mapping, shown, &frames, false));
        }
        Ok(places)
    }
}

/// The functions written, by name and file.
#[derive(Default)]
struct Functions<'a>(Map<(&'a [u8], &'a [u8]), u64>);

impl<'a> Functions<'a> {
    /// The line of a name; its function is written once. Java's functions are told by their names alone.
    fn frame(&mut self, name: &Named<'a>, by_name: bool, builder: &mut Builder) -> Frame {
        let key = (name.function, if by_name { &b""[..] } else { name.file });
        let function = *self.0.entry(key).or_insert_with(|| {
            let (text, file) = (builder.text(&lossy(name.function)), builder.text(&lossy(name.file)));
            builder.function(text, text, file, 0)
        });
        Frame { function, line: name.line, column: 0 }
    }
}

fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}
