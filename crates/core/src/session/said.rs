//! What one client has said: nothing of it is handled twice, and of each thing the client hears what became of it.

use std::collections::VecDeque;

use super::kept::{KeptSaid, MOST_FAILURES};
use crate::{ErrorCode, Millis};

/// A client has so many messages out at the most that it was told no outcome of. The others wait with it.
pub const MOST_OUT: usize = 64;

/// An acknowledgement comes when this many messages wait for one. A client has twice as many out at the most, so it need not
/// stop for it.
pub const MOST_UNACKED: u32 = 32;

/// And so many milliseconds after the first of them was handled, at the latest.
pub const ACK_WITHIN_MS: Millis = 250;

/// One session's messages from its client, as their ids go.
///
/// Each is [received](Said::receive), and then [handled](Said::handled) or [failed](Said::failed), in the same order. A client
/// that comes back sends again what is above [`received`](Said::received); the rest is on its way here, whatever became of
/// the socket that brought it.
///
/// Word of a failure may be lost with the socket that it was sent on, and nothing that the client says shows that it came: it
/// may have said that before. So it is told again of all that it may not know: of those [`MOST_OUT`] before the last that it
/// said. It passes over what it knows.
#[derive(Debug, Default)]
pub struct Said {
    received: u64,
    /// How many were received.
    messages: u64,
    /// Everything up to it was handled, but for what failed.
    handled: u64,
    /// The last that the client was told so of, on the socket that it has.
    told: u64,
    unacked: u32,
    /// When it is to be told of the rest, at the latest.
    due: Option<Millis>,
    /// What the client may not know of, each with how many were received when it failed. The oldest first, and [`MOST_OUT`]
    /// at the most.
    failures: VecDeque<(u64, Failure)>,
    /// How many must be received until the client knows of everything that failed in another process, where not all of that is
    /// known.
    unknown_until: u64,
}

/// Something that was not handled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Which.
    pub id: u64,
    /// Why, for the client.
    pub code: ErrorCode,
    /// Why, in words.
    pub reason: Box<str>,
}

/// What is to be done with a message of this id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// Handle it.
    New,
    /// It was received before, or one that was said after it: drop it.
    Duplicate,
}

/// When [`Said::take_ack`] is to be asked. It may be asked sooner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AckDue {
    /// As many wait as may.
    Now,
    /// Then. No more than one such wait runs at a time.
    At(Millis),
}

/// What a client that is back is told again, after its snapshot and before anything new of its messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retold {
    /// What failed, and it may not know.
    pub failures: Vec<Failure>,
    /// Everything up to here was handled, but for those; `None`: nothing was yet.
    pub ack: Option<u64>,
}

impl Said {
    /// A message with this id has come.
    pub fn receive(&mut self, id: u64) -> Arrival {
        if id <= self.received {
            return Arrival::Duplicate;
        }
        self.received = id;
        self.messages += 1;
        let is_known = |at: u64| self.messages - at >= MOST_OUT as u64;
        while self.failures.front().is_some_and(|(at, _)| is_known(*at)) {
            self.failures.pop_front();
        }
        if self.failures.is_empty() {
            self.failures = VecDeque::new();
        }
        Arrival::New
    }

    /// This one was handled, and everything before it handled or failed.
    pub fn handled(&mut self, id: u64, now: Millis) -> Option<AckDue> {
        self.handled = self.handled.max(id);
        self.unacked += 1;
        if self.unacked >= MOST_UNACKED {
            return Some(AckDue::Now);
        }
        if self.due.is_some() {
            return None;
        }
        let at = now.saturating_add(ACK_WITHIN_MS);
        self.due = Some(at);
        Some(AckDue::At(at))
    }

    /// This one was not, though its turn came. The client is told at once where it has a socket.
    pub fn failed(&mut self, failure: Failure) {
        self.handled = self.handled.max(failure.id);
        self.keep(failure);
    }

    /// This one never has its turn: it is told of before what was received earlier is handled, which says nothing of that. A
    /// duplicate is dropped, and not told of: something else became of it.
    pub fn refused(&mut self, failure: Failure) -> Arrival {
        let arrival = self.receive(failure.id);
        if arrival == Arrival::New {
            self.keep(failure);
        }
        arrival
    }

    /// This one was received, and never has its turn. It is told of before what was received earlier is handled, which says
    /// nothing of that.
    pub fn dropped(&mut self, failure: Failure) {
        self.keep(failure);
    }

    /// When [`Said::take_ack`] is due.
    #[must_use]
    pub fn ack_due(&self) -> Option<Millis> {
        self.due
    }

    /// The id up to which everything was handled, where the client does not know that yet. Ask only while it has a socket: it is
    /// taken to be told.
    pub fn take_ack(&mut self) -> Option<u64> {
        (self.due, self.unacked) = (None, 0);
        let is_news = self.handled > self.told;
        self.told = self.handled;
        is_news.then_some(self.handled)
    }

    /// The highest id received.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received
    }

    /// What a snapshot says as `acked`: the highest id received, where everything is known that failed of those. Where not, what
    /// was not acknowledged is lost to the client.
    #[must_use]
    pub fn acked(&self) -> Option<u64> {
        (self.messages >= self.unknown_until).then_some(self.received)
    }

    /// What the next process needs of it.
    #[must_use]
    pub fn kept(&self) -> KeptSaid {
        let oldest = self.failures.len().saturating_sub(MOST_FAILURES);
        let failed = self.failures.range(oldest..).map(|(_, failure)| (failure.id, failure.code)).collect();
        let has_more = oldest > 0 || self.acked().is_none();
        KeptSaid { received: self.received, handled: self.handled, failed, has_more }
    }

    /// What another node needs of it that has its client from here on, where nothing is being handled. What waits from this id on is
    /// not received: its client says it again.
    pub fn give_away(&mut self, waits_from: Option<u64>) -> KeptSaid {
        self.received = waits_from.map_or(self.received, |first| self.received.min(first.saturating_sub(1)));
        // Of all that is received it is known what became of it.
        KeptSaid { handled: self.received, ..self.kept() }
    }

    /// Goes on where another process has ended. What that had received and not handled failed with it.
    #[must_use]
    pub fn restored(kept: KeptSaid) -> Self {
        const REASON: &str = "it failed before the room was put away";
        let KeptSaid { received, handled, failed, has_more } = kept;
        let in_hand = handled.saturating_add(1).max(received.saturating_sub(MOST_OUT as u64 - 1))..=received;
        let failed = failed.into_iter().chain(in_hand.map(|id| (id, ErrorCode::HandlerFailed)));
        let failures = failed.map(|(id, code)| (0, Failure { id, code, reason: REASON.into() })).collect();
        let unknown_until = if has_more { MOST_OUT as u64 } else { 0 };
        Self { received, handled: received, failures, unknown_until, ..Self::default() }
    }

    /// The client has a new socket. What it was told on the one before may have been lost with that.
    #[must_use]
    pub fn resume(&mut self) -> Retold {
        self.told = 0;
        let ack = self.take_ack();
        Retold { failures: self.failures.iter().map(|(_, failure)| failure.clone()).collect(), ack }
    }

    /// Word of the failures comes in the order in which they were told, so what a client does not know are the last of them.
    fn keep(&mut self, failure: Failure) {
        if self.failures.len() >= MOST_OUT {
            self.failures.pop_front();
        }
        self.failures.push_back((self.messages, failure));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    fn failure(id: u64) -> Failure {
        Failure { id, code: ErrorCode::HandlerFailed, reason: "no".into() }
    }

    #[test]
    fn what_waits_when_its_client_goes_to_another_node_is_said_there_again_and_here_where_it_comes_back() {
        let mut said = Said::default();
        (1..=3).for_each(|id| assert_eq!(said.receive(id), Arrival::New));
        said.handled(1, 0);
        said.failed(failure(2));
        assert_eq!(said.refused(failure(4)), Arrival::New);
        let mut there = Said::restored(said.give_away(Some(3)));
        assert_eq!((there.acked(), said.acked()), (Some(2), Some(2)));
        let told = there.resume();
        assert_eq!(told.failures.iter().map(|failure| failure.id).collect::<Vec<_>>(), [2, 4]);
        assert_eq!(told.ack, Some(2));
        for mut said in [said, there] {
            assert_eq!([2, 3].map(|id| said.receive(id)), [Arrival::Duplicate, Arrival::New]);
        }
        let mut all = Said::default();
        (5..=6).for_each(|id| assert_eq!(all.receive(id), Arrival::New));
        all.handled(5, 0);
        all.handled(6, 0);
        assert_eq!(Said::restored(all.give_away(None)).resume(), Retold { failures: vec![], ack: Some(6) });
    }

    #[test]
    fn what_is_not_above_all_before_it_is_a_duplicate() {
        let mut said = Said::default();
        for (id, arrival) in [
            (0, Arrival::Duplicate),
            (1, Arrival::New),
            (1, Arrival::Duplicate),
            (7, Arrival::New),
            (3, Arrival::Duplicate),
            (8, Arrival::New),
            (u64::MAX, Arrival::New),
            (u64::MAX, Arrival::Duplicate),
        ] {
            assert_eq!(said.receive(id), arrival, "{id}");
        }
        assert_eq!(said.received(), u64::MAX);
    }

    #[test]
    fn an_ack_comes_late_and_for_many() {
        let mut said = Said::default();
        assert_eq!(said.take_ack(), None);
        assert_eq!(said.handled(1, 1_000), Some(AckDue::At(1_250)));
        assert_eq!((said.handled(2, 1_200), said.ack_due()), (None, Some(1_250)), "one wait, from the first on");
        assert_eq!((said.take_ack(), said.ack_due(), said.take_ack()), (Some(2), None, None));
        assert_eq!(said.handled(3, 1_300), Some(AckDue::At(1_550)));
        let more: Vec<_> = (4..35).map(|id| said.handled(id, 1_301)).collect();
        assert_eq!(more.iter().position(Option::is_some), Some(30), "with the thirty-second");
        assert_eq!((more[30], said.take_ack(), said.ack_due()), (Some(AckDue::Now), Some(34), None));
    }

    #[test]
    fn an_ack_covers_what_failed_and_nothing_that_was_only_refused() {
        let mut said = Said::default();
        (1..=4).for_each(|id| assert_eq!(said.receive(id), Arrival::New));
        assert_eq!(said.refused(failure(5)), Arrival::New);
        assert_eq!((said.received(), said.take_ack()), (5, None), "1 to 4 still wait for their turn");
        said.handled(1, 0);
        said.failed(failure(2));
        assert_eq!(said.take_ack(), Some(2));
        assert_eq!(said.receive(5), Arrival::Duplicate, "it was answered");
        said.dropped(failure(4));
        assert_eq!(said.take_ack(), None, "3 has not had its turn");
        assert_eq!(said.refused(failure(1)), Arrival::Duplicate);
        assert_eq!(
            said.resume().failures,
            [failure(5), failure(2), failure(4)],
            "what was handled is not said to have failed"
        );
    }

    #[test]
    fn what_failed_is_told_again_until_the_client_must_know_it() {
        let mut said = Said::default();
        assert_eq!(said.resume(), Retold { failures: vec![], ack: None });
        (1..=3).for_each(|id| assert_eq!(said.receive(id), Arrival::New));
        said.handled(1, 0);
        said.failed(failure(2));
        assert_eq!(said.take_ack(), Some(2));
        let again = Retold { failures: vec![failure(2)], ack: Some(2) };
        assert_eq!((said.resume(), said.resume()), (again.clone(), again), "the socket after it may be lost, too");
        assert_eq!((said.take_ack(), said.ack_due()), (None, None));
        said.failed(failure(3));
        let told_again = |said: &mut Said| said.resume().failures.iter().map(|failure| failure.id).collect::<Vec<_>>();
        for id in 4..67 {
            assert_eq!(said.receive(id), Arrival::New);
        }
        assert_eq!(told_again(&mut said), [2, 3], "sixty-four are out, if it knows of neither");
        assert_eq!(said.receive(3), Arrival::Duplicate);
        assert_eq!(told_again(&mut said), [2, 3], "what it says again is nothing more that is out");
        assert_eq!((said.receive(67), told_again(&mut said)), (Arrival::New, vec![]));
    }

    #[test]
    fn no_more_is_told_again_than_a_client_may_have_out() {
        let mut said = Said::default();
        for id in 1..=200 {
            assert_eq!(said.receive(id), Arrival::New);
        }
        (1..=200).for_each(|id| said.failed(failure(id)));
        let again: Vec<_> = said.resume().failures.iter().map(|failure| failure.id).collect();
        assert_eq!(again, (137..=200).collect::<Vec<_>>());
    }

    #[test]
    fn what_was_said_is_known_in_the_next_process() {
        let mut said = Said::default();
        (1..=3).for_each(|id| assert_eq!(said.receive(id), Arrival::New));
        said.handled(1, 0);
        said.failed(failure(2));
        let kept = said.kept();
        let text = serde_json::to_string(&kept).unwrap();
        assert_eq!(text, r#"{"r":3,"h":2,"f":[[2,"handler_failed"]]}"#);
        assert_eq!(serde_json::from_str::<KeptSaid>(&text).unwrap(), kept);
        let mut next = Said::restored(kept);
        assert_eq!((next.acked(), next.receive(3), next.receive(4)), (Some(3), Arrival::Duplicate, Arrival::New));
        let Retold { failures, ack } = next.resume();
        assert_eq!(failures.iter().map(|failure| failure.id).collect::<Vec<_>>(), [2, 3], "the process ended over 3");
        assert_eq!((failures[1].code, ack), (ErrorCode::HandlerFailed, Some(3)));
        assert_eq!(Said::restored(Said::default().kept()).acked(), Some(0));
    }

    #[test]
    fn where_more_failed_than_is_kept_nobody_knows_until_the_client_must() {
        let mut said = Said::default();
        for id in 1..=9 {
            assert_eq!(said.receive(id), Arrival::New);
            said.failed(failure(id));
        }
        let kept = said.kept();
        assert!(serde_json::to_vec(&kept).unwrap().len() <= serde_json::to_vec(&KeptSaid::largest()).unwrap().len());
        let mut next = Said::restored(Said::restored(kept).kept());
        assert_eq!((next.acked(), next.resume().failures.len()), (None, 8));
        for id in 10..73 {
            assert_eq!((next.receive(id), next.acked()), (Arrival::New, None), "{id}");
        }
        assert_eq!((next.receive(73), next.acked()), (Arrival::New, Some(73)));
    }

    #[derive(Debug, Clone, Copy)]
    enum Step {
        /// The client says something; it is numbered so much above the one before.
        Say(u64),
        /// What it sent comes in, to be handled or, where `bool`, refused at once.
        Arrive(bool),
        Handle,
        Pass(Millis),
        /// What it was sent comes in.
        Read,
        Cut,
        Resume,
    }

    #[derive(Debug, Clone, Copy)]
    enum Down {
        Snapshot(u64),
        Ack(u64),
        Error(u64),
    }

    /// A client, its wires and the handler. What its number can be divided by 3 fails.
    #[derive(Default)]
    struct Play {
        said: Said,
        now: Millis,
        is_on: bool,
        is_greeted: bool,
        up: VecDeque<u64>,
        down: VecDeque<Down>,
        queue: VecDeque<u64>,
        handled: Vec<u64>,
        refused: BTreeSet<u64>,
        last: u64,
        waiting: BTreeSet<u64>,
        /// What the client believes of each: that it was handled.
        outcome: BTreeMap<u64, bool>,
    }

    impl Play {
        fn step(&mut self, step: Step) {
            match step {
                Step::Say(gap) if self.waiting.len() < MOST_OUT => {
                    self.last += gap;
                    self.waiting.insert(self.last);
                    if self.is_greeted {
                        self.up.push_back(self.last);
                    }
                }
                Step::Say(_) => {}
                Step::Arrive(is_bad) => self.arrive(is_bad),
                Step::Handle => self.handle(),
                Step::Pass(ms) => {
                    self.now += ms;
                    if self.is_on && self.said.ack_due().is_some_and(|at| at <= self.now) {
                        self.ack();
                    }
                }
                Step::Read => self.read(),
                Step::Cut => {
                    (self.is_on, self.is_greeted) = (false, false);
                    self.up.clear();
                    self.down.clear();
                }
                Step::Resume => self.resume(),
            }
        }

        fn arrive(&mut self, is_bad: bool) {
            let Some(id) = self.up.pop_front() else { return };
            if is_bad {
                self.refused.insert(id);
                assert_eq!(self.said.refused(failure(id)), Arrival::New, "this client says nothing twice");
                self.down.push_back(Down::Error(id));
            } else if self.said.receive(id) == Arrival::New {
                self.queue.push_back(id);
            }
        }

        fn handle(&mut self) {
            let Some(id) = self.queue.pop_front() else { return };
            if id.is_multiple_of(3) {
                self.said.failed(failure(id));
                if self.is_on {
                    self.down.push_back(Down::Error(id));
                }
                return;
            }
            self.handled.push(id);
            if self.said.handled(id, self.now) == Some(AckDue::Now) && self.is_on {
                self.ack();
            }
        }

        fn ack(&mut self) {
            self.down.extend(self.said.take_ack().map(Down::Ack));
        }

        fn resume(&mut self) {
            self.step(Step::Cut);
            self.is_on = true;
            self.down.push_back(Down::Snapshot(self.said.received()));
            let Retold { failures, ack } = self.said.resume();
            self.down.extend(failures.iter().map(|failure| Down::Error(failure.id)));
            self.down.extend(ack.map(Down::Ack));
        }

        fn read(&mut self) {
            match self.down.pop_front() {
                Some(Down::Snapshot(acked)) => {
                    self.is_greeted = true;
                    self.up.extend(self.waiting.range(acked + 1..));
                }
                Some(Down::Ack(up_to)) => {
                    let later = self.waiting.split_off(&(up_to + 1));
                    self.outcome.extend(std::mem::replace(&mut self.waiting, later).into_iter().map(|id| (id, true)));
                }
                Some(Down::Error(id)) if self.waiting.remove(&id) => drop(self.outcome.insert(id, false)),
                Some(Down::Error(_)) | None => {}
            }
        }

        fn is_settled(&self) -> bool {
            self.is_greeted && self.waiting.is_empty() && self.up.is_empty() && self.down.is_empty()
        }

        fn settle(&mut self) {
            self.resume();
            for _ in 0..1_000 {
                for step in [Step::Read, Step::Arrive(false), Step::Handle, Step::Pass(ACK_WITHIN_MS)] {
                    self.step(step);
                }
                if self.is_settled() {
                    return;
                }
            }
        }
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            8 => (1..3u64).prop_map(Step::Say),
            6 => prop::bool::weighted(0.1).prop_map(Step::Arrive),
            6 => Just(Step::Handle),
            2 => (0..ACK_WITHIN_MS).prop_map(Step::Pass),
            6 => Just(Step::Read),
            1 => Just(Step::Cut),
            1 => Just(Step::Resume),
        ]
    }

    proptest! {
        /// Over sockets that are cut anywhere: each message is handled once or failed, in order, and that is what the client
        /// comes to believe of it.
        #[test]
        fn a_client_hears_what_became_of_each_of_its_messages(steps in prop::collection::vec(step(), 0..400)) {
            let mut play = Play::default();
            play.resume();
            for step in steps {
                play.step(step);
            }
            play.settle();
            prop_assert!(play.is_settled(), "{:?} are still waited for", play.waiting);
            prop_assert!(play.handled.is_sorted_by(|a, b| a < b), "{:?}", play.handled);
            for (id, was_handled) in &play.outcome {
                let is_handled = play.handled.binary_search(id).is_ok();
                let is_failed = id.is_multiple_of(3) || play.refused.contains(id);
                prop_assert_eq!(is_handled, !is_failed, "{}", id);
                prop_assert_eq!(is_handled, *was_handled, "{}", id);
            }
        }
    }
}
