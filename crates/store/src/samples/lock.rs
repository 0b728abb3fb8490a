//! One writer at a time: an advisory lock that ends with the process, whatever way that ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

use super::StoreError;

/// Name of the file that is locked. It stays when nobody holds it.
const FILE: &str = "samples.lock";

/// The right to write, until dropped.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of a folder, or says who has it.
    pub(super) fn take(dir: &Path) -> Result<Lock, StoreError> {
        let path = dir.join(FILE);
        let wrong = |e| StoreError::io("lock", &path, e);
        let mut options = OpenOptions::new();
        let mut file = options.read(true).write(true).create(true).truncate(false).open(&path).map_err(wrong)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::Held { dir: dir.to_path_buf(), holder: holder(&mut file) });
            }
            Err(TryLockError::Error(e)) => return Err(wrong(e)),
        }
        file.set_len(0).map_err(wrong)?;
        // The name is for people; a full disk must not keep one from opening what is there.
        let _ = writeln!(file, "{}", std::process::id());
        Ok(Lock { _file: file })
    }
}

/// Who holds the lock, for people.
fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let _ = file.take(32).read_to_string(&mut text);
    let Ok(pid) = text.trim().parse::<u32>() else { return "another process".into() };
    match std::fs::read_to_string(format!("/proc/{pid}/comm")) {
        Ok(name) => format!("process {pid} ({})", name.trim()),
        Err(_) => format!("process {pid}"),
    }
}
