//! The one alarm of an object: what wakes a room whose timers were lost with its instance, and those who wait for a time that no
//! instance waits for.
//!
//! It is for two things. The states that the presence lane holds are told by a timer of the instance, and the alarm is behind
//! that; an instance that finds such an alarm, which another has set, must tell every state again. And members are held, or
//! their data expires, at times that only the alarm waits for. Which of the two an alarm is for is stored beside it, where
//! anybody waits for a time at all.

use std::cell::Cell;
use std::rc::Rc;

use roomful_core::Millis;
use worker::js_sys::Date;
use worker::wasm_bindgen::JsValue;
use worker::wasm_bindgen_futures::spawn_local;
use worker::{ScheduledTime, SetAlarmOptions, State};

use crate::store::{AlarmIsFor, Store};
use crate::tasks::Tasks;

/// Why an instance begins, or goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Woken {
    /// Somebody came, said something or went.
    ByEvent,
    /// The alarm has gone off.
    ByAlarm,
}

/// A timer of the instance does the work on time; the alarm is there for an instance that is gone by then, so it may be
/// late, and a busy room sets one in this time and not one each tick: each is a write that is paid for.
const AFTER_THE_TIMER: Millis = 1_000;

/// By the clock that the platform shows, an alarm may go off a moment early. One that is then set for the same time is taken for
/// the one that goes off, and forgotten.
const AFTER_THE_TIME: Millis = 10;

pub(crate) struct Alarm {
    state: Rc<State>,
    store: Rc<Store>,
    tasks: Tasks,
    /// When it goes off, as far as this instance knows.
    set: Cell<Option<Millis>>,
    /// What is stored of it.
    is_for: Cell<Option<AlarmIsFor>>,
    /// The first time that something waits for.
    first: Cell<Option<Millis>>,
    /// Whether a task is about to see to that.
    settles: Cell<bool>,
}

impl Alarm {
    pub(crate) fn new(state: Rc<State>, store: Rc<Store>, tasks: Tasks) -> Self {
        Self {
            state,
            store,
            tasks,
            set: Cell::new(None),
            is_for: Cell::new(None),
            first: Cell::new(None),
            settles: Cell::new(false),
        }
    }

    /// Has an instance woken soon after this time, to tell every state.
    pub(crate) fn set_behind_timer(&self, at: Millis) {
        let behind = at.saturating_add(AFTER_THE_TIMER);
        match self.set_for_later() {
            Some(set) if set <= behind => {
                // Where that one is not for states, it is now.
                if let Some(is_for) = self.is_for.get().filter(|is_for| is_for.at == set && !is_for.states) {
                    self.is_for_now(Some(AlarmIsFor { states: true, ..is_for }));
                }
            }
            _ => self.set_to(behind),
        }
    }

    /// Has an instance woken at this time: nothing waits for a sooner one. Of several that are said together the last counts.
    pub(crate) fn set_for(self: &Rc<Self>, first: Millis) {
        self.first.set(Some(first.saturating_add(AFTER_THE_TIME)));
        self.settle();
    }

    /// An instance begins, and this is stored of the alarm.
    pub(crate) fn take_over(&self, stored: Option<AlarmIsFor>) {
        self.is_for.set(stored);
    }

    /// Whether states may wait to be told that an earlier instance has left.
    pub(crate) async fn is_for_states(&self, woken: Woken, now: Millis) -> bool {
        let (rings, stored) = (woken == Woken::ByAlarm, self.is_for.get());
        let set = match self.state.storage().get_alarm().await {
            Ok(set) => set.and_then(|set| Millis::try_from(set).ok()),
            Err(error) => {
                tracing::error!(%error, "an alarm cannot be asked for");
                // To tell every state again is no mistake; to miss one is.
                return true;
            }
        };
        self.set.set(set);
        match (set, stored) {
            (Some(set), Some(is_for)) => set != is_for.at || is_for.states,
            (Some(_), None) => true,
            // One that goes off is there no more.
            (None, Some(is_for)) => rings && (now.saturating_add(AFTER_THE_TIME) < is_for.at || is_for.states),
            (None, None) => rings,
        }
    }

    /// It went off.
    pub(crate) fn rings(self: &Rc<Self>, now: Millis) {
        self.set.set(None);
        self.first.set(self.first.get().filter(|first| *first > now.saturating_add(AFTER_THE_TIME)));
        self.settle();
    }

    /// Sees to it that an alarm is set for whom the first time is, once all of those who wait have said so.
    fn settle(self: &Rc<Self>) {
        if self.settles.replace(true) {
            return;
        }
        let alarm = Rc::clone(self);
        self.tasks.spawn(async move {
            alarm.settles.set(false);
            alarm.settle_now();
        });
    }

    fn settle_now(&self) {
        match (self.first.get(), self.set_for_later()) {
            (None, None) => self.is_for_now(None),
            // It is soon enough, and what is stored is of it. Where nothing waits any more it goes off in vain: another would be
            // a write.
            (None, Some(_)) => {}
            (Some(at), Some(set)) if set <= at => {}
            (Some(at), set) => {
                let before = self.is_for.get();
                // It may take the place of another, which may be for states.
                let states = set.is_some_and(|set| before.is_none_or(|before| before.at != set || before.states));
                self.set_to(at);
                self.is_for_now(Some(AlarmIsFor { at, states }));
            }
        }
    }

    /// When it goes off. One whose time is over may have been lost with the instance that it went off in.
    fn set_for_later(&self) -> Option<Millis> {
        let now = worker::Date::now().as_millis();
        self.set.get().filter(|set| *set > now)
    }

    fn is_for_now(&self, is_for: Option<AlarmIsFor>) {
        if self.is_for.replace(is_for) == is_for {
            return;
        }
        match is_for {
            Some(is_for) => self.store.put_alarm(is_for),
            None => self.store.delete_alarm(),
        }
    }

    fn set_to(&self, at: Millis) {
        self.set.set(Some(at));
        let storage = self.state.storage();
        // A time of this calendar is far below what a number of JavaScript's holds exactly.
        let time = ScheduledTime::new(Date::new(&JsValue::from_f64(at as f64)));
        // Frames need not wait until it is written.
        let options = SetAlarmOptions { allow_unconfirmed: Some(true), ..SetAlarmOptions::default() };
        spawn_local(async move {
            if let Err(error) = storage.set_alarm_with_options(time, options).await {
                tracing::error!(%error, "an alarm was not set");
            }
        });
    }
}
