//! All the rooms of this process, found by topic.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};

use futures_util::task::AtomicWaker;
use roomful_core::pattern::Topic;
use roomful_core::room::{Room, RoomConfig};
use roomful_core::{Close, ConnectionId, Json, Limits, Millis, NodeId};

use super::link::Link;
use super::live_room::{JoinError, Joining};
use super::{Host, Keeper, LiveRoom, RoomId, lock};
use crate::maybe_send::MaybeSend;
use crate::metrics;
use crate::session::Session;

/// A lookup in one shard never waits for one in another.
const SHARDS: usize = 16;

pub(crate) struct Hub {
    pub(crate) limits: Arc<Limits>,
    host: OnceLock<Arc<dyn Host>>,
    hasher: RandomState,
    shards: [Mutex<HashMap<Topic, Arc<LiveRoom>>>; SHARDS],
    next_connection: AtomicU64,
    next_room: AtomicU64,
    rooms: AtomicUsize,
    members: AtomicUsize,
    connections: AtomicUsize,
    tasks: AtomicUsize,
    /// Every open connection, for the drain: those that have not joined yet are in no room.
    pub(super) open: Mutex<BTreeMap<ConnectionId, Weak<Link>>>,
    /// What those who come while the process stops are told to wait, in milliseconds.
    pub(super) draining: OnceLock<u64>,
    pub(super) idle_waker: AtomicWaker,
}

/// What there is right now. After every client has gone, all of it is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
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

impl Hub {
    pub(crate) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            limits: Arc::new(limits),
            host: OnceLock::new(),
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| Mutex::default()),
            next_connection: AtomicU64::new(0),
            next_room: AtomicU64::new(0),
            rooms: AtomicUsize::new(0),
            members: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
            tasks: AtomicUsize::new(0),
            open: Mutex::default(),
            draining: OnceLock::new(),
            idle_waker: AtomicWaker::new(),
        })
    }

    /// The first host stands.
    pub(crate) fn start(&self, host: impl FnOnce() -> Arc<dyn Host>) {
        self.host.get_or_init(host);
    }

    /// There is none before the platform starts the rooms, and no connection either.
    pub(crate) fn host(&self) -> Option<&Arc<dyn Host>> {
        self.host.get()
    }

    pub(super) fn keeper(&self) -> Option<&dyn Keeper> {
        self.host()?.keeper()
    }

    pub(crate) fn now(&self) -> Millis {
        self.host().map_or(0, |host| host.now())
    }

    pub(crate) fn spawn(self: &Arc<Self>, task: impl Future<Output = ()> + MaybeSend + 'static) {
        let Some(host) = self.host() else { return };
        let running = Counted::new(self, |hub| &hub.tasks);
        host.spawn(Box::pin(async move {
            task.await;
            drop(running);
        }));
    }

    pub(crate) fn stats(&self) -> Stats {
        Stats {
            rooms: self.rooms.load(Ordering::Relaxed),
            members: self.members.load(Ordering::Relaxed),
            connections: self.connections.load(Ordering::Relaxed),
            tasks: self.tasks.load(Ordering::Relaxed),
        }
    }

    pub(super) fn new_connection_id(&self) -> ConnectionId {
        ConnectionId(self.next_connection.fetch_add(1, Ordering::Relaxed))
    }

    pub(super) fn new_room_id(&self) -> RoomId {
        RoomId(self.next_room.fetch_add(1, Ordering::Relaxed))
    }

    pub(super) fn random(&self) -> u128 {
        self.host().map_or(0, |host| host.random())
    }

    pub(super) fn count_connection(self: &Arc<Self>) -> Counted {
        Counted::new(self, |hub| &hub.connections)
    }

    /// Why no connection is let in now, where that is so.
    pub(super) fn turned_away(&self) -> Option<Close> {
        if let Some(retry_ms) = self.draining.get() {
            return Some(Close::restarting(*retry_ms));
        }
        let overloaded = self.connections.load(Ordering::Relaxed) > self.limits.connections;
        overloaded.then_some(Close::OVERLOADED)
    }

    /// Joins the room of that topic, which is made where there is none. In a large room
    /// `session` waits with its link, and goes on when they are let in.
    pub(super) fn join(
        self: &Arc<Self>,
        topic: &Topic,
        link: &Arc<Link>,
        session: &Arc<dyn Session>,
        seed: Option<&Json>,
    ) -> Result<(Arc<LiveRoom>, Joining), Close> {
        loop {
            let room = self.find_or_create(topic, &link.limits)?;
            match room.join(link, session, seed.cloned()) {
                Ok(joining) => return Ok((room, joining)),
                Err(JoinError::Abandoned) => self.forget(&room),
                Err(JoinError::Refused(refused)) => {
                    tracing::warn!(%refused, "a join was refused");
                    return Err(match refused {
                        roomful_core::room::Refused::RoomFull { .. } => Close::ROOM_FULL,
                        _ => Close::JOIN_FAILED,
                    });
                }
            }
        }
    }

    pub(crate) fn find(&self, topic: &Topic) -> Option<Arc<LiveRoom>> {
        lock(self.shard(topic)).get(topic).cloned()
    }

    /// Drops a room that was given up, unless another of its topic stands there already.
    pub(super) fn forget(&self, room: &Arc<LiveRoom>) {
        let mut shard = lock(self.shard(&room.topic));
        if shard.get(&room.topic).is_some_and(|found| Arc::ptr_eq(found, room)) {
            shard.remove(&room.topic);
            self.rooms.fetch_sub(1, Ordering::Relaxed);
            metrics::room_ended();
        }
    }

    pub(super) fn member_joined(&self) {
        self.members.fetch_add(1, Ordering::Relaxed);
        metrics::member_joined();
    }

    pub(super) fn member_left(&self) {
        self.members.fetch_sub(1, Ordering::Relaxed);
        metrics::member_left();
    }

    fn find_or_create(self: &Arc<Self>, topic: &Topic, limits: &Arc<Limits>) -> Result<Arc<LiveRoom>, Close> {
        let mut shard = lock(self.shard(topic));
        if let Some(room) = shard.get(topic) {
            return Ok(Arc::clone(room));
        }
        if self.rooms.load(Ordering::Relaxed) >= self.limits.rooms {
            tracing::warn!(limit = self.limits.rooms, "no more rooms (`Limits::rooms`)");
            return Err(Close::OVERLOADED);
        }
        let epoch = format!("{:032x}", self.random());
        let (may_be_put_away, limits) = (self.keeper().is_some(), Arc::clone(limits));
        let config = RoomConfig { node: NodeId(0), epoch: epoch.into(), last_seq: 0, may_be_put_away, limits };
        let room = LiveRoom::new(topic.clone(), Room::restore(config, []), HashMap::new(), self);
        self.insert(&mut shard, &room);
        Ok(room)
    }

    /// Takes in a room that has come back with its members.
    pub(super) fn take_in(&self, room: &Arc<LiveRoom>) {
        self.insert(&mut lock(self.shard(&room.topic)), room);
        (0..room.read(|room| room.roster().len())).for_each(|_| self.member_joined());
    }

    fn insert(&self, shard: &mut HashMap<Topic, Arc<LiveRoom>>, room: &Arc<LiveRoom>) {
        shard.insert(room.topic.clone(), Arc::clone(room));
        self.rooms.fetch_add(1, Ordering::Relaxed);
        metrics::room_began();
    }

    /// Ends nothing, and holds nothing any more: rooms, links and this hub hold one another.
    pub(crate) fn put_away(&self) {
        for link in lock(&self.open).values().filter_map(Weak::upgrade) {
            link.put_away();
        }
        self.shards.iter().for_each(|shard| lock(shard).clear());
    }

    /// Every room that somebody is in.
    pub(crate) fn live_rooms(&self) -> Vec<Arc<LiveRoom>> {
        self.shards.iter().flat_map(|shard| lock(shard).values().cloned().collect::<Vec<_>>()).collect()
    }

    fn shard(&self, topic: &Topic) -> &Mutex<HashMap<Topic, Arc<LiveRoom>>> {
        let hash = self.hasher.hash_one(topic) as usize;
        &self.shards[hash % SHARDS]
    }
}

/// One more of something, until it is dropped.
pub(super) struct Counted {
    hub: Arc<Hub>,
    counter: fn(&Hub) -> &AtomicUsize,
}

impl Counted {
    fn new(hub: &Arc<Hub>, counter: fn(&Hub) -> &AtomicUsize) -> Self {
        counter(hub).fetch_add(1, Ordering::Relaxed);
        Self { hub: Arc::clone(hub), counter }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if (self.counter)(&self.hub).fetch_sub(1, Ordering::Relaxed) == 1 {
            self.hub.idle_waker.wake();
        }
    }
}
