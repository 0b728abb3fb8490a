//! The report on a process's heap, in the shape that every face of the product draws.

use engine::report::{Report, RunReport};
use model::labels::Labels;
use model::profile::suspects::SuspectsReport;
use model::query::{Gap, Origin};
use model::signal::Signal;
use model::time::Time;

use super::Material;
use super::lines::Lines;

/// Id of the inspection that this is a run of.
pub const INSPECTION: &str = "heap-growth";

/// The report as made at a time.
pub fn report(material: &Material, judged: &SuspectsReport, lines: Option<&Lines>, made_at: Time) -> Report {
    let parts = || [&judged.heap, &judged.goroutines].into_iter().flatten();
    let from = parts().filter(|p| p.timed).map(|p| p.from).min().unwrap_or(made_at);
    let to = parts().filter(|p| p.timed).map(|p| p.to).max().unwrap_or(made_at);
    let origin = Origin { source: material.source.clone(), query: material.asked.clone(), from, to, asked_at: made_at };
    let subject = judged.program.as_deref().map_or_else(Labels::default, |name| Labels::from([("process", name)]));
    let mut verdicts = judged.verdicts(&subject, &[origin]);
    if let Some(lines) = lines {
        let suspects = parts().flat_map(|part| part.suspects.iter());
        for (finding, suspect) in verdicts.findings.iter_mut().zip(suspects) {
            let place = finding.evidence.iter().position(|e| matches!(e, model::evidence::Evidence::Table(_)));
            let at = place.map_or(finding.evidence.len(), |place| place + 1);
            let table = lines.table(suspect);
            finding.evidence.splice(at..at, table);
        }
    }
    // Gravest first, whatever it is counted in; among equals the heap goes first.
    verdicts.findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    let mut notes = verdicts.notes;
    notes.extend(material.notes.iter().cloned());
    let run = RunReport {
        inspection: INSPECTION,
        title: "Growth of heaps",
        from,
        to,
        subjects: verdicts.subjects,
        gaps: material.unreadable.iter().map(|why| gap(material, why)).collect(),
        unknown: verdicts.unknown,
        findings: verdicts.findings,
        ruled_out: verdicts.ruled_out,
        notes,
    };
    Report { patrol: env!("CARGO_PKG_VERSION").into(), made_at, runs: vec![run] }
}

/// A snapshot that is there and could not be read: a question without an answer.
fn gap(material: &Material, why: &str) -> Gap {
    Gap {
        source: material.source.clone(),
        signal: Signal::HeapProfiles,
        query: material.asked.clone(),
        reason: why.into(),
        hint: None,
    }
}
