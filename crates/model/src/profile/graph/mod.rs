//! The call graph of profiles: what each function, line or address holds itself, and with all it calls.
//!
//! A node is a function (or line, file, address: [`Granularity`]); its flat value is what samples have at it as their
//! innermost frame, its cumulative value what they have with it anywhere in the stack, counted once a sample. An edge
//! goes from caller to callee. The rules are those of `internal/graph` in github.com/google/pprof, so that reports
//! agree; the way is ours: names are joined once a location, samples are read straight out of the bytes, and edges are
//! gathered only where a report needs them.

mod nodes;
mod trim;
mod weigh;

pub use nodes::{Granularity, Names, NodeInfo, Shape, base_name, clean};
pub use trim::{Limits, Trimmed};
pub use weigh::{Edges, Measure, Totals, totals};

use super::{Malformed, Profile};
use nodes::Nodes;
use weigh::Weights;

/// One of the profiles a graph is made of.
#[derive(Clone, Copy, Debug)]
pub struct Part<'p> {
    /// The profile.
    pub profile: &'p Profile,
    /// Whether its values are subtracted, and totals are taken of it alone.
    pub base: bool,
}

/// A node with its values.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it is.
    pub info: NodeInfo,
    /// Its own value, sum of all samples.
    pub flat: i64,
    /// Its value with all it calls.
    pub cum: i64,
    /// Divisor of the own value where means are asked for; 0 otherwise.
    pub flat_divisor: i64,
    /// Divisor of the cumulative value.
    pub cum_divisor: i64,
}

impl Node {
    /// The own value, as a mean where means are asked for.
    pub fn flat_value(&self) -> i64 {
        if self.flat_divisor == 0 { self.flat } else { self.flat.wrapping_div(self.flat_divisor) }
    }

    /// The cumulative value, as a mean where means are asked for.
    pub fn cum_value(&self) -> i64 {
        if self.cum_divisor == 0 { self.cum } else { self.cum.wrapping_div(self.cum_divisor) }
    }
}

/// A call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Place of the calling node in the frames.
    pub caller: u32,
    /// Place of the called node.
    pub callee: u32,
    /// The value of all samples that go this way.
    pub weight: i64,
    /// Whether the callee was always inlined into the caller.
    pub inline: bool,
}

/// The nodes that locations of the parts stand for; made once, weighed as often as wanted.
pub struct Frames<'p> {
    parts: Vec<Part<'p>>,
    nodes: Nodes,
}

/// What weighing gave: values by node, edges, and totals.
pub struct Weighed {
    weights: Weights,
    /// The edges that were asked for.
    pub edges: Vec<Edge>,
    /// Sums over all samples.
    pub totals: Totals,
}

impl<'p> Frames<'p> {
    /// Joins the locations of all parts into nodes.
    pub fn new(parts: &[Part<'p>], shape: &Shape, names: Names<'_>) -> Frames<'p> {
        Frames { parts: parts.to_vec(), nodes: Nodes::new(parts, shape, names) }
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.infos.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.nodes.infos.is_empty()
    }

    /// The nodes of a location of a part, both by their places: innermost first, at least one.
    pub fn at(&self, part: usize, location: u32) -> &[u32] {
        self.nodes.parts[part].of(location)
    }

    /// What a node is.
    pub fn info(&self, node: u32) -> &NodeInfo {
        &self.nodes.infos[node as usize]
    }

    /// Whether a node is inlined anywhere.
    pub fn inlined(&self, node: u32) -> bool {
        self.nodes.inlined[node as usize]
    }

    /// Adds up all samples over the nodes that `kept` says (all without it). A call that goes through nodes which are
    /// not kept is an edge between those that are; a sample whose innermost frame is not kept is nobody's own.
    pub fn weigh(&self, measure: Measure, kept: Option<&[bool]>, edges: Edges) -> Result<Weighed, Malformed> {
        weigh::weigh(&self.parts, &self.nodes, measure, kept, edges)
    }

    /// The node with its values.
    pub fn node(&self, weighed: &Weighed, node: u32) -> Node {
        let of = |values: &[i64]| values.get(node as usize).copied().unwrap_or_default();
        let Weights { flat, cum, flat_divisor, cum_divisor } = &weighed.weights;
        Node {
            info: self.info(node).clone(),
            flat: of(flat),
            cum: of(cum),
            flat_divisor: of(flat_divisor),
            cum_divisor: of(cum_divisor),
        }
    }
}

impl Weighed {
    /// Own and cumulative value of a node.
    pub fn values(&self, node: u32) -> (i64, i64) {
        (self.weights.flat[node as usize], self.weights.cum[node as usize])
    }
}

#[cfg(test)]
mod tests;
