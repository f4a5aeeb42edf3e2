//! The runtime of a simulated room: it carries the engine's effects to the peers, in virtual time, and after every
//! step compares what everybody holds with what really happened.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use roomful_core::outbox::{Outbox, Overflow};
use roomful_core::room::{Audience, Effect, Input, Refused, Restored, Room, RoomConfig};
use roomful_core::{ConnectionId, Dialect, Limits, MemberId, Millis, NodeId};

use crate::act::Made;
use crate::door::{Before, DoorWatch, News};
use crate::fault::Fault;
use crate::lane::{Cause, LaneWatch};
use crate::ledger::Ledger;
use crate::peer::{Due, Pace, Peer, Standing};
use crate::rng::Rng;
use crate::tally::{Seen, Tally};
use crate::wakes::WakeWatch;

/// More sequence numbers than a room gives between two restores.
const SEQ_OF_A_LIFE: u64 = 1_000_000;

pub(crate) struct World {
    pub(crate) rng: Rng,
    pub(crate) limits: Arc<Limits>,
    pub(crate) now: Millis,
    pub(crate) ledger: Ledger,
    pub(crate) lane: LaneWatch,
    pub(crate) door: DoorWatch,
    pub(crate) wakes: WakeWatch,
    pub(crate) peers: BTreeMap<ConnectionId, Peer>,
    pub(crate) made: Made,
    pub(crate) tally: Tally,
    room: Room,
    kept: BTreeMap<ConnectionId, Restored>,
    last_seq: u64,
}

impl World {
    pub(crate) fn new(rng: Rng, limits: Limits, may_be_put_away: bool) -> Self {
        let limits = Arc::new(limits);
        Self {
            room: Room::restore(config(0, &limits, may_be_put_away), []),
            door: DoorWatch::new(may_be_put_away),
            wakes: WakeWatch::default(),
            rng,
            limits,
            now: 0,
            ledger: Ledger::default(),
            lane: LaneWatch::default(),
            peers: BTreeMap::new(),
            made: Made::default(),
            tally: Tally::default(),
            kept: BTreeMap::new(),
            last_seq: 0,
        }
    }

    /// Gives the engine one input, and carries out what it says.
    pub(crate) fn feed(&mut self, input: Input) -> Result<Result<(), Refused>, Fault> {
        let grounds = self.grounds_to_refuse(&input);
        let mut effects = Vec::new();
        let result = self.room.handle(input.clone(), self.now, &mut effects);
        if let Err(refused) = result {
            ensure!(grounds.contains(&refused), "{input:?} was refused: {refused}");
            ensure!(effects.is_empty(), "{input:?} was refused and led to {effects:?}");
            self.tally.count(refused.into());
            return Ok(Err(refused));
        }
        ensure!(grounds.is_empty(), "{input:?} was taken in spite of {grounds:?}");
        self.watch(&input, &effects)?;
        effects.into_iter().try_for_each(|effect| self.carry(effect))?;
        Ok(Ok(()))
    }

    /// Finds out what the effects should be, and tells every client what it must now see.
    fn watch(&mut self, input: &Input, effects: &[Effect]) -> Result<(), Fault> {
        let (members, limits) = (self.ledger.present().len(), &self.limits);
        let before = Before::new(self.now, members, self.receivers().map(|(_, dialect)| dialect));
        let leaver = match input {
            Input::Leave { connection } => self.ledger.member(*connection).cloned(),
            _ => None,
        };
        let (news, mut seen) = self.door.watch(input, leaver.as_ref(), effects, before, limits)?;
        if let Input::Join { connection, .. } = input {
            let is_at_once = news.joined.iter().any(|newcomer| newcomer.connection == *connection);
            self.peers.entry(*connection).and_modify(|peer| peer.is_in = is_at_once);
        }
        self.note(input, news);
        let (cause, limits) = (Cause::from(input), &self.limits);
        seen.extend(self.lane.watch(cause, effects, (self.now, members), &self.ledger, limits)?);
        let needed = [self.lane.wakes_at(), self.door.wakes_at()].into_iter().flatten().min();
        seen.extend(self.wakes.watch(effects, needed, self.now, cause == Cause::Wake)?);
        seen.into_iter().for_each(|seen| self.tally.count(seen));
        Ok(())
    }

    /// Puts a frame into one peer's outbox. What overflows is closed; its leave comes with [`World::settle`].
    pub(crate) fn push(&mut self, to: ConnectionId, frame: Bytes) -> Result<(), Fault> {
        let size = frame.len();
        self.deliver(to, size, |outbox| outbox.push(frame))
    }

    /// Lets everybody who overflowed leave, and whoever overflows of those leaves.
    pub(crate) fn settle(&mut self) -> Result<(), Fault> {
        while let Some(connection) = self.peers.values().find(|peer| peer.closed).map(|peer| peer.connection) {
            self.end(connection)?;
        }
        Ok(())
    }

    /// Ends a connection, in whatever way it ended.
    pub(crate) fn end(&mut self, connection: ConnectionId) -> Result<(), Fault> {
        self.peers.remove(&connection);
        self.feed(Input::Leave { connection })?.map_err(|refused| Fault(format!("a leave was refused: {refused}")))
    }

    /// Puts the room away and builds it again from what it asked to keep, which comes back in any order.
    pub(crate) fn restore(&mut self) -> Result<(), Fault> {
        let mut kept: Vec<_> = self.kept.values().cloned().collect();
        self.rng.shuffle(&mut kept);
        self.last_seq += SEQ_OF_A_LIFE;
        self.room = Room::restore(config(self.last_seq, &self.limits, self.door.may_be_put_away), kept);
        let wake = self.wakes.restart();
        self.lane.restart(wake);
        self.check_roster()?;
        self.check_connections()?;
        if !wake {
            return Ok(());
        }
        if self.lane.holds(&self.ledger).next().is_some() {
            self.tally.count(Seen::RestoredHolding);
        }
        self.wake()
    }

    /// Gives the engine a wake, whether it is time or not.
    pub(crate) fn wake(&mut self) -> Result<(), Fault> {
        self.wakes.came();
        self.feed(Input::Wake)?.map_err(|refused| Fault(format!("a wake was refused: {refused}")))
    }

    /// Lets every client read as it likes to.
    pub(crate) fn read(&mut self) -> Result<(), Fault> {
        for peer in self.peers.values_mut() {
            let messages = match peer.pace {
                Pace::Prompt => usize::MAX,
                Pace::Slow if self.rng.percent(30) => self.rng.between(1, 4) as usize,
                Pace::Slow | Pace::Stalled => 0,
            };
            peer.read(messages, &self.ledger).map_err(|fault| fault.at(&peer.member))?;
        }
        Ok(())
    }

    /// The engine's roster is the ledger's, and so is that of every client that has read all there is.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        self.check_roster()?;
        let room: Vec<_> = self.ledger.shown().iter().map(|member| self.standing(member)).collect();
        let quiet = !self.lane.holding;
        self.peers
            .values()
            .try_for_each(|peer| peer.check_drained(&room, quiet).map_err(|fault| fault.at(&peer.member)))
    }

    fn standing<'a>(&'a self, member: &'a String) -> Standing<'a> {
        let is_in = self.ledger.is_present(member);
        Standing { member, states: self.ledger.states_of(member), told: self.lane.told(member), is_in }
    }

    fn check_roster(&self) -> Result<(), Fault> {
        let (roster, ledger) = (self.room.roster(), &self.ledger);
        let due = ledger.present().iter().map(|member| (member.as_str(), ledger.states_of(member).last()));
        let same = roster.iter().map(|entry| entry.member.as_str()).eq(due.clone().map(|(member, _)| member))
            && roster.iter().zip(due).all(|(entry, (_, state))| {
                state.is_some_and(|state| state.as_deref() == entry.state.as_ref().map(|state| state.as_str()))
            });
        ensure!(same, "the room holds {roster:?}, but in are {:?}", ledger.roster());
        let is_empty = ledger.present().is_empty() && self.door.waiting() == 0;
        ensure!(self.room.is_empty() == is_empty, "`is_empty` is wrong");
        Ok(())
    }

    /// Every connection is taken for its member, and is where that member is looked for.
    pub(crate) fn check_connections(&self) -> Result<(), Fault> {
        for peer in self.peers.values() {
            let member = self.room.member(peer.connection).map(|entry| &entry.member);
            let waits = self.door.waits(peer.connection);
            ensure!(self.room.is_waiting(peer.connection) == waits, "{} waits: {waits}", peer.member);
            if waits {
                ensure!(member.is_none(), "{} is in and waits", peer.member);
                continue;
            }
            ensure!(member == Some(&peer.member), "{:?} is taken for {member:?}", peer.connection);
            let connection = self.room.connection(&peer.member);
            ensure!(connection == Some(peer.connection), "{} is looked for at {connection:?}", peer.member);
        }
        Ok(())
    }

    /// Every reason that there is to refuse an input; none: it must be taken.
    fn grounds_to_refuse(&self, input: &Input) -> Vec<Refused> {
        let Limits { presence_bytes, message_bytes, members, .. } = *self.limits;
        let is_in = |connection: &ConnectionId| self.ledger.member(*connection).is_some();
        let mut grounds = Vec::new();
        let (connection, state, msg) = match input {
            Input::Join { connection, member, state, .. } => {
                let is_known = is_in(connection) || self.ledger.is_present(member.as_str());
                if is_known || self.door.waits(*connection) || self.door.waits_as(member) {
                    grounds.push(Refused::AlreadyIn);
                }
                if self.ledger.present().len() + self.door.waiting() >= members {
                    grounds.push(Refused::RoomFull { limit: members });
                }
                (None, state.as_ref(), None)
            }
            Input::Leave { connection } if self.door.waits(*connection) => (None, None, None),
            Input::Leave { connection } => (Some(connection), None, None),
            Input::SetPresence { connection, state } => (Some(connection), state.as_ref(), None),
            Input::Broadcast { from, msg, .. } => {
                if from.as_ref().is_some_and(|from| self.door.waits_as(from)) {
                    grounds.push(Refused::NotIn);
                }
                (None, None, Some(msg))
            }
            Input::Send { to, msg } => (Some(to), None, Some(msg)),
            Input::Wake => (None, None, None),
        };
        if connection.is_some_and(|connection| !is_in(connection)) {
            grounds.push(Refused::NotIn);
        }
        if let Some(bytes) = state.map(|state| state.size()).filter(|bytes| *bytes > presence_bytes) {
            grounds.push(Refused::PresenceTooLarge { bytes, limit: presence_bytes });
        }
        if let Some(bytes) = msg.map(|msg| msg.size()).filter(|bytes| *bytes > message_bytes) {
            grounds.push(Refused::MessageTooLarge { bytes, limit: message_bytes });
        }
        grounds
    }

    /// Writes into the ledger what was taken, and tells every client what it must now see.
    fn note(&mut self, input: &Input, news: News) {
        if let Input::Leave { connection } = input {
            self.kept.remove(connection);
            self.ledger.leave(*connection);
            if self.ledger.present().is_empty() {
                self.ledger.emptied();
            }
        }
        for left in &news.left {
            self.ledger.told_of_leave(left);
            self.expect(None, &Due::Leave(left.clone()));
        }
        for newcomer in &news.joined {
            self.expect(None, &Due::Join(newcomer.member.to_string()));
        }
        for newcomer in &news.joined {
            self.ledger.join(newcomer.connection, &newcomer.member, newcomer.state.as_ref());
            self.lane.joined(newcomer.member.as_str());
        }
        for newcomer in &news.joined {
            let roster = self.ledger.roster();
            self.peers.entry(newcomer.connection).and_modify(|peer| peer.expect(Due::Snapshot(roster)));
        }
        self.note_words(input);
    }

    fn note_words(&mut self, input: &Input) {
        match input {
            Input::SetPresence { connection, state } => {
                if let Some(member) = self.ledger.member(*connection).cloned() {
                    self.ledger.set(&member, state.as_ref());
                }
            }
            Input::Broadcast { from, to, msg } => {
                let number = self.ledger.say(from.as_ref().map_or("", MemberId::as_str), msg);
                let except = match to {
                    Audience::Everybody => None,
                    Audience::AllBut(connection) => Some(*connection),
                };
                self.expect(except, &Due::Message(number));
            }
            Input::Send { to, msg } => {
                if let Some(peer) = self.peers.get_mut(to) {
                    peer.expect(Due::Message(self.ledger.say(peer.member.as_str(), msg)));
                }
            }
            Input::Join { .. } | Input::Leave { .. } | Input::Wake => {}
        }
    }

    /// Of those who are in, all but one.
    fn expect(&mut self, except: Option<ConnectionId>, due: &Due) {
        let is_in = |peer: &&mut Peer| self.ledger.member(peer.connection).is_some();
        let others = self.peers.values_mut().filter(is_in).filter(|peer| Some(peer.connection) != except);
        others.for_each(|peer| peer.expect(due.clone()));
    }

    fn carry(&mut self, effect: Effect) -> Result<(), Fault> {
        match effect {
            Effect::Send { to, frame } => self.push(to, frame),
            Effect::Fanout { frames, except } => {
                for (to, dialect) in self.receivers().filter(|(to, _)| Some(*to) != except).collect::<Vec<_>>() {
                    let Some(frame) = frames.get(dialect) else {
                        return Fault::new(format!("nothing in {dialect:?} for {to:?}"));
                    };
                    self.push(to, frame.clone())?;
                }
                Ok(())
            }
            Effect::Membership { each, batch } => {
                for (to, dialect) in self.receivers().collect::<Vec<_>>() {
                    match dialect {
                        Dialect::Plain => each.iter().try_for_each(|frame| self.push(to, frame.clone()))?,
                        Dialect::V1 => batch.iter().try_for_each(|batch| self.push(to, batch.clone()))?,
                    }
                }
                Ok(())
            }
            Effect::Admitted { connection } => {
                self.peers.entry(connection).and_modify(|peer| peer.is_in = true);
                Ok(())
            }
            Effect::Updates { each, batch } => {
                for (to, dialect) in self.receivers().collect::<Vec<_>>() {
                    self.carry_updates(to, dialect, &each, batch.as_ref())?;
                }
                Ok(())
            }
            Effect::Persist(kept) => {
                self.kept.insert(kept.connection, kept);
                Ok(())
            }
            Effect::WakeAt(_) => Ok(()),
        }
    }

    fn carry_updates(
        &mut self,
        to: ConnectionId,
        dialect: Dialect,
        each: &[(MemberId, Bytes)],
        batch: Option<&Bytes>,
    ) -> Result<(), Fault> {
        let keeps_up = self.peers.get(&to).is_some_and(|peer| peer.outbox.is_empty());
        match batch {
            Some(batch) if keeps_up && dialect == Dialect::V1 => {
                self.tally.count(Seen::Batch);
                self.push(to, batch.clone())
            }
            _ => each.iter().try_for_each(|(member, frame)| {
                let mut replaced = false;
                self.deliver(to, frame.len(), |outbox| {
                    replaced = outbox.push_update(member, frame.clone())?;
                    Ok(())
                })?;
                if replaced {
                    self.tally.count(Seen::Conflated);
                }
                Ok(())
            }),
        }
    }

    fn receivers(&self) -> impl Iterator<Item = (ConnectionId, Dialect)> {
        self.peers.values().filter(|peer| peer.is_in).map(|peer| (peer.connection, peer.dialect))
    }

    fn deliver(
        &mut self,
        to: ConnectionId,
        size: usize,
        push: impl FnOnce(&mut Outbox) -> Result<(), Overflow>,
    ) -> Result<(), Fault> {
        let Some(peer) = self.peers.get_mut(&to) else {
            return Fault::new(format!("a frame for {to:?}, which is not there"));
        };
        if peer.closed {
            return Ok(());
        }
        let (limit, before) = (self.limits.outbox_bytes, peer.outbox.bytes());
        if push(&mut peer.outbox).is_err() {
            ensure!(before + size > limit, "{size} bytes overflowed an outbox that held {before} of {limit}");
            peer.closed = true;
            peer.outbox.clear();
            self.tally.count(Seen::Overflow);
        } else {
            let bound = limit.max(before).max(size);
            ensure!(peer.outbox.bytes() <= bound, "an outbox of {limit} bytes took {}", peer.outbox.bytes());
        }
        Ok(())
    }
}

fn config(last_seq: u64, limits: &Arc<Limits>, may_be_put_away: bool) -> RoomConfig {
    RoomConfig { node: NodeId(1), epoch: "e".into(), last_seq, may_be_put_away, limits: Arc::clone(limits) }
}
