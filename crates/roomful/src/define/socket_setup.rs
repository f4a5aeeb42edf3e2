//! A socket as it is registered, with its guards and limits.

use std::future::Future;
use std::sync::Arc;

use roomful_core::frame::EndpointKind;
use roomful_core::key::{KeyError, Params};
use roomful_runtime::{Hooks, LiveMember};

use super::around::{Around, Facts};
use super::pending::Pending;
use super::registered::TypedEndpoint;
use crate::hooks::SocketHooks;
use crate::{Deny, Guard, Limits, MaybeSend, Rooms, Socket, SocketChannel, SocketConn, Upgrade};

/// A socket with its own guards and limits. Made by [`SocketExt`].
pub struct SocketSetup<S: Socket> {
    pub(crate) socket: Arc<S>,
    pub(crate) around: Around<S::Channel>,
}

impl<S: Socket> SocketSetup<S> {
    fn new(socket: S) -> Self {
        Self { socket: Arc::new(socket), around: Around::nothing() }
    }

    /// Adds a guard; it runs after those of the app and the module, with the typed params.
    #[must_use]
    pub fn guard(mut self, guard: impl Guard<S::Channel>) -> Self {
        self.around.add_guard(guard);
        self
    }

    /// Bounds of this socket's own, in place of the app's.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.around.limits = Some(limits);
        self
    }

    /// Says that this socket's hooks never block, as [`RoomSetup::inline`](crate::RoomSetup::inline) does for a room.
    #[must_use]
    pub fn inline(mut self) -> Self {
        self.around.inline = true;
        self
    }
}

/// Gives a socket guards and limits where it is registered.
///
/// ```
/// # use roomful::{Deny, Result, Socket, SocketChannel, SocketExt, Upgrade};
/// # #[derive(Clone, SocketChannel)]
/// # #[socket(message = String)]
/// # struct Chat;
/// # struct ChatSocket;
/// # impl Socket for ChatSocket {
/// #     type Channel = Chat;
/// #     type Data = ();
/// #     async fn data(&self, _: &Upgrade<Chat>) -> Result<(), Deny> { Ok(()) }
/// # }
/// async fn members_only(upgrade: Upgrade<Chat>) -> Result<(), Deny> {
///     upgrade.header("x-member").map(|_| ()).ok_or_else(Deny::forbidden)
/// }
///
/// let rooms = roomful::Rooms::new().module("club", |m| m.socket("chat", ChatSocket.guard(members_only))).build()?;
/// # Ok::<(), roomful::BuildError>(())
/// ```
pub trait SocketExt: Socket {
    /// See [`SocketSetup::guard`].
    fn guard(self, guard: impl Guard<Self::Channel>) -> SocketSetup<Self> {
        SocketSetup::new(self).guard(guard)
    }

    /// See [`SocketSetup::limits`].
    fn limits(self, limits: Limits) -> SocketSetup<Self> {
        SocketSetup::new(self).limits(limits)
    }

    /// See [`SocketSetup::inline`].
    fn inline(self) -> SocketSetup<Self> {
        SocketSetup::new(self).inline()
    }
}

impl<S: Socket> SocketExt for S {}

/// A [`Socket`], or one with guards and limits around it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a socket",
    note = "implement `roomful::Socket` for it: `type Channel`, `type Data` and `async fn data` are what it must have"
)]
pub trait IntoSocketSetup {
    /// The socket.
    type Socket: Socket;
    /// The socket with its guards and limits.
    fn into_socket_setup(self) -> SocketSetup<Self::Socket>;
}

impl<S: Socket> IntoSocketSetup for S {
    type Socket = S;
    fn into_socket_setup(self) -> SocketSetup<S> {
        SocketSetup::new(self)
    }
}

impl<S: Socket> IntoSocketSetup for SocketSetup<S> {
    type Socket = S;
    fn into_socket_setup(self) -> Self {
        self
    }
}

pub(super) struct SocketEndpoint<S: Socket>(Arc<S>);

impl<S: Socket> SocketSetup<S> {
    /// What a module is given.
    pub(super) fn pending(self, name: &str) -> Pending {
        let facts = Facts { kind: EndpointKind::Socket, pattern: S::Channel::PATTERN, has_info: false };
        self.around.pending(name, facts, SocketEndpoint(self.socket))
    }
}

impl<S: Socket> TypedEndpoint for SocketEndpoint<S> {
    type Key = S::Channel;
    type Data = S::Data;

    fn key(params: &Params) -> Result<S::Channel, KeyError> {
        S::Channel::from_params(params)
    }

    #[cfg(all(feature = "typescript", not(target_family = "wasm")))]
    fn describe(types: &mut crate::__private::TypeSink) {
        S::Channel::describe(types);
    }

    fn data(&self, upgrade: &Upgrade<S::Channel>) -> impl Future<Output = Result<S::Data, Deny>> + MaybeSend {
        self.0.data(upgrade)
    }

    fn hooks(&self, key: S::Channel, data: S::Data, member: Arc<LiveMember>, rooms: Rooms) -> Arc<dyn Hooks> {
        let conn = SocketConn::new(key, data, member, rooms);
        Arc::new(SocketHooks { socket: Arc::clone(&self.0), conn })
    }
}
