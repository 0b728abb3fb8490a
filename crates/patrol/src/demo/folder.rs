//! Where the demo keeps its samples: a folder that was named, or one that is gone afterwards.

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::error::{Explain, Result};

/// A folder; a temporary one is removed when this is dropped.
pub struct Folder {
    path: PathBuf,
    temporary: bool,
}

impl Folder {
    /// The folder named, or a new one that only this user may enter.
    pub fn at(named: Option<&Path>) -> Result<Folder> {
        if let Some(path) = named {
            return Ok(Folder { path: path.to_path_buf(), temporary: false });
        }
        let nanos = jiff::Timestamp::now().as_nanosecond();
        let path = std::env::temp_dir().join(format!("patrol-demo-{}-{nanos:x}", std::process::id()));
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .during(|| format!("cannot make the folder {}", path.display()))
            .or_hint("set TMPDIR to a folder that you may write to, or name one with `--data-dir`")?;
        Ok(Folder { path, temporary: true })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.temporary {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_temporary_folder_goes_away() {
        let temporary = Folder::at(None).unwrap();
        let path = temporary.path().to_path_buf();
        std::fs::write(path.join("samples"), "x").unwrap();
        drop(temporary);
        let named = tempfile::tempdir().unwrap();
        drop(Folder::at(Some(named.path())).unwrap());
        assert_eq!((path.exists(), named.path().exists()), (false, true));
    }
}
