//! One process of a node: the engine, its rooms, and its idea of the time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use roomful_core::cluster::{
    Change, ClusterConfig, ClusterEngine, ClusterKey, ClusterSettings, Effect, Health, Input, NodeName, Present,
    Rejected, Subject,
};
use roomful_core::key::Params;
use roomful_core::pattern::{Pattern, Topic};
use roomful_core::room::Audience;
use roomful_core::{Generation, Json, MemberId, Millis};

use crate::fault::Fault;
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

pub(crate) struct Process {
    pub(crate) clock: Clock,
    pub(crate) engine: ClusterEngine,
    pub(crate) rooms: BTreeMap<Subject, RoomModel>,
    /// The rooms that are not ready, or where somebody was lost: what is to be looked at as time passes.
    pub(crate) unsettled: BTreeSet<Subject>,
    /// How many words it has said in each room, in its life.
    pub(crate) said: BTreeMap<Subject, u64>,
    pub(crate) paused_until: Option<Millis>,
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
        (settings, key): (ClusterSettings, Option<ClusterKey>),
        (random, now): (u64, Millis),
    ) -> Result<Self, Fault> {
        let name = NodeName::parse(name).map_err(|error| Fault(error.to_string()))?;
        let config = ClusterConfig { app: APP.into(), name, key, settings };
        let engine = ClusterEngine::new(config, clock.day(now), random, clock.monotonic(now));
        Ok(Self {
            clock,
            engine,
            rooms: BTreeMap::new(),
            unsettled: BTreeSet::new(),
            said: BTreeMap::new(),
            paused_until: None,
            mail: VecDeque::new(),
            rejected: BTreeMap::new(),
            lost: 0,
            next_member: 0,
        })
    }

    pub(crate) fn handle(&mut self, input: Input, now: Millis) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.engine.handle(input, self.clock.monotonic(now), &mut effects);
        effects
    }

    pub(crate) fn next_wake(&self) -> Millis {
        self.paused_until.unwrap_or(0).max(self.clock.when(self.engine.next_wake()))
    }

    pub(crate) fn is_well(&self) -> bool {
        self.engine.health() == Health::Well
    }

    /// Somebody comes: opens the room where nobody was in.
    pub(crate) fn join(&mut self, room: u64, now: Millis) -> Option<Input> {
        let topic = topic(room);
        let subject = Subject::of(APP, topic.as_str());
        self.next_member += 1;
        let id = format!("{:x}-{}", self.engine.incarnation().random, self.next_member);
        let member = MemberId::parse(&id).ok()?;
        if let Some(model) = self.rooms.get_mut(&subject) {
            if model.is_ready {
                return self.enter(&subject, member);
            }
            model.waiting.push(member);
            return None;
        }
        let opened_at = self.clock.monotonic(now);
        let waiting = vec![member];
        self.unsettled.insert(subject);
        self.rooms.insert(subject, RoomModel { waiting, opened_at, ..RoomModel::default() });
        Some(Input::Open(topic))
    }

    /// The room is ready, and those who waited come in.
    pub(crate) fn ready(&mut self, subject: &Subject) -> Vec<Input> {
        let Some(model) = self.rooms.get_mut(subject) else { return Vec::new() };
        model.is_ready = true;
        self.unsettled.insert(*subject);
        let waiting = std::mem::take(&mut model.waiting);
        waiting.into_iter().filter_map(|member| self.enter(subject, member)).collect()
    }

    fn enter(&mut self, subject: &Subject, member: MemberId) -> Option<Input> {
        let (generation, user) = (Generation(0), None);
        let present = Present { member, generation, user, away: false, info: None, state: None };
        self.rooms.get_mut(subject)?.own.insert(present.member.clone(), present.clone());
        Some(Input::Publish { subject: *subject, changes: vec![Change::Joined(present)] })
    }

    /// One of its members there, by chance.
    fn one_of(&mut self, subject: &Subject, chance: u64) -> Option<&mut Present> {
        let own = &mut self.rooms.get_mut(subject)?.own;
        let count = own.len().max(1) as u64;
        own.values_mut().nth((chance % count) as usize)
    }

    /// Its last one leaves an empty room.
    pub(crate) fn leave(&mut self, subject: &Subject, chance: u64) -> Vec<Input> {
        let Some(member) = self.one_of(subject, chance).map(|present| present.member.clone()) else {
            return Vec::new();
        };
        let Some(model) = self.rooms.get_mut(subject) else { return Vec::new() };
        model.own.remove(&member);
        let is_empty = model.own.is_empty();
        let mut inputs = vec![Input::Publish { subject: *subject, changes: vec![Change::Left { member }] }];
        if is_empty {
            self.rooms.remove(subject);
            inputs.push(Input::Close(*subject));
        }
        inputs
    }

    pub(crate) fn move_one(&mut self, subject: &Subject, chance: u64) -> Option<Input> {
        let state = Json::encode(&chance).ok();
        let present = self.one_of(subject, chance)?;
        present.state.clone_from(&state);
        let change = Change::State { member: present.member.clone(), state };
        Some(Input::Publish { subject: *subject, changes: vec![change] })
    }

    pub(crate) fn drop_or_return(&mut self, subject: &Subject, chance: u64) -> Option<Input> {
        let present = self.one_of(subject, chance)?;
        present.away = !present.away;
        let member = present.member.clone();
        let change = if present.away { Change::Away { member } } else { Change::Back { member } };
        Some(Input::Publish { subject: *subject, changes: vec![change] })
    }

    pub(crate) fn say(&mut self, subject: &Subject, chance: u64) -> Option<Input> {
        let from = self.one_of(subject, chance)?.member.clone();
        let number = self.said.entry(*subject).or_insert(0);
        *number += 1;
        let msg = Json::encode(number).ok()?;
        let change = Change::Said { from: Some(from.clone()), to: Audience::AllBut(from), msg };
        Some(Input::Publish { subject: *subject, changes: vec![change] })
    }

    pub(crate) fn roster(&self, subject: &Subject) -> Input {
        let own = self.rooms.get(subject).map(|model| model.own.values().cloned().collect());
        Input::Roster { subject: *subject, members: own.unwrap_or_default() }
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
