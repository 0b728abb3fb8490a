//! A host in the snapshot: its series joined by key, and what may be said of it before any statistics.

use std::collections::{BTreeMap, HashMap};

use model::labels::Labels;
use model::query::{Matcher, Origin, Query};
use model::series::Series;
use model::signal::Signal;
use model::snapshot::Snapshot;
use model::time::{Span, Time, Window};
use model::words;

use super::{Params, only_hosts};
use crate::growing::consumer::one_each;

/// Labels that tell hosts apart: two clusters may use the same addresses.
pub(super) const IDENTITY: &[&str] = &["cluster", "host"];

/// Quantities that hardly ever change: read once, at the end of the window.
pub(super) const CONSTANTS: [Signal; 2] = [Signal::HostMemoryTotal, Signal::HostBootTime];

/// What is asked of processes: anonymous memory where a source knows it, resident memory where not.
pub(super) const PROCESSES: [Signal; 2] = [Signal::ProcessAnonymous, Signal::ProcessResident];

/// What a snapshot knows of a host, joined by key and not computed with yet: a fleet of these weighs nothing.
pub(super) struct Known<'a> {
    /// Its identity.
    pub(super) subject: Labels,
    /// Memory not used, as reported.
    available: Series<'a>,
    /// The same over the whole history, on its coarser grid, where it was to be had.
    history: Option<Series<'a>>,
    /// Memory installed, where known.
    pub(super) total: Option<f64>,
    /// When it booted, where known.
    boot: Option<Time>,
}

/// A host and its used memory on the grid.
pub(super) struct Host<'a> {
    /// Its identity.
    pub(super) subject: Labels,
    /// Memory not used, as reported.
    pub(super) available: Series<'a>,
    /// Memory installed, where known.
    pub(super) total: Option<f64>,
    /// When it booted, where known.
    pub(super) boot: Option<Time>,
    /// Installed minus available, a value a cell.
    pub(super) used: Vec<f64>,
    /// The same over the whole history, on its coarser grid, where it was to be had.
    pub(super) past: Option<(Window, Vec<f64>)>,
}

impl<'a> Known<'a> {
    /// Its name for people.
    pub(super) fn name(&self) -> &str {
        name(&self.subject)
    }

    /// The host with its used memory computed.
    pub(super) fn host(&self) -> Host<'a> {
        let of = |values: &[f64]| values.iter().map(|v| self.total.map_or(f64::NAN, |t| t - v)).collect::<Vec<f64>>();
        Host {
            subject: self.subject.clone(),
            available: self.available,
            total: self.total,
            boot: self.boot,
            used: of(self.available.values),
            past: self.history.map(|h| (*h.window, of(h.values))),
        }
    }

    /// Why nothing is known of its present state, if that is so: no total, a counter, no sample, a
    /// record that ended.
    pub(super) fn blind(&self) -> Option<String> {
        let window = self.available.window;
        // First of all the record: constants are asked for at its end, and one that ended has none.
        let Some((last, _)) = self.available.last() else {
            return Some("there is no sample of it in the window".into());
        };
        let patience = (window.length().millis() / 10).max(5 * window.step.millis());
        if window.to - last > patience {
            let ago = Span::from_millis((window.to - last) / 1000 * 1000);
            return Some(format!("its record ends {ago} before the end of the window; is it down, or its exporter?"));
        }
        if self.total.is_none() {
            return Some(format!(
                "its installed memory is not known: no source reports `{}` for it",
                Signal::HostMemoryTotal.name()
            ));
        }
        // No memory in use ever shrinks sample after sample for long.
        counts(self.available.values).then(|| {
            let signal = Signal::HostMemoryAvailable.name();
            format!("`{signal}` rises from sample to sample like a counter; is it taken from one?")
        })
    }

    /// Why its record is too short for a judgement, if it is.
    pub(super) fn short(&self, params: &Params) -> Option<String> {
        let window = self.available.window;
        let (last, _) = self.available.last()?;
        let first = self.available.values.iter().position(|v| !v.is_nan()).map_or(window.to, |i| window.time_of(i));
        let least = Span::from_millis(params.season.millis() / 24);
        let have = Span::from_millis((last - first + window.step.millis()) / 1000 * 1000);
        (have < least).then(|| format!("there is only {have} of its record; {least} are needed for a judgement"))
    }

    /// Why its figures cannot all be true, if so: no more is available than is installed, and never less than nothing.
    pub(super) fn contradiction(&self) -> Option<String> {
        let total = self.total?;
        let wrong = self.available.values.iter().copied().find(|v| *v < 0.0 || *v > total)?;
        let (available, installed) = (Signal::HostMemoryAvailable.name(), Signal::HostMemoryTotal.name());
        Some(format!(
            "its figures contradict each other: {} of {} installed are said to be available; was it resized, or is \
             `{available}` or `{installed}` taken from another quantity?",
            words::bytes(wrong),
            words::bytes(total)
        ))
    }

    /// How far back its record reaches, history included, in whole seconds.
    pub(super) fn on_record(&self) -> Span {
        let first = |window: &Window, values: &[f64]| {
            values.iter().position(|v| !v.is_nan()).map(|cell| window.time_of(cell) - window.step.millis())
        };
        let here = first(self.available.window, self.available.values);
        // A cell of the coarser history that reaches into the window says no more than the window itself.
        let before = self.history.as_ref().and_then(|h| {
            first(h.window, h.values).filter(|at| at + h.window.step.millis() <= self.available.window.from)
        });
        let earliest = [here, before].into_iter().flatten().min().unwrap_or(self.available.window.to);
        Span::from_millis((self.available.window.to - earliest) / 1000 * 1000)
    }
}

/// Whether values never fall and nearly always rise, as counters do: nine in ten steps over at least 60 samples.
fn counts(values: &[f64]) -> bool {
    let there: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    let steps = there.windows(2);
    let rises = steps.clone().filter(|pair| pair[1] > pair[0]).count();
    there.len() >= 60 && rises * 10 >= steps.len() * 9 && !steps.into_iter().any(|pair| pair[1] < pair[0])
}

impl Host<'_> {
    /// The used memory as a series.
    pub(super) fn series(&self) -> Series<'_> {
        Series { labels: &self.subject, window: self.available.window, values: &self.used }
    }

    /// Its name for people.
    pub(super) fn name(&self) -> &str {
        name(&self.subject)
    }

    /// Share of the installed memory that was in use lately: the median of the last twentieth of the window, so that
    /// one peak decides nothing.
    pub(super) fn used_share(&self) -> Option<f64> {
        let cells = (self.used.len() / 20).max(3);
        let mut lately: Vec<f64> = self.used.iter().rev().filter(|v| !v.is_nan()).take(cells).copied().collect();
        lately.sort_by(f64::total_cmp);
        Some(lately.get(lately.len().checked_sub(1)? / 2)? / self.total?)
    }
}

fn name(subject: &Labels) -> &str {
    subject.get("host").unwrap_or("a host without name")
}

/// The hosts of a snapshot, one each, in the order of their names, and what a reader should know of the joining.
pub(super) fn gather<'a>(params: &Params, window: Window, seen: &'a Snapshot) -> (Vec<Known<'a>>, Vec<String>) {
    let (hosts, series) = join(params, window, seen, |_| true);
    let mut notes: Vec<String> = Vec::new();
    if series > hosts.len() {
        let twice = series - hosts.len();
        notes.push(format!("{twice} hosts are reported more than once; the fullest record of each was judged"));
    }
    (hosts, notes)
}

/// One host of a snapshot.
pub(super) fn one<'a>(params: &Params, window: Window, seen: &'a Snapshot, subject: &Labels) -> Option<Host<'a>> {
    join(params, window, seen, |labels| &labels.keep(IDENTITY) == subject).0.pop().map(|known| known.host())
}

/// Joins the series of the wanted hosts by key; also says how many series of them there were.
fn join<'a>(
    params: &Params,
    window: Window,
    seen: &'a Snapshot,
    wanted: impl Fn(&Labels) -> bool,
) -> (Vec<Known<'a>>, usize) {
    let only = matchers(params);
    let query = |signal, window| Query { signal, only: only.clone(), window };
    let latest = |signal| {
        let query = query(signal, tail(window));
        let series = seen.answers(&query).flat_map(|a| a.series.iter()).filter(|s| wanted(s.labels));
        series.filter_map(|s| Some((s.labels.keep(IDENTITY), s.last()?.1))).collect::<HashMap<Labels, f64>>()
    };
    let history = history_window(params, window).map(|w| query(Signal::HostMemoryAvailable, w));
    let past = history.iter().flat_map(|q| seen.answers(q)).flat_map(|a| a.series.iter()).filter(|s| wanted(s.labels));
    let past: HashMap<Labels, Series<'a>> =
        one_each(past, IDENTITY).into_iter().map(|s| (s.labels.keep(IDENTITY), s)).collect();
    let (totals, boots) = (latest(Signal::HostMemoryTotal), latest(Signal::HostBootTime));
    let available = query(Signal::HostMemoryAvailable, window);
    let all: Vec<Series<'a>> =
        seen.answers(&available).flat_map(|a| a.series.iter()).filter(|s| wanted(s.labels)).collect();
    let series = all.len();
    let hosts = one_each(all.into_iter(), IDENTITY).into_iter().map(|s| {
        let key = s.labels.keep(IDENTITY);
        let boot = boots.get(&key).map(|secs| (secs * 1e3) as Time);
        let total = totals.get(&key).copied().filter(|t| *t > 0.0);
        Known { available: s, history: past.get(&key).copied(), total, boot, subject: key }
    });
    (hosts.collect(), series)
}

/// The window of the history: as far back as it is wanted, in cells of the season's ninety-sixth part (a quarter of an
/// hour for a day), but no finer than the window's own. None when no history is wanted; where it has more cells than fit,
/// the latest of them.
pub(super) fn history_window(params: &Params, window: Window) -> Option<Window> {
    let step = Span::from_millis((params.season.millis() / 96).max(window.step.millis()));
    let most = Span::from_millis(step.millis().saturating_mul(Window::MOST_CELLS as i64));
    let wanted = params.history > window.length();
    Window::ending(window.to, params.history.min(most), step).ok().filter(|_| wanted)
}

/// Where the answers to these questions come from, each once.
pub(super) fn origins(seen: &Snapshot, queries: &[Query]) -> Vec<Origin> {
    let all = queries.iter().flat_map(|q| seen.answers(q)).filter(|a| !a.series.is_empty());
    let by_text: BTreeMap<(String, String), Origin> =
        all.map(|a| ((a.origin.source.clone(), a.origin.query.clone()), a.origin.clone())).collect();
    by_text.into_values().collect()
}

/// The conditions on hosts that the parameters set.
pub(super) fn matchers(params: &Params) -> Vec<Matcher> {
    params.only.iter().cloned().chain(only_hosts(&params.hosts)).collect()
}

/// The end of a window: enough of it to hold a sample of everything that is scraped at all.
pub(super) fn tail(window: Window) -> Window {
    let cells = (window.cells() as i64 / 24).max(10).min(window.cells() as i64);
    Window { from: window.to - cells * window.step.millis(), ..window }
}

/// The conditions that choose one subject.
pub(super) fn of_subject(subject: &Labels) -> Vec<Matcher> {
    subject.iter().filter(|(n, _)| IDENTITY.contains(n)).map(|(n, v)| Matcher::equal(n, v)).collect()
}
