//! Which nodes and edges of a graph a report shows, and in which order.

use std::cmp::Ordering;

use super::{Edge, Edges, Frames, Measure, NodeInfo, Totals, Weighed};
use crate::profile::{Malformed, Map};

/// What to leave out.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Nodes whose cumulative value is below this share of the sum of own values.
    pub node_fraction: f64,
    /// Edges whose weight is below this share of it.
    pub edge_fraction: f64,
    /// All but so many nodes; 0 keeps all.
    pub node_count: usize,
    /// Whether nodes are in the order of their cumulative values.
    pub by_cum: bool,
    /// Whether nodes that shrank are left out.
    pub drop_negative: bool,
    /// The edges wanted.
    pub edges: Edges,
}

/// The nodes shown, in order, and the edges between them.
pub struct Trimmed {
    /// Places of the nodes.
    pub nodes: Vec<u32>,
    /// How many there were after those of little value were dropped.
    pub node_count: usize,
    /// How many of little value were dropped.
    pub dropped: usize,
    /// Values and totals.
    pub weighed: Weighed,
    /// Edges by callee.
    into: Map<u32, Vec<Edge>>,
    /// Edges by caller.
    out_of: Map<u32, Vec<Edge>>,
}

impl Frames<'_> {
    /// Weighs the frames and trims the graph in the order of the reference: nodes of little value, then all but the
    /// first so many, then edges of little value.
    pub fn trimmed(&self, measure: Measure, limits: &Limits) -> Result<Trimmed, Malformed> {
        let whole = limits.node_fraction == 0.0 && limits.node_count == 0;
        let weighed = self.weigh(measure, None, if whole { limits.edges } else { Edges::None })?;
        let mut nodes = self.with_value(&weighed, limits.drop_negative);
        let (all, sum) = (nodes.len(), nodes.iter().fold(0i64, |sum, n| sum.wrapping_add(weighed.values(*n).0)));
        let cutoff = |fraction: f64| ((sum as f64 * fraction) as i64).wrapping_abs();
        let node_cutoff = cutoff(limits.node_fraction);
        if node_cutoff > 0 {
            nodes.retain(|n| weighed.values(*n).1.wrapping_abs() >= node_cutoff);
        }
        let node_count = nodes.len();
        self.sort(&mut nodes, &weighed, limits.by_cum);
        if limits.node_count > 0 {
            nodes.truncate(limits.node_count);
        }
        let mut kept = vec![false; self.len()];
        nodes.iter().for_each(|n| kept[*n as usize] = true);
        let mut edges = weighed.edges;
        let mut weighed = Weighed { edges: Vec::new(), ..weighed };
        let any = limits.edges == Edges::All || nodes.iter().any(|n| self.inlined(*n));
        if !whole && limits.edges != Edges::None && any {
            let rebuilt = self.weigh(measure, (nodes.len() < all).then_some(&kept[..]), limits.edges)?;
            edges = rebuilt.edges;
        }
        let edge_cutoff = cutoff(limits.edge_fraction);
        edges.retain(|e| !kept[e.callee as usize] || e.weight.wrapping_abs() >= edge_cutoff);
        let (into, out_of) = (by_end(&edges, &kept, |e| e.callee), by_end(&edges, &kept, |e| e.caller));
        weighed.edges = edges;
        Ok(Trimmed { nodes, node_count, dropped: all - node_count, weighed, into, out_of })
    }

    /// The nodes with any value.
    fn with_value(&self, weighed: &Weighed, drop_negative: bool) -> Vec<u32> {
        let negative = |flat: i64, cum: i64| flat < 0 || flat == 0 && cum < 0;
        let shown = |node: &u32| match weighed.values(*node) {
            (0, 0) => false,
            (flat, cum) => !(drop_negative && negative(flat, cum)),
        };
        (0..self.len() as u32).filter(shown).collect()
    }

    /// Own (or cumulative) values descending, then names, then the other value descending.
    fn sort(&self, nodes: &mut [u32], weighed: &Weighed, by_cum: bool) {
        let names: Map<u32, String> = nodes.iter().map(|n| (*n, self.info(*n).to_string())).collect();
        nodes.sort_by(|left, right| {
            let values = |node: u32| {
                let (flat, cum) = weighed.values(node);
                let (flat, cum) = (flat.wrapping_abs(), cum.wrapping_abs());
                if by_cum { (cum, flat) } else { (flat, cum) }
            };
            let ((first, then), (other_first, other_then)) = (values(*left), values(*right));
            let (info, other) = (self.info(*left), self.info(*right));
            other_first
                .cmp(&first)
                .then_with(|| by_address(info, other).unwrap_or_else(|| names[left].cmp(&names[right])))
                .then(other_then.cmp(&then))
                .then_with(|| info.cmp(other))
        });
    }

    /// Puts edges in order: heaviest first, then by names.
    pub fn sort_edges(&self, edges: &mut [Edge]) {
        let names = |edge: &Edge| (self.info(edge.caller).to_string(), self.info(edge.callee).to_string());
        edges.sort_by(|a, b| {
            let weight = |edge: &Edge| edge.weight.wrapping_abs();
            weight(b).cmp(&weight(a)).then_with(|| names(a).cmp(&names(b)))
        });
    }
}

/// Edges by the node at one end, for the nodes shown.
fn by_end(edges: &[Edge], shown: &[bool], end: impl Fn(&Edge) -> u32) -> Map<u32, Vec<Edge>> {
    let mut found: Map<u32, Vec<Edge>> = Map::default();
    let wanted = edges.iter().filter(|edge| shown[end(edge) as usize]);
    wanted.for_each(|edge| found.entry(end(edge)).or_default().push(*edge));
    found
}

/// The order of two nodes that have different addresses.
fn by_address(one: &NodeInfo, other: &NodeInfo) -> Option<Ordering> {
    let differ = one.address != 0 && other.address != 0 && one.address != other.address;
    differ.then(|| one.address.cmp(&other.address))
}

impl Trimmed {
    /// Sums over all samples.
    pub fn totals(&self) -> Totals {
        self.weighed.totals
    }

    /// The calls into a node, in no order.
    pub fn callers(&self, node: u32) -> &[Edge] {
        self.into.get(&node).map_or(&[], Vec::as_slice)
    }

    /// The calls out of a node, in no order.
    pub fn callees(&self, node: u32) -> &[Edge] {
        self.out_of.get(&node).map_or(&[], Vec::as_slice)
    }
}
