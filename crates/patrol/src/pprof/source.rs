//! Finds the source files that a profile names.
//!
//! The rules are those of google/pprof: a path is trimmed, then looked for in each folder of the search path and in all
//! folders above it. Where these find nothing and [`GoPlaces`] were given, Go's own places are tried too: its standard
//! library, the module cache and `vendor`, under the names that `-trimpath` leaves.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use model::profile::graph::{base_name, clean};

/// Bytes of a file that are read.
const MOST: u64 = 64 << 20;
/// Bytes of a line; the reference reads no further than a longer one (Go's `bufio.MaxScanTokenSize`).
const LONGEST: usize = 64 << 10;

/// How names of source files end, in lower case.
const SOURCES: [&str; 40] = [
    "go", "s", "c", "h", "cc", "cpp", "cxx", "c++", "hh", "hpp", "hxx", "h++", "inc", "inl", "m", "mm", "rs", "java",
    "kt", "scala", "groovy", "clj", "py", "pyx", "rb", "js", "mjs", "ts", "jsx", "tsx", "php", "cs", "fs", "swift",
    "d", "zig", "nim", "hs", "ml", "y",
];

/// A source file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Where it was found.
    pub path: PathBuf,
    /// Its lines from the first, without their ends.
    pub lines: Vec<String>,
}

/// A file found, or why not, in the words of the reference.
pub type Found = Result<Arc<Source>, String>;

/// Where to look for source files; remembers what it read.
#[derive(Debug)]
pub struct SourceFinder {
    /// As it was asked for; empty for the working folder.
    asked: String,
    /// Folders, with `:` between.
    search: String,
    trim: Vec<String>,
    working_folder: PathBuf,
    go: Option<GoPlaces>,
    /// Whether only what lies in the folders named, or in Go's places, is read.
    confined: bool,
    read: Mutex<HashMap<String, Found>>,
}

impl SourceFinder {
    /// Looks in the folders of `source_path` (`:` between several), which are taken relative to the working folder; in
    /// the working folder itself if it is empty. `trim_path` is cut off the front of paths, likewise.
    pub fn new(source_path: &str, trim_path: &str, working_folder: &Path) -> SourceFinder {
        let working = working_folder.to_string_lossy().into_owned();
        SourceFinder {
            asked: source_path.to_string(),
            search: if source_path.is_empty() { working } else { source_path.to_string() },
            trim: split(trim_path).map(str::to_string).collect(),
            working_folder: working_folder.to_path_buf(),
            go: None,
            confined: false,
            read: Mutex::default(),
        }
    }

    /// Looks in Go's places too where the search path has no such file.
    pub fn with_go(self, places: GoPlaces) -> SourceFinder {
        SourceFinder { go: Some(places), ..self }
    }

    /// Reads nothing outside of the folders that were named and of Go's places, whatever the profile says: for documents
    /// that are sent on.
    pub fn confined(self) -> SourceFinder {
        SourceFinder { confined: true, ..self }
    }

    /// The path as reports show it: without what was to be trimmed, or without all up to the name of a folder that was
    /// asked to be searched.
    pub fn trimmed(&self, file: &str) -> String {
        self.trim(file, &self.asked).to_string()
    }

    fn trim<'f>(&self, file: &'f str, search: &str) -> &'f str {
        if self.trim.is_empty() {
            let names = split(search).map(|dir| format!("/{}/", base_name(dir)));
            if let Some(end) = names.filter_map(|name| Some(file.find(&name)? + name.len())).next() {
                return &file[end..];
            }
        }
        let asked = self.trim.iter().map(String::as_str).chain(["/proc/self/cwd/./", "/proc/self/cwd/"]);
        let cut = |prefix: &str| {
            let rest = file.strip_prefix(prefix)?;
            if prefix.ends_with('/') { Some(rest) } else { rest.strip_prefix('/') }
        };
        asked.filter_map(cut).next().unwrap_or(file)
    }

    /// The file of that name. Only regular files are read, and none that is too large.
    pub fn find(&self, file: &str) -> Found {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = read.get(file) {
            return found.clone();
        }
        let found = self.look(file);
        read.insert(file.to_string(), found.clone());
        found
    }

    fn look(&self, file: &str) -> Found {
        let path = self.trim(file, &self.search);
        let missing = match path.starts_with('/') {
            true => match self.open(Path::new(path)) {
                Ok(found) => return Ok(found),
                Err(error) => format!("open {path}: {}", reason(&error)),
            },
            false => {
                let places = split(&self.search).flat_map(upwards).map(|dir| joined(&dir, path));
                if let Some(found) = places.filter_map(|place| self.open(Path::new(&place)).ok()).next() {
                    return Ok(found);
                }
                format!("could not find file {path} on path {}", self.search)
            }
        };
        let go = self.go.as_ref().map(|go| go.candidates(file, &self.search, &self.working_folder));
        go.into_iter().flatten().find_map(|place| self.open(&place).ok()).ok_or(missing)
    }

    fn open(&self, place: &Path) -> io::Result<Arc<Source>> {
        let path = self.working_folder.join(place);
        let about = fs::metadata(&path)?;
        if !about.is_file() {
            return Err(io::Error::other("not a regular file"));
        }
        // A profile names the files; what is no source is none of its business.
        let extension = place.extension().and_then(|e| e.to_str()).unwrap_or_default();
        if !SOURCES.contains(&extension.to_ascii_lowercase().as_str()) {
            return Err(io::Error::other("not the name of a source file"));
        }
        if self.confined && !self.allowed(&path)? {
            return Err(io::Error::other("outside of the folders that are searched"));
        }
        if about.len() > MOST {
            return Err(io::Error::other(format!("larger than {} MiB", MOST >> 20)));
        }
        let lines = lines(BufReader::new(File::open(&path)?.take(MOST)))?;
        Ok(Arc::new(Source { path: place.to_path_buf(), lines }))
    }
}

impl SourceFinder {
    /// Whether a file lies, links followed, in a folder that was named or in one of Go's places.
    fn allowed(&self, file: &Path) -> io::Result<bool> {
        let file = fs::canonicalize(file)?;
        let named = split(&self.search).map(|dir| self.working_folder.join(dir));
        let go = self.go.iter().flat_map(|go| go.roots.iter().chain(&go.module_caches).cloned());
        Ok(named.chain(go).filter_map(|dir| fs::canonicalize(dir).ok()).any(|dir| file.starts_with(dir)))
    }
}

/// Lines up to one that is too long. Bytes that are no UTF-8 become `�`.
fn lines(mut from: impl BufRead) -> io::Result<Vec<String>> {
    let (mut lines, mut line) = (Vec::new(), Vec::new());
    loop {
        line.clear();
        from.by_ref().take(LONGEST as u64 + 1).read_until(b'\n', &mut line)?;
        let ended = line.last() == Some(&b'\n');
        if line.is_empty() || line.len() > LONGEST || !ended && line.len() == LONGEST {
            return Ok(lines);
        }
        let bare = line.strip_suffix(b"\n").unwrap_or(&line);
        lines.push(String::from_utf8_lossy(bare.strip_suffix(b"\r").unwrap_or(bare)).into_owned());
    }
}

/// The parts of a list of paths; none of an empty one.
fn split(paths: &str) -> impl Iterator<Item = &str> {
    paths.split(':').take(if paths.is_empty() { 0 } else { usize::MAX })
}

/// A folder and those above it, as far as its name tells.
fn upwards(dir: &str) -> impl Iterator<Item = String> {
    std::iter::successors(Some(dir.to_string()), |dir| {
        let above = clean(&dir[..dir.rfind('/').map_or(0, |at| at + 1)]);
        (above != *dir).then_some(above)
    })
}

/// The path in the folder, as Go's `filepath.Join` has it.
fn joined(dir: &str, path: &str) -> String {
    if dir.is_empty() { clean(path) } else { clean(&format!("{dir}/{path}")) }
}

/// Why a file cannot be opened, as Go says it.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or directory".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        io::ErrorKind::NotADirectory => "not a directory".into(),
        _ => error.to_string(),
    }
}

/// Where Go keeps sources on a machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoPlaces {
    /// Roots of Go itself (`GOROOT`), the first first.
    pub roots: Vec<PathBuf>,
    /// Module caches (`GOMODCACHE`, `GOPATH/pkg/mod`).
    pub module_caches: Vec<PathBuf>,
}

impl GoPlaces {
    /// Those of this machine: what the environment says, and where Go is usually installed.
    pub fn of_this_machine() -> GoPlaces {
        let said = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
        let roots = said("GOROOT").map(PathBuf::from).into_iter();
        let usual = ["/usr/local/go", "/usr/lib/go", "/usr/lib/golang", "/opt/homebrew/opt/go/libexec"];
        let home = said("HOME").map(|home| PathBuf::from(home).join("go"));
        let paths: Vec<PathBuf> = match said("GOPATH") {
            Some(paths) => std::env::split_paths(&paths).collect(),
            None => home.into_iter().collect(),
        };
        let caches = said("GOMODCACHE").map(PathBuf::from).into_iter();
        GoPlaces {
            roots: roots.chain(usual.map(PathBuf::from)).collect(),
            module_caches: caches.chain(paths.into_iter().map(|path| path.join("pkg/mod"))).collect(),
        }
    }

    /// Where a file may be, the likeliest first.
    ///
    /// A path of a profile is that of the machine which built the program, or with `-trimpath` the one of the package:
    /// `runtime/malloc.go`, `github.com/Azure/x@v1.2.3/y.go`, and of the program's own module `a.example/b/y.go`.
    fn candidates(&self, file: &str, search: &str, working_folder: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let inside = |path: &str| Path::new(path).components().all(|c| matches!(c, Component::Normal(_)));
        let after = |mark: &str| file.find(mark).map(|at| &file[at + mark.len()..]).filter(|rest| inside(rest));
        let bare = Some(file).filter(|f| inside(f));
        let module = after("/pkg/mod/").or(bare.filter(|f| f.contains('@')));
        if let Some(module) = module {
            let escaped = escaped(module);
            let names = [Some(module), Some(&*escaped).filter(|e| *e != module)];
            found.extend(self.module_caches.iter().flat_map(|c| names.iter().flatten().map(|name| c.join(name))));
        }
        let library = after("/src/").or(bare.filter(|f| !f.contains('@')));
        found.extend(library.iter().flat_map(|path| self.roots.iter().map(move |root| root.join("src").join(path))));
        let vendored = module.map(unversioned).or(after("/vendor/").or(bare).map(str::to_string));
        for dir in split(search).flat_map(upwards) {
            let dir = Path::new(&dir);
            found.extend(vendored.iter().map(|path| dir.join("vendor").join(path)));
            let own = bare.and_then(|path| {
                let module = module_of(&working_folder.join(dir))?;
                path.strip_prefix(&*module)?.strip_prefix('/')
            });
            found.extend(own.map(|path| dir.join(path)));
        }
        found
    }
}

/// A path as the module cache has it: `!a` for `A` in the name of the module, the version likewise
/// (golang.org/x/mod/module, "Escaped Paths"). The rest of the path stays as it is.
fn escaped(path: &str) -> String {
    let version = path.find('@').unwrap_or(0);
    let end = path[version..].find('/').map_or(path.len(), |at| at + version);
    let escape = |c: char| if c.is_ascii_uppercase() { format!("!{}", c.to_ascii_lowercase()) } else { c.to_string() };
    path[..end].chars().map(escape).collect::<String>() + &path[end..]
}

/// A path as `vendor` has it: without escapes and version.
fn unversioned(path: &str) -> String {
    let (module, rest) = path.split_once('@').unwrap_or((path, ""));
    let mut plain = String::new();
    let mut upper = false;
    for c in module.chars() {
        match c {
            '!' => upper = true,
            c => plain.push(if std::mem::take(&mut upper) { c.to_ascii_uppercase() } else { c }),
        }
    }
    plain + rest.find('/').map_or("", |at| &rest[at..])
}

/// The module that a folder is the root of, as its `go.mod` says.
fn module_of(dir: &Path) -> Option<String> {
    let path = dir.join("go.mod");
    if !fs::metadata(&path).ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    File::open(path).ok()?.take(1 << 20).read_to_string(&mut text).ok()?;
    let name = text.lines().find_map(|line| line.trim().strip_prefix("module "))?;
    Some(name.split("//").next().unwrap_or_default().trim().trim_matches('"').to_string())
}
