//! Which questions about rooms the broker has not yet said anything of.

use std::collections::{BTreeMap, VecDeque};

use super::Subject;
use super::lobby::Audible;
use crate::Millis;

/// What the broker has not said of a question by then, in milliseconds, it will not say any more.
const SAID_WITHIN_MS: Millis = 2_000;

/// What a broker says of a question names the room alone, and a room may be opened here while something else is asked about it. What is
/// said of that one may be from before another node opened the room. So whoever opens a room believes what is said once it is said of
/// all, and of all the most.
#[derive(Debug, Default)]
pub(super) struct InFlight(BTreeMap<Subject, Asked>);

/// About one room.
#[derive(Debug, Default)]
struct Asked {
    /// When each was asked.
    at: VecDeque<Millis>,
    /// The most that was said of those before.
    most: Option<Audible>,
}

impl InFlight {
    /// Something is asked about that room.
    pub(super) fn ask(&mut self, subject: Subject, now: Millis) {
        let asked = self.0.entry(subject).or_default();
        asked.let_go(now);
        if asked.at.is_empty() {
            asked.most = None;
        }
        asked.at.push_back(now);
    }

    /// Of how many questions about a room the broker has said nothing yet.
    pub(super) fn count(&self, subject: &Subject, now: Millis) -> usize {
        let is_due = |at: &&Millis| now.saturating_sub(**at) < SAID_WITHIN_MS;
        self.0.get(subject).map_or(0, |asked| asked.at.iter().filter(is_due).count())
    }

    /// The broker says something of one of them. Gives what is to be believed, where it was the last.
    pub(super) fn hear(&mut self, subject: &Subject, by: Audible, now: Millis) -> Option<Audible> {
        let Some(asked) = self.0.get_mut(subject) else { return Some(by) };
        asked.at.pop_front();
        asked.let_go(now);
        let most = asked.most.into_iter().chain([by]).max_by_key(care);
        asked.most = most;
        if !asked.at.is_empty() {
            return None;
        }
        self.0.remove(subject);
        most
    }

    /// Of what was asked long ago the broker says nothing any more.
    pub(super) fn let_go(&mut self, now: Millis) {
        self.0.retain(|_, asked| {
            asked.let_go(now);
            !asked.at.is_empty()
        });
    }
}

impl Asked {
    fn let_go(&mut self, now: Millis) {
        while self.at.front().is_some_and(|at| now.saturating_sub(*at) >= SAID_WITHIN_MS) {
            self.at.pop_front();
        }
    }
}

/// For how many one waits.
pub(super) fn care(audible: &Audible) -> (u8, u64) {
    match audible {
        Audible::By(0) => (0, 0),
        Audible::Known => (1, 0),
        Audible::By(count) => (2, *count),
        Audible::Somebody => (3, 0),
        Audible::Unknown => (4, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(topic: &str) -> Subject {
        Subject::of("app", topic)
    }

    #[test]
    fn what_is_believed_is_the_most_once_it_is_said_of_all() {
        use Audible::{By, Known, Somebody, Unknown};
        for (said, most) in [
            (&[By(0)][..], By(0)),
            (&[By(0), By(1)], By(1)),
            (&[By(2), By(1), By(0)], By(2)),
            (&[Known, By(0)], Known),
            (&[Known, Somebody], Somebody),
            (&[Somebody, Known, By(0)], Somebody),
            (&[Unknown, Somebody], Unknown),
        ] {
            let mut in_flight = InFlight::default();
            said.iter().for_each(|_| in_flight.ask(room("a"), 0));
            in_flight.ask(room("b"), 0);
            let believed: Vec<_> = said.iter().map(|by| in_flight.hear(&room("a"), *by, 1)).collect();
            let (last, before) = believed.split_last().unwrap();
            assert!(before.iter().all(Option::is_none), "{said:?}: {believed:?}");
            assert_eq!(*last, Some(most), "{said:?}");
            assert_eq!(in_flight.hear(&room("a"), By(0), 1), Some(By(0)), "nothing is left of {said:?}");
        }
    }

    #[test]
    fn what_is_not_said_in_time_is_not_waited_for() {
        for (asked_again_at, is_waited_for) in [(SAID_WITHIN_MS - 1, true), (SAID_WITHIN_MS, false)] {
            let mut in_flight = InFlight::default();
            in_flight.ask(room("a"), 0);
            in_flight.ask(room("a"), asked_again_at);
            let believed = in_flight.hear(&room("a"), Audible::By(0), asked_again_at);
            assert_eq!(believed.is_none(), is_waited_for, "{asked_again_at}");
        }
        let mut in_flight = InFlight::default();
        in_flight.ask(room("a"), 0);
        in_flight.ask(room("b"), 1);
        in_flight.let_go(SAID_WITHIN_MS);
        assert_eq!(in_flight.0.keys().collect::<Vec<_>>(), [&room("b")]);
    }
}
