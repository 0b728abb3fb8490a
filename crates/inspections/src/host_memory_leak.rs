//! Hosts whose memory leaks or will soon hit the ceiling, and the processes and pods behind it.

use model::finding::{Conclusion, Finding, Verdicts};
use model::growth::{Judgement, Settings, Verdict, Watched, judge};
use model::query::{Compare, Matcher, Query};
use model::seam::{Card, Inspection};
use model::signal::Signal;
use model::snapshot::Snapshot;
use model::time::{Span, Window};
use model::words;

mod detect;
mod evidence;
mod explain;
mod heap;
mod host;

model::params! {
    /// What a person may set.
    Params {
        /// Hosts to look at, one a line; all when empty. One that no source reports is unknown, not fine.
        hosts: Vec<String> = Vec::new(),
        /// Only hosts whose series have these labels, in the source's own names.
        only: Vec<Matcher> = Vec::new(),
        /// The rhythm that must be ruled out before growth is called a leak. Growth seen for less than two of these is
        /// at most suspected; a window shorter than a 24th of it is not judged.
        season: Span = Span::from_days(1),
        /// How far back history is read, in cells of a 96th of the season: it rules rhythms and steps out, and shows
        /// leaks too slow for the window. No longer than the window: none is read; never more than 100,800 cells.
        history: Span = Span::from_days(7),
        /// Growth in the window below this share of what is used does not matter; over the history, growth in a season.
        min_growth_share: f64 = 0.05,
        /// Growth in the window below this share of what is installed does not matter; over the history as above.
        min_growth_of_total: f64 = 0.005,
        /// Share of what is installed that counts as the ceiling: the forecast runs to it.
        limit_share: f64 = 1.0,
        /// A host with this share of its memory in use is at the limit, whatever the reason.
        at_limit_share: f64 = 0.95,
        /// A host that keeps rising and would be at the limit within this time is about to reach it.
        reach_within: Span = Span::from_hours(2),
        /// A leak that reaches the ceiling within this time is critical.
        critical_within: Span = Span::from_hours(6),
        /// A leak that reaches the ceiling within this time is a warning; a slower one is good to know.
        warning_within: Span = Span::from_days(7),
        /// Judge every process of every host too, not only those of hosts that leak. Costs a series a process.
        watch_processes: bool = false,
        /// Only processes whose series have these labels, when processes are judged: `{process=~"java|node"}`.
        process_only: Vec<Matcher> = Vec::new(),
    }
}

/// Judges every host that a source reports.
pub struct HostMemoryLeak;

impl Inspection for HostMemoryLeak {
    type Params = Params;
    const CARD: Card = Card {
        id: "host-memory-leak",
        title: "Memory leaks of hosts",
        looks_for: "Hosts whose used memory grows without end, is about to reach the ceiling, or has reached it; and \
                    the processes and pods that grew. Steps, daily rhythms, warm-ups and saw-teeth are told apart.",
        matters: "At the ceiling the host swaps, stalls and kills processes, mostly not the one that leaks.",
        to_do: "Look at the process named first. Restarting it buys the time until it has grown again; a heap profile \
                of it names the line to mend.",
        schedule: "0 * * * *",
        timeout: Span::from_secs(900),
        window: Span::from_hours(6),
        step: Span::from_mins(1),
    };

    fn check(params: &Params) -> Result<(), String> {
        let wrong = |name: &str, is: String, wanted: &str| Err(format!("`{name}`: {is} is not {wanted}"));
        let growths =
            [("min_growth_share", params.min_growth_share), ("min_growth_of_total", params.min_growth_of_total)];
        let ceilings = [("limit_share", params.limit_share), ("at_limit_share", params.at_limit_share)];
        if let Some((name, share)) = growths.into_iter().find(|(_, share)| !(0.0..=1.0).contains(share)) {
            return wrong(name, share.to_string(), "a share from 0 to 1");
        }
        if let Some((name, share)) = ceilings.into_iter().find(|(_, share)| !(*share > 0.0 && *share <= 1.0)) {
            return wrong(name, share.to_string(), "a share above 0 and up to 1");
        }
        if params.season < Span::from_secs(1) {
            return wrong("season", params.season.to_string(), "a second or more");
        }
        Ok(())
    }

    fn needs(params: &Params, window: Window) -> Vec<Query> {
        let only = host::matchers(params);
        let mut all = vec![Query { signal: Signal::HostMemoryAvailable, only: only.clone(), window }];
        let history = host::history_window(params, window);
        all.extend(history.map(|window| Query { signal: Signal::HostMemoryAvailable, only: only.clone(), window }));
        let tail = host::tail(window);
        all.extend(host::CONSTANTS.map(|signal| Query { signal, only: only.clone(), window: tail }));
        if params.watch_processes {
            let only: Vec<Matcher> = only.into_iter().chain(params.process_only.iter().cloned()).collect();
            for window in [Some(window), history].into_iter().flatten() {
                all.extend(host::PROCESSES.map(|signal| Query { signal, only: only.clone(), window }));
            }
        }
        all
    }

    fn detect(params: &Params, window: Window, seen: &Snapshot) -> Verdicts {
        detect::detect(params, window, seen)
    }

    fn ask(params: &Params, window: Window, finding: &Finding) -> Vec<Query> {
        explain::ask(params, window, finding)
    }

    fn explain(params: &Params, window: Window, finding: Finding, seen: &Snapshot) -> Conclusion {
        explain::explain(params, window, finding, seen)
    }

    fn replay(params: &Params, watched: &Watched<'_>) -> Option<Judgement> {
        // A recording may be in any unit: figures stand without one.
        let settings = Settings { show: Settings::default().show, ..settings(params, watched.limit) };
        let grid =
            watched.history.filter(|(grid, _)| grid.to == watched.window.from && grid.step == watched.window.step);
        let (whole, values): (Window, Vec<f64>) = match grid {
            Some((grid, values)) => (Window { to: watched.window.to, ..*grid }, [values, watched.values].concat()),
            None => return Some(judge(watched, &settings)),
        };
        Some(near_or_far(watched, Some((&whole, &values)), &settings).0)
    }
}

/// The detector's settings for a host with so much memory.
fn settings(params: &Params, total: Option<f64>) -> Settings {
    Settings {
        season: params.season,
        min_growth_share: params.min_growth_share,
        min_growth: total.map_or(0.0, |t| t * params.min_growth_of_total),
        show: words::bytes,
    }
}

/// The conditions that choose exactly these hosts.
fn only_hosts(hosts: &[String]) -> Option<Matcher> {
    match hosts {
        [] => None,
        [one] => Some(Matcher::equal("host", one)),
        many => {
            let any: Vec<String> = many.iter().map(|h| regex::escape(h)).collect();
            Some(Matcher { label: "host".into(), compare: Compare::Matches, value: any.join("|") })
        }
    }
}

/// The word on a window with the history before it or, where that shows no leak, on the `whole` record up to the end of
/// the window, in which growth shows that is too slow for the window; and the grid it was given on.
fn near_or_far(watched: &Watched<'_>, whole: Option<(&Window, &[f64])>, settings: &Settings) -> (Judgement, Window) {
    let near = judge(watched, settings);
    let leaks = |j: &Judgement| matches!(j.verdict, Verdict::Leak | Verdict::Suspected);
    if let (false, Some((grid, values))) = (leaks(&near), whole) {
        // Slow growth must matter within a season, or within the window where that is longer: a day's judgement of a
        // week is made seven times a week.
        let least = settings.season.hours().max(watched.window.length().hours());
        let times = (grid.length().hours() / least).max(1.0);
        let settings = Settings {
            min_growth_share: settings.min_growth_share * times,
            min_growth: settings.min_growth * times,
            ..settings.clone()
        };
        let far = judge(&Watched { window: grid, values, history: None, ..*watched }, &settings);
        if leaks(&far) {
            return (far, *grid);
        }
    }
    (near, *watched.window)
}
