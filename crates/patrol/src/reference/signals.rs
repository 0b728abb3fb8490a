//! docs/reference/signals.md: every signal, and what it is called elsewhere.

use model::signal::{Signal, Unit};
use sources::prometheus::expressions;

use super::{MADE, code, table};

pub(super) fn page() -> String {
    let signals = Signal::ALL.iter().map(|s| {
        let labels: Vec<String> = s.labels().iter().map(|l| code(l)).collect();
        [code(s.name()), unit(s.unit()).into(), labels.join(", "), s.doc().trim().to_string()]
    });
    let asked = Signal::ALL.iter().map(|s| {
        let asked: Vec<String> = expressions(*s).iter().map(|e| code(e)).collect();
        [code(s.name()), if asked.is_empty() { "not offered by the exporters".into() } else { asked.join(" and ") }]
    });
    format!(
        "{MADE}# Signals\n\n\
         Inspections ask for signals: quantities under our own names, whatever a source calls them. Labels that do not\n\
         apply to a series are missing from it.\n\n{}\n\
         ## What a Prometheus is asked for\n\n\
         Series of node_exporter, process-exporter and cAdvisor. Another expression goes into the configuration, below\n\
         `sources.NAME.prometheus.signals`, by the name of the signal.\n\n{}",
        table(["signal", "unit", "labels", "what it is"], signals),
        table(["signal", "asked by (PromQL)"], asked)
    )
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Bytes => "bytes",
        Unit::BytesPerDay => "bytes a day",
        Unit::Seconds => "seconds",
        Unit::Hours => "hours",
        Unit::Ratio => "share of 1",
        Unit::Count => "count",
    }
}
