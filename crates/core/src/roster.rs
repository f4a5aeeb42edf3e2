//! Who is in a room, and in what state.

use std::collections::{BTreeMap, HashMap};

use crate::{Json, MemberId, NodeId};

/// A member's place in the join order. It never changes and is never given twice in one room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place(pub u64);

/// One member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub member: MemberId,
    /// The machine it is connected to: nothing here assumes that this is ours.
    pub node: NodeId,
    /// Its presence; `None` when it has none.
    pub state: Option<Json>,
}

/// The members of one room, in join order, none of them twice.
#[derive(Debug, Default)]
pub struct Roster {
    entries: BTreeMap<Place, Entry>,
    places: HashMap<MemberId, Place>,
    next: u64,
}

impl Roster {
    /// Adds a member at the end. `None`, and no change, when it is already in.
    pub fn join(&mut self, entry: Entry) -> Option<Place> {
        self.restore(Place(self.next), entry)
    }

    /// Puts a member back where it was. `None`, and no change, when it or another is already there.
    pub fn restore(&mut self, place: Place, entry: Entry) -> Option<Place> {
        if self.places.contains_key(&entry.member) || self.entries.contains_key(&place) {
            return None;
        }
        self.next = self.next.max(place.0 + 1);
        self.places.insert(entry.member.clone(), place);
        self.entries.insert(place, entry);
        Some(place)
    }

    /// Removes a member.
    pub fn leave(&mut self, place: Place) -> Option<Entry> {
        let entry = self.entries.remove(&place)?;
        self.places.remove(&entry.member);
        Some(entry)
    }

    /// Changes a member's state; its place stays.
    pub fn set_state(&mut self, place: Place, state: Option<Json>) -> Option<&Entry> {
        let entry = self.entries.get_mut(&place)?;
        entry.state = state;
        Some(entry)
    }

    /// The member at `place`.
    #[must_use]
    pub fn get(&self, place: Place) -> Option<&Entry> {
        self.entries.get(&place)
    }

    /// Where a member stands.
    #[must_use]
    pub fn place(&self, member: &MemberId) -> Option<Place> {
        self.places.get(member).copied()
    }

    /// Everybody, in join order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.entries.values()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nobody is in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str) -> Entry {
        Entry { member: MemberId::parse(id).unwrap(), node: NodeId(1), state: None }
    }

    fn ids(roster: &Roster) -> Vec<&str> {
        roster.iter().map(|entry| entry.member.as_str()).collect()
    }

    #[test]
    fn join_order_is_kept_whatever_changes() {
        let mut roster = Roster::default();
        let a = roster.join(entry("a")).unwrap();
        let b = roster.join(entry("b")).unwrap();
        roster.join(entry("c")).unwrap();
        roster.set_state(a, Some(Json::encode(&1).unwrap()));
        assert_eq!(ids(&roster), ["a", "b", "c"]);
        roster.leave(b);
        roster.join(entry("b"));
        assert_eq!(ids(&roster), ["a", "c", "b"]);
    }

    #[test]
    fn nobody_is_in_twice() {
        let mut roster = Roster::default();
        let a = roster.join(entry("a")).unwrap();
        assert_eq!(roster.join(entry("a")), None);
        assert_eq!(roster.restore(a, entry("b")), None);
        assert_eq!(ids(&roster), ["a"]);
        assert!(roster.leave(a).is_some() && roster.leave(a).is_none());
        assert!(roster.is_empty());
    }

    #[test]
    fn restored_members_stand_where_they_stood() {
        let mut roster = Roster::default();
        roster.restore(Place(7), entry("late"));
        roster.restore(Place(2), entry("early"));
        roster.join(entry("new"));
        assert_eq!(ids(&roster), ["early", "late", "new"]);
    }
}
