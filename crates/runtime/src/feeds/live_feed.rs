//! One feed of this process: what was published, and those who listen.

use std::sync::{Arc, Mutex, MutexGuard, Weak};

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::abortable;
use roomful_core::feed::{Answer, Events, FeedEpoch, Numbered};
use roomful_core::frame::encode;
use roomful_core::frame::fanout::PerDialect;
use roomful_core::frame::feed::{FirstFacts, first};
use roomful_core::pattern::Topic;
use roomful_core::room::Refused;
use roomful_core::session::Resume;
use roomful_core::{Dialect, Json, Limits, MemberId, Millis};

use super::audience::{Audience, Listening};
use super::beginning::{Beginning, Run};
use super::exchange::Exchange;
use super::exchanges::{Held, Others};
use super::linger::{Timer, kept_ms, log_limits};
use super::name::{Abandoned, Name, Registry};
use super::subscription::{Published, Queue, Subscription};
use crate::line::Line;
use crate::live_room::overloaded;
use crate::lock::lock;
use crate::memory::Holding;
use crate::process::Process;
use crate::{Error, Result, metrics};

/// A feed while somebody listens, and for as long after that as what was published is kept.
pub(crate) struct LiveFeed {
    name: Name,
    process: Arc<Process>,
    registry: Weak<dyn Registry>,
    limits: Arc<Limits>,
    /// What other nodes publish, in a cluster.
    others: Others,
    state: Mutex<State>,
}

struct State {
    events: Events,
    audience: Audience,
    subscribed: Vec<Arc<Queue>>,
    /// Since when nobody listens who could come back; `None`: somebody does, or nobody ever did.
    unheard_since: Option<Millis>,
    /// Whether a client may know a number of it.
    was_heard: bool,
    /// What is kept, as a part of all that is held for clients, and of all that is kept of what was said.
    held: Holding,
    kept: Holding,
    timer: Timer,
    /// The registry forgets it. Whoever still finds it must ask for it again.
    abandoned: bool,
}

impl LiveFeed {
    pub(super) fn new(
        topic: &Topic,
        process: &Arc<Process>,
        registry: Weak<dyn Registry>,
        (limits, Run { epoch, top }): (&Arc<Limits>, Run),
    ) -> Arc<Self> {
        let state = State {
            events: Events::restore(epoch, top, log_limits(limits)),
            audience: Audience::new(process),
            subscribed: Vec::new(),
            unheard_since: None,
            was_heard: false,
            held: Holding::nothing(process.memory()),
            kept: Holding::nothing(process.logs()),
            timer: Timer::default(),
            abandoned: false,
        };
        let name = Name { topic: topic.clone(), value: None };
        let (process, limits) = (Arc::clone(process), Arc::clone(limits));
        Arc::new(Self { name, process, registry, limits, others: Others::default(), state: Mutex::new(state) })
    }

    pub(super) fn name(&self) -> &Name {
        &self.name
    }

    /// Hears what other nodes publish, as long as it is there.
    pub(super) fn take_part(&self, hold: impl FnOnce() -> Option<Held>) {
        self.others.take_part(hold);
    }

    /// Somebody begins to listen, and is sent what it missed.
    pub(super) fn listen(&self, member: &MemberId, line: &Arc<Line>, beginning: Beginning) -> Result<(), Abandoned> {
        let mut state = self.state()?;
        let frames = match (beginning, line.dialect()) {
            (Beginning::Anew { resume }, Dialect::V1) => self.first_frames(&state.events, resume),
            // It has no way to say what it has heard.
            (Beginning::Anew { .. }, Dialect::Plain) => Vec::new(),
            (Beginning::Again { .. }, _) => Vec::new(),
        };
        state.audience.enter(member, line, frames);
        (state.unheard_since, state.was_heard) = (None, true);
        self.say_heard(true);
        Ok(())
    }

    fn first_frames(&self, events: &Events, resume: Option<Resume>) -> Vec<Bytes> {
        let epoch = events.epoch();
        let heard = resume.and_then(|resume| epoch.position(resume));
        let Answer { seq, resumed, missed } = events.answer(heard, self.limits.outbox_bytes / 2);
        if resume.is_some() {
            metrics::session_resumed(resumed);
        }
        let session = epoch.token(self.process.giver());
        let facts = FirstFacts { seq, epoch: &epoch.to_string(), session, resumed, limits: &self.limits };
        std::iter::once(first(facts)).chain(missed).collect()
    }

    /// To everybody who listens, and to nobody else.
    pub(super) fn publish(self: &Arc<Self>, event: &Json) -> Result {
        check_size(event, &self.limits)?;
        let limit = self.process.limits().transport_bytes;
        let state = lock(&self.state);
        if state.audience.is_overloaded(limit) {
            return Err(overloaded(limit));
        }
        self.say(state, event);
        Ok(())
    }

    /// The same, of another node: that has been told by its own node whether it could be.
    pub(super) fn published(self: &Arc<Self>, event: &Json) {
        self.say(lock(&self.state), event);
    }

    /// So many events of other nodes cannot be had. Whoever listens is told, and whoever comes back from before that.
    pub(super) fn miss(self: &Arc<Self>, events: u64) {
        let mut state = lock(&self.state);
        if state.was_heard {
            let seq = state.events.miss();
            let gap = encode::gap(&state.events.epoch().to_string(), seq);
            state.audience.send(PerDialect { plain: None, v1: Some(gap) });
            state.count();
        }
        state.subscribed.iter().for_each(|queue| queue.miss(events));
        self.arm(&mut state);
    }

    fn say(self: &Arc<Self>, mut state: MutexGuard<'_, State>, event: &Json) {
        let process = &self.process;
        if state.was_heard {
            let spoken = state.audience.spoken();
            let Numbered { frames, let_go } = state.events.publish(event, spoken, process.now());
            metrics::log_let_go("log_frames", let_go.frames);
            metrics::log_let_go("log_bytes", let_go.bytes);
            state.audience.send(frames);
            let logs = process.logs();
            state.count();
            if logs.is_over() {
                metrics::log_let_go("logs_bytes", state.events.shrink(logs.held().saturating_sub(logs.limit())));
                state.count();
            }
        }
        state.subscribed.iter().for_each(|queue| queue.push(event));
        self.arm(&mut state);
    }

    pub(super) fn subscribe(self: &Arc<Self>) -> Result<Subscription, Abandoned> {
        let queue = Queue::new(&self.limits);
        let mut state = self.state()?;
        state.subscribed.push(Arc::clone(&queue));
        self.say_heard(true);
        drop(state);
        if self.process.is_draining() {
            queue.end();
        }
        Ok(Subscription::new(Arc::clone(self) as _, queue))
    }

    /// The process stops: who hears it in here is to come to an end.
    pub(super) fn drain(&self) {
        lock(&self.state).subscribed.iter().for_each(|queue| queue.end());
    }

    /// Another process takes it over: here nothing more is sent or kept.
    pub(super) fn put_away(&self) {
        let mut state = lock(&self.state);
        state.subscribed.drain(..).for_each(|queue| queue.end());
        (state.audience, state.timer, state.abandoned) = (Audience::new(&self.process), Timer::default(), true);
        state.events.shrink(usize::MAX);
        state.count();
    }

    /// Its place is needed for another, where nobody listens.
    pub(super) fn let_go(&self) -> bool {
        let mut state = lock(&self.state);
        let is_unheard = state.is_unheard();
        state.abandoned |= is_unheard;
        is_unheard
    }

    /// Where nobody listens it may be forgotten for another.
    fn say_heard(&self, is_heard: bool) {
        self.registry.upgrade().into_iter().for_each(|registry| registry.set_heard(&self.name, is_heard));
    }

    fn state(&self) -> Result<MutexGuard<'_, State>, Abandoned> {
        let state = lock(&self.state);
        if state.abandoned { Err(Abandoned) } else { Ok(state) }
    }

    /// Lets go of what is too old, and of itself where nobody can come back for anything.
    fn look(self: &Arc<Self>) {
        let mut state = lock(&self.state);
        state.timer.went_off();
        state.events.let_go(self.process.now());
        state.count();
        self.after(state);
    }

    fn after(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        if state.is_unheard() {
            if state.was_heard {
                let now = self.process.now();
                let since = *state.unheard_since.get_or_insert(now);
                self.say_heard(false);
                let is_kept = now < since.saturating_add(kept_ms(&self.limits)) || state.events.due().is_some();
                if is_kept {
                    return self.arm(&mut state);
                }
            }
            state.abandoned = true;
            drop(state);
            let this = Arc::as_ptr(self).cast();
            return self.registry.upgrade().into_iter().for_each(|registry| registry.forget(&self.name, this));
        }
        self.arm(&mut state);
    }

    fn arm(self: &Arc<Self>, state: &mut State) {
        if self.process.keeper().is_some() {
            // A timer would keep a process in memory that may be put away, and all of this goes with it.
            return;
        }
        let end = state.unheard_since.map(|since| since.saturating_add(kept_ms(&self.limits)));
        let at = state.events.due().or(end);
        state.timer.arm(at, |at| {
            let (feed, sleep) = (Arc::downgrade(self), self.process.sleep_until(at));
            let (timer, abort) = abortable(async move {
                sleep.await;
                if let Some(feed) = feed.upgrade() {
                    feed.look();
                }
            });
            self.process.wait(timer.map(|_over_or_aborted| ()));
            abort
        });
    }
}

impl Published for LiveFeed {
    fn unsubscribe(self: Arc<Self>, queue: &Arc<Queue>) {
        let mut state = lock(&self.state);
        state.subscribed.retain(|subscribed| !Arc::ptr_eq(subscribed, queue));
        self.after(state);
    }

    fn exchange(&self) -> Option<Arc<Exchange>> {
        self.others.exchange()
    }
}

impl Listening for LiveFeed {
    fn epoch(&self) -> FeedEpoch {
        lock(&self.state).events.epoch()
    }

    fn leave(self: Arc<Self>, member: &MemberId) {
        let mut state = lock(&self.state);
        if state.audience.exit(member) {
            self.after(state);
        }
    }
}

impl State {
    fn is_unheard(&self) -> bool {
        self.audience.is_empty() && self.subscribed.is_empty()
    }

    fn count(&mut self) {
        let bytes = self.events.held_bytes();
        self.held.set(bytes);
        self.kept.set(bytes);
    }
}

/// What is published has a message's bound.
pub(crate) fn check_size(event: &Json, limits: &Limits) -> Result {
    let (bytes, limit) = (event.size(), limits.message_bytes);
    if bytes > limit { Err(Error::refused(Refused::MessageTooLarge { bytes, limit })) } else { Ok(()) }
}
