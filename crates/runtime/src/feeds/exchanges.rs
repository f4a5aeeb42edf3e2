//! The topics under which this node publishes, or hears what others publish.

use std::collections::HashMap;
#[cfg(not(target_family = "wasm"))]
use std::sync::OnceLock;
use std::sync::{Arc, Mutex, MutexGuard, Weak};

use futures_util::FutureExt as _;
use futures_util::future::abortable;
use roomful_core::Millis;
use roomful_core::pattern::Topic;
use roomful_core::session::LongestFirst;

use super::exchange::{Exchange, ListenersHere};
use super::linger::Timer;
use crate::lock::lock;
use crate::process::Process;

/// All of them, by topic. Nobody takes another lock while its own is held, but for what the cluster has.
pub(super) struct Exchanges {
    process: Arc<Process>,
    listeners: Weak<dyn ListenersHere>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    open: HashMap<Topic, Open>,
    /// Those that nobody holds, in the order in which they close.
    idle: LongestFirst<Topic>,
    timer: Timer,
}

struct Open {
    exchange: Arc<Exchange>,
    holders: usize,
    /// When it closes, where nobody holds it.
    until: Millis,
}

/// What keeps one open. Dropped, it stays so for [`Limits::cluster_linger_ms`](roomful_core::Limits::cluster_linger_ms), so that who
/// publishes now and then need not begin anew each time.
pub(crate) struct Held {
    /// There is none in a worker, and the compiler knows it: an `async fn` that may hold one would take all of this along.
    #[cfg(target_family = "wasm")]
    _never: std::convert::Infallible,
    exchange: Arc<Exchange>,
    topic: Topic,
    exchanges: Arc<Exchanges>,
}

/// What something that is listened to has of other nodes.
#[derive(Default)]
pub(super) struct Others(#[cfg(not(target_family = "wasm"))] OnceLock<Held>);

#[cfg(not(target_family = "wasm"))]
impl Others {
    /// Has it from here on, where there are others.
    pub(super) fn take_part(&self, hold: impl FnOnce() -> Option<Held>) {
        if self.0.get().is_none()
            && let Some(held) = hold()
        {
            let _another_was_quicker = self.0.set(held);
        }
    }

    pub(super) fn exchange(&self) -> Option<Arc<Exchange>> {
        self.0.get().map(|held| Arc::clone(held.exchange()))
    }
}

/// There are none in a worker, and nothing of them is to be a part of it.
#[cfg(target_family = "wasm")]
impl Others {
    pub(super) fn take_part(&self, _hold: impl FnOnce() -> Option<Held>) {}

    pub(super) fn exchange(&self) -> Option<Arc<Exchange>> {
        None
    }
}

impl Exchanges {
    pub(super) fn new(process: &Arc<Process>, listeners: Weak<dyn ListenersHere>) -> Arc<Self> {
        Arc::new(Self { process: Arc::clone(process), listeners, state: Mutex::default() })
    }

    /// That of this topic; `None`: this process is in no cluster.
    pub(super) fn hold(self: &Arc<Self>, topic: &Topic) -> Option<Held> {
        let node = self.process.in_cluster()?;
        let mut state = self.state();
        state.idle.remove(topic);
        if !state.open.contains_key(topic) {
            let exchange = Exchange::new(topic, node.seat(&topic.of_listeners())?, Weak::clone(&self.listeners));
            exchange.open();
            state.open.insert(topic.clone(), Open { exchange, holders: 0, until: 0 });
        }
        let open = state.open.get_mut(topic)?;
        open.holders += 1;
        Held::of(&open.exchange, topic, self)
    }

    fn release(self: &Arc<Self>, topic: &Topic) {
        let limits = self.process.limits();
        let until = self.process.now().saturating_add(limits.cluster_linger_ms);
        let mut state = self.state();
        let Some(open) = state.open.get_mut(topic) else { return };
        open.holders -= 1;
        if open.holders > 0 {
            return;
        }
        open.until = until;
        state.idle.push(topic.clone());
        while state.idle.len() > limits.feeds.max(1) {
            state.close_longest();
        }
        self.arm(&mut state);
    }

    fn close_in_time(self: &Arc<Self>) {
        let now = self.process.now();
        let mut state = self.state();
        state.timer.went_off();
        while state.closes_at().is_some_and(|at| at <= now) {
            state.close_longest();
        }
        self.arm(&mut state);
    }

    fn arm(self: &Arc<Self>, state: &mut State) {
        // Without a clock nothing closes in time. The next that is let go of says so again.
        let at = state.closes_at().filter(|_| self.process.host().is_some());
        state.timer.arm(at, |at| {
            let (exchanges, sleep) = (Arc::downgrade(self), self.process.sleep_until(at));
            let (timer, abort) = abortable(async move {
                sleep.await;
                if let Some(exchanges) = exchanges.upgrade() {
                    exchanges.close_in_time();
                }
            });
            self.process.wait(timer.map(|_over_or_aborted| ()));
            abort
        });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl State {
    fn closes_at(&self) -> Option<Millis> {
        self.open.get(self.idle.first()?).map(|open| open.until)
    }

    fn close_longest(&mut self) {
        let Some(longest) = self.idle.first().cloned() else { return };
        self.idle.remove(&longest);
        // Within the lock: whoever opens it anew does so behind this.
        self.open.remove(&longest).into_iter().for_each(|open| open.exchange.close());
    }
}

impl Held {
    #[cfg(not(target_family = "wasm"))]
    fn of(exchange: &Arc<Exchange>, topic: &Topic, exchanges: &Arc<Exchanges>) -> Option<Self> {
        Some(Self { exchange: Arc::clone(exchange), topic: topic.clone(), exchanges: Arc::clone(exchanges) })
    }

    #[cfg(target_family = "wasm")]
    fn of(_: &Arc<Exchange>, _: &Topic, _: &Arc<Exchanges>) -> Option<Self> {
        None
    }

    pub(super) fn exchange(&self) -> &Arc<Exchange> {
        &self.exchange
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.exchanges.release(&self.topic);
    }
}
