//! The users of the simulated room: what the app is told of them, against what the ledger says of their members.

#![expect(clippy::expect_used, reason = "what a test writes itself is right, or the test is wrong")]

use std::collections::{BTreeMap, BTreeSet};

use roomful_core::key::Params;
use roomful_core::pattern::{Pattern, Topic};
use roomful_core::room::RoomEngine;
use roomful_core::users::{Effect, News, Users};
use roomful_core::{Millis, UserId};

use crate::fault::Fault;
use crate::ledger::Ledger;
use crate::rng::Rng;
use crate::seen::Seen;

/// Users of one room, and beside them what must become of each.
pub(crate) struct UsersWatch {
    users: Users<()>,
    topic: Topic,
    linger_ms: Millis,
    /// Its chances are its own: who is told when changes nothing of what happens.
    rng: Rng,
    draining: bool,
    due: BTreeMap<String, Due>,
    seen: Vec<Seen>,
}

/// One user, as it must be.
#[derive(Debug, Default)]
struct Due {
    is_in: bool,
    /// Its last member left then, and it has not gone.
    left_at: Option<Millis>,
    /// What the app is to be told, in order.
    news: Vec<News>,
    /// So much of that it was told, or is being told.
    told: usize,
    is_told: bool,
    /// Another process has told the app that it came.
    restored: bool,
}

impl UsersWatch {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let topic = Pattern::parse("lobby").map(|pattern| pattern.topic(&Params::default()));
        let topic = topic.expect("it is a pattern").expect("it has no params");
        let linger_ms = *rng.pick(&[0, 1, 40, 400]).unwrap_or(&40);
        let (users, due, seen) = (Users::new(1_000), BTreeMap::new(), Vec::new());
        Self { users, topic, linger_ms, rng, draining: false, due, seen }
    }

    /// The room says that a user's first member came, or that its last one left.
    pub(crate) fn carry(&mut self, user: &UserId, came: bool, now: Millis) -> Result<(), Fault> {
        let mut effects = Vec::new();
        if came {
            self.users.came(&self.topic, user, (), &mut effects);
        } else {
            let is_over = self.users.went(&self.topic, user, now, self.linger_ms, &mut effects);
            ensure!(!is_over, "nobody is let go of while there is room");
        }
        self.follow(effects)
    }

    /// The room has carried out an input: what the ledger says is what the app must be told.
    pub(crate) fn compare(&mut self, ledger: &Ledger, now: Millis) -> Result<(), Fault> {
        let present: BTreeSet<_> = ledger.present().iter().filter_map(|member| ledger.user(member)).collect();
        for user in &present {
            let due = self.due.entry((*user).to_owned()).or_default();
            if std::mem::replace(&mut due.is_in, true) {
                continue;
            }
            match due.left_at.take() {
                Some(_) => self.seen.push(Seen::UserReloaded),
                None => due.news.push(News::Came),
            }
        }
        for (user, due) in &mut self.due {
            if due.is_in && !present.contains(user.as_str()) {
                due.is_in = false;
                due.left_at = Some(now);
                if self.draining || self.linger_ms == 0 {
                    due.goes();
                }
            }
        }
        self.check(now)
    }

    /// When somebody's moment is over.
    pub(crate) fn due(&self) -> Option<Millis> {
        self.users.next_wake()
    }

    pub(crate) fn wake(&mut self, now: Millis) -> Result<(), Fault> {
        let mut effects = Vec::new();
        self.users.wake(now, &mut effects);
        for due in self.due.values_mut() {
            if due.left_at.is_some_and(|at| at + self.linger_ms <= now) {
                due.goes();
                self.seen.push(Seen::UserGone);
            }
        }
        self.follow(effects)?;
        self.check(now)
    }

    pub(crate) fn drain(&mut self, now: Millis) -> Result<(), Fault> {
        self.draining = true;
        let mut effects = Vec::new();
        self.users.drain(&mut effects);
        self.due.values_mut().filter(|due| due.left_at.is_some()).for_each(Due::goes);
        self.follow(effects)?;
        self.check(now)
    }

    /// Another process goes on, which knows who is in, and nothing of those who linger.
    pub(crate) fn restore(&mut self, room: &RoomEngine) -> Result<(), Fault> {
        self.users = Users::new(1_000);
        let mut effects = Vec::new();
        for user in room.roster().iter().filter_map(|entry| entry.user.as_ref()) {
            self.users.restored(&self.topic, user, (), &mut effects);
        }
        self.due.retain(|_, due| due.is_in);
        for due in self.due.values_mut() {
            *due = Due { is_in: true, restored: true, ..Due::default() };
        }
        self.follow(effects)
    }

    /// Some of the hooks that run end, or all of them.
    pub(crate) fn let_hooks_end(&mut self, all: bool) -> Result<(), Fault> {
        loop {
            let running: Vec<_> =
                self.due.iter().filter(|(_, due)| due.is_told).map(|(user, _)| user.clone()).collect();
            if running.is_empty() {
                return Ok(());
            }
            for user in running {
                if all || self.rng.percent(40) {
                    self.end_hook(&user)?;
                }
            }
            if !all {
                return Ok(());
            }
        }
    }

    /// Nobody is in, and nobody lingers: every stay was told from its begin to its end.
    pub(crate) fn check_everybody_went(&self) -> Result<(), Fault> {
        ensure!(self.users.is_empty() && self.users.gone() == 0, "users are left: {:?}", self.users);
        let untold: Vec<_> = self.due.iter().filter(|(_, due)| due.told != due.news.len()).collect();
        ensure!(untold.is_empty(), "the app was not told all of {untold:?}");
        Ok(())
    }

    pub(crate) fn seen(&mut self) -> Vec<Seen> {
        std::mem::take(&mut self.seen)
    }

    fn end_hook(&mut self, user: &str) -> Result<(), Fault> {
        let id = UserId::new(user).expect("the room said it");
        self.due.entry(user.to_owned()).or_default().is_told = false;
        let mut effects = Vec::new();
        self.users.told(&self.topic, &id, &mut effects);
        self.follow(effects)
    }

    fn follow(&mut self, effects: Vec<Effect<()>>) -> Result<(), Fault> {
        for effect in effects {
            let Effect::Tell { user, news, .. } = effect else { continue };
            let due = self.due.entry(user.as_str().to_owned()).or_default();
            ensure!(!due.is_told, "{user} is told of twice at once");
            (due.is_told, due.told) = (true, due.told + 1);
            let which = if (due.told % 2 == 1) == due.restored { News::Gone } else { News::Came };
            ensure!(news == which, "{user} is told {news:?}, and {due:?}");
        }
        Ok(())
    }

    fn check(&mut self, now: Millis) -> Result<(), Fault> {
        for (user, due) in &self.due {
            ensure!(due.told <= due.news.len(), "at {now} {user} is told more than there is: {due:?}");
            ensure!(due.is_told || due.told == due.news.len(), "at {now} {user} is not told: {due:?}");
            if due.news.len() > due.told {
                self.seen.push(Seen::UserNewsWaited);
            }
        }
        let lingering: BTreeSet<_> = self.users.lingering_in(&self.topic).map(UserId::as_str).collect();
        let due = self.due.iter().filter(|(_, due)| due.left_at.is_some()).map(|(user, _)| user.as_str());
        ensure!(lingering == due.collect(), "{lingering:?} linger, and {:?}", self.due);
        Ok(())
    }
}

impl Due {
    fn goes(&mut self) {
        self.left_at = None;
        self.news.push(News::Gone);
    }
}
