//! What hangs together: goroutines that wait on leaked objects, and memory that such goroutines take.

use super::code;
use super::report::Comparison;
use super::suspect::Suspect;

/// Two counts are one when they differ by no more than this share, or by what sampling explains.
const SAME: f64 = 0.05;

/// Links the suspects of a heap among each other and with those of goroutines.
pub(super) fn link(heap: &mut Comparison, goroutines: Option<&mut Comparison>) {
    let Some(goroutines) = goroutines else {
        started(heap);
        return;
    };
    for waiting in &mut goroutines.suspects {
        let mut cause: Option<String> = None;
        for leaked in &mut heap.suspects {
            if runs_in(leaked, waiting) || !one_each(leaked, waiting) {
                continue;
            }
            let text = format!(
                "one goroutine in {} for each object: {} more goroutines, {} more objects{}",
                waiting.title,
                count(waiting.growth),
                count(leaked.main_size().map_or(0.0, |s| s.objects).round()),
                waiting
                    .waits
                    .map_or(String::new(), |waits| format!("; they wait in {waits} and keep what they refer to"))
            );
            leaked.links.push(text);
            waiting.links.push(format!("one for each object that {} leaks", leaked.title));
            cause.get_or_insert_with(|| leaked.title.clone());
        }
        waiting.consequence_of = waiting.consequence_of.take().or_else(|| cause.clone());
        for taken in heap.suspects.iter_mut().chain(&mut heap.ruled_out) {
            if runs_in(taken, waiting) {
                let text = format!(
                    "allocated by the goroutines in {}, of which there are {} more",
                    waiting.title,
                    count(waiting.growth)
                );
                taken.links.push(text);
                taken.consequence_of = taken.consequence_of.take().or_else(|| cause.clone());
            }
        }
    }
    let all: f64 = goroutines.suspects.iter().map(|s| s.growth).sum();
    if all > 0.0 {
        for structs in heap.suspects.iter_mut().chain(&mut heap.ruled_out).filter(|s| of_goroutines(s)) {
            structs
                .links
                .push(format!("what the runtime keeps for each goroutine; there are {} more of them", count(all)));
            structs.consequence_of = Some(goroutines.suspects[0].title.clone());
        }
    }
}

/// Without goroutine profiles: what the runtime allocates for goroutines tells that these grow.
fn started(heap: &mut Comparison) {
    for structs in heap.suspects.iter_mut().filter(|s| of_goroutines(s)) {
        let text = "what the runtime keeps for each goroutine: goroutines start and do not end; give goroutine profiles as well to see which";
        structs.links.push(text.into());
    }
}

fn of_goroutines(suspect: &Suspect) -> bool {
    suspect.path.steps.iter().any(|step| step.function == "runtime.malg")
}

/// Whether the memory is allocated by those goroutines: they start in the same function of the program.
fn runs_in(suspect: &Suspect, waiting: &Suspect) -> bool {
    let entry = |s: &Suspect| s.path.steps.iter().find(|step| step.own).map(|step| step.function.clone());
    entry(suspect).is_some() && entry(suspect) == entry(waiting)
}

/// Whether there is one goroutine for each object, and both are of one package.
fn one_each(suspect: &Suspect, waiting: &Suspect) -> bool {
    let Some(entry) = waiting.path.steps.iter().find(|step| step.own) else { return false };
    let package = code::package(&entry.function);
    let near = suspect.path.steps.iter().any(|step| step.own && code::package(&step.function) == package);
    let same = |size: &super::suspect::SizeGrowth| {
        (size.objects - waiting.growth).abs() <= (SAME * waiting.growth).max(2.0 * size.objects_error)
            && size.objects_error < 0.25 * size.objects
    };
    near && suspect.main_size().is_some_and(same)
}

fn count(value: f64) -> String {
    crate::quantity::quantity(value, crate::signal::Unit::Count)
}
