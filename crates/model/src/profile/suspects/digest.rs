//! What is kept of one snapshot: every stack by a hash of its functions, with its figures, ready to be joined.

use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::quality::FixedState;

use super::super::samples::{Label, LabelValue};
use super::super::{Line, Location, Malformed, Map, Profile, Text};
use crate::time::Time;

/// Frames of a stack beyond this many, counted from the outermost, are not looked at.
pub(super) const MOST_FRAMES: usize = 1024;

/// What a profile counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Memory in use, and perhaps all that was ever allocated.
    Heap,
    /// Goroutines.
    Goroutine,
}

/// The figures of one stack, or of all. What a profile does not count is zero.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Figures {
    /// Objects in use; goroutines.
    pub(super) objects: f64,
    /// Bytes in use.
    pub(super) bytes: f64,
    /// Objects allocated since the process started.
    pub(super) allocated_objects: f64,
    /// Bytes allocated since the process started.
    pub(super) allocated_bytes: f64,
}

impl Figures {
    pub(super) fn add(&mut self, other: &Figures) {
        self.objects += other.objects;
        self.bytes += other.bytes;
        self.allocated_objects += other.allocated_objects;
        self.allocated_bytes += other.allocated_bytes;
    }
}

/// A stack of one snapshot with objects of one size.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// Hash of its functions, from the innermost; a function that calls itself counts once.
    pub(super) key: u64,
    /// The `bytes` label: size of the objects; 0 where not said.
    pub(super) size: i64,
    pub(super) figures: Figures,
    /// Its locations, innermost first: start and length in [`Digest::stacks`].
    pub(super) stack: (u32, u32),
}

/// A function as it is joined over snapshots.
#[derive(Clone, Debug)]
pub(super) struct Function {
    pub(super) hash: u64,
    pub(super) name: Arc<str>,
    pub(super) file: Arc<str>,
}

/// The program, as far as the profile names it.
#[derive(Clone, Debug, Default)]
pub(super) struct Program {
    /// Base name.
    pub(super) name: Box<str>,
    pub(super) build_id: Box<str>,
}

/// Where a file is mapped into memory: what tells processes apart.
#[derive(Clone, Debug)]
pub(super) struct Mapped {
    /// Hash of the file and its build.
    pub(super) hash: u64,
    pub(super) start: u64,
    /// Base name of the file.
    pub(super) name: Box<str>,
}

/// Mappings that are kept to tell processes apart.
pub(super) const MOST_MAPPED: usize = 256;
/// Bytes kept of the name of a file, or of what tells a build: what Linux allows a path (`PATH_MAX`).
const LONGEST_NAME: usize = 4096;

/// One snapshot, ready to be joined with others. Made by [`digest`]; snapshots are independent, so that many may be
/// digested at once.
#[derive(Clone, Debug)]
pub struct Digest {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) at: Option<Time>,
    /// Bytes between two samples; 1 or less when every object is in the profile.
    pub(super) period: f64,
    /// Whether the profile does not say it.
    pub(super) assumed_period: bool,
    /// Length of time it covers; a snapshot of a state covers none.
    pub(super) duration_nanos: i64,
    pub(super) has_allocated: bool,
    /// Nothing where nothing is said to be mapped.
    pub(super) program: Option<Program>,
    /// In the order of hash and start.
    pub(super) mapped: Vec<Mapped>,
    pub(super) total: Figures,
    pub(super) functions: Vec<Function>,
    /// Function, line number; of a function inlined into itself the innermost line only, so that a walk along a stack
    /// takes no longer than reading it.
    pub(super) lines: Vec<(u32, i64)>,
    /// First line and number of lines, innermost first.
    pub(super) locations: Vec<(u32, u32)>,
    pub(super) stacks: Vec<u32>,
    /// In the order of key and size.
    pub(super) entries: Vec<Entry>,
}

impl Digest {
    /// The name it was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// When it was taken, where the profile says so.
    pub fn taken_at(&self) -> Option<Time> {
        self.at
    }

    /// What it counts.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Base name of the program, where the profile says so.
    pub fn program(&self) -> Option<&str> {
        self.program.as_ref().map(|program| &*program.name).filter(|name| !name.is_empty())
    }

    /// The functions of a stack with their lines, outermost first, [`MOST_FRAMES`] at most: a function that calls
    /// itself once, with its innermost line. They are never gathered: a few hundred bytes can stand for millions.
    pub(super) fn calls(&self, stack: (u32, u32)) -> impl Iterator<Item = (u32, i64)> {
        let places = &self.stacks[stack.0 as usize..(stack.0 + stack.1) as usize];
        let frames = places.iter().rev().flat_map(|place| {
            let (first, count) = self.locations[*place as usize];
            self.lines[first as usize..(first + count) as usize].iter().rev().copied()
        });
        let mut frames = frames.peekable();
        let next = move || {
            let (function, mut line) = frames.next()?;
            while let Some((_, inner)) = frames.next_if(|(next, _)| *next == function) {
                line = inner;
            }
            Some((function, line))
        };
        std::iter::from_fn(next).take(MOST_FRAMES)
    }
}

/// Which of a profile's values are which figure.
struct Columns {
    kind: Kind,
    objects: Option<usize>,
    bytes: Option<usize>,
    allocated_objects: Option<usize>,
    allocated_bytes: Option<usize>,
}

/// What a profile counts, told from its types of values; nothing when these are neither of a heap nor of goroutines.
pub fn kind(profile: &Profile) -> Option<Kind> {
    columns(profile).map(|columns| columns.kind)
}

/// Go writes `inuse_space`; jemalloc and gperftools have `space` and `objects` alone, which are in use as well.
fn columns(profile: &Profile) -> Option<Columns> {
    let types = &profile.header().sample_types;
    let find = |names: &[&str]| {
        let place = |name: &&str| types.iter().position(|t| profile.text(t.kind) == *name);
        names.iter().find_map(place)
    };
    let columns = Columns {
        kind: Kind::Heap,
        objects: find(&["inuse_objects", "objects"]),
        bytes: find(&["inuse_space", "space"]),
        allocated_objects: find(&["alloc_objects"]),
        allocated_bytes: find(&["alloc_space"]),
    };
    let goroutines = find(&["goroutine", "goroutines"]);
    match (columns.bytes, goroutines) {
        (Some(_), _) => Some(columns),
        (None, Some(_)) => Some(Columns { kind: Kind::Goroutine, objects: goroutines, ..columns }),
        (None, None) => None,
    }
}

impl Columns {
    fn figures(&self, values: &[i64]) -> Figures {
        let of = |column: Option<usize>| column.and_then(|c| values.get(c)).map_or(0.0, |v| *v as f64);
        Figures {
            objects: of(self.objects),
            bytes: of(self.bytes),
            allocated_objects: of(self.allocated_objects),
            allocated_bytes: of(self.allocated_bytes),
        }
    }
}

/// Bytes between two samples where a profile does not say: what Go and jemalloc do unless told otherwise. To take such
/// a profile for a complete one would make every figure sure.
const ASSUMED_PERIOD: f64 = 524_288.0;

/// Digests one snapshot. `name` is what reports call it; `taken_at` stands where the profile itself does not say when
/// it was taken.
///
/// Errors when the profile is malformed, or counts neither memory in use nor goroutines.
pub fn digest(profile: &Profile, name: &str, taken_at: Option<Time>) -> Result<Digest, Malformed> {
    let Some(columns) = columns(profile) else {
        let types = profile.header().sample_types.iter().map(|t| profile.text(t.kind)).collect::<Vec<_>>().join(", ");
        return Err(Malformed::new(format!("it counts {types}: neither memory in use nor goroutines")));
    };
    let header = profile.header();
    let mut code = Code::default();
    profile.locations().iter().for_each(|location| code.location(profile, location));
    let mut entries = Vec::with_capacity(profile.sample_count());
    let links = code.links();
    let (first, end) = profile.sample_range;
    // Most ids of locations take two bytes or more.
    let (mut stacks, mut total) = (Vec::with_capacity((end - first) / 2), Figures::default());
    let mut samples = profile.samples();
    let size_of = size_reader(profile);
    while let Some(sample) = samples.read()? {
        let figures = columns.figures(sample.values);
        total.add(&figures);
        let start = stacks.len() as u32;
        stacks.extend_from_slice(sample.locations);
        let stack = (start, sample.locations.len() as u32);
        entries.push(Entry { key: key(sample.locations, &links), size: size_of(sample.labels), figures, stack });
    }
    let entries = in_order(&entries);
    Ok(Digest {
        name: name.into(),
        kind: columns.kind,
        at: (header.time_nanos != 0).then(|| header.time_nanos.div_euclid(1_000_000)).or(taken_at),
        period: match columns.kind {
            Kind::Heap if header.period > 0 => header.period as f64,
            Kind::Heap => ASSUMED_PERIOD,
            Kind::Goroutine => 1.0,
        },
        assumed_period: columns.kind == Kind::Heap && header.period <= 0,
        duration_nanos: header.duration_nanos,
        has_allocated: columns.allocated_bytes.is_some() && columns.allocated_objects.is_some(),
        program: profile.mappings().first().map(|mapping| Program {
            name: base(profile.text(mapping.file)).into(),
            build_id: cut(profile.text(mapping.build_id)).into(),
        }),
        mapped: mapped(profile),
        total,
        functions: code.functions,
        lines: code.lines,
        locations: code.locations,
        stacks,
        entries,
    })
}

/// What is mapped where. Of very many the first by hash are kept, so that two snapshots of a process keep the same.
fn mapped(profile: &Profile) -> Vec<Mapped> {
    let mut hashes: Map<Text, u64> = Map::default();
    let mut hash = |text: Text| *hashes.entry(text).or_insert_with(|| hashed(profile.text(text)).0);
    let named = profile.mappings().iter().filter(|m| !profile.text(m.file).is_empty());
    let places = named.map(|m| (FixedState::default().hash_one((hash(m.file), hash(m.build_id))), m.start, m.file));
    let mut places: Vec<(u64, u64, Text)> = places.collect();
    places.sort_unstable();
    places.dedup_by_key(|(hash, start, _)| (*hash, *start));
    places.truncate(MOST_MAPPED);
    let kept = |(hash, start, file)| Mapped { hash, start, name: base(profile.text(file)).into() };
    places.into_iter().map(kept).collect()
}

/// The name of a file without its folders.
fn base(file: &str) -> &str {
    cut(file.rsplit('/').next().unwrap_or_default())
}

/// A name as far as it is kept.
fn cut(name: &str) -> &str {
    &name[..name.floor_char_boundary(LONGEST_NAME)]
}

/// By key and size. Keys are sorted with their places, and each entry, several times as large, is moved once.
fn in_order(entries: &[Entry]) -> Vec<Entry> {
    let mut order: Vec<(u64, u32)> = entries.iter().zip(0..).map(|(entry, at)| (entry.key, at)).collect();
    order.sort_unstable();
    let mut sorted: Vec<Entry> = order.iter().map(|(_, at)| entries[*at as usize]).collect();
    sorted.chunk_by_mut(|a, b| a.key == b.key).for_each(|stack| stack.sort_unstable_by_key(|entry| entry.size));
    sorted
}

/// Reads the `bytes` label, which Go's heap profiles carry: the size class of the objects.
fn size_reader(profile: &Profile) -> impl Fn(&[Label]) -> i64 {
    let key = (0..profile.text_count()).find(|i| profile.text(Text(*i as u32)) == "bytes");
    move |labels| {
        let size = |label: &Label| match label.value {
            LabelValue::Number { value, .. } if Some(label.key.place()) == key => Some(value),
            _ => None,
        };
        labels.iter().find_map(size).unwrap_or(0)
    }
}

/// Functions, lines and locations under hashes that are the same in every snapshot.
#[derive(Default)]
struct Code {
    functions: Vec<Function>,
    places: Map<u64, u32>,
    /// What was read already: thousands of functions may have one long name.
    texts: Map<Text, (u64, Arc<str>)>,
    lines: Vec<(u32, i64)>,
    locations: Vec<(u32, u32)>,
}

impl Code {
    fn location(&mut self, profile: &Profile, location: &Location) {
        let first = self.lines.len() as u32;
        for line in profile.lines(location) {
            let function = self.function_of(profile, line);
            let again = self.lines[first as usize..].last().is_some_and(|(before, _)| *before == function);
            if !again {
                self.lines.push((function, line.line));
            }
        }
        if self.lines.len() as u32 == first {
            let function = self.unnamed(profile, location);
            self.lines.push((function, 0));
        }
        self.locations.push((first, self.lines.len() as u32 - first));
    }

    fn function_of(&mut self, profile: &Profile, line: &Line) -> u32 {
        let function = &profile.functions()[line.function as usize];
        let named = !profile.text(function.name).is_empty();
        let name = self.text(profile, if named { function.name } else { function.system_name });
        let file = self.text(profile, function.file);
        self.function(name, file)
    }

    /// A place without symbols goes by its offset in the file, which is the same in every process of a build.
    fn unnamed(&mut self, profile: &Profile, location: &Location) -> u32 {
        let mapping = location.mapping().and_then(|place| profile.mappings().get(place));
        let (file, offset) = match mapping {
            Some(m) => (m.file, location.address.wrapping_sub(m.start).wrapping_add(m.offset)),
            None => (Text::default(), location.address),
        };
        let file = self.text(profile, file);
        let name = match base(&file.1) {
            "" => format!("?+{offset:#x}"),
            base => format!("{base}+{offset:#x}"),
        };
        self.function(hashed(&name), file)
    }

    fn text(&mut self, profile: &Profile, text: Text) -> (u64, Arc<str>) {
        self.texts.entry(text).or_insert_with(|| hashed(profile.text(text))).clone()
    }

    fn function(&mut self, (name_hash, name): (u64, Arc<str>), (file_hash, file): (u64, Arc<str>)) -> u32 {
        let hash = FixedState::default().hash_one((name_hash, file_hash));
        let Code { functions, places, .. } = self;
        *places.entry(hash).or_insert_with(|| {
            functions.push(Function { hash, name, file });
            functions.len() as u32 - 1
        })
    }

    /// What each location adds to the hash of a stack.
    fn links(&self) -> Vec<Link> {
        let link = |(first, count): &(u32, u32)| {
            let lines = &self.lines[*first as usize..(*first + *count) as usize];
            let end = |at: Option<&(u32, i64)>| at.map_or(u32::MAX, |(function, _)| *function);
            let mut link = Link { hash: 0, factor: 1, first: end(lines.first()), last: end(lines.last()) };
            for (function, _) in lines {
                link.hash = link.hash.wrapping_mul(FACTOR).wrapping_add(self.functions[*function as usize].hash);
                link.factor = link.factor.wrapping_mul(FACTOR);
            }
            link
        };
        self.locations.iter().map(link).collect()
    }
}

/// The hash of all of a text, and what is kept of it.
fn hashed(text: &str) -> (u64, Arc<str>) {
    (FixedState::default().hash_one(text), cut(text).into())
}

/// The number that the hash of a stack is a polynomial of: odd, 2^64 over the golden ratio (Knuth, TAOCP 3, 6.4).
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// A location in the hash of a stack: `hash * factor + its own`, as its functions one by one would make it.
#[derive(Clone, Copy)]
struct Link {
    hash: u64,
    factor: u64,
    /// Its innermost function.
    first: u32,
    /// Its outermost function.
    last: u32,
}

/// Hash of the functions of a stack, each once however often it calls itself.
fn key(stack: &[u32], links: &[Link]) -> u64 {
    let (mut key, mut before) = (0u64, u32::MAX);
    for place in stack {
        let link = &links[*place as usize];
        // A location of one function that the last one was in already is the function calling itself.
        if link.first != before || link.first != link.last {
            key = key.wrapping_mul(link.factor).wrapping_add(link.hash);
        }
        before = link.last;
    }
    key ^ key >> 29
}
