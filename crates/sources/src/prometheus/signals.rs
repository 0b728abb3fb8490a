//! What each signal is called by the exporters: the one place where PromQL is written.

use std::collections::BTreeMap;

use model::params::unknown_key;
use model::signal::Signal;

use crate::http::SetupError;

/// One way a server may know a signal by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alternative {
    /// The expression (PromQL).
    pub expression: String,
    /// Our labels (other than `host`), each with the server's labels that carry it; the first one there counts.
    pub labels: Vec<(&'static str, Vec<&'static str>)>,
}

/// How a signal is had from a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mapping {
    /// By these expressions; their series together are the answer.
    Asked(Vec<Alternative>),
    /// Not at all: an answer without series, with this note.
    NotOffered(&'static str),
}

/// The exporters whose series are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exporter {
    /// node_exporter: hosts.
    Node,
    /// process-exporter: groups of processes.
    Process,
    /// cAdvisor: containers.
    Container,
}

impl Exporter {
    /// The exporter a signal comes from.
    pub fn of(signal: Signal) -> Exporter {
        match signal.name().split('.').next() {
            Some("process") => Exporter::Process,
            Some("container") => Exporter::Container,
            _ => Exporter::Node,
        }
    }

    /// What its makers call it.
    pub const fn name(self) -> &'static str {
        match self {
            Exporter::Node => "node_exporter",
            Exporter::Process => "process-exporter",
            Exporter::Container => "cAdvisor",
        }
    }
}

/// The expression of each signal as the exporters have it; none where no exporter offers it.
///
/// Metrics: <https://github.com/prometheus/node_exporter> (meminfo, pressure, stat collectors),
/// <https://github.com/ncabatoff/process-exporter>, <https://github.com/google/cadvisor/blob/master/docs/storage/prometheus.md>.
fn expression(signal: Signal) -> Result<&'static str, &'static str> {
    use Signal::*;
    Ok(match signal {
        HostMemoryTotal => "node_memory_MemTotal_bytes",
        HostMemoryAvailable => "node_memory_MemAvailable_bytes",
        HostMemoryFree => "node_memory_MemFree_bytes",
        HostMemoryCached => "node_memory_Cached_bytes + node_memory_Buffers_bytes",
        HostMemoryAnonymous => "node_memory_AnonPages_bytes",
        HostMemoryShared => "node_memory_Shmem_bytes",
        HostMemorySlab => "node_memory_SUnreclaim_bytes",
        HostMemoryKernel => "node_memory_PageTables_bytes + node_memory_KernelStack_bytes",
        HostSwapTotal => "node_memory_SwapTotal_bytes",
        HostSwapFree => "node_memory_SwapFree_bytes",
        // The exporter counts seconds of waiting, which the kernel's `avg10` is the rate of; 5 min bridges any scrape.
        HostMemoryPressure => "rate(node_pressure_memory_waiting_seconds_total[5m])",
        HostMemoryStall => "rate(node_pressure_memory_stalled_seconds_total[5m])",
        HostBootTime => "node_boot_time_seconds",
        ProcessResident => r#"namedprocess_namegroup_memory_bytes{memtype="resident"}"#,
        ProcessSwap => r#"namedprocess_namegroup_memory_bytes{memtype="swapped"}"#,
        ProcessCount => "namedprocess_namegroup_num_procs",
        ProcessAnonymous => {
            return Err("process-exporter does not tell the anonymous memory of processes apart from the resident");
        }
        ProcessShared => {
            return Err("process-exporter does not tell the shared memory of processes apart from the resident");
        }
        HeapProfiles => return Err("a server of series does not tell call paths"),
        ContainerWorkingSet => "container_memory_working_set_bytes",
        ContainerAnonymous => "container_memory_rss",
        ContainerMemoryLimit => "container_spec_memory_limit_bytes",
    })
}

/// How a signal is had, with the expression a user gave for it, if any, in place of ours.
pub fn mapping(signal: Signal, overrides: &BTreeMap<Signal, String>) -> Mapping {
    let exporter = Exporter::of(signal);
    if let Some(expression) = overrides.get(&signal) {
        let labels = match exporter {
            Exporter::Node => Vec::new(),
            Exporter::Process => vec![("process", vec!["process", "groupname"])],
            Exporter::Container => vec![("container", vec!["container", "name"])],
        };
        return Mapping::Asked(vec![Alternative { expression: expression.clone(), labels }]);
    }
    let metric = match expression(signal) {
        Ok(metric) => metric,
        Err(why) => return Mapping::NotOffered(why),
    };
    let one = |expression: String, labels| Alternative { expression, labels };
    Mapping::Asked(match exporter {
        Exporter::Node => vec![one(metric.into(), Vec::new())],
        Exporter::Process => vec![one(metric.into(), vec![("process", vec!["groupname"])])],
        // In Kubernetes `container` is empty for whole pods and `POD` for the sandbox; a plain Docker host has only
        // `name`. A sandbox of containerd has a `name` too, but belongs to a pod.
        Exporter::Container => vec![
            one(format!(r#"{metric}{{container!="",container!="POD"}}"#), vec![("container", vec!["container"])]),
            one(format!(r#"{metric}{{container="",pod="",name!=""}}"#), vec![("container", vec!["name"])]),
        ],
    })
}

/// Whether a value of a signal stands for "there is none" rather than for a quantity.
///
/// cAdvisor writes a missing memory limit as 0, or as the largest number of whole pages (2^63 - 4096) from cgroup v1.
pub fn means_none(signal: Signal, value: f64) -> bool {
    signal == Signal::ContainerMemoryLimit && (value <= 0.0 || value >= (1u64 << 62) as f64)
}

/// Checks the expressions a user gave: known signals, readable PromQL.
pub fn overrides(given: &BTreeMap<String, String>) -> Result<BTreeMap<Signal, String>, SetupError> {
    let names: Vec<&str> = Signal::ALL.iter().map(|s| s.name()).collect();
    let mut known = BTreeMap::new();
    for (name, expression) in given {
        let signal = Signal::named(name).ok_or_else(|| {
            SetupError::new(
                unknown_key("signal", name, &names),
                "keys under `signals` are names of signals; `patrol inspection show` tells which an inspection asks for",
            )
        })?;
        promql_parser::parser::parse(expression).map_err(|e| {
            SetupError::new(
                format!("the expression of `{name}` is not PromQL: {e}: {expression}"),
                "write it as in a query of the server: a metric, a recording rule, or an expression with a series a host",
            )
        })?;
        known.insert(signal, expression.clone());
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signal_is_readable_promql_or_says_why_it_is_not_offered() {
        for signal in Signal::ALL {
            match mapping(*signal, &BTreeMap::new()) {
                Mapping::Asked(all) => {
                    assert!(all.iter().all(|a| promql_parser::parser::parse(&a.expression).is_ok()), "{all:?}");
                }
                Mapping::NotOffered(why) => assert!(why.contains("does not tell"), "{why}"),
            }
        }
    }

    #[test]
    fn a_slip_in_an_override_is_named() {
        let given = |name: &str, text: &str| overrides(&BTreeMap::from([(name.into(), text.into())]));
        let error = given("host.memory.totl", "x").unwrap_err();
        assert!(error.reason.starts_with("unknown signal `host.memory.totl`; did you mean `host.memory.total`?"));
        let error = given("host.memory.total", "sum by (instance) (x").unwrap_err();
        assert!(error.reason.contains("`host.memory.total` is not PromQL"), "{error}");
        assert_eq!(given("host.boot_time", "boot:time").unwrap()[&Signal::HostBootTime], "boot:time");
    }

    #[test]
    fn an_absent_limit_is_not_a_limit_of_nothing() {
        let limit = Signal::ContainerMemoryLimit;
        assert!(means_none(limit, 0.0) && means_none(limit, 9_223_372_036_854_771_712.0));
        assert!(!means_none(limit, 1e9) && !means_none(Signal::HostSwapTotal, 0.0));
    }
}
