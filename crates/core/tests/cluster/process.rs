//! One process of a node: the engine, its rooms, and its idea of the time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use roomful_core::cluster::{
    Answer, Change, ClusterConfig, ClusterEngine, ClusterKey, ClusterSettings, Command, Effect, Health, Incarnation,
    Input, NodeName, Present, Rejected, Subject,
};
use roomful_core::key::Params;
use roomful_core::pattern::{Pattern, Topic};
use roomful_core::room::{self, Audience, Newcomer};
use roomful_core::{Json, Limits, MemberId, Millis, NodeId, UserId};

use crate::fault::Fault;
use crate::live::{LiveRoom, Outcome};
use crate::network::Arrival;
use crate::room::RoomModel;

/// How long whoever is away is held.
pub(crate) const GRACE: Millis = 5_000;

pub(crate) const APP: &str = "shop";

/// A clock that was started at another time than the others', and does not run as fast.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    pub(crate) started_at: Millis,
    /// How many milliseconds it is ahead or behind in its idea of the day.
    pub(crate) skew: i64,
    /// Thousandths by which it runs fast or slow.
    pub(crate) drift: i64,
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answered {
    pub(crate) answer: Option<Answer>,
    pub(crate) silent: Vec<Incarnation>,
    pub(crate) unknown: u64,
}

pub(crate) struct Process {
    pub(crate) clock: Clock,
    pub(crate) engine: ClusterEngine,
    /// Who has a socket in which room, and what the cluster has said of it.
    pub(crate) rooms: BTreeMap<Subject, RoomModel>,
    /// The same rooms, as they are.
    pub(crate) lives: BTreeMap<Subject, LiveRoom>,
    /// When which of them is to be woken.
    due: BTreeMap<Subject, Millis>,
    limits: Arc<Limits>,
    /// Who was told to have left where, since it was last looked at.
    pub(crate) left: Vec<(Subject, String)>,
    /// Of which users the app was told that they came, or that they went, since it was last looked at.
    pub(crate) told: Vec<(Subject, UserId, bool)>,
    /// What it did for others: for whom, and which number it had there.
    pub(crate) deeds: Vec<(NodeId, u64)>,
    /// So many questions it asked.
    asked: u64,
    /// What came of its questions, and who did not answer.
    pub(crate) answered: BTreeMap<u64, Answered>,
    /// Of whom the app was told that it is lost.
    pub(crate) mourned: Vec<(Subject, MemberId)>,
    /// The rooms that are not ready, or where somebody was lost: what is to be looked at as time passes.
    pub(crate) unsettled: BTreeSet<Subject>,
    /// How many words it has said in each room, in its life.
    pub(crate) said: BTreeMap<Subject, u64>,
    /// How many each of its members has.
    spoken: BTreeMap<MemberId, u64>,
    pub(crate) paused_until: Option<Millis>,
    /// Until then what its members show is dropped before it is published.
    pub(crate) behind_until: Millis,
    /// What came while it was paused.
    pub(crate) mail: VecDeque<Arrival>,
    pub(crate) rejected: BTreeMap<Rejected, u64>,
    pub(crate) lost: u64,
    next_member: u64,
}

impl Clock {
    pub(crate) fn monotonic(&self, now: Millis) -> Millis {
        let passed = now - self.started_at;
        1_000_000 + passed.saturating_add_signed(passed as i64 * self.drift / 1_000)
    }

    /// The first moment at which it says at least that.
    pub(crate) fn when(&self, local: Millis) -> Millis {
        let passed = local.saturating_sub(1_000_000);
        let mut now = self.started_at + passed * 1_000 / 1_000u64.saturating_add_signed(self.drift);
        while self.monotonic(now) < local {
            now += 1;
        }
        now
    }

    pub(crate) fn day(&self, now: Millis) -> Millis {
        (1_764_456_000_000 + self.monotonic(now)).saturating_add_signed(self.skew)
    }
}

impl Process {
    pub(crate) fn start(
        name: &str,
        clock: Clock,
        (settings, key, limits): (ClusterSettings, Option<ClusterKey>, &Arc<Limits>),
        (random, now): (u64, Millis),
    ) -> Result<Self, Fault> {
        let name = NodeName::parse(name).map_err(|error| Fault(error.to_string()))?;
        let config = ClusterConfig { app: APP.into(), name, key, settings };
        let engine = ClusterEngine::new(config, clock.day(now), random, clock.monotonic(now));
        Ok(Self {
            clock,
            engine,
            rooms: BTreeMap::new(),
            lives: BTreeMap::new(),
            due: BTreeMap::new(),
            limits: Arc::clone(limits),
            left: Vec::new(),
            told: Vec::new(),
            deeds: Vec::new(),
            asked: 0,
            answered: BTreeMap::new(),
            mourned: Vec::new(),
            unsettled: BTreeSet::new(),
            said: BTreeMap::new(),
            spoken: BTreeMap::new(),
            paused_until: None,
            behind_until: 0,
            mail: VecDeque::new(),
            rejected: BTreeMap::new(),
            lost: 0,
            next_member: 0,
        })
    }

    /// What comes of a room's words on their way: where it is behind, what members show is not among them, and that is said.
    pub(crate) fn pass_on(&self, input: Input, now: Millis) -> (Input, Option<Input>) {
        let Input::Publish { subject, mut changes } = input else { return (input, None) };
        let before = changes.len();
        if now < self.behind_until {
            changes.retain(|change| !matches!(change, Change::State { .. } | Change::Info { .. }));
        }
        let skip = (changes.len() < before).then_some(Input::Skip(subject));
        match skip {
            Some(skip) if changes.is_empty() => (skip, None),
            skip => (Input::Publish { subject, changes }, skip),
        }
    }

    pub(crate) fn handle(&mut self, input: Input, now: Millis) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.engine.handle(input, self.clock.monotonic(now), &mut effects);
        effects
    }

    pub(crate) fn next_wake(&self) -> Millis {
        let next = self.due.values().copied().fold(self.engine.next_wake(), Millis::min);
        self.paused_until.unwrap_or(0).max(self.clock.when(next))
    }

    pub(crate) fn is_well(&self) -> bool {
        self.engine.health() == Health::Well
    }

    /// Somebody comes: opens the room where nobody was in.
    pub(crate) fn join(&mut self, room: u64, user: Option<UserId>, now: Millis) -> Result<Vec<Input>, Fault> {
        let topic = topic(room);
        let subject = Subject::of(APP, topic.as_str());
        let mut inputs = Vec::new();
        if !self.lives.contains_key(&subject) {
            let me = self.engine.incarnation().clone();
            self.lives.insert(subject, LiveRoom::new(me, subject, &self.limits));
            let opened_at = self.clock.monotonic(now);
            self.unsettled.insert(subject);
            self.rooms.insert(subject, RoomModel { opened_at, ..RoomModel::default() });
            inputs.push(Input::Open(topic));
        }
        self.next_member += 1;
        let id = format!("{:x}-{}", self.engine.incarnation().random, self.next_member);
        let member = MemberId::parse(&id).map_err(|error| Fault(error.to_string()))?;
        inputs.extend(self.tell_room(&subject, room::Input::Join(Newcomer { user, ..Newcomer::new(member) }), now)?);
        Ok(inputs)
    }

    /// The room is ready, and those who waited come in.
    pub(crate) fn ready(&mut self, subject: &Subject, now: Millis) -> Result<Vec<Input>, Fault> {
        let Some(model) = self.rooms.get_mut(subject) else { return Ok(Vec::new()) };
        model.is_ready = true;
        self.unsettled.insert(*subject);
        self.tell_room(subject, room::Input::Ready, now)
    }

    /// Gives a room an input, with all that it leads to but for what the cluster is told.
    pub(crate) fn tell_room(
        &mut self,
        subject: &Subject,
        input: room::Input,
        now: Millis,
    ) -> Result<Vec<Input>, Fault> {
        let local = self.clock.monotonic(now);
        let (Some(live), Some(model)) = (self.lives.get_mut(subject), self.rooms.get_mut(subject)) else {
            return Ok(Vec::new());
        };
        let Outcome { mut inputs, entered, left, lost, told } = live.tell(input, local)?;
        self.due.remove(subject);
        self.due.extend(live.engine.next_wake().map(|at| (*subject, at)));
        for member in entered {
            let is_it = |present: &&Present| present.member == member;
            let own = live.engine.own();
            let present = own.iter().find(is_it).ok_or_else(|| Fault(format!("{member} came in, and is not in")))?;
            model.own.insert(member, present.clone());
        }
        self.told.extend(told.into_iter().map(|(user, came)| (*subject, user, came)));
        self.left.extend(left.into_iter().map(|member| (*subject, member)));
        let mourned: Vec<_> = lost.iter().map(|present| present.member.clone()).collect();
        self.mourned.extend(mourned.iter().map(|member| (*subject, member.clone())));
        if !mourned.is_empty() {
            inputs.extend(self.tell_room(subject, room::Input::Mourned { members: mourned }, now)?);
        }
        if self.lives.get(subject).is_some_and(|live| live.engine.is_empty()) {
            self.lives.remove(subject);
            self.rooms.remove(subject);
            self.due.remove(subject);
            inputs.push(Input::Close(*subject));
        }
        Ok(inputs)
    }

    /// The rooms for which something is due have it done.
    pub(crate) fn wake_rooms(&mut self, now: Millis) -> Result<Vec<Input>, Fault> {
        let local = self.clock.monotonic(now);
        let due: Vec<_> = self.due.iter().filter(|(_, at)| **at <= local).map(|(subject, _)| *subject).collect();
        let mut inputs = Vec::new();
        for subject in due {
            inputs.extend(self.tell_room(&subject, room::Input::Wake, now)?);
        }
        Ok(inputs)
    }

    /// Every room is told that this is another run.
    pub(crate) fn reborn(&mut self, me: &Incarnation, now: Millis) -> Result<Vec<Input>, Fault> {
        let mut inputs = Vec::new();
        for subject in self.lives.keys().copied().collect::<Vec<_>>() {
            inputs.extend(self.tell_room(&subject, room::Input::Reborn { node: me.clone() }, now)?);
        }
        Ok(inputs)
    }

    /// One of its members there, by chance.
    fn one_of(&mut self, subject: &Subject, chance: u64) -> Option<&mut Present> {
        let own = &mut self.rooms.get_mut(subject)?.own;
        let count = own.len().max(1) as u64;
        own.values_mut().nth((chance % count) as usize)
    }

    /// Its last one leaves an empty room.
    pub(crate) fn leave(&mut self, subject: &Subject, chance: u64, now: Millis) -> Result<Vec<Input>, Fault> {
        let Some(member) = self.one_of(subject, chance).map(|present| present.member.clone()) else {
            return Ok(Vec::new());
        };
        self.rooms.get_mut(subject).into_iter().for_each(|model| drop(model.own.remove(&member)));
        self.lives.get_mut(subject).into_iter().for_each(|live| drop(live.clients.remove(&member)));
        self.tell_room(subject, room::Input::Leave { member }, now)
    }

    /// Somebody shows something else, or the server says something else of it.
    pub(crate) fn change_one(&mut self, subject: &Subject, chance: u64, now: Millis) -> Result<Vec<Input>, Fault> {
        let json = if chance.is_multiple_of(5) { None } else { Json::encode(&chance).ok() };
        let Some(present) = self.one_of(subject, chance) else { return Ok(Vec::new()) };
        let member = present.member.clone();
        let input = if chance.is_multiple_of(4) {
            present.info.clone_from(&json);
            room::Input::SetInfo { member, info: json }
        } else {
            present.state.clone_from(&json);
            room::Input::SetPresence { member, state: json }
        };
        self.tell_room(subject, input, now)
    }

    pub(crate) fn drop_or_return(&mut self, subject: &Subject, chance: u64, now: Millis) -> Result<Vec<Input>, Fault> {
        let Some(present) = self.one_of(subject, chance) else { return Ok(Vec::new()) };
        present.away = !present.away;
        let (member, away) = (present.member.clone(), present.away);
        if away {
            self.lives.get_mut(subject).into_iter().for_each(|live| drop(live.clients.remove(&member)));
            return self.tell_room(subject, room::Input::Away { member }, now);
        }
        self.tell_room(subject, room::Input::Return { member }, now)
    }

    pub(crate) fn say(&mut self, subject: &Subject, chance: u64, now: Millis) -> Result<Vec<Input>, Fault> {
        let Some(from) = self.one_of(subject, chance).map(|present| present.member.clone()) else {
            return Ok(Vec::new());
        };
        let number = self.said.entry(*subject).or_insert(0);
        *number += 1;
        let of_member = self.spoken.entry(from.clone()).or_insert(0);
        *of_member += 1;
        let msg = Json::encode(&[*number, *of_member]).map_err(|error| Fault(error.to_string()))?;
        let to = Audience::AllBut(from.clone());
        self.tell_room(subject, room::Input::Broadcast { from: Some(from), to, msg }, now)
    }

    /// Has others do something in a room.
    pub(crate) fn ask(&mut self, room: u64, chance: u64) -> Result<Vec<Input>, Fault> {
        self.asked += 1;
        let (number, topic) = (self.asked, topic(room).as_str().into());
        let msg = Json::encode(&chance).map_err(|error| Fault(error.to_string()))?;
        let command = if chance.is_multiple_of(2) { Command::Say { topic, msg } } else { Command::Members { topic } };
        Ok(vec![Input::Ask { number, node: None, command }])
    }

    /// Nothing was done twice, and every question was answered.
    pub(crate) fn check_commands(&self) -> Result<(), Fault> {
        let deeds: BTreeSet<_> = self.deeds.iter().collect();
        ensure!(deeds.len() == self.deeds.len(), "something was done twice: {:?}", self.deeds);
        let unanswered: Vec<_> = (1..=self.asked).filter(|number| !self.answered.contains_key(number)).collect();
        ensure!(unanswered.is_empty(), "never answered: {unanswered:?}");
        Ok(())
    }

    /// Does what another node asks for.
    pub(crate) fn do_for(
        &mut self,
        (node, number): (NodeId, u64),
        command: Command,
        now: Millis,
    ) -> Result<Vec<Input>, Fault> {
        // What only reads may be read again.
        if !matches!(command, Command::Members { .. }) {
            self.deeds.push((node, number));
        }
        let subject = command.topic().map(|topic| Subject::of(APP, topic));
        let own = subject.and_then(|subject| self.rooms.get(&subject)).map(|room| &room.own);
        let members = own.map_or(0, |own| own.len() as u64);
        let (mut inputs, mut answer) = (Vec::new(), Answer::Done { members });
        match (command, subject) {
            (Command::Members { .. }, _) => {
                answer = Answer::Members(own.into_iter().flat_map(BTreeMap::values).cloned().collect());
            }
            (Command::Kick { member, .. }, Some(subject)) => {
                let at = own.and_then(|own| own.keys().position(|own| *own == member));
                answer = Answer::Done { members: at.is_some().into() };
                if let Some(at) = at {
                    inputs = self.leave(&subject, at as u64, now)?;
                }
            }
            _ => {}
        }
        inputs.push(Input::Done { node, number, answer });
        Ok(inputs)
    }

    pub(crate) fn roster(&self, subject: &Subject) -> Input {
        let own = self.lives.get(subject).map(|live| live.engine.own());
        Input::Roster { subject: *subject, is_open: own.is_some(), members: own.unwrap_or_default() }
    }
}

pub(crate) fn topic(room: u64) -> Topic {
    let pattern = Pattern::parse(&format!("room{room}")).map(|pattern| pattern.topic(&Params::default()));
    match pattern {
        Ok(Ok(topic)) => topic,
        other => unreachable!("{other:?}"),
    }
}

pub(crate) fn subject(room: u64) -> Subject {
    Subject::of(APP, topic(room).as_str())
}
