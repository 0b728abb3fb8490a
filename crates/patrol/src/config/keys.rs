//! The keys of the file that are not parameters of an inspection or settings of a source, each declared once.

use model::params::{Param, Params};
use model::seam::Card;
use model::size::Size;
use model::time::Span;

/// The keys of the file itself, in the order of the documentation.
pub const TOP: [(&str, &str); 4] = [
    ("sources", "Where data comes from, by a name of your choice. The local collector's store when there is none."),
    ("collector", "What `patrol collect` collects from this host, and how long it is kept."),
    ("profiles", "Programs whose heap profiles are fetched and kept by `patrol collect`, or lie in files."),
    ("inspections", "What is looked for, by the id of the inspection. All of them, with defaults, when there is none."),
];

/// The key of an inspection that holds its parameters.
pub(super) const PARAMS: &str = "params";

model::params! {
    /// The embedded collector's settings.
    Collector {
        /// How often this host is read.
        interval: Span = Span::from_secs(15),
        /// Where the series are kept; `$XDG_STATE_HOME/patrol` or `~/.local/state/patrol` when empty.
        /// Relative to this file. `--data-dir` goes before it.
        data_dir: String = String::new(),
        /// How long samples are kept.
        retention: Span = Span::from_days(15),
        /// Most series alive at once; the smallest processes are left out beyond it.
        max_series: usize = 50_000,
        /// Most disk the series may take.
        max_disk: Size = Size::from_bytes(2 << 30),
    }
}

model::params! {
    /// How many of the fetched profiles are kept.
    Keep {
        /// Most profiles of one kind of a target: the newest 12, and before them the first of each hour.
        count: usize = 48,
        /// How long a profile is kept.
        age: Span = Span::from_days(7),
        /// Most disk all profiles together may take; the target with the most loses its oldest beyond it.
        disk: Size = Size::from_bytes(512 << 20),
    }
}

model::params! {
    /// How large a profile may be. A larger one is refused, not cut.
    Limits {
        /// Most bytes of an answer, as sent.
        max_download: Size = Size::from_bytes(256 << 20),
        /// Most bytes of a profile once uncompressed.
        max_uncompressed: Size = Size::from_bytes(1 << 30),
    }
}

model::params! {
    /// The keys every inspection has.
    Common {
        /// Whether `patrol inspect` without an id runs it.
        enabled: bool = true,
        /// Names of the sources to ask; all of them when empty.
        sources: Vec<String> = Vec::new(),
        /// How far back to look.
        window: Span = Span::ZERO,
        /// Length of a cell of the window.
        step: Span = Span::ZERO,
    }
}

/// The keys every inspection has, with this one's defaults.
pub(super) fn of_inspection(card: &Card) -> Vec<Param> {
    let mut keys = Common::table();
    for key in &mut keys {
        match key.name {
            "window" => key.default = card.window.to_string(),
            "step" => key.default = card.step.to_string(),
            _ => {}
        }
    }
    keys
}

model::params! {
    /// The settings of a source that reads what the embedded collector stored.
    Host {
        /// Where the series are; the collector's own directory when empty. Relative to this file.
        data_dir: String = String::new(),
    }
}
