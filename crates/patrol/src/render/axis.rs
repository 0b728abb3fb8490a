//! Axes: which part of the world a chart shows, where the ticks stand and what they say.

use model::evidence::{Chart, Role};
use model::signal::Unit;
use model::time::Time;

use super::clock::Clock;
use model::quantity::quantity;

/// The part of the world that a chart shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Left edge.
    pub from: Time,
    /// Right edge, later than the left.
    pub to: Time,
    /// Lower edge.
    pub low: f64,
    /// Upper edge, above the lower.
    pub high: f64,
}

impl Frame {
    /// What to show of a chart, or `None` when it has no value to draw.
    ///
    /// The limit is shown unless it lies so far above the data (12 times their spread) that these would be a flat line;
    /// zero is shown when the data come near it; a forecast is followed only as far as the limit.
    pub fn of(chart: &Chart) -> Option<Frame> {
        let (from, to) = (chart.from, if chart.to > chart.from { chart.to } else { chart.from.saturating_add(1000) });
        let values = |wanted: fn(Role) -> bool| {
            let lines = chart.lines.iter().filter(move |line| wanted(line.role));
            let points = lines.flat_map(|line| &line.points).filter(move |(at, _)| (from..=to).contains(at));
            points.filter_map(|(_, value)| *value).filter(|v| v.is_finite())
        };
        let measured = spread(values(|r| matches!(r, Role::Series | Role::Baseline)));
        let limit = spread(values(|r| r == Role::Limit)).map(|(_, high)| high);
        let bands = chart.bands.iter().flat_map(|b| &b.points).filter(|(at, ..)| (from..=to).contains(at));
        let edges = bands.flat_map(|(_, low, high)| [*low, *high]).filter(|v| v.is_finite());
        let ahead = spread(values(|r| r == Role::Forecast).chain(edges));
        let (mut low, mut high) = measured.or(ahead).or(limit.map(|l| (l, l)))?;
        let near = |l: f64| l - low <= 12.0 * (high - low) || l <= 1.5 * high;
        let ceiling = limit.filter(|l| near(*l) || ahead.is_some_and(|(_, top)| top >= *l));
        if let Some((bottom, top)) = ahead {
            let most = ceiling.map_or(high + 2.0 * (high - low).max(high.abs() * 0.1), |l| l + (l - low) * 0.04);
            (low, high) = (low.min(bottom.max(low - (high - low))), high.max(top.min(most)));
        }
        high = high.max(ceiling.unwrap_or(high));
        if low > 0.0 && low < high * 0.4 {
            low = 0.0;
        }
        let pad = if high > low { (high - low) * 0.06 } else { high.abs().max(1.0) * 0.1 };
        let low = if low >= 0.0 { (low - pad).max(0.0) } else { low - pad };
        let (low, high) = (low.max(-1e300), (high + pad).min(1e300));
        (high > low).then_some(Frame { from, to, low, high })
    }

    /// Where an instant lies between left (0) and right (1).
    pub fn across(&self, at: Time) -> f64 {
        (at as f64 - self.from as f64) / (self.to as f64 - self.from as f64)
    }

    /// Where a value lies between bottom (0) and top (1).
    pub fn up(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }
}

fn spread(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |seen, v| match seen {
        None => Some((v, v)),
        Some((low, high)) => Some((v.min(low), v.max(high))),
    })
}

/// A tick of an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick<T> {
    /// Where.
    pub at: T,
    /// What it says.
    pub label: String,
}

/// Round values in a frame, lowest first, at most about `most` of them. Bytes are rounded to powers of two.
pub fn value_ticks(frame: &Frame, unit: Unit, most: usize) -> Vec<Tick<f64>> {
    let rough = (frame.high - frame.low) / most.max(1) as f64;
    let step = match unit {
        Unit::Bytes | Unit::BytesPerDay => rough.log2().ceil().exp2().max(1.0),
        Unit::Count => decimal_step(rough).max(1.0),
        _ => decimal_step(rough),
    };
    if !step.is_finite() || step <= 0.0 {
        return Vec::new();
    }
    let first = (frame.low / step).ceil();
    let count = ((frame.high / step).floor() - first).clamp(0.0, 64.0) as usize;
    let at = (0..=count).map(|i| (first + i as f64) * step).filter(|v| *v <= frame.high);
    at.map(|at| Tick { at, label: tick_label(at, step, frame.high.abs().max(frame.low.abs()), unit) }).collect()
}

/// The next of 1, 2, 5 times a power of ten.
fn decimal_step(rough: f64) -> f64 {
    let power = 10f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|step| *step >= rough * 0.9999).unwrap_or(rough)
}

/// A label with as many decimals as the step asks for and no more.
fn tick_label(at: f64, step: f64, largest: f64, unit: Unit) -> String {
    let decimals = |step: f64| (0..=3).find(|d| (step * 10f64.powi(*d)).fract().abs() < 1e-6).unwrap_or(3) as usize;
    match unit {
        Unit::Bytes | Unit::BytesPerDay => {
            const NAMES: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
            let mut power = (largest.max(1.0).log2() / 10.0).floor().clamp(0.0, 6.0) as i32;
            if power > 0 && step / 1024f64.powi(power) < 0.1 {
                power -= 1;
            }
            let scale = 1024f64.powi(power);
            if largest / scale >= 1e6 {
                return quantity(at, unit);
            }
            let per_day = if unit == Unit::BytesPerDay { "/day" } else { "" };
            format!("{:.*} {}{per_day}", decimals(step / scale), at / scale, NAMES[power as usize])
        }
        Unit::Ratio if largest >= 1e4 => quantity(at, unit),
        Unit::Ratio => format!("{:.*} %", decimals(step * 100.0), at * 100.0),
        Unit::Hours | Unit::Seconds => quantity(at, unit),
        Unit::Count if largest < 1e6 => format!("{:.*}", decimals(step), at),
        Unit::Count => quantity(at, unit),
    }
}

const MINUTE: Time = 60_000;
const HOUR: Time = 60 * MINUTE;
const DAY: Time = 24 * HOUR;

/// Steps between time ticks, in milliseconds.
const STEPS: [Time; 25] = [
    1_000,
    5_000,
    10_000,
    15_000,
    30_000,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    4 * DAY,
    7 * DAY,
    14 * DAY,
    28 * DAY,
    91 * DAY,
    365 * DAY,
    3_650 * DAY,
];

/// Round instants of the local wall clock in a frame, at most about `most` of them; midnight says its day.
pub fn time_ticks(frame: &Frame, clock: &Clock, most: usize) -> Vec<Tick<Time>> {
    let length = frame.to.saturating_sub(frame.from);
    let Some(step) = STEPS.into_iter().find(|step| length / step <= most.max(1) as i64) else {
        return Vec::new();
    };
    let local = |at: Time| at.saturating_add(clock.offset(at));
    let first = local(frame.from).div_euclid(step);
    let mut ticks: Vec<Tick<Time>> = Vec::new();
    for index in first..=first.saturating_add(most as i64 + 2) {
        let wall = index.saturating_mul(step);
        // The offset of a wall time is that of the instant it names; one correction is enough but at a clock change.
        let guess = wall.saturating_sub(clock.offset(wall));
        let at = wall.saturating_sub(clock.offset(guess));
        if at < frame.from || at > frame.to || ticks.last().is_some_and(|t| t.at >= at) {
            continue;
        }
        let midnight = wall.rem_euclid(DAY) == 0;
        let format = match step {
            s if s >= 365 * DAY => "%Y",
            s if s >= 91 * DAY => "%b %Y",
            _ if midnight => "%-d %b",
            s if s < MINUTE => "%H:%M:%S",
            _ => "%H:%M",
        };
        ticks.push(Tick { at, label: clock.write(at, format) });
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    const GIB: f64 = 1_073_741_824.0;

    fn labels<T>(ticks: &[Tick<T>]) -> Vec<&str> {
        ticks.iter().map(|t| &*t.label).collect()
    }

    #[test]
    fn sizes_step_by_powers_of_two_and_times_by_the_wall_clock() {
        let frame = Frame { from: 1_795_158_300_000, to: 1_795_179_900_000, low: 0.0, high: 17.0 * GIB };
        assert_eq!(labels(&value_ticks(&frame, Unit::Bytes, 5)), ["0 GiB", "4 GiB", "8 GiB", "12 GiB", "16 GiB"]);
        let clock = Clock::new(TimeZone::fixed(jiff::tz::offset(-5)));
        assert_eq!(labels(&time_ticks(&frame, &clock, 6)), ["03:00", "04:00", "05:00", "06:00", "07:00", "08:00"]);
        let week = Frame { to: frame.from + 7 * DAY, low: 0.91, high: 0.934, ..frame };
        assert_eq!(labels(&time_ticks(&week, &clock, 4)), ["21 Nov", "23 Nov", "25 Nov", "27 Nov"]);
        assert_eq!(labels(&value_ticks(&week, Unit::Ratio, 3)), ["91 %", "92 %", "93 %"]);
    }

    proptest! {
        /// Ticks lie inside, ascend, are not too many, and say different things.
        #[test]
        fn ticks_are_inside_and_distinct(low in -1e12..1e15f64, size in 1e-3..1e15f64, from in 0..4_000_000_000_000i64,
                                         length in 1_000..400_000_000_000i64, most in 2usize..9) {
            let frame = Frame { from, to: from + length, low, high: low + size };
            prop_assume!(frame.high - frame.low > low.abs() * 1e-9);
            for unit in [Unit::Bytes, Unit::Ratio, Unit::Count, Unit::Hours] {
                let ticks = value_ticks(&frame, unit, most);
                prop_assert!(ticks.len() <= most + 1);
                prop_assert!(ticks.iter().all(|t| t.at >= frame.low && t.at <= frame.high));
                prop_assert!(ticks.windows(2).all(|w| w[0].at < w[1].at));
            }
            let ticks = time_ticks(&frame, &Clock::new(TimeZone::UTC), most);
            prop_assert!(ticks.len() <= most + 2);
            prop_assert!(ticks.iter().all(|t| t.at >= frame.from && t.at <= frame.to));
            prop_assert!(ticks.windows(2).all(|w| w[0].at < w[1].at));
        }
    }
}
