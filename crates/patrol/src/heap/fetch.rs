//! Takes snapshots of a running program, one after the other.

use std::time::Duration;

use indicatif::ProgressBar;
use model::time::Span;
use sources::pprof::{Endpoint, Kind, Settings, inflate};

use super::Material;
use super::load::understand;
use crate::collect::ending::Ending;
use crate::error::{Explain, Failure, Result};

/// How to take them.
#[derive(Debug)]
pub struct Series {
    /// Where the heap profile is, and how much is taken from there.
    pub settings: Settings,
    /// From one to the next.
    pub every: Span,
    /// How many.
    pub count: usize,
}

/// Takes the snapshots, of the heap and, where they stand beside it, of goroutines and the runtime's figures. Ended
/// early, it gives what there is if that can be compared.
pub async fn material(series: &Series, progress: &ProgressBar) -> Result<Material> {
    let endpoint = Endpoint::new(&series.settings).map_err(|e| match e.hint {
        Some(hint) => Failure::new(e.reason).hint(hint),
        None => Failure::new(e.reason),
    })?;
    let mut ending = Ending::watch()?;
    let mut material = Material { source: endpoint.shown().to_string(), ..Material::default() };
    let limit = series.settings.max_uncompressed.bytes();
    let every = Duration::from_millis(series.every.millis().unsigned_abs());
    let mut ticks = tokio::time::interval(every);
    progress.set_length(series.count as u64);
    for number in 1..=series.count {
        progress.set_message(format!("snapshots of {}, every {}", endpoint.shown(), series.every));
        let round = async {
            ticks.tick().await;
            take(&endpoint, &mut material, number, limit).await
        };
        tokio::select! {
            taken = round => taken?,
            () = ending.come() => {
                if number < 3 {
                    return Err(Failure::new("interrupted before two snapshots were taken"));
                }
                material.notes.push(format!("ended after {} of {} snapshots", number - 1, series.count));
                break;
            }
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    material.asked = format!("{} snapshots, {} apart", material.digests.len(), series.every);
    Ok(material)
}

async fn take(endpoint: &Endpoint, material: &mut Material, number: usize, limit: u64) -> Result<()> {
    for kind in Kind::ALL {
        if !endpoint.has(kind) {
            continue;
        }
        let name = format!("{} {number}", kind.name());
        let fetched = match endpoint.fetch(kind).await {
            Ok(fetched) => fetched,
            // One that is lost among others is said; the first says that the address is wrong.
            Err(e) if kind == Kind::Heap && number == 1 => {
                return Err(Failure { hint: hint(e.hint), ..Failure::new(e.reason) });
            }
            Err(e) if kind == Kind::Heap => {
                material.unreadable.push(format!("{name}: {}", e.reason));
                continue;
            }
            // What stands beside the heap helps; without it the heap is judged alone.
            Err(e) => {
                let note = format!("without {}: {}", kind.name(), e.reason);
                if !material.notes.contains(&note) {
                    material.notes.push(note);
                }
                continue;
            }
        };
        let cannot = || format!("{}: {name}", endpoint.shown());
        let bytes = inflate(&fetched.bytes, limit).during(cannot)?;
        let loaded =
            understand(bytes, &name, Some(fetched.taken_at)).map_err(|e| Failure::new(e.words)).during(cannot)?;
        material.memory.extend(loaded.memory);
        material.digests.extend(loaded.digest.filter(|_| kind != Kind::Memory));
    }
    Ok(())
}

/// The hint, where it speaks of settings, for somebody who has flags.
fn hint(said: Option<String>) -> Option<String> {
    said.map(|hint| match () {
        () if hint.contains("max_uncompressed") => "if it is no mistake, raise `--max-uncompressed`".into(),
        () if hint.contains("token_file") => {
            "configure it under `profiles.targets` with `token_file` or `basic_auth`, and use `patrol collect`".into()
        }
        () => hint,
    })
}
