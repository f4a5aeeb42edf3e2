//! What all rooms of a process share: the platform's clock and tasks, the bounds, and the counts of everything.

use std::future::Future;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use roomful_core::room::RoomConfig;
use roomful_core::{Close, ConnectionId, Limits, MemberId, Millis, NodeId};

use crate::delivery::RoomId;
use crate::maybe_send::{BoxFuture, MaybeSend};
use crate::metrics;
use crate::{Host, Keeper};

/// One process that runs rooms.
pub(crate) struct Process {
    limits: Arc<Limits>,
    started: OnceLock<Started>,
    next_connection: AtomicU64,
    next_room: AtomicU64,
    rooms: AtomicUsize,
    members: AtomicUsize,
    connections: AtomicUsize,
    tasks: AtomicUsize,
    /// How many milliseconds those are told to wait who come while the process stops.
    draining: OnceLock<Millis>,
    idle: AtomicWaker,
}

struct Started {
    host: Arc<dyn Host>,
    node: NodeId,
}

/// What there is right now. After every client has gone, all of it is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Rooms that somebody is in.
    pub rooms: usize,
    /// Members, all rooms together.
    pub members: usize,
    /// Open sockets, those still being let in included.
    pub connections: usize,
    /// Tasks that run hooks or wait to wake a room.
    pub tasks: usize,
}

impl Process {
    pub(crate) fn new(limits: Arc<Limits>) -> Arc<Self> {
        Arc::new(Self {
            limits,
            started: OnceLock::new(),
            next_connection: AtomicU64::new(0),
            next_room: AtomicU64::new(0),
            rooms: AtomicUsize::new(0),
            members: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
            tasks: AtomicUsize::new(0),
            draining: OnceLock::new(),
            idle: AtomicWaker::new(),
        })
    }

    /// Only the first host counts.
    pub(crate) fn start(&self, host: impl FnOnce() -> Arc<dyn Host>) {
        self.started.get_or_init(|| {
            let host = host();
            let node = NodeId(host.random() as u64);
            Started { host, node }
        });
    }

    pub(crate) fn limits(&self) -> &Arc<Limits> {
        &self.limits
    }

    /// There is none before the platform starts the rooms, and no connection either.
    pub(crate) fn host(&self) -> Option<&Arc<dyn Host>> {
        self.started.get().map(|started| &started.host)
    }

    pub(crate) fn keeper(&self) -> Option<&dyn Keeper> {
        self.host()?.keeper()
    }

    /// This process among all that ever ran these rooms.
    fn node(&self) -> NodeId {
        self.started.get().map_or(NodeId(0), |started| started.node)
    }

    pub(crate) fn now(&self) -> Millis {
        self.host().map_or(0, |host| host.now())
    }

    pub(crate) fn sleep_until(&self, at: Millis) -> BoxFuture<'static, ()> {
        match self.host() {
            Some(host) => host.sleep_until(at),
            None => Box::pin(std::future::ready(())),
        }
    }

    pub(crate) fn spawn(self: &Arc<Self>, task: impl Future<Output = ()> + MaybeSend + 'static) {
        let Some(host) = self.host() else { return };
        let running = Running::begin(self);
        host.spawn(Box::pin(async move {
            task.await;
            drop(running);
        }));
    }

    pub(crate) fn new_member_id(&self) -> MemberId {
        MemberId::from_random(self.random())
    }

    /// What a room of this process is given.
    pub(crate) fn room_config(&self, epoch: Arc<str>, last_seq: u64, limits: &Arc<Limits>) -> RoomConfig {
        RoomConfig {
            node: self.node(),
            epoch,
            last_seq,
            may_be_put_away: self.keeper().is_some(),
            limits: Arc::clone(limits),
        }
    }

    pub(crate) fn new_epoch(&self) -> Arc<str> {
        format!("{:032x}", self.random()).into()
    }

    pub(crate) fn new_connection_id(&self) -> ConnectionId {
        ConnectionId(self.next_connection.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn new_room_id(&self) -> RoomId {
        RoomId(self.next_room.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn stats(&self) -> Stats {
        Stats {
            rooms: self.rooms.load(Ordering::Relaxed),
            members: self.members.load(Ordering::Relaxed),
            connections: self.connections.load(Ordering::Relaxed),
            tasks: self.tasks.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn connection_began(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn connection_ended(&self) {
        self.one_less(&self.connections);
    }

    fn one_less(&self, counter: &AtomicUsize) {
        if counter.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.idle.wake();
        }
    }

    pub(crate) fn has_space_for_a_room(&self) -> bool {
        self.rooms.load(Ordering::Relaxed) < self.limits.rooms
    }

    pub(crate) fn room_began(&self) {
        self.rooms.fetch_add(1, Ordering::Relaxed);
        metrics::room_began();
    }

    pub(crate) fn room_ended(&self) {
        self.rooms.fetch_sub(1, Ordering::Relaxed);
        metrics::room_ended();
    }

    pub(crate) fn member_joined(&self) {
        self.members.fetch_add(1, Ordering::Relaxed);
        metrics::member_joined();
    }

    pub(crate) fn member_left(&self) {
        self.members.fetch_sub(1, Ordering::Relaxed);
        metrics::member_left();
    }

    /// From here on nobody is let in.
    pub(crate) fn begin_draining(&self, retry_ms: Millis) {
        self.draining.get_or_init(|| retry_ms);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.get().is_some()
    }

    /// Why no connection may come now; `None` where one may.
    pub(crate) fn turned_away(&self) -> Option<Close> {
        if let Some(retry_ms) = self.draining.get() {
            return Some(Close::restarting(*retry_ms));
        }
        let overloaded = self.connections.load(Ordering::Relaxed) > self.limits.connections;
        overloaded.then_some(Close::OVERLOADED)
    }

    /// Ready when there is no connection and no task.
    pub(crate) fn poll_idle(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.idle.register(cx.waker());
        let stats = self.stats();
        if stats.connections == 0 && stats.tasks == 0 { Poll::Ready(()) } else { Poll::Pending }
    }

    fn random(&self) -> u128 {
        self.host().map_or(0, |host| host.random())
    }
}

/// A task that runs, until it is dropped.
struct Running(Arc<Process>);

impl Running {
    fn begin(process: &Arc<Process>) -> Self {
        process.tasks.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(process))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.one_less(&self.0.tasks);
    }
}
