//! Every way an endpoint can fail is told in words, and nothing but the address is asked.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, LOCATION};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use model::size::Size;
use model::time::Span;
use sources::pprof::{BasicAuth, Endpoint, Kind, Settings, inflate};

use super::{Fake, packed};

/// What stands for a profile: the reader does not look inside.
const PROFILE: &[u8] = &[0x0a, 0x04, 0x08, 0x01, 0x10, 0x02];

/// What is said of a profile of an endpoint: its bytes, or the error and its hint.
async fn said(settings: Settings, kind: Kind) -> String {
    match Endpoint::new(&settings).unwrap().fetch(kind).await {
        Ok(fetched) => format!("{} bytes", fetched.bytes.len()),
        Err(error) => format!("{error} | {}", error.hint.as_deref().unwrap_or("no hint")),
    }
}

/// The same of the heap profile of a server that always answers the same.
async fn of(answer: impl Fn() -> Response + Clone + Send + Sync + 'static) -> String {
    let fake = Fake::start(move |_: &Request| answer()).await;
    said(Settings::at(&fake.heap), Kind::Heap).await.replace(&fake.heap, "HEAP")
}

#[tokio::test]
async fn each_kind_is_fetched_from_its_page_as_it_is_sent() {
    let fake = Fake::start(|request: &Request| match request.uri().path() {
        "/debug/pprof/goroutine" => PROFILE.into_response(),
        _ if request.uri().query() == Some("debug=1") => "heap profile: 1: 2 [3: 4] @ heap/1048576\n".into_response(),
        _ => packed(PROFILE).into_response(),
    })
    .await;
    let endpoint = Endpoint::new(&Settings::at(&fake.heap)).unwrap();
    let heap = endpoint.fetch(Kind::Heap).await.unwrap();
    assert_eq!((heap.kind, &heap.bytes), (Kind::Heap, &packed(PROFILE)));
    assert_eq!(inflate(&heap.bytes, 100).unwrap(), PROFILE);
    let goroutine = endpoint.fetch(Kind::Goroutine).await.unwrap();
    assert_eq!(goroutine.bytes, PROFILE);
    let memory = endpoint.fetch(Kind::Memory).await.unwrap();
    assert!(memory.bytes.starts_with(b"heap profile: ") && memory.taken_at >= heap.taken_at);
    let wanted = ["/debug/pprof/heap?gc=1", "/debug/pprof/goroutine", "/debug/pprof/heap?debug=1"];
    assert_eq!(fake.seen(), wanted);
}

#[tokio::test]
async fn redirects_are_followed_on_the_same_server_only() {
    let other = Fake::start(|_: &Request| packed(PROFILE).into_response()).await;
    let to = other.heap.clone();
    let fake = Fake::start(move |request: &Request| {
        let to = match request.uri().path() {
            "/debug/pprof/heap" => to.clone(),
            "/downgraded/heap" => "ftp://127.0.0.1/heap".into(),
            "/circle/heap" => "/circle/heap".into(),
            "/moved/heap" => "/here/heap".into(),
            _ => return packed(PROFILE).into_response(),
        };
        (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, to)]).into_response()
    })
    .await;
    let at = |path: &str| Settings::at(&fake.heap.replace("/debug/pprof/heap", path));
    let away = said(at("/debug/pprof/heap"), Kind::Heap).await;
    assert!(away.contains(&format!("the server sends us elsewhere, to {}", other.heap)), "{away}");
    let downgraded = said(at("/downgraded/heap"), Kind::Heap).await;
    assert!(downgraded.contains("elsewhere, to ftp://127.0.0.1/heap"), "{downgraded}");
    let circle = said(at("/circle/heap"), Kind::Heap).await;
    assert!(circle.contains("round in circles"), "{circle}");
    assert_eq!(said(at("/moved/heap"), Kind::Heap).await, format!("{} bytes", packed(PROFILE).len()));
    assert_eq!(other.seen(), [] as [&str; 0]);
}

#[tokio::test]
async fn answers_that_are_no_profile_are_told() {
    let page = "<!DOCTYPE html><html><head><title>/debug/pprof/</title></head><body>";
    insta::assert_snapshot!(of(move || page.into_response()).await, @"answered HTML, not a profile: /debug/pprof/ | the address may be that of a login page or of a list of profiles; name one, like `http://127.0.0.1:6060/debug/pprof/heap`");
    insta::assert_snapshot!(of(|| "".into_response()).await, @"the answer is empty | the program's own log may say why");
    insta::assert_snapshot!(of(|| r#"{"error":"not now"}"#.into_response()).await, @r#"answered something that is no profile: {"error":"not now"} | open the address in a browser to see more"#);
    insta::assert_snapshot!(of(|| (StatusCode::NOT_FOUND, "404 page not found\n").into_response()).await, @"404 Not Found: 404 page not found | check the path in `url`; a Go program that imports net/http/pprof answers at `http://127.0.0.1:6060/debug/pprof/heap`");
    insta::assert_snapshot!(of(|| (StatusCode::FORBIDDEN, "who\x1b[31m are you").into_response()).await, @"403 Forbidden: who [31m are you | set `token_file` or `basic_auth` beside `url`");
    insta::assert_snapshot!(of(|| (StatusCode::BAD_GATEWAY, packed(b"upstream")).into_response()).await, @"502 Bad Gateway: upstream | no hint");
    let whole = packed(&[PROFILE; 40].concat());
    let cut = whole[..whole.len() - 5].to_vec();
    insta::assert_snapshot!(of(move || cut.clone().into_response()).await, @"the compressed profile is cut off | the program or a proxy ended its answer too early");
    let mut damaged = whole.clone();
    damaged[whole.len() - 8] ^= 1;
    insta::assert_snapshot!(of(move || damaged.clone().into_response()).await, @"the compressed profile is damaged: corrupt gzip stream does not have a matching checksum | the program or a proxy ended its answer too early");
    let fake = Fake::start(|_: &Request| packed(PROFILE).into_response()).await;
    insta::assert_snapshot!(said(Settings::at(&fake.heap), Kind::Memory).await, @"answered something that is no profile: bytes that are no text | only programs in Go give an account of their memory with `debug=1`");
    let allocs = fake.heap.replace("heap", "allocs");
    insta::assert_snapshot!(said(Settings::at(&allocs), Kind::Goroutine).await.replace(&allocs, "ALLOCS"), @"where its goroutine profile is cannot be told from ALLOCS | give an address that ends in `/heap`, like `http://127.0.0.1:6060/debug/pprof/heap`");
}

/// 64 MiB of zeros in 64 KiB, and an answer that never ends.
#[tokio::test]
async fn a_bomb_stops_at_the_limit() {
    let bomb = packed(&vec![0; 64 << 20]);
    let fake = Fake::start(move |_: &Request| bomb.clone().into_response()).await;
    let small = Settings { max_uncompressed: Size::from_bytes(32 << 20), ..Settings::at(&fake.heap) };
    insta::assert_snapshot!(said(small, Kind::Heap).await, @"the profile is larger than 32MiB when uncompressed | if it is no mistake, raise `max_uncompressed` under `profiles.limits` in the configuration");
    let fake = Fake::start(|_: &Request| {
        let piece = || Ok::<_, Infallible>(Bytes::from(vec![0; 1 << 16]));
        Body::from_stream(futures::stream::repeat_with(piece)).into_response()
    })
    .await;
    let small = Settings { max_bytes: Size::from_bytes(1 << 20), ..Settings::at(&fake.heap) };
    insta::assert_snapshot!(said(small, Kind::Heap).await, @"the profile is larger than 1MiB | if it is no mistake, raise `max_download` under `profiles.limits` in the configuration");
}

/// A server that sends half a profile and then nothing, and one that does not answer at all.
#[tokio::test]
async fn silence_ends_after_the_time_that_is_set() {
    let fake = Fake::start(|_: &Request| {
        let start = futures::stream::iter([Ok::<_, Infallible>(Bytes::from_static(PROFILE))]);
        Body::from_stream(start.chain(futures::stream::pending())).into_response()
    })
    .await;
    // Long enough for the first bytes to come on a busy machine.
    let quick = Settings { timeout: Span::from_secs(3), ..Settings::at(&fake.heap) };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/heap", listener.local_addr().unwrap());
    let mute = Settings { url, ..quick.clone() };
    let (half, nothing) = tokio::join!(said(quick.clone(), Kind::Heap), said(mute, Kind::Heap));
    insta::assert_snapshot!(half, @"the server fell silent for 1s after 6 bytes | raise `timeout`, a third of which is the longest silence, or see what keeps the server busy");
    insta::assert_snapshot!(nothing, @"no answer within 3s | raise `timeout`, ask for less, or see what keeps the server busy");
    let url = format!("http://{}/heap", listener.local_addr().unwrap());
    drop(listener);
    let said = said(Settings { url, ..quick }, Kind::Heap).await;
    assert!(said.starts_with("cannot connect to http://127.0.0.1:") && said.contains("refused"), "{said}");
}

#[tokio::test]
async fn what_lets_us_in_is_sent_and_never_shown() {
    let fake = Fake::start(|request: &Request| {
        let sent = request.headers().get(AUTHORIZATION).and_then(|v| v.to_str().ok()).unwrap_or_default();
        match sent {
            "Bearer s3cret" | "Basic dXNlcjpzM2NyZXQ=" => packed(PROFILE).into_response(),
            _ => StatusCode::UNAUTHORIZED.into_response(),
        }
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, "s3cret\n").unwrap();
    let token = Settings { token_file: Some(file.clone()), ..Settings::at(&fake.heap) };
    let basic = BasicAuth { username: "user".into(), password_file: file };
    let basic = Settings { basic_auth: Some(basic), ..Settings::at(&fake.heap) };
    let in_url = Settings::at(&fake.heap.replace("http://", "http://user:s3cret@"));
    for settings in [token, basic, in_url.clone()] {
        assert!(said(settings, Kind::Heap).await.ends_with(" bytes"));
    }
    let wrong = Settings::at(&fake.heap.replace("http://", "http://ann:hidden@"));
    insta::assert_snapshot!(said(wrong.clone(), Kind::Heap).await, @"401 Unauthorized | check user and password");
    insta::assert_snapshot!(said(Settings::at(&fake.heap), Kind::Heap).await, @"401 Unauthorized | set `token_file` or `basic_auth` beside `url`");
    assert!(!format!("{wrong:?} {in_url:?}").contains("hidden"));
    assert!(fake.seen().iter().all(|line| line.parse::<Uri>().unwrap().path() == "/debug/pprof/heap"));
}

#[test]
fn addresses_that_name_no_profile_are_refused_at_once() {
    let said = |url: &str| match Endpoint::new(&Settings::at(url)) {
        Ok(_) => "fine".to_string(),
        Err(error) => format!("{error} | {}", error.hint.as_deref().unwrap_or_default()),
    };
    insta::assert_snapshot!(said("http://h:6060/debug/pprof/"), @"`url` names no profile: http://h:6060/debug/pprof | name the heap profile: `http://127.0.0.1:6060/debug/pprof/heap`");
    insta::assert_snapshot!(said("h:6060/debug/pprof/heap"), @"`url` does not start with http:// or https://: h:6060/debug/pprof/heap | write it like `http://127.0.0.1:6060/debug/pprof/heap`");
    insta::assert_snapshot!(said("file:///etc/passwd"), @"`url` does not start with http:// or https://: file:///etc/passwd | write it like `http://127.0.0.1:6060/debug/pprof/heap`");
    assert_eq!(said("http://h:6060/debug/pprof/heap?debug=1"), "fine");
}
