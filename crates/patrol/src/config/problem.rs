//! What is wrong with a configuration file, where, and what to do about it.

use std::fmt;
use std::path::PathBuf;

use super::node::Place;

/// One thing wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where; none when it is about the file as a whole.
    pub at: Option<Place>,
    /// What.
    pub message: String,
    /// What the reader could do.
    pub hint: Option<String>,
}

impl Problem {
    pub(super) fn new(at: impl Into<Option<Place>>, message: impl Into<String>) -> Problem {
        Problem { at: at.into(), message: message.into(), hint: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Problem {
        self.hint = Some(hint.into());
        self
    }
}

/// Everything wrong with a configuration file, in the order of the file.
#[derive(Clone, Debug)]
pub struct ConfigError {
    /// The file.
    pub file: PathBuf,
    /// What is wrong, at least one thing.
    pub problems: Vec<Problem>,
    /// The lines of the file, to show the ones concerned.
    pub(super) lines: Vec<String>,
}

/// More than this would only scroll the first ones off the screen.
const MOST_SHOWN: usize = 20;

/// A longer line is cut around the place.
const WIDEST: usize = 100;

impl ConfigError {
    pub(super) fn new(file: PathBuf, text: &str, mut problems: Vec<Problem>) -> ConfigError {
        problems.sort_by_key(|p| p.at);
        ConfigError { file, problems, lines: text.lines().map(str::to_string).collect() }
    }

    fn show(&self, problem: &Problem, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        match problem.at {
            None => write!(f, "{file}: {}", problem.message)?,
            Some(at) => {
                write!(f, "{file}:{}:{}: {}", at.line, at.column, problem.message)?;
                if let Some(line) = self.lines.get(at.line - 1) {
                    excerpt(line, at, f)?;
                }
            }
        }
        match &problem.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [problem] = &self.problems[..] {
            return self.show(problem, f);
        }
        write!(f, "{} has {} errors", self.file.display(), self.problems.len())?;
        for problem in self.problems.iter().take(MOST_SHOWN) {
            f.write_str("\n")?;
            self.show(problem, f)?;
        }
        match self.problems.len().saturating_sub(MOST_SHOWN) {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}

/// The line concerned with carets below the place, secrets masked.
fn excerpt(line: &str, at: Place, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let line: Vec<char> = super::secrets::mask(line).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let column = (at.column - 1).min(line.len());
    let start = if column + at.width.min(20) < WIDEST { 0 } else { column - WIDEST / 2 };
    let end = line.len().min(start + WIDEST);
    let shown: String = line[start..end].iter().collect();
    let carets = at.width.min(end - column).max(1);
    let number = at.line.to_string();
    write!(f, "\n  {number} | {}", shown.trim_end())?;
    write!(f, "\n  {} | {}{}", " ".repeat(number.len()), " ".repeat(column - start), "^".repeat(carets))
}
