//! Which node a frame stands for, at the granularity asked for.

use std::collections::hash_map::Entry;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::Part;
use crate::profile::{Line, Location, Map, Mapping, Profile, Text};

/// What is one node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Granularity {
    /// A function.
    #[default]
    Functions,
    /// A function of a file.
    FileFunctions,
    /// A file.
    Files,
    /// A line.
    Lines,
    /// An address, with its line.
    Addresses,
}

/// How frames become nodes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shape {
    /// What is one node.
    pub granularity: Granularity,
    /// Whether inlined frames go to the function they were inlined into.
    pub no_inlines: bool,
    /// Whether columns tell lines apart.
    pub columns: bool,
    /// Whether binaries and first lines of functions tell nodes apart.
    pub objects: bool,
}

/// What a node is. What the granularity does not tell apart is empty or zero. Names are shared: a profile has as many
/// lines as it has functions, several times over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeInfo {
    /// Function.
    pub name: Arc<str>,
    /// Address.
    pub address: u64,
    /// Source file.
    pub file: Arc<str>,
    /// First line of the function, where binaries are told apart or the name is not known.
    pub start_line: i64,
    /// Line.
    pub line: i64,
    /// Column.
    pub column: i64,
    /// Binary, where asked for or where nothing else is known.
    pub object: Arc<str>,
}

impl fmt::Display for NodeInfo {
    /// As reports name it: address, function, place, with blanks between.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.address != 0 {
            write!(f, "{:016x} ", self.address)?;
        }
        match (&*self.name, &*self.file, self.line) {
            (name, "", 0) if !name.is_empty() => f.write_str(name),
            ("", "", 0) if !self.object.is_empty() => write!(f, "[{}]", base_name(&self.object)),
            ("", "", 0) => f.write_str("<unknown>"),
            (name, file, line) => {
                let gap = if name.is_empty() { "" } else { " " };
                write!(f, "{name}{gap}{file}")?;
                match (line, self.column) {
                    (0, _) => Ok(()),
                    (line, 0) => write!(f, ":{line}"),
                    (line, column) => write!(f, ":{line}:{column}"),
                }
            }
        }
    }
}

/// The last element of a path, as Go's `filepath.Base` has it.
pub fn base_name(path: &str) -> &str {
    let bare = path.trim_end_matches('/');
    match bare.rsplit('/').next() {
        Some("") | None => {
            if path.is_empty() {
                "."
            } else {
                "/"
            }
        }
        Some(last) => last,
    }
}

/// All nodes, and those of each location of each part.
pub(super) struct Nodes {
    pub(super) infos: Vec<NodeInfo>,
    /// Whether a node is the inner one of an inlined call anywhere.
    pub(super) inlined: Vec<bool>,
    pub(super) parts: Vec<PartNodes>,
}

/// The nodes of each location of one part, innermost first.
pub(super) struct PartNodes {
    starts: Vec<u32>,
    nodes: Vec<u32>,
}

impl PartNodes {
    /// The nodes of a location, innermost first; at least one.
    #[inline]
    pub(super) fn of(&self, location: u32) -> &[u32] {
        let location = location as usize;
        &self.nodes[self.starts[location] as usize..self.starts[location + 1] as usize]
    }
}

impl Nodes {
    pub(super) fn new(parts: &[Part<'_>], shape: &Shape, names: Names<'_>) -> Nodes {
        let mut joined = Joined {
            shape: *shape,
            names,
            places: Map::default(),
            hasher: RandomState::default(),
            infos: Vec::new(),
            inlined: Vec::new(),
        };
        let parts = parts.iter().map(|part| joined.part(part.profile)).collect();
        Nodes { infos: joined.infos, inlined: joined.inlined, parts }
    }
}

/// What is done with names before nodes are joined by them.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    /// Rewrites the path of a source file.
    pub file: &'a dyn Fn(&str) -> String,
    /// Whether a function is looked at; all others are one node without a name, so that nothing is kept of them.
    pub only: Option<&'a dyn Fn(&str) -> bool>,
}

/// The nodes found so far.
struct Joined<'a> {
    shape: Shape,
    names: Names<'a>,
    /// Places by hash; what has the hash of another is at the next free one.
    places: Map<u64, u32>,
    hasher: RandomState,
    infos: Vec<NodeInfo>,
    inlined: Vec<bool>,
}

/// Names of one profile, each made once.
struct Shared<'p> {
    profile: &'p Profile,
    nothing: Arc<str>,
    files: Map<Text, Arc<str>>,
    /// By mapping.
    objects: Vec<Arc<str>>,
}

/// What is known of a function before its lines are looked at.
#[derive(Clone)]
enum Known {
    /// Not looked at yet.
    Nothing,
    /// All its lines are this node.
    Whole(u32),
    /// Its lines differ in more than this.
    Function(NodeInfo),
}

impl Joined<'_> {
    fn part(&mut self, profile: &Profile) -> PartNodes {
        let object = |m: &Mapping| Arc::from(profile.text(m.file));
        let objects = profile.mappings().iter().map(object).collect();
        let mut shared = Shared { profile, nothing: Arc::from(""), files: Map::default(), objects };
        let mut known = vec![Known::Nothing; profile.functions().len()];
        let mut part = PartNodes {
            starts: Vec::with_capacity(profile.locations().len() + 1),
            nodes: Vec::with_capacity(profile.locations().len()),
        };
        part.starts.push(0);
        for location in profile.locations() {
            let lines = profile.lines(location);
            let lines = if self.shape.no_inlines { &lines[lines.len().saturating_sub(1)..] } else { lines };
            for (i, line) in lines.iter().enumerate() {
                let known = &mut known[line.function as usize];
                if let Known::Nothing = known {
                    *known = self.function(&mut shared, line.function as usize);
                }
                let node = match known {
                    Known::Whole(node) => *node,
                    Known::Function(function) => self.line(function, &shared, location, line),
                    Known::Nothing => continue,
                };
                self.inlined[node as usize] |= i + 1 < lines.len();
                part.nodes.push(node);
            }
            if lines.is_empty() {
                let address = if self.by_address() { location.address } else { 0 };
                let node = self.place(NodeInfo { address, object: shared.object(location), ..NodeInfo::default() });
                part.nodes.push(node);
            }
            part.starts.push(part.nodes.len() as u32);
        }
        part
    }

    fn function(&mut self, shared: &mut Shared<'_>, place: usize) -> Known {
        let function = &shared.profile.functions()[place];
        let name = shared.profile.text(function.name);
        if self.names.only.is_some_and(|only| !only(name)) {
            return Known::Whole(self.place(NodeInfo::default()));
        }
        let by_name = self.shape.granularity != Granularity::Files;
        let by_file = self.shape.granularity != Granularity::Functions;
        let info = NodeInfo {
            name: if by_name { Arc::from(name) } else { shared.nothing.clone() },
            file: if by_file { shared.file(function.file, self.names.file) } else { shared.nothing.clone() },
            start_line: function.start_line,
            object: shared.nothing.clone(),
            ..NodeInfo::default()
        };
        match self.by_line() || self.by_address() || self.with_object(&info) {
            true => Known::Function(info),
            false => Known::Whole(self.place(NodeInfo { start_line: 0, ..info })),
        }
    }

    /// The node of a line.
    fn line(&mut self, function: &NodeInfo, shared: &Shared<'_>, location: &Location, line: &Line) -> u32 {
        let mut info = function.clone();
        if self.by_line() {
            info.line = line.line;
            info.column = if self.shape.columns || !self.aggregated() { line.column } else { 0 };
        }
        if self.with_object(function) {
            info.object = shared.object(location);
        } else {
            info.start_line = 0;
        }
        info.address = if self.by_address() { location.address } else { 0 };
        self.place(info)
    }

    fn by_line(&self) -> bool {
        matches!(self.shape.granularity, Granularity::Lines | Granularity::Addresses)
    }

    fn by_address(&self) -> bool {
        self.shape.granularity == Granularity::Addresses
    }

    /// Addresses with their inlined frames are left as they are, columns included.
    fn aggregated(&self) -> bool {
        !self.by_address() || self.shape.no_inlines
    }

    fn with_object(&self, function: &NodeInfo) -> bool {
        self.shape.objects || function.name.is_empty()
    }

    fn place(&mut self, info: NodeInfo) -> u32 {
        let mut hash = self.hasher.hash_one(&info);
        let next = self.infos.len() as u32;
        loop {
            match self.places.entry(hash) {
                Entry::Vacant(free) => {
                    free.insert(next);
                    self.infos.push(info);
                    self.inlined.push(false);
                    return next;
                }
                Entry::Occupied(taken) if self.infos[*taken.get() as usize] == info => return *taken.get(),
                Entry::Occupied(_) => hash = hash.wrapping_add(1),
            }
        }
    }
}

impl Shared<'_> {
    /// A source file as reports show it.
    fn file(&mut self, file: Text, rewrite: &dyn Fn(&str) -> String) -> Arc<str> {
        let path = || match rewrite(self.profile.text(file)) {
            path if path.is_empty() => self.nothing.clone(),
            path => Arc::from(clean(&path)),
        };
        self.files.entry(file).or_insert_with(path).clone()
    }

    /// The binary of a location.
    fn object(&self, location: &Location) -> Arc<str> {
        location.mapping().map_or(&self.nothing, |m| &self.objects[m]).clone()
    }
}

/// A path without `.`, `..` and double slashes, as Go's `filepath.Clean` has it.
pub fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|p| !p.is_empty() && *p != ".") {
        match kept.last() {
            Some(&last) if part == ".." && last != ".." => {
                kept.pop();
            }
            None if part == ".." && rooted => {}
            _ => kept.push(part),
        }
    }
    match (rooted, kept.is_empty()) {
        (true, _) => format!("/{}", kept.join("/")),
        (false, true) => ".".to_string(),
        (false, false) => kept.join("/"),
    }
}
