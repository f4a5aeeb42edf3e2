//! The users of this process: who is in which room, and who lingers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use roomful_core::pattern::Topic;
use roomful_core::users::{Effect, Users};
use roomful_core::{Millis, UserId};

use crate::lock::lock;
use crate::metrics;
use crate::unwind::let_go;
use crate::visit::VisitHooks;
use crate::wakes::Wakes;

/// What the app is to be told when no lock is held.
#[must_use = "the app is to be told"]
#[derive(Default)]
pub(crate) struct Untold(pub(crate) Vec<Effect<Arc<dyn VisitHooks>>>);

/// Its lock is the last: whoever holds it takes no other.
pub(crate) struct LiveUsers {
    state: Mutex<State>,
    /// How many have gone of whom the app has not been told to the end.
    gone: AtomicUsize,
}

struct State {
    users: Users<Arc<dyn VisitHooks>>,
    wakes: Wakes,
}

impl LiveUsers {
    pub(crate) fn new(most_lingering: usize) -> Self {
        let state = State { users: Users::new(most_lingering), wakes: Wakes::default() };
        Self { state: Mutex::new(state), gone: AtomicUsize::new(0) }
    }

    /// A user's first member came to a room.
    pub(crate) fn came(&self, topic: &Topic, user: &UserId, hooks: Arc<dyn VisitHooks>, untold: &mut Untold) {
        self.change(|state| state.users.came(topic, user, hooks, &mut untold.0));
    }

    /// A user is in a room that another process has begun.
    pub(crate) fn restored(&self, topic: &Topic, user: &UserId, hooks: Arc<dyn VisitHooks>) -> Untold {
        self.changed(|state, untold| state.users.restored(topic, user, hooks, &mut untold.0))
    }

    /// A user has a member of this process in a room of a cluster. Whether the app is told is said later, if ever.
    pub(crate) fn here(&self, topic: &Topic, user: &UserId, hooks: Arc<dyn VisitHooks>, untold: &mut Untold) {
        self.change(|state| state.users.here(topic, user, hooks, &mut untold.0));
    }

    /// It is this process that tells the app of a user who is here.
    pub(crate) fn tell_came(&self, topic: &Topic, user: &UserId, untold: &mut Untold) {
        self.change(|state| state.users.tell_came(topic, user, &mut untold.0));
    }

    /// A user has no member here any more, and one at another node.
    pub(crate) fn moved(&self, topic: &Topic, user: &UserId, untold: &mut Untold) {
        self.change(|state| state.users.moved(topic, user, &mut untold.0));
    }

    /// A user's last member left a room, where users linger for so long.
    pub(crate) fn went(&self, topic: &Topic, user: &UserId, (now, linger_ms): (Millis, Millis), untold: &mut Untold) {
        if self.change(|state| state.users.went(topic, user, now, linger_ms, &mut untold.0)) {
            metrics::user_let_go();
        }
    }

    /// Nobody waits for this user any more, in this room or in all. `true`: it lingered.
    pub(crate) fn forgo(&self, topic: Option<&Topic>, user: &UserId) -> (bool, Untold) {
        let mut untold = Untold::default();
        let lingered = self.change(|state| state.users.forgo(topic, user, &mut untold.0));
        (lingered, untold)
    }

    /// The process stops: nobody lingers from here on.
    pub(crate) fn drain(&self) -> Untold {
        self.changed(|state, untold| state.users.drain(&mut untold.0))
    }

    /// The app has been told of this user what it was to be told.
    pub(crate) fn told(&self, topic: &Topic, user: &UserId) -> Untold {
        self.changed(|state, untold| state.users.told(topic, user, &mut untold.0))
    }

    /// Another process takes everything over.
    pub(crate) fn put_away(&self) {
        let emptied = self.change(|state| std::mem::replace(&mut state.users, Users::new(0)));
        let_go(emptied);
    }

    /// The time for which a timer is to be started, unless one goes off before.
    pub(crate) fn start_timer(&self) -> Option<Millis> {
        self.change(|state| state.wakes.start(state.users.next_wake()))
    }

    /// The timer of this time has gone off.
    pub(crate) fn wake(&self, at: Millis, now: Millis) -> Untold {
        self.changed(|state, untold| {
            state.wakes.went_off(at);
            state.users.wake(now, &mut untold.0);
        })
    }

    /// Who lingers in a room.
    pub(crate) fn lingering_in(&self, topic: &Topic) -> Vec<UserId> {
        self.change(|state| state.users.lingering_in(topic).cloned().collect())
    }

    /// Who lingers in any room.
    pub(crate) fn lingering(&self) -> Vec<UserId> {
        self.change(|state| state.users.lingering().cloned().collect())
    }

    /// How many have gone of whom the app has not been told to the end.
    pub(crate) fn gone(&self) -> usize {
        self.gone.load(Ordering::Relaxed)
    }

    fn changed(&self, change: impl FnOnce(&mut State, &mut Untold)) -> Untold {
        let mut untold = Untold::default();
        self.change(|state| change(state, &mut untold));
        untold
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = lock(&self.state);
        let changed = change(&mut state);
        self.gone.store(state.users.gone(), Ordering::Relaxed);
        changed
    }
}
