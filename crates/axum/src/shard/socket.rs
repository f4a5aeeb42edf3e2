//! One socket of a shard: what it is doing, what it has still to write, and what it does with what it reads.

use std::error::Error;
use std::io::{self, IoSlice};
use std::ops::ControlFlow;
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};
use roomful::Close;
use roomful_core::Millis;
use roomful_core::allowance::Allowance;
use roomful_core::arrival::Arrival;
use roomful_core::liveness::Liveness;
use roomful_core::outbox::{Outbox, Overflow};
use roomful_runtime::{Connection, RoomId};
use roomful_websocket::deflate::Inflater;
use roomful_websocket::{CloseFrame, DecodeError, Decoder, Event, Opcode, encode};

use super::backlog::Backlog;
use super::closers::Ticket;
use super::queue::Shard;
use super::sender::Write;
use super::stream::Stream;
use super::tick::{Kind, Tick};
use super::timers::Timers;

/// What is a socket's own is written when it has come to this, and no later: only what waits behind a full socket is held
/// by [`Limits::outbox_bytes`](roomful::Limits::outbox_bytes).
const OWN_BYTES: usize = 64 << 10;

/// What a socket may have taken in of it in one turn, in bytes, before the others have theirs.
const SLICE_BYTES: usize = 16 << 10;

/// A frame costs as much as so many bytes, however small it is.
const FRAME_COST: usize = 256;

pub(super) struct Socket {
    pub(super) stream: Stream,
    pub(super) connection: Connection<Shard>,
    pub(super) kind: Kind,
    pub(super) seat: Option<Seat>,
    pub(super) phase: Phase,
    /// Where it waits for its peer's part of the end.
    pub(super) ticket: Option<Ticket>,
    pub(super) liveness: Liveness,
    /// When it is to be looked at again; what stands in the timers at another time is out of date.
    pub(super) due: Millis,
    /// Whether it stands among those that have something to write.
    touched: bool,
    /// There may be something to read.
    pub(super) readable: bool,
    /// Whether it stands among those that are to be read.
    pub(super) to_be_read: bool,
    hang_up: Option<HangUp>,
    /// The peer is gone, and until then what it sent before is still read.
    pub(super) leave_by: Option<Millis>,
    decoder: Decoder,
    /// There is one while a message has begun and is not whole. Boxed, because few have one.
    arrival: Option<Box<Arrival>>,
    /// What the peer may still have read.
    allowance: Allowance,
    /// It has had what it may, and is not read before then.
    paused_until: Option<Millis>,
    /// Empty fragments of the message that has begun.
    empty_fragments: u32,
    /// The handler's queue may be full: ask before the next message.
    may_be_full: bool,
    /// The handler's queue is full, and says when it is not.
    is_full: bool,
    /// What was read and not taken in yet.
    unread: BytesMut,
    /// What goes out before anything else, when the shard has done what was to be done.
    own: Vec<u8>,
    /// There is one while the socket takes no more. Then `own` is empty.
    backlog: Option<Box<Backlog>>,
    /// Too much waited: nothing more does, and the close is on its way.
    given_up: bool,
    /// What it was last said to hold.
    counted: usize,
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

/// What the system says of the peer. It says so once, so it has to be remembered: the end of what the peer wrote has to be
/// read although no event will tell of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum HangUp {
    /// It writes no more. It may still read.
    WritesNoMore,
    /// It is gone: nothing that is written arrives.
    Lost,
}

/// What became of bytes that were read.
pub(super) struct Heard {
    /// So many at their end are to be [kept](Socket::keep_unread).
    pub(super) left: usize,
    /// What it cost, in bytes.
    pub(super) cost: usize,
    pub(super) then: Then,
}

/// Why no more is taken in.
pub(super) enum Then {
    /// That was all, or as much as one turn may take.
    GoOn,
    /// The handler's queue is full.
    WaitForSpace,
    /// It has had what it may for now.
    Pause,
    End(PeerEnd),
}

/// What the peer did that ends the connection.
pub(super) enum PeerEnd {
    Closed(Close),
    Broke(DecodeError),
    /// It sends frames that say nothing, without end.
    Wasted,
}

impl Socket {
    pub(super) fn new(stream: Stream, connection: Connection<Shard>, deflate: bool, now: Millis) -> Self {
        let limits = connection.limits();
        Self {
            stream,
            kind: Kind { dialect: connection.dialect(), deflate },
            seat: None,
            phase: Phase::Open,
            ticket: None,
            liveness: Liveness::new(limits.heartbeat_ms, now),
            due: Millis::MAX,
            touched: false,
            readable: false,
            to_be_read: false,
            hang_up: None,
            leave_by: None,
            decoder: Decoder::new(limits.frame_bytes, deflate),
            arrival: None,
            allowance: Allowance::new(limits, now),
            paused_until: None,
            empty_fragments: 0,
            may_be_full: false,
            is_full: false,
            unread: BytesMut::new(),
            own: Vec::new(),
            backlog: None,
            given_up: false,
            counted: 0,
            failed: None,
            connection,
        }
    }

    /// Whether frames of the rooms are for it still.
    pub(super) fn hears(&self) -> bool {
        self.phase == Phase::Open && !self.given_up && !self.is_lost()
    }

    pub(super) fn deadline(&self) -> Option<Millis> {
        match self.phase {
            Phase::Open => None,
            Phase::Closing(at) | Phase::Finishing(at) | Phase::Lingering(at) => Some(at),
        }
    }

    /// When it has to be looked at at the latest.
    pub(super) fn next_due(&self) -> Millis {
        let due = self.deadline().unwrap_or_else(|| self.next_at());
        due.min(self.leave_by.unwrap_or(Millis::MAX))
    }

    /// Nobody was there to read it, to ping it or to answer: nothing is overdue, and whoever is there has time to say so.
    pub(super) fn begin_anew(&mut self, now: Millis, grace: Millis) {
        self.liveness.begin_anew(now);
        if let Phase::Closing(at) | Phase::Finishing(at) | Phase::Lingering(at) = &mut self.phase {
            *at = (*at).max(now + grace);
        }
        if let Some(leave_by) = &mut self.leave_by {
            *leave_by = (*leave_by).max(now + grace);
        }
    }

    /// What the system says of the peer.
    pub(super) fn hung_up(&mut self, how: HangUp) {
        self.hang_up = self.hang_up.max(Some(how));
        self.readable = true;
        if self.is_lost() {
            self.own = Vec::new();
            self.backlog = None;
        }
    }

    /// The peer is gone, and what it sent before is still to be read. `true`: from now on there is a time for that.
    pub(super) fn limit_leave(&mut self, now: Millis) -> bool {
        if !self.has_hung_up() || self.leave_by.is_some() || matches!(self.phase, Phase::Finishing(_)) {
            return false;
        }
        self.leave_by = Some(now.saturating_add(self.connection.limits().leave_timeout_ms));
        self.connection.begin_leaving();
        true
    }

    /// It could not be written to.
    pub(super) fn fail(&mut self, error: io::Error) {
        self.failed.get_or_insert(error);
    }

    /// Why it could not be written to.
    pub(super) fn take_failure(&mut self) -> Option<io::Error> {
        self.failed.take()
    }

    pub(super) fn has_hung_up(&self) -> bool {
        self.hang_up.is_some()
    }

    /// Whether whatever is written is lost.
    pub(super) fn is_lost(&self) -> bool {
        self.hang_up == Some(HangUp::Lost)
    }

    /// Whether its bytes may be read now. A client that does not read is not read from either, or the pongs it asks for
    /// would pile up; nor is one whose handler has enough to do, or that has had what it may.
    pub(super) fn may_read(&self) -> bool {
        match self.phase {
            Phase::Finishing(_) => false,
            Phase::Lingering(_) => self.paused_until.is_none(),
            Phase::Open | Phase::Closing(_) => {
                self.paused_until.is_none() && !self.is_full && (self.backlog.is_none() || self.has_hung_up())
            }
        }
    }

    /// Whether it is not read although something may be there: then its silence says nothing.
    pub(super) fn is_kept_waiting(&self) -> bool {
        self.is_full || self.paused_until.is_some() || self.to_be_read
    }

    /// Whether there may be something to take in.
    pub(super) fn has_more(&self) -> bool {
        self.readable || !self.unread.is_empty()
    }

    /// Whether it may have any more for now. If not, it is to be [paused](Socket::pause).
    pub(super) fn is_allowed(&mut self, now: Millis) -> bool {
        self.allowance.refill(self.connection.limits(), now);
        self.allowance.may_go_on()
    }

    /// It is not read for a while. When that ends; `None`: it never does.
    pub(super) fn pause(&mut self) -> Option<Millis> {
        let until = self.allowance.next_at(self.connection.limits()).map(Timers::rounded);
        self.paused_until = Some(until.unwrap_or(Millis::MAX));
        self.connection.count_pause();
        until
    }

    /// Whether it was paused until then. It no longer is.
    pub(super) fn end_pause(&mut self, at: Millis) -> bool {
        self.paused_until.take_if(|until| *until == at).is_some()
    }

    /// The handler has taken something from its full queue.
    pub(super) fn has_space_again(&mut self) {
        self.is_full = false;
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.backlog.is_some()
    }

    /// The rest of an earlier read.
    pub(super) fn take_unread(&mut self) -> Option<BytesMut> {
        (!self.unread.is_empty()).then(|| std::mem::take(&mut self.unread))
    }

    pub(super) fn keep_unread(&mut self, unread: BytesMut) {
        self.unread = unread;
    }

    /// Takes in what was read, frame by frame, while the peer may have more, its turn lasts, and the handler's queue has
    /// room; `on_space` is woken when there is room again.
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
        let (whole, mut frames, mut cost) = (read.len(), 0, 0);
        let mut input = read;
        let then = loop {
            if self.phase == Phase::Open && self.may_be_full && !self.has_space() {
                let waker = on_space(self);
                if self.connection.poll_space(&mut Context::from_waker(&waker)).is_pending() {
                    self.is_full = true;
                    break Then::WaitForSpace;
                }
            }
            if input.is_empty() || cost >= SLICE_BYTES {
                break Then::GoOn;
            }
            if !self.allowance.may_go_on() {
                break Then::Pause;
            }
            let (before, made_before) = (input.len(), inflater.made_bytes());
            let taken = match self.decoder.next(&mut input, inflater) {
                Ok(Some(event)) => self.take_event(event, now),
                Ok(None) => {
                    cost += before;
                    break Then::GoOn;
                }
                Err(error) => ControlFlow::Break(PeerEnd::Broke(error)),
            };
            if let ControlFlow::Break(end) = taken {
                break Then::End(end);
            }
            frames += 1;
            let made = usize::try_from(inflater.made_bytes() - made_before).unwrap_or(usize::MAX);
            self.allowance.spend_bytes(made);
            cost += (before - input.len()).max(made).max(FRAME_COST);
        };
        if frames == 0 && input.is_empty() {
            self.allowance.spend_piece();
        }
        self.allowance.spend_bytes(whole - input.len());
        Heard { left: input.len(), cost, then }
    }

    fn take_event(&mut self, event: Event<'_>, now: Millis) -> ControlFlow<PeerEnd> {
        if !matches!(event, Event::Fragment(_)) {
            self.liveness.heard(now);
        }
        if self.decoder.is_between_messages() {
            // What comes behind it is another message, with a time of its own.
            self.arrival = None;
        }
        match event {
            Event::Text(text) => self.take_message(text.as_bytes()),
            Event::Binary(bytes) => self.take_message(&bytes),
            Event::Fragment(bytes) => {
                self.allowance.spend_piece();
                self.empty_fragments += u32::from(bytes == 0);
                if self.empty_fragments > self.connection.limits().empty_fragments {
                    return ControlFlow::Break(PeerEnd::Wasted);
                }
            }
            Event::Ping(payload) => {
                self.allowance.spend_piece();
                if self.phase == Phase::Open && !self.has_hung_up() {
                    encode::push_pong(&mut self.own, &payload);
                }
            }
            Event::Pong(_) => self.allowance.spend_piece(),
            Event::Close(frame) => return ControlFlow::Break(PeerEnd::Closed(closed_by_peer(frame))),
        }
        ControlFlow::Continue(())
    }

    fn take_message(&mut self, message: &[u8]) {
        self.allowance.spend_message();
        self.empty_fragments = 0;
        self.may_be_full = !self.connection.receive(message);
    }

    /// What comes after the peer broke the rules is read and not looked at, but at no higher rate than if it were.
    pub(super) fn throw_away(&mut self, bytes: usize) {
        self.allowance.spend_piece();
        self.allowance.spend_bytes(bytes);
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

    /// The peer writes no more and never closed. What is still to be written is.
    pub(super) fn finish_without_close(&mut self, now: Millis) {
        self.phase = Phase::Finishing(self.close_deadline(now));
        self.connection.end(&Close::LOST, None);
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

    /// Whether it is read may have changed, and what it holds: the time of a message that is on its way stands still while it
    /// is not read.
    pub(super) fn note(&mut self, now: Millis) {
        self.count();
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
    fn next_at(&self) -> Millis {
        let arrival = self.arrival.as_ref().map(|arrival| arrival.next_at());
        let backlog = self.backlog.as_ref().filter(|_| !self.given_up).and_then(|backlog| backlog.next_at());
        [arrival, backlog].into_iter().flatten().fold(self.liveness.next_at(), Millis::min)
    }

    /// The time that the peer has for its part of the end. What it does meanwhile gives it no more.
    fn close_deadline(&self, now: Millis) -> Millis {
        let limits = self.connection.limits();
        let ms = if self.connection.was_let_in() { limits.close_timeout_ms } else { limits.refused_close_timeout_ms };
        self.deadline().unwrap_or_else(|| now.saturating_add(ms))
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
        !self.given_up && self.failed.is_none() && !self.is_lost()
    }

    pub(super) fn push_ping(&mut self) {
        // One that is blocked has not answered the last ping either, and its silence will say so.
        if self.backlog.is_none() && self.takes_frames() {
            encode::push_ping(&mut self.own, b"");
        }
    }

    /// The last frame: nothing is written behind it.
    pub(super) fn push_close(&mut self, close: &Close) {
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

    /// Bytes of memory that it holds for what has come in part, for what is not taken in yet and for what is to be written.
    pub(super) fn held(&self) -> usize {
        let incoming = self.decoder.kept_bytes() + self.unread.len();
        let outgoing = self.own.capacity() + self.backlog.as_ref().map_or(0, |backlog| backlog.held());
        incoming + outgoing
    }

    /// Whether it has to be flushed.
    pub(super) fn has_own(&self) -> bool {
        let is_newly_blocked = self.backlog.as_ref().is_some_and(|backlog| backlog.next_at().is_none());
        !self.is_lost() && (!self.own.is_empty() || self.failed.is_some() || is_newly_blocked)
    }

    /// Has something to be flushed. `false`: it is to be already.
    pub(super) fn touch(&mut self) -> bool {
        !std::mem::replace(&mut self.touched, true)
    }

    /// Writes what is its own, and whatever waits.
    pub(super) fn flush(&mut self, now: Millis) -> io::Result<()> {
        self.touched = false;
        if self.is_lost() {
            return Ok(());
        }
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
        if self.own.is_empty() {
            return Ok(());
        }
        let written = self.stream.write(&[IoSlice::new(&self.own)])?;
        self.took_own(written);
        Ok(())
    }

    /// Whether what is its own is all that it has to write.
    pub(super) fn has_only_own(&self) -> bool {
        !self.own.is_empty() && self.backlog.is_none() && self.failed.is_none()
    }

    /// What is its own, to be written with what others have.
    pub(super) fn own_write(&self) -> Write<'_> {
        Write { stream: &self.stream, own: &[], shared: &self.own }
    }

    /// So much was written of what [`own_write`](Socket::own_write) gave, and it was flushed by that.
    pub(super) fn wrote_own(&mut self, written: usize, now: Millis) {
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
        self.count();
    }

    /// Says what it holds, where that has changed.
    fn count(&mut self) {
        let held = self.held();
        if held != self.counted {
            self.counted = held;
            self.connection.holds(held);
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
