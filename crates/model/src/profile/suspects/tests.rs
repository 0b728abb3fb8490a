//! Heaps made to measure: a sentence says what goes on in each, and the verdict has to say the same.

mod limits;
mod made;

use proptest::prelude::*;

use super::*;
use crate::evidence::Evidence;
use crate::finding::Level;
use crate::labels::Labels;
use made::{Heap, Objects, digests, every, goroutines};

const RING: &[&str] = &["main.Register.func1", "a.b/hub.(*Hub).setPeers", "a.b/hub.newListener", "a.b/buffer.NewRing"];
const CACHE: &[&str] = &["main.fill", "a.b/page.(*Cache).Get", "a.b/page.load", "bytes.Repeat"];

fn judged(digests: &[Digest]) -> SuspectsReport {
    judge(digests, &Context::default())
}

/// Title and verdict of everything judged, suspects first.
fn verdicts(report: &SuspectsReport) -> Vec<(&str, Verdict)> {
    let heap = report.heap.as_ref().unwrap();
    heap.suspects.iter().chain(&heap.ruled_out).map(|s| (s.title.as_str(), s.verdict)).collect()
}

/// The suspects of six snapshots, ten seconds apart, of objects that go as told.
fn of(all: Vec<Objects>) -> SuspectsReport {
    judged(&digests(&every(10, 6, &Heap { period: 512 << 10, objects: all })))
}

/// 200 rings of 18 KiB more at each snapshot, and nothing is ever freed.
#[test]
fn what_is_never_freed_is_a_leak() {
    let report = of(vec![Objects::kept(RING, 18_432, |i| 1_000 + 900 * i)]);
    let suspect = &report.heap.as_ref().unwrap().suspects[0];
    assert_eq!((suspect.title.as_str(), suspect.verdict), ("Hub.setPeers -> newListener -> NewRing", Verdict::Leak));
    assert_eq!((suspect.confidence, suspect.shape), (Confidence::High, Shape::Steady));
    assert_eq!((suspect.survival, suspect.share.round()), (Some(1.0), 1.0));
    let per_minute = 900.0 * 6.0 * 18_432.0;
    let Rate { low, mid, high, ranks } = suspect.per_minute;
    assert!((mid - per_minute).abs() < 1.0 && low <= mid && mid <= high && ranks, "{low} {mid} {high}");
    let size = suspect.main_size().unwrap();
    assert_eq!((size.size_bytes, size.objects), (18_432.0, 4_500.0));
    // n = 4500 * 0.0345 sampled objects: 7.9 % of the growth (domain: variance n (1 - p) (s / p)^2).
    let error = suspect.growth_error / suspect.growth;
    assert!((0.076..0.081).contains(&error), "{error}");
}

/// 5,000 pages come at each snapshot; there is room for 12,000.
#[test]
fn a_cache_that_gets_full_is_none() {
    let report = of(vec![Objects::new(CACHE, 8_192, |i| (12_000.min(5_000 * i), 5_000 * i))]);
    assert_eq!(verdicts(&report), [("main.fill -> Cache.Get -> load", Verdict::FillingCache)]);
}

/// Events pile up and are all dropped at every other snapshot.
#[test]
fn a_saw_tooth_is_none() {
    let report = of(vec![Objects::new(CACHE, 512, |i| (60_000 * (i % 2) + 5_000 + 400 * i, 100_000 * i))]);
    assert_eq!(verdicts(&report), [("main.fill -> Cache.Get -> load", Verdict::SawTooth)]);
}

/// A table is made between the third and the fourth snapshot.
#[test]
fn a_table_made_once_is_none() {
    let report = of(vec![Objects::kept(RING, 65_536, |i| if i >= 3 { 400 } else { 0 })]);
    assert_eq!(verdicts(&report), [("Hub.setPeers -> newListener -> NewRing", Verdict::WarmingUp)]);
}

/// Everything is filled within the first two intervals, and nothing is allocated after.
#[test]
fn a_start_is_none() {
    let report = of(vec![Objects::kept(RING, 4_096, |i| 8_000 * i.min(2))]);
    assert_eq!(verdicts(&report), [("Hub.setPeers -> newListener -> NewRing", Verdict::WarmingUp)]);
}

/// Many maps of small tables grow: each table is freed when the next, twice as large, has taken its place.
#[test]
fn growth_by_doublings_is_growth() {
    let report = of(vec![
        Objects::new(RING, 1_152, |i| (4_000, 4_000 + 12_000 * i)),
        Objects::new(RING, 2_304, |i| (2_000 + 5_000 * i, 2_000 + 7_500 * i)),
    ]);
    let found = &report.heap.as_ref().unwrap().suspects;
    assert_eq!((found.len(), found[0].verdict, found[0].shape), (1, Verdict::Leak, Shape::Doubling));
}

/// One map: 4 MiB, 8, 32 and 64 MiB, and while it moves, the old table is there as well.
#[test]
fn one_large_table_that_doubles_is_growth_though_it_falls() {
    let table = |size, there: std::ops::Range<u64>| {
        let made = there.start;
        Objects::new(RING, size, move |i| (u64::from(there.contains(&i)), u64::from(i >= made)))
    };
    let report = of(vec![table(4 << 20, 0..2), table(8 << 20, 1..3), table(32 << 20, 3..5), table(64 << 20, 4..9)]);
    let found = &report.heap.as_ref().unwrap().suspects[0];
    assert_eq!((found.verdict, found.shape), (Verdict::Leak, Shape::Doubling));
    assert!(found.why.starts_with("one table grew from 4.0 MiB to 64.0 MiB, replaced 3 times"), "{}", found.why);
}

/// A ticker of 30 s leaks 1,000 objects each time; snapshots are 10 s apart.
#[test]
fn equal_steps_show_the_period_of_a_ticker() {
    let heap = Heap { period: 512 << 10, objects: vec![Objects::kept(RING, 16_384, |i| 1_000 + 1_000 * (i / 3))] };
    let report = judged(&digests(&every(10, 13, &heap)));
    let suspect = &report.heap.as_ref().unwrap().suspects[0];
    assert_eq!((suspect.verdict, suspect.shape), (Verdict::Leak, Shape::Stepped));
    let (period, within) = suspect.period.unwrap();
    assert_eq!((period, within), (30_000, 3_333));
}

/// One function serves all: a leak of its own, a second one that grows otherwise, and a cache.
#[test]
fn a_dispatcher_is_no_suspect_but_what_it_calls() {
    const A: &[&str] = &["net/http.(*conn).serve", "a.b/api.dispatch", "a.b/api.login", "a.b/session.New"];
    const B: &[&str] = &["net/http.(*conn).serve", "a.b/api.dispatch", "a.b/api.upload", "a.b/file.Open"];
    const C: &[&str] = &["net/http.(*conn).serve", "a.b/api.dispatch", "a.b/page.Get", "a.b/page.load"];
    let report = of(vec![
        Objects::kept(A, 1_024, |i| 60_000 * i),
        Objects::kept(B, 32_768, |i| 500 + 1_300 * i),
        Objects::new(C, 8_192, |i| (6_000.min(4_000 * i), 4_000 * i)),
    ]);
    let expected = [
        ("dispatch -> login -> New", Verdict::Leak),
        ("dispatch -> upload -> Open", Verdict::Leak),
        ("dispatch -> Get -> load", Verdict::FillingCache),
    ];
    assert_eq!(verdicts(&report), expected);
}

/// All requests come by one function: what they hold shrinks by more than what one of them leaks.
#[test]
fn a_leak_is_seen_though_all_around_it_shrinks() {
    const LEAK: &[&str] = &["net/http.(*conn).serve", "a.b/api.serve", "a.b/api.login", "a.b/session.New"];
    const DONE: &[&str] = &["net/http.(*conn).serve", "a.b/api.serve", "a.b/api.load", "a.b/job.New"];
    let report = of(vec![
        Objects::kept(LEAK, 1_024, |i| 30_000 * i),
        Objects::new(DONE, 65_536, |i| (20_000 - 2_000 * i, 20_000 + 500 * i)),
    ]);
    assert_eq!(verdicts(&report)[0], ("serve -> login -> New", Verdict::Leak));
    assert!(report.heap.unwrap().growth < 0.0);
}

/// A record and its buffer are made together, by two functions of one caller: one story.
#[test]
fn what_is_made_together_is_one_suspect() {
    const RECORD: &[&str] = &["main.run", "a.b/hub.add", "a.b/hub.newRecord"];
    const BUFFER: &[&str] = &["main.run", "a.b/hub.add", "a.b/hub.newBuffer"];
    let report = of(vec![Objects::kept(RECORD, 4_096, |i| 9_000 * i), Objects::kept(BUFFER, 8_192, |i| 9_000 * i)]);
    let heap = report.heap.unwrap();
    assert_eq!(heap.suspects.len(), 1);
    assert_eq!(heap.suspects[0].path.steps[heap.suspects[0].path.accumulation].short, "add");
}

/// Two and three snapshots: what is never freed is suspected, and of what is freed in part nothing is said.
#[test]
fn few_snapshots_make_nobody_sure() {
    let heap = Heap {
        period: 512 << 10,
        objects: vec![
            Objects::kept(RING, 18_432, |i| 1_000 + 900 * i),
            Objects::new(CACHE, 8_192, |i| (8_000 * i, 14_000 * i)),
        ],
    };
    for count in [2, 3] {
        let report = judged(&digests(&every(10, count, &heap)));
        let found = verdicts(&report);
        assert_eq!(found[0].1, Verdict::Suspected);
        assert_eq!(found[1], ("main.fill -> Cache.Get -> load", Verdict::Undecided));
        let said = report.verdicts(&Labels::default(), &[]);
        assert_eq!((said.findings[0].level, said.unknown.len()), (Level::Info, 1));
    }
    let one = judged(&digests(&every(10, 1, &heap)));
    assert_eq!(one.verdicts(&Labels::default(), &[]).unknown.len(), 1);
}

/// jemalloc says what is in use only.
#[test]
fn without_allocations_the_course_alone_decides() {
    let heap = Heap {
        period: 512 << 10,
        objects: vec![
            Objects::kept(RING, 18_432, |i| 1_000 + 900 * i),
            Objects::kept(CACHE, 8_192, |i| 5_000 * i.min(2)),
        ],
    };
    let report = judged(&made::in_use_only(&every(10, 6, &heap)));
    let expected = [
        ("Hub.setPeers -> newListener -> NewRing", Verdict::Leak),
        ("main.fill -> Cache.Get -> load", Verdict::WarmingUp),
    ];
    assert_eq!(verdicts(&report), expected);
    assert_eq!(report.heap.unwrap().suspects[0].survival, None);
}

/// Two goroutines for each leaked ring, and what these allocate themselves.
#[test]
fn goroutines_are_linked_with_what_they_hang_on() {
    const RUN: &[&str] = &["a.b/hub.(*Listener).run", "a.b/hub.(*Listener).index"];
    let mut all = digests(&every(
        10,
        6,
        &Heap {
            period: 512 << 10,
            objects: vec![Objects::kept(RING, 18_432, |i| 1_000 + 900 * i), Objects::kept(RUN, 256, |i| 40_000 * i)],
        },
    ));
    let wait = ["runtime.gopark", "runtime.chanrecv", "runtime.chanrecv2", "a.b/hub.(*Listener).run"];
    all.extend(goroutines(10, 6, &wait, |i| 1_000 + 900 * i));
    let report = judged(&all);
    let (heap, goroutines) = (report.heap.as_ref().unwrap(), report.goroutines.as_ref().unwrap());
    let waiting = &goroutines.suspects[0];
    assert_eq!((waiting.title.as_str(), waiting.waits), ("Listener.run", Some("chan receive")));
    assert_eq!(heap.suspects[0].title, "Hub.setPeers -> newListener -> NewRing");
    assert!(heap.suspects[0].links[0].contains("one goroutine in Listener.run for each object"));
    assert_eq!(heap.suspects[1].consequence_of.as_ref(), Some(&heap.suspects[0].title));
    assert_eq!(waiting.consequence_of.as_ref(), Some(&heap.suspects[0].title));
    let levels: Vec<Level> = report.verdicts(&Labels::default(), &[]).findings.iter().map(|f| f.level).collect();
    assert_eq!(levels, [Level::Warning, Level::Info, Level::Info]);
}

/// Another build, a restart, a second look at one GC, a difference: named and left out.
#[test]
fn only_snapshots_of_one_process_are_compared_and_each_state_once() {
    let heap = Heap { period: 512 << 10, objects: vec![Objects::kept(RING, 18_432, |i| 1_000 + 900 * i)] };
    let mut all = every(10, 6, &heap);
    all[5] = all[4].clone().at(55_000).named("heap 6");
    all.push(all[0].clone().at(60_000).named("young"));
    all.push(all[1].clone().at(70_000).named("other").build("beef"));
    all.push(all[1].clone().at(80_000).named("delta").lasting(5));
    let report = judged(&digests(&all));
    let heap = report.heap.as_ref().unwrap();
    assert_eq!((heap.compared, heap.suspects[0].verdict), (5, Verdict::Leak));
    let why = |name: &str| heap.snapshots.iter().find(|s| s.name == name).unwrap().left_out.clone().unwrap();
    assert_eq!(why("heap 6"), "it shows the same state as heap 5: no GC ended between them");
    assert_eq!(why("young"), "the process was started anew: figures that only rise have fallen");
    assert_eq!(why("other"), "it is of another build, beef");
    assert_eq!(why("delta"), "it is a difference over 5 s, not a state");
}

/// Profiles of `?seconds=30` say what came in that time, not what is there: nothing is known of growth.
#[test]
fn differences_over_time_are_no_states_and_not_fine() {
    let heap = Heap { period: 512 << 10, objects: vec![Objects::kept(RING, 18_432, |i| 900 + i)] };
    let made: Vec<_> = every(60, 6, &heap).into_iter().map(|made| made.lasting(30)).collect();
    let report = judged(&digests(&made));
    let part = report.heap.as_ref().unwrap();
    assert_eq!((part.compared, part.timed), (0, false));
    let said = report.verdicts(&Labels::default(), &[]);
    assert!(said.findings.is_empty());
    let why: Vec<&str> = said.unknown.iter().map(|unknown| unknown.why.as_str()).collect();
    let expected = "every heap profile is a difference over time, the last over 30 s, and none a state: \
        fetch `/debug/pprof/heap?gc=1`, without `seconds`";
    assert_eq!(why, [expected]);
    assert_eq!(said.notes[0], "not compared: heap 1: it is a difference over 30 s, not a state");
}

/// A clock that stands still, or snapshots of which two say one time: they are compared in the order given, and the
/// rate is one of snapshots.
#[test]
fn snapshots_of_one_time_have_no_rate_of_time() {
    let heap = Heap { period: 512 << 10, objects: vec![Objects::kept(RING, 18_432, |i| 1_000 + 900 * i)] };
    for same in [0..6, 3..5] {
        let mut made = every(10, 6, &heap);
        // Names would put the third before the second.
        made[2] = made[2].clone().named("a heap");
        same.clone().for_each(|at| made[at] = made[at].clone().at(same.start as i64 * 10_000));
        let report = judged(&digests(&made));
        let part = report.heap.as_ref().unwrap();
        assert_eq!((part.compared, part.timed, part.suspects[0].verdict), (6, false, Verdict::Leak));
        let said = report.verdicts(&Labels::default(), &[]);
        assert!(said.findings[0].summary.contains(" leaks 15.8 MiB a snapshot"), "{}", said.findings[0].summary);
        assert!(!said.findings[0].measures.contains_key("growth_bytes_per_day"));
        assert_eq!(said.notes[1], "snapshots say the same time: they stand in the order given, a minute apart");
    }
}

/// Addresses only: two loads of a library at different places are one function.
#[test]
fn places_without_symbols_go_by_their_offset() {
    let heap = Heap { period: 512 << 10, objects: vec![Objects::kept(&[], 18_432, |i| 1_000 + 900 * i)] };
    let report = judged(&digests(&every(10, 6, &heap)));
    assert_eq!(verdicts(&report), [("shop+0x10", Verdict::Leak)]);
}

/// What a finding shows: sentences, the path, a chart, figures, tests and what to do.
#[test]
fn a_finding_has_all_its_evidence() {
    let report = of(vec![Objects::kept(RING, 18_432, |i| 1_000 + 900 * i)]);
    let said = report.verdicts(&Labels::from([("process", "shop")]), &[]);
    let finding = &said.findings[0];
    assert_eq!(
        (finding.code, finding.level, finding.subject.get("process")),
        (HEAP_GROWTH, Level::Warning, Some("shop"))
    );
    assert_eq!(
        finding.summary,
        "Hub.setPeers -> newListener -> NewRing leaks 94.9 MiB/min: 4,500 more objects of 18.0 KiB; 100 % of all growth; \
         survival 1.00 in 5 of 5 intervals"
    );
    let titles: Vec<&str> = finding
        .evidence
        .iter()
        .filter_map(|e| match e {
            Evidence::Table(table) => Some(table.title.as_str()),
            Evidence::Chart(chart) => Some(chart.title.as_str()),
            _ => None,
        })
        .collect();
    let chart = "Memory in use by Hub.setPeers -> newListener -> NewRing";
    assert_eq!(titles, ["Call path, outermost first", chart, "At each snapshot", "Every test made"]);
    assert!(matches!(finding.evidence.last(), Some(Evidence::Advice { .. })));
    assert_eq!(report.brief(1, &[]).len(), 2);
}

/// A full cache of 4,000 objects that all turn over, sampled: out of 300 of them hardly one is called a leak, and of
/// 300 leaks of 3,000 objects hardly one is missed.
#[test]
fn sampling_alone_makes_no_leak_and_hides_none() {
    let (mut wrong, mut missed) = (0, 0);
    for seed in 1..=300 {
        let mut chance = made::Chance::new(seed);
        wrong += usize::from(judged(&digests(&made::sampled(&mut chance, 4_000, 3_000, 0))).problems() > 0);
        missed += usize::from(judged(&digests(&made::sampled(&mut chance, 0, 0, 600))).problems() == 0);
    }
    assert!(wrong <= 6 && missed <= 3, "{wrong} of 300 wrong, {missed} of 300 missed");
}

/// Wherever in the time looked at a cache gets full, it is hardly ever called a leak; only when that is in the last
/// tenth, it may be suspected.
#[test]
fn a_cache_is_told_whenever_it_gets_full() {
    for share_of_time in [0.35, 0.5, 0.65, 0.8] {
        let wrong = (1..=100).filter(|seed| {
            let mut chance = made::Chance::new(*seed);
            judged(&digests(&made::filling(&mut chance, share_of_time))).problems() > 0
        });
        let wrong = wrong.count();
        assert!(wrong <= 3, "{wrong} of 100 that are full after {share_of_time}");
    }
}

impl SuspectsReport {
    fn problems(&self) -> usize {
        self.heap.as_ref().map_or(0, |part| part.suspects.len())
    }
}

proptest! {
    /// The times of the snapshots order them, not the order they are given in.
    #[test]
    fn the_order_of_snapshots_does_not_matter(order in Just((0..6usize).collect::<Vec<_>>()).prop_shuffle()) {
        let heap = Heap { period: 512 << 10, objects: vec![
            Objects::kept(RING, 18_432, |i| 1_000 + 900 * i),
            Objects::new(CACHE, 8_192, |i| (12_000.min(5_000 * i), 5_000 * i)),
        ] };
        let made = every(10, 6, &heap);
        let shuffled: Vec<_> = order.iter().map(|i| made[*i].clone()).collect();
        prop_assert_eq!(judged(&digests(&shuffled)), judged(&digests(&made)));
    }

    /// Snapshots so many times as far apart: the same verdicts, and so many times less a minute.
    #[test]
    fn time_only_scales_the_rate(times in 1i64..500) {
        let heap = Heap { period: 512 << 10, objects: vec![Objects::kept(RING, 18_432, |i| 1_000 + 900 * i)] };
        let (near, far) = (judged(&digests(&every(10, 6, &heap))), judged(&digests(&every(10 * times, 6, &heap))));
        prop_assert_eq!(verdicts(&near), verdicts(&far));
        let rate = |report: &SuspectsReport| report.heap.as_ref().unwrap().suspects[0].per_minute.mid;
        prop_assert!((rate(&near) / rate(&far) / times as f64 - 1.0).abs() < 1e-9);
    }

    /// Any figures at all: no panic, and shares and survivals that are numbers.
    #[test]
    fn any_figures_are_judged(values in prop::collection::vec((any::<i64>(), any::<i64>()), 1..9), period in any::<i64>()) {
        let report = judged(&made::wild(&values, period));
        for part in [report.heap.as_ref(), report.goroutines.as_ref()].into_iter().flatten() {
            for suspect in part.suspects.iter().chain(&part.ruled_out) {
                prop_assert!((0.0..=1.0).contains(&suspect.share));
            }
        }
        report.verdicts(&Labels::default(), &[]);
    }
}
