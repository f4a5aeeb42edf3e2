//! A connection, as its socket's hooks see it.

use std::fmt;
use std::sync::Arc;

use roomful_core::MemberId;
use roomful_runtime::LiveMember;

use crate::hooks::encode;
use crate::{MaybeSend, Result, Rooms, Socket, SocketOutgoing};

/// One connection of socket `S`. A clone is cheap; holding one keeps nothing open.
///
/// A connection may go at any moment, so what is sent on one that has gone is no error: it goes nowhere.
pub struct SocketConn<S: Socket> {
    inner: Arc<Inner<S>>,
}

struct Inner<S: Socket> {
    key: S::Channel,
    data: S::Data,
    member: Arc<LiveMember>,
    rooms: Rooms,
}

impl<S: Socket> SocketConn<S> {
    pub(crate) fn new(key: S::Channel, data: S::Data, member: Arc<LiveMember>, rooms: Rooms) -> Self {
        Self { inner: Arc::new(Inner { key, data, member, rooms }) }
    }

    /// A name of this connection's own, which no other has. The client is not told it.
    #[must_use]
    pub fn id(&self) -> &MemberId {
        self.inner.member.id()
    }

    /// The params that the client asked with.
    #[must_use]
    pub fn key(&self) -> &S::Channel {
        &self.inner.key
    }

    /// What [`Socket::data`] found at the upgrade.
    #[must_use]
    pub fn data(&self) -> &S::Data {
        &self.inner.data
    }

    /// The app's rooms, to reach one of them.
    #[must_use]
    pub fn rooms(&self) -> &Rooms {
        &self.inner.rooms
    }

    /// A message to the client.
    ///
    /// # Errors
    ///
    /// When the message cannot be JSON or is over [`Limits::message_bytes`](crate::Limits::message_bytes);
    /// [`ErrorKind::Overloaded`](crate::ErrorKind::Overloaded) when the sockets are behind.
    pub fn send(&self, msg: &SocketOutgoing<S>) -> Result {
        self.inner.member.send(encode(msg)?)
    }

    /// Ends this connection. What was sent before still arrives; the client's own messages that wait are not handled;
    /// [`Socket::close`] runs when the hook that runs now has ended. 1000 and 4000 to 4999 tell the client to stay
    /// away, 3000 to 3999 to come back.
    ///
    /// # Errors
    ///
    /// A code other than 1000 and 3000 to 4999, or a reason over 123 bytes. Nothing is sent then.
    pub fn close(&self, code: u16, reason: &str) -> Result {
        self.inner.member.close_by_app(code, reason)
    }

    /// Runs `teardown` when the connection is over, before [`Socket::close`]; the last deferred runs first. After the
    /// end it runs at once. A Durable Object that was put away since has lost it: there, what must happen belongs into
    /// `close`.
    pub fn defer(&self, teardown: impl FnOnce() + MaybeSend + 'static) {
        self.inner.member.defer(teardown);
    }
}

impl<S: Socket> Clone for SocketConn<S> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<S: Socket> fmt::Debug for SocketConn<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketConn").field("id", self.id()).finish_non_exhaustive()
    }
}
