//! Reading small kernel files whole, one after another, into one buffer.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

/// No file read here is longer; what is beyond is not read. The longest, `/proc/stat` of a host with hundreds of
/// processors, has some hundred KiB.
const LONGEST: u64 = 4 << 20;

/// A directory of kernel files.
pub(super) struct Files {
    root: PathBuf,
    buffer: Vec<u8>,
}

impl Files {
    /// The files below a directory.
    pub(super) fn below(root: PathBuf) -> Files {
        Files { root, buffer: Vec::with_capacity(8 << 10) }
    }

    /// What one file holds now. The name is relative to the root.
    pub(super) fn read(&mut self, name: &str) -> io::Result<&[u8]> {
        self.buffer.clear();
        File::open(self.root.join(name))?.take(LONGEST).read_to_end(&mut self.buffer)?;
        Ok(&self.buffer)
    }

    /// The names in the root that are numbers: the processes.
    pub(super) fn numbers(&self) -> io::Result<Vec<u32>> {
        let mut all = Vec::new();
        for entry in std::fs::read_dir(&self.root)? {
            if let Some(number) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) {
                all.push(number);
            }
        }
        Ok(all)
    }

    /// The root, for words to people.
    pub(super) fn root(&self) -> std::path::Display<'_> {
        self.root.display()
    }
}
