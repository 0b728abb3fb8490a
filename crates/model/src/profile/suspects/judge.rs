//! The judgement: from digested snapshots to suspects, what was ruled out, and what hangs together.

use super::account::Account;
use super::chain::{self, Chain};
use super::code;
use super::course::Course;
use super::digest::{Digest, Kind};
use super::join::{self, Joined};
use super::links;
use super::path;
use super::report::{Comparison, SuspectsReport};
use super::suspect::Suspect;
use super::tree::{ALL, LEAST_SHARE, Root, Tree};
use super::verdict::{self, Bench, Trial, Verdict};
use crate::profile::legacy::Memory;
use crate::quantity::quantity;
use crate::signal::Unit;
use crate::words;

/// Call paths that are looked at, the largest ones.
const MOST_ROOTS: usize = 64;

/// What else is known of the process.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// Figures of the runtime, oldest first: the comments at the end of heap profiles as text.
    pub memory: Vec<Memory>,
    /// Resident memory of the process now, in bytes.
    pub resident_bytes: Option<f64>,
}

/// Judges snapshots of heaps and of goroutines, in any order. What cannot be compared is left out and named.
pub fn judge(digests: &[Digest], context: &Context) -> SuspectsReport {
    let mut heap = part(digests, Kind::Heap);
    let mut goroutines = part(digests, Kind::Goroutine);
    if let Some(heap) = &mut heap {
        links::link(heap, goroutines.as_mut());
    }
    let program = heap.as_ref().or(goroutines.as_ref()).and_then(|part| part.program.clone());
    let compared = |part: &Comparison| {
        let mut bytes = part.snapshots.iter().filter(|s| s.left_out.is_none()).map(|s| s.bytes);
        bytes.next().map(|first| (first, bytes.next_back().unwrap_or(first)))
    };
    let live = heap.as_ref().and_then(compared);
    SuspectsReport { program, heap, goroutines, account: Account::new(live, context) }
}

/// The judgement of one kind of snapshots; nothing when there is none.
fn part(digests: &[Digest], kind: Kind) -> Option<Comparison> {
    let Chain { digests, times, timed, why_none, examined, mut notes } = chain::chain(digests, kind);
    if examined.is_empty() {
        return None;
    }
    let joined = join::join(&digests, &times, kind == Kind::Goroutine);
    let tree = Tree::new(&digests, &joined);
    let look = Look { kind, allocations: digests.iter().all(|d| d.has_allocated), joined, tree, digests, times };
    let mut roots = look.tree.roots(|a, b| look.together(a, b));
    let grown = roots.iter().map(|root| look.tree.growth(root.top)).sum();
    let tops = look.tops(&roots);
    let more = roots.split_off(roots.len().min(MOST_ROOTS));
    let unseen = look.unseen(&more);
    let mut all: Vec<Suspect> = if look.times.len() < 2 {
        Vec::new()
    } else {
        let found = roots.iter().copied().chain(look.others(&tops));
        found.map(|root| look.suspect(root, grown)).collect()
    };
    // What chance alone explains is not worth a line.
    all.retain(|s| s.verdict != Verdict::Noise || s.growth.abs() > 2.0 * s.growth_error);
    all.sort_by(|a, b| a.verdict.cmp(&b.verdict).then(b.growth.total_cmp(&a.growth)));
    let suspects = all.iter().take_while(|s| s.verdict.grows()).count();
    let ruled_out = all.split_off(suspects);
    notes.extend(unseen.clone());
    if !timed {
        all.iter_mut().for_each(|suspect| suspect.period = None);
    }
    Some(Comparison {
        kind: look.kind.into(),
        program: look.digests.iter().find_map(|digest| digest.program()).map(str::to_string),
        from: look.times.first().copied().unwrap_or_default(),
        to: look.times.last().copied().unwrap_or_default(),
        timed,
        compared: look.times.len(),
        growth: look.last_level() - look.level(0),
        stacks: look.joined.stacks.len() + look.joined.still.1,
        still_bytes: look.joined.still.0,
        still_stacks: look.joined.still.1,
        period_bytes: look.digests.iter().map(|d| d.period).fold(0.0, f64::max),
        snapshots: examined,
        suspects: all,
        ruled_out,
        // That no suspect was found says nothing of what was not looked at.
        not_judged: why_none.or(unseen.filter(|_| suspects == 0)),
        notes,
    })
}

struct Look<'d> {
    kind: Kind,
    allocations: bool,
    joined: Joined,
    tree: Tree,
    digests: Vec<&'d Digest>,
    times: Vec<i64>,
}

impl Look<'_> {
    fn level(&self, at: usize) -> f64 {
        self.digests.get(at).map_or(0.0, |digest| self.joined.level(&digest.total))
    }

    fn last_level(&self) -> f64 {
        self.level(self.times.len().saturating_sub(1))
    }

    /// How an amount is said.
    fn say(&self) -> fn(f64) -> String {
        match self.kind {
            Kind::Heap => words::bytes,
            Kind::Goroutine => |count| format!("{} goroutines", quantity(count.round(), Unit::Count)),
        }
    }

    /// What is said of call paths that are not looked at, as so many grew more.
    fn unseen(&self, more: &[Root]) -> Option<String> {
        let grown: f64 = more.iter().map(|root| self.tree.growth(root.top)).sum();
        let paths = match more.len() {
            0 => return None,
            1 => "1 more call path grows".into(),
            count => format!("{} more call paths grow", quantity(count as f64, Unit::Count)),
        };
        Some(format!("{paths}, {} in all: only the {MOST_ROOTS} that grew most are looked at", self.say()(grown)))
    }

    /// Outermost nodes of call paths, in the order of the walk through the tree.
    fn tops(&self, roots: &[Root]) -> Vec<u32> {
        let mut tops: Vec<u32> = roots.iter().map(|root| root.top).collect();
        tops.sort_by_key(|top| self.tree.nodes[*top as usize].stacks);
        tops
    }

    fn course(&self, node: u32) -> Course<'_> {
        Course::of(&self.joined, self.tree.below(node), self.allocations)
    }

    fn tried(&self, course: &Course<'_>) -> Trial {
        // A thousandth of what there is.
        let least = self.last_level() / 1000.0;
        let chance = if self.kind == Kind::Heap { "sampling" } else { "chance" };
        verdict::tried(course, Bench { times: &self.times, least, say: self.say(), chance })
    }

    /// Whether two branches of one function grow for one reason: they are of one kind, and their objects grow by the
    /// same number or a small multiple of it, as things do that are made together.
    fn together(&self, larger: u32, smaller: u32) -> bool {
        let (a, b) = (self.course(larger), self.course(smaller));
        if self.tried(&b).verdict != self.tried(&a).verdict {
            // What cannot be told from chance goes with what can.
            return b.whole().z() < 3.0;
        }
        let objects = |course: &Course<'_>| {
            let sizes = course.sizes();
            let most = sizes.first().copied().unwrap_or_default();
            (most.objects, most.variance.sqrt())
        };
        let ((x, dx), (y, dy)) = (objects(&a), objects(&b));
        if x <= 0.0 || y <= 0.0 {
            return false;
        }
        let (x, dx, y, dy) = if x > y { (x, dx, y, dy) } else { (y, dy, x, dx) };
        let (ratio, times) = (x / y, (x / y).round());
        let error = ratio * (dx / x).hypot(dy / y);
        times <= 4.0 && (ratio - times).abs() <= (2.0 * error).clamp(0.02, 0.25) * times
    }

    /// The innermost call that holds next to all of the growth: what grows is told by its figures, without those of
    /// others that its callers call as well.
    fn bearer(&self, root: Root) -> u32 {
        const NEXT_TO_ALL: f64 = 0.9;
        let least = NEXT_TO_ALL * self.tree.growth(root.top);
        let path = self.tree.path(root.accumulation);
        let below = path.iter().skip_while(|node| **node != root.top);
        below.take_while(|node| self.tree.growth(**node) >= least).last().copied().unwrap_or(root.top)
    }

    fn suspect(&self, root: Root, grown: f64) -> Suspect {
        let course = self.course(self.bearer(root));
        let trial = self.tried(&course);
        let path = path::path(&self.tree, &self.joined, &self.digests, root);
        let share = if grown > 0.0 { self.tree.growth(root.top) / grown } else { 0.0 };
        let mut suspect = Suspect::new(path, &course, trial, &self.times, share.clamp(0.0, 1.0));
        if self.kind == Kind::Goroutine {
            let stack = suspect.path.steps.iter().rev().map(|step| step.function.as_str());
            suspect.waits = Some(code::wait_reason(stack));
        }
        suspect
    }

    /// Paths that did not grow much and yet moved: what swings is worth a word when it is ruled out. They are told by
    /// the outermost function of the program.
    fn others(&self, tops: &[u32]) -> Vec<Root> {
        const MOST: usize = 8;
        // None of the tops is below another: the first that starts in a node is in it, or none is.
        let start = |node: u32| self.tree.nodes[node as usize].stacks.0;
        let first = |node: u32| tops.get(tops.partition_point(|top| start(*top) < start(node)));
        let mut found: Vec<(f64, Root)> = Vec::new();
        let mut open: Vec<u32> = self.tree.children(ALL).to_vec();
        let peak = (0..self.times.len()).map(|at| self.level(at)).fold(0.0, f64::max);
        while let Some(node) = open.pop() {
            let top = first(node);
            if top == Some(&node) || self.tree.function(node).own {
                if !top.is_some_and(|top| self.tree.within(*top, node)) {
                    let course = self.course(node);
                    let levels = course.levels();
                    let (low, high) = levels.iter().fold((f64::MAX, 0.0f64), |(l, h), v| (l.min(*v), h.max(*v)));
                    if high - low > LEAST_SHARE * peak {
                        found.push((high - low, Root { top: node, accumulation: self.tree.gathers(node) }));
                    }
                }
                continue;
            }
            open.extend_from_slice(self.tree.children(node));
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        found.into_iter().take(MOST).map(|(_, root)| root).collect()
    }
}
