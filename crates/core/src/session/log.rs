//! What was said in a room, for as long as somebody may come back and ask for it.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::room::Audience;
use crate::{MemberId, Millis};

/// A room's last messages, each encoded once and shared with the sockets that were sent it.
///
/// Bounded in frames, bytes and age. What it has let go of is [below its floor](Log::floor): whoever has seen less than that
/// cannot be told what it missed.
#[derive(Debug, Default)]
pub(crate) struct Log {
    entries: VecDeque<Entry>,
    bytes: usize,
    /// The highest number that it has let go of.
    floor: u64,
}

/// Who was to hear a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum To {
    /// Every member.
    Everybody,
    /// Every member save this one.
    AllBut(MemberId),
    /// This member alone.
    Only(MemberId),
}

/// What a log may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLimits {
    /// Messages.
    pub frames: usize,
    /// Bytes of their frames.
    pub bytes: usize,
    /// Milliseconds from a message until it is let go.
    pub age_ms: Millis,
}

/// How many messages were let go of although they were young enough to be asked for, by which bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LetGo {
    /// By [`LogLimits::frames`].
    pub frames: usize,
    /// By [`LogLimits::bytes`].
    pub bytes: usize,
}

/// Whom a replay is for, and from where on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Since<'a> {
    /// Who comes back; `None`: somebody who hears what is for everybody.
    pub(crate) member: Option<&'a MemberId>,
    /// The last number that was given when it became a member: what was said before that was not for it.
    pub(crate) entered: u64,
    /// The last that it has seen.
    pub(crate) seen: u64,
    /// The last that was given.
    pub(crate) top: u64,
    /// Bytes that it may be sent at once.
    pub(crate) most_bytes: usize,
}

#[derive(Debug)]
struct Entry {
    seq: u64,
    at: Millis,
    to: To,
    frame: Bytes,
}

/// What an entry takes beside its frame.
const PLACE_BYTES: usize = size_of::<Entry>();

impl To {
    /// Whether it is for this member.
    #[must_use]
    pub fn includes(&self, member: &MemberId) -> bool {
        match self {
            Self::Everybody => true,
            Self::AllBut(other) => other != member,
            Self::Only(one) => one == member,
        }
    }
}

impl From<&Audience> for To {
    fn from(audience: &Audience) -> Self {
        match audience {
            Audience::Everybody => Self::Everybody,
            Audience::AllBut(member) => Self::AllBut(member.clone()),
        }
    }
}

impl Log {
    /// Keeps a message, whose number must be above all before it, and lets go of what is over a bound then.
    pub(crate) fn push(&mut self, seq: u64, to: To, frame: Bytes, now: Millis, limits: LogLimits) -> LetGo {
        self.bytes += frame.len();
        self.entries.push_back(Entry { seq, at: now, to, frame });
        self.let_go(now, limits)
    }

    /// Lets go of everything up to this number, which nobody can ask for.
    pub(crate) fn clear(&mut self, top: u64) {
        *self = Self { floor: self.floor.max(top), ..Self::default() };
    }

    /// Lets go of what is over a bound at `now`, the oldest first.
    pub(crate) fn let_go(&mut self, now: Millis, limits: LogLimits) -> LetGo {
        let mut young = LetGo::default();
        while let Some(oldest) = self.entries.front() {
            let is_old = now.saturating_sub(oldest.at) >= limits.age_ms;
            let (over_frames, over_bytes) = (self.entries.len() > limits.frames, self.bytes > limits.bytes);
            match (is_old, over_frames, over_bytes) {
                (true, ..) => {}
                (false, true, _) => young.frames += 1,
                (false, false, true) => young.bytes += 1,
                (false, false, false) => break,
            }
            self.let_go_of_oldest();
        }
        self.give_back();
        young
    }

    /// Lets go of the oldest until it holds so many bytes less, or nothing. Returns how many they were.
    pub(crate) fn shrink(&mut self, excess: usize) -> usize {
        let (before, entries) = (self.held_bytes(), self.entries.len());
        while !self.entries.is_empty() && before - self.held_bytes() < excess {
            self.let_go_of_oldest();
        }
        self.give_back();
        entries - self.entries.len()
    }

    /// When [`Log::let_go`] has something to do, if nothing is said until then.
    pub(crate) fn due(&self, limits: LogLimits) -> Option<Millis> {
        self.entries.front().map(|oldest| oldest.at.saturating_add(limits.age_ms))
    }

    /// The highest number that it has let go of, or that was given before it began.
    pub(crate) fn floor(&self) -> u64 {
        self.floor
    }

    /// Bytes that it holds, and its entries with them.
    pub(crate) fn held_bytes(&self) -> usize {
        self.bytes + self.entries.len() * PLACE_BYTES
    }

    /// Every frame after the last that the member has seen that was for it, in order. `None` where some of them are gone, where
    /// nobody can have seen that number, where it was no member then, or where they are too many bytes.
    pub(crate) fn since(&self, since: Since<'_>) -> Option<Vec<Bytes>> {
        Some(self.numbered_since(since)?.map(|(_, frame)| frame).collect())
    }

    /// The same, each with its number.
    pub(crate) fn numbered_since(
        &self,
        Since { member, entered, seen, top, most_bytes }: Since<'_>,
    ) -> Option<impl Iterator<Item = (u64, Bytes)>> {
        if seen < self.floor || seen < entered || seen > top {
            return None;
        }
        let from = self.entries.partition_point(|entry| entry.seq <= seen);
        let is_for = |to: &To| member.map_or(*to == To::Everybody, |member| to.includes(member));
        let missed: Vec<_> = self.entries.range(from..).filter(|entry| is_for(&entry.to)).collect();
        let bytes: usize = missed.iter().map(|entry| entry.frame.len()).sum();
        (bytes <= most_bytes).then(|| missed.into_iter().map(|entry| (entry.seq, entry.frame.clone())))
    }

    /// Of the messages with these numbers, in order, those that were for this member. `None` where some of them are gone.
    pub(crate) fn these(&self, numbers: &[u64], member: &MemberId) -> Option<Vec<Bytes>> {
        let mut frames = Vec::new();
        for number in numbers {
            let at = self.entries.binary_search_by_key(number, |entry| entry.seq).ok()?;
            let entry = self.entries.get(at)?;
            if entry.to.includes(member) {
                frames.push(entry.frame.clone());
            }
        }
        Some(frames)
    }

    fn let_go_of_oldest(&mut self) {
        if let Some(entry) = self.entries.pop_front() {
            self.bytes -= entry.frame.len();
            self.floor = entry.seq;
        }
    }

    /// A room that was busy once does not hold the memory of that for ever.
    fn give_back(&mut self) {
        if self.entries.is_empty() {
            self.entries = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: LogLimits = LogLimits { frames: 3, bytes: 100, age_ms: 50 };

    fn id(id: &str) -> MemberId {
        MemberId::parse(id).unwrap()
    }

    fn frame(len: usize) -> Bytes {
        vec![b'x'; len].into()
    }

    fn texts(frames: Option<Vec<Bytes>>) -> Option<Vec<String>> {
        frames.map(|frames| frames.iter().map(|frame| String::from_utf8_lossy(frame).into_owned()).collect())
    }

    fn since(log: &Log, member: &MemberId, seen: u64, top: u64) -> Option<Vec<String>> {
        texts(log.since(Since { member: Some(member), entered: 0, seen, top, most_bytes: usize::MAX }))
    }

    /// Five messages, of which ann hears all but her own, and bob one alone.
    fn spoken() -> Log {
        let limits = LogLimits { frames: 10, ..LIMITS };
        let mut log = Log::default();
        for (seq, to) in [
            (1, To::Everybody),
            (2, To::AllBut(id("ann"))),
            (3, To::Only(id("ann"))),
            (5, To::Only(id("bob"))),
            (6, To::Everybody),
        ] {
            log.push(seq, to, format!("m{seq}").into(), 0, limits);
        }
        log
    }

    #[test]
    fn who_comes_back_is_sent_what_was_for_it_and_nothing_else() {
        let log = spoken();
        let (ann, bob) = (id("ann"), id("bob"));
        let all = |frames: &[&str]| Some(frames.iter().map(|frame| (*frame).to_owned()).collect::<Vec<_>>());
        assert_eq!(since(&log, &ann, 0, 6), all(&["m1", "m3", "m6"]));
        assert_eq!(since(&log, &bob, 0, 6), all(&["m1", "m2", "m5", "m6"]));
        assert_eq!(since(&log, &ann, 3, 6), all(&["m6"]));
        assert_eq!(since(&log, &ann, 4, 6), all(&["m6"]), "a number that was nobody's message");
        assert_eq!(since(&log, &bob, 6, 6), all(&[]));
    }

    #[test]
    fn what_cannot_be_had_is_not_pretended() {
        let (mut log, ann) = (spoken(), id("ann"));
        let asks = Since { member: Some(&ann), entered: 0, seen: 1, top: 6, most_bytes: 4 };
        assert_eq!(texts(log.since(asks)), Some(vec!["m3".into(), "m6".into()]));
        for (asks, why) in [
            (Since { seen: 7, ..asks }, "ahead of all that was given"),
            (Since { seen: u64::MAX, ..asks }, "far ahead"),
            (Since { entered: 2, ..asks }, "it was no member then"),
            (Since { most_bytes: 3, ..asks }, "more than it may be sent at once"),
        ] {
            assert_eq!(log.since(asks), None, "{why}");
        }
        log.shrink(1);
        assert_eq!((log.floor(), log.since(asks).is_some()), (1, true), "what it has seen last may be gone");
        log.shrink(1);
        assert_eq!(
            (log.floor(), log.since(asks)),
            (2, None),
            "although that one was not for it: nobody knows that now"
        );
        log.clear(6);
        assert_eq!((log.floor(), log.held_bytes(), log.since(asks)), (6, 0, None));
        assert_eq!(since(&log, &ann, 6, 6), Some(vec![]));
    }

    #[test]
    fn each_bound_lets_go_of_the_oldest() {
        let mut log = Log::default();
        let push = |log: &mut Log, seq, len, at| {
            let let_go = log.push(seq, To::Everybody, frame(len), at, LIMITS);
            (log.floor(), let_go.frames, let_go.bytes)
        };
        for (seq, at) in [(1, 0), (2, 0), (3, 10)] {
            assert_eq!(push(&mut log, seq, 1, at), (0, 0, 0));
        }
        assert_eq!(push(&mut log, 4, 1, 10), (1, 1, 0), "frames");
        assert_eq!(push(&mut log, 5, 98, 10), (2, 1, 0), "frames, and no more than the bytes ask for");
        assert_eq!(push(&mut log, 6, 99, 10), (5, 1, 2), "bytes");
        assert_eq!(log.due(LIMITS), Some(60));
        assert_eq!((log.let_go(59, LIMITS), log.floor()), (LetGo::default(), 5));
        assert_eq!(log.let_go(60, LIMITS), LetGo::default(), "what is old nobody asks for");
        assert_eq!((log.floor(), log.held_bytes(), log.due(LIMITS)), (6, 0, None), "age");
        assert_eq!(push(&mut log, 7, 101, 60), (7, 0, 1), "one that is larger than all may be");
    }

    #[test]
    fn so_many_bytes_less() {
        let mut log = spoken();
        let before = log.held_bytes();
        log.shrink(0);
        assert_eq!(log.held_bytes(), before);
        log.shrink(PLACE_BYTES + 3);
        assert_eq!((log.held_bytes(), log.floor()), (before - 2 * (PLACE_BYTES + 2), 2));
        log.shrink(usize::MAX);
        assert_eq!((log.held_bytes(), log.floor()), (0, 6));
        assert_eq!(log.entries.capacity(), 0, "and none that nobody counts");
    }

    #[derive(Debug, Clone)]
    enum Step {
        Push { gap: u64, to: u8, len: usize },
        Pass(Millis),
        LetGo,
        Shrink(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (1..3u64, 0..3u8, 0..60usize).prop_map(|(gap, to, len)| Step::Push { gap, to, len }),
            1 => (0..40u64).prop_map(Step::Pass),
            1 => Just(Step::LetGo),
            1 => (0..200usize).prop_map(Step::Shrink),
        ]
    }

    proptest! {
        /// It holds the newest of all that was ever said, within its bounds, and what a member is sent of them is what a list
        /// of everything would give.
        #[test]
        fn a_log_is_the_end_of_all_that_was_said(steps in prop::collection::vec(step(), 0..60)) {
            let (ann, bob) = (id("ann"), id("bob"));
            let (mut log, mut now, mut top) = (Log::default(), 0, 0);
            let mut all: Vec<(u64, Millis, To, Bytes)> = Vec::new();
            for step in steps {
                match step {
                    Step::Push { gap, to, len } => {
                        top += gap;
                        let to = [To::Everybody, To::AllBut(ann.clone()), To::Only(ann.clone())][usize::from(to)].clone();
                        all.push((top, now, to.clone(), frame(len)));
                        log.push(top, to, frame(len), now, LIMITS);
                    }
                    Step::Pass(ms) => now += ms,
                    Step::LetGo => {
                        log.let_go(now, LIMITS);
                        prop_assert!(log.due(LIMITS).is_none_or(|at| at > now));
                    }
                    Step::Shrink(excess) => {
                        let before = log.held_bytes();
                        log.shrink(excess);
                        prop_assert!(before - log.held_bytes() >= excess.min(before));
                    }
                }
                let kept: Vec<_> = all.iter().filter(|(seq, ..)| *seq > log.floor()).collect();
                let bytes: usize = kept.iter().map(|(.., frame)| frame.len()).sum();
                prop_assert!(kept.len() <= LIMITS.frames && bytes <= LIMITS.bytes);
                prop_assert_eq!(log.held_bytes(), bytes + kept.len() * PLACE_BYTES);
                for (member, seen) in [&ann, &bob].into_iter().flat_map(|member| (0..=top + 1).map(move |seen| (member, seen))) {
                    let due: Vec<_> =
                        kept.iter().filter(|(seq, _, to, _)| *seq > seen && to.includes(member)).map(|(.., frame)| frame.clone()).collect();
                    let due = (log.floor() <= seen && seen <= top).then_some(due);
                    let given = log.since(Since { member: Some(member), entered: 0, seen, top, most_bytes: usize::MAX });
                    prop_assert_eq!(given, due);
                }
            }
        }
    }
}
