//! What a socket does with what it reads, and when it may be read.

use std::ops::ControlFlow;
use std::task::{Context, Poll, Waker};

use roomful::Close;
use roomful_core::Millis;
use roomful_core::arrival::Arrival;
use roomful_websocket::deflate::Inflater;
use roomful_websocket::{CloseFrame, Decoder, Event, encode};

use super::super::heard::{Heard, PeerEnd, Then};
use super::super::timers::Timers;
use super::{Phase, Socket};

/// What a socket may have taken in of it in one turn, in bytes, before the others have theirs. A burst that fits goes on as one:
/// what is cut in two costs each of its receivers another write.
const SLICE_BYTES: usize = 32 << 10;

/// More than a close frame may take, which has 125 bytes at most.
const CLOSE_BYTES: usize = 256;

/// A frame costs as much as so many bytes, however small it is.
const FRAME_COST: usize = 512;

impl Socket {
    /// Whether its bytes may be read now. A client that does not read is not read from either, or the pongs it asks for
    /// would pile up; nor is one whose handler has enough to do, or that has had what it may.
    pub(in crate::shard) fn may_read(&self) -> bool {
        match self.phase() {
            Phase::Finishing(_) => false,
            Phase::Lingering(_) => !self.is_paused,
            Phase::Open | Phase::Closing(_) => {
                !self.is_paused && !self.is_full && (self.backlog.is_none() || self.has_hung_up())
            }
        }
    }

    /// Whether it is not read although something may be there: then its silence says nothing.
    pub(in crate::shard) fn is_kept_waiting(&self) -> bool {
        self.is_full || self.is_paused || self.to_be_read
    }

    /// Whether there may be something to take in.
    pub(in crate::shard) fn has_more(&self) -> bool {
        self.readable || !self.unread.is_empty()
    }

    /// Whether it may have any more for now. If not, it is to be [paused](Socket::pause).
    pub(in crate::shard) fn is_allowed(&mut self, now: Millis) -> bool {
        self.allowance.refill(self.connection.limits(), now);
        self.allowance.may_go_on()
    }

    /// It is not read for a while. When that ends; `None`: it never does.
    pub(in crate::shard) fn pause(&mut self) -> Option<Millis> {
        let until = self.allowance.next_at(self.connection.limits()).map(Timers::rounded);
        self.is_paused = true;
        self.paused_until = until.unwrap_or(Millis::MAX);
        self.connection.count_pause();
        until
    }

    /// Whether it was paused until then. It no longer is.
    pub(in crate::shard) fn end_pause(&mut self, at: Millis) -> bool {
        let ends = self.is_paused && self.paused_until == at;
        self.is_paused &= !ends;
        ends
    }

    /// Whether what it sends is a sign of life. A ping or a pong of one that was paused just now is none: what comes at a rate
    /// over what it may is no answer to anything, and its kernel may send it for half an hour after its end.
    fn is_life(&self, event: &Event<'_>, now: Millis) -> bool {
        match event {
            Event::Fragment(_) => false,
            Event::Ping(_) | Event::Pong(_) => {
                let heartbeat = self.connection.limits().heartbeat_ms.unwrap_or(Millis::MAX);
                self.paused_until == 0 || now >= self.paused_until.saturating_add(heartbeat / 2)
            }
            Event::Text(_) | Event::Binary(_) | Event::Close(_) => true,
        }
    }

    /// The handler has taken something from its full queue.
    pub(in crate::shard) fn has_space_again(&mut self) {
        self.is_full = false;
    }

    /// The rest of an earlier read.
    pub(in crate::shard) fn take_unread(&mut self) -> Option<Box<[u8]>> {
        (!self.unread.is_empty()).then(|| std::mem::take(&mut self.unread))
    }

    /// A copy, of no more than there is: what it was read into is kilobytes, and would live as long.
    pub(in crate::shard) fn keep_unread(&mut self, unread: &[u8]) {
        self.unread = unread.into();
    }

    /// Takes in what was read, frame by frame, while the peer may have more, its turn lasts, and the handler's queue has
    /// room; `on_space` is woken when there is room again.
    pub(in crate::shard) fn take_in(
        &mut self,
        read: &mut [u8],
        inflater: &mut Inflater,
        now: Millis,
        on_space: impl Fn(&Self) -> Waker,
    ) -> Heard {
        let mut decoder = self.take_decoder();
        let heard = self.take_messages(&mut decoder, read, inflater, now, on_space);
        if decoder.is_between_messages() {
            self.arrival = None;
        } else if self.arrival.is_none() {
            self.arrival = Some(Box::new(Arrival::begun(self.connection.limits().message_timeout_ms, now)));
        }
        self.keep_decoder(decoder);
        self.keep_no_message();
        heard
    }

    /// The one that was kept, or one at the beginning of a message.
    fn take_decoder(&mut self) -> Decoder {
        let new = || Decoder::new(self.connection.limits().frame_bytes, self.kind.deflate);
        self.decoder.take().map_or_else(new, |decoder| *decoder)
    }

    /// Keeps it where the next one would not know what this one does.
    fn keep_decoder(&mut self, decoder: Decoder) {
        if decoder.has_ended() || !decoder.is_between_messages() {
            self.decoder = Some(Box::new(decoder));
        }
    }

    /// Bytes that are kept of a message that is not whole.
    pub(super) fn kept_of_message(&self) -> usize {
        self.decoder.as_ref().map_or(0, |decoder| decoder.kept_bytes())
    }

    /// Of a socket that this side has closed nobody hears a message, so none is kept, or many of them would hold what no bound
    /// counts. The peer's close frame behind it is not seen then; it knows of the end from this side's, and from the end of
    /// what is written to it.
    pub(super) fn keep_no_message(&mut self) {
        if let Phase::Closing(until) = self.phase()
            && self.kept_of_message() > CLOSE_BYTES
        {
            self.ending().phase = Phase::Lingering(until);
            self.stop_decoding();
        }
    }

    pub(super) fn stop_decoding(&mut self) {
        self.decoder = None;
        self.arrival = None;
        self.unread = Box::default();
    }

    fn take_messages(
        &mut self,
        decoder: &mut Decoder,
        read: &mut [u8],
        inflater: &mut Inflater,
        now: Millis,
        on_space: impl Fn(&Self) -> Waker,
    ) -> Heard {
        let (whole, mut frames, mut cost) = (read.len(), 0, 0);
        let mut input = read;
        let then = loop {
            if self.phase() == Phase::Open && self.may_be_full && !self.has_space() {
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
            let taken = match decoder.next(&mut input, inflater) {
                Ok(Some(event)) => self.take_event(event, decoder.is_between_messages(), now),
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

    fn take_event(&mut self, event: Event<'_>, is_between_messages: bool, now: Millis) -> ControlFlow<PeerEnd> {
        if self.is_life(&event, now) {
            self.liveness.heard(now);
        }
        if is_between_messages {
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
                if self.phase() == Phase::Open && !self.has_hung_up() {
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
    pub(in crate::shard) fn throw_away(&mut self, bytes: usize) {
        self.allowance.spend_piece();
        self.allowance.spend_bytes(bytes);
    }

    /// Whether a message is on its way, so that no pong can come before its end.
    pub(in crate::shard) fn is_arriving(&self) -> bool {
        self.arrival.is_some()
    }

    /// Whether the message that is on its way takes too long.
    pub(in crate::shard) fn is_late(&self, now: Millis) -> bool {
        self.arrival.as_ref().is_some_and(|arrival| arrival.is_late(now))
    }

    fn has_space(&self) -> bool {
        self.connection.poll_space(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
    }
}

fn closed_by_peer(frame: Option<CloseFrame<'_>>) -> Close {
    match frame {
        Some(CloseFrame { code, reason }) => Close { code, reason: reason.into_owned().into() },
        None => Close::NO_CODE,
    }
}
