//! The programs of the demo as processes: started together, ended together.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use super::program::{Extent, Program};
use crate::error::{Explain, Result};

/// Running programs. Dropping it kills them and waits until they are gone.
pub struct Children(Vec<(Program, Child)>);

/// The own program file, even when it was replaced on the disk since.
const OWN_PROGRAM: &str = "/proc/self/exe";

impl Children {
    /// Starts programs. Call it on the thread that stays until the end: the kernel kills them when that thread ends.
    pub fn start(programs: &[Program], extent: Extent) -> Result<Children> {
        let mut children = Children(Vec::with_capacity(programs.len()));
        for program in programs {
            let child = Command::new(OWN_PROGRAM)
                .arg0(program.name())
                .args(["demo-program", program.kind()])
                .args(["--parent", &std::process::id().to_string()])
                .args(["--scale", &extent.scale.to_string()])
                .args(["--duration", &format!("{}ms", extent.duration.as_millis())])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .during(|| format!("cannot start the program `{}`", program.name()))?;
            children.0.push((*program, child));
        }
        Ok(children)
    }

    /// The programs that run, with their process ids.
    pub fn running(&self) -> impl Iterator<Item = (Program, u32)> {
        self.0.iter().map(|(program, child)| (*program, child.id()))
    }

    /// Programs that have ended although nobody ended them, with how; each is told once.
    pub fn ended(&mut self) -> Vec<(Program, std::process::ExitStatus)> {
        let mut ended = Vec::new();
        self.0.retain_mut(|(program, child)| match child.try_wait() {
            Ok(Some(status)) => {
                ended.push((*program, status));
                false
            }
            _ => true,
        });
        ended
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        // All at once first, so that none goes on while another is waited for.
        for (_, child) in &mut self.0 {
            let _ = child.kill();
        }
        for (_, child) in &mut self.0 {
            let _ = child.wait();
        }
    }
}
