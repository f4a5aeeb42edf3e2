//! What happens to a member, and what is done for it: the driver of its [`Life`](roomful_core::life::Life).

use std::sync::{Arc, MutexGuard};

use bytes::Bytes;
use futures_util::future::{AbortHandle, abortable};
use roomful_core::frame::{Body, ClientFrame};
use roomful_core::intake::Refusal;
use roomful_core::life::{Act, Event};
use roomful_core::session::ending::EndedBy;
use roomful_core::session::{Arrival, Token};
use roomful_core::{Close, Millis};

use crate::credentials::Secret;
use crate::hits::Bound;
use crate::hooks::Hooks;
use crate::hub::Occupant;
use crate::inbox::{Inbox, Job};
use crate::line::Line;
use crate::member::LiveMember;
use crate::wanted::Wanted;
use crate::{Error, ErrorKind, Result, metrics};

impl LiveMember {
    /// The process knows it, until its life is over.
    pub(crate) fn register(self: &Arc<Self>) {
        let occupant = Arc::downgrade(self);
        self.hub().register(self.id().clone(), occupant);
    }

    /// Takes a frame from the client that has passed the intake of this socket. `true`: another may come.
    pub(crate) fn take(self: &Arc<Self>, frame: &ClientFrame<'_>, line: &Line) -> bool {
        let job = match frame.body {
            Body::Message(msg) => Job::Message { msg: msg.map(Into::into), id: frame.id },
            Body::Presence(state) => Job::Presence { state: state.map(Into::into), id: frame.id },
            // What is no text was refused.
            Body::Credentials(given) => match given.text() {
                Some(text) => Job::Credentials { text: Secret(text.into()), id: frame.id },
                None => return true,
            },
            // The intake answers these itself.
            Body::Ping | Body::Bye => return true,
        };
        let inbox = self.inbox();
        if let Some(held) = self.moved() {
            // Its socket is that one's now. What came before has been queued there.
            drop(inbox);
            let inbox = held.inbox();
            return held.queue(inbox, job, line);
        }
        self.queue(inbox, job, line)
    }

    fn queue(self: &Arc<Self>, mut inbox: MutexGuard<'_, Inbox>, job: Job, line: &Line) -> bool {
        if line.closing().is_some() {
            // A newer one has taken over while this was on its way: what it says was not received.
            metrics::frame_dropped("closing");
            return true;
        }
        let queued = inbox.push(job, self.limits());
        drop(inbox);
        if !queued.has_space {
            self.process().hit(Bound::HandlerQueue, self.limits().handler_queue);
        }
        self.keep_said();
        if let Some(hooks) = queued.idle {
            self.spawn_from_socket(Arc::clone(self).work(hooks));
        }
        queued.has_space
    }

    /// The intake's answer to a frame that came from this socket.
    pub(crate) fn reply(&self, frame: Bytes, line: &Line) {
        let now = self.inbox().hold(frame, line);
        if let Some(frame) = now {
            line.push(frame);
        }
    }

    /// The intake's refusal of a frame that came from this socket. Where it has a session that is an answer like any other, and
    /// told again if need be; and an answer to what was received before is none.
    pub(crate) fn refuse_frame(&self, refusal: &Refusal, line: &Line) {
        let now = {
            let mut inbox = self.inbox();
            if inbox.refuse(refusal) == Arrival::Duplicate {
                metrics::frame_dropped("duplicate");
                return;
            }
            inbox.hold(refusal.frame(), line)
        };
        if let Some(frame) = now {
            line.push(frame);
        }
    }

    /// Says that this socket of its is gone, and by whom. It is held where that may be; or what it sent before is still handled,
    /// and then it leaves. Only the first call counts, and none for a socket that another has taken over from.
    pub(crate) fn end(self: &Arc<Self>, line: &Arc<Line>, close: &Close, by: EndedBy, socket_error: Option<Error>) {
        let (close, by) = line.ending(close, by);
        let is_held = self.may_be_held(line, &close, by);
        self.ended(|inbox| {
            if inbox.life().has_ended() || !self.is_on(line) {
                return None;
            }
            if is_held {
                return Some(Event::SocketLost { close, until: self.grace_ends() });
            }
            socket_error.into_iter().for_each(|error| inbox.fail(error));
            Some(Event::Ended { close })
        });
    }

    /// Its socket is at its end, and what came before is still being read. It ends in time, read or not.
    pub(crate) fn begin_leaving(self: &Arc<Self>) {
        let mut inbox = self.inbox();
        if !inbox.life().is_over() {
            inbox.set_leave_timer(|| self.leave_in_time());
        }
    }

    /// Ends it from this side. What waits to be handled is dropped.
    pub(crate) fn close(self: &Arc<Self>, close: Close) {
        self.close_for(close, EndedBy::Server, None);
    }

    /// Closes its socket from this side. Where such a code holds its member it is held, and else it ends.
    pub(crate) fn close_socket(self: &Arc<Self>, close: Close) {
        self.ended(|inbox| {
            // Whoever is away has none.
            let line = self.line()?;
            Some(self.closing_by(inbox, &line, close))
        });
        self.wake_reader();
    }

    /// What becomes of it when this side closes its socket so.
    fn closing_by(&self, inbox: &mut Inbox, line: &Line, close: Close) -> Event {
        line.close(close.clone());
        let (close, by) = line.ending(&close, EndedBy::Server);
        match self.may_be_held(line, &close, by) {
            true => Event::SocketLost { close, until: self.grace_ends() },
            false => {
                inbox.discard();
                Event::Ended { close }
            }
        }
    }

    /// For something that came from this socket: ends it, and drops what waits to be handled.
    pub(crate) fn close_on(self: &Arc<Self>, line: &Arc<Line>, close: Close) {
        self.close_for(close, EndedBy::Server, Some(line));
    }

    fn close_for(self: &Arc<Self>, close: Close, by: EndedBy, on: Option<&Arc<Line>>) {
        self.ended(|inbox| {
            if on.is_some_and(|line| !self.is_on(line)) {
                return None;
            }
            inbox.discard();
            let Some(line) = self.line() else { return Some(Event::Ended { close }) };
            line.close_for(close.clone(), by);
            // Another close may have been on its way already: that is the one that the client sees.
            let close = line.closing().cloned().unwrap_or(close);
            Some(Event::Ended { close })
        });
        self.wake_reader();
    }

    /// Ends it for the app. The close frame goes out after what is queued, and the member leaves when the hook that runs has
    /// ended.
    ///
    /// # Errors
    ///
    /// When an app may not send that code or reason.
    pub fn close_by_app(self: &Arc<Self>, code: u16, reason: &str) -> Result {
        let close = Close::from_app(code, reason).map_err(|invalid| ErrorKind::Close(invalid).into_error())?;
        self.close_for(close, EndedBy::App, None);
        Ok(())
    }

    /// Moves its life on by one input, and does what comes of it.
    pub(crate) fn happen(self: &Arc<Self>, event: Event) {
        let acts = self.step(event);
        self.carry_out(acts);
    }

    /// Its socket is at its end. Counts the end that is the first.
    fn ended(self: &Arc<Self>, how: impl FnOnce(&mut Inbox) -> Option<Event>) {
        let mut code = None;
        let acts = self.step_by(|inbox| {
            let event = how(inbox)?;
            if let Event::SocketLost { close, .. } | Event::Ended { close } = &event
                && !inbox.life().is_away()
            {
                code = Some(close.code);
            }
            Some(event)
        });
        if let Some(code) = code.filter(|_| !acts.is_empty()) {
            self.count_end(code);
        }
        self.carry_out(acts);
    }

    /// Counts an end, and the bound that it was for.
    fn count_end(&self, code: u16) {
        metrics::connection_closed(code);
        let limits = self.limits();
        if code == Close::TOO_BIG.code {
            self.process().hit(Bound::FrameBytes, limits.frame_bytes);
        } else if code == Close::BAD_FRAMES.code {
            self.process().hit(Bound::BadFrameRate, limits.bad_frame_rate.per_second as usize);
        }
    }

    pub(crate) fn carry_out(self: &Arc<Self>, acts: Vec<Act>) {
        for act in acts {
            match act {
                Act::Withdraw => self.withdraw(),
                Act::LimitLeave => self.limit_leave(),
                Act::LeaveRoster => self.leave_roster(),
                Act::TellAway => self.go_away(),
                Act::TellBack => self.come_back(),
                // Done with the step, and by the member's own task.
                Act::DropQueue | Act::Forget | Act::RunEndHooks => {}
            }
        }
    }

    /// Starts a task for what is queued, unless one is at work.
    pub(crate) fn start_work(self: &Arc<Self>, idle: Option<Arc<dyn Hooks>>) {
        if let Some(hooks) = idle {
            self.spawn(Arc::clone(self).work(hooks));
        }
    }

    /// Takes it out of the lobby.
    pub(crate) fn withdraw(self: &Arc<Self>) {
        let Some(room) = self.room() else { return };
        if let Some(left) = room.withdraw(self.id()) {
            self.hub().after_leave(room, left);
            self.happen(Event::Withdrawn);
        }
    }

    /// What was said before the end is handled, but a handler that hangs must not keep a ghost in the roster.
    fn limit_leave(self: &Arc<Self>) {
        let mut inbox = self.inbox();
        match inbox.take_idle() {
            Some(hooks) => {
                drop(inbox);
                self.start_work(Some(hooks));
            }
            None if inbox.life().end().is_some() => inbox.set_leave_timer(|| self.leave_in_time()),
            // Its task was quicker.
            None => {}
        }
    }

    fn leave_in_time(self: &Arc<Self>) -> AbortHandle {
        let process = self.process();
        let wait = process.sleep_until(process.now().saturating_add(self.limits().leave_timeout_ms));
        let (member, line) = (Arc::downgrade(self), self.line());
        let (timer, abort) = abortable(async move {
            wait.await;
            if let Some(member) = member.upgrade() {
                if let Some(line) = line {
                    member.end(&line, &Close::LOST, EndedBy::Loss, None);
                }
                member.happen(Event::TimeIsUp);
            }
        });
        process.spawn(async move {
            let _left_or_aborted = timer.await;
        });
        abort
    }
}

impl Occupant for LiveMember {
    fn send_away(self: Arc<Self>, close: Close) {
        match self.line() {
            Some(line) => {
                line.close(close.clone());
                // Its client may never take what is before that.
                if !line.transport().is_awaited() {
                    self.end(&line, &close, EndedBy::Server, None);
                    if line.let_go() {
                        self.process().socket_gone();
                    }
                }
            }
            // It is another node's to hold.
            None if !self.process().is_final() => {}
            // Nobody comes back to a process that stops.
            None => self.happen(Event::GraceOver { until: Millis::MAX }),
        }
    }

    fn held(&self) -> (usize, bool) {
        let line = self.line();
        let of_socket = line.as_ref().map_or(0, |line| line.held() + line.transport().held_bytes());
        let shown = self.room().map_or(0, |room| room.held_for(self.id()));
        let is_going = line.is_some_and(|line| line.closing().is_some());
        (self.inbox().held_bytes() + of_socket + shown, is_going)
    }

    fn close_for_memory(self: Arc<Self>) -> Option<Arc<Line>> {
        let mut closed = None;
        self.ended(|inbox| {
            let line = self.line()?;
            inbox.refuse_all();
            let event = self.closing_by(inbox, &line, Close::OVERLOADED);
            closed = Some(line);
            Some(event)
        });
        if closed.is_some() {
            metrics::closed_for_memory();
            self.process().hit(Bound::ProcessBytes, self.process().memory().limit());
            self.wake_reader();
        }
        closed
    }

    fn expel(self: Arc<Self>, close: Close) {
        if let Some(room) = self.room().filter(|_| close.code == Close::KICKED.code) {
            room.bar(self.id());
        }
        self.close(close);
        self.happen(Event::Expelled);
        // Its own task may be about to do it: whoever removed it must find it gone.
        if self.inbox().life().end().is_some() {
            self.leave_roster();
        }
    }

    fn away_until(&self) -> Option<Millis> {
        self.held_until()
    }

    fn let_go(self: Arc<Self>) -> bool {
        let acts = self.step(Event::LetGo);
        let was_away = !acts.is_empty();
        self.carry_out(acts);
        was_away
    }

    fn want(self: Arc<Self>, topic: &str, wanted: Wanted) -> Result<(), Wanted> {
        LiveMember::want(&self, topic, wanted)
    }

    fn takes(&self, token: Token) -> bool {
        self.room().is_some_and(|room| room.takes(self.id(), token))
    }

    fn into_any(self: Arc<Self>) -> Box<dyn std::any::Any> {
        Box::new(self)
    }

    fn put_away(&self) {
        self.step(Event::PutAway);
    }

    fn taken_over(self: Arc<Self>) {
        self.line().into_iter().for_each(|line| line.close(Close::TAKEN_OVER));
        let was_in = !self.inbox().life().is_before_entry();
        let hooks = self.inbox().take_idle();
        self.step(Event::PutAway);
        self.tell_held();
        if was_in {
            self.process().member_left();
        }
        // Its leave is the other node's to tell. What was kept here for its end is not needed here any more.
        self.spawn(Arc::clone(&self).tear_down(hooks));
    }
}
