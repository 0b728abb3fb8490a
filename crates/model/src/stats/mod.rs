//! Statistics over plain slices. Nothing here knows what a host is.
//!
//! Points that are not finite are left out everywhere; what remains too small for an answer gives `None`.

pub mod autocorrelation;
pub mod fit;
pub mod kendall;
pub mod order;
pub mod theil_sen;
