//! The one alarm of an object: what wakes a room whose timers were lost with its instance.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use roomful_core::Millis;
use worker::wasm_bindgen_futures::spawn_local;
use worker::{SetAlarmOptions, State};

/// A timer of the instance does the work on time; the alarm is there for an instance that is gone by then, so it may be
/// late, and a busy room sets one in this time and not one each tick: each is a write that is paid for.
const AFTER_THE_TIMER: Millis = 1_000;

pub(crate) struct Alarm {
    state: Rc<State>,
    /// Whether this instance has set one that has not gone off.
    set: Cell<bool>,
}

impl Alarm {
    pub(crate) fn new(state: Rc<State>) -> Self {
        Self { state, set: Cell::new(false) }
    }

    /// Has an instance woken soon after this time.
    pub(crate) fn set(&self, at: Millis, now: Millis) {
        if self.set.replace(true) {
            return;
        }
        let storage = self.state.storage();
        let offset = Duration::from_millis(at.saturating_sub(now) + AFTER_THE_TIMER);
        // Frames need not wait until it is written.
        let options = SetAlarmOptions { allow_unconfirmed: Some(true), ..SetAlarmOptions::default() };
        spawn_local(async move {
            if let Err(error) = storage.set_alarm_with_options(offset, options).await {
                tracing::error!(%error, "an alarm was not set");
            }
        });
    }

    /// Whether one is waiting that an earlier instance has set.
    pub(crate) async fn is_inherited(&self) -> bool {
        match self.state.storage().get_alarm().await {
            Ok(alarm) => alarm.is_some() && !self.set.get(),
            Err(error) => {
                tracing::error!(%error, "an alarm cannot be asked for");
                // To tell every state again is no mistake; to miss one is.
                true
            }
        }
    }

    /// It went off. `true`: it was not this instance that set it.
    pub(crate) fn rings(&self) -> bool {
        !self.set.replace(false)
    }
}
