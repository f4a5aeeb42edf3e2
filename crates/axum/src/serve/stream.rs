//! A connection's bytes, and what they say of whose turn it is.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::turn::Turn;

/// A connection of [`serve`](crate::serve), before it is a WebSocket.
pub(crate) struct HttpStream {
    stream: TcpStream,
    turn: Turn,
    /// Nothing more is written, and what comes is thrown away.
    lingers: bool,
}

impl HttpStream {
    pub(crate) fn new(stream: TcpStream, turn: Turn) -> Self {
        Self { stream, turn, lingers: false }
    }

    pub(crate) fn into_tcp(self) -> TcpStream {
        self.stream
    }

    fn note_written(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match &written {
            Poll::Ready(Ok(bytes)) => self.turn.written(*bytes, Instant::now()),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.turn.write_waits(Instant::now()),
        }
        written
    }

    /// Reads until the client ends too: a socket that is closed with bytes unread is reset, and the reset may overtake the
    /// answer.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut unwanted = [MaybeUninit::uninit(); 4096];
        loop {
            let mut unwanted = ReadBuf::uninit(&mut unwanted);
            match Pin::new(&mut self.stream).poll_read(cx, &mut unwanted) {
                // Nothing waits to be read, and nothing is to come: nobody would be reset.
                Poll::Pending if !self.lingers && self.turn.is_idle() => return Poll::Ready(Ok(())),
                Poll::Pending => {
                    self.lingers = true;
                    self.turn.lingers(Instant::now());
                    return Poll::Pending;
                }
                Poll::Ready(Ok(())) if !unwanted.filled().is_empty() => self.lingers = true,
                // Whether it ends so or is lost does not matter any more.
                Poll::Ready(_) => return Poll::Ready(Ok(())),
            }
        }
    }
}

impl AsyncRead for HttpStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        let bytes = buf.filled().len() - before;
        if bytes > 0 {
            self.turn.read(bytes, Instant::now());
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for HttpStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.note_written(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
        self.note_written(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        self.poll_linger(cx)
    }
}
