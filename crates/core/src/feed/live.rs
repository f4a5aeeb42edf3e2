//! A live value: loaded when somebody listens, and anew when it may have changed.

use bytes::Bytes;

use super::{FeedEpoch, Position};
use crate::frame::fanout::{PerDialect, Spoken};
use crate::frame::feed::{Heard, heard};
use crate::{Json, Limits, Millis};

/// One live value, under one lock.
///
/// What it keeps to: who listens does so before the value is loaded, so nothing that changes in between is lost. No two loads
/// overlap, and however often it is woken while one runs, one more follows. Nobody listens: nothing is loaded, and a value that may
/// be out of date is not kept. The same bytes are not sent again. Where a load fails or hangs the last value stays, and it is tried
/// again after a while.
///
/// ```
/// use roomful_core::{Json, Limits};
/// use roomful_core::feed::{Effect, FeedEpoch, Input, LiveTerms, LiveValue};
///
/// let mut value = LiveValue::new(FeedEpoch(7), LiveTerms::of(&Limits::default()));
/// let mut effects = Vec::new();
/// value.handle(Input::Listen { heard: None }, 0, &mut effects);
/// let [Effect::Welcome(welcome), Effect::Load { load, .. }] = &effects[..] else { panic!("it is loaded") };
/// assert_eq!((welcome.seq, welcome.value.is_some()), (0, false));
/// let load = *load;
/// effects.clear();
/// value.handle(Input::Loaded { load, value: Json::encode("now")? }, 5, &mut effects);
/// assert!(matches!(&effects[..], [Effect::Value { .. }]));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug)]
pub struct LiveValue {
    epoch: FeedEpoch,
    terms: LiveTerms,
    seq: u64,
    listeners: usize,
    latest: Option<Latest>,
    /// Whether it may have changed since the load of the latest one began.
    is_stale: bool,
    work: Work,
    next_load: u64,
    /// Loads that have failed since one did not.
    failures: u32,
}

/// What loads are held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveTerms {
    /// Milliseconds that one may take.
    pub timeout_ms: Millis,
    /// Milliseconds from a load that failed to the next one. Twice as many each time.
    pub retry_ms: Millis,
    /// And so many at the most.
    pub longest_retry_ms: Millis,
}

/// One load among all of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadId(u64);

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Somebody begins to listen.
    Listen {
        /// How far it has heard, where it says so.
        heard: Option<Position>,
    },
    /// Somebody listens no more.
    Leave,
    /// It may have changed.
    Wake,
    /// A load has come to its end.
    Loaded {
        /// Which.
        load: LoadId,
        /// What it found.
        value: Json,
    },
    /// A load failed.
    Failed {
        /// Which.
        load: LoadId,
    },
    /// It was asked for by [`LiveValue::due`].
    Due,
}

/// What is to be done, in the order it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Tell this to whoever has just begun to listen, before anything else.
    Welcome(Welcome),
    /// Load it, and say [`Input::Loaded`] or [`Input::Failed`].
    Load {
        /// Say that it was this one.
        load: LoadId,
        /// When it is to be dropped, which is a failure too. Drop it before you say so, or it may overlap the next one.
        deadline: Millis,
    },
    /// Send this to everybody who listens.
    Value {
        /// The value, in both dialects, or in v1 alone where nobody else has heard that it could not be loaded.
        frames: PerDialect,
    },
    /// Tell everybody who listens that it could not be loaded. Told once, until it can be.
    Failing,
}

/// What a listener is told when it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Welcome {
    /// What the listener has from here on: the number before that of the value that follows at once, or else the last that was
    /// given. Who is cut off between the two must not say that it has the value.
    pub seq: u64,
    /// Whether the listener was on this run of numbers before. It has missed nothing then: what follows is the latest.
    pub resumed: bool,
    /// The latest value, unless there is none yet or the listener has it.
    pub value: Option<PerDialect>,
    /// Whether it could not be loaded lately.
    pub is_failing: bool,
}

#[derive(Debug)]
struct Latest {
    plain: Bytes,
    v1: Bytes,
}

#[derive(Debug, Clone, Copy)]
enum Work {
    /// Nothing is done.
    None,
    /// It is loaded.
    Load {
        load: LoadId,
        /// Whether it was woken meanwhile.
        again: bool,
    },
    /// It failed, and is loaded again then.
    Retry { at: Millis },
}

impl LiveTerms {
    /// Those of these limits.
    #[must_use]
    pub fn of(limits: &Limits) -> Self {
        Self {
            timeout_ms: limits.load_timeout_ms,
            retry_ms: limits.load_retry_ms,
            longest_retry_ms: limits.load_longest_retry_ms,
        }
    }

    fn retry_after(&self, failures: u32) -> Millis {
        let doubled = 1_u64.checked_shl(failures.saturating_sub(1)).unwrap_or(u64::MAX);
        self.retry_ms.saturating_mul(doubled).min(self.longest_retry_ms)
    }
}

impl LiveValue {
    /// One that nobody listens to.
    #[must_use]
    pub fn new(epoch: FeedEpoch, terms: LiveTerms) -> Self {
        Self::restore(epoch, 0, terms)
    }

    /// One that another process had, of which nobody knows what it was. `top` must be no less than any number that it gave. Who
    /// listened there is [told to it](Input::Listen) as anybody, and is sent what is loaded.
    #[must_use]
    pub fn restore(epoch: FeedEpoch, top: u64, terms: LiveTerms) -> Self {
        let (latest, work) = (None, Work::None);
        Self { epoch, terms, seq: top, listeners: 0, latest, is_stale: true, work, next_load: 0, failures: 0 }
    }

    /// Which run of numbers it gives.
    #[must_use]
    pub fn epoch(&self) -> FeedEpoch {
        self.epoch
    }

    /// Whether nobody listens, and no load runs.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.listeners == 0 && !matches!(self.work, Work::Load { .. })
    }

    /// When it wants to hear [`Input::Due`], if nothing happens until then.
    #[must_use]
    pub fn due(&self) -> Option<Millis> {
        match self.work {
            Work::None | Work::Load { .. } => None,
            Work::Retry { at } => Some(at),
        }
    }

    /// Bytes of memory that the latest value takes.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.latest.as_ref().map_or(0, |latest| latest.plain.len() + latest.v1.len())
    }

    /// Goes on from `input`, and appends what is to be done.
    pub fn handle(&mut self, input: Input, now: Millis, effects: &mut Vec<Effect>) {
        match input {
            Input::Listen { heard } => {
                self.listeners += 1;
                effects.push(Effect::Welcome(self.welcome(heard)));
            }
            Input::Leave => self.listeners = self.listeners.saturating_sub(1),
            Input::Wake => match &mut self.work {
                Work::Load { again, .. } => *again = true,
                // However often it is woken, one that fails is left alone for a while.
                Work::None | Work::Retry { .. } => self.is_stale = true,
            },
            Input::Loaded { load, value } => self.loaded(load, &value, effects),
            Input::Failed { load } => {
                if self.runs(load) {
                    self.failed(now, effects);
                }
            }
            Input::Due => {
                if matches!(self.work, Work::Retry { at } if now >= at) {
                    self.work = Work::None;
                }
            }
        }
        self.go_on(now, effects);
    }

    fn welcome(&self, heard: Option<Position>) -> Welcome {
        let heard = heard.filter(|heard| heard.epoch == self.epoch && heard.seq <= self.seq);
        let has_it = heard.is_some_and(|heard| heard.seq == self.seq);
        let value = self.latest.as_ref().filter(|_| !has_it).map(Latest::frames);
        let seq = self.seq - u64::from(value.is_some());
        Welcome { seq, resumed: heard.is_some(), value, is_failing: self.is_failing() }
    }

    fn loaded(&mut self, load: LoadId, value: &Json, effects: &mut Vec<Effect>) {
        let Work::Load { load: running, again, .. } = self.work else { return };
        if running != load {
            return;
        }
        let (was_failing, is_same) = (self.is_failing(), self.latest.as_ref().is_some_and(|latest| latest.is(value)));
        (self.work, self.is_stale, self.failures) = (Work::None, again, 0);
        if !is_same {
            self.seq += 1;
            self.latest = Some(Latest::new(value, self.seq));
        }
        if self.listeners > 0
            && let Some(latest) = &self.latest
        {
            let all = latest.frames();
            match (is_same, was_failing) {
                (false, _) => effects.push(Effect::Value { frames: all }),
                // Who was told that it could not be loaded is told that it can be.
                (true, true) => effects.push(Effect::Value { frames: PerDialect { plain: None, ..all } }),
                (true, false) => {}
            }
        }
    }

    fn failed(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        if !self.is_failing() && self.listeners > 0 {
            effects.push(Effect::Failing);
        }
        self.failures = self.failures.saturating_add(1);
        self.is_stale = true;
        self.work = Work::Retry { at: now.saturating_add(self.terms.retry_after(self.failures)) };
    }

    /// Loads what may be out of date, where somebody listens; and else forgets it.
    fn go_on(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        if matches!(self.work, Work::Load { .. }) || !self.is_stale {
            return;
        }
        if self.listeners == 0 {
            // The next to listen is the first to ask for it.
            (self.latest, self.work, self.failures) = (None, Work::None, 0);
            return;
        }
        if matches!(self.work, Work::None) {
            let load = LoadId(self.next_load);
            self.next_load += 1;
            self.work = Work::Load { load, again: false };
            effects.push(Effect::Load { load, deadline: now.saturating_add(self.terms.timeout_ms) });
        }
    }

    fn runs(&self, load: LoadId) -> bool {
        matches!(self.work, Work::Load { load: running, .. } if running == load)
    }

    fn is_failing(&self) -> bool {
        self.failures > 0
    }
}

impl Latest {
    fn new(value: &Json, seq: u64) -> Self {
        let frames = heard(Heard::Value, value, seq, Spoken { plain: true, v1: true });
        Self { plain: frames.plain.unwrap_or_default(), v1: frames.v1.unwrap_or_default() }
    }

    fn frames(&self) -> PerDialect {
        PerDialect { plain: Some(self.plain.clone()), v1: Some(self.v1.clone()) }
    }

    /// Whether it is that value, byte for byte.
    fn is(&self, value: &Json) -> bool {
        let other = heard(Heard::Value, value, 0, Spoken { plain: true, v1: false }).plain;
        other.as_ref() == Some(&self.plain)
    }
}
