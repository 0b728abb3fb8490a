//! From the uncompressed bytes of a file or an answer to a profile: one way for everybody.

use model::profile::{Malformed, Profile, legacy};

/// Where the names of a text's functions come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// Not at all: the reference leaves comments out, and shows addresses.
    None,
    /// From the comments that Go writes behind each stack.
    Comments,
}

/// Decodes one of the texts of old, or a protobuf.
pub fn decode(bytes: Vec<u8>, names: Names) -> Result<Profile, Malformed> {
    if bytes.is_empty() {
        return Err(Malformed::new("empty input file"));
    }
    let text = match names {
        Names::None => legacy::parse(&bytes)?,
        Names::Comments => legacy::parse_with_symbols(&bytes)?,
    };
    match text {
        Some(profile) => Ok(profile),
        None => Profile::decode(bytes),
    }
}
