//! What a room may send of presence, and when.

use std::collections::BTreeMap;

use roomful_core::frame::encode;
use roomful_core::room::{Effect, Input, Update};
use roomful_core::{Json, Limits, Millis};

use crate::fault::Fault;
use crate::ledger::Ledger;
use crate::seen::Seen;

/// Watches the presence effects of one room.
#[derive(Default)]
pub(crate) struct LaneWatch {
    open_at: Millis,
    /// Whether the room holds a state back.
    pub(crate) holding: bool,
    /// How many of each member's states the room has sent on.
    told: BTreeMap<String, usize>,
    /// And how many of its infos.
    informed: BTreeMap<String, usize>,
    /// A room that may be put away holds no info.
    informs_at_once: bool,
}

/// What kind of input the effects come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cause {
    /// A member came, went or returned.
    Roster,
    /// This member's state changed.
    State(String),
    /// What the server says of this member changed, or is said again.
    Info(String),
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
            Input::SetInfo { member, .. } => Self::Info(member.to_string()),
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
    pub(crate) fn new(may_be_put_away: bool) -> Self {
        Self { informs_at_once: may_be_put_away, ..Self::default() }
    }

    /// How many states and infos of this member the room has sent on.
    pub(crate) fn told(&self, member: &str) -> (usize, usize) {
        let of = |told: &BTreeMap<String, usize>| told.get(member).copied().unwrap_or(0);
        (of(&self.told), of(&self.informed))
    }

    /// What of a member the room still holds back: a state, an info.
    fn untold(&self, member: &str, ledger: &Ledger) -> (bool, bool) {
        let (states, infos) = self.told(member);
        (states < ledger.states_of(member).len(), infos < ledger.infos_of(member).len())
    }

    /// The members of whom the room still holds something back.
    pub(crate) fn holds<'a>(&self, ledger: &'a Ledger) -> impl Iterator<Item = &'a String> {
        ledger.present().iter().filter(|member| self.untold(member, ledger) != (false, false))
    }

    /// A member came: its seed and its info are in every snapshot and every join.
    pub(crate) fn joined(&mut self, member: &str) {
        self.told.insert(member.to_owned(), 1);
        self.informed.insert(member.to_owned(), 1);
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
            self.informed.insert(member.clone(), ledger.infos_of(member).len());
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
            let (member, text) = (update.member.as_str(), |json: &Json| json.as_str().to_owned());
            let latest = (ledger.info(member), ledger.state(member));
            ensure!(
                (update.info.as_ref().map(text), update.state.as_ref().map(text)) == latest,
                "{update:?} is not the latest"
            );
            let news = (update.news.has_state(), update.news.has_info());
            let untold = self.untold(member, ledger);
            ensure!(news == untold, "{update:?} tells {news:?}, where {untold:?} is news");
            seen.extend((news == (true, true)).then_some(Seen::StateAndInfo));
            seen.extend((news.1 && *cause == Cause::Wake).then_some(Seen::InfoHeld));
            seen.extend((news.1 && ledger.is_away(member)).then_some(Seen::InfoWhileAway));
        }
        if !due.is_empty() {
            seen.extend(self.sent(cause, now, bytes(updates) * listeners, limits));
        }
        for member in due {
            self.told.insert(member.clone(), ledger.states_of(&member).len());
            self.informed.insert(member.clone(), ledger.infos_of(&member).len());
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
            Cause::Info(member) if !self.untold(member, ledger).1 => Vec::new(),
            Cause::Info(member) if self.informs_at_once || (!self.holding && is_open) => vec![member.clone()],
            Cause::Info(_) => Vec::new(),
            Cause::Act(member) => self.holds(ledger).filter(|held| *held == member).cloned().collect(),
            Cause::Wake | Cause::TellAll if is_open => self.holds(ledger).cloned().collect(),
            Cause::Wake | Cause::TellAll => Vec::new(),
        }
    }

    fn sent(&mut self, cause: &Cause, now: Millis, bytes: usize, limits: &Limits) -> Option<Seen> {
        let is_at_once = matches!(cause, Cause::Info(_)) && (self.holding || now < self.open_at);
        if matches!(cause, Cause::Act(_)) || is_at_once {
            return Some(Seen::Flush);
        }
        let by_budget = (bytes as u64 * 1_000 / limits.presence_bytes_per_second).min(1_000);
        let from = if now - self.open_at < limits.presence_tick_ms { self.open_at } else { now };
        self.open_at = from + by_budget.max(limits.presence_tick_ms);
        (by_budget > limits.presence_tick_ms).then_some(Seen::LongTick)
    }
}

/// What is told of each, at the longest.
fn bytes(updates: &[Update]) -> usize {
    let bytes = |Update { member, news, info, state, .. }: &Update| match news.has_info() {
        true => encode::informing_update(member, info.as_ref(), state.as_ref()).len(),
        false => encode::update(member, state.as_ref()).len(),
    };
    updates.iter().map(bytes).sum()
}
