//! What a person may set about a program that shows its own profiles.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use model::size::Size;
use model::time::Span;
use secrecy::SecretString;

use super::MOST_UNCOMPRESSED;
use crate::http::{BasicAuth, masked};

/// An endpoint of profiles: where it is, how to be let in, and how much to take from it.
#[derive(Clone)]
pub struct Settings {
    /// Address of the heap profile, `http://127.0.0.1:6060/debug/pprof/heap`. Nothing but it and its siblings on the
    /// same server is asked.
    pub url: String,
    /// Whether the program is to collect its garbage before it answers (`gc=1`). Without that a heap profile of Go shows
    /// what was in use at the end of the garbage collection before the last.
    pub gc: bool,
    /// File with a bearer token. Read again at each request.
    pub token_file: Option<PathBuf>,
    /// User name and password.
    pub basic_auth: Option<BasicAuth>,
    /// Further headers sent with each request. Their values are secrets.
    pub headers: BTreeMap<String, SecretString>,
    /// File with the certificates (PEM) to trust instead of those of the system.
    pub ca_file: Option<PathBuf>,
    /// File with a client certificate (PEM); needs `key_file`.
    pub cert_file: Option<PathBuf>,
    /// File with the key (PEM) of the client certificate.
    pub key_file: Option<PathBuf>,
    /// Longest a request may take from its first to its last byte. Silence for a third of it also ends a request.
    pub timeout: Span,
    /// Most bytes of an answer, as sent.
    pub max_bytes: Size,
    /// Most bytes of a profile once uncompressed; what is larger is refused.
    pub max_uncompressed: Size,
}

impl Settings {
    /// Thirty seconds: collecting the garbage of a large heap takes some of them.
    pub const TIMEOUT: Span = Span::from_secs(30);
    /// 256 MiB, ten times a profile of two million samples.
    pub const MAX_BYTES: Size = Size::from_bytes(256 << 20);

    /// The defaults for the heap profile at an address.
    pub fn at(url: &str) -> Settings {
        Settings {
            url: url.into(),
            gc: true,
            token_file: None,
            basic_auth: None,
            headers: BTreeMap::new(),
            ca_file: None,
            cert_file: None,
            key_file: None,
            timeout: Settings::TIMEOUT,
            max_bytes: Settings::MAX_BYTES,
            max_uncompressed: Size::from_bytes(MOST_UNCOMPRESSED),
        }
    }
}

impl fmt::Debug for Settings {
    /// Everything but secrets: the URL without its user and query, headers by name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("url", &masked(&self.url))
            .field("gc", &self.gc)
            .field("token_file", &self.token_file)
            .field("basic_auth", &self.basic_auth)
            .field("headers", &self.headers.keys())
            .field("ca_file", &self.ca_file)
            .field("cert_file", &self.cert_file)
            .field("key_file", &self.key_file)
            .field("timeout", &self.timeout)
            .field("max_bytes", &self.max_bytes)
            .field("max_uncompressed", &self.max_uncompressed)
            .finish()
    }
}
