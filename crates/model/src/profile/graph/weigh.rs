//! Adds up samples over nodes and edges.

use super::nodes::{Nodes, PartNodes};
use super::{Edge, Part, Weighed};
use crate::profile::{Label, LabelValue, Malformed, Map, Profile, Sample, Samples};
use rayon::prelude::*;

/// Which of the values of a sample is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// Its place among the sample types.
    pub index: usize,
    /// The place of what it is divided by, where means are asked for.
    pub divisor: Option<usize>,
}

/// Which calls are gathered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edges {
    /// None.
    None,
    /// Those into nodes that are inlined somewhere: enough to say which always are.
    IntoInlined,
    /// All.
    All,
}

/// Sums over all samples, without their signs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    value: i64,
    divisor: i64,
    base_value: i64,
    base_divisor: i64,
    negative: bool,
}

impl Totals {
    /// Adds a sample; gives its value and divisor as they count, those of a base with their signs turned.
    fn add(&mut self, base: bool, marker: Option<Label>, sample: &Sample<'_>, measure: Measure) -> (i64, i64) {
        let turned = |value: i64| if base { value.wrapping_neg() } else { value };
        let value = turned(sample.values[measure.index]);
        let divisor = measure.divisor.map_or(0, |d| turned(sample.values[d]));
        self.negative |= sample.values[measure.index] < 0;
        self.value = self.value.wrapping_add(value.wrapping_abs());
        self.divisor = self.divisor.wrapping_add(divisor);
        if base || marker.is_some_and(|m| sample.labels.contains(&m)) {
            self.base_value = self.base_value.wrapping_add(value.wrapping_abs());
            self.base_divisor = self.base_divisor.wrapping_add(divisor);
        }
        (value, divisor)
    }

    fn join(&mut self, other: Totals) {
        self.value = self.value.wrapping_add(other.value);
        self.divisor = self.divisor.wrapping_add(other.divisor);
        self.base_value = self.base_value.wrapping_add(other.base_value);
        self.base_divisor = self.base_divisor.wrapping_add(other.base_divisor);
        self.negative |= other.negative;
    }

    /// Whether a sample was negative by itself, as in a profile that is a difference: samples of one stack in several
    /// profiles then have to be added up before their sizes are.
    pub fn negative(&self) -> bool {
        self.negative
    }

    /// What shares are taken of: the base where there is one, all otherwise; as a mean where means are asked for.
    pub fn total(&self) -> i64 {
        let based = self.base_value > 0;
        let (value, divisor) = if based { (self.base_value, self.base_divisor) } else { (self.value, self.divisor) };
        if divisor == 0 { value } else { value.wrapping_div(divisor) }
    }
}

/// Values by node.
#[derive(Default)]
pub(super) struct Weights {
    pub(super) flat: Vec<i64>,
    pub(super) cum: Vec<i64>,
    pub(super) flat_divisor: Vec<i64>,
    pub(super) cum_divisor: Vec<i64>,
}

/// An edge, and the sample that counted it last.
struct Counted {
    weight: i64,
    inline: bool,
    sample: u32,
}

/// What walks over the samples.
struct Walk<'a> {
    nodes: &'a Nodes,
    kept: Option<&'a [bool]>,
    gather: Edges,
    /// The sample that counted each node last.
    seen: Vec<u32>,
    sample: u32,
    weights: Weights,
    edges: Map<u64, Counted>,
    totals: Totals,
}

pub(super) fn weigh(
    parts: &[Part<'_>],
    nodes: &Nodes,
    measure: Measure,
    kept: Option<&[bool]>,
    gather: Edges,
) -> Result<Weighed, Malformed> {
    let markers: Vec<Option<Label>> = parts.iter().map(|part| base_marker(part.profile)).collect();
    let stretches: Vec<(usize, Samples<'_>)> =
        parts.iter().enumerate().flat_map(|(i, part)| part.profile.stretches().map(move |s| (i, s))).collect();
    // A share of the samples a thread; sums do not depend on how they were shared out.
    let threads = if stretches.len() > 1 { rayon::current_num_threads() } else { 1 };
    let share = stretches.len().div_ceil(threads).max(1);
    let mut shares = Vec::new();
    let mut rest = stretches.into_iter().peekable();
    while rest.peek().is_some() {
        shares.push(rest.by_ref().take(share).collect::<Vec<_>>());
    }
    let walk = |nodes| Walk::new(nodes, kept, gather, measure.divisor.is_some());
    let walked = |share: Vec<(usize, Samples<'_>)>| {
        let mut walk = walk(nodes);
        for (i, mut samples) in share {
            while let Some(sample) = samples.read()? {
                let (value, divisor) = walk.totals.add(parts[i].base, markers[i], &sample, measure);
                if value != 0 || divisor != 0 {
                    walk.sample(&nodes.parts[i], sample.locations, value, divisor);
                }
            }
        }
        Ok::<_, Malformed>(walk)
    };
    // Small profiles are done before threads have started.
    let walks: Vec<Walk<'_>> = match threads {
        1 => shares.into_iter().map(walked).collect::<Result<_, _>>()?,
        _ => shares.into_par_iter().map(walked).collect::<Result<_, _>>()?,
    };
    let walk = walks.into_iter().reduce(Walk::with).unwrap_or_else(|| walk(nodes));
    let edge = |(key, counted): (u64, Counted)| Edge {
        caller: (key >> 32) as u32,
        callee: key as u32,
        weight: counted.weight,
        inline: counted.inline,
    };
    let edges = walk.edges.into_iter().map(edge).collect();
    Ok(Weighed { weights: walk.weights, edges, totals: walk.totals })
}

/// The label that marks samples of a base in a profile that was written out.
fn base_marker(profile: &Profile) -> Option<Label> {
    Some(Label { key: profile.find_text("pprof::base")?, value: LabelValue::Text(profile.find_text("true")?) })
}

impl<'a> Walk<'a> {
    fn new(nodes: &'a Nodes, kept: Option<&'a [bool]>, gather: Edges, means: bool) -> Walk<'a> {
        let count = nodes.infos.len();
        let zeros = |wanted: bool| vec![0; if wanted { count } else { 0 }];
        Walk {
            nodes,
            kept,
            gather,
            seen: vec![0; count],
            sample: 0,
            weights: Weights {
                flat: zeros(true),
                cum: zeros(true),
                flat_divisor: zeros(means),
                cum_divisor: zeros(means),
            },
            edges: Map::default(),
            totals: Totals::default(),
        }
    }

    /// The sums of two walks.
    fn with(mut self, other: Walk<'a>) -> Walk<'a> {
        let add = |to: &mut [i64], from: &[i64]| to.iter_mut().zip(from).for_each(|(to, n)| *to = to.wrapping_add(*n));
        add(&mut self.weights.flat, &other.weights.flat);
        add(&mut self.weights.cum, &other.weights.cum);
        add(&mut self.weights.flat_divisor, &other.weights.flat_divisor);
        add(&mut self.weights.cum_divisor, &other.weights.cum_divisor);
        for (key, counted) in other.edges {
            let new = Counted { weight: 0, inline: true, sample: 0 };
            let sum = self.edges.entry(key).or_insert(new);
            sum.weight = sum.weight.wrapping_add(counted.weight);
            sum.inline &= counted.inline;
        }
        self.totals.join(other.totals);
        self
    }

    /// Goes from the outermost frame to the innermost.
    fn sample(&mut self, part: &PartNodes, locations: &[u32], value: i64, divisor: i64) {
        self.sample = self.sample.wrapping_add(1);
        let mut caller = None;
        let mut leaf = false;
        for location in locations.iter().rev() {
            let nodes = part.of(*location);
            for (i, node) in nodes.iter().enumerate().rev() {
                leaf = self.kept.is_none_or(|kept| kept[*node as usize]);
                if !leaf {
                    continue;
                }
                let place = *node as usize;
                if self.seen[place] != self.sample {
                    self.seen[place] = self.sample;
                    self.weights.cum[place] = self.weights.cum[place].wrapping_add(value);
                    if let Some(of) = self.weights.cum_divisor.get_mut(place) {
                        *of = of.wrapping_add(divisor);
                    }
                }
                if let Some(caller) = caller {
                    let wanted =
                        self.gather == Edges::All || self.gather == Edges::IntoInlined && self.nodes.inlined[place];
                    if wanted && caller != *node {
                        self.edge(caller, *node, value, i + 1 < nodes.len());
                    }
                }
                caller = Some(*node);
            }
        }
        if let Some(node) = caller.filter(|_| leaf) {
            let place = node as usize;
            self.weights.flat[place] = self.weights.flat[place].wrapping_add(value);
            if let Some(of) = self.weights.flat_divisor.get_mut(place) {
                *of = of.wrapping_add(divisor);
            }
        }
    }

    /// A call counts once a sample, however often it recurs in its stack.
    fn edge(&mut self, caller: u32, callee: u32, value: i64, inline: bool) {
        let new = Counted { weight: 0, inline: true, sample: 0 };
        let counted = self.edges.entry(u64::from(caller) << 32 | u64::from(callee)).or_insert(new);
        if counted.sample != self.sample {
            counted.sample = self.sample;
            counted.weight = counted.weight.wrapping_add(value);
            counted.inline &= inline;
        }
    }
}

/// Sums over all samples alone.
pub fn totals(parts: &[Part<'_>], measure: Measure) -> Result<Totals, Malformed> {
    let mut totals = Totals::default();
    for part in parts {
        let marker = base_marker(part.profile);
        let mut samples = part.profile.samples();
        while let Some(sample) = samples.read()? {
            totals.add(part.base, marker, &sample, measure);
        }
    }
    Ok(totals)
}
