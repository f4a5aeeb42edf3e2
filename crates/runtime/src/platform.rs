//! What a platform is given of an app's rooms, and runs.

use std::net::IpAddr;
use std::sync::{Arc, Weak};

use http::header::{HOST, ORIGIN};
use http::request::Parts;
use roomful_core::cluster::Incarnation;
use roomful_core::frame::EndpointKind;
use roomful_core::key::Params;
use roomful_core::pattern::Topic;
use roomful_core::session::SealKey;
use roomful_core::{Close, Dialect};

use crate::act::Reach;
use crate::admission::{Admission, resume_of};
use crate::app::{App, Definition, Settings, UpgradeRequest};
use crate::barred::Barred;
use crate::clustered::{ClusterHealth, ClusterQueue, ClusterRooms, Household, Node, is_in_broker};
use crate::connection::{Beside, Connection};
use crate::denial::{Asked, Denial, DenialReason};
use crate::drain::{self, Drain};
use crate::inspection::Inspection;
use crate::kept::{Admitted, Kept};
use crate::opening::Opening;
use crate::place::Place;
use crate::process::{NoPlace, Stats};
use crate::{Host, credentials, restore, room_sessions};

/// An app's rooms and sockets, for a platform to run. A clone is cheap and is the same rooms.
///
/// A platform lends them a [`Host`], makes an [`Admission`] of each upgrade and a [`Connection`] of that, and drains them
/// when it stops.
#[derive(Clone)]
pub struct Platform {
    app: App,
}

/// These rooms are in a cluster already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("these rooms are in a cluster already: start one for a process")]
pub struct AlreadyInCluster;

impl Platform {
    /// Runs this app.
    #[must_use]
    pub fn of(app: &App) -> Self {
        Self { app: app.clone() }
    }

    /// The app that it runs.
    #[must_use]
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Lends the rooms a clock, tasks and randomness. Only the first call counts.
    pub fn start(&self, host: impl FnOnce() -> Arc<dyn Host>) {
        self.app.hub().process().start(host);
    }

    /// What the app sets for all its rooms together.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        self.app.settings()
    }

    /// Whether an upgrade's page may connect from where it is. Where it may not, the log says how to let it.
    #[must_use]
    pub fn allows_origin(&self, parts: &Parts) -> bool {
        if self.settings().origins.allow(&parts.headers) {
            return true;
        }
        let given = |name| {
            let values = parts.headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
            values.collect::<Vec<_>>().join(", ")
        };
        let peer = self.settings().proxies.client(parts);
        self.app.denial_log().origin(self.app.clock(), &given(ORIGIN), &given(HOST), peer);
        false
    }

    /// A request that is no upgrade, as a guard sees one. It names no module and no room.
    ///
    /// # Errors
    ///
    /// When its credentials cannot be read.
    pub fn ask(&self, mut parts: Parts) -> Result<UpgradeRequest, Denial> {
        credentials::mark(&mut parts.headers);
        let (module, name, params) = (String::new(), String::new(), Params::default());
        let peer = self.settings().proxies.client(&parts);
        let credentials = credentials::of(&parts.headers, self.settings().limits.credentials_bytes)
            .map_err(|error| Denial { hook: "credentials", why: DenialReason::Forbidden(Some(error.to_string())) })?;
        Ok(UpgradeRequest { parts, peer, module, name, params, credentials })
    }

    /// Tells the log, and a metric, that somebody of this address may not see what is called so, as often as a log can take.
    pub fn tell_denied(&self, what: &str, peer: Option<IpAddr>, denial: &Denial) {
        let asked = Asked { module: "", room: what, peer };
        self.app.denial_log().denied(self.app.clock(), asked, denial);
    }

    /// Takes a place for one more connection, before its upgrade is answered. Give it to what
    /// [`read`](Platform::read) returns, with [`Admission::seated`].
    ///
    /// # Errors
    ///
    /// When no connection may come now. Answer 503: it costs nothing, and a client tries again.
    pub fn take_place(&self, parts: &Parts) -> Result<Place, NoPlace> {
        let peer = self.settings().proxies.client(parts);
        let place = self.app.hub().take_place(peer, resume_of(&parts.headers).as_ref());
        place.inspect_err(|why| self.app.denial_log().no_place(self.app.clock(), *why, peer))
    }

    /// Reads which room or socket an upgrade is for.
    #[must_use]
    pub fn read(&self, parts: Parts, dialect: Dialect) -> Admission {
        Admission::new(&self.app, parts, dialect)
    }

    /// Tells of hooks that hold their thread right now, for longer than
    /// [`Limits::hook_poll_ms`](roomful_core::Limits::hook_poll_ms) lets them, each once. A platform with threads calls it
    /// from time to time, on one where no hook runs: what never ends is told by nobody else.
    pub fn look_at_hooks(&self) {
        let process = self.app.hub().process();
        process.watch().look(process.now());
    }

    /// What operators may see of these rooms.
    #[must_use]
    pub fn inspection(&self) -> Inspection {
        Inspection::of(&self.app)
    }

    /// What there is right now.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.app.hub().process().stats()
    }

    /// The orderly end: new connections are refused, the present ones are closed 1012 over time, each with its own
    /// `retry=`, and hooks that run are waited for. `false` when some had not ended in [`Drain::wait_ms`].
    pub async fn drain(&self, drain: &Drain) -> bool {
        drain::drain(self.app.hub(), drain).await
    }

    /// For tests: starts a connection with a mailbox of its own, with these hooks and without an upgrade.
    #[must_use]
    pub fn open(&self, dialect: Dialect, opening: Result<Opening, Close>) -> Connection {
        Connection::start(self.app.hub(), dialect, opening, tracing::Span::none(), Beside::default())
    }

    /// The same definitions, with nobody in any room here. Rooms are reached with `reach`.
    #[must_use]
    pub fn reaching(&self, reach: Arc<dyn Reach>) -> Self {
        Self { app: self.app.fresh(reach, false) }
    }

    /// The same definitions, with nobody in any room here, for a platform with a process for each room. Other rooms are
    /// reached as the app has said, or else with `reach`.
    #[must_use]
    pub fn fresh(&self, reach: impl FnOnce() -> Arc<dyn Reach>) -> Self {
        Self { app: self.app.fresh(self.app.reach().cloned().unwrap_or_else(reach), true) }
    }

    /// Starts a connection that another process has admitted. Its guards do not run again; the seed, the join and `on_join` do.
    #[must_use]
    pub fn connect(&self, admitted: Admitted) -> Connection {
        restore::connect(&self.app, admitted)
    }

    /// Goes on with connections that another process has kept: all those of one room or of what is listened to under one topic, or
    /// one of a socket; and with the members of that room who are [held](crate::Keeper::hold) without one. The connections returned are in the order of those beside
    /// sockets. Hooks do not run again.
    ///
    /// A connection may not be able to go on: its room is not defined any more, its data has another type, or its `on_join` was
    /// cut off. Then it leaves the room and is closed, so that its client comes back.
    ///
    /// If a [wake](crate::Keeper::wake_by) was still due, call [`catch_up`](Platform::catch_up) before anything else.
    #[must_use]
    pub fn restore(&self, beside: Vec<Kept>, held: Vec<Kept>) -> Vec<Connection> {
        restore::restore(&self.app, beside, held)
    }

    /// Nobody comes back with these tokens, as another process has [kept](crate::Keeper::bar) it: until their time is over.
    pub fn bar(&self, barred: Vec<Barred>) {
        restore::bar(&self.app, barred);
    }

    /// A time has come that a [`Keeper`](crate::Keeper::wake_at) was told, or has been over for a while. Tasks are woken that
    /// do what waited for it.
    pub fn wake(&self) {
        self.app.hub().process().wake();
    }

    /// Has each token say who its member is, sealed with this key, for other processes that have it, too. Only the first key
    /// counts; the app's own secret comes before any.
    pub fn seal_with(&self, key: SealKey) {
        self.app.hub().process().seal_with(key);
    }

    /// Makes this process one node of a cluster, called so: what its rooms say to the others comes through the queue, and what the
    /// others say is told the rooms. A room that somebody is in stays as it is until it is empty; what is listened to takes part at
    /// once.
    ///
    /// # Errors
    ///
    /// When it is in one already.
    pub fn join_cluster(
        &self,
        app: &str,
        me: Incarnation,
    ) -> Result<(Arc<ClusterQueue>, impl ClusterRooms + use<>), AlreadyInCluster> {
        let household: Weak<dyn Household> = Arc::downgrade(self.app.hub()) as _;
        let queue_bytes = self.settings().limits.cluster_queue_bytes;
        let node = Node::new(app, me, (household, Box::new(self.app.downgrade())), queue_bytes);
        if self.app.hub().process().join_cluster(Arc::clone(&node)) {
            self.app.hub().feeds().take_part();
            Ok((Arc::clone(node.queue()), node))
        } else {
            Err(AlreadyInCluster)
        }
    }

    /// Whether the history of any room is to be in the cluster's broker.
    #[must_use]
    pub fn has_history_in_broker(&self) -> bool {
        let is_room = |definition: &&Arc<Definition>| definition.kind == EndpointKind::Room;
        let mut rooms = self.app.definitions().iter().filter(is_room);
        rooms.any(|room| is_in_broker(&room.terms.limits))
    }

    /// How this process stands in its cluster. `None`: it is in none.
    #[must_use]
    pub fn cluster_health(&self) -> Option<ClusterHealth> {
        self.app.hub().process().in_cluster().map(|node| node.health())
    }

    /// Whether this connection's member is given a token that is to be sealed, and the app has no secret of its own.
    #[must_use]
    pub fn gives_session(&self, admitted: &Admitted) -> bool {
        let Some(definition) = self.app.find(&admitted.module, &admitted.name) else { return false };
        let has_session = room_sessions::are_kept_for(admitted.dialect(), &definition.terms.limits);
        has_session && definition.kind == EndpointKind::Room && self.settings().seal.is_none()
    }

    /// What this connection is for, and whether its client would only listen: see [`Admission::only_listens`].
    #[must_use]
    pub fn only_listens(&self, admitted: &Admitted) -> Option<EndpointKind> {
        let kind = self.app.find(&admitted.module, &admitted.name)?.kind;
        Some(kind).filter(|kind| matches!(kind, EndpointKind::Feed | EndpointKind::Live))
    }

    /// Whether any room has sessions.
    #[must_use]
    pub fn has_sessions(&self) -> bool {
        self.app.definitions().iter().any(|definition| room_sessions::are_kept(&definition.terms.limits))
    }

    /// Every room tells all of its states again, because nobody knows which of them an earlier process has told.
    pub fn catch_up(&self) {
        self.app.hub().rooms().iter().for_each(|room| room.catch_up());
    }

    /// Says that another process takes these connections over. Here nobody leaves, no hook runs, and nothing is kept or sent
    /// any more.
    pub fn put_away(&self) {
        self.app.hub().put_away();
    }

    /// The topics of the rooms that somebody here is in.
    #[must_use]
    pub fn topics(&self) -> Vec<Topic> {
        self.app.hub().rooms().iter().map(|room| room.topic().clone()).collect()
    }

    /// The topics of what somebody here listens to, or did lately.
    #[must_use]
    pub fn heard_topics(&self) -> Vec<Topic> {
        self.app.hub().feeds().topics()
    }
}
