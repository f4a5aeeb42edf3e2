//! One live value of this process: what loads it, and those who listen.

use std::sync::{Arc, Mutex, MutexGuard, Weak};

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::{AbortHandle, Either, abortable, select};
use roomful_core::feed::{Effect, FeedEpoch, Input, LiveTerms, LiveValue, LoadId, Welcome};
use roomful_core::frame::fanout::PerDialect;
use roomful_core::frame::feed::{FirstFacts, failing, first};
use roomful_core::{Dialect, Json, Limits, MemberId, Millis};

use super::audience::{Audience, Listening};
use super::beginning::{Beginning, Run};
use super::exchanges::{Held, Others};
use super::linger::{Timer, kept_ms};
use super::live_feed::check_size;
use super::loader::Loader;
use super::name::{Abandoned, Name, Registry};
use crate::hooks::caught;
use crate::line::Line;
use crate::live_room::overloaded;
use crate::lock::lock;
use crate::maybe_send::MaybeSend;
use crate::memory::Holding;
use crate::process::Process;
use crate::{ErrorKind, Result, cork, metrics};

/// A live value while somebody listens, and for a while after that.
pub(crate) struct SharedValue {
    name: Name,
    process: Arc<Process>,
    registry: Weak<dyn Registry>,
    limits: Arc<Limits>,
    loader: Arc<dyn Loader>,
    /// What wakes it from other nodes, in a cluster.
    others: Others,
    state: Mutex<State>,
}

struct State {
    value: LiveValue,
    audience: Audience,
    unheard_since: Option<Millis>,
    held: Holding,
    /// Loads it anew, after a load that failed.
    retry: Timer,
    /// Forgets it when nobody is back in time.
    end: Timer,
    abandoned: bool,
}

impl SharedValue {
    pub(super) fn new(
        name: Name,
        process: &Arc<Process>,
        registry: Weak<dyn Registry>,
        (limits, Run { epoch, top }): (&Arc<Limits>, Run),
        loader: Arc<dyn Loader>,
    ) -> Arc<Self> {
        let state = State {
            value: LiveValue::restore(epoch, top, LiveTerms::of(limits)),
            audience: Audience::new(process),
            unheard_since: None,
            held: Holding::nothing(process.memory()),
            retry: Timer::default(),
            end: Timer::default(),
            abandoned: false,
        };
        let (process, limits) = (Arc::clone(process), Arc::clone(limits));
        let (others, state) = (Others::default(), Mutex::new(state));
        Arc::new(Self { name, process, registry, limits, loader, others, state })
    }

    pub(super) fn name(&self) -> &Name {
        &self.name
    }

    /// Is woken by other nodes, as long as it is there.
    pub(super) fn take_part(&self, hold: impl FnOnce() -> Option<Held>) {
        self.others.take_part(hold);
    }

    /// Somebody begins to listen. It listens before the value is loaded, so it misses no change.
    pub(super) fn listen(
        self: &Arc<Self>,
        member: &MemberId,
        line: &Arc<Line>,
        beginning: Beginning,
    ) -> Result<(), Abandoned> {
        let mut state = lock(&self.state);
        if state.abandoned {
            return Err(Abandoned);
        }
        (state.unheard_since, state.end) = (None, Timer::default());
        self.say_heard(true);
        match beginning {
            Beginning::Anew { resume } => {
                let heard = resume.and_then(|resume| state.value.epoch().position(resume));
                self.handle(state, Input::Listen { heard }, Some((member, line, resume.is_some())));
            }
            Beginning::Again { .. } => {
                state.audience.enter(member, line, []);
                self.handle(state, Input::Listen { heard: None }, None);
            }
        }
        Ok(())
    }

    /// It may have changed.
    pub(super) fn wake(self: &Arc<Self>) {
        self.handle(lock(&self.state), Input::Wake, None);
    }

    /// Another process takes it over: here nothing more is sent or kept.
    pub(super) fn put_away(&self) {
        let mut state = lock(&self.state);
        (state.retry, state.end, state.abandoned) = (Timer::default(), Timer::default(), true);
        state.audience = Audience::new(&self.process);
        state.held.set(0);
    }

    /// Its place is needed for another, where nobody listens.
    pub(super) fn let_go(&self) -> bool {
        let mut state = lock(&self.state);
        let is_unheard = state.audience.is_empty();
        state.abandoned |= is_unheard;
        is_unheard
    }

    fn handle(
        self: &Arc<Self>,
        mut state: MutexGuard<'_, State>,
        input: Input,
        newcomer: Option<(&MemberId, &Arc<Line>, bool)>,
    ) {
        let mut effects = Vec::new();
        state.value.handle(input, self.process.now(), &mut effects);
        let mut begins = None;
        for effect in effects {
            match effect {
                Effect::Welcome(welcome) => {
                    if let Some((member, line, resumes)) = newcomer {
                        let frames = self.welcome(state.value.epoch(), line, welcome, resumes);
                        state.audience.enter(member, line, frames);
                    }
                }
                Effect::Load { load, deadline } => begins = Some((load, deadline)),
                Effect::Value { frames } => state.audience.send_newest(frames),
                Effect::Failing => {
                    state.audience.send(PerDialect { plain: None, v1: Some(failing()) });
                }
            }
        }
        self.retry_in_time(&mut state);
        let bytes = state.value.held_bytes();
        state.held.set(bytes);
        self.end_in_time(state);
        if let Some((load, deadline)) = begins {
            let this = Arc::clone(self);
            self.process.spawn(cork::corked(async move { this.load(load, deadline).await }));
        }
    }

    fn welcome(&self, epoch: FeedEpoch, line: &Line, welcome: Welcome, resumes: bool) -> Vec<Bytes> {
        let Welcome { seq, resumed, value, is_failing } = welcome;
        let value = value.and_then(|frames| frames.get(line.dialect()).cloned());
        if line.dialect() == Dialect::Plain {
            return value.into_iter().collect();
        }
        if resumes {
            metrics::session_resumed(resumed);
        }
        let session = epoch.token(self.process.giver());
        let facts = FirstFacts { seq, epoch: &epoch.to_string(), session, resumed, limits: &self.limits };
        std::iter::once(first(facts)).chain(value).chain(is_failing.then(failing)).collect()
    }

    fn retry_in_time(self: &Arc<Self>, state: &mut State) {
        state.retry.arm(state.value.due(), |at| {
            self.when(at, |value| {
                let mut state = lock(&value.state);
                state.retry.went_off();
                value.handle(state, Input::Due, None);
            })
        });
    }

    /// Does it then, unless it is stopped, where this is still there.
    fn when(self: &Arc<Self>, at: Millis, then: impl FnOnce(Arc<Self>) + MaybeSend + 'static) -> AbortHandle {
        let (value, sleep) = (Arc::downgrade(self), self.process.sleep_long(at));
        let (timer, abort) = abortable(async move {
            sleep.await;
            if let Some(value) = value.upgrade() {
                then(value);
            }
        });
        self.process.wait(timer.map(|_over_or_aborted| ()));
        abort
    }

    async fn load(self: Arc<Self>, load: LoadId, deadline: Millis) {
        let (loader, wait) = (Arc::clone(&self.loader), self.process.sleep_until(deadline));
        let loading = Box::pin(caught(move || loader.load()));
        let loaded = match select(loading, wait).await {
            Either::Left((loaded, _)) => loaded.and_then(|value| check_size(&value, &self.limits).map(|()| value)),
            Either::Right((_, loading)) => {
                // Before anybody hears of it: it must not overlap the next one.
                drop(loading);
                Err(ErrorKind::LoadTimeout { ms: self.limits.load_timeout_ms }.into_error())
            }
        };
        if let Err(error) = self.loaded(load, loaded) {
            metrics::handler_failed("load");
            let loader = Arc::clone(&self.loader);
            if let Err(error) = caught(move || loader.on_error(error).map(Ok)).await {
                tracing::error!(%error, "`on_error` of a live value failed");
            }
        }
    }

    /// Tells what came of it. The error comes back, for the app to be told.
    fn loaded(self: &Arc<Self>, load: LoadId, loaded: Result<Json>) -> Result {
        let state = lock(&self.state);
        let limit = self.process.limits().transport_bytes;
        let (input, told) = match loaded {
            Ok(_) if state.audience.is_overloaded(limit) => (Input::Failed { load }, Err(overloaded(limit))),
            Ok(value) => (Input::Loaded { load, value }, Ok(())),
            Err(error) => (Input::Failed { load }, Err(error)),
        };
        self.handle(state, input, None);
        told
    }

    /// Where nobody listens it may be forgotten for another.
    fn say_heard(&self, is_heard: bool) {
        self.registry.upgrade().into_iter().for_each(|registry| registry.set_heard(&self.name, is_heard));
    }

    fn end_in_time(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        if !state.audience.is_empty() || state.abandoned {
            return;
        }
        let now = self.process.now();
        if state.unheard_since.is_none() {
            state.unheard_since = Some(now);
            self.say_heard(false);
        }
        let until = state.unheard_since.map_or(now, |since| since.saturating_add(kept_ms(&self.limits)));
        if now < until {
            if self.process.keeper().is_some() {
                // It goes with the process, which may be put away before.
                return;
            }
            return state.end.arm(Some(until), |at| {
                self.when(at, |value| {
                    let mut state = lock(&value.state);
                    state.end.went_off();
                    value.end_in_time(state);
                })
            });
        }
        if state.value.is_idle() {
            state.abandoned = true;
            drop(state);
            let this = Arc::as_ptr(self).cast();
            self.registry.upgrade().into_iter().for_each(|registry| registry.forget(&self.name, this));
        }
        // Where a load runs, its end comes back here.
    }
}

impl Listening for SharedValue {
    fn epoch(&self) -> FeedEpoch {
        lock(&self.state).value.epoch()
    }

    fn leave(self: Arc<Self>, member: &MemberId) {
        let mut state = lock(&self.state);
        if state.audience.exit(member) {
            self.handle(state, Input::Leave, None);
        }
    }
}
