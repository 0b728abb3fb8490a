//! Joins the rooms: makes sources out of the configuration and of what the embedded collector stored.

use std::pin::Pin;

use inspections::heap_growth::HeapGrowth;
use model::params::{Raw, RawParams, unknown_key};
use model::query::{Answer, Gap, Origin, Query};
use model::seam::Inspection;
use model::time::{Span, Time, Window};
use sources::prometheus::{Prometheus, Settings, SetupError};
use sources::{Reply, Source, Step};
use store::samples::{SampleStore, StoreError};

use crate::cli::Common;
use crate::config::{Config, InspectionConfig, SourceConfig, SourceKind};
use crate::error::{Explain, Failure, Result};
use crate::heap::recorded::RecordedProfiles;
use crate::rounds::Stop;

/// The instant it is now. The only clock of the command line.
pub fn now() -> Time {
    jiff::Timestamp::now().as_millisecond()
}

/// The embedded collector's store as a source: it keeps series under our own names, so nothing is translated.
pub struct LocalSource {
    name: String,
    store: SampleStore,
}

impl LocalSource {
    /// The source of that name over a store.
    pub fn new(name: impl Into<String>, store: SampleStore) -> LocalSource {
        LocalSource { name: name.into(), store }
    }

    /// The store below.
    pub fn store(&self) -> &SampleStore {
        &self.store
    }

    async fn read(&self, query: &Query) -> std::result::Result<Answer, Gap> {
        let text = query.to_string();
        match self.store.read(query.signal, &query.only, query.window).await {
            Ok(series) => {
                let (from, to) = (query.window.from, query.window.to);
                let origin = Origin { source: self.name.clone(), query: text, from, to, asked_at: now() };
                Ok(Answer { series, profiles: Vec::new(), origin, notes: Vec::new(), partial: None })
            }
            Err(error) => {
                let (reason, hint) = (error.to_string(), error.hint());
                Err(Gap { source: self.name.clone(), signal: query.signal, query: text, reason, hint })
            }
        }
    }

    async fn steps(&self, now: Time) -> Vec<Step> {
        let tried = "read the collector's store".to_string();
        let outcome = match self.store.extent().await {
            Ok(extent) => match extent.all.last {
                Some(last) => {
                    let ago = Span::from_millis(now.saturating_sub(last) / 1000 * 1000);
                    Ok(format!("{} series, the last sample {ago} ago", extent.all.series))
                }
                None => Err("it holds no sample yet".to_string()),
            },
            Err(error) => Err(error.to_string()),
        };
        let hint = outcome.is_err().then(|| "run `patrol collect` on this host".to_string());
        vec![Step { tried, outcome, hint }]
    }
}

impl Source for LocalSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn fetch<'a>(&'a self, query: &'a Query) -> Reply<'a> {
        Box::pin(self.read(query))
    }

    fn test<'a>(&'a self, now: Time) -> Pin<Box<dyn Future<Output = Vec<Step>> + Send + 'a>> {
        Box::pin(self.steps(now))
    }
}

/// What the command line wants of the configuration.
pub struct Wanted<'a> {
    /// `--prometheus`: this server instead of the configured sources.
    pub prometheus: Option<&'a str>,
    /// `--source`: only these of the configured ones; all when empty.
    pub sources: &'a [String],
    /// Only these inspections; all enabled ones when empty.
    pub inspections: &'a [String],
    /// `--window`.
    pub window: Option<Span>,
    /// `--step`.
    pub step: Option<Span>,
    /// `--param`, over the configured ones.
    pub params: RawParams,
    /// When the window ends.
    pub at: Time,
}

/// The configuration with its sources made.
pub struct Wired {
    config: Config,
    sources: Vec<Wire>,
    /// The profiles of configured programs: every inspection may ask for them, whatever sources it is given.
    profiles: Option<RecordedProfiles>,
}

/// A source, and its store where it is the embedded collector's.
struct Wire {
    source: Box<dyn Source>,
    /// First and last sample of the local store; `None` for other sources.
    record: Option<Option<(Time, Time)>>,
}

/// Reads the configuration and makes the sources that are wanted.
pub async fn wire(common: &Common, wanted: &Wanted<'_>) -> Result<Wired> {
    let config = Config::discover(common)?;
    let mut sources = Vec::new();
    if let Some(url) = wanted.prometheus {
        sources.push(Wire { source: Box::new(prometheus_at(url)?), record: None });
        return Ok(Wired { profiles: RecordedProfiles::of(&config), config, sources });
    }
    // Heaps are told by profiles alone: a host without a record keeps nobody from looking at them.
    if wanted.sources.is_empty() && !wanted.inspections.is_empty() && wanted.inspections.iter().all(|i| of_heaps(i)) {
        return Ok(Wired { profiles: RecordedProfiles::of(&config), config, sources });
    }
    let known: Vec<&str> = config.sources.iter().map(|s| s.name.as_str()).collect();
    if let Some(strange) = wanted.sources.iter().find(|n| !known.contains(&n.as_str())) {
        return Err(Failure::new(unknown_key("source", strange, &known)).hint("`patrol source list` shows them all"));
    }
    for source in config.sources.iter().filter(|s| wanted.sources.is_empty() || wanted.sources.contains(&s.name)) {
        sources.push(make(source).await?);
    }
    Ok(Wired { profiles: RecordedProfiles::of(&config), config, sources })
}

/// A source that is given by its address alone.
pub fn prometheus_at(url: &str) -> Result<Prometheus> {
    Prometheus::new("prometheus", Settings::at(url)).map_err(setup)
}

/// A wrong setting as a failure, with its hint.
pub fn setup(error: SetupError) -> Failure {
    Failure { hint: error.hint, error: anyhow::Error::msg(error.reason) }
}

/// A store that cannot be read as a failure, with its hint.
fn stored(error: StoreError) -> Failure {
    let hint = error.hint();
    Failure { error: error.into(), hint }
}

async fn make(source: &SourceConfig) -> Result<Wire> {
    match &source.kind {
        SourceKind::Prometheus(settings) => {
            let source = Prometheus::new(&source.name, settings.as_ref().clone()).map_err(setup)?;
            Ok(Wire { source: Box::new(source), record: None })
        }
        SourceKind::Host { data_dir } => {
            let store = SampleStore::open_read_only(data_dir)
                .await
                .map_err(stored)
                .during(|| format!("source `{}`", source.name))
                .or_hint("run `patrol collect` on this host first, or point at a server with `--prometheus URL`")?;
            let extent = store.extent().await.map_err(stored).during(|| format!("source `{}`", source.name))?;
            let record = Some(extent.all.first.zip(extent.all.last));
            Ok(Wire { source: Box::new(LocalSource::new(&source.name, store)), record })
        }
    }
}

impl Wired {
    /// The sources.
    pub fn sources(&self) -> impl Iterator<Item = &dyn Source> {
        self.sources.iter().map(|w| w.source.as_ref())
    }

    /// What to look at with whom: a stop an inspection.
    pub fn stops(&self, wanted: &Wanted<'_>) -> Result<Vec<Stop<'_>>> {
        let all = self.config.inspections();
        let known: Vec<&str> = all.iter().map(|i| i.id()).collect();
        if let Some(strange) = wanted.inspections.iter().find(|n| !known.contains(&n.as_str())) {
            let error = unknown_key("inspection", strange, &known);
            return Err(Failure::new(error).hint("`patrol inspection list` shows them all"));
        }
        let named = |i: &&InspectionConfig| wanted.inspections.iter().any(|n| n == i.id());
        // Without programs to look at there is nothing to say of heaps, unless somebody asks.
        let idle = |i: &InspectionConfig| of_heaps(i.id()) && self.profiles.is_none();
        let by_default = |i: &&InspectionConfig| i.enabled && !idle(i);
        let chosen = all.iter().filter(|i| if wanted.inspections.is_empty() { by_default(i) } else { named(i) });
        chosen.map(|i| if idle(i) { Err(no_programs()) } else { self.stop(i, wanted) }).collect()
    }

    fn stop(&self, config: &InspectionConfig, wanted: &Wanted<'_>) -> Result<Stop<'_>> {
        let asked = |w: &&Wire| {
            wanted.prometheus.is_some()
                || config.sources.is_empty()
                || config.sources.iter().any(|n| n == w.source.name())
        };
        let heaps = of_heaps(config.id());
        let wires: Vec<&Wire> = self.sources.iter().filter(|w| !heaps && asked(w)).collect();
        if wires.is_empty() && !heaps {
            let none = format!("`{}` is configured to ask none of the sources wanted", config.id());
            return Err(Failure::new(none).hint(format!("it asks {}", config.sources.join(", "))));
        }
        let mut params = config.params.clone();
        params.extend(wanted.params.clone());
        let records: Option<Vec<(Time, Time)>> =
            wires.iter().map(|w| w.record).collect::<Option<Vec<_>>>().map(|r| r.into_iter().flatten().collect());
        let records = records.filter(|_| !heaps);
        let mut length = wanted.window.unwrap_or(config.window);
        let mut notes = Vec::new();
        if let Some(records) = &records {
            notes.push(self.record(records, &mut length, wanted));
            // One host's processes cost little; a fleet's would be a series a process.
            let known = config.inspection.params().iter().any(|p| p.name == WATCH_PROCESSES);
            if known {
                params.entry(WATCH_PROCESSES.into()).or_insert_with(|| Raw::Text("true".into()));
            }
        }
        let least = if records.is_some() { self.config.collector.interval } else { config.step };
        let step =
            wanted.step.unwrap_or_else(|| if length == config.window { config.step } else { even_step(length, least) });
        let window = Window::ending(wanted.at, length, step)
            .map_err(|e| Failure::new(e).hint("set `--window` and `--step` so that they fit each other"))?;
        if window.from < 0 {
            let before = format!("a window of {length} would start before 1970, when there was nothing to see");
            return Err(Failure::new(before).hint("set a shorter `--window` or a later `--at`"));
        }
        let hint = || format!("`patrol inspection show {}` lists the parameters", config.id());
        config.inspection.values(&params).map_err(|e| Failure::new(e).hint(hint()))?;
        let profiles = self.profiles.as_ref().map(|p| p as &dyn Source);
        let sources = wires.into_iter().map(|w| w.source.as_ref()).chain(profiles).collect();
        Ok(Stop { inspection: config.inspection, params, window, sources, notes })
    }

    /// What the collector has stored up to the end of the window, in a sentence. A record shorter than the window
    /// shortens the window, so that it is judged for what it is.
    fn record(&self, records: &[(Time, Time)], length: &mut Span, wanted: &Wanted<'_>) -> String {
        let first = records.iter().map(|r| r.0).min().filter(|first| *first < wanted.at);
        let Some(first) = first else { return "the embedded collector has stored nothing for that time yet".into() };
        let have = Span::from_millis(wanted.at.saturating_sub(first) / 1000 * 1000);
        if wanted.window.is_none() && have < *length {
            *length = have.max(Span::from_mins(1));
        }
        format!("the embedded collector has {have} of this host on record up to the end of the window")
    }
}

/// Whether it is the inspection of heaps.
fn of_heaps(inspection: &str) -> bool {
    inspection == HeapGrowth::CARD.id
}

/// What to say where heaps are to be inspected and none is configured.
fn no_programs() -> Failure {
    Failure::new("no program is configured whose heap could be looked at")
        .hint("name one under `profiles.targets` in patrol.yaml, or look at snapshots with `patrol heap suspects`")
}

/// The parameter that has every process judged.
const WATCH_PROCESSES: &str = "watch_processes";

/// A round step at which a window of this length has at most 360 cells or so, and no shorter than `least`.
fn even_step(length: Span, least: Span) -> Span {
    const STEPS: [i64; 14] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200];
    let wanted = length.millis() / 360;
    let even = STEPS.into_iter().map(Span::from_secs).find(|s| s.millis() >= wanted && *s >= least);
    even.unwrap_or(Span::from_millis(wanted.max(least.millis())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_round_and_gives_about_360_cells() {
        let step = |length: Span| even_step(length, Span::from_secs(15)).to_string();
        let of =
            [Span::from_mins(20), Span::from_hours(2), Span::from_hours(6), Span::from_days(1), Span::from_days(7)];
        assert_eq!(of.map(step), ["15s", "30s", "1m", "5m", "30m"]);
    }
}
