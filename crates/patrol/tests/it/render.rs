//! Reports in every format, as people and programs see them.

mod samples;

use std::path::Path;

use jiff::tz::TimeZone;
use patrol::render::{Canvas, Format, json, render, svg};

fn canvas() -> Canvas {
    Canvas { width: 100, color: false, zone: TimeZone::UTC }
}

/// Where the schema is published.
const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/report.schema.json");

#[test]
fn text_says_the_worst_first_and_then_why() {
    insta::assert_snapshot!("rich_text", render(&samples::rich(), Format::Text, &canvas()));
}

#[test]
fn text_is_short_where_nothing_is_wrong_and_plain_where_nothing_is_known() {
    insta::assert_snapshot!(render(&samples::fine(), Format::Text, &canvas()), @r"
    [FINE] 12 hosts looked at, none leaks
    host-memory-leak · 2026-11-20 13:00 to 19:00 UTC

    patrol 0.1.0 · 2026-11-20 19:00 UTC
    ");
    insta::assert_snapshot!(render(&samples::blind(), Format::Text, &canvas()), @r"
    [UNKNOWN] none of 3 hosts could be judged
    host-memory-leak · 2026-11-20 13:00 to 19:00 UTC

    Could not be judged (3)
       3 no answer from source `prom-hk` (edge-000, edge-001, edge-002)

    Not answered (1)
    ! source prom-hk: cannot read host.memory.available: connection refused (127.0.0.1:9090)

    patrol 0.1.0 · 2026-11-20 19:00 UTC
    ");
}

/// Two findings on one host share their charts and tables; at 3 am once is enough.
#[test]
fn text_draws_a_chart_once() {
    let mut report = samples::single();
    let mut again = report.runs[0].findings[0].clone();
    again.code = "near-limit";
    report.runs[0].findings.push(again);
    let text = render(&report, Format::Text, &canvas());
    assert_eq!(text.lines().filter(|l| *l == "Processes that grew most").count(), 1);
    assert!(text.contains("See also “Memory used on db-3”, “Processes that grew most”, “Resident memory"));
}

#[test]
fn markdown_is_a_document() {
    insta::assert_snapshot!("rich_markdown", render(&samples::rich(), Format::Markdown, &canvas()));
}

/// The words of the page; style sheet, script and drawings have tests of their own.
#[test]
fn html_holds_the_same_story() {
    let page = render(&samples::rich(), Format::Html, &canvas());
    let page = without(&without(&without(&page, "<style>", "</style>"), "<script>", "</script>"), "<svg", "</svg>");
    insta::assert_snapshot!("rich_html", page);
}

#[test]
fn a_small_chart_is_this_drawing() {
    let mut chart = samples::host_chart();
    for line in &mut chart.lines {
        line.points = line.points.iter().step_by(90).copied().collect();
    }
    let style = svg::Style { standalone: false, ..svg::Style::default() };
    insta::assert_snapshot!("small_chart", svg::chart(&chart, &style).replace("><", ">\n<"));
}

#[test]
fn json_is_what_the_schema_says() {
    let schema = jsonschema::validator_for(&json::schema()).unwrap();
    for report in [samples::rich(), samples::single(), samples::fine(), samples::blind(), samples::hostile()] {
        let text = render(&report, Format::Json, &canvas());
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let wrong: Vec<String> = schema.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

#[test]
fn json_keeps_times_numbers_and_rows_readable() {
    let text = render(&samples::single(), Format::Json, &canvas());
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["made_at"], "2026-11-20T19:00:13Z");
    assert_eq!(value["runs"][0]["to"], "2026-11-20T19:00:00Z");
    let chart = &value["runs"][0]["findings"][0]["evidence"][0];
    assert_eq!(chart["kind"], "chart");
    assert_eq!(chart["intervals"][0]["from"], "2026-11-20T15:00:00Z");
    assert_eq!(chart["lines"][0]["points"][0][0], samples::NOW - 6 * samples::HOUR + samples::MINUTE);
    assert_eq!(chart["origins"][0]["asked_at"], "2026-11-20T19:00:12Z");
    assert!(text.contains("\n                    [1795179660000, "), "a point stands on a line of its own");
    assert!(text.contains("\n      \"gaps\": [],\n"));
}

/// The schema in docs/reference is the one the types give; `UPDATE_DOCS=1 cargo test` writes it anew.
#[test]
fn the_published_schema_is_fresh() {
    let fresh = format!("{:#}\n", json::schema());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(Path::new(SCHEMA).parent().unwrap()).unwrap();
        std::fs::write(SCHEMA, &fresh).unwrap();
    }
    let published = std::fs::read_to_string(SCHEMA).unwrap_or_default();
    assert!(published == fresh, "docs/reference/report.schema.json is stale; run `UPDATE_DOCS=1 cargo test`");
}

/// Whatever a label holds, no format obeys it.
#[test]
fn hostile_labels_stay_text() {
    for report in [samples::hostile(), engine::report::Report::default()] {
        for color in [false, true] {
            let text = render(&report, Format::Text, &Canvas { color, ..canvas() });
            let obeyed = text.chars().filter(|c| c.is_control() && *c != '\n' && (*c != '\u{1b}' || !color));
            assert_eq!(obeyed.count(), 0, "{text:?}");
            assert!(!text.contains("\u{1b}[31m\u{202e}") && !text.contains('\u{202e}'));
        }
        let html = render(&report, Format::Html, &canvas());
        assert!(!html.contains("<script>alert") && !html.contains('\u{202e}') && !html.contains('\u{1b}'));
        assert_eq!(html.matches("<script>").count(), 1, "ours");
        let markdown = render(&report, Format::Markdown, &canvas());
        let outside = without(&markdown, "```", "\n```");
        assert!(!outside.contains("<script>") && !markdown.contains(['\u{1b}', '\u{202e}']));
        let json = render(&report, Format::Json, &canvas());
        assert!(json.is_ascii() || !json.chars().any(|c| c == '\u{202e}' || (c.is_control() && c != '\n')));
    }
    insta::assert_snapshot!("hostile_text", render(&samples::hostile(), Format::Text, &canvas()));
}

/// Every tag of a drawing is closed and no number in it is missing, whatever the data.
#[test]
fn drawings_are_well_formed() {
    use model::evidence::Evidence;
    let charts: Vec<_> = [samples::rich(), samples::hostile()]
        .into_iter()
        .flat_map(|r| r.runs)
        .flat_map(|r| r.findings)
        .flat_map(|f| f.evidence)
        .filter_map(|e| if let Evidence::Chart(chart) = e { Some(chart) } else { None })
        .collect();
    assert_eq!(charts.len(), 4);
    for chart in &charts {
        let drawing = svg::chart(chart, &svg::Style::default());
        assert!(!drawing.contains("NaN") && !drawing.contains("\"inf") && !drawing.contains(" inf"), "{drawing}");
        let mut open: Vec<&str> = Vec::new();
        for tag in drawing.split('<').skip(1).map(|t| &t[..t.find('>').unwrap()]) {
            match tag.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop(), Some(name)),
                None if tag.ends_with('/') => {}
                None => open.push(tag.split(' ').next().unwrap()),
            }
        }
        assert!(open.is_empty(), "{open:?}");
        assert!(drawing.len() < 120_000, "{}", drawing.len());
    }
}

/// No line is wider than the terminal, however narrow, and 60 is the least.
#[test]
fn text_fits_the_terminal() {
    for width in [0, 60, 80, 100, 250] {
        for report in [samples::rich(), samples::hostile(), samples::blind()] {
            let text = render(&report, Format::Text, &Canvas { width, ..canvas() });
            let least = width.clamp(60, 112);
            let wide: Vec<&str> = text.lines().filter(|l| unicode_width::UnicodeWidthStr::width(*l) > least).collect();
            assert!(wide.is_empty(), "wider than {width}: {wide:#?}");
        }
    }
}

/// For the eye: `SAMPLES=/some/folder cargo test -p patrol --test it write_samples -- --ignored` writes every format.
#[test]
#[ignore = "writes files to look at"]
fn write_samples() {
    let folder = std::env::var("SAMPLES").expect("SAMPLES names the folder to write to");
    let reports = [
        ("rich", samples::rich()),
        ("single", samples::single()),
        ("fine", samples::fine()),
        ("blind", samples::blind()),
        ("hostile", samples::hostile()),
    ];
    for (name, report) in reports {
        for (format, end) in
            [(Format::Text, "txt"), (Format::Markdown, "md"), (Format::Html, "html"), (Format::Json, "json")]
        {
            let text = render(&report, format, &Canvas { color: true, ..canvas() });
            std::fs::write(format!("{folder}/{name}.{end}"), text).unwrap();
        }
    }
    let chart = svg::chart(&samples::host_chart(), &svg::Style::default());
    std::fs::write(format!("{folder}/chart.svg"), chart).unwrap();
}

/// The text with every stretch from `start` to `end` left out.
fn without(text: &str, start: &str, end: &str) -> String {
    let (mut kept, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(start) {
        kept.push_str(&rest[..at]);
        let after = &rest[at + start.len()..];
        rest = after.find(end).map_or("", |i| &after[i + end.len()..]);
    }
    kept + rest
}
