//! Frames that a profile itself calls uninteresting: what an allocator does inside of itself.

use regex::Regex;

use crate::profile::Malformed;
use crate::profile::edit::Edit;
use crate::profile::pattern::pattern;
use crate::profile::table::Profile;

/// A name without its arguments: up to the first `(` that does not belong to `(anonymous namespace)` or `operator()`,
/// and without the dot that starts some names on PowerPC.
pub(super) fn simplified(name: &str) -> &str {
    const KEPT: [&str; 2] = ["(anonymous namespace)", "operator()"];
    let name = name.strip_prefix('.').unwrap_or(name);
    let mut from = 0;
    while let Some(bracket) = name[from..].find('(').map(|at| from + at) {
        let kept = KEPT.iter().find_map(|kept| {
            let start = bracket.checked_sub(kept.find('(')?).filter(|start| *start >= from)?;
            name.get(start..)?.starts_with(kept).then_some(start + kept.len())
        });
        match kept {
            Some(end) => from = end,
            None => return &name[..bracket],
        }
    }
    name
}

/// What a location is to the stacks it is on.
#[derive(Clone, Copy, PartialEq)]
enum Cut {
    /// Nothing to cut.
    Nowhere,
    /// What it calls, and some of its own inlined lines, go.
    Beneath,
    /// It goes itself, too.
    Whole,
}

/// Cuts off frames that match the profile's `drop_frames` and not its `keep_frames`, with all they call. Frames before
/// the first one of another kind stay, lest nothing be left. Expressions that are none are taken for not there, as the
/// reference does. An error if a sample is malformed.
pub fn uninteresting(profile: Profile) -> Result<Profile, Malformed> {
    let whole = |text| pattern(&format!("^({})$", profile.text(text)));
    let header = profile.header();
    let texts = [header.drop_frames, header.keep_frames].map(|text| !profile.text(text).is_empty());
    let (drop, keep) = match (texts, whole(header.drop_frames), whole(header.keep_frames)) {
        ([true, false], Ok(drop), _) => (drop, None),
        ([true, true], Ok(drop), Ok(keep)) => (drop, Some(keep)),
        _ => return Ok(profile),
    };
    let dropped = dropped(&profile, &drop, keep.as_ref());
    let line_dropped = |line: &crate::profile::Line| dropped[line.function as usize];
    if !dropped.contains(&true) {
        return Ok(profile);
    }
    let mut edit = Edit::new(&profile)?;
    let mut cuts = Vec::with_capacity(profile.locations().len());
    for location in profile.locations() {
        let lines = profile.lines(location);
        let (cut, kept) = match lines.iter().rposition(line_dropped) {
            None => (Cut::Nowhere, lines),
            Some(last) if last + 1 == lines.len() => (Cut::Whole, lines),
            Some(line) => (Cut::Beneath, &lines[line + 1..]),
        };
        cuts.push(cut);
        edit.location(location, kept);
    }
    let mut samples = profile.samples();
    while let Some(sample) = samples.read()? {
        let stack = &sample.locations[cut_off(sample.locations, &cuts)..];
        let ids = stack.iter().map(|place| profile.locations()[*place as usize].id);
        edit.sample(ids, sample.values, sample.labels);
    }
    edit.finish()
}

/// Which functions go.
fn dropped(profile: &Profile, drop: &Regex, keep: Option<&Regex>) -> Vec<bool> {
    let goes = |name: &str| {
        let simple = simplified(name);
        !name.is_empty() && drop.is_match(simple) && !keep.is_some_and(|keep| keep.is_match(simple))
    };
    profile.functions().iter().map(|function| goes(profile.text(function.name))).collect()
}

/// How many of the innermost locations of a stack go.
fn cut_off(stack: &[u32], cuts: &[Cut]) -> usize {
    let mut found_other = false;
    for (depth, place) in stack.iter().enumerate().rev() {
        match cuts.get(*place as usize) {
            Some(Cut::Beneath) if found_other => return depth,
            Some(Cut::Whole) if found_other => return depth + 1,
            Some(Cut::Beneath | Cut::Whole) => {}
            _ => found_other = true,
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::builder::Builder;
    use crate::profile::folded::{lines, profile, with_header};
    use crate::profile::{Header, Text};

    #[test]
    fn arguments_are_no_part_of_a_name() {
        let cases = [
            ("foo(int)", "foo"),
            (".foo", "foo"),
            ("(anonymous namespace)::foo(char*)", "(anonymous namespace)::foo"),
            ("Foo::operator()(int)", "Foo::operator()"),
            ("main.(*T).run", "main."),
            ("operator(", "operator"),
            ("", ""),
        ];
        cases.iter().for_each(|(name, simple)| assert_eq!(simplified(name), *simple));
    }

    /// `x` is the pattern of frames not to show, `y` that of exceptions; a stack of nothing else stays whole.
    #[test]
    fn uninteresting_frames_are_cut_off() {
        let header = |drop_frames, keep_frames| Header { drop_frames, keep_frames, ..Header::default() };
        let (x, y, none) = (Text::at(1), Text::at(2), Text::default());
        let stacks = ["main;x;inner 1", "main;a+x+b 2", "x;x 3", "main;x;a;x 4", "x;main;x;x 5"];
        let of = |header| lines(&uninteresting(with_header(&["n/count"], &stacks, header)).unwrap());
        assert_eq!(of(header(x, none)), ["main 1", "main;a 2", "x;x 3", "main 4", "x;main 5"]);
        assert_eq!(of(header(y, none)), stacks);
        assert_eq!(of(header(x, x)), stacks);
        assert_eq!(of(header(none, x)), stacks);
    }

    /// An expression that is none is no reason not to show a profile.
    #[test]
    fn broken_expressions_are_passed_over() {
        let mut builder = Builder::new();
        let broken = builder.text("(");
        let drop_frames = broken;
        let whole = builder.finish(&Header { drop_frames, ..Header::default() }).unwrap();
        assert_eq!(uninteresting(whole.clone()).unwrap().encoded(), whole.encoded());
        let plain = profile(&["n/count"], &["a 1"]);
        let place = plain.encoded().as_ptr();
        assert_eq!(uninteresting(plain).unwrap().encoded().as_ptr(), place);
    }
}
