//! Profiles with other values: scaled, and brought to the size of another.

use super::Malformed;
use super::edit::{Edit, Messages};
use super::merge::check_compatible;
use super::table::Profile;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::folded::{lines, profile};

    const TYPES: [&str; 2] = ["inuse_objects/count", "inuse_space/bytes"];

    /// Halves are rounded away from zero; what becomes nothing goes, and so does what only has a value that is not
    /// scaled.
    #[test]
    fn values_are_scaled() {
        let of = || profile(&TYPES, &["a 3,1", "b -3,1", "c 0,8", "d 8,0", "e 1,1 k=v"]);
        assert_eq!(lines(&scaled(of(), &[0.5, 0.5]).unwrap()), ["a 2,1", "b -2,1", "c 0,4", "d 4,0", "e 1,1 k=v"]);
        assert_eq!(lines(&scaled(of(), &[0.1, 1.0]).unwrap()), ["d 1,0"]);
        assert_eq!(lines(&scaled(of(), &[-1.0, -1.0]).unwrap())[1], "b 3,-1");
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
}
