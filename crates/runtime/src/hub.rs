//! All the rooms of this process, found by topic, and everybody who is connected to them.

use std::borrow::Borrow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::{Arc, Mutex, OnceLock, Weak};

use roomful_core::cluster::Command;
use roomful_core::pattern::Topic;
use roomful_core::room::{Newcomer, Refused, RoomConfig, RoomEngine};
use roomful_core::session::{LongestFirst, Offered, Token};
use roomful_core::{Close, Limits, MemberId, Millis};

use crate::came::Came;
use crate::clustered::{Done, Household, is_in_broker};
use crate::delivery::RoomId;
use crate::denial::DenialLog;
use crate::feeds::Feeds;
use crate::hits::Bound;
use crate::line::Line;
use crate::lines::Lines;
use crate::live_room::{Entrant, JoinError, Joining, Left, LiveRoom};
use crate::lock::lock;
use crate::maybe_send::{MaybeSend, MaybeSync};
use crate::metrics;
use crate::place::Place;
use crate::process::{NoPlace, Process};
use crate::relief::Relief;
use crate::visit::VisitHooks;
use crate::wanted::Wanted;

/// The rooms are in several maps, each with a lock of its own, so a look-up seldom waits for another.
const STRIPES: usize = 16;

pub(crate) struct Hub {
    process: Arc<Process>,
    feeds: Arc<Feeds>,
    hasher: RandomState,
    stripes: [Mutex<HashMap<Topic, Arc<LiveRoom>>>; STRIPES],
    /// Every connection. One that is not let in yet is in no room, so the rooms do not know it.
    everybody: Mutex<BTreeMap<MemberId, Weak<dyn Occupant>>>,
    /// Where the process is for one room: which, once it is known. It is here even when nobody is in it.
    home: Option<OnceLock<Topic>>,
    relief: Relief,
    /// Who is held without a socket.
    held: Mutex<LongestFirst<MemberId>>,
    /// Joins that were refused.
    refused: Lines,
    denial_log: DenialLog,
}

/// A member with or without a socket, as the process sees it.
pub(crate) trait Occupant: MaybeSend + MaybeSync {
    /// Closes its socket with a code of the protocol's. It leaves as one whose connection was lost.
    fn send_away(self: Arc<Self>, close: Close);
    /// How many bytes of memory it holds, and whether they go because it is closed already.
    fn held(&self) -> (usize, bool);
    /// Closes it for what it holds, which is let go of at once where it can be. Returns its socket.
    fn close_for_memory(self: Arc<Self>) -> Option<Arc<Line>>;
    /// Takes it out of its room at once, whatever its handler does, and closes it.
    fn expel(self: Arc<Self>, close: Close);
    /// When the end of its grace is, where it is away.
    fn away_until(&self) -> Option<Millis>;
    /// Where it is away, another needs its place. `false`: it is not.
    fn let_go(self: Arc<Self>) -> bool;
    /// Another process takes it over.
    fn put_away(&self);
    /// Another node has taken it over: its socket is closed, and nobody is told that it is here no more.
    fn taken_over(self: Arc<Self>);
    /// Another node wants it of that room. It comes back where it is not in there.
    fn want(self: Arc<Self>, topic: &str, wanted: Wanted) -> Result<(), Wanted>;
    /// Whether this token is good for it.
    fn takes(&self, token: Token) -> bool;
    /// The `Arc` of the member itself, for whoever may know its type.
    fn into_any(self: Arc<Self>) -> Box<dyn std::any::Any>;
}

impl Hub {
    pub(crate) fn new(limits: Arc<Limits>, is_for_one_room: bool) -> Arc<Self> {
        let process = Process::new(limits);
        Arc::new(Self {
            feeds: Feeds::new(&process, is_for_one_room),
            process,
            hasher: RandomState::new(),
            stripes: std::array::from_fn(|_| Mutex::default()),
            everybody: Mutex::default(),
            home: is_for_one_room.then(OnceLock::new),
            relief: Relief::default(),
            held: Mutex::default(),
            refused: Lines::default(),
            denial_log: DenialLog::default(),
        })
    }

    /// Where the operator is told of those who are not let in, or may not stay.
    pub(crate) fn denial_log(&self) -> &DenialLog {
        &self.denial_log
    }

    pub(crate) fn process(&self) -> &Arc<Process> {
        &self.process
    }

    /// What is listened to, apart from the rooms.
    pub(crate) fn feeds(&self) -> &Arc<Feeds> {
        &self.feeds
    }

    /// Joins the room of that topic, which is made where there is none. `came`: its client was a member of another
    /// process.
    pub(crate) fn join(
        self: &Arc<Self>,
        topic: &Topic,
        limits: &Arc<Limits>,
        (newcomer, visit): (&Newcomer, Option<&Arc<dyn VisitHooks>>),
        (line, came): (&Arc<Line>, Option<&Came>),
        entrant: &Arc<dyn Entrant>,
    ) -> Result<(Arc<LiveRoom>, Joining), Close> {
        loop {
            let room = self.find_or_create(topic, limits)?;
            match room.join((newcomer.clone(), visit.cloned()), (line, came.cloned()), entrant) {
                Ok(joining) => return Ok((room, joining)),
                Err(JoinError::Abandoned) => self.forget(&room),
                Err(JoinError::Refused(refused)) => {
                    self.process.hit_refused(&refused);
                    let is_full = matches!(refused, Refused::RoomFull { .. });
                    if let Some(longest_away) = is_full.then(|| room.take_longest_away()).flatten() {
                        self.let_go(&longest_away, "members");
                        continue;
                    }
                    self.after_leave(&room, room.abandon_if_empty());
                    self.tell_refused(&refused);
                    return Err(match refused {
                        Refused::RoomFull { .. } => Close::ROOM_FULL,
                        _ => Close::JOIN_FAILED,
                    });
                }
            }
        }
    }

    /// A place for one more connection. Where there are as many as may be it is that of the member that it is back for, until it is;
    /// or else that of who has been away the longest.
    pub(crate) fn take_place(&self, peer: Option<IpAddr>, offered: Option<&Offered>) -> Result<Place, NoPlace> {
        let own = offered.and_then(|offered| self.member_of(offered.resume.token));
        loop {
            match Place::take(&self.process, peer) {
                Err(NoPlace::Connections { .. } | NoPlace::Address { .. })
                    if let Some(loan) = own.as_ref().and_then(|own| self.process.loans().lend(own, peer)) =>
                {
                    return Ok(Place::lent(&self.process, loan));
                }
                Err(NoPlace::Connections { .. }) if self.let_go_of_longest(own.as_ref(), "connections") => {}
                taken => return taken.inspect_err(|why| metrics::refused(why.as_str())),
            }
        }
    }

    /// Whose session this token is good for.
    fn member_of(&self, token: Token) -> Option<MemberId> {
        let member = self.process.tokens().find(token)?;
        self.occupant(&member)?.takes(token).then_some(member)
    }

    /// This member is held from now on, or is not any more: as `is_away` says, which is asked while nobody else says so of anybody.
    /// Where too many are held, who has been for the longest is no more.
    pub(crate) fn set_held(&self, member: &MemberId, is_away: impl FnOnce() -> bool) {
        let mut held = lock(&self.held);
        if is_away() {
            held.push(member.clone());
        } else {
            held.remove(member);
        }
        let is_over = held.len() > self.process.limits().held_members;
        drop(held);
        if is_over {
            self.process.hit(Bound::HeldMembers, self.process.limits().held_members);
            self.let_go_of_longest(None, "held_members");
        }
    }

    /// `false`: nobody is away but this one.
    fn let_go_of_longest(&self, spared: Option<&MemberId>, bound: &'static str) -> bool {
        let mut held = lock(&self.held);
        let Some(longest) = held.first_but(spared).cloned() else { return false };
        held.remove(&longest);
        drop(held);
        self.let_go(&longest, bound);
        true
    }

    /// Its place is needed, where it is still away.
    fn let_go(&self, member: &MemberId, bound: &'static str) {
        if self.occupant(member).is_some_and(|occupant| occupant.let_go()) {
            metrics::session_let_go(bound);
        }
    }

    /// The room does not take it: it is full, or what it comes with does not fit.
    pub(crate) fn tell_refused(&self, why: &dyn Display) {
        if let Some(not_logged) = self.refused.next(Some(self.process.now())) {
            tracing::warn!(%why, not_logged, "a join was refused");
        }
    }

    /// The room of that topic, before somebody joins it: it is there until it is [not expected](LiveRoom::expect_no_more) any more.
    pub(crate) fn expect(self: &Arc<Self>, topic: &Topic, limits: &Arc<Limits>) -> Result<Arc<LiveRoom>, Close> {
        loop {
            let room = self.find_or_create(topic, limits)?;
            if room.expect() {
                return Ok(room);
            }
            self.forget(&room);
        }
    }

    /// By its topic, or by the text of that.
    pub(crate) fn find(&self, topic: &(impl Borrow<str> + ?Sized)) -> Option<Arc<LiveRoom>> {
        let topic: &str = topic.borrow();
        lock(self.stripe(topic)).get(topic).cloned()
    }

    /// Whether a room of this topic is in this process, or would be if somebody were in it.
    pub(crate) fn is_home_of(&self, topic: &Topic) -> bool {
        self.find(topic).is_some() || self.home.as_ref().and_then(OnceLock::get) == Some(topic)
    }

    /// Forgets a room that nobody is in any more.
    pub(crate) fn after_leave(&self, room: &Arc<LiveRoom>, left: Left) {
        if left == Left::Abandoned {
            self.forget(room);
        }
    }

    /// Adds a room that was restored with its members.
    pub(crate) fn take_in(&self, room: &Arc<LiveRoom>) {
        self.process.room_returns();
        self.insert(&mut lock(self.stripe(room.topic().as_str())), room);
        (0..room.read(|room| room.roster().len())).for_each(|_| self.process.member_joined());
    }

    /// Every room that somebody is in.
    pub(crate) fn rooms(&self) -> Vec<Arc<LiveRoom>> {
        self.stripes.iter().flat_map(|stripe| lock(stripe).values().cloned().collect::<Vec<_>>()).collect()
    }

    pub(crate) fn register(&self, id: MemberId, occupant: Weak<dyn Occupant>) {
        // Of two that claim one id the first has it.
        lock(&self.everybody).entry(id).or_insert(occupant);
    }

    /// Whoever has one id has another from here on, unless somebody has that.
    pub(crate) fn rename(&self, id: &MemberId, other: &MemberId) -> bool {
        let mut everybody = lock(&self.everybody);
        if everybody.get(other).is_some_and(|found| found.strong_count() > 0) {
            return false;
        }
        let occupant = everybody.remove(id);
        let is_there = occupant.is_some();
        everybody.extend(occupant.map(|occupant| (other.clone(), occupant)));
        is_there
    }

    /// Forgets whoever is at this address, and nobody else of its id.
    pub(crate) fn unregister(&self, id: &MemberId, occupant: *const ()) {
        let mut everybody = lock(&self.everybody);
        if everybody.get(id).is_some_and(|found| found.as_ptr().cast::<()>() == occupant) {
            everybody.remove(id);
        }
    }

    pub(crate) fn occupant(&self, id: &MemberId) -> Option<Arc<dyn Occupant>> {
        lock(&self.everybody).get(id)?.upgrade()
    }

    /// Those who come behind this id, at most so many, with their ids.
    pub(crate) fn everybody_after(&self, id: Option<&MemberId>, most: usize) -> Vec<(MemberId, Arc<dyn Occupant>)> {
        let behind = (id.map_or(Unbounded, Excluded), Unbounded);
        let everybody = lock(&self.everybody);
        let next = everybody.range::<MemberId, _>(behind);
        next.filter_map(|(id, occupant)| Some((id.clone(), occupant.upgrade()?))).take(most).collect()
    }

    /// How many are held without a socket.
    pub(crate) fn held(&self) -> usize {
        lock(&self.held).len()
    }

    pub(crate) fn everybody(&self) -> Vec<Arc<dyn Occupant>> {
        lock(&self.everybody).values().filter_map(Weak::upgrade).collect()
    }

    /// Where the process holds too much for its clients, closes those that hold most.
    pub(crate) fn relieve(&self) {
        self.relief.look(self.process.memory(), self.process.now(), |excess| self.close_largest(excess));
    }

    /// A member has left its line, whose socket may still hold something.
    pub(crate) fn leaves(&self, line: &Arc<Line>) {
        self.relief.leaves(line);
    }

    fn close_largest(&self, excess: usize) -> Vec<Weak<Line>> {
        let everybody = self.everybody().into_iter().map(|occupant| (occupant.held(), occupant));
        let (going, mut staying): (Vec<_>, Vec<_>) = everybody.partition(|((_, is_going), _)| *is_going);
        let mut left = going.iter().fold(excess, |left, ((bytes, _), _)| left.saturating_sub(*bytes));
        staying.retain(|((bytes, _), _)| *bytes > 0);
        staying.sort_unstable_by_key(|((bytes, _), _)| Reverse(*bytes));
        let mut closed = Vec::new();
        for ((bytes, _), occupant) in staying {
            if left == 0 {
                break;
            }
            left = left.saturating_sub(bytes);
            closed.extend(occupant.close_for_memory().map(|line| Arc::downgrade(&line)));
        }
        let limit = self.process.memory().limit();
        tracing::warn!(limit, closed = closed.len(), "closed who holds most memory (`Limits::process_bytes`)");
        closed
    }

    /// Another process takes everything over: nobody leaves, and nothing is kept here.
    pub(crate) fn put_away(&self) {
        self.everybody().iter().for_each(|occupant| occupant.put_away());
        for stripe in &self.stripes {
            lock(stripe).drain().for_each(|(_, room)| room.put_away());
        }
        self.feeds.put_away();
        self.process.users().put_away();
        self.process.alarms().clear();
    }

    fn find_or_create(self: &Arc<Self>, topic: &Topic, limits: &Arc<Limits>) -> Result<Arc<LiveRoom>, Close> {
        let mut stripe = lock(self.stripe(topic.as_str()));
        if let Some(room) = stripe.get(topic) {
            return Ok(Arc::clone(room));
        }
        if is_in_broker(limits) && self.process.in_cluster().is_none() {
            drop(stripe);
            self.tell_refused(
                &"its history is to be in the broker (`Limits::history`), and this process is in no cluster",
            );
            return Err(Close::OVERLOADED);
        }
        if !self.process.room_begins() {
            // A log may take its time.
            drop(stripe);
            self.tell_refused(&format_args!("there are {} rooms (`Limits::rooms`)", self.process.limits().rooms));
            return Err(Close::OVERLOADED);
        }
        let seat = self.process.in_cluster().and_then(|node| node.seat(topic));
        let cluster = seat.as_ref().map(|seat| seat.me());
        let first_word = if is_in_broker(limits) { self.process.first_word() } else { 0 };
        let config = self.process.room_config(self.process.new_epoch(), first_word, limits);
        let engine = RoomEngine::restore(RoomConfig { cluster: cluster.clone(), ..config }, []);
        let limits = Arc::clone(limits);
        let room = LiveRoom::new(topic.clone(), engine, limits, Default::default(), seat, &self.process);
        self.insert(&mut stripe, &room);
        if let (Some(seat), Some(as_node)) = (room.seat(), cluster) {
            seat.open(topic, room.clone(), &as_node);
            room.find_out_what_was_said();
        }
        Ok(room)
    }

    fn insert(&self, stripe: &mut HashMap<Topic, Arc<LiveRoom>>, room: &Arc<LiveRoom>) {
        if let Some(home) = &self.home {
            home.get_or_init(|| room.topic().clone());
        }
        stripe.insert(room.topic().clone(), Arc::clone(room));
        if self.process.is_draining() {
            room.drain();
        }
    }

    /// Drops a room that is given up, unless a new one has its topic already.
    fn forget(&self, room: &Arc<LiveRoom>) {
        let mut stripe = lock(self.stripe(room.topic().as_str()));
        if stripe.get(room.topic()).is_some_and(|found| Arc::ptr_eq(found, room)) {
            stripe.remove(room.topic());
            self.process.room_ended();
        }
    }

    fn stripe(&self, topic: &str) -> &Mutex<HashMap<Topic, Arc<LiveRoom>>> {
        let hash = self.hasher.hash_one(topic) as usize;
        &self.stripes[hash % STRIPES]
    }
}

impl Household for Hub {
    fn room_is_over(&self, topic: &Topic, room: RoomId) {
        if let Some(found) = self.find(topic).filter(|found| found.id() == room) {
            self.forget(&found);
        }
    }

    fn give_up(&self, member: &MemberId) {
        self.occupant(member).into_iter().for_each(|occupant| occupant.taken_over());
    }

    fn is_back(&self) {
        self.feeds.wake_all();
    }

    fn carry_out(&self, command: Command, done: Done) {
        match command {
            Command::Release { topic, member, token, seen } => {
                self.release(&topic, &member, (token, seen), done);
            }
            command => done.with(self.do_for_another(command)),
        }
    }

    fn now(&self) -> Millis {
        self.process.now()
    }
}
