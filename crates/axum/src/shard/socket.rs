//! One socket of a shard: what it is doing, what it has still to write, and what it does with what it reads.

use std::error::Error;
use std::io::{self, IoSlice};
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};
use roomful::Close;
use roomful_core::Millis;
use roomful_core::arrival::Arrival;
use roomful_core::liveness::Liveness;
use roomful_core::outbox::{Outbox, Overflow};
use roomful_runtime::{Connection, RoomId};
use roomful_websocket::deflate::Inflater;
use roomful_websocket::{CloseFrame, DecodeError, Decoder, Event, Opcode, encode};

use super::backlog::Backlog;
use super::queue::Shard;
use super::sender::Write;
use super::stream::Stream;
use super::tick::{Kind, Tick};

/// What is a socket's own is written when it has come to this, and no later: only what waits behind a full socket is held
/// by [`Limits::outbox_bytes`](roomful::Limits::outbox_bytes).
const OWN_BYTES: usize = 64 << 10;

pub(super) struct Socket {
    pub(super) stream: Stream,
    pub(super) connection: Connection<Shard>,
    pub(super) kind: Kind,
    pub(super) seat: Option<Seat>,
    pub(super) phase: Phase,
    pub(super) liveness: Liveness,
    /// When it is to be looked at again; what stands in the timers at another time is out of date.
    pub(super) due: Millis,
    /// Whether it stands among those that have something to write.
    touched: bool,
    /// There may be something to read.
    pub(super) readable: bool,
    /// Whether it stands among those that are to be read.
    pub(super) to_be_read: bool,
    /// The peer writes no more, so the end of what it wrote has to be read although no event will say so.
    pub(super) hung_up: bool,
    decoder: Decoder,
    /// There is one while a message has begun and is not whole. Boxed, because few have one.
    arrival: Option<Box<Arrival>>,
    /// The handler's queue may be full: ask before the next message.
    may_be_full: bool,
    /// What was read and not taken in, because the handler's queue is full.
    unread: BytesMut,
    /// What goes out before anything else, when the shard has done what was to be done.
    own: Vec<u8>,
    /// There is one while the socket takes no more. Then `own` is empty.
    backlog: Option<Box<Backlog>>,
    /// Too much waited: nothing more does, and the close is on its way.
    given_up: bool,
    /// Why it could not be written to. Whoever flushes it is told.
    failed: Option<io::Error>,
}

/// Where it sits in a room's list of members.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seat {
    pub(super) room: RoomId,
    pub(super) at: usize,
}

/// How far the end of a socket has come. Each but the first has a deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    /// This side's close is on its way; the peer's is to come.
    Closing(Millis),
    /// Both have closed. What is still to be written is, and then the socket is dropped.
    Finishing(Millis),
    /// The peer broke the rules. What it still sends is read and thrown away: dropping a socket with unread bytes resets
    /// it, and the reset would overtake the close frame.
    Lingering(Millis),
}

/// What became of bytes that were read.
pub(super) enum Heard {
    All,
    /// The handler's queue is full. So many at their end are to be [kept](Socket::keep_unread).
    UpTo {
        left: usize,
    },
    End(PeerEnd),
}

/// What the peer did that ends the connection.
pub(super) enum PeerEnd {
    Closed(Close),
    Broke(DecodeError),
}

impl Socket {
    pub(super) fn new(stream: Stream, connection: Connection<Shard>, deflate: bool, now: Millis) -> Self {
        let limits = connection.limits();
        Self {
            stream,
            kind: Kind { dialect: connection.dialect(), deflate },
            seat: None,
            phase: Phase::Open,
            liveness: Liveness::new(limits.heartbeat_ms, now),
            due: Millis::MAX,
            touched: false,
            readable: false,
            to_be_read: false,
            hung_up: false,
            decoder: Decoder::new(limits.frame_bytes, deflate),
            arrival: None,
            may_be_full: false,
            unread: BytesMut::new(),
            own: Vec::new(),
            backlog: None,
            given_up: false,
            failed: None,
            connection,
        }
    }

    /// Whether frames of the rooms are for it still.
    pub(super) fn hears(&self) -> bool {
        self.phase == Phase::Open && !self.given_up
    }

    pub(super) fn deadline(&self) -> Option<Millis> {
        match self.phase {
            Phase::Open => None,
            Phase::Closing(at) | Phase::Finishing(at) | Phase::Lingering(at) => Some(at),
        }
    }

    /// Whether its bytes may be read now. A client that does not read is not read from either, or the pongs it asks for
    /// would pile up; nor is one whose handler has enough to do.
    pub(super) fn may_read(&self) -> bool {
        match self.phase {
            Phase::Lingering(_) => true,
            Phase::Finishing(_) => false,
            Phase::Open | Phase::Closing(_) => self.backlog.is_none() && self.unread.is_empty(),
        }
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.backlog.is_some()
    }

    /// The rest of an earlier read. As with [`may_read`](Socket::may_read), none while the client does not read: a pong
    /// would have to go ahead of what waits, and that may be sent in part.
    pub(super) fn take_unread(&mut self) -> Option<BytesMut> {
        (!self.is_blocked() && !self.unread.is_empty()).then(|| std::mem::take(&mut self.unread))
    }

    pub(super) fn keep_unread(&mut self, unread: BytesMut) {
        self.unread = unread;
    }

    /// Takes in what was read, message by message, while the handler's queue has room; `on_space` is woken when there is
    /// room again.
    pub(super) fn take_in(
        &mut self,
        read: &mut [u8],
        inflater: &mut Inflater,
        now: Millis,
        on_space: impl Fn(&Self) -> Waker,
    ) -> Heard {
        let heard = self.take_messages(read, inflater, now, on_space);
        if self.decoder.is_between_messages() {
            self.arrival = None;
        } else if self.arrival.is_none() {
            self.arrival = Some(Box::new(Arrival::begun(self.connection.limits().message_timeout_ms, now)));
        }
        heard
    }

    fn take_messages(
        &mut self,
        read: &mut [u8],
        inflater: &mut Inflater,
        now: Millis,
        on_space: impl Fn(&Self) -> Waker,
    ) -> Heard {
        let mut input = read;
        loop {
            if self.phase == Phase::Open && self.may_be_full && !self.has_space() {
                let waker = on_space(self);
                if self.connection.poll_space(&mut Context::from_waker(&waker)).is_pending() {
                    return Heard::UpTo { left: input.len() };
                }
            }
            let event = self.decoder.next(&mut input, inflater);
            if matches!(event, Ok(Some(_))) {
                self.liveness.heard(now);
                if self.decoder.is_between_messages() {
                    // What comes behind it is another message, with a time of its own.
                    self.arrival = None;
                }
            }
            match event {
                Ok(Some(Event::Text(text))) => self.may_be_full = !self.connection.receive(text.as_bytes()),
                Ok(Some(Event::Binary(bytes))) => self.may_be_full = !self.connection.receive(&bytes),
                Ok(Some(Event::Ping(payload))) => {
                    if self.phase == Phase::Open {
                        encode::push_pong(&mut self.own, &payload);
                    }
                }
                Ok(Some(Event::Pong(_))) => {}
                Ok(Some(Event::Close(frame))) => return Heard::End(PeerEnd::Closed(closed_by_peer(frame))),
                Ok(None) => return Heard::All,
                Err(error) => return Heard::End(PeerEnd::Broke(error)),
            }
        }
    }

    /// This side ends the connection. The first close stands.
    pub(super) fn begin_closing(&mut self, close: &Close, now: Millis) {
        if self.phase == Phase::Open {
            self.push_close(close);
            self.phase = Phase::Closing(self.close_deadline(now));
            self.connection.end(close, None);
        }
    }

    /// The peer has closed, and is answered with its own code where this side has not closed before.
    pub(super) fn finish(&mut self, close: &Close, now: Millis) {
        if self.phase == Phase::Open {
            self.push_close(close);
        }
        self.phase = Phase::Finishing(self.close_deadline(now));
        self.connection.end(close, None);
    }

    /// The peer broke the protocol.
    pub(super) fn linger_broken(&mut self, error: DecodeError, now: Millis) {
        let close = match error.close_code() {
            1007 => Close::NOT_UTF8,
            1009 => Close::TOO_BIG,
            _ => Close::PROTOCOL_ERROR,
        };
        self.linger(&close, Some(Box::new(error)), now);
    }

    /// The peer broke the rules: it is told, and not heard any more.
    pub(super) fn linger(&mut self, close: &Close, error: Option<Box<dyn Error + Send + Sync>>, now: Millis) {
        if self.phase == Phase::Open {
            self.push_close(close);
        }
        self.phase = Phase::Lingering(self.close_deadline(now));
        self.decoder = Decoder::new(0, false);
        self.arrival = None;
        self.unread = BytesMut::new();
        self.connection.end(close, error);
    }

    /// Whether it is read may have changed: the time of a message that is on its way stands still while it is not.
    pub(super) fn note_reading(&mut self, now: Millis) {
        let is_read = self.may_read();
        if let Some(arrival) = &mut self.arrival {
            arrival.is_read(is_read, now);
        }
    }

    /// Whether a message is on its way, so that no pong can come before its end.
    pub(super) fn is_arriving(&self) -> bool {
        self.arrival.is_some()
    }

    /// Whether the message that is on its way takes too long.
    pub(super) fn is_late(&self, now: Millis) -> bool {
        self.arrival.as_ref().is_some_and(|arrival| arrival.is_late(now))
    }

    /// Whether the peer has read too little of what waits for it.
    pub(super) fn is_too_slow(&self, now: Millis) -> bool {
        !self.given_up && self.backlog.as_ref().is_some_and(|backlog| backlog.is_too_slow(now))
    }

    /// When it is to be looked at while it is open.
    pub(super) fn next_at(&self) -> Millis {
        let arrival = self.arrival.as_ref().map(|arrival| arrival.next_at());
        let backlog = self.backlog.as_ref().filter(|_| !self.given_up).and_then(|backlog| backlog.next_at());
        [arrival, backlog].into_iter().flatten().fold(self.liveness.next_at(), Millis::min)
    }

    fn close_deadline(&self, now: Millis) -> Millis {
        now.saturating_add(self.connection.limits().close_timeout_ms)
    }

    fn has_space(&self) -> bool {
        self.connection.poll_space(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
    }

    /// A frame for this socket alone.
    pub(super) fn push(&mut self, frame: Bytes) {
        if self.backlog.is_some() {
            self.queue(|outbox| outbox.push(frame).map(|()| false));
        } else if self.takes_frames() {
            encode::push_message(&mut self.own, Opcode::Text, &frame);
            if self.own.len() > OWN_BYTES {
                self.failed = self.write_own().err();
            }
        }
    }

    /// What the room has for it from this number on, to be written with what is its own.
    pub(super) fn push_items(&mut self, tick: &Tick, from: u64) {
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
            Err(error) => self.failed = Some(error),
        }
    }

    /// Nothing may come behind a gap, and nothing comes to a peer that is gone.
    fn takes_frames(&self) -> bool {
        !self.given_up && self.failed.is_none()
    }

    pub(super) fn push_ping(&mut self) {
        // One that is blocked has not answered the last ping either, and its silence will say so.
        if self.backlog.is_none() {
            encode::push_ping(&mut self.own, b"");
        }
    }

    /// The last frame: nothing is written behind it.
    pub(super) fn push_close(&mut self, close: &Close) {
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

    /// Bytes of memory that it holds for what has come in part, for what is not taken in yet and for what is to be written.
    #[cfg_attr(not(test), allow(dead_code, reason = "tests ask"))]
    pub(super) fn held(&self) -> usize {
        let incoming = self.decoder.kept_bytes() + self.unread.len();
        let outgoing = self.own.capacity() + self.backlog.as_ref().map_or(0, |backlog| backlog.held());
        incoming + outgoing
    }

    /// Whether it has to be flushed.
    pub(super) fn has_own(&self) -> bool {
        let is_newly_blocked = self.backlog.as_ref().is_some_and(|backlog| backlog.next_at().is_none());
        !self.own.is_empty() || self.failed.is_some() || is_newly_blocked
    }

    /// Has something to be flushed. `false`: it is to be already.
    pub(super) fn touch(&mut self) -> bool {
        !std::mem::replace(&mut self.touched, true)
    }

    /// Writes what is its own, and whatever waits.
    pub(super) fn flush(&mut self, now: Millis) -> io::Result<()> {
        self.touched = false;
        if let Some(error) = self.failed.take() {
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
        // An idle socket keeps no buffer.
        let own = std::mem::take(&mut self.own);
        if own.is_empty() {
            return Ok(());
        }
        let written = self.stream.write(&[IoSlice::new(&own)])?;
        if written < own.len() {
            self.block(Bytes::from(own).slice(written..));
        }
        Ok(())
    }

    /// What is its own and behind it what the room has for it from this number on.
    pub(super) fn writes<'a>(&'a self, tick: &'a Tick, from: u64) -> Write<'a> {
        Write { stream: &self.stream, own: &self.own, shared: tick.bytes_from(from, self.kind) }
    }

    /// So much was written of what [`writes`](Socket::writes) gave. The rest waits.
    pub(super) fn wrote(&mut self, tick: &Tick, from: u64, written: usize) {
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
    }

    /// The peer reads too slowly: nothing more waits for it, and the close is on its way.
    pub(super) fn give_up(&mut self) {
        if let Some(backlog) = &mut self.backlog {
            backlog.outbox.clear();
        }
        self.given_up = true;
        self.connection.give_up();
    }
}

fn closed_by_peer(frame: Option<CloseFrame<'_>>) -> Close {
    match frame {
        Some(CloseFrame { code, reason }) => Close { code, reason: reason.into_owned().into() },
        None => Close::NO_CODE,
    }
}
