//! Snapshots in order: one process at a time, and each state of its heap once.

use schemars::JsonSchema;
use serde::Serialize;

use super::digest::{Digest, Kind, Mapped};
use crate::quantity::quantity;
use crate::signal::Unit;
use crate::time::Time;

/// What became of one snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Examined {
    /// What it is called: the file, the URL and its number.
    pub name: String,
    /// When it was taken, where it says so.
    #[serde(rename = "at")]
    pub taken_at: Option<Time>,
    /// Bytes in use in all.
    pub bytes: f64,
    /// Objects in use in all, or goroutines.
    pub objects: f64,
    /// Bytes allocated since the process started, where it says so.
    pub allocated_bytes: Option<f64>,
    /// Stacks in it, those of different object sizes counted apart.
    pub stacks: usize,
    /// Why it was not looked at further, if it was not.
    pub left_out: Option<String>,
}

/// The snapshots that are compared, oldest first, and what became of all.
pub(super) struct Chain<'d> {
    pub(super) digests: Vec<&'d Digest>,
    /// Milliseconds: when they were taken, or their places in a row where they do not say.
    pub(super) times: Vec<Time>,
    /// Whether `times` are stamps: each snapshot says one, and they rise.
    pub(super) timed: bool,
    /// Why none is compared, where none is.
    pub(super) why_none: Option<String>,
    pub(super) examined: Vec<Examined>,
    pub(super) notes: Vec<String>,
}

/// The longest row of snapshots of one process, in the order of time; the latest of several as long.
pub(super) fn chain<'d>(digests: &'d [Digest], kind: Kind) -> Chain<'d> {
    let mut all: Vec<&Digest> = digests.iter().filter(|d| d.kind == kind).collect();
    if all.iter().all(|d| d.at.is_some()) {
        // Those of one time stay in the order given.
        all.sort_by_key(|d| d.at);
    }
    let mut left_out: Vec<Option<String>> = vec![None; all.len()];
    let mut runs: Vec<Vec<usize>> = Vec::new();
    for (i, digest) in all.iter().enumerate() {
        if digest.duration_nanos > 0 {
            left_out[i] = Some(format!("it is a difference over {}, not a state", seconds(digest)));
            continue;
        }
        match runs.iter_mut().rev().find(|run| run.last().is_some_and(|last| follows(all[*last], digest))) {
            Some(run) => match run.last().copied().filter(|last| same_state(all[*last], digest)) {
                Some(last) => left_out[i] = Some(shared(all[last], kind)),
                None => run.push(i),
            },
            None => runs.push(vec![i]),
        }
    }
    let longest = runs.iter().enumerate().max_by_key(|(at, run)| (run.len(), *at)).map(|(at, _)| at);
    let kept = longest.map(|at| runs.swap_remove(at)).unwrap_or_default();
    for at in runs.into_iter().flatten() {
        let told = kept.first().and_then(|first| difference(all[*first], all[at]));
        let why = told.unwrap_or_else(|| "the process was started anew: figures that only rise have fallen".into());
        left_out[at] = Some(why);
    }
    let examined = all.iter().zip(&left_out).map(|(digest, why)| examined(digest, why.clone())).collect();
    let digests: Vec<&Digest> = kept.iter().map(|at| all[*at]).collect();
    let stamps: Option<Vec<Time>> = digests.iter().map(|d| d.at).collect();
    let rises = |times: &&Vec<Time>| !times.is_empty() && times.windows(2).all(|w| w[0] < w[1]);
    let rising = stamps.as_ref().filter(rises);
    let timed = rising.is_some();
    let times = rising.cloned().unwrap_or_else(|| {
        // One minute apart, so that rates are per snapshot.
        (0..digests.len() as Time).map(|i| i * 60_000).collect()
    });
    let mut notes = not_compared(&all, &left_out);
    if !timed && digests.len() > 1 {
        let why =
            if stamps.is_some() { "snapshots say the same time" } else { "not every snapshot says when it was taken" };
        notes.push(format!("{why}: they stand in the order given, a minute apart"));
    }
    notes.extend(sampling(&digests));
    let why_none = all.last().filter(|_| digests.is_empty()).map(|last| only_differences(last));
    Chain { digests, times, timed, why_none, examined, notes }
}

fn seconds(digest: &Digest) -> String {
    quantity(digest.duration_nanos as f64 / 1e9, Unit::Seconds)
}

/// What to do when there is no state at all.
fn only_differences(last: &Digest) -> String {
    let (what, path) = match last.kind {
        Kind::Heap => ("heap", "heap?gc=1"),
        Kind::Goroutine => ("goroutine", "goroutine"),
    };
    format!(
        "every {what} profile is a difference over time, the last over {}, and none a state: \
        fetch `/debug/pprof/{path}`, without `seconds`",
        seconds(last)
    )
}

fn examined(digest: &Digest, left_out: Option<String>) -> Examined {
    Examined {
        name: digest.name.clone(),
        taken_at: digest.at,
        bytes: digest.total.bytes,
        objects: digest.total.objects,
        allocated_bytes: digest.has_allocated.then_some(digest.total.allocated_bytes),
        stacks: digest.entries.len(),
        left_out,
    }
}

/// Whether the later snapshot may be of the same process as the earlier one. What was allocated in all only rises in
/// the life of a process.
fn follows(earlier: &Digest, later: &Digest) -> bool {
    difference(earlier, later).is_none()
        && later.total.allocated_bytes >= earlier.total.allocated_bytes
        && later.total.allocated_objects >= earlier.total.allocated_objects
}

/// Whether nothing moved between them: the figures of Go's heap profile only change when a GC ends.
fn same_state(earlier: &Digest, later: &Digest) -> bool {
    let known = match earlier.kind {
        // Without what was allocated, a heap that stands still looks the same as a profile that does.
        Kind::Heap => earlier.has_allocated || earlier.at == later.at,
        Kind::Goroutine => earlier.at.is_some() && earlier.at == later.at,
    };
    known && earlier.total == later.total && earlier.entries.len() == later.entries.len()
}

fn shared(earlier: &Digest, kind: Kind) -> String {
    match kind {
        Kind::Heap => format!("it shows the same state as {}: no GC ended between them", earlier.name),
        Kind::Goroutine => format!("it is the same as {}", earlier.name),
    }
}

/// How it is known that two snapshots are of different builds or processes.
fn difference(a: &Digest, b: &Digest) -> Option<String> {
    let (Some(of_a), Some(of_b)) = (&a.program, &b.program) else { return None };
    if of_a.name != of_b.name {
        return Some(format!("it is of another program, {}", of_b.name));
    }
    if of_a.build_id != of_b.build_id && !of_a.build_id.is_empty() && !of_b.build_id.is_empty() {
        return Some(format!("it is of another build, {}", of_b.build_id));
    }
    // Address space layout randomization puts libraries and vdso elsewhere in each process.
    let mut there = b.mapped.chunk_by(|x, y| x.hash == y.hash).peekable();
    let moved = a.mapped.chunk_by(|x, y| x.hash == y.hash).find(|here| {
        let hash = here[0].hash;
        while there.next_if(|there| there[0].hash < hash).is_some() {}
        there.next_if(|there| there[0].hash == hash).is_some_and(|there| apart(here, there))
    })?;
    Some(format!("it is of another process: {} is elsewhere in its memory", moved[0].name))
}

/// Whether one file is nowhere mapped at the same place in both.
fn apart(a: &[Mapped], b: &[Mapped]) -> bool {
    a.iter().all(|a| b.binary_search_by_key(&a.start, |b| b.start).is_err())
}

fn not_compared(all: &[&Digest], left_out: &[Option<String>]) -> Vec<String> {
    let named = all.iter().zip(left_out).filter_map(|(d, why)| why.as_ref().map(|why| format!("{}: {why}", d.name)));
    named.map(|text| format!("not compared: {text}")).collect()
}

/// What is to be known of how the snapshots compared were sampled.
fn sampling(digests: &[&Digest]) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    if digests.iter().any(|d| d.assumed_period) {
        notes.push("the profiles do not say how they were sampled: one object every 512 KiB is assumed".into());
    }
    let periods = digests.iter().map(|d| d.period).filter(|p| *p > 0.0);
    let (low, high) = periods.fold((f64::MAX, f64::MIN), |(low, high), p| (low.min(p), high.max(p)));
    if low < high {
        let text = format!(
            "sampling rates differ, {low:.0} to {high:.0} bytes a sample: figures are estimates of the whole \
            at each rate, errors are those of the coarsest"
        );
        notes.push(text);
    }
    notes
}
