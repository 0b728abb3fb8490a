//! The HTTP side: requests to the API, and refusals in the server's own words.

use reqwest::header::ACCEPT_ENCODING;
use reqwest::{Method, RequestBuilder, StatusCode};

use super::fault::{Fault, words};
use super::settings::Settings;
use crate::http::{Access, Body, Credentials, Failure, SetupError, masked};

/// A server to ask.
pub struct Client {
    source: String,
    http: crate::http::Client,
}

impl Client {
    /// Checks the settings; nothing is connected and no file is read.
    pub fn new(source: &str, settings: &Settings) -> Result<Client, SetupError> {
        let http = crate::http::Client::new(Access {
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
            too_large: large(settings.max_bytes.bytes()),
            proxies: true,
        })?;
        let path = http.address().path();
        if path.contains("/api/v1") || path.ends_with("/graph") {
            let page = "names a page of the server; leave out the path from `/api/v1` or `/graph` on";
            return Err(SetupError::new(
                format!("`url` {page}: {}", masked(&settings.url)),
                format!("write it like `{LIKE}`"),
            ));
        }
        Ok(Client { source: source.into(), http })
    }

    /// The address, fit to be shown.
    pub fn shown(&self) -> &str {
        self.http.shown()
    }

    /// A request to a path below the address, with all that lets us in.
    pub async fn request(&self, method: Method, path: &str) -> Result<RequestBuilder, Fault> {
        let mut url = self.http.address().clone();
        url.set_path(&format!("{}{path}", url.path().trim_end_matches('/')));
        // Not packed: gzip costs the server 2.6 CPU s for the 47 MB of a fleet's range query (bench/fleet.sh), more than
        // sending them over any local network. What comes packed all the same is unpacked.
        Ok(self.http.request(method, url).await?.header(ACCEPT_ENCODING, "identity"))
    }

    /// Sends a request. An answer with any status but success is a fault with the server's own words.
    pub async fn send(&self, request: RequestBuilder) -> Result<Body, Fault> {
        let body = self.http.send(request).await?;
        if body.status.is_success() { Ok(body) } else { Err(self.refused(body).await) }
    }

    /// An answer that refuses, in the server's own words.
    async fn refused(&self, mut body: Body) -> Fault {
        let words = words(&body.page().await);
        let colon = if words.is_empty() { "" } else { ": " };
        let fault = Fault { refused: true, ..Fault::new(format!("{}{colon}{words}", body.status)) };
        let name = &self.source;
        match body.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => fault.hint(match self.http.credentials() {
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

/// What an address looks like.
const LIKE: &str = "http://127.0.0.1:9090";

/// The fault of an answer that is larger than allowed.
pub fn too_large(max_bytes: u64) -> Fault {
    large(max_bytes).into()
}

fn large(max_bytes: u64) -> Failure {
    Failure::new(format!("the answer is larger than `max_bytes`, {}", model::size::Size::from_bytes(max_bytes)))
        .hint("ask for fewer hosts, a shorter window or a longer step, or raise `max_bytes`")
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

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
}
