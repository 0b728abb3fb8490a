//! Which node a frame stands for, at the granularity asked for.

use std::fmt;

use super::Part;
use crate::profile::{Location, Map, Profile};

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

/// What a node is. What the granularity does not tell apart is empty or zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeInfo {
    /// Function.
    pub name: String,
    /// Address.
    pub address: u64,
    /// Source file.
    pub file: String,
    /// First line of the function, where binaries are told apart or the name is not known.
    pub start_line: i64,
    /// Line.
    pub line: i64,
    /// Column.
    pub column: i64,
    /// Binary, where asked for or where nothing else is known.
    pub object: String,
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
    pub(super) fn new(parts: &[Part<'_>], shape: &Shape, file: &dyn Fn(&str) -> String) -> Nodes {
        let mut joined = Joined { shape: *shape, places: Map::default(), infos: Vec::new(), inlined: Vec::new() };
        let parts = parts.iter().map(|part| joined.part(part.profile, file)).collect();
        Nodes { infos: joined.infos, inlined: joined.inlined, parts }
    }
}

/// The nodes found so far.
struct Joined {
    shape: Shape,
    places: Map<NodeInfo, u32>,
    infos: Vec<NodeInfo>,
    inlined: Vec<bool>,
}

impl Joined {
    fn part(&mut self, profile: &Profile, file: &dyn Fn(&str) -> String) -> PartNodes {
        let functions: Vec<NodeInfo> = profile.functions().iter().map(|f| self.function(profile, f, file)).collect();
        // Most lines of a function are one node; its place is looked up once.
        let mut whole: Vec<Option<u32>> = vec![None; functions.len()];
        let mut part = PartNodes { starts: vec![0], nodes: Vec::with_capacity(profile.locations().len()) };
        for location in profile.locations() {
            let lines = profile.lines(location);
            let lines = if self.shape.no_inlines { &lines[lines.len().saturating_sub(1)..] } else { lines };
            for (i, line) in lines.iter().enumerate() {
                let function = &functions[line.function as usize];
                let coarse = !self.by_line() && !self.by_address() && !self.with_object(function);
                let known = whole[line.function as usize].filter(|_| coarse);
                let node = known.unwrap_or_else(|| {
                    let mut info = function.clone();
                    if self.by_line() {
                        info.line = line.line;
                        info.column = if self.shape.columns || !self.aggregated() { line.column } else { 0 };
                    }
                    if !self.with_object(function) {
                        info.start_line = 0;
                    } else {
                        info.object = object(profile, location);
                    }
                    info.address = if self.by_address() { location.address } else { 0 };
                    self.place(info)
                });
                if coarse {
                    whole[line.function as usize] = Some(node);
                }
                self.inlined[node as usize] |= i + 1 < lines.len();
                part.nodes.push(node);
            }
            if lines.is_empty() {
                let address = if self.by_address() { location.address } else { 0 };
                let info = NodeInfo { address, object: object(profile, location), ..NodeInfo::default() };
                let node = self.place(info);
                part.nodes.push(node);
            }
            part.starts.push(part.nodes.len() as u32);
        }
        part
    }

    /// The node of a function as a whole; lines and addresses are put in later.
    fn function(
        &self,
        profile: &Profile,
        function: &crate::profile::Function,
        file: &dyn Fn(&str) -> String,
    ) -> NodeInfo {
        let by_name = self.shape.granularity != Granularity::Files;
        let by_file = self.shape.granularity != Granularity::Functions;
        let path = if by_file { file(profile.text(function.file)) } else { String::new() };
        NodeInfo {
            name: if by_name { profile.text(function.name).to_string() } else { String::new() },
            file: if path.is_empty() { path } else { clean(&path) },
            start_line: function.start_line,
            ..NodeInfo::default()
        }
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
        if let Some(place) = self.places.get(&info) {
            return *place;
        }
        let place = self.infos.len() as u32;
        self.places.insert(info.clone(), place);
        self.infos.push(info);
        self.inlined.push(false);
        place
    }
}

/// The binary of a location.
fn object(profile: &Profile, location: &Location) -> String {
    location.mapping().map(|m| profile.text(profile.mappings()[m].file).to_string()).unwrap_or_default()
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
