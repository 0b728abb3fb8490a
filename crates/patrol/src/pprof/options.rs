//! What was asked of `patrol pprof`.

use model::profile::filter::Filters;
use model::profile::graph::{Granularity, Shape};

use super::flags::Given;

/// Which report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// Functions by value.
    Top,
    /// Each function with its callers and callees.
    Tree,
    /// The same for those that match.
    Peek(String),
    /// Annotated source of those that match.
    List(String),
    /// Every sample.
    Traces,
    /// Labels.
    Tags,
    /// Everything as text.
    Raw,
    /// Comments.
    Comments,
    /// The profile itself.
    Proto,
    /// A flame graph, into this file.
    Flame(String),
}

impl Report {
    /// Whether it is made of the call graph, for which profiles need not be merged.
    pub fn is_graph(&self) -> bool {
        matches!(self, Report::Top | Report::Tree | Report::Peek(_) | Report::List(_))
    }
}

/// Everything that can be said on the command line. Texts are empty where nothing was said.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "each is the flag of its name, documented in `flags`")]
pub struct Options {
    pub report: Report,
    pub sources: Vec<String>,
    pub base: Vec<String>,
    /// Whether the base came as `-diff_base`.
    pub diff: bool,
    pub normalize: bool,
    pub all_frames: bool,
    pub add_comment: String,
    pub seconds: Option<u64>,
    pub timeout: Option<u64>,
    pub max_uncompressed: u64,
    pub sample_index: String,
    pub mean: bool,
    pub divide_by: f64,
    pub unit: String,
    pub relative_percentages: bool,
    pub by_cum: bool,
    pub node_count: i64,
    pub node_fraction: f64,
    pub edge_fraction: f64,
    pub trim: bool,
    pub drop_negative: bool,
    pub compact_labels: bool,
    pub shape: Shape,
    pub filters: Filters,
    pub tagroot: String,
    pub tagleaf: String,
    pub source_path: String,
    pub trim_path: String,
    pub go_sources: bool,
    pub output: String,
    /// What there is to say about the flags themselves, for standard error.
    pub notes: Vec<String>,
}

impl Options {
    fn new(report: Report) -> Options {
        let text = String::new;
        Options {
            report,
            sources: Vec::new(),
            base: Vec::new(),
            diff: false,
            normalize: false,
            all_frames: false,
            add_comment: text(),
            seconds: None,
            timeout: None,
            max_uncompressed: sources::pprof::MOST_UNCOMPRESSED,
            sample_index: text(),
            mean: false,
            divide_by: 1.0,
            unit: "minimum".to_string(),
            relative_percentages: false,
            by_cum: false,
            node_count: -1,
            node_fraction: 0.005,
            edge_fraction: 0.001,
            trim: true,
            drop_negative: false,
            compact_labels: false,
            shape: Shape::default(),
            filters: Filters::default(),
            tagroot: text(),
            tagleaf: text(),
            source_path: text(),
            trim_path: text(),
            go_sources: false,
            output: text(),
            notes: Vec::new(),
        }
    }

    /// Makes sense of the flags. Errors are in the words of the reference where it has any.
    pub fn read(given: Given) -> Result<Options, String> {
        let mut reports: Vec<Report> = given.flags.iter().filter_map(|(name, value)| report(name, value)).collect();
        reports.dedup();
        let report = match reports.len() {
            0 => return Err("no report was named: say -top, -tree, -peek, -list, -traces or another".to_string()),
            1 => reports.swap_remove(0),
            _ => return Err("must set at most one output format".to_string()),
        };
        let mut options = Options { sources: given.others, ..Options::new(report) };
        let mut order = Vec::new();
        let mut granularity = Vec::new();
        for (name, value) in &given.flags {
            match *name {
                "flat" | "cum" if value == "true" => order.push(*name),
                "functions" | "filefunctions" | "files" | "lines" | "addresses" if value == "true" => {
                    granularity.push(*name);
                }
                _ => options.flag(name, value)?,
            }
        }
        options.short_for_values(&given.flags);
        options.by_cum = one_of(&order)? == Some("cum");
        options.shape.granularity = match one_of(&granularity)? {
            Some("filefunctions") => Granularity::FileFunctions,
            Some("files") => Granularity::Files,
            Some("lines") => Granularity::Lines,
            Some("addresses") => Granularity::Addresses,
            _ => Granularity::Functions,
        };
        options.check()
    }

    fn check(mut self) -> Result<Options, String> {
        if self.sources.is_empty() {
            return Err("no profile source specified".to_string());
        }
        if self.normalize && self.base.is_empty() {
            return Err("must have base profile to normalize by".to_string());
        }
        if self.divide_by == 0.0 {
            return Err("zero divisor specified".to_string());
        }
        // Reports on some functions alone are not trimmed: they might be among what is left out.
        if matches!(self.report, Report::Peek(_) | Report::List(_)) {
            self.trim = false;
        }
        if matches!(self.report, Report::List(_)) {
            self.shape.granularity = Granularity::Lines;
            self.shape.objects = true;
        }
        if !self.trim {
            (self.node_count, self.node_fraction, self.edge_fraction) = (0, 0.0, 0.0);
        }
        Ok(self)
    }

    fn flag(&mut self, name: &str, value: &str) -> Result<(), String> {
        let on = value == "true";
        match name {
            "base" | "diff_base" => self.base_on(name == "diff_base", value)?,
            "normalize" => self.normalize = on,
            "all_frames" => self.all_frames = on,
            "seconds" => self.seconds = Some(number(name, value)?),
            "timeout" => self.timeout = Some(number(name, value)?),
            "max_uncompressed" => {
                let size: model::size::Size = value.parse().map_err(|e| format!("-{name}: {e}"))?;
                self.max_uncompressed = size.bytes();
            }
            "mean" => self.mean = on,
            "divide_by" => self.divide_by = number(name, value)?,
            "relative_percentages" => self.relative_percentages = on,
            "nodecount" => self.node_count = number(name, value)?,
            "nodefraction" => self.node_fraction = number(name, value)?,
            "edgefraction" => self.edge_fraction = number(name, value)?,
            "trim" => self.trim = on,
            "drop_negative" => self.drop_negative = on,
            "compact_labels" => self.compact_labels = on,
            "noinlines" => self.shape.no_inlines = on,
            "showcolumns" => self.shape.columns = on,
            "go_sources" => self.go_sources = on,
            _ => {
                if let Some(text) = self.text(name) {
                    *text = value.to_string();
                }
            }
        }
        Ok(())
    }

    /// Where the value of a flag goes that is any text.
    fn text(&mut self, name: &str) -> Option<&mut String> {
        Some(match name {
            "add_comment" => &mut self.add_comment,
            "sample_index" => &mut self.sample_index,
            "unit" => &mut self.unit,
            "focus" => &mut self.filters.focus,
            "ignore" => &mut self.filters.ignore,
            "hide" => &mut self.filters.hide,
            "show" => &mut self.filters.show,
            "show_from" => &mut self.filters.show_from,
            "prune_from" => &mut self.filters.prune_from,
            "tagfocus" => &mut self.filters.tagfocus,
            "tagignore" => &mut self.filters.tagignore,
            "tagshow" => &mut self.filters.tagshow,
            "taghide" => &mut self.filters.taghide,
            "tagroot" => &mut self.tagroot,
            "tagleaf" => &mut self.tagleaf,
            "source_path" => &mut self.source_path,
            "trim_path" => &mut self.trim_path,
            "output" => &mut self.output,
            _ => return None,
        })
    }

    fn base_on(&mut self, diff: bool, value: &str) -> Result<(), String> {
        if value.is_empty() {
            return Ok(());
        }
        if !self.base.is_empty() && self.diff != diff {
            return Err("-base and -diff_base flags cannot both be specified".to_string());
        }
        self.diff = diff;
        // The reference keeps the last one, whatever its own help says.
        self.base = vec![value.to_string()];
        Ok(())
    }

    /// The short flags for a value, in the order in which the reference looks at them; the first one counts.
    fn short_for_values(&mut self, flags: &[(&'static str, String)]) {
        const SHORT: [(&str, &str); 7] = [
            ("total_delay", "delay"),
            ("mean_delay", "delay"),
            ("contentions", "contentions"),
            ("inuse_space", "inuse_space"),
            ("inuse_objects", "inuse_objects"),
            ("alloc_space", "alloc_space"),
            ("alloc_objects", "alloc_objects"),
        ];
        let set = |flag: &str| flags.iter().rfind(|(name, _)| *name == flag).is_some_and(|(_, value)| value == "true");
        for (flag, kind) in SHORT.into_iter().filter(|(flag, _)| set(flag)) {
            match self.sample_index.is_empty() {
                true => self.sample_index = kind.to_string(),
                false => self.notes.push(format!("Multiple value selections, ignoring -{flag}")),
            }
        }
        self.mean |= set("mean_delay");
    }

    /// How many nodes the report shows; 0 is all.
    pub fn shown(&self) -> usize {
        match self.node_count {
            -1 if self.report == Report::Top => 0,
            -1 => 80,
            count => usize::try_from(count).unwrap_or_default(),
        }
    }

    /// The filters that stand in the heading of reports.
    pub fn active_filters(&self) -> Vec<String> {
        let filters = &self.filters;
        let filters = [
            ("focus", &filters.focus),
            ("ignore", &filters.ignore),
            ("hide", &filters.hide),
            ("show", &filters.show),
            ("show_from", &filters.show_from),
            ("tagfocus", &filters.tagfocus),
            ("tagignore", &filters.tagignore),
            ("tagshow", &filters.tagshow),
            ("taghide", &filters.taghide),
        ];
        filters.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{name}={value}")).collect()
    }
}

fn report(name: &str, value: &str) -> Option<Report> {
    let text = || value.to_string();
    Some(match name {
        "peek" if !value.is_empty() => Report::Peek(text()),
        "list" if !value.is_empty() => Report::List(text()),
        "flame" if !value.is_empty() => Report::Flame(text()),
        _ if value != "true" => return None,
        "top" | "text" => Report::Top,
        "tree" => Report::Tree,
        "traces" => Report::Traces,
        "tags" => Report::Tags,
        "raw" => Report::Raw,
        "comments" => Report::Comments,
        "proto" => Report::Proto,
        _ => return None,
    })
}

/// The one that was set, if any.
fn one_of<'a>(set: &[&'a str]) -> Result<Option<&'a str>, String> {
    let mut set = set.to_vec();
    set.sort_unstable();
    set.dedup();
    if set.len() > 1 { Err(format!("conflicting options set: [{}]", set.join(" "))) } else { Ok(set.first().copied()) }
}

fn number<N: std::str::FromStr>(name: &str, value: &str) -> Result<N, String> {
    value.parse().map_err(|_| format!("invalid value \"{value}\" for flag -{name}: parse error"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pprof::flags::parse;

    fn options(args: &[&str]) -> Result<Options, String> {
        Options::read(parse(&args.iter().map(|a| a.to_string()).collect::<Vec<_>>())?)
    }

    /// Of several short flags for a value the reference takes the first of its own list, whatever their order.
    #[test]
    fn the_value_shown_is_the_one_the_reference_takes() {
        let read = |args: &[&str]| {
            let options = options(&[&["-top", "a.pb"], args].concat()).unwrap();
            (options.sample_index, options.mean, options.notes.len())
        };
        assert_eq!(read(&["-alloc_objects", "-inuse_space"]), ("inuse_space".into(), false, 1));
        assert_eq!(read(&["-inuse_space", "-mean_delay"]), ("delay".into(), true, 1));
        assert_eq!(read(&["-alloc_space", "-sample_index=1"]), ("1".into(), false, 1));
        assert_eq!(read(&["-alloc_space=false"]), (String::new(), false, 0));
    }

    #[test]
    fn minus_one_node_is_as_many_as_usual_and_fewer_are_all() {
        let shown = |args: &[&str]| options(args).unwrap().shown();
        assert_eq!((shown(&["-tree", "a.pb"]), shown(&["-top", "a.pb"])), (80, 0));
        assert_eq!((shown(&["-tree", "-nodecount=-5", "a.pb"]), shown(&["-tree", "-trim=false", "a.pb"])), (0, 0));
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let said = |args: &[&str]| options(args).unwrap_err();
        assert_eq!(said(&["-top", "-tree", "a.pb"]), "must set at most one output format");
        assert_eq!(said(&["-top", "-lines", "-files", "a.pb"]), "conflicting options set: [files lines]");
        assert_eq!(said(&["-top"]), "no profile source specified");
        assert_eq!(said(&["-top", "-normalize", "a.pb"]), "must have base profile to normalize by");
        assert!(said(&["a.pb"]).starts_with("no report was named"));
    }
}
