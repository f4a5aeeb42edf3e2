//! Who is compared, and how each is started.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::broker::Kind;
use crate::dialect::Dialect;
use crate::failure::Failure;

/// One server.
#[derive(Debug)]
pub struct Peer {
    /// Its name on the command line and in tables.
    pub name: &'static str,
    /// What it does for a message, so that nobody compares what is not alike.
    pub does: &'static str,
    /// How it is talked to.
    pub dialect: Dialect,
    /// What its nodes talk over, where it is not one process.
    pub over: Option<Kind>,
    program: Program,
}

#[derive(Debug)]
enum Program {
    /// The project's own server, built in the project's workspace, with these words.
    Fixture(&'static [&'static str]),
    /// A binary of this workspace.
    Built { name: &'static str, words: &'static [&'static str] },
    /// A script for Node, with these words.
    Node(&'static str, &'static [&'static str]),
    /// A script for Bun.
    Bun(&'static str),
}

/// Ourselves, whom every ratio is of.
pub const OURSELVES: &str = "roomful";
/// Ourselves without io_uring.
pub const WITH_SENDS: &str = "roomful-send";

/// Ourselves with members that outlive their sockets.
pub const WITH_SESSIONS: &str = "roomful-sessions";

/// Ourselves, to clients that listen to a feed or a live value. In the scenarios alone that are about those.
pub const WITH_LISTENERS: Peer = Peer {
    name: "roomful-feed",
    does: "reads the message as JSON, runs the handler of a room, which publishes it; numbers and encodes it; speaks roomful.v1",
    dialect: Dialect::RoomfulListeners,
    over: None,
    program: Program::Fixture(&[]),
};
/// The same as server-sent events.
pub const WITH_EVENTS: Peer = Peer {
    name: "roomful-events",
    does: "the same, its clients listen through server-sent events",
    dialect: Dialect::RoomfulEvents,
    over: None,
    program: Program::Fixture(&[]),
};

/// Where a server is several nodes it is so many.
pub const NODES: usize = 3;

/// The words of ours: the times that Roomful has where nobody says anything of them.
const AS_USUAL: &[&str] = &["--lease-ms", "10000"];

/// Servers of several nodes. In the scenarios alone that are about those.
pub const CLUSTERS: &[Peer] = &[
    Peer {
        name: "roomful-nats",
        does: "the same as roomful, on three nodes over NATS",
        dialect: Dialect::Roomful,
        over: Some(Kind::Nats),
        program: Program::Fixture(AS_USUAL),
    },
    Peer {
        name: "roomful-redis",
        does: "the same over Redis",
        dialect: Dialect::Roomful,
        over: Some(Kind::Redis),
        program: Program::Fixture(AS_USUAL),
    },
    Peer {
        name: "socket.io-redis",
        does: "the same as socket.io, on three nodes with its Redis adapter",
        dialect: Dialect::SocketIo,
        over: Some(Kind::Redis),
        program: Program::Node("socketio.mjs", &["redis"]),
    },
    Peer {
        name: "socket.io-streams",
        does: "the same with its Redis streams adapter, which keeps what was said",
        dialect: Dialect::SocketIo,
        over: Some(Kind::Redis),
        program: Program::Node("socketio.mjs", &["streams"]),
    },
    Peer {
        name: "socketioxide-redis",
        does: "the same as socketioxide, on three nodes with its Redis adapter",
        dialect: Dialect::SocketIo,
        over: Some(Kind::Redis),
        program: Program::Built { name: "peer-socketioxide", words: &["redis"] },
    },
];

/// All there are. The first is ourselves.
pub const PEERS: &[Peer] = &[
    Peer {
        name: OURSELVES,
        does: "reads the message as JSON, runs the room's handler, numbers and encodes an envelope; keeps a roster; speaks roomful.v1",
        dialect: Dialect::Roomful,
        over: None,
        program: Program::Fixture(&[]),
    },
    Peer {
        name: WITH_SENDS,
        does: "the same as roomful, written to with a system call a socket, where roomful writes to many with one through io_uring",
        dialect: Dialect::Roomful,
        over: None,
        program: Program::Fixture(&["--no-io-uring"]),
    },
    Peer {
        name: "roomful-plain",
        does: "the same as roomful, to clients that ask for no sub-protocol",
        dialect: Dialect::RoomfulPlain,
        over: None,
        program: Program::Fixture(&[]),
    },
    Peer {
        name: "roomful-task",
        does: "the same as roomful, its hooks as tasks of the runtime: what a room pays that does not say it never blocks",
        dialect: Dialect::Roomful,
        over: None,
        program: Program::Fixture(&["--no-inline"]),
    },
    Peer {
        name: WITH_SESSIONS,
        does: "the same as roomful, its members outlive their sockets: each has a token, and what is said is kept for who comes back",
        dialect: Dialect::Roomful,
        over: None,
        program: Program::Fixture(&["--sessions"]),
    },
    Peer {
        name: "bun",
        does: "relays the bytes with Bun's native publish, which is uWebSockets in C++; no roster, no envelope",
        dialect: Dialect::Relay,
        over: None,
        program: Program::Bun("bun.mjs"),
    },
    Peer {
        name: "ws",
        does: "relays the bytes with a loop of sends, on Node with the package `ws`; no roster, no envelope",
        dialect: Dialect::Relay,
        over: None,
        program: Program::Node("ws.mjs", &[]),
    },
    Peer {
        name: "socket.io",
        does: "parses the event as JSON and encodes it anew, on Node; rooms, no roster",
        dialect: Dialect::SocketIo,
        over: None,
        program: Program::Node("socketio.mjs", &[]),
    },
    Peer {
        name: "axum",
        does: "relays the bytes, with axum's WebSockets (tokio-tungstenite) as everybody writes it: a task and a queue a connection, `send` each",
        dialect: Dialect::Relay,
        over: None,
        program: Program::Built { name: "peer-axum", words: &[] },
    },
    Peer {
        name: "axum-tuned",
        does: "the same with a read buffer of 4 KiB, `feed` of all that waits before one `flush`, and `TCP_NODELAY`",
        dialect: Dialect::Relay,
        over: None,
        program: Program::Built { name: "peer-axum", words: &["--tuned"] },
    },
    Peer {
        name: "socketioxide",
        does: "parses the event as JSON and encodes it anew, in Rust; rooms, no roster",
        dialect: Dialect::SocketIo,
        over: None,
        program: Program::Built { name: "peer-socketioxide", words: &[] },
    },
];

/// The peer of this name.
///
/// # Errors
///
/// When there is none.
pub fn find(name: &str) -> Result<&'static Peer, Failure> {
    let names = || PEERS.iter().map(|peer| peer.name).collect::<Vec<_>>().join(", ");
    PEERS
        .iter()
        .find(|peer| peer.name == name)
        .ok_or_else(|| Failure::Usage(format!("there is no peer `{name}`; there are {}", names())))
}

impl Peer {
    /// Whether it is this project's server, in whatever dialect.
    pub fn is_ours(&self) -> bool {
        matches!(self.program, Program::Fixture(_))
    }

    /// How many processes it is.
    pub fn nodes(&self) -> usize {
        if self.over.is_some() { NODES } else { 1 }
    }

    /// The command that starts it, below the repository's root; which of its nodes, and over which broker, where it has several.
    ///
    /// # Errors
    ///
    /// When it was not built or installed.
    pub fn command(&self, repository: &Path, over: Option<(&str, usize)>) -> Result<Command, Failure> {
        let scripts = repository.join("bench/peers/node");
        let (program, words): (PathBuf, Vec<PathBuf>) = match &self.program {
            Program::Fixture(words) => {
                let words = ["--port", "0"].iter().chain(*words);
                (repository.join("target/server/fixture"), words.map(PathBuf::from).collect())
            }
            Program::Built { name, words } => {
                (repository.join("bench/target/release").join(name), words.iter().map(PathBuf::from).collect())
            }
            Program::Node(script, words) => {
                let words = words.iter().map(PathBuf::from);
                ("node".into(), [scripts.join(script)].into_iter().chain(words).collect())
            }
            Program::Bun(script) => (scripts.join("node_modules/.bin/bun"), vec![scripts.join(script)]),
        };
        if program.components().count() > 1 && !program.exists() {
            let why = format!("{} is not there; `cargo xtask bench` builds it", program.display());
            return Err(Failure::Start { peer: self.name, why });
        }
        let mut command = Command::new(program);
        command.args(words);
        match over {
            Some((broker, node)) if self.is_ours() => {
                command.args(["--cluster", broker, "--node", &format!("n{node}")]);
            }
            Some((broker, _)) => {
                command.arg(broker);
            }
            None => {}
        }
        Ok(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_the_first_is_ourselves() {
        let mut names: Vec<&str> = PEERS.iter().map(|peer| peer.name).collect();
        assert_eq!(names.first(), Some(&OURSELVES));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), PEERS.len());
    }

    #[test]
    fn an_unknown_peer_is_named_beside_those_there_are() {
        let message = find("wss").expect_err("there is no such peer").to_string();
        assert!(message.contains("`wss`") && message.contains("socketioxide"), "{message}");
    }
}
