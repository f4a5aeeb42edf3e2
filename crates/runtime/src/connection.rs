//! The platform's handle to one socket's connection.

use std::sync::Arc;
use std::task::{Context, Poll};

use roomful_core::frame::EndpointKind;
use roomful_core::intake::{Dropped, Intake, Verdict};
use roomful_core::session::ending::EndedBy;
use roomful_core::{Close, ConnectionId, Dialect, Limits, MemberId, Millis};
use tracing::Span;

use crate::hits::{Bound, as_number};
use crate::hub::Hub;
use crate::kept::{Admitted, Kept};
use crate::line::Line;
use crate::mailbox::Mailbox;
use crate::member::LiveMember;
use crate::opening::Opening;
use crate::place::Place;
use crate::shared_memory::SharedMemory;
use crate::transport::Transport;
use crate::unwind::let_go;
use crate::{Error, ErrorKind, metrics};

/// One connection, as whoever owns its socket sees it. Dropping it ends the connection, as losing the socket does.
///
/// Whoever reads the socket gives each message to [`receive`](Connection::receive). When the queue of messages is full,
/// [`poll_space`](Connection::poll_space) is pending, and the socket must not be read: then the sender's TCP slows down, and
/// nobody else waits. What is to be sent to the client comes to the connection's transport.
pub struct Connection<T = Mailbox> {
    member: Arc<LiveMember>,
    line: Arc<Line>,
    /// Only whoever reads the socket asks it, so nobody waits for it.
    intake: Intake,
    transport: Arc<T>,
}

/// What a connection may have beside its opening.
#[derive(Default)]
pub(crate) struct Beside {
    /// Its place in the process, where that was taken before.
    pub(crate) place: Option<Place>,
    /// What is kept of it, where sockets outlive the process.
    pub(crate) admitted: Option<Admitted>,
}

/// One of the intake's constructors.
type NewIntake = fn(EndpointKind, Dialect, &Limits, Millis) -> Intake;

impl Connection {
    /// Starts a connection with a mailbox of its own. With `Err` it is closed at once.
    pub(crate) fn start(
        hub: &Arc<Hub>,
        dialect: Dialect,
        opening: Result<Opening, Close>,
        span: Span,
        beside: Beside,
    ) -> Self {
        let id = hub.process().new_member_id();
        let kept = beside.admitted.map(|admitted| Kept::new(admitted, id.clone()));
        let mailed = |limits: &Limits| {
            let (line, mailbox) =
                Line::to_mailbox(hub.process().new_connection_id(), dialect, limits, hub.process().memory());
            (
                match kept {
                    Some(kept) => line.keeping(kept),
                    None => line,
                },
                mailbox,
            )
        };
        Self::start_by(hub, opening, (span, id, beside.place), (Intake::new, mailed))
    }

    /// A connection that another process has started.
    pub(crate) fn restored(
        hub: &Arc<Hub>,
        kind: EndpointKind,
        member: Arc<LiveMember>,
        line: Arc<Line>,
        mailbox: Arc<Mailbox>,
    ) -> Self {
        Self::of(hub, (Intake::new, kind), member, line, mailbox)
    }

    /// What is to be written to the socket.
    #[must_use]
    pub fn mailbox(&self) -> &Arc<Mailbox> {
        &self.transport
    }
}

impl<T: Transport> Connection<T> {
    /// Starts a connection whose frames go to this transport, and whose socket is read no faster than its
    /// [`Allowance`](roomful_core::allowance::Allowance) says. With `Err` it is closed at once.
    pub(crate) fn start_at(
        hub: &Arc<Hub>,
        transport: Arc<T>,
        dialect: Dialect,
        opening: Result<Opening, Close>,
        span: Span,
        place: Option<Place>,
    ) -> Self {
        let line = Line::new(Arc::clone(&transport) as _, hub.process().new_connection_id(), dialect);
        let id = hub.process().new_member_id();
        Self::start_by(hub, opening, (span, id, place), (Intake::at_no_rate, |_| (line, transport)))
    }

    fn start_by(
        hub: &Arc<Hub>,
        opening: Result<Opening, Close>,
        (span, id, place): (Span, MemberId, Option<Place>),
        (intake, line): (NewIntake, impl FnOnce(&Limits) -> (Line, Arc<T>)),
    ) -> Self {
        let terms = opening.as_ref().ok().map(|opening| Arc::clone(&opening.terms));
        // What is refused is not read.
        let kind = opening.as_ref().map_or(EndpointKind::Room, |opening| opening.destination.kind());
        let limits = terms.as_ref().map_or_else(|| hub.process().limits(), |terms| &terms.limits);
        let peer = opening.as_ref().ok().and_then(|opening| opening.peer);
        let (line, transport) = line(limits);
        let line = Arc::new(line.opened_by(peer, hub.process().now()));
        let member = LiveMember::new(hub, Arc::clone(&line), terms, span, id);
        let mut connection = Self::of(hub, (intake, kind), member, line, transport);
        connection.member.register();
        if let Ok(opening) = &opening
            && connection.member.count_words(&connection.line, &opening.destination)
        {
            connection.intake.count_ids();
        }
        match opening.and_then(|opening| connection.take_up(opening, place)) {
            Ok(opening) => connection.member.spawn(Arc::clone(&connection.member).open(opening)),
            Err(close) => connection.member.refuse(close),
        }
        connection
    }

    /// Whether a connection may begin here now.
    fn take_up(&self, opening: Opening, place: Option<Place>) -> Result<Opening, Close> {
        let process = self.member.process();
        let close = match place.map_or_else(|| self.member.hub().take_place(None, opening.resume.as_ref()), Ok) {
            Ok(place) => {
                self.member.inbox().seat(place);
                // Not before it is registered, or a drain that begins in between would miss it.
                process.turned_away()
            }
            Err(_) => Some(Close::OVERLOADED),
        };
        let Some(close) = close else { return Ok(opening) };
        // The request is in it, with what the app's layers have put there.
        let_go(opening);
        Err(close)
    }

    fn of(
        hub: &Arc<Hub>,
        (intake, kind): (NewIntake, EndpointKind),
        member: Arc<LiveMember>,
        line: Arc<Line>,
        transport: Arc<T>,
    ) -> Self {
        hub.process().socket_opened();
        let intake = intake(kind, line.dialect(), member.limits(), hub.process().now());
        Self { member, line, intake, transport }
    }

    /// Where its frames go.
    #[must_use]
    pub fn transport(&self) -> &Arc<T> {
        &self.transport
    }
}

impl<T> Connection<T> {
    /// A number for this connection, unique among these rooms.
    #[must_use]
    pub fn id(&self) -> ConnectionId {
        self.line.connection()
    }

    /// What it speaks.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.line.dialect()
    }

    /// The id that it has, or will have, as a member; a socket's own.
    #[must_use]
    pub fn member(&self) -> &MemberId {
        self.current().id()
    }

    /// The bounds of this connection's room or socket.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        self.member.limits()
    }

    /// Ready when another message may be received. Read the socket only then.
    pub fn poll_space(&self, cx: &mut Context<'_>) -> Poll<()> {
        let member = self.current();
        let has_space = || member.inbox().has_space(member.limits());
        if has_space() {
            return Poll::Ready(());
        }
        member.register_reader(cx.waker());
        if has_space() { Poll::Ready(()) } else { Poll::Pending }
    }

    /// How many messages wait to be handled, and how many bytes of payload they have. For a platform that cannot stop reading a
    /// socket.
    #[must_use]
    pub fn queued(&self) -> (usize, usize) {
        self.current().inbox().queued()
    }

    /// Takes one WebSocket message, text or binary. After `false`, wait for [`poll_space`](Connection::poll_space) before the
    /// next.
    pub fn receive(&mut self, message: &[u8]) -> bool {
        // What was held back is older than this message, and must not be overtaken by it.
        self.release();
        metrics::frame_received();
        if self.member.process().memory().is_over() {
            self.member.hub().relieve();
        }
        if self.line.closing().is_some() {
            metrics::frame_dropped("closing");
            return true;
        }
        let now = self.member.process().now();
        match self.intake.judge(message, now) {
            Verdict::Handle(frame) => return self.member.take(&frame, &self.line),
            Verdict::Reply(frame) => self.current().reply(frame, &self.line),
            Verdict::Refuse(refusal) => {
                self.count_dropped(refusal.dropped());
                self.current().refuse_frame(&refusal, &self.line);
            }
            Verdict::Drop(dropped) => self.count_dropped(dropped),
            // It leaves with its socket, whatever becomes of that.
            Verdict::Bye => self.line.say_bye(),
            Verdict::Close(close) => {
                count_dropped(Dropped::BadFrame);
                self.current().close_on(&self.line, close);
            }
        }
        // An answer that waits for the entry counts too.
        false
    }

    /// In how many milliseconds [`release`](Connection::release) is to be called; `None` where nothing is held back.
    #[must_use]
    pub fn release_in(&self) -> Option<Millis> {
        let at = self.intake.release_at()?;
        Some(at.saturating_sub(self.member.process().now()))
    }

    /// Handles the presence state that the rate limit held back. Only a member of a room has one.
    pub fn release(&mut self) {
        if self.intake.release_at().is_none() {
            return;
        }
        let now = self.member.process().now();
        let held = self.intake.release(now);
        if let Some(Ok(frame)) = held.as_ref().map(|message| EndpointKind::Room.decode(message, self.dialect())) {
            self.member.take(&frame, &self.line);
        }
    }

    /// Closes from this side, with a code of the protocol's.
    pub fn close(&self, close: Close) {
        self.line.close(close);
    }

    /// Closes it 1013, because more bytes wait for the client than may. For a transport, which cannot wait for a client.
    pub fn give_up(&self) {
        metrics::outbox_overflowed();
        self.hit(Bound::OutboxBytes, self.limits().outbox_bytes);
        self.close(Close::TOO_SLOW);
    }

    /// Says how many bytes of memory whoever owns its socket holds for it: what has come and was not received, and what is to
    /// be written. They are a part of [`Limits::process_bytes`]; whoever holds most of those may be closed for it.
    pub fn holds(&self, bytes: usize) {
        self.line.set_held(bytes, self.member.process().memory());
    }

    /// What its process holds in all, for a transport that says what it holds for several of its sockets together.
    #[must_use]
    pub fn memory(&self) -> SharedMemory {
        SharedMemory::of(self.member.hub())
    }

    /// Counts a message that did not come whole in time.
    pub fn count_late(&self) {
        metrics::frame_dropped("late");
        self.hit(Bound::MessageTimeout, as_number(self.limits().message_timeout_ms));
    }

    /// Counts a state that was replaced by a newer one while it waited for the client.
    pub fn count_conflated(&self) {
        metrics::presence_conflated();
        self.current().room().into_iter().for_each(|room| room.traffic().conflate());
    }

    /// Counts that the client is not read for a while, because it has had what it may.
    pub fn count_pause(&self) {
        metrics::read_paused();
        self.hit_rate();
    }

    /// Whether it was let in, or its guards, `data` and seed have let it in at least. Whoever was not has less right to wait.
    #[must_use]
    pub fn was_let_in(&self) -> bool {
        self.current().scope().is_some()
    }

    /// Counts a socket that was dropped before its peer had done its part of the end, because more waited for that than this
    /// bound says.
    pub fn count_cut_off(&self, bound: &'static str) {
        metrics::socket_cut_off(bound);
        self.member.process().hit_named(bound);
    }

    /// Says that the client is gone, and that what it sent before is still being read, which may take a while. So long after
    /// this as [`Limits::leave_timeout_ms`] says the member leaves, whatever is left to be read or to be handled.
    pub fn begin_leaving(&self) {
        if self.current().is_on(&self.line) {
            self.current().begin_leaving();
        }
    }

    /// Says that the socket is gone, or soon will be, and not by a close frame of the client's. What it sent before is handled,
    /// then the member leaves, or is held for [`Limits::grace_ms`]. Only the first call counts. `error` is what `on_error` is
    /// told, or a socket's `error`.
    pub fn end(&self, close: &Close, error: Option<Box<dyn std::error::Error + Send + Sync>>) {
        let by = if *close == Close::LOST { EndedBy::Loss } else { EndedBy::Server };
        self.ended(close, by, error.map(|error| ErrorKind::Socket(error).into_error()));
    }

    /// Says that the client closed the socket with this close frame. As [`end`](Connection::end) otherwise.
    pub fn closed_by_client(&self, close: &Close) {
        self.ended(close, EndedBy::Client, None);
    }

    /// Says that whoever writes to its socket has the last of it. The end of the process does not wait for the socket any more.
    pub fn let_go(&self) {
        if self.line.let_go() {
            self.member.process().socket_gone();
        }
    }

    fn ended(&self, close: &Close, by: EndedBy, error: Option<Error>) {
        if self.current().is_on(&self.line) {
            self.current().end(&self.line, close, by, error);
        }
    }

    fn hit(&self, bound: Bound, limit: usize) {
        self.member.process().hit(bound, limit);
    }

    fn hit_rate(&self) {
        self.hit(Bound::Rate, self.limits().rate.per_second as usize);
    }

    /// Counts a frame that is dropped, and the bound that it was over.
    fn count_dropped(&self, dropped: Dropped) {
        count_dropped(dropped);
        if dropped == Dropped::RateLimited {
            self.hit_rate();
        }
    }

    /// Whose socket it is: its client may have come back for a member that it had.
    fn current(&self) -> &Arc<LiveMember> {
        self.member.moved().unwrap_or(&self.member)
    }
}

impl<T> Drop for Connection<T> {
    fn drop(&mut self) {
        self.end(&Close::LOST, None);
        self.holds(0);
        self.let_go();
    }
}

/// Every frame that nobody will see is counted somewhere.
fn count_dropped(dropped: Dropped) {
    match dropped {
        Dropped::BadFrame => metrics::frame_dropped("bad_frame"),
        Dropped::RateLimited => metrics::frame_dropped("rate_limited"),
        Dropped::Conflated => metrics::frame_dropped("conflated"),
    }
}
