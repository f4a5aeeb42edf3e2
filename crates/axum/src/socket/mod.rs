//! The task that owns one socket: it reads frames and writes frames, and runs no code of the app's.

#[cfg(test)]
mod tests;

use std::error::Error as StdError;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt, Sink, Stream};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use roomful::runtime::{Connection, Outgoing};
use roomful::{Admission, Close, Limits};
use roomful_core::liveness::{Beat, Liveness};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error as WsError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

/// Frames are gathered up to this many bytes before the socket is written to, so that all that waits goes out in one
/// write; what does not fit stays in the outbox, where it is bounded and conflated.
const WRITE_BUFFER: usize = 8 << 10;

/// Serves one upgraded connection until its socket is gone.
pub(crate) async fn run(upgraded: Upgraded, admission: Admission) {
    serve(TokioIo::new(upgraded), admission).await;
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(stream: S, admission: Admission) {
    let config = config(admission.limits());
    let ws = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
    let mut socket = Socket::new(ws, admission.connect());
    let ended = std::future::poll_fn(|cx| socket.poll(cx)).await;
    match ended {
        Ended::Gone => {}
        Ended::Silent => socket.tell_the_silent().await,
        Ended::Broken(close) => socket.say_goodbye(&close).await,
    }
}

fn config(limits: &Limits) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(4 << 10)
        .write_buffer_size(WRITE_BUFFER)
        .max_message_size(Some(limits.frame_bytes))
        .max_frame_size(Some(limits.frame_bytes))
}

struct Socket<S> {
    ws: WebSocketStream<S>,
    connection: Connection,
    clock: Clock,
    liveness: Liveness,
    /// Set when a close frame was sent or the end was decided: nothing more is written, and the peer has until then.
    closing: Option<Instant>,
    /// The sink holds bytes that it has not written.
    unflushed: bool,
}

/// How a socket ended.
enum Ended {
    /// The close handshake is complete, or the peer is gone.
    Gone,
    /// Nothing was heard for two heartbeats.
    Silent,
    /// The peer broke the rules: it is told with this close, and not heard any more.
    Broken(Close),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    fn new(ws: WebSocketStream<S>, connection: Connection) -> Self {
        let clock = Clock::start();
        let liveness = Liveness::new(connection.limits().heartbeat_ms, clock.now());
        Self { ws, connection, clock, liveness, closing: None, unflushed: false }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        loop {
            let blocked = match self.poll_write(cx) {
                Poll::Ready(Ok(())) => false,
                Poll::Ready(Err(error)) => return Poll::Ready(self.lost(error)),
                Poll::Pending => true,
            };
            // A client that does not read is not read from either, or the pongs it asks for would pile up unseen.
            if !blocked && let Poll::Ready(ended) = self.poll_read(cx) {
                return Poll::Ready(ended);
            }
            // Reading may have queued answers, and a timer may have queued a ping.
            let timer_fired = match self.poll_timers(cx) {
                Poll::Ready(Some(ended)) => return Poll::Ready(ended),
                Poll::Ready(None) => true,
                Poll::Pending => false,
            };
            if !timer_fired && (blocked || !self.unflushed) {
                return Poll::Pending;
            }
        }
    }

    /// Moves what waits into the sink, then writes it. Pending while the socket takes no more.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WsError>> {
        loop {
            ready!(Pin::new(&mut self.ws).poll_ready(cx))?;
            let Poll::Ready(outgoing) = self.connection.mailbox().poll_next(cx) else { break };
            let message = match outgoing {
                Outgoing::Frame(frame) => text(frame),
                Outgoing::Close(close) => {
                    self.begin_closing();
                    self.connection.end(&close, None);
                    Message::Close(close_frame(&close))
                }
            };
            if let Err(error) = Pin::new(&mut self.ws).start_send(message) {
                // The peer closed first: what was still queued for it has nowhere to go.
                return if is_closing(&error) { Poll::Ready(Ok(())) } else { Poll::Ready(Err(error)) };
            }
            self.unflushed = true;
        }
        if self.unflushed {
            ready!(Pin::new(&mut self.ws).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        loop {
            if self.closing.is_none() && self.connection.poll_space(cx).is_pending() {
                // We do not listen, so the peer's silence says nothing.
                self.liveness.heard(self.clock.now());
                return Poll::Pending;
            }
            let message = match ready!(Pin::new(&mut self.ws).poll_next(cx)) {
                Some(Ok(message)) => message,
                Some(Err(error)) => return Poll::Ready(self.lost(error)),
                None => {
                    self.connection.end(&Close::LOST, None);
                    return Poll::Ready(Ended::Gone);
                }
            };
            self.liveness.heard(self.clock.now());
            match message {
                Message::Text(text) => self.connection.receive(&text.into()),
                Message::Binary(bytes) => self.connection.receive(&bytes),
                Message::Close(frame) => {
                    self.begin_closing();
                    self.connection.end(&closed_by_peer(frame), None);
                }
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
            // The library may have queued a pong or the answer to a close.
            self.unflushed = true;
        }
    }

    /// `Some` when time is up; `None` when something was done and there may be more.
    fn poll_timers(&mut self, cx: &mut Context<'_>) -> Poll<Option<Ended>> {
        if self.closing.is_none()
            && let Poll::Ready(close) = self.connection.mailbox().poll_closing(cx)
        {
            // The socket does not take the close frame. The member leaves all the same.
            self.begin_closing();
            self.connection.end(&close, None);
        }
        if let Some(deadline) = self.closing {
            ready!(self.clock.poll_until(cx, deadline));
            self.connection.end(&Close::LOST, None);
            return Poll::Ready(Some(Ended::Gone));
        }
        let now = self.clock.now();
        let beat_at = match self.liveness.poll(now) {
            Beat::Dead => {
                self.connection.end(&Close::HEARTBEAT_MISSED, None);
                return Poll::Ready(Some(Ended::Silent));
            }
            Beat::Ping => {
                // A sink that cannot take it is full of unread frames, and the silence will say so.
                let _full = Pin::new(&mut self.ws).start_send(Message::Ping(Bytes::new()));
                self.unflushed = true;
                return Poll::Ready(None);
            }
            Beat::Wait(at) => at,
        };
        let release_at = self.connection.release_at();
        let at = release_at.map_or(beat_at, |release_at| beat_at.min(release_at.max(now)));
        ready!(self.clock.poll_at(cx, at));
        self.connection.release();
        Poll::Ready(None)
    }

    fn begin_closing(&mut self) {
        let wait = Duration::from_millis(self.connection.limits().close_timeout_ms);
        self.closing.get_or_insert_with(|| Instant::now() + wait);
    }

    /// What a read or a write error means.
    fn lost(&mut self, error: WsError) -> Ended {
        let broken = match &error {
            WsError::Capacity(CapacityError::MessageTooLong { .. }) => Some(Close::TOO_BIG),
            WsError::Utf8(_) => Some(Close::NOT_UTF8),
            WsError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
            WsError::Protocol(_) | WsError::Capacity(_) => Some(Close::PROTOCOL_ERROR),
            _ => None,
        };
        let close = broken.clone().unwrap_or(Close::LOST);
        let is_news = !matches!(
            error,
            WsError::ConnectionClosed
                | WsError::AlreadyClosed
                | WsError::Protocol(ProtocolError::ResetWithoutClosingHandshake)
        );
        tracing::debug!(%error, "the socket ended");
        let error = is_news.then(|| Box::new(error) as Box<dyn StdError + Send + Sync>);
        self.connection.end(&close, error);
        broken.map_or(Ended::Gone, Ended::Broken)
    }

    /// Whoever has been silent for so long is not waited for, but a close frame that fits into the socket costs nothing.
    async fn tell_the_silent(&mut self) {
        let close = self.ws.close(close_frame(&Close::HEARTBEAT_MISSED));
        if close.now_or_never().is_none() {
            tracing::debug!("the silent peer's socket is full");
        }
    }

    /// The last frame to a peer that broke the rules. What it still sends is read and thrown away for a while: closing a
    /// socket with unread bytes resets it, and the reset would overtake the close frame.
    async fn say_goodbye(&mut self, close: &Close) {
        let wait = Duration::from_millis(self.connection.limits().close_timeout_ms);
        let goodbye = async {
            self.ws.close(close_frame(close)).await?;
            let io = self.ws.get_mut();
            io.shutdown().await?;
            let mut rest = [0; 4096];
            while io.read(&mut rest).await? > 0 {}
            Ok::<(), WsError>(())
        };
        // The peer is gone or too slow to hear it; either way the connection has ended.
        let _nobody_listens = tokio::time::timeout(wait, goodbye).await;
    }
}

/// Milliseconds since the connection began, and one timer for whatever is due next.
struct Clock {
    began: Instant,
    timer: Pin<Box<Sleep>>,
}

impl Clock {
    fn start() -> Self {
        let began = Instant::now();
        Self { began, timer: Box::pin(sleep_until(began)) }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn poll_at(&mut self, cx: &mut Context<'_>, at: u64) -> Poll<()> {
        self.poll_until(cx, self.began + Duration::from_millis(at))
    }

    fn poll_until(&mut self, cx: &mut Context<'_>, at: Instant) -> Poll<()> {
        if self.timer.deadline() != at {
            self.timer.as_mut().reset(at);
        }
        self.timer.as_mut().poll(cx)
    }
}

fn text(frame: Bytes) -> Message {
    match Utf8Bytes::try_from(frame) {
        Ok(text) => Message::Text(text),
        // Every frame is written by the engine from UTF-8; binary JSON is read all the same.
        Err(error) => Message::Binary(error.to_string().into()),
    }
}

/// 1005 and 1006 stand for "no code" and "no close frame" and must never be on the wire.
fn close_frame(close: &Close) -> Option<CloseFrame> {
    let code = CloseCode::from(close.code);
    code.is_allowed().then(|| CloseFrame { code, reason: close.reason.as_ref().into() })
}

fn closed_by_peer(frame: Option<CloseFrame>) -> Close {
    match frame {
        Some(frame) => Close { code: frame.code.into(), reason: frame.reason.to_string().into() },
        None => Close::NO_CODE,
    }
}

fn is_closing(error: &WsError) -> bool {
    matches!(
        error,
        WsError::ConnectionClosed | WsError::AlreadyClosed | WsError::Protocol(ProtocolError::SendAfterClosing)
    )
}
