//! The configuration file: sources, the collector, programs with profiles, and inspections with their parameters.
//!
//! Every key and value is checked when the file is read, and an error points at file, line and column. Nothing in it
//! is expanded from the environment. Secrets are named by file, never written.

mod keys;
mod node;
mod problem;
pub mod profiles;
mod read;
pub mod schema;
mod secrets;
mod section;
mod typed;

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::params::{Param, Params as _, RawParams};
use model::seam::AnyInspection;
use model::time::Span;
use serde::Serialize;
use sources::prometheus;

pub use self::keys::{Collector, Keep, Limits};
pub use self::node::Place;
pub use self::problem::{ConfigError, Problem};
pub use self::profiles::{Profiles, ProfilesFrom, Target};
use self::section::Lines;
use crate::cli::Common;

/// The file looked for in the working directory.
pub const FILE: &str = "patrol.yaml";

/// A longer file is a mistake.
const LONGEST: u64 = 4 << 20;

/// Everything a person has set, and the defaults of everything else.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file it comes from; none when there is no file.
    pub file: Option<Arc<Path>>,
    /// Where data comes from, in the order of the file. Never empty.
    pub sources: Vec<SourceConfig>,
    /// The embedded collector's settings. For its directory ask [`Config::data_dir`].
    pub collector: Collector,
    /// Programs whose profiles are looked at.
    pub profiles: Profiles,
    inspections: Vec<InspectionConfig>,
    data_dir: PathBuf,
}

/// A source by its name.
#[derive(Clone, Debug)]
pub struct SourceConfig {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: SourceKind,
    /// Where it is set.
    pub origin: Origin,
}

/// What a source is.
#[derive(Clone, Debug)]
pub enum SourceKind {
    /// A server that speaks the Prometheus API.
    Prometheus(Box<prometheus::Settings>),
    /// What the embedded collector stored in this directory.
    Host {
        /// The directory.
        data_dir: PathBuf,
    },
}

impl SourceKind {
    /// The key in the configuration.
    pub fn word(&self) -> &'static str {
        match self {
            SourceKind::Prometheus(_) => "prometheus",
            SourceKind::Host { .. } => "host",
        }
    }
}

/// How one inspection is to be run.
#[derive(Clone)]
pub struct InspectionConfig {
    /// The inspection.
    pub inspection: &'static dyn AnyInspection,
    /// Whether it runs when no inspection is named.
    pub enabled: bool,
    /// Names of the sources to ask; all when empty.
    pub sources: Vec<String>,
    /// Length of the window.
    pub window: Span,
    /// Length of a cell.
    pub step: Span,
    /// Its parameters as written, all of them checked.
    pub params: RawParams,
    lines: Lines,
    param_lines: Lines,
    file: Option<Arc<Path>>,
}

/// Where a value comes from; later layers go before earlier ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A line of the configuration file.
    File(Arc<Path>, usize),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File(file, line) => write!(f, "{}:{line}", file.display()),
        }
    }
}

impl Serialize for Origin {
    /// As shown: `default` or `FILE:LINE`.
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// One key with its value and where that comes from.
#[derive(Clone, Debug, Serialize)]
pub struct Setting {
    /// Name, kind, documentation, default.
    #[serde(flatten)]
    pub param: Param,
    /// The value that holds, as it would stand in a configuration.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
}

impl Config {
    /// Reads a file and checks everything in it.
    pub fn load(path: &Path) -> Result<Config, ConfigError> {
        let text = content(path).map_err(|problem| ConfigError::new(path.into(), "", vec![problem]))?;
        Config::parse(&text, path)
    }

    /// Reads text as if it stood in that file.
    pub fn parse(text: &str, path: &Path) -> Result<Config, ConfigError> {
        read::config(text, path).map_err(|problems| ConfigError::new(path.into(), text, problems))
    }

    /// Finds the configuration: `--config`, else `patrol.yaml` in the working directory, else defaults, whose only
    /// source is what the local collector stored.
    pub fn discover(common: &Common) -> Result<Config, ConfigError> {
        let path = match &common.config {
            Some(path) => Some(path.as_path()),
            // A link to nowhere is there too: its error is better than defaults nobody asked for.
            None => Some(Path::new(FILE)).filter(|p| std::fs::symlink_metadata(p).is_ok()),
        };
        let mut config = match path {
            Some(path) => Config::load(path)?,
            None => read::defaults(),
        };
        if let Some(dir) = &common.data_dir {
            config.store_in(dir);
        }
        Ok(config)
    }

    /// Lets `--data-dir` go before the file.
    fn store_in(&mut self, dir: &Path) {
        let before = std::mem::replace(&mut self.data_dir, dir.into());
        for source in &mut self.sources {
            match &mut source.kind {
                SourceKind::Host { data_dir } if *data_dir == before => *data_dir = dir.into(),
                _ => {}
            }
        }
    }

    /// Where the embedded collector keeps its series.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The source of that name.
    pub fn source(&self, name: &str) -> Option<&SourceConfig> {
        self.sources.iter().find(|s| s.name == name)
    }

    /// How an inspection is to be run: as the file says, defaults for the rest.
    pub fn inspection(&self, id: &str) -> Option<&InspectionConfig> {
        self.inspections.iter().find(|i| i.id() == id)
    }

    /// All inspections, in the order of the documentation.
    pub fn inspections(&self) -> &[InspectionConfig] {
        &self.inspections
    }

    /// How many sources the file sets.
    pub fn sources_set(&self) -> usize {
        self.sources.iter().filter(|s| s.origin != Origin::Default).count()
    }

    /// How many inspections the file mentions.
    pub fn inspections_set(&self) -> usize {
        self.inspections.iter().filter(|i| i.file.is_some()).count()
    }
}

impl InspectionConfig {
    /// Its id.
    pub fn id(&self) -> &'static str {
        self.inspection.card().id
    }

    /// The keys every inspection has, with where each value comes from.
    pub fn settings(&self) -> Vec<Setting> {
        let common =
            keys::Common { enabled: self.enabled, sources: self.sources.clone(), window: self.window, step: self.step };
        settings(keys::of_inspection(self.inspection.card()), common.values(), &self.lines, self.file.as_ref())
    }

    /// Its own parameters, with where each value comes from.
    pub fn param_settings(&self) -> Vec<Setting> {
        // They were checked when the file was read.
        let values = self.inspection.values(&self.params).unwrap_or_default();
        settings(self.inspection.params(), values, &self.param_lines, self.file.as_ref())
    }
}

impl fmt::Debug for InspectionConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InspectionConfig").field("id", &self.id()).field("params", &self.params).finish_non_exhaustive()
    }
}

/// Joins the table of parameters with their values and lines.
fn settings(
    table: Vec<Param>,
    values: Vec<(&'static str, String)>,
    lines: &Lines,
    file: Option<&Arc<Path>>,
) -> Vec<Setting> {
    let origin = |name: &str| match (lines.get(name), file) {
        (Some(line), Some(file)) => Origin::File(file.clone(), *line),
        _ => Origin::Default,
    };
    let value = |name: &str| values.iter().find(|(n, _)| *n == name).map(|(_, v)| v.clone()).unwrap_or_default();
    table.into_iter().map(|param| Setting { value: value(param.name), origin: origin(param.name), param }).collect()
}

/// The text of the file, with limits.
fn content(path: &Path) -> Result<String, Problem> {
    let cannot = |error: std::io::Error| {
        let problem = Problem::new(None, format!("cannot be read: {error}"));
        match error.kind() {
            std::io::ErrorKind::NotFound => problem.hint(
                "name another with `--config FILE`, or work without one; `patrol config schema` tells what it may hold",
            ),
            _ => problem,
        }
    };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(cannot)?;
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() as u64 > LONGEST {
        return Err(Problem::new(None, format!("is longer than {} MiB, which no configuration is", LONGEST >> 20)));
    }
    String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        Problem::new(None, format!("is not UTF-8 text in line {line}"))
    })
}

/// Where the collector keeps its series when nobody says: `$XDG_STATE_HOME/patrol`, `~/.local/state/patrol`, or
/// `/var/lib/patrol` for a program without a home (XDG Base Directory Specification 0.8).
fn state_dir() -> PathBuf {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    match (absolute("XDG_STATE_HOME"), absolute("HOME")) {
        (Some(state), _) => state.join("patrol"),
        (None, Some(home)) => home.join(".local/state/patrol"),
        (None, None) => PathBuf::from("/var/lib/patrol"),
    }
}
