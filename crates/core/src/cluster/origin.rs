//! What this node says of a room: its own stream there, and what it can say again.

use std::collections::{BTreeMap, HashMap};

use super::change::Change;
use super::settings::ClusterSettings;
use crate::{MemberId, Millis};

/// The stream of this node in one room. Each change has a number, and never another of this incarnation's in that room.
///
/// For those who miss some it keeps the last: all messages, who came and who went, but of each member only the newest state
/// and info, because nobody needs those before. So cursors that move do not push out what was said.
#[derive(Debug)]
pub(super) struct Origin {
    since: u64,
    at: u64,
    said: u64,
    log: BTreeMap<u64, Logged>,
    bytes: usize,
    /// The highest number that the log has let go of, and somebody might need.
    floor: u64,
    newest: HashMap<Conflated, u64>,
}

#[derive(Debug)]
struct Logged {
    change: Change,
    size: usize,
    said_at: Millis,
}

/// So many numbers are said again, most of them of states that nobody needs any more. Over it a roster is shorter.
const MOST_AGAIN: u64 = 1 << 14;

/// So many numbers that nobody needs are said between two that somebody does: they are shorter than one more envelope.
const MOST_BETWEEN: u64 = 64;

/// What counts only in its newest version.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Conflated {
    State(MemberId),
    Info(MemberId),
    Woken,
}

impl Origin {
    /// It has said nothing yet; its first number is above this one.
    pub(super) fn above(at: u64) -> Self {
        Self { since: at, at, said: 0, log: BTreeMap::new(), bytes: 0, floor: at, newest: HashMap::new() }
    }

    /// Its numbers are above this one.
    pub(super) fn since(&self) -> u64 {
        self.since
    }

    /// The last number.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// How many messages there were.
    pub(super) fn said(&self) -> u64 {
        self.said
    }

    /// How many bytes it keeps.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Numbers a change, and keeps it.
    pub(super) fn publish(&mut self, change: Change, now: Millis, settings: &ClusterSettings) {
        self.at += 1;
        self.said += u64::from(change.is_message());
        if let Some(key) = conflated(&change)
            && let Some(before) = self.newest.insert(key, self.at)
        {
            self.remove(before);
        }
        let size = change.size();
        self.bytes += size;
        self.log.insert(self.at, Logged { change, size, said_at: now });
        self.let_go(now, settings);
    }

    /// Gives a number to what is not known any more: whoever has heard all before it takes the roster.
    pub(super) fn skip(&mut self) {
        self.at += 1;
        self.floor = self.at;
    }

    /// Lets go of what is too much or too old.
    pub(super) fn let_go(&mut self, now: Millis, settings: &ClusterSettings) {
        while let Some((number, logged)) = self.log.first_key_value() {
            let is_old = now.saturating_sub(logged.said_at) > settings.log_ms;
            let is_much = self.log.len() > settings.log_changes || self.bytes > settings.log_bytes;
            if !is_old && !is_much {
                return;
            }
            let number = *number;
            self.floor = self.floor.max(number);
            if let Some(key) = self.remove(number) {
                self.newest.remove(&key);
            }
        }
    }

    /// Lets go of all of it.
    pub(super) fn forget(&mut self) {
        self.floor = self.at;
        self.log.clear();
        self.newest.clear();
        self.bytes = 0;
    }

    /// All after that number, in order; what is not needed any more is [unknown](Change::Unknown). `None`: some of it was let
    /// go of, or that number was never given.
    pub(super) fn after(&self, after: u64) -> Option<Vec<Change>> {
        if after < self.floor || after > self.at || self.at - after > MOST_AGAIN {
            return None;
        }
        let change = |number| self.log.get(&number).map_or(Change::Unknown, |logged| logged.change.clone());
        Some((after + 1..=self.at).map(change).collect())
    }

    /// What is still kept of all after that number, with the number of the first of each run: for whoever takes the roster, and would
    /// miss the messages in it. Nothing where there is no message. No run goes over what was let go of, or whoever has all before it
    /// would believe that it has all.
    pub(super) fn kept_after(&self, after: u64) -> Vec<(u64, Vec<Change>)> {
        let mut runs: Vec<(u64, Vec<Change>)> = Vec::new();
        for (number, logged) in self.log.range(after.saturating_add(1)..) {
            let change = logged.change.clone();
            match runs.last_mut().map(|(first, run)| (number - *first, *first + run.len() as u64, run)) {
                Some((at, next, run)) if number - next <= MOST_BETWEEN && !(next..*number).contains(&self.floor) => {
                    run.resize(at as usize, Change::Unknown);
                    run.push(change);
                }
                _ => runs.push((*number, vec![change])),
            }
        }
        let has_messages = runs.iter().flat_map(|(_, run)| run).any(Change::is_message);
        if has_messages { runs } else { Vec::new() }
    }

    fn remove(&mut self, number: u64) -> Option<Conflated> {
        let Logged { change, size, .. } = self.log.remove(&number)?;
        self.bytes -= size;
        conflated(&change)
    }
}

fn conflated(change: &Change) -> Option<Conflated> {
    match change {
        Change::State { member, .. } => Some(Conflated::State(member.clone())),
        Change::Info { member, .. } => Some(Conflated::Info(member.clone())),
        Change::Woken => Some(Conflated::Woken),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Json;
    use crate::room::Audience;

    fn member(id: &str) -> MemberId {
        MemberId::parse(id).unwrap()
    }

    fn state(id: &str, state: u32) -> Change {
        Change::State { member: member(id), state: Some(Json::encode(&state).unwrap()) }
    }

    fn said(msg: u32) -> Change {
        Change::Said { from: Some(member("ann")), to: Audience::Everybody, msg: Json::encode(&msg).unwrap() }
    }

    fn origin(changes: impl IntoIterator<Item = Change>, settings: &ClusterSettings) -> Origin {
        let mut origin = Origin::above(0);
        changes.into_iter().for_each(|change| origin.publish(change, 0, settings));
        origin
    }

    #[test]
    fn of_a_member_that_moves_only_the_newest_state_is_said_again() {
        let settings = ClusterSettings { log_changes: 4, ..ClusterSettings::default() };
        let moves = (0..50).flat_map(|n| [state("ann", n), state("bob", n)]);
        let origin = origin([said(1)].into_iter().chain(moves), &settings);
        assert_eq!((origin.at(), origin.said()), (101, 1));
        let again = origin.after(0).unwrap();
        assert_eq!(again.len(), 101);
        let meant: Vec<_> = again.into_iter().filter(|change| *change != Change::Unknown).collect();
        assert_eq!(meant, [said(1), state("ann", 49), state("bob", 49)]);
    }

    /// A storm of wakes must not push out what was published.
    #[test]
    fn of_wakes_only_the_last_is_said_again() {
        let settings = ClusterSettings { log_changes: 2, ..ClusterSettings::default() };
        let wakes = |count| (0..count).map(|_| Change::Woken);
        let origin = origin([said(1)].into_iter().chain(wakes(9)), &settings);
        let unknown = |count| (0..count).map(|_| Change::Unknown);
        let due: Vec<_> = [said(1)].into_iter().chain(unknown(8)).chain(wakes(1)).collect();
        assert_eq!(origin.after(0), Some(due));
    }

    #[test]
    fn what_is_too_much_or_too_old_is_let_go_of_and_said_to_be() {
        let few = ClusterSettings { log_changes: 2, ..ClusterSettings::default() };
        let origin_of_few = origin((1..=4).map(said), &few);
        assert_eq!(origin_of_few.after(1), None);
        assert_eq!(origin_of_few.after(2), Some(vec![said(3), said(4)]));
        assert_eq!(origin_of_few.after(4), Some(vec![]));
        assert_eq!(origin_of_few.after(5), None, "a number that was never given");

        let short = ClusterSettings { log_bytes: 2 * said(1).size(), ..ClusterSettings::default() };
        assert_eq!(origin((1..=4).map(said), &short).after(1), None);

        let settings = ClusterSettings::default();
        let mut old = origin([said(1)], &settings);
        old.publish(state("ann", 1), settings.log_ms, &settings);
        assert!(old.after(0).is_some());
        old.publish(said(2), settings.log_ms + 1, &settings);
        assert_eq!((old.after(0), old.after(1).map(|changes| changes.len())), (None, Some(2)));
        old.forget();
        assert_eq!((old.after(1), old.after(3), old.bytes()), (None, Some(vec![]), 0));
    }

    #[test]
    fn who_is_far_behind_takes_the_roster() {
        let settings = ClusterSettings::default();
        let origin = origin((0..=MOST_AGAIN as u32).map(|n| state("ann", n)), &settings);
        assert_eq!((origin.after(0), origin.after(1).map(|changes| changes.len() as u64)), (None, Some(MOST_AGAIN)));
    }

    #[test]
    fn whoever_takes_the_roster_is_given_what_is_left_with_its_numbers() {
        let few = ClusterSettings { log_changes: 3, ..ClusterSettings::default() };
        let words_alone = origin((1..=5).map(said), &few);
        assert_eq!(words_alone.kept_after(1), [(3, vec![said(3), said(4), said(5)])]);
        assert_eq!(words_alone.kept_after(4), [(5, vec![said(5)])]);
        assert_eq!((words_alone.kept_after(5), words_alone.kept_after(u64::MAX)), (vec![], vec![]));
        for (moves, apart) in [(MOST_BETWEEN, false), (MOST_BETWEEN + 1, true)] {
            // The last of them is not conflated.
            let moved = (0..=moves as u32).map(|n| state("ann", n));
            let origin = origin([said(1)].into_iter().chain(moved).chain([said(2)]), &few);
            let last = vec![state("ann", moves as u32), said(2)];
            let between = vec![Change::Unknown; moves as usize];
            let due = match apart {
                true => vec![(1, vec![said(1)]), (moves + 2, last)],
                false => vec![(1, [vec![said(1)], between, last].concat())],
            };
            assert_eq!(origin.kept_after(0), due, "{moves}");
        }
        let settings = ClusterSettings::default();
        assert_eq!(origin([state("ann", 1)], &settings).kept_after(0), [], "a roster says as much");
    }

    #[test]
    fn what_has_no_content_has_a_number_and_no_log_goes_back_beyond_it() {
        let few = ClusterSettings { log_changes: 2, ..ClusterSettings::default() };
        let mut origin = origin([said(1), said(2)], &few);
        origin.skip();
        assert_eq!((origin.at(), origin.said(), origin.after(2), origin.after(3)), (3, 2, None, Some(vec![])));
        assert_eq!(origin.kept_after(1), [(2, vec![said(2)])]);
        origin.publish(said(3), 0, &few);
        assert_eq!((origin.after(2), origin.after(3)), (None, Some(vec![said(3)])));
        let apart = [(2, vec![said(2)]), (4, vec![said(3)])];
        assert_eq!(origin.kept_after(1), apart, "whoever has the first would go on to the fourth");
    }

    #[test]
    fn what_is_kept_is_counted_to_the_byte() {
        let settings = ClusterSettings { log_changes: 3, ..ClusterSettings::default() };
        let origin = origin((0..20).flat_map(|n| [state("ann", n), said(n), state("bob", n)]), &settings);
        let kept: usize = origin.log.values().map(|logged| logged.change.size()).sum();
        assert_eq!(origin.bytes(), kept);
        assert!(origin.newest.values().all(|number| origin.log.contains_key(number)), "{origin:?}");
    }
}
