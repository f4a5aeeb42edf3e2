//! One socket: its real outbox and intake, and a client that reads at its own speed and believes nothing.

use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeInclusive;

use bytes::Bytes;
use roomful_core::frame::EndpointKind;
use roomful_core::intake::Intake;
use roomful_core::outbox::Outbox;
use roomful_core::{Dialect, Limits, MemberId, Millis};

use crate::client::Client;
use crate::fault::Fault;
use crate::ledger::{Ledger, Said};
use crate::view::{Known, State, Told, View};

pub(crate) struct Socket {
    pub(crate) dialect: Dialect,
    pub(crate) outbox: Outbox,
    pub(crate) intake: Intake,
    pub(crate) pace: Pace,
    /// The last state that the intake keeps for later.
    pub(crate) held: Option<Bytes>,
    /// Its snapshot was sent: it hears what the room hears.
    pub(crate) attached: bool,
    /// It overflowed: nothing more is sent to it, and its member is to lose it.
    pub(crate) closed: bool,
    /// With which input its snapshot was cut.
    since: u64,
    view: View,
    due: VecDeque<Due>,
    /// For each member, which of its states the one last seen may have been. Only a state that was had twice (none,
    /// `null`) leaves more than one.
    seen: BTreeMap<String, RangeInclusive<usize>>,
    /// The same for what the server said of it (v1).
    informed: BTreeMap<String, RangeInclusive<usize>>,
    seq: Option<u64>,
}

/// How a client reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// All there is, at once.
    Prompt,
    /// A few frames now and then.
    Slow,
    /// Nothing.
    Stalled,
}

/// What must come, in this order, and nothing else but updates between.
#[derive(Debug, Clone)]
pub(crate) enum Due {
    /// With every member as v1 knows it, and how many states and infos each had had.
    Snapshot(Vec<(Known, usize, usize)>),
    Join(String),
    Away(String),
    Leave(String),
    Message(usize),
    /// One that was said before the snapshot, and missed.
    Replayed(usize),
    Reply(&'static str),
}

/// A member as every client is to know it.
#[derive(Debug)]
pub(crate) struct Standing<'a> {
    pub(crate) member: &'a String,
    /// Every state it had.
    pub(crate) states: &'a [State],
    /// Everything that the server said of it.
    pub(crate) infos: &'a [State],
    /// How many of both the room has sent on.
    pub(crate) told: (usize, usize),
    /// Whether it is in; it has left, and nobody was told yet.
    pub(crate) is_in: bool,
    pub(crate) is_away: bool,
    /// Only whoever came since then knows.
    pub(crate) is_quietly_away: bool,
    pub(crate) user: Option<&'a str>,
}

impl Socket {
    pub(crate) fn new(member: &MemberId, dialect: Dialect, pace: Pace, limits: &Limits, now: Millis) -> Self {
        Self {
            view: View::new(dialect, member.as_str()),
            outbox: Outbox::new(limits.outbox_bytes),
            intake: Intake::new(EndpointKind::Room, dialect, limits, now),
            pace,
            held: None,
            attached: false,
            closed: false,
            since: 0,
            due: VecDeque::new(),
            seen: BTreeMap::new(),
            informed: BTreeMap::new(),
            seq: None,
            dialect,
        }
    }

    /// Whether that is for it. Only v1 is told who is away.
    pub(crate) fn hears(&self, due: &Due) -> bool {
        self.attached && (self.dialect == Dialect::V1 || !matches!(due, Due::Away(_)))
    }

    pub(crate) fn expect(&mut self, due: Due) {
        if !self.closed {
            self.due.push_back(due);
        }
    }

    /// Its snapshot is cut from the room as it is now.
    pub(crate) fn expect_snapshot(&mut self, ledger: &Ledger) {
        self.since = ledger.now();
        self.expect(Due::Snapshot(ledger.roster()));
    }

    /// Whether its client has read all that it was sent.
    pub(crate) fn has_read_all(&self) -> bool {
        self.attached && !self.closed && self.outbox.is_empty()
    }

    /// Reads up to so many WebSocket messages.
    pub(crate) fn read(&mut self, messages: usize, ledger: &Ledger, client: &mut Client) -> Result<(), Fault> {
        for _ in 0..messages {
            let Some(message) = self.outbox.pop() else { break };
            for told in self.view.read(&message)? {
                self.check(told, ledger, client)?;
            }
        }
        Ok(())
    }

    /// A client that has read everything has seen all that was due, and knows the room as it is: in a `quiet` room the
    /// very states, in another none older than the room has sent on.
    pub(crate) fn check_drained<'a>(
        &self,
        standing: impl Fn(&'a String) -> Standing<'a>,
        ledger: &'a Ledger,
        quiet: bool,
    ) -> Result<(), Fault> {
        if !self.attached {
            let heard = !self.outbox.is_empty() || !self.view.members().is_empty();
            ensure!(!heard, "has no snapshot yet, and was sent something");
            return Ok(());
        }
        if self.closed || !self.outbox.is_empty() {
            return Ok(());
        }
        ensure!(self.due.is_empty(), "has read everything and missed {:?}", self.due.front());
        let (known, v1) = (self.view.members(), self.dialect == Dialect::V1);
        let room: Vec<_> = ledger.shown_since(self.since).map(standing).collect();
        let same = known.iter().map(|known| &known.member).eq(room.iter().map(|standing| standing.member));
        ensure!(same, "knows {known:?}, but in are {room:?}");
        for (known, standing) in known.iter().zip(room) {
            let is_current = if !standing.is_in {
                // Its last state may have left with it.
                true
            } else if quiet {
                standing.states.last() == Some(&known.state)
            } else {
                *self.seen[&known.member].end() + 1 >= standing.told.0
            };
            ensure!(is_current, "holds {known:?}, quiet: {quiet}, {standing:?}");
            let is_informed = match v1 {
                false => known.info.is_none(),
                true if !standing.is_in => true,
                true if quiet => standing.infos.last() == Some(&known.info),
                true => *self.informed[&known.member].end() + 1 >= standing.told.1,
            };
            ensure!(is_informed, "holds {known:?}, quiet: {quiet}, {standing:?}");
            let is_away = v1 && standing.is_away;
            ensure!(
                known.away == is_away || !standing.is_in || standing.is_quietly_away,
                "holds {known:?}, who is away: {is_away}"
            );
            ensure!(known.user.as_deref() == standing.user.filter(|_| v1), "holds {known:?}, {standing:?}");
        }
        Ok(())
    }

    fn check(&mut self, told: Told, ledger: &Ledger, client: &mut Client) -> Result<(), Fault> {
        let told = match told {
            Told::Updated { member, info, state } => {
                if let Some(info) = info {
                    let seen = later(&self.informed[&member], ledger.infos_of(&member), &info);
                    self.informed.insert(member.clone(), seen.map_err(|fault| Fault(format!("{member}: {fault}")))?);
                }
                return self.check_update(member, &state, ledger);
            }
            told => told,
        };
        match (told, self.due.pop_front()) {
            (Told::Message { from, msg, seq }, Some(Due::Message(number))) => {
                self.check_seq(seq)?;
                seq.map_or(Ok(()), |seq| client.hand(seq, number))?;
                self.check_message(&from, &msg, ledger.said(number))
            }
            (Told::Message { from, msg, seq: Some(seq) }, Some(Due::Replayed(number))) => {
                let said = ledger.said(number);
                ensure!(
                    (&*from, &*msg) == (&*said.from, &*said.msg),
                    "{msg} of {from:?} came where {said:?} was missed"
                );
                ensure!(self.seq.is_none_or(|top| seq <= top), "{seq} was missed, and is above {:?}", self.seq);
                client.hand(seq, number)
            }
            (Told::Snapshot { seq, greeting }, Some(Due::Snapshot(roster))) => {
                self.seq = seq;
                seq.into_iter().for_each(|seq| client.greet(seq, greeting));
                self.check_snapshot(&roster)
            }
            (Told::Joined { member, number, user, info, state }, Some(Due::Join(joined))) if member == joined => {
                let due = ledger.number(&member).filter(|_| self.dialect == Dialect::V1);
                ensure!(number == due, "{member} is called {number:?} where it is {due:?}");
                let whose = ledger.user(&member).filter(|_| self.dialect == Dialect::V1);
                ensure!(user.as_deref() == whose, "{member} joined as {user:?}, and is {whose:?}");
                let seed = &ledger.states_of(&member)[0];
                ensure!(state == *seed, "{member} joined with {state:?}, but its seed is {seed:?}");
                let first = ledger.infos_of(&member)[0].clone().filter(|_| self.dialect == Dialect::V1);
                ensure!(info == first, "{member} joined as {info:?}, but is {first:?}");
                self.informed.insert(member.clone(), 0..=0);
                self.seen.insert(member, 0..=0);
                Ok(())
            }
            (Told::Away { member }, Some(Due::Away(away))) if member == away => Ok(()),
            (Told::Left { member }, Some(Due::Leave(left))) if member == left => {
                self.seen.remove(&member);
                self.informed.remove(&member);
                Ok(())
            }
            (Told::Reply { t, id, seq }, Some(Due::Reply(reply))) if t == reply => match (reply, id, seq) {
                ("ack", Some(id), Some(seq)) => client.read_ack(id, seq),
                ("error", Some(id), None) if client.has_session() => client.read_error(id),
                _ => Ok(()),
            },
            (told, due) => Fault::new(format!("{told:?} came where {due:?} was due")),
        }
    }

    fn check_snapshot(&mut self, roster: &[(Known, usize, usize)]) -> Result<(), Fault> {
        let is_v1 = self.dialect == Dialect::V1;
        let as_told = |(known, ..): &(Known, usize, usize)| match is_v1 {
            true => known.clone(),
            false => Known { number: None, user: None, away: false, info: None, ..known.clone() },
        };
        let listed = self.view.members();
        ensure!(
            roster.iter().map(as_told).eq(listed.iter().cloned()),
            "the snapshot lists {listed:?}, but the room was {roster:?}"
        );
        let last = |member: &str, had: usize| (member.to_owned(), had - 1..=had - 1);
        self.seen = roster.iter().map(|(known, states, _)| last(&known.member, *states)).collect();
        self.informed = roster.iter().map(|(known, _, infos)| last(&known.member, *infos)).collect();
        Ok(())
    }

    fn check_update(&mut self, member: String, state: &State, ledger: &Ledger) -> Result<(), Fault> {
        let seen = later(&self.seen[&member], ledger.states_of(&member), state);
        self.seen.insert(member.clone(), seen.map_err(|fault| Fault(format!("{member}: {fault}")))?);
        Ok(())
    }

    fn check_seq(&mut self, seq: Option<u64>) -> Result<(), Fault> {
        ensure!(self.seq.is_none() || seq > self.seq, "`seq` {seq:?} came after {:?}", self.seq);
        self.seq = seq;
        Ok(())
    }

    fn check_message(&self, from: &str, msg: &str, said: &Said) -> Result<(), Fault> {
        ensure!((from, msg) == (&*said.from, &*said.msg), "{msg} of {from:?} came where {said:?} was due");
        let Some((states, infos)) = said.after else {
            ensure!(
                said.shown || !self.view.knows(from),
                "{from} said {msg} from outside, but is still shown as a member"
            );
            return Ok(());
        };
        let Some(seen) = self.seen.get(from) else {
            return Fault::new(format!("{msg} came from {from}, who is not in"));
        };
        ensure!(*seen.end() >= states - 1, "{msg} of {from} came before the state that was set before it");
        let informed = self.dialect == Dialect::Plain || *self.informed[from].end() >= infos - 1;
        ensure!(informed, "{msg} of {from} came before what the server said of it before");
        Ok(())
    }
}

/// Which of `all` the one that is told now may be: not one before `seen`.
fn later(seen: &RangeInclusive<usize>, all: &[State], told: &State) -> Result<RangeInclusive<usize>, Fault> {
    let oldest = *seen.start();
    let mut matching = (oldest..all.len()).filter(|at| all[*at] == *told);
    let Some(first) = matching.next() else {
        return Fault::new(format!("{told:?} was told after number {oldest} of {all:?}"));
    };
    let last = matching.next_back().unwrap_or(first);
    Ok(first..=last)
}
