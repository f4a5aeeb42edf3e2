//! What waits for a socket that takes no more.

use std::io::{self, IoSlice};

use bytes::Bytes;
use roomful_core::outbox::Outbox;
use roomful_websocket::{Opcode, encode};

use super::stream::Stream;

/// Frames are made ready for the socket in pieces of about this many bytes. What is not ready yet can still be conflated.
const READY_BYTES: usize = 16 << 10;

/// The rest of a write, and what came after it.
pub(super) struct Backlog {
    /// Bytes that go next. Part of a frame may be sent already, so nothing may come before them.
    ready: Bytes,
    pub(super) outbox: Outbox,
    /// The close frame, and nothing after it.
    close: Option<Bytes>,
}

impl Backlog {
    pub(super) fn new(outbox_bytes: usize) -> Self {
        Self { ready: Bytes::new(), outbox: Outbox::new(outbox_bytes), close: None }
    }

    /// Bytes that must go before all that waits in the outbox. For a new backlog.
    pub(super) fn begin_with(&mut self, ready: Bytes) {
        self.ready = ready;
    }

    pub(super) fn end_with(&mut self, close: Bytes) {
        self.close = Some(close);
    }

    /// Whether all is written and the socket has kept up.
    pub(super) fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.outbox.is_empty() && self.close.is_none()
    }

    /// Writes until all is written or the socket takes no more. `false`: it took nothing.
    pub(super) fn write(&mut self, stream: &Stream) -> io::Result<bool> {
        let mut took = false;
        loop {
            if self.ready.is_empty() {
                self.make_ready();
            }
            if self.ready.is_empty() {
                return Ok(took);
            }
            match stream.write(&[IoSlice::new(&self.ready)])? {
                0 => return Ok(took),
                written => drop(self.ready.split_to(written)),
            }
            took = true;
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
    }
}
