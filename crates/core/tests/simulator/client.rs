//! What a client keeps over all its sockets: its session, how far its app has come in it, and what it has said itself. With
//! it stands what is true of that, so that nothing the client comes to believe can be wrong.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use roomful_core::session::{MOST_OUT, Token};

use crate::fault::Fault;
use crate::plan::ClientSays;

#[derive(Default)]
pub(crate) struct Client {
    /// The tokens that it has read, the newest last.
    tokens: Vec<Token>,
    /// The last number that its app has had.
    position: u64,
    /// Every message since it became a member that was for it, with its number in the room, had it a socket or not.
    owed: Vec<(u64, usize)>,
    /// So many of those its app has had, or was told that it missed.
    settled: usize,
    /// It has read the snapshot of the socket that it has.
    pub(crate) is_greeted: bool,
    /// What it says next is numbered above this.
    last_id: u64,
    /// What it has said and knows no outcome of.
    waiting: BTreeMap<u64, (ClientSays, Bytes)>,
    /// What it sends again.
    outgoing: VecDeque<u64>,
    /// What was handled, and what failed.
    pub(crate) handled: BTreeSet<u64>,
    failed: BTreeSet<u64>,
}

/// What a snapshot says of its receiver's session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Greeting {
    pub(crate) token: Token,
    pub(crate) resumed: bool,
    pub(crate) acked: Option<u64>,
}

impl Client {
    /// A message to the room, or to its member alone, was for it.
    pub(crate) fn owe(&mut self, seq: u64, number: usize) {
        self.owed.push((seq, number));
    }

    /// What it must be sent if it has seen everything up to `seen`.
    pub(crate) fn owed_since(&self, seen: u64) -> &[(u64, usize)] {
        &self.owed[self.up_to(seen)..]
    }

    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Whether it was given a session.
    pub(crate) fn has_session(&self) -> bool {
        !self.tokens.is_empty()
    }

    /// The newest of its tokens, or one that it has had before.
    pub(crate) fn token(&self, earlier: usize) -> Option<Token> {
        self.tokens.len().checked_sub(earlier + 1).map(|at| self.tokens[at])
    }

    /// It comes back, and says that its app has had everything up to there.
    pub(crate) fn claim(&mut self, seen: u64) {
        self.settled = self.up_to(seen);
    }

    /// It read its snapshot.
    pub(crate) fn greet(&mut self, seq: u64, greeting: Option<Greeting>) {
        self.is_greeted = true;
        if !greeting.is_some_and(|greeting| greeting.resumed) {
            self.position = seq;
            self.settled = self.up_to(seq);
        }
        let Some(Greeting { token, acked, .. }) = greeting else { return };
        self.tokens.push(token);
        match acked {
            Some(acked) => self.outgoing = self.waiting.range(acked + 1..).map(|(id, _)| *id).collect(),
            None => self.lose_words(),
        }
    }

    /// It handed a message to its app.
    pub(crate) fn hand(&mut self, seq: u64, number: usize) -> Result<(), Fault> {
        let due = self.owed.get(self.settled);
        ensure!(due == Some(&(seq, number)), "message {number} came as {seq} where {due:?} was due");
        self.settled += 1;
        self.position = seq;
        Ok(())
    }

    /// It read that everything it said up to `id` was handled, and that all up to `seq` came before this.
    pub(crate) fn read_ack(&mut self, id: u64, seq: u64) -> Result<(), Fault> {
        let due = self.up_to(seq);
        ensure!(
            self.settled >= due,
            "an ack says that all up to {seq} has come, and {:?} has not",
            self.owed[self.settled]
        );
        self.position = self.position.max(seq);
        let later = self.waiting.split_off(&(id + 1));
        for id in std::mem::replace(&mut self.waiting, later).into_keys() {
            ensure!(self.handled.contains(&id), "{id} was acknowledged, and was not handled");
        }
        Ok(())
    }

    /// It read that this was not handled.
    pub(crate) fn read_error(&mut self, id: u64) -> Result<(), Fault> {
        self.waiting.remove(&id);
        ensure!(self.failed.contains(&id) && !self.handled.contains(&id), "{id} is said to have failed");
        Ok(())
    }

    /// Whether it may say something more, and need not keep it to itself.
    pub(crate) fn may_say(&self) -> bool {
        self.waiting.len() < MOST_OUT
    }

    /// It says something new: with which number.
    pub(crate) fn next_id(&mut self, gap: u64) -> u64 {
        self.last_id += 1 + gap;
        self.last_id
    }

    /// It waits for the outcome of that.
    pub(crate) fn says(&mut self, id: u64, says: ClientSays, frame: Bytes) {
        self.waiting.insert(id, (says, frame));
    }

    /// What it sends again now.
    pub(crate) fn next_outgoing(&mut self) -> Option<(u64, ClientSays, Bytes)> {
        let id = self.outgoing.pop_front()?;
        let (says, frame) = self.waiting.get(&id)?;
        Some((id, *says, frame.clone()))
    }

    /// Nobody knows any more what became of what it said.
    pub(crate) fn lose_words(&mut self) {
        self.waiting.clear();
        self.outgoing.clear();
    }

    /// This was handled.
    pub(crate) fn note_handled(&mut self, id: u64) -> Result<(), Fault> {
        ensure!(self.handled.insert(id), "{id} was handled twice");
        ensure!(!self.failed.contains(&id), "{id} was handled, and had failed");
        Ok(())
    }

    /// This failed.
    pub(crate) fn note_failed(&mut self, id: u64) -> Result<(), Fault> {
        ensure!(self.failed.insert(id), "{id} failed twice");
        ensure!(!self.handled.contains(&id), "{id} failed, and was handled");
        Ok(())
    }

    /// Its socket is gone, with what was on its way.
    pub(crate) fn hang_up(&mut self) {
        self.is_greeted = false;
        self.outgoing.clear();
    }

    /// It has read everything that it was sent.
    pub(crate) fn check_drained(&self) -> Result<(), Fault> {
        let missed = &self.owed[self.settled..];
        ensure!(missed.is_empty(), "has read everything, and was told nothing of {missed:?}");
        Ok(())
    }

    /// Nothing is on its way any more.
    pub(crate) fn check_settled(&self) -> Result<(), Fault> {
        ensure!(self.waiting.is_empty(), "waits for ever for what became of {:?}", self.waiting.keys());
        Ok(())
    }

    fn up_to(&self, seq: u64) -> usize {
        self.owed.partition_point(|(owed, _)| *owed <= seq)
    }
}
