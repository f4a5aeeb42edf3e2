//! Who is in a room, and in what state.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::frame::listed::{self, Listed, V1Only};
pub use crate::number::Number;
use crate::{Generation, Json, MemberId, NodeId, UserId};

/// A member's place in the join order. It never changes and is never given twice in one room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place(pub u64);

/// One member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub member: MemberId,
    /// What names it in updates.
    pub number: Number,
    /// The process that it is connected to, or was last.
    pub node: NodeId,
    /// How often it was taken over: of two claims to one member the higher has it.
    pub generation: Generation,
    /// Whose it is, where the room names its users.
    pub user: Option<UserId>,
    /// Whether it has no socket and is held.
    pub away: bool,
    /// What the server says of it; `None` when nothing.
    pub info: Option<Json>,
    /// Its presence; `None` when it has none.
    pub state: Option<Json>,
}

/// One member as it is kept: its info and its state are parts of what a snapshot says of it.
///
/// There is no clone of it: one would share the bytes of that, and bytes that are shared take more.
#[derive(Debug)]
pub struct Row {
    /// Its id.
    pub member: MemberId,
    /// What names it in updates.
    pub number: Number,
    /// The process that it is connected to, or was last.
    pub node: NodeId,
    /// How often it was taken over.
    pub generation: Generation,
    /// Whose it is, where the room names its users.
    pub user: Option<UserId>,
    /// Whether it has no socket and is held.
    pub away: bool,
    listed: Listed,
}

/// The members of one room, in join order, none of them twice.
///
/// What a snapshot says of a member is written when its state is set, never when somebody joins: a join into a room of
/// thousands copies bytes, and nobody who is in is encoded for it. No state and no info is kept twice for that, because the
/// member's own are parts of the same bytes. It costs the member's id once more and 30 bytes around it, and some 60 bytes of
/// bookkeeping.
#[derive(Debug, Default)]
pub struct Roster {
    rows: BTreeMap<Place, Row>,
    places: HashMap<MemberId, Place>,
    next: u64,
    sizes: Sizes,
}

/// How many bytes all rows together are.
#[derive(Debug, Default)]
struct Sizes {
    v1: usize,
    /// So many of them stand in no plain listing.
    v1_only: usize,
}

/// Everybody, as a snapshot lists them in each dialect: in join order, with a comma between two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// For plain clients.
    pub plain: Bytes,
    /// For v1 clients.
    pub v1: Bytes,
}

impl Roster {
    /// Adds a member at the end. `None`, and no change, when it is already in.
    pub fn join(&mut self, entry: Entry) -> Option<Place> {
        self.join_at(None, entry)
    }

    /// Adds a member where it was before, or where that is another's at the end.
    pub fn join_at(&mut self, before: Option<Place>, entry: Entry) -> Option<Place> {
        if self.places.contains_key(&entry.member) {
            return None;
        }
        let place = before.filter(|place| !self.rows.contains_key(place)).unwrap_or(Place(self.next));
        self.insert(place, entry);
        Some(place)
    }

    /// Puts a member back where it was. `false`, and no change, when another is already there, or when the member is in
    /// with a generation that is not lower.
    pub fn restore(&mut self, place: Place, entry: Entry) -> bool {
        let before = self.place(&entry.member);
        let is_older = |at: &Place| self.get(*at).is_some_and(|before| before.generation >= entry.generation);
        let is_taken = self.rows.contains_key(&place) && before != Some(place);
        if is_taken || before.as_ref().is_some_and(is_older) {
            return false;
        }
        if let Some(before) = before {
            self.leave(before);
        }
        self.insert(place, entry);
        true
    }

    /// Whoever is added at the end from now on stands here or behind.
    pub fn begin_at(&mut self, place: Place) {
        self.next = self.next.max(place.0);
    }

    /// Removes a member.
    pub fn leave(&mut self, place: Place) -> Option<Entry> {
        let row = self.rows.remove(&place)?;
        self.places.remove(&row.member);
        self.sizes.subtract(&row);
        Some(Entry::from(&row))
    }

    /// Changes a member's state; its place stays.
    pub fn set_state(&mut self, place: Place, state: Option<Json>) -> Option<&Row> {
        let info = self.get(place)?.info();
        self.change(place, |row| row.list(info.as_ref(), state.as_ref()))
    }

    /// Changes what the server says of a member; its place stays.
    pub fn set_info(&mut self, place: Place, info: Option<Json>) -> Option<&Row> {
        let state = self.get(place)?.state();
        self.change(place, |row| row.list(info.as_ref(), state.as_ref()))
    }

    /// Says whether a member is held without a socket; its place stays.
    pub fn set_away(&mut self, place: Place, away: bool) -> Option<&Row> {
        self.change(place, |row| {
            row.away = away;
            row.list(row.info().as_ref(), row.state().as_ref());
        })
    }

    /// Another process has this member from here on; its place and what names it stay.
    pub fn hand_to(&mut self, place: Place, node: NodeId, generation: Generation) -> Option<&Row> {
        let row = self.rows.get_mut(&place)?;
        (row.node, row.generation) = (node, generation);
        Some(row)
    }

    /// The member at `place`.
    #[must_use]
    pub fn get(&self, place: Place) -> Option<&Row> {
        self.rows.get(&place)
    }

    /// Where a member stands.
    #[must_use]
    pub fn place(&self, member: &MemberId) -> Option<Place> {
        self.places.get(member).copied()
    }

    /// A member by its id.
    #[must_use]
    pub fn find(&self, member: &MemberId) -> Option<&Row> {
        self.get(self.place(member)?)
    }

    /// Everybody, in join order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Row> {
        self.rows.values()
    }

    /// Those who stand behind this place, in join order.
    pub fn iter_after(&self, place: Option<Place>) -> impl Iterator<Item = (Place, &Row)> {
        let from = place.map_or(Bound::Unbounded, Bound::Excluded);
        self.rows.range((from, Bound::Unbounded)).map(|(place, row)| (*place, row))
    }

    /// Everybody's places, in join order.
    pub fn places(&self) -> impl ExactSizeIterator<Item = Place> {
        self.rows.keys().copied()
    }

    /// Everybody as a snapshot lists them: this is all of a snapshot that is the same for whoever joins now.
    #[must_use]
    pub fn listing(&self) -> Listing {
        let v1 = self.list(self.listed_bytes(), |row| [row.listed.as_v1(), b""]);
        let plain = self.list(self.listed_bytes() - self.sizes.v1_only, Row::as_plain);
        Listing { plain, v1 }
    }

    /// How many bytes the longer of a [`Listing`] has.
    #[must_use]
    pub fn listed_bytes(&self) -> usize {
        self.sizes.v1 + self.rows.len().saturating_sub(1)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether nobody is in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn list<'a>(&'a self, bytes: usize, parts: impl Fn(&'a Row) -> [&'a [u8]; 2]) -> Bytes {
        let mut list = Vec::with_capacity(bytes);
        for (i, row) in self.rows.values().enumerate() {
            if i > 0 {
                list.push(b',');
            }
            parts(row).into_iter().for_each(|part| list.extend_from_slice(part));
        }
        list.into()
    }

    fn insert(&mut self, place: Place, entry: Entry) {
        self.next = self.next.max(place.0.saturating_add(1));
        self.places.insert(entry.member.clone(), place);
        let row = Row::from(entry);
        self.sizes.add(&row);
        self.rows.insert(place, row);
    }

    fn change(&mut self, place: Place, change: impl FnOnce(&mut Row)) -> Option<&Row> {
        let row = self.rows.get_mut(&place)?;
        self.sizes.subtract(row);
        change(row);
        self.sizes.add(row);
        Some(row)
    }
}

impl Sizes {
    fn add(&mut self, row: &Row) {
        self.v1 += row.listed.as_v1().len();
        self.v1_only += row.v1_only_bytes();
    }

    fn subtract(&mut self, row: &Row) {
        self.v1 -= row.listed.as_v1().len();
        self.v1_only -= row.v1_only_bytes();
    }
}

impl Row {
    /// What the server says of it; `None` when nothing.
    #[must_use]
    pub fn info(&self) -> Option<Json> {
        self.listed.info()
    }

    /// Its presence; `None` when it has none.
    #[must_use]
    pub fn state(&self) -> Option<Json> {
        self.listed.state()
    }

    fn list(&mut self, info: Option<&Json>, state: Option<&Json>) {
        let v1_only = V1Only::of(self.number, self.user.as_ref(), self.away, info);
        self.listed = listed::write(&self.member, v1_only, state);
    }

    fn as_plain(&self) -> [&[u8]; 2] {
        self.listed.as_plain(&self.member)
    }

    fn v1_only_bytes(&self) -> usize {
        self.listed.v1_only_bytes(&self.member)
    }
}

impl From<Entry> for Row {
    fn from(entry: Entry) -> Self {
        let Entry { member, number, node, generation, user, away, info, state } = entry;
        let listed = listed::write(&member, V1Only::of(number, user.as_ref(), away, info.as_ref()), state.as_ref());
        Self { member, number, node, generation, user, away, listed }
    }
}

impl From<&Row> for Entry {
    fn from(row: &Row) -> Self {
        Self {
            member: row.member.clone(),
            number: row.number,
            node: row.node,
            generation: row.generation,
            user: row.user.clone(),
            away: row.away,
            info: row.info(),
            state: row.state(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str) -> Entry {
        Entry {
            member: MemberId::parse(id).unwrap(),
            number: Number(id.bytes().next().map_or(0, |first| u32::from(first - b'a'))),
            node: NodeId(1),
            generation: Generation(0),
            user: None,
            away: false,
            info: None,
            state: None,
        }
    }

    fn ids(roster: &Roster) -> Vec<&str> {
        roster.iter().map(|entry| entry.member.as_str()).collect()
    }

    fn json(value: serde_json::Value) -> Option<Json> {
        Some(Json::encode(&value).unwrap())
    }

    #[test]
    fn who_comes_back_stands_where_it_stood_and_before_who_is_new() {
        let mut roster = Roster::default();
        roster.begin_at(Place(100));
        assert_eq!(roster.join(entry("new")), Some(Place(100)));
        assert_eq!(roster.join_at(Some(Place(7)), entry("b")), Some(Place(7)));
        assert_eq!(roster.join_at(Some(Place(3)), entry("a")), Some(Place(3)));
        assert_eq!(roster.join_at(Some(Place(7)), entry("c")), Some(Place(101)), "that one is taken");
        assert_eq!(roster.join_at(Some(Place(9)), entry("a")), None, "it is in");
        roster.begin_at(Place(50));
        assert_eq!(roster.join(entry("d")), Some(Place(102)));
        assert_eq!(ids(&roster), ["a", "b", "new", "c", "d"]);
    }

    #[test]
    fn join_order_is_kept_whatever_changes() {
        let mut roster = Roster::default();
        let a = roster.join(entry("a")).unwrap();
        let b = roster.join(entry("b")).unwrap();
        roster.join(entry("c")).unwrap();
        roster.set_state(a, json(1.into()));
        roster.set_away(a, true);
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
        assert!(!roster.restore(a, entry("b")));
        assert!(!roster.restore(Place(9), entry("a")), "a claim of the same generation");
        assert_eq!(ids(&roster), ["a"]);
        assert!(roster.leave(a).is_some() && roster.leave(a).is_none());
        assert!(roster.is_empty());
    }

    #[test]
    fn of_two_claims_the_higher_generation_has_the_member() {
        let mut roster = Roster::default();
        let first = Entry { generation: Generation(1), ..entry("a") };
        let later = Entry { generation: Generation(2), node: NodeId(2), ..entry("a") };
        assert!(roster.restore(Place(3), first.clone()));
        assert!(roster.restore(Place(3), later.clone()), "it takes its own place");
        assert!(!roster.restore(Place(4), first));
        assert_eq!((roster.len(), roster.find(&later.member).map(Entry::from)), (1, Some(later.clone())));
        let latest = Entry { generation: Generation(3), ..later };
        assert!(roster.restore(Place(7), latest));
        assert_eq!((roster.len(), roster.places().collect::<Vec<_>>()), (1, vec![Place(7)]));
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
            let Listing { plain, v1 } = roster.listing();
            assert_eq!(plain, listed);
            assert_eq!(v1, listed.replace(r#""a""#, r#""a","n":0"#).replace(r#""b""#, r#""b","n":1"#));
            assert_eq!(roster.listed_bytes(), v1.len());
        };
        check(&roster, "");
        let a = roster.join(entry("a")).unwrap();
        let b = roster.join(entry("b")).unwrap();
        roster.set_state(a, json(serde_json::json!([1, 2])));
        check(&roster, r#"{"id":"a","state":[1,2]},{"id":"b"}"#);
        assert_eq!(roster.get(a).unwrap().state().as_ref().map(Json::as_str), Some("[1,2]"));
        roster.set_state(a, None);
        roster.set_state(b, json("x".into()));
        check(&roster, r#"{"id":"a"},{"id":"b","state":"x"}"#);
        roster.leave(a);
        check(&roster, r#"{"id":"b","state":"x"}"#);
    }

    #[test]
    fn only_v1_lists_what_names_a_member_whose_it_is_and_that_it_is_away() {
        let mut roster = Roster::default();
        let user = UserId::new("ann \"the\" first").unwrap();
        let a = roster.join(Entry { user: Some(user), ..entry("a") }).unwrap();
        let b = roster.join(entry("b")).unwrap();
        roster.set_state(a, json(1.into()));
        roster.set_away(b, true);
        let Listing { plain, v1 } = roster.listing();
        assert_eq!(plain, r#"{"id":"a","state":1},{"id":"b"}"#);
        assert_eq!(v1, r#"{"id":"a","n":0,"user":"ann \"the\" first","state":1},{"id":"b","n":1,"away":true}"#);
        roster.set_away(b, false);
        roster.leave(a);
        assert_eq!(roster.listing().v1, r#"{"id":"b","n":1}"#);
    }

    #[test]
    fn the_longest_user_is_left_out_of_what_plain_lists() {
        let mut roster = Roster::default();
        let user = "\u{1}".repeat(UserId::MOST_BYTES);
        roster.join(Entry { user: Some(UserId::new(&user).unwrap()), away: true, ..entry("a") });
        roster.join(Entry { state: json(1.into()), ..entry("b") });
        let Listing { plain, v1 } = roster.listing();
        assert_eq!(plain, r#"{"id":"a"},{"id":"b","state":1}"#);
        let written = format!(r#"{{"id":"a","n":0,"user":"{}","away":true}}"#, r"\u0001".repeat(UserId::MOST_BYTES));
        assert_eq!(v1, written + r#",{"id":"b","n":1,"state":1}"#);
        assert_eq!(roster.listed_bytes(), v1.len());
    }
}
