//! All nodes together, in virtual time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use roomful_core::cluster::{
    Address, Change, ClusterKey, ClusterSettings, Effect, Health, Input, News, Present, Rejected, Subject,
};
use roomful_core::roster::Row;
use roomful_core::{Json, Limits, Millis, NodeId, UserId, room};

use crate::fault::Fault;
use crate::network::{Arrival, Link, Network, Says, Slot};
use crate::process::{Answered, Clock, GRACE, Process};
use crate::rng::Rng;
use crate::seeds::Tally;
use crate::view::Known;

pub(crate) struct World {
    pub(crate) rng: Rng,
    pub(crate) now: Millis,
    pub(crate) network: Network,
    pub(crate) processes: Vec<Option<Process>>,
    clocks: Vec<Clock>,
    pub(crate) settings: ClusterSettings,
    pub(crate) key: Option<ClusterKey>,
    pub(crate) limits: Arc<Limits>,
    /// What the broker takes at once.
    pub(crate) most_bytes: usize,
    /// When something was last done to a node or its link, until when it lasts; and whether nothing can be said of anybody.
    troubled: BTreeMap<Slot, Millis>,
    pub(crate) is_stormy: bool,
    /// Whether all nodes knew each other from the start, and all that they said came within what a lobby waits for.
    pub(crate) is_calm: bool,
    /// What the app was told of each user, at which node: that it came, or that it went.
    pub(crate) told: BTreeMap<(Subject, UserId), Vec<(Slot, bool)>>,
    /// What the runs came upon.
    pub(crate) tally: Tally<&'static str>,
    /// How many of them at this moment.
    at_once: (Millis, u64),
}

/// More happens at no moment, or it would never end.
const MOST_AT_ONCE: u64 = 20_000;

impl World {
    pub(crate) fn new(seed: u64, slots: usize, says: Says) -> Self {
        let mut rng = Rng::new(seed);
        let mut clock =
            || Clock { started_at: 0, skew: rng.below(120_000) as i64 - 60_000, drift: rng.below(21) as i64 - 10 };
        let clocks = (0..slots).map(|_| clock()).collect();
        let processes = (0..slots).map(|_| None).collect();
        Self {
            rng,
            now: 0,
            network: Network::new(slots, says),
            processes,
            clocks,
            settings: ClusterSettings::default(),
            key: None,
            limits: Arc::new(Limits::default().grace_ms(GRACE)),
            most_bytes: usize::MAX,
            troubled: BTreeMap::new(),
            is_stormy: false,
            is_calm: false,
            told: BTreeMap::new(),
            tally: Tally::default(),
            at_once: (0, 0),
        }
    }

    /// A cluster that is up.
    pub(crate) fn up(seed: u64, slots: usize, says: Says) -> Result<Self, Fault> {
        let mut world = Self::new(seed, slots, says);
        (0..slots).try_for_each(|slot| world.start(slot))?;
        world.run_for(3_000)?;
        world.is_calm = true;
        Ok(world)
    }

    pub(crate) fn start(&mut self, slot: Slot) -> Result<(), Fault> {
        self.start_as(slot, &format!("node-{slot}"))
    }

    /// Its clock is behind from here on.
    pub(crate) fn set_back(&mut self, slot: Slot, ms: i64) {
        self.clocks.get_mut(slot).into_iter().for_each(|clock| clock.skew -= ms);
    }

    pub(crate) fn start_as(&mut self, slot: Slot, name: &str) -> Result<(), Fault> {
        let Some(clock) = self.clocks.get(slot) else { return Fault::new(format!("no slot {slot}")) };
        let clock = Clock { started_at: self.now, ..*clock };
        let random = self.rng.below(u64::MAX);
        let ours = (self.settings, self.key.clone(), &self.limits);
        let mut process = Process::start(name, clock, ours, (random, self.now))?;
        process.engine.take_at_most(self.most_bytes);
        if let Some(place) = self.processes.get_mut(slot) {
            *place = Some(process);
        }
        self.feed(slot, Input::Wake)
    }

    pub(crate) fn kill(&mut self, slot: Slot) {
        self.network.disconnect(slot);
        self.trouble([slot], 0);
        self.processes.get_mut(slot).into_iter().for_each(|process| *process = None);
    }

    /// Kills what runs there, and starts its node again.
    pub(crate) fn restart(&mut self, slot: Slot) -> Result<(), Fault> {
        self.kill(slot);
        self.start(slot)
    }

    pub(crate) fn pause(&mut self, slot: Slot, ms: Millis) {
        let until = self.now + ms;
        self.trouble([slot], ms);
        self.processes.get_mut(slot).into_iter().flatten().for_each(|process| process.paused_until = Some(until));
    }

    /// Something is done to these nodes, for so long.
    pub(crate) fn trouble(&mut self, slots: impl IntoIterator<Item = Slot>, ms: Millis) {
        let until = self.now + ms;
        for slot in slots {
            self.troubled.insert(slot, until);
        }
    }

    /// All links are well.
    pub(crate) fn mend(&mut self) {
        let now = self.now;
        self.network.links.iter_mut().for_each(|link| *link = Link::default());
        self.network.subscribe_anew();
        self.troubled.values_mut().for_each(|until| *until = now.min(*until));
    }

    pub(crate) fn process(&self, slot: Slot) -> Result<&Process, Fault> {
        self.processes.get(slot).and_then(Option::as_ref).ok_or_else(|| Fault(format!("nothing runs at {slot}")))
    }

    pub(crate) fn process_mut(&mut self, slot: Slot) -> Result<&mut Process, Fault> {
        self.processes.get_mut(slot).and_then(Option::as_mut).ok_or_else(|| Fault(format!("nothing runs at {slot}")))
    }

    pub(crate) fn join(&mut self, slot: Slot, room: u64) -> Result<(), Fault> {
        let now = self.now;
        let inputs = self.process_mut(slot)?.join(room, None, now)?;
        self.feed_all(slot, inputs)
    }

    /// A member of a user joins.
    pub(crate) fn join_of(&mut self, slot: Slot, room: u64, user: &str) -> Result<(), Fault> {
        let now = self.now;
        let user = UserId::new(user).map_err(|error| Fault(error.to_string()))?;
        let inputs = self.process_mut(slot)?.join(room, Some(user), now)?;
        self.feed_all(slot, inputs)
    }

    pub(crate) fn leave(&mut self, slot: Slot, room: u64) -> Result<(), Fault> {
        let now = self.now;
        let inputs = self.process_mut(slot)?.leave(&crate::process::subject(room), 0, now)?;
        self.feed_all(slot, inputs)
    }

    pub(crate) fn say(&mut self, slot: Slot, subject: &Subject) -> Result<(), Fault> {
        let now = self.now;
        let inputs = self.process_mut(slot)?.say(subject, 0, now)?;
        self.feed_all(slot, inputs)
    }

    /// Gives a process one input, and carries out all that it leads to.
    pub(crate) fn feed(&mut self, slot: Slot, input: Input) -> Result<(), Fault> {
        self.feed_all(slot, vec![input])
    }

    /// The same, in order.
    pub(crate) fn feed_all(&mut self, slot: Slot, inputs: Vec<Input>) -> Result<(), Fault> {
        self.collect(slot);
        let mut inputs = VecDeque::from(inputs);
        while let Some(input) = inputs.pop_front() {
            let now = self.now;
            let Some(process) = self.processes.get_mut(slot).and_then(Option::as_mut) else { return Ok(()) };
            self.tally.events += 1;
            self.at_once = if self.at_once.0 == now { (now, self.at_once.1 + 1) } else { (now, 1) };
            ensure!(self.at_once.1 < MOST_AT_ONCE, "it goes on and on: {input:?}");
            let (input, skip) = process.pass_on(input, now);
            skip.into_iter().for_each(|skip| inputs.push_front(skip));
            for effect in process.handle(input.clone(), now) {
                self.carry_out(slot, effect, &mut inputs).map_err(|fault| fault.at(format!("node-{slot}")))?;
            }
        }
        self.collect(slot);
        Ok(())
    }

    fn carry_out(&mut self, slot: Slot, effect: Effect, inputs: &mut VecDeque<Input>) -> Result<(), Fault> {
        let now = self.now;
        let random = self.rng.below(u64::MAX);
        self.tally.extend(name_of(&effect));
        match effect {
            Effect::Subscribe(subject) => self.network.subscribe(slot, subject),
            Effect::Unsubscribe(subject) => self.network.unsubscribe(slot, &subject),
            Effect::Publish { to, envelope, asks } => {
                let (bytes, most) = (envelope.len(), self.most_bytes);
                ensure!(bytes <= most, "an envelope of {bytes} bytes, where the broker takes {most}");
                let node = if let Address::Node(node) = to { self.slot_of(node) } else { None };
                self.network.publish((slot, to, asks), &envelope, node, (now, &mut self.rng));
            }
            Effect::Deliver { subject, node, news } => {
                let process = self.process_mut(slot)?;
                let local = process.clock.monotonic(now);
                process.unsettled.insert(subject);
                if let Some(room) = process.rooms.get_mut(&subject) {
                    room.told(node.node(), news.clone(), local)?;
                }
                inputs.extend(process.tell_room(&subject, room::Input::Remote { node, news }, now)?);
                self.check_flicker(slot)?;
            }
            Effect::Ready(subject) => inputs.extend(self.process_mut(slot)?.ready(&subject, now)?),
            Effect::NeedRoster(subject) => inputs.push_back(self.process(slot)?.roster(&subject)),
            Effect::Reincarnate => {
                let clock = self.process(slot)?.clock.day(now);
                inputs.push_back(Input::Reincarnate { clock, random });
            }
            Effect::Rejected(why) => *self.process_mut(slot)?.rejected.entry(why).or_default() += 1,
            Effect::Lost(_) => self.process_mut(slot)?.lost += 1,
            Effect::Reborn(me) => inputs.extend(self.process_mut(slot)?.reborn(&me, now)?),
            Effect::Do { node, number, command } => {
                inputs.extend(self.process_mut(slot)?.do_for((node.node(), number), command, now)?);
            }
            Effect::Answered { number, answer, silent, unknown } => {
                let before = self.process_mut(slot)?.answered.insert(number, Answered { answer, silent, unknown });
                ensure!(before.is_none(), "{number} is answered twice");
            }
            Effect::Health(_) | Effect::Met(_) => {}
            other => return Fault::new(format!("nobody knows {other:?}")),
        }
        Ok(())
    }

    fn slot_of(&self, node: NodeId) -> Option<Slot> {
        let is_there = |process: &Option<Process>| {
            process.as_ref().is_some_and(|process| process.engine.incarnation().node() == node)
        };
        self.processes.iter().position(is_there)
    }

    /// Lets time pass, with all that happens in it.
    pub(crate) fn run_for(&mut self, ms: Millis) -> Result<(), Fault> {
        let until = self.now + ms;
        loop {
            let wakes = self.processes.iter().flatten().map(Process::next_wake);
            let Some(next) = wakes.chain(self.network.next_arrival()).min().filter(|next| *next <= until) else {
                self.now = until;
                return Ok(());
            };
            self.now = self.now.max(next);
            self.step()?;
        }
    }

    fn step(&mut self) -> Result<(), Fault> {
        let now = self.now;
        while let Some((slot, arrival)) = self.network.arrive(now) {
            self.arrive(slot, arrival)?;
        }
        for slot in 0..self.processes.len() {
            let Ok(process) = self.process_mut(slot) else { continue };
            if process.next_wake() > now {
                continue;
            }
            process.paused_until = None;
            let inputs = process.wake_rooms(now)?;
            self.feed_all(slot, inputs)?;
            self.check_flicker(slot)?;
            self.feed(slot, Input::Wake)?;
            while let Some(arrival) = self.process_mut(slot)?.mail.pop_front() {
                self.arrive(slot, arrival)?;
            }
        }
        self.check()
    }

    fn arrive(&mut self, slot: Slot, arrival: Arrival) -> Result<(), Fault> {
        let Ok(process) = self.process_mut(slot) else { return Ok(()) };
        if process.paused_until.is_some() {
            process.mail.push_back(arrival);
            return Ok(());
        }
        let input = match arrival {
            Arrival::Envelope(envelope) => Input::Heard(envelope),
            Arrival::Audible(subject, by) => Input::Audible { subject, by },
        };
        self.feed(slot, input)
    }

    /// What holds at every moment.
    fn check(&mut self) -> Result<(), Fault> {
        let now = self.now;
        for process in self.processes.iter_mut().flatten().filter(|process| process.paused_until.is_none()) {
            let local = process.clock.monotonic(now);
            let rooms = &mut process.rooms;
            for subject in &process.unsettled {
                let Some(room) = rooms.get_mut(subject) else { continue };
                room.expire(local, GRACE);
                let waits = local.saturating_sub(room.opened_at);
                ensure!(room.is_ready || waits <= 250, "somebody waits for {waits} ms to be let in");
            }
            process.unsettled.retain(|subject| rooms.get(subject).is_some_and(|room| !room.is_settled()));
        }
        Ok(())
    }

    /// What the app was told of users.
    fn collect(&mut self, slot: Slot) {
        let Some(process) = self.processes.get_mut(slot).and_then(Option::as_mut) else { return };
        for (subject, user, came) in std::mem::take(&mut process.told) {
            self.told.entry((subject, user)).or_default().push((slot, came));
        }
    }

    /// The app is told of each user in turn that it came and that it went, over all nodes. Where something was done to nodes, it may
    /// be told more than once, and is told at least that whoever is there has come.
    fn check_users(&self) -> Result<(), Fault> {
        let rooms = self.processes.iter().flatten().flat_map(|process| &process.rooms);
        let users = rooms.flat_map(|(subject, room)| {
            let users = room.own.values().filter_map(|own| own.user.clone());
            users.map(move |user| (*subject, user))
        });
        let there: BTreeSet<_> = users.collect();
        for of in there.iter().chain(self.told.keys()) {
            let (is_there, told) = (there.contains(of), self.told.get(of).map(Vec::as_slice).unwrap_or_default());
            let is_told = told.iter().any(|(_, came)| *came);
            ensure!(is_told || !is_there, "nobody was told that {} came", of.1);
            let in_turn = told.iter().enumerate().all(|(i, (_, came))| *came == (i % 2 == 0));
            let is_right = in_turn && (told.len() % 2 == 1) == is_there;
            let was_troubled = !self.is_calm || !self.troubled.is_empty();
            ensure!(is_right || was_troubled, "{} is there: {is_there}, and the app was told {told:?}", of.1);
        }
        Ok(())
    }

    /// Nobody is told to have left whose socket is whole and whose node lives, unless something was done to either's node.
    fn check_flicker(&mut self, slot: Slot) -> Result<(), Fault> {
        let left = std::mem::take(&mut self.process_mut(slot)?.left);
        for (subject, member) in left {
            for (other, process) in self.processes.iter().enumerate() {
                let own = process.as_ref().and_then(|process| process.rooms.get(&subject)).map(|room| &room.own);
                let is_in = own.is_some_and(|own| own.keys().any(|own| own.as_str() == member));
                let is_troubled = self.is_stormy || [slot, other].iter().any(|slot| self.was_troubled(*slot));
                ensure!(!is_in || is_troubled, "node-{slot} is told that {member} left, who is in at node-{other}");
            }
        }
        Ok(())
    }

    /// Whether something was done to it for which somebody may have lost it, and not have found it again.
    fn was_troubled(&self, slot: Slot) -> bool {
        let lasts = 2 * self.settings.lease_ms + self.limits.grace_ms;
        self.troubled.get(&slot).is_some_and(|until| self.now < until + lasts)
    }

    /// Every room has those who have a socket in it on any node, and every socket was told so.
    fn check_rosters(&self) -> Result<(), Fault> {
        let mut due: BTreeMap<Subject, BTreeMap<String, Shown>> = BTreeMap::new();
        for process in self.processes.iter().flatten() {
            for (subject, room) in &process.rooms {
                let members = room.own.values().map(|own| (own.member.to_string(), Shown::of(own)));
                due.entry(*subject).or_default().extend(members);
            }
        }
        for process in self.processes.iter().flatten() {
            let name = process.engine.incarnation();
            for (subject, live) in &process.lives {
                let due = due.get(subject).cloned().unwrap_or_default();
                let entries = live.engine.roster().iter();
                let has: BTreeMap<_, _> =
                    entries.map(|entry| (entry.member.to_string(), Shown::entry(entry))).collect();
                ensure!(has == due, "{name} has in {subject} {has:#?}, and there are {due:#?}");
                for (member, client) in &live.clients {
                    let knows: BTreeMap<_, _> =
                        client.members().iter().map(|known| (known.member.clone(), Shown::known(known))).collect();
                    ensure!(knows == due, "{member} at {name} knows in {subject} {knows:#?}, and there are {due:#?}");
                }
            }
        }
        Ok(())
    }

    /// Everybody knows of everybody else what that one knows of itself, and of nobody else anything.
    pub(crate) fn check_equal(&self) -> Result<(), Fault> {
        self.check_rosters()?;
        self.check_users()?;
        self.processes.iter().flatten().try_for_each(Process::check_commands)?;
        let running: BTreeMap<NodeId, &Process> =
            self.processes.iter().flatten().map(|process| (process.engine.incarnation().node(), process)).collect();
        for (here, process) in &running {
            let name = process.engine.incarnation();
            ensure!(process.is_well(), "{name} is {:?}", process.engine.health());
            for (subject, room) in &process.rooms {
                ensure!(room.is_ready, "{name} still waits for {subject}");
                for (there, other) in running.iter().filter(|(there, _)| *there != here) {
                    let due = other.rooms.get(subject).map(|room| &room.own);
                    let part = room.parts.get(there);
                    let held = part.map(|part| &part.members);
                    let theirs = other.engine.incarnation();
                    let is_same = due.into_iter().flatten().eq(held.into_iter().flatten());
                    ensure!(is_same, "in {subject} {name} holds of {theirs} {held:#?}, and there are {due:#?}");
                    let last = part.and_then(|part| part.last_word);
                    let said = other.said.get(subject).copied();
                    ensure!(last.is_none() || last == said, "{name} heard {last:?} of {theirs}'s {said:?} words");
                }
                for (node, part) in room.parts.iter().filter(|(node, _)| !running.contains_key(node)) {
                    ensure!(part.members.is_empty(), "ghosts of {node:?} at {name}: {part:?}");
                }
            }
        }
        Ok(())
    }
}

/// What no batch of runs may be without.
pub(crate) const WHAT_HAPPENS: &[&str] = &[
    "a change",
    "a roster",
    "a roster, with messages that are lost",
    "a roster, with messages that come late",
    "a node is lost in a room",
    "a node parts from a room",
    "a run of a node counts no more",
    "a node is isolated",
    "a node is well",
    "an envelope that came before",
    "an envelope of an older run",
    "an envelope of a stranger",
    "an envelope for another run",
    "an envelope of another room",
    "a fault: a node is killed",
    "a fault: a node starts again",
    "a fault: a node is paused",
    "a fault: a node is cut off, one way or both",
    "a fault: the network splits",
    "a fault: captured envelopes are played again",
    "a fault: a node reads too slowly",
    "a fault: subscriptions are lost",
    "a fault: a node is behind",
    "a fault: a node drains",
    "a fault: a node says goodbye",
];

fn name_of(effect: &Effect) -> Option<&'static str> {
    Some(match effect {
        Effect::Deliver { news: News::Changes(_), .. } => "a change",
        Effect::Deliver { news: News::Roster { late, .. }, .. } if late.iter().flatten().any(Change::is_message) => {
            "a roster, with messages that come late"
        }
        Effect::Deliver { news: News::Roster { missed: 0, .. }, .. } => "a roster",
        Effect::Deliver { news: News::Roster { .. }, .. } => "a roster, with messages that are lost",
        Effect::Deliver { news: News::Lost, .. } => "a node is lost in a room",
        Effect::Deliver { news: News::Parted, .. } => "a node parts from a room",
        Effect::Reborn(_) => "a run of a node counts no more",
        Effect::Health(Health::Isolated) => "a node is isolated",
        Effect::Health(Health::Well) => "a node is well",
        Effect::Rejected(Rejected::Replayed) => "an envelope that came before",
        Effect::Rejected(Rejected::Older) => "an envelope of an older run",
        Effect::Rejected(Rejected::Stranger) => "an envelope of a stranger",
        Effect::Rejected(Rejected::NotForUs) => "an envelope for another run",
        Effect::Rejected(Rejected::OtherRoom) => "an envelope of another room",
        _ => return None,
    })
}

/// What is to be seen of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shown {
    away: bool,
    info: Option<String>,
    state: Option<String>,
}

impl Shown {
    fn of(present: &Present) -> Self {
        Self { away: present.away, info: text(present.info.as_ref()), state: text(present.state.as_ref()) }
    }

    fn entry(entry: &Row) -> Self {
        Self { away: entry.away, info: text(entry.info().as_ref()), state: text(entry.state().as_ref()) }
    }

    fn known(known: &Known) -> Self {
        Self { away: known.away, info: known.info.clone(), state: known.state.clone() }
    }
}

fn text(json: Option<&Json>) -> Option<String> {
    json.map(|json| json.as_str().to_owned())
}
