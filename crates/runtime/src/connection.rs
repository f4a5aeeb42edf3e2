//! The platform's handle to one connection.

use std::sync::Arc;
use std::task::{Context, Poll};

use roomful_core::frame::{EndpointKind, decode};
use roomful_core::intake::{Dropped, Verdict};
use roomful_core::{Close, ConnectionId, Dialect, Limits, MemberId, Millis};

use super::hub::Counted;
use super::kept::Admitted;
use super::link::{Identity, Link, Opening};
use super::post::Outlet;
use super::{Hub, Mailbox, Transport, lock};
use crate::metrics;

/// One connection, as whoever owns its socket sees it. Dropping it ends the connection, as losing the socket does.
///
/// The socket feeds it through [`receive`](Connection::receive); when its queue is full,
/// [`poll_space`](Connection::poll_space) is pending and the socket is not read, so the sender waits in TCP and nobody
/// else does. What is for the socket comes to its post.
pub struct Connection<P = Mailbox> {
    link: Arc<Link>,
    post: Arc<P>,
    _counted: Counted,
}

impl Connection {
    /// Starts a connection with a mailbox of its own. With `Err` it is only there to be closed.
    pub(crate) fn start(
        hub: &Arc<Hub>,
        dialect: Dialect,
        opening: Result<Opening, Close>,
        span: tracing::Span,
        admitted: Option<Admitted>,
    ) -> Self {
        let mailed = |limits: &Limits| Outlet::to_mailbox(hub.new_connection_id(), dialect, limits);
        Self::start_by(hub, opening, span, admitted, mailed)
    }

    /// A connection that another process has started.
    pub(super) fn of(hub: &Arc<Hub>, link: Arc<Link>, mailbox: Arc<Mailbox>) -> Self {
        lock(&hub.open).insert(link.id(), Arc::downgrade(&link));
        Self { link, post: mailbox, _counted: hub.count_connection() }
    }

    /// What is to be written to the socket.
    #[must_use]
    pub fn mailbox(&self) -> &Arc<Mailbox> {
        &self.post
    }
}

impl<P: Transport> Connection<P> {
    /// Starts a connection whose frames go to this post. With `Err` it is only there to be closed.
    pub(crate) fn start_at(
        hub: &Arc<Hub>,
        post: Arc<P>,
        dialect: Dialect,
        opening: Result<Opening, Close>,
        span: tracing::Span,
    ) -> Self {
        let outlet = Outlet::new(Arc::clone(&post) as _, hub.new_connection_id(), dialect);
        Self::start_by(hub, opening, span, None, |_| (outlet, post))
    }

    fn start_by(
        hub: &Arc<Hub>,
        opening: Result<Opening, Close>,
        span: tracing::Span,
        admitted: Option<Admitted>,
        outlet: impl FnOnce(&Limits) -> (Outlet, Arc<P>),
    ) -> Self {
        let counted = hub.count_connection();
        let opening = opening.and_then(|opening| hub.turned_away().map_or(Ok(opening), Err));
        let limits = Arc::clone(opening.as_ref().map_or(&hub.limits, |opening| &opening.limits));
        // What is refused is not read.
        let endpoint = opening.as_ref().map_or(EndpointKind::Room, |opening| opening.destination.endpoint());
        let identity = Identity { member: MemberId::from_random(hub.random()), admitted, opened: false };
        let (outlet, post) = outlet(&limits);
        let link = Link::new(hub, (endpoint, outlet), limits, span, identity);
        lock(&hub.open).insert(link.id(), Arc::downgrade(&link));
        match opening {
            Ok(opening) => link.spawn(Arc::clone(&link).open(opening)),
            Err(close) => link.refuse(close),
        }
        Self { link, post, _counted: counted }
    }

    /// Where its frames go.
    #[must_use]
    pub fn post(&self) -> &Arc<P> {
        &self.post
    }
}

impl<P> Connection<P> {
    /// A number for this connection, unique among these rooms.
    #[must_use]
    pub fn id(&self) -> ConnectionId {
        self.link.id()
    }

    /// What it speaks.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.link.outlet.dialect
    }

    /// The id that it has, or will have, as a member; a socket's own.
    #[must_use]
    pub fn member(&self) -> &MemberId {
        self.link.member()
    }

    /// The bounds of this connection's room or socket.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.link.limits
    }

    /// Ready when another message may be received. Read the socket only then.
    pub fn poll_space(&self, cx: &mut Context<'_>) -> Poll<()> {
        let has_space = || lock(&self.link.inbox).has_space(&self.link.limits);
        if has_space() {
            return Poll::Ready(());
        }
        self.link.space.register(cx.waker());
        if has_space() { Poll::Ready(()) } else { Poll::Pending }
    }

    /// How many messages wait to be handled, and how many bytes of payload they are: for a platform that cannot keep a
    /// client from sending.
    #[must_use]
    pub fn queued(&self) -> (usize, usize) {
        lock(&self.link.inbox).queued()
    }

    /// One WebSocket message, text or binary, as it came.
    pub fn receive(&self, message: &[u8]) {
        // What was held back is older than this message, and must not be overtaken by it.
        self.release();
        metrics::frame_received();
        if self.link.outlet.closing().is_some() {
            return metrics::frame_dropped("closing");
        }
        let now = self.link.hub.now();
        let verdict = lock(&self.link.intake).judge(message, now);
        match verdict {
            Verdict::Handle(frame) => self.link.take(&frame),
            Verdict::Reply(frame, dropped) => {
                count_dropped(dropped);
                self.link.reply(frame);
            }
            Verdict::Drop(dropped) => count_dropped(dropped),
            // Where there are sessions it ends the grace; without them a member leaves with its socket.
            Verdict::Bye => {}
            Verdict::Close(close) => {
                count_dropped(Dropped::BadFrame);
                self.link.close(close);
            }
        }
    }

    /// In how many milliseconds [`Connection::release`] has something to do.
    #[must_use]
    pub fn release_in(&self) -> Option<Millis> {
        let at = lock(&self.link.intake).release_at()?;
        Some(at.saturating_sub(self.link.hub.now()))
    }

    /// Handles the state that was held back by the rate limit. Only a room's member has one.
    pub fn release(&self) {
        let now = self.link.hub.now();
        let held = lock(&self.link.intake).release(now);
        if let Some(Ok(frame)) = held.as_ref().map(|message| decode(message, self.dialect())) {
            self.link.take(&frame);
        }
    }

    /// Closes from this side, with a code of the protocol's.
    pub fn close(&self, close: Close) {
        self.link.outlet.close(close);
    }

    /// More waits for the client than may: it is closed 1013. For a post, which cannot wait for it.
    pub fn give_up(&self) {
        metrics::outbox_overflowed();
        self.close(Close::TOO_SLOW);
    }

    /// Counts a state that was replaced by a newer one while it waited for the client.
    pub fn count_conflated(&self) {
        metrics::presence_conflated();
    }

    /// The socket is gone, or will be: what it sent before is handled, then the member leaves. Only the first call
    /// counts. `error` is for `on_error`, or a socket's `error`.
    pub fn end(&self, close: &Close, error: Option<Box<dyn std::error::Error + Send + Sync>>) {
        if lock(&self.link.inbox).has_ended() {
            return;
        }
        metrics::connection_closed(close.code);
        self.link.end(close, error.map(|error| crate::ErrorKind::Socket(error).into_error()));
    }
}

impl<P> Drop for Connection<P> {
    fn drop(&mut self) {
        self.end(&Close::LOST, None);
        lock(&self.link.hub.open).remove(&self.link.id());
    }
}

/// Every frame that nobody will see is counted somewhere.
fn count_dropped(dropped: Dropped) {
    match dropped {
        Dropped::Not => {}
        Dropped::BadFrame => metrics::frame_dropped("bad_frame"),
        Dropped::RateLimited => metrics::frame_dropped("rate_limited"),
        Dropped::Conflated => metrics::frame_dropped("conflated"),
    }
}
