//! The notation of profiles in cases: who, how often, and a line a call path.

use model::labels::Labels;
use model::params::matchers;
use model::profile::suspects::digest;
use model::profile::{Builder, Frame, Header, Label, LabelValue, Profile, ValueType};
use model::query::Profiles;
use model::time::{Span, Time};

/// A call path with the number of its objects at each snapshot.
struct Path<'a> {
    /// Outermost call first.
    functions: Vec<&'a str>,
    size: i64,
    in_use: Vec<i64>,
    /// Objects allocated since the start.
    allocated: Vec<i64>,
}

/// `main.main;hub.subscribe 16384: 100 200 300 / 100 250 400`: functions, bytes an object, objects in use at each
/// snapshot, and objects ever allocated (all that came, where not said).
fn path(line: &str) -> Path<'_> {
    let (head, counts) = line.split_once(": ").unwrap_or_else(|| panic!("path size: counts: {line}"));
    let (functions, size) = head.rsplit_once(' ').unwrap();
    let numbers = |text: &str| text.split_whitespace().map(|n| n.parse().unwrap()).collect::<Vec<i64>>();
    let (in_use, allocated) = match counts.split_once(" / ") {
        Some((in_use, allocated)) => (numbers(in_use), numbers(allocated)),
        None => {
            let in_use = numbers(counts);
            let mut sum = 0;
            let came = std::iter::once(in_use[0]).chain(in_use.windows(2).map(|w| (w[1] - w[0]).max(0)));
            let allocated = came
                .map(|n| {
                    sum += n;
                    sum
                })
                .collect();
            (in_use, allocated)
        }
    };
    Path { functions: functions.split(';').collect(), size: size.parse().unwrap(), in_use, allocated }
}

/// A heap profile as Go writes them, with every object in it.
fn profile(paths: &[Path<'_>], at: usize, taken_at: Time) -> Profile {
    let mut builder = Builder::new();
    let texts = ["alloc_objects", "alloc_space", "inuse_objects", "inuse_space", "count", "bytes", "space"];
    let [alloc_objects, alloc_space, inuse_objects, inuse_space, count, bytes, space] =
        texts.map(|text| builder.text(text));
    for one in paths {
        let location = |builder: &mut Builder, name: &str, line: i64| {
            let (package, text) = (name.split('.').next().unwrap_or_default(), builder.text(name));
            let file = builder.text(&format!("shop.example/{package}/{package}.go"));
            let function = builder.function(text, text, file, 1);
            builder.location(0, 0x1000, &[Frame { function, line, column: 0 }], false)
        };
        let stack: Vec<u64> = one.functions.iter().map(|name| location(&mut builder, name, 10)).collect();
        let (used, came) = (one.in_use[at], one.allocated[at]);
        let label = Label { key: bytes, value: LabelValue::Number { value: one.size, unit: bytes } };
        builder.sample(stack.into_iter().rev(), &[came, came * one.size, used, used * one.size], &[label]);
    }
    let kind = |kind, unit| ValueType { kind, unit };
    let sample_types = vec![
        kind(alloc_objects, count),
        kind(alloc_space, bytes),
        kind(inuse_objects, count),
        kind(inuse_space, bytes),
    ];
    let header = Header {
        sample_types,
        period_type: kind(space, bytes),
        period: 1,
        time_nanos: taken_at * 1_000_000,
        ..Header::default()
    };
    builder.finish(&header).unwrap()
}

/// Reads a block: `target="checkout" every 1m` and then its paths, for one program or several.
pub(super) fn profiles(block: &str, now: Time) -> Vec<Profiles> {
    let mut all: Vec<(Labels, Span, Vec<Path<'_>>)> = Vec::new();
    for line in block.lines() {
        match line.split_once(" every ") {
            Some((labels, every)) => {
                let labels = matchers(labels).unwrap().into_iter().map(|m| (m.label, m.value)).collect();
                all.push((labels, every.parse().unwrap(), Vec::new()));
            }
            None => all.last_mut().expect("paths follow a target").2.push(path(line)),
        }
    }
    let made = all.into_iter().map(|(subject, every, paths)| {
        let count = paths.iter().map(|p| p.in_use.len()).min().unwrap_or_default();
        let snapshots = (0..count).map(|at| {
            let taken_at = now - (count - 1 - at) as i64 * every.millis();
            digest(&profile(&paths, at, taken_at), &format!("heap {}", at + 1), None).unwrap()
        });
        Profiles { subject, snapshots: snapshots.collect(), memory: Vec::new(), unreadable: Vec::new() }
    });
    made.collect()
}
