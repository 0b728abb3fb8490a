//! From the process that leaks to the call path in it, where its heap is looked at.

use model::evidence::Evidence;
use model::labels::Labels;
use model::profile::suspects::{SuspectsReport, Verdict};
use model::query::Profiles;

use super::explain::Case;
use crate::growing::consumer::{Consumer, grew_most};
use crate::heap_growth;

/// Consumers whose heaps are told of, gravest first.
const MOST_HEAPS: usize = 3;
/// Call paths of each that are told.
const MOST_PATHS: usize = 2;

impl Case<'_> {
    /// What the heaps of the processes and containers tell that are shown, leak or grew most; and the gravest call path
    /// in a few words.
    pub(super) fn call_paths(&self, shown: Option<&Consumer>) -> (Vec<Evidence>, Option<String>) {
        let grew = grew_most(&self.processes).into_iter().chain(grew_most(&self.containers));
        let suspects: Vec<&Consumer> = shown.into_iter().chain(grew.filter(|c| c.leaks() || self.large(c))).collect();
        let query = heap_growth::profiles(self.grid);
        let (mut told, mut out, mut gravest) = (Vec::new(), Vec::new(), None);
        for consumer in suspects {
            let theirs = self.seen.answers(&query).flat_map(|a| a.profiles.iter().map(move |p| (a, p)));
            for (answer, profiles) in theirs.filter(|(_, p)| self.belongs(p, consumer)) {
                let target = profiles.subject.get("target").unwrap_or_default();
                if told.len() == MOST_HEAPS || told.contains(&target) {
                    continue;
                }
                told.push(target);
                let judged = heap_growth::judged(profiles);
                let first = judged.heap.as_ref().and_then(|part| part.suspects.first());
                gravest = gravest.or_else(|| first.map(|suspect| suspect.title.clone()));
                let brief = judged.brief(MOST_PATHS, std::slice::from_ref(&answer.origin));
                out.push(match brief.is_empty() {
                    true => Evidence::Fact { text: nothing(profiles, &judged, &consumer.name(), target) },
                    false => Evidence::Fact {
                        text: format!("the heap of {} (target `{target}`) says where:", consumer.name()),
                    },
                });
                out.extend(brief);
            }
        }
        (out, gravest)
    }

    fn large(&self, consumer: &Consumer) -> bool {
        self.grown > 0.0 && consumer.growth() >= self.grown * 0.2
    }

    /// Whether profiles are those of a consumer on this host: every label the target was given is the consumer's or the
    /// host's, and one at least tells which of its processes it is.
    fn belongs(&self, profiles: &Profiles, consumer: &Consumer) -> bool {
        let is = |name: &str, value: &str| {
            let of = |labels: &Labels| labels.get(name).is_some_and(|v| v == value);
            of(&consumer.labels) || name == "host" && of(&self.subject)
        };
        let mut given = profiles.subject.iter().filter(|(name, _)| *name != "target");
        let names = profiles.subject.iter().any(|(name, _)| ["process", "pod", "container"].contains(&name));
        names && given.all(|(name, value)| is(name, value))
    }
}

/// What to say of a heap that shows no call path that grows.
fn nothing(profiles: &Profiles, judged: &SuspectsReport, name: &str, target: &str) -> String {
    let compared = judged.heap.as_ref().map_or(0, |part| part.compared);
    let open = judged.heap.iter().any(|part| part.ruled_out.iter().any(|s| s.verdict == Verdict::Undecided));
    if compared < 2 {
        let why = profiles.unreadable.first().map(|why| format!(": {why}")).unwrap_or_default();
        return format!("the heap of {name} (target `{target}`) cannot be compared yet, two profiles are needed{why}");
    }
    match open {
        true => format!("{compared} profiles of {name} (target `{target}`) cannot tell yet what grows in its heap"),
        false => format!(
            "in {compared} profiles of {name} (target `{target}`) no call path grows: what grew is not in its heap, or \
             grew before"
        ),
    }
}
