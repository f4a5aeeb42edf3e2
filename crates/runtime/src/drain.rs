//! The orderly end of a process: every client is told to come back later, not all at once.

use std::sync::Arc;
use std::task::Poll;

use roomful_core::{Close, Millis};

use super::{Hub, lock};

/// How fast connections are sent away when the process stops, and when they are told to return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drain {
    /// Connections closed each second. 1,000: their next server has a second's worth of handshakes at a time.
    pub per_second: u32,
    /// Milliseconds that closing all of them takes at most. 10,000; then the rate rises.
    pub longest_ms: u64,
    /// The first client may return after this many milliseconds. 500.
    pub first_retry_ms: u64,
    /// The last one after this many. 5,000; the others between, evenly.
    pub last_retry_ms: u64,
    /// Milliseconds to wait for the last connections and handlers. 5,000; whatever is left then is abandoned.
    pub wait_ms: u64,
}

impl Default for Drain {
    fn default() -> Self {
        Self { per_second: 1_000, longest_ms: 10_000, first_retry_ms: 500, last_retry_ms: 5_000, wait_ms: 5_000 }
    }
}

impl Drain {
    fn closes_at(&self, nth: u64, of: u64) -> Millis {
        let by_rate = of * 1_000 / u64::from(self.per_second.max(1));
        nth * by_rate.min(self.longest_ms) / of.max(1)
    }

    fn retry_ms(&self, nth: u64, of: u64) -> Millis {
        let spread = self.last_retry_ms.saturating_sub(self.first_retry_ms);
        self.first_retry_ms + spread * nth / of.max(1)
    }
}

impl Hub {
    /// Refuses new connections, closes the present ones over time, and waits until nothing runs any more. `false` when
    /// that did not happen in time.
    pub(crate) async fn drain(self: &Arc<Self>, drain: &Drain) -> bool {
        self.draining.get_or_init(|| drain.last_retry_ms);
        let Some(host) = self.host().cloned() else { return true };
        let links: Vec<_> = lock(&self.open).values().filter_map(std::sync::Weak::upgrade).collect();
        let (began, of) = (host.now(), links.len() as u64);
        for (nth, link) in (0..).zip(links) {
            host.sleep_until(began + drain.closes_at(nth, of)).await;
            link.outlet.close(Close::restarting(drain.retry_ms(nth, of)));
        }
        let idle = Box::pin(self.idle());
        let deadline = host.sleep_until(host.now() + drain.wait_ms);
        matches!(futures_util::future::select(idle, deadline).await, futures_util::future::Either::Left(_))
    }

    /// Ready when there is no connection and no task.
    async fn idle(&self) {
        std::future::poll_fn(|cx| {
            self.idle_waker.register(cx.waker());
            let stats = self.stats();
            if stats.connections == 0 && stats.tasks == 0 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}
