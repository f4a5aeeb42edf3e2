//! What waits for a member's hooks, and where its life stands.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::AbortHandle;
use roomful_core::intake::Refusal;
use roomful_core::life::{Act, Event, Life};
use roomful_core::session::{Arrival, Failure, KeptSaid, Resume, Said};
use roomful_core::{Close, ErrorCode, Json, Limits};

use crate::credentials::Secret;
use crate::hooks::Hooks;
use crate::kept::Kept;
use crate::line::Line;
use crate::memory::{Holding, Memory};
use crate::place::Place;
use crate::wanted::{BoxedWanted, Wanted, boxed};
use crate::{Error, metrics};

/// One thing for the handler.
#[derive(Debug)]
pub(crate) enum Job {
    /// A message from the client.
    Message { msg: Option<Json>, id: Option<u64> },
    /// The client's own presence. In the same queue as its messages, so that the two never change their order.
    Presence { state: Option<Json>, id: Option<u64> },
    /// New credentials from the client.
    Credentials { text: Secret, id: Option<u64> },
    /// An answer that came before what the socket hears first, as a snapshot is. It waits for that.
    Reply(Bytes),
    /// The app is to be told that the socket is lost.
    Away,
    /// The app is to be told that there is one again, or another.
    Return,
    /// Another node wants it.
    Wanted(BoxedWanted),
}

impl Job {
    /// Its number, where its client wants to hear what becomes of it.
    fn id(&self) -> Option<u64> {
        match self {
            Self::Message { id, .. } | Self::Presence { id, .. } | Self::Credentials { id, .. } => *id,
            Self::Reply(_) | Self::Away | Self::Return | Self::Wanted(_) => None,
        }
    }

    /// Whether its client has said it.
    fn is_said(&self) -> bool {
        matches!(self, Self::Message { .. } | Self::Presence { .. } | Self::Credentials { .. })
    }

    fn size(&self) -> usize {
        match self {
            Self::Message { msg: payload, .. } | Self::Presence { state: payload, .. } => {
                payload.as_ref().map_or(0, Json::size)
            }
            Self::Credentials { text: Secret(text), .. } => text.len(),
            Self::Reply(frame) => frame.len(),
            Self::Away | Self::Return | Self::Wanted(_) => 0,
        }
    }
}

/// What a job takes beside its payload.
const PLACE_BYTES: usize = size_of::<Job>();

/// What the handler's task does next.
pub(crate) enum Next {
    Do(Job),
    /// Nothing is left: the task ends, and the next frame, where there is one, starts another.
    Rest,
    /// The end.
    Leave {
        close: Close,
        socket_error: Option<Error>,
    },
}

/// What follows from queueing a frame.
pub(crate) struct Queued {
    /// A task has to be started for it.
    pub(crate) idle: Option<Arc<dyn Hooks>>,
    /// Another frame may be queued.
    pub(crate) has_space: bool,
}

/// One member's queue and its life, under one lock: whether a frame is taken depends on both.
pub(crate) struct Inbox {
    life: Life,
    queue: VecDeque<Job>,
    /// Each job with its place in the queue.
    held: Holding,
    /// Here while no task works for the member. A task that works has them.
    idle: Option<Arc<dyn Hooks>>,
    /// Boxed, as few are at their end.
    end: Option<Box<End>>,
    /// Given back when its life is over.
    place: Option<Place>,
    /// From the first message on that its client counts, where it has a session. Boxed, because many say nothing.
    said: Option<Box<Said>>,
    /// How many bytes of it can be kept beside its socket, its info and its state together, where that is known.
    kept_limit: Option<NonZeroU32>,
    /// What its client says is counted, over all its sockets.
    has_session: bool,
}

/// What belongs to a member's end, whenever that comes, or moves it.
#[derive(Default)]
struct End {
    /// What `on_error` is told.
    socket_error: Option<Error>,
    /// Cancels its opening: nobody waits for that once its socket is gone.
    opening: Option<AbortHandle>,
    /// The request that its opening has.
    request: Option<Holding>,
    /// Ends the wait after which the roster is left even though the handler still runs.
    leave_timer: Option<AbortHandle>,
    /// Ends the wait for the time at which its data expires.
    expiry_timer: Option<AbortHandle>,
    /// Ends the wait after which one that is held leaves.
    grace_timer: Option<AbortHandle>,
    /// Which upgrade it came back with, from whatever process.
    turn: u64,
    /// What the client presented that has come back.
    resume: Option<Resume>,
    /// Hooks that know what its upgrade found.
    renewal: Option<Arc<dyn Hooks>>,
    /// Ends the wait until the client is told what of its words was handled.
    ack_timer: Option<AbortHandle>,
}

impl Inbox {
    /// For a connection that begins in this process.
    pub(crate) fn new(memory: &Arc<Memory>) -> Self {
        Self::with(Life::Opening, memory)
    }

    /// For a member that another process has begun.
    pub(crate) fn restored(kept: &Kept, memory: &Arc<Memory>) -> Self {
        let life = match kept.until {
            Some(until) => Life::restored_away(kept.opened, until),
            None => Life::restored(kept.opened),
        };
        if life.is_away() {
            metrics::member_held();
        }
        let said = kept.said.clone().map(|said| Box::new(Said::restored(said)));
        // Of whoever has one it was kept, whatever its client had said.
        Self { has_session: said.is_some(), said, ..Self::with(life, memory) }
    }

    fn with(life: Life, memory: &Arc<Memory>) -> Self {
        Self {
            life,
            queue: VecDeque::new(),
            held: Holding::nothing(memory),
            idle: None,
            end: None,
            place: None,
            said: None,
            kept_limit: None,
            has_session: false,
        }
    }

    pub(crate) fn life(&self) -> &Life {
        &self.life
    }

    /// It has this place in its process.
    pub(crate) fn seat(&mut self, place: Place) {
        self.place = Some(place);
    }

    /// Whether no task works for it, and nothing waits.
    pub(crate) fn is_idle(&self) -> bool {
        self.idle.is_some()
    }

    /// Its place, where it still has one.
    pub(crate) fn place(&mut self) -> Option<&mut Place> {
        self.place.as_mut()
    }

    /// Its place, to be held for what it does after its life.
    #[must_use]
    pub(crate) fn unseat(&mut self) -> Option<Place> {
        self.place.take()
    }

    /// Moves the life on by one input, and says what is to be done once the lock is given back.
    pub(crate) fn happen(&mut self, event: Event) -> Vec<Act> {
        let (mut acts, was_away) = (Vec::new(), self.life.is_away());
        self.life.handle(event, &mut acts);
        match (was_away, self.life.is_away()) {
            (false, true) => metrics::member_held(),
            (true, false) => {
                metrics::member_held_no_more();
                self.stop_grace();
            }
            _ => {}
        }
        for act in &acts {
            self.follow(*act);
        }
        acts
    }

    /// Does what of an act is the inbox's own.
    fn follow(&mut self, act: Act) {
        match act {
            Act::TellAway => self.tell(Job::Away),
            Act::TellBack => {
                // That was for the socket before.
                let timer = self.end.as_mut().and_then(|end| end.leave_timer.take());
                timer.into_iter().for_each(|timer| timer.abort());
                self.tell(Job::Return);
            }
            Act::LimitLeave => self.place.iter_mut().for_each(Place::end),
            Act::LeaveRoster => self.place.iter_mut().for_each(Place::depart),
            Act::DropQueue => self.drop_queue("leave_timeout"),
            Act::Forget => self.place = None,
            _ => {}
        }
    }

    /// Forgets what waits, and every timer. What comes back may be the last of the app's hooks: drop it when the lock is
    /// given back.
    #[must_use]
    pub(crate) fn forget(&mut self) -> [Option<Arc<dyn Hooks>>; 2] {
        self.discard();
        let renewal = self.end.take().and_then(|end| {
            let timers = [end.opening, end.leave_timer, end.expiry_timer, end.grace_timer, end.ack_timer];
            timers.into_iter().flatten().for_each(|task| task.abort());
            end.renewal
        });
        [self.idle.take(), renewal]
    }

    /// Its opening runs, of a request of so many bytes, and is aborted by this when its life is over before it asks to be let
    /// in. `false`: it is over.
    pub(crate) fn begin_opening(&mut self, opening: AbortHandle, request_bytes: usize) -> bool {
        let may_begin = self.life.is_opening();
        if may_begin {
            let request = self.held.beside(request_bytes);
            let end = self.end.get_or_insert_default();
            (end.opening, end.request) = (Some(opening), Some(request));
        }
        may_begin
    }

    /// Nothing of its opening waits any more. Where an earlier upgrade may still present what this one did, which of them it was
    /// stays known.
    pub(crate) fn end_opening(&mut self) {
        let turn = self.end.take().map_or(0, |end| end.turn);
        self.end = (turn > 0).then(|| Box::new(End { turn, ..End::default() }));
    }

    /// Whether another frame may be queued. Into an empty queue it always may, whatever its size.
    pub(crate) fn has_space(&self, limits: &Limits) -> bool {
        if self.life.is_over() {
            return true;
        }
        let (frames, bytes) = match self.life.is_before_entry() {
            true => (limits.early_frames, limits.early_bytes),
            false => (limits.handler_queue, limits.handler_queue_bytes),
        };
        self.queue.is_empty() || (self.queue.len() < frames && self.payload_bytes() < bytes)
    }

    /// Frames and bytes that wait.
    pub(crate) fn queued(&self) -> (usize, usize) {
        (self.queue.len(), self.payload_bytes())
    }

    /// Bytes of memory that what waits takes, and what it waits for to be opened.
    pub(crate) fn held_bytes(&self) -> usize {
        let request = self.end.as_ref().and_then(|end| end.request.as_ref());
        self.held.bytes() + request.map_or(0, Holding::bytes)
    }

    fn payload_bytes(&self) -> usize {
        self.held.bytes() - self.queue.len() * PLACE_BYTES
    }

    fn put(&mut self, job: Job) {
        self.held.set(self.held.bytes() + PLACE_BYTES + job.size());
        self.queue.push_back(job);
    }

    /// Queues a job.
    pub(crate) fn push(&mut self, job: Job, limits: &Limits) -> Queued {
        if !self.life.is_heard() {
            metrics::frame_dropped("closing");
            return Queued { idle: None, has_space: self.has_space(limits) };
        }
        if self.is_duplicate(&job) {
            return Queued { idle: None, has_space: self.has_space(limits) };
        }
        self.put(job);
        Queued { idle: self.idle.take(), has_space: self.has_space(limits) }
    }

    /// Queues what the app is to be told of the socket. Of a loss and a return with nothing between it is told nothing, so
    /// that no more of them wait than of frames.
    fn tell(&mut self, job: Job) {
        match (self.queue.back(), &job) {
            (Some(Job::Away), Job::Return) => {
                self.queue.pop_back();
                self.held.set(self.held.bytes() - PLACE_BYTES);
            }
            (Some(Job::Return), Job::Return) => {}
            _ => self.put(job),
        }
    }

    /// Keeps an answer until what this socket hears first is on its way; whoever sends that has the member's task go on. If it is
    /// already, gives the answer back, to be sent at once.
    pub(crate) fn hold(&mut self, reply: Bytes, line: &Line) -> Option<Bytes> {
        // Asked under the lock: an answer that is kept here is found by that task.
        if line.is_greeted() || self.life.is_over() {
            return Some(reply);
        }
        self.put(Job::Reply(reply));
        None
    }

    /// Drops what waits.
    pub(crate) fn discard(&mut self) {
        self.drop_queue("closing");
    }

    fn drop_queue(&mut self, reason: &'static str) {
        for job in std::mem::take(&mut self.queue) {
            // The others are no frames of the client's.
            if matches!(job, Job::Message { .. } | Job::Presence { .. }) {
                metrics::frame_dropped(reason);
            }
        }
        self.held.set(0);
    }

    /// What `on_error` is told at the end.
    pub(crate) fn fail(&mut self, error: Error) {
        self.end.get_or_insert_default().socket_error = Some(error);
    }

    /// Nothing is to be done for now.
    pub(crate) fn rest(&mut self, hooks: Arc<dyn Hooks>) {
        self.idle = Some(hooks);
    }

    /// Takes the hooks of a member that no task works for.
    pub(crate) fn take_idle(&mut self) -> Option<Arc<dyn Hooks>> {
        self.idle.take()
    }

    /// Its grace runs.
    pub(crate) fn set_grace_timer(&mut self, timer: AbortHandle) {
        let done = match self.life.is_away() {
            true => self.end.get_or_insert_default().grace_timer.replace(timer),
            false => Some(timer),
        };
        done.into_iter().for_each(|timer| timer.abort());
    }

    /// Its client is back, on a socket that an upgrade of its own has let in.
    pub(crate) fn renew(&mut self, resume: Resume, by: &Arc<dyn Hooks>) {
        // And is nowhere else.
        self.forget_wanted();
        let end = self.end.get_or_insert_default();
        (end.resume, end.renewal) = (Some(resume), Some(Arc::clone(by)));
    }

    /// Another node wants it: before what it could say again there, and behind what it could not. Gives its hooks where no task is at
    /// work. It comes back where it is no member.
    pub(crate) fn want(&mut self, wanted: Wanted) -> Result<Option<Arc<dyn Hooks>>, Wanted> {
        if !matches!(self.life, Life::In { .. } | Life::Away { .. }) {
            return Err(wanted);
        }
        self.forget_wanted();
        let uncounted = |job: &Job| job.is_said() && job.id().is_none();
        let at = self.queue.iter().rposition(uncounted).map_or(0, |last| last + 1);
        self.queue.insert(at, Job::Wanted(boxed(wanted)));
        self.held.set(self.held.bytes() + PLACE_BYTES);
        Ok(self.idle.take())
    }

    /// One that another node wanted before is not given to it any more.
    fn forget_wanted(&mut self) {
        let before = self.queue.len();
        self.queue.retain(|job| !matches!(job, Job::Wanted(_)));
        self.held.set(self.held.bytes() - (before - self.queue.len()) * PLACE_BYTES);
    }

    /// Another node has its client: nothing that this one said waits any more, and that is not received. Gives what is known of all
    /// that is, where it has a session.
    pub(crate) fn give_away(&mut self) -> Option<KeptSaid> {
        let jobs = std::mem::take(&mut self.queue);
        self.held.set(0);
        let mut waits_from = None;
        for job in jobs {
            match job {
                Job::Away | Job::Return => self.put(job),
                job if job.is_said() => {
                    metrics::frame_dropped("given_away");
                    waits_from = waits_from.or(job.id());
                }
                _ => {}
            }
        }
        self.said().map(|said| said.give_away(waits_from))
    }

    /// Its client was a member at another node, which has received so much of what it said.
    pub(crate) fn go_on_from(&mut self, said: KeptSaid) {
        let jobs = std::mem::take(&mut self.queue);
        self.held.set(0);
        self.said = Some(Box::new(Said::restored(said)));
        for job in jobs {
            if !self.is_duplicate(&job) {
                self.put(job);
            }
        }
    }

    /// Whether this upgrade is later than that of the last return; from then on it is the last.
    pub(crate) fn is_newer(&mut self, turn: u64) -> bool {
        let last = &mut self.end.get_or_insert_default().turn;
        let is_newer = turn > *last;
        *last = turn.max(*last);
        is_newer
    }

    /// Whether an upgrade has let it back that began later than this one.
    pub(crate) fn was_back_since(&self, turn: u64) -> bool {
        self.end.as_ref().is_some_and(|end| end.turn > turn)
    }

    /// Whether it has come back to a session of which its room was not told yet.
    pub(crate) fn has_resume(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.resume.is_some())
    }

    /// The session that it has come back to, and the highest id received of what its client has said, where that is known.
    pub(crate) fn take_resume(&mut self) -> Option<(Resume, Option<u64>)> {
        let resume = self.end.as_mut().and_then(|end| end.resume.take())?;
        Some((resume, self.said.as_ref().map_or(Some(0), |said| said.acked())))
    }

    /// What its client says is counted from here on, over all its sockets.
    pub(crate) fn begin_session(&mut self) {
        self.has_session = true;
    }

    /// What its client has said, where it has a session.
    pub(crate) fn said(&mut self) -> Option<&mut Said> {
        self.has_session.then(|| &mut **self.said.get_or_insert_default())
    }

    /// The same, where it has said something.
    pub(crate) fn said_so_far(&mut self) -> Option<&mut Said> {
        self.said.as_deref_mut()
    }

    /// How many bytes of its info and its state can be kept beside its socket, where that was settled.
    pub(crate) fn kept_limit(&self) -> Option<usize> {
        self.kept_limit.map(|limit| limit.get() as usize - 1)
    }

    /// That many can be; `None`: it is to be settled anew.
    pub(crate) fn settle_kept_limit(&mut self, limit: Option<usize>) {
        // One more, as there may be none.
        self.kept_limit = limit.map(|limit| NonZeroU32::MIN.saturating_add(u32::try_from(limit).unwrap_or(u32::MAX)));
    }

    /// The one before has gone off, or what it was for was told sooner.
    pub(crate) fn set_ack_timer(&mut self, timer: AbortHandle) {
        let before = self.end.get_or_insert_default().ack_timer.replace(timer);
        before.into_iter().for_each(|before| before.abort());
    }

    /// What had this number is refused before its turn.
    pub(crate) fn refuse(&mut self, refusal: &Refusal) -> Arrival {
        let Some((id, said)) = refusal.id.zip(self.said()) else { return Arrival::New };
        said.refused(Failure { id, code: refusal.code, reason: refusal.reason.into() })
    }

    /// Drops what its client has said and was not handled. It is told, where it can still be.
    pub(crate) fn refuse_all(&mut self) {
        let (said, told): (Vec<_>, Vec<_>) = std::mem::take(&mut self.queue).into_iter().partition(Job::is_said);
        self.held.set(0);
        told.into_iter().for_each(|job| self.put(job));
        for job in said {
            metrics::frame_dropped("memory");
            if let Some((id, said)) = job.id().zip(self.said()) {
                let (code, reason) = (ErrorCode::RateLimited, "the server holds as much as it may".into());
                said.dropped(Failure { id, code, reason });
            }
        }
    }

    /// Whether a client's message was received before, over whatever socket.
    fn is_duplicate(&mut self, job: &Job) -> bool {
        let Some(id) = job.id() else { return false };
        let is_duplicate = self.said().is_some_and(|said| said.receive(id) == Arrival::Duplicate);
        if is_duplicate {
            metrics::frame_dropped("duplicate");
        }
        is_duplicate
    }

    /// What knows what the upgrade found that it has come back with, where nobody has taken that up yet.
    pub(crate) fn take_renewal(&mut self) -> Option<Arc<dyn Hooks>> {
        self.end.as_mut()?.renewal.take()
    }

    /// Gives what waits to another, who is to handle it.
    pub(crate) fn hand_over(&mut self, to: &mut Self) {
        for job in std::mem::take(&mut self.queue) {
            if !to.is_duplicate(&job) {
                to.put(job);
            }
        }
        self.held.set(0);
    }

    fn stop_grace(&mut self) {
        let timer = self.end.as_mut().and_then(|end| end.grace_timer.take());
        timer.into_iter().for_each(|timer| timer.abort());
    }

    /// The first timer stands.
    pub(crate) fn set_leave_timer(&mut self, start: impl FnOnce() -> AbortHandle) {
        self.end.get_or_insert_default().leave_timer.get_or_insert_with(start);
    }

    /// Its data expires at another time, or never. `false`: it is over, and expires no more.
    pub(crate) fn set_expiry_timer(&mut self, timer: Option<AbortHandle>) -> bool {
        if self.life.is_over() {
            return false;
        }
        if timer.is_none() && self.end.is_none() {
            return true;
        }
        let before = std::mem::replace(&mut self.end.get_or_insert_default().expiry_timer, timer);
        if let Some(before) = before {
            before.abort();
        }
        true
    }

    /// What is to be done next. `may_reply`: whether what its socket hears first is on its way.
    pub(crate) fn next(&mut self, hooks: &Arc<dyn Hooks>, may_reply: impl FnOnce() -> bool) -> Next {
        if self.life.is_over() {
            // It was put away while a hook ran: another process will tell its end.
            return Next::Rest;
        }
        if matches!(self.queue.front(), Some(Job::Reply(_))) && !may_reply() {
            if self.life.end().is_none() {
                self.rest(Arc::clone(hooks));
                return Next::Rest;
            }
            // That does not come any more, and its end waits for no answer.
            self.queue.retain(|job| !matches!(job, Job::Reply(_)));
            self.held.set(self.queue.iter().map(|job| PLACE_BYTES + job.size()).sum());
        }
        if let Some(job) = self.queue.pop_front() {
            self.held.set(self.held.bytes() - PLACE_BYTES - job.size());
            return Next::Do(job);
        }
        if let Some(close) = self.life.end().cloned() {
            // What else is to be done is what `Next::Leave` asks for.
            drop(self.happen(Event::Drained));
            let socket_error = self.end.as_mut().and_then(|end| end.socket_error.take());
            return Next::Leave { close, socket_error };
        }
        self.queue = VecDeque::new();
        self.rest(Arc::clone(hooks));
        Next::Rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_client_counts_nothing_has_nothing_kept_of_it() {
        let limits = Limits::default();
        let mut inbox = Inbox::new(&Arc::default());
        inbox.begin_session();
        for (id, is_kept) in [(None, false), (Some(1), true)] {
            let queued = inbox.push(Job::Message { msg: None, id }, &limits);
            assert_eq!((queued.has_space, inbox.said_so_far().is_some()), (true, is_kept), "{id:?}");
        }
        assert!(size_of::<Inbox>() <= 136, "every member has one: {}", size_of::<Inbox>());
    }
}
