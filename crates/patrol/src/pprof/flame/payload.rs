//! What the script of the page is given: the boxes as arrays, and how to write their values.

use model::profile::unit;
use serde::Serialize;

use super::fold::Boxes;
use super::frames::{Frames, colour, short};
use super::trie::{Change, Trie};

/// A kind of value, for the script.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Kind {
    /// Its place among the sample types of the profile.
    pub(super) place: usize,
    /// `inuse_space`.
    pub(super) name: String,
    /// Units it is written in: how much of the raw value each is, and its name; the smallest first.
    pub(super) units: Vec<(f64, String)>,
    /// What shares are of.
    pub(super) total: u64,
}

#[derive(Serialize)]
struct Payload<'a> {
    kinds: &'a [Kind],
    diff: bool,
    based: bool,
    names: Vec<&'a str>,
    /// Places in `files`, by name.
    file: Vec<usize>,
    files: Vec<&'a str>,
    /// UTF-16 units to leave out for the short name.
    skip: Vec<usize>,
    colour: Vec<u32>,
    depth: &'a [u32],
    /// Places in `names`; -1 of the root.
    frame: Vec<i64>,
    line: &'a [u32],
    /// By kind: what was added to the box itself, taken from it, and both of what was folded into it.
    own: Vec<[Vec<u64>; 2]>,
    rest: Vec<[Vec<u64>; 2]>,
}

/// The JSON, fit to stand in a `script` element.
pub(super) fn payload(trie: &Trie, boxes: &Boxes, frames: &Frames, kinds: &[Kind]) -> String {
    // Only frames that have a box.
    let mut used: Vec<u32> = boxes.frame.iter().flatten().copied().collect();
    used.sort_unstable();
    used.dedup();
    let place = |frame: u32| used.binary_search(&frame).unwrap_or_default();
    let mut files: Vec<&str> = used.iter().map(|f| &*frames.all[*f as usize].file).collect();
    files.sort_unstable();
    files.dedup();
    let all = || used.iter().map(|f| &frames.all[*f as usize]);
    let payload = Payload {
        kinds,
        diff: trie.diff,
        based: trie.based,
        names: all().map(|f| &*f.name).collect(),
        file: all().map(|f| files.binary_search(&&*f.file).unwrap_or_default()).collect(),
        skip: all().map(|f| f.name[..short(&f.name)].encode_utf16().count()).collect(),
        colour: all().map(|f| colour(&f.name)).collect(),
        depth: &boxes.depth,
        frame: boxes.frame.iter().map(|f| f.map_or(-1, |f| place(f) as i64)).collect(),
        line: &boxes.line,
        own: boxes.own.iter().map(|o| halves(o, trie.diff)).collect(),
        rest: boxes.rest.iter().map(|r| halves(r, trie.diff)).collect(),
        files,
    };
    // Texts and numbers always have a JSON form.
    harmless(&serde_json::to_string(&payload).unwrap_or_default())
}

/// What was added and what was taken away; nothing at all of the latter where there is no difference.
fn halves(changes: &[Change], diff: bool) -> [Vec<u64>; 2] {
    let minus = if diff { changes.iter().map(|c| c.minus).collect() } else { Vec::new() };
    [changes.iter().map(|c| c.plus).collect(), minus]
}

/// JSON in which no text can end the element it stands in; these characters stand in texts only.
fn harmless(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            c => out.push(c),
        }
    }
    out
}

/// A kind by its name and unit in the profile, written in a unit or, if that is empty, in the one that fits.
pub(super) fn kind(place: usize, name: &str, from: &str, to: &str, total: u64) -> Kind {
    Kind { place, name: name.to_string(), units: unit::steps(from, to), total }
}

impl Kind {
    /// A value in the unit that fits it, with at most two decimals.
    pub(super) fn said(&self, value: i64) -> String {
        let size = value.unsigned_abs() as f64;
        let Some((factor, name)) = self.units.iter().rev().find(|(f, _)| size >= *f).or(self.units.first()) else {
            return value.to_string();
        };
        let text = format!("{:.2}", value as f64 / factor);
        match text.strip_suffix(".00").unwrap_or(&text) {
            "0" | "-0" => "0".into(),
            number => format!("{number}{name}"),
        }
    }

    /// The share of the total.
    pub(super) fn share(&self, value: i64) -> String {
        unit::percentage(value, i64::try_from(self.total).unwrap_or(i64::MAX)).trim_start().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_its_element() {
        assert_eq!(harmless("\"</script>&\u{2028}é\""), "\"\\u003c/script\\u003e\\u0026\\u2028é\"");
    }

    #[test]
    fn values_take_the_unit_that_fits() {
        let bytes = kind(0, "inuse_space", "bytes", "", 1 << 30);
        let texts = [0, 1, -1536, 180_275_000, i64::MIN].map(|v| bytes.said(v));
        assert_eq!(texts, ["0", "1B", "-1.50kB", "171.92MB", "-8192PB"]);
        assert_eq!(bytes.share(1 << 29), "50.00%");
        assert_eq!(kind(0, "inuse_objects", "count", "", 3).said(1234), "1234");
        assert_eq!(kind(0, "cpu", "nanoseconds", "ms", 1).said(2_500_000_000), "2500ms");
    }
}
