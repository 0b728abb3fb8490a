//! The sample store: the embedded collector's series, as XOR chunks in SQLite.
