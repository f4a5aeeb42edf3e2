//! Who is in a room, and in what state.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;

use crate::frame::encode;
use crate::{ConnectionId, Json, MemberId, NodeId};

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
    /// Its connection, where that is of this node.
    pub connection: Option<ConnectionId>,
    /// Its presence; `None` when it has none.
    pub state: Option<Json>,
}

/// The members of one room, in join order, none of them twice.
///
/// What a snapshot says of a member is written when its state is set, never when somebody joins: a join into a room of
/// thousands copies bytes, and nobody who is in is encoded for it. No state is kept twice for that, because the member's
/// own is a part of the same bytes. It costs the member's id once more and 20 bytes around it, and some 60 bytes of
/// bookkeeping.
#[derive(Debug, Default)]
pub struct Roster {
    seats: BTreeMap<Place, Seat>,
    places: HashMap<MemberId, Place>,
    next: u64,
    listed_bytes: usize,
}

#[derive(Debug)]
struct Seat {
    entry: Entry,
    /// As it stands in a snapshot; `entry.state` is a slice of it.
    listed: Bytes,
}

impl Roster {
    /// Adds a member at the end. `None`, and no change, when it is already in.
    pub fn join(&mut self, entry: Entry) -> Option<Place> {
        self.restore(Place(self.next), entry)
    }

    /// Puts a member back where it was. `None`, and no change, when it or another is already there.
    pub fn restore(&mut self, place: Place, entry: Entry) -> Option<Place> {
        if self.places.contains_key(&entry.member) || self.seats.contains_key(&place) {
            return None;
        }
        self.next = self.next.max(place.0 + 1);
        self.places.insert(entry.member.clone(), place);
        let (listed, state) = encode::listed(&entry.member, entry.state.as_ref());
        self.listed_bytes += listed.len();
        self.seats.insert(place, Seat { entry: Entry { state, ..entry }, listed });
        Some(place)
    }

    /// Removes a member.
    pub fn leave(&mut self, place: Place) -> Option<Entry> {
        let Seat { entry, listed } = self.seats.remove(&place)?;
        self.places.remove(&entry.member);
        self.listed_bytes -= listed.len();
        Some(entry)
    }

    /// Changes a member's state; its place stays.
    pub fn set_state(&mut self, place: Place, state: Option<&Json>) -> Option<&Entry> {
        let seat = self.seats.get_mut(&place)?;
        self.listed_bytes -= seat.listed.len();
        (seat.listed, seat.entry.state) = encode::listed(&seat.entry.member, state);
        self.listed_bytes += seat.listed.len();
        Some(&seat.entry)
    }

    /// The member at `place`.
    #[must_use]
    pub fn get(&self, place: Place) -> Option<&Entry> {
        self.seats.get(&place).map(|seat| &seat.entry)
    }

    /// Where a member stands.
    #[must_use]
    pub fn place(&self, member: &MemberId) -> Option<Place> {
        self.places.get(member).copied()
    }

    /// Everybody, in join order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.seats.values().map(|seat| &seat.entry)
    }

    /// Everybody as a snapshot lists them, in join order, with a comma between two: this is all of a snapshot that is
    /// the same for whoever joins now.
    #[must_use]
    pub fn listed(&self) -> Vec<u8> {
        let mut listed = Vec::with_capacity(self.listed_bytes());
        self.list_into(&mut listed);
        listed
    }

    /// Appends what [`listed`](Self::listed) gives.
    pub(crate) fn list_into(&self, frame: &mut Vec<u8>) {
        for (i, seat) in self.seats.values().enumerate() {
            if i > 0 {
                frame.push(b',');
            }
            frame.extend_from_slice(&seat.listed);
        }
    }

    /// How many bytes [`listed`](Self::listed) has.
    #[must_use]
    pub fn listed_bytes(&self) -> usize {
        self.listed_bytes + self.seats.len().saturating_sub(1)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.seats.len()
    }

    /// Whether nobody is in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seats.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str) -> Entry {
        Entry { member: MemberId::parse(id).unwrap(), node: NodeId(1), connection: None, state: None }
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
        roster.set_state(a, Some(&Json::encode(&1).unwrap()));
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

    #[test]
    fn what_a_snapshot_lists_is_kept_up_with_the_members() {
        let mut roster = Roster::default();
        let check = |roster: &Roster, listed: &str| {
            assert_eq!(std::str::from_utf8(&roster.listed()).unwrap(), listed);
            assert_eq!(roster.listed_bytes(), listed.len());
        };
        check(&roster, "");
        let a = roster.join(entry("a")).unwrap();
        let b = roster.join(entry("b")).unwrap();
        roster.set_state(a, Some(&Json::encode(&[1, 2]).unwrap()));
        check(&roster, r#"{"id":"a","state":[1,2]},{"id":"b"}"#);
        assert_eq!(roster.get(a).unwrap().state.as_ref().map(Json::as_str), Some("[1,2]"));
        roster.set_state(a, None);
        roster.set_state(b, Some(&Json::encode("x").unwrap()));
        check(&roster, r#"{"id":"a"},{"id":"b","state":"x"}"#);
        roster.leave(a);
        check(&roster, r#"{"id":"b","state":"x"}"#);
    }
}
