//! Filters by name: which frames match, and what becomes of locations and stacks.

use regex::Regex;

use super::prune::simplified;
use crate::profile::Malformed;
use crate::profile::edit::Edit;
use crate::profile::table::{Line, Location, Profile};

/// Patterns of names of functions, files and binaries; that of `prune_from` of functions only.
pub(super) struct NamePatterns {
    pub(super) focus: Option<Regex>,
    pub(super) ignore: Option<Regex>,
    pub(super) hide: Option<Regex>,
    pub(super) show: Option<Regex>,
    pub(super) show_from: Option<Regex>,
    pub(super) prune_from: Option<Regex>,
}

/// What has matched anything.
#[derive(Default)]
pub(super) struct Found {
    pub(super) focus: bool,
    pub(super) ignore: bool,
    pub(super) hide: bool,
    pub(super) show: bool,
    pub(super) show_from: bool,
}

/// What the patterns say of each location.
pub(super) struct Chosen {
    places: Vec<Place>,
    /// Whether samples are chosen by name at all.
    by_name: bool,
    by_root: bool,
    by_leaf: bool,
    pub(super) found: Found,
}

#[derive(Clone, Copy, Default)]
struct Place {
    focused: bool,
    ignored: bool,
    hidden: bool,
    root: bool,
    leaf: bool,
}

impl Chosen {
    /// Takes hidden frames and those outside of the root out of a stack, and tells whether its sample is kept.
    pub(super) fn cut(&self, stack: &mut Vec<u32>) -> bool {
        let place = |at: &u32| self.places.get(*at as usize).copied().unwrap_or_default();
        if self.by_name {
            let wanted = stack.iter().any(|at| place(at).focused) && !stack.iter().any(|at| place(at).ignored);
            stack.retain(|at| !place(at).hidden);
            if !wanted || stack.is_empty() {
                return false;
            }
        }
        if self.by_root {
            let Some(root) = stack.iter().rposition(|at| place(at).root) else { return false };
            stack.truncate(root + 1);
        }
        true
    }

    /// Cuts off what the innermost leaf calls.
    pub(super) fn prune(&self, stack: &mut Vec<u32>) {
        if self.by_leaf {
            let leaf = stack.iter().position(|at| self.places.get(*at as usize).is_some_and(|place| place.leaf));
            stack.drain(..leaf.unwrap_or(0));
        }
    }
}

/// Functions and binaries that match a pattern.
struct Matched {
    functions: Vec<bool>,
    mappings: Vec<bool>,
}

impl Matched {
    fn of(profile: &Profile, pattern: &Regex) -> Matched {
        let is_match = |text| pattern.is_match(profile.text(text));
        let functions = profile.functions().iter().map(|f| is_match(f.name) || is_match(f.file));
        let mappings = profile.mappings().iter().map(|m| is_match(m.file));
        Matched { functions: functions.collect(), mappings: mappings.collect() }
    }

    fn line(&self, line: &Line) -> bool {
        self.functions[line.function as usize]
    }

    fn mapping(&self, location: &Location) -> bool {
        location.mapping().is_some_and(|mapping| self.mappings[mapping])
    }

    fn any(&self, location: &Location, lines: &[Line]) -> bool {
        lines.iter().any(|line| self.line(line)) || self.mapping(location)
    }
}

/// Functions whose name, made simple, matches.
fn leaves(profile: &Profile, pattern: &Regex) -> Vec<bool> {
    let name = |f: &crate::profile::Function| profile.text(f.name);
    profile.functions().iter().map(|f| !name(f).is_empty() && pattern.is_match(simplified(name(f)))).collect()
}

/// Writes the locations without the lines that are cut out, and tells what the patterns say of each.
pub(super) fn choose(profile: &Profile, patterns: &NamePatterns, edit: &mut Edit<'_>) -> Result<Chosen, Malformed> {
    let NamePatterns { focus, ignore, hide, show, show_from, prune_from } = patterns;
    let matched = |pattern: &Option<Regex>| pattern.as_ref().map(|pattern| Matched::of(profile, pattern));
    let [focus, ignore, hide, show, show_from] = [focus, ignore, hide, show, show_from].map(matched);
    let leaves = prune_from.as_ref().map(|pattern| leaves(profile, pattern));
    let by_name = focus.is_some() || ignore.is_some() || hide.is_some() || show.is_some();
    let cuts = hide.is_some() || show.is_some() || show_from.is_some() || leaves.is_some();
    let mut chosen = Chosen {
        places: vec![Place::default(); profile.locations().len()],
        by_name,
        by_root: show_from.is_some(),
        by_leaf: leaves.is_some(),
        found: Found { focus: !by_name, ..Found::default() },
    };
    if !cuts {
        edit.copy_locations()?;
    }
    let mut lines = Vec::new();
    for (location, place) in profile.locations().iter().zip(&mut chosen.places) {
        lines.clear();
        lines.extend_from_slice(profile.lines(location));
        let found = &mut chosen.found;
        if ignore.as_ref().is_some_and(|ignore| ignore.any(location, &lines)) {
            place.ignored = true;
            found.ignore = true;
        } else if focus.as_ref().is_none_or(|focus| focus.any(location, &lines)) {
            place.focused = true;
            found.focus = true;
        }
        if let Some(hide) = hide.as_ref().filter(|hide| hide.any(location, &lines)) {
            lines.retain(|line| !hide.mapping(location) && !hide.line(line));
            place.hidden = lines.is_empty();
            found.hide = true;
        }
        if let Some(show) = &show {
            lines.retain(|line| show.mapping(location) || show.line(line));
            place.hidden |= lines.is_empty();
            found.show |= !lines.is_empty();
        }
        if let Some(root) = &show_from {
            let outermost = lines.iter().rposition(|line| root.line(line));
            place.root = root.mapping(location) || outermost.is_some();
            found.show_from |= place.root;
            if !root.mapping(location) {
                lines.truncate(outermost.map_or(lines.len(), |line| line + 1));
            }
        }
        if let Some(leaves) = &leaves {
            let innermost = lines.iter().position(|line| leaves[line.function as usize]);
            place.leaf = innermost.is_some();
            lines.drain(..innermost.unwrap_or(0));
        }
        if cuts {
            edit.location(location, &lines);
        }
    }
    Ok(chosen)
}
