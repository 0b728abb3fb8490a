//! x
use model::profile::{Malformed, Profile};
#[derive(Default, PartialEq)]
pub struct Filters {
    pub focus: String,
    pub ignore: String,
    pub hide: String,
    pub show: String,
    pub show_from: String,
    pub prune_from: String,
    pub tagfocus: String,
    pub tagignore: String,
    pub tagshow: String,
    pub taghide: String,
}
pub fn uninteresting(p: Profile) -> Result<Profile, Malformed> {
    Ok(p)
}
pub fn label_frames(p: Profile, _: &str, _: &str, _: &str) -> Result<(Profile, Vec<String>), Malformed> {
    Ok((p, vec![]))
}
pub fn apply(p: Profile, _: &Filters) -> Result<(Profile, Vec<String>), Malformed> {
    Ok((p, vec![]))
}
