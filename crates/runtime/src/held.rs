//! A member without a socket: whether it may be held, and for how long.

use std::sync::Arc;

use futures_util::future::{AbortHandle, abortable};
use roomful_core::life::{Event, Life};
use roomful_core::session::Resume;
use roomful_core::session::ending::{EndedBy, is_held};
use roomful_core::{Close, Dialect, Millis, UserId};

use crate::hooks::{Hooks, called};
use crate::hub::Occupant;
use crate::line::Line;
use crate::live_room::Arrival;
use crate::member::LiveMember;
use crate::opening::Destination;

impl LiveMember {
    /// Whether it keeps its place when this socket of its ends so.
    pub(crate) fn may_be_held(&self, line: &Line, close: &Close, by: EndedBy) -> bool {
        let process = self.process();
        // Nobody comes back to a process that stops, and one that may be put away would forget who is held.
        let may_come_back = !process.is_draining() && process.keeper().is_none();
        let has_grace = self.limits().grace_ms > 0 && line.dialect() == Dialect::V1 && self.room().is_some();
        has_grace && may_come_back && !line.said_bye() && is_held(by, close)
    }

    /// Until when it is held that loses its socket now.
    pub(crate) fn grace_ends(&self) -> Millis {
        self.process().now().saturating_add(self.limits().grace_ms)
    }

    /// What its client says is counted over all its sockets, where it may have more than one.
    pub(crate) fn count_words(&self, line: &Line, destination: &Destination) -> bool {
        let has_grace = self.limits().grace_ms > 0 && self.process().keeper().is_none();
        let counts = has_grace && line.dialect() == Dialect::V1 && matches!(destination, Destination::Room(_));
        if counts {
            self.inbox().begin_session();
        }
        counts
    }

    /// It has lost its socket: the room is told, the app is, and its grace runs.
    pub(crate) fn go_away(self: &Arc<Self>) {
        if let Some(room) = self.room() {
            room.away(self.id(), || self.inbox().life().is_away());
        }
        let hooks = {
            let mut inbox = self.inbox();
            let until = match inbox.life() {
                Life::Away { until, .. } => Some(*until),
                _ => None,
            };
            if let Some(until) = until {
                inbox.set_grace_timer(self.grace_timer(until));
            }
            inbox.take_idle()
        };
        self.start_work(hooks);
        self.tell_held();
        if self.process().is_draining() {
            // It began to while this was on its way, and may have passed this one over.
            self.happen(Event::GraceOver { until: Millis::MAX });
        }
    }

    /// It has a socket again: the room is told, and the app is.
    pub(crate) fn come_back(self: &Arc<Self>) {
        if let Some(room) = self.room() {
            let arrival = || {
                let mut inbox = self.inbox();
                let line = self.line()?;
                let (resume, acked) = inbox.take_resume()?;
                Some(Arrival { line, resume, acked })
            };
            room.back(self.id(), arrival, |seq| self.retold(seq));
        }
        let hooks = self.inbox().take_idle();
        self.start_work(hooks);
        self.tell_held();
    }

    /// Says whether it is held. Ask it when that may have changed.
    pub(crate) fn tell_held(&self) {
        self.hub().set_held(self.id(), || self.inbox().life().is_away());
    }

    /// Goes on with the member that its client presents a token of, where there is one: that has its socket from here on, and
    /// this one never was a member. `false`: there is none, and this one is to be let in as anybody.
    pub(crate) fn go_on_with(
        self: &Arc<Self>,
        (resume, turn): (Option<Resume>, Option<u64>),
        destination: &Destination,
        hooks: &Arc<dyn Hooks>,
    ) -> bool {
        let Some((resume, held)) = resume.and_then(|resume| Some((resume, self.find_held(resume, destination)?)))
        else {
            return false;
        };
        let Some(line) = self.line().filter(|line| line.closing().is_none()) else { return false };
        if held.user() != hooks.member().and_then(|member| called(|| member.user()).ok().flatten()) {
            // Who presents another's token has it from them: one of the two is to be nobody here.
            held.expel(Close::TAKEN_OVER);
            return false;
        }
        let acts = {
            let mut own = self.inbox();
            let mut inbox = held.inbox();
            let may_return = own.life().is_opening() && (inbox.life().is_away() || inbox.life().is_heard());
            if !may_return || inbox.life().is_before_entry() {
                return false;
            }
            if !inbox.is_newer(turn.unwrap_or_else(|| self.process().next_turn())) {
                // Its client has been back since: this one is a connection that it gave up long ago.
                drop((own, inbox));
                self.refuse(Close::TAKEN_OVER);
                return true;
            }
            inbox.renew(resume, hooks);
            // First of all: nothing that still comes from it counts.
            held.line().into_iter().for_each(|before| before.close(Close::TAKEN_OVER));
            held.pick_up(line);
            let acts = inbox.happen(Event::Returned);
            own.hand_over(&mut inbox);
            self.move_to(Arc::clone(&held));
            acts
        };
        held.carry_out(acts);
        held.wake_reader();
        self.step(Event::Refused);
        true
    }

    /// Whether its client presents a token of somebody who was removed from that room not long ago.
    pub(crate) fn was_removed(&self, resume: Option<Resume>, destination: &Destination) -> bool {
        let Some((resume, Destination::Room(topic))) = resume.zip(Some(destination)) else { return false };
        self.process().tokens().is_barred(resume.token, topic, self.process().now())
    }

    /// A return that was denied ends the member at once; one about which nobody could decide does not.
    pub(crate) fn deny_return(&self, resume: Option<Resume>, destination: &Destination, close: &Close) {
        if let Some(held) = resume.and_then(|resume| self.find_held(resume, destination))
            && close.code >= 4000
        {
            held.expel(close.clone());
        }
    }

    /// The member that this token is good for, in the room that its client asks for.
    fn find_held(&self, resume: Resume, destination: &Destination) -> Option<Arc<Self>> {
        let Destination::Room(topic) = destination else { return None };
        let id = self.process().tokens().find(resume.token)?;
        let held = member_of(self.hub().occupant(&id)?)?;
        held.room().is_some_and(|room| room.topic() == topic).then_some(held)
    }

    fn user(&self) -> Option<UserId> {
        self.room()?.read(|room| room.roster().find(self.id())?.user.clone())
    }

    fn grace_timer(self: &Arc<Self>, until: Millis) -> AbortHandle {
        let (process, wait) = (self.process(), self.process().sleep_until(until));
        let member = Arc::downgrade(self);
        let (timer, abort) = abortable(async move {
            wait.await;
            if let Some(member) = member.upgrade() {
                member.happen(Event::GraceOver { until });
            }
        });
        process.wait(async move {
            let _over_or_aborted = timer.await;
        });
        abort
    }
}

/// Everybody whom the process knows is one of these.
#[cfg(not(target_family = "wasm"))]
fn member_of(occupant: Arc<dyn Occupant>) -> Option<Arc<LiveMember>> {
    occupant.into_any().downcast().ok()
}

/// There every process may be put away, so nobody has a session.
#[cfg(target_family = "wasm")]
fn member_of(_: Arc<dyn Occupant>) -> Option<Arc<LiveMember>> {
    None
}
