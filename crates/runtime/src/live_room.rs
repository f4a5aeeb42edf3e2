//! One room of this process: its engine, and the connections of its members.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};

use bytes::Bytes;
use roomful_core::pattern::Topic;
use roomful_core::room::{Effect, Input, PerDialect, Refused, Room};
use roomful_core::{Close, ConnectionId, Dialect, Json, MemberId, Millis};

use super::kept::Seat;
use super::link::{Joined, Link};
use super::posts::Transports;
use super::{Hub, Delivery, RoomId, SharedFrames, Updates, cork, lock};
use crate::session::Session;
use crate::{Error, ErrorKind, metrics};

/// A room while somebody is in it.
///
/// One mutex numbers, encodes and delivers, so every member sees joins, leaves and broadcasts in one order.
pub(crate) struct LiveRoom {
    pub(super) topic: Topic,
    id: RoomId,
    hub: Weak<Hub>,
    state: Mutex<State>,
}

struct State {
    engine: Room,
    /// The members' alone.
    links: HashMap<ConnectionId, Arc<Link>>,
    posts: Transports,
    lobby: HashMap<ConnectionId, Waiting>,
    /// Nobody is in and the hub forgets it: a join that still found it must look again.
    abandoned: bool,
}

/// What is left to do when a room's lock is given back.
#[derive(Default)]
struct Aftermath {
    wake_at: Option<Millis>,
    /// Of those who waited and are members now. They go on when what they are to be sent first is queued.
    admitted: Vec<Waiting>,
}

/// Whoever is in the lobby of a large room. No task of its own waits with it.
struct Waiting {
    link: Arc<Link>,
    session: Arc<dyn Session>,
}

/// How a join that was taken goes on.
pub(super) enum Joining {
    /// It is a member.
    Done,
    /// It is let in at the room's next tick, unless it ends before: see [`Effect::Admitted`].
    Waits,
}

/// Why a join did not happen.
pub(super) enum JoinError {
    /// The room was just given up; ask the hub for it again.
    Abandoned,
    Refused(Refused),
}

impl LiveRoom {
    /// A room with these connections as its members.
    pub(super) fn new(
        topic: Topic,
        engine: Room,
        links: HashMap<ConnectionId, Arc<Link>>,
        hub: &Arc<Hub>,
    ) -> Arc<Self> {
        let id = hub.new_room_id();
        let mut posts = Transports::new(id);
        links.values().for_each(|link| posts.enter(&link.outlet));
        let state = State { engine, links, posts, lobby: HashMap::new(), abandoned: false };
        Arc::new(Self { topic, id, hub: Arc::downgrade(hub), state: Mutex::new(state) })
    }

    pub(super) fn join(
        self: &Arc<Self>,
        link: &Arc<Link>,
        session: &Arc<dyn Session>,
        seed: Option<Json>,
    ) -> Result<Joining, JoinError> {
        let (connection, dialect, member) = (link.id(), link.outlet.dialect, link.member().clone());
        let Some(hub) = self.hub.upgrade() else { return Err(JoinError::Abandoned) };
        let mut state = lock(&self.state);
        if state.abandoned {
            return Err(JoinError::Abandoned);
        }
        state.links.insert(connection, Arc::clone(link));
        let join = Input::Join { connection, dialect, member, state: seed };
        match state.handle(join, hub.now()) {
            Ok(aftermath) => {
                let joining = state.let_wait(link, session);
                drop(state);
                if matches!(joining, Joining::Done) {
                    hub.member_joined();
                }
                self.finish(&hub, aftermath);
                Ok(joining)
            }
            Err(refused) => {
                state.links.remove(&connection);
                drop(state);
                self.abandon_if_empty(&hub);
                Err(JoinError::Refused(refused))
            }
        }
    }

    /// `false` when that connection was no member, or is none any more.
    pub(super) fn leave(self: &Arc<Self>, link: &Link) -> bool {
        self.remove(link, |_| true)
    }

    /// The same for a connection that still waits to be let in: a member stays.
    pub(super) fn withdraw(self: &Arc<Self>, link: &Link) {
        self.remove(link, |state| state.lobby.contains_key(&link.id()));
    }

    fn remove(self: &Arc<Self>, link: &Link, is_to_go: impl FnOnce(&State) -> bool) -> bool {
        let connection = link.id();
        let Some(hub) = self.hub.upgrade() else { return false };
        let mut state = lock(&self.state);
        if !is_to_go(&state) {
            return false;
        }
        let waited = state.lobby.remove(&connection);
        if state.links.remove(&connection).is_some() {
            state.posts.exit(&link.outlet);
        }
        let Ok(aftermath) = state.handle(Input::Leave { connection }, hub.now()) else { return false };
        drop(state);
        match &waited {
            Some(waiting) => waiting.link.refuse(Close::LOST),
            None => hub.member_left(),
        }
        self.finish(&hub, aftermath);
        self.abandon_if_empty(&hub);
        waited.is_none()
    }

    /// Another process goes on with it.
    pub(super) fn put_away(&self) {
        let mut state = lock(&self.state);
        state.links.clear();
        state.posts = Transports::new(self.id);
    }

    /// Something that the app says. Whoever has left is told nothing and shows nothing any more, which is no mistake of the
    /// app's: a connection may go at any moment.
    pub(crate) fn tell(self: &Arc<Self>, input: Input) -> crate::Result {
        let Some(hub) = self.hub.upgrade() else { return Ok(()) };
        let limit = hub.limits.transport_bytes;
        let mut state = lock(&self.state);
        if matches!(input, Input::Broadcast { .. } | Input::Send { .. }) && state.posts.are_overloaded(limit) {
            return Err(overloaded(limit));
        }
        match state.handle(input, hub.now()) {
            Ok(aftermath) => {
                drop(state);
                self.finish(&hub, aftermath);
                Ok(())
            }
            Err(Refused::NotIn) => Ok(()),
            Err(refused) => Err(Error::refused(refused)),
        }
    }

    /// The connection of one member, where it is of this process.
    pub(crate) fn link(&self, member: &MemberId) -> Option<Arc<Link>> {
        let state = lock(&self.state);
        state.engine.connection(member).and_then(|connection| state.links.get(&connection).cloned())
    }

    /// Reads the roster.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&Room) -> T) -> T {
        read(&lock(&self.state).engine)
    }

    fn finish(self: &Arc<Self>, hub: &Arc<Hub>, aftermath: Aftermath) {
        for Waiting { link, session } in aftermath.admitted {
            hub.member_joined();
            link.joined.get_or_init(|| Joined::Room(Arc::clone(self)));
            link.spawn(Arc::clone(&link).begin(session));
        }
        if let Some(at) = aftermath.wake_at {
            self.wake_at(hub, at);
        }
    }

    fn wake_at(self: &Arc<Self>, hub: &Arc<Hub>, at: Millis) {
        if let Some(keeper) = hub.keeper() {
            keeper.wake_by(at);
        }
        let room = Arc::downgrade(self);
        let sleep = hub.host().map(|host| host.sleep_until(at));
        hub.spawn(async move {
            if let Some(sleep) = sleep {
                sleep.await;
            }
            if let Some(room) = room.upgrade() {
                room.wake();
            }
        });
    }

    /// A time that the engine asked for has come. Where the sockets are behind it comes a tick later: states are conflated
    /// in the engine meanwhile, and would only queue behind one another anywhere else.
    pub(crate) fn wake(self: &Arc<Self>) {
        let Some(hub) = self.hub.upgrade() else { return };
        let limits = &hub.limits;
        let mut state = lock(&self.state);
        if state.posts.are_overloaded(limits.transport_bytes) {
            drop(state);
            return self.wake_at(&hub, hub.now() + limits.presence_tick_ms.max(1));
        }
        // A wake is never refused.
        if let Ok(aftermath) = state.handle(Input::Wake, hub.now()) {
            drop(state);
            self.finish(&hub, aftermath);
        }
    }

    fn abandon_if_empty(self: &Arc<Self>, hub: &Arc<Hub>) {
        let mut state = lock(&self.state);
        if state.engine.is_empty() && !state.abandoned {
            state.abandoned = true;
            drop(state);
            hub.forget(self);
        }
    }
}

impl State {
    /// A join was taken. Where it is still to come, its connection is not among the members yet.
    fn let_wait(&mut self, link: &Arc<Link>, session: &Arc<dyn Session>) -> Joining {
        if !self.engine.is_waiting(link.id()) {
            // What came before its snapshot was not for it, and its join is not told to itself.
            self.posts.enter(&link.outlet);
            return Joining::Done;
        }
        if let Some(link) = self.links.remove(&link.id()) {
            self.lobby.insert(link.id(), Waiting { link, session: Arc::clone(session) });
        }
        Joining::Waits
    }

    /// The one place where a room's effects become parcels.
    fn handle(&mut self, input: Input, now: Millis) -> Result<Aftermath, Refused> {
        // Not kept: a room that is idle has no room for what it might do.
        let mut effects = Vec::new();
        let outcome = self.engine.handle(input, now, &mut effects);
        let room = self.posts.room();
        let mut aftermath = Aftermath::default();
        for effect in effects.drain(..) {
            match effect {
                Effect::Send { to, frame } => {
                    if let Some(link) = self.links.get(&to) {
                        link.outlet.deliver(Delivery::Private { to, frame });
                        metrics::delivered(1);
                    }
                }
                Effect::Fanout { frames, except } => {
                    let frames = Arc::new(SharedFrames::new(frames));
                    self.posts.to_all(&Delivery::Fanout { room, except, frames });
                    let spared = except.is_some_and(|connection| self.links.contains_key(&connection));
                    metrics::delivered(self.links.len() - usize::from(spared));
                }
                Effect::Membership { each, batch } => self.tell_membership(each, batch),
                Effect::Admitted { connection } => {
                    if let Some(waiting) = self.lobby.remove(&connection) {
                        self.posts.enter(&waiting.link.outlet);
                        self.links.insert(connection, Arc::clone(&waiting.link));
                        aftermath.admitted.push(waiting);
                    }
                }
                Effect::Updates { each, batch } => {
                    metrics::delivered(each.len() * self.links.len());
                    self.posts.to_all(&Delivery::Updates { room, updates: Arc::new(Updates::new(each, batch)) });
                }
                Effect::Persist(restored) => {
                    if let Some(link) = self.links.get(&restored.connection) {
                        link.keep(Some(Seat::new(self.engine.epoch(), &restored)));
                    }
                }
                Effect::WakeAt(at) => aftermath.wake_at = Some(at),
            }
        }
        outcome.map(|()| aftermath)
    }
    /// The same joins and leaves, singly to plain connections and in one frame to the others.
    fn tell_membership(&self, each: Vec<Bytes>, batch: Option<Bytes>) {
        let plain = each.into_iter().map(|frame| PerDialect { plain: Some(frame), v1: None });
        let v1 = batch.map(|frame| PerDialect { plain: None, v1: Some(frame) });
        for frames in plain.chain(v1) {
            let dialect = if frames.plain.is_some() { Dialect::Plain } else { Dialect::V1 };
            metrics::delivered(self.links.values().filter(|link| link.outlet.dialect == dialect).count());
            let (room, frames) = (self.posts.room(), Arc::new(SharedFrames::new(frames)));
            self.posts.to_all(&Delivery::Fanout { room, except: None, frames });
        }
    }
}

/// Nothing is sent. Where it is this task's own words that wait, they go out before it says more.
pub(super) fn overloaded(limit: usize) -> Error {
    metrics::overloaded();
    cork::let_go();
    ErrorKind::Overloaded { limit }.into_error()
}
