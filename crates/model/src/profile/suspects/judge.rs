//! The judgement: from digested snapshots to suspects, what was ruled out, and what hangs together.

use super::account::Account;
use super::chain::{self, Chain};
use super::code;
use super::course::Course;
use super::digest::{Digest, Kind};
use super::join::{self, Joined};
use super::links;
use super::path;
use super::report::{Part, SuspectsReport};
use super::suspect::Suspect;
use super::tree::{ALL, LEAST_SHARE, Root, Tree};
use super::verdict::{self, Bench, Trial, Verdict};
use crate::profile::legacy::Memory;
use crate::quantity::quantity;
use crate::signal::Unit;
use crate::words;

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
    let compared = |part: &Part| {
        let mut bytes = part.snapshots.iter().filter(|s| s.left_out.is_none()).map(|s| s.bytes);
        bytes.next().map(|first| (first, bytes.next_back().unwrap_or(first)))
    };
    let live = heap.as_ref().and_then(compared);
    SuspectsReport { program, heap, goroutines, account: Account::new(live, context) }
}

/// The judgement of one kind of snapshots; nothing when there is none.
fn part(digests: &[Digest], kind: Kind) -> Option<Part> {
    let Chain { digests, times, timed, examined, notes } = chain::chain(digests, kind);
    let (first, last) = (times.first().copied()?, times.last().copied()?);
    let joined = join::join(&digests, &times, kind == Kind::Goroutine);
    let tree = Tree::new(&digests, &joined);
    let look = Look { kind, allocations: digests.iter().all(|d| d.has_allocated), joined, tree, digests, times };
    let roots = look.tree.roots(|a, b| look.together(a, b));
    let grown = roots.iter().map(|root| look.tree.growth(root.top)).sum();
    let mut all: Vec<Suspect> = if look.times.len() < 2 {
        Vec::new()
    } else {
        let found = roots.iter().copied().chain(look.others(&roots));
        found.map(|root| look.suspect(root, grown)).collect()
    };
    // What chance alone explains is not worth a line.
    all.retain(|s| s.verdict != Verdict::Noise || s.growth.abs() > 2.0 * s.growth_error);
    all.sort_by(|a, b| a.verdict.cmp(&b.verdict).then(b.growth.total_cmp(&a.growth)));
    let suspects = all.iter().take_while(|s| s.verdict.grows()).count();
    let ruled_out = all.split_off(suspects);
    Some(Part {
        kind: look.kind.into(),
        program: look.digests.iter().find_map(|digest| digest.program()).map(str::to_string),
        from: first,
        to: last,
        timed,
        compared: look.times.len(),
        growth: look.level(look.times.len() - 1) - look.level(0),
        stacks: look.joined.stacks.len() + look.joined.still.1,
        still_bytes: look.joined.still.0,
        still_stacks: look.joined.still.1,
        period_bytes: look.digests.iter().map(|d| d.period).fold(0.0, f64::max),
        snapshots: examined,
        suspects: all,
        ruled_out,
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
        self.joined.level(&self.digests[at].total)
    }

    fn course(&self, node: u32) -> Course<'_> {
        Course::of(&self.joined, self.tree.below(node), self.allocations)
    }

    fn tried(&self, course: &Course<'_>) -> Trial {
        let say: fn(f64) -> String = match self.kind {
            Kind::Heap => words::bytes,
            Kind::Goroutine => |count| format!("{} goroutines", quantity(count.round(), Unit::Count)),
        };
        // A thousandth of what there is.
        let least = self.level(self.times.len() - 1) / 1000.0;
        let chance = if self.kind == Kind::Heap { "sampling" } else { "chance" };
        verdict::tried(course, Bench { times: &self.times, least, say, chance })
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

    fn suspect(&self, root: Root, grown: f64) -> Suspect {
        let course = self.course(root.top);
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
    fn others(&self, roots: &[Root]) -> Vec<Root> {
        const MOST: usize = 8;
        let tops: Vec<u32> = roots.iter().map(|root| root.top).collect();
        let mut found: Vec<(f64, Root)> = Vec::new();
        let mut open: Vec<u32> = self.tree.children(ALL).to_vec();
        let peak = (0..self.times.len()).map(|at| self.level(at)).fold(0.0, f64::max);
        while let Some(node) = open.pop() {
            if tops.contains(&node) || self.tree.function(node).own {
                if !tops.iter().any(|top| self.tree.within(*top, node)) {
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
