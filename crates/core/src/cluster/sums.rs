//! One number for all streams that two nodes have in common, and where they differ.
//!
//! What one node has and what the other holds of it are summed up over two levels of 256 buckets each, by the first bytes of a
//! room's subject. The sum of everything stands in a heartbeat, however many rooms there are; where it differs, the sums of
//! the buckets say which rooms it is.

use super::Subject;

/// How many bytes of a subject choose a bucket at most.
pub(super) const LEVELS: usize = 2;

/// Buckets within a bucket.
pub(super) const BUCKETS: usize = 256;

/// So many rooms are listed at once, which is shorter than sums.
pub(super) const LISTED_AT_ONCE: usize = 256;

/// The sums of the first level. That of another order of adding is the same.
#[derive(Debug, Clone)]
pub(super) struct Sums(Box<[u64; BUCKETS]>);

impl Sums {
    pub(super) fn new() -> Self {
        Self(Box::new([0; BUCKETS]))
    }

    pub(super) fn add(&mut self, subject: &Subject, part: u64) {
        if let Some(sum) = self.at_mut(subject) {
            *sum = sum.wrapping_add(part);
        }
    }

    pub(super) fn subtract(&mut self, subject: &Subject, part: u64) {
        if let Some(sum) = self.at_mut(subject) {
            *sum = sum.wrapping_sub(part);
        }
    }

    /// Everything.
    pub(super) fn total(&self) -> u64 {
        self.0.iter().fold(0, |total, sum| total.wrapping_add(*sum))
    }

    pub(super) fn buckets(&self) -> impl Iterator<Item = u64> {
        self.0.iter().copied()
    }

    fn at_mut(&mut self, subject: &Subject) -> Option<&mut u64> {
        let [first, ..] = subject.as_bytes();
        self.0.get_mut(usize::from(*first))
    }
}

/// That a node takes part in a room.
pub(super) fn part_of_room(subject: &Subject) -> u64 {
    let [first, second] = subject.words();
    mix(first ^ mix(second))
}

/// That a node's stream in a room has come to this number.
pub(super) fn part_of_stream(subject: &Subject, at: u64) -> u64 {
    mix(part_of_room(subject) ^ mix(at.wrapping_add(1)))
}

/// The finaliser of SplitMix64: each bit depends on every other.
fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_does_not_matter_and_each_part_does() {
        let rooms: Vec<Subject> = (0..50).map(|n| Subject::of("app", &format!("room/{n}"))).collect();
        let (mut forth, mut back) = (Sums::new(), Sums::new());
        for (n, room) in rooms.iter().enumerate() {
            forth.add(room, part_of_stream(room, n as u64));
        }
        for (n, room) in rooms.iter().enumerate().rev() {
            back.add(room, part_of_stream(room, n as u64));
        }
        assert_eq!(forth.total(), back.total());
        for (n, room) in rooms.iter().enumerate() {
            back.subtract(room, part_of_stream(room, n as u64));
            assert_ne!(forth.total(), back.total(), "without {room}");
            back.add(room, part_of_stream(room, n as u64 + 1));
            assert_ne!(forth.total(), back.total(), "{room} one further");
            back.subtract(room, part_of_stream(room, n as u64 + 1));
            back.add(room, part_of_stream(room, n as u64));
        }
        assert_eq!(forth.buckets().collect::<Vec<_>>(), back.buckets().collect::<Vec<_>>());
    }

    #[test]
    fn a_room_without_a_word_is_not_nothing() {
        let room = Subject::first_with(&[]);
        assert_ne!(part_of_stream(&room, u64::MAX), part_of_stream(&room, 0));
        assert_ne!(part_of_room(&room), 0);
    }
}
