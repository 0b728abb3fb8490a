//! The stacks of profiles as one tree: what begins alike stands once.

use std::hash::BuildHasher;

use model::profile::graph::Part;
use model::profile::{Label, LabelValue, Malformed, Map, Profile, Sample};

use super::frames::{Frames, Step};

/// Frames of a stack that are told apart; Go writes 1,024 at most (`GODEBUG=profstackdepth`).
pub(super) const DEEPEST: usize = 1024;

/// Marks no place.
const NONE: u32 = u32::MAX;

/// A call path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    /// The path without its last frame; smaller than the place of this one.
    pub(super) parent: u32,
    /// The last frame.
    pub(super) frame: u32,
    /// The line in it; 0 where several or none are known.
    pub(super) line: u32,
    /// The place of its own values, where samples end here.
    slot: u32,
}

/// A value with what was added to it and what was taken away apart, neither with a sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) plus: u64,
    pub(super) minus: u64,
}

impl Change {
    /// Of one sample.
    pub(super) fn of(value: i64) -> Change {
        let size = value.unsigned_abs();
        if value < 0 { Change { plus: 0, minus: size } } else { Change { plus: size, minus: 0 } }
    }

    pub(super) fn add(&mut self, other: Change) {
        self.plus = self.plus.saturating_add(other.plus);
        self.minus = self.minus.saturating_add(other.minus);
    }

    /// The width of its box.
    pub(super) fn width(self) -> u64 {
        self.plus.saturating_add(self.minus)
    }

    /// With its sign.
    pub(super) fn net(self) -> i64 {
        let size = i64::try_from(self.plus.abs_diff(self.minus)).unwrap_or(i64::MAX);
        if self.plus < self.minus { -size } else { size }
    }
}

/// What a frame holds itself, and with all it calls.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Weight {
    pub(super) flat: Change,
    pub(super) cum: Change,
}

/// All call paths and their own values.
pub(super) struct Trie {
    pub(super) nodes: Vec<Node>,
    /// For each slot one value of each kind shown.
    own: Vec<Change>,
    kinds: usize,
    /// By frame, of the first kind.
    pub(super) weights: Vec<Weight>,
    /// What shares are of, by kind.
    pub(super) totals: Vec<u64>,
    /// Whether anything was taken away.
    pub(super) diff: bool,
    /// Whether what was taken away is a base that shares are of.
    pub(super) based: bool,
    /// Stacks deeper than [`DEEPEST`].
    pub(super) cut: usize,
    table: Table,
    /// By frame, the sample that counted it last.
    seen: Vec<u32>,
    samples: u32,
}

impl Trie {
    /// Of all samples; `kinds` are places among the sample types, the first of which the frames are weighed by.
    pub(super) fn new(parts: &[Part<'_>], frames: &Frames, kinds: &[usize]) -> Result<Trie, Malformed> {
        let mut trie = Trie {
            nodes: vec![Node { parent: 0, frame: NONE, line: 0, slot: NONE }],
            own: Vec::new(),
            kinds: kinds.len(),
            weights: vec![Weight::default(); frames.len()],
            totals: vec![0; kinds.len()],
            diff: false,
            based: false,
            cut: 0,
            table: Table::new(),
            seen: vec![0; frames.len()],
            samples: 0,
        };
        let mut base_totals = trie.totals.clone();
        for (part, Part { profile, base }) in parts.iter().enumerate() {
            let mut samples = profile.samples();
            while let Some(sample) = samples.read()? {
                let based = *base || sample.labels.iter().any(|l| is_base(profile, l));
                trie.based |= based;
                let sign = if *base { -1 } else { 1 };
                let value = |kind: &usize| sample.values.get(*kind).map_or(0, |v| v.wrapping_mul(sign));
                if kinds.iter().all(|kind| value(kind) == 0) {
                    continue;
                }
                let slot = trie.descend(frames, part, &sample, Change::of(value(&kinds[0])))?;
                for (place, kind) in kinds.iter().enumerate() {
                    let change = Change::of(value(kind));
                    trie.diff |= change.minus > 0;
                    trie.own[slot + place].add(change);
                    let total = if based { &mut base_totals[place] } else { &mut trie.totals[place] };
                    *total = total.saturating_add(change.width());
                }
            }
        }
        if trie.based {
            trie.totals = base_totals;
        }
        (trie.table, trie.seen) = (Table::new(), Vec::new());
        Ok(trie)
    }

    /// Goes from the root to the end of a stack and gives the place of the values there.
    fn descend(
        &mut self,
        frames: &Frames,
        part: usize,
        sample: &Sample<'_>,
        change: Change,
    ) -> Result<usize, Malformed> {
        self.samples = self.samples.wrapping_add(1);
        let (mut node, mut depth) = (0, 0);
        'stack: for location in sample.locations.iter().rev() {
            for step in frames.steps(part, *location) {
                if depth == DEEPEST {
                    self.cut += 1;
                    break 'stack;
                }
                depth += 1;
                self.count(step.frame, change);
                node = self.child(node, *step)?;
            }
        }
        let leaf = sample.locations.first().and_then(|location| frames.steps(part, *location).last());
        if let Some(step) = leaf {
            self.weights[step.frame as usize].flat.add(change);
            self.count(step.frame, change);
        }
        let slot = &mut self.nodes[node as usize].slot;
        if *slot == NONE {
            *slot = (self.own.len() / self.kinds) as u32;
            self.own.resize(self.own.len() + self.kinds, Change::default());
        }
        Ok(*slot as usize * self.kinds)
    }

    /// Adds to what a frame holds with all it calls, once a sample.
    fn count(&mut self, frame: u32, change: Change) {
        let seen = &mut self.seen[frame as usize];
        if *seen != self.samples {
            *seen = self.samples;
            self.weights[frame as usize].cum.add(change);
        }
    }

    /// The path that is one step longer.
    fn child(&mut self, parent: u32, step: Step) -> Result<u32, Malformed> {
        let mut at = self.table.first(parent, step.frame);
        loop {
            let place = self.table.places[at];
            let Some(node) = self.nodes.get_mut(place as usize) else { break };
            if node.parent == parent && node.frame == step.frame {
                if node.line != step.line {
                    node.line = 0;
                }
                return Ok(place);
            }
            at = (at + 1) & self.table.mask();
        }
        let place = self.nodes.len() as u32;
        if place >= NONE / 4 {
            return Err(Malformed::new("it has more call paths than a flame graph can be made of"));
        }
        self.table.places[at] = place;
        self.nodes.push(Node { parent, frame: step.frame, line: step.line, slot: NONE });
        if self.nodes.len() * 2 > self.table.places.len() {
            self.table.grow(&self.nodes);
        }
        Ok(place)
    }

    /// The own value of a path.
    pub(super) fn own(&self, node: &Node, kind: usize) -> Option<Change> {
        (node.slot != NONE).then(|| self.own[node.slot as usize * self.kinds + kind])
    }
}

/// Whether a label says that its sample is of a base.
fn is_base(profile: &Profile, label: &Label) -> bool {
    match label.value {
        LabelValue::Text(text) => profile.text(label.key) == "pprof::base" && profile.text(text) == "true",
        LabelValue::Number { .. } => false,
    }
}

/// Places of paths by parent and frame, with open addressing: four bytes a path is what keeps large profiles in cache.
struct Table {
    places: Vec<u32>,
    /// Seeded at random, since profiles come from outside.
    hasher: Map<(), ()>,
}

impl Table {
    fn new() -> Table {
        Table { places: vec![NONE; 1 << 12], hasher: Map::default() }
    }

    fn mask(&self) -> usize {
        self.places.len() - 1
    }

    fn first(&self, parent: u32, frame: u32) -> usize {
        self.hasher.hasher().hash_one(u64::from(parent) << 32 | u64::from(frame)) as usize & self.mask()
    }

    fn grow(&mut self, nodes: &[Node]) {
        self.places = vec![NONE; self.places.len() * 4];
        for (place, node) in nodes.iter().enumerate().skip(1) {
            let mut at = self.first(node.parent, node.frame);
            while self.places[at] != NONE {
                at = (at + 1) & self.mask();
            }
            self.places[at] = place as u32;
        }
    }
}
