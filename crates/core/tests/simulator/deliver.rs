//! From effects to the outboxes of those who hear them, as a runtime does it: frames are made once for each dialect that
//! somebody speaks, and a socket hears the room from its snapshot on.

use std::sync::Arc;

use bytes::Bytes;
use roomful_core::frame::encode::{self, SnapshotFacts};
use roomful_core::frame::fanout::{self, PerDialect, Spoken};
use roomful_core::frame::updates;
use roomful_core::outbox::{Outbox, Overflow};
use roomful_core::room::{Audience, Change, Effect, Update};
use roomful_core::roster::Listing;
use roomful_core::session::To;
use roomful_core::{Dialect, Json, MemberId};

use crate::fault::Fault;
use crate::member::Who;
use crate::seen::Seen;
use crate::socket::Socket;
use crate::world::World;

impl World {
    pub(crate) fn carry(&mut self, effect: Effect) -> Result<(), Fault> {
        match effect {
            Effect::Entered { member } => {
                self.members.entry(Who::of(&member)?).and_modify(|member| member.let_in = true);
                Ok(())
            }
            // Its socket hears the room from its snapshot on.
            Effect::Returned { .. } => Ok(()),
            Effect::Snapshot { to, listing, seq } => self.carry_snapshot(&to, &listing, seq),
            Effect::Membership { changes, except } => self.carry_changes(&changes, except.as_ref()),
            Effect::Presence { updates } => self.carry_updates(&updates),
            Effect::Said { seq, from, to, msg } => {
                let except = match &to {
                    Audience::Everybody => None,
                    Audience::AllBut(member) => Some(member),
                };
                let (receivers, spoken) = self.receivers(except);
                self.owe(seq, |member| Some(member) != except);
                let frames = fanout::said(from.as_ref(), &msg, seq, spoken);
                self.keep(seq, (&to).into(), from.as_ref(), &msg);
                self.push_to_all(&receivers, &frames)
            }
            Effect::Told { seq, to, msg } => {
                let to_who = Who::of(&to)?;
                self.owe(seq, |member| *member == to);
                self.keep(seq, To::Only(to.clone()), Some(&to), &msg);
                let Some(dialect) = self.attached(to_who).map(|socket| socket.dialect) else { return Ok(()) };
                let frames = fanout::said(Some(&to), &msg, seq, Spoken::one(dialect));
                self.push_to_all(&[(to_who, dialect)], &frames)
            }
            Effect::Keep(kept) => {
                ensure!(self.door.may_be_put_away, "a room that is never put away keeps {kept:?}");
                self.kept.insert(Who::of(&kept.member)?, kept);
                Ok(())
            }
            Effect::UserCame { user, member } => {
                let whose = self.ledger.user(member.as_str());
                ensure!(whose == Some(user.as_str()), "{member} is of {whose:?}, not {user}");
                self.users.carry(&user, true, self.now)
            }
            Effect::UserWent { user } => self.users.carry(&user, false, self.now),
            other => Fault::new(format!("nobody knows {other:?}")),
        }
    }

    /// Puts a frame into one outbox. What overflows is closed; its member loses it with [`World::settle`].
    pub(crate) fn push(&mut self, to: Who, frame: Bytes) -> Result<(), Fault> {
        let size = frame.len();
        self.deliver(to, size, |outbox| outbox.push(frame))
    }

    fn carry_snapshot(&mut self, to: &MemberId, listing: &Arc<Listing>, seq: u64) -> Result<(), Fault> {
        let (who, limits) = (Who::of(to)?, Arc::clone(&self.limits));
        let greeted = self.greet(who)?;
        let session = greeted.as_ref().map(|greeted| greeted.facts.clone());
        let Some(socket) = self.socket_mut(who) else { return Ok(()) };
        socket.attached = true;
        let dialect = socket.dialect;
        let list = match dialect {
            Dialect::Plain => &listing.plain,
            Dialect::V1 => &listing.v1,
        };
        let facts = SnapshotFacts { seq, epoch: self.room.epoch(), limits: &limits, session };
        let frame = encode::snapshot(dialect, to, list, facts);
        self.push(who, frame)?;
        greeted.map_or(Ok(()), |greeted| self.follow(who, greeted))
    }

    /// Where somebody may come back and ask for it.
    fn keep(&mut self, seq: u64, to: To, from: Option<&MemberId>, msg: &Json) {
        if self.sessions.keeps() {
            let frame = encode::message(from.map_or("", MemberId::as_str), msg, Some(seq));
            self.sessions.keep(seq, to, frame, self.now);
        }
    }

    fn carry_changes(&mut self, changes: &[Change], except: Option<&MemberId>) -> Result<(), Fault> {
        let (receivers, spoken) = self.receivers(except);
        let frames = fanout::membership(changes, spoken);
        let for_plain = frames.iter().filter(|frames| frames.plain.is_some()).count();
        let plain = changes.iter().filter(|change| matches!(change, Change::Joined { .. } | Change::Left { .. }));
        let plain_due = if spoken.plain { plain.count() } else { 0 };
        ensure!(for_plain == plain_due, "{for_plain} frames for plain clients, of {changes:?}");
        let for_v1 = frames.iter().filter(|frames| frames.v1.is_some()).count();
        ensure!(for_v1 == usize::from(spoken.v1), "{for_v1} messages for v1 clients, of {changes:?}");
        if changes.len() > 1 && spoken.v1 {
            self.tally.count(Seen::MembershipBatch);
        }
        for (to, dialect) in receivers {
            self.tally_numbers(to, changes);
            self.pin(to, changes);
            for frame in frames.iter().filter_map(|frames| frames.get(dialect)) {
                self.push(to, frame.clone())?;
            }
        }
        Ok(())
    }

    fn tally_numbers(&mut self, to: Who, changes: &[Change]) {
        let is_behind = self.attached(to).is_some_and(|socket| !socket.outbox.is_empty());
        let mut left = Vec::new();
        for change in changes {
            match change {
                Change::Left { member } => left.extend(self.ledger.number(member.as_str())),
                Change::Joined { member, number, .. } if self.ledger.was_given_before(*number, member.as_str()) => {
                    self.tally.count(Seen::NumberAgain);
                    self.tally.extend(left.contains(number).then_some(Seen::NumberAgainAtOnce));
                    self.tally.extend(is_behind.then_some(Seen::NumberAgainBehind));
                }
                _ => {}
            }
        }
    }

    /// No later update may take the place of one that waits before what is said now.
    fn pin(&mut self, to: Who, changes: &[Change]) {
        let Some(socket) = self.socket_mut(to) else { return };
        for change in changes {
            match change {
                Change::Joined { member, .. }
                | Change::Left { member }
                | Change::Away { member }
                | Change::Back { member, .. } => socket.outbox.pin(member),
                _ => {}
            }
        }
    }

    fn carry_updates(&mut self, updates: &[Update]) -> Result<(), Fault> {
        let (receivers, spoken) = self.receivers(None);
        let fanout::Updates { plain, v1 } = fanout::updates(updates, spoken);
        ensure!((plain.is_some(), v1.is_some()) == (spoken.plain, spoken.v1), "{plain:?}, {v1:?} for {spoken:?}");
        let shown: Vec<_> = updates.iter().filter(|update| update.news.has_state()).collect();
        ensure!(plain.as_ref().is_none_or(|plain| plain.len() == shown.len()), "{plain:?} of {updates:?}");
        for (to, dialect) in receivers {
            let keeps_up = self.attached(to).is_some_and(|socket| socket.outbox.is_empty());
            match (&v1, dialect) {
                (Some(frame), Dialect::V1) if keeps_up => {
                    self.tally.extend((updates.len() > 1).then_some(Seen::Batch));
                    self.push(to, frame.clone())?;
                }
                (_, Dialect::V1) => {
                    self.tally.count(Seen::Behind);
                    for update in updates {
                        self.push_alone(to, update)?;
                    }
                }
                (_, Dialect::Plain) => {
                    for (update, frame) in shown.iter().zip(plain.iter().flatten()) {
                        let frame = frame.clone();
                        self.push_latest(to, frame.len(), |outbox| outbox.push_update(&update.member, frame))?;
                    }
                }
            }
        }
        Ok(())
    }

    /// To a v1 client that is behind.
    fn push_alone(&mut self, to: Who, update: &Update) -> Result<(), Fault> {
        let informing = fanout::informing(update);
        if update.news.has_info() {
            return self.push_latest(to, informing.len(), |outbox| outbox.push_informing(&update.member, informing));
        }
        let (entry, mut is_carried) = (updates::entry(update), false);
        // What it is at the most: it may have to take an info along.
        let size = informing.len().max(entry.len());
        self.push_latest(to, size, |outbox| {
            outbox.push_entry(&update.member, entry, || {
                is_carried = true;
                informing
            })
        })?;
        self.tally.extend(is_carried.then_some(Seen::InfoCarried));
        Ok(())
    }

    fn push_latest(
        &mut self,
        to: Who,
        size: usize,
        push: impl FnOnce(&mut Outbox) -> Result<bool, Overflow>,
    ) -> Result<(), Fault> {
        let mut replaced = false;
        self.deliver(to, size, |outbox| {
            replaced = push(outbox)?;
            Ok(())
        })?;
        if replaced {
            self.tally.count(Seen::Conflated);
        }
        Ok(())
    }

    fn push_to_all(&mut self, receivers: &[(Who, Dialect)], frames: &PerDialect) -> Result<(), Fault> {
        let speaks = |dialect| receivers.iter().any(|(_, spoken)| *spoken == dialect);
        let made = (frames.plain.is_some(), frames.v1.is_some());
        ensure!(made == (speaks(Dialect::Plain), speaks(Dialect::V1)), "{frames:?} for {receivers:?}");
        for (to, dialect) in receivers {
            let Some(frame) = frames.get(*dialect) else { return Fault::new(format!("nothing for {to}")) };
            self.push(*to, frame.clone())?;
        }
        Ok(())
    }

    /// Who hears the room, all but one, and what they speak.
    pub(crate) fn receivers(&self, except: Option<&MemberId>) -> (Vec<(Who, Dialect)>, Spoken) {
        let hears = |member: &Who| self.attached(*member).map(|socket| (*member, socket.dialect));
        let others = self.members.iter().filter(|(_, member)| Some(&member.id) != except);
        let receivers: Vec<_> = others.filter_map(|(who, _)| hears(who)).collect();
        let speaks = |dialect| receivers.iter().any(|(_, spoken)| *spoken == dialect);
        let spoken = Spoken { plain: speaks(Dialect::Plain), v1: speaks(Dialect::V1) };
        (receivers, spoken)
    }

    fn deliver(
        &mut self,
        to: Who,
        size: usize,
        push: impl FnOnce(&mut Outbox) -> Result<(), Overflow>,
    ) -> Result<(), Fault> {
        let limit = self.limits.outbox_bytes;
        let Some(Socket { outbox, closed, .. }) = self.socket_mut(to) else {
            return Fault::new(format!("a frame for {to}, who has no socket"));
        };
        if *closed {
            return Ok(());
        }
        let before = outbox.bytes();
        if push(outbox).is_err() {
            ensure!(before + size > limit, "{size} bytes overflowed an outbox that held {before} of {limit}");
            *closed = true;
            outbox.clear();
            self.tally.count(Seen::Overflow);
        } else {
            let bound = limit.max(before).max(size);
            ensure!(outbox.bytes() <= bound, "an outbox of {limit} bytes took {}", outbox.bytes());
        }
        Ok(())
    }
}
