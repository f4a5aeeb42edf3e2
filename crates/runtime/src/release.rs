//! What this node gives away of a member whose client has come to another one.
//!
//! The member's own task does so, between two hooks: nothing is being handled then, and of everything that its client has said it is
//! known what became of it. What still waits is dropped, and its client says that again where it is.

use std::sync::Arc;

use roomful_core::Close;
use roomful_core::cluster::Answer;
use roomful_core::life::{Act, Event, Life};
use roomful_core::session::KeptSaid;

use crate::member::LiveMember;
use crate::metrics;
use crate::wanted::Wanted;

impl LiveMember {
    /// It is given away when its task has the time. It comes back where it is not in that room.
    pub(crate) fn want(self: &Arc<Self>, topic: &str, wanted: Wanted) -> Result<(), Wanted> {
        if self.room().is_none_or(|room| room.topic().as_str() != topic) {
            return Err(wanted);
        }
        let idle = self.inbox().want(wanted)?;
        self.start_work(idle);
        Ok(())
    }

    /// Gives it away, where that is still waited for.
    pub(crate) fn give_away(self: &Arc<Self>, wanted: &Wanted) {
        let Some(room) = self.room().filter(|_| self.process().now() < wanted.until) else { return };
        let mut acts = Vec::new();
        let released = room.release(self.id(), (wanted.token, wanted.seen), || {
            let (said, then) = self.be_silent()?;
            acts = then;
            Some(said)
        });
        self.carry_out(acts);
        // Who was away has a grace that ends later.
        self.end_in_time();
        match released {
            Some(released) => {
                metrics::session_given_away(released.missed.is_some());
                wanted.done.with(Answer::Released(Box::new(released)));
            }
            None => wanted.done.with(Answer::Done { members: 0 }),
        }
    }

    /// It has no socket from here on, and nothing that it has said waits. `None`: it is no member any more. Inside: where it has a
    /// session, what is known of that.
    fn be_silent(&self) -> Option<(Option<KeptSaid>, Vec<Act>)> {
        let mut said = None;
        let acts = self.step_by(|inbox| {
            if !matches!(inbox.life(), Life::In { .. } | Life::Away { .. }) {
                return None;
            }
            said = Some(inbox.give_away());
            let Some(line) = self.line() else { return Some(Event::GivenAway { until: self.grace_ends() }) };
            line.close(Close::TAKEN_OVER);
            metrics::connection_closed(Close::TAKEN_OVER.code);
            Some(Event::SocketLost { close: Close::TAKEN_OVER, until: self.grace_ends() })
        });
        Some((said?, acts))
    }
}
