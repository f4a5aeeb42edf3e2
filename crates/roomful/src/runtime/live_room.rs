//! One room of this process: its engine, and the connections of its members.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};

use roomful_core::pattern::Topic;
use roomful_core::room::{Effect, Input, Refused, Room};
use roomful_core::{Close, ConnectionId, Dialect, Json, MemberId, Millis};

use super::kept::Seat;
use super::link::{Joined, Link};
use super::{Hub, lock};
use crate::metrics;
use crate::session::Session;

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
    /// The members' alone.
    links: HashMap<ConnectionId, Arc<Link>>,
    lobby: HashMap<ConnectionId, Waiting>,
    effects: Vec<Effect>,
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
        hub: Weak<Hub>,
    ) -> Arc<Self> {
        let state = State { engine, links, lobby: HashMap::new(), effects: Vec::new(), abandoned: false };
        Arc::new(Self { topic, hub, state: Mutex::new(state) })
    }

    pub(super) fn join(
        self: &Arc<Self>,
        link: &Arc<Link>,
        session: &Arc<dyn Session>,
        seed: Option<Json>,
    ) -> Result<Joining, JoinError> {
        let (connection, dialect, member) = (link.connection, link.mailbox.dialect(), link.member().clone());
        let Some(hub) = self.hub.upgrade() else { return Err(JoinError::Abandoned) };
        let mut state = lock(&self.state);
        if state.abandoned {
            return Err(JoinError::Abandoned);
        }
        state.links.insert(connection, Arc::clone(link));
        let join = Input::Join { connection, dialect, member, state: seed };
        match state.handle(join, hub.now()) {
            Ok(aftermath) => {
                let joining = state.let_wait(connection, session);
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
    pub(super) fn leave(self: &Arc<Self>, connection: ConnectionId) -> bool {
        self.remove(connection, |_| true)
    }

    /// The same for a connection that still waits to be let in: a member stays.
    pub(super) fn withdraw(self: &Arc<Self>, connection: ConnectionId) {
        self.remove(connection, |state| state.lobby.contains_key(&connection));
    }

    fn remove(self: &Arc<Self>, connection: ConnectionId, is_to_go: impl FnOnce(&State) -> bool) -> bool {
        let Some(hub) = self.hub.upgrade() else { return false };
        let mut state = lock(&self.state);
        if !is_to_go(&state) {
            return false;
        }
        let waited = state.lobby.remove(&connection);
        state.links.remove(&connection);
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
        lock(&self.state).links.clear();
    }

    /// Everything else that may happen to a room.
    pub(crate) fn handle(self: &Arc<Self>, input: Input) -> Result<(), Refused> {
        let Some(hub) = self.hub.upgrade() else { return Err(Refused::NotIn) };
        let aftermath = lock(&self.state).handle(input, hub.now())?;
        self.finish(&hub, aftermath);
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
    /// Where a join was taken that is still to come, its connection is not among the members yet.
    fn let_wait(&mut self, connection: ConnectionId, session: &Arc<dyn Session>) -> Joining {
        if !self.engine.is_waiting(connection) {
            return Joining::Done;
        }
        if let Some(link) = self.links.remove(&connection) {
            self.lobby.insert(connection, Waiting { link, session: Arc::clone(session) });
        }
        Joining::Waits
    }

    /// The one place where a room's effects become frames in mailboxes.
    fn handle(&mut self, input: Input, now: Millis) -> Result<Aftermath, Refused> {
        let mut effects = std::mem::take(&mut self.effects);
        let outcome = self.engine.handle(input, now, &mut effects);
        let mut aftermath = Aftermath::default();
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
                Effect::Membership { each, batch } => {
                    let mut delivered = 0;
                    for link in self.links.values() {
                        let frames = match link.mailbox.dialect() {
                            Dialect::Plain => each.as_slice(),
                            Dialect::V1 => batch.as_slice(),
                        };
                        frames.iter().for_each(|frame| link.mailbox.push(frame.clone()));
                        delivered += frames.len();
                    }
                    metrics::delivered(delivered);
                }
                Effect::Admitted { connection } => {
                    if let Some(waiting) = self.lobby.remove(&connection) {
                        self.links.insert(connection, Arc::clone(&waiting.link));
                        aftermath.admitted.push(waiting);
                    }
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
                Effect::WakeAt(at) => aftermath.wake_at = Some(at),
            }
        }
        self.effects = effects;
        outcome.map(|()| aftermath)
    }
}
