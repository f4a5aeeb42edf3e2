//! What really happened, kept beside the engine and without it: who is in, every state each had, every message said.

use std::collections::{BTreeMap, BTreeSet};

use roomful_core::roster::Number;
use roomful_core::{Json, MemberId};

use crate::view::{Known, State};

/// The room as it should be. It is told of an input only once the engine has taken it.
#[derive(Default)]
pub(crate) struct Ledger {
    present: Vec<String>,
    away: BTreeSet<String>,
    /// Those of them of whom nobody was told so.
    quietly_away: BTreeSet<String>,
    shown: Vec<Shown>,
    users: BTreeMap<String, String>,
    /// What names each member, also when it has left.
    numbers: BTreeMap<String, Number>,
    states: BTreeMap<String, Vec<State>>,
    /// What the server said of each, one after the other.
    infos: BTreeMap<String, Vec<State>>,
    said: Vec<Said>,
    /// Counts the inputs.
    turn: u64,
}

/// Somebody who is in, or whose leave nobody has been told.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) member: String,
    /// With which input it left.
    left: Option<u64>,
}

/// One message.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) from: String,
    pub(crate) msg: String,
    /// How many states and infos its sender had had; `None` when no member of that moment said it.
    pub(crate) after: Option<(usize, usize)>,
    /// Whether its sender was shown all the same: its leave is told to nobody.
    pub(crate) shown: bool,
}

impl Ledger {
    /// An input was taken.
    pub(crate) fn turn(&mut self) {
        self.turn += 1;
    }

    pub(crate) fn now(&self) -> u64 {
        self.turn
    }

    pub(crate) fn join(&mut self, member: &MemberId, user: Option<&str>, info: Option<&Json>, seed: Option<&Json>) {
        self.numbers.extend(self.free_numbers(&[]).next().map(|number| (member.to_string(), number)));
        self.present.push(member.to_string());
        self.shown.push(Shown { member: member.to_string(), left: None });
        self.states.insert(member.to_string(), vec![state(seed)]);
        self.infos.insert(member.to_string(), vec![state(info)]);
        self.users.extend(user.map(|user| (member.to_string(), user.to_owned())));
    }

    pub(crate) fn leave(&mut self, member: &str) {
        self.present.retain(|present| present != member);
        self.away.remove(member);
        let turn = self.turn;
        self.shown.iter_mut().filter(|shown| shown.member == member).for_each(|shown| shown.left = Some(turn));
    }

    /// It has no socket, or one again.
    pub(crate) fn set_away(&mut self, member: &str, away: bool) {
        if away {
            self.away.insert(member.to_owned());
        } else {
            self.away.remove(member);
            self.quietly_away.remove(member);
        }
    }

    /// Nobody was told that it is away.
    pub(crate) fn is_quiet_of(&mut self, member: &str) {
        self.quietly_away.insert(member.to_owned());
    }

    pub(crate) fn is_quietly_away(&self, member: &str) -> bool {
        self.quietly_away.contains(member)
    }

    /// The numbers that are given next, once the others were told that these left: the smallest that name nobody who is
    /// shown anywhere.
    pub(crate) fn free_numbers(&self, left: &[MemberId]) -> impl Iterator<Item = Number> + use<> {
        let shown = self.shown.iter().filter(|shown| !left.iter().any(|left| left.as_str() == shown.member));
        let taken: BTreeSet<_> = shown.filter_map(|shown| self.number(&shown.member)).collect();
        (0..).map(Number).filter(move |number| !taken.contains(number))
    }

    /// What names a member, or did.
    pub(crate) fn number(&self, member: &str) -> Option<Number> {
        self.numbers.get(member).copied()
    }

    /// Whether it named somebody, too, who has left.
    pub(crate) fn was_given_before(&self, number: Number, to: &str) -> bool {
        self.numbers.iter().any(|(member, given)| *given == number && member != to)
    }

    /// The others were told that it left.
    pub(crate) fn told_of_leave(&mut self, member: &str) {
        self.shown.retain(|shown| shown.member != member);
    }

    /// Nobody is there any more to be told.
    pub(crate) fn nobody_listens(&mut self) {
        self.shown.retain(|shown| shown.left.is_none());
    }

    /// The members that a client shows which was sent its snapshot with that input, in join order.
    pub(crate) fn shown_since(&self, turn: u64) -> impl Iterator<Item = &String> {
        let shown = self.shown.iter().filter(move |shown| shown.left.is_none_or(|left| left >= turn));
        shown.map(|shown| &shown.member)
    }

    pub(crate) fn set(&mut self, member: &MemberId, now: Option<&Json>) {
        self.states.entry(member.to_string()).or_default().push(state(now));
    }

    /// What the server says of a member from now on. What it says already is no news.
    pub(crate) fn inform(&mut self, member: &MemberId, now: Option<&Json>) {
        let infos = self.infos.entry(member.to_string()).or_default();
        if infos.last() != Some(&state(now)) {
            infos.push(state(now));
        }
    }

    /// Notes a message and gives its number.
    pub(crate) fn say(&mut self, from: &str, msg: &Json) -> usize {
        let after = self.is_present(from).then(|| (self.states_of(from).len(), self.infos_of(from).len()));
        let shown = self.shown.iter().any(|shown| shown.member == from);
        self.said.push(Said { from: from.to_owned(), msg: msg.as_str().to_owned(), after, shown });
        self.said.len() - 1
    }

    /// The members in join order.
    pub(crate) fn present(&self) -> &[String] {
        &self.present
    }

    /// How many members can hear something.
    pub(crate) fn listeners(&self) -> usize {
        self.present.len() - self.away.len()
    }

    pub(crate) fn is_present(&self, member: &str) -> bool {
        self.present.iter().any(|present| present == member)
    }

    pub(crate) fn is_away(&self, member: &str) -> bool {
        self.away.contains(member)
    }

    pub(crate) fn user(&self, member: &str) -> Option<&str> {
        self.users.get(member).map(String::as_str)
    }

    /// Every state that a member had, the seed first.
    pub(crate) fn states_of(&self, member: &str) -> &[State] {
        self.states.get(member).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn state(&self, member: &str) -> State {
        self.states_of(member).last().cloned().flatten()
    }

    /// Everything that the server said of a member, what it joined with first.
    pub(crate) fn infos_of(&self, member: &str) -> &[State] {
        self.infos.get(member).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn info(&self, member: &str) -> State {
        self.infos_of(member).last().cloned().flatten()
    }

    /// The number of the last message.
    pub(crate) fn last_said(&self) -> usize {
        self.said.len() - 1
    }

    pub(crate) fn said(&self, number: usize) -> &Said {
        &self.said[number]
    }

    /// What a snapshot of now must hold in v1, and how many states and infos each had had.
    pub(crate) fn roster(&self) -> Vec<(Known, usize, usize)> {
        let known = |member: &String| Known {
            member: member.clone(),
            number: self.number(member),
            user: self.user(member).map(str::to_owned),
            away: self.is_away(member),
            info: self.info(member),
            state: self.state(member),
        };
        let had = |member: &String| (known(member), self.states_of(member).len(), self.infos_of(member).len());
        self.present.iter().map(had).collect()
    }
}

fn state(json: Option<&Json>) -> State {
    json.map(|json| json.as_str().to_owned())
}
