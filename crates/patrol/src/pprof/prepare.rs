//! Files and addresses brought together into the profiles of a report: read, made compatible, merged, filtered.

use std::fs::File;
use std::io::Read;

use model::profile::filter::{self, Filters};
use model::profile::graph::{self, Measure, Part};
use model::profile::{Profile, compatible, difference, merge, normalized};
use rayon::prelude::*;
use sources::pprof::{InflateError, inflate_file};

use super::Trouble;
use super::fetch::{fetch, is_address};
use super::options::Options;
use super::view::About;
use crate::profiles::{Names, decode};

/// What a report is made of.
pub struct Prepared {
    /// The profiles, and whether each is subtracted.
    pub profiles: Vec<(Profile, bool)>,
    /// What is said of them as a whole.
    pub about: About,
    /// The total, where it was taken before filters.
    pub total: Option<i64>,
}

/// Reads everything that was named and prepares it for the report. The order is that of the reference: merge, drop
/// uninteresting frames, labels as frames, total, filters (before the total where shares are relative).
pub fn prepare(options: &Options, note: &mut dyn FnMut(&str)) -> Result<Prepared, Trouble> {
    for address in options.sources.iter().chain(&options.base).filter(|name| is_address(name)) {
        note(&format!("Fetching profile over HTTP from {address}"));
    }
    // `pprof BINARY PROFILE`, as of old: names come from the profile, so that the program is not needed.
    let program = options.sources.len() > 1 && is_program(&options.sources[0]);
    let sources = &options.sources[usize::from(program)..];
    let mut read = read_all(&[sources, &options.base[..]].concat(), options);
    let bases = read.split_off(sources.len());
    let sources = readable(read, "source", note)?;
    let bases = if options.base.is_empty() { Vec::new() } else { readable(bases, "base", note)? };
    if apart(options, &sources, &bases)? {
        let about = About::of(sources.iter().chain(&bases));
        let profiles = sources.into_iter().map(|p| (p, false)).chain(bases.into_iter().map(|p| (p, true))).collect();
        return Ok(Prepared { profiles, about, total: None });
    }
    let mut profile = one(options, sources, bases)?;
    if !options.all_frames {
        profile = filter::uninteresting(profile)?;
    }
    let (mut profile, said) = filter::label_frames(profile, &options.tagroot, &options.tagleaf, &options.unit)?;
    said.iter().for_each(|n| note(n));
    if options.relative_percentages {
        profile = filtered(profile, options, note)?;
    }
    let mut about = About::of(std::iter::once(&profile));
    about.comments.extend(Some(options.add_comment.clone()).filter(|c| !c.is_empty()));
    let mut total = None;
    if !options.relative_percentages && options.filters != Filters::default() {
        let measure = Measure { index: about.index(&options.sample_index)?, divisor: options.mean.then_some(0) };
        total = Some(graph::totals(&[Part { profile: &profile, base: false }], measure)?.total());
        profile = filtered(profile, options, note)?;
    }
    Ok(Prepared { profiles: vec![(profile, false)], about, total })
}

fn read_all(names: &[String], options: &Options) -> Vec<Result<Profile, Trouble>> {
    match names {
        [one] => vec![read(one, options)],
        many => many.par_iter().map(|name| read(name, options)).collect(),
    }
}

/// Those that could be read. The others are named; the report is made without them, as the reference does.
fn readable(
    read: Vec<Result<Profile, Trouble>>,
    what: &str,
    note: &mut dyn FnMut(&str),
) -> Result<Vec<Profile>, Trouble> {
    let (all, mut found, mut hint) = (read.len(), Vec::new(), None);
    for profile in read {
        match profile {
            Ok(profile) => found.push(profile),
            // With nothing else to say, the one reason is the error.
            Err(trouble) if all == 1 => return Err(trouble),
            Err(trouble) => {
                note(&trouble.words);
                hint = hint.or(trouble.hint);
            }
        }
    }
    match found.len() {
        0 => Err(Trouble { words: format!("failed to fetch any {what} profiles"), hint }),
        some => {
            if some < all {
                note(&format!("Fetched {some} {what} profiles out of {all}"));
            }
            Ok(found)
        }
    }
}

/// Whether a file is a program or library (ELF).
fn is_program(path: &str) -> bool {
    let mut start = [0; 4];
    File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == *b"\x7fELF"
}

/// Reads a profile from a file or an address.
fn read(name: &str, options: &Options) -> Result<Profile, Trouble> {
    let named = |words: String, hint: Option<String>| Trouble { words: format!("{name}: {words}"), hint };
    let bytes = if is_address(name) { fetch(name, options)? } else { unpacked(name, options.max_uncompressed)? };
    decode(bytes, Names::None).map_err(|e| named(format!("parsing profile: {e}"), None))
}

/// The uncompressed bytes of a file.
fn unpacked(path: &str, limit: u64) -> Result<Vec<u8>, Trouble> {
    let named = |words: String, hint: Option<String>| Trouble { words: format!("{path}: {words}"), hint };
    let file = File::open(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => named(format!("stat {path}: no such file or directory"), None),
        _ => named(e.to_string(), None),
    })?;
    inflate_file(&file, limit).map_err(|e| match e {
        InflateError::TooLarge { .. } => {
            named(e.to_string(), Some("if it is no mistake, raise `-max_uncompressed`".to_string()))
        }
        _ => named(e.to_string(), e.hint()),
    })
}

/// Whether the samples may stay where they are: the call graph is a sum over samples, so that merging them first
/// changes nothing, unless frames or labels are to be changed, or the sizes of sums differ from the sums of sizes.
fn apart(options: &Options, sources: &[Profile], bases: &[Profile]) -> Result<bool, Trouble> {
    let all = || sources.iter().chain(bases);
    let plain = options.report.is_graph()
        && !options.normalize
        && options.add_comment.is_empty()
        && options.tagroot.is_empty()
        && options.tagleaf.is_empty()
        && options.filters == Filters::default()
        && (options.all_frames || all().all(|p| p.text(p.header().drop_frames).is_empty()));
    if !plain || sources.len() + bases.len() == 1 {
        return Ok(plain);
    }
    if !options.base.is_empty() && !options.diff {
        return Ok(false);
    }
    let kinds = |p: &Profile| {
        let of = |t: &model::profile::ValueType| (p.text(t.kind).to_string(), p.text(t.unit).to_string());
        (p.header().sample_types.iter().map(of).collect::<Vec<_>>(), of(&p.header().period_type))
    };
    if all().any(|p| kinds(p) != kinds(&sources[0])) {
        return Ok(false);
    }
    let index = About::of(all()).index(&options.sample_index)?;
    let measure = Measure { index, divisor: None };
    let profiles: Vec<&Profile> = all().collect();
    let totals: Result<Vec<_>, _> =
        profiles.into_par_iter().map(|profile| graph::totals(&[Part { profile, base: false }], measure)).collect();
    Ok(totals?.iter().all(|t| !t.negative()))
}

/// All of them in one, the base subtracted.
fn one(options: &Options, sources: Vec<Profile>, bases: Vec<Profile>) -> Result<Profile, Trouble> {
    let source = combined(sources).map_err(|e| e.during("problem fetching source profiles"))?;
    if bases.is_empty() {
        return Ok(source);
    }
    let base = combined(bases).map_err(|e| e.during("problem fetching base profiles"))?;
    let source = if options.normalize { normalized(source, &base)? } else { source };
    difference(source, base, options.diff).map_err(|e| Trouble::new(e.to_string()))
}

fn combined(mut profiles: Vec<Profile>) -> Result<Profile, Trouble> {
    compatible(&mut profiles).map_err(|e| Trouble::new(e.to_string()))?;
    match profiles.len() {
        1 => Ok(profiles.swap_remove(0)),
        _ => merge(profiles).map_err(|e| Trouble::new(e.to_string())),
    }
}

fn filtered(profile: Profile, options: &Options, note: &mut dyn FnMut(&str)) -> Result<Profile, Trouble> {
    let (profile, said) = filter::apply(profile, &options.filters).map_err(|e| Trouble::new(e.to_string()))?;
    said.iter().for_each(|n| note(n));
    Ok(profile)
}
