//! Server-sent events from an object: responses that last. While there is one the platform does not put the object away.

use std::cell::RefCell;
use std::future::Future as _;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream::{AbortHandle, Abortable};
use http::HeaderMap;
use roomful_runtime::sse::{COMMENT_EVERY_MS, EventStream, Refusal};
use worker::{Delay, Headers, Response, ResponseBuilder};

/// The streams of one object.
#[derive(Default)]
pub(crate) struct Streams(RefCell<Vec<Open>>);

struct Open {
    abort: AbortHandle,
    is_read: Weak<()>,
}

impl Streams {
    /// The response whose body is this stream.
    pub(crate) fn respond(&self, stream: EventStream) -> worker::Result<Response> {
        let (abort, registration) = AbortHandle::new_pair();
        let is_read = Rc::new(());
        self.0.borrow_mut().push(Open { abort, is_read: Rc::downgrade(&is_read) });
        let events = Abortable::new(Events { stream, comment: comment(), _is_read: is_read }, registration);
        let headers = worker_headers(&HeaderMap::from_iter(EventStream::headers()))?;
        ResponseBuilder::new().with_headers(headers).from_stream(events)
    }

    /// How many somebody reads.
    pub(crate) fn len(&self) -> usize {
        let mut streams = self.0.borrow_mut();
        streams.retain(|open| open.is_read.strong_count() > 0);
        streams.len()
    }

    /// Nothing more is written. Their clients come back.
    pub(crate) fn end(&self) {
        self.0.take().into_iter().for_each(|open| open.abort.abort());
    }
}

/// The answer in place of a stream.
pub(crate) fn refused(refusal: Refusal) -> worker::Result<Response> {
    let headers = Headers::new();
    headers.set("content-type", "application/json")?;
    if let Some(seconds) = refusal.retry_after {
        headers.set("retry-after", &seconds.to_string())?;
    }
    Ok(ResponseBuilder::new().with_status(refusal.status).with_headers(headers).fixed(refusal.body.as_bytes().to_vec()))
}

/// Headers that are text, as the platform has them.
pub(crate) fn worker_headers(headers: &HeaderMap) -> worker::Result<Headers> {
    let of = Headers::new();
    for (name, value) in headers {
        if let Ok(value) = value.to_str() {
            of.append(name.as_str(), value)?;
        }
    }
    Ok(of)
}

struct Events {
    stream: EventStream,
    comment: Pin<Box<Delay>>,
    _is_read: Rc<()>,
}

impl Stream for Events {
    type Item = Result<Vec<u8>, worker::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let chunk = match self.stream.poll_chunk(cx) {
            Poll::Ready(Some(chunk)) => chunk,
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Pending if self.comment.as_mut().poll(cx).is_pending() => return Poll::Pending,
            Poll::Pending => EventStream::COMMENT.to_vec(),
        };
        self.comment = comment();
        Poll::Ready(Some(Ok(chunk)))
    }
}

fn comment() -> Pin<Box<Delay>> {
    Box::pin(Delay::from(Duration::from_millis(COMMENT_EVERY_MS)))
}
