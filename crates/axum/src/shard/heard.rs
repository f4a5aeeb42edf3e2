//! What became of bytes that a socket was sent.

use roomful::Close;
use roomful_websocket::DecodeError;

/// What became of bytes that were read.
pub(super) struct Heard {
    /// So many at their end are to be [kept](super::socket::Socket::keep_unread).
    pub(super) left: usize,
    /// What it cost, in bytes.
    pub(super) cost: usize,
    pub(super) then: Then,
}

/// Why no more is taken in.
pub(super) enum Then {
    /// That was all, or as much as one turn may take.
    GoOn,
    /// The handler's queue is full.
    WaitForSpace,
    /// It has had what it may for now.
    Pause,
    End(PeerEnd),
}

/// What the peer did that ends the connection.
pub(super) enum PeerEnd {
    Closed(Close),
    Broke(DecodeError),
    /// It sends frames that say nothing, without end.
    Wasted,
}
