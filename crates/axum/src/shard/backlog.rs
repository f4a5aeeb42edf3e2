//! What waits for a socket that takes no more.

use std::io::{self, IoSlice};

use bytes::Bytes;
use roomful_core::outbox::Outbox;
use roomful_core::progress::Progress;
use roomful_core::{Limits, Millis};
use roomful_websocket::{Opcode, encode};

use super::stream::Stream;

/// Frames are made ready for the socket in pieces of about this many bytes. What is not ready yet can still be conflated.
const READY_BYTES: usize = 16 << 10;

/// The rest of a write, and what came after it.
pub(super) struct Backlog {
    /// Bytes that go next. Part of a frame may be sent already, so nothing may come before them.
    ready: Bytes,
    /// How many they were before any of them was sent.
    ready_bytes: usize,
    pub(super) outbox: Outbox,
    /// The close frame, and nothing after it.
    close: Option<Bytes>,
    /// How fast the peer reads; unknown until the backlog is looked at for the first time.
    progress: Option<Progress>,
}

impl Backlog {
    /// One that begins with these bytes, the rest of what was written in part.
    pub(super) fn new(ready: Bytes, limits: &Limits) -> Self {
        let mut outbox = Outbox::new(limits.outbox_bytes);
        outbox.set_unwritten(ready.len());
        Self { ready_bytes: ready.len(), ready, outbox, close: None, progress: None }
    }

    pub(super) fn end_with(&mut self, close: Bytes) {
        self.close = Some(close);
    }

    /// Bytes of memory that it takes. `ready` keeps its beginning until all of it is written.
    pub(super) fn held(&self) -> usize {
        self.ready_bytes + self.outbox.memory() + self.close.as_ref().map_or(0, Bytes::len) + size_of::<Self>()
    }

    /// Whether all is written and the socket has kept up.
    pub(super) fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.outbox.is_empty() && self.close.is_none()
    }

    /// Writes until all is written or the socket takes no more.
    pub(super) fn write(&mut self, stream: &Stream, limits: &Limits, now: Millis) -> io::Result<()> {
        let taken = self.write_ready(stream)?;
        self.outbox.set_unwritten(self.ready.len());
        self.watch(limits, now).took(taken, now);
        Ok(())
    }

    /// From here on, at the latest, the peer is to read.
    pub(super) fn watch(&mut self, limits: &Limits, now: Millis) -> &mut Progress {
        let (silence, speed) = (limits.reader_timeout_ms, limits.reader_bytes_per_second);
        self.progress.get_or_insert_with(|| Progress::new(silence, speed, now))
    }

    /// When the peer may have read too little; `None` where nobody has looked at it yet.
    pub(super) fn next_at(&self) -> Option<Millis> {
        self.progress.as_ref().map(Progress::next_at)
    }

    /// Whether the peer has read too little for too long.
    pub(super) fn is_too_slow(&self, now: Millis) -> bool {
        self.progress.as_ref().is_some_and(|progress| progress.is_too_slow(now))
    }

    fn write_ready(&mut self, stream: &Stream) -> io::Result<usize> {
        let mut taken = 0;
        loop {
            if self.ready.is_empty() {
                self.make_ready();
            }
            if self.ready.is_empty() {
                return Ok(taken);
            }
            match stream.write(&[IoSlice::new(&self.ready)])? {
                0 => return Ok(taken),
                written => {
                    drop(self.ready.split_to(written));
                    taken += written;
                }
            }
        }
    }

    fn make_ready(&mut self) {
        let mut ready = Vec::new();
        while ready.len() < READY_BYTES
            && let Some(frame) = self.outbox.pop()
        {
            encode::push_message(&mut ready, Opcode::Text, &frame);
        }
        if ready.is_empty() {
            self.ready = self.close.take().unwrap_or_default();
        } else {
            self.ready = ready.into();
        }
        self.ready_bytes = self.ready.len();
    }
}
