//! Fetches profiles from exactly the address a person named, and from no other host.

use std::time::{SystemTime, UNIX_EPOCH};

use model::time::Time;
use reqwest::{Method, StatusCode};

use super::inflate::{InflateError, beginning, measure};
use super::{Kind, Settings};
use crate::http::{Access, Body, Client, Credentials, Failure, SetupError, html_title, short, text_words};

/// A program that shows its own profiles.
pub struct Endpoint {
    client: Client,
    gc: bool,
    max_uncompressed: u64,
}

/// A profile as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// What kind it is.
    pub kind: Kind,
    /// Its bytes as sent, mostly gzip; see [`super::inflate()`].
    pub bytes: Vec<u8>,
    /// When the answer was complete, by our clock.
    pub taken_at: Time,
}

/// Why a profile could not be fetched.
pub type FetchError = Failure;

/// What an address looks like.
const LIKE: &str = "http://127.0.0.1:6060/debug/pprof/heap";

/// Bytes of an answer that are looked at to tell a page for people from a profile.
const LOOKED_AT: usize = 4096;

impl Endpoint {
    /// Checks the settings. Nothing is connected and no file is read before the first profile is fetched.
    ///
    /// Errors: an address that is none or names no profile, credentials that contradict each other.
    pub fn new(settings: &Settings) -> Result<Endpoint, SetupError> {
        let too_large = Failure::new(format!("the profile is larger than {}", settings.max_bytes))
            .hint("if it is no mistake, raise `max_download` under `profiles.limits` in the configuration");
        let client = Client::new(Access {
            url: &settings.url,
            like: LIKE,
            token_file: &settings.token_file,
            basic_auth: &settings.basic_auth,
            headers: &settings.headers,
            ca_file: &settings.ca_file,
            cert_file: &settings.cert_file,
            key_file: &settings.key_file,
            timeout: settings.timeout,
            max_bytes: settings.max_bytes,
            too_large,
            // A profile shows the insides of a program; nobody stands between unless the address says so.
            proxies: false,
        })?;
        let path = client.address().path().trim_end_matches('/');
        if path.is_empty() || path.ends_with("/debug/pprof") || path.ends_with("/debug") {
            return Err(SetupError::new(
                format!("`url` names no profile: {}", client.shown()),
                format!("name the heap profile: `{LIKE}`"),
            ));
        }
        Ok(Endpoint { client, gc: settings.gc, max_uncompressed: settings.max_uncompressed.bytes() })
    }

    /// The address, fit to be shown.
    pub fn shown(&self) -> &str {
        self.client.shown()
    }

    /// Whether it is known where a kind of profile is: siblings are known of addresses that end in `/heap`.
    pub fn has(&self, kind: Kind) -> bool {
        kind.address(self.client.address(), self.gc).is_some()
    }

    /// Fetches a profile of a kind.
    ///
    /// Errors: no connection, too late, too large, a redirect to another host, a status that refuses, with the server's
    /// own words; and answers that are no profile: HTML, nothing at all, gzip that is cut off. Whether the bytes mean
    /// something is for the decoder to say.
    pub async fn fetch(&self, kind: Kind) -> Result<Fetched, FetchError> {
        let url = kind.address(self.client.address(), self.gc).ok_or_else(|| {
            Failure::new(format!("where its {} profile is cannot be told from {}", kind.name(), self.shown()))
                .hint(format!("give an address that ends in `/heap`, like `{LIKE}`"))
        })?;
        let request = self.client.request(Method::GET, url).await?;
        let body = self.client.send(request).await?;
        if body.status != StatusCode::OK {
            return Err(self.refused(body).await);
        }
        let bytes = body.whole().await?;
        let taken_at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as Time);
        let most = self.max_uncompressed;
        // A large profile takes a second to read; others have something to do meanwhile.
        let checked = tokio::task::spawn_blocking(move || check(kind, &bytes, most).map(|()| bytes)).await;
        let bytes = checked.map_err(|e| Failure::new(format!("reading the profile was given up: {e}")))??;
        Ok(Fetched { kind, bytes, taken_at })
    }

    /// An answer that refuses, in the server's own words.
    async fn refused(&self, mut body: Body) -> Failure {
        let words = text_words(&beginning(&body.page().await, LOOKED_AT));
        let colon = if words.is_empty() { "" } else { ": " };
        let failure = Failure::new(format!("{}{colon}{words}", body.status));
        match body.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => failure.hint(match self.client.credentials() {
                Credentials::None => "set `token_file` or `basic_auth` beside `url`".into(),
                Credentials::Token(file) => format!("check that the token in {} is current", file.display()),
                _ => "check user and password".to_string(),
            }),
            StatusCode::NOT_FOUND => failure
                .hint(format!("check the path in `url`; a Go program that imports net/http/pprof answers at `{LIKE}`")),
            // Go: "Could not enable ...", "profile delta is not supported", and the like.
            StatusCode::INTERNAL_SERVER_ERROR | StatusCode::BAD_REQUEST => {
                failure.hint("open the address in a browser to see more; the program's own log may say why")
            }
            _ => failure,
        }
    }
}

/// How profiles in words begin: those of Go with `debug=1`, and of C++ (gperftools).
const IN_WORDS: [&str; 2] = ["heap profile: ", "goroutine profile: "];

/// Whether an answer can be a profile of its kind at all. Of compressed ones it takes reading them to the end: what is
/// cut off can be fetched again now, and not when somebody wants to read it.
fn check(kind: Kind, bytes: &[u8], max_uncompressed: u64) -> Result<(), Failure> {
    let start = beginning(bytes, LOOKED_AT);
    if bytes.is_empty() {
        return Err(Failure::new("the answer is empty").hint("the program's own log may say why"));
    }
    if let Some(title) = html_title(&start) {
        let hint = format!("the address may be that of a login page or of a list of profiles; name one, like `{LIKE}`");
        return Err(Failure::new(format!("answered HTML, not a profile: {title}")).hint(hint));
    }
    let may_begin: &[&str] = if kind == Kind::Memory { &IN_WORDS[..1] } else { &IN_WORDS };
    let begins = may_begin.iter().any(|words| start.starts_with(words.as_bytes()));
    if !begins && (kind == Kind::Memory || are_words(&start)) {
        let words = match are_words(&start) {
            true => short(&String::from_utf8_lossy(start.get(..80).unwrap_or(&start))),
            false => "bytes that are no text".into(),
        };
        return Err(Failure::new(format!("answered something that is no profile: {words}")).hint(match kind {
            Kind::Memory => "only programs in Go give an account of their memory with `debug=1`",
            _ => "open the address in a browser to see more",
        }));
    }
    match measure(bytes, max_uncompressed) {
        Ok(_) => Ok(()),
        Err(error @ InflateError::TooLarge { .. }) => Err(Failure { reason: error.to_string(), hint: error.hint() }),
        Err(error) => Err(Failure::new(error.to_string()).hint("the program or a proxy ended its answer too early")),
    }
}

/// Whether bytes are text. Protocol buffers hold control characters from the first field on.
fn are_words(start: &[u8]) -> bool {
    !start.iter().take(64).any(|byte| byte.is_ascii_control() && !b"\t\r\n".contains(byte))
}
