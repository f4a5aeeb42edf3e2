//! What really happened, kept beside the engine and without it: who is in, every state each had, every message said.

use std::collections::BTreeMap;

use roomful_core::{ConnectionId, Json, MemberId};

use crate::view::State;

/// The room as it should be. It is told of an input only once the engine has taken it.
#[derive(Default)]
pub(crate) struct Ledger {
    present: Vec<String>,
    /// Those who are in, and those whose leave nobody has been told: what every client is to show.
    shown: Vec<String>,
    connections: BTreeMap<ConnectionId, MemberId>,
    states: BTreeMap<String, Vec<State>>,
    said: Vec<Said>,
}

/// One message.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) from: String,
    pub(crate) msg: String,
    /// How many states its sender had had; `None` when no member of that moment said it.
    pub(crate) after: Option<usize>,
}

impl Ledger {
    pub(crate) fn join(&mut self, connection: ConnectionId, member: &MemberId, seed: Option<&Json>) {
        self.connections.insert(connection, member.clone());
        self.present.push(member.to_string());
        self.shown.push(member.to_string());
        self.states.insert(member.to_string(), vec![state(seed)]);
    }

    /// Which member left.
    pub(crate) fn leave(&mut self, connection: ConnectionId) -> Option<MemberId> {
        let member = self.connections.remove(&connection)?;
        self.present.retain(|present| present != member.as_str());
        Some(member)
    }

    /// The others were told that it left.
    pub(crate) fn told_of_leave(&mut self, member: &str) {
        self.shown.retain(|shown| shown != member);
    }

    /// Nobody is in any more, and so there is nobody to be told.
    pub(crate) fn emptied(&mut self) {
        self.shown.clear();
    }

    /// The members that every client is to show, in join order.
    pub(crate) fn shown(&self) -> &[String] {
        &self.shown
    }

    pub(crate) fn set(&mut self, member: &MemberId, now: Option<&Json>) {
        self.states.entry(member.to_string()).or_default().push(state(now));
    }

    /// Notes a message and gives its number.
    pub(crate) fn say(&mut self, from: &str, msg: &Json) -> usize {
        let after = self.is_present(from).then(|| self.states_of(from).len());
        self.said.push(Said { from: from.to_owned(), msg: msg.as_str().to_owned(), after });
        self.said.len() - 1
    }

    /// The member that a connection is.
    pub(crate) fn member(&self, connection: ConnectionId) -> Option<&MemberId> {
        self.connections.get(&connection)
    }

    /// The members in join order.
    pub(crate) fn present(&self) -> &[String] {
        &self.present
    }

    pub(crate) fn is_present(&self, member: &str) -> bool {
        self.present.iter().any(|present| present == member)
    }

    /// Every state that a member had, the seed first.
    pub(crate) fn states_of(&self, member: &str) -> &[State] {
        self.states.get(member).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn said(&self, number: usize) -> &Said {
        &self.said[number]
    }

    /// Everybody with how many states each had: what a snapshot of now must hold.
    pub(crate) fn roster(&self) -> Vec<(String, usize)> {
        self.present.iter().map(|member| (member.clone(), self.states_of(member).len())).collect()
    }
}

fn state(json: Option<&Json>) -> State {
    json.map(|json| json.as_str().to_owned())
}
