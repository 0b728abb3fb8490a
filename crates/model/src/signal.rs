//! Signals: quantities under our own names, whatever a source calls them.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Bytes in a day.
    BytesPerDay,
    /// Seconds; as an instant, seconds since the epoch.
    Seconds,
    /// Hours.
    Hours,
    /// A share: 1 is all.
    Ratio,
    /// So many things.
    Count,
}

/// Declares the enum, its names and its documentation in one go.
macro_rules! signals {
    ($( $(#[doc = $doc:literal])+ $variant:ident = $name:literal, $unit:ident, [$($label:literal),*]; )*) => {
        /// A quantity under our name, with its unit and the labels that tell its series apart.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Signal { $( $(#[doc = $doc])+ $variant ),* }

        impl Signal {
            /// Every signal, in the order of the documentation.
            pub const ALL: &[Signal] = &[$(Signal::$variant),*];

            /// The name in configuration, documents and the store.
            pub const fn name(self) -> &'static str {
                match self { $( Signal::$variant => $name ),* }
            }
            /// What its numbers count.
            pub const fn unit(self) -> Unit {
                match self { $( Signal::$variant => Unit::$unit ),* }
            }
            /// One or two sentences on what it is.
            pub const fn doc(self) -> &'static str {
                match self { $( Signal::$variant => concat!($($doc),+).trim_ascii() ),* }
            }
            /// Labels every series of it carries (an optional one may be missing), which tell its series apart.
            pub const fn labels(self) -> &'static [&'static str] {
                match self { $( Signal::$variant => &[$($label),*] ),* }
            }
        }
    };
}

signals! {
    /// Memory the kernel of the host has to give out.
    HostMemoryTotal = "host.memory.total", Bytes, ["host"];
    /// Memory that new programs could get without swapping (`MemAvailable`); total minus this is what is used.
    HostMemoryAvailable = "host.memory.available", Bytes, ["host"];
    /// Memory nobody uses at all.
    HostMemoryFree = "host.memory.free", Bytes, ["host"];
    /// Page cache and block buffers, which the kernel can mostly give back.
    HostMemoryCached = "host.memory.cached", Bytes, ["host"];
    /// Anonymous memory of all processes: heaps and stacks.
    HostMemoryAnonymous = "host.memory.anonymous", Bytes, ["host"];
    /// Shared memory and tmpfs, which nothing but deleting frees.
    HostMemoryShared = "host.memory.shared", Bytes, ["host"];
    /// Kernel objects that cannot be reclaimed (`SUnreclaim`).
    HostMemorySlab = "host.memory.slab_unreclaimable", Bytes, ["host"];
    /// Page tables and kernel stacks.
    HostMemoryKernel = "host.memory.kernel", Bytes, ["host"];
    /// Swap space in all.
    HostSwapTotal = "host.swap.total", Bytes, ["host"];
    /// Swap space not in use.
    HostSwapFree = "host.swap.free", Bytes, ["host"];
    /// Share of the last 10 s in which some task waited for memory (PSI `some avg10`).
    HostMemoryPressure = "host.memory.pressure", Ratio, ["host"];
    /// Share of the last 10 s in which all tasks waited for memory (PSI `full avg10`).
    HostMemoryStall = "host.memory.stall", Ratio, ["host"];
    /// When the host booted, seconds since the epoch.
    HostBootTime = "host.boot_time", Seconds, ["host"];
    /// Resident memory of a process, or of a group of processes of one name.
    ProcessResident = "process.memory.resident", Bytes, ["host", "process", "pid", "start", "container", "pod_uid"];
    /// Anonymous resident memory of a process: what only it can free.
    ProcessAnonymous = "process.memory.anonymous", Bytes, ["host", "process", "pid", "start", "container", "pod_uid"];
    /// Resident memory of a process backed by files or shared memory.
    ProcessShared = "process.memory.shared", Bytes, ["host", "process", "pid", "start", "container", "pod_uid"];
    /// Memory of a process that was swapped out.
    ProcessSwap = "process.memory.swap", Bytes, ["host", "process", "pid", "start", "container", "pod_uid"];
    /// Processes in a group of one name.
    ProcessCount = "process.count", Count, ["host", "process"];
    /// Heap and goroutine profiles of a program: call paths in place of series.
    HeapProfiles = "process.heap.profiles", Bytes, ["target"];
    /// Bytes a container cannot give back under pressure (working set; may hold active page cache).
    ContainerWorkingSet = "container.memory.working_set", Bytes, ["host", "namespace", "pod", "container"];
    /// Anonymous memory of a container.
    ContainerAnonymous = "container.memory.anonymous", Bytes, ["host", "namespace", "pod", "container"];
    /// Bytes a container may use before it is killed.
    ContainerMemoryLimit = "container.memory.limit", Bytes, ["host", "namespace", "pod", "container"];
}

impl Signal {
    /// The signal of that name.
    pub fn named(name: &str) -> Option<Signal> {
        Signal::ALL.iter().copied().find(|s| s.name() == name)
    }
}

impl Serialize for Signal {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Signal {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Signal, D::Error> {
        let name = String::deserialize(from)?;
        Signal::named(&name).ok_or_else(|| serde::de::Error::custom(format!("no signal is called `{name}`")))
    }
}

impl JsonSchema for Signal {
    fn schema_name() -> Cow<'static, str> {
        "Signal".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = Signal::ALL.iter().map(|s| s.name()).collect();
        json_schema!({ "type": "string", "enum": names, "description": "A quantity under Patrol's own name." })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_lower_case_and_find_their_signal() {
        for (i, signal) in Signal::ALL.iter().enumerate() {
            assert_eq!(Signal::named(signal.name()), Some(*signal));
            assert!(signal.name().chars().all(|c| c.is_ascii_lowercase() || c == '.' || c == '_'), "{}", signal.name());
            assert!(Signal::ALL[..i].iter().all(|s| s.name() != signal.name()));
            assert!(signal.doc().ends_with(['.', ')']) || signal.doc().ends_with('.'), "{}", signal.name());
        }
    }
}
