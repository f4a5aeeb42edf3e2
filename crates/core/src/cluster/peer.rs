//! What this node knows of another one.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use super::deeds::Deeds;
use super::message::Prefix;
use super::replays::Replays;
use super::replica::Replica;
use super::sums::{BUCKETS, Sums, part_of_room, part_of_stream};
use super::{Incarnation, Subject};
use crate::Millis;

/// A node that has shown that it lives, or did.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) incarnation: Incarnation,
    pub(super) replays: Replays,
    pub(super) heard_at: Millis,
    pub(super) standing: Standing,
    pub(super) is_draining: bool,
    /// What it asked this node to do.
    pub(super) deeds: Deeds,
    /// The rooms that it takes part in; with what is had of its stream, where this node does, too.
    rooms: BTreeMap<Subject, Its>,
    /// Of those, the ones of which something is missing.
    pub(super) behind: BTreeSet<Subject>,
    /// What is had of it: the sum of this is what its next digest should be.
    theirs: Sums,
    /// What this node says in the rooms that both take part in.
    pub(super) ours: Sums,
    /// When it was last asked what it has, and when it was last greeted by itself.
    pub(super) compared_at: Option<Millis>,
    pub(super) greeted_at: Option<Millis>,
}

/// A room that a peer takes part in.
#[derive(Debug, Default)]
struct Its {
    /// The last envelope by which that is known: one that was sent before it and says otherwise is late.
    since: u64,
    replica: Option<Replica>,
}

/// How a peer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It was heard within its lease.
    Live,
    /// It was not. When it is heard again it goes on.
    Silent,
    /// It said goodbye, or its name has started again: it is never heard again.
    Over,
}

/// A number for a stream of which nothing is had: no stream comes to it.
const NOTHING: u64 = u64::MAX;

impl Peer {
    pub(super) fn new(incarnation: Incarnation, replays: Replays, now: Millis) -> Self {
        Self {
            incarnation,
            replays,
            heard_at: now,
            standing: Standing::Live,
            is_draining: false,
            deeds: Deeds::default(),
            rooms: BTreeMap::new(),
            behind: BTreeSet::new(),
            theirs: Sums::new(),
            ours: Sums::new(),
            compared_at: None,
            greeted_at: None,
        }
    }

    pub(super) fn is_live(&self) -> bool {
        self.standing == Standing::Live
    }

    /// Whether it takes part in that room, as far as is known.
    pub(super) fn is_in(&self, subject: &Subject) -> bool {
        self.rooms.contains_key(subject)
    }

    /// It takes part in that room, as its envelope of this count says.
    pub(super) fn enter(&mut self, subject: Subject, count: u64, most_rooms: usize) {
        if self.rooms.len() >= most_rooms && !self.is_in(&subject) {
            return;
        }
        let theirs = &mut self.theirs;
        let its = self.rooms.entry(subject).or_insert_with(|| {
            theirs.add(&subject, part_of_room(&subject));
            Its::default()
        });
        its.since = its.since.max(count);
    }

    /// Whether an envelope of this count that says that it does not take part in that room is news.
    pub(super) fn may_exit(&self, subject: &Subject, count: u64) -> bool {
        self.rooms.get(subject).is_some_and(|its| its.since <= count)
    }

    /// It takes part no more. Gives what was had of its stream.
    pub(super) fn exit(&mut self, subject: &Subject, ours_at: Option<u64>) -> Option<Replica> {
        let replica = ours_at.and_then(|at| self.unshare(subject, at));
        if self.rooms.remove(subject).is_some() {
            self.theirs.subtract(subject, part_of_room(subject));
        }
        replica
    }

    /// Both take part in that room from here on, and this node's stream has come so far.
    pub(super) fn share(&mut self, subject: Subject, replica: Replica, ours_at: u64) {
        let part = part_of(&subject, &replica);
        if let Some(its) = self.rooms.get_mut(&subject).filter(|its| its.replica.is_none()) {
            if replica.is_behind() {
                self.behind.insert(subject);
            }
            its.replica = Some(replica);
            self.theirs.add(&subject, part);
            self.ours.add(&subject, part_of_stream(&subject, ours_at));
        }
    }

    /// They do not, any more.
    pub(super) fn unshare(&mut self, subject: &Subject, ours_at: u64) -> Option<Replica> {
        let replica = self.rooms.get_mut(subject)?.replica.take()?;
        self.behind.remove(subject);
        self.theirs.subtract(subject, part_of(subject, &replica));
        self.ours.subtract(subject, part_of_stream(subject, ours_at));
        Some(replica)
    }

    /// This node's stream went on in a room that both take part in.
    pub(super) fn advance_ours(&mut self, subject: &Subject, from: u64, to: u64) {
        self.ours.subtract(subject, part_of_stream(subject, from));
        self.ours.add(subject, part_of_stream(subject, to));
    }

    /// Changes what is had of its stream, and keeps the sums right.
    pub(super) fn change<T>(&mut self, subject: &Subject, change: impl FnOnce(&mut Replica) -> T) -> Option<T> {
        let replica = self.rooms.get_mut(subject)?.replica.as_mut()?;
        self.theirs.subtract(subject, part_of(subject, replica));
        let result = change(replica);
        self.theirs.add(subject, part_of(subject, replica));
        if replica.is_behind() {
            self.behind.insert(*subject);
        } else {
            self.behind.remove(subject);
        }
        Some(result)
    }

    /// It takes part in nothing any more.
    pub(super) fn forget_rooms(&mut self) {
        (self.rooms, self.behind) = Default::default();
        (self.theirs, self.ours) = (Sums::new(), Sums::new());
    }

    /// All rooms that both take part in.
    pub(super) fn shared(&self) -> Vec<Subject> {
        self.rooms.iter().filter(|(_, its)| its.replica.is_some()).map(|(subject, _)| *subject).collect()
    }

    /// How many rooms it takes part in.
    pub(super) fn room_count(&self) -> usize {
        self.rooms.len()
    }

    /// In how many of them this node takes part, too.
    pub(super) fn stream_count(&self) -> usize {
        self.rooms.values().filter(|its| its.replica.is_some()).count()
    }

    /// All its rooms in that bucket.
    pub(super) fn rooms_in(&self, prefix: &Prefix) -> Vec<Subject> {
        self.rooms.range(range(prefix)).map(|(subject, _)| *subject).collect()
    }

    /// What its digest should be.
    pub(super) fn digest(&self) -> u64 {
        self.theirs.total()
    }

    /// What its sums of the buckets in that one should be.
    pub(super) fn sums_in(&self, prefix: &Prefix) -> Vec<u64> {
        if prefix.0.is_empty() {
            return self.theirs.buckets().collect();
        }
        let parts = self.rooms.range(range(prefix)).map(|(subject, its)| {
            let stream = its.replica.as_ref().map_or(0, |replica| part_of(subject, replica));
            (*subject, part_of_room(subject).wrapping_add(stream))
        });
        sums_within(prefix, parts)
    }
}

/// All subjects of a bucket.
pub(super) fn range(prefix: &Prefix) -> RangeInclusive<Subject> {
    Subject::first_with(&prefix.0)..=Subject::last_with(&prefix.0)
}

/// The sums of the buckets within one, by the byte that follows.
pub(super) fn sums_within(prefix: &Prefix, parts: impl Iterator<Item = (Subject, u64)>) -> Vec<u64> {
    let mut sums = vec![0u64; BUCKETS];
    for (subject, part) in parts {
        let bucket = subject.as_bytes().get(prefix.0.len()).copied().unwrap_or_default();
        if let Some(sum) = sums.get_mut(usize::from(bucket)) {
            *sum = sum.wrapping_add(part);
        }
    }
    sums
}

fn part_of(subject: &Subject, replica: &Replica) -> u64 {
    part_of_stream(subject, replica.at().unwrap_or(NOTHING))
}

#[cfg(test)]
mod tests {
    use super::super::NodeName;
    use super::*;

    fn peer() -> Peer {
        let incarnation = Incarnation { start: 1, name: NodeName::parse("web-3").unwrap(), random: 7 };
        Peer::new(incarnation, Replays::new(), 0)
    }

    fn subject(room: u32) -> Subject {
        Subject::of("app", &format!("room/{room}"))
    }

    /// A heartbeat that was sent before a room was opened may come after that.
    #[test]
    fn what_is_late_does_not_end_what_has_begun_since() {
        let (mut peer, room) = (peer(), subject(1));
        peer.enter(room, 5, 10);
        peer.enter(room, 3, 10);
        for (count, may) in [(4, false), (5, true), (6, true)] {
            assert_eq!(peer.may_exit(&room, count), may, "{count}");
        }
    }

    #[test]
    fn its_rooms_are_bounded() {
        let mut peer = peer();
        (0..3).for_each(|room| peer.enter(subject(room), 1, 2));
        peer.enter(subject(1), 9, 2);
        assert_eq!((0..3).filter(|room| peer.is_in(&subject(*room))).count(), 2);
        assert!(!peer.may_exit(&subject(1), 8), "one that is known is still heard of");
    }

    /// Whatever is done, the sums are what they would be if they were summed up anew.
    #[test]
    fn the_sums_are_kept_up_with_what_is_known() {
        let mut peer = peer();
        for room in 0..600 {
            peer.enter(subject(room), 1, 1_000);
            if room % 2 == 0 {
                peer.share(subject(room), Replica::empty(room.into(), 0, 0), 7);
                peer.advance_ours(&subject(room), 7, 8);
            }
            if room % 3 == 0 {
                peer.change(&subject(room), Replica::distrust);
            }
            if room % 5 == 0 {
                peer.exit(&subject(room), Some(8));
            }
        }
        let whole = peer.sums_in(&Prefix(Vec::new()));
        let total = |sums: &[u64]| sums.iter().fold(0u64, |total, sum| total.wrapping_add(*sum));
        assert_eq!(total(&whole), peer.digest());
        for (first, sum) in (0..=u8::MAX).zip(&whole) {
            assert_eq!(total(&peer.sums_in(&Prefix(vec![first]))), *sum, "{first}");
        }
        peer.shared().iter().for_each(|subject| drop(peer.unshare(subject, 8)));
        assert!(peer.behind.is_empty() && peer.ours.total() == 0);
        peer.forget_rooms();
        assert_eq!(peer.digest(), 0);
    }
}
