//! The map of the memory behind the samples: which binary an address lies in.
//!
//! Lines are those of `/proc/PID/maps` (proc_pid_maps(5)) or shorter: `0x40000-0x80000 /bin/server (@ff00) build-id`.
//! A line `build=/path` says what `$build` stands for in the lines behind it.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::bytes::{Captures, Regex};

use super::Draft;
use super::lines::{LONGEST, Lines, opens_map};
use crate::profile::Malformed;

/// More names for parts of lines than any server writes.
const ATTRIBUTES: usize = 256;

/// Addresses times mappings: what is compared to find the mappings of all addresses.
const COMPARISONS: usize = 1 << 30;

/// Part of the memory into which a file is mapped to be run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Region<'a> {
    pub(super) start: u64,
    pub(super) limit: u64,
    pub(super) offset: u64,
    pub(super) file: Cow<'a, [u8]>,
    pub(super) build_id: Cow<'a, [u8]>,
}

/// Reads the map, which begins behind the line that says so; without one, there is none.
pub(super) fn read_behind<'a>(lines: &mut Lines<'a>, draft: &mut Draft<'a>) -> Result<(), Malformed> {
    while !opens_map(lines.line()) && lines.step()? {}
    draft.regions = read(lines)?;
    Ok(())
}

/// Reads the map to its end, joins what was split, and puts the program itself first.
pub(super) fn read<'a>(lines: &mut Lines<'a>) -> Result<Vec<Region<'a>>, Malformed> {
    let mut attributes: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    let mut regions: Vec<Region<'a>> = Vec::new();
    while lines.step()? {
        let line = expanded(without_log(lines.line()), &attributes)?;
        match entry(&line) {
            Some(Entry::Region { start, limit, offset, file, build_id }) => {
                let owned = |part: std::ops::Range<usize>| match &line {
                    Cow::Borrowed(line) => Cow::Borrowed(&line[part]),
                    Cow::Owned(line) => Cow::Owned(line[part].to_vec()),
                };
                let region = Region { start, limit, offset, file: owned(file), build_id: owned(build_id) };
                join(&mut regions, region);
            }
            Some(Entry::NotRun) => {}
            None => {
                let Some(equals) = line.iter().position(|b| *b == b'=') else { continue };
                if attributes.len() == ATTRIBUTES {
                    return Err(Malformed::new(format!("its memory map has over {ATTRIBUTES} attributes")));
                }
                let name = [b"$", line[..equals].trim_ascii()].concat();
                attributes.push((name, line[equals + 1..].trim_ascii().to_vec()));
            }
        }
    }
    if let Some(program) = regions.iter().position(is_program) {
        regions.swap(0, program);
    }
    Ok(regions)
}

/// A line without what a logger wrote in front of it: `I0102 15:04:05.000000 12 server.cc:30] `.
fn without_log(line: &[u8]) -> &[u8] {
    let Some(bracket) = line.iter().position(|b| matches!(b, b'[' | b']')).filter(|at| line[*at] == b']') else {
        return line;
    };
    let before = &line[..bracket];
    let digits = before.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let file = &before[..bracket - digits];
    match line.get(bracket + 1) {
        Some(space) if digits > 0 && file.len() > 1 && file.ends_with(b":") && space.is_ascii_whitespace() => {
            &line[bracket + 2..]
        }
        _ => line,
    }
}

/// A line with attributes in place of their names; the name given first wins. What an attribute stands for is not
/// looked at again, but is itself a line that was expanded, so the length is watched.
fn expanded<'a>(line: &'a [u8], attributes: &[(Vec<u8>, Vec<u8>)]) -> Result<Cow<'a, [u8]>, Malformed> {
    if attributes.is_empty() || !line.contains(&b'$') {
        return Ok(Cow::Borrowed(line));
    }
    let (mut out, mut rest) = (Vec::with_capacity(line.len()), line);
    while let [first, behind @ ..] = rest {
        let found = attributes.iter().filter(|_| *first == b'$').find(|(name, _)| rest.starts_with(name));
        match found {
            Some((name, value)) => {
                out.extend_from_slice(value);
                rest = &rest[name.len()..];
            }
            None => {
                out.push(*first);
                rest = behind;
            }
        }
        if out.len() > LONGEST {
            return Err(Malformed::new("a line of its memory map expands to more than 64 KiB"));
        }
    }
    Ok(Cow::Owned(out))
}

/// What a line of the map says; file and build id are places in the line.
enum Entry {
    Region {
        start: u64,
        limit: u64,
        offset: u64,
        file: std::ops::Range<usize>,
        build_id: std::ops::Range<usize>,
    },
    /// The region holds no code.
    NotRun,
}

/// Reads a line; nothing if it is no entry.
fn entry(line: &[u8]) -> Option<Entry> {
    static PROC: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let range = r"\s*(?:0x)?([[:xdigit:]]+)[\s-]?\s*(?:0x)?([[:xdigit:]]+):?(?:\s+([-rwxp]+))?";
        let rest = r"(?:\s+([[:xdigit:]]+))?\s+[[:xdigit:]]+:[[:xdigit:]]+\s+[0-9]+(?:\s+(\S+))?";
        Regex::new(&format!("(?-u)^{range}{rest}")).ok()
    });
    static BRIEF: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let range = r"\s*(?:0x)?([[:xdigit:]]+)[\s-]?\s*(?:0x)?([[:xdigit:]]+):?(?:\s+([-rwxp]+))?";
        let rest = r"(?:\s+(\S+))?(?:\s+\(@([[:xdigit:]]+)\))?(?:\s+([[:xdigit:]]+))?";
        Regex::new(&format!("(?-u)^{range}{rest}")).ok()
    });
    if let Some(found) = PROC.as_ref().and_then(|r| r.captures(line)) {
        return region(&found, 4, 5, None);
    }
    let found = BRIEF.as_ref().and_then(|r| r.captures(line))?;
    region(&found, 5, 4, Some(6))
}

/// What was found, with the places of offset, file and build id.
fn region(found: &Captures<'_>, offset: usize, file: usize, build_id: Option<usize>) -> Option<Entry> {
    let text = |place| found.get(place).map_or(&b""[..], |m| m.as_bytes());
    let number = |place| u64::from_str_radix(std::str::from_utf8(text(place)).ok()?, 16).ok();
    let part = |place: usize| found.get(place).map_or(0..0, |m| m.range());
    if !text(3).is_empty() && !text(3).contains(&b'x') {
        return Some(Entry::NotRun);
    }
    let offset = if text(offset).is_empty() { 0 } else { number(offset)? };
    let build_id = build_id.map_or(0..0, part);
    Some(Entry::Region { start: number(1)?, limit: number(2)?, offset, file: part(file), build_id })
}

/// Adds a region, or makes the last one longer if it is another piece of the same file.
fn join<'a>(regions: &mut Vec<Region<'a>>, next: Region<'a>) {
    let same = |one: &[u8], other: &[u8]| one.is_empty() || other.is_empty() || one == other;
    match regions.last_mut() {
        Some(last)
            if same(&last.file, &next.file)
                && same(&last.build_id, &next.build_id)
                && last.limit == next.start
                && (last.offset == 0
                    || next.offset == 0
                    || last.offset.wrapping_add(last.limit.wrapping_sub(last.start)) == next.offset) =>
        {
            last.limit = next.limit;
            if !next.file.is_empty() {
                last.file = next.file;
            }
            if !next.build_id.is_empty() {
                last.build_id = next.build_id;
            }
        }
        _ => regions.push(next),
    }
}

/// Whether a region looks like the program itself: it has a name, and not one of a library or of the kernel's.
fn is_program(region: &Region<'_>) -> bool {
    static LIBRARY: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?-u)[.]so$|[.]so[._][0-9]+").ok());
    let file = String::from_utf8_lossy(&region.file).replace("(deleted)", "");
    let file = file.trim();
    !file.is_empty() && !file.starts_with('[') && !LIBRARY.as_ref().is_some_and(|r| r.is_match(file.as_bytes()))
}

/// The mapping of each address, counted from 1, and 0 for none. Mends what servers are known to say wrongly, and adds
/// a region for all that lies in none.
pub(super) fn assign(regions: &mut Vec<Region<'_>>, addresses: &[u64]) -> Result<Vec<u64>, Malformed> {
    if regions.len().saturating_mul(addresses.len()) > COMPARISONS {
        return Err(Malformed::new("it has too many mappings"));
    }
    // Code moved to huge pages hides the file it came from.
    if let [first, second, ..] = &regions[..]
        && first.file.starts_with(b"/anon_hugepage")
        && first.limit == second.start
    {
        regions.remove(0);
    }
    // Where the linkers of Linux put the first page of a program.
    const PROGRAM: u64 = 0x40_0000;
    if let Some(first) = regions.first_mut()
        && first.start.wrapping_sub(first.offset) == PROGRAM
    {
        first.start = PROGRAM;
        first.offset = 0;
    }
    let mut rest = None;
    Ok(addresses.iter().map(|address| if *address == 0 { 0 } else { place(*address, regions, &mut rest) }).collect())
}

/// The mapping of an address, counted from 1; `rest` is the region of all that lies in none.
fn place(address: u64, regions: &mut Vec<Region<'_>>, rest: &mut Option<u64>) -> u64 {
    if let Some(place) = regions.iter().position(|r| r.start <= address && address < r.limit) {
        return place as u64 + 1;
    }
    // The first piece of a file that was mapped in two may be missing.
    let missing = |r: &Region<'_>| r.offset != 0 && r.start.wrapping_sub(r.offset) <= address && address < r.start;
    if let Some(place) = regions.iter().position(missing) {
        let region = &mut regions[place];
        region.start = region.start.wrapping_sub(region.offset);
        region.offset = 0;
        return place as u64 + 1;
    }
    *rest.get_or_insert_with(|| {
        regions.push(Region { limit: u64::MAX, ..Region::default() });
        regions.len() as u64
    })
}
