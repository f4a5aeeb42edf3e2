//! How each action is carried out on the real engine, outbox and intake.

use roomful_core::frame::{Body, ClientFrame, decode};
use roomful_core::life::{Event, Life};
use roomful_core::room::{Audience, Input, Newcomer, Refused};
use roomful_core::session::MOST_UNACKED;
use roomful_core::{Close, Json, Millis, UserId};

use crate::fault::Fault;
use crate::member::{Handled, Member, Who};
use crate::plan::{Action, Answer, ClientSays, Comer, Timers};
use crate::seen::Seen;
use crate::socket::{Pace, Socket};
use crate::world::World;

/// More than are acknowledged at once.
const MANY_WORDS: u32 = MOST_UNACKED + 8;

/// Numbers everything that is made, so that no two members, states or messages of a run are alike.
#[derive(Default)]
pub(crate) struct Made {
    members: u64,
    pub(crate) payloads: u64,
    pub(crate) tokens: u128,
}

impl World {
    /// One thing happens, and everything that must hold after it does.
    pub(crate) fn step_and_check(&mut self, action: &Action) -> Result<(), Fault> {
        self.tally.events += 1;
        self.act(action)?;
        self.settle()?;
        self.users.let_hooks_end(false)?;
        self.read()?;
        self.check()
    }

    fn act(&mut self, action: &Action) -> Result<(), Fault> {
        match *action {
            Action::Join(comer) => self.join(comer),
            Action::Stampede(ref comers) => comers.iter().try_for_each(|comer| self.join(*comer)),
            Action::JoinAgain { who } => self.join_again(who),
            Action::Say { who, frame, id } => self.say(who, frame, id),
            Action::Babble { who } => (0..MANY_WORDS).try_for_each(|_| {
                let frame = ClientSays::Message(Answer::Nothing);
                self.say(who, frame, Some(1))
            }),
            Action::Set { who, state } => {
                let (member, state) = (who.id()?, self.state(state));
                self.feed(Input::SetPresence { member, state }).map(drop)
            }
            Action::Inform { who, info } => {
                let (member, info) = (who.id()?, self.info(info));
                self.feed(Input::SetInfo { member, info }).map(drop)
            }
            Action::Drop { who } => self.lose(who, Close::LOST),
            Action::Close { who } => self.end(who, Close::DONE),
            Action::Kick { who } => self.kick(who),
            Action::Return { who, pace, offer } => self.come_back(who, pace, offer),
            Action::Cut { who, frame } => self.cut(who, frame),
            Action::Step { who } => self.step(who).map(drop),
            Action::Lag { who } => {
                self.members.entry(who).and_modify(|member| member.hooks.lags = !member.hooks.lags);
                self.go_on(who)
            }
            Action::Late { who, nth } => self.come_late(who, nth),
            Action::Announce { except, too_large } => self.announce(except, too_large),
            Action::LeaveSaying { who } => self.leave_saying(who),
            Action::Stranger => self.stranger(),
            Action::Pass { ms, timers } => self.pass(ms, timers),
            Action::WakeInVain => self.wake(),
            Action::Pace { who, pace } => {
                self.socket_mut(who).into_iter().for_each(|socket| socket.pace = pace);
                Ok(())
            }
            Action::Restore { tells_all } if self.door.may_be_put_away && !self.draining => self.restore(tells_all),
            Action::Restore { .. } => Ok(()),
            Action::Drain => {
                self.draining = true;
                self.users.drain(self.now)?;
                self.take(Input::Drain)
            }
        }
    }

    /// Time passes until nothing is on its way any more; everybody reads everything, and no hook lags.
    pub(crate) fn quiet_down(&mut self) -> Result<(), Fault> {
        self.members.values_mut().for_each(|member| {
            member.hooks.lags = false;
            member.socket.iter_mut().for_each(|socket| socket.pace = Pace::Prompt);
        });
        for who in self.members.keys().copied().collect::<Vec<_>>() {
            self.go_on(who)?;
        }
        self.settle()?;
        self.read()?;
        while let Some(at) = self.next_due(Millis::MAX) {
            self.pass(at.saturating_sub(self.now), Timers::Punctual)?;
            self.settle()?;
            self.read()?;
            self.check()?;
        }
        self.users.let_hooks_end(true)?;
        let sockets = || self.members.values().filter_map(|member| member.socket.as_ref());
        for (who, member) in &self.members {
            if self.has_sessions(*who) && matches!(member.life, Life::In { .. }) {
                member.client.check_settled().map_err(|fault| fault.at(who))?;
            }
        }
        ensure!(sockets().all(|socket| socket.held.is_none()), "the intake forgot a state that it held");
        ensure!(self.door.wakes_at().is_none(), "somebody waits for ever");
        let is_settled = |member: &Member| matches!(member.life, Life::In { opened: true } | Life::Over);
        let unsettled = self.members.iter().find(|(_, member)| !is_settled(member));
        ensure!(
            unsettled.is_none(),
            "a life that goes nowhere: {:?}",
            unsettled.map(|(who, member)| (who, &member.life))
        );
        self.check()
    }

    fn join(&mut self, Comer { dialect, info, seed, pace, user }: Comer) -> Result<(), Fault> {
        if self.draining {
            return Ok(());
        }
        self.made.members += 1;
        let who = Who(self.made.members);
        let (id, lags) = (who.id()?, self.rng.percent(self.lag_percent));
        let (info, seed) = (self.info(info), self.state(seed));
        let user = user.and_then(|user| UserId::new(format!("u\"{user}")).ok());
        let socket = Socket::new(&id, dialect, pace, &self.limits, self.now);
        self.members.insert(who, Member::new(id, user, (info, seed), socket, lags));
        self.go_on(who)
    }

    fn join_again(&mut self, who: Who) -> Result<(), Fault> {
        let member = who.id()?;
        if self.ledger.is_present(member.as_str()) || self.door.waits(&member) {
            let refused = self.feed(Input::Join(Newcomer::new(member)))?;
            ensure!(refused.is_err(), "{who} joined twice");
        }
        Ok(())
    }

    fn announce(&mut self, except: Option<Who>, too_large: bool) -> Result<(), Fault> {
        let msg = self.payload(if too_large { self.limits.message_bytes } else { 0 })?;
        let to = except.map(Who::id).transpose()?.map_or(Audience::Everybody, Audience::AllBut);
        self.feed(Input::Broadcast { from: None, to, msg }).map(drop)
    }

    fn leave_saying(&mut self, who: Who) -> Result<(), Fault> {
        self.members.entry(who).and_modify(|member| member.hooks.has_last_words = true);
        self.end(who, Close::DONE)
    }

    fn stranger(&mut self) -> Result<(), Fault> {
        let member = Who(u64::MAX).id()?;
        let msg = self.payload(0)?;
        for input in [
            Input::Leave { member: member.clone() },
            Input::Away { member: member.clone() },
            Input::Return { member: member.clone() },
            Input::SetPresence { member: member.clone(), state: None },
            Input::SetInfo { member: member.clone(), info: Some(msg.clone()) },
            Input::Broadcast { from: Some(member.clone()), to: Audience::Everybody, msg: msg.clone() },
            Input::Send { to: member, msg },
        ] {
            ensure!(self.feed(input)? == Err(Refused::NotIn), "a stranger was taken for a member");
        }
        Ok(())
    }

    fn pass(&mut self, ms: Millis, timers: Timers) -> Result<(), Fault> {
        let until = self.now + ms;
        loop {
            self.now = match timers {
                Timers::Punctual => self.next_due(until).unwrap_or(until).max(self.now),
                Timers::Late | Timers::Overtaken => until,
            };
            if timers == Timers::Overtaken || self.next_due(self.now).is_none() {
                return Ok(());
            }
            if self.room.next_wake().is_some_and(|at| at <= self.now) {
                self.wake()?;
            }
            if self.sessions.due().is_some_and(|at| at <= self.now) {
                self.sessions.let_go(self.now);
            }
            if self.users.due().is_some_and(|at| at <= self.now) {
                self.users.wake(self.now)?;
            }
            for who in self.members.keys().copied().collect::<Vec<_>>() {
                self.timers(who)?;
            }
            self.settle()?;
        }
    }

    /// Does what is due of one member's.
    fn timers(&mut self, who: Who) -> Result<(), Fault> {
        let now = self.now;
        let is_due = |at: Option<Millis>| at.is_some_and(|at| at <= now);
        let Some(member) = self.members.get_mut(&who) else { return Ok(()) };
        if is_due(member.grace) {
            let Life::Away { until, .. } = member.life else { return Fault::new("a grace is over of who is not away") };
            member.grace = None;
            self.tally.count(Seen::GraceOver);
            self.tell(who, Event::GraceOver { until })?;
            return self.go_on(who);
        }
        if is_due(member.leave_limit) {
            member.leave_limit = None;
            self.tell(who, Event::TimeIsUp)?;
            let is_in = self.members.get(&who).is_some_and(|member| self.ledger.is_present(member.id.as_str()));
            ensure!(!is_in, "its time is up, and it is still in the roster");
            return Ok(());
        }
        if is_due(member.ack_due()) {
            self.tally.count(Seen::AckInTime);
            return self.ack(who);
        }
        if is_due(self.socket(who).and_then(|socket| socket.intake.release_at())) {
            return self.release(who);
        }
        Ok(())
    }

    fn next_due(&self, until: Millis) -> Option<Millis> {
        let timers = self.members.values().flat_map(|member| {
            let release = member.socket.as_ref().and_then(|socket| socket.intake.release_at());
            member.timers().into_iter().chain([release, member.ack_due()]).flatten()
        });
        let timers = timers.chain(self.room.next_wake()).chain(self.sessions.due()).chain(self.users.due());
        timers.filter(|at| *at <= until).min()
    }

    fn release(&mut self, who: Who) -> Result<(), Fault> {
        let now = self.now;
        let Some(socket) = self.socket_mut(who) else { return Ok(()) };
        let (released, held) = (socket.intake.release(now), socket.held.take());
        ensure!(
            released.is_some() && released.as_deref() == held.as_deref(),
            "{released:?} was released where {held:?} was held"
        );
        match released.as_ref().map(|frame| decode(frame, socket.dialect)) {
            Some(Ok(ClientFrame { body: Body::Presence(state), id: None })) => {
                self.tally.count(Seen::Released);
                self.queue(who, Handled::State(state.map(Json::from), None))
            }
            other => Fault::new(format!("{other:?} was held, which is no state")),
        }
    }
}
