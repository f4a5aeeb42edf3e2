//! One connection's life: opening, let in, over.
//!
//! All that a connection does happens in one task at a time, which exists only while there is something to do; that is
//! what keeps one connection's messages in order and different connections apart.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use roomful_core::frame::{Body, ClientFrame, EndpointKind, socket};
use roomful_core::intake::Intake;
use roomful_core::pattern::Topic;
use roomful_core::room::Refused;
use roomful_core::{Close, ConnectionId, Dialect, Json, Limits, MemberId};
use tracing::{Instrument, Span};

use super::inbox::{Inbox, Job};
use super::kept::{self, Kept, Seat, Admitted};
use super::leave::{Teardowns, told};
use super::live_room::Joining;
use super::post::Outlet;
use super::{Hub, LiveRoom, cork, lock};
use crate::maybe_send::{BoxFuture, MaybeSend};
use crate::session::{Session, caught};
use crate::{Error, Result, metrics};

/// What the socket, the hooks and every clone of a `Conn` share. It keeps nobody in the room.
pub(crate) struct Link {
    pub(super) hub: Arc<Hub>,
    pub(super) outlet: Outlet,
    pub(super) limits: Arc<Limits>,
    pub(super) inbox: Mutex<Inbox>,
    pub(super) intake: Mutex<Intake>,
    pub(super) space: AtomicWaker,
    pub(super) member: MemberId,
    /// Where the connection outlives the process: who it is, to be kept. Boxed, because nowhere else is there one.
    pub(super) admitted: Option<Box<Admitted>>,
    /// Whether `on_join`, or a socket's `open`, has run to its end.
    opened: AtomicBool,
    /// In bytes: the room's bound, or what there is left to keep it in.
    presence_limit: usize,
    pub(super) joined: OnceLock<Joined>,
    pub(super) teardowns: Teardowns,
    /// Every hook of this connection runs in it.
    ///
    /// Boxed, as there is none where nobody listens to it.
    span: Option<Box<Span>>,
}

/// What a connection that was let in is in.
pub(super) enum Joined {
    /// A room, with others.
    Room(Arc<LiveRoom>),
    /// A socket, which is its own alone: there is nothing to be in.
    Socket,
}

/// What a connection is to be let in to.
#[derive(Debug, Clone)]
pub(crate) enum Destination {
    /// The room of this topic.
    Room(Topic),
    /// A socket.
    Socket,
}

impl Destination {
    pub(super) fn endpoint(&self) -> EndpointKind {
        match self {
            Self::Room(_) => EndpointKind::Room,
            Self::Socket => EndpointKind::Socket,
        }
    }

    pub(crate) fn into_topic(self) -> Option<Topic> {
        match self {
            Self::Room(topic) => Some(topic),
            Self::Socket => None,
        }
    }
}

/// Guards, key and data: what comes before a connection can be let in.
pub(crate) struct Opening {
    pub(crate) destination: Destination,
    pub(crate) limits: Arc<Limits>,
    pub(crate) open: OpenFn,
}

#[cfg(not(target_family = "wasm"))]
type OpenFn = Box<dyn FnOnce(Arc<Link>) -> BoxFuture<'static, Result<Arc<dyn Session>, Close>> + Send>;
#[cfg(target_family = "wasm")]
type OpenFn = Box<dyn FnOnce(Arc<Link>) -> BoxFuture<'static, Result<Arc<dyn Session>, Close>>>;

/// Who a connection is.
pub(super) struct Identity {
    pub(super) member: MemberId,
    /// Where it was admitted before it came here.
    pub(super) admitted: Option<Admitted>,
    /// Whether its `on_join`, or a socket's `open`, has run already.
    pub(super) opened: bool,
}

impl Link {
    pub(super) fn new(
        hub: &Arc<Hub>,
        (endpoint, outlet): (EndpointKind, Outlet),
        limits: Arc<Limits>,
        span: Span,
        Identity { member, admitted, opened }: Identity,
    ) -> Arc<Self> {
        let now = hub.now();
        let to_keep_it = admitted
            .as_ref()
            .zip(hub.keeper())
            .map(|(admitted, keeper)| keeper.limit().saturating_sub(kept::size_without_state(admitted, &member)));
        Arc::new(Self {
            hub: Arc::clone(hub),
            inbox: Mutex::new(Inbox::new()),
            intake: Mutex::new(Intake::new(endpoint, outlet.dialect, &limits, now)),
            outlet,
            space: AtomicWaker::new(),
            presence_limit: limits.presence_bytes.min(to_keep_it.unwrap_or(usize::MAX)),
            member,
            admitted: admitted.map(Box::new),
            opened: AtomicBool::new(opened),
            joined: OnceLock::new(),
            teardowns: Teardowns::default(),
            limits,
            span: (!span.is_disabled()).then(|| Box::new(span)),
        })
    }

    pub(super) fn id(&self) -> ConnectionId {
        self.outlet.connection
    }

    /// The task of a new connection: everything up to `on_join`, and then whatever has come in the meantime.
    pub(super) async fn open(self: Arc<Self>, opening: Opening) {
        let session = match (opening.open)(Arc::clone(&self)).await {
            Ok(session) => session,
            Err(close) => return self.refuse(close),
        };
        match self.enter(&opening.destination, &session).await {
            Ok(Joining::Done) => self.begin(session).await,
            // The room goes on with it.
            Ok(Joining::Waits) => {}
            Err(close) => self.refuse(close),
        }
    }

    /// The rest of that task, once the connection is let in.
    pub(super) async fn begin(self: Arc<Self>, session: Arc<dyn Session>) {
        {
            let mut inbox = lock(&self.inbox);
            inbox.joined();
            // The socket may have ended since it was asked for.
            self.limit_leave(&mut inbox);
        }
        told().await;
        match caught(session.on_open()).await {
            Ok(()) => self.keep_opened(),
            Err(error) => {
                metrics::handler_failed(session.names().open);
                session.report(error).await;
                self.close(Close::JOIN_FAILED);
            }
        }
        self.work(session).await;
    }

    /// Is where it was before another process ended: in this room, or on a socket.
    pub(super) fn return_to(&self, joined: Joined) {
        self.joined.get_or_init(|| joined);
    }

    /// Goes on with a connection that another process has begun.
    pub(super) fn resume(self: &Arc<Self>, session: Arc<dyn Session>) {
        lock(&self.inbox).resumed(session);
        if !self.opened.load(Ordering::Relaxed) {
            // Its `on_join` or `open` was cut off, and must not run twice.
            self.close(Close::JOIN_FAILED);
        }
    }

    /// Another process goes on with it.
    pub(super) fn put_away(&self) {
        lock(&self.inbox).put_away();
        if let Some(room) = self.room() {
            room.put_away();
        }
    }

    pub(super) fn is_member(&self) -> bool {
        self.room().is_some_and(|room| room.read(|room| room.member(self.id()).is_some()))
    }

    pub(super) fn room(&self) -> Option<&Arc<LiveRoom>> {
        match self.joined.get()? {
            Joined::Room(room) => Some(room),
            Joined::Socket => None,
        }
    }

    /// A connection that is never let in.
    pub(super) fn refuse(&self, close: Close) {
        self.outlet.close(close);
        lock(&self.inbox).over();
        self.space.wake();
    }

    /// A frame from the client that passed the intake.
    pub(super) fn take(self: &Arc<Self>, frame: &ClientFrame<'_>) {
        let job = match frame.body {
            Body::Message(msg) => Job::Message { msg: msg.map(Json::from), id: frame.id },
            Body::Presence(state) => Job::Presence { state: state.map(Json::from), id: frame.id },
            // The intake answers these itself.
            Body::Ping | Body::Bye => return,
        };
        let session = lock(&self.inbox).push(job);
        self.spawn_work(session);
    }

    /// The intake's answer to a frame.
    pub(super) fn reply(&self, frame: Bytes) {
        let now = lock(&self.inbox).hold(frame);
        if let Some(frame) = now {
            self.outlet.push(frame);
        }
    }

    /// The socket is over: what it sent before is still handled, then the member leaves.
    pub(super) fn end(self: &Arc<Self>, close: &Close, socket_error: Option<Error>) {
        let mut inbox = lock(&self.inbox);
        let session = inbox.end(close, socket_error);
        if session.is_none() {
            self.limit_leave(&mut inbox);
        }
        let is_opening = inbox.is_opening();
        drop(inbox);
        if is_opening {
            self.withdraw();
        }
        self.spawn_work(session);
    }

    /// Ends the connection from this side: nothing that waits is handled.
    pub(super) fn close(self: &Arc<Self>, close: Close) {
        {
            let mut inbox = lock(&self.inbox);
            if !inbox.has_ended() {
                metrics::connection_closed(close.code);
            }
            inbox.discard();
        }
        self.outlet.close(close.clone());
        self.space.wake();
        // Another close may have been on its way already: that is the one that the client sees.
        self.end(&self.outlet.closing().unwrap_or(close), None);
    }

    /// Removes the member whatever its handler is doing.
    pub(crate) fn kick(self: &Arc<Self>) {
        self.close(Close::KICKED);
        self.leave_roster();
    }

    async fn enter(self: &Arc<Self>, destination: &Destination, session: &Arc<dyn Session>) -> Result<Joining, Close> {
        match destination {
            Destination::Room(topic) => {
                let seed = self.seed(session).await?;
                self.check_open()?;
                let (room, joining) = self.join(topic, session, seed.as_ref())?;
                self.joined.get_or_init(|| Joined::Room(room));
                if self.check_open().is_err() {
                    // Whoever ended before this found no room to withdraw from; whoever ends later does.
                    self.withdraw();
                }
                Ok(joining)
            }
            Destination::Socket => {
                self.check_open()?;
                if self.outlet.dialect == Dialect::V1 {
                    self.outlet.push(socket::open(&self.limits));
                }
                self.keep(None);
                self.joined.get_or_init(|| Joined::Socket);
                Ok(Joining::Done)
            }
        }
    }

    /// Waits in no lobby any more.
    fn withdraw(&self) {
        if let Some(room) = self.room() {
            room.withdraw(self);
        }
    }

    /// A socket that closed while its data was being found must not become a member that nobody can remove.
    fn check_open(&self) -> Result<(), Close> {
        let is_over = lock(&self.inbox).has_ended() || self.outlet.closing().is_some();
        if is_over { Err(Close::LOST) } else { Ok(()) }
    }

    async fn seed(&self, session: &Arc<dyn Session>) -> Result<Option<Json>, Close> {
        let Some(presence) = session.presence() else { return Ok(None) };
        match caught(async { presence.seed() }).await {
            Ok(seed) => Ok(seed),
            Err(error) => {
                metrics::handler_failed("presence");
                session.report(error).await;
                Err(Close::JOIN_FAILED)
            }
        }
    }

    fn join(
        self: &Arc<Self>,
        topic: &Topic,
        session: &Arc<dyn Session>,
        seed: Option<&Json>,
    ) -> Result<(Arc<LiveRoom>, Joining), Close> {
        self.check_state(seed).map_err(|refused| {
            tracing::warn!(%refused, "a join was refused");
            Close::JOIN_FAILED
        })?;
        self.hub.join(topic, self, session, seed)
    }

    /// Has the platform keep what this connection needs to go on in another process, where it is one that does.
    pub(super) fn keep(&self, seat: Option<Seat>) {
        let (Some(admitted), Some(keeper)) = (&self.admitted, self.hub.keeper()) else { return };
        let kept = Kept::new(Admitted::clone(admitted), self.member.clone(), self.opened.load(Ordering::Relaxed), seat);
        match kept.to_bytes() {
            Ok(bytes) => keeper.keep(&self.member, &bytes),
            Err(error) => tracing::error!(member = %self.member, %error, "a connection cannot be kept"),
        }
    }

    fn keep_opened(&self) {
        self.opened.store(true, Ordering::Relaxed);
        // What is over, or goes on in another process, is not this one's to keep.
        if self.admitted.is_some() && !lock(&self.inbox).has_ended() {
            let room = self.room();
            self.keep(room.and_then(|room| room.read(|room| Some(Seat::new(room.epoch(), &room.kept(self.id())?)))));
        }
    }

    pub(super) fn check_state(&self, state: Option<&Json>) -> Result<(), Refused> {
        let (bytes, limit) = (state.map_or(0, Json::size), self.presence_limit);
        if bytes > limit { Err(Refused::PresenceTooLarge { bytes, limit }) } else { Ok(()) }
    }

    fn spawn_work(self: &Arc<Self>, session: Option<Arc<dyn Session>>) {
        if let Some(session) = session {
            self.spawn(Arc::clone(self).work(session));
        }
    }

    /// Runs a task of this connection, on the app's runtime.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + MaybeSend + 'static) {
        let span = self.span.as_deref().cloned().unwrap_or_else(Span::none);
        self.hub.spawn(cork::corked(task).instrument(span));
    }
}
