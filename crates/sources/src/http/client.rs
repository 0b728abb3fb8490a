//! Requests with credentials, over connections that trust whom they should and do not wander off.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use model::size::Size;
use model::time::Span;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::{Instant, timeout_at};

use super::body::{Body, Bounds, span};
use super::secret::{contents, secret};
use super::{BasicAuth, Failure, SetupError, address, is_loopback, masked, root};

/// What settings say about a server: where it is, how to be let in, and how much of it to bear.
pub(crate) struct Access<'a> {
    pub(crate) url: &'a str,
    /// What an address looks like, for hints.
    pub(crate) like: &'static str,
    pub(crate) token_file: &'a Option<PathBuf>,
    pub(crate) basic_auth: &'a Option<BasicAuth>,
    pub(crate) headers: &'a BTreeMap<String, SecretString>,
    pub(crate) ca_file: &'a Option<PathBuf>,
    pub(crate) cert_file: &'a Option<PathBuf>,
    pub(crate) key_file: &'a Option<PathBuf>,
    pub(crate) timeout: Span,
    pub(crate) max_bytes: Size,
    /// What is said of an answer of more bytes.
    pub(crate) too_large: Failure,
    /// Whether a proxy that the environment names may stand between.
    pub(crate) proxies: bool,
}

/// A server to ask, and what lets us in.
pub(crate) struct Client {
    address: Url,
    shown: String,
    credentials: Credentials,
    headers: HeaderMap,
    tls: TlsFiles,
    timeout: Duration,
    max_bytes: u64,
    too_large: Failure,
    proxies: bool,
    /// The connections, made anew when the TLS files have other contents.
    http: Mutex<Option<(Vec<Vec<u8>>, reqwest::Client)>>,
}

/// What is sent to be let in.
pub(crate) enum Credentials {
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

impl Client {
    /// Checks the settings; nothing is connected and no file is read.
    pub(crate) fn new(access: Access<'_>) -> Result<Client, SetupError> {
        let (address, in_url) = address(access.url, access.like)?;
        let credentials = match (access.token_file, access.basic_auth, in_url) {
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
        let pair = match (access.cert_file, access.key_file) {
            (Some(cert), Some(key)) => Some((cert.clone(), key.clone())),
            (None, None) => None,
            _ => return Err(SetupError::new("`cert_file` and `key_file` go together", "give both or neither")),
        };
        if access.timeout.millis() == 0 {
            return Err(SetupError::new("`timeout` is 0", "the default is 30s"));
        }
        Ok(Client {
            shown: masked(address.as_str()).trim_end_matches('/').to_string(),
            address,
            credentials,
            headers: headers(access.headers)?,
            tls: TlsFiles { ca: access.ca_file.clone(), pair },
            timeout: Duration::from_millis(access.timeout.millis() as u64),
            max_bytes: access.max_bytes.bytes(),
            too_large: access.too_large,
            proxies: access.proxies,
            http: Mutex::new(None),
        })
    }

    /// The address, without user and fragment.
    pub(crate) fn address(&self) -> &Url {
        &self.address
    }

    /// The address, fit to be shown.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    /// What is sent to be let in.
    pub(crate) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// A request to a page of the server, with all that lets us in.
    pub(crate) async fn request(&self, method: Method, url: Url) -> Result<RequestBuilder, Failure> {
        let request = self.connections().await?.request(method, url).headers(self.headers.clone());
        Ok(match &self.credentials {
            Credentials::None => request,
            Credentials::Token(file) => request.bearer_auth(secret("token_file", file).await?.expose_secret()),
            Credentials::Basic(user, file) => {
                request.basic_auth(user, Some(secret("password_file", file).await?.expose_secret()))
            }
            Credentials::Url(user, password) => request.basic_auth(user, Some(password.expose_secret())),
        })
    }

    /// Sends a request; gives the answer, whatever its status.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Body, Failure> {
        let deadline = Instant::now() + self.timeout;
        let response = match timeout_at(deadline, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(self.unreachable(error)),
            Err(_) => return Err(self.late("no answer")),
        };
        let late = self.late("the answer was not complete");
        let (stall, max, too_large) = (self.timeout / 3, self.max_bytes, self.too_large.clone());
        Ok(Body::new(response, Bounds { deadline, stall, late, max, too_large }))
    }

    /// The connections, with the certificates as they now stand in their files.
    async fn connections(&self) -> Result<reqwest::Client, Failure> {
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
    fn connect(&self, files: &[Vec<u8>]) -> Result<reqwest::Client, Failure> {
        // An error means that a provider stands already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("patrol/", env!("CARGO_PKG_VERSION")))
            .redirect(redirects())
            .connect_timeout(self.timeout / 3);
        if !self.proxies || self.address.host_str().is_some_and(is_loopback) {
            builder = builder.no_proxy();
        }
        let mut rest = files;
        if let (Some(path), [ca, others @ ..]) = (&self.tls.ca, files) {
            let all = reqwest::Certificate::from_pem_bundle(ca).ok().filter(|all| !all.is_empty());
            let all =
                all.ok_or_else(|| Failure::new(format!("`ca_file` {} holds no PEM certificate", path.display())))?;
            builder = builder.tls_certs_only(all);
            rest = others;
        } else if self.address.scheme() == "http" {
            // The system's certificates are not needed, and need not be there.
            builder = builder.tls_certs_only([]);
        }
        if let (Some((path, _)), [cert, key]) = (&self.tls.pair, rest) {
            let identity = reqwest::Identity::from_pem(&[cert.as_slice(), b"\n", key].concat());
            builder = builder.identity(identity.map_err(|_| {
                Failure::new(format!("`cert_file` {} and `key_file` are not a PEM certificate and key", path.display()))
            })?);
        }
        builder.build().map_err(|e| {
            Failure::new(format!("cannot prepare TLS: {}", root(&e)))
                .hint("`ca_file` names the certificates to trust where the system has none")
        })
    }

    /// No connection, or one that broke before the answer.
    fn unreachable(&self, error: reqwest::Error) -> Failure {
        let why = root(&error);
        if error.is_redirect() {
            return Failure::new(why)
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
        Failure::new(format!("{what} {}: {why}", self.shown)).hint(hint)
    }

    /// Too late.
    fn late(&self, what: &str) -> Failure {
        Failure::new(format!("{what} within {}", span(self.timeout)))
            .hint("raise `timeout`, ask for less, or see what keeps the server busy")
    }
}

/// The headers to send, marked as secrets.
fn headers(given: &BTreeMap<String, SecretString>) -> Result<HeaderMap, SetupError> {
    let mut all = HeaderMap::new();
    for (name, value) in given {
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
