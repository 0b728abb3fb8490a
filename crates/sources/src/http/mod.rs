//! What every source over HTTP shares: addresses, what lets us in, connections that do not wander off, answers under
//! limits of time and size, and words for what failed.

mod address;
mod body;
mod client;
mod failure;
mod secret;
mod words;

pub use address::masked;
pub(crate) use address::{address, is_loopback};
pub(crate) use body::Body;
pub(crate) use client::{Access, Client, Credentials};
pub use failure::{Failure, SetupError};
pub use secret::BasicAuth;
pub(crate) use words::{html_title, root, short, text_words};
