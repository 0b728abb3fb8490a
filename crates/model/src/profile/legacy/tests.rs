//! Texts of every format, made by hand, and what they say.

use proptest::prelude::*;

use super::*;
use crate::profile::{LabelValue, Sample};

/// Stacks as addresses, values and size of the objects, a line each.
fn addresses(profile: &Profile) -> String {
    let place = |place: &u32| format!("{:#x}", profile.locations()[*place as usize].address);
    list(profile, place)
}

/// Stacks as names, innermost first, values and size of the objects, a line each.
fn names(profile: &Profile) -> String {
    let frames = |place: &u32| {
        let location = profile.locations()[*place as usize];
        let line = |line: &crate::profile::Line| {
            let function = profile.functions()[line.function as usize];
            format!("{} {}:{}", profile.text(function.name), profile.text(function.file), line.line)
        };
        profile.lines(&location).iter().map(line).collect::<Vec<_>>().join(" < ")
    };
    list(profile, frames)
}

fn list(profile: &Profile, of: impl Fn(&u32) -> String) -> String {
    let mut samples = profile.samples();
    let mut out = String::new();
    while let Some(Sample { locations, values, labels }) = samples.read().unwrap() {
        let stack: Vec<String> = locations.iter().map(&of).collect();
        let size = labels.first().map(|label| match label.value {
            LabelValue::Number { value, .. } => value,
            LabelValue::Text(_) => -1,
        });
        let size = size.map(|s| format!(" of {s}")).unwrap_or_default();
        out += &format!("{values:?}{size} @ {}\n", stack.join(" | "));
    }
    out
}

/// Mappings, a line each.
fn mappings(profile: &Profile) -> String {
    let line = |m: &crate::profile::Mapping| {
        let (file, build) = (profile.text(m.file), profile.text(m.build_id));
        format!("{:#x}-{:#x} @{:#x} {file} {build}\n", m.start, m.limit, m.offset)
    };
    profile.mappings().iter().map(line).collect()
}

/// The kinds of values, the period, and the duration.
fn head(profile: &Profile) -> String {
    let text = |t| profile.text(t);
    let header = profile.header();
    let kind = |of: &crate::profile::ValueType| format!("{}/{}", text(of.kind), text(of.unit));
    let kinds: Vec<String> = header.sample_types.iter().map(kind).collect();
    let (period, nanos) = (header.period, header.duration_nanos);
    format!("{} every {period} {}, {nanos} ns", kinds.join(" "), kind(&header.period_type))
}

fn read(text: &str) -> Profile {
    parse(text.as_bytes()).unwrap().unwrap()
}

fn error(text: &str) -> String {
    match parse(text.as_bytes()) {
        Ok(Some(_)) => "a profile".to_string(),
        Ok(None) => "unrecognized".to_string(),
        Err(why) => why.to_string(),
    }
}

/// Stacks of Go's. The first has a frame inlined into its caller, and one of the runtime in front; the second is
/// recursive; the third does not name what the first does.
const GO_HEAP: &str = "\
heap profile: 24: 428032 [24: 428033] @ heap/1048576
23: 423936 [23: 423936] @ 0x48778c 0x67d691 0x67d70a
#\t0x67d690\tapp.NewRing+0xb0\t\tapp/ring.go:15
#\t0x67d709\tapp.inlined+0x129\tapp/app.go:34
#\t0x67d709\tapp.main.(*T).f[...]+0x129\tapp/app.go:80

1: 4096 [0: 0] @ 0x67d70a 0x67d70a
#\t0x67d709\tapp.inlined+0x129\tapp/app.go:34

0: 0 [2: 64] @ 0x67d691 0x67d70a
#\t0x67d709\tapp.inlined+0x129\tapp/app.go:34

# runtime.MemStats
# HeapAlloc = 94261432
# Stack = 7569408 / 7600000
# MSpan = 1213760 / 2088960
# GCSys = 40
# MaxRSS = 133046272
";

#[test]
fn a_heap_of_go_is_scaled_up() {
    let heap = read(GO_HEAP);
    let kinds = "alloc_objects/count alloc_space/bytes inuse_objects/count inuse_space/bytes";
    assert_eq!(head(&heap), format!("{kinds} every 524288 space/bytes, 0 ns"));
    // 23 / (1 - exp(-18432 / 524288)) = 665.8; the second stack has no count of allocations.
    insta::assert_snapshot!(addresses(&heap), @r"
    [665, 12271833, 665, 12271833] of 18432 @ 0x48778b | 0x67d690 | 0x67d709
    [0, 0, 128, 526338] of 4096 @ 0x67d709 | 0x67d709
    [32769, 1048608, 0, 0] of 32 @ 0x67d690 | 0x67d709
    ");
    assert_eq!(mappings(&heap), "0x0-0xffffffffffffffff @0x0  \n");
}

#[test]
fn comments_name_the_frames_when_asked() {
    let heap = parse_with_symbols(GO_HEAP.as_bytes()).unwrap().unwrap();
    insta::assert_snapshot!(names(&heap), @r"
    [665, 12271833, 665, 12271833] of 18432 @ app.NewRing app/ring.go:15 | app.inlined app/app.go:34 < app.main.(*T).f[...] app/app.go:80
    [0, 0, 128, 526338] of 4096 @ app.inlined app/app.go:34 < app.main.(*T).f[...] app/app.go:80 | app.inlined app/app.go:34 < app.main.(*T).f[...] app/app.go:80
    [32769, 1048608, 0, 0] of 32 @ app.inlined app/app.go:34 < app.main.(*T).f[...] app/app.go:80
    ");
}

#[test]
fn figures_of_the_memory_are_read() {
    let memory = memory(GO_HEAP.as_bytes()).unwrap();
    assert_eq!((memory.heap_alloc, memory.stacks, memory.sys), (Some(94_261_432), Some(7_569_408), None));
    assert_eq!((memory.runtime, memory.max_rss), (Some(2_088_960 + 40), Some(133_046_272)));
    assert_eq!(super::memory(b"heap profile: 0: 0 [0: 0] @ heap/2\n"), None);
}

/// The reference keeps the label of what has no size.
#[test]
fn samples_of_nothing_keep_their_label() {
    let text = "heap profile: 0: 0 [0: 0] @ heap/2\n0: 0 [0: 0] @ 0x11\n2: 0 [2: 0] @ 0x21\n";
    assert_eq!(addresses(&read(text)), "[0, 0] of 0 @ 0x10\n[0, 0] of 0 @ 0x20\n");
}

/// Other heads, with what their samples of 3 objects of 30 bytes become.
#[test]
fn heads_of_heaps() {
    let of = |head: &str| {
        let text = format!("heap profile: 3: 30 [3: 30] @ {head}\n3: 30 [3: 30] @ 0x11\n");
        parse(text.as_bytes()).unwrap().map(|p| format!("{} {}", p.header().period, addresses(&p).trim()))
    };
    assert_eq!(of("heapz_v2/16").unwrap(), "16 [6, 64] of 10 @ 0x10");
    assert_eq!(of("heap_v2/1").unwrap(), "1 [3, 30] of 10 @ 0x10");
    assert_eq!(of("heap/32").unwrap(), "16 [6, 64] of 10 @ 0x10");
    assert_eq!(of("heapprofile").unwrap(), "1 [3, 30] of 10 @ 0x10");
    assert_eq!(of("growthz").unwrap(), "1 [3, 30] of 10 @ 0x10");
    assert_eq!(of("fragmentationz").unwrap(), "1 [3, 30] of 10 @ 0x10");
    assert_eq!(of("heapster"), None);
}

#[test]
fn goroutines_are_counted() {
    let text = "# a comment\n\ngoroutine profile: total 1602\n1600 @ 0x489d6e 0x41a5ae\n\
        #\t0x41a5ad\tapp.run+0x58\tapp/app.go:67\n\n010 @ 0x1\n";
    let profile = read(text);
    assert_eq!(head(&profile), "goroutine/count every 1 goroutine/count, 0 ns");
    assert_eq!(addresses(&profile), "[1600] @ 0x489d6d | 0x41a5ad\n[8] @ 0x0\n");
    assert_eq!(profile.locations()[2].mapping(), None);
    let named = parse_with_symbols(text.as_bytes()).unwrap().unwrap();
    assert_eq!(names(&named), "[1600] @ app.run app/app.go:67\n[8] @ \n");
}

/// A map with a library first, a piece of the program split off, an attribute, and regions that hold no code.
const MAP: &str = "\
MAPPED_LIBRARIES:
build=/opt/bin
I0102 15:04:05.000000 12 server.cc:30] 7f0000000000-7f0000001000 r-xp 00000000 08:01 99 /lib/libc.so.6
7f0000001000-7f0000002000 rw-p 00000000 08:01 99 /lib/libc.so.6
00400000-00500000 r-xp 00000000 08:01 12 $build/server
00500000-00600000 r-xp 00100000 08:01 12 $build/server
0x800000-0x900000: $build/plugin (@1000) abc123
not an entry
";

#[test]
fn threads_that_are_the_same_are_counted() {
    let text = format!(
        "--- threadz 1 ---\n\n--- Thread 7f12 (name: a/b/12) stack: ---\n  PC: 0x400010 0x400010: start\n 0x500020\n\
        --- Thread 7f13 (name: w/13) stack: ---\n   [same as previous thread]\n\
        --- Thread 7f14 (name: w/14) stack: ---\n 0x700011 0x7ff801\n--- Memory map: ---\n{MAP}"
    );
    let profile = read(&text);
    assert_eq!(head(&profile), "thread/count every 1 thread/count, 0 ns");
    insta::assert_snapshot!(addresses(&profile), @r"
    [2] @ 0x400010 | 0x50001f
    [1] @ 0x700011 | 0x7ff800
    ");
    insta::assert_snapshot!(mappings(&profile), @r"
    0x400000-0x600000 @0x0 /opt/bin/server 
    0x7f0000000000-0x7f0000001000 @0x0 /lib/libc.so.6 
    0x800000-0x900000 @0x1000 /opt/bin/plugin abc123
    0x0-0xffffffffffffffff @0x0
    ");
    assert_eq!(error("--- threadz 1 ---\n--- Thread 7f12 (name: a/12) stack: ---\n 0x1\n"), "unrecognized");
}

#[test]
fn waiting_for_locks_is_scaled() {
    let go =
        read("--- mutex:\ncycles/second=2000000000\nsampling period=10\n4000 2 @ 0x11 0x22\n#\t0x10\ta+0x1\tb:1\n");
    assert_eq!(head(&go), "contentions/count delay/nanoseconds every 10 contentions/count, 0 ns");
    assert_eq!(addresses(&go), "[20, 20000] @ 0x10 | 0x21\n");
    let cpp =
        read(&format!("--- contentionz 1 ---\nms since reset = 5\n 123 @ 0x7f0000000011\n--- Memory map: ---\n{MAP}"));
    assert_eq!(
        (head(&cpp).as_str(), addresses(&cpp).as_str()),
        ("contentions/count delay/nanoseconds every 1 contentions/count, 5000000 ns", "[3, 12] @ 0x7f0000000010\n",)
    );
    assert_eq!(cpp.locations()[0].mapping(), Some(1));
}

#[test]
fn java_names_its_locations() {
    let heap = read(
        "--- heapz 1 ---\nformat = java\nresolution=bytes\n\n  1048576  2 @ 0x1 0x2 0x3\n\n\
        0x1 com.app.Ring.grow (Ring.java:15)\n 0x2 malloc (/lib/x/libc.so)\n0x3 GC\n0x9 unused (A.java:1)\n",
    );
    assert_eq!(head(&heap), "inuse_objects/count inuse_space/bytes every 0 /, 0 ns");
    insta::assert_snapshot!(names(&heap), @"[3, 1658822] of 524288 @ com.app.Ring.grow Ring.java:15 | malloc libc.so:0 | GC :0");
    assert_eq!(addresses(&heap).matches("0x0").count(), 3);
    let locks = read("--- contentionz 1 ---\nformat=java\nresolution=microseconds\nsampling period=10\n 7 2 @ 0x1\n");
    assert_eq!(
        (head(&locks).as_str(), addresses(&locks).as_str()),
        ("contentions/count delay/microseconds every 10 contentions/count, 0 ns", "[20, 70] @ 0x0\n",)
    );
}

/// A C++ profile in words of a width and an endianness: 40 stacks through the handler, which is taken out, and the
/// innermost frame is there twice.
fn cpu(word: fn(u64) -> Vec<u8>, java: u64) -> Vec<u8> {
    let mut words = vec![0, 3, java, 10_000, 0];
    (0..40).for_each(|i| words.extend([2, 4, 0x400_010 + i, 0x99, 0x400_010 + i, 0x400_101]));
    words.extend([0, 1, 0]);
    let mut bytes: Vec<u8> = words.into_iter().flat_map(word).collect();
    bytes.extend(MAP.as_bytes());
    bytes
}

#[test]
fn binary_profiles_are_read_in_all_widths() {
    let words: [fn(u64) -> Vec<u8>; 4] = [
        |w| (w as u32).to_le_bytes().to_vec(),
        |w| (w as u32).to_be_bytes().to_vec(),
        |w| w.to_le_bytes().to_vec(),
        |w| w.to_be_bytes().to_vec(),
    ];
    for word in words {
        let profile = parse(&cpu(word, 0)).unwrap().unwrap();
        assert_eq!(head(&profile), "samples/count cpu/nanoseconds every 10000000 cpu/nanoseconds, 0 ns");
        let stacks = addresses(&profile);
        assert_eq!(stacks.lines().next(), Some("[2, 20000000] @ 0x400010 | 0x400100"));
        assert_eq!((stacks.lines().count(), profile.mappings().len()), (40, 3));
    }
    let java = parse(&[&cpu(words[0], 1)[..], b"\n0x99 handler\n"].concat()).unwrap().unwrap();
    assert_eq!(names(&java).lines().next(), Some("[2, 20000000] @  | handler :0 |  | "));
}

/// What each way of being wrong is called, as the reference does.
#[test]
fn wrong_texts_are_refused() {
    let heap = |line: &str| error(&format!("heap profile: 1: 2 [1: 2] @ heap/1048576\n{line}\n"));
    assert_eq!(heap("x"), "unexpected number of sample values: got 0, want 6");
    assert_eq!(heap("0: 5 [0: 0] @ 0x1"), "inuse count was 0 but inuse bytes was 5");
    let why = "strconv.ParseInt: parsing \"99999999999999999999\": value out of range";
    let line = "99999999999999999999: 5 [0: 0] @ 0x1";
    assert_eq!(heap(line), format!("malformed sample: {line}: {why}"));
    let line = "1: 5 [0: 0] @ 0x11112222333344445";
    let why = "failed to parse as hex 64-bit number: 0x11112222333344445";
    assert_eq!(heap(line), format!("malformed sample: {line}: {why}"));
    assert_eq!(error("goroutine profile: total 1\n1 @\n"), "malformed profile format");
    assert_eq!(error("goroutine profile: total 1\n1 @ 0x1 x\n"), "malformed profile format");
    assert_eq!(error("--- contentionz 1 ---\nwhat=1\n"), "unrecognized");
    assert_eq!(error("hello\n"), "unrecognized");
    assert_eq!(error(&"x".repeat(65_535)), "unrecognized");
    assert_eq!(error(&"x".repeat(65_536)), "unrecognized");
    assert_eq!(heap(&"x".repeat(65_536)), "bufio.Scanner: token too long");
    assert!(!heap("\u{1b}[31m1: 99999999999999999999 [1: 2] @ 0x1").contains('\u{1b}'));
}

/// Attributes that stand for attributes would double with every line.
#[test]
fn expansion_of_attributes_has_a_limit() {
    let mut text = String::from("goroutine profile: total 1\n1 @ 0x5\n--- Memory map: ---\nz0=");
    text += &"z".repeat(60);
    (1..40).for_each(|i| text += &format!("\nz{i}=$z{0};$z{0};$z{0}", i - 1));
    assert_eq!(error(&text), "a line of its memory map expands to more than 64 KiB");
}

#[test]
fn a_dump_tells_what_goroutines_wait_for() {
    let dump = "\
goroutine 1 [running]:
main.main()
\t/src/main.go:82 +0x8d6

goroutine 7 [chan receive, 5 minutes]:
app/cache.(*listener).run(0xc0000140a0, {0x1, 0x2})
\t/src/cache.go:67 +0x58
created by app/cache.(*Shared).Add in goroutine 1
\t/src/cache.go:83 +0x99

goroutine 8 gp=0xc0001 m=nil [chan receive, 12 minutes, locked to thread]:
app/cache.(*listener).run(...)
\t/src/cache.go:67
created by app/cache.(*Shared).Add in goroutine 1
\t/src/cache.go:83 +0x99
";
    let stacks = goroutine_dump(dump.as_bytes()).unwrap().unwrap();
    insta::assert_debug_snapshot!(stacks, @r#"
    [
        GoroutineStack {
            frames: [
                DumpFrame {
                    function: "app/cache.(*listener).run",
                    file: "/src/cache.go",
                    line: 67,
                },
            ],
            wait: "chan receive",
            creator: Some(
                DumpFrame {
                    function: "app/cache.(*Shared).Add",
                    file: "/src/cache.go",
                    line: 83,
                },
            ),
            count: 2,
            longest_minutes: 12,
        },
        GoroutineStack {
            frames: [
                DumpFrame {
                    function: "main.main",
                    file: "/src/main.go",
                    line: 82,
                },
            ],
            wait: "running",
            creator: None,
            count: 1,
            longest_minutes: 0,
        },
    ]
    "#);
    assert_eq!(goroutine_dump(GO_HEAP.as_bytes()).unwrap(), None);
}

proptest! {
    /// A byte changed, a piece cut or doubled: an error, nothing, or another profile, whose samples can be read.
    #[test]
    fn damaged_texts_never_panic(which in 0usize..4, at in 0usize..2000, byte in any::<u8>(), way in 0..4) {
        let java = "--- heapz 1 ---\nformat = java\nresolution=bytes\n 100  2 @ 0x1\n0x1 a (b.java:1)\n";
        let map = format!("--- contentionz 1 ---\n 5 3 @ 0x7f0000000011\n--- Memory map: ---\n{MAP}");
        let texts = [GO_HEAP.as_bytes().to_vec(), java.into(), map.into(), cpu(|w| w.to_le_bytes().to_vec(), 0)];
        let mut bytes = texts[which].clone();
        let at = at % bytes.len();
        match way {
            0 => bytes[at] = byte,
            1 => bytes.truncate(at),
            2 => bytes.insert(at, byte),
            _ => bytes.extend_from_within(at..),
        }
        for parsed in [parse(&bytes), parse_with_symbols(&bytes)] {
            if let Ok(Some(profile)) = parsed {
                let _ = names(&profile);
            }
        }
        let _ = (goroutine_dump(&bytes), memory(&bytes));
    }

    /// Scaled up, nothing gets fewer, and where every byte is seen nothing changes.
    #[test]
    fn scaling_up_never_loses(count in 1i64..100_000, each in 1i64..10_000_000, rate in 2i64..10_000_000) {
        let [scaled, bytes] = heap::unsampled(count, count * each, rate);
        prop_assert!(scaled >= count && bytes >= count * each);
        prop_assert_eq!(heap::unsampled(count, count * each, 1), [count, count * each]);
    }
}
