//! What a person may set about a Prometheus-compatible server.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use model::size::Size;
use model::time::Span;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::http::{BasicAuth, masked};

/// A Prometheus-compatible server: where it is, how to be let in, and how far to trust its answers.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Address of the server, up to and without `/api/v1`: `http://127.0.0.1:9090`, `https://mimir.example/prometheus`.
    pub url: String,
    /// How series are read: remote read where the server has it (`auto`), or one way only.
    #[serde(default)]
    pub protocol: Protocol,
    /// File with a bearer token. Read again at each request, so that a rotated token counts at once.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// User name and password.
    #[serde(default)]
    pub basic_auth: Option<BasicAuth>,
    /// Further headers sent with each request, such as `X-Scope-OrgID`. Their values are secrets.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub headers: BTreeMap<String, SecretString>,
    /// File with the certificates (PEM) to trust instead of those of the system.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// File with a client certificate (PEM); needs `key_file`.
    #[serde(default)]
    pub cert_file: Option<PathBuf>,
    /// File with the key (PEM) of the client certificate.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
    /// Longest a request may take from its first to its last byte. Silence for a third of it also ends a request.
    #[serde(default = "default_timeout")]
    #[schemars(with = "String")]
    pub timeout: Span,
    /// Most bytes an answer may have, after decompression, and most its series may take as a grid in memory.
    #[serde(default = "default_max_bytes", deserialize_with = "size")]
    #[schemars(with = "String")]
    pub max_bytes: Size,
    /// Most series an answer may have.
    #[serde(default = "default_max_series")]
    pub max_series: usize,
    /// Expressions (PromQL) that replace those of signals, by signal: recording rules, renamed metrics.
    #[serde(default)]
    pub signals: BTreeMap<String, String>,
    /// Labels that name the host of a series; the first that is there counts, its port cut off.
    #[serde(default = "default_host_labels")]
    pub host_labels: Vec<String>,
}

/// How series are read from a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// Remote read where the server has it and the expression is a plain selector, range queries otherwise.
    #[default]
    Auto,
    /// Remote read for plain selectors, and a gap when the server refuses it.
    RemoteRead,
    /// Range queries only.
    Range,
}

/// Thirty seconds.
fn default_timeout() -> Span {
    Span::from_secs(30)
}

/// Half a gibibyte.
fn default_max_bytes() -> Size {
    Size::from_bytes(512 << 20)
}

/// Ten thousand hosts of twenty processes each.
fn default_max_series() -> usize {
    200_000
}

/// The label Prometheus itself gives.
fn default_host_labels() -> Vec<String> {
    vec!["instance".into()]
}

/// Reads a size written as text or as a bare number of bytes.
fn size<'de, D: Deserializer<'de>>(from: D) -> Result<Size, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(u64),
        Text(String),
    }
    match Written::deserialize(from)? {
        Written::Number(bytes) => Ok(Size::from_bytes(bytes)),
        Written::Text(text) => text.parse().map_err(D::Error::custom),
    }
}

impl Settings {
    /// The defaults for the server at an address.
    pub fn at(url: &str) -> Settings {
        Settings {
            url: url.into(),
            protocol: Protocol::default(),
            token_file: None,
            basic_auth: None,
            headers: BTreeMap::new(),
            ca_file: None,
            cert_file: None,
            key_file: None,
            timeout: default_timeout(),
            max_bytes: default_max_bytes(),
            max_series: default_max_series(),
            signals: BTreeMap::new(),
            host_labels: default_host_labels(),
        }
    }
}

impl fmt::Debug for Settings {
    /// Everything but secrets: the URL without its user and password, headers by name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("url", &masked(&self.url))
            .field("protocol", &self.protocol)
            .field("token_file", &self.token_file)
            .field("basic_auth", &self.basic_auth)
            .field("headers", &self.headers.keys())
            .field("ca_file", &self.ca_file)
            .field("cert_file", &self.cert_file)
            .field("key_file", &self.key_file)
            .field("timeout", &self.timeout)
            .field("max_bytes", &self.max_bytes)
            .field("max_series", &self.max_series)
            .field("signals", &self.signals)
            .field("host_labels", &self.host_labels)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_shown() {
        let mut settings = Settings::at("https://ann:pa55@prom.example:9090/x?token=t0k");
        settings.headers.insert("X-Scope-OrgID".into(), "s3cret".into());
        let shown = format!("{settings:?}");
        for secret in ["ann", "pa55", "t0k", "s3cret"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(shown.contains("https://***@prom.example:9090/x") && shown.contains("X-Scope-OrgID"), "{shown}");
    }

    #[test]
    fn settings_read_what_the_schema_says() {
        let read = |text: &str| serde_json::from_str::<Settings>(text).map_err(|e| e.to_string());
        let settings =
            read(r#"{"url":"http://h","timeout":"5s","max_bytes":"1MiB","protocol":"remote-read"}"#).unwrap();
        assert_eq!((settings.timeout, settings.max_bytes.bytes()), (Span::from_secs(5), 1 << 20));
        assert_eq!((settings.protocol, settings.max_series), (Protocol::RemoteRead, 200_000));
        assert!(read(r#"{"url":"http://h","tokenfile":"x"}"#).unwrap_err().contains("unknown field `tokenfile`"));
        assert!(read(r#"{"url":"http://h","max_bytes":"much"}"#).unwrap_err().contains("not a size"));
        let schema = serde_json::to_value(schemars::schema_for!(Settings)).unwrap();
        assert_eq!(schema["properties"]["timeout"]["type"], "string");
        assert_eq!(schema["additionalProperties"], false);
    }
}
