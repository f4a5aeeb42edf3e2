//! What a member's client has said, where that outlives its socket: each thing is handled once, and the client hears what
//! became of it.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::{AbortHandle, abortable};
use roomful_core::frame::encode;
use roomful_core::session::{AckDue, Failure, Retold};
use roomful_core::{ErrorCode, Millis};

use crate::member::LiveMember;

impl LiveMember {
    /// What had this number was handled. `false`: it has no session, and is to be told so at once.
    pub(crate) fn note_handled(self: &Arc<Self>, id: u64) -> bool {
        // A timer would keep a process in memory that may be put away.
        let waits = self.process().keeper().is_none();
        let now = self.process().now();
        let due = {
            let mut inbox = self.inbox();
            let Some(said) = inbox.said() else { return false };
            let due = said.handled(id, now);
            if let (Some(AckDue::At(at)), true) = (due, waits) {
                inbox.set_ack_timer(self.ack_timer(at));
            }
            due
        };
        self.keep_said();
        if due == Some(AckDue::Now) || !waits {
            self.acknowledge_handled();
        }
        true
    }

    /// What had this number failed. `true`: it has a session, and whoever is back is told so again.
    pub(crate) fn note_failed(&self, id: Option<u64>, code: ErrorCode, reason: &str) -> bool {
        let Some(id) = id else { return false };
        let is_noted = {
            let mut inbox = self.inbox();
            let said = inbox.said();
            let is_noted = said.is_some();
            said.into_iter().for_each(|said| said.failed(Failure { id, code, reason: reason.into() }));
            is_noted
        };
        self.keep_said();
        is_noted
    }

    /// What its client is told again that is back, when `seq` is the last number that was given.
    pub(crate) fn told_again(&self, seq: u64) -> Vec<Bytes> {
        let mut inbox = self.inbox();
        let Some(said) = inbox.said_so_far() else { return Vec::new() };
        let Retold { failures, ack } = said.resume();
        let failures = failures.iter().map(|failure| encode::error(Some(failure.id), failure.code, &failure.reason));
        failures.chain(ack.map(|id| encode::ack(id, Some(seq)))).collect()
    }

    /// Under the room's lock, so that everything up to the number that is said was sent before. While it has no socket nothing is
    /// taken to be told.
    fn acknowledge_handled(&self) {
        if let Some(room) = self.room() {
            room.acknowledge(self.id(), || self.inbox().said_so_far().and_then(|said| said.take_ack()));
        }
    }

    fn ack_timer(self: &Arc<Self>, at: Millis) -> AbortHandle {
        let (process, wait) = (self.process(), self.process().sleep_until(at));
        let member = Arc::downgrade(self);
        let (timer, abort) = abortable(async move {
            wait.await;
            if let Some(member) = member.upgrade() {
                member.acknowledge_handled();
            }
        });
        process.wait(timer.map(|_acknowledged_or_aborted| ()));
        abort
    }
}
