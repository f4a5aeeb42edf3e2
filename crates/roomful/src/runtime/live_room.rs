//! One room of this process: its engine, and the connections of its members.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};

use roomful_core::pattern::Topic;
use roomful_core::room::{Effect, Input, Refused, Room};
use roomful_core::{ConnectionId, Json, MemberId, Millis};

use super::kept::Seat;
use super::link::Link;
use super::posts::Posts;
use super::{Hub, Parcel, RoomId, SharedFrames, Updates, lock};
use crate::metrics;

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
    links: HashMap<ConnectionId, Arc<Link>>,
    posts: Posts,
    effects: Vec<Effect>,
    /// Nobody is in and the hub forgets it: a join that still found it must look again.
    abandoned: bool,
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
        let mut posts = Posts::new(id);
        links.values().for_each(|link| posts.enter(&link.outlet));
        let state = State { engine, links, posts, effects: Vec::new(), abandoned: false };
        Arc::new(Self { topic, id, hub: Arc::downgrade(hub), state: Mutex::new(state) })
    }

    pub(super) fn join(self: &Arc<Self>, link: &Arc<Link>, seed: Option<Json>) -> Result<(), JoinError> {
        let (connection, dialect, member) = (link.id(), link.outlet.dialect, link.member().clone());
        let Some(hub) = self.hub.upgrade() else { return Err(JoinError::Abandoned) };
        let mut state = lock(&self.state);
        if state.abandoned {
            return Err(JoinError::Abandoned);
        }
        state.links.insert(connection, Arc::clone(link));
        state.posts.enter(&link.outlet);
        let join = Input::Join { connection, dialect, member, state: seed };
        let outcome = state.handle(join, hub.now());
        if let Err(refused) = outcome {
            state.posts.exit(&link.outlet);
            state.links.remove(&connection);
            drop(state);
            self.abandon_if_empty(&hub);
            return Err(JoinError::Refused(refused));
        }
        hub.member_joined();
        Ok(())
    }

    /// `false` when that connection was no member any more.
    pub(super) fn leave(self: &Arc<Self>, link: &Link) -> bool {
        let Some(hub) = self.hub.upgrade() else { return false };
        let mut state = lock(&self.state);
        if state.links.remove(&link.id()).is_some() {
            state.posts.exit(&link.outlet);
        }
        if state.handle(Input::Leave { connection: link.id() }, hub.now()).is_err() {
            return false;
        }
        drop(state);
        hub.member_left();
        self.abandon_if_empty(&hub);
        true
    }

    /// Another process goes on with it.
    pub(super) fn put_away(&self) {
        let mut state = lock(&self.state);
        state.links.clear();
        state.posts = Posts::new(self.id);
    }

    /// Everything else that may happen to a room.
    pub(crate) fn handle(self: &Arc<Self>, input: Input) -> Result<(), Refused> {
        let Some(hub) = self.hub.upgrade() else { return Err(Refused::NotIn) };
        let mut state = lock(&self.state);
        if matches!(input, Input::Broadcast { .. } | Input::Send { .. }) {
            state.refuse_when_behind(hub.limits.post_bytes)?;
        }
        let wake_at = state.handle(input, hub.now())?;
        drop(state);
        if let Some(at) = wake_at {
            self.wake_at(&hub, at);
        }
        Ok(())
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
        if lock(&self.state).refuse_when_behind(limits.post_bytes).is_err() {
            return self.wake_at(&hub, hub.now() + limits.presence_tick_ms.max(1));
        }
        // A wake is never refused, and a room that nobody is in has nothing to send.
        let _never_refused = self.handle(Input::Wake);
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
    fn refuse_when_behind(&self, limit: usize) -> Result<(), Refused> {
        if self.posts.are_overloaded(limit) { Err(Refused::Overloaded { limit }) } else { Ok(()) }
    }

    /// The one place where a room's effects become parcels. Returns when to wake the room.
    fn handle(&mut self, input: Input, now: Millis) -> Result<Option<Millis>, Refused> {
        let mut effects = std::mem::take(&mut self.effects);
        let outcome = self.engine.handle(input, now, &mut effects);
        let room = self.posts.room();
        let mut wake_at = None;
        for effect in effects.drain(..) {
            match effect {
                Effect::Send { to, frame } => {
                    if let Some(link) = self.links.get(&to) {
                        link.outlet.deliver(Parcel::Private { to, frame });
                        metrics::delivered(1);
                    }
                }
                Effect::Fanout { frames, except } => {
                    let frames = Arc::new(SharedFrames::new(frames));
                    self.posts.to_all(&Parcel::Fanout { room, except, frames });
                    let spared = except.is_some_and(|connection| self.links.contains_key(&connection));
                    metrics::delivered(self.links.len() - usize::from(spared));
                }
                Effect::Updates { each, batch } => {
                    metrics::delivered(each.len() * self.links.len());
                    self.posts.to_all(&Parcel::Updates { room, updates: Arc::new(Updates::new(each, batch)) });
                }
                Effect::Persist(restored) => {
                    if let Some(link) = self.links.get(&restored.connection) {
                        link.keep(Some(Seat::new(self.engine.epoch(), &restored)));
                    }
                }
                Effect::WakeAt(at) => wake_at = Some(at),
            }
        }
        self.effects = effects;
        outcome.map(|()| wake_at)
    }
}
