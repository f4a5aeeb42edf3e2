//! The command line.

use clap::{Parser, Subcommand};

use crate::doctor::DoctorArgs;
use crate::load::LoadArgs;
use crate::new::NewArgs;
use crate::watch::WatchArgs;

/// For those who write and run Roomful rooms.
#[derive(Debug, Parser)]
#[command(name = "roomful", version, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print what a room says, frame by frame.
    ///
    /// It joins the room as a client does, so it is a member that others see, and comes back when its connection is lost. Feeds,
    /// live values and typed sockets can be watched, too. Ctrl-C leaves the room.
    Watch(WatchArgs),
    /// Try a deployment as a browser would, and say what is wrong and where it is set right.
    ///
    /// Handshake, sub-protocol, origins, compression, clock, close codes; and of a room, where one is named, whether it can be joined, come
    /// back to and left, and whether an idle connection stands. Exits with 1 where there is a fault.
    Doctor(DoctorArgs),
    /// Have many members join a room and say things, and check what everybody gets.
    ///
    /// What is due at a time is said then, so what a slow server makes wait counts. Exits with 1 where something was lost, doubled or out of
    /// order, or where members did not get in. Not for a room that people are in.
    Load(LoadArgs),
    /// Write a project that runs: rooms, their types, a page, tests, an image.
    New(NewArgs),
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use clap::{CommandFactory as _, Parser as _};

    #[test]
    fn each_command_of_the_documents_is_one() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for page in ["docs/guide.md", "crates/cli/README.md"] {
            let text = fs::read_to_string(root.join(page)).unwrap();
            let commands: Vec<_> =
                text.lines().filter(|line| line.starts_with("roomful ") && !line.starts_with("roomful = ")).collect();
            assert!(!commands.is_empty(), "{page}");
            for command in commands {
                let read = super::Args::try_parse_from(words(command));
                assert!(read.is_ok(), "{page}: {command}: {}", read.unwrap_err());
            }
        }
    }

    /// As a shell has them, where quotes are single.
    fn words(command: &str) -> Vec<String> {
        let command = command.split(" #").next().unwrap_or_default();
        let pieces = command.split('\'').enumerate();
        let words = pieces.flat_map(|(index, piece)| match index % 2 {
            0 => piece.split_whitespace().map(str::to_owned).collect(),
            _ => vec![piece.to_owned()],
        });
        words.collect()
    }

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        super::Args::command().debug_assert();
    }
}
