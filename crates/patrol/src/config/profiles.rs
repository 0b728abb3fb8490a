//! Programs whose profiles are looked at: where they are had from, whom they belong to, and how many are kept.

use std::collections::BTreeMap;
use std::path::PathBuf;

use model::params::unknown_key;
use model::size::Size;
use model::time::Span;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;
use sources::pprof::{self, BasicAuth, Endpoint};

use super::keys::{Keep, Limits};
use super::node::{Key, Node, Place, Value};
use super::problem::Problem;
use super::read::{Reader, place_of};
use super::{Origin, section, typed};

/// Programs whose profiles are looked at, and how much of them is kept.
#[derive(Clone, Debug, Default)]
pub struct Profiles {
    /// The programs, in the order of the file.
    pub targets: Vec<Target>,
    /// How many of the fetched profiles are kept.
    pub keep: Keep,
    /// How large a profile may be.
    pub limits: Limits,
}

/// A program whose profiles are looked at.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// Where its profiles are had from.
    pub from: ProfilesFrom,
    /// Whom they belong to.
    pub process: Process,
    /// How often `patrol collect` fetches them; for endpoints only.
    pub every: Span,
    /// Whether goroutine profiles are fetched as well; for endpoints only.
    pub goroutines: bool,
    /// Where it is set.
    pub origin: Origin,
}

/// Where profiles are had from.
#[derive(Clone, Debug)]
pub enum ProfilesFrom {
    /// An endpoint; `patrol collect` fetches them.
    Endpoint(Box<pprof::Settings>),
    /// Files, and folders of files, that somebody else puts there.
    Files(Vec<PathBuf>),
}

/// The process, container or pod that profiles belong to, by the labels that findings have: when one of them is found
/// to leak, its profiles say where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Process {
    /// The host, as findings name it.
    #[serde(default)]
    pub host: Option<String>,
    /// The name of the process.
    #[serde(default)]
    pub process: Option<String>,
    /// The namespace of the pod.
    #[serde(default)]
    pub namespace: Option<String>,
    /// The pod.
    #[serde(default)]
    pub pod: Option<String>,
    /// The container.
    #[serde(default)]
    pub container: Option<String>,
}

impl Process {
    /// The labels that are set, by name.
    pub fn labels(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [
            ("host", &self.host),
            ("process", &self.process),
            ("namespace", &self.namespace),
            ("pod", &self.pod),
            ("container", &self.container),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)))
    }
}

/// A program whose heap is looked at, with an endpoint of profiles (`net/http/pprof` and what speaks like it) or with
/// files.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    /// A name of your choice: letters, digits, `-`, `_`, `.`.
    name: String,
    /// Address of its heap profile: `http://127.0.0.1:6060/debug/pprof/heap`. Only it and its siblings are asked, never
    /// another host. Either this or `files`.
    #[serde(default)]
    url: Option<String>,
    /// Files of profiles, and folders of them. Relative to this file.
    #[serde(default)]
    files: Vec<PathBuf>,
    /// The process, container or pod it is, so that a finding about that one shows where it leaks.
    #[serde(default)]
    process: Process,
    /// How often `patrol collect` fetches its profiles.
    #[serde(default = "five_minutes")]
    #[schemars(with = "String")]
    every: Span,
    /// Whether goroutine profiles are fetched, too: they tell goroutines that hang on what leaks.
    #[serde(default = "yes")]
    goroutines: bool,
    /// Whether the program collects its garbage before it answers (`gc=1`); without that a heap profile is one garbage
    /// collection old.
    #[serde(default = "yes")]
    gc: bool,
    /// File with a bearer token. Read again at each request.
    #[serde(default)]
    token_file: Option<PathBuf>,
    /// User name and password.
    #[serde(default)]
    basic_auth: Option<BasicAuth>,
    /// Further headers sent with each request. Their values are secrets.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    headers: BTreeMap<String, SecretString>,
    /// File with the certificates (PEM) to trust instead of those of the system.
    #[serde(default)]
    ca_file: Option<PathBuf>,
    /// File with a client certificate (PEM); needs `key_file`.
    #[serde(default)]
    cert_file: Option<PathBuf>,
    /// File with the key (PEM) of the client certificate.
    #[serde(default)]
    key_file: Option<PathBuf>,
    /// Longest a request may take from its first to its last byte. Silence for a third of it also ends a request.
    #[serde(default = "half_a_minute")]
    #[schemars(with = "String")]
    timeout: Span,
}

fn five_minutes() -> Span {
    Span::from_mins(5)
}

fn half_a_minute() -> Span {
    pprof::Settings::TIMEOUT
}

fn yes() -> bool {
    true
}

/// More often would cost the program more garbage collections than it does by itself.
const SHORTEST: Span = Span::from_secs(10);

/// The keys of the section.
pub(super) const KEYS: [&str; 3] = ["targets", "keep", "limits"];

/// Keys of a target that say how to ask an endpoint.
const ASKING: [&str; 10] =
    ["every", "goroutines", "gc", "token_file", "basic_auth", "headers", "ca_file", "cert_file", "key_file", "timeout"];

impl Reader {
    /// `profiles: { targets: [...], keep: {...}, limits: {...} }`.
    pub(super) fn profiles(&mut self, node: &Node) -> Profiles {
        let mut profiles = Profiles::default();
        for (key, node) in section::pairs(node, "`targets`, `keep` or `limits`", &mut self.problems) {
            match key.text.as_str() {
                "targets" => {}
                "keep" => {
                    let pairs = section::pairs(node, "how much is kept", &mut self.problems);
                    (profiles.keep, _) = section::typed(pairs, &[], &mut self.problems);
                }
                "limits" => {
                    let pairs = section::pairs(node, "how large a profile may be", &mut self.problems);
                    (profiles.limits, _) = section::typed(pairs, &[], &mut self.problems);
                }
                _ => self.problem(key.at, unknown_key("key", &key.text, &KEYS)),
            }
        }
        let Profiles { keep, limits, .. } = &profiles;
        let mebibyte = |size: Size| size.bytes() >= 1 << 20;
        let keeping = [
            ("count", keep.count >= 2, "at least 2: growth is seen between two"),
            ("age", keep.age >= Span::from_mins(1), "at least `1m`"),
            ("disk", mebibyte(keep.disk), "at least `1MiB`"),
        ];
        let limiting = [
            ("max_download", mebibyte(limits.max_download), "at least `1MiB`"),
            ("max_uncompressed", mebibyte(limits.max_uncompressed), "at least `1MiB`"),
        ];
        self.bounds(node.get("keep"), &keeping);
        self.bounds(node.get("limits"), &limiting);
        match node.get("targets") {
            Some(Node { value: Value::List(items), .. }) => {
                for item in items {
                    if let Some(target) = self.target(item, &profiles) {
                        profiles.targets.push(target);
                    }
                }
            }
            None | Some(Node { value: Value::Null, .. }) => {}
            Some(other) => {
                let problem = Problem::new(other.at, "a list is wanted here, a target an item");
                self.problems.push(problem.hint("begin each with `- name: NAME`"));
            }
        }
        profiles
    }

    /// What would keep nothing, or let nothing through.
    fn bounds(&mut self, section: Option<&Node>, limits: &[(&str, bool, &str)]) {
        for (name, kept, limit) in limits {
            match section.and_then(|section| section.get(name)) {
                Some(node) if !kept => self.problem(node.at, format!("`{name}` must be {limit}")),
                _ => {}
            }
        }
    }

    fn target(&mut self, node: &Node, others: &Profiles) -> Option<Target> {
        let mut node = node.clone();
        let before = self.problems.len();
        self.unexpanded(&node);
        self.root(&mut node);
        let written = match typed::read::<Written>(&node) {
            Ok(written) => written,
            Err(problem) => {
                self.problems.push(problem);
                return None;
            }
        };
        let at = |name: &str| node.get(name).map_or(node.at, |node| node.at);
        self.plain_name(&Key { text: written.name.clone(), at: at("name") }, "a target");
        if let Some(other) = others.targets.iter().find(|other| other.name == written.name) {
            self.problem(at("name"), format!("there is another target `{}`, at {}", other.name, other.origin));
        }
        if written.every < SHORTEST {
            self.problem(at("every"), format!("`every` must be at least `{SHORTEST}`"));
        }
        let from = self.from(&written, &node, others, before)?;
        let Written { name, process, every, goroutines, .. } = written;
        Some(Target { name, from, process, every, goroutines, origin: self.origin(at("name")) })
    }

    /// Either an endpoint or files. Problems of the endpoint are told when there were none but `before`.
    fn from(&mut self, written: &Written, node: &Node, of: &Profiles, before: usize) -> Option<ProfilesFrom> {
        let place = |name: &str| node.get(name).map(|node| node.at);
        match (&written.url, &written.files[..]) {
            (Some(_), [_, ..]) => {
                self.problem(place("files")?, format!("target `{}` has both `url` and `files`", written.name));
                None
            }
            (None, []) => {
                let problem =
                    Problem::new(place("name")?, format!("target `{}` has neither `url` nor `files`", written.name));
                self.problems
                    .push(problem.hint("write `url: http://HOST:PORT/debug/pprof/heap`, or `files: [FOLDER]`"));
                None
            }
            (None, files) => {
                if let Some((name, at)) = ASKING.iter().find_map(|name| Some((name, place(name)?))) {
                    self.problem(at, format!("`{name}` goes with `url`; these profiles are files"));
                }
                Some(ProfilesFrom::Files(files.iter().map(|file| self.path(&file.to_string_lossy())).collect()))
            }
            (Some(url), []) => {
                let settings = written.settings(url, &of.limits);
                // Making the endpoint asks nobody; it tells settings that do not go together.
                if let Err(error) = Endpoint::new(&settings)
                    && self.problems.len() == before
                {
                    let at: Option<Place> = place_of(&error.reason, node).or(place("url"));
                    self.problems.push(Problem { hint: error.hint, ..Problem::new(at, error.reason) });
                }
                Some(ProfilesFrom::Endpoint(Box::new(settings)))
            }
        }
    }
}

impl Written {
    /// The settings of the endpoint.
    fn settings(&self, url: &str, limits: &Limits) -> pprof::Settings {
        pprof::Settings {
            url: url.into(),
            gc: self.gc,
            token_file: self.token_file.clone(),
            basic_auth: self.basic_auth.clone(),
            headers: self.headers.clone(),
            ca_file: self.ca_file.clone(),
            cert_file: self.cert_file.clone(),
            key_file: self.key_file.clone(),
            timeout: self.timeout,
            max_bytes: limits.max_download,
            max_uncompressed: limits.max_uncompressed,
        }
    }
}
