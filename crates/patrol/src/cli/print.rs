//! The one place that writes to standard output: colour only on terminals, quiet when the reader has gone.

use std::io::{ErrorKind, Write};

use crate::error::{Explain, Result};

/// Writes text as it is. Styles in it reach terminals only (`NO_COLOR` is honoured).
///
/// A reader that went away (`patrol ... | head`) is no failure; a full disk behind `>` is.
pub fn out(text: &str) -> Result<()> {
    let mut stdout = anstream::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result.during(|| "cannot write to standard output".into()),
    }
}

/// Writes a line.
pub fn line(text: &str) -> Result<()> {
    out(&format!("{text}\n"))
}
