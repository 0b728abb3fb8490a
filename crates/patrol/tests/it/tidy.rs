//! The shape of the repository, as tests. Each gathers everything that is out of place before it complains.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Parser;

/// Who may lean on whom.
const FLOORS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("inspections", &["model"]),
    ("sources", &["model"]),
    ("store", &["model"]),
    ("engine", &["model"]),
    ("patrol", &["model", "inspections", "sources", "store", "engine"]),
];

/// Rooms that may not touch the outside world, and the words that would.
const PURE: &[&str] = &["model", "inspections", "engine"];
const OUTSIDE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::process",
    "std::env",
    "std::thread",
    "std::io",
    "env!(",
    "SystemTime",
    "Instant",
    "thread::",
    "async fn",
    "async move",
    "async {",
    ".await",
    "tokio",
    "jiff",
];

/// What nothing below the command line does.
const LOUD: &[&str] = &["println!(", "print!(", "dbg!(", "process::exit", "exit("];

/// Names of vendors and of their metrics and languages.
const VENDORS: &[&str] = &["prometheus", "promql", "node_memory", "container_memory_", "namedprocess", "victoria"];

fn root() -> PathBuf {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    dir.canonicalize().expect("the workspace is above the crate")
}

/// The files of the repository, relative to its root: those git knows, or without git all that are no product.
fn files() -> Vec<String> {
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output();
    let mut all = match listed {
        Ok(output) if output.status.success() && !output.stdout.is_empty() => {
            String::from_utf8_lossy(&output.stdout).split_terminator('\0').map(str::to_string).collect()
        }
        _ => {
            let mut all = Vec::new();
            walk(&root(), &mut all);
            all
        }
    };
    // A file may be listed and already gone, when it is about to be removed.
    all.retain(|f| root().join(f).is_file());
    assert!(all.len() > 30, "{} files only", all.len());
    all
}

fn walk(dir: &Path, out: &mut Vec<String>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.file_name().and_then(|n| n.to_str()) {
            Some("target" | ".git" | "corpus" | "artifacts") => {}
            _ if path.is_dir() => walk(&path, out),
            _ => out.push(path.strip_prefix(root()).unwrap().to_string_lossy().into_owned()),
        }
    }
}

fn rust_files() -> impl Iterator<Item = (String, String)> {
    files().into_iter().filter(|f| f.ends_with(".rs")).map(|f| {
        let text = text(&f);
        (f, text)
    })
}

fn text(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

/// The sources of one room.
fn room(name: &str) -> impl Iterator<Item = (String, String)> {
    let start = format!("crates/{name}/src/");
    rust_files().filter(move |(file, _)| file.starts_with(&start))
}

/// Whether a file holds nothing but tests or benchmarks.
fn for_tests(file: &str) -> bool {
    ["/tests/", "/benches/", "bench/"].iter().any(|part| file.contains(part)) || file.ends_with("tests.rs")
}

/// The lines of code with their numbers: no comments, and nothing from the first test module on.
fn code<'a>(file: &str, text: &'a str) -> Vec<(usize, &'a str)> {
    let lines = text.lines().enumerate().map(|(i, line)| (i + 1, line.trim_start()));
    let before_tests = lines.take_while(|(_, line)| !line.starts_with("#[cfg(test)]"));
    let code = before_tests.filter(|(_, line)| !line.starts_with("//"));
    if for_tests(file) { Vec::new() } else { code.collect() }
}

/// Fails with all of what is out of place.
fn none(what: &str, out_of_place: Vec<String>) {
    assert!(out_of_place.is_empty(), "{what}:\n  {}", out_of_place.join("\n  "));
}

/// Lines of code that hold one of these words, case-insensitive.
fn lines_with(sources: impl Iterator<Item = (String, String)>, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (file, text) in sources {
        for (number, line) in code(&file, &text) {
            let lower = line.to_lowercase();
            if let Some(word) = words.iter().find(|w| holds(&lower, &w.to_lowercase())) {
                found.push(format!("{file}:{number}: `{word}`: {line}"));
            }
        }
    }
    found
}

/// Whether a line holds a word that is not the end of a longer one.
fn holds(line: &str, word: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    let starts = |at: usize| !(word.starts_with(inside) && line[..at].ends_with(inside));
    line.match_indices(word).any(|(at, _)| starts(at))
}

#[test]
fn crates_lean_only_downwards() {
    let mut wrong = Vec::new();
    for (name, may) in FLOORS {
        let toml = text(&format!("crates/{name}/Cargo.toml"));
        let section = toml.split("\n[").find_map(|s| s.strip_prefix("dependencies]")).unwrap_or_default();
        let leans = |other: &str| {
            section.lines().any(|line| line.split(['.', '=', ' ']).next().is_some_and(|key| key == other))
        };
        wrong
            .extend(FLOORS.iter().filter(|(o, _)| leans(o) && !may.contains(o)).map(|(o, _)| format!("{name} -> {o}")));
        assert!(may.iter().all(|o| leans(o)) || *name == "patrol", "{name} no longer needs all of {may:?}");
    }
    none("crates that lean on what they may not", wrong);
    let mut found: Vec<String> =
        fs::read_dir(root().join("crates")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    let mut told: Vec<String> = FLOORS.iter().map(|(name, _)| name.to_string()).collect();
    found.sort();
    told.sort();
    assert_eq!(found, told, "FLOORS and crates/ differ");
}

#[test]
fn pure_rooms_stay_pure() {
    none("the outside world in a pure room", PURE.iter().flat_map(|name| lines_with(room(name), OUTSIDE)).collect());
}

#[test]
fn nothing_below_the_command_line_prints_or_exits() {
    let below = FLOORS.iter().filter(|(name, _)| *name != "patrol");
    let loud: Vec<&str> = LOUD.iter().copied().chain(["eprintln!(", "eprint!("]).collect();
    none("rooms that print or exit", below.flat_map(|(name, _)| lines_with(room(name), &loud)).collect());
}

#[test]
fn standard_output_is_written_in_one_place() {
    let others = room("patrol").filter(|(file, _)| !file.ends_with("cli/print.rs"));
    none("use `cli::print`, which survives a closed pipe", lines_with(others, &["println!(", "print!("]));
}

#[test]
fn inspections_name_no_vendor() {
    none("vendors in inspections", lines_with(room("inspections"), VENDORS));
}

#[test]
fn every_file_opens_with_a_sentence() {
    let wrong = rust_files().filter(|(_, text)| {
        let opening = text.lines().take_while(|line| line.starts_with("//!")).collect::<Vec<_>>().join(" ");
        opening.len() < 12 || !opening.contains(['.', ':', '!'])
    });
    none("files without an opening `//!` sentence", wrong.map(|(file, _)| file).collect());
}

#[test]
fn no_file_is_long() {
    let most = |file: &str| if for_tests(file) { 700 } else { 500 };
    let long = rust_files().map(|(file, text)| (text.lines().count(), file)).filter(|(n, file)| *n > most(file));
    none("files that do too much", long.map(|(n, file)| format!("{file}: {n} lines")).collect());
}

/// Functions of more than so many lines, by the indentation that rustfmt gives: from `fn` to the brace below it.
fn long_functions(text: &str, most: usize) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let starts = |line: &str| {
        let words = line.trim_start().split(['(', '<', '{']).next().unwrap_or_default();
        words.split(' ').any(|word| word == "fn") && !words.starts_with("//")
    };
    let has_body = |at: usize| {
        let end = lines[at..].iter().find(|line| line.ends_with(['{', '}', ';']));
        end.is_some_and(|line| line.ends_with('{'))
    };
    let length = |at: usize| {
        let end = lines[at..].iter().position(|line| indent(line) == indent(lines[at]) && line.trim_start() == "}");
        end.map_or(1, |end| end + 1)
    };
    let bodies = (0..lines.len()).filter(|at| starts(lines[*at]) && has_body(*at));
    bodies.map(|at| (at + 1, length(at))).filter(|(_, length)| *length > most).collect()
}

#[test]
fn no_function_is_long() {
    let files = rust_files().filter(|(file, _)| !for_tests(file));
    let all = files.flat_map(|(file, text)| {
        let long = long_functions(&text, 60);
        long.into_iter().map(move |(line, length)| format!("{file}:{line}: {length} lines"))
    });
    none("functions that do too much", all.collect());
}

#[test]
fn nothing_is_left_for_later() {
    // Put together, so that this file passes its own test.
    let words = [["TO", "DO"], ["FIX", "ME"], ["XX", "X"]].map(|w| w.concat());
    let mut wrong = Vec::new();
    for file in files().iter().filter(|f| !f.ends_with("Cargo.lock") && !f.ends_with(".png")) {
        let text = String::from_utf8_lossy(&fs::read(root().join(file)).unwrap()).into_owned();
        for (i, line) in text.lines().enumerate() {
            let apart = |c: char| !(c.is_alphanumeric() || c == '_');
            if line.split(apart).any(|word| words.iter().any(|w| w == word)) {
                wrong.push(format!("{file}:{}: {line}", i + 1));
            }
        }
    }
    none("notes for later", wrong);
}

#[test]
fn no_file_names_the_machine_it_was_written_on() {
    let places = [["/wo", "rk/"], ["/tmp/pat", "rol/"], ["/root", "/."]].map(|w| w.concat());
    let named = |file: &String| {
        let bytes = fs::read(root().join(file)).unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let place = places.iter().find(|p| text.contains(p.as_str()))?;
        Some(format!("{file}: {place}"))
    };
    none("paths of one machine", files().iter().filter_map(named).collect());
}

/// Pieces in backticks, outside of fenced blocks.
fn in_backticks(text: &str) -> Vec<String> {
    let mut fenced = false;
    let mut pieces = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            pieces.extend(line.split('`').skip(1).step_by(2).map(str::to_string));
        }
    }
    pieces
}

/// Whether a piece in backticks is meant as a path of the repository.
fn looks_like_a_path(piece: &str) -> bool {
    let plain = piece.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c));
    let file = [".rs", ".md", ".toml", ".json", ".yaml", ".sh"].iter().any(|end| piece.ends_with(end));
    plain && !piece.starts_with('/') && !piece.contains("..") && (file || (piece.contains('/') && piece.ends_with('/')))
}

/// The text of a document, or a message that it is not there yet.
fn document(name: &str) -> Option<String> {
    let text = fs::read_to_string(root().join(name)).ok();
    if text.is_none() {
        eprintln!("skipped: {name} is not there");
    }
    text
}

#[test]
fn the_map_is_short_and_true() {
    let Some(map) = document("ARCHITECTURE.md") else { return };
    assert!(map.lines().count() <= 200, "a map of {} lines is a territory", map.lines().count());
    let paths: Vec<String> = in_backticks(&map).into_iter().filter(|p| looks_like_a_path(p)).collect();
    assert!(paths.len() > 5, "the map names {paths:?} only");
    none(
        "paths in ARCHITECTURE.md that do not exist",
        paths.into_iter().filter(|p| !root().join(p).exists()).collect(),
    );
}

/// Where the links of a Markdown text lead, outside of fenced blocks and of backticks: what stands in `](...)`, without
/// a title.
fn links(text: &str) -> Vec<String> {
    let mut fenced = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            let plain: String = line.split('`').step_by(2).collect();
            let ends = plain.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
            found.extend(ends.map(str::to_string));
        }
    }
    found
}

/// The path that a link in a document leads to, from the root; nothing for links to elsewhere and to the page itself.
fn leads_to(document: &str, link: &str) -> Option<PathBuf> {
    let path = link.split('#').next().unwrap_or_default();
    let relative = !path.is_empty() && !path.contains(':');
    relative.then(|| Path::new(document).parent().unwrap_or(Path::new("")).join(path))
}

#[test]
fn the_links_in_the_documents_lead_somewhere() {
    let told = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "bench/README.md"];
    let of_fixtures = |file: &str| file.starts_with("fixtures/") && file.ends_with("/README.md");
    let guide = |file: &str| file.starts_with("docs/") && file.ends_with(".md");
    let mut wrong = Vec::new();
    let mut count = 0;
    for name in files().into_iter().filter(|file| told.contains(&file.as_str()) || of_fixtures(file) || guide(file)) {
        for link in links(&text(&name)) {
            let Some(path) = leads_to(&name, &link) else { continue };
            count += 1;
            if !root().join(path).exists() {
                wrong.push(format!("{name}: {link}"));
            }
        }
    }
    none("links to what does not exist", wrong);
    assert!(count > 5, "{count} links only");
}

/// Commands of `patrol` in the fenced blocks of a document: what follows `patrol ` or `cargo run ... -- `.
fn commands(text: &str) -> Vec<Vec<String>> {
    let mut fenced = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            continue;
        }
        let line = line.trim_start().trim_start_matches("$ ").split(" #").next().unwrap_or_default();
        let line = line.split(['|', '>']).next().unwrap_or_default();
        let arguments = match line.strip_prefix("cargo run ") {
            Some(rest) => rest.split_once("-- ").map(|(_, arguments)| arguments),
            None => line.strip_prefix("patrol "),
        };
        if let (true, Some(arguments)) = (fenced, arguments) {
            found.push(arguments.split_whitespace().map(|a| a.trim_matches(['\'', '"']).to_string()).collect());
        }
    }
    found
}

#[test]
fn the_commands_in_the_documents_exist() {
    let guides =
        files().into_iter().filter(|f| f.starts_with("docs/") && f.ends_with(".md") && !f.contains("reference/"));
    let mut wrong = Vec::new();
    for name in guides.chain(["README.md".to_string()]) {
        let Some(text) = document(&name) else { continue };
        for command in commands(&text) {
            let words = std::iter::once("patrol".to_string()).chain(command.iter().cloned());
            if let Err(error) = patrol::cli::Cli::try_parse_from(words)
                && error.use_stderr()
            {
                let why = error.to_string();
                wrong.push(format!("{name}: patrol {}: {}", command.join(" "), why.lines().next().unwrap_or_default()));
            }
        }
    }
    none("commands that do not exist", wrong);
}

#[test]
fn every_inspection_has_its_cases() {
    let page = |id: &str| format!("crates/inspections/cases/{id}.md");
    let missing = inspections::ALL.iter().map(|i| page(i.card().id)).filter(|p| !root().join(p).exists());
    none("inspections without cases", missing.collect());
}

#[test]
fn there_is_a_change_log() {
    let Some(log) = document("CHANGELOG.md") else { return };
    assert!(log.starts_with("# ") && log.lines().count() > 3, "it says nothing");
}

#[test]
fn the_tests_of_this_file_see_what_they_look_for() {
    let text = "//! A.\nuse std::fs;\n// std::net\n#[cfg(test)]\nmod tests { use std::env; }\n";
    let found = lines_with([("crates/model/src/a.rs".to_string(), text.to_string())].into_iter(), OUTSIDE);
    assert_eq!(found, ["crates/model/src/a.rs:2: `std::fs`: use std::fs;"]);
    assert_eq!(long_functions("fn a() {\n    1\n}\nfn b();\n    fn c() {\n    }\n", 2), [(1, 3)]);
    assert!(holds("a println!(", "println!(") && !holds("eprintln!(", "println!("));
    let pieces = in_backticks("see `crates/model/` and `a.rs`, `x::y`, `/etc/a.md`\n```\n`b.rs`\n```\n`GET /-/ready`");
    let paths: Vec<&String> = pieces.iter().filter(|p| looks_like_a_path(p)).collect();
    assert_eq!(paths, ["crates/model/", "a.rs"]);
    let ends =
        links("[a](a.md#b) ![`p` q](q.png \"Q\") [u](http://u) `[c](c.md)`\n```\n[d](d.md)\n```\n[e](#e) [f](../f)");
    let ends: Vec<PathBuf> = ends.iter().filter_map(|link| leads_to("docs/x.md", link)).collect();
    assert_eq!(ends, ["docs/a.md", "docs/q.png", "docs/../f"].map(PathBuf::from));
    assert_eq!(
        commands("```\n$ cargo run --release -- demo --x # y\npatrol a 'b' > c\ncargo test\n```\npatrol d"),
        [vec!["demo", "--x"], vec!["a", "b"]]
    );
}
