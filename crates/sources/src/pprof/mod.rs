//! Programs that show their own profiles over HTTP, as Go's `net/http/pprof` does, and the files these are kept in.
//!
//! Profiles are fetched as the program sends them ([`Endpoint`]) and unpacked within a limit ([`inflate()`]). What they
//! mean is for others to say.

mod fetch;
mod inflate;
mod kind;
mod settings;

pub use fetch::{Endpoint, FetchError, Fetched};
pub use inflate::{InflateError, MOST_UNCOMPRESSED, inflate, inflate_file, inflate_from, is_packed, measure};
pub use kind::Kind;
pub use settings::Settings;

pub use crate::http::{BasicAuth, SetupError};
