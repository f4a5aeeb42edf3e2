//! One socket of a shard: what it is doing, and how far its end has come.

mod reading;
mod writing;

use std::error::Error;
use std::io;

use roomful::Close;
use roomful_core::Millis;
use roomful_core::allowance::Allowance;
use roomful_core::arrival::Arrival;
use roomful_core::liveness::Liveness;
use roomful_runtime::{Connection, RoomId};
use roomful_websocket::{DecodeError, Decoder};

use super::backlog::Backlog;
use super::closers::Ticket;
use super::queue::Shard;
use super::stream::Stream;
use super::tick::Kind;

/// What few have is boxed, or has a value for none: there are many sockets, and most are idle.
pub(super) struct Socket {
    pub(super) stream: Stream,
    pub(super) connection: Connection<Shard>,
    pub(super) kind: Kind,
    pub(super) seat: Option<Seat>,
    /// There is one once its end is near. Without one it is [`Phase::Open`].
    ending: Option<Box<Ending>>,
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
    /// There is one while a message or a frame has begun and is not whole, and where the stream has ended: what stands between two
    /// messages keeps nothing.
    decoder: Option<Box<Decoder>>,
    /// There is one while a message has begun and is not whole.
    arrival: Option<Box<Arrival>>,
    /// What the peer may still have read.
    allowance: Allowance,
    /// It has had what it may, and is not read for now.
    is_paused: bool,
    /// When its latest pause ends or has ended; 0 where there was none.
    paused_until: Millis,
    /// Empty fragments of the message that has begun.
    empty_fragments: u32,
    /// The handler's queue may be full: ask before the next message.
    may_be_full: bool,
    /// The handler's queue is full, and says when it is not.
    is_full: bool,
    /// What was read and not taken in yet.
    unread: Box<[u8]>,
    /// What goes out before anything else, when the shard has done what was to be done.
    own: Vec<u8>,
    /// There is one while the socket takes no more. Then `own` is empty.
    backlog: Option<Box<Backlog>>,
    /// Too much waited: nothing more does, and the close is on its way.
    given_up: bool,
    /// How many bytes it was last said to hold.
    counted: u32,
}

/// What a socket has at its end.
#[derive(Debug, Default)]
struct Ending {
    phase: Phase,
    /// Where it waits for its peer's part of the end.
    ticket: Option<Ticket>,
    /// The peer is gone, and until then what it sent before is still read.
    leave_by: Option<Millis>,
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
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    #[default]
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

impl Socket {
    pub(super) fn new(stream: Stream, connection: Connection<Shard>, deflate: bool, now: Millis) -> Self {
        let limits = connection.limits();
        Self {
            stream,
            kind: Kind { dialect: connection.dialect(), deflate },
            seat: None,
            ending: None,
            liveness: Liveness::new(limits.heartbeat_ms, now),
            due: Millis::MAX,
            touched: false,
            readable: false,
            to_be_read: false,
            hang_up: None,
            decoder: None,
            arrival: None,
            allowance: Allowance::new(limits, now),
            is_paused: false,
            paused_until: 0,
            empty_fragments: 0,
            may_be_full: false,
            is_full: false,
            unread: Box::default(),
            own: Vec::new(),
            backlog: None,
            given_up: false,
            counted: 0,
            connection,
        }
    }

    pub(super) fn phase(&self) -> Phase {
        self.ending.as_ref().map_or(Phase::Open, |ending| ending.phase)
    }

    /// Where it waits for its peer's part of the end.
    pub(super) fn ticket(&self) -> Option<Ticket> {
        self.ending.as_ref()?.ticket
    }

    /// It waits there from now on.
    pub(super) fn wait_at(&mut self, ticket: Ticket) {
        self.ending().ticket = Some(ticket);
    }

    fn ending(&mut self) -> &mut Ending {
        self.ending.get_or_insert_default()
    }

    /// Whether frames of the rooms are for it still.
    pub(super) fn hears(&self) -> bool {
        self.phase() == Phase::Open && !self.given_up && !self.is_lost()
    }

    pub(super) fn deadline(&self) -> Option<Millis> {
        match self.phase() {
            Phase::Open => None,
            Phase::Closing(at) | Phase::Finishing(at) | Phase::Lingering(at) => Some(at),
        }
    }

    /// When it has to be looked at at the latest.
    pub(super) fn next_due(&self) -> Millis {
        let due = self.deadline().unwrap_or_else(|| self.next_at());
        self.leave_by().map_or(due, |leave_by| due.min(leave_by))
    }

    fn leave_by(&self) -> Option<Millis> {
        self.ending.as_ref()?.leave_by
    }

    /// Whether the peer is gone, and the time to read what it sent before is over. It is so once.
    pub(super) fn stops_reading(&mut self, now: Millis) -> bool {
        let is_over = self.leave_by().is_some_and(|leave_by| leave_by <= now);
        if is_over {
            self.ending().leave_by = None;
        }
        is_over
    }

    /// Nobody was there to read it, to ping it or to answer: nothing is overdue, and whoever is there has time to say so.
    pub(super) fn begin_anew(&mut self, now: Millis, grace: Millis) {
        self.liveness.begin_anew(now);
        let Some(ending) = &mut self.ending else { return };
        if let Phase::Closing(at) | Phase::Finishing(at) | Phase::Lingering(at) = &mut ending.phase {
            *at = (*at).max(now + grace);
        }
        ending.leave_by = ending.leave_by.map(|leave_by| leave_by.max(now + grace));
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
        if !self.has_hung_up() || self.leave_by().is_some() || matches!(self.phase(), Phase::Finishing(_)) {
            return false;
        }
        self.ending().leave_by = Some(now.saturating_add(self.connection.limits().leave_timeout_ms));
        self.connection.begin_leaving();
        true
    }

    /// It could not be written to.
    pub(super) fn fail(&mut self, error: io::Error) {
        self.ending().failed.get_or_insert(error);
    }

    /// Why it could not be written to.
    pub(super) fn take_failure(&mut self) -> Option<io::Error> {
        self.ending.as_mut()?.failed.take()
    }

    fn has_failed(&self) -> bool {
        self.ending.as_ref().is_some_and(|ending| ending.failed.is_some())
    }

    pub(super) fn has_hung_up(&self) -> bool {
        self.hang_up.is_some()
    }

    /// Whether whatever is written is lost.
    pub(super) fn is_lost(&self) -> bool {
        self.hang_up == Some(HangUp::Lost)
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.backlog.is_some()
    }

    /// This side ends the connection. The first close stands.
    pub(super) fn begin_closing(&mut self, close: &Close, now: Millis) {
        if self.phase() == Phase::Open {
            self.push_close(close);
            self.ending().phase = Phase::Closing(self.close_deadline(now));
            self.connection.end(close, None);
            self.keep_no_message();
        }
    }

    /// The peer has closed, and is answered with its own code where this side has not closed before.
    pub(super) fn finish(&mut self, close: &Close, now: Millis) {
        if self.phase() == Phase::Open {
            self.push_close(close);
        }
        self.ending().phase = Phase::Finishing(self.close_deadline(now));
        self.connection.closed_by_client(close);
    }

    /// The peer writes no more and never closed. What is still to be written is.
    pub(super) fn finish_without_close(&mut self, now: Millis) {
        self.ending().phase = Phase::Finishing(self.close_deadline(now));
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
        if self.phase() == Phase::Open {
            self.push_close(close);
        }
        self.ending().phase = Phase::Lingering(self.close_deadline(now));
        self.stop_decoding();
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

    /// Bytes of memory that it holds for what has come in part, for what is not taken in yet and for what is to be written.
    pub(super) fn held(&self) -> usize {
        self.held_of_peer() + self.own.capacity() + self.backlog.as_ref().map_or(0, |backlog| backlog.held())
    }

    fn held_of_peer(&self) -> usize {
        self.kept_of_message() + self.unread.len()
    }

    /// Whether it has ended, and holds what nobody waits for: what a peer that does not read would have to read first, or what
    /// nobody hears any more.
    pub(super) fn holds_in_vain(&self) -> bool {
        self.phase() != Phase::Open && (self.is_blocked() || self.held_of_peer() > 0)
    }

    /// Says what it holds, where that has changed.
    fn count(&mut self) {
        let held = self.held();
        let counted = u32::try_from(held).unwrap_or(u32::MAX);
        if counted != self.counted {
            self.counted = counted;
            self.connection.holds(held);
        }
    }
}
