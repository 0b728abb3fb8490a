//! Snapshots made to measure.

use std::collections::VecDeque;
use std::rc::Rc;

use crate::profile::suspects::{Digest, digest};
use crate::profile::{Builder, Frame, Header, Label, LabelValue, Mapping, Profile, ValueType};

/// At a snapshot: how many are in use, and how many were ever allocated.
type Course = Rc<dyn Fn(u64) -> (u64, u64)>;

/// Objects of one size that one path allocates.
#[derive(Clone)]
pub struct Objects {
    /// Outermost function first; none for a place without symbols.
    path: &'static [&'static str],
    /// Bytes each.
    size: i64,
    of: Course,
}

/// A heap over time.
pub struct Heap {
    /// Bytes between two samples.
    pub period: i64,
    /// What is in it.
    pub objects: Vec<Objects>,
}

impl Objects {
    /// Objects of which so many are in use and so many were allocated.
    pub fn new(path: &'static [&'static str], size: i64, of: impl Fn(u64) -> (u64, u64) + 'static) -> Objects {
        Objects { path, size, of: Rc::new(of) }
    }

    /// Objects that are never freed: as many in use as were allocated.
    pub fn kept(path: &'static [&'static str], size: i64, in_use: impl Fn(u64) -> u64 + 'static) -> Objects {
        Objects::new(path, size, move |i| (in_use(i), in_use(i)))
    }
}

/// Figures of one path and size of objects.
#[derive(Clone)]
struct Row {
    path: &'static [&'static str],
    size: i64,
    in_use: i64,
    allocated: i64,
}

/// One snapshot.
#[derive(Clone)]
pub struct Made {
    name: String,
    at: i64,
    period: i64,
    build: &'static str,
    seconds: i64,
    rows: Vec<Row>,
}

impl Made {
    /// The same, taken at another time, in milliseconds.
    pub fn at(self, at: i64) -> Made {
        Made { at, ..self }
    }

    /// The same under another name.
    pub fn named(self, name: &str) -> Made {
        Made { name: name.into(), ..self }
    }

    /// The same of another build.
    pub fn build(self, build: &'static str) -> Made {
        Made { build, ..self }
    }

    /// The same, as a difference over so many seconds.
    pub fn lasting(self, seconds: i64) -> Made {
        Made { seconds, ..self }
    }

    fn profile(&self, types: &[&str]) -> Profile {
        let mut builder = Builder::new();
        let [file, build_id, bytes] = ["/usr/bin/shop", self.build, "bytes"].map(|text| builder.text(text));
        let start = 0x1000 * (1 + self.at as u64 % 2);
        let symbols = self.rows.iter().all(|row| !row.path.is_empty());
        let start = if symbols { 0x1000 } else { start };
        builder.mapping(&Mapping { start, limit: start + 0x1000, file, build_id, ..Mapping::default() });
        for row in &self.rows {
            let frames = row.path.iter().rev().map(|name| {
                let name = builder.text(name);
                let function = builder.function(name, name, file, 1);
                Frame { function, line: 7, column: 0 }
            });
            let frames: Vec<Frame> = frames.collect();
            let locations: Vec<u64> = match frames.is_empty() {
                true => vec![builder.location(1, start + 0x10, &[], false)],
                false => frames.iter().map(|frame| builder.location(1, start + 0x20, &[*frame], false)).collect(),
            };
            let value = |kind: &&str| match *kind {
                "alloc_objects" => row.allocated,
                "alloc_space" => row.allocated.saturating_mul(row.size),
                "inuse_space" | "space" => row.in_use.saturating_mul(row.size),
                _ => row.in_use,
            };
            let values: Vec<i64> = types.iter().map(value).collect();
            let label = Label { key: bytes, value: LabelValue::Number { value: row.size, unit: bytes } };
            builder.sample(locations, &values, &[label]);
        }
        let kind = |kind: &&str| ValueType { kind: builder.text(kind), unit: bytes };
        let header = Header {
            sample_types: types.iter().map(kind).collect(),
            time_nanos: self.at.saturating_add(1_700_000_000_000).saturating_mul(1_000_000),
            duration_nanos: self.seconds * 1_000_000_000,
            period: self.period,
            ..Header::default()
        };
        builder.finish(&header).unwrap()
    }
}

/// Snapshots so many seconds apart.
pub fn every(seconds: i64, count: usize, heap: &Heap) -> Vec<Made> {
    let row = |objects: &Objects, at: usize| {
        let (in_use, allocated) = (objects.of)(at as u64);
        Row { path: objects.path, size: objects.size, in_use: in_use as i64, allocated: allocated as i64 }
    };
    // Every program does something: garbage, of which always as much is in use.
    let garbage = Objects::new(&["main.main", "a.b/json.Parse"], 64, |i| (8_192, 8_192 + 100_000 * i));
    let made = |at: usize| Made {
        name: format!("heap {}", at + 1),
        at: seconds * 1000 * at as i64,
        period: heap.period,
        build: "cafe",
        seconds: 0,
        rows: heap.objects.iter().chain([&garbage]).map(|objects| row(objects, at)).collect(),
    };
    (0..count).map(made).collect()
}

fn digested(made: &[Made], types: &[&str]) -> Vec<Digest> {
    made.iter().map(|made| digest(&made.profile(types), &made.name, None).unwrap()).collect()
}

/// As Go writes them.
pub fn digests(made: &[Made]) -> Vec<Digest> {
    digested(made, &["alloc_objects", "alloc_space", "inuse_objects", "inuse_space"])
}

/// As jemalloc writes them.
pub fn in_use_only(made: &[Made]) -> Vec<Digest> {
    digested(made, &["objects", "space"])
}

/// Profiles of goroutines that stand in one stack, innermost function first.
pub fn goroutines(seconds: i64, count: usize, stack: &[&'static str], of: fn(u64) -> u64) -> Vec<Digest> {
    let path: Vec<&'static str> = stack.iter().rev().copied().collect();
    let heap = Heap { period: 1, objects: vec![Objects::kept(path.leak(), 1, of)] };
    let mut made = every(seconds, count, &heap);
    made.iter_mut().for_each(|made| made.rows.truncate(1));
    digested(&made, &["goroutine"])
}

/// Snapshots with these figures, of a heap and of goroutines.
pub fn wild(values: &[(i64, i64)], period: i64) -> Vec<Digest> {
    let row = |size, in_use, allocated| Row { path: &["main.main", "a.b/c.d"], size, in_use, allocated };
    let made = |(at, (a, b)): (usize, &(i64, i64))| Made {
        name: format!("wild {at}"),
        at: at as i64 * 1000,
        period,
        build: "",
        seconds: 0,
        rows: vec![row(*b, *a, *b), row(8, *b, *a)],
    };
    let made: Vec<Made> = values.iter().enumerate().map(made).collect();
    let mut all = digests(&made);
    all.extend(in_use_only(&made));
    all.extend(digested(&made, &["goroutine"]));
    all
}

/// Chance that is the same in every run: a linear congruential generator (Knuth's MMIX).
pub struct Chance(u64);

impl Chance {
    /// From a seed.
    pub fn new(seed: u64) -> Chance {
        Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// From 0 to 1.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// How many of `count` are sampled.
    fn of(&mut self, count: usize, share: f64) -> i64 {
        (0..count).filter(|_| self.next() < share).count() as i64
    }
}

/// Six snapshots of what sampling shows of objects of 8 KiB: a full cache of so many, of which so many are replaced
/// between two snapshots, and so many leaked beside.
pub fn sampled(chance: &mut Chance, room: usize, replaced: usize, leaked: usize) -> Vec<Made> {
    const CACHE: &[&str] = &["main.fill", "a.b/page.load"];
    const LEAK: &[&str] = &["main.serve", "a.b/session.New"];
    const SIZE: i64 = 8_192;
    let share = -(-(SIZE as f64) / 524_288.0).exp_m1();
    let whole = |sampled: i64| (sampled as f64 / share).round() as i64;
    let mut cached = chance.of(room, share);
    let (mut allocated, mut kept) = (cached, 0);
    let snapshot = |at: usize| {
        if at > 0 {
            let (came, left) = (chance.of(replaced, share), room - replaced.min(room));
            // Of those in use the sampled ones are replaced as often as the others.
            let stays = (0..cached).filter(|_| chance.next() < left as f64 / room.max(1) as f64).count() as i64;
            (cached, allocated) = (stays + came, allocated + came);
            kept += chance.of(leaked, share);
        }
        let row =
            |path, in_use, allocated| Row { path, size: SIZE, in_use: whole(in_use), allocated: whole(allocated) };
        let rows = vec![row(CACHE, cached, allocated), row(LEAK, kept, kept)];
        let at = at as i64;
        Made { name: format!("heap {at}"), at: at * 10_000, period: 524_288, build: "cafe", seconds: 0, rows }
    };
    (0..6).map(snapshot).collect()
}

/// Six snapshots of what sampling shows of a cache of objects of 8 KiB, first in first out, that is full after this
/// share of the time; 30 sampled objects come in an interval.
pub fn filling(chance: &mut Chance, share_of_time: f64) -> Vec<Made> {
    const CACHE: &[&str] = &["main.fill", "a.b/page.load"];
    const SIZE: i64 = 8_192;
    let sampled = -(-(SIZE as f64) / 524_288.0).exp_m1();
    let arrivals = 30.0 / sampled;
    // The first snapshot is taken half an interval after the start.
    let room = (share_of_time * 5.5 * arrivals) as usize;
    let mut queue: VecDeque<bool> = VecDeque::new();
    let mut came = 0;
    let snapshot = |at: usize| {
        let count = if at == 0 { arrivals / 2.0 } else { arrivals };
        for _ in 0..count as usize {
            let is_sampled = chance.next() < sampled;
            came += i64::from(is_sampled);
            queue.push_back(is_sampled);
            if queue.len() > room {
                queue.pop_front();
            }
        }
        let held = queue.iter().filter(|is_sampled| **is_sampled).count() as i64;
        let whole = |count: i64| (count as f64 / sampled).round() as i64;
        let rows = vec![Row { path: CACHE, size: SIZE, in_use: whole(held), allocated: whole(came) }];
        let at = at as i64;
        Made { name: format!("heap {at}"), at: at * 10_000, period: 524_288, build: "cafe", seconds: 0, rows }
    };
    (0..6).map(snapshot).collect()
}
