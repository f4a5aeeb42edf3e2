//! The processes that nodes and broker are.

use tokio::process::Command;

/// Not among those whom the terminal tells of Ctrl-C: all end in the order in which they are told to.
pub(super) fn alone(command: &mut Command) {
    command.kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
}
