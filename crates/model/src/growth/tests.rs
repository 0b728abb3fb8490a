//! What the detector says to series whose truth is known: each is drawn from a shape and noise stated in a sentence.

use proptest::prelude::*;

use super::*;

/// Noise, the same every time for one seed: xorshift64* (Marsaglia 2003, Vigna 2016).
struct Noise(u64);

impl Noise {
    fn new(seed: u64) -> Noise {
        Noise(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }
    /// Even between 0 and 1.
    fn even(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1u64 << 53) as f64
    }
    /// Normal with standard deviation 1, as the sum of twelve (Irwin and Hall).
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.even()).sum::<f64>() - 6.0
    }
}

const END: Time = 1_763_600_400_000;
const DAY: i64 = 86_400_000;

/// A series of five-minute samples that ends at [`END`]: `shape` of the days since its start.
struct Drawn {
    window: Window,
    history: Option<(Window, Vec<f64>)>,
    values: Vec<f64>,
}

/// Draws so many days, of which the last `window` are the window and the rest is history.
fn draw(days: f64, window: f64, mut shape: impl FnMut(f64) -> f64) -> Drawn {
    let step = Span::from_mins(5);
    let all = Window::ending(END, Span::from_millis((days * DAY as f64) as i64), step).unwrap();
    let values: Vec<f64> = (0..all.cells()).map(|i| shape(i as f64 * 300.0 / 86_400.0)).collect();
    let window = Window::ending(END, Span::from_millis((window * DAY as f64) as i64), step).unwrap();
    let cut = all.cells() - window.cells();
    let past = Window { from: all.from, to: window.from, step };
    Drawn { window, history: (cut > 0).then(|| (past, values[..cut].to_vec())), values: values[cut..].to_vec() }
}

impl Drawn {
    fn judge(&self) -> Judgement {
        self.judge_with(Some(16_384.0), &[])
    }
    fn judge_with(&self, limit: Option<f64>, starts: &[Time]) -> Judgement {
        let history = self.history.as_ref().map(|(w, v)| (w, &v[..]));
        let watched = Watched { window: &self.window, values: &self.values, history, limit, starts };
        judge(&watched, &Settings::default())
    }
}

/// 4,000 with normal noise of 40, one per cent.
fn level(noise: &mut Noise) -> f64 {
    4_000.0 + 40.0 * noise.normal()
}

/// Verdicts over ten seeds.
fn verdicts(days: f64, window: f64, shape: impl Fn(f64) -> f64) -> Vec<Verdict> {
    let one = |seed| {
        let mut noise = Noise::new(seed);
        draw(days, window, |t| level(&mut noise) + shape(t)).judge().verdict
    };
    (1..=10).map(one).collect()
}

/// How many are neither leak nor suspected.
fn silent(verdicts: &[Verdict]) -> usize {
    verdicts.iter().filter(|v| !matches!(v, Verdict::Leak | Verdict::Suspected)).count()
}

/// A leak of 30 % in its only day is suspected; seen for two days, or for a week, it is a leak.
#[test]
fn a_leak_is_suspected_first_and_certain_once_it_lasts() {
    let leak = |t: f64| 1_200.0 * t;
    assert_eq!(verdicts(1.0, 1.0, leak), [Verdict::Suspected; 10]);
    assert_eq!(verdicts(2.0, 1.0, leak), [Verdict::Leak; 10]);
    assert_eq!(verdicts(7.0, 7.0, leak), [Verdict::Leak; 10]);
}

/// A leak that sets in at noon, one under a saw-tooth of 10 % every hour, and one of 60 % a life with a restart at
/// noon that nobody announced.
#[test]
fn late_sawing_and_restarted_leaks_are_seen() {
    assert_eq!(silent(&verdicts(1.0, 1.0, |t| 4_000.0 * (t - 0.5).max(0.0))), 0);
    assert_eq!(silent(&verdicts(1.0, 1.0, |t| 1_600.0 * t + 400.0 * (t * 24.0).fract())), 0);
    assert_eq!(silent(&verdicts(1.0, 1.0, |t| 4_800.0 * (t % 0.5))), 0);
}

/// A leak almost without noise, bent by a hair: its residuals resemble each other as much as can be, and its interval
/// is narrow all the same.
#[test]
fn a_smooth_leak_has_a_narrow_interval() {
    let found = draw(2.0, 1.0, |t| 4_000.0 + 3_000.0 * t + 10.0 * (5.0 * t).sin()).judge();
    let growth = found.growth_per_day.unwrap();
    assert_eq!(found.verdict, Verdict::Leak, "{found:?}");
    assert!(growth.low > 2_900.0 && growth.high < 3_100.0, "{growth:?}");
}

/// A leak of 5 % a day does not matter within six hours, and is found in the days before them.
#[test]
fn a_leak_too_slow_for_the_window_shows_in_the_days_before() {
    let mut noise = Noise::new(7);
    let found = draw(6.0, 0.25, |t| level(&mut noise) + 400.0 * (t - 2.0).max(0.0)).judge();
    assert_eq!(found.verdict, Verdict::Leak, "{found:?}");
    let growth = found.growth_per_day.unwrap();
    assert!(growth.low <= 400.0 && 400.0 <= growth.high && growth.high - growth.low < 100.0, "{growth:?}");
}

/// What is added to a level, over the days.
type Shape = Box<dyn Fn(f64) -> f64>;

/// Steps of 50 %, a warm-up with a time constant of an eighth of the window, a cache that is full at 60 % of it, a
/// rhythm of 25 %, a saw-tooth, a batch of four hours: none is an alarm.
#[test]
fn what_only_looks_like_a_leak_is_none() {
    let tau = std::f64::consts::TAU;
    let shapes: [(&str, Shape); 7] = [
        ("early step", Box::new(|t| if t > 0.3 { 2_000.0 } else { 0.0 })),
        ("late step", Box::new(|t| if t > 0.7 { 2_000.0 } else { 0.0 })),
        ("warm-up", Box::new(|t| 2_000.0 * (1.0 - (-8.0 * t).exp()))),
        ("cache", Box::new(|t| 2_000.0 * (t / 0.6).min(1.0))),
        ("rhythm", Box::new(move |t| 1_000.0 * (tau * (t + 0.1)).sin())),
        ("saw-tooth", Box::new(|t| 1_200.0 * (t * 18.0).fract())),
        ("batch", Box::new(|t| if (0.5..0.67).contains(&t) { 2_000.0 } else { 0.0 })),
    ];
    for (name, shape) in shapes {
        assert_eq!(silent(&verdicts(1.0, 1.0, shape)), 10, "{name}");
    }
}

/// What it is instead: the kinds have names of their own.
#[test]
fn steps_warm_ups_and_rhythms_have_their_names() {
    let step = verdicts(1.0, 1.0, |t| if t > 0.4 { 2_000.0 } else { 0.0 });
    assert_eq!(step, [Verdict::LevelShift; 10]);
    let warm = verdicts(1.0, 1.0, |t| 2_000.0 * (1.0 - (-8.0 * t).exp()));
    assert_eq!(warm, [Verdict::WarmingUp; 10]);
    let rhythm = |t: f64| 1_000.0 * (std::f64::consts::TAU * t).sin();
    assert_eq!(verdicts(7.0, 7.0, rhythm), [Verdict::Seasonal; 10]);
}

/// Six hours of a morning rise look like a leak to anybody who saw only them, and not to one who saw the days before.
#[test]
fn a_morning_rise_is_told_by_the_days_before() {
    let rise = |t: f64| -1_000.0 * (std::f64::consts::TAU * (t - 0.125)).cos();
    let alone = verdicts(0.25, 0.25, |t| rise(t + 0.25));
    assert!(!alone.contains(&Verdict::Leak), "{alone:?}");
    assert_eq!(silent(&verdicts(4.5, 0.25, rise)), 10);
}

/// After a restart memory climbs back to where it was for days: nothing new.
#[test]
fn a_climb_back_to_a_known_level_is_no_leak() {
    let shape = |t: f64| if t < 4.0 { 4_000.0 } else { 4_000.0 * (t - 4.0) };
    assert_eq!(silent(&verdicts(5.0, 1.0, shape)), 10);
}

/// A restart known to have happened parts the lives, even one that hides the fall.
#[test]
fn known_starts_part_the_lives() {
    let mut noise = Noise::new(3);
    let drawn = draw(1.0, 1.0, |t| level(&mut noise) + 4_800.0 * (t % 0.5));
    let found = drawn.judge_with(None, &[END - DAY / 2]);
    assert_eq!((found.verdict, found.lives), (Verdict::Suspected, 2), "{found:?}");
    let growth = found.growth_per_day.unwrap();
    assert!(growth.low <= 4_800.0 && 4_800.0 <= growth.high, "{growth:?}");
}

/// Growth of 3,000 a day on 4,000 with noise of 10 %, white or remembering its neighbour at 0.8: the 95 % interval
/// holds the truth in at least 90 of 100 draws.
#[test]
fn the_interval_holds_the_true_growth() {
    for memory in [0.0f64, 0.8] {
        let holds = |seed: u64| {
            let (mut noise, mut state) = (Noise::new(seed), 0.0);
            let found = draw(1.0, 1.0, |t| {
                state = memory * state + (1.0 - memory * memory).sqrt() * noise.normal();
                4_000.0 + 400.0 * state + 3_000.0 * t
            });
            let growth = found.judge().growth_per_day.unwrap();
            growth.low <= 3_000.0 && 3_000.0 <= growth.high
        };
        let held = (0..100).filter(|seed| holds(*seed)).count();
        assert!(held >= 90, "{held} of 100 at a memory of {memory}");
    }
}

/// 16,384 less some 5,200 in use, at 1,200 a day: nine days and a bit.
#[test]
fn the_forecast_is_the_distance_over_the_interval() {
    let mut noise = Noise::new(5);
    let found = draw(1.0, 1.0, |t| level(&mut noise) + 1_200.0 * t).judge();
    let hours = found.hours_to_limit.unwrap();
    assert!(hours.low < hours.mid && hours.mid < hours.high, "{hours:?}");
    assert!((hours.mid - 11_184.0 / 50.0).abs() < 20.0, "{hours:?}");
    assert!((found.level - 5_150.0).abs() < 100.0 && (found.baseline.unwrap() - 4_000.0).abs() < 150.0);
    let mut noise = Noise::new(5);
    let none = draw(1.0, 1.0, |t| level(&mut noise) + 1_200.0 * t).judge_with(None, &[]);
    assert_eq!(none.hours_to_limit, None);
}

/// The growth began at noon, and was seen until the end.
#[test]
fn the_anomaly_begins_where_growth_does() {
    let mut noise = Noise::new(9);
    let found = draw(1.0, 1.0, |t| level(&mut noise) + 4_000.0 * (t - 0.5).max(0.0)).judge();
    let (from, to) = found.anomaly.unwrap();
    assert!((from - (END - DAY / 2)).abs() < DAY / 12 && (END - to) < DAY / 24, "{found:?}");
}

/// Data that say nothing are unknown, in words: none, one point, a dead series, half of it missing, negative memory,
/// and a counter that runs through its limit.
#[test]
fn what_cannot_be_judged_is_unknown_in_words() {
    let mut noise = Noise::new(1);
    let mut unknown = |change: &dyn Fn(usize, f64) -> f64| {
        let mut drawn = draw(1.0, 1.0, |_| level(&mut noise));
        drawn.values = drawn.values.iter().enumerate().map(|(i, v)| change(i, *v)).collect();
        let found = drawn.judge();
        assert_eq!(found.verdict, Verdict::Unknown, "{found:?}");
        found.why
    };
    let gap = f64::NAN;
    let all = [
        unknown(&|_, _| gap),
        unknown(&|i, v| if i == 100 { v } else { gap }),
        unknown(&|i, v| if i < 200 { v } else { gap }),
        unknown(&|i, v| if i % 20 < 2 || i > 280 { v } else { gap }),
        unknown(&|_, v| -v),
        unknown(&|i, _| 1e5 * i as f64),
    ];
    insta::assert_snapshot!(all.join("\n"), @"
    too few samples to judge: 0, at least 12 are needed
    too few samples to judge: 1, at least 12 are needed
    31 % of the window lies after the last sample (at most 10 %)
    12 % of the samples are there (at least 50 %)
    the least value is -4100; memory in use is never negative
    values up to 28700000 are 1751.7 times the limit of 16400: this only ever grows, like a counter, not memory in use
    ");
}

/// A grid finer than the scrape has mostly empty cells, and that is no gap.
#[test]
fn a_grid_finer_than_the_scrape_is_no_gap() {
    let mut noise = Noise::new(2);
    let mut drawn = draw(1.0, 1.0, |t| level(&mut noise) + 1_200.0 * t);
    drawn.values.iter_mut().enumerate().filter(|(i, _)| i % 3 != 0).for_each(|(_, v)| *v = f64::NAN);
    let found = drawn.judge();
    assert_eq!(found.verdict, Verdict::Suspected, "{found:?}");
}

/// The season is a setting: a demo's day lasts a minute, and a leak that lasted three of them is a leak.
#[test]
fn a_season_may_be_a_minute() {
    let mut noise = Noise::new(4);
    let window = Window::ending(END, Span::from_mins(3), Span::from_secs(1)).unwrap();
    let values: Vec<f64> = (0..180).map(|i| level(&mut noise) + 10.0 * f64::from(i)).collect();
    let watched = Watched { window: &window, values: &values, history: None, limit: None, starts: &[] };
    let of = |season| judge(&watched, &Settings { season, ..Settings::default() }).verdict;
    assert_eq!((of(Span::from_mins(1)), of(Span::from_days(1))), (Verdict::Leak, Verdict::Suspected));
}

proptest! {
    /// Whatever comes in, a judgement comes out, with ends in order.
    #[test]
    fn nothing_makes_it_panic(
        values in prop::collection::vec(prop_oneof![
            5 => -1e3..1e6f64,
            1 => Just(f64::NAN),
            1 => prop_oneof![Just(f64::INFINITY), Just(f64::MAX), Just(f64::MIN), Just(0.0), Just(1e-300)],
        ], 0..150),
        past in prop::collection::vec(0.0..1e6f64, 0..200),
        step in 1..100_000i64,
        season in 0..1_000_000i64,
        limit in prop::option::of(-1.0..1e7f64),
        start in prop::option::of(0..200i64),
    ) {
        let step = Span::from_millis(step);
        let to = 1_000_000_000;
        let window = Window { from: to - values.len() as i64 * step.millis(), to, step };
        let grid = Window { from: window.from - past.len() as i64 * step.millis(), to: window.from, step };
        let starts: Vec<Time> = start.into_iter().map(|cells| window.from + cells * step.millis()).collect();
        let watched = Watched { window: &window, values: &values, history: Some((&grid, &past)), limit, starts: &starts };
        let settings = Settings { season: Span::from_millis(season), ..Settings::default() };
        let found = judge(&watched, &settings);
        prop_assert!(!found.why.is_empty());
        for interval in [found.growth_per_day, found.hours_to_limit].into_iter().flatten() {
            prop_assert!(interval.low <= interval.mid && interval.mid <= interval.high, "{:?}", interval);
        }
    }

    /// The unit does not matter: MiB and bytes get one verdict, and figures that differ by the factor.
    #[test]
    fn the_unit_does_not_matter(seed in 0..1000u64, slope in -2_000.0..4_000.0f64) {
        let mut noise = Noise::new(seed);
        let mut drawn = draw(1.0, 1.0, |t| (level(&mut noise) + slope * t).max(0.0));
        let small = drawn.judge_with(None, &[]);
        drawn.values.iter_mut().for_each(|v| *v *= 1_048_576.0);
        let large = drawn.judge_with(None, &[]);
        prop_assert_eq!(small.verdict, large.verdict);
        let (a, b) = (small.growth_per_day.unwrap().mid, large.growth_per_day.unwrap().mid / 1_048_576.0);
        prop_assert!((a - b).abs() <= 1e-6 * (1.0 + a.abs()));
    }
}
