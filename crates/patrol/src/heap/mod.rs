//! Heap snapshots from files, folders and running programs, made ready to be judged, and the report on them.

pub mod choose;
pub mod fetch;
pub mod lines;
pub mod load;
pub mod recorded;
pub mod report;

use model::profile::legacy::Memory;
use model::profile::suspects::{Digest, SuspectsReport, judge};

/// Everything there is to judge.
#[derive(Debug, Default)]
pub struct Material {
    /// Snapshots, ready to be compared.
    pub digests: Vec<Digest>,
    /// What Go's runtime said of its memory, oldest first.
    pub memory: Vec<Memory>,
    /// Resident memory of the process, in bytes.
    pub resident_bytes: Option<f64>,
    /// Where the snapshots come from: `files`, or an address.
    pub source: String,
    /// What was asked for, in words.
    pub asked: String,
    /// What a reader should know.
    pub notes: Vec<String>,
    /// Snapshots that are there and could not be read, with the reason.
    pub unreadable: Vec<String>,
}

impl Material {
    /// Judges it.
    pub fn judge(&self) -> SuspectsReport {
        let context =
            model::profile::suspects::Context { memory: self.memory.clone(), resident_bytes: self.resident_bytes };
        judge(&self.digests, &context)
    }
}
