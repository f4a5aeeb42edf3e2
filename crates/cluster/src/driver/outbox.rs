//! What waits for a link, and what a fresh link has to be told.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use roomful_core::cluster::{Address, Outgoing, Subject};
use roomful_core::{Millis, NodeId};
use roomful_runtime::Receipt;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::Command;

/// Between the engine, which never waits, and the link, which does.
#[derive(Debug)]
pub(super) struct Outbox {
    waiting: Mutex<Waiting>,
    comes: Notify,
    /// Nothing will be said any more, and all that was said is with the broker.
    ended: Notify,
}

#[derive(Debug)]
struct Waiting {
    /// What is listened to.
    addresses: BTreeSet<Address>,
    /// What the present link was not told of that. It goes first: nothing is missed by listening too soon, and what is said last
    /// before a node listens no more is not for itself.
    untold: VecDeque<Command>,
    envelopes: Outgoing<Envelope>,
    /// Those that were dropped and are counted.
    counted: u64,
    is_ending: bool,
}

/// What is to be said.
#[derive(Debug)]
struct Envelope {
    command: Command,
    /// Who waits until the broker has it.
    receipts: Vec<Receipt>,
}

impl Outbox {
    pub(super) fn new(most_bytes: usize, most_ms: Millis) -> Self {
        let envelopes = Outgoing::new(most_bytes, most_ms);
        let waiting =
            Waiting { addresses: BTreeSet::new(), untold: VecDeque::new(), envelopes, counted: 0, is_ending: false };
        Self { waiting: Mutex::new(waiting), comes: Notify::new(), ended: Notify::new() }
    }

    pub(super) fn subscribe(&self, address: Address) {
        self.listen(address, Command::Subscribe(address));
    }

    /// A question about it follows.
    pub(super) fn open(&self, room: Subject) {
        self.listen(Address::Room(room), Command::Open(room));
    }

    pub(super) fn unsubscribe(&self, address: Address) {
        let mut waiting = self.held();
        if waiting.addresses.remove(&address) {
            waiting.untold.push_back(Command::Unsubscribe(address));
            self.comes.notify_one();
        }
    }

    pub(super) fn say(&self, to: Address, envelope: Bytes, asks: Option<Subject>, now: Millis) {
        let bytes = envelope.len();
        let command = match asks {
            Some(room) => Command::Ask { room, envelope },
            None => Command::Publish { to, envelope },
        };
        self.held().envelopes.push(Envelope { command, receipts: Vec::new() }, bytes, now);
        self.comes.notify_one();
    }

    /// For the broker that keeps what is said, of so many bytes.
    pub(super) fn order(&self, command: Command, bytes: usize, now: Millis) {
        self.held().envelopes.push(Envelope { command, receipts: Vec::new() }, bytes, now);
        self.comes.notify_one();
    }

    /// The receipt is given when all that waits was taken, and dropped where that is.
    pub(super) fn promise(&self, receipt: Receipt) {
        match self.held().envelopes.last_mut() {
            Some(last) => last.receipts.push(receipt),
            None => receipt.give(),
        }
    }

    /// A fresh link listens to nothing.
    pub(super) fn tell_all_again(&self) {
        let mut waiting = self.held();
        waiting.untold = waiting.addresses.iter().map(|address| Command::Subscribe(*address)).collect();
    }

    /// The next, when there is one. `None`: there will be none, and when the broker has all of them that is to be
    /// [said](Self::has_ended).
    pub(super) async fn next(&self, now: impl Fn() -> Millis) -> Option<Command> {
        loop {
            let comes = {
                let mut waiting = self.held();
                if let Some(command) = waiting.next(now()) {
                    return Some(command);
                }
                if waiting.is_ending {
                    return None;
                }
                self.comes.notified()
            };
            comes.await;
        }
    }

    /// Nothing more will come. It is ready when the broker has all of it, or after so long.
    pub(super) async fn end(&self, most: Duration) {
        self.held().is_ending = true;
        self.comes.notify_one();
        // What is left then is dropped, as it would be in any case.
        let _ = timeout(most, self.ended.notified()).await;
    }

    pub(super) fn has_ended(&self) {
        self.ended.notify_one();
    }

    /// The nodes that are listened for: this one, by the names of its runs.
    pub(super) fn nodes(&self) -> Vec<NodeId> {
        let node = |address: &Address| match address {
            Address::Node(node) => Some(*node),
            _ => None,
        };
        self.held().addresses.iter().filter_map(node).collect()
    }

    /// How many envelopes were dropped since this was asked for the last time.
    pub(super) fn take_dropped(&self, now: Millis) -> u64 {
        let mut waiting = self.held();
        waiting.envelopes.expire(now);
        let dropped = waiting.envelopes.dropped() - waiting.counted;
        waiting.counted += dropped;
        dropped
    }

    /// How many bytes wait.
    pub(super) fn bytes(&self) -> usize {
        self.held().envelopes.bytes()
    }

    fn listen(&self, address: Address, command: Command) {
        let mut waiting = self.held();
        if waiting.addresses.insert(address) {
            waiting.untold.push_back(command);
            self.comes.notify_one();
        }
    }

    /// Nothing panics while it is held.
    fn held(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn next(&mut self, now: Millis) -> Option<Command> {
        self.untold.pop_front().or_else(|| {
            let Envelope { command, receipts } = self.envelopes.pop(now)?;
            receipts.into_iter().for_each(Receipt::give);
            Some(command)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(outbox: &Outbox, now: Millis) -> Vec<Command> {
        std::iter::from_fn(|| outbox.held().next(now)).collect()
    }

    #[test]
    fn a_fresh_link_is_told_what_is_listened_to_before_anything_is_said() {
        let outbox = Outbox::new(100, 2_000);
        let room = Subject::of("app", "a");
        outbox.subscribe(Address::Everybody);
        outbox.say(Address::Room(room), "question".into(), Some(room), 0);
        outbox.open(room);
        let question = Command::Ask { room, envelope: "question".into() };
        let due = [Command::Subscribe(Address::Everybody), Command::Open(room), question];
        assert_eq!(all(&outbox, 0), due);
        outbox.tell_all_again();
        let due = [Address::Everybody, Address::Room(room)].map(Command::Subscribe);
        assert_eq!(all(&outbox, 0), due);
        outbox.unsubscribe(Address::Room(room));
        outbox.unsubscribe(Address::Room(room));
        assert_eq!(all(&outbox, 0), [Command::Unsubscribe(Address::Room(room))]);
    }

    #[test]
    fn what_waited_for_too_long_or_is_too_much_is_counted_once() {
        let outbox = Outbox::new(6, 2_000);
        ["one", "two", "six"].into_iter().for_each(|envelope| outbox.say(Address::Everybody, envelope.into(), None, 0));
        assert_eq!((outbox.take_dropped(0), outbox.take_dropped(1_999), outbox.bytes()), (1, 0, 6));
        assert_eq!((outbox.take_dropped(2_000), outbox.bytes()), (2, 0));
        assert!(all(&outbox, 2_000).is_empty());
    }
}
