//! How a life is driven: what comes to it from its socket, the app, its timers, its handler and the room, and what it
//! wants done.

use roomful_core::life::{Act, Event, Life};
use roomful_core::room::{Audience, Input, Newcomer, Refused};
use roomful_core::{Close, Dialect};

use crate::fault::Fault;
use crate::member::{Handled, Hooks, Member, Who};
use crate::plan::Offer;
use crate::seen::Seen;
use crate::socket::{Pace, Socket};
use crate::world::World;

/// More than there ever is to do for one member at once.
const MOST_STEPS: usize = 1_000;

impl World {
    /// Tells a life what happened, and does what it wants done.
    pub(crate) fn tell(&mut self, who: Who, event: Event) -> Result<(), Fault> {
        let mut acts = Vec::new();
        let Some(member) = self.members.get_mut(&who) else { return Ok(()) };
        self.tally.extend(Seen::of_event(&member.life, &event));
        member.life.handle(event, &mut acts);
        acts.into_iter().try_for_each(|act| self.carry_out(who, act).map_err(|fault| fault.at(who)))
    }

    /// The member ends: nothing holds it any more.
    pub(crate) fn end(&mut self, who: Who, close: Close) -> Result<(), Fault> {
        self.detach(who);
        self.tell(who, Event::Ended { close })?;
        self.go_on(who)
    }

    /// The app removes it.
    pub(crate) fn kick(&mut self, who: Who) -> Result<(), Fault> {
        self.detach(who);
        self.tell(who, Event::Ended { close: Close::KICKED })?;
        self.tell(who, Event::Expelled)?;
        let is_in = self.members.get(&who).is_some_and(|member| self.ledger.is_present(member.id.as_str()));
        let hears_of_it_late = self.members.get(&who).is_some_and(|member| member.let_in);
        ensure!(!is_in || hears_of_it_late, "{who} was removed, and is in the roster");
        self.go_on(who)
    }

    /// The socket is lost. A v1 client may come back where the room holds its place.
    pub(crate) fn lose(&mut self, who: Who, close: Close) -> Result<(), Fault> {
        let Some(member) = self.members.get_mut(&who) else { return Ok(()) };
        let is_held = member.is_v1 && self.grace_ms > 0;
        if member.hang_up().is_none() {
            return Ok(());
        }
        let until = self.now + self.grace_ms;
        let event = if is_held { Event::SocketLost { close, until } } else { Event::Ended { close } };
        self.tell(who, event)?;
        self.go_on(who)
    }

    /// A client comes back for its member; where that is still there, the new socket is its socket.
    pub(crate) fn come_back(&mut self, who: Who, pace: Pace, offer: Offer) -> Result<(), Fault> {
        let (limits, now) = (self.limits.clone(), self.now);
        let Some(member) = self.members.get(&who) else { return Ok(()) };
        let takes_over = member.socket.is_some() && matches!(member.life, Life::In { .. });
        if self.has_sessions(who) && (member.is_away() || takes_over) {
            let mut presented = None;
            if self.sessions.has(&member.id) {
                presented = self.present(who, offer)?;
                if presented.is_none() {
                    // It would be another member, and this one knows nothing of that.
                    return Ok(());
                }
            }
            let Some(member) = self.members.get_mut(&who) else { return Ok(()) };
            drop(member.hang_up());
            member.offer = presented;
            self.tally.count(if takes_over { Seen::TakenOver } else { Seen::Returned });
            member.socket = Some(Socket::new(&member.id, Dialect::V1, pace, &limits, now));
            self.tell(who, Event::Returned)?;
            let attached = self.socket(who).is_some_and(|socket| socket.attached);
            let waits = self.members.get(&who).is_some_and(|member| self.door.returns(&member.id));
            ensure!(attached != waits, "{who} is back, and was sent no snapshot");
            return self.go_on(who);
        }
        if member.life.has_ended() {
            self.tally.count(Seen::ReturnedTooLate);
            let before = member.life.clone();
            self.tell(who, Event::Returned)?;
            let after = self.members.get(&who).map(|member| &member.life);
            ensure!(after == Some(&before), "{who} returned after its end: {before:?} became {after:?}");
        }
        Ok(())
    }

    /// Something comes that is late, or comes twice, and changes nothing.
    pub(crate) fn come_late(&mut self, who: Who, nth: u64) -> Result<(), Fault> {
        let Some(member) = self.members.get(&who) else { return Ok(()) };
        if member.is_away() {
            let member = member.id.clone();
            ensure!(self.feed(Input::Away { member })? == Err(Refused::NotIn), "{who} is away twice");
            self.tally.count(Seen::AwayTwice);
        }
        self.speak_late(who)?;
        let Some(member) = self.members.get(&who) else { return Ok(()) };
        let (before, late) = (member.life.clone(), late_events(&member.life, self.now));
        let event = late[nth as usize % late.len()].clone();
        let members = self.ledger.present().len();
        self.tell(who, event.clone())?;
        let after = self.members.get(&who).map(|member| &member.life);
        ensure!(after == Some(&before), "{event:?} was late, and made of {before:?}: {after:?}");
        ensure!(self.ledger.present().len() == members, "{event:?} was late, and changed the roster");
        Ok(())
    }

    /// A clone of its `Conn`, which a task of the app's has kept, says something when the member has left.
    fn speak_late(&mut self, who: Who) -> Result<(), Fault> {
        let member = who.id()?;
        if self.ledger.is_present(member.as_str()) || self.door.waits(&member) {
            return Ok(());
        }
        let (from, msg) = (Some(member.clone()), self.payload(0)?);
        let inputs = [
            Input::Broadcast { from, to: Audience::Everybody, msg: msg.clone() },
            Input::Send { to: member.clone(), msg },
            Input::SetPresence { member, state: None },
        ];
        for input in inputs {
            ensure!(self.feed(input)? == Err(Refused::NotIn), "{who} is not in, and was heard");
        }
        self.tally.count(Seen::SpokeTooLate);
        Ok(())
    }

    /// Lets the app's code for a member that does not lag do all that it has to do.
    pub(crate) fn go_on(&mut self, who: Who) -> Result<(), Fault> {
        for _ in 0..MOST_STEPS {
            if self.members.get(&who).is_none_or(|member| member.hooks.lags) || !self.step(who)? {
                return Ok(());
            }
        }
        Fault::new(format!("{who} goes on and on"))
    }

    /// One step of the app's code for a member. `false`: it has nothing to do.
    pub(crate) fn step(&mut self, who: Who) -> Result<bool, Fault> {
        let Some(member) = self.members.get_mut(&who) else { return Ok(false) };
        if member.let_in {
            member.let_in = false;
            member.hooks.entered = true;
            self.tell(who, Event::Entered)?;
            self.members
                .entry(who)
                .and_modify(|member| member.hooks.joins = matches!(member.life, Life::In { .. } | Life::Away { .. }));
            return Ok(true);
        }
        if member.hooks.joins {
            member.hooks.joins = false;
            self.tell(who, Event::Opened)?;
            return Ok(true);
        }
        match &member.life {
            Life::Opening => self.ask_in(who).map(|()| true),
            Life::Waiting { .. } | Life::Over => Ok(false),
            Life::In { .. } | Life::Away { .. } | Life::Leaving { hooks_began: false, .. } => {
                if let Some(said) = member.hooks.at_work.take() {
                    self.handle(who, said)?;
                    return Ok(true);
                }
                if let Some(said) = member.queue.pop_front() {
                    let has_left = matches!(member.life, Life::Leaving { in_roster: false, .. });
                    ensure!(!has_left, "{who} has left, and what it said before is still handled: {said:?}");
                    // The hook takes its time: what it does comes with the next step.
                    member.hooks.at_work = Some(said);
                    return Ok(true);
                }
                if member.life.has_ended() {
                    self.tell(who, Event::Drained)?;
                    return Ok(true);
                }
                Ok(false)
            }
            Life::Leaving { hooks_began: true, .. } => {
                member.hooks.end_over += 1;
                self.tell(who, Event::HooksEnded)?;
                Ok(true)
            }
        }
    }

    /// Its guards, data and seed are found.
    fn ask_in(&mut self, who: Who) -> Result<(), Fault> {
        self.tell(who, Event::AskIn)?;
        let Some(member) = self.members.get(&who) else { return Ok(()) };
        let (id, user) = (member.id.clone(), member.user.clone());
        let (info, state) = (member.info.clone(), member.seed.clone());
        let newcomer = Newcomer { user, info, state, ..Newcomer::new(id) };
        let mut joined = self.feed(Input::Join(newcomer.clone()))?;
        if matches!(joined, Err(Refused::RoomFull { .. }))
            && let Some(longest) = self.held.first().copied()
        {
            self.let_go_of_held(longest)?;
            joined = self.feed(Input::Join(newcomer))?;
            ensure!(joined.is_ok(), "{longest} was let go for {who}, who is refused all the same");
        }
        if joined.is_err() {
            self.detach(who);
            return self.tell(who, Event::Refused);
        }
        let waits = self.members.get(&who).is_some_and(|member| self.door.waits(&member.id));
        self.members.entry(who).and_modify(|member| member.let_in = !waits);
        Ok(())
    }

    /// Who has been away the longest makes place for another.
    fn let_go_of_held(&mut self, who: Who) -> Result<(), Fault> {
        self.tally.count(Seen::LetGoForAnother);
        ensure!(self.members.get(&who).is_some_and(Member::is_away), "{who} is held, and is not away");
        self.tell(who, Event::LetGo)?;
        self.go_on(who)
    }

    /// What a client said comes to its handler.
    fn handle(&mut self, who: Who, said: Handled) -> Result<(), Fault> {
        let Some(member) = self.members.get(&who) else { return Ok(()) };
        self.tally.extend(member.is_away().then_some(Seen::HandledWhileAway));
        if matches!(member.life, Life::Leaving { in_roster: false, .. }) {
            self.tally.count(Seen::HookOutlivedLeave);
        }
        match said {
            Handled::Message(msg, answer, id) => self.answer(who, msg, answer, id),
            Handled::State(state, id) => self.set(who, state, id),
        }
    }

    fn carry_out(&mut self, who: Who, act: Act) -> Result<(), Fault> {
        let now = self.now;
        let leave_limit = now + self.limits.leave_timeout_ms;
        let Some(member) = self.members.get_mut(&who) else { return Ok(()) };
        let id = member.id.clone();
        match act {
            Act::Withdraw if self.room.is_waiting(&id) => {
                self.take(Input::Leave { member: id })?;
                self.tell(who, Event::Withdrawn)
            }
            // The room has just let it in, and its life is about to hear of it.
            Act::Withdraw => Ok(()),
            Act::LimitLeave => {
                member.grace = None;
                self.held.remove(&who);
                member.leave_limit = Some(leave_limit);
                Ok(())
            }
            Act::TellAway => {
                let Life::Away { until, .. } = member.life else { return Fault::new("is to be told away, and is not") };
                member.grace = Some(until);
                self.held.push(who);
                self.take(Input::Away { member: id })
            }
            Act::TellBack => {
                member.grace = None;
                self.held.remove(&who);
                self.take(Input::Return { member: id })
            }
            Act::LeaveRoster => {
                member.hooks.left += 1;
                self.kept.remove(&who);
                self.held.remove(&who);
                let good = std::mem::take(&mut member.good);
                let forgotten: Vec<_> = self.sessions.end(&id).collect();
                let had_one = !forgotten.is_empty();
                ensure!(
                    !had_one || forgotten.iter().all(|token| good.contains(token)),
                    "{forgotten:?} is not {good:?}"
                );
                self.take(Input::Leave { member: id })
            }
            Act::DropQueue => {
                self.tally.extend((!member.queue.is_empty()).then_some(Seen::QueueDropped));
                member.queue.clear();
                Ok(())
            }
            Act::RunEndHooks => {
                member.hooks.end_began += 1;
                ensure!(
                    !self.ledger.is_present(id.as_str()),
                    "the hooks of its end run, and it is still in the roster"
                );
                self.say_last_words(who)
            }
            Act::Forget => {
                member.queue.clear();
                (member.grace, member.leave_limit) = (None, None);
                Ok(())
            }
        }
    }

    fn say_last_words(&mut self, who: Who) -> Result<(), Fault> {
        let says = |member: &Member| member.hooks.has_last_words.then(|| member.id.clone());
        let Some(from) = self.members.get(&who).and_then(says) else { return Ok(()) };
        let msg = self.payload(0)?;
        self.take(Input::LastWords { from, msg })
    }

    pub(crate) fn detach(&mut self, who: Who) {
        self.members.entry(who).and_modify(|member| drop(member.hang_up()));
    }

    /// The process that drove the lives is no more, and another goes on with those whom it knows of.
    pub(crate) fn put_lives_away(&mut self) -> Result<Vec<(Who, Life)>, Fault> {
        let mut before = Vec::new();
        for (who, member) in &mut self.members {
            if member.life.is_over() {
                continue;
            }
            let mut acts = Vec::new();
            before.push((*who, member.life.clone()));
            member.life.handle(Event::PutAway, &mut acts);
            ensure!((&member.life, &*acts) == (&Life::Over, &[Act::Forget]), "{who} was put away: {acts:?}");
            self.held.remove(who);
            member.queue.clear();
            member.hooks.at_work = None;
            (member.grace, member.leave_limit) = (None, None);
            member.hooks.cut = true;
            if !self.kept.contains_key(who) {
                drop(member.hang_up());
            }
        }
        Ok(before)
    }

    /// Goes on with a life that another process has begun.
    pub(crate) fn take_up(&mut self, who: Who, before: Life) -> Result<(), Fault> {
        let Some(member) = self.members.get_mut(&who).filter(|_| self.kept.contains_key(&who)) else { return Ok(()) };
        let Hooks { lags, has_last_words, .. } = member.hooks;
        member.hooks = Hooks { lags, has_last_words, entered: true, ..Hooks::default() };
        member.let_in = false;
        let ended = match before {
            Life::In { opened: true } => {
                member.life = Life::restored(true);
                None
            }
            Life::Away { opened: true, until, .. } => {
                self.tally.count(Seen::RestoredAway);
                member.grace = Some(until);
                self.held.push(who);
                member.life = before;
                None
            }
            // Its `on_join` was cut off, or it was at its end.
            _ => Some(before.end().cloned().unwrap_or(Close::JOIN_FAILED)),
        };
        if let Some(close) = ended {
            self.tally.count(Seen::RestoredMidway);
            member.life = Life::restored(false);
            return self.end(who, close);
        }
        Ok(())
    }
}

/// What fits no more where a life stands.
fn late_events(life: &Life, now: u64) -> Vec<Event> {
    let ended = Event::Ended { close: Close::DONE };
    let lost = Event::SocketLost { close: Close::LOST, until: now };
    let entry = [Event::AskIn, Event::Entered, Event::Withdrawn, Event::Refused];
    let member = [Event::AskIn, Event::Entered, Event::Withdrawn];
    let leave = [Event::TimeIsUp, Event::Expelled];
    let end = [Event::Drained, Event::HooksEnded];
    let graces = [Event::GraceOver { until: now }, Event::LetGo];
    let mut late = Vec::new();
    match life {
        Life::Opening => {
            late.extend([Event::Entered, Event::Withdrawn, Event::Opened, Event::Returned]);
            late.extend(leave.into_iter().chain(end));
        }
        Life::Waiting { ended: already, expelled } => {
            late.extend([Event::AskIn, Event::Opened, Event::Returned, Event::TimeIsUp]);
            late.extend(end);
            late.extend((already.is_none() || *expelled).then_some(Event::Expelled));
            late.extend(already.is_some().then_some([ended, lost]).into_iter().flatten());
        }
        Life::In { .. } => late.extend(member.into_iter().chain(leave).chain(end).chain(graces)),
        Life::Away { until, .. } => {
            late.extend(member.into_iter().chain(leave).chain(end).chain([lost]));
            late.extend(until.checked_sub(1).map(|until| Event::GraceOver { until }));
        }
        Life::Leaving { in_roster, hooks_began, .. } => {
            late.extend(entry.into_iter().chain([Event::Opened, Event::Returned, ended, lost]).chain(graces));
            late.extend((!in_roster).then_some(leave).into_iter().flatten());
            late.push(if *hooks_began { Event::Drained } else { Event::HooksEnded });
        }
        Life::Over => {
            late.extend(entry.into_iter().chain(leave).chain(end).chain(graces));
            late.extend([Event::Opened, Event::Returned, ended, lost, Event::PutAway]);
        }
    }
    late
}
