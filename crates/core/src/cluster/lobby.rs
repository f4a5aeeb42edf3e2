//! Whom the first members of a room wait for.

use std::collections::BTreeSet;

use crate::{Millis, NodeId};

/// How many others heard what was asked of a room, as far as the broker can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audible {
    /// So many, this node not counted.
    By(u64),
    /// At least one. Those are waited for that are known to take part, one at least, and whom those know that answer: who began
    /// within the last heartbeat is known to them, because it has asked.
    Somebody,
    /// The broker cannot say, and this node has listened to the room all the time: those are waited for that are known to take
    /// part.
    Known,
    /// The broker cannot say, so that every node was asked.
    Unknown,
}

/// One room that was opened here, and what was heard of it.
#[derive(Debug)]
pub(super) struct Lobby {
    pub(super) until: Millis,
    audible: Option<Audible>,
    answered: BTreeSet<NodeId>,
    /// Who takes part, as those say that have answered.
    expected: BTreeSet<NodeId>,
}

/// Whom there is to wait for. Those who are expired are not: what they do not say is not waited for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Nodes<'a> {
    pub(super) live: &'a BTreeSet<NodeId>,
    /// Who is known to take part in the room, live or not.
    pub(super) in_room: &'a BTreeSet<NodeId>,
}

impl Lobby {
    pub(super) fn new(until: Millis) -> Self {
        let (answered, expected) = Default::default();
        Self { until, audible: None, answered, expected }
    }

    /// What the broker says of the question.
    pub(super) fn hear(&mut self, audible: Audible) {
        self.audible = Some(audible);
    }

    /// These take part, too.
    pub(super) fn expect(&mut self, nodes: Vec<NodeId>) {
        self.expected.extend(nodes);
    }

    /// All that this node has to say was heard.
    pub(super) fn answer(&mut self, node: NodeId) {
        self.answered.insert(node);
    }

    /// Whether all that a node has to say was heard.
    pub(super) fn has_answered(&self, node: NodeId) -> bool {
        self.answered.contains(&node)
    }

    /// How many of those who heard it, as the broker said, are neither among the silent nor have answered: nobody knows them.
    pub(super) fn unknown(&self, said: Option<Audible>, silent: &BTreeSet<NodeId>) -> u64 {
        let known = (self.answered.len() + silent.len()) as u64;
        match said {
            Some(Audible::By(count)) => count.saturating_sub(known),
            Some(Audible::Somebody) => 1u64.saturating_sub(known),
            None | Some(Audible::Known | Audible::Unknown) => 0,
        }
    }

    /// Whether nobody is to be waited for any more by whoever needs every answer. Those who are expired may be among those that the
    /// broker counts, or not any more, so where there are any, somebody whom nobody knows is waited for `patiently` or not at all.
    pub(super) fn is_answered(&self, now: Millis, nodes: Nodes<'_>, patiently: bool) -> bool {
        let live = nodes.in_room.intersection(nodes.live);
        let is_over = self.is_over(now, nodes) && live.into_iter().all(|node| self.has_answered(*node));
        match self.audible {
            Some(Audible::By(count)) if patiently => is_over && self.answered.len() as u64 >= count,
            _ => is_over || now >= self.until,
        }
    }

    /// Whether nobody is to be waited for any more.
    pub(super) fn is_over(&self, now: Millis, nodes: Nodes<'_>) -> bool {
        if now >= self.until {
            return true;
        }
        let have_answered = |of: &BTreeSet<NodeId>| {
            of.iter().filter(|node| nodes.live.contains(node)).all(|node| self.answered.contains(node))
        };
        let knows_all = || have_answered(nodes.in_room) && have_answered(&self.expected);
        match self.audible {
            None => false,
            Some(Audible::By(count)) => {
                let silent = nodes.in_room.difference(nodes.live).count() as u64;
                self.answered.len() as u64 + silent >= count
            }
            Some(Audible::Somebody) => !self.answered.is_empty() && knows_all(),
            Some(Audible::Known) => knows_all(),
            Some(Audible::Unknown) => have_answered(nodes.live),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `a` and `b` live, `c` is expired; `b` and `c` are known to be in the room, and the broker may have noticed that `c` is gone.
    #[test]
    fn whoever_needs_every_answer_waits_for_those_that_are_known_and_patiently_for_those_that_are_not() {
        let [a, b, c] = [1, 2, 3].map(NodeId);
        let (live, in_room) = (BTreeSet::from([a, b]), BTreeSet::from([b, c]));
        let nodes = Nodes { live: &live, in_room: &in_room };
        for (audible, answered, patiently, impatiently) in [
            (None, &[a, b][..], false, false),
            (Some(Audible::By(1)), &[], false, false),
            (Some(Audible::By(1)), &[b], true, true),
            (Some(Audible::By(2)), &[a], false, false),
            (Some(Audible::By(2)), &[b], false, true),
            (Some(Audible::By(2)), &[a, b], true, true),
            (Some(Audible::By(3)), &[b], false, false),
            (Some(Audible::By(3)), &[a, b], false, true),
            (Some(Audible::Known), &[a], false, false),
            (Some(Audible::Known), &[b], true, true),
            (Some(Audible::Unknown), &[b], false, false),
            (Some(Audible::Unknown), &[a, b], true, true),
        ] {
            let mut lobby = Lobby::new(250);
            audible.into_iter().for_each(|audible| lobby.hear(audible));
            answered.iter().for_each(|node| lobby.answer(*node));
            let is_over = [true, false].map(|patient| lobby.is_answered(249, nodes, patient));
            assert_eq!(is_over, [patiently, impatiently], "{audible:?} {answered:?}");
            assert!(lobby.is_answered(250, nodes, false), "{audible:?} {answered:?}");
        }
    }

    /// `a` and `b` live, `c` is expired; `b` and `c` are known to be in the room.
    #[test]
    fn whom_those_know_that_answer_is_waited_for_as_long_as_it_lives() {
        let [a, b, c] = [1, 2, 3].map(NodeId);
        let (live, in_room) = (BTreeSet::from([a, b]), BTreeSet::new());
        let nodes = Nodes { live: &live, in_room: &in_room };
        for audible in [Audible::Somebody, Audible::Known] {
            let mut lobby = Lobby::new(250);
            lobby.hear(audible);
            lobby.expect(vec![b, c]);
            lobby.answer(a);
            assert!(!lobby.is_over(249, nodes), "{audible:?}");
            lobby.answer(b);
            assert!(lobby.is_over(249, nodes), "{audible:?}: the third is expired");
        }
    }

    #[test]
    fn nobody_is_waited_for_who_will_not_answer() {
        let [a, b, c] = [1, 2, 3].map(NodeId);
        let (live, in_room) = (BTreeSet::from([a, b]), BTreeSet::from([b, c]));
        let nodes = Nodes { live: &live, in_room: &in_room };
        for (audible, answered, is_over) in [
            (None, &[][..], false),
            (None, &[a, b], false),
            (Some(Audible::By(0)), &[], true),
            (Some(Audible::By(1)), &[], true),
            (Some(Audible::By(2)), &[], false),
            (Some(Audible::By(2)), &[b], true),
            (Some(Audible::By(3)), &[b], false),
            (Some(Audible::Somebody), &[], false),
            (Some(Audible::Somebody), &[a], false),
            (Some(Audible::Somebody), &[b], true),
            (Some(Audible::Known), &[a], false),
            (Some(Audible::Known), &[b], true),
            (Some(Audible::Unknown), &[b], false),
            (Some(Audible::Unknown), &[a, b], true),
        ] {
            let mut lobby = Lobby::new(250);
            audible.into_iter().for_each(|audible| lobby.hear(audible));
            answered.iter().for_each(|node| lobby.answer(*node));
            assert_eq!(lobby.is_over(249, nodes), is_over, "{audible:?} {answered:?}");
            assert!(lobby.is_over(250, nodes), "{audible:?} {answered:?}");
        }
    }
}
