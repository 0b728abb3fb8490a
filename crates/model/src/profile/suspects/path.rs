//! The call path of a suspect: which functions, from which to which, and what grew in each of them.

use schemars::JsonSchema;
use serde::Serialize;

use super::super::Map;
use super::code;
use super::digest::Digest;
use super::join::Joined;
use super::tree::{ALL, Root, Tree};

/// Frames looked at to find the lines of a path, and again to tell it from all others.
const MOST_WALKED: usize = 1 << 19;

/// A function on a call path, with the line in it that most of the growth comes through.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Step {
    /// Full name of the function, or the place in a binary without symbols.
    pub function: String,
    /// The name as people say it.
    pub short: String,
    /// Source file as the profile has it; empty where not known.
    pub file: String,
    /// The line that the growth comes through; 0 where not known.
    pub line: i64,
    /// Whether it is the program's own, rather than the language's.
    pub own: bool,
    /// Growth in it and in all it calls on this path, in bytes, or in goroutines.
    pub growth: f64,
}

/// Places on the path of a suspect.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Path {
    /// Every function from the outermost to the one that allocates.
    pub steps: Vec<Step>,
    /// Where among the steps the growth gathers: below it, it spreads or ends.
    pub accumulation: usize,
    /// The step that allocates.
    pub allocation: usize,
    /// The innermost step that is the program's own.
    pub application: usize,
    /// The shortest row of steps that only this suspect has, from one of the program's own: first and last.
    pub distinguishing: (usize, usize),
}

impl Path {
    /// The step at the place, or the last one.
    fn at(&self, place: usize) -> Option<&Step> {
        self.steps.get(place).or(self.steps.last())
    }

    /// The function that allocates.
    pub fn allocates(&self) -> Option<&Step> {
        self.at(self.allocation)
    }

    /// The innermost function of the program.
    pub fn in_program(&self) -> Option<&Step> {
        self.at(self.application)
    }

    /// In short: `setPeers -> ... -> NewRingGrowing`. From the first function of the program with a name of its own to
    /// the last.
    pub fn title(&self) -> String {
        let own: Vec<&Step> = self.steps.iter().filter(|s| s.own).collect();
        let named = own.iter().position(|s| !code::closure(&s.function) && s.short != "main.main").unwrap_or(0);
        let plumbing = |step: &&Step| !code::plumbing(&step.function);
        let names: Vec<&str> = match own.get(named..).unwrap_or_default() {
            [] => self.steps.iter().filter(plumbing).map(|s| s.short.as_str()).collect(),
            own => own.iter().map(|s| s.short.as_str()).collect(),
        };
        match names[..] {
            [] => "(no stack)".into(),
            [only] => only.into(),
            [first, last] => format!("{first} -> {last}"),
            [first, middle, last] => format!("{first} -> {middle} -> {last}"),
            [first, .., last] => format!("{first} -> ... -> {last}"),
        }
    }
}

/// The path of a root: down to its accumulation point, and on along the branches that hold half of its growth.
pub(super) fn path(tree: &Tree, joined: &Joined, digests: &[&Digest], root: Root) -> Path {
    let mut nodes = tree.path(root.accumulation);
    let accumulation = nodes.len().saturating_sub(1);
    let mut at = root.accumulation;
    while let Some(child) = tree.heaviest(at).filter(|child| {
        // What the function allocates itself ends the path, and so do many branches of which none is most of it.
        let below: f64 = tree.growth(*child);
        below > 0.0 && below >= tree.growth(root.accumulation) * 0.5
    }) {
        nodes.push(child);
        at = child;
    }
    let lines = lines(tree, joined, digests, &nodes, root);
    let steps = nodes.iter().zip(lines).map(|(node, line)| {
        let function = tree.function(*node);
        Step {
            function: function.name.to_string(),
            short: code::short(&function.name),
            file: function.file.to_string(),
            line,
            own: function.own,
            growth: tree.below(*node).iter().map(|stack| joined.grown(*stack)).sum(),
        }
    });
    let steps: Vec<Step> = steps.collect();
    let allocation = steps.len().saturating_sub(1);
    let application = steps.iter().rposition(|s| s.own).unwrap_or(allocation);
    let distinguishing = distinguishing(tree, &nodes, root, application);
    Path { steps, accumulation, allocation, application, distinguishing }
}

/// For each node of a path the line that most growth comes through.
fn lines(tree: &Tree, joined: &Joined, digests: &[&Digest], nodes: &[u32], root: Root) -> Vec<i64> {
    let mut grown: Vec<Map<i64, f64>> = nodes.iter().map(|_| Map::default()).collect();
    let mut left = MOST_WALKED;
    for stack in tree.below(root.top) {
        let stack = &joined.stacks[*stack as usize];
        let digest = digests[stack.shown.0 as usize];
        for (place, (function, line)) in digest.calls(stack.shown.1).enumerate().take(nodes.len()) {
            if left == 0 || digest.functions[function as usize].hash != tree.function(nodes[place]).hash {
                break;
            }
            left -= 1;
            *grown[place].entry(line).or_default() += stack.growth;
        }
    }
    let heaviest = |lines: &Map<i64, f64>| {
        let most = lines.iter().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(a.0)));
        most.map_or(0, |(line, _)| *line)
    };
    grown.iter().map(heaviest).collect()
}

/// The shortest row of steps that nothing else has: from the innermost function of the program outwards until only
/// what is below the root's top contains it.
fn distinguishing(tree: &Tree, nodes: &[u32], root: Root, application: usize) -> (usize, usize) {
    let function = |node: u32| tree.nodes[node as usize].function;
    let parent = |node: u32| tree.nodes[node as usize].parent;
    let Some(last) = nodes.get(application) else { return (0, 0) };
    // Nodes of the same function elsewhere, of which each step outwards keeps those that were called likewise.
    let alike = |node: &u32| function(*node) == function(*last) && !tree.within(*node, root.top);
    let mut elsewhere: Vec<u32> = (1..tree.nodes.len() as u32).filter(alike).map(parent).collect();
    let (mut from, mut left) = (application, MOST_WALKED);
    while !elsewhere.is_empty() && from > 0 {
        let Some(less) = left.checked_sub(elsewhere.len()) else {
            // Functions that call each other in turns everywhere: the whole path tells it for sure.
            return (0, application);
        };
        (left, from) = (less, from - 1);
        elsewhere.retain(|caller| *caller != ALL && function(*caller) == function(nodes[from]));
        elsewhere.iter_mut().for_each(|caller| *caller = parent(*caller));
    }
    (from, application)
}
