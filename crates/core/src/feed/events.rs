//! A feed: what was published, numbered, and kept for who comes back.

use bytes::Bytes;

use super::{FeedEpoch, Position};
use crate::frame::fanout::{PerDialect, Spoken};
use crate::frame::feed::{Heard, heard};
use crate::session::log::{Log, Since};
use crate::session::{LetGo, LogLimits, To};
use crate::{Json, Millis};

/// One feed, under one lock: whoever begins to listen and whatever is published have one order.
///
/// ```
/// use roomful_core::Json;
/// use roomful_core::feed::{Events, FeedEpoch, Position};
/// use roomful_core::frame::fanout::Spoken;
/// use roomful_core::session::LogLimits;
///
/// let epoch = FeedEpoch(7);
/// let mut feed = Events::new(epoch, LogLimits { frames: 1_024, bytes: 512 << 10, age_ms: 40_000 });
/// assert!(!feed.answer(None, usize::MAX).resumed);
/// assert_eq!(feed.publish(&Json::encode("tick")?, Spoken::default(), 0).frames.v1, None, "nobody listens");
/// let answer = feed.answer(Some(Position { epoch, seq: 0 }), usize::MAX);
/// assert_eq!((answer.seq, answer.resumed, answer.missed.len()), (1, true, 1));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug)]
pub struct Events {
    epoch: FeedEpoch,
    top: u64,
    log: Log,
    limits: LogLimits,
}

/// What was published, with its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    /// For those who listen now.
    pub frames: PerDialect,
    /// What had to go for it.
    pub let_go: LetGo,
}

/// What a listener is told when it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The last number that was given.
    pub seq: u64,
    /// Whether everything follows that the listener has not heard.
    pub resumed: bool,
    /// That, in order, once, before anything newer: frames of v1. Empty where it is not resumed.
    pub missed: Vec<Bytes>,
}

impl Events {
    /// One to which nothing was published yet.
    #[must_use]
    pub fn new(epoch: FeedEpoch, limits: LogLimits) -> Self {
        Self::restore(epoch, 0, limits)
    }

    /// One that another process had, of which nobody knows what was published. `top` must be no less than any number that it gave.
    /// Who has heard less than that is told that something may be missing.
    #[must_use]
    pub fn restore(epoch: FeedEpoch, top: u64, limits: LogLimits) -> Self {
        let mut log = Log::default();
        log.clear(top);
        Self { epoch, top, log, limits }
    }

    /// Which run of numbers it gives.
    #[must_use]
    pub fn epoch(&self) -> FeedEpoch {
        self.epoch
    }

    /// The last number that was given.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.top
    }

    /// Numbers what was published and keeps it. Nobody need know whether somebody listens.
    #[must_use]
    pub fn publish(&mut self, event: &Json, spoken: Spoken, now: Millis) -> Numbered {
        self.top += 1;
        let mut frames = heard(Heard::Event, event, self.top, Spoken { v1: true, ..spoken });
        let let_go =
            frames.v1.as_ref().map(|frame| self.log.push(self.top, To::Everybody, frame.clone(), now, self.limits));
        frames.v1 = frames.v1.filter(|_| spoken.v1);
        Numbered { frames, let_go: let_go.unwrap_or_default() }
    }

    /// Something that was published elsewhere may be missing, and cannot be had. That has a number of its own, which is returned: who
    /// has heard less is told so.
    pub fn miss(&mut self) -> u64 {
        self.top += 1;
        self.log.clear(self.top);
        self.top
    }

    /// What a listener is told that has heard so far; `None`: it is new, or has heard something else. What it missed may have
    /// `most_bytes` at the most: more would overflow its socket, and it would be back for the same.
    #[must_use]
    pub fn answer(&self, heard: Option<Position>, most_bytes: usize) -> Answer {
        let heard = heard.filter(|heard| heard.epoch == self.epoch);
        let since = |Position { seq: seen, .. }| Since { member: None, entered: 0, seen, top: self.top, most_bytes };
        let missed = heard.and_then(|heard| self.log.since(since(heard)));
        Answer { seq: self.top, resumed: missed.is_some(), missed: missed.unwrap_or_default() }
    }

    /// Lets go of what is too old to be asked for.
    pub fn let_go(&mut self, now: Millis) {
        self.log.let_go(now, self.limits);
    }

    /// When [`Events::let_go`] has something to do, if nothing is published until then.
    #[must_use]
    pub fn due(&self) -> Option<Millis> {
        self.log.due(self.limits)
    }

    /// Lets go of the oldest, of so many bytes or all, and says how many they were. Where all logs together hold too much.
    pub fn shrink(&mut self, excess: usize) -> usize {
        self.log.shrink(excess)
    }

    /// Bytes of memory that what it keeps takes.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.log.held_bytes()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: LogLimits = LogLimits { frames: 3, bytes: 1_000, age_ms: 50 };
    const EPOCH: FeedEpoch = FeedEpoch(1);

    fn event(n: u64) -> Json {
        Json::encode(&n).unwrap()
    }

    fn at(seq: u64) -> Option<Position> {
        Some(Position { epoch: EPOCH, seq })
    }

    fn published(limits: LogLimits, count: u64) -> Events {
        let mut feed = Events::new(EPOCH, limits);
        (1..=count).for_each(|n| drop(feed.publish(&event(n), Spoken::default(), n)));
        feed
    }

    #[test]
    fn each_is_numbered_and_written_for_who_listens() {
        let mut feed = published(LIMITS, 1);
        let both = feed.publish(&event(9), Spoken { plain: true, v1: true }, 0).frames;
        assert_eq!(both.plain.unwrap(), r#"{"t":"event","event":9}"#);
        assert_eq!(both.v1.unwrap(), r#"{"t":"event","event":9,"seq":2}"#);
        assert_eq!(feed.publish(&event(9), Spoken::default(), 0).frames, PerDialect::default(), "nobody listens");
        assert_eq!(feed.seq(), 3);
    }

    #[test]
    fn what_is_missed_follows_or_is_told() {
        let feed = published(LIMITS, 5);
        let missed = |heard, most_bytes| {
            let answer = feed.answer(heard, most_bytes);
            assert_eq!((answer.seq, answer.resumed), (5, answer.resumed || !answer.missed.is_empty()));
            answer.resumed.then_some(answer.missed.len())
        };
        for (heard, expected, why) in [
            (None, None, "it is new"),
            (at(5), Some(0), "it missed nothing"),
            (at(3), Some(2), "it missed two"),
            (at(2), Some(3), "the last that it heard may be gone"),
            (at(1), None, "one of those that it missed is gone"),
            (at(6), None, "nobody can have heard that"),
            (Some(Position { epoch: FeedEpoch(2), seq: 5 }), None, "of another run"),
        ] {
            assert_eq!(missed(heard, usize::MAX), expected, "{why}");
        }
        assert_eq!(missed(at(3), 10), None, "more than it may be sent at once");
    }

    #[test]
    fn what_had_to_go_for_it_is_told() {
        let mut feed = published(LIMITS, 3);
        assert_eq!(feed.publish(&event(4), Spoken::default(), 3).let_go, LetGo { frames: 1, bytes: 0 });
        assert_eq!(
            feed.publish(&event(5), Spoken::default(), 1_000).let_go,
            LetGo::default(),
            "nobody asks for what is old"
        );
    }

    #[test]
    fn what_is_kept_has_its_age_whether_somebody_listens_or_not() {
        let mut feed = published(LIMITS, 2);
        assert_eq!(feed.due(), Some(51));
        feed.let_go(51);
        assert_eq!((feed.due(), feed.answer(at(1), usize::MAX).missed.len()), (Some(52), 1));
        feed.let_go(52);
        assert_eq!((feed.due(), feed.held_bytes(), feed.answer(at(1), usize::MAX).resumed), (None, 0, false));
        assert!(feed.answer(at(2), usize::MAX).resumed, "it has heard everything");
        let mut feed = published(LIMITS, 2);
        assert_eq!(feed.shrink(1), 1);
        assert_eq!((feed.answer(at(0), usize::MAX).resumed, feed.answer(at(1), usize::MAX).resumed), (false, true));
    }

    #[test]
    fn one_that_another_process_had_goes_on_above_its_numbers_and_knows_nothing_of_what_it_published() {
        let mut feed = Events::restore(EPOCH, 1_000, LIMITS);
        assert!(!feed.answer(at(999), usize::MAX).resumed && feed.answer(at(1_000), usize::MAX).resumed);
        let frame = feed.publish(&event(1), Spoken { plain: false, v1: true }, 0).frames.v1.unwrap();
        assert_eq!(frame, r#"{"t":"event","event":1,"seq":1001}"#);
        assert_eq!(feed.answer(at(1_000), usize::MAX).missed, [frame]);
    }

    #[test]
    fn what_is_missing_has_a_number_and_nobody_goes_on_from_before_it() {
        let mut feed = published(LIMITS, 2);
        assert_eq!(feed.miss(), 3);
        assert_eq!((feed.seq(), feed.held_bytes()), (3, 0));
        assert!(!feed.answer(at(2), usize::MAX).resumed && feed.answer(at(3), usize::MAX).resumed);
        let frame = feed.publish(&event(4), Spoken { plain: false, v1: true }, 9).frames.v1.unwrap();
        assert_eq!(feed.answer(at(3), usize::MAX).missed, [frame]);
    }

    #[test]
    fn where_nothing_is_kept_only_who_missed_nothing_goes_on() {
        let feed = published(LogLimits { age_ms: 0, ..LIMITS }, 2);
        assert!(feed.answer(at(2), usize::MAX).resumed && !feed.answer(at(1), usize::MAX).resumed);
    }

    proptest! {
        /// A listener that is cut off anywhere, and comes back with what it heard last, has heard each event once and in order,
        /// unless it was told that some are missing.
        #[test]
        fn nothing_is_missed_in_silence(steps in prop::collection::vec((0..4u8, 0..30u64), 0..80)) {
            let (mut feed, mut now, mut heard, mut is_on) = (Events::new(EPOCH, LIMITS), 0, 0, true);
            for (step, ms) in steps {
                match step {
                    0 | 1 => {
                        let Numbered { frames, .. } = feed.publish(&event(feed.seq() + 1), Spoken { plain: false, v1: is_on }, now);
                        if is_on {
                            heard += 1;
                            prop_assert_eq!(frames.v1.unwrap(), frame(heard));
                        }
                    }
                    2 => is_on = false,
                    _ => {
                        is_on = true;
                        let answer = feed.answer(at(heard), usize::MAX);
                        for missed in answer.missed {
                            heard += 1;
                            prop_assert_eq!(missed, frame(heard));
                        }
                        prop_assert!(!answer.resumed || heard == answer.seq);
                        heard = answer.seq;
                    }
                }
                now += ms;
                feed.let_go(now);
            }
        }
    }

    fn frame(n: u64) -> String {
        format!(r#"{{"t":"event","event":{n},"seq":{n}}}"#)
    }
}
