//! Who each receiver believes is in its room.
//!
//! A roster is kept as a count and a sum of the members' hashes: two million entries are followed without two million
//! allocations, and two rosters are equal when both numbers are (but for one chance in 2^64).

use memchr::memmem::Finder;

/// What one receiver knows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Roster {
    /// Members, itself too.
    pub count: i64,
    /// The sum of their hashes, modulo 2^64.
    pub sum: u64,
}

impl Roster {
    fn add(&mut self, id: &[u8]) {
        self.count += 1;
        self.sum = self.sum.wrapping_add(hash(id));
    }

    fn remove(&mut self, id: &[u8]) {
        self.count -= 1;
        self.sum = self.sum.wrapping_sub(hash(id));
    }
}

/// The rosters of all receivers of one server.
#[derive(Debug)]
pub struct Rosters {
    of: Vec<Roster>,
    /// Each receiver's own entry, which its snapshot names.
    own: Vec<Roster>,
    needles: Needles,
}

#[derive(Debug)]
struct Needles {
    member: Finder<'static>,
    join: Finder<'static>,
    leave: Finder<'static>,
    error: Finder<'static>,
}

const SNAPSHOT: &[u8] = br#"{"t":"snapshot","self":""#;
/// The same where other frames follow it in one message.
const SNAPSHOT_AND_MORE: &[u8] = br#"[{"t":"snapshot","self":""#;
/// What every snapshot in v1 has behind all that it says of members.
const SNAPSHOT_END: &[u8] = br#","heartbeat":"#;
const FROM: &[u8] = br#"{"from":""#;

impl Rosters {
    /// Rosters of so many receivers, who know nobody yet.
    pub fn new(receivers: usize) -> Self {
        Self {
            of: vec![Roster::default(); receivers],
            own: vec![Roster::default(); receivers],
            needles: Needles {
                member: Finder::new(br#"{"id":""#),
                join: Finder::new(br#"","t":"presence","op":"join""#),
                leave: Finder::new(br#"","t":"presence","op":"leave""#),
                error: Finder::new(br#""t":"error""#),
            },
        }
    }

    /// Takes in what a message tells of who is there; messages of any other kind change nothing.
    ///
    /// It reads the frames as docs/protocol.md writes them, field by field in that order; a server that wrote them otherwise
    /// would be seen as one whose rosters are wrong.
    ///
    /// # Errors
    ///
    /// What the message says that must not be: a leave of nobody, or an error frame.
    pub fn hear(&mut self, receiver: usize, payload: &[u8]) -> Result<(), String> {
        let (Some(roster), Some(own)) = (self.of.get_mut(receiver), self.own.get_mut(receiver)) else { return Ok(()) };
        if let Some(after) = after_snapshot(payload) {
            *own = Roster::default();
            own.add(until_quote(after));
            *roster = Roster::default();
            for at in self.needles.member.find_iter(payload) {
                roster.add(until_quote(&payload[at + self.needles.member.needle().len()..]));
            }
        }
        for at in self.needles.join.find_iter(payload) {
            roster.add(sender_before(payload, at));
        }
        for at in self.needles.leave.find_iter(payload) {
            roster.remove(sender_before(payload, at));
        }
        if roster.count < 0 {
            return Err(format!("receiver {receiver} heard more leave than were there"));
        }
        if self.needles.error.find(payload).is_some() {
            return Err(format!("receiver {receiver} got {}", String::from_utf8_lossy(payload)));
        }
        Ok(())
    }

    /// How many of these receivers know exactly each other.
    pub fn right(&self, room: std::ops::Range<usize>) -> usize {
        let truth = self.own[room.clone()].iter().fold(Roster::default(), |truth, own| Roster {
            count: truth.count + own.count,
            sum: truth.sum.wrapping_add(own.sum),
        });
        self.of[room].iter().filter(|roster| **roster == truth).count()
    }

    /// Whether this receiver knows exactly those, itself too.
    pub fn knows(&self, receiver: usize, those: impl IntoIterator<Item = usize>) -> bool {
        let truth = those.into_iter().fold(Roster::default(), |truth, member| {
            let own = self.own(member);
            Roster { count: truth.count + own.count, sum: truth.sum.wrapping_add(own.sum) }
        });
        self.of.get(receiver) == Some(&truth)
    }

    /// This receiver alone, as its last snapshot named it.
    pub fn own(&self, receiver: usize) -> Roster {
        self.own.get(receiver).copied().unwrap_or_default()
    }

    /// How many members this receiver knows.
    pub fn count(&self, receiver: usize) -> i64 {
        self.of.get(receiver).map_or(0, |roster| roster.count)
    }
}

/// The snapshot that a message begins with, and what follows it in the same message. One of them may be nothing.
pub fn split(payload: &[u8]) -> (&[u8], &[u8]) {
    if after_snapshot(payload).is_none() {
        return (&[], payload);
    }
    // Of one in v1 that is what comes last; another dialect puts nothing behind it.
    let end = memchr::memmem::rfind(payload, SNAPSHOT_END).unwrap_or(payload.len());
    payload.split_at(end)
}

fn after_snapshot(payload: &[u8]) -> Option<&[u8]> {
    payload.strip_prefix(SNAPSHOT).or_else(|| payload.strip_prefix(SNAPSHOT_AND_MORE))
}

/// What stands before the next quote.
pub fn until_quote(bytes: &[u8]) -> &[u8] {
    &bytes[..memchr::memchr(b'"', bytes).unwrap_or(bytes.len())]
}

/// The id that ends at `end`, in `{"from":"ID`.
fn sender_before(payload: &[u8], end: usize) -> &[u8] {
    let before = &payload[..end];
    let start = memchr::memrchr(b'"', before).map_or(0, |quote| quote + 1);
    // An id behind anything else is no sender's: hashed as nothing, it makes the roster wrong, which is what it is.
    if before[..start].ends_with(FROM) { &before[start..] } else { &[] }
}

/// FNV-1a.
fn hash(id: &[u8]) -> u64 {
    id.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Rosters {
        let mut rosters = Rosters::new(2);
        rosters.hear(0, br#"{"t":"snapshot","self":"a","members":[{"id":"a"}],"seq":1}"#).expect("a snapshot");
        rosters
            .hear(1, br#"{"t":"snapshot","self":"b","members":[{"id":"a"},{"id":"b","state":{"x":1}}]}"#)
            .expect("one");
        rosters
    }

    #[test]
    fn a_join_makes_it_right_and_a_second_one_makes_it_wrong() {
        let mut rosters = two();
        assert_eq!(rosters.right(0..2), 1, "the first does not know of the second yet");
        let join = br#"{"from":"b","t":"presence","op":"join"}"#;
        rosters.hear(0, join).expect("a join");
        assert_eq!(rosters.right(0..2), 2);
        rosters.hear(0, join).expect("a join");
        assert_eq!(rosters.right(0..2), 1, "nobody is there twice");
    }

    #[test]
    fn frames_that_come_together_are_all_heard() {
        let mut rosters = two();
        let batch = br#"[{"from":"b","t":"presence","op":"join"},{"from":"c","t":"presence","op":"join","state":1},{"from":"c","t":"presence","op":"leave"}]"#;
        rosters.hear(0, batch).expect("a batch");
        assert_eq!(rosters.right(0..2), 2);
    }

    #[test]
    fn numbers_of_members_and_states_that_are_told_by_number_change_nobody() {
        let mut rosters = Rosters::new(2);
        rosters.hear(0, br#"{"t":"snapshot","self":"a","members":[{"id":"a","n":0,"state":{"id":1}}]}"#).expect("one");
        rosters.hear(1, br#"{"t":"snapshot","self":"b","members":[{"id":"a","n":0},{"id":"b","n":1}]}"#).expect("two");
        rosters.hear(0, br#"{"from":"b","t":"presence","op":"join","n":1,"state":{"x":1}}"#).expect("a join");
        rosters.hear(0, br#"{"t":"updates","of":[[0,{"x":1}],[1]]}"#).expect("updates");
        assert_eq!(rosters.right(0..2), 2);
    }

    #[test]
    fn a_snapshot_may_bring_the_joins_after_it_along() {
        let mut rosters = two();
        let batch = br#"[{"t":"snapshot","self":"a","members":[{"id":"a"}]},{"from":"b","t":"presence","op":"join"}]"#;
        rosters.hear(0, batch).expect("a batch");
        assert_eq!(rosters.right(0..2), 2);
    }

    #[test]
    fn the_wrong_member_in_the_right_number_is_wrong() {
        let mut rosters = two();
        rosters.hear(0, br#"{"from":"c","t":"presence","op":"join"}"#).expect("a join");
        assert_eq!((rosters.count(0), rosters.right(0..2)), (2, 1));
    }

    #[test]
    fn errors_and_leaves_of_nobody_are_violations() {
        assert!(two().hear(0, br#"{"t":"error","code":"rate_limited","reason":"x"}"#).is_err());
        let mut rosters = two();
        let leave = br#"{"from":"z","t":"presence","op":"leave"}"#;
        assert!(rosters.hear(0, leave).is_ok() && rosters.hear(0, leave).is_err());
    }
}
