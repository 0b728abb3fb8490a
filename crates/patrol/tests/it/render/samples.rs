//! Reports made by hand that show everything a report can hold.

use std::collections::BTreeMap;

use engine::report::{Report, RunReport};
use model::evidence::{Band, Cell, Chart, Column, Evidence, Interval, IntervalRole, Line, Mark, Role, Table};
use model::finding::{Finding, Level, RuledOut, Unknown};
use model::labels::Labels;
use model::query::{Gap, Origin};
use model::signal::{Signal, Unit};
use model::time::Time;

pub const MIB: f64 = 1_048_576.0;
pub const GIB: f64 = 1024.0 * MIB;
/// 2026-11-20T19:00:00Z.
pub const NOW: Time = 1_795_201_200_000;
pub const HOUR: Time = 3_600_000;
pub const MINUTE: Time = 60_000;

fn origin(query: &str) -> Origin {
    Origin { source: "prom-hk".into(), query: query.into(), from: NOW - 6 * HOUR, to: NOW, asked_at: NOW + 12_000 }
}

/// Noise without a generator: the same every time.
fn wobble(i: usize) -> f64 {
    let x = (i as f64 * 12.9898).sin() * 43_758.547;
    x - x.floor() - 0.5
}

/// Six hours of a host at one minute: flat for two, then 0.45 GiB an hour with a gap of ten minutes and a peak.
fn used(i: usize) -> Option<f64> {
    if (210..220).contains(&i) {
        return None;
    }
    let growth = (i as f64 - 120.0).max(0.0) / 60.0 * 0.45;
    let peak = if i == 300 { 0.8 } else { 0.0 };
    Some((9.6 + growth + peak + wobble(i) * 0.06) * GIB)
}

/// The memory of a leaking host with everything a chart can hold.
pub fn host_chart() -> Chart {
    let at = |i: usize| NOW - 6 * HOUR + (i as Time + 1) * MINUTE;
    let start = NOW - 4 * HOUR;
    let ahead = |hours: f64, pace: f64| (11.4 + hours * pace) * GIB;
    let hours = [0.0, 3.0, 6.0, 9.0, 12.0];
    Chart {
        title: "Memory used on db-3".into(),
        unit: Unit::Bytes,
        from: NOW - 6 * HOUR,
        to: NOW + 12 * HOUR,
        lines: vec![
            Line { name: "used".into(), role: Role::Series, points: (0..360).map(|i| (at(i), used(i))).collect() },
            Line {
                name: "before it grew".into(),
                role: Role::Baseline,
                points: vec![(NOW - 6 * HOUR, Some(9.6 * GIB)), (NOW, Some(9.6 * GIB))],
            },
            Line {
                name: "forecast".into(),
                role: Role::Forecast,
                points: hours.iter().map(|h| (NOW + (h * HOUR as f64) as Time, Some(ahead(*h, 0.45)))).collect(),
            },
            Line {
                name: "limit".into(),
                role: Role::Limit,
                points: vec![(NOW - 6 * HOUR, Some(16.0 * GIB)), (NOW, Some(16.0 * GIB))],
            },
        ],
        bands: vec![Band {
            name: "95 % of forecasts".into(),
            points: hours.iter().map(|h| (NOW + (h * HOUR as f64) as Time, ahead(*h, 0.38), ahead(*h, 0.53))).collect(),
        }],
        intervals: vec![
            Interval { name: "grows since 15:00".into(), role: IntervalRole::Anomaly, from: start, to: NOW },
            Interval {
                name: "searched for the cause".into(),
                role: IntervalRole::CauseSearch,
                from: start - HOUR / 2,
                to: start + HOUR / 2,
            },
        ],
        marks: vec![Mark { name: "import-worker restarted".into(), at: start - 4 * MINUTE }],
        origins: vec![origin(
            r#"node_memory_MemTotal_bytes{instance="db-3:9100"} - node_memory_MemAvailable_bytes{instance="db-3:9100"}"#,
        )],
    }
}

/// Three processes in one picture.
pub fn process_chart() -> Chart {
    let line = |name: &str, start: f64, pace: f64| Line {
        name: name.into(),
        role: Role::Series,
        points: (0..360)
            .map(|i| {
                let growth = (i as f64 - 120.0).max(0.0) / 60.0 * pace;
                (NOW - 6 * HOUR + (i as Time + 1) * MINUTE, Some((start + growth + wobble(i + 7) * 0.02) * GIB))
            })
            .collect(),
    };
    Chart {
        title: "Resident memory of the processes that grew most".into(),
        unit: Unit::Bytes,
        from: NOW - 6 * HOUR,
        to: NOW,
        lines: vec![line("import-worker", 0.4, 0.43), line("postgres", 4.1, 0.01), line("node_exporter", 0.02, 0.0)],
        bands: vec![],
        intervals: vec![],
        marks: vec![],
        origins: vec![origin(r#"topk(10, delta(namedprocess_namegroup_memory_bytes{memtype="resident"}[4h]))"#)],
    }
}

fn processes() -> Table {
    let text = |t: &str| Cell::Text(t.into());
    let row = |name: &str, container: Cell, grew: f64, now: f64, share: f64| {
        vec![text(name), container, Cell::Number(grew), Cell::Number(now), Cell::Number(share)]
    };
    let column = |name: &str, unit| Column { name: name.into(), unit };
    Table {
        title: "Processes that grew most".into(),
        columns: vec![
            column("process", None),
            column("container", None),
            column("grew", Some(Unit::Bytes)),
            column("now", Some(Unit::Bytes)),
            column("of the growth", Some(Unit::Ratio)),
        ],
        rows: vec![
            row(
                "import-worker --queue=orders --very-long-argument-list=because-people-do-that",
                text("orders/import-worker-7d9f-x2k4q"),
                1.72 * GIB,
                2.12 * GIB,
                0.956,
            ),
            row("postgres", text("db/postgres-0"), 41.0 * MIB, 4.14 * GIB, 0.022),
            row("node_exporter", Cell::Unknown, 900.0 * 1024.0, 21.0 * MIB, 0.0005),
        ],
        origins: vec![origin(r#"topk(10, delta(namedprocess_namegroup_memory_bytes{memtype="resident"}[4h]))"#)],
    }
}

fn leak() -> Finding {
    let fact = |text: &str| Evidence::Fact { text: text.into() };
    Finding {
        code: "memory-leak",
        level: Level::Critical,
        subject: Labels::from([("host", "db-3")]),
        summary: "db-3 leaks 10.8 GiB/day (9.1 to 12.7), most of it in import-worker; 11.4 of 16.0 GiB used; full in 8 h 40 min to 12 h 6 min".into(),
        measures: BTreeMap::from([
            ("growth_bytes_per_day", 10.8 * GIB),
            ("growth_bytes_per_day_low", 9.1 * GIB),
            ("growth_bytes_per_day_high", 12.7 * GIB),
            ("hours_to_limit", 10.2),
            ("hours_to_limit_low", 8.66),
            ("hours_to_limit_high", 12.1),
            ("used_bytes", 11.4 * GIB),
            ("used_share", 0.7125),
            ("total_bytes", 16.0 * GIB),
        ]),
        evidence: vec![
            Evidence::Chart(host_chart()),
            fact("grows since 15:00 without a pause: 46 of 48 blocks are above the one before"),
            fact("not a step: a step explains 61 % of the change, a line 98 %"),
            fact("not the page cache: cached memory fell by 210 MiB in the same time"),
            Evidence::Table(processes()),
            Evidence::Chart(process_chart()),
            Evidence::Missing {
                what: "the pods behind the growth".into(),
                why: "no series of cAdvisor carry the host db-3".into(),
                hint: "scrape the kubelet's /metrics/cadvisor and relabel `node` to the host's name".into(),
            },
            Evidence::Advice { text: "restart import-worker on db-3 before 03:00; that frees about 1.7 GiB".into() },
            Evidence::Advice { text: "then take two heap profiles of it an hour apart and compare them".into() },
        ],
    }
}

fn near_limit() -> Finding {
    Finding {
        code: "near-limit",
        level: Level::Warning,
        subject: Labels::from([("host", "cache-1")]),
        summary: "97.2 % of memory is used, and swap is full".into(),
        measures: BTreeMap::from([("used_bytes", 62.2 * GIB), ("used_share", 0.972), ("total_bytes", 64.0 * GIB)]),
        evidence: vec![Evidence::Fact { text: "tasks waited for memory in 12.4 % of the last 10 s".into() }],
    }
}

fn run(subjects: usize) -> RunReport {
    RunReport {
        inspection: "host-memory-leak",
        title: "Memory leaks of hosts",
        from: NOW - 6 * HOUR,
        to: NOW,
        subjects,
        gaps: vec![],
        unknown: vec![],
        findings: vec![],
        ruled_out: vec![],
        notes: vec![],
    }
}

fn report(runs: Vec<RunReport>) -> Report {
    Report { patrol: "0.1.0".into(), made_at: NOW + 13_000, runs }
}

fn host(i: usize) -> Labels {
    Labels::from([("host", &*format!("edge-{i:03}"))])
}

/// Everything at once: a leak and a full host, 14 ruled out, 500 unknown, a server that refuses.
pub fn rich() -> Report {
    let ruled = |i: usize, verdict, why: &str| RuledOut {
        subject: Labels::from([("host", &*format!("web-{i}"))]),
        verdict,
        why: why.into(),
    };
    let mut ruled_out = vec![
        ruled(1, "seasonal", "rises 2.1 GiB since 13:00 as it did on each of the last 3 days at this time"),
        ruled(2, "level-shift", "one step of 3.4 GiB at 15:12 explains 99 % of the change; flat before and after"),
        ruled(3, "warming-up", "started at 13:20 and flattens: the last quarter grew 40 MiB, the first 1.9 GiB"),
    ];
    ruled_out.extend((4..15).map(|i| ruled(i, "seasonal", "rises as it did on each of the last 3 days at this time")));
    let mut unknown: Vec<Unknown> = (0..500)
        .map(|i| Unknown { subject: host(i), why: format!("only {} of 360 samples, 288 are needed", i % 40) })
        .collect();
    unknown.push(Unknown { subject: Labels::from([("host", "gpu-1")]), why: "total memory is not known".into() });
    let gap = |signal| Gap {
        source: "prom-fra".into(),
        signal,
        query: "node_memory_MemAvailable_bytes".into(),
        reason: "401 Unauthorized".into(),
        hint: Some("set `token_file` under sources.prom-fra, then try `patrol source test prom-fra`".into()),
    };
    report(vec![RunReport {
        findings: vec![leak(), near_limit()],
        ruled_out,
        unknown,
        gaps: vec![gap(Signal::HostMemoryAvailable), gap(Signal::HostMemoryTotal)],
        notes: vec!["host.memory.pressure is not exported by any host, so waiting for memory was not looked at".into()],
        ..run(614)
    }])
}

/// One leak and nothing else.
pub fn single() -> Report {
    report(vec![RunReport { findings: vec![leak()], ..run(12) }])
}

/// Twelve hosts, all fine.
pub fn fine() -> Report {
    report(vec![run(12)])
}

/// Three hosts of which nothing is known, because the server does not answer.
pub fn blind() -> Report {
    let why = "no answer from source `prom-hk`";
    report(vec![RunReport {
        unknown: (0..3).map(|i| Unknown { subject: host(i), why: why.into() }).collect(),
        gaps: vec![Gap {
            source: "prom-hk".into(),
            signal: Signal::HostMemoryAvailable,
            query: "node_memory_MemAvailable_bytes".into(),
            reason: "connection refused (127.0.0.1:9090)".into(),
            hint: None,
        }],
        ..run(3)
    }])
}

/// Text that wants to be more than text, in every place that text can stand; numbers that are none.
pub fn hostile() -> Report {
    let evil = "<script>alert(1)</script>\u{1b}[31m\u{202e}|`\n\"';--";
    let numbers = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e308, -1e308, 0.0];
    let lines = [Role::Series, Role::Baseline, Role::Forecast, Role::Limit].map(|role| Line {
        name: evil.into(),
        role,
        points: numbers.iter().enumerate().map(|(i, v)| (NOW + i as Time, Some(*v))).collect(),
    });
    let chart = Chart {
        title: evil.into(),
        unit: Unit::Bytes,
        from: NOW,
        to: NOW + 5,
        lines: lines.into(),
        bands: vec![Band { name: evil.into(), points: vec![(NOW, f64::NAN, f64::INFINITY), (NOW + 5, -1e308, 1e308)] }],
        intervals: vec![
            Interval { name: evil.into(), role: IntervalRole::Anomaly, from: i64::MIN, to: i64::MAX },
            Interval { name: evil.into(), role: IntervalRole::CauseSearch, from: NOW + 3, to: NOW },
        ],
        marks: vec![Mark { name: evil.into(), at: NOW + 2 }],
        origins: vec![Origin { source: evil.into(), query: evil.into(), from: i64::MIN, to: i64::MAX, asked_at: 0 }],
    };
    let table = Table {
        title: evil.into(),
        columns: vec![Column { name: evil.into(), unit: None }, Column { name: "n".into(), unit: Some(Unit::Hours) }],
        rows: numbers.iter().map(|n| vec![Cell::Text(evil.into()), Cell::Number(*n)]).chain([vec![]]).collect(),
        origins: vec![],
    };
    let empty = Chart { lines: vec![], bands: vec![], from: i64::MIN, to: i64::MAX, ..chart.clone() };
    let subject = Labels::from([("host", evil), (evil, "x")]);
    let finding = Finding {
        code: "memory-leak",
        level: Level::Info,
        subject: subject.clone(),
        summary: evil.into(),
        measures: BTreeMap::from([("growth_bytes_per_day", f64::NAN), ("hours_to_limit", f64::INFINITY)]),
        evidence: vec![
            Evidence::Fact { text: evil.into() },
            Evidence::Advice { text: evil.into() },
            Evidence::Missing { what: evil.into(), why: evil.into(), hint: evil.into() },
            Evidence::Table(table),
            Evidence::Chart(chart),
            Evidence::Chart(empty),
        ],
    };
    let gap = Gap {
        source: evil.into(),
        signal: Signal::HostMemoryTotal,
        query: evil.into(),
        reason: evil.into(),
        hint: Some(evil.into()),
    };
    report(vec![RunReport {
        findings: vec![finding],
        ruled_out: vec![RuledOut { subject: subject.clone(), verdict: "seasonal", why: evil.into() }],
        unknown: vec![Unknown { subject, why: evil.into() }],
        gaps: vec![gap],
        notes: vec![evil.into()],
        from: i64::MIN,
        to: i64::MAX,
        ..run(1)
    }])
}
