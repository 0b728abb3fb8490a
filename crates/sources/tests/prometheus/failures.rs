//! Every way a server can fail is a gap with its words and a hint; none is an empty answer.

use std::convert::Infallible;
use std::io::Write;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use model::signal::Signal;
use model::size::Size;
use model::time::{Span, Time, Window};
use sources::Source;
use sources::prometheus::{Prometheus, Protocol, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::fake::{Chunk, ChunkedSeries, Fake, Seen, block, chunked, frame, json, matrix, samples, streamed};
use super::{TO, ask, cells, fetch, hour};

const SIGNAL: Signal = Signal::HostMemoryAvailable;

/// A sound series of two samples.
fn sound() -> ChunkedSeries {
    chunked(&[("__name__", "m"), ("instance", "a:9100")], &[(TO - 60_000, 1.0), (TO, 2.0)])
}

/// What is said of an answer to the only request: the gap, or the number of series and the notes.
async fn said(settings: Settings) -> String {
    match ask(settings, SIGNAL, "", hour()).await {
        Err(gap) => format!("{gap} | {}", gap.hint.as_deref().unwrap_or("no hint")),
        Ok(answer) => format!("{} series {:?}", answer.series.len(), answer.notes),
    }
}

/// The same over one way of reading, from a server that always answers the same.
async fn over(protocol: Protocol, answer: impl Fn() -> Response + Clone + Send + Sync + 'static) -> String {
    let fake = Fake::start(move |_: &Seen| answer()).await;
    let settings = Settings { protocol, timeout: Span::from_secs(20), ..Settings::at(&fake.url) };
    said(settings).await.replace(&fake.url, "URL")
}

/// Over remote read.
async fn read(answer: impl Fn() -> Response + Clone + Send + Sync + 'static) -> String {
    over(Protocol::RemoteRead, answer).await
}

/// Over range queries.
async fn range(answer: impl Fn() -> Response + Clone + Send + Sync + 'static) -> String {
    over(Protocol::Range, answer).await
}

#[tokio::test]
async fn errors_of_the_api_are_repeated() {
    let error = |status| move || json(status, r#"{"status":"error","errorType":"bad_data","error":"no such thing"}"#);
    insta::assert_snapshot!(range(error(400)).await, @r#"source `prom`: cannot read `host.memory.available`: 400 Bad Request: bad_data: no such thing | put the query to the server's own page to see more; if it stands under `signals`, correct it there"#);
    insta::assert_snapshot!(range(error(422)).await, @r#"source `prom`: cannot read `host.memory.available`: 422 Unprocessable Entity: bad_data: no such thing | ask for fewer hosts, a shorter window or a longer step"#);
    insta::assert_snapshot!(range(error(503)).await, @r#"source `prom`: cannot read `host.memory.available`: 503 Service Unavailable: bad_data: no such thing | the server is not able to answer now; its own log says more"#);
    insta::assert_snapshot!(range(error(401)).await, @r#"source `prom`: cannot read `host.memory.available`: 401 Unauthorized: bad_data: no such thing | set `token_file` under sources.prom, then try `patrol source test prom`"#);
    insta::assert_snapshot!(range(error(403)).await, @r#"source `prom`: cannot read `host.memory.available`: 403 Forbidden: bad_data: no such thing | set `token_file` under sources.prom, then try `patrol source test prom`"#);
    insta::assert_snapshot!(range(error(404)).await, @r#"source `prom`: cannot read `host.memory.available`: 404 Not Found: bad_data: no such thing | check the path in `url`: it ends before `/api/v1` (Mimir: `/prometheus`, cluster of VictoriaMetrics: `/select/0/prometheus`)"#);
    insta::assert_snapshot!(range(error(200)).await, @r#"source `prom`: cannot read `host.memory.available`: no such thing | no hint"#);
    insta::assert_snapshot!(read(error(500)).await, @r#"source `prom`: cannot read `host.memory.available`: 500 Internal Server Error: bad_data: no such thing | the server is not able to answer now; its own log says more"#);
    insta::assert_snapshot!(read(error(404)).await, @r#"source `prom`: cannot read `host.memory.available`: 404 Not Found: bad_data: no such thing | set `protocol: auto` to fall back on range queries"#);
}

#[tokio::test]
async fn pages_for_people_are_told_by_their_title() {
    let page =
        || axum::response::Html("<!doctype html><html><head><title>Sign in</title></head></html>").into_response();
    insta::assert_snapshot!(range(page).await, @r#"source `prom`: cannot read `host.memory.available`: answered HTML, not JSON: Sign in | the URL may point at a login page or a proxy; give the address of the API itself, and credentials"#);
    insta::assert_snapshot!(read(page).await, @r#"source `prom`: cannot read `host.memory.available`: remote read is answered with an HTML page: Sign in | set `protocol: auto` to fall back on range queries"#);
    insta::assert_snapshot!(over(Protocol::Auto, page).await, @r#"source `prom`: cannot read `host.memory.available`: answered HTML, not JSON: Sign in | the URL may point at a login page or a proxy; give the address of the API itself, and credentials"#);
}

#[tokio::test]
async fn bodies_that_are_cut_off_or_damaged_are_no_answers() {
    let whole = frame(vec![sound()]);
    let cut = whole[..whole.len() - 3].to_vec();
    let mut crc = whole.clone();
    crc[3] ^= 1;
    let mut bad_chunk = sound();
    bad_chunk.chunks[0].data.truncate(9);
    let bad_chunk = frame(vec![bad_chunk]);
    let snappy = snap::raw::Encoder::new().compress_vec(&[7; 1000]).unwrap();
    let bomb = vec![0xff, 0xff, 0xff, 0xff, 0x0f, 0];
    insta::assert_snapshot!(read(move || streamed(cut.clone())).await, @r#"source `prom`: cannot read `host.memory.available`: the answer is cut off in its frame 1 | a proxy or the server ended it; the server's own log says more"#);
    insta::assert_snapshot!(read(move || streamed(crc.clone())).await, @r#"source `prom`: cannot read `host.memory.available`: frame 1 of the answer is damaged: its checksum (CRC-32C) does not match | set `protocol: range` to do without remote read"#);
    insta::assert_snapshot!(read(move || streamed(bad_chunk.clone())).await, @r#"source `prom`: cannot read `host.memory.available`: a chunk of the answer is damaged: the chunk is cut off in sample 1 of 2 | set `protocol: range` to do without remote read"#);
    insta::assert_snapshot!(read(|| streamed(vec![0xff; 20])).await, @r#"source `prom`: cannot read `host.memory.available`: frame 1 of the answer has no length | set `protocol: range` to do without remote read"#);
    insta::assert_snapshot!(read(|| streamed(vec![5, 0, 0, 0, 0])).await, @r#"source `prom`: cannot read `host.memory.available`: the answer is cut off in its frame 1 | a proxy or the server ended it; the server's own log says more"#);
    insta::assert_snapshot!(read(move || block(snappy[..20].to_vec())).await, @r#"source `prom`: cannot read `host.memory.available`: the answer is cut off or damaged: not a whole snappy block (snappy: corrupt input (expected copy read of length 2; remaining src: 0)) | a proxy may have changed it; set `protocol: range` to do without remote read"#);
    insta::assert_snapshot!(read(move || block(bomb.clone())).await, @r#"source `prom`: cannot read `host.memory.available`: the answer is larger than `max_bytes`, 512MiB | ask for fewer hosts, a shorter window or a longer step, or raise `max_bytes`"#);
    insta::assert_snapshot!(range(|| json(200, r#"{"status":"success","data":{"resu"#)).await, @r#"source `prom`: cannot read `host.memory.available`: the answer is cut off after 33 bytes, in the middle of its JSON | a proxy or the server ended it; the server's own log says more"#);
    insta::assert_snapshot!(range(|| json(200, "")).await, @r#"source `prom`: cannot read `host.memory.available`: the answer is cut off after 0 bytes, in the middle of its JSON | a proxy or the server ended it; the server's own log says more"#);
    insta::assert_snapshot!(range(|| json(200, "ok")).await, @r#"source `prom`: cannot read `host.memory.available`: the answer is not what a Prometheus server says: expected value at line 1 column 1 | check that `url` is the address of a Prometheus-compatible server"#);
}

/// A server that sends these bytes to the first who asks, and hangs up.
async fn hangs_up(bytes: &'static [u8]) -> Settings {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = vec![0; 64 * 1024];
        let _ = stream.read(&mut asked).await;
        stream.write_all(bytes).await.unwrap();
    });
    Settings { protocol: Protocol::RemoteRead, ..Settings::at(&url) }
}

/// A body that sends a piece, then nothing any more.
fn stalled(piece: Vec<u8>) -> Body {
    let first = futures::stream::iter([Ok::<Bytes, Infallible>(Bytes::from(piece))]);
    Body::from_stream(first.chain(futures::stream::pending()))
}

#[tokio::test]
async fn connections_that_break_or_stall_are_told_apart() {
    let promised = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-streamed-protobuf\r\nContent-Length: 99\r\n\r\nabc";
    insta::assert_snapshot!(said(hangs_up(promised).await).await, @r#"source `prom`: cannot read `host.memory.available`: the answer broke off after 3 bytes: end of file before message length reached | a proxy or the server ended it; the server's own log says more"#);
    let settings = hangs_up(b"").await;
    insta::assert_snapshot!(said(settings.clone()).await.replace(&settings.url, "URL"), @r#"source `prom`: cannot read `host.memory.available`: lost the connection to URL: connection closed before message completed | check that the server runs and that `url` has its port"#);
    let settings = hangs_up(b"220 mail.example ESMTP\r\n").await;
    insta::assert_snapshot!(said(settings.clone()).await.replace(&settings.url, "URL"), @r#"source `prom`: cannot read `host.memory.available`: lost the connection to URL: invalid HTTP version parsed | check that the server runs and that `url` has its port"#);
    let fake = Fake::start(|_: &Seen| streamed(stalled(vec![200]))).await;
    let soon = |url: &str, millis| Settings { timeout: Span::from_millis(millis), ..Settings::at(url) };
    insta::assert_snapshot!(said(soon(&fake.url, 1_500)).await, @r#"source `prom`: cannot read `host.memory.available`: the server fell silent for 500ms after 1 bytes | raise `timeout`, a third of which is the longest silence, or see what keeps the server busy"#);
    // A drop every 50 ms is no silence, but not an answer in time either.
    let drops = || {
        let drops = futures::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            Some((Ok::<_, Infallible>(Bytes::from_static(b" ")), ()))
        });
        json(200, "").map(|_| Body::from_stream(drops))
    };
    let fake = Fake::start(move |_: &Seen| drops()).await;
    let settings = Settings { protocol: Protocol::Range, ..soon(&fake.url, 3_000) };
    insta::assert_snapshot!(said(settings).await, @r#"source `prom`: cannot read `host.memory.available`: the answer was not complete within 3s | raise `timeout`, ask for less, or see what keeps the server busy"#);
    // Takes connections and never answers.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    insta::assert_snapshot!(said(soon(&format!("http://{}", silent.local_addr().unwrap()), 300)).await, @r#"source `prom`: cannot read `host.memory.available`: no answer within 300ms | raise `timeout`, ask for less, or see what keeps the server busy"#);
    // Nobody there.
    let gone = silent.local_addr().unwrap();
    drop(silent);
    insta::assert_snapshot!(said(Settings::at(&format!("http://{gone}"))).await.replace(&gone.port().to_string(), "PORT"), @r#"source `prom`: cannot read `host.memory.available`: cannot connect to http://127.0.0.1:PORT: Connection refused (os error 111) | check that the server runs and that `url` has its port"#);
}

#[tokio::test]
async fn limits_are_named_with_their_setting() {
    let many: Vec<ChunkedSeries> = ["a", "b", "c"].map(|i| chunked(&[("instance", i)], &[(TO, 1.0)])).into();
    let (frames, old) = (frame(many), vec![0x80, 0x80, 0x80, 0x80, 0x04, 0]);
    let fake = Fake::start(move |request: &Seen| match request.headers.get("x-kind").map(|v| v.as_bytes()) {
        Some(b"old") => block(old.clone()),
        Some(b"zip") => {
            let packed = zeros();
            ([("content-type", "application/json"), ("content-encoding", "gzip")], packed).into_response()
        }
        _ => streamed(frames.clone()),
    })
    .await;
    let kind = |kind: &str| [("x-kind".to_string(), kind.to_string().into())].into();
    let settings = |max_bytes, max_series| Settings {
        max_bytes: Size::from_bytes(max_bytes),
        max_series,
        ..Settings::at(&fake.url)
    };
    insta::assert_snapshot!(said(settings(1 << 20, 2)).await, @r#"source `prom`: cannot read `host.memory.available`: the answer has more than 2 series | ask for fewer hosts, or raise `max_series`"#);
    insta::assert_snapshot!(said(settings(100, 9)).await, @r#"source `prom`: cannot read `host.memory.available`: the answer is larger than `max_bytes`, 100B | ask for fewer hosts, a shorter window or a longer step, or raise `max_bytes`"#);
    insta::assert_snapshot!(said(settings(1_000, 9)).await, @r#"source `prom`: cannot read `host.memory.available`: the answer is larger than `max_bytes`, 1kB | ask for fewer hosts, a shorter window or a longer step, or raise `max_bytes`"#);
    insta::assert_snapshot!(said(Settings { headers: kind("old"), ..settings(1 << 20, 9) }).await, @r#"source `prom`: cannot read `host.memory.available`: the answer is larger than `max_bytes`, 1MiB | ask for fewer hosts, a shorter window or a longer step, or raise `max_bytes`"#);
    let zipped = Settings { headers: kind("zip"), protocol: Protocol::Range, ..settings(1 << 16, 9) };
    insta::assert_snapshot!(said(zipped).await, @r#"source `prom`: cannot read `host.memory.available`: the answer is larger than `max_bytes`, 64KiB | ask for fewer hosts, a shorter window or a longer step, or raise `max_bytes`"#);
    insta::assert_snapshot!(said(settings(1 << 20, 9)).await, @r#"3 series []"#);
}

/// A megabyte of zeros, packed into a thousandth of it.
fn zeros() -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(&[0; 1 << 20]).unwrap();
    packed.finish().unwrap()
}

#[tokio::test]
async fn a_server_without_remote_read_is_asked_by_range_and_not_asked_again() {
    for (status, words, tries) in [
        (404, "404 page not found", 1),
        (405, "", 1),
        (501, "not implemented", 1),
        (400, r#"unsupported path requested: "/api/v1/read""#, 1),
        (400, "bad request", 2),
        (403, "not for you", 2),
    ] {
        let fake = Fake::start(move |request: &Seen| {
            if request.line.contains("/read") { json(status, words) } else { matrix(&format!("[{},\"5\"]", TO / 1000)) }
        })
        .await;
        let source = Prometheus::new("p", Settings::at(&fake.url)).unwrap();
        for _ in 0..2 {
            let answer = fetch(&source, SIGNAL, "", hour()).await.unwrap();
            assert_eq!(answer.series.get(0).last(), Some((TO, 5.0)), "{status} {words}");
        }
        let tried = fake.lines().iter().filter(|l| l.contains("/read")).count();
        assert_eq!(tried, tries, "{status} {words}");
    }
}

#[tokio::test]
async fn chunks_of_an_unknown_encoding_are_read_by_range() {
    let mut newer = sound();
    newer.chunks[0].encoding = 7;
    let body = frame(vec![sound(), newer]);
    let fake = Fake::start(move |request: &Seen| {
        if request.line.contains("/read") { streamed(body.clone()) } else { matrix(&format!("[{},\"5\"]", TO / 1000)) }
    })
    .await;
    let answer = ask(Settings::at(&fake.url), SIGNAL, "", hour()).await.unwrap();
    assert_eq!((answer.series.len(), answer.series.get(0).samples()), (1, 1));
    let only = Settings { protocol: Protocol::RemoteRead, ..Settings::at(&fake.url) };
    insta::assert_snapshot!(said(only).await, @r#"source `prom`: cannot read `host.memory.available`: the answer has chunks of an encoding we do not know, number 7 | set `protocol: auto` to fall back on range queries"#);
}

#[tokio::test]
async fn what_is_no_sample_is_left_out_and_noted() {
    let stale = f64::from_bits(0x7ff0_0000_0000_0002);
    let at = |minute: Time| TO - 3_600_000 + minute * 60_000;
    let odd = [(at(1), 1.0), (at(2), f64::NAN), (at(3), stale), (at(4), f64::INFINITY), (at(5), 5.0), (at(61), 9.0)];
    let mut series = chunked(&[("instance", "a:9100")], &odd);
    series.chunks.push(Chunk { first: at(6), last: at(7), encoding: 2, data: vec![1, 2, 3] });
    let one_point = chunked(&[("instance", "b:9100")], &[(at(9), 9.0)]);
    let before = chunked(&[("instance", "c:9100")], &[(at(0), 9.0)]);
    let body = frame(vec![series, one_point, before]);
    let fake = Fake::start(move |_: &Seen| streamed(body.clone())).await;
    let answer = ask(Settings::at(&fake.url), SIGNAL, "", hour()).await.unwrap();
    insta::assert_debug_snapshot!(answer.notes, @r#"
    [
        "infinite values are left out: 1",
        "histograms are left out, only plain numbers are read: 1 series",
    ]
    "#);
    let first: Vec<f64> = answer.series.get(0).values[..6].to_vec();
    assert_eq!(format!("{first:?}"), "[1.0, NaN, NaN, NaN, 5.0, NaN]");
    let hosts: Vec<_> = answer.series.iter().map(|s| (s.labels.get("host").unwrap(), s.samples())).collect();
    assert_eq!(hosts, [("a", 2), ("b", 1)]);
}

#[tokio::test]
async fn the_answer_does_not_depend_on_how_it_is_cut() {
    let body = [frame(vec![sound()]), frame(vec![chunked(&[("instance", "b:9100")], &[(TO, 3.0)])])].concat();
    let whole = sources::prometheus::decode::stream([&body[..]], &hour()).unwrap();
    for size in 1..body.len() {
        let cut = sources::prometheus::decode::stream(body.chunks(size), &hour()).unwrap();
        let all = |set: &model::series::SeriesSet| set.iter().map(|s| format!("{s:?}")).collect::<String>();
        assert_eq!(all(&whole), all(&cut), "pieces of {size}");
    }
    for end in 1..body.len() {
        let read = sources::prometheus::decode::stream([&body[..end]], &hour());
        let at_a_frame = end == frame(vec![sound()]).len();
        assert_eq!(read.is_ok(), at_a_frame, "cut at {end}");
    }
}

#[tokio::test]
async fn both_kinds_of_answer_give_the_same() {
    let labels = [("__name__", "m"), ("instance", "a:9100")];
    let values = [(TO - 60_000, 1.0), (TO - 1, f64::from_bits(0x7ff0_0000_0000_0002)), (TO + 1, 2.5)];
    let older = samples(&labels, &values);
    let newer = frame(vec![chunked(&labels, &values)]);
    let older = sources::prometheus::decode::samples(&older, &hour()).unwrap();
    let newer = sources::prometheus::decode::stream([&newer[..]], &hour()).unwrap();
    assert_eq!(format!("{older:?}"), format!("{newer:?}"));
    assert_eq!((older.len(), older.get(0).last()), (1, Some((TO - 60_000, 1.0))));
}

#[tokio::test]
async fn long_windows_take_several_requests() {
    let fake = Fake::start(|_: &Seen| matrix("")).await;
    let settings = Settings { protocol: Protocol::Range, ..Settings::at(&fake.url) };
    let window = super::window(Span::from_secs(25_000), Span::from_secs(1));
    ask(settings, Signal::HostMemoryCached, "", window).await.unwrap();
    assert_eq!(fake.lines(), ["POST /api/v1/query_range"; 3]);
}

#[tokio::test]
async fn questions_that_make_no_sense_are_gaps_before_anything_is_sent() {
    let source = Prometheus::new("p", Settings::at("http://127.0.0.1:9")).unwrap();
    let minute = Span::from_mins(1);
    let reason = async |window: Window, only: &str| fetch(&source, SIGNAL, only, window).await.unwrap_err().reason;
    assert_eq!(reason(Window { from: TO, to: TO, step: minute }, "").await, "the window is empty");
    assert_eq!(reason(Window { from: 0, to: TO, step: Span::ZERO }, "").await, "the window is empty");
    let wide = Window { from: i64::MIN / 4, to: TO, step: Span::from_millis(1) };
    assert!(reason(wide, "").await.ends_with("at most 100800 fit"));
    let future = 1 << 50;
    let later = Window { from: future, to: future + 60_000, step: minute };
    assert_eq!(reason(later, "").await, "the window lies in the future");
    assert_eq!(reason(hour(), r#"{host=~"("}"#).await, "`(?:()(:[0-9]+)?` is not a regular expression");
}

#[tokio::test]
async fn signals_no_exporter_has_are_answered_with_a_note() {
    let answer = ask(Settings::at("http://127.0.0.1:9"), Signal::ProcessAnonymous, "", hour()).await.unwrap();
    assert!(answer.series.is_empty());
    insta::assert_debug_snapshot!(answer.notes, @r#"
    [
        "`process.memory.anonymous` is not offered: process-exporter does not tell the anonymous memory of processes apart from the resident; an expression under `signals` can bring it",
    ]
    "#);
}

#[tokio::test]
async fn the_self_test_stops_where_nobody_answers() {
    let source = Prometheus::new("p", Settings::at("http://127.0.0.1:9")).unwrap();
    let steps = source.test(TO).await;
    assert_eq!(steps.len(), 1);
    insta::assert_debug_snapshot!(steps[0], @r#"
    Step {
        tried: "reach http://127.0.0.1:9",
        outcome: Err(
            "cannot connect to http://127.0.0.1:9: Connection refused (os error 111)",
        ),
        hint: Some(
            "check that the server runs and that `url` has its port",
        ),
    }
    "#);
    let fake = Fake::start(|_: &Seen| axum::response::Html("<html><title>Portal</title>").into_response()).await;
    let steps = Prometheus::new("p", Settings::at(&fake.url)).unwrap().test(TO).await;
    assert_eq!(steps[0].outcome, Err("answered HTML, not JSON: Portal".into()));
}

#[tokio::test]
async fn a_sound_answer_is_read_whole() {
    let body = frame(vec![sound()]);
    let fake = Fake::start(move |_: &Seen| streamed(body.clone())).await;
    let answer = ask(Settings::at(&fake.url), SIGNAL, r#"{host="a"}"#, hour()).await.unwrap();
    let row = &cells(&answer)[r#"host="a", instance="a:9100""#];
    assert_eq!(row[58..], [1f64.to_bits(), 2f64.to_bits()]);
    assert_eq!(answer.origin.query, r#"node_memory_MemAvailable_bytes{instance=~"a(:[0-9]+)?"}"#);
    assert_eq!(fake.lines(), ["POST /api/v1/read"]);
}
