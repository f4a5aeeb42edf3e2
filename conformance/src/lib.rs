//! Recordings of the wire, and what replays them over real sockets.
//!
//! `cargo run -p conformance -- http://HOST:PORT` does so from the command line; `docs/conformance.md` says which rooms a
//! server needs for it. Tests call [`replay`] with a [`Server`] of theirs.

mod client;
mod difference;
mod peer;
mod recording;
mod replay;
mod server;

pub use difference::Difference;
pub use recording::{Recording, RecordingsError, bundled, read};
pub use replay::replay;
pub use server::{InvalidAddress, Remote, Server};
