//! How a session goes on in a room: who may be back, what follows its snapshot, and what it is told again.

use bytes::Bytes;
use roomful_core::frame::encode::{self, SessionFacts};
use roomful_core::session::{AckDue, Answer, Arrival, Failure, Resume, Retold, Said, Token};
use roomful_core::{ErrorCode, MemberId, NodeId};

use crate::fault::Fault;
use crate::member::Who;
use crate::plan::{Offer, WhichSeen, WhichToken};
use crate::seen::Seen;
use crate::socket::Due;
use crate::world::World;

/// What a snapshot says of a session, and what follows it.
pub(crate) struct Greeted {
    pub(crate) facts: SessionFacts,
    /// Frames, each with the number of its message.
    missed: Vec<(Bytes, usize)>,
    is_resumed: bool,
}

impl World {
    /// Whether a member of this kind has a session.
    pub(crate) fn has_sessions(&self, who: Who) -> bool {
        self.grace_ms > 0 && self.members.get(&who).is_some_and(|member| member.is_v1)
    }

    /// What a client presents. `Ok(None)`: it has nothing to present, or what it has is good no more.
    pub(crate) fn present(&mut self, who: Who, offer: Offer) -> Result<Option<Resume>, Fault> {
        let Some(member) = self.members.get(&who) else { return Ok(None) };
        let (id, client) = (member.id.clone(), &member.client);
        let token = match offer.token {
            WhichToken::Newest => client.token(0),
            WhichToken::Earlier(earlier) => client.token(earlier),
            WhichToken::Others => {
                let others = self.members.iter().filter(|(other, _)| **other != who);
                others.filter_map(|(_, other)| other.client.token(0)).next_back()
            }
            WhichToken::Forged => Some(Token::new(NodeId(1), u128::MAX)),
        };
        let Some(token) = token else { return Ok(None) };
        let position = client.position();
        let seen = match offer.seen {
            WhichSeen::Position => position,
            WhichSeen::Behind(by) => position.saturating_sub(by),
            WhichSeen::Ahead(by) => position + by,
        };
        let is_good = member.good.contains(&token);
        ensure!(self.sessions.takes(&id, token) == is_good, "{token:?} of {who} is good: {is_good}");
        if !is_good {
            self.tally.count(Seen::BadToken);
            ensure!(
                self.sessions.resume(&id, Resume { token, seen }, token, self.room.seq(), usize::MAX).is_none(),
                "{who} resumed with what is no token of its"
            );
            return Ok(None);
        }
        self.tally.extend((offer.token != WhichToken::Newest).then_some(Seen::OlderToken));
        Ok(Some(Resume { token, seen }))
    }

    /// The session of who is about to be sent its snapshot.
    pub(crate) fn greet(&mut self, who: Who) -> Result<Option<Greeted>, Fault> {
        if !self.has_sessions(who) {
            return Ok(None);
        }
        self.made.tokens += 1;
        let next = Token::new(NodeId(1), self.made.tokens);
        let top = self.room.seq();
        let Some(member) = self.members.get_mut(&who) else { return Ok(None) };
        let id = member.id.clone();
        let Some(resume) = member.offer.take() else {
            self.sessions.begin(&id, next, top);
            // Where it had one before, the process that knew it is no more.
            let acked = member.good.is_empty().then_some(0);
            (member.good, member.entered_at, member.said) = (vec![next], top, Said::default());
            let facts = SessionFacts { token: next, seal: None, resumed: false, acked };
            return Ok(Some(Greeted { facts, missed: Vec::new(), is_resumed: false }));
        };
        let most_bytes = self.limits.outbox_bytes / 2;
        let Some(Answer { missed, forgotten, is_known_to_client: true }) =
            self.sessions.resume(&id, resume, next, top, most_bytes)
        else {
            return Fault::new(format!("{who} presents a good token, and is not let back"));
        };
        let due = member.good.iter().copied().find(|good| *good != resume.token);
        ensure!(forgotten == due, "{forgotten:?} is forgotten, and not {due:?}");
        member.good = vec![resume.token, next];
        member.client.claim(resume.seen);
        let acked = Some(member.said.received());
        let missed = self.check_missed(who, resume, missed)?;
        let facts = SessionFacts { token: next, seal: None, resumed: missed.is_some(), acked };
        Ok(Some(Greeted { facts, missed: missed.unwrap_or_default(), is_resumed: true }))
    }

    /// What it is sent is what it missed, and where it is not that cannot be had.
    fn check_missed(
        &mut self,
        who: Who,
        Resume { seen, .. }: Resume,
        missed: Option<Vec<Bytes>>,
    ) -> Result<Option<Vec<(Bytes, usize)>>, Fault> {
        let Some(member) = self.members.get(&who) else { return Ok(None) };
        let due: Vec<_> =
            member.client.owed_since(seen).iter().map(|(seq, number)| (self.frame(*seq, *number), *number)).collect();
        let bytes: usize = due.iter().map(|(frame, _)| frame.len()).sum();
        let reasons = [
            (seen > self.room.seq(), Seen::PositionAhead),
            (seen < member.entered_at, Seen::PositionBeforeEntry),
            (seen < self.sessions.floor(), Seen::PositionBehindFloor),
            (bytes > self.limits.outbox_bytes / 2, Seen::ReplayTooLarge),
        ];
        let reasons: Vec<_> = reasons.into_iter().filter(|(is_so, _)| *is_so).map(|(_, why)| why).collect();
        ensure!(missed.is_some() == reasons.is_empty(), "{who} from {seen}: {missed:?}, in spite of {reasons:?}");
        self.tally.extend(reasons);
        let Some(missed) = missed else { return Ok(None) };
        ensure!(missed.iter().eq(due.iter().map(|(frame, _)| frame)), "{who} missed {due:?}, and is sent {missed:?}");
        self.tally.count(if due.is_empty() { Seen::MissedNothing } else { Seen::Replayed });
        Ok(Some(due))
    }

    /// What follows the snapshot of a session.
    pub(crate) fn follow(&mut self, who: Who, greeted: Greeted) -> Result<(), Fault> {
        for (frame, number) in greeted.missed {
            self.socket_mut(who).into_iter().for_each(|socket| socket.expect(Due::Replayed(number)));
            self.push(who, frame)?;
        }
        if !greeted.is_resumed {
            return Ok(());
        }
        let Some(member) = self.members.get_mut(&who) else { return Ok(()) };
        let Retold { failures, ack } = member.said.resume();
        self.tally.extend((!failures.is_empty()).then_some(Seen::FailureRetold));
        failures.iter().try_for_each(|failure| self.tell_failure(who, failure))?;
        ack.map_or(Ok(()), |id| self.send_ack(who, id))
    }

    /// Something with a number has come, to be handled. `false`: it has been before.
    pub(crate) fn receive(&mut self, who: Who, id: Option<u64>) -> Result<bool, Fault> {
        let Some(id) = id.filter(|_| self.has_sessions(who)) else { return Ok(true) };
        let Some(member) = self.members.get_mut(&who) else { return Ok(false) };
        let is_new = id > member.said.received();
        ensure!((member.said.receive(id) == Arrival::New) == is_new, "{who} says {id}, which is new: {is_new}");
        self.tally.extend((!is_new).then_some(Seen::SaidTwice));
        Ok(is_new)
    }

    /// Something with a number will never be handled.
    pub(crate) fn refuse(&mut self, who: Who, id: u64, code: ErrorCode) -> Result<(), Fault> {
        let failure = Failure { id, code, reason: "no".into() };
        let Some(member) = self.members.get_mut(&who) else { return Ok(()) };
        if member.said.refused(failure.clone()) == Arrival::Duplicate {
            return Ok(());
        }
        member.client.note_failed(id)?;
        self.tell_failure(who, &failure)
    }

    /// The handler is done with something that had a number.
    pub(crate) fn settle_word(&mut self, who: Who, id: u64, failed: Option<ErrorCode>) -> Result<(), Fault> {
        let (now, is_on) = (self.now, self.attached(who).is_some());
        let Some(member) = self.members.get_mut(&who) else { return Ok(()) };
        let Some(code) = failed else {
            member.client.note_handled(id)?;
            return match member.said.handled(id, now) {
                Some(AckDue::Now) if is_on => {
                    self.tally.count(Seen::AckForMany);
                    self.ack(who)
                }
                _ => Ok(()),
            };
        };
        member.client.note_failed(id)?;
        let failure = Failure { id, code, reason: "no".into() };
        member.said.failed(failure.clone());
        if is_on { self.tell_failure(who, &failure) } else { Ok(()) }
    }

    /// An acknowledgement is due.
    pub(crate) fn ack(&mut self, who: Who) -> Result<(), Fault> {
        let Some(member) = self.members.get_mut(&who) else { return Ok(()) };
        member.said.take_ack().map_or(Ok(()), |id| self.send_ack(who, id))
    }

    /// A message as it is sent to those who speak v1.
    fn frame(&self, seq: u64, number: usize) -> Bytes {
        let said = self.ledger.said(number);
        format!(r#"{{"from":"{}","t":"msg","msg":{},"seq":{seq}}}"#, said.from, said.msg).into()
    }

    fn tell_failure(&mut self, who: Who, failure: &Failure) -> Result<(), Fault> {
        self.reply(who, "error", encode::error(Some(failure.id), failure.code, &failure.reason))
    }

    fn send_ack(&mut self, who: Who, id: u64) -> Result<(), Fault> {
        let seq = self.room.seq();
        self.reply(who, "ack", encode::ack(id, Some(seq)))
    }

    /// A message was said: each of those whom it is for is owed it, whether it has a socket or not.
    pub(crate) fn owe(&mut self, seq: u64, is_for: impl Fn(&MemberId) -> bool) {
        let number = self.ledger.last_said();
        for member in self.members.values_mut() {
            if member.is_v1 && self.ledger.is_present(member.id.as_str()) && is_for(&member.id) {
                member.client.owe(seq, number);
            }
        }
    }
}
