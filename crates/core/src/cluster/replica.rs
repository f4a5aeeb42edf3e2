//! What this node has of another one's stream in a room.

use std::collections::BTreeMap;

use super::change::{Change, Present};
use super::message::RosterPage;
use super::settings::ClusterSettings;
use super::words::Words;
use crate::Millis;

/// How far the stream of one node in one room was handed over, and what is missing.
///
/// What comes after a gap is held, so that nothing is handed over out of order and what has come need not come again.
#[derive(Debug, Default)]
pub(super) struct Replica {
    /// The last number that was handed over. `None`: who is there is not known, or not any more.
    at: Option<u64>,
    /// The last number that ever was. A roster from before it is late: what stands behind that one was handed over already.
    least: u64,
    /// Whether its node was lost, and nothing was handed over since.
    is_lost: bool,
    /// How many messages were handed over or told to be missed; `None` before the first roster.
    said: Option<u64>,
    /// The number above which this stream began.
    since: u64,
    /// The highest number that is known to exist.
    known: u64,
    held: BTreeMap<u64, Vec<Change>>,
    held_bytes: usize,
    pages: Option<Pages>,
    /// When what is missing was last asked for.
    pub(super) wanted_at: Option<Millis>,
}

/// A roster of which not all pages are there.
#[derive(Debug)]
struct Pages {
    at: u64,
    count: u64,
    members: Vec<Present>,
    bytes: usize,
    next: u64,
}

/// All members of a node in a room.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Whole {
    pub(super) members: Vec<Present>,
    pub(super) is_open: bool,
    /// Messages that cannot be had any more.
    pub(super) missed: u64,
    /// What was held, and comes before it, in runs: between two of them, and before the first, something may be missing; after the
    /// last it is if that is empty.
    pub(super) late: Vec<Vec<Change>>,
    /// How many there were.
    pub(super) words: Words,
    /// Whether the node took part no more meanwhile, and began anew: whoever was in had left.
    pub(super) is_anew: bool,
    /// What was held, and comes after it.
    pub(super) then: Vec<Change>,
}

/// A roster of more pages is nobody's.
const MOST_PAGES: u64 = 1_024;

impl Replica {
    /// Of a stream that begins where somebody took part with nobody in.
    pub(super) fn empty(at: u64, said: u64, since: u64) -> Self {
        Self { at: Some(at), least: at, said: Some(said), since, known: at, ..Self::default() }
    }

    /// The last number that was handed over.
    pub(super) fn at(&self) -> Option<u64> {
        self.at
    }

    /// Whether something is missing.
    pub(super) fn is_behind(&self) -> bool {
        self.at.is_none_or(|at| at < self.known)
    }

    /// The stream has come to this number.
    pub(super) fn learn(&mut self, number: u64) {
        self.known = self.known.max(number);
    }

    /// Who is there is not to be believed any more: only a roster helps.
    pub(super) fn distrust(&mut self) {
        self.at = None;
        self.pages = None;
        self.wanted_at = None;
    }

    /// The same, and one was just asked for.
    pub(super) fn await_roster(&mut self, now: Millis) {
        self.distrust();
        self.wanted_at = Some(now);
    }

    /// Its node is lost. `false`: it was before.
    pub(super) fn lose(&mut self) -> bool {
        self.distrust();
        !std::mem::replace(&mut self.is_lost, true)
    }

    /// Changes from `first` on. Gives those that are next, in order.
    pub(super) fn take(&mut self, first: u64, changes: Vec<Change>, settings: &ClusterSettings) -> Vec<Change> {
        let last = first.saturating_add(changes.len() as u64).saturating_sub(1);
        self.learn(last);
        if self.at.is_none_or(|at| first > at.saturating_add(1)) {
            self.hold(first, changes, settings);
            return Vec::new();
        }
        let mut next = Vec::new();
        self.hand_over(first, changes, &mut next);
        self.hand_over_held(&mut next);
        next
    }

    /// One page of a roster. Gives all of it where it is the last.
    pub(super) fn take_page(&mut self, page: RosterPage, settings: &ClusterSettings) -> Option<Whole> {
        let RosterPage { at, said, since, page: number, pages: count, members, is_open, .. } = page;
        let is_late = at < self.least || self.at.is_some_and(|before| at <= before);
        if is_late || !(1..=MOST_PAGES).contains(&count) {
            return None;
        }
        self.learn(at);
        if number == 0 {
            self.pages = Some(Pages { at, count, members: Vec::new(), bytes: 0, next: 0 });
        }
        let pages = self.pages.as_mut().filter(|pages| (pages.at, pages.count, pages.next) == (at, count, number))?;
        pages.bytes += members.iter().map(Present::size).sum::<usize>();
        if pages.bytes > settings.roster_bytes {
            self.pages = None;
            return None;
        }
        pages.members.extend(members);
        pages.next += 1;
        if pages.next < count {
            return None;
        }
        let members = self.pages.take()?.members;
        let is_anew = self.said.is_some() && self.since != since;
        let late = self.take_late(if is_anew { since } else { self.at.unwrap_or(self.least) }, at, settings);
        let kept = late.iter().flatten().filter(|change| change.is_message()).count() as u64;
        let missed = self.said.map_or(0, |before| if is_anew { said } else { said.saturating_sub(before) });
        let missed = missed.saturating_sub(kept);
        (self.at, self.said, self.since, self.is_lost) = (Some(at), Some(said), since, false);
        self.least = at;
        let mut then = Vec::new();
        self.hand_over_held(&mut then);
        Some(Whole { members, is_open, missed, late, words: Words { since, said }, is_anew, then })
    }

    /// Takes what is held of the numbers above `after` and up to `at`. Of what was said before there was any roster nobody here is to
    /// hear.
    fn take_late(&mut self, after: u64, at: u64, settings: &ClusterSettings) -> Vec<Vec<Change>> {
        let mut next = after.saturating_add(1);
        let mut runs = Vec::new();
        while let Some(entry) = self.held.first_entry().filter(|entry| *entry.key() <= at) {
            let (first, mut changes) = entry.remove_entry();
            self.held_bytes -= changes.iter().map(Change::size).sum::<usize>();
            let beyond = changes.split_off(length(at + 1 - first).min(changes.len()));
            self.hold(at + 1, beyond, settings);
            let seen = length(next.saturating_sub(first));
            if seen >= changes.len() {
                continue;
            }
            let run = changes.drain(..).skip(seen).collect::<Vec<_>>();
            let end = first.max(next) + run.len() as u64;
            match runs.last_mut().filter(|_| first <= next) {
                Some(last) => Vec::extend(last, run),
                None => runs.push(run),
            }
            next = end;
        }
        if next <= at {
            runs.push(Vec::new());
        }
        if self.said.is_some() { runs } else { Vec::new() }
    }

    fn hold(&mut self, first: u64, changes: Vec<Change>, settings: &ClusterSettings) {
        let bytes: usize = changes.iter().map(Change::size).sum();
        let before = self.held.get(&first);
        let bytes_before: usize = before.into_iter().flatten().map(Change::size).sum();
        let is_more = changes.len() > before.map_or(0, Vec::len);
        if is_more && self.held_bytes - bytes_before + bytes <= settings.held_bytes {
            self.held_bytes = self.held_bytes - bytes_before + bytes;
            self.held.insert(first, changes);
        }
    }

    fn hand_over(&mut self, first: u64, changes: Vec<Change>, next: &mut Vec<Change>) {
        let at = self.at.unwrap_or_default();
        let seen = length((at + 1).saturating_sub(first));
        for change in changes.into_iter().skip(seen) {
            self.at = self.at.map(|at| at + 1);
            if change.is_message() {
                self.said = self.said.map(|said| said + 1);
            }
            next.push(change);
        }
        self.least = self.at.unwrap_or(self.least);
        if !self.is_behind() {
            self.wanted_at = None;
        }
    }

    fn hand_over_held(&mut self, next: &mut Vec<Change>) {
        while let Some(entry) = self.held.first_entry() {
            if self.at.is_none_or(|at| *entry.key() > at + 1) {
                return;
            }
            let (first, changes) = entry.remove_entry();
            self.held_bytes -= changes.iter().map(Change::size).sum::<usize>();
            self.hand_over(first, changes, next);
        }
        if !self.is_behind() {
            self.wanted_at = None;
        }
    }
}

fn length(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::Subject;
    use super::super::message::Room;
    use super::*;
    use crate::room::Audience;
    use crate::{Generation, Json, MemberId};

    fn word(number: u64) -> Change {
        Change::Said { from: None, to: Audience::Everybody, msg: Json::encode(&number).unwrap() }
    }

    fn words(numbers: impl IntoIterator<Item = u64>) -> Vec<Change> {
        numbers.into_iter().map(word).collect()
    }

    fn page(at: u64, said: u64, page: u64, pages: u64) -> RosterPage {
        let room = Room { subject: Subject::of("app", "room"), topic: "room".into() };
        let member = MemberId::parse(&format!("m{page}")).unwrap();
        let (generation, user) = (Generation(0), None);
        let members = vec![Present { member, generation, user, away: false, info: None, state: None, session: None }];
        RosterPage { room, at, said, since: 0, page, pages, members, is_open: true, sharers: Vec::new() }
    }

    /// Each step: the first number, how many, and which are handed over.
    #[test]
    fn changes_are_handed_over_in_order_and_once_however_they_come() {
        let settings = ClusterSettings::default();
        let mut replica = Replica::empty(0, 0, 0);
        for (first, count, due, is_behind) in [
            (1, 2, 1..3, false),
            (1, 2, 0..0, false),
            (2, 2, 3..4, false),
            (6, 2, 0..0, true),
            (6, 2, 0..0, true),
            (9, 1, 0..0, true),
            (4, 1, 4..5, true),
            (5, 1, 5..8, true),
            (8, 1, 8..10, false),
            (10, 0, 0..0, false),
        ] {
            let next = replica.take(first, words(first..first + count), &settings);
            assert_eq!(next, words(due), "{first} and {count}");
            assert_eq!(replica.is_behind(), is_behind, "{first} and {count}");
        }
        assert_eq!((replica.at(), replica.held.len(), replica.held_bytes), (Some(9), 0, 0));
    }

    #[test]
    fn what_is_held_is_bounded_and_what_is_not_is_asked_for_again() {
        let settings = ClusterSettings { held_bytes: word(3).size(), ..ClusterSettings::default() };
        let mut replica = Replica::empty(0, 0, 0);
        assert_eq!(replica.take(3, words([3]), &settings), []);
        assert_eq!(replica.take(4, words([4]), &settings), []);
        assert_eq!(replica.take(1, words([1, 2]), &settings), words([1, 2, 3]));
        assert!(replica.is_behind() && replica.held_bytes == 0);
        assert_eq!(replica.take(4, words([4]), &settings), words([4]));
        assert!(!replica.is_behind());
    }

    #[test]
    fn a_roster_counts_once_all_its_pages_are_there_in_order() {
        for (pages, is_whole) in [
            (&[0, 1, 2][..], true),
            (&[0, 1, 1, 2], true),
            (&[0, 2], false),
            (&[1, 2], false),
            (&[0, 1, 0, 1, 2], true),
        ] {
            let mut replica = Replica::default();
            let whole = pages
                .iter()
                .filter_map(|number| replica.take_page(page(5, 2, *number, 3), &ClusterSettings::default()))
                .last();
            assert_eq!(whole.is_some(), is_whole, "{pages:?}");
            assert_eq!(whole.map_or(0, |whole| whole.members.len()), if is_whole { 3 } else { 0 }, "{pages:?}");
            assert_eq!(replica.is_behind(), !is_whole, "{pages:?}");
        }
        for pages in [0, MOST_PAGES + 1] {
            assert_eq!(Replica::default().take_page(page(5, 2, 0, pages), &ClusterSettings::default()), None);
        }
    }

    #[test]
    fn a_roster_that_is_too_large_is_not_taken() {
        let one = page(5, 2, 0, 2);
        let settings = ClusterSettings { roster_bytes: one.members[0].size(), ..ClusterSettings::default() };
        let mut replica = Replica::default();
        assert!(replica.take_page(one, &settings).is_none() && replica.pages.is_some());
        assert!(replica.take_page(page(5, 2, 1, 2), &settings).is_none() && replica.pages.is_none());
        assert!(replica.is_behind());
    }

    #[test]
    fn of_a_roster_it_is_known_how_many_words_it_cannot_bring_back() {
        let settings = ClusterSettings::default();
        let mut replica = Replica::default();
        let first = replica.take_page(page(5, 3, 0, 1), &ClusterSettings::default()).unwrap();
        assert_eq!(first.missed, 0, "what was said before was not for us");
        replica.take(6, words([6]), &settings);
        replica.take(12, words([12]), &settings);
        let Whole { missed, then, is_anew, .. } =
            replica.take_page(page(11, 7, 0, 1), &ClusterSettings::default()).unwrap();
        assert_eq!((missed, then, is_anew), (3, words([12]), false));
        assert_eq!(replica.take_page(page(11, 7, 0, 1), &ClusterSettings::default()), None, "an old one says nothing");
        assert!(replica.lose() && !replica.lose(), "once");
        let anew = RosterPage { since: 20, ..page(25, 4, 0, 1) };
        let Whole { missed, is_anew, .. } = replica.take_page(anew, &ClusterSettings::default()).unwrap();
        assert_eq!((missed, is_anew), (4, true));
        assert!(replica.lose(), "it was there again");
    }

    /// Each: what is held, as first numbers and counts, and what comes late with a roster that stands at 10, behind the fourth.
    #[test]
    fn what_is_held_of_the_numbers_before_a_roster_comes_late_in_runs() {
        let settings = ClusterSettings::default();
        type Runs<'a> = &'a [(u64, usize)];
        for (held, late, then, missed) in [
            (&[][..], &[(0, 0)][..], 0, 6),
            (&[(8, 3)], &[(8, 3)], 0, 3),
            (&[(8, 5)], &[(8, 3)], 2, 3),
            (&[(6, 2), (9, 1)], &[(6, 2), (9, 1), (0, 0)], 0, 3),
            (&[(6, 3), (7, 4)], &[(6, 5)], 0, 1),
            (&[(6, 1), (6, 3), (6, 2)], &[(6, 3), (0, 0)], 0, 3),
            (&[(12, 1)], &[(0, 0)], 0, 6),
            (&[(11, 1)], &[(0, 0)], 1, 6),
        ] as [(Runs<'_>, Runs<'_>, usize, u64); 8]
        {
            for is_distrusted in [false, true] {
                let mut replica = Replica::empty(4, 4, 0);
                held.iter().for_each(|(first, count)| {
                    drop(replica.take(*first, words(*first..*first + *count as u64), &settings));
                });
                if is_distrusted {
                    replica.distrust();
                }
                let whole = replica.take_page(page(10, 10, 0, 1), &settings).unwrap();
                let due: Vec<_> = late.iter().map(|(first, count)| words(*first..*first + *count as u64)).collect();
                assert_eq!((whole.late, whole.then.len(), whole.missed), (due, then, missed), "{held:?}");
                let bytes: usize = replica.held.values().flatten().map(Change::size).sum();
                assert_eq!(replica.held_bytes, bytes, "{held:?}");
            }
        }
    }

    #[test]
    fn before_the_first_roster_nothing_was_for_this_node() {
        let settings = ClusterSettings::default();
        let mut replica = Replica::default();
        replica.take(4, words([4, 5]), &settings);
        let whole = replica.take_page(page(5, 5, 0, 1), &settings).unwrap();
        assert_eq!((whole.late, whole.missed, replica.held_bytes), (vec![], 0, 0));
    }

    #[test]
    fn of_a_stream_that_begins_anew_only_its_own_words_come_late() {
        let settings = ClusterSettings::default();
        let mut replica = Replica::empty(4, 4, 0);
        replica.take(6, words([6]), &settings);
        replica.take(22, words([22]), &settings);
        let whole = replica.take_page(RosterPage { since: 20, ..page(22, 2, 0, 1) }, &settings).unwrap();
        assert_eq!((whole.late, whole.missed, whole.is_anew), (vec![words([22])], 1, true));
    }

    /// It was captured and is played again, maybe: with the words behind it they would be said twice.
    #[test]
    fn a_roster_from_before_what_was_handed_over_is_late_whatever_is_not_believed_any_more() {
        let settings = ClusterSettings::default();
        for (least, replica) in [
            (7, Replica::empty(7, 2, 0)),
            (7, whole(page(7, 2, 0, 1))),
            (9, {
                let mut replica = Replica::empty(7, 2, 0);
                replica.take(8, words([8, 9]), &settings);
                replica
            }),
        ] {
            let mut replica = replica;
            replica.lose();
            assert_eq!(replica.take(least, words([least]), &settings), []);
            assert_eq!(replica.take_page(page(least - 1, 1, 0, 1), &settings), None, "{least}");
            assert!(replica.is_behind());
            let Whole { then, .. } = replica.take_page(page(least, 2, 0, 1), &settings).unwrap();
            assert_eq!(then, [], "{least}");
        }
    }

    fn whole(page: RosterPage) -> Replica {
        let mut replica = Replica::default();
        assert!(replica.take_page(page, &ClusterSettings::default()).is_some());
        replica
    }
}
