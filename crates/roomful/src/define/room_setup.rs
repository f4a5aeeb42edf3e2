//! A room as it is registered, with its guards and limits.

use std::any::TypeId;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use roomful_core::Json;
use roomful_core::frame::EndpointKind;
use roomful_core::key::{KeyError, Params};
use roomful_runtime::{Hooks, LiveMember};

use super::around::{Around, Facts};
use super::pending::Pending;
use super::registered::TypedEndpoint;
use crate::hooks::RoomHooks;
use crate::{Channel, Conn, Deny, Error, Guard, Info, Limits, Lost, MaybeSend, Member, Room, Rooms, Upgrade, roster};

/// A room with its own guards and limits. Made by [`RoomExt`].
pub struct RoomSetup<R: Room> {
    pub(crate) room: Arc<R>,
    pub(crate) around: Around<R::Channel>,
}

impl<R: Room> RoomSetup<R> {
    fn new(room: R) -> Self {
        Self { room: Arc::new(room), around: Around::nothing() }
    }

    /// Adds a guard; it runs after those of the app and the module, with the typed key.
    #[must_use]
    pub fn guard(mut self, guard: impl Guard<R::Channel>) -> Self {
        self.around.add_guard(guard);
        self
    }

    /// Says that this room shares its channel with another: they have one roster and hear each other's messages,
    /// whatever their guards. Both must say so.
    #[must_use]
    pub fn shares_channel(mut self) -> Self {
        self.around.shared = true;
        self
    }

    /// Bounds of this room's own, in place of the app's.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.around.limits = Some(limits);
        self
    }

    /// Says that this room's hooks never block: what they do up to their first `await` that has to wait takes microseconds,
    /// and they take no lock that anybody holds for longer. What a client sends is then handled on the thread that has read
    /// it, which saves two thread switches a message; a hook that waits goes on on the app's runtime, and the order of
    /// messages stays as it is.
    ///
    /// That thread has thousands of other sockets, and all of them wait for a hook that blocks. In a Durable Object there is
    /// one thread, and this changes nothing.
    #[must_use]
    pub fn inline(mut self) -> Self {
        self.around.inline = true;
        self
    }
}

/// Gives a room guards and limits where it is registered.
///
/// ```
/// # use roomful::{Channel, Deny, Result, Room, RoomExt, Upgrade};
/// # #[derive(Clone, Channel)]
/// # #[channel("lobby")]
/// # struct Lobby;
/// # struct Hall;
/// # impl Room for Hall {
/// #     type Channel = Lobby;
/// #     type Data = ();
/// #     async fn data(&self, _: &Upgrade<Lobby>) -> Result<(), Deny> { Ok(()) }
/// # }
/// async fn members_only(upgrade: Upgrade<Lobby>) -> Result<(), Deny> {
///     upgrade.header("x-member").map(|_| ()).ok_or_else(Deny::forbidden)
/// }
///
/// let rooms = roomful::Rooms::new().module("club", |m| m.room("hall", Hall.guard(members_only))).build()?;
/// # Ok::<(), roomful::BuildError>(())
/// ```
pub trait RoomExt: Room {
    /// See [`RoomSetup::guard`].
    fn guard(self, guard: impl Guard<Self::Channel>) -> RoomSetup<Self> {
        RoomSetup::new(self).guard(guard)
    }

    /// See [`RoomSetup::shares_channel`].
    fn shares_channel(self) -> RoomSetup<Self> {
        RoomSetup::new(self).shares_channel()
    }

    /// See [`RoomSetup::limits`].
    fn limits(self, limits: Limits) -> RoomSetup<Self> {
        RoomSetup::new(self).limits(limits)
    }

    /// See [`RoomSetup::inline`].
    fn inline(self) -> RoomSetup<Self> {
        RoomSetup::new(self).inline()
    }
}

impl<R: Room> RoomExt for R {}

/// A [`Room`], or one with guards and limits around it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a room",
    note = "implement `roomful::Room` for it: `type Channel`, `type Data` and `async fn data` are what it must have"
)]
pub trait IntoRoomSetup {
    /// The room.
    type Room: Room;
    /// The room with its guards and limits.
    fn into_room_setup(self) -> RoomSetup<Self::Room>;
}

impl<R: Room> IntoRoomSetup for R {
    type Room = R;
    fn into_room_setup(self) -> RoomSetup<R> {
        RoomSetup::new(self)
    }
}

impl<R: Room> IntoRoomSetup for RoomSetup<R> {
    type Room = R;
    fn into_room_setup(self) -> Self {
        self
    }
}

pub(super) struct RoomEndpoint<R: Room> {
    room: Arc<R>,
    /// It has no hook for members that died with their node.
    hears_of_nobody_lost: Arc<AtomicBool>,
}

impl<R: Room> RoomSetup<R> {
    /// What a module is given.
    pub(super) fn pending(self, name: &str) -> Pending {
        let facts = Facts {
            kind: EndpointKind::Room,
            pattern: R::Channel::PATTERN,
            has_info: TypeId::of::<Info<R>>() != TypeId::of::<()>(),
        };
        self.around.pending(name, facts, RoomEndpoint { room: self.room, hears_of_nobody_lost: Arc::default() })
    }
}

impl<R: Room> TypedEndpoint for RoomEndpoint<R> {
    type Key = R::Channel;
    type Data = R::Data;

    fn key(params: &Params) -> Result<R::Channel, KeyError> {
        R::Channel::from_params(params)
    }

    #[cfg(all(feature = "typescript", not(target_family = "wasm")))]
    fn describe(types: &mut crate::__private::TypeSink) {
        R::Channel::describe(types);
    }

    fn data(&self, upgrade: &Upgrade<R::Channel>) -> impl Future<Output = Result<R::Data, Deny>> + MaybeSend {
        self.room.data(upgrade)
    }

    fn hears_of_lost(&self) -> bool {
        !self.hears_of_nobody_lost.load(Ordering::Relaxed)
    }

    async fn tell_of_lost(&self, key: R::Channel, member: Member<Json, Json>, rooms: Rooms) -> Result<(), Error> {
        let Some(member) = roster::typed(vec![member]).pop() else { return Ok(()) };
        let lost = Lost::new(key, member, rooms, Arc::clone(&self.hears_of_nobody_lost));
        self.room.on_lost(&lost).await
    }

    fn hooks(&self, key: R::Channel, data: R::Data, member: Arc<LiveMember>, rooms: Rooms) -> Arc<dyn Hooks> {
        let conn = Conn::new(key, data, member, rooms);
        Arc::new(RoomHooks { room: Arc::clone(&self.room), conn })
    }
}
