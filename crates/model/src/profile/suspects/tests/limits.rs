//! Profiles that say much in few bytes: they are judged as any other, with work in proportion to their size.

use crate::labels::Labels;
use crate::profile::suspects::digest::{MOST_FRAMES, MOST_MAPPED};
use crate::profile::suspects::join;
use crate::profile::suspects::tree::Tree;
use crate::profile::suspects::{Context, Digest, SuspectsReport, Verdict, digest, judge};
use crate::profile::{Builder, Frame, Header, Mapping, ValueType};

/// A location: its functions and their lines, innermost first.
type Place = Vec<(String, i64)>;

/// Six snapshots, a minute apart, of stacks that each leak objects of 4 KiB. A stack has places of `places`, innermost
/// first; `mapped` says where what is mapped starts.
fn leaks(places: &[Place], stacks: &[Vec<usize>], mapped: impl Fn(usize) -> Vec<u64>) -> Vec<Digest> {
    grown(places, stacks, mapped, |at, _| 1000 * (at as i64 + 1))
}

/// The same with so many objects, of a snapshot and a stack.
fn grown(
    places: &[Place],
    stacks: &[Vec<usize>],
    mapped: impl Fn(usize) -> Vec<u64>,
    objects: impl Fn(usize, usize) -> i64,
) -> Vec<Digest> {
    let snapshot = |at: usize| {
        let mut builder = Builder::new();
        let [program, library] = ["/usr/bin/shop", "/usr/lib/shop.so"].map(|text| builder.text(text));
        builder.mapping(&Mapping { start: 0x1000, file: program, ..Mapping::default() });
        for start in mapped(at) {
            builder.mapping(&Mapping { start, file: library, ..Mapping::default() });
        }
        let mut location = |place: &Place| {
            let frame = |(name, line): &(String, i64)| {
                let name = builder.text(name);
                Frame { function: builder.function(name, name, program, 1), line: *line, column: 0 }
            };
            let frames: Vec<Frame> = place.iter().map(frame).collect();
            builder.location(1, 0x1000, &frames, false)
        };
        let ids: Vec<u64> = places.iter().map(&mut location).collect();
        for (number, stack) in stacks.iter().enumerate() {
            let objects = objects(at, number);
            builder.sample(stack.iter().map(|place| ids[*place]), &[objects, objects * 4096].repeat(2), &[]);
        }
        let types = ["alloc_objects", "alloc_space", "inuse_objects", "inuse_space"];
        let header = Header {
            sample_types: types.map(|kind| ValueType { kind: builder.text(kind), ..ValueType::default() }).into(),
            time_nanos: 1_700_000_000_000_000_000 + at as i64 * 60_000_000_000,
            period: 524_288,
            ..Header::default()
        };
        digest(&builder.finish(&header).unwrap(), &format!("heap {at}"), None).unwrap()
    };
    (0..6).map(snapshot).collect()
}

fn judged(digests: &[Digest]) -> SuspectsReport {
    judge(digests, &Context::default())
}

fn place(lines: &[(&str, i64)]) -> Place {
    lines.iter().map(|(name, line)| (name.to_string(), *line)).collect()
}

/// 20,000 lines inlined at one location that stands 20,000 times in a stack: 400 million frames in a few hundred bytes
/// of gzip.
#[test]
fn frames_of_a_stack_are_never_gathered() {
    let inlined = [("main.a", 3), ("main.b", 4)].repeat(10_000);
    let digests = leaks(&[place(&inlined)], &[vec![0; 20_000]], |_| Vec::new());
    assert_eq!(digests[0].calls(digests[0].entries[0].stack).count(), MOST_FRAMES);
    let suspect = &judged(&digests).heap.unwrap().suspects[0];
    assert_eq!((suspect.verdict, suspect.path.steps.len()), (Verdict::Leak, MOST_FRAMES));
}

/// A function that is inlined into itself and calls itself: one call, with the innermost line of all.
#[test]
fn a_function_that_calls_itself_is_one_call_however_it_does() {
    let itself: Vec<(&str, i64)> = (1..=20_000).map(|line| ("main.walk", line)).collect();
    let places = [place(&[("main.leaf", 1)]), place(&itself), place(&[("main.main", 5)])];
    let stack: Vec<usize> = [0].into_iter().chain(vec![1; 20_000]).chain([2]).collect();
    let digests = leaks(&places, &[stack], |_| Vec::new());
    assert_eq!(digests[0].lines.len(), 3);
    let steps = judged(&digests).heap.unwrap().suspects.swap_remove(0).path.steps;
    let steps: Vec<(&str, i64)> = steps.iter().map(|s| (s.short.as_str(), s.line)).collect();
    assert_eq!(steps, [("main.main", 5), ("main.walk", 1), ("main.leaf", 1)]);
}

/// 1,000 callees of a location at which 1,000 functions are inlined: a thousand times as many calls as bytes. Beyond
/// half a million, only the outermost of each stack are walked, and what grows is seen all the same.
#[test]
fn inlined_frames_do_not_multiply_without_end() {
    let inlined: Place = (0..1_000).map(|i| (format!("main.f{i}"), 1)).collect();
    let entries = (0..80).map(|i| place(&[(["main.e", &i.to_string()].concat().as_str(), 1)]));
    let places: Vec<Place> = [inlined].into_iter().chain(entries).collect();
    let stacks: Vec<Vec<usize>> = (0..1_000).map(|i| vec![0, 1 + i % 80, 1 + i / 80]).collect();
    let digests = leaks(&places, &stacks, |_| Vec::new());
    let all: Vec<&Digest> = digests.iter().collect();
    let joined = join::join(&all, &[0, 1, 2, 3, 4, 5], false);
    let nodes = Tree::new(&all, &joined).nodes.len();
    assert!(nodes < 600_000, "{nodes} for {} stacks", joined.stacks.len());
    let heap = judged(&digests).heap.unwrap();
    let grown: f64 = heap.suspects.iter().map(|s| s.growth).sum();
    assert!(grown > 0.5 * heap.growth, "{grown} of {}", heap.growth);
    assert!(heap.suspects.iter().all(|s| s.verdict == Verdict::Leak));
}

/// One library is mapped at 40,000 places, of which half are others in each snapshot: still one process, told by 256.
#[test]
fn processes_are_told_apart_by_a_few_mappings() {
    let places = [place(&[("main.main", 5)])];
    let mapped = |at: u64| (0..20_000).flat_map(move |i| [i << 20, (i << 20) + 4096 * (at + 1)]).collect::<Vec<u64>>();
    let digests = leaks(&places, &[vec![0]], |at| mapped(at as u64));
    assert_eq!(digests[0].mapped.len(), MOST_MAPPED);
    let heap = judged(&digests).heap.unwrap();
    assert_eq!((heap.compared, heap.suspects[0].verdict), (6, Verdict::Leak));
    let moved = leaks(&places, &[vec![0]], |at| mapped(0).into_iter().map(|start| start + at as u64 * 64).collect());
    let heap = judged(&moved).heap.unwrap();
    let why = "it is of another process: shop.so is elsewhere in its memory";
    assert_eq!((heap.compared, heap.snapshots[0].left_out.as_deref()), (1, Some(why)));
}

/// A name of 100,000 bytes on every second step of a path of 1,024: what is told of it is cut.
#[test]
fn long_names_are_cut() {
    let name = "main.".to_string() + &"x".repeat(100_000);
    let digests =
        leaks(&[(0..2_000).flat_map(|i| [(name.clone(), i), ("main.main".into(), i)]).collect()], &[vec![0]], |_| {
            Vec::new()
        });
    assert_eq!(digests[0].functions.len(), 2);
    let suspect = &judged(&digests).heap.unwrap().suspects[0];
    assert!(suspect.path.steps.iter().all(|step| step.function.len() <= 4096));
}

/// 60 and 200 leaks alike, of which none is much of all: each has its share of all growth, and what is not looked at is
/// said.
#[test]
fn many_equal_leaks_are_not_fine_and_have_their_shares() {
    for count in [60usize, 200] {
        let entries = (0..count).map(|i| place(&[(["main.entry", &i.to_string()].concat().as_str(), 1)]));
        let places: Vec<Place> = [place(&[("main.leak", 9)])].into_iter().chain(entries).collect();
        let stacks: Vec<Vec<usize>> = (1..=count).map(|entry| vec![0, entry]).collect();
        let heap = judged(&leaks(&places, &stacks, |_| Vec::new())).heap.unwrap();
        assert_eq!(heap.suspects.len(), count.min(64));
        let right = |share: f64| (share * count as f64 - 1.0).abs() < 1e-9;
        assert!(heap.suspects.iter().all(|s| s.verdict == Verdict::Leak && right(s.share)));
        let said = heap.suspects[0].summary(&heap);
        assert_eq!(said.contains("; 0.5 % of all growth"), count == 200, "{said}");
        let unseen = "136 more call paths grow, 2.6 GiB in all: only the 64 that grew most are looked at";
        assert_eq!(heap.notes.contains(&unseen.to_string()), count == 200, "{:?}", heap.notes);
        assert_eq!(heap.not_judged, None);
    }
}

/// 100 caches that are full and a leak smaller than each of them: that no suspect was found among the largest is not
/// said to be all.
#[test]
fn what_is_not_looked_at_is_unknown_where_nothing_was_found() {
    let count = 101;
    let places: Vec<Place> =
        (0..count).map(|i| place(&[(["main.entry", &i.to_string()].concat().as_str(), 1)])).collect();
    let stacks: Vec<Vec<usize>> = (0..count).map(|entry| vec![entry]).collect();
    let digests = grown(
        &places,
        &stacks,
        |_| Vec::new(),
        |at, stack| match stack {
            100 => 1_000 * at as i64,
            _ => 20_000 * at.min(1) as i64,
        },
    );
    let heap = judged(&digests).heap.unwrap();
    assert_eq!(heap.suspects, []);
    let said = judged(&digests).verdicts(&Labels::default(), &[]);
    assert!(
        said.unknown.iter().any(|unknown| unknown.why.starts_with("37 more call paths grow")),
        "{:?}",
        said.unknown
    );
}

/// Two functions that call each other 500 times below each of 40 callers: to find the shortest row that tells one caller
/// would take millions of steps, and the whole path tells it as well.
#[test]
fn calls_in_turns_are_told_by_the_whole_path() {
    let turns = place(&[("main.a", 1), ("main.b", 1)].repeat(500));
    let entries = (0..40).map(|i| place(&[(["main.e", &i.to_string()].concat().as_str(), 1)]));
    let places: Vec<Place> = [turns, place(&[("main.main", 1)])].into_iter().chain(entries).collect();
    let stacks: Vec<Vec<usize>> = (0..40).map(|i| vec![0, 2 + i, 1]).collect();
    let digests =
        grown(&places, &stacks, |_| Vec::new(), |at, stack| [300_000, 200_000][stack.min(1)] * (at as i64 + 1));
    let suspects = judged(&digests).heap.unwrap().suspects;
    let rows: Vec<(usize, usize)> = suspects.iter().map(|s| s.path.distinguishing).collect();
    assert!(rows.contains(&(0, 1_001)), "{rows:?}");
}
