//! The documents in docs/reference/ are those the code makes.

use std::fs;
use std::path::Path;

use patrol::reference::documents;

#[test]
fn reference_docs_are_fresh() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference");
    let update = std::env::var_os("UPDATE_DOCS").is_some();
    let mut stale = Vec::new();
    for document in documents() {
        let path = folder.join(document.name);
        if fs::read_to_string(&path).is_ok_and(|text| text == document.text) {
            continue;
        }
        match update {
            true => fs::write(&path, document.text).unwrap(),
            false => stale.push(document.name),
        }
    }
    let how = "UPDATE_DOCS=1 cargo test -p patrol --test it reference";
    assert!(stale.is_empty(), "docs/reference/ is behind the code: {}; run `{how}`", stale.join(", "));
}

/// Groups of commands, and commands that do their work without being told anything, may do without examples.
#[test]
fn the_help_of_every_command_fits_a_hundred_columns_and_has_examples() {
    let all = documents();
    let page = &all.iter().find(|d| d.name == "cli.md").unwrap().text;
    let sections: Vec<&str> = page.split("\n## ").skip(1).collect();
    assert!(sections.len() > 8);
    for section in sections {
        let name = section.lines().next().unwrap();
        for line in section.lines() {
            assert!(line.chars().count() <= 100, "{name}: {} columns: {line}", line.chars().count());
        }
        let plain = section.contains("\nCommands:\n") || ["patrol demo", "patrol collect"].contains(&name);
        assert!(plain || section.contains("Examples:\n  patrol "), "`{name} --help` has no example");
    }
}

/// A folder of configurations as plain values, by file name; what is not YAML is left out.
fn configurations(folder: &str) -> Vec<(String, serde_json::Value)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configs").join(folder);
    let read = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.unwrap().path();
        let value = serde_saphyr::from_str(&fs::read_to_string(&path).unwrap()).ok()?;
        Some((path.file_stem().unwrap().to_string_lossy().into_owned(), value))
    };
    let all: Vec<_> = fs::read_dir(dir).unwrap().filter_map(read).collect();
    assert!(all.len() > 4);
    all
}

#[test]
fn an_editor_with_the_schema_sees_what_the_reader_sees() {
    let schema = jsonschema::validator_for(&patrol::config::schema::document()).unwrap();
    for (name, value) in configurations("good") {
        let wrong: Vec<String> = schema.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(wrong.is_empty(), "{name}: {}", wrong.join("; "));
    }
    let refused: Vec<String> =
        configurations("bad").into_iter().filter(|(_, v)| !schema.is_valid(v)).map(|(name, _)| name).collect();
    for name in
        ["unknown-key-at-the-top", "unknown-parameter", "unknown-signal", "wrong-duration", "token-written-inline"]
    {
        assert!(refused.iter().any(|r| r == name), "the schema accepts {name}; it refuses {refused:?}");
    }
}

#[test]
fn defaults_in_the_schema_are_those_that_hold() {
    let schema = patrol::config::schema::document();
    let leak = &schema["properties"]["inspections"]["properties"]["host-memory-leak"]["properties"];
    assert_eq!(leak["window"]["default"], "6h");
    assert_eq!(leak["params"]["properties"]["season"]["default"], "1d");
    assert_eq!(leak["enabled"]["default"], true);
    assert_eq!(schema["properties"]["collector"]["properties"]["max_disk"]["default"], "2GiB");
}
