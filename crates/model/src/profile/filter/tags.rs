//! Filters by label.

use regex::Regex;

use super::number_units;
use super::range::Range;
use crate::profile::pattern::pattern;
use crate::profile::table::{Profile, Text};
use crate::profile::{Label, LabelValue, Map};

/// A filter of samples by one of their labels.
pub(super) struct TagFilter {
    /// The key it is about; any where not said.
    key: Option<String>,
    test: Test,
}

enum Test {
    /// Numbers, with the unit of each key, and what is known of some already.
    Range(Range, Map<String, String>, Map<(Text, i64), bool>),
    /// Words, and which patterns match some already.
    Patterns(Vec<Regex>, Map<(Text, Text), Box<[bool]>>),
}

impl TagFilter {
    /// From what was typed; none where it is empty.
    pub(super) fn new(
        name: &str,
        text: &str,
        profile: &Profile,
        notes: &mut Vec<String>,
    ) -> Result<Option<TagFilter>, String> {
        if text.is_empty() {
            return Ok(None);
        }
        let (key, text) = match text.split_once('=') {
            Some((key, text)) => (Some(key.to_string()).filter(|key| !key.is_empty()), text),
            None => (None, text),
        };
        if let Some(range) = Range::parse(text)? {
            notes.push(format!("{name}:Interpreted '{text}' as range, not regexp"));
            let (units, _) = number_units(profile).map_err(|why| why.to_string())?;
            return Ok(Some(TagFilter { key, test: Test::Range(range, units, Map::default()) }));
        }
        let patterns: Result<Vec<Regex>, String> = text.split(',').map(pattern).collect();
        let patterns = patterns.map_err(|why| format!("parsing {name} regexp: {why}"))?;
        Ok(Some(TagFilter { key, test: Test::Patterns(patterns, Map::default()) }))
    }

    /// Whether labels match.
    pub(super) fn matches(&mut self, profile: &Profile, labels: &[Label]) -> bool {
        let key = self.key.as_deref();
        let mut labels = labels.iter().filter(|label| key.is_none_or(|key| profile.text(label.key) == key));
        match &mut self.test {
            Test::Range(range, units, known) => labels.any(|label| {
                let LabelValue::Number { value, .. } = label.value else { return false };
                let unit = || units.get(profile.text(label.key)).map_or("", String::as_str);
                *known.entry((label.key, value)).or_insert_with(|| range.contains(value, unit()))
            }),
            Test::Patterns(patterns, known) => {
                let mut matched = vec![false; patterns.len()];
                for label in labels {
                    let LabelValue::Text(value) = label.value else { continue };
                    let one = known.entry((label.key, value)).or_insert_with(|| {
                        let value = profile.text(value);
                        let whole = match key {
                            Some(_) => value.to_string(),
                            None => format!("{}:{value}", profile.text(label.key)),
                        };
                        patterns.iter().map(|pattern| pattern.is_match(&whole)).collect()
                    });
                    matched.iter_mut().zip(one).for_each(|(all, one)| *all |= *one);
                }
                if key.is_some() { matched.contains(&true) } else { !matched.contains(&false) }
            }
        }
    }
}

/// Which labels are shown, and whether the patterns have matched any.
#[derive(Default)]
pub(super) struct ShownTags<'p> {
    profile: Option<&'p Profile>,
    show: Option<&'p Regex>,
    hide: Option<&'p Regex>,
    /// By key, whether it is to show and whether it is to hide.
    known: Map<Text, (bool, bool)>,
    pub(super) found_show: bool,
    pub(super) found_hide: bool,
}

impl<'p> ShownTags<'p> {
    pub(super) fn new(profile: &'p Profile, show: Option<&'p Regex>, hide: Option<&'p Regex>) -> ShownTags<'p> {
        ShownTags { profile: Some(profile), show, hide, ..ShownTags::default() }
    }

    /// Whether a label of this key is kept.
    pub(super) fn keep(&mut self, key: Text) -> bool {
        if self.show.is_none() && self.hide.is_none() {
            return true;
        }
        let (show, hide) = *self.known.entry(key).or_insert_with(|| {
            let key = self.profile.map_or("", |profile| profile.text(key));
            (self.show.is_none_or(|show| show.is_match(key)), self.hide.is_some_and(|hide| hide.is_match(key)))
        });
        self.found_show |= show;
        self.found_hide |= hide;
        show && !hide
    }
}
