//! The room engine: one room's roster, order and presence, with nothing around it.
//!
//! [`Room::handle`] takes one [`Input`] and the time, and appends the [`Effect`]s that the runtime then carries out, in
//! the order they stand. Every connection sees the effects in that one order, so "the snapshot is first", "a message
//! never comes before its sender's join" and "one sender's messages are in order" are decided here and nowhere else.

mod effect;
mod pace;
mod presence_lane;
mod wakes;

use std::collections::HashMap;
use std::sync::Arc;

pub use effect::{Audience, Effect, Input, PerDialect, Refused, Restored};
use presence_lane::PresenceLane;
use wakes::Wakes;

use crate::frame::encode::{self, SnapshotFacts};
use crate::roster::{Entry, Place, Roster};
use crate::{ConnectionId, Dialect, Json, Limits, MemberId, Millis, NodeId};

/// What a room is given and never changes.
#[derive(Debug, Clone)]
pub struct RoomConfig {
    /// The machine that this engine runs on.
    pub node: NodeId,
    /// Names one run of sequence numbers. A room that is restored goes on in the epoch that its members were told.
    pub epoch: Arc<str>,
    /// Sequence numbers begin above this: 0 for a new epoch, and for a restored room a number that is above every one that
    /// it has given in this epoch.
    pub last_seq: u64,
    /// The bounds.
    pub limits: Arc<Limits>,
}

/// One room on one node.
///
/// ```
/// use std::sync::Arc;
/// use roomful_core::room::{Effect, Input, Room, RoomConfig};
/// use roomful_core::{ConnectionId, Dialect, Limits, MemberId, NodeId};
///
/// let limits = Arc::new(Limits::default());
/// let mut room = Room::restore(RoomConfig { node: NodeId(0), epoch: "e".into(), last_seq: 0, limits }, []);
/// let mut effects = Vec::new();
/// let member = MemberId::parse("ann").map_err(|e| e.to_string())?;
/// let join = Input::Join { connection: ConnectionId(1), dialect: Dialect::Plain, member, state: None };
/// room.handle(join, 0, &mut effects).map_err(|e| e.to_string())?;
/// let Effect::Send { frame, .. } = &effects[0] else { return Err("the snapshot is first".into()) };
/// assert_eq!(frame, r#"{"t":"snapshot","self":"ann","members":[{"id":"ann"}]}"#);
/// # Ok::<(), String>(())
/// ```
#[derive(Debug)]
pub struct Room {
    config: RoomConfig,
    seq: u64,
    roster: Roster,
    connections: HashMap<ConnectionId, Connected>,
    v1_connections: usize,
    lane: PresenceLane,
    wakes: Wakes,
}

#[derive(Debug, Clone, Copy)]
struct Connected {
    place: Place,
    dialect: Dialect,
}

impl Room {
    /// The one constructor: a new room is one restored from no connections, so that a cold start, a wake from
    /// hibernation and the return after a crash are one path.
    ///
    /// Where a wake was still to come ([`Effect::WakeAt`]), the first input must be that [`Input::Wake`]: the room held
    /// states back, and tells everybody's again.
    #[must_use]
    pub fn restore(config: RoomConfig, connections: impl IntoIterator<Item = Restored>) -> Self {
        let mut room = Self {
            seq: config.last_seq,
            config,
            roster: Roster::default(),
            connections: HashMap::new(),
            v1_connections: 0,
            lane: PresenceLane::default(),
            wakes: Wakes::default(),
        };
        for Restored { connection, dialect, place, member, state } in connections {
            let entry = Entry { member, node: room.config.node, connection: Some(connection), state };
            if let Some(place) = room.roster.restore(place, entry) {
                room.connect(connection, Connected { place, dialect });
            }
        }
        room
    }

    /// Everybody in the room, this node's connections or not.
    #[must_use]
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// What this run of sequence numbers is called.
    #[must_use]
    pub fn epoch(&self) -> &str {
        &self.config.epoch
    }

    /// What is to be kept of a connection, while it is in.
    #[must_use]
    pub fn kept(&self, connection: ConnectionId) -> Option<Restored> {
        let Connected { place, dialect } = *self.connections.get(&connection)?;
        let Entry { member, state, .. } = self.roster.get(place)?.clone();
        Some(Restored { connection, dialect, place, member, state })
    }

    /// The member that a connection is, while it is in.
    #[must_use]
    pub fn member(&self, connection: ConnectionId) -> Option<&Entry> {
        self.roster.get(self.connections.get(&connection)?.place)
    }

    /// This node's connection of a member.
    #[must_use]
    pub fn connection(&self, member: &MemberId) -> Option<ConnectionId> {
        self.roster.get(self.roster.place(member)?)?.connection
    }

    /// Whether no connection of this node is in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }

    /// One thing that happened; what it leads to is appended to `effects`, in order.
    ///
    /// # Errors
    ///
    /// [`Refused`] says why nothing changed; no effect is appended then.
    pub fn handle(&mut self, input: Input, now: Millis, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        self.take(input, now, effects)?;
        effects.extend(self.wakes.ask(self.lane.wakes_at()));
        Ok(())
    }

    fn take(&mut self, input: Input, now: Millis, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        match input {
            Input::Join { connection, dialect, member, state } => {
                self.join(connection, dialect, member, state, effects)
            }
            Input::Leave { connection } => self.leave(connection, effects),
            Input::SetPresence { connection, state } => self.set_presence(connection, state, now, effects),
            Input::Broadcast { from, to, msg } => self.broadcast(from, to, &msg, effects),
            Input::Send { to, msg } => self.send(to, &msg, effects),
            Input::Wake => {
                self.wake(now, effects);
                Ok(())
            }
        }
    }

    fn join(
        &mut self,
        connection: ConnectionId,
        dialect: Dialect,
        member: MemberId,
        state: Option<Json>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refused> {
        self.check_presence(state.as_ref())?;
        if self.roster.len() >= self.config.limits.members {
            return Err(Refused::RoomFull { limit: self.config.limits.members });
        }
        if self.connections.contains_key(&connection) {
            return Err(Refused::AlreadyIn);
        }
        let node = self.config.node;
        let entry = Entry { member: member.clone(), node, connection: Some(connection), state: state.clone() };
        let place = self.roster.join(entry).ok_or(Refused::AlreadyIn)?;
        let facts = SnapshotFacts { seq: self.seq, epoch: &self.config.epoch, limits: &self.config.limits };
        let list = |frame: &mut Vec<u8>| self.roster.list_into(frame);
        let snapshot = encode::snapshot(dialect, &member, self.roster.listed_bytes(), list, facts);
        effects.push(Effect::Send { to: connection, frame: snapshot });
        if !self.connections.is_empty() {
            let frames = PerDialect::both(encode::join(&member, state.as_ref()));
            effects.push(Effect::Fanout { frames, except: Some(connection) });
        }
        self.connect(connection, Connected { place, dialect });
        effects.push(Effect::Persist(Restored { connection, dialect, place, member, state }));
        Ok(())
    }

    fn leave(&mut self, connection: ConnectionId, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        let Connected { place, dialect } = self.connections.remove(&connection).ok_or(Refused::NotIn)?;
        self.v1_connections -= usize::from(dialect == Dialect::V1);
        self.lane.forget(place);
        let entry = self.roster.leave(place).ok_or(Refused::NotIn)?;
        if !self.connections.is_empty() {
            let frames = PerDialect::both(encode::leave(&entry.member));
            effects.push(Effect::Fanout { frames, except: None });
        }
        Ok(())
    }

    fn set_presence(
        &mut self,
        connection: ConnectionId,
        state: Option<Json>,
        now: Millis,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refused> {
        self.check_presence(state.as_ref())?;
        let Connected { place, .. } = *self.connections.get(&connection).ok_or(Refused::NotIn)?;
        self.roster.set_state(place, state.as_ref()).ok_or(Refused::NotIn)?;
        effects.extend(self.kept(connection).map(Effect::Persist));
        if self.lane.mark(place, now) {
            self.flush_presence(now, effects);
        }
        Ok(())
    }

    fn broadcast(
        &mut self,
        from: Option<MemberId>,
        to: Audience,
        msg: &Json,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refused> {
        self.check_message(msg)?;
        if let Some(place) = from.as_ref().and_then(|member| self.roster.place(member)) {
            self.flush_one(place, effects);
        }
        self.seq += 1;
        let except = match to {
            Audience::Everybody => None,
            Audience::AllBut(connection) => Some(connection),
        };
        let from = from.as_ref().map_or("", MemberId::as_str);
        let frames = PerDialect {
            plain: (self.v1_connections < self.connections.len()).then(|| encode::message(from, msg, None)),
            v1: (self.v1_connections > 0).then(|| encode::message(from, msg, Some(self.seq))),
        };
        effects.push(Effect::Fanout { frames, except });
        Ok(())
    }

    fn send(&mut self, to: ConnectionId, msg: &Json, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        self.check_message(msg)?;
        let Connected { place, dialect } = *self.connections.get(&to).ok_or(Refused::NotIn)?;
        self.flush_one(place, effects);
        self.seq += 1;
        let own = self.roster.get(place).ok_or(Refused::NotIn)?.member.as_str();
        let seq = (dialect == Dialect::V1).then_some(self.seq);
        effects.push(Effect::Send { to, frame: encode::message(own, msg, seq) });
        Ok(())
    }

    /// A wake that was not asked for here was asked for by the room that this one was restored from. Which states that one
    /// still held is not kept, so all are sent: a state that nobody is told is a roster that lies.
    fn wake(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        if !self.wakes.came() {
            self.lane.mark_all(self.connections.values().map(|connected| connected.place));
        }
        if self.lane.is_due(now) {
            self.flush_presence(now, effects);
        }
    }

    /// Everything the lane holds, as one effect.
    fn flush_presence(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        let changed = self.lane.take();
        let each: Vec<_> = changed.into_iter().filter_map(|place| self.update_of(place)).collect();
        let bytes: usize = each.iter().map(|(_, frame)| frame.len()).sum();
        self.lane.sent(now, bytes * self.connections.len(), &self.config.limits);
        self.push_updates(each, effects);
    }

    /// What a member does next must find the state it set before, or one sender's frames would change their order.
    fn flush_one(&mut self, place: Place, effects: &mut Vec<Effect>) {
        if self.lane.forget(place) {
            let each = self.update_of(place).into_iter().collect();
            self.push_updates(each, effects);
        }
    }

    fn push_updates(&self, each: Vec<(MemberId, bytes::Bytes)>, effects: &mut Vec<Effect>) {
        if each.is_empty() {
            return;
        }
        let worth_a_batch = each.len() > 1 && self.v1_connections > 0;
        let batch = worth_a_batch.then(|| encode::batch(each.iter().map(|(_, frame)| frame)));
        effects.push(Effect::Updates { each, batch });
    }

    fn update_of(&self, place: Place) -> Option<(MemberId, bytes::Bytes)> {
        let entry = self.roster.get(place)?;
        Some((entry.member.clone(), encode::update(&entry.member, entry.state.as_ref())))
    }

    fn connect(&mut self, connection: ConnectionId, connected: Connected) {
        self.v1_connections += usize::from(connected.dialect == Dialect::V1);
        self.connections.insert(connection, connected);
    }

    fn check_presence(&self, state: Option<&Json>) -> Result<(), Refused> {
        let (bytes, limit) = (state.map_or(0, Json::size), self.config.limits.presence_bytes);
        if bytes > limit { Err(Refused::PresenceTooLarge { bytes, limit }) } else { Ok(()) }
    }

    fn check_message(&self, msg: &Json) -> Result<(), Refused> {
        let (bytes, limit) = (msg.size(), self.config.limits.message_bytes);
        if bytes > limit { Err(Refused::MessageTooLarge { bytes, limit }) } else { Ok(()) }
    }
}
