//! Statistics over plain slices. Nothing here knows what a host is.
