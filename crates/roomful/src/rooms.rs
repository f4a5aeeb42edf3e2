//! The app's rooms, checked and ready to run.

use std::sync::Arc;

use http::HeaderMap;
use http::header::ORIGIN;
use http::request::Parts;
use roomful_core::{Dialect, Limits};

use crate::define::Definition;
use crate::runtime::{Connection, Drain, Host, Hub, Kept, Stats, Admitted};
use crate::{Admission, Channel, RoomHandle, RoomsBuilder, UntypedRoom};

/// All rooms of an app. A clone is cheap and is the same rooms.
///
/// Made by [`Rooms::new`] and [`build`](RoomsBuilder::build); run by a platform crate: with `roomful-axum`,
/// `axum::Router::new().merge(rooms.router())`.
#[derive(Clone)]
pub struct Rooms {
    inner: Arc<Inner>,
}

struct Inner {
    hub: Arc<Hub>,
    definitions: Vec<Arc<Definition>>,
    path: String,
    origins: Option<Vec<String>>,
}

impl Rooms {
    /// Starts the definitions.
    #[allow(clippy::new_ret_no_self, reason = "rooms come of a builder, and `Rooms::new()` is where a reader looks")]
    #[must_use]
    pub fn new() -> RoomsBuilder {
        RoomsBuilder::new()
    }

    pub(crate) fn from_parts(
        hub: Arc<Hub>,
        definitions: Vec<Definition>,
        path: String,
        origins: Option<Vec<String>>,
    ) -> Self {
        let definitions = definitions.into_iter().map(Arc::new).collect();
        Self { inner: Arc::new(Inner { hub, definitions, path, origins }) }
    }

    /// The room of one key, from outside any connection: an HTTP handler, a job.
    ///
    /// ```
    /// # use roomful::{Channel, Rooms};
    /// #[derive(Clone, Channel)]
    /// #[channel("board/:boardId", message = String)]
    /// struct Board { board_id: String }
    ///
    /// # let rooms = Rooms::new().build()?;
    /// let board = rooms.at(&Board { board_id: "main".into() });
    /// assert_eq!(board.count(), 0);
    /// board.broadcast(&"saved".to_owned())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn at<C: Channel>(&self, key: &C) -> RoomHandle<C> {
        RoomHandle::new(Arc::clone(&self.inner.hub), key)
    }

    /// What there is right now.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.inner.hub.stats()
    }

    /// The app's bounds.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.inner.hub.limits
    }

    /// The path that upgrades come to.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.inner.path
    }

    /// Whether a request with these headers may connect: see [`RoomsBuilder::allowed_origins`].
    #[must_use]
    pub fn allows_origin(&self, headers: &HeaderMap) -> bool {
        let (Some(allowed), Some(origin)) = (&self.inner.origins, headers.get(ORIGIN)) else { return true };
        allowed.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes())
    }

    /// The orderly end: new connections are refused, the present ones are closed 1012 over time, each with its own
    /// `retry=`, and hooks that run are waited for. `false` when some had not ended in [`Drain::wait_ms`].
    pub async fn drain(&self, drain: &Drain) -> bool {
        self.inner.hub.drain(drain).await
    }

    /// For a platform: lends the rooms its clock, tasks and randomness. The first host stands.
    pub fn start(&self, host: impl FnOnce() -> Arc<dyn Host>) {
        self.inner.hub.start(host);
    }

    /// For a platform: reads which room an upgrade is for.
    #[must_use]
    pub fn admit(&self, parts: Parts, dialect: Dialect) -> Admission {
        Admission::new(&self.inner.hub, &self.inner.definitions, parts, dialect)
    }

    /// For a platform with a process for each room: the same definitions, and no room that anybody is in.
    #[must_use]
    pub fn fresh(&self) -> Self {
        let Inner { hub, definitions, path, origins } = &*self.inner;
        let hub = Hub::new(Limits::clone(&hub.limits));
        let (definitions, path, origins) = (definitions.clone(), path.clone(), origins.clone());
        Self { inner: Arc::new(Inner { hub, definitions, path, origins }) }
    }

    /// For a platform: starts a connection that was admitted elsewhere. No guard runs; the seed, the join and `on_join` do.
    #[must_use]
    pub fn connect(&self, admitted: Admitted) -> Connection {
        self.inner.hub.connect(&self.inner.definitions, admitted)
    }

    /// For a platform: goes on with connections that another process kept, in their order: all those of one room, or one
    /// of a socket. Hooks do not run again. A connection that cannot be gone on with (its room is not defined any more,
    /// its data has another type, its `on_join` was cut off) leaves the room and closes, so that its client comes back.
    ///
    /// Where a [wake](crate::runtime::Keeper::wake_by) was still to come, call [`wake`](Rooms::wake) before anything else.
    #[must_use]
    pub fn restore(&self, kept: Vec<Kept>) -> Vec<Connection> {
        self.inner.hub.restore(&self.inner.definitions, kept)
    }

    /// For a platform: another process goes on with these connections. Here nobody leaves, no hook runs, and nothing is kept
    /// or sent any more.
    pub fn put_away(&self) {
        self.inner.hub.put_away();
    }

    /// For a platform: tells every room that a time it asked to be woken at has come.
    pub fn wake(&self) {
        for room in self.inner.hub.live_rooms() {
            room.wake();
        }
    }

    /// For a platform with a process for each room: the room of this one.
    #[must_use]
    pub fn only_room(&self) -> UntypedRoom {
        UntypedRoom::new(self.inner.hub.live_rooms().into_iter().next())
    }

    #[cfg(feature = "test")]
    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.inner.hub
    }

    #[cfg(feature = "typescript")]
    pub(crate) fn definitions(&self) -> &[Arc<Definition>] {
        &self.inner.definitions
    }
}
