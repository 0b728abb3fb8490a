//! Prometheus and the servers that speak its language.
//!
//! A question becomes selectors or an expression ([`selector`]), which are read by remote read ([`read`]) where the
//! server has it and by range queries ([`range`]) otherwise, straight onto the grid ([`rows`]); then the series get
//! our labels ([`naming`]). Both ways give the same cells: a cell holds the last sample within it.

mod client;
pub mod decode;
mod external;
mod fault;
mod naming;
mod range;
mod read;
mod rows;
mod selector;
mod self_test;
mod settings;
mod signals;

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use model::labels::Labels;
use model::query::{Answer, Gap, Origin, Query};
use model::series::SeriesSet;
use model::signal::Signal;
use model::time::{Time, Window};

pub use crate::http::{BasicAuth, SetupError, masked};
use crate::{Reply, Source, Step};
use client::Client;
pub use fault::{Fault, Turn};
use naming::Naming;
use promql_parser::parser::VectorSelector;
use rows::{Limits, Rows};
use selector::Ask;
pub use settings::{Protocol, Settings};
use signals::{Alternative, Mapping};
use tokio::sync::OnceCell;

/// A Prometheus-compatible server.
pub struct Prometheus {
    name: String,
    client: Client,
    protocol: Protocol,
    limits: Limits,
    host_labels: Vec<String>,
    overrides: BTreeMap<Signal, String>,
    /// The server said that it has no remote read.
    no_remote_read: AtomicBool,
    /// Whether ranges of the server's language hold the instant they start at.
    closed_ranges: OnceCell<bool>,
    /// Labels that remote read adds.
    external: OnceCell<Labels>,
    /// Addresses several hosts share, learnt from answers.
    shared: Mutex<BTreeSet<String>>,
}

/// What an answer without series probably lacks.
fn missed(signal: Signal) -> String {
    format!(
        "no series of `{}` there: is {} scraped? If its metrics are renamed, give the expression under `signals`",
        signal.name(),
        signals::Exporter::of(signal).name()
    )
}

/// The expressions (PromQL) that a signal is asked by unless a user gave another; none where no exporter offers it.
pub fn expressions(signal: Signal) -> Vec<String> {
    match signals::mapping(signal, &BTreeMap::new()) {
        Mapping::Asked(alternatives) => alternatives.into_iter().map(|a| a.expression).collect(),
        Mapping::NotOffered(_) => Vec::new(),
    }
}

/// What went wrong with a question, and how it was put to the server.
struct Failed {
    query: String,
    fault: Fault,
}

impl Prometheus {
    /// Checks the settings. Nothing is connected and no file is read before the first question.
    ///
    /// Errors: an address that is none, credentials that contradict each other, expressions that are no PromQL, signals
    /// that do not exist.
    pub fn new(name: &str, settings: Settings) -> Result<Prometheus, SetupError> {
        if settings.host_labels.iter().all(String::is_empty) {
            return Err(SetupError::new("`host_labels` is empty", "the default is [instance]"));
        }
        Ok(Prometheus {
            name: name.into(),
            client: Client::new(name, &settings)?,
            protocol: settings.protocol,
            limits: Limits { max_bytes: settings.max_bytes.bytes(), max_series: settings.max_series },
            overrides: signals::overrides(&settings.signals)?,
            host_labels: settings.host_labels,
            no_remote_read: AtomicBool::new(false),
            closed_ranges: OnceCell::new(),
            external: OnceCell::new(),
            shared: Mutex::new(BTreeSet::new()),
        })
    }

    /// Answers a question, or says why not and how it was put.
    async fn answer(&self, query: &Query) -> Result<Answer, Failed> {
        let failed = |query: &str, fault| Failed { query: query.into(), fault };
        let asked_at = now();
        sound(&query.window, asked_at).map_err(|fault| failed(&query.to_string(), fault))?;
        let alternatives = match signals::mapping(query.signal, &self.overrides) {
            Mapping::Asked(alternatives) => alternatives,
            Mapping::NotOffered(why) => return Ok(self.not_offered(query, why, asked_at)),
        };
        let ask = Ask::new(&alternatives, &self.host_labels, &query.only)
            .map_err(|fault| failed(&query.to_string(), fault))?;
        let (text, mut rows) = self.rows(&ask, &query.window).await.map_err(|(text, fault)| failed(&text, fault))?;
        rows.finish(|value| signals::means_none(query.signal, value));
        let mut notes = std::mem::take(&mut rows.notes);
        if query.window.to > asked_at + query.window.step.millis() {
            notes.push("the window ends in the future".into());
        }
        let labels = carriers(&alternatives);
        let mut shared = self.shared.lock().unwrap_or_else(|broken| broken.into_inner());
        let (signal, hosts, only) = (query.signal, &self.host_labels[..], &query.only[..]);
        let external = &rows.external;
        let naming = Naming { signal, hosts, labels: &labels, external, only, shared: &mut shared };
        notes.extend(naming.apply(&mut rows.set));
        if rows.set.is_empty() {
            notes.push(missed(query.signal));
        }
        let origin = self.origin(text, &query.window, asked_at);
        Ok(Answer { series: rows.set, profiles: Vec::new(), origin, notes, partial: rows.partial })
    }

    /// Reads what is asked onto rows, by remote read or else by range queries; gives the text of what was asked last.
    async fn rows(&self, ask: &Ask, window: &Window) -> Result<(String, Rows), (String, Fault)> {
        if let Ask::Selectors(selectors) = ask
            && self.protocol != Protocol::Range
            && !self.no_remote_read.load(Ordering::Relaxed)
        {
            let mut rows = Rows::new(*window, self.limits);
            let fault = match read::read(&self.client, selectors, &mut rows).await {
                Ok(()) => match self.without_external(selectors, &mut rows).await {
                    Ok(()) => return Ok((ask.text(), rows)),
                    Err(fault) => return Err((ask.text(), fault)),
                },
                Err(fault) => fault,
            };
            if self.protocol == Protocol::RemoteRead {
                let hinted = match fault.turn {
                    Turn::Stop => fault,
                    _ => fault.hint("set `protocol: auto` to fall back on range queries"),
                };
                return Err((ask.text(), hinted));
            }
            match fault.turn {
                Turn::Stop => return Err((ask.text(), fault)),
                Turn::NeverReadAgain => self.no_remote_read.store(true, Ordering::Relaxed),
                Turn::AskByRange => {}
            }
            tracing::debug!(source = self.name, reason = fault.reason, "no remote read, asking by range query");
        }
        let closed = self.ranges_are_closed(ask, window).await.map_err(|fault| (ask.text(), fault))?;
        let text = ask.over(window, closed);
        let mut rows = Rows::new(*window, self.limits);
        match range::query(&self.client, &text, &mut rows).await {
            Ok(()) => Ok((text, rows)),
            Err(fault) => Err((text, fault)),
        }
    }

    /// Finds out, once, which labels of an answer of remote read no range query would show.
    async fn without_external(&self, selectors: &[VectorSelector], rows: &mut Rows) -> Result<(), Fault> {
        if self.external.get().is_none()
            && let Some(labels) = external::labels(&self.client, selectors, rows).await?
        {
            // Another question may have found out meanwhile.
            let _ = self.external.set(labels);
        }
        rows.external = self.external.get().cloned().unwrap_or_default();
        Ok(())
    }

    /// Whether ranges hold the instant they start at; asked once, and only where it matters.
    async fn ranges_are_closed(&self, ask: &Ask, window: &Window) -> Result<bool, Fault> {
        match ask {
            Ask::Expression(_) => Ok(true),
            Ask::Selectors(_) => self
                .closed_ranges
                .get_or_try_init(|| range::is_closed(&self.client, window.to.min(now()), self.limits))
                .await
                .copied(),
        }
    }

    /// The answer to a question that no exporter answers: no series, and why.
    fn not_offered(&self, query: &Query, why: &str, asked_at: Time) -> Answer {
        let name = query.signal.name();
        Answer {
            series: SeriesSet::new(query.window),
            profiles: Vec::new(),
            origin: self.origin(String::new(), &query.window, asked_at),
            notes: vec![format!("`{name}` is not offered: {why}; an expression under `signals` can bring it")],
            partial: None,
        }
    }

    fn origin(&self, query: String, window: &Window, asked_at: Time) -> Origin {
        Origin { source: self.name.clone(), query, from: window.from, to: window.to, asked_at }
    }
}

impl Source for Prometheus {
    fn name(&self) -> &str {
        &self.name
    }

    fn fetch<'a>(&'a self, query: &'a Query) -> Reply<'a> {
        Box::pin(async move {
            self.answer(query).await.map_err(|failed| Gap {
                source: self.name.clone(),
                signal: query.signal,
                query: failed.query,
                reason: failed.fault.reason,
                hint: failed.fault.hint,
            })
        })
    }

    fn test<'a>(&'a self, now: Time) -> Pin<Box<dyn Future<Output = Vec<Step>> + Send + 'a>> {
        Box::pin(self_test::run(self, now))
    }
}

/// Our labels (other than `host`) with all the labels that may carry them, over all alternatives.
fn carriers(alternatives: &[Alternative]) -> Vec<(&'static str, Vec<&'static str>)> {
    let mut all: Vec<(&'static str, Vec<&'static str>)> = Vec::new();
    for (ours, theirs) in alternatives.iter().flat_map(|a| &a.labels) {
        match all.iter_mut().find(|(name, _)| name == ours) {
            Some((_, known)) => known.extend(theirs.iter().filter(|t| !known.contains(t)).copied().collect::<Vec<_>>()),
            None => all.push((ours, theirs.clone())),
        }
    }
    all
}

/// Refuses windows that nothing can be answered on.
fn sound(window: &Window, now: Time) -> Result<(), Fault> {
    let cells = window.cells();
    if cells == 0 {
        return Err(Fault::new("the window is empty").hint("its end has to be after its start, and its step above 0"));
    }
    if cells > Window::MOST_CELLS {
        return Err(Fault::new(format!("the window has {cells} cells; at most {} fit", Window::MOST_CELLS)));
    }
    if window.from >= now {
        return Err(Fault::new("the window lies in the future").hint("nothing is measured there yet; check `--at`"));
    }
    Ok(())
}

/// The clock.
fn now() -> Time {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as Time)
}
