//! Who comes and who goes, and when the others are told.
//!
//! A small room, and one where nobody has come or gone for a tick, lets in and tells at once. In a large one that would be
//! members times members frames when all of them come together, so there they gather: those who come wait in the
//! [lobby](Lobby), those who go are out of the roster and their leave is still to be told, and once a tick the others are
//! told of all of them in one frame.
//!
//! The order of that tick is what keeps every roster right. The others hear of the leaves and the joins while only they
//! are connected; then the newcomers are, and are sent the one snapshot that they share, which lists none of those who
//! left. So no newcomer hears of its own join, nor of the leave of somebody it never saw.

use bytes::Bytes;

use super::lobby::{Lobby, Newcomer};
use super::pace::Pace;
use super::{Connected, Effect, PerDialect, Refused, Restored, Room};
use crate::frame::encode::{self, SnapshotFacts};
use crate::roster::Entry;
use crate::{ConnectionId, Dialect, MemberId, Millis};

/// What has gathered since the last tick.
#[derive(Debug, Default)]
pub(super) struct MembershipLane {
    pace: Pace,
    pub(super) lobby: Lobby,
    /// Members whose leave the others have not been told, in the order in which they left.
    left: Vec<MemberId>,
}

impl MembershipLane {
    fn holds(&self) -> bool {
        !self.lobby.is_empty() || !self.left.is_empty()
    }

    /// Whether what has gathered is to be told now.
    pub(super) fn is_due(&self, now: Millis) -> bool {
        self.holds() && self.pace.is_open(now)
    }

    /// When what has gathered is to be told.
    pub(super) fn wakes_at(&self) -> Option<Millis> {
        self.holds().then(|| self.pace.open_at())
    }
}

impl Room {
    pub(super) fn join(&mut self, newcomer: Newcomer, now: Millis, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        self.check_presence(newcomer.state.as_ref())?;
        let (lobby, limit) = (&self.membership.lobby, self.config.limits.members);
        if self.roster.len() + lobby.len() >= limit {
            return Err(Refused::RoomFull { limit });
        }
        let connection_is_in = self.connections.contains_key(&newcomer.connection) || lobby.has(newcomer.connection);
        let member_is_in = self.roster.place(&newcomer.member).is_some() || lobby.has_member(&newcomer.member);
        if connection_is_in || member_is_in {
            return Err(Refused::AlreadyIn);
        }
        if self.tells_at_once(now) {
            self.admit_at_once(newcomer, effects);
        } else {
            self.membership.lobby.push(newcomer);
        }
        Ok(())
    }

    pub(super) fn leave(
        &mut self,
        connection: ConnectionId,
        now: Millis,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refused> {
        if self.membership.lobby.remove(connection) {
            return Ok(());
        }
        let Connected { place, dialect } = *self.connections.get(&connection).ok_or(Refused::NotIn)?;
        let at_once = self.tells_at_once(now);
        self.connections.remove(&connection);
        self.v1_connections -= usize::from(dialect == Dialect::V1);
        self.presence.forget(place);
        let Entry { member, .. } = self.roster.leave(place).ok_or(Refused::NotIn)?;
        if self.connections.is_empty() {
            self.membership.left.clear();
        } else if at_once {
            self.announce(vec![encode::leave(&member)], None, effects);
        } else {
            self.membership.left.push(member);
        }
        Ok(())
    }

    /// Tells of everything that has gathered.
    pub(super) fn flush_membership(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        let (bytes, tick) = (self.config.limits.admission_bytes, self.config.limits.presence_tick_ms);
        let left = std::mem::take(&mut self.membership.left);
        let newcomers = self.membership.lobby.admit(self.roster.listed_bytes(), bytes);
        self.membership.pace.sent(now, tick, tick);
        let leaves = left.iter().map(encode::leave);
        let joins = newcomers.iter().map(|newcomer| encode::join(&newcomer.member, newcomer.state.as_ref()));
        self.announce(leaves.chain(joins).collect(), None, effects);
        self.admit(newcomers, effects);
    }

    /// The last words of a member come after its leave, so that one is told now.
    pub(super) fn flush_leave(&mut self, member: &MemberId, effects: &mut Vec<Effect>) {
        if let Some(at) = self.membership.left.iter().position(|left| left == member) {
            self.membership.left.remove(at);
            self.announce(vec![encode::leave(member)], None, effects);
        }
    }

    /// Whether a join or a leave is told now. One of a large room that is takes the tick's turn, so ask once for each.
    fn tells_at_once(&mut self, now: Millis) -> bool {
        let (limits, lane) = (&self.config.limits, &mut self.membership);
        if lane.holds() {
            return false;
        }
        if self.config.may_be_put_away || self.roster.len() < limits.announce_at_once {
            return true;
        }
        let is_open = lane.pace.is_open(now);
        if is_open {
            lane.pace.sent(now, limits.presence_tick_ms, limits.presence_tick_ms);
        }
        is_open
    }

    fn admit_at_once(&mut self, newcomer: Newcomer, effects: &mut Vec<Effect>) {
        let joined = encode::join(&newcomer.member, newcomer.state.as_ref());
        let Some(seated) = self.seat(newcomer) else { return };
        let list = |frame: &mut Vec<u8>| self.roster.list_into(frame);
        let frame = self.snapshot(&seated, list);
        effects.push(Effect::Send { to: seated.connection, frame });
        if self.connections.len() > 1 {
            self.announce(vec![joined], Some(seated.connection), effects);
        }
        effects.push(Effect::Persist(seated));
    }

    /// Lets in those who waited: the members are listed once for all of them.
    fn admit(&mut self, newcomers: Vec<Newcomer>, effects: &mut Vec<Effect>) {
        let seated: Vec<_> = newcomers.into_iter().filter_map(|newcomer| self.seat(newcomer)).collect();
        if seated.is_empty() {
            return;
        }
        let listed = self.roster.listed();
        for seated in seated {
            let (connection, frame) = (seated.connection, self.snapshot(&seated, |frame| frame.extend(&listed)));
            effects.push(Effect::Admitted { connection });
            effects.push(Effect::Send { to: connection, frame });
            effects.push(Effect::Persist(seated));
        }
    }

    /// `None` where it is in already, which whoever joins or waits is not.
    fn seat(&mut self, newcomer: Newcomer) -> Option<Restored> {
        let Newcomer { connection, dialect, member, state } = newcomer;
        let node = self.config.node;
        let place = self.roster.join(Entry { member, node, connection: Some(connection), state })?;
        self.connect(connection, Connected { place, dialect });
        self.kept(connection)
    }

    fn snapshot(&self, of: &Restored, list: impl FnOnce(&mut Vec<u8>)) -> Bytes {
        let facts = SnapshotFacts { seq: self.seq, epoch: &self.config.epoch, limits: &self.config.limits };
        encode::snapshot(of.dialect, &of.member, self.roster.listed_bytes(), list, facts)
    }

    /// Joins and leaves, for everybody who is connected.
    fn announce(&self, mut each: Vec<Bytes>, except: Option<ConnectionId>, effects: &mut Vec<Effect>) {
        if each.is_empty() || self.connections.is_empty() {
            return;
        }
        if each.len() == 1 {
            let frames = each.pop().map(PerDialect::both);
            effects.extend(frames.map(|frames| Effect::Fanout { frames, except }));
            return;
        }
        let batch = (self.v1_connections > 0).then(|| encode::batch(each.iter()));
        if self.v1_connections == self.connections.len() {
            each.clear();
        }
        effects.push(Effect::Membership { each, batch });
    }
}
