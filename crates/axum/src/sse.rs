//! Feeds and live values as server-sent events: a second door to what a WebSocket hears, for `EventSource`, `curl` and wherever a
//! WebSocket cannot go.
//!
//! A listener is the same member behind the same guards as one with a WebSocket. Its frames wait in a mailbox, which has the bound of
//! any outbox; over it the stream ends, and the client goes on from the last `id` that it has.

use std::convert::Infallible;
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    ACCEPT, ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, HeaderName,
    ORIGIN, RETRY_AFTER, UPGRADE, VARY,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::Stream;
use roomful_core::feed::Position;
use roomful_core::frame::EndpointKind;
use roomful_core::frame::feed::Greeting;
use roomful_core::frame::sse;
use roomful_core::{Close, Dialect};
use roomful_runtime::{Connection, Place, Platform, ToWrite};
use tokio::time::{Instant, Sleep, sleep};

/// A comment comes when nothing has for so long: under the 30 seconds after which proxies cut an idle connection.
const COMMENT_EVERY: Duration = Duration::from_secs(15);

/// So many bytes of what waits are written at once, and one frame more.
const CHUNK_BYTES: usize = 16 << 10;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Whether a request asks for this, and not for a WebSocket.
pub(crate) fn is_asked_for(request: &Request) -> bool {
    let values = request.headers().get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut types = values.flat_map(|value| value.split(','));
    let is_event_stream = |media: &str| {
        let media = media.split(';').next().unwrap_or_default();
        media.trim().eq_ignore_ascii_case("text/event-stream")
    };
    request.method() == Method::GET && !request.headers().contains_key(UPGRADE) && types.any(is_event_stream)
}

/// Answers a request for a feed or a live value, once its guards have decided.
pub(crate) async fn listen(platform: &Platform, parts: Parts, place: Place) -> Response {
    let presented = parts.headers.get(LAST_EVENT_ID).filter(|id| !id.is_empty()).cloned();
    let readers = readers(&parts.headers);
    let admission = platform.read(parts, Dialect::V1).seated(place);
    let kind = match admission.only_listens() {
        Ok(Some(kind)) => kind,
        Ok(None) => return (StatusCode::NOT_ACCEPTABLE, "this is not listened to: open a WebSocket").into_response(),
        Err(close) => return denied(close),
    };
    let position = presented.as_ref().and_then(|id| id.to_str().ok()?.parse::<Position>().ok());
    let admission = match position {
        Some(position) => admission.listened_to(position),
        None => admission,
    };
    let connection = admission.connect();
    let first = std::future::poll_fn(|cx| connection.mailbox().poll_next(cx)).await;
    let greeting = match &first {
        ToWrite::Frame(frame) => Greeting::read(frame),
        ToWrite::Close(close) => return denied(close),
    };
    let Some(greeting) = greeting else { return denied(&Close::JOIN_FAILED) };
    let begin = begin(&greeting, kind, position, presented.is_some());
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // A proxy that gathers what it passes on would hold every event back.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    let events = Events::new(connection, greeting.epoch, begin);
    (headers, readers, Body::from_stream(events)).into_response()
}

/// The page that may connect may also read.
fn readers(headers: &HeaderMap) -> HeaderMap {
    let mut readers = HeaderMap::new();
    if let Some(origin) = headers.get(ORIGIN) {
        readers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        readers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        readers.insert(VARY, HeaderValue::from_static("origin"));
    }
    readers
}

/// Where the listener is. What follows has numbers above that, so who is cut off meanwhile misses nothing.
fn begin(greeting: &Greeting, kind: EndpointKind, position: Option<Position>, came_back: bool) -> Vec<u8> {
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

/// The answer in place of a close. Nothing that a client asks for is a fault of the server's.
fn denied(close: &Close) -> Response {
    const FORBIDDEN: &str = r#"{"error":"forbidden"}"#;
    const UNKNOWN: &str = r#"{"error":"unknown"}"#;
    let (status, body) = match close {
        close if *close == Close::UNKNOWN_SOCKET => (StatusCode::NOT_FOUND, UNKNOWN),
        Close { code: 1011, .. } => (StatusCode::INTERNAL_SERVER_ERROR, r#"{"error":"failed"}"#),
        Close { code: 1012 | 1013, .. } => (StatusCode::SERVICE_UNAVAILABLE, r#"{"error":"unavailable"}"#),
        Close { code: 4429, .. } => (StatusCode::TOO_MANY_REQUESTS, r#"{"error":"too many"}"#),
        _ => (StatusCode::FORBIDDEN, FORBIDDEN),
    };
    let mut response = (status, [(CONTENT_TYPE, "application/json")], body).into_response();
    if let Some(ms) = close.retry_ms() {
        let seconds = ms.div_ceil(1_000).to_string();
        response.headers_mut().extend(HeaderValue::from_str(&seconds).ok().map(|seconds| (RETRY_AFTER, seconds)));
    }
    response
}

/// The body of such a response. Dropped, it is a connection that was lost.
struct Events {
    connection: Connection,
    epoch: String,
    /// What is written first of all.
    begin: Vec<u8>,
    comment: Pin<Box<Sleep>>,
    is_over: bool,
}

impl Events {
    fn new(connection: Connection, epoch: String, begin: Vec<u8>) -> Self {
        Self { connection, epoch, begin, comment: Box::pin(sleep(COMMENT_EVERY)), is_over: false }
    }

    /// What waits, up to a chunk.
    fn take(&mut self, cx: &mut Context<'_>) -> Vec<u8> {
        let mut chunk = std::mem::take(&mut self.begin);
        while chunk.len() < CHUNK_BYTES && !self.is_over {
            match self.connection.mailbox().poll_next(cx) {
                Poll::Ready(ToWrite::Frame(frame)) => {
                    sse::push_heard(&mut chunk, &self.epoch, &frame);
                }
                Poll::Ready(ToWrite::Close(close)) => {
                    chunk.extend(close.retry_ms().map(sse::retry).unwrap_or_default());
                    self.connection.end(&close, None);
                    self.is_over = true;
                }
                Poll::Pending => break,
            }
        }
        chunk
    }
}

impl Stream for Events {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let chunk = self.take(cx);
        if !chunk.is_empty() {
            self.comment.as_mut().reset(Instant::now() + COMMENT_EVERY);
            return Poll::Ready(Some(Ok(chunk.into())));
        }
        if self.is_over {
            return Poll::Ready(None);
        }
        if self.comment.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.comment.as_mut().reset(Instant::now() + COMMENT_EVERY);
        // The new time has to be waited for, too.
        cx.waker().wake_by_ref();
        Poll::Ready(Some(Ok(Bytes::from_static(sse::COMMENT))))
    }
}

#[cfg(test)]
mod tests;
