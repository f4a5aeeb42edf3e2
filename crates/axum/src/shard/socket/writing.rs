//! What a socket has to write, and what becomes of it.

use std::io::{self, IoSlice};

use bytes::Bytes;
use roomful::Close;
use roomful_core::Millis;
use roomful_core::outbox::{Outbox, Overflow};
use roomful_websocket::{Opcode, encode};

use super::super::backlog::Backlog;
use super::super::sender::Write;
use super::super::tick::Tick;
use super::Socket;

/// What is a socket's own is written when it has come to this, and no later: only what waits behind a full socket is held
/// by [`Limits::outbox_bytes`](roomful::Limits::outbox_bytes).
const OWN_BYTES: usize = 64 << 10;

impl Socket {
    /// A frame for this socket alone.
    pub(in crate::shard) fn push(&mut self, frame: Bytes) {
        if self.backlog.is_some() {
            self.queue(|outbox| outbox.push(frame).map(|()| false));
        } else if self.takes_frames() {
            encode::push_message(&mut self.own, Opcode::Text, &frame);
            if self.own.len() > OWN_BYTES {
                self.write_own().unwrap_or_else(|error| self.fail(error));
            }
        }
    }

    /// What the room has for it from this number on, to be written with what is its own.
    pub(in crate::shard) fn push_items(&mut self, tick: &Tick, from: u64) {
        let kind = self.kind;
        if self.backlog.is_some() {
            return self.queue(|outbox| tick.queue(from, kind.dialect, outbox));
        }
        if !self.takes_frames() {
            return;
        }
        let bytes = tick.bytes_from(from, kind);
        if self.own.len() + bytes.len() <= OWN_BYTES {
            return self.own.extend_from_slice(bytes);
        }
        match self.writes(tick, from).now() {
            Ok(written) => self.wrote(tick, from, written),
            Err(error) => self.fail(error),
        }
    }

    /// Nothing may come behind a gap, and nothing comes to a peer that is gone.
    fn takes_frames(&self) -> bool {
        !self.given_up && !self.has_failed() && !self.is_lost()
    }

    pub(in crate::shard) fn push_ping(&mut self) {
        // One that is blocked has not answered the last ping either, and its silence will say so.
        if self.backlog.is_none() && self.takes_frames() {
            encode::push_ping(&mut self.own, b"");
        }
    }

    /// The last frame: nothing is written behind it.
    pub(in crate::shard) fn push_close(&mut self, close: &Close) {
        if self.is_lost() {
            return;
        }
        let mut bytes = Vec::new();
        match close.code {
            // These stand for no code and for no close frame, and must never be on the wire.
            1005 | 1006 => bytes.extend_from_slice(&encode::header(Opcode::Close, 0, false)),
            code => encode::push_close(&mut bytes, code, &close.reason),
        }
        match &mut self.backlog {
            Some(backlog) => backlog.end_with(bytes.into()),
            None => self.own.extend(bytes),
        }
    }

    /// Whether it has to be flushed.
    pub(in crate::shard) fn has_own(&self) -> bool {
        let is_newly_blocked = self.backlog.as_ref().is_some_and(|backlog| backlog.next_at().is_none());
        !self.is_lost() && (!self.own.is_empty() || self.has_failed() || is_newly_blocked)
    }

    /// Has something to be flushed. `false`: it is to be already.
    pub(in crate::shard) fn touch(&mut self) -> bool {
        !std::mem::replace(&mut self.touched, true)
    }

    /// Writes what is its own, and whatever waits.
    pub(in crate::shard) fn flush(&mut self, now: Millis) -> io::Result<()> {
        self.touched = false;
        if self.is_lost() {
            return Ok(());
        }
        if let Some(error) = self.take_failure() {
            return Err(error);
        }
        if let Some(backlog) = &mut self.backlog {
            backlog.write(&self.stream, self.connection.limits(), now)?;
            if backlog.is_empty() {
                self.backlog = None;
            }
        }
        self.write_own()?;
        if let Some(backlog) = &mut self.backlog {
            backlog.watch(self.connection.limits(), now);
        }
        Ok(())
    }

    fn write_own(&mut self) -> io::Result<()> {
        if self.own.is_empty() {
            return Ok(());
        }
        let written = self.stream.write(&[IoSlice::new(&self.own)])?;
        self.took_own(written);
        Ok(())
    }

    /// Whether what is its own is all that it has to write.
    pub(in crate::shard) fn has_only_own(&self) -> bool {
        !self.own.is_empty() && self.backlog.is_none() && !self.has_failed()
    }

    /// What is its own, to be written with what others have.
    pub(in crate::shard) fn own_write(&self) -> Write<'_> {
        Write { stream: &self.stream, own: &[], shared: &self.own }
    }

    /// So much was written of what [`own_write`](Socket::own_write) gave, and it was flushed by that.
    pub(in crate::shard) fn wrote_own(&mut self, written: usize, now: Millis) {
        self.touched = false;
        self.took_own(written);
        if let Some(backlog) = &mut self.backlog {
            backlog.watch(self.connection.limits(), now);
        }
    }

    fn took_own(&mut self, written: usize) {
        // An idle socket keeps no buffer.
        let own = std::mem::take(&mut self.own);
        if written < own.len() {
            self.block(Bytes::from(own).slice(written..));
        }
    }

    /// What is its own and behind it what the room has for it from this number on.
    pub(in crate::shard) fn writes<'a>(&'a self, tick: &'a Tick, from: u64) -> Write<'a> {
        Write { stream: &self.stream, own: &self.own, shared: tick.bytes_from(from, self.kind) }
    }

    /// So much was written of what [`writes`](Socket::writes) gave. The rest waits.
    pub(in crate::shard) fn wrote(&mut self, tick: &Tick, from: u64, written: usize) {
        let own = std::mem::take(&mut self.own);
        if written == own.len() + tick.bytes_from(from, self.kind).len() {
            return;
        }
        let (rest, next) = match written.checked_sub(own.len()) {
            None => (Bytes::from(own).slice(written..), from),
            Some(of_items) => {
                let (rest, next) = tick.unsent(from, self.kind, of_items);
                (Bytes::copy_from_slice(rest), next)
            }
        };
        self.block(rest);
        self.push_items(tick, next);
    }

    fn block(&mut self, rest: Bytes) {
        self.backlog = Some(Box::new(Backlog::new(rest, self.connection.limits())));
    }

    fn queue(&mut self, push: impl FnOnce(&mut Outbox) -> Result<bool, Overflow>) {
        let Some(backlog) = &mut self.backlog else { return };
        if self.given_up {
            return;
        }
        match push(&mut backlog.outbox) {
            Ok(false) => {}
            Ok(true) => self.connection.count_conflated(),
            Err(_) => self.give_up(),
        }
        self.count();
    }

    /// The peer reads too slowly: nothing more waits for it, and the close is on its way.
    pub(in crate::shard) fn give_up(&mut self) {
        if let Some(backlog) = &mut self.backlog {
            backlog.outbox.clear();
        }
        self.given_up = true;
        self.connection.give_up();
    }
}
