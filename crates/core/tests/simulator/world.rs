//! The runtime of a simulated room: it carries the engine's effects to the peers, in virtual time, and after every
//! step compares what everybody holds with what really happened.

use std::collections::BTreeMap;
use std::sync::Arc;

use roomful_core::room::{Audience, Effect, Input, Kept, Newcomer, Refused, RoomConfig, RoomEngine};
use roomful_core::roster::Place;
use roomful_core::session::{LogLimits, LongestFirst, Said, Sessions};
use roomful_core::{Close, Json, Limits, MemberId, Millis, NodeId, UserId};

use crate::act::Made;
use crate::door::{Before, DoorWatch, News};
use crate::fault::Fault;
use crate::lane::{Cause, LaneWatch};
use crate::ledger::Ledger;
use crate::member::{Member, Who};
use crate::rng::Rng;
use crate::seeds::Tally;
use crate::seen::Seen;
use crate::socket::{Due, Pace, Socket, Standing};
use crate::users::UsersWatch;

/// More sequence numbers than a room gives between two restores.
const SEQ_OF_A_LIFE: u64 = 1_000_000;

pub(crate) struct World {
    pub(crate) rng: Rng,
    pub(crate) limits: Arc<Limits>,
    /// How long the place of a v1 member that lost its socket is held.
    pub(crate) grace_ms: Millis,
    /// The chance that the app's code for a member takes its time.
    pub(crate) lag_percent: u64,
    pub(crate) now: Millis,
    pub(crate) ledger: Ledger,
    pub(crate) lane: LaneWatch,
    pub(crate) door: DoorWatch,
    pub(crate) members: BTreeMap<Who, Member>,
    pub(crate) users: UsersWatch,
    pub(crate) made: Made,
    pub(crate) tally: Tally<Seen>,
    pub(crate) room: RoomEngine,
    pub(crate) kept: BTreeMap<Who, Kept>,
    pub(crate) draining: bool,
    log_limits: LogLimits,
    pub(crate) sessions: Sessions,
    pub(crate) held: LongestFirst<Who>,
    last_seq: u64,
}

impl World {
    pub(crate) fn new(mut rng: Rng, limits: Limits, may_be_put_away: bool) -> Self {
        let limits = Arc::new(limits);
        let grace_ms = *rng.pick(&[0, 40, 500, 500]).unwrap_or(&40);
        let log_limits = LogLimits {
            frames: *rng.pick(&[0, 2, 6, 1_000]).unwrap_or(&6),
            bytes: *rng.pick(&[100, 400, 100_000]).unwrap_or(&400),
            age_ms: grace_ms + *rng.pick(&[0, 10, 10_000]).unwrap_or(&10),
        };
        Self {
            users: UsersWatch::new(rng.below(u64::MAX)),
            room: RoomEngine::restore(config(0, &limits, may_be_put_away), []),
            door: DoorWatch::new(may_be_put_away),
            grace_ms,
            lag_percent: *rng.pick(&[0, 20, 60]).unwrap_or(&20),
            rng,
            limits,
            now: 0,
            ledger: Ledger::default(),
            lane: LaneWatch::new(may_be_put_away),
            members: BTreeMap::new(),
            made: Made::default(),
            tally: Tally::default(),
            kept: BTreeMap::new(),
            draining: false,
            log_limits,
            sessions: Sessions::new(log_limits),
            held: LongestFirst::default(),
            last_seq: 0,
        }
    }

    /// Gives the engine one input, and carries out what it says.
    pub(crate) fn feed(&mut self, input: Input) -> Result<Result<(), Refused>, Fault> {
        let grounds = self.grounds_to_refuse(&input);
        let (mut effects, woke_at) = (Vec::new(), self.room.next_wake());
        let result = self.room.handle(input.clone(), self.now, &mut effects);
        if let Err(refused) = result {
            ensure!(grounds.contains(&refused), "{input:?} was refused: {refused}");
            ensure!(effects.is_empty(), "{input:?} was refused and led to {effects:?}");
            self.tally.count(refused.into());
            return Ok(Err(refused));
        }
        ensure!(grounds.is_empty(), "{input:?} was taken in spite of {grounds:?}");
        self.watch(&input, &effects)?;
        self.watch_wakes(&input, woke_at)?;
        effects.into_iter().try_for_each(|effect| self.carry(effect))?;
        self.users.compare(&self.ledger, self.now)?;
        self.tally.extend(self.users.seen());
        Ok(Ok(()))
    }

    /// Gives the engine an input that it cannot refuse.
    pub(crate) fn take(&mut self, input: Input) -> Result<(), Fault> {
        let what = format!("{input:?}");
        self.feed(input)?.map_err(|refused| Fault(format!("{what} was refused: {refused}")))
    }

    /// Finds out what the effects should be, and tells every client what it must now see.
    fn watch(&mut self, input: &Input, effects: &[Effect]) -> Result<(), Fault> {
        let (members, listeners, limits) = (self.ledger.present().len(), self.ledger.listeners(), &self.limits);
        let before = Before { now: self.now, members, listeners };
        let (news, seen) = self.door.watch(input, effects, before, &self.ledger, limits)?;
        self.tally.extend(seen);
        // Whoever was on its way back is away as before.
        let is_no_news = matches!(input, Input::Away { .. }) && news.away.is_none();
        self.note(input, news);
        let cause = if is_no_news { Cause::Other } else { Cause::from(input) };
        let limits = &self.limits;
        let seen = self.lane.watch(&cause, effects, (self.now, listeners), &self.ledger, limits)?;
        self.tally.extend(seen);
        if self.ledger.listeners() == 0 && !self.ledger.present().is_empty() {
            self.tally.count(Seen::NobodyListens);
        }
        Ok(())
    }

    /// The room asks for a wake exactly when something waits, and for when it is due.
    fn watch_wakes(&mut self, input: &Input, woke_at: Option<Millis>) -> Result<(), Fault> {
        let needed = [self.lane.wakes_at(), self.door.wakes_at()].into_iter().flatten().min();
        let asked = self.room.next_wake();
        ensure!(asked == needed, "asks to be woken at {asked:?}, and something is due at {needed:?}");
        if let (Input::Wake, Some(_)) = (input, asked) {
            self.tally.count(Seen::WakeAgain);
        }
        if let (Some(before), Some(now)) = (woke_at, asked) {
            self.tally.extend((now < before).then_some(Seen::SoonerWake));
        }
        Ok(())
    }

    /// Lets everybody who overflowed lose its socket, and whoever overflows of that; then the app's code goes on.
    pub(crate) fn settle(&mut self) -> Result<(), Fault> {
        loop {
            let is_closed = |member: &Member| member.socket.as_ref().is_some_and(|socket| socket.closed);
            let closed = self.members.iter().find(|(_, member)| is_closed(member)).map(|(who, _)| *who);
            if let Some(who) = closed {
                self.lose(who, Close::TOO_SLOW)?;
                continue;
            }
            let is_let_in = |member: &Member| member.let_in && !member.hooks.lags;
            let let_in = self.members.iter().find(|(_, member)| is_let_in(member)).map(|(who, _)| *who);
            match let_in {
                Some(who) => self.go_on(who)?,
                None => return Ok(()),
            }
        }
    }

    /// Puts the room away and builds it again from what it asked to keep, which comes back in any order.
    pub(crate) fn restore(&mut self, tells_all: bool) -> Result<(), Fault> {
        let wake_was_to_come = self.room.next_wake().is_some();
        if self.lane.holds(&self.ledger).next().is_some() {
            self.tally.count(Seen::RestoredHolding);
        }
        let lives = self.put_lives_away()?;
        let mut kept: Vec<_> = self.kept.values().cloned().collect();
        self.rng.shuffle(&mut kept);
        self.last_seq += SEQ_OF_A_LIFE;
        self.room = RoomEngine::restore(config(self.last_seq, &self.limits, self.door.may_be_put_away), kept);
        self.lane.restart(&self.ledger);
        self.door.restart();
        self.forget_sessions();
        self.users.restore(&self.room)?;
        ensure!(self.room.next_wake().is_none(), "a room asks for a wake that has just begun");
        self.check_roster()?;
        if wake_was_to_come || tells_all {
            self.take(Input::TellAll)?;
        }
        lives.into_iter().try_for_each(|(who, life)| self.take_up(who, life))
    }

    /// Gives the engine a wake, whether it is time or not.
    pub(crate) fn wake(&mut self) -> Result<(), Fault> {
        self.take(Input::Wake)
    }

    /// Lets every client read as it likes to, and say again what it has to.
    pub(crate) fn read(&mut self) -> Result<(), Fault> {
        loop {
            self.read_once()?;
            if !self.say_again()? {
                return Ok(());
            }
            self.settle()?;
        }
    }

    fn read_once(&mut self) -> Result<(), Fault> {
        for (who, member) in &mut self.members {
            let Some(socket) = &mut member.socket else { continue };
            let messages = match socket.pace {
                Pace::Prompt => usize::MAX,
                Pace::Slow if self.rng.percent(30) => self.rng.between(1, 4) as usize,
                Pace::Slow | Pace::Stalled => 0,
            };
            socket.read(messages, &self.ledger, &mut member.client).map_err(|fault| fault.at(who))?;
        }
        Ok(())
    }

    /// The engine's roster is the ledger's, and so is that of every client that has read all there is; every life fits it.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        self.check_roster()?;
        self.check_lives()?;
        let quiet = !self.lane.holding;
        let standing = |member| self.standing(member);
        for (who, member) in &self.members {
            if let Some(socket) = &member.socket {
                socket.check_drained(standing, &self.ledger, quiet).map_err(|fault| fault.at(who))?;
                if member.is_v1 && socket.has_read_all() {
                    member.client.check_drained().map_err(|fault| fault.at(who))?;
                }
            }
        }
        Ok(())
    }

    /// Nobody is a member any more, and nothing is left of who was.
    pub(crate) fn check_everybody_left(&self) -> Result<(), Fault> {
        let left: Vec<_> =
            self.members.iter().filter(|(_, member)| !member.life.is_over()).map(|(who, _)| who).collect();
        ensure!(left.is_empty(), "{left:?} are left");
        ensure!(self.room.is_empty() && self.room.roster().is_empty(), "the roster holds ghosts");
        ensure!(self.kept.is_empty(), "{:?} are kept of nobody", self.kept);
        let nothing_is_held = self.sessions.held_bytes() == 0 && self.sessions.due().is_none() && self.held.is_empty();
        ensure!(nothing_is_held && !self.sessions.keeps(), "sessions are left: {:?}, {:?}", self.sessions, self.held);
        self.users.check_everybody_went()
    }

    pub(crate) fn socket(&self, who: Who) -> Option<&Socket> {
        self.members.get(&who)?.socket.as_ref()
    }

    pub(crate) fn socket_mut(&mut self, who: Who) -> Option<&mut Socket> {
        self.members.get_mut(&who)?.socket.as_mut()
    }

    /// Its socket, where that hears the room.
    pub(crate) fn attached(&self, who: Who) -> Option<&Socket> {
        self.socket(who).filter(|socket| socket.attached)
    }

    fn standing<'a>(&'a self, member: &'a String) -> Standing<'a> {
        Standing {
            member,
            states: self.ledger.states_of(member),
            infos: self.ledger.infos_of(member),
            told: self.lane.told(member),
            is_in: self.ledger.is_present(member),
            is_away: self.ledger.is_away(member),
            is_quietly_away: self.ledger.is_quietly_away(member),
            user: self.ledger.user(member),
        }
    }

    fn check_roster(&self) -> Result<(), Fault> {
        let (roster, ledger) = (self.room.roster(), &self.ledger);
        let due = ledger.present().iter().map(|member| {
            let named = (member.as_str(), ledger.number(member));
            (named, ledger.user(member), ledger.is_away(member), ledger.info(member), ledger.state(member))
        });
        let held = roster.iter().map(|entry| {
            let text = |json: &Json| json.as_str().to_owned();
            let named = (entry.member.as_str(), Some(entry.number));
            let (info, state) = (entry.info().as_ref().map(text), entry.state().as_ref().map(text));
            (named, entry.user.as_ref().map(UserId::as_str), entry.away, info, state)
        });
        ensure!(held.eq(due), "the room holds {roster:?}, but in are {:?}", ledger.roster());
        ensure!(roster.iter().all(|entry| entry.node == NODE), "a member of another node: {roster:?}");
        let is_empty = ledger.present().is_empty() && self.door.waiting() == 0;
        ensure!(self.room.is_empty() == is_empty, "`is_empty` is wrong");
        if self.door.may_be_put_away {
            let kept = roster.iter().map(|entry| self.room.kept(&entry.member));
            let mut by_place: Vec<_> = self.kept.values().collect();
            by_place.sort_by_key(|kept| kept.place);
            ensure!(kept.eq(by_place.iter().map(|kept| Some((*kept).clone()))), "kept are {by_place:?}, in {roster:?}");
        }
        Ok(())
    }

    /// Nobody is in the roster whose life says otherwise, and nobody is missing.
    fn check_lives(&self) -> Result<(), Fault> {
        for (who, member) in &self.members {
            member.check().map_err(|fault| fault.at(who))?;
            let waits = self.door.waits(&member.id);
            ensure!(!waits || !member.life.has_ended(), "{who} waits, and its life is {:?}", member.life);
            if member.life.is_over() {
                continue;
            }
            let is_in = self.ledger.is_present(member.id.as_str());
            ensure!(self.room.is_waiting(&member.id) == waits, "{who} waits: {waits}");
            ensure!(!(is_in && waits), "{who} is in and waits");
            ensure!(member.may_be_in_roster() == is_in, "{who} is in: {is_in}, and its life is {:?}", member.life);
            let is_away = self.ledger.is_away(member.id.as_str());
            ensure!(!member.is_away() || is_away, "{who} is away, and the room does not know");
            ensure!(is_in || !self.sessions.has(&member.id), "{who} has a session, and is not in");
        }
        for entry in self.room.roster().iter() {
            let who = Who::of(&entry.member)?;
            let is_alive = self.members.get(&who).is_some_and(|member| !member.life.is_over());
            ensure!(is_alive, "{who} is a ghost");
        }
        Ok(())
    }

    /// The process that knew the sessions is no more.
    fn forget_sessions(&mut self) {
        self.sessions = Sessions::new(self.log_limits);
        for member in self.members.values_mut() {
            member.said = Said::default();
            member.client.lose_words();
        }
    }

    /// Every reason that there is to refuse an input; none: it must be taken.
    fn grounds_to_refuse(&self, input: &Input) -> Vec<Refused> {
        let Limits { presence_bytes, info_bytes, message_bytes, members, .. } = *self.limits;
        let mut grounds = Vec::new();
        let info = match input {
            Input::Join(newcomer) => newcomer.info.as_ref(),
            Input::SetInfo { info, .. } => info.as_ref(),
            _ => None,
        };
        if let Some(bytes) = info.map(Json::size).filter(|bytes| *bytes > info_bytes) {
            grounds.push(Refused::InfoTooLarge { bytes, limit: info_bytes });
        }
        let (member, state, msg) = match input {
            Input::Join(newcomer) => {
                if self.ledger.is_present(newcomer.member.as_str()) || self.door.waits(&newcomer.member) {
                    grounds.push(Refused::AlreadyIn);
                }
                if self.ledger.present().len() + self.door.waiting() >= members {
                    grounds.push(Refused::RoomFull { limit: members });
                }
                (None, newcomer.state.as_ref(), None)
            }
            Input::Leave { member } if self.door.waits(member) => (None, None, None),
            Input::Leave { member } | Input::Return { member } | Input::SetInfo { member, .. } => {
                (Some(member), None, None)
            }
            Input::Away { member } => {
                let is_away = self.ledger.is_away(member.as_str()) && !self.door.returns(member);
                grounds.extend(is_away.then_some(Refused::NotIn));
                (Some(member), None, None)
            }
            Input::SetPresence { member, state } => (Some(member), state.as_ref(), None),
            Input::Broadcast { from, msg, .. } => {
                if from.as_ref().is_some_and(|from| !self.ledger.is_present(from.as_str())) {
                    grounds.push(Refused::NotIn);
                }
                (None, None, Some(msg))
            }
            Input::LastWords { from, msg } => {
                if self.ledger.is_present(from.as_str()) || self.door.waits(from) {
                    grounds.push(Refused::AlreadyIn);
                }
                (None, None, Some(msg))
            }
            Input::Send { to, msg } => (Some(to), None, Some(msg)),
            _ => (None, None, None),
        };
        if member.is_some_and(|member| !self.ledger.is_present(member.as_str())) {
            grounds.push(Refused::NotIn);
        }
        if let Some(bytes) = state.map(|state| state.size()).filter(|bytes| *bytes > presence_bytes) {
            grounds.push(Refused::PresenceTooLarge { bytes, limit: presence_bytes });
        }
        if let Some(bytes) = msg.map(|msg| msg.size()).filter(|bytes| *bytes > message_bytes) {
            grounds.push(Refused::MessageTooLarge { bytes, limit: message_bytes });
        }
        grounds
    }

    /// Writes into the ledger what was taken, and tells every client what it must now see.
    fn note(&mut self, input: &Input, news: News) {
        self.ledger.turn();
        if let Input::Leave { member } = input {
            self.ledger.leave(member.as_str());
        }
        for member in &news.still_away {
            self.expect(None, &Due::Away(member.to_string()));
        }
        for left in &news.left {
            self.ledger.told_of_leave(left.as_str());
            self.expect(None, &Due::Leave(left.to_string()));
        }
        for newcomer in &news.joined {
            self.expect(None, &Due::Join(newcomer.member.to_string()));
        }
        for newcomer in &news.joined {
            let Newcomer { member, user, info, state, .. } = newcomer;
            self.ledger.join(member, user.as_ref().map(UserId::as_str), info.as_ref(), state.as_ref());
            self.lane.joined(newcomer.member.as_str());
        }
        if let Some(member) = &news.away {
            if news.is_away_told {
                self.expect(None, &Due::Away(member.to_string()));
            } else {
                self.ledger.is_quiet_of(member.as_str());
            }
            self.ledger.set_away(member.as_str(), true);
        }
        for (member, _) in &news.back {
            self.ledger.set_away(member.as_str(), false);
        }
        let greeted =
            news.joined.iter().map(|newcomer| &newcomer.member).chain(news.back.iter().map(|(member, _)| member));
        for member in greeted {
            let greeted = self.members.values_mut().find(|known| known.id == *member);
            if let Some(socket) = greeted.and_then(|member| member.socket.as_mut()) {
                socket.expect_snapshot(&self.ledger);
            }
        }
        if self.ledger.listeners() == 0 {
            self.ledger.nobody_listens();
        }
        self.note_words(input);
    }

    fn note_words(&mut self, input: &Input) {
        match input {
            Input::SetPresence { member, state } => self.ledger.set(member, state.as_ref()),
            Input::SetInfo { member, info } => self.ledger.inform(member, info.as_ref()),
            Input::Broadcast { from, to, msg } => {
                let number = self.ledger.say(from.as_ref().map_or("", MemberId::as_str), msg);
                let except = match to {
                    Audience::Everybody => None,
                    Audience::AllBut(member) => Some(member),
                };
                self.expect(except, &Due::Message(number));
            }
            Input::LastWords { from, msg } => {
                let number = self.ledger.say(from.as_str(), msg);
                self.expect(None, &Due::Message(number));
            }
            Input::Send { to, msg } => {
                let number = self.ledger.say(to.as_str(), msg);
                let receiver = self.members.values_mut().find(|member| member.id == *to);
                let socket = receiver.and_then(|member| member.socket.as_mut()).filter(|socket| socket.attached);
                if let Some(socket) = socket {
                    socket.expect(Due::Message(number));
                }
            }
            _ => {}
        }
    }

    /// Of those who hear the room, all but one.
    fn expect(&mut self, except: Option<&MemberId>, due: &Due) {
        let others = self.members.values_mut().filter(|member| Some(&member.id) != except);
        let sockets = others.filter_map(|member| member.socket.as_mut());
        sockets.filter(|socket| socket.hears(due)).for_each(|socket| socket.expect(due.clone()));
    }
}

const NODE: NodeId = NodeId(1);

fn config(last_seq: u64, limits: &Arc<Limits>, may_be_put_away: bool) -> RoomConfig {
    RoomConfig {
        node: NODE,
        cluster: None,
        epoch: "e".into(),
        last_seq,
        may_be_put_away,
        first_place: Place(0),
        limits: Arc::clone(limits),
    }
}
