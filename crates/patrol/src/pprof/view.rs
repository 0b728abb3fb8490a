//! The profiles of one report, brought together: which value is looked at, its unit, the total and the heading.

use std::cell::RefCell;

use model::profile::graph::{self, Measure, Part, Totals, Trimmed};
use model::profile::{Profile, Text, unit};

use super::Trouble;
use super::options::Options;
use super::prepare::Prepared;

/// What a report is made of.
pub struct View<'a> {
    /// What was asked for.
    pub options: &'a Options,
    /// The profiles, filtered. One, unless the report is a graph whose samples need not be merged.
    pub profiles: &'a [(Profile, bool)],
    /// Which value of each sample.
    pub measure: Measure,
    /// What is said of the profiles as a whole.
    pub about: &'a About,
    /// Sum of all samples before filters, which shares are taken of.
    pub total: i64,
    /// Whether the total was taken before filters.
    fixed_total: bool,
    /// Name of the value, `mean_` in front where means are asked for.
    pub sample_type: String,
    /// Its unit.
    pub sample_unit: String,
    /// The unit that values are shown in.
    unit: RefCell<String>,
    /// To that unit, where it is one and the same for all values.
    scaler: RefCell<Option<unit::Scaler>>,
}

/// What is said of profiles as a whole.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// Path of the program.
    pub program: String,
    /// Its build id.
    pub build_id: String,
    /// Whether there is any mapping.
    pub mapped: bool,
    /// Comments, each once.
    pub comments: Vec<String>,
    /// Where the profile is documented.
    pub doc_url: String,
    /// Earliest time, nanoseconds since the epoch; 0 where not said.
    pub time_nanos: i64,
    /// Summed duration, nanoseconds.
    pub duration_nanos: i64,
    /// Kinds of values with their units.
    pub sample_types: Vec<(String, String)>,
    /// The kind shown where nobody says otherwise.
    pub default_sample_type: String,
}

impl About {
    /// Of all profiles together, as the reference joins their headers.
    pub fn of<'p>(profiles: impl Iterator<Item = &'p Profile>) -> About {
        let mut about = About::default();
        let mut profiles = profiles.peekable();
        let first = profiles.next();
        let alone = profiles.peek().is_none();
        let profiles = first.into_iter().chain(profiles);
        for (i, profile) in profiles.enumerate() {
            let text = |text: Text| profile.text(text).to_string();
            let header = profile.header();
            if let Some(main) = profile.mappings().first().filter(|_| !about.mapped) {
                (about.program, about.build_id, about.mapped) = (text(main.file), text(main.build_id), true);
            }
            if i == 0 {
                about.sample_types = header.sample_types.iter().map(|t| (text(t.kind), text(t.unit))).collect();
            }
            if about.time_nanos == 0 || header.time_nanos < about.time_nanos {
                about.time_nanos = header.time_nanos;
            }
            about.duration_nanos = about.duration_nanos.wrapping_add(header.duration_nanos);
            for comment in header.comments.iter().map(|c| text(*c)) {
                // Those of one profile stay as they are; joining drops what is said twice.
                if i == 0 && alone || !about.comments.contains(&comment) {
                    about.comments.push(comment);
                }
            }
            for (have, new) in
                [(&mut about.doc_url, header.doc_url), (&mut about.default_sample_type, header.default_sample_type)]
            {
                if have.is_empty() {
                    *have = text(new);
                }
            }
        }
        about
    }

    /// The place of the value asked for.
    pub fn index(&self, wanted: &str) -> Result<usize, Trouble> {
        let kinds: Vec<&str> = self.sample_types.iter().map(|(kind, _)| kind.as_str()).collect();
        let Some(last) = kinds.len().checked_sub(1) else { return Err(Trouble::new("profile has no samples")) };
        if wanted.is_empty() {
            let default = Some(&self.default_sample_type).filter(|d| !d.is_empty());
            return Ok(default.and_then(|d| kinds.iter().position(|k| k == d)).unwrap_or(last));
        }
        if let Ok(place) = wanted.parse::<i64>() {
            let inside = usize::try_from(place).ok().filter(|p| *p <= last);
            let outside = || Trouble::new(format!("sample_index {wanted} is outside the range [0..{last}]"));
            return inside.ok_or_else(outside);
        }
        let bare = wanted.strip_prefix("inuse_").unwrap_or(wanted);
        let unknown = || Trouble::new(format!("sample_index {wanted:?} must be one of: [{}]", kinds.join(" ")));
        kinds.iter().position(|k| *k == wanted || *k == bare).ok_or_else(unknown)
    }
}

impl<'a> View<'a> {
    /// A view on the profiles.
    pub fn new(options: &'a Options, prepared: &'a Prepared) -> Result<View<'a>, Trouble> {
        let Prepared { profiles, about, total } = prepared;
        let index = about.index(&options.sample_index)?;
        let measure = Measure { index, divisor: options.mean.then_some(0) };
        let (kind, sample_unit) = about.sample_types[index].clone();
        let mut view = View {
            options,
            profiles,
            measure,
            about,
            total: total.unwrap_or_default(),
            fixed_total: total.is_some(),
            sample_type: if options.mean { format!("mean_{kind}") } else { kind },
            sample_unit,
            unit: RefCell::new(options.unit.clone()),
            scaler: RefCell::default(),
        };
        if total.is_none() && !options.report.is_graph() {
            view.total = graph::totals(&view.parts(), measure)?.total();
        }
        Ok(view)
    }

    /// Takes the total from what a graph was weighed with, so that samples are read once.
    pub fn weighed(&mut self, totals: Totals) {
        if !self.fixed_total {
            self.total = totals.total();
        }
    }

    /// The merged profile. Only graphs are made of more than one.
    pub fn profile(&self) -> &Profile {
        &self.profiles[0].0
    }

    /// The profiles as parts of a graph.
    pub fn parts(&self) -> Vec<Part<'a>> {
        self.profiles.iter().map(|(profile, base)| Part { profile, base: *base }).collect()
    }

    /// The ratio that values are shown at.
    fn ratio(&self) -> f64 {
        1.0 / self.options.divide_by
    }

    fn shown(&self, value: i64) -> i64 {
        let ratio = self.ratio();
        if ratio > 0.0 && ratio != 1.0 { (value as f64 * ratio) as i64 } else { value }
    }

    /// A value in the unit of the report.
    pub fn value(&self, value: i64) -> String {
        let value = self.shown(value);
        match &*self.scaler.borrow() {
            Some(scaler) => scaler.label(value),
            None => unit::label(value, &self.sample_unit, &self.unit.borrow()),
        }
    }

    /// A share of the total.
    pub fn share(&self, value: i64) -> String {
        unit::percentage(value, self.total)
    }

    /// The unit that values are shown in.
    pub fn unit(&self) -> String {
        self.unit.borrow().clone()
    }

    /// Where the unit may fit the values: the one of the smallest, or of 100 times that where it is far from the
    /// largest, so that 0.01 can still be told from nothing.
    pub fn choose_unit(&self, values: impl Iterator<Item = (i64, i64)>) {
        self.fitting_unit(values);
        *self.scaler.borrow_mut() = unit::Scaler::new(&self.sample_unit, &self.unit.borrow());
    }

    fn fitting_unit(&self, values: impl Iterator<Item = (i64, i64)>) {
        let mut values = values.peekable();
        if self.options.unit != "minimum" || values.peek().is_none() {
            return;
        }
        let sizes = values.map(|(flat, cum)| if flat == 0 { cum.wrapping_abs() } else { flat.wrapping_abs() });
        let least = sizes.filter(|size| *size > 0).min().unwrap_or(self.total);
        let (least, most) = (self.shown(least), self.shown(self.total));
        let unit_of = |value: i64| unit::scale(value, &self.sample_unit, "minimum").1;
        let apart = unit_of(least) != unit_of(most) && least.wrapping_mul(100) < most;
        let chosen = unit_of(if apart { least.wrapping_mul(100) } else { least });
        *self.unit.borrow_mut() = if chosen.is_empty() { self.sample_unit.clone() } else { chosen };
    }

    /// The lines above every graph report.
    pub fn graph_heading(&self, trimmed: &Trimmed, sum: i64) -> Vec<String> {
        let mut lines = self.heading();
        let share = self.share(sum);
        lines.push(format!(
            "Showing nodes accounting for {}, {} of {} total",
            self.value(sum),
            share.trim(),
            self.value(self.total)
        ));
        if self.total != 0 {
            if trimmed.dropped > 0 {
                let nodes = if trimmed.dropped > 1 { "nodes" } else { "node" };
                let least = ((self.total as f64 * self.options.node_fraction) as i64).wrapping_abs();
                lines.push(format!("Dropped {} {nodes} (cum <= {})", trimmed.dropped, self.value(least)));
            }
            let (shown, all) = (trimmed.nodes.len(), trimmed.node_count);
            if shown > 0 && shown < all {
                lines.push(format!("Showing top {shown} nodes out of {all}"));
            }
        }
        lines
    }

    /// The lines above every report: what the profile is, and which filters are set.
    pub fn heading(&self) -> Vec<String> {
        let mut lines = if self.options.compact_labels { Vec::new() } else { self.labels() };
        let filters = self.options.active_filters();
        if !filters.is_empty() {
            lines.push("Active filters:".to_string());
            for filter in filters {
                // The reference counts bytes; a cut inside a character takes that character whole.
                let end = (0..=80.min(filter.len())).rev().find(|i| filter.is_char_boundary(*i)).unwrap_or(0);
                let more = if filter.len() > 80 { "…" } else { "" };
                lines.push(format!("   {}{more}", &filter[..end]));
            }
        }
        lines
    }

    /// What the profile is.
    pub fn labels(&self) -> Vec<String> {
        let about = self.about;
        let mut lines = Vec::new();
        if !about.program.is_empty() {
            lines.push(format!("File: {}", graph::base_name(&about.program)));
        }
        if !about.build_id.is_empty() {
            lines.push(format!("Build ID: {}", about.build_id));
        }
        lines.extend(about.comments.iter().filter(|c| !c.starts_with('#')).cloned());
        if !self.sample_type.is_empty() {
            lines.push(format!("Type: {}", self.sample_type));
        }
        if !about.doc_url.is_empty() {
            lines.push(format!("Doc: {}", about.doc_url));
        }
        if about.time_nanos != 0 {
            lines.push(format!("Time: {}", local_time(about.time_nanos)));
        }
        if about.duration_nanos != 0 {
            lines.push(self.duration());
        }
        lines
    }

    fn duration(&self) -> String {
        let duration = unit::label(self.about.duration_nanos, "nanoseconds", "auto");
        let (nanos, name) = unit::scale(self.total, &self.sample_unit, "nanoseconds");
        let share = if name == "ns" && nanos != 0.0 {
            format!("({})", unit::percentage(nanos as i64, self.about.duration_nanos))
        } else {
            String::new()
        };
        format!("Duration: {duration}, Total samples = {} {share}", self.value(self.total))
    }
}

/// An instant in the zone of this machine, as Go's layout `2006-01-02 15:04:05 MST` has it.
fn local_time(nanos: i64) -> String {
    match jiff::Timestamp::from_nanosecond(i128::from(nanos)) {
        Ok(at) => at.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string(),
        Err(_) => format!("{nanos} ns"),
    }
}
