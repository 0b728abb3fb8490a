//! Small profiles filtered by hand, and any profile against filters that cancel out.

use proptest::prelude::*;

use super::*;
use crate::profile::folded::{lines, profile};

const TYPES: [&str; 1] = ["inuse_space/bytes"];

/// A server with a leak, a cache and inlined calls; labels tell the tenant and the size of the objects.
const STACKS: [&str; 5] = [
    "main;serve;leak 10 tenant=red bytes#18432bytes",
    "main;serve+route;cache 20 tenant=blue bytes#64bytes",
    "main;serve;leak;route 30 tenant=red,green bytes#1024bytes",
    "idle 40",
    "main;serve;leak;serve;leak 50 bytes#2048bytes other#3ms",
];

/// The samples that are left, and the notes.
fn filter(filters: Filters) -> (Vec<String>, Vec<String>) {
    let (filtered, notes) = apply(profile(&TYPES, &STACKS), &filters).unwrap();
    (lines(&filtered), notes)
}

/// Only the stacks and values of what is left; there must be no notes.
fn stacks(filters: Filters) -> Vec<String> {
    let (samples, notes) = filter(filters);
    assert_eq!(notes, [""; 0]);
    samples.iter().map(|sample| sample.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect()
}

/// Filters with some of the options set.
macro_rules! with {
    ($($option:ident: $text:expr),+) => {{
        let mut filters = Filters::default();
        $(filters.$option = $text.to_string();)+
        filters
    }};
}

#[test]
fn samples_are_chosen_by_name() {
    assert_eq!(
        stacks(with!(focus: "route|idle")),
        ["main;serve+route;cache 20", "main;serve;leak;route 30", "idle 40"]
    );
    assert_eq!(stacks(with!(ignore: "^leak$")), ["main;serve+route;cache 20", "idle 40"]);
    assert_eq!(stacks(with!(focus: "leak", ignore: "route")), ["main;serve;leak 10", "main;serve;leak;serve;leak 50"]);
    // Files and the binary count, too.
    assert_eq!(stacks(with!(focus: "idle.go")), ["idle 40"]);
    assert_eq!(stacks(with!(focus: "bin/app")).len(), 5);
}

#[test]
fn frames_are_taken_out() {
    assert_eq!(
        stacks(with!(hide: "serve|idle")),
        ["main;leak 10", "main;route;cache 20", "main;leak;route 30", "main;leak;leak 50"]
    );
    assert_eq!(stacks(with!(show: "route|leak")), ["leak 10", "route 20", "leak;route 30", "leak;leak 50"]);
    // What is hidden still counts for the focus.
    assert_eq!(stacks(with!(hide: "main|serve", focus: "main", ignore: "leak")), ["route;cache 20"]);
    // The binary is that of every frame.
    assert_eq!(stacks(with!(show: "/bin/app")).len(), 5);
    assert_eq!(stacks(with!(hide: "/bin/app")), [""; 0]);
}

#[test]
fn stacks_are_cut_short() {
    assert_eq!(
        stacks(with!(show_from: "serve")),
        ["serve;leak 10", "serve+route;cache 20", "serve;leak;route 30", "serve;leak;serve;leak 50"]
    );
    assert_eq!(stacks(with!(show_from: "route")), ["route;cache 20", "route 30"]);
    assert_eq!(
        stacks(with!(prune_from: "^serve")),
        ["main;serve 10", "main;serve 20", "main;serve 30", "idle 40", "main;serve;leak;serve 50"]
    );
}

#[test]
fn samples_are_chosen_by_label() {
    let of = |text: &str| {
        let (samples, notes) = filter(with!(tagfocus: text));
        let values: Vec<String> = samples.iter().map(|s| s.split(' ').nth(1).unwrap().to_string()).collect();
        (values.join(" "), notes.join("\n"))
    };
    let is = |text: &str, values: &str, notes: &str| assert_eq!(of(text), (values.into(), notes.into()), "{text}");
    is("red", "10 30", "");
    is("tenant:red", "10 30", "");
    is("tenant=^red$", "10", "");
    is("red,green", "30", "");
    is("tenant=blue,green", "20 30", "");
    is("bytes=1kb:2kb", "30 50", "tagfocus:Interpreted '1kb:2kb' as range, not regexp");
    is("18kb", "10", "tagfocus:Interpreted '18kb' as range, not regexp");
    is("other=:1s", "50", "tagfocus:Interpreted ':1s' as range, not regexp");
    is("other=1mb:", "", "tagfocus:Interpreted '1mb:' as range, not regexp\nTagFocus expression matched no samples");
    assert_eq!(stacks(with!(tagignore: "tenant=.")), ["idle 40", "main;serve;leak;serve;leak 50"]);
}

#[test]
fn labels_are_shown_or_not() {
    let (samples, _) = filter(with!(tagshow: "ten"));
    assert_eq!(samples[..2], ["main;serve;leak 10 tenant=red", "main;serve+route;cache 20 tenant=blue"]);
    let (samples, _) = filter(with!(taghide: "^(bytes|tenant)$"));
    assert_eq!(samples[3..], ["idle 40", "main;serve;leak;serve;leak 50 other#3ms"]);
}

/// In the order of the reference, whatever the order in which they would be noticed.
#[test]
fn what_matches_nothing_is_noted() {
    let all = with!(focus: "zz", ignore: "zz", hide: "zz", show: "zz", show_from: "zz", prune_from: "zz",
        tagfocus: "zz", tagignore: "zz", tagshow: "zz", taghide: "zz");
    let (samples, notes) = filter(all);
    assert_eq!(samples, [""; 0]);
    let options = ["Focus", "Ignore", "Hide", "Show", "ShowFrom", "TagFocus", "TagIgnore", "TagShow", "TagHide"];
    assert_eq!(notes, options.map(|option| format!("{option} expression matched no samples")));
}

#[test]
fn broken_expressions_are_errors() {
    let why = |filters| apply(profile(&TYPES, &STACKS), &filters).unwrap_err();
    let missing = "regexp: error parsing regexp: missing closing ): `(`";
    assert_eq!(why(with!(focus: "(", hide: "[")).to_string(), format!("parsing focus {missing}"));
    assert_eq!(why(with!(tagfocus: "a=(")).to_string(), format!("parsing tagfocus {missing}"));
    let late = why(with!(focus: "zz", tagignore: "5", tagshow: "("));
    assert_eq!(late.to_string(), format!("parsing tagshow {missing}"));
    assert_eq!(
        late.notes,
        [
            "tagignore:Interpreted '5' as range, not regexp",
            "Focus expression matched no samples",
            "TagIgnore expression matched no samples"
        ]
    );
}

#[test]
fn no_filter_hands_the_profile_on() {
    let whole = profile(&TYPES, &STACKS);
    let place = whole.encoded().as_ptr();
    let (whole, _) = apply(whole, &Filters::default()).unwrap();
    let (whole, notes) = label_frames(whole, "", "", "minimum").unwrap();
    assert_eq!((whole.encoded().as_ptr(), notes), (place, Vec::new()));
}

/// The first key is outermost, the last innermost; numbers are told in a unit that fits.
#[test]
fn labels_become_frames() {
    let of = |root, leaf| {
        let (framed, notes) = label_frames(profile(&TYPES, &STACKS[..4]), root, leaf, "minimum").unwrap();
        let stacks: Vec<String> = lines(&framed).iter().map(|l| l.split(' ').next().unwrap().to_string()).collect();
        (stacks, notes)
    };
    assert_eq!(
        of("tenant,bytes", "").0,
        [
            "red;18kB;main;serve;leak",
            "blue;64B;main;serve+route;cache",
            "red,green;1kB;main;serve;leak;route",
            ";;idle"
        ]
    );
    assert_eq!(of("", "tenant").0[..2], ["main;serve;leak;red", "main;serve+route;cache;blue"]);
    let note = |option: &str| format!("{option} expression matched no samples");
    assert_eq!(of("none", ",").1, [note("TagRoot"), note("TagLeaf")]);
}

/// One unit for each key, and a note on the others.
#[test]
fn numbers_have_units() {
    let stacks = ["a 1 size#5kb size#6mb free#7", "b 1 size#7bytes request#1 size#8mb words=x"];
    let (units, notes) = number_units(&profile(&TYPES, &stacks)).unwrap();
    let units: std::collections::BTreeMap<String, String> = units.into_iter().collect();
    let pairs: Vec<String> = units.iter().map(|(key, unit)| format!("{key}={unit}")).collect();
    assert_eq!(pairs, ["free=free", "request=bytes", "size=kb"]);
    assert_eq!(notes, ["For tag size used unit kb, also encountered unit(s) bytes, mb"]);
}

/// Stacks of a few functions.
fn some_stacks() -> impl Strategy<Value = Vec<String>> {
    let stack = prop::collection::vec("[abc](\\+[abc])?", 1..5).prop_map(|frames| format!("{} 1", frames.join(";")));
    prop::collection::vec(stack, 0..12)
}

proptest! {
    /// What is focused on and what is ignored are all there is, each once and in its order.
    #[test]
    fn focus_and_ignore_part_a_profile(stacks in some_stacks()) {
        let whole = || profile(&TYPES, &stacks.iter().map(String::as_str).collect::<Vec<_>>());
        let of = |filters| lines(&apply(whole(), &filters).unwrap().0);
        let (with, without) = (of(with!(focus: "^a")), of(with!(ignore: "^a")));
        let has = |stack: &String| stack.contains('a');
        prop_assert_eq!(with, stacks.iter().filter(|s| has(s)).cloned().collect::<Vec<_>>());
        prop_assert_eq!(without, stacks.iter().filter(|s| !has(s)).cloned().collect::<Vec<_>>());
    }

    /// Hiding a function is deleting its name from the text.
    #[test]
    fn hiding_deletes_names(stacks in some_stacks()) {
        let whole = profile(&TYPES, &stacks.iter().map(String::as_str).collect::<Vec<_>>());
        let deleted = |frame: &str| {
            let names: Vec<&str> = frame.split('+').filter(|name| *name != "a").collect();
            (!names.is_empty()).then(|| names.join("+"))
        };
        let expected: Vec<String> = stacks.iter().filter_map(|line| {
            let frames: Vec<String> = line.trim_end_matches(" 1").split(';').filter_map(deleted).collect();
            (!frames.is_empty()).then(|| format!("{} 1", frames.join(";")))
        }).collect();
        prop_assert_eq!(lines(&apply(whole, &with!(hide: "^a$")).unwrap().0), expected);
    }
}
