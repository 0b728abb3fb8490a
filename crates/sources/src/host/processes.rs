//! The processes of a host from scrape to scrape: who is who, and what each holds.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;

use model::labels::Labels;
use model::signal::Signal;

use super::Sample;
use super::cgroup::{Hierarchy, Membership};
use super::files::Files;
use super::missing::Said;
use super::process::{Identity, Memory};

/// What is remembered of a living process, so that its labels are made once.
struct Known {
    start: u64,
    name: Vec<u8>,
    labels: Labels,
    container: Option<Arc<Container>>,
    /// How often its control group was read.
    placed: u8,
    /// The scrape that saw it last.
    seen: u64,
}

/// A container that some process is in.
pub(super) struct Container {
    /// Its id.
    pub(super) id: String,
    /// What its samples carry.
    pub(super) labels: Labels,
    /// Where its memory is counted, if that can be seen.
    pub(super) group: Option<(Hierarchy, String)>,
}

/// All processes that were alive at the last scrape.
pub(super) struct Processes {
    host: Labels,
    most: usize,
    ticks_per_second: u64,
    known: HashMap<u32, Known>,
    scrapes: u64,
}

/// Why a process was not read.
enum Skip {
    /// It ended in between, or is dead already.
    Nothing,
    /// It is a thread of the kernel.
    Kernel,
    /// The kernel did not let us.
    Refused(io::Error),
}

impl From<io::Error> for Skip {
    fn from(error: io::Error) -> Skip {
        let ended = error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(ESRCH);
        if ended { Skip::Nothing } else { Skip::Refused(error) }
    }
}

/// "No such process", what reading a file of an ended process says on every Linux.
const ESRCH: i32 = 3;

/// A container's control group is read again at the second sight of a process, for a runtime may move it after the start.
const PLACED_FOR_GOOD: u8 = 2;

impl Processes {
    /// None known yet.
    pub(super) fn new(host: Labels, most: usize, ticks_per_second: u64) -> Processes {
        Processes { host, most, ticks_per_second: ticks_per_second.max(1), known: HashMap::new(), scrapes: 0 }
    }

    /// Reads all processes and adds the samples of the largest. `boot` is in seconds since the epoch.
    pub(super) fn scrape(&mut self, proc: &mut Files, boot: u64, swap: bool, out: &mut Vec<Sample>, said: &mut Said) {
        let pids = match proc.numbers() {
            Ok(pids) => pids,
            Err(error) => {
                let why = format!("{} cannot be listed: {error}", proc.root());
                return said.once("processes", "the processes of this host", why, "mount /proc");
            }
        };
        self.scrapes += 1;
        let (mut read, mut refused, mut kernel) = (Vec::with_capacity(pids.len()), Vec::new(), false);
        for pid in &pids {
            match self.read(proc, *pid, boot) {
                Ok(memory) => read.push((*pid, memory)),
                Err(Skip::Nothing) => {}
                Err(Skip::Kernel) => kernel = true,
                Err(Skip::Refused(error)) => refused.push(error),
            }
        }
        let now = self.scrapes;
        self.known.retain(|_, known| known.seen == now);
        say_who_is_hidden(pids.contains(&1), kernel, &refused, said);
        self.keep_largest(&mut read, said);
        for (pid, memory) in read {
            if let Some(known) = self.known.get(&pid) {
                push(out, &known.labels, &memory, swap);
            }
        }
    }

    /// Leaves out the smallest beyond the cap.
    fn keep_largest(&self, read: &mut Vec<(u32, Memory)>, said: &mut Said) {
        if read.len() <= self.most {
            return;
        }
        read.select_nth_unstable_by_key(self.most, |(pid, memory)| (std::cmp::Reverse(memory.resident), *pid));
        let what = format!("{} smaller processes", read.len() - self.most);
        let why = format!("the {} largest are kept", self.most);
        said.once("capped", what, why, "raise `max_series`");
        read.truncate(self.most);
        // In the order of the scrape before: the store finds its series faster so.
        read.sort_unstable_by_key(|(pid, _)| *pid);
    }

    /// Reads one process, and who it is where that is new.
    fn read(&mut self, proc: &mut Files, pid: u32, boot: u64) -> Result<Memory, Skip> {
        let identity = Identity::read(proc.read(&format!("{pid}/stat"))?).ok_or(Skip::Nothing)?;
        if identity.kernel {
            return Err(Skip::Kernel);
        }
        let same = self.known.get_mut(&pid).filter(|k| k.start == identity.start && k.name == identity.name);
        match same {
            Some(known) if known.placed >= PLACED_FOR_GOOD => known.seen = self.scrapes,
            same => {
                let placed = same.map_or(0, |known| known.placed) + 1;
                let (name, start) = (identity.name.to_vec(), identity.start);
                // Kernels without control groups have no such file: then a process is in no container.
                let place = proc.read(&format!("{pid}/cgroup")).map(Membership::read).unwrap_or_default();
                let known = self.meet(pid, name, start, boot, place, placed);
                self.known.insert(pid, known);
            }
        }
        Memory::read(proc.read(&format!("{pid}/status"))?).ok_or(Skip::Nothing)
    }

    /// Makes the labels of a process.
    fn meet(&self, pid: u32, name: Vec<u8>, start: u64, boot: u64, place: Membership, placed: u8) -> Known {
        let since_epoch = boot.saturating_add(start / self.ticks_per_second);
        let mut labels: Vec<(&str, String)> = self.host.iter().map(|(n, v)| (n, v.to_string())).collect();
        let where_it_is = [("container", place.container.clone()), ("pod_uid", place.pod_uid)];
        labels.extend(where_it_is.into_iter().filter_map(|(name, value)| Some((name, value?))));
        let container = place.container.map(|id| {
            let labels = labels.iter().map(|(n, v)| (*n, v.as_str())).collect();
            Arc::new(Container { id, labels, group: place.group })
        });
        labels.extend([("pid", pid.to_string()), ("start", since_epoch.to_string())]);
        let shown = printable(&name);
        if !shown.is_empty() {
            labels.push(("process", shown));
        }
        Known { start, name, labels: labels.into_iter().collect(), container, placed, seen: self.scrapes }
    }

    /// Every container some living process is in, each once, by id.
    pub(super) fn containers(&self) -> BTreeMap<&str, &Arc<Container>> {
        self.known.values().filter_map(|k| k.container.as_ref()).map(|c| (c.id.as_str(), c)).collect()
    }
}

/// Says which processes there are that cannot be seen. `first` is whether the first process is shown, `kernel` whether
/// some thread of the kernel is.
fn say_who_is_hidden(first: bool, kernel: bool, refused: &[io::Error], said: &mut Said) {
    const ALL: &str = "run as root, or mount /proc without `hidepid`";
    if let Some(error) = refused.first() {
        said.once("refused", "some processes", format!("{} could not be read: {error}", refused.len()), ALL);
    } else if !first {
        said.once("hidden", "processes of other users", "/proc does not show them", ALL);
    } else if !kernel {
        // The threads of the kernel live in the first pid namespace only (pid_namespaces(7)).
        let why = "/proc shows only its own pid namespace";
        let hint = "run on the host, or in the host's pid namespace (`--pid=host`, `hostPID: true`)";
        said.once("namespace", "processes outside of this container", why, hint);
    }
}

/// A name without control characters, which terminals would obey.
fn printable(name: &[u8]) -> String {
    let lossy = String::from_utf8_lossy(name);
    lossy.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// The samples of one process.
fn push(out: &mut Vec<Sample>, labels: &Labels, memory: &Memory, swap: bool) {
    let mut one = |signal, bytes: Option<u64>| {
        out.extend(bytes.map(|bytes| Sample { signal, labels: labels.clone(), value: bytes as f64 }));
    };
    one(Signal::ProcessResident, Some(memory.resident));
    one(Signal::ProcessAnonymous, memory.anonymous);
    one(Signal::ProcessShared, memory.shared);
    if swap {
        one(Signal::ProcessSwap, memory.swap);
    }
}
