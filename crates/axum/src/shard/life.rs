//! What becomes of a socket: what its peer says, its heartbeats, and its end.

use bytes::BytesMut;
use roomful::Close;
use roomful_core::Millis;
use roomful_core::liveness::Beat;

use super::command::on_space;
use super::reactor::Reactor;
use super::socket::{Heard, PeerEnd, Phase};
use super::timers::Timers;

impl Reactor {
    /// What was read of a socket, or is left of an earlier read. Returns how many bytes at its end are left still.
    pub(super) fn take_in(&mut self, slot: usize, read: &mut [u8]) -> usize {
        let now = self.now();
        let Some(socket) = self.sockets.get_mut(slot) else { return 0 };
        if matches!(socket.phase, Phase::Lingering(_)) {
            return 0;
        }
        let shard = &self.shard;
        let heard = socket.take_in(read, &mut self.inflater, now, |socket| on_space(shard, socket.connection.id()));
        if socket.has_own() {
            self.touch(slot);
        }
        let left = match heard {
            Heard::End(end) => {
                self.end_by_peer(slot, end);
                return 0;
            }
            Heard::UpTo { left } => left,
            Heard::All => 0,
        };
        self.arm_sooner(slot, now);
        left
    }

    /// The same, and what is left is kept.
    pub(super) fn take_in_and_keep(&mut self, slot: usize, mut read: BytesMut) {
        let left = self.take_in(slot, &mut read);
        if left > 0 {
            self.keep_unread(slot, read.split_off(read.len() - left));
        }
    }

    pub(super) fn keep_unread(&mut self, slot: usize, unread: BytesMut) {
        let now = self.now();
        if let Some(socket) = self.sockets.get_mut(slot) {
            socket.keep_unread(unread);
            socket.note_reading(now);
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
        }
        self.touch(slot);
        self.arm(slot);
    }

    /// Writes what is the socket's own, and does what waited for that.
    pub(super) fn flush(&mut self, slot: usize) {
        let now = self.now();
        let Some(socket) = self.sockets.get_mut(slot) else { return };
        if let Err(error) = socket.flush(now) {
            return self.gone(slot, Some(error));
        }
        socket.note_reading(now);
        if socket.is_blocked() {
            return self.arm_sooner(slot, now);
        }
        match socket.phase {
            Phase::Finishing(_) => return self.drop_socket(slot),
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
            return self.gone(slot, None);
        }
        if socket.phase == Phase::Open {
            socket.note_reading(now);
            if socket.is_late(now) {
                return self.give_up_late(slot, now);
            }
            if socket.is_too_slow(now) {
                socket.give_up();
            }
            if !socket.may_read() || socket.is_arriving() {
                // It is not listened to, or no answer can come before the message that is coming: its silence says nothing.
                // Either has a bound of its own.
                socket.liveness.heard(now);
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
        if let Some(socket) = self.sockets.get_mut(slot)
            && socket.connection.release_in() == Some(0)
        {
            socket.connection.release();
        }
        self.arm(slot);
    }

    /// Asks to be looked at when the next thing is due.
    pub(super) fn arm(&mut self, slot: usize) {
        let now = self.now();
        let Some(socket) = self.sockets.get_mut(slot) else { return };
        let due = socket.deadline().unwrap_or_else(|| socket.next_at());
        socket.due = self.timers.add(slot, due);
        self.arm_sooner(slot, now);
    }

    /// The same, where something is due sooner than it was.
    fn arm_sooner(&mut self, slot: usize, now: Millis) {
        let Some(socket) = self.sockets.get_mut(slot) else { return };
        let release = socket.connection.release_in().map(|wait| now.saturating_add(wait.max(1)));
        let open = (socket.phase == Phase::Open).then(|| socket.next_at());
        if let Some(at) = release.into_iter().chain(open).min()
            && Timers::rounded(at) < socket.due
        {
            socket.due = self.timers.add(slot, at);
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
