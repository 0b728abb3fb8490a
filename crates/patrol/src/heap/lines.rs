//! The source lines of a call path, with what grew through each of them.

use std::path::Path;

use model::evidence::{Cell, Column, Evidence, Table};
use model::profile::suspects::Suspect;
use model::signal::Unit;

use crate::pprof::source::{GoPlaces, SourceFinder};

/// Columns of a line of code that are shown.
const MOST_COLUMNS: usize = 120;

/// Where the source is.
#[derive(Debug)]
pub struct Lines {
    finder: SourceFinder,
}

impl Lines {
    /// Looks in these folders (`:` between several), and in Go's own places.
    pub fn new(source_path: &str, working_folder: &Path) -> Lines {
        let finder = SourceFinder::new(source_path, "", working_folder).with_go(GoPlaces::of_this_machine()).confined();
        Lines { finder }
    }

    /// The lines of the program's own functions on the path, outermost first; what is missing when no file is found.
    pub fn table(&self, suspect: &Suspect) -> Option<Evidence> {
        let goroutines = suspect.waits.is_some();
        let own: Vec<_> = suspect.path.steps.iter().filter(|step| step.own && step.line > 0).collect();
        let mut missing: Vec<String> = Vec::new();
        let rows: Vec<Vec<Cell>> = own
            .iter()
            .filter_map(|step| {
                let source = match self.finder.find(&step.file) {
                    Ok(source) => source,
                    Err(why) => {
                        missing.push(why);
                        return None;
                    }
                };
                let line = source.lines.get(usize::try_from(step.line).ok()?.checked_sub(1)?)?;
                let code: String = line.trim().chars().take(MOST_COLUMNS).collect();
                let place = format!("{}:{}", self.finder.trimmed(&step.file), step.line);
                Some(vec![Cell::Number(step.growth), Cell::Text(place), Cell::Text(code)])
            })
            .collect();
        match (rows.is_empty(), missing.into_iter().next()) {
            (true, Some(why)) => Some(Evidence::Missing {
                what: "the source of the path".into(),
                why,
                hint: "name the folder it was built from with `--source-path`".into(),
            }),
            (true, None) => None,
            (false, _) => {
                let unit = if goroutines { Unit::Count } else { Unit::Bytes };
                let column = |name: &str, unit| Column { name: name.into(), unit };
                let columns = vec![column("growth", Some(unit)), column("line", None), column("source", None)];
                Some(Evidence::Table(Table {
                    title: "Source lines of the path".into(),
                    columns,
                    rows,
                    origins: Vec::new(),
                }))
            }
        }
    }
}
