//! Graphs of small profiles, worked out by hand.

use super::*;
use crate::profile::{Builder, Frame, Header, Map, ValueType};

/// Stacks by names, innermost first, with a value; `a+b` is a location where `a` was inlined into `b`.
fn profile(stacks: &[(&[&str], i64)]) -> Profile {
    let mut builder = Builder::new();
    let mut known: Map<String, u64> = Map::default();
    for (stack, value) in stacks {
        let mut locations = Vec::new();
        for place in *stack {
            if let Some(id) = known.get(*place) {
                locations.push(*id);
                continue;
            }
            let frame = |builder: &mut Builder, name: &str| {
                let name = builder.text(name);
                Frame { function: builder.function(name, name, name, 0), line: 1, column: 0 }
            };
            let frames: Vec<Frame> = place.split('+').map(|name| frame(&mut builder, name)).collect();
            let id = builder.location(0, 1, &frames, false);
            known.insert(place.to_string(), id);
            locations.push(id);
        }
        builder.sample(locations, &[*value], &[]);
    }
    builder.finish(&Header { sample_types: vec![ValueType::default()], ..Header::default() }).unwrap()
}

const ALL: Limits = Limits {
    node_fraction: 0.0,
    edge_fraction: 0.0,
    node_count: 0,
    by_cum: false,
    drop_negative: false,
    edges: Edges::All,
};
const FIRST: Measure = Measure { index: 0, divisor: None };

/// Nodes as `name flat cum`, and edges as `caller>callee weight`, inlined ones with a star.
fn drawn(parts: &[Part<'_>], limits: &Limits) -> (Vec<String>, Vec<String>, Trimmed) {
    let frames = Frames::new(parts, &Shape::default(), Names { file: &str::to_string, only: None });
    let trimmed = frames.trimmed(FIRST, limits).unwrap();
    let node = |n: &u32| {
        let node = frames.node(&trimmed.weighed, *n);
        format!("{} {} {}", node.info, node.flat, node.cum)
    };
    let edge = |e: &Edge| {
        let star = if e.inline { "*" } else { "" };
        format!("{}>{} {}{star}", frames.info(e.caller), frames.info(e.callee), e.weight)
    };
    let nodes = trimmed.nodes.iter().map(node).collect();
    let mut edges: Vec<String> = trimmed.weighed.edges.iter().map(edge).collect();
    edges.sort();
    (nodes, edges, trimmed)
}

fn whole(profile: &Profile) -> Part<'_> {
    Part { profile, base: false }
}

/// `f` calls itself: its cumulative value and its calls count once a sample.
#[test]
fn recursion_counts_once() {
    let profile = profile(&[(&["g", "f", "f", "main"], 5), (&["f", "main"], 3)]);
    let (nodes, edges, trimmed) = drawn(&[whole(&profile)], &ALL);
    assert_eq!(nodes, ["g 5 5", "f 3 8", "main 0 8"]);
    assert_eq!(edges, ["f>g 5", "main>f 8"]);
    assert_eq!(trimmed.totals().total(), 8);
}

/// `small` is inlined in one place and called in another.
#[test]
fn inlined_calls_are_told_from_others() {
    let profile = profile(&[(&["small+f", "main"], 5), (&["small", "g", "main"], 3)]);
    let (_, edges, _) = drawn(&[whole(&profile)], &ALL);
    assert_eq!(edges, ["f>small 5*", "g>small 3", "main>f 5", "main>g 3"]);
}

/// `mid` is too small to show: its calls become one from `main` to `leaf`, and what it holds itself is nobody's.
#[test]
fn calls_lead_over_what_is_left_out() {
    let profile = profile(&[(&["leaf", "main"], 90), (&["leaf", "mid", "main"], 3), (&["mid", "main"], 1)]);
    let limits = Limits { node_fraction: 0.06, ..ALL };
    let (nodes, edges, trimmed) = drawn(&[whole(&profile)], &limits);
    assert_eq!(nodes, ["leaf 93 93", "main 0 94"]);
    assert_eq!(edges, ["main>leaf 93"]);
    assert_eq!((trimmed.dropped, trimmed.node_count), (1, 2));
}

/// What the base has is subtracted, and shares are of the base.
#[test]
fn a_base_is_subtracted() {
    let (new, old) = (profile(&[(&["f", "main"], 7)]), profile(&[(&["f", "main"], 3), (&["gone", "main"], 2)]));
    let parts = [whole(&new), Part { profile: &old, base: true }];
    let (nodes, _, trimmed) = drawn(&parts, &ALL);
    assert_eq!(nodes, ["f 4 4", "gone -2 -2", "main 0 2"]);
    assert_eq!(trimmed.totals().total(), 5);
    let (nodes, ..) = drawn(&parts, &Limits { drop_negative: true, ..ALL });
    assert_eq!(nodes, ["f 4 4", "main 0 2"]);
}

/// As the reference names nodes.
#[test]
fn nodes_are_named_by_what_is_known() {
    let info = NodeInfo { name: "f".into(), ..NodeInfo::default() };
    assert_eq!(info.to_string(), "f");
    assert_eq!(NodeInfo { file: "a.go".into(), line: 3, ..info.clone() }.to_string(), "f a.go:3");
    assert_eq!(NodeInfo { address: 0x10, line: 3, column: 4, ..info }.to_string(), "0000000000000010 f :3:4");
    let bare = NodeInfo { object: "/usr/bin/app".into(), ..NodeInfo::default() };
    assert_eq!((bare.to_string(), NodeInfo::default().to_string()), ("[app]".into(), "<unknown>".into()));
}

/// The cases of Go's own documentation of `filepath.Clean` and `filepath.Base`.
#[test]
fn paths_are_made_plain() {
    let cases =
        [("a/c", "a/c"), ("a//c", "a/c"), ("a/c/.", "a/c"), ("a/c/b/..", "a/c"), ("/../a/c", "/a/c"), ("", ".")];
    for (path, plain) in cases {
        assert_eq!(clean(path), plain);
    }
    assert_eq!((clean("/../a/b/../././/c"), clean("../../x")), ("/a/c".to_string(), "../../x".to_string()));
    assert_eq!((base_name("/a/b/"), base_name("/"), base_name("")), ("b", "/", "."));
}
