//! Reads files to profiles: gzip or plain, protobuf or text, several at once.

use std::fs::File;
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use model::profile::legacy::{self, Memory};
use model::profile::suspects::{Digest, Kind, digest, kind};
use model::profile::{Malformed, Profile};
use model::time::Time;
use rayon::prelude::*;

use crate::error::{Explain, Failure, Result};

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

/// Bytes of a profile at most, once uncompressed.
pub const MOST: u64 = sources::pprof::MOST_UNCOMPRESSED;

/// Reads files, in their order. `strict` fails on the first that holds nothing of use; else these are left out.
pub fn load(files: &[PathBuf], limit: u64, strict: bool, progress: &ProgressBar) -> Result<Vec<Loaded>> {
    progress.set_length(files.len() as u64);
    progress.set_message("reading");
    let read = |path: &PathBuf| {
        let one = read(path, limit);
        progress.inc(1);
        match (one, strict) {
            (Err(failure), true) => Err(failure),
            (one, _) => Ok(one.ok()),
        }
    };
    let all: Vec<Result<Option<Loaded>>> = files.par_iter().map(read).collect();
    all.into_iter().filter_map(Result::transpose).collect()
}

fn read(path: &Path, limit: u64) -> Result<Loaded> {
    let shown = || format!("cannot read {}", path.display());
    let file = File::open(path).during(shown).or_hint("name files that exist and that you may read")?;
    if file.metadata().during(shown)?.is_dir() {
        return Err(Failure::new(format!("{} is a folder inside of a folder that was named", path.display())));
    }
    let bytes = sources::pprof::inflate_file(&file, limit).map_err(|error| {
        let hint = match error {
            sources::pprof::InflateError::TooLarge { .. } => {
                Some("if it is no mistake, raise `--max-uncompressed`".into())
            }
            _ => error.hint(),
        };
        let failure = Failure::new(format!("{}: {error}", path.display()));
        Failure { hint, ..failure }
    })?;
    understand(bytes, path)
}

const NONE: &str =
    "heap and goroutine profiles are wanted, as `/debug/pprof/heap` and `/debug/pprof/goroutine` give them";

fn understand(bytes: Vec<u8>, path: &Path) -> Result<Loaded> {
    let wrong = |why: &dyn std::fmt::Display| Failure::new(format!("{}: {why}", path.display())).hint(NONE);
    let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    let memory = legacy::memory(&bytes);
    // A text of gigabytes is decoded once as what it is: protobuf first, as the reference does.
    let text = memory.is_some() || starts_like_text(&bytes);
    let profile = if text { text_profile(&bytes) } else { Profile::decode(bytes).map(Some) };
    let Some(profile) = profile.map_err(|e| wrong(&e))? else {
        return match memory {
            Some(_) => Ok(Loaded { path: path.into(), digest: None, memory, text, allocations: false }),
            None => Err(wrong(&"it is no profile")),
        };
    };
    if kind(&profile).is_none() && memory.is_none() {
        let types = profile.header().sample_types.iter().map(|t| profile.text(t.kind)).collect::<Vec<_>>().join(", ");
        return Err(wrong(&format!("it counts {types}: neither memory in use nor goroutines")));
    }
    let at = memory.and_then(|m| m.last_collection_nanos).map(|nanos| (nanos / 1_000_000) as Time);
    let allocations = profile.text(profile.header().default_sample_type).starts_with("alloc");
    let digest = match kind(&profile) {
        Some(_) => Some(digest(&profile, &name, at).map_err(|e| wrong(&e))?),
        None => None,
    };
    Ok(Loaded { path: path.into(), digest, memory, text, allocations })
}

/// Whether bytes are text: protobuf has control characters from its first fields on.
fn starts_like_text(bytes: &[u8]) -> bool {
    !bytes.iter().take(256).any(|b| b.is_ascii_control() && !b"\t\r\n".contains(b))
}

fn text_profile(bytes: &[u8]) -> std::result::Result<Option<Profile>, Malformed> {
    legacy::parse_with_symbols(bytes)
}

impl Loaded {
    /// What the snapshot counts.
    pub fn kind(&self) -> Option<Kind> {
        self.digest.as_ref().map(Digest::kind)
    }
}
