//! The embedded collector: this host, its processes and its containers, read from `/proc` and the control groups.
//!
//! Everything is read by plain file reads, needs no root and never fails as a whole: what a kernel does not offer is
//! [`Missing`], said once. The parsers are pure functions over the bytes of a file.

use std::path::PathBuf;

use model::labels::Labels;
use model::signal::Signal;

use files::Files;
use missing::Said;
use processes::Processes;

pub mod cgroup;
pub mod container;
mod files;
mod lines;
pub mod meminfo;
mod missing;
pub mod pressure;
pub mod process;
mod processes;

#[cfg(test)]
mod tests;

pub use missing::Missing;

/// How to collect.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the kernel shows processes; `/proc`, or where a container has that of its host.
    pub proc: PathBuf,
    /// Where the kernel shows control groups, `fs/cgroup` below it; `/sys`.
    pub sys: PathBuf,
    /// What the host is called; the kernel's own name for it when none.
    pub host: Option<String>,
    /// Most processes collected; of more the largest by resident memory.
    pub max_processes: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { proc: "/proc".into(), sys: "/sys".into(), host: None, max_processes: 1_000 }
    }
}

/// One number read.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The quantity.
    pub signal: Signal,
    /// Whose: those of [`Signal::labels`] that are known, and `pod_uid` of containers in pods.
    pub labels: Labels,
    /// In the unit of the signal.
    pub value: f64,
}

/// Everything read in one go.
#[derive(Clone, Debug, Default)]
pub struct Scrape {
    /// The numbers.
    pub samples: Vec<Sample>,
    /// What was looked for and is not to be had, as far as no earlier scrape said so.
    pub missing: Vec<Missing>,
}

/// Reads this host again and again; remembers the living processes in between.
pub struct Collector {
    proc: Files,
    sys: Files,
    host: Labels,
    processes: Processes,
    boot: Option<u64>,
    said: Said,
    /// Samples of the last scrape, for the size of the next.
    expected: usize,
}

/// A boot time that differs by no more is the same: the kernel computes it anew, and rounds.
const SAME_BOOT: u64 = 1;

impl Collector {
    /// Gets ready; reads no more than the name of the host.
    pub fn new(settings: Settings) -> Collector {
        let mut proc = Files::below(settings.proc);
        let name = settings.host.or_else(|| {
            let file = proc.read("sys/kernel/hostname").ok()?;
            Some(String::from_utf8_lossy(file).trim().to_string()).filter(|name| !name.is_empty())
        });
        let host = Labels::from([("host", name.as_deref().unwrap_or("localhost"))]);
        let ticks = rustix::param::clock_ticks_per_second();
        Collector {
            proc,
            sys: Files::below(settings.sys),
            processes: Processes::new(host.clone(), settings.max_processes, ticks),
            host,
            boot: None,
            said: Said::default(),
            expected: 0,
        }
    }

    /// What the host is called.
    pub fn host(&self) -> &str {
        self.host.get("host").unwrap_or_default()
    }

    /// Reads everything now. The caller knows what time it is.
    pub fn scrape(&mut self) -> Scrape {
        let mut samples = Vec::with_capacity(self.expected + self.expected / 8);
        let swap = self.memory(&mut samples);
        self.pressure(&mut samples);
        self.boot_time(&mut samples);
        self.processes.scrape(&mut self.proc, self.boot.unwrap_or(0), swap, &mut samples, &mut self.said);
        if samples.iter().any(|s| s.signal == Signal::ProcessResident)
            && !samples.iter().any(|s| s.signal == Signal::ProcessAnonymous)
        {
            self.said.once(
                "anonymous",
                "anonymous and shared memory of processes",
                "this kernel does not tell the kinds apart in /proc/PID/status",
                "Linux 4.5 or newer does",
            );
        }
        self.containers(&mut samples);
        self.expected = samples.len();
        Scrape { samples, missing: self.said.news() }
    }

    /// Memory of the host by kind. Says whether it has swap.
    fn memory(&mut self, out: &mut Vec<Sample>) -> bool {
        let info = match self.proc.read("meminfo") {
            Ok(file) => meminfo::MemInfo::read(file),
            Err(error) => {
                let why = format!("{}/meminfo cannot be read: {error}", self.proc.root());
                self.said.once("memory", "the memory of this host", why, "mount /proc");
                return false;
            }
        };
        if info.available.is_none() {
            self.said.once(
                "available",
                "available memory of the host",
                "this kernel prints no MemAvailable; it is estimated from free memory, page cache and slab",
                "Linux 3.14 or newer prints it",
            );
        }
        out.extend(info.signals().map(|(signal, bytes)| Sample {
            signal,
            labels: self.host.clone(),
            value: bytes as f64,
        }));
        info.swap_total.is_some_and(|bytes| bytes > 0)
    }

    /// Pressure, where the kernel measures it.
    fn pressure(&mut self, out: &mut Vec<Sample>) {
        let Some(pressure) = self.proc.read("pressure/memory").ok().and_then(pressure::Pressure::read) else {
            return self.said.once(
                "pressure",
                "memory pressure (PSI)",
                "this kernel has no /proc/pressure/memory",
                "Linux 4.20 or newer has, built with CONFIG_PSI; some start only with psi=1",
            );
        };
        let all = [(Signal::HostMemoryPressure, Some(pressure.some)), (Signal::HostMemoryStall, pressure.full)];
        for (signal, share) in all {
            out.extend(share.map(|value| Sample { signal, labels: self.host.clone(), value }));
        }
    }

    /// When the host booted.
    fn boot_time(&mut self, out: &mut Vec<Sample>) {
        match self.proc.read("stat").ok().and_then(process::boot_time) {
            Some(now) if self.boot.is_none_or(|before| before.abs_diff(now) > SAME_BOOT) => self.boot = Some(now),
            Some(_) => {}
            None => self.said.once(
                "boot",
                "the boot time",
                format!("{}/stat has no btime; starts of processes count from the boot", self.proc.root()),
                "mount /proc",
            ),
        }
        out.extend(self.boot.map(|seconds| Sample {
            signal: Signal::HostBootTime,
            labels: self.host.clone(),
            value: seconds as f64,
        }));
    }

    /// The memory of every container some process is in.
    fn containers(&mut self, out: &mut Vec<Sample>) {
        for container in self.processes.containers().values() {
            let memory = match &container.group {
                Some((hierarchy, group)) => container::ContainerMemory::read(&mut self.sys, *hierarchy, group),
                None => container::ContainerMemory::default(),
            };
            if memory == container::ContainerMemory::default() {
                self.said.once(
                    "containers",
                    "the memory of containers as a whole",
                    "their control groups cannot be seen from here",
                    "run on the host, or give the collector the host's control group namespace and /sys/fs/cgroup",
                );
            }
            let all = [
                (Signal::ContainerWorkingSet, memory.working_set),
                (Signal::ContainerAnonymous, memory.anonymous),
                (Signal::ContainerMemoryLimit, memory.limit),
            ];
            for (signal, bytes) in all {
                let labels = || container.labels.clone();
                out.extend(bytes.map(|bytes| Sample { signal, labels: labels(), value: bytes as f64 }));
            }
        }
    }
}
