//! What a handler may return, and what `on_error` is told.

use std::fmt;

use roomful_core::close::InvalidClose;
use roomful_core::room::Refused;

use crate::unwind::{catch, let_go};

/// What a hook returns.
pub type Result<T = (), E = Error> = std::result::Result<T, E>;

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// Why a hook, or a call on a connection or a room, failed.
///
/// Every error type converts into it, so `?` works in a hook. For that it may not be a `std::error::Error` itself; it converts
/// into a `Box<dyn std::error::Error>`.
///
/// ```
/// # use roomful_runtime as roomful;
/// fn parse(text: &str) -> roomful::Result<u32> {
///     Ok(text.parse()?)
/// }
///
/// let error = parse("x").unwrap_err();
/// assert!(matches!(error.kind(), roomful::ErrorKind::Handler(_)));
/// ```
pub struct Error(Box<ErrorKind>);

/// What kind of failure it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A hook returned this.
    #[error(transparent)]
    Handler(AnyError),
    /// A hook panicked with this message.
    #[error("a hook panicked: {0}")]
    Panic(String),
    /// The value cannot be written as JSON.
    #[error("the value cannot be JSON: {0}")]
    Encode(#[source] serde_json::Error),
    /// A member's state, or its info, does not fit its type: another room that shares the channel has set it, or the type does
    /// not read what it writes.
    #[error("a state or an info does not fit this room's type: {0}")]
    Decode(#[source] serde_json::Error),
    /// The room refused the call: a message or a state over its limit.
    #[error(transparent)]
    Refused(Refused),
    /// Too many bytes wait to be written to sockets. Nothing was sent: send less, or again later.
    #[error("the sockets are behind: over {limit} bytes wait for one of their threads (`Limits::transport_bytes`)")]
    Overloaded {
        /// The bound.
        limit: usize,
    },
    /// In a cluster: the message, or all that a member shows with its user, is more than the broker takes at once, with what other
    /// nodes have to know of it. Nobody was told anything.
    #[error(
        "what has {bytes} bytes does not fit into the {limit} that the cluster's broker takes at once, with what is around it"
    )]
    TooLargeForBroker {
        /// The size of the message, or of what the member would show together: its state, its info and its user.
        bytes: usize,
        /// What the broker takes.
        limit: usize,
    },
    /// In a cluster: too much waits for the node to take it to the others. Nobody was told anything: send less, or again later.
    #[error("this node is behind: over {limit} bytes wait to be taken to other nodes (`Limits::cluster_queue_bytes`)")]
    NodeBehind {
        /// The bound.
        limit: usize,
    },
    /// In a cluster: this node is cut off from the others. What was asked for is done here, where it could be, and comes to other
    /// nodes late or not at all; what was to be read of other nodes cannot be.
    #[error(
        "this node is cut off from the other nodes of its cluster: what was asked is done or known here alone, and reaches them late or not at all"
    )]
    Isolated,
    /// In a cluster: the broker does not take what this node says, or not soon enough. What was asked for is done here, and comes to
    /// other nodes late or not at all.
    #[error("the cluster's broker is behind: this is done here, and reaches other nodes late or not at all")]
    BrokerBehind,
    /// In a room whose history is in the broker (`Limits::history`): that has not taken the message in time
    /// (`Limits::cluster_outgoing_ms`), or has not said so. It was said to nobody, unless the link was lost in that moment: then nobody
    /// knows.
    #[error(
        "the cluster's broker has not taken this message in time (`Limits::cluster_outgoing_ms`): nobody has heard it"
    )]
    NotTaken,
    /// In a cluster: not every node that was asked has answered in time. What was asked for is done here and where it was answered,
    /// and elsewhere late or not at all; what was to be read is not whole.
    #[error("{}", Unanswered { nodes, unknown: *unknown })]
    Unanswered {
        /// The names of those who have not.
        nodes: Vec<String>,
        /// How many more, whose names this node does not know.
        unknown: u64,
    },
    /// An app may not close with that code or reason. Nothing was sent.
    #[error(transparent)]
    Close(InvalidClose),
    /// This connection is no member yet. `send`, `broadcast`, `set_presence` and `set_info` work from `on_join` on.
    #[error("this connection has not joined yet; call this from `on_join` on")]
    NotJoined,
    /// The room is in another process, which refused the call or could not be reached.
    #[error("the room's process: {0}")]
    Elsewhere(#[source] AnyError),
    /// A live value took too long to load. It was dropped, and is tried again.
    #[error("a live value took over {ms} ms to load (`Limits::load_timeout_ms`)")]
    LoadTimeout {
        /// The bound.
        ms: u64,
    },
    /// The socket failed.
    #[error("the socket failed: {0}")]
    Socket(#[source] AnyError),
}

/// Says whose answer is missing.
struct Unanswered<'a> {
    nodes: &'a [String],
    unknown: u64,
}

impl fmt::Display for Unanswered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { nodes, unknown } = self;
        f.write_str("no answer came from ")?;
        for (i, node) in nodes.iter().enumerate() {
            write!(f, "{}`{node}`", if i > 0 { ", " } else { "" })?;
        }
        match (nodes.is_empty(), unknown) {
            (_, 0) => {}
            (true, 1) => f.write_str("1 node that this one does not know")?,
            (true, _) => write!(f, "{unknown} nodes that this one does not know")?,
            (false, _) => write!(f, " and {unknown} that this one does not know")?,
        }
        f.write_str(": what was asked is done here and where it was answered, and elsewhere late or not at all")
    }
}

impl Error {
    /// An error that has only a text.
    pub fn msg(sentence: impl fmt::Display) -> Self {
        ErrorKind::Handler(sentence.to_string().into()).into_error()
    }

    /// What kind of failure it was.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0
    }

    #[doc(hidden)]
    #[must_use]
    pub fn refused(refused: Refused) -> Self {
        ErrorKind::Refused(refused).into_error()
    }

    fn into_kind(mut self) -> Box<ErrorKind> {
        std::mem::replace(&mut self.0, Box::new(ErrorKind::NotJoined))
    }
}

/// An error of the app's may panic when it is dropped, and that may be anywhere.
impl Drop for Error {
    fn drop(&mut self) {
        let_go(std::mem::replace(&mut *self.0, ErrorKind::NotJoined));
    }
}

impl ErrorKind {
    #[doc(hidden)]
    #[must_use]
    pub fn into_error(self) -> Error {
        Error(Box::new(self))
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        ErrorKind::Handler(Box::new(error)).into_error()
    }
}

impl From<Error> for Box<dyn std::error::Error + Send + Sync> {
    fn from(error: Error) -> Self {
        error.into_kind()
    }
}

impl From<Error> for Box<dyn std::error::Error> {
    fn from(error: Error) -> Self {
        error.into_kind()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&said("Display", || self.0.to_string()))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let debug = || if f.alternate() { format!("{:#?}", self.0) } else { format!("{:?}", self.0) };
        let said = said("Debug", debug);
        f.write_str(&said)
    }
}

/// What an error says of itself. The app has written that, and it may be asked for within a log of the app's.
fn said(how: &str, say: impl FnOnce() -> String) -> String {
    catch(say).unwrap_or_else(|panic| format!("an error whose `{how}` panicked: {panic}"))
}
