//! The call tree of growth: from all that moved to the few call paths that grew.
//!
//! The rule is that of Eclipse MAT's accumulation points, applied to call trees: walk to the child that holds at least
//! 0.7 of its parent, and stop where no child does.

use std::sync::Arc;

use super::super::Map;
use super::code;
use super::digest::Digest;
use super::join::{Joined, Stack};

/// The child that holds this share of its parent is where the growth is (Eclipse MAT, `big_drop_ratio`).
const HEAVY: f64 = 0.7;
/// A branch below this share of all growth is no matter (Eclipse MAT, `FindLeaksQuery2`, 2 %).
pub(super) const LEAST_SHARE: f64 = 0.02;
/// What a function allocates itself, or by the language's libraries, makes it the place of growth from this share on.
const OWN_SHARE: f64 = 0.1;
/// What grew more than this many times as much as all it is part of is looked at alone.
const HIDDEN: f64 = 1.25;
/// Frames walked in all, besides [`FRAMES_A_LOCATION`]: stacks of a few locations may have thousands of inlined frames.
const MOST_WALKED: usize = 1 << 19;
/// Frames that a location of a stack may bring.
const FRAMES_A_LOCATION: usize = 4;
/// Frames of a stack that are walked in any case.
const FEW_FRAMES: usize = 16;

pub(super) struct Node {
    pub(super) function: u32,
    pub(super) parent: u32,
    pub(super) growth: f64,
    /// The most that a node grew here or below: more than the growth here where other branches shrank.
    most: f64,
    children: Vec<u32>,
    /// Places of its stacks in [`Tree::order`]: from, to.
    pub(super) stacks: (u32, u32),
}

/// A function over all snapshots.
pub(super) struct Known {
    pub(super) hash: u64,
    pub(super) name: Arc<str>,
    pub(super) file: Arc<str>,
    pub(super) own: bool,
}

pub(super) struct Tree {
    pub(super) functions: Vec<Known>,
    pub(super) nodes: Vec<Node>,
    /// Stacks such that those below a node stand together.
    pub(super) order: Vec<u32>,
}

/// A call path that grew: everything below `top`, mostly at `accumulation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Root {
    pub(super) top: u32,
    pub(super) accumulation: u32,
}

/// The root of all, which is no function.
pub(super) const ALL: u32 = 0;

impl Tree {
    pub(super) fn new(digests: &[&Digest], joined: &Joined) -> Tree {
        let mut growing = Growing::new(digests);
        let leaves: Vec<u32> = joined.stacks.iter().map(|stack| growing.insert(digests, stack)).collect();
        let Growing { mut nodes, functions, .. } = growing;
        for at in (1..nodes.len()).rev() {
            let (growth, parent) = (nodes[at].growth, nodes[at].parent as usize);
            nodes[at].most = nodes[at].most.max(growth);
            let most = nodes[at].most;
            nodes[parent].most = nodes[parent].most.max(most);
            nodes[parent].growth += growth;
            nodes[parent].children.push(at as u32);
        }
        let order = ordered(&mut nodes, &leaves);
        Tree { functions, nodes, order }
    }

    pub(super) fn function(&self, node: u32) -> &Known {
        &self.functions[self.nodes[node as usize].function as usize]
    }

    /// Nodes from the outermost down to this one.
    pub(super) fn path(&self, mut node: u32) -> Vec<u32> {
        let mut path = Vec::new();
        while node != ALL {
            path.push(node);
            node = self.nodes[node as usize].parent;
        }
        path.reverse();
        path
    }

    pub(super) fn children(&self, node: u32) -> &[u32] {
        &self.nodes[node as usize].children
    }

    /// Whether a node is `outer` or below it.
    pub(super) fn within(&self, node: u32, outer: u32) -> bool {
        let (node, outer) = (self.nodes[node as usize].stacks, self.nodes[outer as usize].stacks);
        outer.0 <= node.0 && node.1 <= outer.1
    }

    /// Where below a node most stacks that moved are: as far as one child has most of them.
    pub(super) fn gathers(&self, mut node: u32) -> u32 {
        let count = |node: u32| f64::from(self.nodes[node as usize].stacks.1 - self.nodes[node as usize].stacks.0);
        while let Some(child) = self.children(node).iter().copied().max_by(|a, b| count(*a).total_cmp(&count(*b))) {
            if count(child) < HEAVY * count(node) {
                break;
            }
            node = child;
        }
        node
    }

    /// The heaviest child of a node.
    pub(super) fn heaviest(&self, node: u32) -> Option<u32> {
        let children = self.nodes[node as usize].children.iter().copied();
        children.max_by(|a, b| self.growth(*a).total_cmp(&self.growth(*b)))
    }

    pub(super) fn growth(&self, node: u32) -> f64 {
        self.nodes[node as usize].growth
    }

    /// Stacks below a node.
    pub(super) fn below(&self, node: u32) -> &[u32] {
        let (from, to) = self.nodes[node as usize].stacks;
        &self.order[from as usize..to as usize]
    }

    /// The call paths that grew, largest first, none below another. `together` says whether the growth of two branches of one function has one cause.
    pub(super) fn roots(&self, together: impl Fn(u32, u32) -> bool) -> Vec<Root> {
        let mut found = Vec::new();
        let mut open = self.branches(ALL);
        while let Some(top) = open.pop() {
            self.walk(top, &together, &mut found, &mut open);
        }
        found.sort_by(|a, b| self.growth(b.top).total_cmp(&self.growth(a.top)).then(a.top.cmp(&b.top)));
        found
    }

    /// Children that matter: themselves, or by something below them that others hide.
    fn branches(&self, node: u32) -> Vec<u32> {
        let least = self.nodes[ALL as usize].most * LEAST_SHARE;
        let children = self.nodes[node as usize].children.iter().copied();
        children.filter(|child| self.nodes[*child as usize].most > least.max(0.0)).collect()
    }

    /// Whether something below grew more than a node did, as other things below it shrank.
    fn hides(&self, node: u32) -> bool {
        self.nodes[node as usize].most > self.growth(node).max(0.0) * HIDDEN
    }

    /// Walks down from `top` until the growth spreads: either that is the place, or its branches are looked at alone.
    fn walk(&self, top: u32, together: &impl Fn(u32, u32) -> bool, found: &mut Vec<Root>, open: &mut Vec<u32>) {
        let (mut at, mut inside) = (top, self.path(top).iter().any(|node| self.function(*node).own));
        loop {
            let branches = self.branches(at);
            let growth = self.growth(at);
            let spread = match inside {
                _ if self.hides(at) => true,
                true => self.apart(at, &branches, together),
                false => branches.len() > 1,
            };
            if spread {
                open.extend(branches);
                return;
            }
            let heavy = self.heaviest(at).filter(|child| {
                let share = self.growth(*child) / growth;
                share >= HEAVY || !inside && branches.contains(child)
            });
            match heavy {
                Some(child) => at = child,
                None => break,
            }
            inside |= self.function(at).own;
        }
        found.push(Root { top, accumulation: at });
    }

    /// Whether the branches of one of the program's functions are stories of their own: they go on in the program's
    /// code, the function adds little itself, and some of them does not move with the largest.
    fn apart(&self, at: u32, branches: &[u32], together: &impl Fn(u32, u32) -> bool) -> bool {
        let on: Vec<u32> = branches.iter().copied().filter(|b| self.goes_on(*b)).collect();
        let Some(largest) = on.iter().copied().max_by(|a, b| self.growth(*a).total_cmp(&self.growth(*b))) else {
            return false;
        };
        let rest = self.growth(at) - on.iter().map(|b| self.growth(*b)).sum::<f64>();
        rest < self.growth(at) * OWN_SHARE && on.iter().any(|branch| *branch != largest && !together(largest, *branch))
    }

    /// Whether most of the growth of a branch comes from further functions of the program.
    fn goes_on(&self, mut node: u32) -> bool {
        loop {
            if self.function(node).own {
                return true;
            }
            match self.heaviest(node).filter(|child| self.growth(*child) >= self.growth(node) * 0.5) {
                Some(child) => node = child,
                None => return false,
            }
        }
    }
}

/// The tree while it is built.
struct Growing {
    nodes: Vec<Node>,
    functions: Vec<Known>,
    by_hash: Map<u64, u32>,
    /// By snapshot, from its functions to all functions.
    known: Vec<Vec<u32>>,
    steps: Map<(u32, u32), u32>,
    /// Frames that may be walked before only the outermost of each stack are.
    left: usize,
}

impl Growing {
    fn new(digests: &[&Digest]) -> Growing {
        let root = Node { function: 0, parent: ALL, growth: 0.0, most: 0.0, children: Vec::new(), stacks: (0, 0) };
        let mut new = Growing {
            nodes: vec![root],
            functions: Vec::new(),
            by_hash: Map::default(),
            known: Vec::new(),
            steps: Map::default(),
            left: MOST_WALKED,
        };
        for digest in digests {
            let known = digest.functions.iter().map(|function| {
                let Growing { functions, by_hash, .. } = &mut new;
                *by_hash.entry(function.hash).or_insert_with(|| {
                    let (name, file) = (function.name.clone(), function.file.clone());
                    functions.push(Known { hash: function.hash, own: code::own(&name), name, file });
                    functions.len() as u32 - 1
                })
            });
            let known = known.collect();
            new.known.push(known);
        }
        new
    }

    /// Walks a stack into the tree, outermost function first; gives its last node.
    fn insert(&mut self, digests: &[&Digest], stack: &Stack) -> u32 {
        let Growing { nodes, known, steps, left, .. } = self;
        let from = stack.shown.0 as usize;
        *left += stack.shown.1.1 as usize * FRAMES_A_LOCATION;
        let mut at = ALL;
        for (place, (function, _)) in digests[from].calls(stack.shown.1).enumerate() {
            if *left == 0 && place >= FEW_FRAMES {
                break;
            }
            *left = left.saturating_sub(1);
            let function = known[from][function as usize];
            at = *steps.entry((at, function)).or_insert_with(|| {
                let node = Node { function, parent: at, growth: 0.0, most: 0.0, children: Vec::new(), stacks: (0, 0) };
                nodes.push(node);
                nodes.len() as u32 - 1
            });
        }
        nodes[at as usize].growth += stack.growth;
        at
    }
}

/// Puts stacks in the order of a walk through the tree, and tells every node which are below it.
fn ordered(nodes: &mut [Node], leaves: &[u32]) -> Vec<u32> {
    let mut ends_at: Vec<u32> = vec![0; nodes.len() + 1];
    leaves.iter().for_each(|leaf| ends_at[*leaf as usize + 1] += 1);
    (1..ends_at.len()).for_each(|i| ends_at[i] += ends_at[i - 1]);
    let mut by_leaf = vec![0u32; leaves.len()];
    let mut next = ends_at.clone();
    for (stack, leaf) in leaves.iter().enumerate() {
        by_leaf[next[*leaf as usize] as usize] = stack as u32;
        next[*leaf as usize] += 1;
    }
    let mut order = Vec::with_capacity(leaves.len());
    let mut open = vec![(ALL, false)];
    while let Some((at, left)) = open.pop() {
        let node = &mut nodes[at as usize];
        if left {
            node.stacks.1 = order.len() as u32;
            continue;
        }
        node.stacks.0 = order.len() as u32;
        order.extend_from_slice(&by_leaf[ends_at[at as usize] as usize..ends_at[at as usize + 1] as usize]);
        open.push((at, true));
        open.extend(node.children.iter().map(|child| (*child, false)));
    }
    order
}
