//! Replays of recorded series.
