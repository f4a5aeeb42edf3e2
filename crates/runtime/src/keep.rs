//! What is kept of a member for the next process: beside its socket, or where it is held without one.

use std::sync::Arc;

use roomful_core::room::Refused;
use roomful_core::{Close, UserId};

use crate::kept::{self, Admitted, Kept};
use crate::member::LiveMember;
use crate::room_sessions;

impl LiveMember {
    /// Keeps what `change` makes of what is kept of it, in a process that may be put away.
    pub(crate) fn keep(&self, change: impl FnOnce(&mut Kept)) {
        let Some(keeper) = self.process().keeper() else { return };
        match (self.line(), self.room()) {
            (Some(line), _) => line.keep(keeper, change),
            (None, Some(room)) => room.keep_absent(self.id(), change),
            (None, None) => {}
        }
    }

    /// Keeps what its client has said, once it is let in. What waits to be handled is not kept: no process is put away before
    /// that, and where it ends the client is told.
    pub(crate) fn keep_said(&self) {
        if self.process().keeper().is_none() {
            return;
        }
        let said = {
            let mut inbox = self.inbox();
            let is_in = !inbox.life().is_before_entry() && !inbox.life().is_over();
            inbox.said().filter(|_| is_in).map(|said| said.kept())
        };
        if let Some(said) = said {
            self.keep(|kept| kept.said = Some(said));
        }
    }

    /// How many bytes its info and its state may have together, beside what else is kept.
    pub(crate) fn left_beside(&self, user: Option<&UserId>) -> usize {
        let kept = self.process().keeper().zip(self.admitted());
        kept.map_or(usize::MAX, |(keeper, admitted)| {
            let has_session = room_sessions::are_kept_for(admitted.dialect(), self.limits());
            keeper.limit().saturating_sub(kept::size_without_payloads(&admitted, self.id(), user, has_session))
        })
    }

    /// Whether its info and its state fit beside what else is kept now.
    pub(crate) fn check_what_is_kept(&self) -> Result<(), Refused> {
        self.check_info(self.info().as_ref()).and_then(|()| self.check_state(self.presence().as_ref()))
    }

    /// It has another socket, with what another upgrade has found. Where that leaves too little space for what the member
    /// shows, it ends as one that joins with as much.
    pub(crate) fn fit_beside_socket(self: &Arc<Self>) {
        if self.process().keeper().is_none() {
            return;
        }
        let user = self.room().and_then(|room| room.read(|room| room.roster().find(self.id())?.user.clone()));
        self.limit_kept_anew(user.as_ref());
        if let Err(refused) = self.check_what_is_kept() {
            self.hub().tell_refused(&refused);
            self.close(Close::JOIN_FAILED);
        }
    }

    fn admitted(&self) -> Option<Admitted> {
        match self.line() {
            Some(line) => line.admitted(),
            None => self.room()?.admitted_absent(self.id()),
        }
    }
}
