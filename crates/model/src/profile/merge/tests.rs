//! Profiles merged, by hand and against adding up in a list.

use proptest::prelude::*;

use super::*;
use crate::profile::folded::{lines, profile, with_header};
use crate::profile::{Builder, Frame, Mapping, Text, ValueType};

const TYPES: [&str; 2] = ["inuse_objects/count", "inuse_space/bytes"];

/// Equal stacks with equal labels are one sample, whatever the order of the labels; others follow in their order.
#[test]
fn equal_stacks_are_added_up() {
    let one = profile(&TYPES, &["main;leak 1,64 size#64bytes k=v", "main;cache 2,32"]);
    let other = profile(&TYPES, &["main;new 5,5", "main;leak 3,192 k=v size#64bytes", "main;leak 1,8 size#8bytes k=v"]);
    insta::assert_debug_snapshot!(lines(&merge(vec![one, other]).unwrap()), @r#"
    [
        "main;leak 4,256 k=v size#64bytes",
        "main;cache 2,32",
        "main;new 5,5",
        "main;leak 1,8 k=v size#8bytes",
    ]
    "#);
}

/// A sample that comes to nothing goes, and the functions that only it has used go too.
#[test]
fn what_becomes_zero_is_dropped_with_what_it_used() {
    let one = profile(&TYPES, &["main;gone 1,64", "main;kept 1,1", "idle 0,0"]);
    let other = profile(&TYPES, &["main;gone -1,-64", "main;kept 1,-1"]);
    let merged = merge(vec![one, other]).unwrap();
    assert_eq!(lines(&merged), ["main;kept 2,0"]);
    let names: Vec<&str> = merged.functions().iter().map(|f| merged.text(f.name)).collect();
    assert_eq!((names, merged.locations().len()), (vec!["kept", "main"], 2));
}

/// The earliest time, the sum of durations, the longest period, each comment once.
#[test]
fn headers_are_combined() {
    let [x, y] = [1, 2].map(Text::at);
    let head = |time, duration, period, comments: &[Text], doc_url| Header {
        time_nanos: time,
        duration_nanos: duration,
        period,
        comments: comments.to_vec(),
        doc_url,
        ..Header::default()
    };
    let one = with_header(&TYPES, &["a 1,1"], head(50, 5, 100, &[x], Text::default()));
    let other = with_header(&TYPES, &["a 1,1"], head(20, 6, 300, &[y, x], y));
    let merged = merge(vec![one, other]).unwrap();
    let header = merged.header();
    assert_eq!((header.time_nanos, header.duration_nanos, header.period), (20, 11, 300));
    let comments: Vec<&str> = header.comments.iter().map(|c| merged.text(*c)).collect();
    assert_eq!((comments, merged.text(header.doc_url)), (vec!["x", "y"], "y"));
}

/// The same program at two addresses is one program: addresses count from its start.
#[test]
fn programs_loaded_elsewhere_are_the_same() {
    let at = |start: u64| {
        let mut builder = Builder::new();
        let [count, other, app] = ["count", "/lib/other", "/bin/app"].map(|t| builder.text(t));
        let first = builder.mapping(&Mapping { start, limit: start + 0x2ff0, file: app, ..Mapping::default() });
        let second = builder.mapping(&Mapping { start: 1, limit: 2, file: other, ..Mapping::default() });
        let name = builder.function(app, app, app, 0);
        let frames = [Frame { function: name, line: 3, column: 0 }];
        let library = builder.location(second, 1, &frames, false);
        let program = builder.location(first, start + 0x10, &frames, false);
        builder.sample([library, program], &[7], &[]);
        let sample_types = vec![ValueType { kind: count, unit: count }];
        builder.finish(&Header { sample_types, ..Header::default() }).unwrap()
    };
    let merged = merge(vec![at(0x4000), at(0xff0000)]).unwrap();
    let files: Vec<&str> = merged.mappings().iter().map(|m| merged.text(m.file)).collect();
    assert_eq!((merged.sample_count(), files), (1, vec!["/bin/app", "/lib/other"]));
    let addresses: Vec<u64> = merged.locations().iter().map(|l| l.address).collect();
    assert_eq!(addresses, [1, 0x4010]);
}

#[test]
fn what_cannot_be_merged_is_refused() {
    assert_eq!(merge(Vec::new()).unwrap_err().to_string(), "no profiles to merge");
    let one = profile(&["inuse_space/bytes"], &["a 1"]);
    let other = profile(&["inuse_space/kb"], &["a 1"]);
    let why = merge(vec![one, other]).unwrap_err().to_string();
    assert_eq!(why, "incompatible sample types [{inuse_space bytes 0 0}] and [{inuse_space kb 0 0}]");
}

/// Lines of a small world of stacks, labels and values.
fn some_lines() -> impl Strategy<Value = Vec<String>> {
    let line = (prop::collection::vec(0u8..4, 0..4), -2i64..3, -2i64..3, 0u8..3);
    let text = line.prop_map(|(stack, one, two, label)| {
        let stack: Vec<String> = stack.iter().map(|f| format!("f{f}")).collect();
        let label = ["", " k=v", " n#8bytes"][label as usize];
        format!("{} {one},{two}{label}", stack.join(";"))
    });
    prop::collection::vec(text, 0..12)
}

/// Adds up in a list that is searched from the start.
fn naive(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut sums: Vec<(String, String, [i64; 2])> = Vec::new();
    for line in lines {
        let mut words = line.splitn(3, ' ');
        let [stack, values, labels] = [0; 3].map(|_| words.next().unwrap_or_default().to_string());
        let (one, two) = values.split_once(',').unwrap();
        let values = [one, two].map(|v| v.parse::<i64>().unwrap());
        match sums.iter_mut().find(|(s, l, _)| (s, l) == (&stack, &labels)) {
            Some((.., sum)) => (0..2).for_each(|i| sum[i] += values[i]),
            None if values != [0, 0] => sums.push((stack, labels, values)),
            None => {}
        }
    }
    let kept = sums.into_iter().filter(|(.., sum)| *sum != [0, 0]);
    kept.map(|(s, l, [a, b])| format!("{s} {a},{b} {l}").trim_end().to_string()).collect()
}

fn of(lines: &[String]) -> Profile {
    profile(&TYPES, &lines.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The base is taken off, or kept apart with a mark, in place of a label of that name.
#[test]
fn a_base_is_taken_off() {
    let source = || profile(&TYPES, &["main;leak 4,256 k=v", "main;new 1,8"]);
    let base = || profile(&TYPES, &["main;leak 1,64 k=v", "main;gone 1,8 pprof::base=no"]);
    let of = |marked| lines(&difference(source(), base(), marked).unwrap());
    assert_eq!(of(false), ["main;leak 3,192 k=v", "main;new 1,8", "main;gone -1,-8 pprof::base=no"]);
    assert_eq!(
        of(true),
        [
            "main;leak 4,256 k=v",
            "main;new 1,8",
            "main;leak -1,-64 k=v pprof::base=true",
            "main;gone -1,-8 pprof::base=true"
        ]
    );
}

proptest! {
    /// As in steps.
    #[test]
    fn a_difference_is_a_merge_with_what_was_negated(a in some_lines(), b in some_lines()) {
        let base = crate::profile::steps::negated(of(&b)).unwrap();
        let marked = crate::profile::steps::with_label(base.clone(), "pprof::base", "true").unwrap();
        let steps = [merge(vec![of(&a), base]).unwrap(), merge(vec![of(&a), marked]).unwrap()];
        let at_once = [false, true].map(|marked| difference(of(&a), of(&b), marked).unwrap());
        prop_assert_eq!(steps.each_ref().map(lines), at_once.each_ref().map(lines));
    }

    #[test]
    fn merging_is_adding_up(a in some_lines(), b in some_lines(), c in some_lines()) {
        let merged = merge(vec![of(&a), of(&b), of(&c)]).unwrap();
        let expected = naive([&a, &b, &c].into_iter().flatten().cloned());
        prop_assert_eq!(lines(&merged), expected);
    }

    /// What is merged already stays as it is, byte for byte.
    #[test]
    fn merging_again_changes_nothing(a in some_lines(), b in some_lines()) {
        let once = merge(vec![of(&a), of(&b)]).unwrap();
        let twice = merge(vec![once.clone()]).unwrap();
        prop_assert_eq!(lines(&once), lines(&twice));
        prop_assert_eq!(once.locations().len(), twice.locations().len());
    }
}
