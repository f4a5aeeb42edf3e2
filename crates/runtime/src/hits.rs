//! Which bounds were reached, for operators.

use std::sync::atomic::{AtomicU64, Ordering};

use roomful_core::Millis;
use roomful_core::room::Refused;

use crate::operators::MAY_LOOK_IN;

/// Writes the bounds that are counted, and the names that they have in [`Limits`](roomful_core::Limits).
macro_rules! bounds {
    ($($bound:ident $name:literal,)+) => {
        /// A bound that was reached.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Bound { $($bound,)+ }

        impl Bound {
            const ALL: &[Self] = &[$(Self::$bound,)+];

            /// The bound of this name.
            pub(crate) fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|bound| bound.name() == name)
            }

            fn name(self) -> &'static str {
                match self { $(Self::$bound => $name,)+ }
            }
        }

        /// A counter for each of them.
        pub(crate) struct Hits([Hit; [$($name),+].len()]);
    };
}

bounds! {
    FrameBytes "frame_bytes",
    Rate "rate",
    BadFrameRate "bad_frame_rate",
    MessageTimeout "message_timeout_ms",
    HandlerQueue "handler_queue",
    OutboxBytes "outbox_bytes",
    TransportBytes "transport_bytes",
    PresenceBytes "presence_bytes",
    InfoBytes "info_bytes",
    MessageBytes "message_bytes",
    LogFrames "log_frames",
    Members "members",
    Rooms "rooms",
    Feeds "feeds",
    Connections "connections",
    ConnectionsPerIp "connections_per_ip",
    ConnectionsPerUser "connections_per_user",
    Departed "departed",
    ProcessBytes "process_bytes",
    HeldMembers "held_members",
    ClosingSockets "closing_sockets",
    RefusedSockets "refused_sockets",
    Taps "taps",
    TapBytes "tap_bytes",
}

#[derive(Default)]
struct Hit {
    times: AtomicU64,
    limit: AtomicU64,
    most: AtomicU64,
    last: AtomicU64,
}

/// A bound that was reached, how often and by how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimitHit {
    /// The bound, as it is called in [`Limits`](roomful_core::Limits).
    pub limit: &'static str,
    /// How often.
    pub times: u64,
    /// What the bound was when it was reached last. A room may have one of its own.
    pub bound: u64,
    /// The most that was asked for; `None` where each asks for one more than may be.
    pub most_asked: Option<u64>,
    /// When that was last, on the platform's clock.
    pub last: Millis,
}

/// A bound of milliseconds, as it is counted.
pub(crate) fn as_number(ms: Millis) -> usize {
    usize::try_from(ms).unwrap_or(usize::MAX)
}

impl Default for Hits {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Hit::default()))
    }
}

impl Hits {
    /// This bound was reached by one that asked for one more.
    pub(crate) fn note(&self, bound: Bound, limit: usize, now: Millis) {
        self.note_asked(bound, limit, 0, now);
    }

    /// This bound was reached by one that asked for so much.
    pub(crate) fn note_asked(&self, bound: Bound, limit: usize, asked: usize, now: Millis) {
        if !MAY_LOOK_IN {
            return;
        }
        let hit = &self.0[bound as usize];
        hit.limit.store(limit as u64, Ordering::Relaxed);
        hit.most.fetch_max(asked as u64, Ordering::Relaxed);
        hit.last.store(now, Ordering::Relaxed);
        hit.times.fetch_add(1, Ordering::Relaxed);
    }

    /// A room has refused this for its size.
    pub(crate) fn note_refused(&self, refused: &Refused, now: Millis) {
        match *refused {
            Refused::RoomFull { limit } => self.note(Bound::Members, limit, now),
            Refused::PresenceTooLarge { bytes, limit } => self.note_asked(Bound::PresenceBytes, limit, bytes, now),
            Refused::InfoTooLarge { bytes, limit } => self.note_asked(Bound::InfoBytes, limit, bytes, now),
            Refused::BrokerBehind { limit } => self.note(Bound::LogFrames, limit, now),
            Refused::MessageTooLarge { bytes, limit } => self.note_asked(Bound::MessageBytes, limit, bytes, now),
            _ => {}
        }
    }

    /// Those that were reached.
    pub(crate) fn all(&self) -> Vec<LimitHit> {
        let read = |bound: &Bound| {
            let hit = &self.0[*bound as usize];
            let most = hit.most.load(Ordering::Relaxed);
            LimitHit {
                limit: bound.name(),
                times: hit.times.load(Ordering::Relaxed),
                bound: hit.limit.load(Ordering::Relaxed),
                most_asked: (most > 0).then_some(most),
                last: hit.last.load(Ordering::Relaxed),
            }
        };
        Bound::ALL.iter().map(read).filter(|hit| hit.times > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use roomful_core::Limits;

    use super::*;

    #[test]
    fn each_is_a_bound_and_is_counted_by_itself() {
        let hits = Hits::default();
        assert_eq!(hits.all(), []);
        for bound in Bound::ALL {
            let is_a_bound = Limits::BOUNDS.iter().any(|(name, _)| *name == bound.name());
            assert_eq!(Bound::named(bound.name()), Some(*bound));
            assert!(is_a_bound || ["rate", "bad_frame_rate"].contains(&bound.name()), "{bound:?}");
            hits.note(*bound, 7, 1);
        }
        hits.note_asked(Bound::FrameBytes, 10, 30, 5);
        hits.note_asked(Bound::FrameBytes, 20, 25, 9);
        let all = hits.all();
        let expected = LimitHit { limit: "frame_bytes", times: 3, bound: 20, most_asked: Some(30), last: 9 };
        assert_eq!(all[0], expected);
        assert_eq!(all.len(), Bound::ALL.len());
        assert!(all[1..].iter().all(|hit| (hit.times, hit.most_asked) == (1, None)), "{all:?}");
    }
}
