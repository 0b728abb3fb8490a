//! Writes a document to a file: whole or not at all, and without harm to what is no ordinary file.

use std::fs::{self, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Puts the contents into the file. An ordinary file has the old contents or all of the new ones at any time; links are
/// followed and permissions kept. Devices and pipes (`/dev/stdout`) are written to, never replaced.
pub fn write(path: &Path, contents: impl AsRef<[u8]>) -> io::Result<()> {
    let contents = contents.as_ref();
    let there = fs::metadata(path).ok();
    if there.as_ref().is_some_and(|m| !m.is_file() && !m.is_dir()) {
        return OpenOptions::new().write(true).open(path)?.write_all(contents);
    }
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let partial = beside(&target);
    let mut file = OpenOptions::new().write(true).create_new(true).open(&partial)?;
    let written = fill(&mut file, contents, there).and_then(|()| fs::rename(&partial, &target));
    if written.is_err() {
        let _ = fs::remove_file(&partial);
    }
    written
}

fn fill(file: &mut fs::File, contents: &[u8], before: Option<Metadata>) -> io::Result<()> {
    if let Some(before) = before.filter(Metadata::is_file) {
        file.set_permissions(before.permissions())?;
    }
    file.write_all(contents)?;
    file.sync_all()
}

/// A hidden file in the same folder that nobody has yet: the process and the time are in its name.
fn beside(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let nanos = jiff::Timestamp::now().as_nanosecond();
    target.with_file_name(format!(".{name}.{}-{nanos:x}.partial", std::process::id()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let all = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned());
        let mut all: Vec<String> = all.collect();
        all.sort();
        all
    }

    #[test]
    fn a_file_is_replaced_whole_where_a_link_points_with_its_permissions() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("report.html"), folder.path().join("latest"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        symlink(&file, &link).unwrap();
        fs::write(folder.path().join("report.partial"), "somebody's").unwrap();
        write(&link, "new").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(names(folder.path()), ["latest", "report.html", "report.partial"]);
    }

    #[test]
    fn what_cannot_be_written_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("taken");
        fs::create_dir(&taken).unwrap();
        assert!(write(&taken, "x").is_err());
        assert!(write(&folder.path().join("no/such/folder"), "x").is_err());
        assert_eq!(names(folder.path()), ["taken"]);
    }

    /// A pipe stands for every file that is none: replaced, its reader would wait for ever, and a device be gone.
    #[test]
    fn a_pipe_is_written_to_and_not_replaced() {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let path = PathBuf::from(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&writer)));
        write(&path, "to whom it may concern").unwrap();
        drop(writer);
        let mut read = String::new();
        io::Read::read_to_string(&mut reader, &mut read).unwrap();
        assert_eq!(read, "to whom it may concern");
    }
}
