//! From the tree to the configuration: walks every section and gathers every problem on the way.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::params::{self, RawParams};
use model::signal::Signal;
use model::time::Window;
use sources::prometheus::{self, Prometheus};

use super::keys::{Collector, Common, Host, PARAMS, TOP};
use super::node::{self, Key, Node, Place, Value};
use super::problem::Problem;
use super::profiles::Profiles;
use super::section::{self, Known, Values};
use super::{Config, InspectionConfig, Lines, Origin, SourceConfig, SourceKind, secrets, typed};

/// Kinds of sources, in the order of the documentation.
pub(super) const KINDS: [&str; 2] = ["prometheus", "host"];

/// The name of the source there is when none is set.
const HERE: &str = "here";

/// What holds when there is no file.
pub(super) fn defaults() -> Config {
    let data_dir = super::state_dir();
    Config {
        file: None,
        sources: vec![here(&data_dir)],
        collector: Collector::default(),
        profiles: Profiles::default(),
        inspections: inspections::ALL.iter().map(|i| default_inspection(*i)).collect(),
        data_dir,
    }
}

fn here(data_dir: &Path) -> SourceConfig {
    SourceConfig { name: HERE.into(), kind: SourceKind::Host { data_dir: data_dir.into() }, origin: Origin::Default }
}

fn default_inspection(inspection: &'static dyn model::seam::AnyInspection) -> InspectionConfig {
    InspectionConfig {
        inspection,
        enabled: true,
        sources: Vec::new(),
        window: inspection.card().window,
        step: inspection.card().step,
        params: RawParams::new(),
        lines: Lines::new(),
        param_lines: Lines::new(),
        file: None,
    }
}

/// Reads a whole file, or says everything that is wrong with it.
pub(super) fn config(text: &str, path: &Path) -> Result<Config, Vec<Problem>> {
    let mut tree = node::parse(text.trim_start_matches('\u{feff}')).map_err(|problem| vec![problem])?;
    let mut reader = Reader { file: path.into(), problems: Vec::new() };
    secrets::take_out(&mut tree, &mut reader.problems);
    let config = reader.config(&tree);
    if reader.problems.is_empty() { Ok(config) } else { Err(reader.problems) }
}

/// Where the setting, signal or header stands that a sentence names first in backticks.
pub(super) fn place_of(sentence: &str, settings: &Node) -> Option<Place> {
    let deeper = |name| ["signals", "headers"].iter().find_map(|group| settings.get(group)?.get(name));
    let named = |name| settings.get(name).or_else(|| deeper(name));
    sentence.split('`').skip(1).step_by(2).find_map(named).map(|node| node.at)
}

/// Walks the tree of one file.
pub(super) struct Reader {
    file: Arc<Path>,
    pub(super) problems: Vec<Problem>,
}

impl Reader {
    pub(super) fn problem(&mut self, at: Place, message: impl Into<String>) {
        self.problems.push(Problem::new(at, message));
    }

    pub(super) fn origin(&self, at: Place) -> Origin {
        Origin::File(self.file.clone(), at.line)
    }

    /// A path of the file, relative to the directory it stands in.
    pub(super) fn path(&self, text: &str) -> PathBuf {
        self.file.parent().unwrap_or(Path::new("")).join(text)
    }

    fn config(&mut self, tree: &Node) -> Config {
        let top = section::pairs(tree, "a configuration", &mut self.problems);
        let names = TOP.map(|(name, _)| name);
        for (key, _) in top.iter().filter(|(key, _)| !names.contains(&key.text.as_str())) {
            self.problem(key.at, params::unknown_key("key", &key.text, &names));
        }
        let part = |name: &str| tree.get(name);
        let mut config = Config { file: Some(self.file.clone()), ..defaults() };
        if let Some(node) = part("collector") {
            let pairs = section::pairs(node, "the collector's settings", &mut self.problems);
            (config.collector, _) = section::typed(pairs, &[], &mut self.problems);
            self.collector_bounds(&config.collector, node);
            if !config.collector.data_dir.is_empty() {
                config.data_dir = self.path(&config.collector.data_dir);
            }
        }
        config.sources = match part("sources") {
            Some(node) => self.sources(node, &config.data_dir),
            None => Vec::new(),
        };
        if config.sources.is_empty() {
            config.sources = vec![here(&config.data_dir)];
        }
        // A source that could not be read is still a name that inspections may use.
        let sources = match part("sources").map(|n| &n.value) {
            Some(Value::Map(pairs)) if !pairs.is_empty() => pairs.iter().map(|(key, _)| key.text.as_str()).collect(),
            _ => vec![HERE],
        };
        if let Some(node) = part("profiles") {
            config.profiles = self.profiles(node);
        }
        if let Some(node) = part("inspections") {
            self.inspections(node, &sources, &mut config.inspections);
        }
        config
    }

    fn collector_bounds(&mut self, collector: &Collector, node: &Node) {
        let limits = [
            ("interval", collector.interval.millis() >= 1_000, "at least `1s`"),
            ("retention", collector.retention >= collector.interval, "at least one interval"),
            ("max_series", collector.max_series > 0, "at least 1"),
            ("max_disk", collector.max_disk.bytes() >= 1 << 20, "at least `1MiB`"),
        ];
        for (name, kept, limit) in limits {
            match node.get(name) {
                Some(node) if !kept => self.problem(node.at, format!("`{name}` must be {limit}")),
                _ => {}
            }
        }
    }

    fn sources(&mut self, node: &Node, data_dir: &Path) -> Vec<SourceConfig> {
        let pairs = section::pairs(node, "a source by its name", &mut self.problems);
        let read = |(key, node): &(Key, Node)| {
            let kind = self.source(key, node, data_dir)?;
            Some(SourceConfig { name: key.text.clone(), kind, origin: self.origin(key.at) })
        };
        pairs.iter().filter_map(read).collect()
    }

    /// `NAME: { KIND: SETTINGS }`.
    fn source(&mut self, name: &Key, node: &Node, data_dir: &Path) -> Option<SourceKind> {
        self.plain_name(name, "a source");
        let pairs = section::pairs(node, "a kind of source with its settings", &mut self.problems);
        let [(kind, settings)] = pairs else {
            self.not_one_kind(name, node, pairs);
            return None;
        };
        match kind.text.as_str() {
            "prometheus" => self.prometheus(kind, settings),
            "host" => {
                let pairs = section::pairs(settings, "the settings of a host", &mut self.problems);
                let (host, _) = section::typed::<Host>(pairs, &[], &mut self.problems);
                let own = Some(host.data_dir).filter(|d| !d.is_empty()).map(|d| self.path(&d));
                Some(SourceKind::Host { data_dir: own.unwrap_or_else(|| data_dir.into()) })
            }
            _ => {
                self.unknown_kind(name, kind);
                None
            }
        }
    }

    /// Names stand in files, on the command line and in reports.
    pub(super) fn plain_name(&mut self, name: &Key, of: &str) {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if name.text.is_empty() || name.text.len() > 63 || !name.text.chars().all(plain) {
            self.problem(name.at, format!("`{}` is no name for {of}; use letters, digits, `-`, `_`, `.`", name.text));
        }
    }

    fn not_one_kind(&mut self, name: &Key, node: &Node, pairs: &[(Key, Node)]) {
        let stranger = pairs.iter().map(|(key, _)| key).find(|key| !KINDS.contains(&key.text.as_str()));
        match (pairs, stranger) {
            ([], _) if matches!(node.value, Value::Map(_) | Value::Null) => {
                self.problem(name.at, format!("source `{}` has no kind; kinds are {}", name.text, KINDS.join(", ")));
            }
            ([], _) => {}
            (_, Some(stranger)) => self.unknown_kind(name, stranger),
            (_, None) => self.problem(name.at, format!("source `{}` has two kinds; give each its own name", name.text)),
        }
    }

    fn unknown_kind(&mut self, name: &Key, kind: &Key) {
        let problem = Problem::new(kind.at, params::unknown_key("kind of source", &kind.text, &KINDS));
        let form =
            format!("a source is written `{}: {{ prometheus: {{ url: URL }} }}` or `{0}: {{ host: }}`", name.text);
        self.problems.push(problem.hint(form));
    }

    fn prometheus(&mut self, kind: &Key, node: &Node) -> Option<SourceKind> {
        let mut node = node.clone();
        let before = self.problems.len();
        self.unexpanded(&node);
        self.signal_names(&node);
        self.root(&mut node);
        match typed::read::<prometheus::Settings>(&node) {
            Ok(settings) => {
                // Making the source asks nobody; it tells settings that do not go together.
                if let Err(error) = Prometheus::new(&kind.text, settings.clone())
                    && self.problems.len() == before
                {
                    let problem = Problem::new(place_of(&error.reason, &node).unwrap_or(kind.at), error.reason);
                    self.problems.push(Problem { hint: error.hint, ..problem });
                }
                Some(SourceKind::Prometheus(Box::new(settings)))
            }
            Err(problem) => {
                self.problems.push(problem);
                None
            }
        }
    }

    /// Names of signals whose expressions are replaced.
    fn signal_names(&mut self, settings: &Node) {
        let known: Vec<&str> = Signal::ALL.iter().map(|s| s.name()).collect();
        let Some(Node { value: Value::Map(pairs), .. }) = settings.get("signals") else { return };
        for (key, _) in pairs.iter().filter(|(key, _)| !known.contains(&key.text.as_str())) {
            self.problem(key.at, params::unknown_key("signal", &key.text, &known));
        }
    }

    /// Nothing is taken from the environment; someone who hopes so is told.
    pub(super) fn unexpanded(&mut self, settings: &Node) {
        let Value::Map(pairs) = &settings.value else { return };
        for (key, node) in pairs {
            if let Value::Text(text) = &node.value
                && text.contains("${")
            {
                let problem =
                    Problem::new(node.at, format!("`{}` holds `${{`, and nothing is expanded here", key.text));
                self.problems.push(problem.hint("write the value itself; secrets go into files"));
            }
        }
    }

    /// Files named in settings are relative to the configuration.
    pub(super) fn root(&self, node: &mut Node) {
        let Value::Map(pairs) = &mut node.value else { return };
        for (key, value) in pairs {
            match &mut value.value {
                Value::Text(text) if key.text.ends_with("_file") => *text = self.path(text).display().to_string(),
                _ => self.root(value),
            }
        }
    }

    fn inspections(&mut self, node: &Node, sources: &[&str], all: &mut [InspectionConfig]) {
        let ids: Vec<&str> = all.iter().map(InspectionConfig::id).collect();
        for (key, node) in section::pairs(node, "an inspection by its id", &mut self.problems) {
            match all.iter_mut().find(|i| i.id() == key.text) {
                Some(inspection) => self.inspection(node, sources, inspection),
                None => self.problem(key.at, params::unknown_key("inspection", &key.text, &ids)),
            }
        }
    }

    fn inspection(&mut self, node: &Node, sources: &[&str], into: &mut InspectionConfig) {
        let pairs = section::pairs(node, "the settings of an inspection", &mut self.problems);
        let before = self.problems.len();
        let (common, lines) = section::typed::<Common>(pairs, &[PARAMS], &mut self.problems);
        let own = into.inspection.params();
        for problem in &mut self.problems[before..] {
            if own.iter().any(|p| problem.message.starts_with(&format!("unknown key `{}`", p.name))) {
                problem.hint = Some(format!("it is a parameter: write it below `{PARAMS}:`"));
            }
        }
        into.file = Some(self.file.clone());
        into.enabled = common.enabled;
        if lines.contains_key("window") {
            into.window = common.window;
        }
        if lines.contains_key("step") {
            into.step = common.step;
        }
        let value = |name: &str| node.get(name);
        if let Err(why) = Window::ending(0, into.window, into.step)
            && let Some(node) = value("window").or(value("step"))
        {
            self.problem(node.at, why);
        }
        if let Some(node) = value("sources") {
            self.source_names(node, &common.sources, sources);
        }
        into.sources = common.sources;
        if let Some(node) = value(PARAMS) {
            let read = self.params(node, into);
            (into.params, into.param_lines) = (read.raw, read.lines);
        }
        into.lines = lines;
    }

    fn params(&mut self, node: &Node, of: &InspectionConfig) -> Values {
        let pairs = section::pairs(node, "a parameter by its name", &mut self.problems);
        let check = |raw: &RawParams| of.inspection.values(raw).map(|_| ());
        let known = Known { what: "parameter", params: &of.inspection.params(), others: &[], check: &check };
        section::values(pairs, &known, &mut self.problems)
    }

    /// Names of sources, each pointed at where it stands in a list of its own.
    fn source_names(&mut self, node: &Node, named: &[String], sources: &[&str]) {
        for name in named.iter().filter(|n| !sources.contains(&n.as_str())) {
            let at = match &node.value {
                Value::List(items) => items.iter().find(|i| matches!(&i.value, Value::Text(t) if t.trim() == name)),
                _ => None,
            };
            self.problem(at.unwrap_or(node).at, params::unknown_key("source", name, sources));
        }
    }
}
