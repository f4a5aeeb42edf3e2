//! A member without a socket: whether it may be held, and for how long.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::{AbortHandle, abortable};
use roomful_core::life::{Event, Life};
use roomful_core::pattern::Topic;
use roomful_core::session::ending::{EndedBy, is_held};
use roomful_core::session::{Resume, Token};
use roomful_core::{Close, Millis, UserId};

use crate::destination::Destination;
use crate::hooks::{Hooks, called};
use crate::hub::{Hub, Occupant};
use crate::line::Line;
use crate::live_room::{Arrival, Returner};
use crate::member::LiveMember;
use crate::{metrics, room_sessions};

impl LiveMember {
    /// Whether it keeps its place when this socket of its ends so.
    pub(crate) fn may_be_held(&self, line: &Line, close: &Close, by: EndedBy) -> bool {
        let process = self.process();
        let may_come_back = !process.is_final();
        let has_session = room_sessions::are_kept_for(line.dialect(), self.limits()) && self.room().is_some();
        has_session && may_come_back && !line.said_bye() && is_held(by, close)
    }

    /// Until when it is held that loses its socket now.
    pub(crate) fn grace_ends(&self) -> Millis {
        self.process().now().saturating_add(self.limits().grace_ms)
    }

    /// What its client says is counted over all its sockets, where it may have more than one.
    pub(crate) fn count_words(&self, line: &Line, destination: &Destination) -> bool {
        let has_session = room_sessions::are_kept_for(line.dialect(), self.limits());
        let counts = has_session && matches!(destination, Destination::Room(_));
        if counts {
            self.inbox().begin_session();
        }
        counts
    }

    /// It has lost its socket: the room is told, the app is, and its grace runs.
    pub(crate) fn go_away(self: &Arc<Self>) {
        if let Some(room) = self.room() {
            room.away(self.id(), || self.held_until());
        }
        self.end_in_time();
        let hooks = self.inbox().take_idle();
        self.start_work(hooks);
        self.tell_held();
        if self.process().is_final() {
            // It began to while this was on its way, and may have passed this one over.
            self.happen(Event::GraceOver { until: Millis::MAX });
        }
    }

    /// Its grace runs, while it is away.
    pub(crate) fn end_in_time(self: &Arc<Self>) {
        if let Some(until) = self.held_until() {
            let timer = self.grace_timer(until);
            self.inbox().set_grace_timer(timer);
        }
    }

    /// When its grace ends, where it is away.
    pub(crate) fn held_until(&self) -> Option<Millis> {
        match self.inbox().life() {
            Life::Away { until, .. } => Some(*until),
            _ => None,
        }
    }

    /// It has a socket again: the room is told, and the app is.
    pub(crate) fn come_back(self: &Arc<Self>) {
        if let Some(room) = self.room() {
            let returner: Arc<dyn Returner> = Arc::<Self>::clone(self);
            room.back(self.id(), &returner);
            self.keep_said();
            self.fit_beside_socket();
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
        if held.was_back_since(turn) {
            self.refuse(Close::TAKEN_OVER);
            return true;
        }
        match hooks.member().map(|member| called(|| member.user())).transpose() {
            Ok(user) if user.as_ref().is_some_and(|user| *user == held.user()) => {}
            Ok(_) => {
                // Who presents another's token has it from them: one of the two is to be nobody here.
                held.expel(Close::TAKEN_OVER);
                return false;
            }
            Err(error) => {
                metrics::handler_failed("user");
                tracing::error!(%error, "nobody knows whose a connection is");
                self.refuse(Close::JOIN_FAILED);
                return true;
            }
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

    /// A return that was denied ends the member at once; one about which nobody could decide does not, nor one that its client has
    /// given up and been back since.
    pub(crate) fn deny_return(
        &self,
        (resume, turn): (Option<Resume>, Option<u64>),
        destination: &Destination,
        close: &Close,
    ) {
        if let Some(held) = resume.and_then(|resume| self.find_held(resume, destination))
            && ends_session(close)
            && !held.was_back_since(turn)
        {
            held.expel(close.clone());
        }
    }

    /// Whether its client has come back on an upgrade that began later than this one.
    fn was_back_since(&self, turn: Option<u64>) -> bool {
        turn.is_some_and(|turn| self.inbox().was_back_since(turn))
    }

    fn find_held(&self, resume: Resume, destination: &Destination) -> Option<Arc<Self>> {
        let Destination::Room(topic) = destination else { return None };
        member_with(self.hub(), resume.token, topic)
    }

    fn user(&self) -> Option<UserId> {
        self.room()?.read(|room| room.roster().find(self.id())?.user.clone())
    }

    fn grace_timer(self: &Arc<Self>, until: Millis) -> AbortHandle {
        let (process, wait) = (self.process(), self.process().sleep_long(until));
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

impl Returner for LiveMember {
    fn is_back(&self) -> bool {
        let inbox = self.inbox();
        inbox.has_resume() && self.line().is_some()
    }

    fn arrival(&self) -> Option<Arrival> {
        let mut inbox = self.inbox();
        let line = self.line()?;
        let (resume, acked) = inbox.take_resume()?;
        Some(Arrival { line, resume, acked })
    }

    fn retold(&self, seq: u64) -> Vec<Bytes> {
        self.told_again(seq)
    }

    fn greeted(self: Arc<Self>) {
        // What waited for its snapshot, as answers do.
        let hooks = self.inbox().take_idle();
        self.start_work(hooks);
    }
}

/// Whether a return that is denied so ends the member. One about which nobody could decide does not, nor one whose credentials are
/// too old: its client fetches new ones and comes again.
pub(crate) fn ends_session(close: &Close) -> bool {
    close.code >= 4000 && close.code != Close::EXPIRED.code
}

/// The member of this room that this token is good for.
pub(crate) fn member_with(hub: &Hub, token: Token, topic: &Topic) -> Option<Arc<LiveMember>> {
    let member = member_of(hub.occupant(&hub.process().tokens().find(token)?)?)?;
    let room = member.room().filter(|room| room.topic() == topic)?;
    room.takes(member.id(), token).then_some(member)
}

/// Everybody whom the process knows is one of these.
pub(crate) fn member_of(occupant: Arc<dyn Occupant>) -> Option<Arc<LiveMember>> {
    occupant.into_any().downcast().ok().map(|member| *member)
}
