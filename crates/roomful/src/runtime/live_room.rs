//! One room of this process: its engine, and the connections of its members.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};

use roomful_core::pattern::Topic;
use roomful_core::room::{Effect, Input, Refused, Room};
use roomful_core::{ConnectionId, Json, MemberId, Millis};

use super::kept::Seat;
use super::link::Link;
use super::{Hub, lock};
use crate::metrics;

/// A room while somebody is in it.
///
/// One mutex numbers, encodes and queues, so every member sees joins, leaves and broadcasts in one order.
pub(crate) struct LiveRoom {
    pub(super) topic: Topic,
    hub: Weak<Hub>,
    state: Mutex<State>,
}

struct State {
    engine: Room,
    links: HashMap<ConnectionId, Arc<Link>>,
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
        hub: Weak<Hub>,
    ) -> Arc<Self> {
        let state = State { engine, links, effects: Vec::new(), abandoned: false };
        Arc::new(Self { topic, hub, state: Mutex::new(state) })
    }

    pub(super) fn join(self: &Arc<Self>, link: &Arc<Link>, seed: Option<Json>) -> Result<(), JoinError> {
        let (connection, dialect, member) = (link.connection, link.mailbox.dialect(), link.member().clone());
        let Some(hub) = self.hub.upgrade() else { return Err(JoinError::Abandoned) };
        let mut state = lock(&self.state);
        if state.abandoned {
            return Err(JoinError::Abandoned);
        }
        state.links.insert(connection, Arc::clone(link));
        let join = Input::Join { connection, dialect, member, state: seed };
        let outcome = state.handle(join, hub.now());
        if let Err(refused) = outcome {
            state.links.remove(&connection);
            drop(state);
            self.abandon_if_empty(&hub);
            return Err(JoinError::Refused(refused));
        }
        hub.member_joined();
        Ok(())
    }

    /// `false` when that connection was no member any more.
    pub(super) fn leave(self: &Arc<Self>, connection: ConnectionId) -> bool {
        let Some(hub) = self.hub.upgrade() else { return false };
        let mut state = lock(&self.state);
        state.links.remove(&connection);
        if state.handle(Input::Leave { connection }, hub.now()).is_err() {
            return false;
        }
        drop(state);
        hub.member_left();
        self.abandon_if_empty(&hub);
        true
    }

    /// Another process goes on with it.
    pub(super) fn put_away(&self) {
        lock(&self.state).links.clear();
    }

    /// Everything else that may happen to a room.
    pub(crate) fn handle(self: &Arc<Self>, input: Input) -> Result<(), Refused> {
        let Some(hub) = self.hub.upgrade() else { return Err(Refused::NotIn) };
        let wake_at = lock(&self.state).handle(input, hub.now())?;
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
                // A wake is never refused, and a room that nobody is in has nothing to send.
                let _never_refused = room.handle(Input::Wake);
            }
        });
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
    /// The one place where a room's effects become frames in mailboxes. Returns when to wake the room.
    fn handle(&mut self, input: Input, now: Millis) -> Result<Option<Millis>, Refused> {
        let mut effects = std::mem::take(&mut self.effects);
        let outcome = self.engine.handle(input, now, &mut effects);
        let mut wake_at = None;
        for effect in effects.drain(..) {
            match effect {
                Effect::Send { to, frame } => {
                    if let Some(link) = self.links.get(&to) {
                        link.mailbox.push(frame);
                        metrics::delivered(1);
                    }
                }
                Effect::Fanout { frames, except } => {
                    let receivers = self.links.values().filter(|link| Some(link.connection) != except);
                    let mut delivered = 0;
                    for link in receivers {
                        if let Some(frame) = frames.get(link.mailbox.dialect()) {
                            link.mailbox.push(frame.clone());
                            delivered += 1;
                        }
                    }
                    metrics::delivered(delivered);
                }
                Effect::Updates { each, batch } => {
                    for link in self.links.values() {
                        link.mailbox.push_updates(&each, batch.as_ref());
                    }
                    metrics::delivered(each.len() * self.links.len());
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
