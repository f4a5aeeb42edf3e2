//! Feeds and live values as server-sent events, without the HTTP of a platform: for `EventSource`, `curl` and wherever a
//! WebSocket cannot go.
//!
//! A listener is the same member behind the same guards as one with a WebSocket. Its frames wait in a mailbox, which has the bound
//! of any outbox; over it the stream ends, and the client goes on from the last `id` that it has.

use std::task::{Context, Poll};

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, HeaderName, ORIGIN,
    UPGRADE, VARY,
};
use http::{HeaderMap, HeaderValue, Method};
use roomful_core::feed::Position;
use roomful_core::frame::EndpointKind;
use roomful_core::frame::feed::Greeting;
use roomful_core::frame::sse;
use roomful_core::{Close, Millis};

use crate::accept;
use crate::connection::Connection;
use crate::mailbox::ToWrite;

/// A [comment](EventStream::COMMENT) is to come when nothing has for so long: under the 30 seconds after which proxies cut an idle
/// connection.
pub const COMMENT_EVERY_MS: Millis = 15_000;

/// So many bytes of what waits are written at once, and one frame more.
const CHUNK_BYTES: usize = 16 << 10;

/// In place of an `id` that is no text, or of two: it is none that anybody was sent.
const UNREADABLE: &str = "?";

/// What a client presents to go on from where it was.
pub const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Whether a request asks for this, and not for a WebSocket.
#[must_use]
pub fn is_asked_for(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::GET && !headers.contains_key(UPGRADE) && accept::names(headers, "text/event-stream")
}

/// Headers that let the page read which may connect.
#[must_use]
pub fn readers(headers: &HeaderMap) -> HeaderMap {
    let mut readers = HeaderMap::new();
    if let Some(origin) = headers.get(ORIGIN) {
        readers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        readers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        readers.insert(VARY, HeaderValue::from_static("origin"));
    }
    readers
}

/// Where a client says that it was.
#[derive(Debug, Clone, Copy, Default)]
pub struct Presented {
    /// There: the last `id` that it was sent.
    pub position: Option<Position>,
    /// Somewhere, whether it can be read or not.
    pub came_back: bool,
}

impl Presented {
    /// As its request says.
    #[must_use]
    pub fn read(headers: &HeaderMap) -> Self {
        Self::of(Self::text(headers))
    }

    /// What its request says, for another to read with [`of`](Presented::of). What cannot be read is still something.
    #[must_use]
    pub fn text(headers: &HeaderMap) -> Option<&str> {
        let mut ids = headers.get_all(LAST_EVENT_ID).iter();
        let id = ids.next()?;
        Some(id.to_str().ok().filter(|_| ids.next().is_none()).unwrap_or(UNREADABLE))
    }

    /// As its `Last-Event-ID` says, where there is one.
    #[must_use]
    pub fn of(id: Option<&str>) -> Self {
        let id = id.filter(|id| !id.is_empty());
        Self { position: id.and_then(|id| id.parse().ok()), came_back: id.is_some() }
    }
}

/// The answer in place of a stream. Nothing that a client asks for is a fault of the server's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// JSON.
    pub body: &'static str,
    /// Seconds after which the client may come back, where that is known: `Retry-After`.
    pub retry_after: Option<u64>,
}

impl From<&Close> for Refusal {
    /// In place of the close that a WebSocket would be told.
    fn from(close: &Close) -> Self {
        let (status, body) = match close {
            close if *close == Close::UNKNOWN_SOCKET => (404, r#"{"error":"unknown"}"#),
            Close { code: 1011, .. } => (500, r#"{"error":"failed"}"#),
            Close { code: 1012 | 1013, .. } => (503, r#"{"error":"unavailable"}"#),
            Close { code: 4429, .. } => (429, r#"{"error":"too many"}"#),
            _ => (403, r#"{"error":"forbidden"}"#),
        };
        Self { status, body, retry_after: close.retry_ms().map(|ms| ms.div_ceil(1_000)) }
    }
}

/// The body of such a response, in pieces. Dropped, it is a connection that was lost.
pub struct EventStream {
    connection: Connection,
    epoch: String,
    /// What is written first of all.
    begin: Vec<u8>,
    is_over: bool,
}

impl EventStream {
    /// What is written when nothing else was for [`COMMENT_EVERY_MS`].
    pub const COMMENT: &'static [u8] = sse::COMMENT;

    /// The headers of the response.
    #[must_use]
    pub fn headers() -> [(HeaderName, HeaderValue); 3] {
        [
            (CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
            (CACHE_CONTROL, HeaderValue::from_static("no-store")),
            // A proxy that gathers what it passes on would hold every event back.
            (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
        ]
    }

    /// The stream of a connection that listens to a feed or to a live value, once its guards have decided.
    ///
    /// # Errors
    ///
    /// When they deny it, or when it cannot listen.
    pub async fn begin(connection: Connection, kind: EndpointKind, presented: Presented) -> Result<Self, Refusal> {
        let first = std::future::poll_fn(|cx| connection.mailbox().poll_next(cx)).await;
        let greeting = match &first {
            ToWrite::Frame(frame) => Greeting::read(frame),
            ToWrite::Close(close) => return Err(close.into()),
        };
        let greeting = greeting.ok_or(Refusal::from(&Close::JOIN_FAILED))?;
        let begin = begin(&greeting, kind, presented);
        Ok(Self { connection, epoch: greeting.epoch, begin, is_over: false })
    }

    /// What waits, up to a chunk; `None` at the end.
    pub fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Vec<u8>>> {
        let mut chunk = std::mem::take(&mut self.begin);
        while chunk.len() < CHUNK_BYTES && !self.is_over {
            match self.connection.mailbox().poll_next(cx) {
                Poll::Ready(ToWrite::Frame(frame)) => {
                    sse::push_heard(&mut chunk, &self.epoch, &frame);
                }
                Poll::Ready(ToWrite::Close(close)) => {
                    chunk.extend(close.retry_ms().map(sse::retry).unwrap_or_default());
                    self.connection.end(&close, None);
                    self.connection.let_go();
                    self.is_over = true;
                }
                Poll::Pending => break,
            }
        }
        match (chunk.is_empty(), self.is_over) {
            (false, _) => {
                self.connection.mailbox().leave_for_now();
                Poll::Ready(Some(chunk))
            }
            (true, true) => Poll::Ready(None),
            (true, false) => Poll::Pending,
        }
    }
}

/// Where the listener is. What follows has numbers above that, so who is cut off meanwhile misses nothing.
fn begin(greeting: &Greeting, kind: EndpointKind, Presented { position, came_back }: Presented) -> Vec<u8> {
    let Greeting { epoch, seq, resumed } = greeting;
    match position.filter(|_| *resumed && kind == EndpointKind::Feed) {
        Some(position) => sse::position(position),
        None => {
            let mut begin = sse::position(format_args!("{epoch}.{seq}"));
            // Of a live value nothing is missing: the latest follows.
            if came_back && !resumed && kind == EndpointKind::Feed {
                begin.extend(sse::gap(epoch, *seq));
            }
            begin
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_websocket_would_be_closed_with_is_a_status() {
        for (close, status, retry_after) in [
            (Close::UNKNOWN_SOCKET, 404, None),
            (Close::FORBIDDEN, 403, None),
            (Close::KICKED, 403, None),
            (Close::JOIN_FAILED, 500, None),
            (Close::OVERLOADED, 503, None),
            (Close::restarting(1_000), 503, Some(1)),
            (Close::restarting(1_001), 503, Some(2)),
            (Close::ROOM_FULL, 429, None),
        ] {
            let refusal = Refusal::from(&close);
            assert_eq!((refusal.status, refusal.retry_after), (status, retry_after), "{close:?}");
            assert!(serde_json::from_str::<serde_json::Value>(refusal.body).is_ok(), "{}", refusal.body);
        }
    }
}
