//! Parts of a profile: samples chosen by the names on their stacks or by their labels, and stacks cut short.
//!
//! What each filter does is what the reference's option of that name does; so are the notes that tell of filters that
//! found nothing, which are for people to read beside the report.

mod frames;
mod names;
mod prune;
mod range;
mod tags;
#[cfg(test)]
mod tests;
mod units;

pub use frames::label_frames;
pub use prune::uninteresting;
pub use units::number_units;

use regex::Regex;

use self::names::{Chosen, NamePatterns};
use self::tags::{ShownTags, TagFilter};
use super::Malformed;
use super::edit::Edit;
use super::pattern::pattern;
use super::table::Profile;

/// What to look at. Each is a regular expression of Go's unless said otherwise; one that is empty does nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    /// Keeps the samples that have a frame whose function, file or binary matches.
    pub focus: String,
    /// Leaves out the samples that have such a frame.
    pub ignore: String,
    /// Takes frames that match out of their stacks.
    pub hide: String,
    /// Takes frames that do not match out of their stacks.
    pub show: String,
    /// Cuts off what called the outermost frame that matches; samples without one are left out.
    pub show_from: String,
    /// Cuts off what the innermost frame calls whose function matches.
    pub prune_from: String,
    /// Keeps the samples with a label that matches: a range of numbers (`18kb`, `4mb:`, `:64kb`, `1kb:1mb`) or
    /// expressions with commas between them, of which all must match a `key:value`; with `key=` before it, of that
    /// key only, and then any expression may match the value.
    pub tagfocus: String,
    /// Leaves out the samples with such a label.
    pub tagignore: String,
    /// Keeps only the labels whose key matches.
    pub tagshow: String,
    /// Takes away the labels whose key matches.
    pub taghide: String,
}

/// Why a profile cannot be filtered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct FilterError {
    /// What had been noted before.
    pub notes: Vec<String>,
    why: String,
}

/// Applies the filters, in the order of the reference: names, `show_from`, labels of samples, labels shown,
/// `prune_from`. Answers the profile and notes, a line each. Without any filter the profile is handed on as it is.
pub fn apply(profile: Profile, filters: &Filters) -> Result<(Profile, Vec<String>), FilterError> {
    let mut notes = Vec::new();
    if *filters == Filters::default() {
        return Ok((profile, notes));
    }
    match filtered(&profile, filters, &mut notes) {
        Ok(filtered) => Ok((filtered, notes)),
        Err(why) => Err(FilterError { notes, why }),
    }
}

/// The pattern of an option; none where it is empty.
fn option(name: &str, text: &str) -> Result<Option<Regex>, String> {
    let compiled = (!text.is_empty()).then(|| pattern(text)).transpose();
    compiled.map_err(|why| format!("parsing {name} regexp: {why}"))
}

fn filtered(profile: &Profile, filters: &Filters, notes: &mut Vec<String>) -> Result<Profile, String> {
    let patterns = NamePatterns {
        focus: option("focus", &filters.focus)?,
        ignore: option("ignore", &filters.ignore)?,
        hide: option("hide", &filters.hide)?,
        show: option("show", &filters.show)?,
        show_from: option("show_from", &filters.show_from)?,
        prune_from: None,
    };
    let mut tags = Tags {
        focus: TagFilter::new("tagfocus", &filters.tagfocus, profile, notes)?,
        ignore: TagFilter::new("tagignore", &filters.tagignore, profile, notes)?,
        shown: ShownTags::default(),
        focused: false,
        ignored: false,
    };
    let patterns = NamePatterns { prune_from: option("prune_from", &filters.prune_from)?, ..patterns };
    // These two are looked at only when the others have been applied, and what those found nothing of is noted first.
    let tagshow = option("tagshow", &filters.tagshow);
    let taghide = if tagshow.is_ok() { option("taghide", &filters.taghide) } else { Ok(None) };
    let late = tagshow.as_ref().err().or(taghide.as_ref().err()).cloned();
    let (tagshow, taghide) = (tagshow.ok().flatten(), taghide.ok().flatten());
    tags.shown = ShownTags::new(profile, tagshow.as_ref(), taghide.as_ref());

    let told = |why: Malformed| why.to_string();
    let mut edit = Edit::new(profile).map_err(told)?;
    let chosen = names::choose(profile, &patterns, &mut edit).map_err(told)?;
    write_samples(profile, &chosen, &mut tags, &mut edit).map_err(told)?;
    let found = [
        ("Focus", patterns.focus.is_none() || chosen.found.focus),
        ("Ignore", patterns.ignore.is_none() || chosen.found.ignore),
        ("Hide", patterns.hide.is_none() || chosen.found.hide),
        ("Show", patterns.show.is_none() || chosen.found.show),
        ("ShowFrom", patterns.show_from.is_none() || chosen.found.show_from),
        ("TagFocus", tags.focus.is_none() || tags.focused),
        ("TagIgnore", tags.ignore.is_none() || tags.ignored),
        ("TagShow", tagshow.is_none() || tags.shown.found_show),
        ("TagHide", taghide.is_none() || tags.shown.found_hide),
    ];
    notes.extend(found.iter().filter(|(_, found)| !found).map(|(option, _)| nothing_found(option)));
    match late {
        Some(why) => Err(why),
        None => edit.finish().map_err(told),
    }
}

/// What the reference says of an option that has found nothing.
fn nothing_found(option: &str) -> String {
    format!("{option} expression matched no samples")
}

/// What is asked of labels, and what was found.
struct Tags<'p> {
    focus: Option<TagFilter>,
    ignore: Option<TagFilter>,
    shown: ShownTags<'p>,
    focused: bool,
    ignored: bool,
}

impl Tags<'_> {
    /// Whether a sample with these labels is kept.
    fn keep(&mut self, profile: &Profile, labels: &[super::Label]) -> bool {
        let focused = self.focus.as_mut().is_none_or(|focus| focus.matches(profile, labels));
        let ignored = self.ignore.as_mut().is_some_and(|ignore| ignore.matches(profile, labels));
        self.focused |= focused;
        self.ignored |= ignored;
        focused && !ignored
    }
}

fn write_samples(
    profile: &Profile,
    chosen: &Chosen,
    tags: &mut Tags<'_>,
    edit: &mut Edit<'_>,
) -> Result<(), Malformed> {
    let (mut stack, mut labels) = (Vec::new(), Vec::new());
    let mut samples = profile.samples();
    while let Some(sample) = samples.read()? {
        stack.clear();
        stack.extend_from_slice(sample.locations);
        if !chosen.cut(&mut stack) || !tags.keep(profile, sample.labels) {
            continue;
        }
        labels.clear();
        labels.extend_from_slice(sample.labels);
        labels.retain(|label| tags.shown.keep(label.key));
        chosen.prune(&mut stack);
        let ids = stack.iter().map(|place| profile.locations()[*place as usize].id);
        edit.sample(ids, sample.values, &labels);
    }
    Ok(())
}
