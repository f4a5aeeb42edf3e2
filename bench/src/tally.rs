//! What receivers got: counted, timed, and checked for what must never be.

use hdrhistogram::Histogram;

use crate::clock::Clock;
use crate::dialect::Dialect;
use crate::failure::Failure;
use crate::mark::{self, Mark};
use crate::roster::{self, Rosters};
use crate::session::Sessions;

/// What a receiver must get of a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    /// Every message, once, in order.
    Every,
    /// Later ones after earlier ones; some may be left out.
    Newer,
}

/// The longest that is told from longer, in microseconds: a minute.
const LONGEST: u64 = 60_000_000;

/// What the receivers of one server got.
#[derive(Debug)]
pub struct Tally {
    /// Marks that arrived since [`Tally::restart`].
    pub deliveries: u64,
    /// How late they came, in microseconds; those of senders that are timed.
    pub latency: Histogram<u64>,
    /// The same where there are several nodes: of receivers who are at their sender's, and of the others.
    pub here: Histogram<u64>,
    /// See `here`.
    pub elsewhere: Histogram<u64>,
    /// Who is where, for a server that says it.
    pub rosters: Option<Rosters>,
    /// What each receiver comes back with, where that is asked for.
    pub sessions: Option<Sessions>,
    /// What was sent before this is checked, and not counted.
    since: u64,
    promise: Promise,
    senders: usize,
    /// How many of them are timed, from the first on.
    timed: usize,
    /// Those from this one on set states, of which some may be left out.
    states_from: usize,
    /// The newest of each sender at each receiver.
    newest: Vec<u32>,
    nodes: usize,
    /// The member that each sender is.
    members: Vec<usize>,
    clock: Clock,
}

impl Tally {
    /// Nothing yet, of so many receivers and senders.
    pub fn new(dialect: Dialect, receivers: usize, senders: usize, promise: Promise, clock: Clock) -> Self {
        Self {
            deliveries: 0,
            latency: histogram(),
            here: histogram(),
            elsewhere: histogram(),
            rosters: dialect.has_roster().then(|| Rosters::new(receivers)),
            sessions: None,
            since: 0,
            promise,
            senders,
            timed: senders,
            states_from: senders,
            newest: vec![0; receivers * senders],
            nodes: 1,
            members: Vec::new(),
            clock,
        }
    }

    /// The same, which times the messages of the first `senders` alone, and checks and counts those of the others.
    pub fn timing(self, senders: usize) -> Self {
        Self { timed: senders, ..self }
    }

    /// The same of a server of so many nodes, to which connections go in turn; `members` are the senders.
    pub fn at_nodes(self, nodes: usize, members: Vec<usize>) -> Self {
        Self { nodes, members, ..self }
    }

    /// The same, where the senders from this one on set states, which are checked and counted, and not timed.
    pub fn with_states_from(self, sender: usize) -> Self {
        Self { timed: self.timed.min(sender), states_from: sender, ..self }
    }

    /// Messages of those who are timed that arrived since [`Tally::restart`].
    pub fn timed(&self) -> u64 {
        self.latency.len()
    }

    /// Counts from zero again, and only what is sent from now on; what was seen of each sender stays.
    pub fn restart(&mut self) {
        self.since = self.clock.micros();
        self.deliveries = 0;
        for histogram in [&mut self.latency, &mut self.here, &mut self.elsewhere] {
            histogram.reset();
        }
    }

    /// Takes in a text message.
    ///
    /// # Errors
    ///
    /// A [`Failure::Violation`] when it is one that this receiver must not get.
    pub fn hear(&mut self, receiver: usize, payload: &[u8]) -> Result<(), Failure> {
        let mut found = false;
        // A snapshot says each member's state as it was before.
        let (snapshot, rest) = roster::split(payload);
        if !rest.is_empty() {
            let now = self.clock.micros();
            for at in memchr::memchr_iter(mark::SIGN, rest) {
                let mark = Mark::decode(&rest[at..]).ok_or_else(|| damaged(receiver, payload))?;
                self.deliver(receiver, mark, now)?;
                found = snapshot.is_empty();
            }
        }
        if let Some(sessions) = &mut self.sessions {
            sessions.hear(receiver, payload).map_err(Failure::Violation)?;
        }
        match &mut self.rosters {
            // One message in one frame tells nothing of who is there.
            Some(rosters) if !found || payload.starts_with(b"[") => {
                rosters.hear(receiver, payload).map_err(Failure::Violation)
            }
            _ => Ok(()),
        }
    }

    /// How many have this message of that sender, and none after it.
    pub fn have_heard(&self, sender: usize, seq: u32) -> usize {
        let newest = self.newest.iter().skip(sender).step_by(self.senders.max(1));
        newest.filter(|newest| **newest == seq).count()
    }

    fn deliver(&mut self, receiver: usize, mark: Mark, now: u64) -> Result<(), Failure> {
        let at = receiver * self.senders + mark.sender as usize;
        let newest = self.newest.get_mut(at).filter(|_| (mark.sender as usize) < self.senders).ok_or_else(|| {
            Failure::Violation(format!("receiver {receiver} got a message of sender {}, who is not there", mark.sender))
        })?;
        let promise = if (mark.sender as usize) < self.states_from { self.promise } else { Promise::Newer };
        let fits = match promise {
            Promise::Every => mark.seq == *newest + 1,
            Promise::Newer => mark.seq > *newest,
        };
        if !fits {
            return Err(Failure::Violation(format!(
                "receiver {receiver} got message {} of sender {} after {newest}",
                mark.seq, mark.sender
            )));
        }
        *newest = mark.seq;
        if mark.sent < self.since {
            return Ok(());
        }
        self.deliveries += 1;
        if (mark.sender as usize) < self.timed {
            let took = now.saturating_sub(mark.sent);
            self.latency.saturating_record(took);
            if self.nodes > 1 {
                let sender = self.members.get(mark.sender as usize).copied().unwrap_or_default();
                let is_here = sender % self.nodes == receiver % self.nodes;
                if is_here { &mut self.here } else { &mut self.elsewhere }.saturating_record(took);
            }
        }
        Ok(())
    }
}

/// An empty histogram of microseconds, with three digits.
#[allow(clippy::expect_used, reason = "these bounds are constants that the histogram takes; a test makes one")]
pub(crate) fn histogram() -> Histogram<u64> {
    Histogram::new_with_max(LONGEST, 3).expect("valid bounds")
}

fn damaged(receiver: usize, payload: &[u8]) -> Failure {
    let shown = String::from_utf8_lossy(&payload[..payload.len().min(200)]);
    Failure::Violation(format!("receiver {receiver} got what nobody sent: {shown}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(promise: Promise) -> Tally {
        Tally::new(Dialect::Relay, 2, 2, promise, Clock::start())
    }

    fn message(sender: u32, seq: u32) -> Vec<u8> {
        let mut bytes = b"\"".to_vec();
        bytes.extend(Mark { sender, seq, sent: 0 }.encode());
        bytes.push(b'"');
        bytes
    }

    #[test]
    fn each_message_once_and_in_order() {
        let mut tally = tally(Promise::Every);
        for seq in 1..=3 {
            tally.hear(0, &message(1, seq)).expect("in order");
        }
        assert_eq!(tally.deliveries, 3);
        assert!(tally.hear(0, &message(1, 3)).is_err(), "twice");
        assert!(tally.hear(0, &message(1, 5)).is_err(), "one is missing");
        assert!(tally.hear(1, &message(1, 2)).is_err(), "another receiver's first is missing");
        assert!(tally.hear(0, &message(2, 1)).is_err(), "there is no such sender");
    }

    #[test]
    fn states_may_be_left_out_but_never_come_back() {
        let mut tally = tally(Promise::Newer);
        tally.hear(0, &message(0, 1)).expect("the first");
        tally.hear(0, &message(0, 9)).expect("a newer one");
        assert!(tally.hear(0, &message(0, 8)).is_err(), "an older one");
    }

    #[test]
    fn all_messages_of_a_batch_count() {
        let mut tally = tally(Promise::Every);
        let batch = [b"[".to_vec(), message(0, 1), b",".to_vec(), message(1, 1), b"]".to_vec()].concat();
        tally.hear(0, &batch).expect("a batch");
        assert_eq!((tally.deliveries, tally.latency.len()), (2, 2));
        tally.restart();
        assert_eq!((tally.deliveries, tally.latency.len()), (0, 0));
        while tally.clock.micros() == 0 {
            std::hint::spin_loop();
        }
        tally.restart();
        tally.hear(0, &message(0, 2)).expect("what was seen of each sender stays");
        assert_eq!(tally.deliveries, 0, "it was sent before the restart");
    }

    #[test]
    fn who_is_not_timed_is_counted_and_checked() {
        let mut tally = tally(Promise::Every).timing(1);
        tally.hear(0, &message(0, 1)).expect("of the sender that is timed");
        tally.hear(0, &message(1, 1)).expect("of the other");
        assert_eq!((tally.deliveries, tally.latency.len()), (2, 1));
        assert!(tally.hear(0, &message(1, 1)).is_err(), "twice");
    }

    #[test]
    fn states_beside_messages_may_be_left_out_and_messages_may_not() {
        let mut tally = tally(Promise::Every).with_states_from(1);
        tally.hear(0, &message(1, 1)).expect("a state");
        tally.hear(0, &message(1, 3)).expect("a newer state");
        assert!(tally.hear(0, &message(1, 2)).is_err(), "an older state");
        tally.hear(0, &message(0, 1)).expect("a message");
        assert!(tally.hear(0, &message(0, 3)).is_err(), "a message is missing");
        assert_eq!((tally.deliveries, tally.timed()), (3, 1));
    }

    #[test]
    fn what_nobody_sent_is_a_violation() {
        assert!(tally(Promise::Every).hear(0, b"\"~not a mark\"").is_err());
    }

    #[test]
    fn the_marks_in_a_snapshot_are_no_deliveries() {
        let mut tally = Tally::new(Dialect::Roomful, 1, 1, Promise::Newer, Clock::start());
        let mut snapshot = br#"{"t":"snapshot","self":"a","members":[{"id":"a","state":"#.to_vec();
        snapshot.extend(message(0, 7));
        snapshot.extend(b"}]}");
        tally.hear(0, &snapshot).expect("a snapshot");
        assert_eq!(tally.deliveries, 0);
        assert_eq!(tally.rosters.map(|rosters| rosters.right(0..1)), Some(1));
    }
}
