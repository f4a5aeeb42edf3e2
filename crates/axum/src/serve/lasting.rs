//! Responses of server-sent events, written without hyper: they last and mostly say nothing, and for as long as they do hyper would
//! keep two buffers of 8 KiB for each.

use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, ready};
use std::time::SystemTime;

use axum::body::Body;
use axum::http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE, TRANSFER_ENCODING};
use axum::http::{HeaderMap, Method, Request, Response, StatusCode, Version};
use bytes::{Buf as _, Bytes};
use futures_util::StreamExt as _;
use hyper::body::{Body as _, Incoming};
use tokio::io::{AsyncRead as _, AsyncWriteExt as _, ReadBuf};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::cut::{count, overdue};
use super::places::Place;
use super::stream::HttpStream;
use super::turn::{Cut, Turn};
use crate::sse::IsListener;

/// Where a response waits that hyper is not to write. It stays hyper's until the connection is taken apart, and whoever polls the
/// connection looks here right after.
#[derive(Clone, Default)]
pub(super) struct Aside(Arc<Mutex<Option<Response<Body>>>>);

impl Aside {
    pub(super) fn put(&self, response: Response<Body>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(response);
    }

    /// Ready when there is one. Nobody is woken for it: it comes while the connection is polled.
    pub(super) async fn taken(&self) -> Response<Body> {
        std::future::poll_fn(|_| {
            let waits = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
            waits.map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}

/// Whether a response to this request may be written so: it is said in chunks, and nothing of the request is still to be read.
pub(super) fn may_answer(request: &Request<Incoming>) -> bool {
    request.method() == Method::GET && request.version() == Version::HTTP_11 && request.body().is_end_stream()
}

/// Whether this response is one. An app's own counts as well.
pub(super) fn is_lasting<B>(response: &Response<B>) -> bool {
    let headers = response.headers();
    let media = headers.get(CONTENT_TYPE).and_then(|media| media.to_str().ok()).unwrap_or_default();
    let is_events = media.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/event-stream");
    let is_framed = headers.contains_key(CONTENT_LENGTH) || headers.contains_key(TRANSFER_ENCODING);
    is_events && !is_framed && response.status() == StatusCode::OK
}

/// A connection whose last response it is.
pub(super) struct Lasting {
    pub(super) stream: HttpStream,
    pub(super) response: Response<Body>,
    pub(super) peer: SocketAddr,
    pub(super) turn: Turn,
    pub(super) place: Place,
    /// The rooms have told everybody to go: whoever takes nothing now is not waited for.
    pub(super) told: CancellationToken,
}

/// Writes the response. Ends with it, when the client is gone, or when it has not taken anything for too long.
pub(super) async fn serve(lasting: Lasting) {
    let Lasting { stream, response, peer, turn, place, told } = lasting;
    // Who listens to what is the rooms' has a place among their connections, and takes none of the others'.
    let place = Some(place).filter(|_| response.extensions().get::<IsListener>().is_none());
    let needed = async {
        match &place {
            Some(place) => place.needed().await,
            None => std::future::pending().await,
        }
    };
    let mut clock = pin!(sleep_until(Instant::now()));
    let mut client = Client { stream, says_more: false, told };
    let cut = tokio::select! {
        biased;
        ended = client.answer(response, &turn) => match ended {
            Ok(()) => return,
            Err(Ended::Cut(cut)) => cut,
            Err(Ended::Lost(error)) => return tracing::debug!(%error, "a stream of events ended badly"),
        },
        () = needed => Cut::Crowd,
        cut = overdue(&turn, clock.as_mut()) => cut,
    };
    count(peer, cut);
}

/// Why a response has no end.
enum Ended {
    Cut(Cut),
    Lost(io::Error),
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        Self::Lost(error)
    }
}

struct Client {
    stream: HttpStream,
    /// Whether it has gone on sending. That is not answered any more.
    says_more: bool,
    told: CancellationToken,
}

impl Client {
    async fn answer(&mut self, response: Response<Body>, turn: &Turn) -> Result<(), Ended> {
        let (parts, body) = response.into_parts();
        self.write(Bytes::from(head(&parts.headers, SystemTime::now())), Bytes::new(), "").await?;
        drop(parts);
        let mut body = body.into_data_stream();
        loop {
            let chunk = tokio::select! {
                biased;
                chunk = body.next() => chunk,
                () = self.gone() => return Ok(()),
            };
            match chunk {
                // An empty chunk would be the end.
                Some(Ok(chunk)) if chunk.is_empty() => {}
                Some(Ok(chunk)) => self.write(format!("{:x}\r\n", chunk.len()).into(), chunk, "\r\n").await?,
                // Without the last chunk a client knows that the response is not whole.
                Some(Err(error)) => return Err(io::Error::other(error).into()),
                None => break,
            }
        }
        drop(body);
        self.write(Bytes::from_static(b"0\r\n\r\n"), Bytes::new(), "").await?;
        turn.answered(Instant::now());
        self.stream.shutdown().await?;
        Ok(())
    }

    async fn write(&mut self, before: Bytes, chunk: Bytes, after: &'static str) -> Result<(), Ended> {
        let mut all = before.chain(chunk).chain(after.as_bytes());
        tokio::select! {
            biased;
            written = self.stream.write_all_buf(&mut all) => Ok(written?),
            () = self.told.cancelled() => Err(Ended::Cut(Cut::Told)),
        }
    }

    /// Ready when the client has ended its side, or is lost. Where it says something instead, that stays where it is, and the next
    /// write finds out.
    async fn gone(&mut self) {
        let Self { stream, says_more, .. } = self;
        std::future::poll_fn(|cx| {
            if *says_more {
                return Poll::Pending;
            }
            let mut byte = [0];
            let mut byte = ReadBuf::new(&mut byte);
            match ready!(Pin::new(&mut *stream).poll_read(cx, &mut byte)) {
                Ok(()) if !byte.filled().is_empty() => {
                    *says_more = true;
                    Poll::Pending
                }
                Ok(()) | Err(_) => Poll::Ready(()),
            }
        })
        .await;
    }
}

/// As hyper writes it. What the app says of its connection does not count: it ends with this response.
fn head(headers: &HeaderMap, now: SystemTime) -> Vec<u8> {
    let mut head = b"HTTP/1.1 200 OK\r\n".to_vec();
    let mut line = |name: &str, value: &[u8]| head.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
    headers
        .iter()
        .filter(|(name, _)| *name != CONNECTION)
        .for_each(|(name, value)| line(name.as_str(), value.as_bytes()));
    line(TRANSFER_ENCODING.as_str(), b"chunked");
    line(CONNECTION.as_str(), b"close");
    if !headers.contains_key(DATE) {
        line(DATE.as_str(), httpdate::fmt_http_date(now).as_bytes());
    }
    head.extend(b"\r\n");
    head
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use axum::http::header::{CONTENT_ENCODING, SET_COOKIE};

    use super::*;

    #[test]
    fn what_is_written_without_hyper() {
        let response = |status: u16, headers: &[(&str, &str)]| {
            let headers = headers.iter();
            let response = headers
                .fold(Response::builder().status(status), |response, (name, value)| response.header(*name, *value));
            is_lasting(&response.body(()).unwrap())
        };
        const EVENTS: (&str, &str) = ("content-type", "text/event-stream");
        for (status, headers, is_so) in [
            (200, &[EVENTS][..], true),
            (200, &[("content-type", "Text/Event-Stream; charset=utf-8")], true),
            (200, &[EVENTS, ("content-encoding", "gzip")], true),
            (200, &[("content-type", "text/html")], false),
            (200, &[("content-type", "text/event-streams")], false),
            (200, &[], false),
            (201, &[EVENTS], false),
            (403, &[EVENTS], false),
            (200, &[EVENTS, ("content-length", "3")], false),
            (200, &[EVENTS, ("transfer-encoding", "gzip")], false),
        ] {
            assert_eq!(response(status, headers), is_so, "{status} {headers:?}");
        }
    }

    #[test]
    fn the_head_has_every_line_of_the_app_but_what_it_says_of_the_connection() {
        let mut headers = HeaderMap::new();
        headers.append(SET_COOKIE, HeaderValue::from_static("a=1"));
        headers.append(SET_COOKIE, HeaderValue::from_bytes(b"b=\xfc").unwrap());
        headers.append(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        headers.append(CONNECTION, HeaderValue::from_static("keep-alive"));
        let written = head(&headers, SystemTime::UNIX_EPOCH);
        let expected = b"HTTP/1.1 200 OK\r\nset-cookie: a=1\r\nset-cookie: b=\xfc\r\ncontent-encoding: gzip\r\n\
            transfer-encoding: chunked\r\nconnection: close\r\ndate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n";
        assert_eq!(written, expected);
        headers.insert(DATE, HeaderValue::from_static("today"));
        let written = String::from_utf8_lossy(&head(&headers, SystemTime::UNIX_EPOCH)).into_owned();
        assert!(written.contains("\r\ndate: today\r\n") && !written.contains("1970"), "{written}");
    }
}
