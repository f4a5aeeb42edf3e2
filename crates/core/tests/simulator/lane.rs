//! What a room may send of presence, and when.

use std::collections::BTreeMap;

use roomful_core::frame::encode;
use roomful_core::room::{Effect, Input, Update};
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
}

/// What kind of input the effects come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cause {
    /// A member came, went or returned.
    Roster,
    /// This member's state changed.
    State(String),
    /// This member did something else: its held state goes first.
    Act(String),
    /// Nothing of a member's.
    Other,
    Wake,
    TellAll,
}

impl From<&Input> for Cause {
    fn from(input: &Input) -> Self {
        match input {
            Input::Join(_) | Input::Leave { .. } | Input::Return { .. } => Self::Roster,
            Input::SetPresence { member, .. } => Self::State(member.to_string()),
            Input::Broadcast { from: Some(member), .. } | Input::Send { to: member, .. } | Input::Away { member } => {
                Self::Act(member.to_string())
            }
            Input::Wake => Self::Wake,
            Input::TellAll => Self::TellAll,
            _ => Self::Other,
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

    /// The room was put away: it remembers nothing of its pace, nor of what it held.
    pub(crate) fn restart(&mut self, ledger: &Ledger) {
        self.open_at = 0;
        self.holding = false;
        for member in ledger.present() {
            self.told.insert(member.clone(), ledger.states_of(member).len());
        }
    }

    /// The effects of one input; `ledger` knows of it already, and before it so many could hear something.
    pub(crate) fn watch(
        &mut self,
        cause: &Cause,
        effects: &[Effect],
        (now, listeners): (Millis, usize),
        ledger: &Ledger,
        limits: &Limits,
    ) -> Result<Vec<Seen>, Fault> {
        let mut seen = Vec::new();
        let due = self.due(cause, now, ledger);
        let mut sent = effects.iter().filter_map(|effect| match effect {
            Effect::Presence { updates } => Some(updates.as_slice()),
            _ => None,
        });
        let updates = sent.next().unwrap_or_default();
        ensure!(sent.next().is_none(), "one input, two presence effects");
        let told: Vec<_> = updates.iter().map(|update| update.member.as_str()).collect();
        if listeners > 0 {
            ensure!(told == due, "{told:?} were told of by {cause:?}, where {due:?} were due");
        } else {
            ensure!(told.is_empty(), "{told:?} were told of to nobody");
            seen.extend((!due.is_empty()).then_some(Seen::UnheardState));
        }
        for update in updates {
            let state = update.state.as_ref().map(|state| state.as_str().to_owned());
            ensure!(state == ledger.state(update.member.as_str()), "{update:?} is not the latest");
        }
        if !due.is_empty() {
            seen.extend(self.sent(cause, now, bytes(updates) * listeners, limits));
        }
        for member in due {
            self.told.insert(member.clone(), ledger.states_of(&member).len());
        }
        let holding = self.holds(ledger).next().is_some();
        self.holding = holding;
        Ok(seen)
    }

    /// Whose states are to be told now, in join order.
    fn due(&mut self, cause: &Cause, now: Millis, ledger: &Ledger) -> Vec<String> {
        if *cause == Cause::TellAll {
            self.told.extend(ledger.present().iter().map(|member| (member.clone(), 0)));
        }
        let is_open = now >= self.open_at;
        match cause {
            Cause::Roster | Cause::Other => Vec::new(),
            Cause::State(member) if !self.holding && is_open => vec![member.clone()],
            Cause::State(_) => Vec::new(),
            Cause::Act(member) => self.holds(ledger).filter(|held| *held == member).cloned().collect(),
            Cause::Wake | Cause::TellAll if is_open => self.holds(ledger).cloned().collect(),
            Cause::Wake | Cause::TellAll => Vec::new(),
        }
    }

    fn sent(&mut self, cause: &Cause, now: Millis, bytes: usize, limits: &Limits) -> Option<Seen> {
        if let Cause::Act(_) = cause {
            return Some(Seen::Flush);
        }
        let by_budget = (bytes as u64 * 1_000 / limits.presence_bytes_per_second).min(1_000);
        let from = if now - self.open_at < limits.presence_tick_ms { self.open_at } else { now };
        self.open_at = from + by_budget.max(limits.presence_tick_ms);
        (by_budget > limits.presence_tick_ms).then_some(Seen::LongTick)
    }
}

fn bytes(updates: &[Update]) -> usize {
    updates.iter().map(|update| encode::update(&update.member, update.state.as_ref()).len()).sum()
}
