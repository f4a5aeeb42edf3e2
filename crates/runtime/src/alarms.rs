//! Times that may be far, in a process that may be put away before: a timer would keep it in memory until then.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use roomful_core::Millis;

use crate::Host;
use crate::lock::lock;

/// Who waits for which time. The platform wakes the process for the first of them.
#[derive(Default)]
pub(crate) struct Alarms(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    by_time: BTreeMap<Key, Option<Waker>>,
    next: u64,
}

/// Of two with one time the first is the first.
type Key = (Millis, u64);

impl Alarms {
    /// The first time that somebody waits for.
    pub(crate) fn first(&self) -> Option<Millis> {
        lock(&self.0).by_time.first_key_value().map(|((at, _), _)| *at)
    }

    /// The first time after this one that somebody waits for.
    pub(crate) fn first_after(&self, now: Millis) -> Option<Millis> {
        lock(&self.0).by_time.range((now.saturating_add(1), 0)..).next().map(|((at, _), _)| *at)
    }

    /// Wakes whoever waits for a time that has come, in order.
    pub(crate) fn ring(&self, now: Millis) {
        let due: Vec<Waker> = {
            let mut waiting = lock(&self.0);
            waiting.by_time.range_mut(..=(now, u64::MAX)).filter_map(|(_, waker)| waker.take()).collect()
        };
        due.into_iter().for_each(Waker::wake);
    }

    /// Nobody waits any more, and no task is held for it.
    pub(crate) fn clear(&self) {
        // Not dropped under the lock: a task that goes with its waker takes its own place out.
        let waiting = std::mem::take(&mut *lock(&self.0));
        drop(waiting);
    }

    fn new_key(&self, at: Millis) -> Key {
        let mut waiting = lock(&self.0);
        waiting.next += 1;
        (at, waiting.next)
    }
}

/// Is ready when the process is woken at that time or after it.
pub(crate) struct Alarm {
    alarms: Arc<Alarms>,
    host: Arc<dyn Host>,
    key: Key,
}

impl Alarm {
    pub(crate) fn new(alarms: &Arc<Alarms>, host: &Arc<dyn Host>, at: Millis) -> Self {
        Self { key: alarms.new_key(at), alarms: Arc::clone(alarms), host: Arc::clone(host) }
    }
}

impl Future for Alarm {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let (at, _) = self.key;
        if self.host.now() >= at {
            return Poll::Ready(());
        }
        let before = self.alarms.first();
        lock(&self.alarms.0).by_time.insert(self.key, Some(cx.waker().clone()));
        if before.is_none_or(|before| at < before) {
            self.host.keeper().into_iter().for_each(|keeper| keeper.wake_at(at));
        }
        Poll::Pending
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        lock(&self.alarms.0).by_time.remove(&self.key);
    }
}
