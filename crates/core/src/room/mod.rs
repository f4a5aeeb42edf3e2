//! The room engine: one room's roster, order and presence, with nothing around it.
//!
//! [`Room::handle`] takes one [`Input`] and the time, and appends the [`Effect`]s that the runtime then carries out, in
//! the order they stand. Every connection sees the effects in that one order, so "the snapshot is first", "a message
//! never comes before its sender's join" and "one sender's messages are in order" are decided here and nowhere else.

mod effect;
mod lobby;
mod membership;
mod pace;
mod presence;
mod presence_lane;
mod wakes;

use std::collections::HashMap;
use std::sync::Arc;

pub use effect::{Audience, Effect, Input, PerDialect, Refused, Restored};
use lobby::Newcomer;
use membership::MembershipLane;
use presence_lane::PresenceLane;
use wakes::Wakes;

use crate::frame::encode;
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
    /// Whether the room may be put away while its members stay connected, and be restored. It then tells of everyone who
    /// comes or goes at once, however large it is: of a leave that waited nothing would be left to restore, and the others
    /// would see that member for ever.
    pub may_be_put_away: bool,
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
/// let mut room = Room::restore(RoomConfig { node: NodeId(0), epoch: "e".into(), last_seq: 0, may_be_put_away: false, limits }, []);
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
    presence: PresenceLane,
    membership: MembershipLane,
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
            presence: PresenceLane::default(),
            membership: MembershipLane::default(),
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

    /// Whether that connection's join was taken and is still to come: see [`Effect::Admitted`].
    #[must_use]
    pub fn is_waiting(&self, connection: ConnectionId) -> bool {
        self.membership.lobby.has(connection)
    }

    /// Whether no connection of this node is in, or waits to be.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.connections.is_empty() && self.membership.lobby.is_empty()
    }

    /// One thing that happened; what it leads to is appended to `effects`, in order.
    ///
    /// # Errors
    ///
    /// [`Refused`] says why nothing changed; no effect is appended then.
    pub fn handle(&mut self, input: Input, now: Millis, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        self.take(input, now, effects)?;
        let needed = [self.presence.wakes_at(), self.membership.wakes_at()].into_iter().flatten().min();
        effects.extend(self.wakes.ask(needed));
        Ok(())
    }

    fn take(&mut self, input: Input, now: Millis, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        match input {
            Input::Join { connection, dialect, member, state } => {
                self.join(Newcomer { connection, dialect, member, state }, now, effects)
            }
            Input::Leave { connection } => self.leave(connection, now, effects),
            Input::SetPresence { connection, state } => self.set_presence(connection, state, now, effects),
            Input::Broadcast { from, to, msg } => self.broadcast(from, to, &msg, effects),
            Input::Send { to, msg } => self.send(to, &msg, effects),
            Input::Wake => {
                self.wake(now, effects);
                Ok(())
            }
        }
    }

    fn broadcast(
        &mut self,
        from: Option<MemberId>,
        to: Audience,
        msg: &Json,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refused> {
        self.check_message(msg)?;
        if let Some(member) = &from {
            self.before_words_of(member, effects)?;
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

    /// What must be heard before a member is: that it joined, the state it set, and where it left, its leave.
    fn before_words_of(&mut self, member: &MemberId, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        match self.roster.place(member) {
            Some(place) => self.flush_one(place, effects),
            None if self.membership.lobby.has_member(member) => return Err(Refused::NotIn),
            None => self.flush_leave(member, effects),
        }
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
            self.presence.mark_all(self.connections.values().map(|connected| connected.place));
        }
        // Before the newcomers: their snapshot says it already.
        if self.presence.is_due(now) {
            self.flush_presence(now, effects);
        }
        if self.membership.is_due(now) {
            self.flush_membership(now, effects);
        }
    }

    fn connect(&mut self, connection: ConnectionId, connected: Connected) {
        self.v1_connections += usize::from(connected.dialect == Dialect::V1);
        self.connections.insert(connection, connected);
    }

    fn check_message(&self, msg: &Json) -> Result<(), Refused> {
        let (bytes, limit) = (msg.size(), self.config.limits.message_bytes);
        if bytes > limit { Err(Refused::MessageTooLarge { bytes, limit }) } else { Ok(()) }
    }
}
