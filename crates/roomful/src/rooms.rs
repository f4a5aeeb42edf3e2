//! The app's rooms, checked and ready to run.

use std::sync::Arc;

use http::HeaderMap;
use http::header::ORIGIN;
use http::request::Parts;
use roomful_core::{Dialect, Limits};

use crate::define::Definition;
use crate::runtime::{Drain, Host, Hub, Stats};
use crate::{Admission, Channel, RoomHandle, RoomsBuilder};

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

    #[cfg(feature = "test")]
    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.inner.hub
    }

    #[cfg(feature = "typescript")]
    pub(crate) fn definitions(&self) -> &[Arc<Definition>] {
        &self.inner.definitions
    }
}
