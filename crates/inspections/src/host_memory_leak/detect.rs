//! The first look at all hosts: which leak, which are near the ceiling, which cannot be judged.

use std::collections::{BTreeMap, BTreeSet};

use model::finding::{Finding, Level, RuledOut, Unknown, Verdicts};
use model::growth::{Interval, Judgement, Verdict, Watched, judge};
use model::labels::Labels;
use model::query::{Matcher, Query};
use model::series::Series;
use model::signal::Signal;
use model::snapshot::Snapshot;
use model::time::{Span, Time, Window};
use model::words;
use rayon::prelude::*;

use super::host::{self, Host, Known};
use super::{Params, near_or_far, settings};
use crate::growing::consumer::{Consumer, weigh};

/// Code of a host that leaks, proven or suspected.
pub(super) const MEMORY_LEAK: &str = "memory-leak";
/// Code of a process that leaks on a host that does not show it yet.
pub(super) const PROCESS_LEAK: &str = "process-memory-leak";
/// Code of a host whose memory is in use up to the ceiling.
pub(super) const AT_LIMIT: &str = "at-limit";
/// Code of a host that rises and will soon be there.
pub(super) const ABOUT_TO_REACH: &str = "about-to-reach-limit";

/// Measure: how far back the judgement looked.
pub(super) const LOOKED_BACK: &str = "looked_back_hours";

/// What became of one host.
enum Outcome {
    Found(Finding),
    RuledOut(RuledOut),
    Unknown(Unknown),
    Fine,
}

pub(super) fn detect(params: &Params, window: Window, seen: &Snapshot) -> Verdicts {
    let (hosts, notes) = host::gather(params, window, seen);
    let outcomes: Vec<Outcome> = hosts.par_iter().map(|h| look_at(params, h)).collect();
    let mut out = Verdicts { subjects: hosts.len(), notes, ..Verdicts::default() };
    out.notes.extend(young(params, &hosts));
    for outcome in outcomes {
        match outcome {
            Outcome::Found(finding) => out.findings.push(finding),
            Outcome::RuledOut(other) => out.ruled_out.push(other),
            Outcome::Unknown(unknown) => out.unknown.push(unknown),
            Outcome::Fine => {}
        }
    }
    missing_hosts(params, window, seen, &hosts, &mut out);
    if params.watch_processes {
        watch_processes(params, window, seen, &hosts, &mut out);
    }
    out
}

/// What cannot be known yet of hosts whose record is shorter than two seasons.
fn young(params: &Params, hosts: &[Known<'_>]) -> Option<String> {
    let needed = Span::from_millis(2 * params.season.millis());
    let young = hosts.iter().filter(|h| h.total.is_some() && h.on_record() < needed).count();
    let of =
        if young == hosts.len() { "all hosts have".into() } else { format!("{young} of {} hosts have", hosts.len()) };
    (young > 0 && hosts.len() > 1)
        .then(|| {
            format!(
                "{of} less than {needed} on record: growth there is at most suspected, it may be a rhythm of {}",
                params.season
            )
        })
        .or_else(|| {
            let have = hosts.first().filter(|_| young > 0)?.on_record();
            Some(format!(
                "{have} on record: growth is at most suspected until there are {needed}, it may be a rhythm of {}",
                params.season
            ))
        })
}

/// Hosts asked for by name that nobody reports, and questions that nobody answered, are unknown, never fine.
fn missing_hosts(params: &Params, window: Window, seen: &Snapshot, hosts: &[Known<'_>], out: &mut Verdicts) {
    let there: BTreeSet<&str> = hosts.iter().map(Known::name).collect();
    let query = Query { signal: Signal::HostMemoryAvailable, only: host::matchers(params), window };
    let unanswered = seen.gaps(&query).next().is_some();
    for name in params.hosts.iter().filter(|h| !there.contains(h.as_str())) {
        let why =
            if unanswered { "a source that may know it did not answer" } else { "no source reports it in the window" };
        out.subjects += 1;
        out.unknown.push(Unknown { subject: Labels::from([("host", name.as_str())]), why: why.into() });
    }
    if hosts.is_empty() && !unanswered && params.hosts.is_empty() {
        let answers: Vec<&str> = seen.answers(&query).flat_map(|a| &a.notes).map(String::as_str).collect();
        let said = if answers.is_empty() { String::new() } else { format!(": {}", answers.join("; ")) };
        out.notes.push(format!(
            "no source reports `{}` of any host in the window{said}",
            Signal::HostMemoryAvailable.name()
        ));
    }
}

/// Judges one host from its window alone.
fn look_at(params: &Params, known: &Known<'_>) -> Outcome {
    let unknown = |why| Outcome::Unknown(Unknown { subject: known.subject.clone(), why });
    if let Some(why) = known.blind() {
        return unknown(why);
    }
    let host = &known.host();
    if let Some(why) = known.contradiction().or_else(|| known.short(params)) {
        // A host without enough of a record, or with figures of another time, can still be seen to be full.
        return full(params, host).map_or_else(|| unknown(why), Outcome::Found);
    }
    let (judgement, grid) = judge_host(params, host);
    match judgement.verdict {
        // What is certain goes before what is suspected: a host that is nearly full is that, whatever the reason.
        Verdict::Suspected => {
            let certain = full(params, host).or_else(|| rising(params, host));
            Outcome::Found(certain.unwrap_or_else(|| leak(params, host, &judgement, grid)))
        }
        Verdict::Leak => Outcome::Found(leak(params, host, &judgement, grid)),
        _ => match full(params, host).or_else(|| rising(params, host)) {
            Some(finding) => Outcome::Found(finding),
            None if judgement.verdict == Verdict::Unknown => unknown(judgement.why),
            None if judgement.verdict == Verdict::Stable => Outcome::Fine,
            None => Outcome::RuledOut(RuledOut {
                subject: host.subject.clone(),
                verdict: judgement.verdict.name(),
                why: judgement.why,
            }),
        },
    }
}

/// The detector's word on a host, and the grid it was given on.
pub(super) fn judge_host(params: &Params, host: &Host<'_>) -> (Judgement, Window) {
    let starts: Vec<Time> = host.boot.into_iter().collect();
    let limit = host.total.map(|t| t * params.limit_share);
    let settings = settings(params, host.total);
    let window = host.available.window;
    let past = host.past.as_ref().map(|(w, v)| (w, v.as_slice()));
    let watched = Watched { window, values: &host.used, history: past, limit, starts: &starts };
    let (judged, grid) = near_or_far(&watched, past, &settings);
    // A leak that is older than the window is measured and explained over all that is known of it.
    if let (Verdict::Leak, Some((whole, values))) = (judged.verdict, past)
        && grid == *window
    {
        let far = judge(&Watched { window: whole, values, history: None, ..watched }, &settings);
        let older = far.anomaly.is_some_and(|(from, _)| from <= window.from);
        if far.verdict == Verdict::Leak && older {
            return (far, *whole);
        }
    }
    (judged, grid)
}

/// The finding of a host that leaks.
pub(super) fn leak(params: &Params, host: &Host<'_>, judged: &Judgement, grid: Window) -> Finding {
    let mut measures = usage(host);
    measures.insert(LOOKED_BACK, grid.length().hours());
    growth_measures(&mut measures, judged);
    let verb = if judged.verdict == Verdict::Leak { "leaks" } else { "seems to leak" };
    let mut summary = format!("{} {verb}", host.name());
    if let Some(growth) = judged.growth_per_day {
        summary += &format!(" {}", words::rate(growth));
    }
    summary += &format!("; {}", used_of(host));
    if let Some(until) = judged.hours_to_limit {
        summary += &format!("; full in {}", words::until(until));
    }
    let mut level = level(params, judged.verdict, judged.hours_to_limit);
    if judged.verdict == Verdict::Leak
        && let Some(near) = full(params, host).or_else(|| rising(params, host))
    {
        level = level.max(near.level);
        summary += if near.code == AT_LIMIT { "; it is at its limit" } else { "; it is about to reach its limit" };
    }
    Finding { code: MEMORY_LEAK, level, subject: host.subject.clone(), summary, measures, evidence: Vec::new() }
}

/// The level of a leak from the time to the limit. A suspicion wakes nobody.
fn level(params: &Params, verdict: Verdict, until: Option<Interval>) -> Level {
    let hours = until.map_or(f64::INFINITY, |u| u.mid);
    match verdict {
        Verdict::Leak if hours < params.critical_within.hours() => Level::Critical,
        Verdict::Leak if hours < params.warning_within.hours() => Level::Warning,
        Verdict::Suspected if hours < params.critical_within.hours() * 4.0 => Level::Warning,
        _ => Level::Info,
    }
}

/// The finding of a host whose memory is in use up to the ceiling, whatever the reason.
fn full(params: &Params, host: &Host<'_>) -> Option<Finding> {
    // More than all of it is no figure to believe.
    let share = host.used_share().filter(|s| (params.at_limit_share..=1.0).contains(s))?;
    let summary = format!("{} is at its limit: {} ({})", host.name(), used_of(host), words::percent(share));
    let subject = host.subject.clone();
    Some(Finding {
        code: AT_LIMIT,
        level: Level::Critical,
        subject,
        summary,
        measures: usage(host),
        evidence: Vec::new(),
    })
}

/// The finding of a host that rose through both halves of the last quarter of the window and, at the slower of the
/// two paces, will be at the limit soon. Two halves, so that a step, which shows in one of them only, is none.
fn rising(params: &Params, host: &Host<'_>) -> Option<Finding> {
    let window = host.available.window;
    let quarter = window.cells() / 4;
    let from = host.used.len().checked_sub(quarter.max(12))?;
    let third = (host.used.len() - from) / 3;
    let levels: Vec<f64> =
        (0..3).filter_map(|i| middle(&host.used[from + i * third..from + (i + 1) * third])).collect();
    let [a, b, c] = levels[..] else { return None };
    let hours = third as f64 * window.step.hours();
    let pace = (b - a).min(c - b) / hours;
    let ceiling = host.total? * params.at_limit_share;
    let left = (ceiling - c) / pace - hours / 2.0;
    // Nobody sees further ahead than twice as far as he looked back.
    let horizon = params.reach_within.hours().min(6.0 * hours);
    if pace <= 0.0 || left > horizon || been_there(params, host, c) {
        return None;
    }
    let left = left.max(0.0);
    let mut measures = usage(host);
    measures.insert("hours_to_limit", left);
    measures.insert("growth_bytes_per_day", pace * 24.0);
    let summary = format!(
        "{} is about to reach its limit: {}, rising {}/h or more, {} of the total in {}",
        host.name(),
        used_of(host),
        words::bytes(pace),
        words::percent(params.at_limit_share),
        words::hours(left)
    );
    Some(Finding {
        code: ABOUT_TO_REACH,
        level: Level::Critical,
        subject: host.subject.clone(),
        summary,
        measures,
        evidence: Vec::new(),
    })
}

/// Whether the host was as high before, over two seasons or more, and never came to the limit: a rise it makes often.
fn been_there(params: &Params, host: &Host<'_>, level: f64) -> bool {
    let (Some((grid, values)), Some(total)) = (&host.past, host.total) else { return false };
    let before =
        values.iter().enumerate().filter(|(i, v)| grid.time_of(*i) <= host.available.window.from && !v.is_nan());
    let (cells, highest) = before.fold((0i64, f64::NEG_INFINITY), |(n, high), (_, v)| (n + 1, high.max(*v)));
    let seen = cells * grid.step.millis();
    seen >= 2 * params.season.millis() && highest >= level && highest < total * params.at_limit_share
}

fn middle(values: &[f64]) -> Option<f64> {
    let mut there: Vec<f64> = values.iter().filter(|v| !v.is_nan()).copied().collect();
    there.sort_by(f64::total_cmp);
    there.get(there.len().checked_sub(1)? / 2).copied()
}

/// `12.3 GiB of 23.5 GiB used`.
fn used_of(host: &Host<'_>) -> String {
    let used = host.used.iter().rfind(|v| !v.is_nan()).copied().unwrap_or(f64::NAN);
    format!("{} of {} used", words::bytes(used), words::bytes(host.total.unwrap_or(f64::NAN)))
}

fn usage(host: &Host<'_>) -> BTreeMap<&'static str, f64> {
    let used = host.used.iter().rfind(|v| !v.is_nan()).copied();
    let all = [("used_bytes", used), ("total_bytes", host.total), ("used_share", host.used_share())];
    all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// Growth and forecast of a judgement as measures.
pub(super) fn growth_measures(measures: &mut BTreeMap<&'static str, f64>, judged: &Judgement) {
    let growth = ["growth_bytes_per_day", "growth_bytes_per_day_low", "growth_bytes_per_day_high"];
    let until = ["hours_to_limit", "hours_to_limit_low", "hours_to_limit_high"];
    for (names, interval) in [(growth, judged.growth_per_day), (until, judged.hours_to_limit)] {
        if let Some(i) = interval {
            measures.extend(names.into_iter().zip([i.mid, i.low, i.high]).filter(|(_, v)| v.is_finite()));
        }
    }
}

/// Judges the processes of every host. A process that leaks on a host found leaking is its cause and belongs to that
/// story; on any other host it is a finding of its own.
fn watch_processes(params: &Params, window: Window, seen: &Snapshot, hosts: &[Known<'_>], out: &mut Verdicts) {
    let told: BTreeSet<Labels> =
        out.findings.iter().filter(|f| f.code == MEMORY_LEAK).map(|f| f.subject.clone()).collect();
    for host in hosts.iter().filter(|h| !told.contains(&h.subject)) {
        out.findings.extend(process_leaks(params, window, seen, &host.host()));
    }
}

/// The leaking processes of one host, a finding a name.
fn process_leaks(params: &Params, window: Window, seen: &Snapshot, host: &Host<'_>) -> Vec<Finding> {
    let Some(total) = host.total else { return Vec::new() };
    let only: Vec<Matcher> = host::matchers(params).into_iter().chain(params.process_only.iter().cloned()).collect();
    let mut by_name: BTreeMap<Option<String>, Vec<Consumer>> = BTreeMap::new();
    for process in processes(params, window, seen, &only, &host.subject, total).into_iter().filter(Consumer::leaks) {
        by_name.entry(process.labels.get("process").map(str::to_string)).or_default().push(process);
    }
    let found = by_name.values_mut().map(|alike| {
        alike.sort_by(|a, b| b.growth().total_cmp(&a.growth()));
        process_leak(params, host, &alike[0], alike.len() - 1)
    });
    found.collect()
}

/// The leaking process of a host that is worst, when processes are watched.
pub(super) fn worst_process(params: &Params, window: Window, seen: &Snapshot, host: &Host<'_>) -> Option<Finding> {
    let all = params.watch_processes.then(|| process_leaks(params, window, seen, host))?;
    let growth = |f: &Finding| f.measures.get("growth_bytes_per_day").copied().unwrap_or(0.0);
    all.into_iter().max_by(|a, b| a.level.cmp(&b.level).then(growth(a).total_cmp(&growth(b))))
}

/// The processes of one host over the whole window, judged where they grew enough to matter.
fn processes(
    params: &Params,
    window: Window,
    seen: &Snapshot,
    only: &[Matcher],
    subject: &Labels,
    total: f64,
) -> Vec<Consumer> {
    let settings = settings(params, Some(total));
    let own = |s: &Series<'_>| &s.labels.keep(host::IDENTITY) == subject;
    let worth = total * params.min_growth_of_total;
    for signal in host::PROCESSES {
        let query = |window| Query { signal, only: only.to_vec(), window };
        let all_of = |window| {
            let query = query(window);
            seen.answers(&query).flat_map(|a| a.series.iter()).filter(own).collect::<Vec<_>>()
        };
        let past = host::history_window(params, window).map(all_of).unwrap_or_default();
        let all = weigh(&all_of(window), &past, (window.from, window.to), worth, &settings);
        if !all.is_empty() {
            return all;
        }
    }
    Vec::new()
}

/// The finding of a process that leaks, and how many more of its name do. The process id is no part of the identity:
/// the same program leaks again after its restart.
fn process_leak(params: &Params, host: &Host<'_>, process: &Consumer, more: usize) -> Finding {
    let total = host.total.unwrap_or(f64::NAN);
    let used = host.used.iter().rfind(|v| !v.is_nan()).copied().unwrap_or(f64::NAN);
    let left = total * params.limit_share - used;
    let mut measures = usage(host);
    measures.insert("process_bytes", process.now);
    let until = process.growth_per_day().map(|g| {
        let hours = |per_day: f64| if per_day > 0.0 { left.max(0.0) / per_day * 24.0 } else { f64::INFINITY };
        Interval { low: hours(g.high), mid: hours(g.mid), high: hours(g.low) }
    });
    let verb = if process.verdict() == Verdict::Leak { "leaks" } else { "seems to leak" };
    let mut summary = format!("{} on {} {verb}", process.name(), host.name());
    if let Some(growth) = process.growth_per_day() {
        summary += &format!(" {}", words::rate(growth));
        measures.insert("growth_bytes_per_day", growth.mid);
        measures.insert("growth_bytes_per_day_low", growth.low);
        measures.insert("growth_bytes_per_day_high", growth.high);
    }
    summary += &format!("; it holds {}", words::bytes(process.now));
    if let Some(until) = until {
        summary += &format!("; the host is full in {}", words::until(until));
        measures.insert("hours_to_limit", until.mid);
    }
    if more > 0 {
        summary += &format!("; {more} more of that name leak too");
    }
    if let Some(pid) = process.labels.get("pid").and_then(|p| p.parse().ok()) {
        measures.insert("pid", pid);
    }
    measures.retain(|_, v| v.is_finite());
    let subject = match process.labels.get("process") {
        Some(name) => host.subject.with("process", name),
        None => host.subject.clone(),
    };
    Finding {
        code: PROCESS_LEAK,
        level: level(params, process.verdict(), until),
        subject,
        summary,
        measures,
        evidence: Vec::new(),
    }
}
