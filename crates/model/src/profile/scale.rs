//! Profiles with other values: scaled, subtracted from nothing, brought to the size of another, and marked.

use super::Malformed;
use super::edit::{Edit, Messages};
use super::encode::put_label;
use super::merge::check_compatible;
use super::samples::{Label, LabelValue};
use super::table::{Profile, Text};
use super::wire::Reader;

/// Multiplies the values of each sample type by its ratio, rounding half away from zero. A sample is dropped if none
/// of the values that were multiplied by anything but 1 is left, whatever the others are: so does the reference's
/// `ScaleN`. An error if there are not as many ratios as sample types, or if a sample is malformed.
pub fn scaled(profile: Profile, ratios: &[f64]) -> Result<Profile, Malformed> {
    let types = profile.header().sample_types.len();
    if types != ratios.len() {
        return Err(Malformed::new(format!("mismatched scale ratios, got {}, want {types}", ratios.len())));
    }
    if ratios.iter().all(|ratio| *ratio == 1.0) {
        return Ok(profile);
    }
    let mut edit = Edit::new(&profile)?;
    edit.copy_locations()?;
    edit.change_samples(|sample| Ok(scale_values(&mut sample.values, ratios)))?;
    edit.finish()
}

/// Whether the sample is to be kept.
pub(super) fn scale_values(values: &mut [i64], ratios: &[f64]) -> bool {
    let mut kept = false;
    for (value, ratio) in values.iter_mut().zip(ratios).filter(|(_, ratio)| **ratio != 1.0) {
        *value = (*value as f64 * ratio).round() as i64;
        kept |= *value != 0;
    }
    kept
}

/// Every value with the other sign.
pub fn negated(profile: Profile) -> Result<Profile, Malformed> {
    let ratios = vec![-1.0; profile.header().sample_types.len()];
    scaled(profile, &ratios)
}

/// Scales a profile so that the sum of each sample type is that of the base. An error if they count different things.
pub fn normalized(source: Profile, base: &Profile) -> Result<Profile, Malformed> {
    check_compatible(&source, base)?;
    let (from, to) = (sums(&source)?, sums(base)?);
    let ratio = |(from, to): (&i64, &i64)| if *from == 0 { 0.0 } else { *to as f64 / *from as f64 };
    let ratios: Vec<f64> = from.iter().zip(&to).map(ratio).collect();
    scaled(source, &ratios)
}

/// The sum of each sample type over all samples.
fn sums(profile: &Profile) -> Result<Vec<i64>, Malformed> {
    let mut sums = vec![0i64; profile.header().sample_types.len()];
    let mut messages = Messages::new(profile);
    while let Some(message) = messages.read()? {
        sums.iter_mut().zip(&message.values).for_each(|(sum, value)| *sum = sum.wrapping_add(*value));
    }
    Ok(sums)
}

/// Gives every sample a label of words, in place of those it has under that key: `pprof::base` marks what is compared
/// with.
pub fn with_label(profile: Profile, key: &str, value: &str) -> Result<Profile, Malformed> {
    let mut edit = Edit::new(&profile)?;
    edit.copy_locations()?;
    let label = Label { key: edit.text(key), value: LabelValue::Text(edit.text(value)) };
    let mut mark = Vec::new();
    put_label(&mut mark, label);
    // A table of texts may hold a key twice.
    let same: Vec<bool> = (0..profile.text_count() as u32).map(|place| profile.text(Text(place)) == key).collect();
    edit.change_samples(|sample| {
        let mut kept = Vec::with_capacity(sample.labels.len() + 1);
        for field in &sample.labels {
            if !is_of_words(field, &same)? {
                kept.push(*field);
            }
        }
        kept.push(&mark[..]);
        sample.labels = kept;
        Ok(true)
    })?;
    edit.finish()
}

/// Whether the field of a sample is a label of words whose key is one of these texts.
fn is_of_words(field: &[u8], keys: &[bool]) -> Result<bool, Malformed> {
    let (mut key, mut words) = (0, 0);
    let Some((_, label)) = Reader::new(field).field()? else { return Ok(false) };
    let mut reader = Reader::new(label.bytes()?);
    while let Some((field, value)) = reader.field()? {
        match field {
            1 => key = value.number()?,
            2 => words = value.number()?,
            _ => {}
        }
    }
    let same = usize::try_from(key).ok().and_then(|key| keys.get(key)).copied().unwrap_or_default();
    Ok(same && words != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::folded::{lines, profile};

    const TYPES: [&str; 2] = ["inuse_objects/count", "inuse_space/bytes"];

    /// Halves are rounded away from zero; what becomes nothing goes, and so does what only has a value that is not scaled.
    #[test]
    fn values_are_scaled() {
        let of = || profile(&TYPES, &["a 3,1", "b -3,1", "c 0,8", "d 8,0", "e 1,1 k=v"]);
        assert_eq!(lines(&scaled(of(), &[0.5, 0.5]).unwrap()), ["a 2,1", "b -2,1", "c 0,4", "d 4,0", "e 1,1 k=v"]);
        assert_eq!(lines(&scaled(of(), &[0.1, 1.0]).unwrap()), ["d 1,0"]);
        assert_eq!(lines(&negated(of()).unwrap())[1], "b 3,-1");
        let why = scaled(of(), &[1.0]).unwrap_err().to_string();
        assert_eq!(why, "mismatched scale ratios, got 1, want 2");
    }

    #[test]
    fn nothing_to_scale_is_handed_on() {
        let whole = profile(&TYPES, &["a 3,1"]);
        let place = whole.encoded().as_ptr();
        assert_eq!(scaled(whole, &[1.0, 1.0]).unwrap().encoded().as_ptr(), place);
    }

    /// 4 objects and 80 bytes become 8 and 20, as many as the base has.
    #[test]
    fn sums_are_brought_to_those_of_the_base() {
        let source = profile(&TYPES, &["a 3,40", "b 1,40"]);
        let base = profile(&TYPES, &["z 8,20"]);
        assert_eq!(lines(&normalized(source, &base).unwrap()), ["a 6,10", "b 2,10"]);
        let nothing = normalized(profile(&TYPES, &["a 0,4"]), &base).unwrap();
        assert_eq!(lines(&nothing), ["a 0,20"]);
        let other = profile(&["x/y"], &["a 1"]);
        assert!(normalized(other, &base).unwrap_err().to_string().starts_with("incompatible sample types"));
    }

    /// A label of the same key is replaced if it is of words; a number of that name stays.
    #[test]
    fn samples_are_marked() {
        let source = profile(&TYPES, &["a 1,1 k=v base=no base=never", "b 2,2 base#7", "c 1,1"]);
        let marked = with_label(source, "base", "true").unwrap();
        assert_eq!(lines(&marked), ["a 1,1 k=v base=true", "b 2,2 base#7 base=true", "c 1,1 base=true"]);
    }
}
