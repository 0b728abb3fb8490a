//! Which files are snapshots of one story: those named, and the largest family of each kind in a folder.

use std::cmp::{Ordering, Reverse};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use model::profile::suspects::Kind;

use super::Material;
use super::load::{Loaded, Read, load};
use crate::error::{Explain, Failure, Result};

/// Files of a folder that are looked at.
const MOST_FILES: usize = 10_000;

/// What to read.
#[derive(Debug, Default)]
pub struct Wanted<'a> {
    /// Files and folders.
    pub places: &'a [PathBuf],
    /// Goroutine profiles.
    pub goroutines: &'a [PathBuf],
    /// Texts that end with the runtime's figures.
    pub memory: &'a [PathBuf],
    /// Bytes of a profile at most, once uncompressed.
    pub limit: u64,
}

/// Reads what was named. Of a folder it takes heap profiles, goroutine profiles and texts by what they hold.
pub fn material(wanted: &Wanted<'_>, progress: &ProgressBar) -> Result<Material> {
    let mut files: Vec<PathBuf> = Vec::new();
    let (mut loaded, mut notes, mut unreadable) = (Vec::new(), Vec::new(), Vec::new());
    for place in wanted.places {
        let about = fs::metadata(place)
            .during(|| format!("cannot read {}", place.display()))
            .or_hint("name heap profiles, or a folder of them")?;
        if !about.is_dir() {
            files.push(place.clone());
            continue;
        }
        let inside = inside(place)?;
        let Read { loaded: found, unreadable: lost } = load(&inside, wanted.limit, false, progress)?;
        unreadable.extend(lost);
        if found.iter().all(|one| one.digest.is_none()) {
            return Err(Failure::new(format!(
                "{} has no heap profile among its {} files",
                place.display(),
                inside.len()
            ))
            .hint("name a folder with files of `/debug/pprof/heap`"));
        }
        loaded.extend(chosen(found, &mut notes));
    }
    files.sort_by(|a, b| natural(&a.to_string_lossy(), &b.to_string_lossy()));
    let more = files.iter().chain(wanted.goroutines).chain(wanted.memory).cloned().collect::<Vec<_>>();
    loaded.extend(load(&more, wanted.limit, true, progress)?.loaded);
    progress.finish_and_clear();
    Ok(Material { unreadable, ..put_together(loaded, notes) })
}

/// The files of a folder, in the order people count in.
fn inside(folder: &Path) -> Result<Vec<PathBuf>> {
    let cannot = || format!("cannot list {}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).during(cannot)?.take(MOST_FILES) {
        let path = entry.during(cannot)?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort_by(|a, b| natural(&a.to_string_lossy(), &b.to_string_lossy()));
    Ok(files)
}

/// Of the profiles in a folder the largest family of each kind: files whose names differ in figures only. Profiles of
/// heaps go before those of allocations, and protobuf before text. Figures of the runtime are taken of all.
fn chosen(found: Vec<Loaded>, notes: &mut Vec<String>) -> Vec<Loaded> {
    let mut takes: Vec<String> = Vec::new();
    for kind in [Kind::Heap, Kind::Goroutine] {
        let mut families: BTreeMap<String, Vec<&Loaded>> = BTreeMap::new();
        for one in found.iter().filter(|one| one.kind() == Some(kind)) {
            families.entry(family(one)).or_default().push(one);
        }
        let plain = |all: &[&Loaded]| all.iter().all(|one| !one.allocations && !one.text);
        let rank = |(family, all): &(&String, &Vec<&Loaded>)| {
            (plain(all) && all.len() > 1, all.len(), Reverse(family.len()), Reverse(family.to_string()))
        };
        let best = families.iter().max_by_key(rank);
        // Names that differ in letters, `before` and `after`, are as good when nothing is numbered.
        let single = best.is_some_and(|(_, all)| all.len() == 1);
        let best = best.map(|(family, _)| family.clone());
        let takes_it = |family: &String, all: &[&Loaded]| Some(family) == best.as_ref() || single && plain(all);
        let (taken, left): (Vec<_>, Vec<_>) = families.into_iter().partition(|(family, all)| takes_it(family, all));
        takes.extend(taken.into_iter().map(|(family, _)| family));
        let left: Vec<String> = left.iter().map(|(family, all)| format!("{family} ({})", all.len())).collect();
        if !left.is_empty() && kind == Kind::Heap {
            notes.push(format!("in the folder, but not looked at: {}; name files to choose others", left.join(", ")));
        }
    }
    let only_taken = |mut one: Loaded| {
        if !takes.contains(&family(&one)) {
            one.digest = None;
        }
        (one.digest.is_some() || one.memory.is_some()).then_some(one)
    };
    found.into_iter().filter_map(only_taken).collect()
}

/// The name of a file without its figures: `heap.#.pb.gz`.
fn family(one: &Loaded) -> String {
    let name = one.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut family = String::new();
    for c in name.chars() {
        match c {
            c if !c.is_ascii_digit() => family.push(c),
            _ if family.ends_with('#') => {}
            _ => family.push('#'),
        }
    }
    family
}

fn put_together(loaded: Vec<Loaded>, notes: Vec<String>) -> Material {
    let names: Vec<String> =
        loaded.iter().filter(|l| l.digest.is_some()).map(|l| l.path.display().to_string()).collect();
    // A text beside protobuf profiles shows the same state a second time.
    let enough = loaded.iter().filter(|l| !l.text && l.kind() == Some(Kind::Heap)).count() >= 2;
    let mut material = Material { source: "files".into(), notes, ..Material::default() };
    material.asked = match &names[..] {
        [] => "no profile".into(),
        [only] => only.clone(),
        [first, .., last] => format!("{first} to {last}, {} files", names.len()),
    };
    let mut memory = Vec::new();
    for one in loaded {
        memory.extend(one.memory);
        let twice = one.text && enough && one.kind() == Some(Kind::Heap);
        material.digests.extend(one.digest.filter(|_| !twice));
    }
    memory.sort_by_key(|m| m.last_collection_nanos);
    material.memory = memory;
    material
}

/// Compares names as people count: `heap.9` before `heap.10`.
pub fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let (x, y) = (a.find(|c: char| c.is_ascii_digit()), b.find(|c: char| c.is_ascii_digit()));
        let (x, y) = (x.unwrap_or(a.len()), y.unwrap_or(b.len()));
        let words = a[..x].cmp(&b[..y]);
        if words != Ordering::Equal || x == a.len() || y == b.len() {
            return words.then(a.len().cmp(&b.len()));
        }
        let end = |text: &str, from: usize| {
            text[from..].find(|c: char| !c.is_ascii_digit()).map_or(text.len(), |length| from + length)
        };
        let (of_a, of_b) = (a[x..end(a, x)].trim_start_matches('0'), b[y..end(b, y)].trim_start_matches('0'));
        let figures = of_a.len().cmp(&of_b.len()).then(of_a.cmp(of_b));
        if figures != Ordering::Equal {
            return figures;
        }
        (a, b) = (&a[end(a, x)..], &b[end(b, y)..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_in_names_are_counted_and_not_spelled() {
        let mut names = vec!["heap.10.pb", "heap.9.pb", "heap.pb", "allocs.1.pb", "heap.09.pb.gz"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["allocs.1.pb", "heap.9.pb", "heap.09.pb.gz", "heap.10.pb", "heap.pb"]);
    }
}
