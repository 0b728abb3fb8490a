//! One run of one inspection, as a conversation: it says what to fetch, is told the replies, and ends in a report.

use std::collections::BTreeSet;

use model::finding::{Conclusion, Finding, Verdicts};
use model::params::RawParams;
use model::query::Query;
use model::seam::AnyInspection;
use model::snapshot::Snapshot;
use model::time::Window;

use crate::report::RunReport;

/// A run in progress. Walk it with [`Run::begin`], then [`Run::look`], then [`Run::conclude`].
pub struct Run<'a> {
    inspection: &'a dyn AnyInspection,
    params: &'a RawParams,
    window: Window,
    seen: Snapshot,
    verdicts: Verdicts,
}

/// Findings beyond this many are reported without their evidence: an outage of a whole fleet is one story.
pub const MOST_EXPLAINED: usize = 100;

impl<'a> Run<'a> {
    /// Starts a run; gives the questions to put to the sources first.
    pub fn begin(
        inspection: &'a dyn AnyInspection,
        params: &'a RawParams,
        window: Window,
    ) -> Result<(Run<'a>, Vec<Query>), String> {
        let questions = inspection.needs(params, window)?;
        let run = Run { inspection, params, window, seen: Snapshot::default(), verdicts: Verdicts::default() };
        Ok((run, questions))
    }

    /// Takes the replies, judges, and gives the further questions that the findings raise, each once.
    pub fn look(&mut self, replies: Snapshot) -> Result<Vec<Query>, String> {
        self.seen.absorb(replies);
        self.verdicts = self.inspection.detect(self.params, self.window, &self.seen)?;
        self.verdicts.findings.sort_by(worst_first);
        let mut questions = Vec::new();
        for finding in self.verdicts.findings.iter().take(MOST_EXPLAINED) {
            questions.extend(self.inspection.ask(self.params, self.window, finding)?);
        }
        questions.sort();
        questions.dedup();
        questions.retain(|q| !self.seen.asked(q));
        Ok(questions)
    }

    /// How many findings there are so far; the further answers may dismiss some.
    pub fn suspects(&self) -> usize {
        self.verdicts.findings.len()
    }

    /// Takes the further replies and ends the run.
    pub fn conclude(mut self, replies: Snapshot) -> Result<RunReport, String> {
        self.seen.absorb(replies);
        let (mut findings, mut ruled_out) = (Vec::new(), std::mem::take(&mut self.verdicts.ruled_out));
        let mut notes = std::mem::take(&mut self.verdicts.notes);
        let all = std::mem::take(&mut self.verdicts.findings);
        if all.len() > MOST_EXPLAINED {
            notes.push(format!("{} findings; only the worst {MOST_EXPLAINED} are explained", all.len()));
        }
        for (at, finding) in all.into_iter().enumerate() {
            if at >= MOST_EXPLAINED {
                findings.push(finding);
                continue;
            }
            match self.inspection.explain(self.params, self.window, finding, &self.seen)? {
                Conclusion::Upheld(finding) => findings.push(*finding),
                Conclusion::Dismissed(other) => ruled_out.push(other),
            }
        }
        findings.sort_by(worst_first);
        notes.extend(remarks(&self.seen));
        let card = self.inspection.card();
        Ok(RunReport {
            inspection: card.id,
            title: card.title,
            from: self.window.from,
            to: self.window.to,
            subjects: self.verdicts.subjects,
            gaps: self.seen.all_gaps(),
            unknown: self.verdicts.unknown,
            findings,
            ruled_out,
            notes,
        })
    }
}

/// Most remarks of sources that a report repeats.
const MOST_REMARKS: usize = 10;

/// What the sources remarked on their answers, each once: a server that answers in part only says so here, and nowhere
/// else. Why there are no series at all is told by whoever missed them.
fn remarks(seen: &Snapshot) -> Vec<String> {
    let told = seen.all_answers().filter(|(_, answer)| !answer.series.is_empty());
    let all: BTreeSet<String> = told
        .flat_map(|(query, answer)| {
            let signal = query.signal.name();
            answer.notes.iter().map(move |note| format!("source `{}`, `{signal}`: {note}", answer.origin.source))
        })
        .collect();
    let more = all.len().saturating_sub(MOST_REMARKS);
    let rest = (more > 0).then(|| format!("and {more} more remarks of sources"));
    all.into_iter().take(MOST_REMARKS).chain(rest).collect()
}

/// Critical before warning; within a level by subject, so that two reports can be compared.
fn worst_first(a: &Finding, b: &Finding) -> std::cmp::Ordering {
    b.level.cmp(&a.level).then_with(|| a.subject.cmp(&b.subject)).then_with(|| a.code.cmp(b.code))
}
