//! The platform's handle to one connection.

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use roomful_core::frame::{Endpoint, decode};
use roomful_core::intake::{Dropped, Verdict};
use roomful_core::{Close, Dialect, Limits, MemberId, Millis};

use super::hub::Counted;
use super::kept::Vetted;
use super::link::{Identity, Link, Opening};
use super::{Hub, Mailbox, lock};
use crate::metrics;

/// One connection, as the task that owns its socket sees it. Dropping it ends the connection, as losing the socket does.
///
/// The socket feeds it through [`receive`](Connection::receive); when its queue is full,
/// [`poll_space`](Connection::poll_space) is pending and the socket is not read, so the sender waits in TCP and nobody
/// else does.
pub struct Connection {
    link: Arc<Link>,
    _counted: Counted,
}

impl Connection {
    /// Starts a connection. With `Err` it is only there to be closed.
    pub(crate) fn start(
        hub: &Arc<Hub>,
        dialect: Dialect,
        opening: Result<Opening, Close>,
        span: tracing::Span,
        vetted: Option<Vetted>,
    ) -> Self {
        let counted = hub.count_connection();
        let opening = opening.and_then(|opening| hub.turned_away().map_or(Ok(opening), Err));
        let limits = Arc::clone(opening.as_ref().map_or(&hub.limits, |opening| &opening.limits));
        // What is refused is not read.
        let endpoint = opening.as_ref().map_or(Endpoint::Room, |opening| opening.destination.endpoint());
        let identity = Identity { member: MemberId::from_random(hub.random()), vetted, opened: false };
        let link = Link::new(hub, (endpoint, dialect), limits, span, identity);
        lock(&hub.open).insert(link.connection, Arc::downgrade(&link));
        match opening {
            Ok(opening) => link.spawn(Arc::clone(&link).open(opening)),
            Err(close) => link.refuse(close),
        }
        Self { link, _counted: counted }
    }

    /// A connection that another process has started.
    pub(super) fn of(hub: &Arc<Hub>, link: Arc<Link>) -> Self {
        lock(&hub.open).insert(link.connection, Arc::downgrade(&link));
        Self { link, _counted: hub.count_connection() }
    }

    /// A number for this connection, unique in this process.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.link.connection.0
    }

    /// The id that it has, or will have, as a member; a socket's own.
    #[must_use]
    pub fn member(&self) -> &MemberId {
        self.link.member()
    }

    /// What is to be written to the socket.
    #[must_use]
    pub fn mailbox(&self) -> &Arc<Mailbox> {
        &self.link.mailbox
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
    pub fn receive(&self, message: &Bytes) {
        // What was held back is older than this message, and must not be overtaken by it.
        self.release();
        metrics::frame_received();
        if self.link.mailbox.closing().is_some() {
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

    /// When [`Connection::release`] has something to do.
    #[must_use]
    pub fn release_at(&self) -> Option<Millis> {
        lock(&self.link.intake).release_at()
    }

    /// Handles the state that was held back by the rate limit. Only a room's member has one.
    pub fn release(&self) {
        let now = self.link.hub.now();
        let held = lock(&self.link.intake).release(now);
        if let Some(Ok(frame)) = held.as_ref().map(|message| decode(message, self.link.mailbox.dialect())) {
            self.link.take(&frame);
        }
    }

    /// Closes from this side, with a code of the protocol's.
    pub fn close(&self, close: Close) {
        self.link.mailbox.close(close);
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

impl Drop for Connection {
    fn drop(&mut self) {
        self.end(&Close::LOST, None);
        lock(&self.link.hub.open).remove(&self.link.connection);
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
