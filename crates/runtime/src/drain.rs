//! The orderly end of a process: every client is told to come back later, not all at once.

use std::sync::Arc;

use futures_util::future::{Either, select};
use roomful_core::{Close, Millis};

use crate::hub::Hub;
use crate::process::Process;

/// How fast connections are sent away when the process stops, and when they are told to return.
///
/// ```
/// # use roomful_runtime as roomful;
/// use roomful::Drain;
///
/// let drain = Drain::default().wait_ms(10_000).returns_per_second(500);
/// assert_eq!(drain.first_retry_ms, 200);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drain {
    /// Connections closed each second. 10,000: a close costs this process little.
    pub closes_per_second: u32,
    /// Milliseconds within which all of them are closed. 5,000; where `closes_per_second` is too slow for that, it goes faster.
    pub longest_ms: u64,
    /// The first client may return after this many milliseconds. 200.
    pub first_retry_ms: u64,
    /// Connections told to return in each second after that. 1,000: eight are back in 300 ms, ten thousand in ten seconds,
    /// and their next server never has more handshakes at a time.
    pub returns_per_second: u32,
    /// Milliseconds after which the last client may return at the latest. 30,000; where `returns_per_second` is too slow for
    /// that, more return in a second.
    pub last_retry_ms: u64,
    /// In a cluster: milliseconds for which those who lost their connections by this are kept for the other nodes that they come
    /// back to, so that they are told what they missed. 15,000: longer than most take to be back, and shorter than whoever runs the
    /// process waits before it kills it. Whoever comes later is still the same member, and is told that something is missing.
    pub hold_ms: u64,
    /// Milliseconds to wait for the last connections and handlers. 5,000; whatever is left then is abandoned.
    pub wait_ms: u64,
}

/// Milliseconds that a goodbye may take: longer than anything waits for a broker. Others find out by its lease what they are not told.
const GOODBYE_MS: Millis = 3_000;

/// Even a few clients do not return at the same moment.
const SHORTEST_WINDOW_MS: Millis = 100;

impl Default for Drain {
    fn default() -> Self {
        Self {
            closes_per_second: 10_000,
            longest_ms: 5_000,
            first_retry_ms: 200,
            returns_per_second: 1_000,
            last_retry_ms: 30_000,
            hold_ms: 15_000,
            wait_ms: 5_000,
        }
    }
}

impl Drain {
    /// Sets [`closes_per_second`](Drain::closes_per_second).
    #[must_use]
    pub fn closes_per_second(mut self, closes: u32) -> Self {
        self.closes_per_second = closes;
        self
    }

    /// Sets [`longest_ms`](Drain::longest_ms).
    #[must_use]
    pub fn longest_ms(mut self, ms: u64) -> Self {
        self.longest_ms = ms;
        self
    }

    /// Sets [`first_retry_ms`](Drain::first_retry_ms).
    #[must_use]
    pub fn first_retry_ms(mut self, ms: u64) -> Self {
        self.first_retry_ms = ms;
        self
    }

    /// Sets [`returns_per_second`](Drain::returns_per_second).
    #[must_use]
    pub fn returns_per_second(mut self, returns: u32) -> Self {
        self.returns_per_second = returns;
        self
    }

    /// Sets [`last_retry_ms`](Drain::last_retry_ms).
    #[must_use]
    pub fn last_retry_ms(mut self, ms: u64) -> Self {
        self.last_retry_ms = ms;
        self
    }

    /// Sets [`hold_ms`](Drain::hold_ms).
    #[must_use]
    pub fn hold_ms(mut self, ms: u64) -> Self {
        self.hold_ms = ms;
        self
    }

    /// Sets [`wait_ms`](Drain::wait_ms).
    #[must_use]
    pub fn wait_ms(mut self, ms: u64) -> Self {
        self.wait_ms = ms;
        self
    }

    fn closes_at(&self, nth: u64, of: u64) -> Millis {
        let by_rate = of.saturating_mul(1_000) / u64::from(self.closes_per_second.max(1));
        share(by_rate.min(self.longest_ms), nth, of)
    }

    fn retry_ms(&self, nth: u64, of: u64) -> Millis {
        self.first_retry_ms.saturating_add(share(self.window_ms(of), nth, of))
    }

    fn window_ms(&self, of: u64) -> Millis {
        let by_rate = of.saturating_mul(1_000) / u64::from(self.returns_per_second.max(1));
        by_rate.max(SHORTEST_WINDOW_MS).min(self.last_retry_ms.saturating_sub(self.first_retry_ms))
    }
}

/// How much of `whole` the first `nth` of so many have.
fn share(whole: Millis, nth: u64, of: u64) -> Millis {
    let share = u128::from(whole) * u128::from(nth) / u128::from(of.max(1));
    u64::try_from(share).unwrap_or(Millis::MAX)
}

/// Refuses new connections, closes the present ones over time, and waits until nothing runs any more. Nobody hears that
/// the others leave: they will be back. In a cluster they may be back at another node at once, and are kept for that. `false` when it
/// did not end in time.
pub(crate) async fn drain(hub: &Arc<Hub>, drain: &Drain) -> bool {
    let process = hub.process();
    let most = hub.everybody().len() as u64;
    let others = process.in_cluster().filter(|node| node.has_others());
    process.begin_draining(drain.retry_ms(most, most), others.is_some());
    if process.host().is_none() {
        // Nobody ever came; who comes now is turned away.
        return true;
    }
    process.in_cluster().into_iter().for_each(|node| node.drain());
    hub.rooms().iter().for_each(|room| room.drain());
    hub.feeds().drain();
    process.tell_of_users(process.users().drain());
    // Only now is nobody let in any more, so nobody is missing from this list.
    let everybody = hub.everybody();
    let (began, of) = (process.now(), everybody.len() as u64);
    for (nth, occupant) in (0..).zip(everybody) {
        process.sleep_until(began.saturating_add(drain.closes_at(nth, of))).await;
        occupant.send_away(Close::restarting(drain.retry_ms(nth + 1, of)));
    }
    let closed = process.now();
    if others.is_some() {
        is_idle_by(process, closed.saturating_add(drain.hold_ms)).await;
        // Other nodes hold them from here on.
        hub.everybody().into_iter().filter(|member| member.away_until().is_some()).for_each(|held| held.put_away());
    }
    let is_idle = is_idle_by(process, closed.saturating_add(drain.wait_ms)).await;
    if let Some(node) = process.in_cluster() {
        let most = process.now().saturating_add(GOODBYE_MS);
        select(Box::pin(node.end()), process.sleep_until(most)).await;
    }
    is_idle
}

/// Whether no connection and no handler is left, once that is so or at that time.
async fn is_idle_by(process: &Process, at: Millis) -> bool {
    let idle = Box::pin(std::future::poll_fn(|cx| process.poll_idle(cx)));
    matches!(select(idle, process.sleep_until(at)).await, Either::Left(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_of_returns_grows_with_how_many_there_are() {
        let drain = Drain::default();
        let last = |of| drain.retry_ms(of, of);
        assert_eq!((last(1), last(8), last(100)), (300, 300, 300));
        assert_eq!((last(1_000), last(9_800)), (1_200, 10_000));
        assert_eq!((last(1_000_000), last(u64::MAX)), (30_000, 30_000));
        assert_eq!((drain.retry_ms(1, 8), drain.retry_ms(4, 8)), (212, 250));
        assert_eq!(drain.closes_at(7, 8), 0);
        assert_eq!(drain.closes_at(u64::MAX - 1, u64::MAX), 4_999);
    }

    #[test]
    fn no_setting_is_too_strange() {
        let zero = Drain {
            closes_per_second: 0,
            longest_ms: 0,
            first_retry_ms: 0,
            returns_per_second: 0,
            last_retry_ms: 0,
            hold_ms: 0,
            wait_ms: 0,
        };
        let most = Drain {
            closes_per_second: u32::MAX,
            longest_ms: u64::MAX,
            first_retry_ms: u64::MAX,
            returns_per_second: u32::MAX,
            last_retry_ms: u64::MAX,
            hold_ms: u64::MAX,
            wait_ms: u64::MAX,
        };
        for drain in [zero, most] {
            for of in [0, 1, u64::MAX] {
                let _any_number = (drain.closes_at(of, of), drain.retry_ms(of, of));
            }
        }
    }
}
