//! What becomes of a socket: what its peer says, its heartbeats, and its end.

use std::io;

use roomful::Close;
use roomful_core::Millis;
use roomful_core::liveness::Beat;

use super::clock::ABSENCE_MS;
use super::command::on_space;
use super::heard::{Heard, PeerEnd, Then};
use super::reactor::Reactor;
use super::sender::Sender;
use super::socket::{HangUp, Phase, Socket};
use super::timers::Timers;

/// What became of bytes that were read.
pub(super) struct Taken {
    /// So many at their end are left.
    pub(super) left: usize,
    /// What it cost, in bytes.
    pub(super) cost: usize,
}

impl Reactor {
    /// What was read of a socket, or is left of an earlier read.
    pub(super) fn take_in(&mut self, slot: usize, read: &mut [u8]) -> Taken {
        let now = self.now();
        let all_cost = Taken { left: 0, cost: read.len() };
        let Some(socket) = self.sockets.get_mut(slot) else { return all_cost };
        if matches!(socket.phase(), Phase::Lingering(_)) {
            socket.throw_away(read.len());
            return all_cost;
        }
        let shard = &self.shard;
        let Heard { left, cost, then } =
            socket.take_in(read, &mut self.inflater, now, |socket| on_space(shard, socket.connection.id()));
        socket.note(now);
        // One that begins to linger ends what it writes as soon as it is flushed.
        if socket.has_own() || matches!(socket.phase(), Phase::Lingering(_)) {
            self.touch(slot);
        }
        match then {
            Then::GoOn => {}
            Then::WaitForSpace => self.limit_leave(slot),
            Then::Pause => self.pause(slot),
            Then::End(end) => self.end_by_peer(slot, end),
        }
        self.arm_sooner(slot);
        Taken { left, cost }
    }

    /// The peer has had what it may for now. It is not read for a while.
    pub(super) fn pause(&mut self, slot: usize) {
        if let Some(socket) = self.sockets.get_mut(slot)
            && let Some(until) = socket.pause()
        {
            self.pauses.add(slot, until);
        }
        self.limit_leave(slot);
    }

    /// What the system says of the peer. Whatever came before is still read, whatever kept it from being read.
    pub(super) fn hung_up(&mut self, slot: usize, how: HangUp) {
        let Some(socket) = self.sockets.get_mut(slot) else { return };
        socket.hung_up(how);
        if socket.is_lost() {
            self.leave_room(slot);
        }
        match self.sockets.get(slot) {
            // It was only there to be written to.
            Some(socket) if socket.is_lost() && matches!(socket.phase(), Phase::Finishing(_)) => self.gone(slot, None),
            Some(socket) if socket.may_read() => self.want_to_read(slot),
            Some(_) => self.limit_leave(slot),
            None => {}
        }
    }

    /// It could not be written to, so its peer is gone.
    pub(super) fn cannot_write(&mut self, slot: usize, error: io::Error) {
        tracing::debug!(%error, "a socket takes no more");
        if let Some(socket) = self.sockets.get_mut(slot) {
            socket.fail(error);
        }
        self.hung_up(slot, HangUp::Lost);
    }

    /// The peer is gone, and what it sent before cannot be read at once: so long it may take, and no longer.
    fn limit_leave(&mut self, slot: usize) {
        let now = self.now();
        if self.sockets.get_mut(slot).is_some_and(|socket| socket.limit_leave(now)) {
            self.arm(slot);
        }
    }

    /// All that the peer wrote was read, or may not be waited for any longer.
    pub(super) fn read_all(&mut self, slot: usize, error: Option<io::Error>) {
        let now = self.now();
        let Some(socket) = self.sockets.get_mut(slot) else { return };
        let may_be_written_to = error.is_none() && !socket.is_lost();
        if may_be_written_to && (socket.is_blocked() || socket.has_own()) {
            socket.finish_without_close(now);
            self.leave_room(slot);
            self.touch(slot);
            self.arm(slot);
            return self.await_end(slot);
        }
        let error = error.or_else(|| socket.take_failure());
        self.gone(slot, error);
    }

    /// The process stood still. Nobody was pinged or read, so nobody is late: who had something to say is read first, all are
    /// asked whether they are there, and have time to answer.
    pub(super) fn after_absence(&mut self) {
        tracing::warn!("a thread of sockets stood still for more than a second; nobody is closed for that");
        let now = self.now();
        let slots: Vec<_> = self.sockets.iter().map(|(slot, _)| slot).collect();
        for slot in slots {
            if let Some(socket) = self.sockets.get_mut(slot) {
                socket.begin_anew(now, ABSENCE_MS);
            }
            self.arm(slot);
        }
    }

    fn end_by_peer(&mut self, slot: usize, end: PeerEnd) {
        self.leave_room(slot);
        let now = self.now();
        let Some(socket) = self.sockets.get_mut(slot) else { return };
        match end {
            PeerEnd::Closed(close) => socket.finish(&close, now),
            PeerEnd::Broke(error) => {
                tracing::debug!(%error, "a client broke the protocol");
                socket.linger_broken(error, now);
            }
            PeerEnd::Wasted => {
                tracing::debug!("a client sends empty frames without end");
                socket.linger(&Close::COSTLY, None, now);
            }
        }
        self.touch(slot);
        self.arm(slot);
        self.await_end(slot);
    }

    /// The socket is over but for its peer's part, for which not too many are waited for.
    pub(super) fn await_end(&mut self, slot: usize) {
        let Some(socket) = self.sockets.get_mut(slot) else { return };
        if socket.phase() == Phase::Open || socket.ticket().is_some() {
            return;
        }
        socket.wait_at(self.closers.enter(slot, socket.connection.was_let_in()));
        let now = self.now();
        while let Some((oldest, bound)) = self.closers.one_too_many() {
            if let Some(socket) = self.sockets.get_mut(oldest) {
                socket.connection.count_cut_off(bound);
                // Its close frame may not have gone out yet, and costs nothing where it fits.
                if let Err(error) = socket.flush(now) {
                    tracing::debug!(%error, "the peer is gone");
                }
            }
            self.cut_off(oldest);
        }
    }

    /// Writes what is the socket's own, and does what waited for that.
    pub(super) fn flush(&mut self, slot: usize) {
        let now = self.now();
        let Some(socket) = self.sockets.get_mut(slot) else { return };
        let flushed = socket.flush(now);
        self.flushed(slot, flushed);
    }

    /// The same for many, with one call for all those that have nothing else to write.
    pub(super) fn flush_all(&mut self, slots: &[usize], sender: &mut Sender) {
        let now = self.now();
        let has_only_own = |slot: &usize| self.sockets.get(*slot).is_some_and(Socket::has_only_own);
        let (together, alone): (Vec<usize>, Vec<usize>) = slots.iter().partition(|slot| has_only_own(slot));
        let mut written = Vec::with_capacity(together.len());
        {
            let sockets = &self.sockets;
            let writes: Vec<_> = together.iter().filter_map(|slot| Some(sockets.get(*slot)?.own_write())).collect();
            sender.send(&writes, &mut written);
        }
        // Each knows what it has written before anything else is done: whoever goes may leave bytes to another.
        let wrote = together.iter().zip(written).map(|(slot, written)| {
            let socket = self.sockets.get_mut(*slot);
            (*slot, written.map(|written| socket.into_iter().for_each(|socket| socket.wrote_own(written, now))))
        });
        let wrote: Vec<_> = wrote.collect();
        wrote.into_iter().for_each(|(slot, flushed)| self.flushed(slot, flushed));
        alone.into_iter().for_each(|slot| self.flush(slot));
    }

    /// Does what waited until a socket was flushed.
    fn flushed(&mut self, slot: usize, flushed: io::Result<()>) {
        if let Err(error) = flushed {
            return self.cannot_write(slot, error);
        }
        let now = self.now();
        let Some(socket) = self.sockets.get_mut(slot) else { return };
        socket.note(now);
        let (is_blocked, phase) = (socket.is_blocked(), socket.phase());
        // A message's time stood still while it was behind, and runs again.
        self.arm_sooner(slot);
        let Some(socket) = self.sockets.get(slot).filter(|_| !is_blocked) else { return };
        match phase {
            Phase::Finishing(_) => return self.drop_socket(slot),
            Phase::Lingering(_) if socket.is_lost() => {}
            Phase::Lingering(_) => socket.stream.end_writing(),
            Phase::Open | Phase::Closing(_) => {}
        }
        // It was not read while it was blocked.
        self.read_on(slot);
    }

    /// A time that was asked for has come.
    pub(super) fn look_at(&mut self, slot: usize, now: Millis) {
        let Some(socket) = self.sockets.get_mut(slot) else { return };
        if socket.deadline().is_some_and(|deadline| deadline <= now) {
            return self.cut_off(slot);
        }
        if socket.stops_reading(now) {
            return self.read_all(slot, None);
        }
        if socket.phase() == Phase::Open {
            socket.note(now);
            if socket.is_late(now) {
                return self.give_up_late(slot, now);
            }
            if socket.is_too_slow(now) {
                socket.give_up();
            }
            if socket.is_blocked() || socket.is_arriving() {
                // No answer is read, or none can come before the message that is coming. Either has a bound of its own.
                socket.liveness.heard(now);
            } else if socket.is_kept_waiting() {
                socket.liveness.not_listened_to(now);
            }
            match socket.liveness.poll(now) {
                Beat::Dead => return self.give_up_silent(slot, now),
                Beat::Ping => {
                    socket.push_ping();
                    self.touch(slot);
                }
                Beat::Wait(_) => {}
            }
        }
        self.arm(slot);
    }

    /// Asks to be looked at when the next thing is due.
    pub(super) fn arm(&mut self, slot: usize) {
        if let Some(socket) = self.sockets.get_mut(slot) {
            socket.due = self.timers.add(slot, socket.next_due());
        }
    }

    /// The same, where something is due sooner than it was.
    fn arm_sooner(&mut self, slot: usize) {
        if let Some(socket) = self.sockets.get_mut(slot)
            && Timers::rounded(socket.next_due()) < socket.due
        {
            socket.due = self.timers.add(slot, socket.next_due());
        }
    }

    /// A message had begun and did not come to its end in time.
    fn give_up_late(&mut self, slot: usize, now: Millis) {
        self.leave_room(slot);
        if let Some(socket) = self.sockets.get_mut(slot) {
            tracing::debug!("a message took too long");
            socket.connection.count_late();
            socket.linger(&Close::MESSAGE_LATE, None, now);
        }
        self.touch(slot);
        self.arm(slot);
        self.await_end(slot);
    }

    /// Nothing was heard for two heartbeats. It is not waited for, but a close frame that fits into the socket costs nothing.
    fn give_up_silent(&mut self, slot: usize, now: Millis) {
        self.leave_room(slot);
        if let Some(socket) = self.sockets.get_mut(slot) {
            socket.connection.end(&Close::HEARTBEAT_MISSED, None);
            if !socket.is_blocked() {
                socket.push_close(&Close::HEARTBEAT_MISSED);
                if let Err(error) = socket.flush(now) {
                    tracing::debug!(%error, "the silent peer is gone");
                }
            }
        }
        self.drop_socket(slot);
    }
}
