//! One room of this process: its engine, and the sockets of its members.

use std::collections::{BTreeMap, HashMap};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Poll, Waker};

use bytes::Bytes;
use futures_channel::oneshot;
use futures_util::FutureExt as _;
use futures_util::future::abortable;
use roomful_core::cluster::{self, Heard, HistoryNews, MissedFrame, Present, Released, UserThere};
use roomful_core::frame::encode::{self, SessionFacts, SnapshotFacts};
use roomful_core::frame::fanout::{self, PerDialect, Spoken};
use roomful_core::life::Act;
use roomful_core::pattern::Topic;
use roomful_core::room::{Audience, Change, Effect, Input, Newcomer, Refused, RoomEngine, Update};
use roomful_core::roster::{Listing, Row};
use roomful_core::session::{KeptSaid, Resume, To, Token, TokenHash};
use roomful_core::{Dialect, Json, Limits, MemberId, Millis, NodeId, UserId};

use crate::came::{Came, FromNode};
use crate::clustered::{BoxedSeat, Known, RoomInCluster, Seat, Shown, is_in_broker};
use crate::delivery::RoomId;
use crate::delivery::{Delivery, SharedFrames, SharedUpdates};
use crate::hits::Bound;
use crate::kept::{Admitted, Kept, KeptMember};
use crate::line::Line;
use crate::lock::lock;
use crate::maybe_send::{MaybeSend, MaybeSync};
use crate::memory::Holding;
use crate::process::Process;
use crate::room_sessions::{self, RoomSessions};
use crate::roster::{self, User};
use crate::tapped;
use crate::taps::{RoomTaps, Seen};
use crate::traffic::Traffic;
use crate::transports::Transports;
use crate::unwind::let_go;
use crate::users::Untold;
use crate::visit::VisitHooks;
use crate::wakes::Wakes;
use crate::words::Words;
use crate::{Error, ErrorKind, Keeper, Result, cork, metrics};

/// A room while somebody is in it.
///
/// One mutex numbers, encodes and delivers, so every member sees joins, leaves and broadcasts in one order.
pub(crate) struct LiveRoom {
    topic: Topic,
    id: RoomId,
    process: Arc<Process>,
    limits: Arc<Limits>,
    /// Its place in the cluster, where there is one.
    seat: Option<BoxedSeat>,
    traffic: Traffic,
    taps: RoomTaps,
    state: Mutex<State>,
}

struct State {
    engine: RoomEngine,
    /// The sockets of the members who have one.
    lines: HashMap<MemberId, Arc<Line>>,
    /// What is kept of those who are held without one, in a process that may be put away.
    absent: BTreeMap<MemberId, Kept>,
    lobby: BTreeMap<MemberId, Waiting>,
    /// Those who are back, until their snapshot is next.
    returning: BTreeMap<MemberId, Arc<dyn Returner>>,
    transports: Transports,
    wakes: Wakes,
    sessions: Option<Box<RoomSessions>>,
    /// Where the room's history is in the broker: what was said and is not known to be there.
    words: Option<Box<Words>>,
    /// What the client presents whose snapshot is next. Boxed, because rooms are many and returns are few.
    presented: Option<Box<Presented>>,
    /// What it says of its members.
    held: Holding,
    /// How many look into it before they join, and those of them who wait until it is known who is in at other nodes. Boxed, because
    /// that is seldom.
    expected: Option<Box<Expected>>,
    /// Somebody was to join it.
    has_begun: bool,
    /// Nobody is in it, and the hub forgets it. A join that still finds it must ask the hub again.
    abandoned: bool,
}

/// What the client of a member presents to go on with a session.
enum Presented {
    /// A token of that member's, which is back. `acked` is the highest id received of what it has said, where that is known.
    Resume { resume: Resume, acked: Option<u64>, returner: Arc<dyn Returner> },
    /// The token of a session that another process had, or another node.
    Foreign { came: Came, entrant: Arc<dyn Entrant> },
}

/// Whose client is told something again.
enum Retold {
    To(Arc<dyn Returner>),
    ToNew(Arc<dyn Entrant>),
}

/// Who is let in, as its room sees it.
pub(crate) trait Entrant: MaybeSend + MaybeSync {
    /// It is a member of this room from here on; says what is to be done for it, once the room's lock is given back. Its snapshot
    /// is not on its way yet: whoever has that may lose its socket at once, or come back with the token in it.
    fn enter(&self, room: &Arc<LiveRoom>) -> Vec<Act>;
    /// What its client is told again behind its snapshot and what it missed, where `seq` is the last number that was given.
    fn retold(&self, seq: u64) -> Vec<Bytes>;
    /// Goes on with one that had to wait. Without a lock, and when its snapshot is on its way.
    fn begin(self: Arc<Self>, acts: Vec<Act>);
}

/// Who is back, as its room sees it.
pub(crate) trait Returner: MaybeSend + MaybeSync {
    /// Whether it has a new socket of which the room was not told yet.
    fn is_back(&self) -> bool;
    /// What it comes back with, as long as that is so; from then on it was told.
    fn arrival(&self) -> Option<Arrival>;
    /// What its client is told again behind its snapshot and what it missed, where `seq` is the last number that was given.
    fn retold(&self, seq: u64) -> Vec<Bytes>;
    /// It had to wait, and all of that is on its way. Without a lock.
    fn greeted(self: Arc<Self>);
}

/// Those who wait to be let in to a large room. No task waits for them.
struct Waiting {
    line: Arc<Line>,
    visit: Option<Arc<dyn VisitHooks>>,
    came: Option<Came>,
    entrant: Arc<dyn Entrant>,
}

/// Those who look into a room.
#[derive(Default)]
struct Expected {
    count: usize,
    waiting: Vec<Waker>,
}

/// What is left to do when a room's lock is given back.
#[derive(Default)]
struct Aftermath {
    /// Those who were let in, with what is to be done for them.
    entered: Vec<(Arc<dyn Entrant>, Vec<Act>)>,
    /// Those whose return had to wait.
    returned: Vec<Arc<dyn Returner>>,
    /// Of those who enter: the first of a user's is what the app is told of that user by.
    visits: Vec<(MemberId, Arc<dyn VisitHooks>)>,
    /// What the app is to be told of users; `None` where nothing has become of any.
    untold: Option<Untold>,
    /// Whose tokens are others from here on, which other nodes are to know. Only in a cluster.
    renewed: Vec<MemberId>,
    /// What other nodes are to be told.
    published: Vec<cluster::Change>,
    wake_at: Option<Millis>,
    /// Those whom another node has taken over, and those of whom the app is told nothing more. Only in a cluster.
    elsewhere: Option<Box<Elsewhere>>,
}

#[derive(Default)]
struct Elsewhere {
    taken_over: Vec<MemberId>,
    /// Those of them who still waited to be let in.
    waited: Vec<Waiting>,
    lost: Vec<Present>,
}

impl Aftermath {
    fn visit_of(&mut self, member: &MemberId) -> Option<Arc<dyn VisitHooks>> {
        // It is said of each when it has just entered.
        let at = self.visits.iter().rposition(|(entered, _)| entered == member)?;
        Some(self.visits.swap_remove(at).1)
    }
}

/// How a join goes on.
pub(crate) enum Joining {
    /// It is a member, for whom this is to be done.
    Done(Vec<Act>),
    /// It is let in at the room's next tick, unless it ends before. The room goes on with it then.
    Waits,
}

/// A member's new socket, what its client presents on it, and the highest id received of what that has said, where it is known.
pub(crate) struct Arrival {
    pub(crate) line: Arc<Line>,
    pub(crate) resume: Resume,
    pub(crate) acked: Option<u64>,
}

/// Why a join did not happen.
pub(crate) enum JoinError {
    /// The room was given up; ask the hub for it again.
    Abandoned,
    Refused(Refused),
}

/// What became of a room that somebody left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a room that nobody is in any more is to be forgotten"]
pub(crate) enum Left {
    /// Somebody is still in it.
    GoesOn,
    /// Nobody is in it, and nobody can join it any more.
    Abandoned,
}

impl State {
    /// Whether somebody may come back and ask for what is said now.
    fn keeps(&self) -> bool {
        self.sessions.as_ref().is_some_and(|sessions| sessions.keeps())
    }

    fn keep(&mut self, seq: u64, to: To, frame: &Bytes) {
        self.sessions.iter_mut().for_each(|sessions| sessions.keep(seq, to.clone(), frame.clone()));
    }
}

impl LiveRoom {
    /// A room whose members have these sockets. Of those who have none this is kept.
    pub(crate) fn new(
        topic: Topic,
        engine: RoomEngine,
        limits: Arc<Limits>,
        (lines, absent): (HashMap<MemberId, Arc<Line>>, BTreeMap<MemberId, Kept>),
        seat: Option<BoxedSeat>,
        process: &Arc<Process>,
    ) -> Arc<Self> {
        let id = process.new_room_id();
        let mut transports = Transports::new(id);
        lines.values().for_each(|line| transports.enter(line));
        let mut held = Holding::nothing(process.memory());
        held.set(engine.roster().listed_bytes());
        // One that is restored has its members already.
        let has_begun = seat.is_none();
        let (wakes, sessions) = (Wakes::default(), RoomSessions::new(process, &limits));
        let (lobby, returning, presented) = (BTreeMap::new(), BTreeMap::new(), None);
        let words = engine.is_kept_in_broker().then(Box::default);
        let state = State {
            engine,
            lines,
            absent,
            lobby,
            returning,
            transports,
            wakes,
            sessions,
            words,
            presented,
            held,
            expected: None,
            has_begun,
            abandoned: false,
        };
        let process = Arc::clone(process);
        let (traffic, taps) = (Traffic::default(), RoomTaps::default());
        traffic.hold(state.engine.roster().len(), state.lines.len());
        Arc::new(Self { topic, id, process, limits, seat, traffic, taps, state: Mutex::new(state) })
    }

    pub(crate) fn id(&self) -> RoomId {
        self.id
    }

    pub(crate) fn topic(&self) -> &Topic {
        &self.topic
    }

    /// What went through it, which is read without its lock.
    pub(crate) fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// Who watches it.
    pub(crate) fn taps(&self) -> &RoomTaps {
        &self.taps
    }

    /// What a member's client has said is about to be handled. Under no lock.
    pub(crate) fn receive(&self, seen: &Seen<'_>) {
        self.traffic.receive(seen.bytes);
        if self.taps.are_open() {
            self.tell_taps(seen);
        }
    }

    /// Takes somebody in. `came`: its client was a member of another process.
    pub(crate) fn join(
        self: &Arc<Self>,
        (mut newcomer, visit): (Newcomer, Option<Arc<dyn VisitHooks>>),
        (line, came): (&Arc<Line>, Option<Came>),
        entrant: &Arc<dyn Entrant>,
    ) -> Result<Joining, JoinError> {
        let member = newcomer.member.clone();
        let mut state = lock(&self.state);
        if state.abandoned {
            return Err(JoinError::Abandoned);
        }
        state.has_begun = true;
        if let (Some(came), Some(seat)) = (&came, self.seat()) {
            came.goes_on(&mut newcomer, &state.engine, seat);
        }
        let effects = self.effects_of(&mut state, Input::Join(newcomer)).map_err(JoinError::Refused)?;
        if state.engine.is_waiting(&member) {
            // Nothing that is for the room is for it yet.
            let (line, entrant) = (Arc::clone(line), Arc::clone(entrant));
            state.lobby.insert(member, Waiting { line, visit, came, entrant });
            let aftermath = self.deliver_all(&mut state, effects, Aftermath::default());
            drop(state);
            self.finish(aftermath);
            return Ok(Joining::Waits);
        }
        let acts = entrant.enter(self);
        state.lines.insert(member.clone(), Arc::clone(line));
        state.presented = came.map(|came| Box::new(Presented::Foreign { came, entrant: Arc::clone(entrant) }));
        let visits = visit.into_iter().map(|visit| (member.clone(), visit)).collect();
        let aftermath = self.deliver_all(&mut state, effects, Aftermath { visits, ..Aftermath::default() });
        // What the room was sent before the snapshot is not for it, and neither is its own join.
        state.transports.enter(line);
        drop(state);
        self.process.member_joined();
        self.finish(aftermath);
        Ok(Joining::Done(acts))
    }

    /// Somebody looks into it, and may join it. `false`: it was given up; ask the hub for it again.
    pub(crate) fn expect(&self) -> bool {
        let mut state = lock(&self.state);
        if !state.abandoned {
            let top = state.engine.seq();
            state.expected.get_or_insert_default().count += 1;
            state.sessions.iter_mut().for_each(|sessions| sessions.expect(top));
        }
        !state.abandoned
    }

    /// One who looked into it is done.
    pub(crate) fn expect_no_more(&self) -> Left {
        let mut state = lock(&self.state);
        if let Some(expected) = &mut state.expected {
            expected.count -= 1;
            if expected.count == 0 {
                state.expected = None;
            }
            state.sessions.iter_mut().for_each(|sessions| sessions.expect_no_more());
        }
        drop(state);
        self.abandon_if_empty()
    }

    /// Is ready when it is known who is in at other nodes, for one who is expected.
    pub(crate) async fn knows_others(&self) {
        self.becomes(|room| !room.awaits_others()).await;
    }

    /// Is ready when it is known whose that token is, for one who is expected.
    pub(crate) async fn knows(&self, token: TokenHash) {
        self.becomes(|room| room.holder_of(token).is_some()).await;
    }

    /// Is ready when that member is not at that node any more, for one who is expected.
    pub(crate) async fn moves(&self, member: &MemberId, from: NodeId) {
        self.becomes(|room| room.roster().find(member).is_none_or(|entry| entry.node != from)).await;
    }

    /// Is ready when all that another node has heard is heard here, too, for one who is expected.
    pub(crate) async fn hears(&self, there: &[Heard]) {
        self.becomes(|room| room.has_heard(there)).await;
    }

    /// Gives a member away that another node wants, whose client presents this token and has seen so much: from here on it is silent,
    /// and the others here are told nothing. `be_silent` is asked under the room's lock for what its client has said; `None`: it is no
    /// member any more.
    pub(crate) fn release(
        self: &Arc<Self>,
        member: &MemberId,
        (token, seen): (TokenHash, u64),
        be_silent: impl FnOnce() -> Option<Option<KeptSaid>>,
    ) -> Option<Released> {
        let seat = self.seat()?;
        let mut state = lock(&self.state);
        let top = state.engine.seq();
        let (missed, is_known_to_client) = state.sessions.as_ref()?.release(member, (token, seen), top)?;
        let said = be_silent()?.filter(|_| is_known_to_client);
        let effects = self.effects_of(&mut state, Input::Release { member: member.clone() }).ok()?;
        let present = state.engine.given(member)?;
        let is_known = !state.engine.has_relayed(self.process.now());
        let fits = |missed: &Vec<MissedFrame>| missed.iter().all(|missed| seat.takes(missed.frame.size()));
        let missed = missed.filter(|missed| is_known && fits(missed));
        let released = Released { present, said, top, missed, heard: state.engine.heard() };
        if let Some(line) = state.lines.remove(member) {
            state.transports.exit(&line);
        }
        state.returning.remove(member);
        state.sessions.iter_mut().for_each(|sessions| sessions.set_away(member, true));
        let aftermath = self.deliver_all(&mut state, effects, Aftermath::default());
        drop(state);
        self.finish(aftermath);
        Some(released)
    }

    async fn becomes(&self, is_so: impl Fn(&RoomEngine) -> bool) {
        poll_fn(|cx| {
            let mut state = lock(&self.state);
            if is_so(&state.engine) {
                return Poll::Ready(());
            }
            state.expected.iter_mut().for_each(|expected| expected.waiting.push(cx.waker().clone()));
            Poll::Pending
        })
        .await;
    }

    /// Whether this token is good for that member.
    pub(crate) fn takes(&self, member: &MemberId, token: Token) -> bool {
        lock(&self.state).sessions.as_ref().is_some_and(|sessions| sessions.takes(member, token))
    }

    /// Takes a member out, or out of the lobby.
    pub(crate) fn leave(self: &Arc<Self>, member: &MemberId) -> Left {
        self.take_out(lock(&self.state), member)
    }

    /// Takes somebody out of the lobby. `None`: it is not there, but is a member, or left long ago.
    pub(crate) fn withdraw(self: &Arc<Self>, member: &MemberId) -> Option<Left> {
        let state = lock(&self.state);
        // Under the room's lock, so it cannot be let in at the same time.
        let waits = state.lobby.contains_key(member);
        waits.then(|| self.take_out(state, member))
    }

    /// A member has lost its socket, and is kept for a while: `until` then, which is asked under the room's lock. `None`: it is
    /// back already, and that may have been told first.
    pub(crate) fn away(self: &Arc<Self>, member: &MemberId, until: impl FnOnce() -> Option<Millis>) {
        let mut state = lock(&self.state);
        let Some(until) = until() else { return };
        state.returning.remove(member);
        if let Some(line) = state.lines.remove(member) {
            state.transports.exit(&line);
            let kept = self.process.keeper().and_then(|keeper| line.forget(keeper));
            let is_in = state.engine.roster().find(member).is_some();
            if let Some(mut kept) = kept.filter(|_| is_in) {
                // It is held with what the engine says of it next.
                kept.until = Some(until);
                state.absent.insert(member.clone(), kept);
            }
        }
        state.sessions.iter_mut().for_each(|sessions| sessions.set_away(member, true));
        self.carry_out(state, Input::Away { member: member.clone() });
    }

    /// A member has a new socket, which is first sent the whole room, and what it missed: at once, or in a large room at its tick. It
    /// is asked under the room's lock whether that is still so: its socket may be gone again, or it has a newer one, and that was
    /// told first.
    pub(crate) fn back(self: &Arc<Self>, member: &MemberId, returner: &Arc<dyn Returner>) {
        let mut state = lock(&self.state);
        if !returner.is_back() {
            return;
        }
        let Ok(effects) = self.effects_of(&mut state, Input::Return { member: member.clone() }) else {
            // It has left in the meantime.
            let arrival = returner.arrival().zip(self.process.keeper());
            let _gone = arrival.and_then(|(Arrival { line, .. }, keeper)| line.forget(keeper));
            return;
        };
        // Nothing that is for the room is for the socket before it any more, nor for the new one yet.
        let before = state.lines.remove(member);
        before.iter().for_each(|before| state.transports.exit(before));
        state.sessions.iter_mut().for_each(|sessions| sessions.set_away(member, false));
        state.returning.insert(member.clone(), Arc::clone(returner));
        let waits = state.engine.is_returning(member);
        let line = if waits { None } else { self.reach(&mut state, member, before.as_ref()) };
        let aftermath = self.deliver_all(&mut state, effects, Aftermath::default());
        line.into_iter().for_each(|line| state.transports.enter(&line));
        drop(state);
        self.finish(aftermath);
    }

    /// A member that is back has its new socket from here on, and is next sent its snapshot.
    fn reach(&self, state: &mut State, member: &MemberId, before: Option<&Arc<Line>>) -> Option<Arc<Line>> {
        let returner = state.returning.remove(member)?;
        // It may be away again, and about to say so.
        let Arrival { line, resume, acked } = returner.arrival()?;
        if let Some(keeper) = self.process.keeper() {
            let absent = state.absent.remove(member);
            absent.iter().for_each(|_| keeper.let_go(member));
            if let Some(kept) = absent.or_else(|| before?.forget(keeper)) {
                line.keep(keeper, |now| now.take_over_from(kept));
            }
        }
        state.lines.insert(member.clone(), Arc::clone(&line));
        state.presented = Some(Box::new(Presented::Resume { resume, acked, returner }));
        Some(line)
    }

    /// Keeps what `change` makes of what is kept of a member without a socket.
    pub(crate) fn keep_absent(&self, member: &MemberId, change: impl FnOnce(&mut Kept)) {
        let mut state = lock(&self.state);
        if let (Some(kept), Some(keeper)) = (state.absent.get_mut(member), self.process.keeper()) {
            change(kept);
            hold(keeper, kept);
        }
    }

    /// What let in a member that has no socket now, in a process that may be put away.
    pub(crate) fn admitted_absent(&self, member: &MemberId) -> Option<Admitted> {
        lock(&self.state).absent.get(member).map(|kept| kept.admitted.clone())
    }

    /// The sessions of these members go on. Of those who are away the first has been for the longest.
    pub(crate) fn restore_sessions<'a>(&self, kept: impl Iterator<Item = (&'a MemberId, &'a Kept)>) {
        let mut state = lock(&self.state);
        let top = state.engine.seq();
        let Some(sessions) = &mut state.sessions else { return };
        for (member, kept) in kept {
            if let Some(session) = kept.session {
                sessions.restore(member, session, top);
            }
            sessions.set_away(member, kept.until.is_some());
        }
    }

    /// Whether anybody in it may be away.
    pub(crate) fn has_sessions(&self) -> bool {
        room_sessions::are_kept(&self.limits)
    }

    /// Who has been away for the longest, where somebody is: it is to be let go for somebody else.
    pub(crate) fn take_longest_away(&self) -> Option<MemberId> {
        lock(&self.state).sessions.as_mut()?.take_longest_away()
    }

    /// The app removes a member, and nobody comes back for it.
    pub(crate) fn bar(self: &Arc<Self>, member: &MemberId) {
        let mut state = lock(&self.state);
        state.sessions.iter_mut().for_each(|sessions| sessions.bar(member, &self.topic));
        self.arm(&mut state);
    }

    /// Tells a member up to where what it said was handled. `up_to` is asked only where it has a socket.
    pub(crate) fn acknowledge(&self, member: &MemberId, up_to: impl FnOnce() -> Option<u64>) {
        let state = lock(&self.state);
        let Some(line) = state.lines.get(member) else { return };
        if let Some(id) = up_to() {
            line.push(encode::ack(id, Some(state.engine.seq())));
        }
    }

    /// Does what the app says. For a member who has left it does nothing, and that is no error: a connection may go at any
    /// moment.
    pub(crate) fn tell(self: &Arc<Self>, input: Input) -> Result {
        self.tell_and_follow(input, None).map(drop)
    }

    /// The same, of what a hook of that member says: [what became of it](Self::words_of) is the member's to hear.
    pub(crate) fn tell_as(self: &Arc<Self>, member: &MemberId, input: Input) -> Result {
        self.tell_and_follow(input, Some(member)).map(drop)
    }

    /// What a member's hooks have said of which it is not known yet whether the broker has it, where that keeps the room's history.
    /// Each is asked for once.
    pub(crate) fn words_of(&self, member: &MemberId) -> Vec<oneshot::Receiver<bool>> {
        if self.seat.is_none() {
            return Vec::new();
        }
        lock(&self.state).words.as_mut().map_or_else(Vec::new, |words| words.take(member))
    }

    /// Has the broker asked what was said, where it keeps that.
    pub(crate) fn find_out_what_was_said(self: &Arc<Self>) {
        let state = lock(&self.state);
        if state.words.is_some() {
            self.carry_out(state, Input::History(HistoryNews::Missed));
        }
    }

    /// Where the broker keeps what is said: what comes of this, unless it is a member's to hear.
    pub(crate) fn tell_and_follow(
        self: &Arc<Self>,
        input: Input,
        by: Option<&MemberId>,
    ) -> Result<Option<oneshot::Receiver<bool>>> {
        let limit = self.process.limits().transport_bytes;
        if let (Some(seat), Some(msg)) = (&self.seat, self.said_to_others(&input)) {
            seat.may_say(&self.topic, msg)?;
        }
        let mut state = lock(&self.state);
        self.may_be_shown(&state.engine, &input)?;
        let says = matches!(
            input,
            Input::Broadcast { .. } | Input::Relayed { .. } | Input::LastWords { .. } | Input::Send { .. }
        );
        if says && state.transports.are_overloaded(limit) {
            self.process.hit(Bound::TransportBytes, limit);
            return Err(overloaded(limit));
        }
        match self.handle(&mut state, input) {
            Ok(aftermath) => {
                let told = if says && self.seat.is_some() { follow(&mut state, by) } else { None };
                drop(state);
                self.finish(aftermath);
                Ok(told)
            }
            Err(Refused::NotIn) => Ok(None),
            Err(refused) => {
                self.process.hit_refused(&refused);
                Err(Error::refused(refused))
            }
        }
    }

    /// What goes to the broker: what one member is told, too, where that keeps all that is said.
    fn said_to_others<'a>(&self, input: &'a Input) -> Option<&'a Json> {
        match input {
            Input::Broadcast { msg, .. } | Input::LastWords { msg, .. } => Some(msg),
            Input::Send { msg, .. } | Input::Relayed { msg } if is_in_broker(&self.limits) => Some(msg),
            _ => None,
        }
    }

    /// Whether what a member is to show fits into what other nodes are told at once, with what it shows already.
    fn may_be_shown(&self, engine: &RoomEngine, input: &Input) -> Result {
        let (Some(seat), Input::SetPresence { member, .. } | Input::SetInfo { member, .. }) = (&self.seat, input)
        else {
            return Ok(());
        };
        let entry = engine.roster().find(member);
        let user = entry.and_then(|entry| entry.user.as_ref());
        let (info, state) = match input {
            Input::SetInfo { info, .. } => (info.clone(), entry.and_then(Row::state)),
            Input::SetPresence { state, .. } => (entry.and_then(Row::info), state.clone()),
            _ => return Ok(()),
        };
        seat.may_show(&self.topic, Shown { user, info: info.as_ref(), state: state.as_ref() })
    }

    /// Tells all states again, because nobody knows which were told.
    pub(crate) fn catch_up(self: &Arc<Self>) {
        self.carry_out(lock(&self.state), Input::TellAll);
    }

    /// From here on nobody is told that others leave.
    pub(crate) fn drain(self: &Arc<Self>) {
        self.carry_out(lock(&self.state), Input::Drain);
    }

    /// Another process takes it over.
    pub(crate) fn put_away(&self) {
        let mut state = lock(&self.state);
        state.lines.clear();
        state.absent.clear();
        state.returning.clear();
        state.sessions = None;
        state.held.set(0);
        state.transports = Transports::new(self.id);
    }

    /// Another process has told the app that the user of this member came.
    pub(crate) fn go_on_with(&self, member: &MemberId, visit: impl FnOnce(&UserId) -> Arc<dyn VisitHooks>) {
        let Some(user) = self.read(|room| room.roster().find(member)?.user.clone()) else { return };
        let visit = visit(&user);
        // Under the room's lock, so that nobody says meanwhile that it went.
        let untold = self.read(|room| {
            let is_in = room.roster().find(member).is_some();
            is_in.then(|| self.process.users().restored(&self.topic, &user, visit))
        });
        untold.into_iter().for_each(|untold| self.process.tell_of_users(untold));
    }

    /// Every user in it once, those too who linger, and whether nobody is in.
    pub(crate) fn users(&self) -> (Vec<User>, bool) {
        let state = lock(&self.state);
        let mut users = roster::by_user(state.engine.roster());
        // Under the room's lock, so that nobody is between the two.
        users.extend(roster::lingering(self.process.users().lingering_in(&self.topic)));
        users.extend(roster::lingering(state.engine.lingering()));
        (users, state.engine.is_empty())
    }

    /// Where its users are those of several nodes: this one is removed, and not waited for. Says whether it was waited for.
    pub(crate) fn forgo(self: &Arc<Self>, user: &UserId) -> bool {
        let (concerns, lingered) = self.read(|room| (room.concerns(user), room.lingering().contains(user)));
        if concerns {
            self.carry_out(lock(&self.state), Input::Forgo { user: user.clone() });
        }
        lingered
    }

    /// Whether that member is one of this node's.
    pub(crate) fn has_own(&self, member: &MemberId) -> bool {
        self.node_of(member).is_some_and(|node| node.is_none())
    }

    /// Where a member is: at another node, or at this one. `None`: there is no such member.
    pub(crate) fn node_of(&self, member: &MemberId) -> Option<Option<NodeId>> {
        self.read(|room| {
            let node = room.roster().find(member)?.node;
            Some(Some(node).filter(|node| *node != room.node()))
        })
    }

    /// A message to all of a user's members that are this node's: says to how many.
    pub(crate) fn tell_user(self: &Arc<Self>, user: &UserId, msg: &Json) -> Result<u64> {
        let own: Vec<_> = self.read(|room| {
            let its = |entry: &&Row| entry.node == room.node() && entry.user.as_ref() == Some(user);
            room.roster().iter().filter(its).map(|entry| entry.member.clone()).collect()
        });
        for to in &own {
            self.tell(Input::Send { to: to.clone(), msg: msg.clone() })?;
        }
        Ok(own.len() as u64)
    }

    /// Every user that this node answers for, those too who linger.
    pub(crate) fn users_answered_for(&self) -> Vec<UserThere> {
        self.read(|room| roster::users_there(room.answered_for(), room.lingering()))
    }

    /// Its place in the cluster.
    pub(crate) fn seat(&self) -> Option<&Seat> {
        self.seat.as_deref()
    }

    /// Gives it up if nobody is in it.
    pub(crate) fn abandon_if_empty(&self) -> Left {
        let mut state = lock(&self.state);
        if state.engine.is_empty() && state.expected.is_none() && !state.abandoned {
            state.abandoned = true;
            self.seat.iter().for_each(|seat| seat.close());
            return Left::Abandoned;
        }
        Left::GoesOn
    }

    /// Whether that member is held here, without a socket.
    pub(crate) fn holds(&self, member: &MemberId) -> bool {
        lock(&self.state).absent.contains_key(member)
    }

    /// Whether this is the socket of that member.
    pub(crate) fn has(&self, member: &MemberId, line: &Arc<Line>) -> bool {
        lock(&self.state).lines.get(member).is_some_and(|found| Arc::ptr_eq(found, line))
    }

    /// Reads the roster.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&RoomEngine) -> T) -> T {
        read(&lock(&self.state).engine)
    }

    /// Bytes of what it says of this member.
    pub(crate) fn held_for(&self, member: &MemberId) -> usize {
        let size = |json: Option<Json>| json.as_ref().map_or(0, Json::size);
        self.read(|room| room.roster().find(member).map_or(0, |row| size(row.info()) + size(row.state())))
    }

    fn take_out(self: &Arc<Self>, mut state: MutexGuard<'_, State>, member: &MemberId) -> Left {
        // Not dropped under the lock: it may hold the last of the app's hooks.
        let waited = state.lobby.remove(member);
        state.returning.remove(member);
        if let (Some(_), Some(keeper)) = (state.absent.remove(member), self.process.keeper()) {
            keeper.let_go(member);
        }
        if let Some(line) = state.lines.remove(member) {
            state.transports.exit(&line);
        }
        let Ok(aftermath) = self.handle(&mut state, Input::Leave { member: member.clone() }) else {
            return Left::GoesOn;
        };
        state.sessions.iter_mut().for_each(|sessions| sessions.end(member));
        self.arm(&mut state);
        drop(state);
        if waited.is_none() {
            self.process.member_left();
        }
        let_go(waited);
        self.finish(aftermath);
        self.abandon_if_empty()
    }

    fn carry_out(self: &Arc<Self>, mut state: MutexGuard<'_, State>, input: Input) {
        // A refusal means that it came too late, and nothing is to be done.
        if let Ok(aftermath) = self.handle(&mut state, input) {
            drop(state);
            self.finish(aftermath);
            self.end_if_settled();
        }
    }

    /// Takes the messages out of what another node says where the sockets are behind: nobody there can be made to wait. They are
    /// counted, and told to be missing.
    fn take_unheard(&self, state: &State, input: &mut Input) -> Option<Input> {
        let limit = self.process.limits().transport_bytes;
        let Input::Remote { node, news: cluster::News::Changes(changes) } = input else { return None };
        let before = changes.len();
        if !changes.iter().any(cluster::Change::is_message) || !state.transports.are_overloaded(limit) {
            return None;
        }
        changes.retain(|change| !change.is_message());
        let messages = (before - changes.len()) as u64;
        self.process.hit(Bound::TransportBytes, limit);
        metrics::unheard(messages);
        Some(Input::Remote { node: node.clone(), news: cluster::News::Unheard { messages } })
    }

    /// In a cluster a room outlives its last member while it sees to those of a node that is lost, so nobody's leave ends it.
    fn end_if_settled(self: &Arc<Self>) {
        let Some(seat) = &self.seat else { return };
        // Who has made it is about to join it.
        if lock(&self.state).has_begun && self.abandon_if_empty() == Left::Abandoned {
            seat.forget(&self.topic, self.id);
        }
    }

    /// Has the room let go in time of what it keeps of what was said.
    fn arm(self: &Arc<Self>, state: &mut State) {
        let Some(sessions) = &mut state.sessions else { return };
        sessions.arm(|at| {
            let (room, sleep) = (Arc::downgrade(self), self.process.sleep_until(at));
            let (timer, abort) = abortable(async move {
                sleep.await;
                if let Some(room) = room.upgrade() {
                    let mut state = lock(&room.state);
                    state.sessions.iter_mut().for_each(|sessions| sessions.let_go());
                    room.arm(&mut state);
                }
            });
            self.process.wait(timer.map(|_over_or_aborted| ()));
            abort
        });
    }

    fn handle(self: &Arc<Self>, state: &mut State, input: Input) -> Result<Aftermath, Refused> {
        let effects = self.effects_of(state, input)?;
        Ok(self.deliver_all(state, effects, Aftermath::default()))
    }

    fn effects_of(&self, state: &mut State, input: Input) -> Result<Vec<Effect>, Refused> {
        // Made anew each time: memory that is kept for it would count for each idle room.
        let mut effects = Vec::new();
        state.engine.handle(input, self.process.now(), &mut effects)?;
        state.held.set(state.engine.roster().listed_bytes());
        Ok(effects)
    }

    fn deliver_all(self: &Arc<Self>, state: &mut State, effects: Vec<Effect>, mut aftermath: Aftermath) -> Aftermath {
        for effect in effects {
            self.deliver(state, effect, &mut aftermath);
        }
        if let Some(seat) = &self.seat {
            self.publish_sessions(state, &mut aftermath);
            let changes = std::mem::take(&mut aftermath.published);
            if !changes.is_empty() {
                seat.publish(changes);
            }
        }
        aftermath.wake_at = state.wakes.start(state.engine.next_wake());
        self.arm(state);
        self.traffic.hold(state.engine.roster().len(), state.lines.len());
        aftermath
    }

    /// Tells other nodes by what they know the tokens of those who were given new ones.
    fn publish_sessions(&self, state: &mut State, aftermath: &mut Aftermath) {
        for member in std::mem::take(&mut aftermath.renewed) {
            let session = state.sessions.as_ref().and_then(|sessions| sessions.hash(&member));
            let mut effects = Vec::new();
            // It may have left with the same input.
            if state.engine.handle(Input::Session { member, session }, self.process.now(), &mut effects).is_ok() {
                let published = effects.into_iter().filter_map(|effect| match effect {
                    Effect::Publish { changes } => Some(changes),
                    _ => None,
                });
                aftermath.published.extend(published.flatten());
            }
        }
    }

    /// The one place where effects become bytes for sockets.
    fn deliver(self: &Arc<Self>, state: &mut State, effect: Effect, aftermath: &mut Aftermath) {
        if self.taps.are_open() {
            tapped::each_of(&effect, |seen| self.tell_taps(&seen));
        }
        match effect {
            Effect::Entered { member } => {
                if let Some(Waiting { line, visit, came, entrant }) = state.lobby.remove(&member) {
                    let acts = entrant.enter(self);
                    state.transports.enter(&line);
                    state.lines.insert(member.clone(), line);
                    let presented = |came| Box::new(Presented::Foreign { came, entrant: Arc::clone(&entrant) });
                    state.presented = came.map(presented);
                    aftermath.visits.extend(visit.map(|visit| (member, visit)));
                    aftermath.entered.push((entrant, acts));
                }
            }
            Effect::Returned { member } => {
                let returner = state.returning.get(&member).cloned();
                if let (Some(line), Some(returner)) = (self.reach(state, &member, None), returner) {
                    state.transports.enter(&line);
                    aftermath.returned.push(returner);
                }
            }
            Effect::Snapshot { to, listing, seq } => {
                self.deliver_snapshot(state, &to, &listing, seq);
                if self.seat.is_some() {
                    aftermath.renewed.push(to);
                }
            }
            Effect::Membership { changes, .. } => deliver_membership(state, &changes, &self.traffic),
            Effect::Presence { updates } => deliver_presence(state, updates, &self.traffic),
            Effect::Said { seq, from, to, msg } => {
                deliver_said(state, (seq, from.as_ref(), &to, &msg), &self.traffic);
            }
            Effect::Told { seq, to, msg } => deliver_told(state, (seq, &to, &msg), &self.traffic),
            Effect::Publish { changes } => aftermath.published.extend(changes),
            Effect::Append { word, until } => {
                let Some(seat) = &self.seat else { return };
                // The broker has these first.
                let before = std::mem::take(&mut aftermath.published);
                if !before.is_empty() {
                    seat.publish(before);
                }
                seat.append(word, until, known(&state.engine), &self.limits);
            }
            Effect::ReadHistory { .. } => {
                self.seat.iter().for_each(|seat| seat.read_history(known(&state.engine), &self.limits));
            }
            Effect::Settled { number, is_taken } if self.seat.is_some() => {
                metrics::word_settled(is_taken);
                state.words.iter_mut().for_each(|words| words.settle(number, is_taken));
            }
            Effect::Recalled { seq, from, to, msg } if self.seat.is_some() => {
                recall(state, (seq, from.as_ref(), to, &msg))
            }
            Effect::UserCame { user, .. } if self.seat.is_some() => {
                self.process.users().tell_came(&self.topic, &user, aftermath.untold.get_or_insert_default());
            }
            Effect::UserHere { user, member } => {
                if let Some(visit) = aftermath.visit_of(&member) {
                    self.process.users().here(&self.topic, &user, visit, aftermath.untold.get_or_insert_default());
                }
            }
            Effect::UserMoved { user } => {
                self.process.users().moved(&self.topic, &user, aftermath.untold.get_or_insert_default());
            }
            Effect::Gap { seq } => deliver_gap(state, seq, &self.traffic),
            Effect::TakenOver { member } => {
                if let Some(line) = state.lines.remove(&member) {
                    state.transports.exit(&line);
                }
                state.returning.remove(&member);
                state.sessions.iter_mut().for_each(|sessions| sessions.end(&member));
                let elsewhere = aftermath.elsewhere.get_or_insert_default();
                elsewhere.waited.extend(state.lobby.remove(&member));
                elsewhere.taken_over.push(member);
            }
            Effect::LostMembers { members } => {
                aftermath.elsewhere.get_or_insert_default().lost.extend(members);
            }
            Effect::UserCame { user, member } => {
                if let Some(visit) = aftermath.visit_of(&member) {
                    self.process.users().came(&self.topic, &user, visit, aftermath.untold.get_or_insert_default());
                }
            }
            Effect::UserWent { user } => {
                // In a cluster the room itself lingers for its users, who may be back at another node.
                let linger_ms = if self.seat.is_some() { 0 } else { self.limits.user_linger_ms };
                let lingers = (self.process.now(), linger_ms);
                self.process.users().went(&self.topic, &user, lingers, aftermath.untold.get_or_insert_default());
            }
            Effect::Keep(kept) => {
                let Some(keeper) = self.process.keeper() else { return };
                let State { lines, absent, engine, .. } = state;
                if let Some(line) = lines.get(&kept.member) {
                    line.keep_member(keeper, engine.epoch(), kept);
                } else if let Some(held) = absent.get_mut(&kept.member) {
                    held.member = Some(KeptMember { epoch: engine.epoch().to_owned(), member: kept });
                    hold(keeper, held);
                }
            }
            // The engine and this crate are of one version.
            _ => tracing::error!("an effect of the engine's is not known here"),
        }
    }

    fn deliver_snapshot(&self, state: &mut State, to: &MemberId, listing: &Listing, seq: u64) {
        let presented = state.presented.take().map(|presented| *presented);
        let Some(line) = state.lines.get(to) else { return };
        let sessions = state.sessions.as_mut().filter(|_| line.dialect() == Dialect::V1);
        let (session, missed, retold) = sessions.map_or((None, Vec::new(), None), |sessions| {
            let ((facts, missed), retold) = match presented {
                Some(Presented::Resume { resume, acked, returner }) => {
                    (sessions.resume(to, resume, acked, seq), Some(Retold::To(returner)))
                }
                Some(Presented::Foreign { came, entrant }) => {
                    let from = self.seat().and_then(|seat| came.released(seat));
                    let acked = from.and_then(FromNode::acked);
                    let retold = from.map(|_| Retold::ToNew(entrant));
                    match (state.engine.entered(to).filter(|_| state.words.is_some()), from) {
                        (Some(entered), _) => (sessions.go_on(to, (came.resume, acked), entered, seq), retold),
                        (None, Some(from)) => {
                            let (heard, now) = (&from.released.heard, self.process.now());
                            let beyond = state.engine.heard_beyond(heard).filter(|_| !state.engine.has_relayed(now));
                            let missed = from.carried().zip(beyond);
                            (sessions.carry_over(to, (came.resume.token, acked), missed, seq), retold)
                        }
                        (None, None) => ((sessions.begin(to, Some(came.resume.token), seq), Vec::new()), None),
                    }
                }
                None => ((sessions.begin(to, None, seq), Vec::new()), None),
            };
            if let (Some(keeper), Some(session)) = (self.process.keeper(), sessions.kept(to)) {
                line.keep(keeper, |kept| kept.session = Some(session));
            }
            let seal = self.process.seal_for(&self.topic, &state.engine, (to, facts.token), &self.limits);
            (Some(SessionFacts { seal, ..facts }), missed, retold)
        });
        let list = match line.dialect() {
            Dialect::Plain => &listing.plain,
            Dialect::V1 => &listing.v1,
        };
        let facts = SnapshotFacts { seq, epoch: state.engine.epoch(), limits: &self.limits, session };
        let frame = encode::snapshot(line.dialect(), to, list, facts);
        metrics::delivered(1 + missed.len());
        for frame in std::iter::once(frame).chain(missed) {
            self.traffic.deliver(1, frame.len());
            line.deliver(Delivery::Private { to: line.connection(), frame });
        }
        line.greet();
        // Asked now: what fails from here on is told by whoever sees it fail.
        let retold = match retold {
            Some(Retold::To(returner)) => returner.retold(seq),
            Some(Retold::ToNew(entrant)) => entrant.retold(seq),
            None => Vec::new(),
        };
        retold.into_iter().for_each(|frame| line.push(frame));
    }

    fn tell_taps(&self, seen: &Seen<'_>) {
        let (limits, now) = (self.process.limits(), self.process.now());
        if self.taps.tell(seen, limits, now) > 0 {
            self.process.hit(Bound::TapBytes, limits.tap_bytes);
        }
    }

    fn finish(self: &Arc<Self>, aftermath: Aftermath) {
        for (entrant, acts) in aftermath.entered {
            self.process.member_joined();
            entrant.begin(acts);
        }
        aftermath.returned.into_iter().for_each(Returner::greeted);
        if let Some(untold) = aftermath.untold {
            self.process.tell_of_users(untold);
        }
        let_go(aftermath.visits);
        if let Some(elsewhere) = aftermath.elsewhere {
            self.finish_elsewhere(*elsewhere);
        }
        if let Some(at) = aftermath.wake_at {
            self.wake_at(at);
        }
    }

    fn finish_elsewhere(self: &Arc<Self>, Elsewhere { taken_over, waited, lost }: Elsewhere) {
        if let Some(seat) = &self.seat {
            taken_over.iter().for_each(|member| seat.give_up(member));
        }
        let_go(waited);
        if !lost.is_empty() {
            self.mourn(lost);
        }
    }

    /// The app is told of each who died with its node in a task of its own, so that a hook that hangs keeps nobody else from being told
    /// of. The other nodes are told when it was: where this one dies before, one of them tells it.
    fn mourn(self: &Arc<Self>, lost: Vec<Present>) {
        let Some(seat) = &self.seat else { return };
        if !seat.mourner().is_told(&self.topic) {
            return self.mourned(lost.into_iter().map(|lost| lost.member).collect());
        }
        for lost in lost {
            let (room, member) = (Arc::clone(self), lost.member.clone());
            let telling = seat.mourner().tell(self.topic.clone(), lost);
            self.process.spawn(cork::corked(telling.map(move |()| room.mourned(vec![member]))));
        }
    }

    fn mourned(self: &Arc<Self>, members: Vec<MemberId>) {
        self.carry_out(lock(&self.state), Input::Mourned { members });
    }

    fn wake_at(self: &Arc<Self>, at: Millis) {
        if let Some(keeper) = self.process.keeper() {
            keeper.wake_by(at);
        }
        let (room, sleep) = (Arc::downgrade(self), self.process.sleep_until(at));
        let wake = async move {
            sleep.await;
            if let Some(room) = room.upgrade() {
                room.wake(at);
            }
        };
        // In a cluster a room may be woken for what is long after the last member, and a process that stops waits for no such thing.
        if self.seat.is_some() {
            self.process.wait(wake);
        } else {
            self.process.spawn(wake);
        }
    }

    /// Wakes the engine at the time that it asked for. Where the sockets are behind, it is woken a tick later: until then the
    /// engine keeps only the latest states, and in a queue there would be all of them.
    fn wake(self: &Arc<Self>, at: Millis) {
        let limits = self.process.limits();
        let mut state = lock(&self.state);
        state.wakes.went_off(at);
        if state.transports.are_overloaded(limits.transport_bytes) {
            let later = state.wakes.start(Some(self.process.now().saturating_add(limits.presence_tick_ms.max(1))));
            drop(state);
            return later.into_iter().for_each(|at| self.wake_at(at));
        }
        self.carry_out(state, Input::Wake);
    }
}

impl RoomInCluster for LiveRoom {
    fn hear(self: Arc<Self>, mut input: Input) {
        let mut state = lock(&self.state);
        if let Some(unheard) = self.take_unheard(&state, &mut input) {
            self.carry_out(state, unheard);
            state = lock(&self.state);
        }
        // Whoever looks into it waits for something that another node says.
        let waiting = state.expected.as_mut().map_or(Vec::new(), |expected| std::mem::take(&mut expected.waiting));
        self.carry_out(state, input);
        waiting.into_iter().for_each(Waker::wake);
    }

    fn is_kept_in_broker(&self) -> bool {
        lock(&self.state).words.is_some()
    }

    fn give_own(&self, give: &mut dyn FnMut(Vec<Present>)) {
        self.read(|engine| give(engine.own()));
    }
}

/// Of what was just said, where the broker is to have it.
fn follow(state: &mut State, by: Option<&MemberId>) -> Option<oneshot::Receiver<bool>> {
    let words = state.words.as_mut()?;
    let told = words.begin(state.engine.last_word());
    match by {
        Some(member) => {
            words.belongs_to(member, told);
            None
        }
        None => Some(told),
    }
}

/// What the broker is known to have of the room.
fn known(room: &RoomEngine) -> Known {
    Known { epoch: room.epoch().into(), seq: room.seq() }
}

/// What was said before this node had the room.
fn recall(state: &mut State, (seq, from, to, msg): (u64, Option<&MemberId>, To, &Json)) {
    if state.keeps() {
        let from = match &to {
            To::Only(to) => to.as_str(),
            _ => from.map_or("", MemberId::as_str),
        };
        let frame = encode::message(from, msg, Some(seq));
        state.keep(seq, to, &frame);
    }
}

fn hold(keeper: &dyn Keeper, kept: &Kept) {
    kept.written(|bytes| keeper.hold(kept.member_id(), bytes));
}

/// Whom it is not for (it is its own join) does not hear the room yet.
fn deliver_membership(state: &State, changes: &[Change], traffic: &Traffic) {
    for frames in fanout::membership(changes, state.transports.spoken()) {
        // Of whom is new here nothing waits that could be overtaken.
        let about = changes.iter().filter(|change| !matches!(change, Change::Joined { .. }));
        let about = about.map(|change| change.member().clone()).collect();
        fan_out(state, (frames, about), None, traffic);
    }
}

fn deliver_presence(state: &State, updates: Vec<Update>, traffic: &Traffic) {
    let spoken = state.transports.spoken();
    // An info alone is told in v1 alone.
    if !spoken.v1 && (!spoken.plain || updates.iter().all(|update| !update.news.has_state())) {
        return;
    }
    let frames = updates.len() * state.lines.len();
    metrics::delivered(frames);
    let updates = Arc::new(SharedUpdates::new(updates, spoken));
    let heard = |dialect| state.transports.listeners(dialect) * updates.bytes_in(dialect);
    traffic.deliver(frames, heard(Dialect::Plain) + heard(Dialect::V1));
    state.transports.to_all(&Delivery::Updates { room: state.transports.room(), updates });
}

fn deliver_said(
    state: &mut State,
    (seq, from, to, msg): (u64, Option<&MemberId>, &Audience, &Json),
    traffic: &Traffic,
) {
    let (spoken, keeps) = (state.transports.spoken(), state.keeps());
    let mut frames = fanout::said(from, msg, seq, Spoken { v1: spoken.v1 || keeps, ..spoken });
    if let (true, Some(frame)) = (keeps, &frames.v1) {
        state.keep(seq, to.into(), frame);
        frames.v1 = frames.v1.filter(|_| spoken.v1);
    }
    let except = match to {
        Audience::Everybody => None,
        Audience::AllBut(member) => state.lines.get(member),
    };
    fan_out(state, (frames, Vec::new()), except, traffic);
}

/// What is kept of messages is not all of them from here on, and v1 clients are told.
fn deliver_gap(state: &mut State, seq: u64, traffic: &Traffic) {
    state.sessions.iter_mut().for_each(|sessions| sessions.lose_up_to(seq));
    if state.transports.spoken().v1 {
        let frame = encode::gap(state.engine.epoch(), seq);
        fan_out(state, (PerDialect { plain: None, v1: Some(frame) }, Vec::new()), None, traffic);
    }
}

fn deliver_told(state: &mut State, (seq, to, msg): (u64, &MemberId, &Json), traffic: &Traffic) {
    if state.keeps() {
        state.keep(seq, To::Only(to.clone()), &encode::message(to.as_str(), msg, Some(seq)));
    }
    let Some(line) = state.lines.get(to) else { return };
    let seq = (line.dialect() == Dialect::V1).then_some(seq);
    let frame = encode::message(to.as_str(), msg, seq);
    traffic.deliver(1, frame.len());
    line.deliver(Delivery::Private { to: line.connection(), frame });
    metrics::delivered(1);
}

/// One frame, about these members, to everybody who hears the room in a dialect that it is in.
fn fan_out(state: &State, (frames, about): (PerDialect, Vec<MemberId>), except: Option<&Arc<Line>>, traffic: &Traffic) {
    let has = |dialect| frames.get(dialect).is_some();
    let spared = |dialect| usize::from(except.is_some_and(|line| line.dialect() == dialect));
    let heard = |dialect| match has(dialect) {
        true => state.transports.listeners(dialect).saturating_sub(spared(dialect)),
        false => 0,
    };
    let (plain, v1) = (heard(Dialect::Plain), heard(Dialect::V1));
    let receivers = plain + v1;
    if receivers == 0 {
        return;
    }
    metrics::delivered(receivers);
    let size = |dialect| frames.get(dialect).map_or(0, Bytes::len);
    traffic.deliver(receivers, plain * size(Dialect::Plain) + v1 * size(Dialect::V1));
    let (room, except) = (state.transports.room(), except.map(|line| line.connection()));
    let frames = Arc::new(SharedFrames::about(frames, about));
    state.transports.to_all(&Delivery::Fanout { room, except, frames });
}

/// The error for what was not sent. If it is this task's own words that wait for the sockets, they go out now.
pub(crate) fn overloaded(limit: usize) -> Error {
    metrics::overloaded();
    cork::let_go();
    ErrorKind::Overloaded { limit }.into_error()
}
