//! Whose turn it is on an HTTP connection, and until when the client may take its own.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Bytes a second at which a client that is slow does not fall behind. The slowest phone is ten times as fast.
const LEAST_BYTES_PER_SECOND: u32 = 500;

/// How long an answer's reader may go on to send what nobody reads, before the connection is reset.
const LINGER: Duration = Duration::from_secs(2);

/// How long a head may take once the server stops.
const LAST_HEAD: Duration = Duration::from_secs(1);

/// What stands for "never": the clock cannot be set to every time.
const NEVER: Duration = Duration::from_secs(365 * 86_400);

/// For how long a client may keep the server waiting.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeouts {
    /// For the head of a request, from its first byte, and of the first one from the begin of the connection.
    pub(crate) head: Duration,
    /// For the next request.
    pub(crate) idle: Duration,
    /// For the rest of a body, or for taking the rest of a response, at no speed at all.
    pub(crate) stall: Duration,
}

/// Why a connection is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    Head,
    Idle,
    Body,
    Response,
    /// It was answered, and went on sending.
    Linger,
    /// It is none of a proxy's that may connect, or does not say whose it is.
    Proxy,
    /// There were too many, and this one had waited longest.
    Crowd,
    /// The server stops, and it takes nothing of what it is told.
    Told,
}

/// Whose turn it is. A clone is the same connection's.
#[derive(Debug, Clone)]
pub(crate) struct Turn(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    timeouts: Timeouts,
    reading: Reading,
    /// With sending what a handler waits for.
    body: Patience,
    /// With taking a response.
    response: Patience,
}

#[derive(Debug, Clone, Copy)]
enum Reading {
    Head {
        since: Instant,
        until: Instant,
    },
    Idle {
        since: Instant,
    },
    /// The handler's turn, until all of its answer is handed over.
    Request,
    Lingering {
        since: Instant,
    },
}

impl Turn {
    pub(crate) fn new(timeouts: Timeouts, now: Instant) -> Self {
        let reading = Reading::Head { since: now, until: after(now, timeouts.head) };
        let (body, response) = (Patience::new(timeouts.stall), Patience::new(timeouts.stall));
        Self(Arc::new(Mutex::new(State { timeouts, reading, body, response })))
    }

    /// So many bytes came.
    pub(crate) fn read(&self, bytes: usize, now: Instant) {
        let mut state = self.state();
        if let Reading::Idle { .. } = state.reading {
            state.reading = Reading::Head { since: now, until: after(now, state.timeouts.head) };
        }
        state.body.progress(bytes, now);
    }

    /// A head is complete.
    pub(crate) fn requested(&self) {
        let mut state = self.state();
        state.reading = Reading::Request;
        state.body = Patience::new(state.timeouts.stall);
    }

    /// All of the answer is handed over.
    pub(crate) fn answered(&self, now: Instant) {
        let mut state = self.state();
        if let Reading::Request = state.reading {
            state.reading = Reading::Idle { since: now };
        }
    }

    /// The handler wants more of the body.
    pub(crate) fn body_waits(&self, now: Instant) {
        self.state().body.wait(now);
    }

    /// It does not any more.
    pub(crate) fn body_waits_no_more(&self, now: Instant) {
        self.state().body.progress(0, now);
    }

    /// The client takes no bytes now.
    pub(crate) fn write_waits(&self, now: Instant) {
        self.state().response.wait(now);
    }

    /// It took so many.
    pub(crate) fn written(&self, bytes: usize, now: Instant) {
        let mut state = self.state();
        state.response.progress(bytes, now);
        if let Reading::Idle { since } = &mut state.reading {
            // The answer was handed over, and not yet taken.
            *since = now;
        }
    }

    /// Nothing more is answered.
    pub(crate) fn lingers(&self, now: Instant) {
        let mut state = self.state();
        if !matches!(state.reading, Reading::Lingering { .. }) {
            state.reading = Reading::Lingering { since: now };
        }
    }

    /// The server stops: whoever has not asked yet is to do so soon.
    pub(crate) fn hurry(&self, now: Instant) {
        if let Reading::Head { until, .. } = &mut self.state().reading {
            *until = (*until).min(now + LAST_HEAD);
        }
    }

    /// Whether nothing of a request has come, and none is at work.
    pub(crate) fn is_idle(&self) -> bool {
        matches!(self.state().reading, Reading::Idle { .. })
    }

    /// Whether a part of a request has come, or the first one is waited for.
    pub(crate) fn is_asking(&self) -> bool {
        matches!(self.state().reading, Reading::Head { .. })
    }

    /// Whether something is to be written that the client has not taken.
    pub(crate) fn is_written_to(&self) -> bool {
        self.state().response.since.is_some()
    }

    /// Since when the client keeps the server waiting; `None` where it does not.
    pub(crate) fn waits_since(&self) -> Option<Instant> {
        let state = self.state();
        let reading = match state.reading {
            Reading::Head { since, .. } | Reading::Idle { since } | Reading::Lingering { since } => Some(since),
            Reading::Request => None,
        };
        [reading, state.body.since, state.response.since].into_iter().flatten().min()
    }

    /// When the client will have waited too long, if nothing happens until then, and with what.
    pub(crate) fn overdue(&self) -> Option<(Instant, Cut)> {
        let state = self.state();
        let response = state.response.until().map(|until| (until, Cut::Response));
        let reading = match state.reading {
            Reading::Head { until, .. } => Some((until, Cut::Head)),
            // What it does not take comes before what it does not ask for.
            Reading::Idle { .. } if response.is_some() => None,
            Reading::Idle { since } => Some((after(since, state.timeouts.idle), Cut::Idle)),
            Reading::Request => state.body.until().map(|until| (until, Cut::Body)),
            Reading::Lingering { since } => Some((since + LINGER, Cut::Linger)),
        };
        [reading, response].into_iter().flatten().min_by_key(|(until, _)| *until)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cut {
    /// As a label of a metric.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Idle => "idle",
            Self::Body => "body",
            Self::Response => "response",
            Self::Linger => "linger",
            Self::Proxy => "proxy",
            Self::Crowd => "crowd",
            Self::Told => "told",
        }
    }
}

/// Time that a client may take in all. Waiting uses it up, and bytes give it back: a byte now and then does not.
#[derive(Debug)]
struct Patience {
    most: Duration,
    left: Duration,
    since: Option<Instant>,
}

impl Patience {
    fn new(most: Duration) -> Self {
        Self { most, left: most, since: None }
    }

    fn wait(&mut self, now: Instant) {
        self.since.get_or_insert(now);
    }

    fn progress(&mut self, bytes: usize, now: Instant) {
        if let Some(since) = self.since.take() {
            self.left = self.left.saturating_sub(now.saturating_duration_since(since));
        }
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let earned = Duration::from_secs(1) * bytes / LEAST_BYTES_PER_SECOND;
        self.left = self.left.saturating_add(earned).min(self.most);
    }

    fn until(&self) -> Option<Instant> {
        self.since.map(|since| after(since, self.left))
    }
}

fn after(now: Instant, wait: Duration) -> Instant {
    now + wait.min(NEVER)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUTS: Timeouts =
        Timeouts { head: Duration::from_secs(10), idle: Duration::from_secs(60), stall: Duration::from_secs(30) };

    /// The time so many seconds after the begin.
    type At<'a> = &'a dyn Fn(u64) -> Instant;
    type Steps<'a> = &'a dyn Fn(&Turn, At<'_>);

    /// In seconds after the begin.
    fn script(steps: impl FnOnce(&Turn, At<'_>)) -> Option<(u64, Cut)> {
        let began = Instant::now();
        let turn = Turn::new(TIMEOUTS, began);
        steps(&turn, &|seconds| began + Duration::from_secs(seconds));
        turn.overdue().map(|(at, cut)| ((at - began).as_secs(), cut))
    }

    #[test]
    fn every_wait_has_its_end() {
        assert_eq!(script(|_, _| {}), Some((10, Cut::Head)), "from the begin of the connection");
        let trickles = script(|turn, at| (1..9).for_each(|second| turn.read(1, at(second))));
        assert_eq!(trickles, Some((10, Cut::Head)), "a byte is no reason to wait longer");
        assert_eq!(script(|turn, _| turn.requested()), None, "a handler may take its time");
        let idle = script(|turn, at| {
            turn.requested();
            turn.answered(at(5));
        });
        assert_eq!(idle, Some((65, Cut::Idle)));
        let next = script(|turn, at| {
            turn.requested();
            turn.answered(at(5));
            turn.read(3, at(50));
            turn.read(3, at(58));
        });
        assert_eq!(next, Some((60, Cut::Head)), "the next head counts from its first byte");
        let stops = script(|turn, at| turn.hurry(at(3)));
        assert_eq!(stops, Some((4, Cut::Head)));
        let lingers = script(|turn, at| {
            turn.lingers(at(7));
            turn.read(1_000_000, at(8));
            turn.lingers(at(8));
        });
        assert_eq!(lingers, Some((9, Cut::Linger)));
    }

    #[test]
    fn a_body_is_waited_for_while_the_handler_wants_it() {
        let waits = |turn: &Turn, at: At<'_>| {
            turn.requested();
            turn.body_waits(at(2));
        };
        assert_eq!(script(waits), Some((32, Cut::Body)));
        let trickles = script(|turn, at| {
            waits(turn, at);
            for second in 3..30 {
                turn.read(1, at(second));
                turn.body_waits(at(second));
            }
        });
        assert_eq!(trickles, Some((32, Cut::Body)), "a byte a second gives nothing back");
        let comes = script(|turn, at| {
            waits(turn, at);
            for second in 3..1_000 {
                turn.read(500, at(second));
                turn.body_waits(at(second));
            }
        });
        assert_eq!(comes, Some((1_029, Cut::Body)), "who is slow and goes on may go on");
        let busy = script(|turn, at| {
            waits(turn, at);
            turn.body_waits_no_more(at(20));
        });
        assert_eq!(busy, None, "what the handler does with it is not the client's fault");
        let again = script(|turn, at| {
            waits(turn, at);
            turn.body_waits_no_more(at(20));
            turn.body_waits(at(500));
        });
        assert_eq!(again, Some((512, Cut::Body)), "18 seconds are used up");
    }

    #[test]
    fn a_response_is_to_be_taken() {
        let stuck = |turn: &Turn, at: At<'_>| {
            turn.requested();
            turn.written(100, at(1));
            turn.write_waits(at(2));
        };
        assert_eq!(script(stuck), Some((32, Cut::Response)));
        let handed_over = script(|turn, at| {
            stuck(turn, at);
            turn.answered(at(3));
        });
        assert_eq!(handed_over, Some((32, Cut::Response)), "it is not idle before it has taken its answer");
        let taken = script(|turn, at| {
            stuck(turn, at);
            turn.answered(at(3));
            turn.written(1, at(25));
        });
        assert_eq!(taken, Some((85, Cut::Idle)));
        let sips = script(|turn, at| {
            stuck(turn, at);
            for second in [10, 20, 30] {
                turn.written(1, at(second));
                turn.write_waits(at(second));
            }
        });
        assert_eq!(
            sips.map(|(at, cut)| (at / 10, cut)),
            Some((3, Cut::Response)),
            "a byte now and then is no progress"
        );
    }

    #[test]
    fn who_keeps_the_server_waiting_is_known() {
        let since = |steps: Steps<'_>| {
            let began = Instant::now();
            let turn = Turn::new(TIMEOUTS, began);
            steps(&turn, &|seconds| began + Duration::from_secs(seconds));
            turn.waits_since().map(|since| (since - began).as_secs())
        };
        assert_eq!(since(&|_, _| {}), Some(0));
        assert_eq!(since(&|turn, _| turn.requested()), None, "the handler does");
        assert_eq!(since(&|turn, at| (turn.requested(), turn.body_waits(at(4))).1), Some(4));
        assert_eq!(since(&|turn, at| (turn.requested(), turn.write_waits(at(5))).1), Some(5));
        assert_eq!(since(&|turn, at| (turn.requested(), turn.answered(at(6))).1), Some(6));
    }

    #[test]
    fn no_timeout_is_too_strange() {
        for timeout in [Duration::ZERO, Duration::MAX] {
            let now = Instant::now();
            let turn = Turn::new(Timeouts { head: timeout, idle: timeout, stall: timeout }, now);
            turn.hurry(now);
            turn.requested();
            turn.body_waits(now);
            turn.write_waits(now);
            turn.written(usize::MAX, now);
            turn.write_waits(now);
            turn.answered(now);
            let _any_time = turn.overdue();
        }
    }
}
