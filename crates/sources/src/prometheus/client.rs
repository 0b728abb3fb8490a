//! The HTTP side: requests with credentials, and bodies read under limits of time and size.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use prost::bytes::Bytes;
use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, timeout_at};

use super::fault::{Fault, words};
use super::settings::{Settings, SetupError, masked};

/// A server to ask, and what lets us in.
pub struct Client {
    source: String,
    base: Url,
    shown: String,
    credentials: Credentials,
    headers: HeaderMap,
    tls: TlsFiles,
    timeout: Duration,
    max_bytes: u64,
    /// The connections, made anew when the TLS files have other contents.
    http: Mutex<Option<(Vec<Vec<u8>>, reqwest::Client)>>,
}

/// What is sent to be let in.
enum Credentials {
    None,
    Token(PathBuf),
    Basic(String, PathBuf),
    Url(String, SecretString),
}

/// Files that say whom to trust and who we are.
struct TlsFiles {
    ca: Option<PathBuf>,
    pair: Option<(PathBuf, PathBuf)>,
}

/// Most bytes of an error page that are read for its words.
const MOST_ERROR_BYTES: usize = 64 * 1024;

impl Client {
    /// Checks the settings; nothing is connected and no file is read.
    pub fn new(source: &str, settings: &Settings) -> Result<Client, SetupError> {
        let (base, in_url) = address(&settings.url)?;
        let credentials = match (&settings.token_file, &settings.basic_auth, in_url) {
            (None, None, None) => Credentials::None,
            (Some(file), None, None) => Credentials::Token(file.clone()),
            (None, Some(basic), None) => Credentials::Basic(basic.username.clone(), basic.password_file.clone()),
            (None, None, Some((user, password))) => Credentials::Url(user, password),
            _ => {
                return Err(SetupError::new(
                    "there is more than one of `token_file`, `basic_auth` and a user in `url`",
                    "keep the one the server wants",
                ));
            }
        };
        let pair = match (&settings.cert_file, &settings.key_file) {
            (Some(cert), Some(key)) => Some((cert.clone(), key.clone())),
            (None, None) => None,
            _ => return Err(SetupError::new("`cert_file` and `key_file` go together", "give both or neither")),
        };
        if settings.timeout.millis() == 0 {
            return Err(SetupError::new("`timeout` is 0", "the default is 30s"));
        }
        Ok(Client {
            source: source.into(),
            shown: masked(base.as_str()).trim_end_matches('/').to_string(),
            base,
            credentials,
            headers: headers(settings)?,
            tls: TlsFiles { ca: settings.ca_file.clone(), pair },
            timeout: Duration::from_millis(settings.timeout.millis() as u64),
            max_bytes: settings.max_bytes.bytes(),
            http: Mutex::new(None),
        })
    }

    /// The address, fit to be shown.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// A request to a path below the address, with all that lets us in.
    pub async fn request(&self, method: Method, path: &str) -> Result<RequestBuilder, Fault> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        // Not packed: gzip costs the server 2.6 CPU s for the 47 MB of a fleet's range query (bench/fleet.sh), more than
        // sending them over any local network. What comes packed all the same is unpacked.
        let request = self.connections().await?.request(method, url).header(ACCEPT_ENCODING, "identity");
        let request = request.headers(self.headers.clone());
        Ok(match &self.credentials {
            Credentials::None => request,
            Credentials::Token(file) => request.bearer_auth(secret("token_file", file).await?.expose_secret()),
            Credentials::Basic(user, file) => {
                request.basic_auth(user, Some(secret("password_file", file).await?.expose_secret()))
            }
            Credentials::Url(user, password) => request.basic_auth(user, Some(password.expose_secret())),
        })
    }

    /// Sends a request. An answer with any status but success is a fault with the server's own words.
    pub async fn send(&self, request: RequestBuilder) -> Result<Body, Fault> {
        let deadline = Instant::now() + self.timeout;
        let response = match timeout_at(deadline, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(self.unreachable(error)),
            Err(_) => return Err(self.late("no answer")),
        };
        let body = Body {
            late: self.late("the answer was not complete"),
            stall: self.timeout / 3,
            max: self.max_bytes,
            status: response.status(),
            media: header(&response, "content-type"),
            encoding: header(&response, "content-encoding"),
            response,
            deadline,
            taken: 0,
        };
        if body.status.is_success() { Ok(body) } else { Err(self.refused(body).await) }
    }

    /// The connections, with the certificates as they now stand in their files.
    async fn connections(&self) -> Result<reqwest::Client, Fault> {
        let mut files = Vec::new();
        if let Some(ca) = &self.tls.ca {
            files.push(contents("ca_file", ca).await?);
        }
        if let Some((cert, key)) = &self.tls.pair {
            files.push(contents("cert_file", cert).await?);
            files.push(contents("key_file", key).await?);
        }
        let mut held = self.http.lock().unwrap_or_else(|broken| broken.into_inner());
        match &*held {
            Some((as_of, client)) if *as_of == files => Ok(client.clone()),
            _ => {
                let client = self.connect(&files)?;
                *held = Some((files, client.clone()));
                Ok(client)
            }
        }
    }

    /// Connections that trust and present what these files say.
    fn connect(&self, files: &[Vec<u8>]) -> Result<reqwest::Client, Fault> {
        // An error means that a provider stands already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("patrol/", env!("CARGO_PKG_VERSION")))
            .redirect(redirects())
            .connect_timeout(self.timeout / 3);
        if self.base.host_str().is_some_and(is_loopback) {
            builder = builder.no_proxy();
        }
        let mut rest = files;
        if let (Some(path), [ca, others @ ..]) = (&self.tls.ca, files) {
            let all = reqwest::Certificate::from_pem_bundle(ca).ok().filter(|all| !all.is_empty());
            let all =
                all.ok_or_else(|| Fault::new(format!("`ca_file` {} holds no PEM certificate", path.display())))?;
            builder = builder.tls_certs_only(all);
            rest = others;
        } else if self.base.scheme() == "http" {
            // The system's certificates are not needed, and need not be there.
            builder = builder.tls_certs_only([]);
        }
        if let (Some((path, _)), [cert, key]) = (&self.tls.pair, rest) {
            let identity = reqwest::Identity::from_pem(&[cert.as_slice(), b"\n", key].concat());
            builder = builder.identity(identity.map_err(|_| {
                Fault::new(format!("`cert_file` {} and `key_file` are not a PEM certificate and key", path.display()))
            })?);
        }
        builder.build().map_err(|e| {
            Fault::new(format!("cannot prepare TLS: {}", root(&e)))
                .hint("`ca_file` names the certificates to trust where the system has none")
        })
    }

    /// No connection, or one that broke before the answer.
    fn unreachable(&self, error: reqwest::Error) -> Fault {
        let why = root(&error);
        if error.is_redirect() {
            return Fault::new(why)
                .hint("give the address the server itself answers at, and credentials if that is a login page");
        }
        if error.is_timeout() {
            return self.late("no connection");
        }
        let hint = if ["certificate", "tls"].iter().any(|word| why.to_ascii_lowercase().contains(word)) {
            "set `ca_file` to the certificates that signed the server's; `cert_file` and `key_file` if it asks for ours"
        } else if why.contains("dns") || why.contains("lookup") {
            "check the name in `url`"
        } else {
            "check that the server runs and that `url` has its port"
        };
        let what = if error.is_connect() { "cannot connect to" } else { "lost the connection to" };
        Fault::new(format!("{what} {}: {why}", self.shown)).hint(hint)
    }

    /// Too late.
    fn late(&self, what: &str) -> Fault {
        Fault::new(format!("{what} within {}", span(self.timeout)))
            .hint("raise `timeout`, ask for less, or see what keeps the server busy")
    }

    /// An answer that refuses, in the server's own words.
    async fn refused(&self, mut body: Body) -> Fault {
        let mut page = Vec::new();
        while page.len() < MOST_ERROR_BYTES {
            match body.next().await {
                Ok(Some(bytes)) => page.extend_from_slice(&bytes),
                _ => break,
            }
        }
        page.truncate(MOST_ERROR_BYTES);
        let words = words(&page);
        let colon = if words.is_empty() { "" } else { ": " };
        let fault = Fault { refused: true, ..Fault::new(format!("{}{colon}{words}", body.status)) };
        let name = &self.source;
        match body.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => fault.hint(match &self.credentials {
                Credentials::None => {
                    format!("set `token_file` under sources.{name}, then try `patrol source test {name}`")
                }
                Credentials::Token(file) => format!(
                    "check that the token in {} is current and may query; then try `patrol source test {name}`",
                    file.display()
                ),
                _ => format!("check user and password of sources.{name}; then try `patrol source test {name}`"),
            }),
            StatusCode::NOT_FOUND => {
                fault.hint("check the path in `url`: it ends before `/api/v1` (Mimir: `/prometheus`, cluster of VictoriaMetrics: `/select/0/prometheus`)")
            }
            StatusCode::BAD_REQUEST => fault.hint(
                "put the query to the server's own page to see more; if it stands under `signals`, correct it there",
            ),
            StatusCode::UNPROCESSABLE_ENTITY => fault.hint("ask for fewer hosts, a shorter window or a longer step"),
            status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                fault.hint("the server is not able to answer now; its own log says more")
            }
            _ => fault,
        }
        .turn(super::read::turn_after(body.status, &words))
    }
}

/// An answer on its way.
pub struct Body {
    /// The media type, lower case, empty where there is none.
    pub media: String,
    /// What the body is packed in, lower case; gzip is undone already.
    pub encoding: String,
    status: StatusCode,
    response: Response,
    deadline: Instant,
    stall: Duration,
    late: Fault,
    taken: u64,
    max: u64,
}

impl Body {
    /// The next piece, unpacked; nothing at the end. Faults: silence, too late, too much, broken off.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        let patience = Instant::now() + self.stall;
        let piece = match timeout_at(self.deadline.min(patience), self.response.chunk()).await {
            Ok(Ok(piece)) => piece,
            Ok(Err(error)) => {
                return Err(Fault::new(format!("the answer broke off after {} bytes: {}", self.taken, root(&error)))
                    .hint("a proxy or the server ended it; the server's own log says more"));
            }
            Err(_) if patience < self.deadline => {
                return Err(Fault::new(format!(
                    "the server fell silent for {} after {} bytes",
                    span(self.stall),
                    self.taken
                ))
                .hint("raise `timeout`, a third of which is the longest silence, or see what keeps the server busy"));
            }
            Err(_) => return Err(self.late.clone()),
        };
        self.taken += piece.as_ref().map_or(0, |p| p.len() as u64);
        if self.taken > self.max { Err(too_large(self.max)) } else { Ok(piece) }
    }

    /// The whole body.
    pub async fn whole(mut self) -> Result<Vec<u8>, Fault> {
        let mut all = Vec::new();
        while let Some(piece) = self.next().await? {
            all.extend_from_slice(&piece);
        }
        Ok(all)
    }
}

/// The fault of an answer that is larger than allowed.
pub fn too_large(max_bytes: u64) -> Fault {
    Fault::new(format!("the answer is larger than `max_bytes`, {}", model::size::Size::from_bytes(max_bytes)))
        .hint("ask for fewer hosts, a shorter window or a longer step, or raise `max_bytes`")
}

/// Splits what was given as address into the address proper and the user in it.
fn address(given: &str) -> Result<(Url, Option<(String, SecretString)>), SetupError> {
    let wrong =
        |why: &str| SetupError::new(format!("`url` {why}: {}", masked(given)), "write it like `http://127.0.0.1:9090`");
    let mut url = Url::parse(given).map_err(|e| wrong(&format!("is not an address ({e})")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong("does not start with http:// or https://"));
    }
    if url.path().contains("/api/v1") || url.path().ends_with("/graph") {
        return Err(wrong("names a page of the server; leave out the path from `/api/v1` or `/graph` on"));
    }
    let decoded = |text: &str| {
        let pair = reqwest::Url::parse(&format!("http://h/?p={}", text.replace('+', "%2B"))).ok()?;
        pair.query_pairs().next().map(|(_, value)| value.into_owned())
    };
    let user = (!url.username().is_empty() || url.password().is_some())
        .then(|| Some((decoded(url.username())?, decoded(url.password().unwrap_or_default())?.into())))
        .flatten();
    // Cannot fail for an address with a host.
    let _ = (url.set_username(""), url.set_password(None));
    url.set_fragment(None);
    Ok((url, user))
}

/// The headers to send, marked as secrets.
fn headers(settings: &Settings) -> Result<HeaderMap, SetupError> {
    let mut all = HeaderMap::new();
    for (name, value) in &settings.headers {
        let wrong = |what: &str| {
            SetupError::new(
                format!("the {what} of header `{name}` has characters that no header may have"),
                "see `headers`",
            )
        };
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong("name"))?;
        let mut value = HeaderValue::from_str(value.expose_secret()).map_err(|_| wrong("value"))?;
        value.set_sensitive(true);
        all.insert(header, value);
    }
    Ok(all)
}

/// Follows within the server, refuses to leave it.
fn redirects() -> reqwest::redirect::Policy {
    reqwest::redirect::Policy::custom(|attempt| {
        let authority =
            |url: &Url| (url.scheme().to_string(), url.host_str().map(str::to_string), url.port_or_known_default());
        let Some(first) = attempt.previous().first() else { return attempt.stop() };
        if authority(first) != authority(attempt.url()) {
            let to = masked(attempt.url().as_str());
            attempt.error(format!("the server sends us elsewhere, to {to}, where our credentials must not go"))
        } else if attempt.previous().len() > 5 {
            attempt.error("the server sends us round in circles")
        } else {
            attempt.follow()
        }
    })
}

/// Whether a host is this machine.
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_matches(['[', ']']);
    bare == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// A header of an answer, lower case.
fn header(response: &Response, name: &str) -> String {
    response.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_ascii_lowercase()
}

/// The innermost words of an error, which say what happened; the outer ones only say where.
fn root(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(next) = inner.source() {
        inner = next;
    }
    super::fault::short(&inner.to_string())
}

/// A duration for people.
fn span(duration: Duration) -> model::time::Span {
    model::time::Span::from_millis(duration.as_millis() as i64)
}

/// What a file holds.
async fn contents(setting: &str, path: &Path) -> Result<Vec<u8>, Fault> {
    tokio::fs::read(path).await.map_err(|e| {
        Fault::new(format!("cannot read `{setting}` {}: {e}", path.display()))
            .hint("check that the file is there and that the user Patrol runs as may read it")
    })
}

/// The secret in a file, without the line end after it.
async fn secret(setting: &str, path: &Path) -> Result<SecretString, Fault> {
    let text = String::from_utf8(contents(setting, path).await?)
        .map_err(|_| Fault::new(format!("`{setting}` {} is not text", path.display())))?;
    let trimmed = text.trim_end_matches(['\r', '\n']);
    if trimmed.is_empty() {
        return Err(Fault::new(format!("`{setting}` {} is empty", path.display())));
    }
    if trimmed.chars().any(char::is_control) {
        return Err(Fault::new(format!("`{setting}` {} holds more than one line", path.display())));
    }
    Ok(trimmed.to_string().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_settings_are_named_and_no_secret_with_them() {
        let said = |settings: &Settings| Client::new("p", settings).err().map(|e| e.reason).unwrap_or_default();
        assert!(said(&Settings::at("prom:9090")).contains("does not start with http://"));
        assert!(said(&Settings::at("http://u:hidden@[")).contains("is not an address"));
        assert!(!said(&Settings::at("http://u:hidden@[")).contains("hidden"));
        assert!(said(&Settings::at("http://h/api/v1/query")).contains("leave out the path"));
        let twice = Settings { token_file: Some("t".into()), ..Settings::at("http://u:p@h") };
        assert!(said(&twice).contains("more than one of"));
        let half = Settings { cert_file: Some("c".into()), ..Settings::at("http://h") };
        assert!(said(&half).contains("go together"));
        let header = [("X-A".to_string(), SecretString::from("hid\nden"))].into();
        assert_eq!(
            said(&Settings { headers: header, ..Settings::at("http://h") }),
            "the value of header `X-A` has characters that no header may have"
        );
        assert_eq!(said(&Settings { timeout: model::time::Span::ZERO, ..Settings::at("http://h") }), "`timeout` is 0");
    }

    #[test]
    fn the_user_is_taken_out_of_the_address() {
        let (url, user) = address("https://ann:p%40+s@h:1/x?extra_label=a").unwrap();
        assert_eq!(url.as_str(), "https://h:1/x?extra_label=a");
        let (name, password) = user.unwrap();
        assert_eq!((name.as_str(), password.expose_secret()), ("ann", "p@+s"));
    }
}
