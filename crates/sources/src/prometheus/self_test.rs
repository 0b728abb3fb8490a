//! What `patrol source test` tries: everything a run would need, step by step.

use model::query::Query;
use model::signal::Signal;
use model::time::{Span, Time, Window};
use reqwest::Method;
use serde::Deserialize;

use super::fault::{Fault, html};
use super::rows::Rows;
use super::selector::Ask;
use super::signals::{Exporter, Mapping, mapping};
use super::{Prometheus, Protocol, range, read};
use crate::Step;
use crate::http::{html_title, short};

/// How far back the steps look.
const RECENT: Span = Span::from_mins(5);

/// Runs the steps. The later ones are left out when the server cannot be reached at all.
pub async fn run(server: &Prometheus, now: Time) -> Vec<Step> {
    let reached = reach(server).await;
    let mut steps = vec![step(format!("reach {}", server.client.shown()), reached)];
    if steps[0].outcome.is_err() {
        return steps;
    }
    steps.push(step("GET /api/v1/status/buildinfo", version(server).await));
    if server.protocol != Protocol::Range {
        steps.push(step("POST /api/v1/read (remote read)", remote_read(server, now).await));
    }
    steps.push(step(
        "POST /api/v1/query_range (range query)",
        evaluate(server, "vector(1)", now).await.map(|_| "works".into()),
    ));
    for signal in [Signal::HostMemoryAvailable, Signal::ProcessResident, Signal::ContainerWorkingSet] {
        steps.push(exporter(server, signal, now).await);
    }
    steps
}

/// Whether an exporter is there. Without hosts there is nothing to inspect; processes and containers only explain.
async fn exporter(server: &Prometheus, signal: Signal, now: Time) -> Step {
    let of = Exporter::of(signal);
    let mut step =
        step(format!("series of {} ({})", of.name(), signal.name()), presence(server, of.name(), signal, now).await);
    if of != Exporter::Node {
        step.outcome = step.outcome.or_else(|why| {
            if why.starts_with(NO_SERIES) { Ok(format!("{why}, so findings go without")) } else { Err(why) }
        });
    }
    step
}

/// How the outcome begins where an exporter is missing.
const NO_SERIES: &str = "no series";

/// A step from its outcome.
fn step(tried: impl Into<String>, outcome: Result<String, Fault>) -> Step {
    let hint = outcome.as_ref().err().and_then(|fault| fault.hint.clone());
    Step { tried: tried.into(), outcome: outcome.map_err(|fault| fault.reason), hint }
}

/// Whether anybody is there who lets us in. Not every server has `/-/ready`.
async fn reach(server: &Prometheus) -> Result<String, Fault> {
    let ready = get(server, "/-/ready").await;
    match ready {
        Ok(body) if html_title(&body).is_none() => Ok("ready".into()),
        Ok(_) => get(server, "/api/v1/status/buildinfo").await.and_then(|body| match html_title(&body) {
            Some(title) => Err(html(&title)),
            None => Ok("answers".into()),
        }),
        Err(fault) if fault.reason.starts_with("404") => match get(server, "/api/v1/status/buildinfo").await {
            Ok(_) => Ok("answers".into()),
            Err(_) => Err(fault),
        },
        Err(fault) => Err(fault),
    }
}

/// What the server says it is.
async fn version(server: &Prometheus) -> Result<String, Fault> {
    #[derive(Deserialize)]
    struct Info {
        data: Build,
    }
    #[derive(Deserialize)]
    struct Build {
        version: String,
    }
    let body = get(server, "/api/v1/status/buildinfo").await?;
    if let Some(title) = html_title(&body) {
        return Err(html(&title));
    }
    match serde_json::from_slice::<Info>(&body) {
        Ok(info) => Ok(format!("version {}", short(&info.data.version))),
        Err(_) => Ok("does not say its version".into()),
    }
}

/// Whether remote read works, on the hosts of the last minutes.
async fn remote_read(server: &Prometheus, now: Time) -> Result<String, Fault> {
    let ask = match mapping(Signal::HostMemoryAvailable, &server.overrides) {
        Mapping::Asked(alternatives) => Ask::new(&alternatives, &server.host_labels, &[])?,
        Mapping::NotOffered(why) => return Err(Fault::new(why)),
    };
    let Ask::Selectors(selectors) = ask else {
        return Ok("not needed: the expression of `host.memory.available` is not a plain selector".into());
    };
    let mut rows = Rows::new(recent(now), server.limits);
    match read::read(&server.client, &selectors, &mut rows).await {
        Ok(()) => Ok("works".into()),
        Err(fault) if server.protocol == Protocol::Auto && fault.turn != super::Turn::Stop => {
            Ok(format!("not there ({fault}); range queries are used instead"))
        }
        Err(fault) => Err(fault),
    }
}

/// How many series of an exporter there are.
async fn presence(server: &Prometheus, exporter: &str, signal: Signal, now: Time) -> Result<String, Fault> {
    let window = recent(now);
    let query = Query { signal, only: Vec::new(), window };
    let Mapping::Asked(alternatives) = mapping(signal, &server.overrides) else { return Ok("not offered".into()) };
    let ask = Ask::new(&alternatives, &server.host_labels, &query.only)?;
    let count = evaluate(server, &format!("count({})", ask.over(&window, true)), now).await?;
    match count {
        Some(count) => Ok(format!("{count} series in the last {RECENT}")),
        None => Err(Fault::new(format!("{NO_SERIES} in the last {RECENT}")).hint(format!(
            "let the server scrape {exporter}, or give the expression of `{}` under `signals` if its metrics are renamed",
            signal.name()
        ))),
    }
}

/// The value of an expression with one series at most.
async fn evaluate(server: &Prometheus, expression: &str, now: Time) -> Result<Option<f64>, Fault> {
    let mut rows = Rows::new(recent(now), server.limits);
    range::query(&server.client, expression, &mut rows).await?;
    Ok(rows.set.iter().next().and_then(|series| series.last()).map(|(_, value)| value))
}

/// The last minutes, as one cell.
fn recent(now: Time) -> Window {
    Window { from: now - RECENT.millis(), to: now, step: RECENT }
}

/// The body of a page.
async fn get(server: &Prometheus, path: &str) -> Result<Vec<u8>, Fault> {
    let request = server.client.request(Method::GET, path).await?;
    Ok(server.client.send(request).await?.whole().await?)
}
