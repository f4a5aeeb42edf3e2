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

use axum::Extension;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::Stream;
use roomful_core::Dialect;
use roomful_runtime::sse::{self, COMMENT_EVERY_MS, EventStream, Presented, Refusal};
use roomful_runtime::{Place, Platform};
use tokio::time::{Instant, Sleep, sleep};

const COMMENT_EVERY: Duration = Duration::from_millis(COMMENT_EVERY_MS);

/// In a response's extensions: somebody listens, who has a place among the rooms' connections.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IsListener;

/// Whether a request asks for this, and not for a WebSocket.
pub(crate) fn is_asked_for(request: &Request) -> bool {
    sse::is_asked_for(request.method(), request.headers())
}

/// Answers a request for a feed or a live value, once its guards have decided.
pub(crate) async fn listen(platform: &Platform, parts: Parts, place: Place) -> Response {
    let readers = sse::readers(&parts.headers);
    let mut response = answer(platform, parts, place).await;
    // A denial, too: a page that may connect is to see why it cannot listen.
    response.headers_mut().extend(readers);
    response
}

async fn answer(platform: &Platform, parts: Parts, place: Place) -> Response {
    let presented = Presented::read(&parts.headers);
    let admission = platform.read(parts, Dialect::V1).seated(place);
    let kind = match admission.only_listens() {
        Ok(Some(kind)) => kind,
        Ok(None) => return (StatusCode::NOT_ACCEPTABLE, "this is not listened to: open a WebSocket").into_response(),
        Err(close) => return refused(close.into()),
    };
    let admission = match presented.position {
        Some(position) => admission.listened_to(position),
        None => admission,
    };
    match EventStream::begin(admission.connect(), kind, presented).await {
        Ok(stream) => {
            let body = Body::from_stream(Events::new(stream));
            (Extension(IsListener), EventStream::headers(), body).into_response()
        }
        Err(refusal) => refused(refusal),
    }
}

fn refused(Refusal { status, body, retry_after }: Refusal) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::FORBIDDEN);
    let mut response = (status, [(CONTENT_TYPE, "application/json")], body).into_response();
    let retry_after = retry_after.and_then(|seconds| HeaderValue::from_str(&seconds.to_string()).ok());
    response.headers_mut().extend(retry_after.map(|seconds| (RETRY_AFTER, seconds)));
    response
}

/// The body of such a response.
struct Events {
    stream: EventStream,
    comment: Pin<Box<Sleep>>,
}

impl Events {
    fn new(stream: EventStream) -> Self {
        Self { stream, comment: Box::pin(sleep(COMMENT_EVERY)) }
    }
}

impl Stream for Events {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let chunk = match self.stream.poll_chunk(cx) {
            Poll::Ready(Some(chunk)) => chunk.into(),
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Pending if self.comment.as_mut().poll(cx).is_pending() => return Poll::Pending,
            Poll::Pending => Bytes::from_static(EventStream::COMMENT),
        };
        // Whoever takes this asks again, and then it is waited for.
        self.comment.as_mut().reset(Instant::now() + COMMENT_EVERY);
        Poll::Ready(Some(Ok(chunk)))
    }
}

#[cfg(test)]
mod tests;
