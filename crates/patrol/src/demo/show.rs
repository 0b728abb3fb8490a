//! What the demo shows while it works: how far it is, and what its programs hold right now.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use model::signal::Signal;
use sources::host::{Sample, Scrape};

use super::children::Children;
use super::program::Program;

/// A bar on a terminal; elsewhere a line now and then.
pub struct Show {
    bar: ProgressBar,
    programs: Vec<(Program, String)>,
    duration: Duration,
    begun: Instant,
    terminal: bool,
    said: Mutex<Option<Instant>>,
}

/// Without a terminal a line is written this often.
const LINE_EVERY: Duration = Duration::from_secs(15);

impl Show {
    /// Begins, with a sentence on what will happen.
    pub fn begin(children: &Children, scale: f64, duration: Duration) -> Show {
        let programs: Vec<(Program, String)> = children.running().map(|(p, pid)| (p, pid.to_string())).collect();
        let names: Vec<&str> = programs.iter().map(|(program, _)| program.name()).collect();
        let less = if scale < 1.0 { format!(", with {:.0} % of their memory", scale * 100.0) } else { String::new() };
        anstream::eprintln!(
            "started {}{less}; watching all processes of this host for {} s",
            names.join(", "),
            duration.as_secs()
        );
        let terminal = std::io::stderr().is_terminal();
        let bar = if terminal { ProgressBar::new(duration.as_secs()) } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos:>2}/{len} s  {wide_msg}") {
            bar.set_style(style);
        }
        Show { bar, programs, duration, begun: Instant::now(), terminal, said: Mutex::new(None) }
    }

    /// Shows what the programs hold.
    pub fn scrape(&self, scrape: &Scrape) {
        let elapsed = self.begun.elapsed().min(self.duration);
        self.bar.set_position(elapsed.as_secs());
        let held = self.held(scrape);
        self.bar.set_message(held.clone());
        let Ok(mut said) = self.said.lock() else { return };
        if !self.terminal && said.is_none_or(|at| at.elapsed() >= LINE_EVERY) {
            *said = Some(Instant::now());
            anstream::eprintln!("{:>3} s  {held}", elapsed.as_secs());
        }
    }

    /// `leak 120, cache 150 MiB`: the anonymous memory of the programs that were started.
    fn held(&self, scrape: &Scrape) -> String {
        let of = |(program, pid): &(Program, String)| {
            let own = |s: &&Sample| s.signal == Signal::ProcessAnonymous && s.labels.get("pid") == Some(pid);
            let held = scrape.samples.iter().find(own).map(|s| format!("{:.0}", s.value / f64::from(1 << 20)));
            format!("{} {}", program.kind(), held.as_deref().unwrap_or("-"))
        };
        let all: Vec<String> = self.programs.iter().map(of).collect();
        format!("{} MiB", all.join(", "))
    }

    /// Writes a line of its own.
    pub fn line(&self, text: &str) {
        self.bar.suspend(|| anstream::eprintln!("{text}"));
    }

    /// Takes the bar away.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}
