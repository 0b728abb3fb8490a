//! Reads files to profiles: gzip or plain, protobuf or text, several at once.

use std::fs::File;
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use model::profile::legacy::{self, Memory};
use model::profile::suspects::{Digest, Kind, digest, kind};
use model::time::Time;
use rayon::prelude::*;
use sources::pprof::{InflateError, inflate_file};

use crate::error::{Explain, Failure, Result};
use crate::profiles::{Names, decode};

/// What a file holds.
#[derive(Debug)]
pub struct Loaded {
    /// Where it is.
    pub path: PathBuf,
    /// The snapshot, if it is one.
    pub digest: Option<Digest>,
    /// What the runtime says of its memory, if it does.
    pub memory: Option<Memory>,
    /// Whether it is text.
    pub text: bool,
    /// Whether it is meant to show all that was ever allocated: an `allocs` profile, which holds the same figures.
    pub allocations: bool,
}

/// What became of files.
#[derive(Debug, Default)]
pub struct Read {
    /// Those that hold something, in their order.
    pub loaded: Vec<Loaded>,
    /// Why others that were to hold something do not.
    pub unreadable: Vec<String>,
}

/// Reads files, in their order. `strict` fails on the first that holds nothing of use. Else what is something else is
/// left out, and what is packed like a profile and cannot be read, or is too large, is said.
pub fn load(files: &[PathBuf], limit: u64, strict: bool, progress: &ProgressBar) -> Result<Read> {
    progress.set_length(files.len() as u64);
    progress.set_message("reading");
    let read = |path: &PathBuf| {
        let one = read(path, limit);
        progress.inc(1);
        one
    };
    let all: Vec<std::result::Result<Loaded, Unread>> = files.par_iter().map(read).collect();
    let mut found = Read::default();
    for one in all {
        match one {
            Ok(loaded) => found.loaded.push(loaded),
            Err(unread) if strict => return Err(unread.failure),
            Err(unread) if unread.meant => found.unreadable.push(unread.failure.error.to_string()),
            Err(_) => {}
        }
    }
    Ok(found)
}

/// A file that was not read.
struct Unread {
    failure: Failure,
    /// Whether it looks as if it were a profile.
    meant: bool,
}

fn read(path: &Path, limit: u64) -> std::result::Result<Loaded, Unread> {
    let other = |failure| Unread { failure, meant: false };
    let shown = || format!("cannot read {}", path.display());
    let file = File::open(path).during(shown).or_hint("name files that exist and that you may read").map_err(other)?;
    if file.metadata().during(shown).map_err(other)?.is_dir() {
        let folder = format!("{} is a folder inside of a folder that was named", path.display());
        return Err(other(Failure::new(folder)));
    }
    let packed = [".gz", ".pb"].iter().any(|end| path.to_string_lossy().ends_with(end));
    let bytes = inflate_file(&file, limit).map_err(|error| {
        let (too_large, hint) = match error {
            InflateError::TooLarge { .. } => (true, Some("if it is no mistake, raise `--max-uncompressed`".into())),
            _ => (false, error.hint()),
        };
        let failure = Failure { hint, ..Failure::new(format!("{}: {error}", path.display())) };
        Unread { failure, meant: packed || too_large }
    })?;
    let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    let understood = understand(bytes, &name, None);
    let loaded = understood.map_err(|why| {
        let hint =
            "heap and goroutine profiles are wanted, as `/debug/pprof/heap` and `/debug/pprof/goroutine` give them";
        let malformed = packed && why.malformed;
        Unread { failure: Failure::new(format!("{}: {}", path.display(), why.words)).hint(hint), meant: malformed }
    })?;
    Ok(Loaded { path: path.into(), ..loaded })
}

/// Why bytes are no snapshot.
#[derive(Debug)]
pub struct Useless {
    /// In words.
    pub words: String,
    /// Whether they are no profile at all, as against one of something else.
    pub malformed: bool,
}

/// What uncompressed bytes hold. `taken_at` stands where they do not say when they were taken.
pub fn understand(bytes: Vec<u8>, name: &str, taken_at: Option<Time>) -> std::result::Result<Loaded, Useless> {
    let useless = |words: String, malformed| Useless { words, malformed };
    let memory = legacy::memory(&bytes);
    let text = memory.is_some() || std::str::from_utf8(bytes.get(..64).unwrap_or(&bytes)).is_ok_and(plain);
    let mut loaded = Loaded { path: PathBuf::new(), digest: None, memory, text, allocations: false };
    let profile = match decode(bytes, Names::Comments) {
        Ok(profile) => profile,
        // The runtime's figures alone are of use, too.
        Err(_) if loaded.memory.is_some() => return Ok(loaded),
        Err(_) if text => return Err(useless("it is no profile".into(), true)),
        Err(error) => return Err(useless(error.to_string(), true)),
    };
    loaded.allocations = profile.text(profile.header().default_sample_type).starts_with("alloc");
    if kind(&profile).is_some() {
        let collected = memory.and_then(|m| m.last_collection_nanos).map(|nanos| (nanos / 1_000_000) as Time);
        let digest = digest(&profile, name, collected.or(taken_at)).map_err(|e| useless(e.to_string(), true))?;
        loaded.digest = Some(digest);
    } else if memory.is_none() {
        let types = profile.header().sample_types.iter().map(|t| profile.text(t.kind)).collect::<Vec<_>>().join(", ");
        return Err(useless(format!("it counts {types}: neither memory in use nor goroutines"), false));
    }
    Ok(loaded)
}

/// Whether it reads as text: protobuf has control characters from its first fields on.
fn plain(start: &str) -> bool {
    !start.chars().any(|c| c.is_ascii_control() && !"\t\r\n".contains(c))
}

impl Loaded {
    /// What the snapshot counts.
    pub fn kind(&self) -> Option<Kind> {
        self.digest.as_ref().map(Digest::kind)
    }
}
