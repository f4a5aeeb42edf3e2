//! What a room may send of presence, and when.

use std::collections::BTreeMap;

use roomful_core::room::{Effect, Input};
use roomful_core::{Limits, Millis};

use crate::fault::Fault;
use crate::ledger::Ledger;
use crate::tally::Seen;

/// Watches the presence effects of one room.
#[derive(Default)]
pub(crate) struct LaneWatch {
    open_at: Millis,
    /// Whether the room holds a state back.
    pub(crate) holding: bool,
    /// How many of each member's states the room has sent on.
    told: BTreeMap<String, usize>,
    /// The room was restored and does not know what it sent on: with its wake it may send all of it again.
    may_repeat: bool,
}

/// What kind of input the effects come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// A member came or went.
    Roster,
    /// A member's state changed.
    State,
    /// Something was said: the sender's held state goes first.
    Message,
    Wake,
}

impl From<&Input> for Cause {
    fn from(input: &Input) -> Self {
        match input {
            Input::Join { .. } | Input::Leave { .. } => Self::Roster,
            Input::SetPresence { .. } => Self::State,
            Input::Broadcast { .. } | Input::Send { .. } => Self::Message,
            Input::Wake => Self::Wake,
        }
    }
}

impl LaneWatch {
    pub(crate) fn told(&self, member: &str) -> usize {
        self.told.get(member).copied().unwrap_or(0)
    }

    /// The members of whom the room still holds a state back.
    pub(crate) fn holds<'a>(&self, ledger: &'a Ledger) -> impl Iterator<Item = &'a String> {
        ledger.present().iter().filter(|member| self.told(member) < ledger.states_of(member).len())
    }

    /// A member came: its seed is in every snapshot and every join.
    pub(crate) fn joined(&mut self, member: &str) {
        self.told.insert(member.to_owned(), 1);
    }

    /// When what is held is to be sent.
    pub(crate) fn wakes_at(&self) -> Option<Millis> {
        self.holding.then_some(self.open_at)
    }

    /// The room was put away: it remembers nothing of its pace.
    pub(crate) fn restart(&mut self, wake_was_to_come: bool) {
        self.open_at = 0;
        self.holding = false;
        self.may_repeat = wake_was_to_come;
    }

    /// The effects of one input; `ledger` knows of it already, and before it so many were connected.
    pub(crate) fn watch(
        &mut self,
        cause: Cause,
        effects: &[Effect],
        (now, receivers): (Millis, usize),
        ledger: &Ledger,
        limits: &Limits,
    ) -> Result<Vec<Seen>, Fault> {
        let mut seen = Vec::new();
        let may_send = !self.holding && now >= self.open_at;
        let mut sent = effects.iter().filter_map(|effect| match effect {
            Effect::Updates { each, batch } => Some((each, batch)),
            _ => None,
        });
        let updates = sent.next();
        ensure!(sent.next().is_none(), "one input, two presence frames");
        ensure!(cause != Cause::State || may_send == updates.is_some(), "a quiet room sends at once, a busy one waits");
        if let Some((each, batch)) = updates {
            let joined: Vec<_> = each.iter().map(|(_, frame)| String::from_utf8_lossy(frame)).collect();
            let joined = format!("[{}]", joined.join(","));
            ensure!(batch.as_ref().is_none_or(|batch| *batch == joined), "the batch {batch:?} is not {joined}");
            let bytes = each.iter().map(|(_, frame)| frame.len()).sum::<usize>() * receivers;
            seen.extend(self.sent(cause, now, each.len(), bytes, limits)?);
            for (member, _) in each {
                let states = ledger.states_of(member.as_str()).len();
                let told = self.told.insert(member.to_string(), states);
                ensure!(told != Some(states) || self.may_repeat, "a state of {member} was sent twice");
            }
        }
        self.may_repeat &= cause != Cause::Wake;
        let holding = self.holds(ledger).next().is_some();
        self.holding = holding;
        Ok(seen)
    }

    fn sent(
        &mut self,
        cause: Cause,
        now: Millis,
        members: usize,
        bytes: usize,
        limits: &Limits,
    ) -> Result<Option<Seen>, Fault> {
        match cause {
            Cause::Roster => Fault::new("a join or a leave sent a presence frame"),
            Cause::Message => {
                ensure!(members == 1, "a message flushed {members} members");
                Ok(Some(Seen::Flush))
            }
            Cause::State | Cause::Wake => {
                ensure!(now >= self.open_at, "a presence frame at {now}, before {}", self.open_at);
                let by_budget = (bytes as u64 * 1_000 / limits.presence_bytes_per_second).min(1_000);
                let from = if now - self.open_at < limits.presence_tick_ms { self.open_at } else { now };
                self.open_at = from + by_budget.max(limits.presence_tick_ms);
                Ok((by_budget > limits.presence_tick_ms).then_some(Seen::LongTick))
            }
        }
    }
}
