//! All goroutines one by one: what `debug=2` and a crash print. It says what each waits for, how long, and who
//! started it, which no profile does.
//!
//! `goroutine 7 [chan receive, 5 minutes]:`, then two lines per frame, the function with its arguments and its file
//! and line, and `created by` as the last (`goroutineheader` and `traceback` in Go's `runtime/traceback.go`).

use super::lines::{Cursor, Lines};
use crate::profile::{Malformed, Map};

/// Goroutines that wait at the same place for the same reason and were started at the same place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoroutineStack {
    /// Calls, innermost first.
    pub frames: Vec<DumpFrame>,
    /// What it waits for (`chan receive`) or does (`running`).
    pub wait: String,
    /// Where the `go` statement was; none for the first goroutine.
    pub creator: Option<DumpFrame>,
    /// How many goroutines.
    pub count: u64,
    /// The longest that any of them waits, minutes; 0 where less than one, or not said.
    pub longest_minutes: u64,
}

/// A call in a goroutine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DumpFrame {
    /// Function.
    pub function: String,
    /// Source file.
    pub file: String,
    /// Line; 0 where not said.
    pub line: i64,
}

/// A frame in the text that is read.
type Place<'a> = (&'a [u8], &'a [u8], i64);

/// A goroutine in the text that is read.
#[derive(Default)]
struct One<'a> {
    minutes: u64,
    key: Key<'a>,
    /// Whether the last function was that of `created by`.
    of_creator: bool,
}

/// What goroutines are counted by.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
struct Key<'a> {
    wait: &'a [u8],
    frames: Vec<Place<'a>>,
    creator: Option<Place<'a>>,
}

/// Reads a dump, goroutines with equal stacks counted together, the most frequent first; nothing if it is none.
pub fn goroutine_dump(bytes: &[u8]) -> Result<Option<Vec<GoroutineStack>>, Malformed> {
    let mut lines = Lines::new(bytes);
    let mut groups: Map<Key<'_>, (usize, u64, u64)> = Map::default();
    let mut current: Option<One<'_>> = None;
    let mut any = false;
    loop {
        let more = lines.step()?;
        let line = lines.line();
        let opened = head(line);
        if (!more || line.is_empty() || opened.is_some())
            && let Some(done) = current.take()
        {
            let order = groups.len();
            let group = groups.entry(done.key).or_insert((order, 0, 0));
            group.1 += 1;
            group.2 = group.2.max(done.minutes);
        }
        match (opened, &mut current) {
            (Some(opened), _) => {
                any = true;
                current = Some(opened);
            }
            (None, Some(current)) => current.take(line),
            (None, None) => {}
        }
        if !more {
            break;
        }
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, (order, count, _))| (std::cmp::Reverse(*count), *order));
    Ok(any.then(|| groups.into_iter().map(|(key, (_, count, minutes))| stack(key, count, minutes)).collect()))
}

/// The first line of a goroutine: `goroutine 7 [chan receive, 5 minutes, locked to thread]:`.
fn head(line: &[u8]) -> Option<One<'_>> {
    let mut cursor = Cursor(line);
    cursor.word(b"goroutine ")?;
    cursor.digits()?;
    let open = cursor.0.iter().position(|b| *b == b'[')?;
    let inside = &cursor.0[open + 1..];
    let close = inside.iter().position(|b| *b == b']').filter(|_| line.ends_with(b":"))?;
    let mut parts = inside[..close].split(|b| *b == b',').map(<[u8]>::trim_ascii);
    let key = Key { wait: parts.next()?, ..Key::default() };
    let minutes = parts.find_map(|part| std::str::from_utf8(part.strip_suffix(b" minutes")?).ok()?.parse().ok());
    Some(One { minutes: minutes.unwrap_or(0), key, of_creator: false })
}

impl<'a> One<'a> {
    /// Reads a line: a function, or the file and line of the function before it.
    fn take(&mut self, line: &'a [u8]) {
        if let Some(place) = line.strip_prefix(b"\t") {
            let last = if self.of_creator { self.key.creator.as_mut() } else { self.key.frames.last_mut() };
            if let (Some(last), Some((file, line))) = (last, file_and_line(place)) {
                (last.1, last.2) = (file, line);
            }
        } else if let Some(creator) = line.strip_prefix(b"created by ") {
            const BY: &[u8] = b" in goroutine ";
            let end = creator.windows(BY.len()).position(|part| part == BY).unwrap_or(creator.len());
            self.key.creator = Some((&creator[..end], b"", 0));
            self.of_creator = true;
        } else if let Some(arguments) = line.iter().rposition(|b| *b == b'(').filter(|_| line.ends_with(b")")) {
            self.key.frames.push((&line[..arguments], b"", 0));
            self.of_creator = false;
        }
    }
}

/// The file and the line of `/src/main.go:12 +0x45`.
fn file_and_line(place: &[u8]) -> Option<(&[u8], i64)> {
    let mut from = place.len();
    loop {
        // A path may have colons and spaces in it; the line is the last number behind a colon.
        let colon = place[..from].iter().rposition(|b| *b == b':')?;
        let digits = Cursor(&place[colon + 1..]).digits().unwrap_or_default();
        let ends = matches!(place.get(colon + 1 + digits.len()), None | Some(b' '));
        match std::str::from_utf8(digits).ok().filter(|_| ends).and_then(|d| d.parse().ok()) {
            Some(line) => return Some((&place[..colon], line)),
            None => from = colon,
        }
    }
}

fn stack(key: Key<'_>, count: u64, longest_minutes: u64) -> GoroutineStack {
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let frame = |(function, file, line): Place<'_>| DumpFrame { function: lossy(function), file: lossy(file), line };
    GoroutineStack {
        frames: key.frames.into_iter().map(frame).collect(),
        wait: lossy(key.wait),
        creator: key.creator.map(frame),
        count,
        longest_minutes,
    }
}
