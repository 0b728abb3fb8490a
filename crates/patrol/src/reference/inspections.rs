//! docs/reference/inspections.md: every inspection's card and parameters.

use model::seam::AnyInspection;

use super::{MADE, params_table};

pub(super) fn page() -> String {
    let cards: Vec<String> = inspections::ALL.iter().map(|i| card(*i)).collect();
    format!(
        "{MADE}# Inspections\n\n\
         What Patrol looks for. `patrol inspection show INSPECTION` shows the same with the values that hold on your\n\
         machine; how to set them is in [configuration.md](configuration.md).\n\n{}",
        cards.join("\n")
    )
}

fn card(inspection: &dyn AnyInspection) -> String {
    let card = inspection.card();
    format!(
        "## {}: {}\n\n\
         **Looks for.** {}\n\n**Why it matters.** {}\n\n**What to do.** {}\n\n\
         Runs by default at `{}` (crontab notation, UTC) for at most {}, over the last {} in steps of {}.\n\
         Worked examples: [cases/{0}.md](../../crates/inspections/cases/{0}.md).\n\n{}",
        card.id,
        card.title,
        card.looks_for,
        card.matters,
        card.to_do,
        card.schedule,
        card.timeout,
        card.window,
        card.step,
        params_table(&inspection.params())
    )
}
