//! Flame graphs of small profiles, against a naive tree; hostile names; differences.

use model::profile::graph::Part;
use model::profile::{Builder, Frame, Header, Label, LabelValue, Profile, ValueType};
use proptest::prelude::*;

use super::fold::{self, fold};
use super::frames::Frames;
use super::trie::{Change, Trie};
use super::{FlameOptions, page, page_of};

/// A profile of `inuse_objects` and `inuse_space`, of stacks given outermost first.
fn profile(stacks: &[(&[&str], [i64; 2])]) -> Profile {
    labelled(&stacks.iter().map(|(stack, values)| (*stack, *values, false)).collect::<Vec<_>>())
}

/// The same; stacks may be marked as those of a base.
fn labelled(stacks: &[(&[&str], [i64; 2], bool)]) -> Profile {
    let mut builder = Builder::new();
    let [objects, count, space, bytes, base, yes] =
        ["inuse_objects", "count", "inuse_space", "bytes", "pprof::base", "true"].map(|t| builder.text(t));
    let file = builder.text("a.go");
    let mut places = std::collections::HashMap::new();
    for (stack, values, based) in stacks {
        let mut ids: Vec<u64> = Vec::new();
        for name in stack.iter().rev() {
            ids.push(*places.entry(name.to_string()).or_insert_with(|| {
                let text = builder.text(name);
                let function = builder.function(text, text, file, 1);
                builder.location(0, 0, &[Frame { function, line: 7, column: 0 }], false)
            }));
        }
        let label = Label { key: base, value: LabelValue::Text(yes) };
        builder.sample(ids, values, &[label][..usize::from(*based)]);
    }
    let kinds = [(objects, count), (space, bytes)].map(|(kind, unit)| ValueType { kind, unit });
    builder.finish(&Header { sample_types: kinds.to_vec(), ..Header::default() }).unwrap()
}

/// The boxes of the second kind of value: depth, name, own value, with all below, folded into it.
fn boxes(profile: &Profile) -> Vec<(u32, String, u64, u64, u64)> {
    let parts = [Part { profile, base: false }];
    let frames = Frames::new(&parts);
    let trie = Trie::new(&parts, &frames, &[1, 0]).unwrap();
    let boxes = fold(&trie);
    let sums = boxes.cumulative(0);
    let name = |place: usize| boxes.frame[place].map_or("all".into(), |f| frames.all[f as usize].name.clone());
    let value = |changes: &[Change], place: usize| changes[place].width();
    (0..boxes.len())
        .map(|i| (boxes.depth[i], name(i), value(&boxes.own[0], i), sums[i].width(), value(&boxes.rest[0], i)))
        .collect()
}

fn of(depth: u32, name: &str, own: u64, cum: u64, rest: u64) -> (u32, String, u64, u64, u64) {
    (depth, name.into(), own, cum, rest)
}

#[test]
fn the_widest_box_of_a_row_comes_first() {
    let profile = profile(&[
        (&["main", "small"], [1, 100]),
        (&["main", "large"], [1, 700]),
        (&["main"], [1, 50]),
        (&["main", "large", "large"], [1, 150]),
    ]);
    assert_eq!(
        boxes(&profile),
        [
            of(0, "all", 0, 1000, 0),
            of(1, "main", 50, 1000, 0),
            of(2, "large", 700, 850, 0),
            of(3, "large", 150, 150, 0),
            of(2, "small", 100, 100, 0),
        ]
    );
}

/// One box in a hundred thousand is no box, unless it is much of another kind of value.
#[test]
fn what_is_small_in_every_kind_is_folded() {
    let stacks: [(&[&str], _); 3] = [
        (&["main", "large"], [9_000, 999_980]),
        (&["main", "many", "x"], [9_000, 10]),
        (&["main", "none", "y"], [1, 10]),
    ];
    assert_eq!(
        boxes(&profile(&stacks)),
        [
            of(0, "all", 0, 1_000_000, 0),
            of(1, "main", 0, 1_000_000, 10),
            of(2, "large", 999_980, 999_980, 0),
            of(2, "many", 0, 10, 0),
            of(3, "x", 10, 10, 0),
        ]
    );
    let html = page(&profile(&stacks), 1, &FlameOptions::default()).unwrap();
    assert!(html.contains("2 of 6 call paths were folded into (other), because they are below 0.01 %"), "{html}");
}

/// A hundred thousand stacks of one value each are folded to as many boxes as a browser draws with ease; their weight
/// stays, and no box stands without the one above it.
#[test]
fn there_are_never_too_many_boxes() {
    let names: Vec<String> = (0..320).map(|n| format!("f{n}")).collect();
    let stacks: Vec<[&str; 2]> = names.iter().flat_map(|a| names.iter().map(move |b| [&**a, &**b])).collect();
    let stacks: Vec<(&[&str], [i64; 2])> = stacks.iter().map(|stack| (&stack[..], [1, 1])).collect();
    let boxes = boxes(&profile(&stacks));
    assert_eq!((boxes.len(), boxes[0].3), (321, 320 * 320));
    // Where less than that would be dropped, it is the number that limits.
    let names: Vec<String> = (0..100).map(|n| format!("f{n}")).collect();
    let stacks: Vec<[&str; 9]> =
        (0..9_000).map(|n| std::array::from_fn(|d| &*names[if d == 0 { n % 90 } else { (n / 90) % 100 }])).collect();
    let stacks: Vec<(&[&str], [i64; 2])> = stacks.iter().map(|stack| (&stack[..], [1, 1])).collect();
    let boxes = self::boxes(&profile(&stacks));
    assert_eq!((boxes.len(), boxes[0].3), (fold::MOST, 9_000));
    assert!(boxes.windows(2).all(|pair| pair[1].0 <= pair[0].0 + 1));
}

/// A stack without end, as a hostile file may have it.
#[test]
fn deep_stacks_are_cut_and_said() {
    let names: Vec<String> = (0..3_000).map(|n| format!("f{n}")).collect();
    let stack: Vec<&str> = names.iter().map(String::as_str).collect();
    let html = page(&profile(&[(&stack, [1, 5])]), 1, &FlameOptions::default()).unwrap();
    assert!(html.contains("Stacks of more than 1024 frames, whose innermost are left out: 1."));
    assert!(
        html.contains("<td class=\"n\">5B</td><td class=\"n\">100%</td><td class=\"n\">5B</td>"),
        "the innermost frame holds it"
    );
}

/// Names that try to leave their place in the page.
#[test]
fn hostile_names_stay_text() {
    let names = [
        "</script><script>alert(1)</script>",
        "<!--<script>",
        "a\u{2028}b\u{202e}c\u{1b}[31m",
        "\" onload=\"x",
        "&amp;",
    ];
    let html = page(
        &profile(&[(&names, [1, 5])]),
        1,
        &FlameOptions { title: "<i>t</i>".into(), facts: vec!["<b>\u{202e}".into()], ..FlameOptions::default() },
    )
    .unwrap();
    assert_eq!(html.matches("<script").count(), 2);
    assert_eq!(html.matches("</script").count(), 2);
    assert!(!html.contains("<!--") && !html.contains("onload=\"x") && !html.contains("<i>t") && !html.contains("<b>"));
    assert!(!html.contains(['\u{2028}', '\u{202e}', '\u{1b}']));
    assert!(html.contains("default-src 'none'") && !html.contains("http://a") && !html.contains("src="));
}

#[test]
fn differences_have_both_sides() {
    let after = profile(&[(&["main", "leak"], [1, 700]), (&["main", "gone"], [1, 0])]);
    let before = profile(&[(&["main", "leak"], [1, 100]), (&["main", "gone"], [1, 400])]);
    let parts = [Part { profile: &after, base: false }, Part { profile: &before, base: true }];
    let by_parts = page_of(&parts, 1, &FlameOptions::default()).unwrap();
    let by_label = labelled(&[
        (&["main", "leak"], [1, 700], false),
        (&["main", "leak"], [-1, -100], true),
        (&["main", "gone"], [-1, -400], true),
    ]);
    let by_label = page(&by_label, 1, &FlameOptions::default()).unwrap();
    for html in [by_parts, by_label] {
        // Shares are of the base, 500.
        assert!(
            html.contains("<title>leak: 600B, 120.00%</title>") && html.contains("<title>gone: -400B, 80.00%</title>")
        );
        assert!(html.contains("class=\"b g4\"") && html.contains("class=\"b s5\""));
        assert!(html.contains("\"diff\":true,\"based\":true") && html.contains("Shares are of the base."));
    }
    let plain = page(&after, 1, &FlameOptions::default()).unwrap();
    assert!(plain.contains("\"diff\":false") && !plain.contains("class=\"b g"));
    let asked = page(&after, 1, &FlameOptions { diff: true, ..FlameOptions::default() }).unwrap();
    assert!(asked.contains("\"diff\":true,\"based\":false"));
}

#[test]
fn there_is_no_page_of_a_value_that_is_not_there() {
    let error = page(&profile(&[]), 2, &FlameOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), "it has no sample type at place 2");
    assert!(page(&profile(&[]), 0, &FlameOptions::default()).unwrap().contains("flame graph"));
}

proptest! {
    /// Every path has the sum of all stacks that begin with it, and nothing is lost.
    #[test]
    fn boxes_add_up(stacks in prop::collection::vec((prop::collection::vec(0usize..4, 1..5), 1i64..100), 1..40)) {
        const NAMES: [&str; 4] = ["a", "b", "c", "d"];
        let named: Vec<(Vec<&str>, i64)> =
            stacks.iter().map(|(s, v)| (s.iter().map(|n| NAMES[*n]).collect(), *v)).collect();
        let given: Vec<(&[&str], [i64; 2])> = named.iter().map(|(s, v)| (&s[..], [1, *v])).collect();
        let mut path: Vec<String> = Vec::new();
        for (depth, name, _, cum, rest) in boxes(&profile(&given)) {
            path.truncate(depth as usize);
            path.push(name);
            let begins = |s: &Vec<&str>| s.len() + 1 >= path.len() && path[1..].iter().zip(s).all(|(p, n)| p == n);
            let naive: i64 = named.iter().filter(|(s, _)| begins(s)).map(|(_, v)| v).sum();
            prop_assert_eq!((cum, rest), (naive as u64, 0));
        }
    }

    /// A damaged profile is refused or drawn, whatever it says of itself.
    #[test]
    fn damaged_profiles_never_panic(at in 0usize..400, byte in any::<u8>(), value in 0usize..3) {
        let mut bytes = profile(&[(&["a", "b", "c"], [1, 5]), (&["a", "d"], [-1, i64::MIN])]).encoded().to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        let _ = Profile::decode(bytes).and_then(|profile| page(&profile, value, &FlameOptions::default()));
    }
}
