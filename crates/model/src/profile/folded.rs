//! Profiles from lines and as lines, for tests: `main;work+inlined 640,1 thread=io size#64bytes`.
//!
//! The stack reads from the root to the leaf, frames inlined into one location are joined by `+`, then come the values
//! and the labels, words with `=` and numbers with `#`. A function `f` is in the file `f.go`, on line 1.

use super::{Builder, Frame, Header, Label, LabelValue, Map, Mapping, Profile, ValueType};

/// The profile of these sample types (`inuse_space/bytes`) and lines.
pub(super) fn profile(types: &[&str], lines: &[&str]) -> Profile {
    with_header(types, lines, Header::default())
}

/// The same with more said of the whole; texts of the header are written first: place 1 is `x`, place 2 is `y`.
pub(super) fn with_header(types: &[&str], lines: &[&str], header: Header) -> Profile {
    let mut builder = Builder::new();
    for text in ["x", "y"] {
        builder.text(text);
    }
    let file = builder.text("/bin/app");
    builder.mapping(&Mapping { start: 0x1000, limit: 0x9000, file, ..Mapping::default() });
    let (mut functions, mut locations) = (Map::default(), Map::default());
    for line in lines {
        let mut words = line.split(' ');
        let stack = words.next().unwrap();
        let ids: Vec<u64> = stack
            .split(';')
            .filter(|s| !s.is_empty())
            .map(|text| location(&mut builder, &mut functions, &mut locations, text))
            .collect();
        let values: Vec<i64> = words.next().unwrap().split(',').map(|v| v.parse().unwrap()).collect();
        let labels: Vec<Label> = words.map(|word| label(&mut builder, word)).collect();
        builder.sample(ids.into_iter().rev(), &values, &labels);
    }
    let types = types.iter().map(|of| {
        let (kind, unit) = of.split_once('/').unwrap();
        ValueType { kind: builder.text(kind), unit: builder.text(unit) }
    });
    let header = Header { sample_types: types.collect(), ..header };
    builder.finish(&header).unwrap()
}

fn location(builder: &mut Builder, functions: &mut Map<String, u64>, known: &mut Map<String, u64>, text: &str) -> u64 {
    if let Some(id) = known.get(text) {
        return *id;
    }
    let mut frames: Vec<Frame> = Vec::new();
    for name in text.split('+').filter(|name| *name != "?").rev() {
        let function = *functions.entry(name.to_string()).or_insert_with(|| {
            let file = builder.text(&format!("{name}.go"));
            let name = builder.text(name);
            builder.function(name, name, file, 0)
        });
        frames.push(Frame { function, line: 1, column: 0 });
    }
    // As an address stands for a place: the same in every profile.
    let address = text.bytes().fold(0x1000, |sum, byte| (sum * 31 + u64::from(byte)) % 0x8000) + 0x1000;
    let id = builder.location(1, address, &frames, false);
    known.insert(text.to_string(), id);
    id
}

fn label(builder: &mut Builder, word: &str) -> Label {
    match word.split_once('=') {
        Some((key, text)) => Label { key: builder.text(key), value: LabelValue::Text(builder.text(text)) },
        None => {
            let (key, number) = word.split_once('#').unwrap();
            let digits = number.trim_end_matches(|c: char| c.is_alphabetic());
            let unit = builder.text(&number[digits.len()..]);
            Label { key: builder.text(key), value: LabelValue::Number { value: digits.parse().unwrap(), unit } }
        }
    }
}

/// The samples of a profile as lines.
pub(super) fn lines(profile: &Profile) -> Vec<String> {
    let mut lines = Vec::new();
    let mut samples = profile.samples();
    while let Some(sample) = samples.read().unwrap() {
        let stack: Vec<String> = sample.locations.iter().rev().map(|place| location_text(profile, *place)).collect();
        let values: Vec<String> = sample.values.iter().map(i64::to_string).collect();
        let mut words = vec![stack.join(";"), values.join(",")];
        words.extend(sample.labels.iter().map(|label| match label.value {
            LabelValue::Text(text) => format!("{}={}", profile.text(label.key), profile.text(text)),
            LabelValue::Number { value, unit } => {
                format!("{}#{value}{}", profile.text(label.key), profile.text(unit))
            }
        }));
        lines.push(words.join(" "));
    }
    lines
}

fn location_text(profile: &Profile, place: u32) -> String {
    let location = profile.locations()[place as usize];
    let lines = profile.lines(&location);
    let names: Vec<&str> =
        lines.iter().rev().map(|l| profile.text(profile.functions()[l.function as usize].name)).collect();
    if names.is_empty() { "?".to_string() } else { names.join("+") }
}
