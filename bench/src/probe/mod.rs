//! Tools that look into a server while it works. They slow it down, so they have slots of their own.

pub mod functions;
pub mod system_calls;

use std::process::{Child, Command};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::failure::Failure;

/// Starts a tool, or says that the scenario cannot be run without it.
fn start(command: &mut Command) -> Result<Child, Failure> {
    let tool = command.get_program().display().to_string();
    command.spawn().map_err(|error| Failure::Skipped(format!("`{tool}` could not be started: {error}")))
}

/// Has a tool finish as Ctrl-C does, and waits until it has.
fn finish(mut tool: Child) -> Result<(), Failure> {
    let pid = Pid::from_raw(tool.id().cast_signed());
    kill(pid, Signal::SIGINT).map_err(|error| Failure::io("ending a tool")(error.into()))?;
    tool.wait().map_err(Failure::io("waiting for a tool"))?;
    Ok(())
}

/// A file that a tool writes, and that nobody needs afterwards.
fn scratch(name: &str) -> std::path::PathBuf {
    std::env::temp_dir().join(format!("roomful-bench-{}-{name}", std::process::id()))
}
