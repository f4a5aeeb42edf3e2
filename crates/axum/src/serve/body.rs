//! Bodies that say whose turn it is.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body as AxumBody;
use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::Instant;

use super::turn::Turn;

/// A request's. While the handler waits for it, the client's time runs.
pub(super) struct RequestBody {
    body: Incoming,
    turn: Turn,
}

impl RequestBody {
    pub(super) fn new(body: Incoming, turn: Turn) -> Self {
        Self { body, turn }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        match &frame {
            Poll::Pending => self.turn.body_waits(Instant::now()),
            Poll::Ready(_) => self.turn.body_waits_no_more(Instant::now()),
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        self.turn.body_waits_no_more(Instant::now());
    }
}

/// A response's. When it is dropped, all of it is handed over.
pub(super) struct ResponseBody {
    body: AxumBody,
    turn: Turn,
}

impl ResponseBody {
    pub(super) fn new(body: AxumBody, turn: Turn) -> Self {
        Self { body, turn }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        self.turn.answered(Instant::now());
    }
}
