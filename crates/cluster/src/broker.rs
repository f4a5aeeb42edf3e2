//! What a node needs of a broker, whichever it is.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use roomful_core::cluster::{Address, Subject};
use roomful_runtime::{HistoryBounds, Known};
use tokio::time::Instant;

use crate::{ConnectError, Ear, Lost};

/// A future that is allocated.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A broker that links can be made to.
pub trait Broker: fmt::Debug + Send + Sync + 'static {
    /// Where it is, without credentials.
    fn address(&self) -> String;

    /// Makes a fresh link, which listens to nothing yet. It has been tried out: what is published is heard.
    ///
    /// It may wait for ever for a broker that says nothing, so give it a time.
    fn connect(&self, ear: Ear) -> BoxFuture<'_, Result<Link, ConnectError>>;
}

/// A connection to a broker, from its beginning to its end. It is cut when this is dropped.
pub struct Link {
    /// What is said goes this way; what is heard goes to the [`Ear`].
    pub speaker: Box<dyn Speaker>,
    /// The most bytes that one envelope may have.
    pub most_bytes: usize,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("most_bytes", &self.most_bytes).finish_non_exhaustive()
    }
}

/// What a link is told to do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// Listen to what is said to this address.
    Subscribe(Address),
    /// Listen to a room about which a [question](Command::Ask) follows. Where the broker cannot count who listens, whether
    /// anybody does is found out now, before this node does.
    Open(Subject),
    /// Listen to an address no more.
    Unsubscribe(Address),
    /// Say something to all who listen to an address.
    Publish {
        /// Which.
        to: Address,
        /// What. It is never empty.
        envelope: Bytes,
    },
    /// Say something to a room that was opened, and tell the [`Ear`] who hears it.
    Ask {
        /// Which.
        room: Subject,
        /// What. It is never empty.
        envelope: Bytes,
    },
    /// Number something, keep it, and say it to all who listen to a room, as one; then tell the [`Ear`] whether that was done.
    Append {
        /// Which room.
        room: Subject,
        /// What the ear is told by.
        number: u64,
        /// Not after this.
        until: Instant,
        /// What is known of the room. A broker that has given less than that has lost its memory: it begins another run of numbers.
        known: Known,
        /// What is kept of the room.
        bounds: HistoryBounds,
        /// What.
        word: Bytes,
    },
    /// Tell the [`Ear`] what is kept of a room behind what is known.
    ReadHistory {
        /// Which.
        room: Subject,
        /// What is known of it.
        known: Known,
        /// What is kept of the room.
        bounds: HistoryBounds,
    },
}

/// What carries out commands.
pub trait Speaker: Send {
    /// Carries one out, behind all that came before. It waits while the broker takes nothing; that it is ready does not mean
    /// that the broker has it.
    fn say(&mut self, command: Command) -> BoxFuture<'_, Result<(), SayError>>;

    /// Begins to keep what is said in rooms: the first thing that a link is told that is to do so.
    ///
    /// The error says why it cannot.
    fn begin_history(&mut self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(std::future::ready(Err(
            "Roomful cannot have it kept there: use NATS with JetStream or Redis, or `History::Node`".to_owned(),
        )))
    }

    /// Waits until all that was said is on its way: whoever ends does not take its last words along.
    fn flush(&mut self) -> BoxFuture<'_, Result<(), Lost>>;
}

/// Why a command was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SayError {
    /// The broker would refuse it, and the link with it.
    #[error(
        "an envelope of {bytes} bytes is too large: this broker takes {most_bytes}; say less at once, or let it take more"
    )]
    TooLarge {
        /// How many it has.
        bytes: usize,
        /// How many it may have.
        most_bytes: usize,
    },
    /// The link is over.
    #[error(transparent)]
    Lost(#[from] Lost),
}

/// Whether an envelope may be said.
pub(crate) fn check_size(envelope: &Bytes, most_bytes: usize) -> Result<(), SayError> {
    let bytes = envelope.len();
    if bytes > most_bytes { Err(SayError::TooLarge { bytes, most_bytes }) } else { Ok(()) }
}
