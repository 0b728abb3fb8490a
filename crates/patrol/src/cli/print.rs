//! The one place that writes to standard output: colour only on terminals, quiet when the reader has gone.

use std::io::{self, Write};

/// Writes text as it is. Styles in it reach terminals only (`NO_COLOR` is honoured).
///
/// A reader that went away (`patrol ... | head`) is no failure; a full disk behind `>` is.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes a line.
pub fn line(text: &str) -> io::Result<()> {
    print(&format!("{text}\n"))
}
