//! The programs of the demo: small, real, and each with its own way of using memory.

use std::ffi::CString;
use std::time::{Duration, Instant};

use crate::error::{Explain, Failure, Result};

/// A way of using memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Program {
    /// Keeps something of every request and never lets go of it.
    Leak,
    /// Keeps the answers to questions that come again, and has them all after a while.
    Cache,
    /// Drops what it is done with only now and then, all at once.
    Sawtooth,
    /// Loads something big once, and needs it from then on.
    Step,
}

/// How much memory, and over what time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extent {
    /// Factor on all amounts; 1 where there is memory enough.
    pub scale: f64,
    /// How long the demo watches: the cache is full by the first third, the step comes in the middle.
    pub duration: Duration,
}

const MIB: f64 = (1 << 20) as f64;

impl Program {
    /// All, in the order they are started.
    pub const ALL: [Program; 4] = [Program::Leak, Program::Cache, Program::Sawtooth, Program::Step];

    /// The name the kernel shows; at most 15 bytes.
    pub fn name(self) -> &'static str {
        match self {
            Program::Leak => "demo-leak",
            Program::Cache => "demo-cache",
            Program::Sawtooth => "demo-sawtooth",
            Program::Step => "demo-step",
        }
    }

    /// How it is called on the command line of the hidden command.
    pub fn kind(self) -> &'static str {
        match self {
            Program::Leak => "leak",
            Program::Cache => "cache",
            Program::Sawtooth => "sawtooth",
            Program::Step => "step",
        }
    }

    /// The most memory it comes to hold, in bytes at scale 1.
    pub fn most(self) -> f64 {
        MIB * match self {
            Program::Leak => LEAK_IN_ALL + 2.0 * SCRATCH,
            Program::Cache => CACHE_ENTRIES as f64 * CACHE_ENTRY,
            Program::Sawtooth => SAWTOOTH.1,
            Program::Step => STEP.0 + STEP.1,
        }
    }

    /// Does its work until it is killed. `parent` is who started it: with that one it ends, even if it is killed.
    pub fn run(self, extent: Extent, parent: i32) -> Result<()> {
        end_with(parent)?;
        let name = CString::new(self.name()).map_err(Failure::new)?;
        rustix::thread::set_name(&name).during(|| "cannot take the name of the program".into())?;
        let mut work = Work { chance: Chance(u64::from(std::process::id()) | 1), begun: Instant::now(), extent };
        match self {
            Program::Leak => work.leak(),
            Program::Cache => work.cache(),
            Program::Sawtooth => work.sawtooth(),
            Program::Step => work.step(),
        }
    }
}

/// Asks the kernel to kill this process when its parent ends, and makes sure that it has not ended already.
fn end_with(parent: i32) -> Result<()> {
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
        .during(|| "cannot tie the program to the demo".into())?;
    let is = rustix::process::getppid().map_or(0, |pid| pid.as_raw_nonzero().get());
    if is != parent {
        return Err(Failure::new("the demo that started this program is gone"));
    }
    Ok(())
}

/// MiB a second that leak, and MiB in all at most: a longer demo leaks more slowly.
const LEAK: f64 = 4.0;
const LEAK_IN_ALL: f64 = 300.0;
/// Requests a second to the program that leaks, and MiB that are needed to answer those of a moment.
const REQUESTS: f64 = 200.0;
const SCRATCH: f64 = 2.0;
/// Entries of the cache and MiB each.
const CACHE_ENTRIES: usize = 600;
const CACHE_ENTRY: f64 = 0.25;
/// MiB that are always needed, and MiB at which the saw-tooth tidies up.
const SAWTOOTH: (f64, f64) = (20.0, 80.0);
/// MiB before the step, and MiB of it.
const STEP: (f64, f64) = (10.0, 150.0);

/// A program at work.
struct Work {
    chance: Chance,
    begun: Instant,
    extent: Extent,
}

/// Memory that was really touched: every page of it is written.
type Block = Vec<u8>;

impl Work {
    /// So many MiB, scaled.
    fn block(&mut self, mib: f64) -> Block {
        vec![self.chance.next() as u8 | 1; (mib * self.extent.scale * MIB) as usize]
    }

    fn elapsed(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    /// Requests come all the time; each needs some memory while it is answered, and of each a session of varying size
    /// stays behind.
    fn leak(&mut self) -> Result<()> {
        let rate = LEAK.min(LEAK_IN_ALL / self.extent.duration.as_secs_f64().max(1.0));
        let mut sessions: Vec<Block> = Vec::new();
        loop {
            while (sessions.len() as f64) < self.elapsed() * REQUESTS {
                let size = self.chance.about(rate / REQUESTS);
                let session = self.block(size);
                sessions.push(session);
            }
            let size = self.chance.about(SCRATCH);
            let _scratch = self.block(size);
            let pause = self.chance.about(0.03);
            std::thread::sleep(Duration::from_secs_f64(pause));
        }
    }

    /// Questions come by chance out of so many; each is answered from memory the second time. That fills as caches do:
    /// fast, then slower and slower.
    fn cache(&mut self) -> Result<()> {
        let filled_by = self.extent.duration.as_secs_f64() / 3.0;
        // After four times as many questions as there are entries all but a fiftieth (e^-4) are there.
        let a_second = 4.0 * CACHE_ENTRIES as f64 / filled_by.max(0.1);
        let mut entries: Vec<Option<Block>> = vec![None; CACHE_ENTRIES];
        let mut asked = 0;
        loop {
            while (asked as f64) < self.elapsed() * a_second {
                asked += 1;
                let which = self.chance.below(CACHE_ENTRIES);
                if let Some(empty) = entries.get_mut(which).filter(|entry| entry.is_none()) {
                    *empty = Some(self.block(CACHE_ENTRY));
                }
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Work leaves things behind that nobody needs; they are dropped when there are many.
    fn sawtooth(&mut self) -> Result<()> {
        let _needed = self.block(SAWTOOTH.0);
        // A dozen teeth or more in a demo, a few seconds each.
        let period = (self.extent.duration.as_secs_f64() / 15.0).clamp(1.0, 5.0);
        let pause = period / (SAWTOOTH.1 - SAWTOOTH.0);
        loop {
            let mut rubbish: Vec<Block> = Vec::new();
            while SAWTOOTH.0 + (rubbish.len() as f64) < SAWTOOTH.1 {
                let block = self.block(1.0);
                rubbish.push(block);
                let pause = self.chance.about(pause);
                std::thread::sleep(Duration::from_secs_f64(pause));
            }
        }
    }

    /// Waits for half of the time, then loads something big within a second or so.
    fn step(&mut self) -> Result<()> {
        let mut loaded = vec![self.block(STEP.0)];
        std::thread::sleep(self.extent.duration / 2);
        for _ in 0..10 {
            let part = self.block(STEP.1 / 10.0);
            loaded.push(part);
            std::thread::sleep(Duration::from_millis(50));
        }
        loop {
            std::thread::park();
        }
    }
}

/// Chance for programs that need no good one: xorshift64 (Marsaglia 2003).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A whole number below a bound.
    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    /// An amount with this mean, anywhere from nothing to twice it.
    fn about(&mut self, mean: f64) -> f64 {
        2.0 * mean * (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_keeps_its_mean_and_bounds() {
        let mut chance = Chance(7);
        let all: Vec<f64> = (0..10_000).map(|_| chance.about(3.0)).collect();
        assert!(all.iter().all(|v| (0.0..6.0).contains(v)));
        assert!((all.iter().sum::<f64>() / 1e4 - 3.0).abs() < 0.1);
        assert!((0..1_000).all(|_| chance.below(7) < 7));
    }

    #[test]
    fn names_fit_what_the_kernel_shows() {
        assert!(
            Program::ALL.iter().all(|program| program.name().len() <= 15 && program.name().ends_with(program.kind()))
        );
    }
}
