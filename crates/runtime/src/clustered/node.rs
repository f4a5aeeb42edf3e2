//! A process as one node of a cluster, and a room's place in it.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::Poll;

use futures_util::task::AtomicWaker;
use roomful_core::cluster::{Answer, Change, Command, HistoryNews, Incarnation, Input, News, Present, Subject, Word};
use roomful_core::pattern::Topic;
use roomful_core::session::To;
use roomful_core::{Json, Limits, MemberId, Millis, NodeId, UserId, room};

use super::asked::{Answered, Asked};
use super::history::{Append, HistoryBounds, Known, ReadHistory, Sayings, taken};
use super::queue::asked_bytes;
use super::{ClusterHealth, ClusterQueue, ClusterRooms, NodeHealth};
use crate::delivery::RoomId;
use crate::lock::lock;
use crate::maybe_send::{BoxFuture, MaybeSend, MaybeSync};
use crate::{ErrorKind, Result, metrics};

/// Who says it, who hears it, which node and which room it is of: more than all of that is.
const AROUND_A_MESSAGE: usize = 1_024;

/// A room of this process, as it is told of other nodes.
pub(crate) trait RoomInCluster: MaybeSend + MaybeSync {
    /// Something came of another node, or of this one's place among them.
    fn hear(self: Arc<Self>, input: room::Input);
    /// Whether what is said is numbered and kept in the broker.
    fn is_kept_in_broker(&self) -> bool {
        false
    }
    /// Takes its own members, under its lock.
    fn give_own(&self, give: &mut dyn FnMut(Vec<Present>));
}

/// Who has the rooms and the members of this process.
pub(crate) trait Household: MaybeSend + MaybeSync {
    /// A room is over.
    fn room_is_over(&self, topic: &Topic, room: RoomId);
    /// Another node has this member: what it has here ends, and nobody is told.
    fn give_up(&self, member: &MemberId);
    /// This node is well, which it was not.
    fn is_back(&self);
    /// Another node has this one do something with its members, or say something of them. Says what came of it when it is done.
    fn carry_out(&self, command: Command, done: Done);
    /// What time it is in the process.
    fn now(&self) -> Millis;
}

/// Where what was done for another node is said. Where nothing is, that node asks again, and then nobody any more.
#[derive(Debug)]
pub(crate) struct Done {
    queue: Arc<ClusterQueue>,
    node: NodeId,
    number: u64,
}

/// Who tells the app of members that died with their node.
pub(crate) trait Mourner: MaybeSend + MaybeSync {
    /// Whether the app is to be told of any of this room.
    fn is_told(&self, topic: &Topic) -> bool;
    /// Tells it of one. What the app's hook fails with is logged.
    fn tell(&self, topic: Topic, lost: Present) -> BoxFuture<'static, ()>;
}

/// This process among the nodes of a cluster. Its locks are leaves: nobody takes another while one is held.
pub(crate) struct Node {
    app: Arc<str>,
    queue: Arc<ClusterQueue>,
    /// So many bytes may wait there before rooms say no more.
    queue_bytes: usize,
    household: Weak<dyn Household>,
    mourner: Box<dyn Mourner>,
    /// What this run of it is called.
    me: Mutex<Incarnation>,
    /// The rooms that take part, by what they are called at the broker.
    rooms: Mutex<HashMap<Subject, Place>>,
    health: Mutex<ClusterHealth>,
    /// How often it was well, and then was not.
    isolations: AtomicU64,
    asked: Asked,
    sayings: Sayings,
    has_ended: AtomicBool,
    ends: AtomicWaker,
}

/// The room of a subject, and those that had its topic before and were not told of yet.
#[derive(Default)]
struct Place {
    room: Option<Weak<dyn RoomInCluster>>,
    /// How often it was said that a room of this subject begins, and that was not taken yet. Until all of that is, what is told is
    /// of a room that is over.
    untaken: usize,
}

/// A room's place in the cluster.
pub(crate) struct Seat {
    subject: Subject,
    node: Arc<Node>,
}

/// All that a roster has of a member and somebody can make large.
#[derive(Clone, Copy)]
pub(crate) struct Shown<'a> {
    pub(crate) user: Option<&'a UserId>,
    pub(crate) info: Option<&'a Json>,
    pub(crate) state: Option<&'a Json>,
}

impl Shown<'_> {
    fn bytes(self) -> usize {
        self.user.map_or(0, |user| user.as_str().len())
            + [self.info, self.state].into_iter().flatten().map(Json::size).sum::<usize>()
    }
}

/// Rooms in no cluster pay a pointer for it.
#[cfg(not(target_family = "wasm"))]
pub(crate) type BoxedSeat = Box<Seat>;
/// A worker is in none.
#[cfg(target_family = "wasm")]
pub(crate) type BoxedSeat = roomful_core::NoBox<Seat>;

impl Node {
    pub(crate) fn new(
        app: &str,
        me: Incarnation,
        (household, mourner): (Weak<dyn Household>, Box<dyn Mourner>),
        queue_bytes: usize,
    ) -> Arc<Self> {
        Arc::new(Self {
            app: app.into(),
            queue: Arc::new(ClusterQueue::of(queue_bytes)),
            queue_bytes,
            household,
            mourner,
            health: Mutex::new(ClusterHealth::of_new(&me)),
            me: Mutex::new(me),
            rooms: Mutex::default(),
            isolations: AtomicU64::new(0),
            asked: Asked::default(),
            sayings: Sayings::default(),
            has_ended: AtomicBool::new(false),
            ends: AtomicWaker::new(),
        })
    }

    pub(crate) fn queue(&self) -> &Arc<ClusterQueue> {
        &self.queue
    }

    /// What this run of it is called.
    pub(crate) fn me(&self) -> Incarnation {
        lock(&self.me).clone()
    }

    /// Whether that run of another node is there, as far as this one knows.
    pub(crate) fn is_live(&self, node: NodeId) -> bool {
        let name = format!("{:016x}", node.0);
        lock(&self.health).live().any(|peer| peer.incarnation == name)
    }

    /// Whether there is another node that lets somebody in, as far as this one knows.
    pub(crate) fn has_others(&self) -> bool {
        let health = lock(&self.health);
        health.is_well && health.live().any(|peer| !peer.is_draining)
    }

    pub(crate) fn health(&self) -> ClusterHealth {
        lock(&self.health).clone()
    }

    /// The place of what has this topic; `None` in a worker.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn seat(self: &Arc<Self>, topic: &Topic) -> Option<BoxedSeat> {
        Some(Box::new(Seat { subject: Subject::of(&self.app, topic.as_str()), node: Arc::clone(self) }))
    }

    #[cfg(target_family = "wasm")]
    pub(crate) fn seat(self: &Arc<Self>, _: &Topic) -> Option<BoxedSeat> {
        None
    }

    /// Says that this node lets nobody in any more.
    pub(crate) fn drain(&self) {
        self.queue.push(Input::Drain);
    }

    /// Says goodbye, and waits until that is said or cannot be.
    pub(crate) async fn end(&self) {
        self.queue.push(Input::Goodbye);
        poll_fn(|cx| {
            self.ends.register(cx.waker());
            if self.has_ended.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Asks one other node, or all that have the room that it is about, or all where it is about none. A node that is cut off from
    /// them asks nothing: what came late would come a second time from whoever tries again.
    ///
    /// # Errors
    ///
    /// This node is behind, or it does not fit into what the broker takes.
    pub(crate) async fn ask(&self, node: Option<NodeId>, command: Command) -> Result<Answered> {
        self.may_ask(&command)?;
        let cut_off = || Answered { is_cut_off: true, ..Answered::default() };
        if self.is_cut_off() {
            return Ok(cut_off());
        }
        let (number, answered) = self.asked.begin();
        self.queue.push(Input::Ask { number, node, command });
        // Who has ended answers nothing.
        Ok(answered.await.unwrap_or_else(|_| cut_off()))
    }

    /// Says something, by nobody, to a room that this node does not have and whose history is in the broker. It is ready when that has it.
    ///
    /// # Errors
    ///
    /// This node is behind, it does not fit into what the broker takes, or the broker has not taken it in time.
    pub(crate) async fn say(&self, topic: &Topic, msg: Json, limits: &Limits, above: u64) -> Result {
        self.may_take(msg.size() + topic.as_str().len())?;
        let Some(household) = self.household.upgrade() else { return Err(ErrorKind::NotTaken.into_error()) };
        let (subject, number) = (Subject::of(&self.app, topic.as_str()), self.sayings.number(above));
        let until = household.now().saturating_add(limits.cluster_outgoing_ms);
        let word = Word { node: self.me(), number, from: None, to: To::Everybody, is_last: false, msg };
        let told = self.sayings.begin(subject, number);
        let known = Known { epoch: "".into(), seq: 0 };
        self.queue.append(Append { subject, word, until, known, bounds: HistoryBounds::of(limits) });
        taken(told).await
    }

    /// Whether the node keeps up, and it fits into what the broker takes. It is not asked yet.
    pub(crate) fn may_ask(&self, command: &Command) -> Result {
        self.may_take(asked_bytes(command))
    }

    /// Waits until the broker has what rooms have said until now.
    ///
    /// # Errors
    ///
    /// It has not, and may have it late.
    pub(crate) async fn give(&self) -> Result {
        if self.is_cut_off() {
            return Err(ErrorKind::Isolated.into_error());
        }
        match self.queue.given().await {
            true => Ok(()),
            false if self.is_cut_off() => Err(ErrorKind::Isolated.into_error()),
            false => Err(ErrorKind::BrokerBehind.into_error()),
        }
    }

    fn is_cut_off(&self) -> bool {
        let health = lock(&self.health);
        !health.is_well || !health.is_linked
    }

    /// Whether the node keeps up, and what is said fits into what the broker takes at once, where there is a link to it.
    fn may_take(&self, bytes: usize) -> Result {
        self.keeps_up()?;
        self.fits(bytes)
    }

    fn fits(&self, bytes: usize) -> Result {
        let Some(limit) = lock(&self.health).most_bytes else { return Ok(()) };
        if bytes + AROUND_A_MESSAGE > limit {
            return Err(ErrorKind::TooLargeForBroker { bytes, limit }.into_error());
        }
        Ok(())
    }

    /// Whether what its rooms say is taken. Where it is not nobody new is let in, and nothing more is said.
    pub(crate) fn keeps_up(&self) -> Result {
        let limit = self.queue_bytes;
        if self.queue.bytes() > limit {
            metrics::overloaded();
            return Err(ErrorKind::NodeBehind { limit }.into_error());
        }
        Ok(())
    }

    /// Whether a member may show so much in a room of that topic: other nodes are told all of it in one piece.
    pub(crate) fn may_show(&self, topic: &Topic, shown: Shown<'_>) -> Result {
        self.fits(shown.bytes() + topic.as_str().len())
    }

    /// Forgets a place that no room has.
    fn let_go(&self, room: &Subject) {
        let mut rooms = lock(&self.rooms);
        if rooms.get(room).is_some_and(|place| place.room.is_none() && place.untaken == 0) {
            rooms.remove(room);
        }
    }

    fn find(&self, room: &Subject) -> Option<Arc<dyn RoomInCluster>> {
        lock(&self.rooms).get(room).filter(|place| place.untaken == 0)?.room.as_ref()?.upgrade()
    }
}

impl Done {
    /// This came of it.
    pub(crate) fn with(&self, answer: Answer) {
        let Self { queue, node, number } = self;
        queue.push(Input::Done { node: *node, number: *number, answer });
    }
}

impl Seat {
    pub(crate) fn me(&self) -> Incarnation {
        self.node.me()
    }

    /// The room begins, and nobody can find it yet. Other nodes are asked who is in it.
    pub(crate) fn open(&self, topic: &Topic, room: Arc<dyn RoomInCluster>, as_node: &Incarnation) {
        {
            let mut rooms = lock(&self.node.rooms);
            let place = rooms.entry(self.subject).or_default();
            place.room = Some(Arc::downgrade(&room));
            place.untaken += 1;
        }
        self.node.queue.push(Input::Open(topic.clone()));
        // This run may have ended since the room was given its name; then nobody else tells the room.
        let me = self.me();
        if me != *as_node {
            room.hear(room::Input::Reborn { node: me });
        }
    }

    /// For the room's lock: what it publishes stands in the order of what happens in it.
    pub(crate) fn publish(&self, changes: Vec<Change>) {
        self.node.queue.push(Input::Publish { subject: self.subject, changes });
    }

    /// For the room's lock: the broker is to have this, behind what was published before.
    pub(crate) fn append(&self, word: Word, until: Millis, known: Known, limits: &Limits) {
        let bounds = HistoryBounds::of(limits);
        self.node.queue.append(Append { subject: self.subject, word, until, known, bounds });
    }

    /// The broker is to say what it has of the room.
    pub(crate) fn read_history(&self, known: Known, limits: &Limits) {
        let bounds = HistoryBounds::of(limits);
        self.node.queue.read_history(ReadHistory { subject: self.subject, known, bounds });
    }

    /// For the room's lock: nobody joins it any more.
    pub(crate) fn close(&self) {
        if let Some(place) = lock(&self.node.rooms).get_mut(&self.subject) {
            place.room = None;
        }
        self.node.let_go(&self.subject);
        self.node.queue.push(Input::Close(self.subject));
    }

    /// Whether the node keeps up, and what is said fits into what the broker takes at once, where there is a link to it.
    pub(crate) fn may_say(&self, topic: &Topic, msg: &Json) -> Result {
        self.node.may_take(msg.size() + topic.as_str().len())
    }

    /// Whether so many bytes fit into what the broker takes at once.
    pub(crate) fn takes(&self, bytes: usize) -> bool {
        lock(&self.node.health).most_bytes.is_none_or(|limit| bytes.saturating_add(AROUND_A_MESSAGE) <= limit)
    }

    /// Whether a member may show so much there.
    pub(crate) fn may_show(&self, topic: &Topic, shown: Shown<'_>) -> Result {
        self.node.may_show(topic, shown)
    }

    /// Whether the node keeps up with what is said here.
    pub(crate) fn keeps_up(&self) -> Result {
        self.node.keeps_up()
    }

    /// Whether what this node says reaches the others.
    pub(crate) fn reaches_others(&self) -> Result {
        if lock(&self.node.health).is_well { Ok(()) } else { Err(ErrorKind::Isolated.into_error()) }
    }

    /// How often this node was isolated, since it was well for the first time.
    pub(crate) fn isolations(&self) -> u64 {
        self.node.isolations.load(Ordering::Relaxed)
    }

    /// Whether a node has said that it is about to end.
    pub(crate) fn is_draining(&self, node: &Incarnation) -> bool {
        let name = NodeHealth::name_of(node);
        lock(&self.node.health).peers.iter().any(|peer| peer.is_draining && peer.incarnation == name)
    }

    /// Another node has this member.
    pub(crate) fn give_up(&self, member: &MemberId) {
        self.node.household.upgrade().into_iter().for_each(|household| household.give_up(member));
    }

    /// Who tells the app of members that died with their node.
    pub(crate) fn mourner(&self) -> &dyn Mourner {
        &*self.node.mourner
    }

    /// The room is over.
    pub(crate) fn forget(&self, topic: &Topic, room: RoomId) {
        self.node.household.upgrade().into_iter().for_each(|household| household.room_is_over(topic, room));
    }
}

impl ClusterRooms for Arc<Node> {
    fn opened(&self, topic: &Topic) {
        let room = Subject::of(&self.app, topic.as_str());
        if let Some(place) = lock(&self.rooms).get_mut(&room) {
            place.untaken = place.untaken.saturating_sub(1);
        }
        self.let_go(&room);
    }

    fn deliver(&self, room: &Subject, node: Incarnation, news: News) {
        if let Some(room) = self.find(room) {
            room.hear(room::Input::Remote { node, news });
        }
    }

    fn ready(&self, room: &Subject) {
        if let Some(room) = self.find(room) {
            room.hear(room::Input::Ready);
        }
    }

    fn give_roster(&self, room: &Subject) {
        let subject = *room;
        let give = |members, is_open| self.queue.push(Input::Roster { subject, members, is_open });
        match self.find(room) {
            // Under its lock: behind all that it has published, and before all that it publishes next.
            Some(room) => room.give_own(&mut |members| give(members, true)),
            None => give(Vec::new(), false),
        }
    }

    fn reborn(&self, node: &Incarnation) {
        *lock(&self.me) = node.clone();
        // Those that are made from here on have it from the beginning.
        let rooms: Vec<_> = lock(&self.rooms).values().filter_map(|place| place.room.as_ref()?.upgrade()).collect();
        rooms
            .into_iter()
            .for_each(|room: Arc<dyn RoomInCluster>| room.hear(room::Input::Reborn { node: node.clone() }));
    }

    fn stands(&self, health: ClusterHealth) {
        let is_well = health.is_well;
        let was_well = std::mem::replace(&mut *lock(&self.health), health).is_well;
        if was_well && !is_well {
            self.isolations.fetch_add(1, Ordering::Relaxed);
        }
        if is_well && !was_well {
            self.household.upgrade().into_iter().for_each(|household| household.is_back());
        }
    }

    fn carry_out(&self, node: NodeId, number: u64, command: Command) {
        let done = Done { queue: Arc::clone(&self.queue), node, number };
        match self.household.upgrade() {
            Some(household) => household.carry_out(command, done),
            None => done.with(Answer::Unknown),
        }
    }

    fn answered(&self, number: u64, answered: Answered) {
        self.asked.end(number, answered);
    }

    fn hear_history(&self, room: &Subject, news: HistoryNews) {
        let settled = match &news {
            HistoryNews::Taken { number, .. } => Some((*number, true)),
            HistoryNews::Refused { number } => Some((*number, false)),
            _ => None,
        };
        if settled.is_some_and(|(number, is_taken)| self.sayings.end(*room, number, is_taken)) {
            return;
        }
        if let Some(room) = self.find(room) {
            room.hear(room::Input::History(news));
        }
    }

    fn may_have_missed(&self) {
        let rooms: Vec<_> = lock(&self.rooms).values().filter_map(|place| place.room.as_ref()?.upgrade()).collect();
        let missed = || room::Input::History(HistoryNews::Missed);
        rooms.into_iter().filter(|room| room.is_kept_in_broker()).for_each(|room| room.hear(missed()));
    }

    fn now(&self) -> Millis {
        self.household.upgrade().map_or(0, |household| household.now())
    }

    fn ended(&self) {
        self.asked.give_up();
        self.sayings.give_up();
        self.has_ended.store(true, Ordering::Release);
        self.ends.wake();
    }
}

#[cfg(test)]
mod tests {
    use roomful_core::cluster::NodeName;
    use roomful_core::key::Params;
    use roomful_core::pattern::Pattern;

    use super::*;

    struct Somewhere;

    impl Household for Somewhere {
        fn room_is_over(&self, _topic: &Topic, _room: RoomId) {}

        fn give_up(&self, _member: &MemberId) {}

        fn is_back(&self) {}

        fn carry_out(&self, _command: Command, done: Done) {
            done.with(Answer::Unknown);
        }

        fn now(&self) -> Millis {
            0
        }
    }

    impl Mourner for Somewhere {
        fn is_told(&self, _topic: &Topic) -> bool {
            false
        }

        fn tell(&self, _topic: Topic, _lost: Present) -> BoxFuture<'static, ()> {
            Box::pin(std::future::ready(()))
        }
    }

    /// What a room is told.
    #[derive(Default)]
    struct Told(Mutex<usize>);

    impl RoomInCluster for Told {
        fn hear(self: Arc<Self>, _input: room::Input) {
            *lock(&self.0) += 1;
        }

        fn give_own(&self, give: &mut dyn FnMut(Vec<Present>)) {
            give(Vec::new());
        }
    }

    /// What was still to be told of the room before it would let its members in too early.
    #[test]
    fn what_is_told_of_a_room_that_is_over_does_not_reach_the_next_of_its_topic() {
        let me = Incarnation { start: 1, name: NodeName::parse("one").unwrap(), random: 7 };
        let household: Arc<dyn Household> = Arc::new(Somewhere);
        let node = Node::new("app", me.clone(), (Arc::downgrade(&household), Box::new(Somewhere)), 1_000);
        let topic = Pattern::parse("a").unwrap().topic(&Params::default()).unwrap();
        let (subject, seat) = (Subject::of("app", topic.as_str()), node.seat(&topic).unwrap());
        let begin = || {
            let room = Arc::new(Told::default());
            seat.open(&topic, room.clone(), &me);
            room
        };
        let told = |room: &Arc<Told>| {
            node.ready(&subject);
            std::mem::take(&mut *lock(&room.0))
        };
        let first = begin();
        assert_eq!(told(&first), 0, "its beginning is still in the queue");
        node.opened(&topic);
        assert_eq!(told(&first), 1);
        seat.close();
        let second = begin();
        assert_eq!((told(&first), told(&second)), (0, 0), "it is told of the first");
        seat.close();
        let third = begin();
        node.opened(&topic);
        assert_eq!(told(&third), 0, "it is told of the second");
        node.opened(&topic);
        assert_eq!(told(&third), 1);
        seat.close();
        assert!(lock(&node.rooms).is_empty());
    }

    #[test]
    fn a_room_that_began_under_the_name_before_is_told_the_new_one() {
        let run = |start| Incarnation { start, name: NodeName::parse("one").unwrap(), random: start };
        let household: Arc<dyn Household> = Arc::new(Somewhere);
        let node = Node::new("app", run(1), (Arc::downgrade(&household), Box::new(Somewhere)), 1_000);
        let topic = Pattern::parse("a").unwrap().topic(&Params::default()).unwrap();
        let seat = node.seat(&topic).unwrap();
        let as_node = seat.me();
        node.reborn(&run(2));
        let room = Arc::new(Told::default());
        seat.open(&topic, room.clone(), &as_node);
        assert_eq!(*lock(&room.0), 1);
    }

    #[test]
    fn while_the_node_is_behind_nothing_more_is_said_but_what_becomes_of_members() {
        let me = Incarnation { start: 1, name: NodeName::parse("one").unwrap(), random: 7 };
        let household: Arc<dyn Household> = Arc::new(Somewhere);
        let node = Node::new("app", me, (Arc::downgrade(&household), Box::new(Somewhere)), 1_000);
        let topic = Pattern::parse("a").unwrap().topic(&Params::default()).unwrap();
        let seat = node.seat(&topic).unwrap();
        let msg = Json::encode(&"x".repeat(1_000)).unwrap();
        assert!(seat.may_say(&topic, &msg).is_ok());
        seat.publish(vec![Change::Said { from: None, to: room::Audience::Everybody, msg: msg.clone() }]);
        let why = seat.may_say(&topic, &msg).unwrap_err().to_string();
        assert!(why.contains("over 1000 bytes wait") && why.contains("cluster_queue_bytes"), "{why}");
        seat.publish(vec![Change::Left { member: MemberId::parse("m").unwrap() }]);
        while node.queue().try_next().is_some() {}
        assert!(seat.may_say(&topic, &msg).is_ok());
    }
}
