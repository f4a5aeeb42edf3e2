//! What is published under one topic, here and on the other nodes of the cluster.
//!
//! What this node publishes is one numbered stream for the others, as what a room says is; it has no roster. Whatever may be missing of
//! theirs is told: an exchange that has begun has heard of all that take part, so who is met later may have said something before.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::task::{Poll, Waker};

use roomful_core::cluster::{Change, Incarnation, News, Present};
use roomful_core::pattern::Topic;
use roomful_core::room::{Audience, Input};
use roomful_core::{Json, NodeId};

use crate::Result;
use crate::clustered::{BoxedSeat, RoomInCluster};
use crate::lock::lock;
use crate::maybe_send::{MaybeSend, MaybeSync};

/// Those here who listen to any topic.
pub(super) trait ListenersHere: MaybeSend + MaybeSync {
    /// Another node has published it.
    fn published(&self, topic: &Topic, event: &Json);
    /// So many events of other nodes are missing, at least.
    fn missed(&self, topic: &Topic, events: u64);
    /// The live values may have changed.
    fn woken(&self, topic: &Topic);
}

pub(super) struct Exchange {
    topic: Topic,
    seat: BoxedSeat,
    listeners: Weak<dyn ListenersHere>,
    /// What this node publishes has one order, here and elsewhere.
    order: Mutex<()>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Whether all that take part have been heard of: from here on nothing may be missing in silence.
    has_begun: bool,
    awaited_by: Vec<Waker>,
    met: HashMap<NodeId, Met>,
}

/// A node that takes part.
#[derive(Clone, Copy)]
struct Met {
    is_lost: bool,
    /// How often this node had been isolated when it was heard last.
    isolations: u64,
}

/// So many nodes are remembered, or those that live. Whoever is forgotten and returns may have said something.
const MOST_MET: usize = 1_024;

impl Exchange {
    pub(super) fn new(topic: &Topic, seat: BoxedSeat, listeners: Weak<dyn ListenersHere>) -> Arc<Self> {
        Arc::new(Self { topic: topic.clone(), seat, listeners, order: Mutex::default(), state: Mutex::default() })
    }

    /// It takes part from here on. Nobody here is called before it has begun.
    pub(super) fn open(self: &Arc<Self>) {
        let me = self.seat.me();
        self.seat.open(&self.topic.of_listeners(), Arc::clone(self) as _, &me);
    }

    pub(super) fn close(&self) {
        self.seat.close();
    }

    /// Waits until whatever another node publishes from now on is heard here. That takes as long as the first join of a room.
    pub(super) async fn begun(&self) {
        poll_fn(|cx| {
            let mut state = lock(&self.state);
            if state.has_begun {
                return Poll::Ready(());
            }
            if !state.awaited_by.iter().any(|waker| waker.will_wake(cx.waker())) {
                state.awaited_by.push(cx.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }

    /// To all other nodes where somebody listens, in the order in which `publish_here` publishes it.
    pub(super) fn publish(&self, event: &Json, publish_here: impl FnOnce() -> Result) -> Result {
        let _order = lock(&self.order);
        let fits = self.seat.may_say(&self.topic, event);
        if let Err(refused) = fits.and_then(|()| publish_here()) {
            // It has happened, whoever could be told or not.
            let _as_refused_as_that = self.say(Change::Woken);
            return Err(refused);
        }
        self.say(Change::Said { from: None, to: Audience::Everybody, msg: event.clone() })
    }

    /// The live values of all other nodes may have changed.
    pub(super) fn wake(&self) -> Result {
        self.say(Change::Woken)
    }

    fn say(&self, change: Change) -> Result {
        self.seat.keeps_up()?;
        self.seat.publish(vec![change]);
        self.seat.reaches_others()
    }

    fn begin(&self) {
        let mut state = lock(&self.state);
        state.has_begun = true;
        let awaited_by = std::mem::take(&mut state.awaited_by);
        drop(state);
        awaited_by.into_iter().for_each(Waker::wake);
    }

    fn hear_news(&self, listeners: &dyn ListenersHere, node: &Incarnation, news: News) {
        match news {
            News::Changes(changes) => {
                self.meet(node.node());
                if self.hear_changes(listeners, changes) {
                    listeners.woken(&self.topic);
                }
            }
            News::Roster { missed, late, .. } => {
                let (is_new, has_begun) = self.meet(node.node());
                let missed = if is_new && has_begun { missed.max(1) } else { missed };
                if missed > 0 && has_begun {
                    listeners.missed(&self.topic, missed);
                }
                self.hear_changes(listeners, late.into_iter().flatten());
                listeners.woken(&self.topic);
            }
            News::Opened { .. } => drop(self.meet(node.node())),
            News::Lost => self.tell(listeners, self.lose(node)),
            News::Parted => self.tell(listeners, self.part(node.node())),
            _ => {}
        }
    }

    /// Whether a live value may have changed by that.
    fn hear_changes(&self, listeners: &dyn ListenersHere, changes: impl IntoIterator<Item = Change>) -> bool {
        let mut woken = false;
        for change in changes {
            match change {
                Change::Said { msg, .. } => {
                    woken = true;
                    listeners.published(&self.topic, &msg);
                }
                Change::Woken => woken = true,
                _ => {}
            }
        }
        woken
    }

    /// Of what was missed, and that values may have changed in what was.
    fn tell(&self, listeners: &dyn ListenersHere, missed: u64) {
        if missed > 0 && lock(&self.state).has_begun {
            listeners.missed(&self.topic, missed);
        }
        listeners.woken(&self.topic);
    }

    /// It takes part. Whether that was not known, and whether all that was known had been heard of before.
    fn meet(&self, node: NodeId) -> (bool, bool) {
        let mut state = self.state();
        if state.met.len() >= MOST_MET {
            state.met.retain(|_, met| !met.is_lost);
        }
        let met = Met { is_lost: false, isolations: self.seat.isolations() };
        (state.met.insert(node, met).is_none(), state.has_begun)
    }

    /// It is silent, or ends. What one that was to end has said has all been heard; of any other nobody knows whether it said more.
    fn lose(&self, node: &Incarnation) -> u64 {
        let was_to_end = self.seat.is_draining(node);
        let known = self.state().met.get_mut(&node.node()).map(|met| met.is_lost = true);
        u64::from(known.is_some() && !was_to_end)
    }

    /// It takes part no more. What it said last may be missing where it was silent before, or this node was deaf since.
    fn part(&self, node: NodeId) -> u64 {
        let met = self.state().met.remove(&node);
        u64::from(met.is_some_and(|met| met.is_lost || met.isolations != self.seat.isolations()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl RoomInCluster for Exchange {
    fn hear(self: Arc<Self>, input: Input) {
        let Some(listeners) = self.listeners.upgrade() else { return };
        let has_begun = self.state().has_begun;
        match input {
            Input::Ready => self.begin(),
            // It stood still for so long that the others took it for gone, and knows nothing of what they said.
            Input::Reborn { .. } if has_begun => self.tell(&*listeners, 1),
            Input::Remote { node, news } => self.hear_news(&*listeners, &node, news),
            _ => {}
        }
    }

    /// Nobody is in it.
    fn give_own(&self, give: &mut dyn FnMut(Vec<Present>)) {
        // Behind what is published now, and before what is published next.
        let _order = lock(&self.order);
        give(Vec::new());
    }
}
