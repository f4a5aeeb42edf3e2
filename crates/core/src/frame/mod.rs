//! The frames of both dialects. Of a room, [`decode()`] reads what a client sends and [`encode`] writes what a server
//! sends, which [`fanout`] does for all who receive it; of a typed socket, [`socket`] does both, and so does
//! [`feed`] of what is only listened to.

pub mod decode;
pub mod encode;
pub mod fanout;
pub mod feed;
pub mod listed;
pub mod socket;
pub mod sse;
mod text;
pub mod updates;

pub use decode::{BadFrame, Body, ClientFrame, GivenCredentials, decode};

use crate::Dialect;

/// What a client has connected to: it decides how its frames are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndpointKind {
    /// A room, which others are in.
    Room,
    /// A typed socket, which is this client's alone.
    Socket,
    /// A feed, which its clients only listen to.
    Feed,
    /// A live value, which its clients only listen to.
    Live,
}

impl EndpointKind {
    /// Reads one WebSocket message, text or binary.
    ///
    /// # Errors
    ///
    /// [`BadFrame`] for everything that is not a frame of this kind of connection.
    pub fn decode(self, message: &[u8], dialect: Dialect) -> Result<ClientFrame<'_>, BadFrame> {
        match self {
            Self::Room => decode(message, dialect),
            Self::Socket => socket::decode(message, dialect),
            Self::Feed | Self::Live => feed::decode(message, dialect),
        }
    }
}
