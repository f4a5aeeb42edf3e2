//! A node whose rooms are as simple as rooms can be: a roster, and what was said.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use roomful_core::cluster::{
    Answer, Change, ClusterConfig, ClusterSettings, Command, HistoryNews, Incarnation, Input, News, NodeName, Present,
    Subject,
};
use roomful_core::key::Params;
use roomful_core::pattern::{Pattern, Topic};
use roomful_core::room::Audience;
use roomful_core::{Generation, Json, Limits, MemberId, Millis, NodeId};
use roomful_runtime::{Answered, ClusterHealth, ClusterQueue, ClusterRooms};
use tokio::task::JoinHandle;

use crate::driver::{NodeBounds, NodeStart, connect_node};
use crate::{ConnectError, MemoryBroker, MemoryEndpoint};

pub(super) const APP: &str = "shop";

/// A node that runs, and its way to the broker.
pub(super) struct Node {
    pub(super) endpoint: MemoryEndpoint,
    rooms: Arc<ModelRooms>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct ModelRooms {
    queue: Arc<ClusterQueue>,
    rooms: Mutex<BTreeMap<Subject, ModelRoom>>,
    health: Mutex<Option<ClusterHealth>>,
    answered: Mutex<BTreeMap<u64, Answered>>,
}

#[derive(Debug, Default)]
struct ModelRoom {
    is_ready: bool,
    /// Who is let in when all others have said who is there.
    lobby: Vec<String>,
    own: BTreeSet<String>,
    others: BTreeMap<NodeId, Part>,
    said: Vec<String>,
    missed: u64,
}

#[derive(Debug, Default)]
struct Part {
    members: BTreeSet<String>,
    is_lost: bool,
}

impl Node {
    pub(super) async fn start(broker: &MemoryBroker, name: &str) -> Self {
        Self::try_start(broker, name, false).await.unwrap()
    }

    pub(super) async fn try_start(broker: &MemoryBroker, name: &str, alone: bool) -> Result<Self, ConnectError> {
        static RANDOM: AtomicU64 = AtomicU64::new(1);
        // Not the calendar's: two may begin in one millisecond of it.
        static STARTS: AtomicU64 = AtomicU64::new(1);
        let endpoint = broker.endpoint(APP);
        let queue = Arc::new(ClusterQueue::default());
        let rooms = Arc::new(ModelRooms {
            queue: queue.clone(),
            rooms: Mutex::default(),
            health: Mutex::default(),
            answered: Mutex::default(),
        });
        let name = NodeName::parse(name).unwrap();
        let config = ClusterConfig { app: APP.into(), name, key: None, settings: ClusterSettings::default() };
        let bounds = NodeBounds::of(&Limits::default());
        let link = connect_node(Box::new(endpoint.clone()), bounds, alone).await?;
        let random = || RANDOM.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let start = STARTS.fetch_add(1, Ordering::Relaxed);
        let me = Incarnation { start, name: config.name.clone(), random: random() };
        let run = link.begin(NodeStart { config, me, queue, rooms: Told(rooms.clone()), random });
        Ok(Self { endpoint, rooms, task: tokio::spawn(run) })
    }

    pub(super) fn join(&self, room: &str, member: &str) {
        let mut rooms = self.rooms.held();
        let subject = subject(room);
        if !rooms.contains_key(&subject) {
            self.rooms.queue.push(Input::Open(topic(room)));
        }
        let found = rooms.entry(subject).or_default();
        found.lobby.push(member.to_owned());
        self.rooms.let_in(&subject, found);
    }

    pub(super) fn leave(&self, room: &str, member: &str) {
        let mut rooms = self.rooms.held();
        let subject = subject(room);
        let Some(found) = rooms.get_mut(&subject) else { return };
        found.own.remove(member);
        self.rooms.publish(subject, Change::Left { member: id(member) });
        if found.own.is_empty() {
            rooms.remove(&subject);
            self.rooms.queue.push(Input::Close(subject));
        }
    }

    pub(super) fn say(&self, room: &str, member: &str, text: &str) {
        let msg = Json::encode(text).unwrap();
        let _rooms = self.rooms.held();
        self.rooms.publish(subject(room), Change::Said { from: Some(id(member)), to: Audience::Everybody, msg });
    }

    /// Who is in a room, as this node sees it; a star is behind those whose node is lost.
    pub(super) fn roster(&self, room: &str) -> Vec<String> {
        let rooms = self.rooms.held();
        let Some(found) = rooms.get(&subject(room)) else { return Vec::new() };
        let others = found.others.values().flat_map(|part| {
            let mark = if part.is_lost { "*" } else { "" };
            part.members.iter().map(move |member| format!("{member}{mark}"))
        });
        let mut all: Vec<_> = found.own.iter().cloned().chain(others).collect();
        all.sort();
        all
    }

    pub(super) fn heard(&self, room: &str) -> Vec<String> {
        self.rooms.held().get(&subject(room)).map(|found| found.said.clone()).unwrap_or_default()
    }

    pub(super) fn missed(&self, room: &str) -> u64 {
        self.rooms.held().get(&subject(room)).map_or(0, |found| found.missed)
    }

    pub(super) fn ask(&self, number: u64, command: Command) {
        self.rooms.queue.push(Input::Ask { number, node: None, command });
    }

    pub(super) fn answered(&self, number: u64) -> Answered {
        self.rooms.answered.lock().unwrap()[&number].clone()
    }

    pub(super) fn has_no_answer(&self, number: u64) -> bool {
        !self.rooms.answered.lock().unwrap().contains_key(&number)
    }

    /// Whether what was said until now is given to the broker.
    pub(super) fn given(&self) -> impl Future<Output = bool> + use<> {
        self.rooms.queue.given()
    }

    pub(super) fn is_ready(&self, room: &str) -> bool {
        self.rooms.held().get(&subject(room)).is_some_and(|found| found.is_ready)
    }

    pub(super) fn health(&self) -> ClusterHealth {
        self.rooms.health.lock().unwrap().clone().unwrap()
    }

    /// As SIGKILL does it.
    pub(super) fn kill(self) {
        self.task.abort();
    }

    /// As SIGTERM does it.
    pub(super) async fn end(self) {
        self.rooms.queue.push(Input::Goodbye);
        self.task.await.unwrap();
    }
}

impl ModelRooms {
    fn let_in(&self, subject: &Subject, room: &mut ModelRoom) {
        if room.is_ready {
            for member in room.lobby.drain(..) {
                self.publish(*subject, Change::Joined(present(&member)));
                room.own.insert(member);
            }
        }
    }

    fn publish(&self, subject: Subject, change: Change) {
        self.queue.push(Input::Publish { subject, changes: vec![change] });
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<Subject, ModelRoom>> {
        self.rooms.lock().unwrap()
    }
}

/// The driver owns what it tells.
struct Told(Arc<ModelRooms>);

impl ClusterRooms for Told {
    fn opened(&self, _topic: &Topic) {}

    fn deliver(&self, room: &Subject, node: Incarnation, news: News) {
        if let Some(room) = self.0.held().get_mut(room) {
            room.take(node.node(), news);
        }
    }

    fn ready(&self, room: &Subject) {
        if let Some(found) = self.0.held().get_mut(room) {
            found.is_ready = true;
            self.0.let_in(room, found);
        }
    }

    fn give_roster(&self, room: &Subject) {
        let rooms = self.0.held();
        let members = rooms.get(room).map(|room| room.own.iter().map(|member| present(member)).collect());
        self.0.queue.push(Input::Roster {
            subject: *room,
            is_open: members.is_some(),
            members: members.unwrap_or_default(),
        });
    }

    fn reborn(&self, _node: &Incarnation) {}

    fn stands(&self, health: ClusterHealth) {
        *self.0.health.lock().unwrap() = Some(health);
    }

    fn carry_out(&self, node: NodeId, number: u64, command: Command) {
        let own = command.topic().map(|topic| self.0.held().get(&subject(topic)).map(|room| room.own.clone()));
        let own = own.flatten().unwrap_or_default();
        let answer = match command {
            Command::Count { .. } => Answer::Ids(own.iter().map(|member| id(member)).collect()),
            _ => Answer::Unknown,
        };
        self.0.queue.push(Input::Done { node, number, answer });
    }

    fn answered(&self, number: u64, answered: Answered) {
        self.0.answered.lock().unwrap().insert(number, answered);
    }

    // Nothing of the model is kept in the broker.
    fn hear_history(&self, _room: &Subject, _news: HistoryNews) {}

    fn may_have_missed(&self) {}

    fn now(&self) -> Millis {
        0
    }

    fn ended(&self) {}
}

impl ModelRoom {
    fn take(&mut self, node: NodeId, news: News) {
        if let News::Own { .. } = news {
            return;
        }
        let part = self.others.entry(node).or_default();
        match news {
            News::Changes(changes) => changes.into_iter().for_each(|change| {
                part.is_lost = false;
                match change {
                    Change::Joined(present) => drop(part.members.insert(present.member.to_string())),
                    Change::Left { member } => drop(part.members.remove(member.as_str())),
                    Change::Said { msg, .. } => self.said.push(msg.decode().unwrap()),
                    _ => {}
                }
            }),
            News::Roster { members, missed, late, .. } => {
                let said = late.iter().flatten().filter_map(|change| match change {
                    Change::Said { msg, .. } => Some(msg.decode().unwrap()),
                    _ => None,
                });
                self.said.extend(said);
                let members = members.into_iter().map(|present| present.member.to_string()).collect();
                *part = Part { members, is_lost: false };
                self.missed += missed;
            }
            News::Opened { .. } => {}
            News::Lost => part.is_lost = true,
            News::Parted => drop(self.others.remove(&node)),
            news => panic!("{news:?}"),
        }
    }
}

fn subject(room: &str) -> Subject {
    Subject::of(APP, room)
}

fn topic(room: &str) -> Topic {
    Pattern::parse(room).unwrap().topic(&Params::default()).unwrap()
}

fn id(member: &str) -> MemberId {
    MemberId::parse(member).unwrap()
}

fn present(member: &str) -> Present {
    let (member, generation) = (id(member), Generation(0));
    Present { member, generation, user: None, away: false, info: None, state: None, session: None }
}
