//! Frames: what a flame graph calls a function, how it is shortened, and its colour.

use model::profile::{Location, Map, Profile};

use crate::render::plain;
use model::profile::graph::Part;

/// A frame on the way down a stack, and the line in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) frame: u32,
    pub(super) line: u32,
}

/// A function, or an address that has none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Frame {
    /// Nothing in it commands a terminal or turns the reading direction.
    pub(super) name: String,
    pub(super) file: String,
}

/// All frames, and those of each location, outermost first.
pub(super) struct Frames {
    pub(super) all: Vec<Frame>,
    parts: Vec<PartSteps>,
}

struct PartSteps {
    steps: Vec<Step>,
    /// Where the steps of each location end.
    ends: Vec<u32>,
}

impl Frames {
    /// Of all locations of all parts; the same function in the same file is one frame.
    pub(super) fn new(parts: &[Part<'_>]) -> Frames {
        let mut frames = Frames { all: Vec::new(), parts: Vec::new() };
        let mut places = Map::default();
        for Part { profile, .. } in parts {
            let functions: Vec<u32> = profile
                .functions()
                .iter()
                .map(|f| frames.place(&mut places, named(profile.text(f.name), profile.text(f.file))))
                .collect();
            let mut steps = PartSteps { steps: Vec::new(), ends: Vec::new() };
            for location in profile.locations() {
                let lines = profile.lines(location);
                if lines.is_empty() {
                    let frame = frames.place(&mut places, unnamed(profile, location));
                    steps.steps.push(Step { frame, line: 0 });
                }
                steps.steps.extend(lines.iter().rev().map(|l| Step {
                    frame: functions[l.function as usize],
                    line: u32::try_from(l.line).unwrap_or_default(),
                }));
                steps.ends.push(steps.steps.len() as u32);
            }
            frames.parts.push(steps);
        }
        frames
    }

    fn place(&mut self, places: &mut Map<Frame, u32>, frame: Frame) -> u32 {
        *places.entry(frame).or_insert_with_key(|frame| {
            self.all.push(frame.clone());
            (self.all.len() - 1) as u32
        })
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// The frames of a location, outermost first.
    pub(super) fn steps(&self, part: usize, location: u32) -> &[Step] {
        let PartSteps { steps, ends } = &self.parts[part];
        let place = location as usize;
        let start = if place == 0 { 0 } else { ends[place - 1] };
        &steps[start as usize..ends[place] as usize]
    }
}

fn named(name: &str, file: &str) -> Frame {
    let name = if name.is_empty() { "<unknown>" } else { name };
    Frame { name: plain(name).into_owned(), file: plain(file).into_owned() }
}

/// A location without symbols is its address in its binary.
fn unnamed(profile: &Profile, location: &Location) -> Frame {
    let file = location.mapping().map_or("", |m| profile.text(profile.mappings()[m].file));
    let binary = plain(file.rsplit('/').next().unwrap_or_default()).into_owned();
    let name = match (location.address, &*binary) {
        (0, "") => "<unknown>".into(),
        (0, binary) => format!("[{binary}]"),
        (address, "") => format!("0x{address:x}"),
        (address, binary) => format!("[{binary}] 0x{address:x}"),
    };
    Frame { name, file: String::new() }
}

/// Where arguments of a name begin, in which a path may stand: `Map[go.shape.struct { a/b.C }]`, `f<a::B>(c/d)`.
fn arguments(name: &str) -> usize {
    // A receiver is no argument: `a/b.(*C).d`.
    let receiver = name.find(".(").map_or(0, |at| at + 2);
    name[receiver..].find(['[', '<', '{', '(']).map_or(name.len(), |at| at + receiver)
}

/// Where the name without the path of its package begins: `a.example/b/c.(*D).e` is called `c.(*D).e`.
pub(super) fn short(name: &str) -> usize {
    let end = arguments(name).min(name.find(".(").unwrap_or(name.len()));
    name[..end].rfind('/').map_or(0, |at| at + 1)
}

/// The package of a name: `a.example/b/c` of `a.example/b/c.(*D).e`, `core` of `core::ops::call`.
pub(super) fn package(name: &str) -> &str {
    let start = short(name);
    let end = name[start..].find(['.', ':', '(', '<', ' ']).map_or(name.len(), |at| at + start);
    &name[..end]
}

/// Colours there are for packages, beside that of libraries.
const COLOURS: u32 = 9;

/// First elements of the packages that come with a language, which are not what one looks for.
#[rustfmt::skip]
const LIBRARIES: [&str; 56] = [
    "alloc", "archive", "bufio", "bytes", "cmp", "compress", "container", "context", "core", "crypto", "database",
    "debug", "embed", "encoding", "errors", "expvar", "flag", "fmt", "go", "hash", "html", "image", "index", "internal",
    "io", "iter", "log", "maps", "math", "mime", "net", "os", "path", "plugin", "reflect", "regexp", "runtime",
    "simd", "slices", "sort", "std", "strconv", "strings", "structs", "sync", "syscall", "testing", "text",
    "time", "tokio", "type", "unicode", "unique", "unsafe", "vendor", "weak",
];

/// The colour of a frame: 0 of libraries and bare addresses, otherwise by package, always the same.
pub(super) fn colour(name: &str) -> u32 {
    let package = package(name);
    let first = package.split('/').next().unwrap_or_default();
    if LIBRARIES.binary_search(&first).is_ok() || name.starts_with(['[', '<']) || name.starts_with("0x") {
        return 0;
    }
    // FNV-1a, 32 bits: the same on every machine.
    let hash = package.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    1 + (hash ^ (hash >> 15)) % COLOURS
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names of Go, Rust and C++ without the way to them, and their packages.
    #[test]
    fn names_are_shortened_to_what_tells() {
        let cases = [
            ("a.example/b/c.(*D).e", "c.(*D).e", "a.example/b/c"),
            ("a.example/b/c.(*D[go.shape.struct { x/y.Z }]).e", "c.(*D[go.shape.struct { x/y.Z }]).e", "a.example/b/c"),
            ("a.example/b/c.Map[x/y.Z]", "c.Map[x/y.Z]", "a.example/b/c"),
            ("main.main", "main.main", "main"),
            ("net/http.(*conn).serve", "http.(*conn).serve", "net/http"),
            ("<alloc::vec::Vec<T> as a/b>::push", "<alloc::vec::Vec<T> as a/b>::push", ""),
            ("core::ops::call", "core::ops::call", "core"),
            ("operator new(unsigned long)", "operator new(unsigned long)", "operator"),
            ("", "", ""),
            ("/", "", "/"),
        ];
        for (name, shown, of) in cases {
            assert_eq!((&name[short(name)..], package(name)), (shown, of), "{name}");
        }
    }

    /// Libraries are grey, and the list is in the order a binary search needs.
    #[test]
    fn libraries_are_told_from_the_program() {
        assert!(LIBRARIES.is_sorted());
        assert_eq!(["runtime.malg", "net/http.Get", "[libc] 0x1f", "core::ops::call"].map(colour), [0; 4]);
        assert!(colour("main.main") > 0 && colour("a.example/b.C") > 0);
    }
}
