//! The signals that end a program that runs until it is told to stop.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Watches for Ctrl-C, SIGTERM and the end of the terminal. From its making on they no longer kill the program.
pub struct Ending([Signal; 3]);

impl Ending {
    /// Begins to watch. Needs a runtime with I/O.
    pub fn watch() -> io::Result<Ending> {
        let [a, b, c] = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
        Ok(Ending([a?, b?, c?]))
    }

    /// Waits for the first of them.
    pub async fn come(&mut self) {
        let [a, b, c] = &mut self.0;
        tokio::select! {
            _ = a.recv() => {}
            _ = b.recv() => {}
            _ = c.recv() => {}
        }
    }
}
