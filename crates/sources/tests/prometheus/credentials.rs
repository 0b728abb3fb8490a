//! What is sent to be let in, and that it is neither shown nor sent to anybody else.

use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use model::signal::Signal;
use sources::prometheus::{BasicAuth, Prometheus, Protocol, Settings};

use super::fake::{Fake, Seen, json, matrix};
use super::{ask, fetch, hour};

const SIGNAL: Signal = Signal::HostMemoryCached;

/// A header as text.
fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).map(|v| v.to_str().unwrap().to_string())
}

/// A server that lets everybody in.
async fn open() -> Fake {
    Fake::start(|_: &Seen| matrix("")).await
}

#[tokio::test]
async fn a_rotated_token_is_sent_from_the_next_request_on() {
    let (fake, folder) = (open().await, tempfile::tempdir().unwrap());
    let file = folder.path().join("token");
    let settings = Settings { token_file: Some(file.clone()), ..Settings::at(&fake.url) };
    let source = Prometheus::new("p", settings).unwrap();
    let gap = fetch(&source, SIGNAL, "", hour()).await.unwrap_err();
    assert!(gap.reason.starts_with("cannot read `token_file` /"), "{gap}");
    for token in ["first", "second"] {
        std::fs::write(&file, format!("{token}\n")).unwrap();
        fetch(&source, SIGNAL, "", hour()).await.unwrap();
    }
    let sent: Vec<_> = fake.seen().iter().map(|s| header(&s.headers, "authorization").unwrap()).collect();
    assert_eq!(sent, ["Bearer first", "Bearer second"]);
    for (content, says) in [(&b""[..], "is empty"), (b"a\nb", "holds more than one line"), (b"\xff", "is not text")] {
        std::fs::write(&file, content).unwrap();
        let gap = fetch(&source, SIGNAL, "", hour()).await.unwrap_err();
        assert!(gap.reason.ends_with(says), "{gap}");
    }
}

#[tokio::test]
async fn users_and_headers_are_sent() {
    let (fake, folder) = (open().await, tempfile::tempdir().unwrap());
    let file = folder.path().join("password");
    std::fs::write(&file, "pass").unwrap();
    let basic = BasicAuth { username: "user".into(), password_file: file };
    let headers = [("X-Scope-OrgID".to_string(), "team".to_string().into())].into();
    let settings = Settings { basic_auth: Some(basic), headers, ..Settings::at(&fake.url) };
    ask(settings, SIGNAL, "", hour()).await.unwrap();
    let in_url = fake.url.replace("http://", "http://user:p%61ss@");
    ask(Settings::at(&format!("{in_url}/base/?extra_label=a")), SIGNAL, "", hour()).await.unwrap();
    let seen = fake.seen();
    for request in &seen {
        assert_eq!(header(&request.headers, "authorization").unwrap(), "Basic dXNlcjpwYXNz");
    }
    assert_eq!(header(&seen[0].headers, "x-scope-orgid").unwrap(), "team");
    assert_eq!(seen[1].line, "POST /base/api/v1/query_range?extra_label=a");
}

#[tokio::test]
async fn a_redirect_to_another_host_is_refused() {
    let other = open().await;
    let to = format!("{}/api/v1/query_range?token=t0k3n", other.url);
    let fake = Fake::start(move |request: &Seen| {
        if request.line.starts_with("POST /moved/") {
            (StatusCode::PERMANENT_REDIRECT, [(LOCATION, "/here/api/v1/query_range")]).into_response()
        } else if request.line.starts_with("POST /here/") {
            matrix("")
        } else {
            (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, to.clone())]).into_response()
        }
    })
    .await;
    let gap = ask(Settings::at(&fake.url), SIGNAL, "", hour()).await.unwrap_err();
    assert!(gap.reason.contains("sends us elsewhere, to") && !gap.reason.contains("t0k3n"), "{gap}");
    assert!(other.lines().is_empty());
    ask(Settings::at(&format!("{}/moved", fake.url)), SIGNAL, "", hour()).await.unwrap();
}

#[tokio::test]
async fn no_secret_is_in_a_gap() {
    let fake = Fake::start(|_: &Seen| json(401, r#"{"error":"who are you"}"#)).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "hidden").unwrap();
    let with_token = Settings { token_file: Some(file), ..Settings::at(&fake.url) };
    let with_user = Settings::at(&fake.url.replace("http://", "http://hidden:hidden@"));
    let unreachable = Settings::at("http://hidden:hidden@127.0.0.1:9/?q=hidden");
    for settings in [with_token, with_user, unreachable] {
        for protocol in [Protocol::Auto, Protocol::Range] {
            let settings = Settings { protocol, ..settings.clone() };
            let gap = ask(settings, Signal::HostMemoryTotal, "", hour()).await.unwrap_err();
            assert!(!format!("{gap:?}").contains("hidden"), "{gap:?}");
        }
    }
}
