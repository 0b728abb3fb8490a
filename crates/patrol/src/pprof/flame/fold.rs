//! The boxes of a flame graph: call paths of any weight, the rest folded into the path above it.

use super::trie::{Change, Trie};

/// A path below this share of every kind of value is folded.
pub(super) const LEAST: f64 = 1e-4;
/// No more boxes than this; those of least share are folded first.
pub(super) const MOST: usize = 50_000;

/// Boxes in preorder, the widest of a row first; the first is the root.
pub(super) struct Boxes {
    pub(super) depth: Vec<u32>,
    /// None of the root.
    pub(super) frame: Vec<Option<u32>>,
    /// The line in it; 0 where several or none are known.
    pub(super) line: Vec<u32>,
    /// By kind, then by box.
    pub(super) own: Vec<Vec<Change>>,
    /// What was folded into it.
    pub(super) rest: Vec<Vec<Change>>,
    /// Paths that were folded.
    pub(super) folded: usize,
    /// The share, of the kind it is most of, that a path had to have.
    pub(super) least: f64,
}

/// Folds the paths of little share.
pub(super) fn fold(trie: &Trie) -> Boxes {
    let count = trie.nodes.len();
    let mut shares = vec![0f32; count];
    let mut widths = Vec::new();
    for kind in (0..trie.totals.len()).rev() {
        widths = sums(trie, kind);
        // Shares of what the picture is wide, which is more than the total where there is a base.
        let whole = widths[0].max(1) as f64;
        shares.iter_mut().zip(&widths).for_each(|(share, width)| *share = share.max((*width as f64 / whole) as f32));
    }
    let mut kept: Vec<u32> = (1..count as u32).filter(|n| f64::from(shares[*n as usize]) >= LEAST).collect();
    let mut least = LEAST;
    if kept.len() >= MOST {
        // Of two with one share the one nearer to the root comes first, so that no path loses its beginning.
        let order = |one: &u32, other: &u32| {
            shares[*other as usize].total_cmp(&shares[*one as usize]).then_with(|| one.cmp(other))
        };
        kept.select_nth_unstable_by(MOST - 2, order);
        least = f64::from(shares[kept[MOST - 2] as usize]);
        kept.truncate(MOST - 1);
        kept.sort_unstable();
    }
    let order = preorder(trie, &kept, &widths);
    let mut boxes = placed(trie, &order);
    boxes.folded = count - order.len();
    boxes.least = least;
    boxes
}

/// The width of each path, with all below it.
fn sums(trie: &Trie, kind: usize) -> Vec<u64> {
    let own = |node| trie.own(node, kind).map_or(0, Change::width);
    let mut widths: Vec<u64> = trie.nodes.iter().map(own).collect();
    for place in (1..widths.len()).rev() {
        let parent = trie.nodes[place].parent as usize;
        widths[parent] = widths[parent].saturating_add(widths[place]);
    }
    widths
}

/// The root and the paths kept, each before those below it, the widest first.
fn preorder(trie: &Trie, kept: &[u32], widths: &[u64]) -> Vec<u32> {
    let mut kept = kept.to_vec();
    let key = |node: &u32| (trie.nodes[*node as usize].parent, widths[*node as usize], std::cmp::Reverse(*node));
    kept.sort_unstable_by_key(key);
    // The run of those below one parent, the widest last.
    let below = |parent: u32| {
        let of = |node: &u32| trie.nodes[*node as usize].parent;
        let start = kept.partition_point(|node| of(node) < parent);
        start..start + kept[start..].partition_point(|node| of(node) == parent)
    };
    let (mut order, mut open) = (Vec::with_capacity(kept.len() + 1), vec![0]);
    while let Some(node) = open.pop() {
        order.push(node);
        open.extend_from_slice(&kept[below(node)]);
    }
    order
}

/// The boxes of these paths, and the values of all others added to the nearest of them.
fn placed(trie: &Trie, order: &[u32]) -> Boxes {
    const FOLDED: u32 = 1 << 31;
    let (count, kinds) = (order.len(), trie.totals.len());
    // The box of each path, with a mark where it was folded into it.
    let mut boxes = vec![FOLDED; trie.nodes.len()];
    order.iter().enumerate().for_each(|(place, node)| boxes[*node as usize] = place as u32);
    let mut depth = vec![0; count];
    for (place, node) in order.iter().enumerate().skip(1) {
        depth[place] = depth[boxes[trie.nodes[*node as usize].parent as usize] as usize] + 1;
    }
    for node in 1..boxes.len() {
        if boxes[node] == FOLDED {
            boxes[node] = boxes[trie.nodes[node].parent as usize] | FOLDED;
        }
    }
    let mut own = vec![vec![Change::default(); count]; kinds];
    let mut rest = own.clone();
    for (node, place) in trie.nodes.iter().zip(&boxes) {
        for kind in 0..kinds {
            let Some(value) = trie.own(node, kind) else { break };
            let into = if place & FOLDED == 0 { &mut own } else { &mut rest };
            into[kind][(place & !FOLDED) as usize].add(value);
        }
    }
    let of = |node: &u32| trie.nodes[*node as usize];
    Boxes {
        depth,
        frame: order.iter().map(|n| (*n != 0).then(|| of(n).frame)).collect(),
        line: order.iter().map(|n| of(n).line).collect(),
        own,
        rest,
        folded: 0,
        least: 0.0,
    }
}

impl Boxes {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.depth.len()
    }

    /// Values with all below, of one kind.
    pub(super) fn cumulative(&self, kind: usize) -> Vec<Change> {
        let mut sums = self.own[kind].clone();
        sums.iter_mut().zip(&self.rest[kind]).for_each(|(sum, rest)| sum.add(*rest));
        // In preorder the box above is the last one of one depth less.
        let mut open: Vec<usize> = Vec::new();
        let mut parents = vec![0; self.len()];
        for (place, depth) in self.depth.iter().enumerate() {
            open.truncate(*depth as usize);
            parents[place] = open.last().copied().unwrap_or_default();
            open.push(place);
        }
        for place in (1..self.len()).rev() {
            let sum = sums[place];
            sums[parents[place]].add(sum);
        }
        sums
    }

    /// What was folded, of one kind.
    pub(super) fn folded(&self, kind: usize) -> u64 {
        self.rest[kind].iter().fold(0, |sum: u64, rest| sum.saturating_add(rest.width()))
    }
}
