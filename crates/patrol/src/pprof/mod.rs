//! `patrol pprof`: the text reports of `go tool pprof`, from the same flags.
//!
//! Arguments (`flags`, `options`) -> profiles brought together and filtered (`prepare`) -> what a report is made of
//! (`view`) -> text (`report`). The reference is github.com/google/pprof; its output is the specification.

use std::fmt;

use model::profile::Malformed;
use model::profile::pattern::pattern;
use regex::Regex;

use options::{Options, Report};
use view::View;

pub mod fetch;
pub mod flags;
pub mod flame;
pub mod options;
pub mod prepare;
pub mod report;
pub mod source;
pub mod view;

/// Why there is no report: in the words of the reference, where it has any.
#[derive(Debug)]
pub struct Trouble {
    /// What went wrong.
    pub words: String,
    /// What the reader could do.
    pub hint: Option<String>,
}

/// What there is to write, and where.
#[derive(Debug)]
pub enum Output {
    /// Text for standard output.
    Text(String),
    /// Bytes for standard output.
    Bytes(Vec<u8>),
    /// Bytes for this file.
    File(String, Vec<u8>),
}

/// Makes the report that the arguments ask for. Notes for standard error are given to `note` as they come up.
pub fn run(args: &[String], note: &mut dyn FnMut(&str)) -> Result<Output, Trouble> {
    let wrong = |words: String| Trouble::new(words).hint("`patrol pprof -help` lists the flags");
    let options = flags::parse(args).and_then(Options::read).map_err(wrong)?;
    options.notes.iter().for_each(|n| note(n));
    let prepared = prepare::prepare(&options, note)?;
    let view = View::new(&options, &prepared)?;
    let mut text = String::new();
    match &options.report {
        Report::Top => report::top(view, &mut text)?,
        Report::Tree => report::tree(view, None, &mut text)?,
        Report::Peek(regex) => report::tree(view, Some(&matching(regex)?), &mut text)?,
        Report::List(regex) => report::list(view, &matching(regex)?, &mut text)?,
        Report::Flame(path) => return Ok(Output::File(path.clone(), report::flame(&view)?.into_bytes())),
        Report::Traces => report::traces(&view, &mut text)?,
        Report::Tags => report::tags(&view, &mut text)?,
        Report::Raw => report::raw(&view, &mut text)?,
        Report::Comments => report::comments(&view, &mut text)?,
        Report::Proto => return written(&options, report::proto(&view)?, note),
    }
    match &*options.output {
        "" => Ok(Output::Text(text)),
        _ => written(&options, text.into_bytes(), note),
    }
}

/// Bytes for the file that was named, or for standard output.
fn written(options: &Options, bytes: Vec<u8>, note: &mut dyn FnMut(&str)) -> Result<Output, Trouble> {
    if options.output.is_empty() {
        return Ok(Output::Bytes(bytes));
    }
    note(&format!("Generating report in {}", options.output));
    Ok(Output::File(options.output.clone(), bytes))
}

/// The expression of a report on some functions.
fn matching(regex: &str) -> Result<Regex, Trouble> {
    pattern(regex).map_err(|e| Trouble::new(format!("parsing argument regexp {regex}: {e}")))
}

/// What a report gives back once it stands in the text.
pub type Printed = Result<(), Trouble>;

impl Trouble {
    /// In these words.
    pub fn new(words: impl Into<String>) -> Trouble {
        Trouble { words: words.into(), hint: None }
    }

    /// The same, with what was being done in front.
    fn during(self, what: &str) -> Trouble {
        Trouble { words: format!("{what}: {}", self.words), ..self }
    }

    /// The same with a hint.
    pub fn hint(self, hint: impl Into<String>) -> Trouble {
        Trouble { hint: Some(hint.into()), ..self }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl From<Malformed> for Trouble {
    fn from(error: Malformed) -> Trouble {
        Trouble::new(format!("malformed profile: {error}"))
    }
}

impl From<fmt::Error> for Trouble {
    fn from(error: fmt::Error) -> Trouble {
        Trouble::new(error.to_string())
    }
}
