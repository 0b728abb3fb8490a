//! The seam: what an inspection has to be.

use crate::finding::{Conclusion, Finding, Verdicts};
use crate::growth::{Judgement, Watched};
use crate::params::{Param, Params, RawParams};
use crate::query::Query;
use crate::snapshot::Snapshot;
use crate::time::{Span, Window};

/// The face of an inspection: everything documents, command line and pages show of it.
#[derive(Debug)]
pub struct Card {
    /// Kebab-case name, the one in configuration and URLs.
    pub id: &'static str,
    /// One line.
    pub title: &'static str,
    /// What it looks for.
    pub looks_for: &'static str,
    /// Why that matters.
    pub matters: &'static str,
    /// What to do about a finding.
    pub to_do: &'static str,
    /// Default schedule, crontab notation, UTC.
    pub schedule: &'static str,
    /// Longest a run may take.
    pub timeout: Span,
    /// Default length of the window looked at.
    pub window: Span,
    /// Default step of its grid.
    pub step: Span,
}

/// One way of looking at a system. Pure: functions over values, called in the order they stand here.
pub trait Inspection: Send + Sync {
    /// What a person may set.
    type Params: Params;
    /// The face.
    const CARD: Card;

    /// Whether parameters make sense, each by itself; what is wrong with one, in words for people.
    fn check(_params: &Self::Params) -> Result<(), String> {
        Ok(())
    }

    /// The questions to ask before looking.
    fn needs(params: &Self::Params, window: Window) -> Vec<Query>;

    /// The judgement. A subject whose question has only gaps is unknown, never fine.
    fn detect(params: &Self::Params, window: Window, seen: &Snapshot) -> Verdicts;

    /// The further questions one finding raises.
    fn ask(_params: &Self::Params, _window: Window, _finding: &Finding) -> Vec<Query> {
        Vec::new()
    }

    /// The explanation, with the further answers at hand; they may also explain the finding away.
    fn explain(_params: &Self::Params, _window: Window, finding: Finding, _seen: &Snapshot) -> Conclusion {
        Conclusion::Upheld(Box::new(finding))
    }

    /// Judges one recorded series, for backtests; `None` for an inspection that does not look at single series.
    fn replay(_params: &Self::Params, _watched: &Watched<'_>) -> Option<Judgement> {
        None
    }
}

/// Any inspection, its parameter type forgotten. Errors are wrong parameters, in words for people.
pub trait AnyInspection: Send + Sync {
    /// The face.
    fn card(&self) -> &'static Card;
    /// What a person may set.
    fn params(&self) -> Vec<Param>;
    /// Every parameter's value with these raw ones over the defaults.
    fn values(&self, raw: &RawParams) -> Result<Vec<(&'static str, String)>, String>;
    /// See [`Inspection::needs`].
    fn needs(&self, raw: &RawParams, window: Window) -> Result<Vec<Query>, String>;
    /// See [`Inspection::detect`].
    fn detect(&self, raw: &RawParams, window: Window, seen: &Snapshot) -> Result<Verdicts, String>;
    /// See [`Inspection::ask`].
    fn ask(&self, raw: &RawParams, window: Window, finding: &Finding) -> Result<Vec<Query>, String>;
    /// See [`Inspection::explain`].
    fn explain(&self, raw: &RawParams, window: Window, finding: Finding, seen: &Snapshot)
    -> Result<Conclusion, String>;
    /// See [`Inspection::replay`].
    fn replay(&self, raw: &RawParams, watched: &Watched<'_>) -> Result<Option<Judgement>, String>;
}

/// Reads and checks raw values over the defaults.
fn read<I: Inspection>(raw: &RawParams) -> Result<I::Params, String> {
    let params = I::Params::read(raw)?;
    I::check(&params).map(|()| params)
}

impl<I: Inspection> AnyInspection for I {
    fn card(&self) -> &'static Card {
        &I::CARD
    }
    fn params(&self) -> Vec<Param> {
        I::Params::table()
    }
    fn values(&self, raw: &RawParams) -> Result<Vec<(&'static str, String)>, String> {
        Ok(read::<I>(raw)?.values())
    }
    fn needs(&self, raw: &RawParams, window: Window) -> Result<Vec<Query>, String> {
        Ok(I::needs(&read::<I>(raw)?, window))
    }
    fn detect(&self, raw: &RawParams, window: Window, seen: &Snapshot) -> Result<Verdicts, String> {
        Ok(I::detect(&read::<I>(raw)?, window, seen))
    }
    fn ask(&self, raw: &RawParams, window: Window, finding: &Finding) -> Result<Vec<Query>, String> {
        Ok(I::ask(&read::<I>(raw)?, window, finding))
    }
    fn explain(
        &self,
        raw: &RawParams,
        window: Window,
        finding: Finding,
        seen: &Snapshot,
    ) -> Result<Conclusion, String> {
        Ok(I::explain(&read::<I>(raw)?, window, finding, seen))
    }
    fn replay(&self, raw: &RawParams, watched: &Watched<'_>) -> Result<Option<Judgement>, String> {
        Ok(I::replay(&read::<I>(raw)?, watched))
    }
}
