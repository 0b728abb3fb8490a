//! The one place that writes to standard output: colour only on terminals, quiet when the reader has gone.

use std::io::{self, ErrorKind, IsTerminal, Write};

use crate::error::{Explain, Result};
use crate::render::plain::plain;

/// Writes text as it is. Styles in it reach terminals only (`NO_COLOR` is honoured).
///
/// A reader that went away (`patrol ... | head`) is no failure; a full disk behind `>` is.
pub fn out(text: &str) -> Result<()> {
    written(anstream::stdout().lock(), text.as_bytes())
}

/// Writes text that comes from outside: byte for byte into files and pipes, without anything that commands a terminal
/// onto one.
pub fn foreign(text: &str) -> Result<()> {
    if !io::stdout().is_terminal() {
        return bytes(text.as_bytes());
    }
    let lines: Vec<_> =
        text.split('\n').map(|line| line.split('\t').map(plain).collect::<Vec<_>>().join("\t")).collect();
    bytes(lines.join("\n").as_bytes())
}

/// Writes bytes as they are.
pub fn bytes(bytes: &[u8]) -> Result<()> {
    written(io::stdout().lock(), bytes)
}

fn written(mut stdout: impl Write, bytes: &[u8]) -> Result<()> {
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result.during(|| "cannot write to standard output".into()),
    }
}

/// Writes a line.
pub fn line(text: &str) -> Result<()> {
    out(&format!("{text}\n"))
}
