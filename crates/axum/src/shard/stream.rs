//! A socket that a shard can own.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use bytes::Bytes;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use mio::{Interest, Registry, Token};
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::writes;
use crate::serve::HttpStream;

/// Bytes that the kernel may hold unsent before the socket counts as full. What waits here instead can still be conflated.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT_BYTES: u32 = 16 << 10;

#[cfg(unix)]
type Near = mio::net::UnixStream;
#[cfg(not(unix))]
type Near = mio::net::TcpStream;

/// A socket of its own, or the near end of a pair whose far end a task copies to and from. The task is told by what it holds
/// with it when the near end is dropped, and how.
pub(super) enum Stream {
    Tcp(mio::net::TcpStream),
    Pair(Near, oneshot::Sender<()>),
}

/// How long the task of a pair may go on when its near end was dropped: both sides have closed, or the peer is not waited for,
/// and only the last frame is on its way.
const LAST_FRAME: Duration = Duration::from_secs(2);

/// Takes the socket out of hyper's hands, and what had been read of it.
///
/// A plain TCP connection moves as it is. Whatever else it is (TLS, a stream of the app's own) stays on the runtime, and a
/// task copies its bytes, and ends a moment after the shard has dropped its end.
///
/// # Errors
///
/// When the system gives no more sockets.
pub(super) fn take(upgraded: Upgraded) -> io::Result<(Stream, Bytes)> {
    let upgraded = match upgraded.downcast::<TokioIo<HttpStream>>() {
        Ok(parts) => return Ok((tcp(parts.io.into_inner().into_tcp())?, parts.read_buf)),
        Err(upgraded) => upgraded,
    };
    let upgraded = match upgraded.downcast::<TokioIo<TcpStream>>() {
        Ok(parts) => return Ok((tcp(parts.io.into_inner())?, parts.read_buf)),
        Err(upgraded) => upgraded,
    };
    match downcast::<TokioIo<TcpStream>>(upgraded) {
        Ok(parts) => Ok((tcp(parts.io.into_inner())?, parts.read_buf)),
        Err(upgraded) => Ok((bridge(TokioIo::new(upgraded))?, Bytes::new())),
    }
}

fn tcp(stream: TcpStream) -> io::Result<Stream> {
    let stream = stream.into_std()?;
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot turn off Nagle's delay");
    }
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Err(error) = socket2::SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT_BYTES) {
        tracing::debug!(%error, "cannot bound what the kernel holds unsent");
    }
    Ok(Stream::Tcp(mio::net::TcpStream::from_std(stream)))
}

/// A pair of sockets, with a task that copies between the far one and `stream` until both sides have ended.
fn bridge(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> io::Result<Stream> {
    let (near, far) = pair()?;
    let (held, dropped) = oneshot::channel();
    tokio::spawn(copy(stream, far, dropped));
    Ok(Stream::Pair(near, held))
}

/// A peer that neither reads nor closes would keep its socket for ever: the system ends one that is dropped, and nobody
/// would end this.
async fn copy(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    mut far: impl AsyncRead + AsyncWrite + Unpin,
    dropped: oneshot::Receiver<()>,
) {
    let overdue = async {
        if dropped.await.is_err() {
            tokio::time::sleep(LAST_FRAME).await;
        }
    };
    tokio::select! {
        copied = copy_bidirectional(&mut stream, &mut far) => {
            if let Err(error) = copied {
                tracing::debug!(%error, "a wrapped socket ended");
            }
        }
        () = overdue => tracing::debug!("the peer of a wrapped socket took too long to end"),
    }
}

#[cfg(unix)]
fn pair() -> io::Result<(Near, tokio::net::UnixStream)> {
    let (near, far) = std::os::unix::net::UnixStream::pair()?;
    near.set_nonblocking(true)?;
    far.set_nonblocking(true)?;
    Ok((Near::from_std(near), tokio::net::UnixStream::from_std(far)?))
}

/// As on Unix, over loopback.
#[cfg(not(unix))]
fn pair() -> io::Result<(Near, TcpStream)> {
    let listener = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0))?;
    let near = std::net::TcpStream::connect(listener.local_addr()?)?;
    let (far, peer) = listener.accept()?;
    if peer != near.local_addr()? {
        return Err(io::Error::new(io::ErrorKind::ConnectionRefused, "somebody else took the far end of a pair"));
    }
    for end in [&near, &far] {
        end.set_nonblocking(true)?;
        end.set_nodelay(true)?;
    }
    Ok((Near::from_std(near), TcpStream::from_std(far)?))
}

impl Stream {
    /// Nothing of it goes on.
    pub(super) fn cut_off(self) {
        if let Self::Pair(_, task) = self
            && task.send(()).is_err()
        {
            tracing::trace!("the task of a wrapped socket had ended before");
        }
    }

    pub(super) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let both = Interest::READABLE | Interest::WRITABLE;
        match self {
            Self::Tcp(stream) => registry.register(stream, token, both),
            Self::Pair(stream, _) => registry.register(stream, token, both),
        }
    }

    pub(super) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => (&mut &*stream).read(buffer),
            Self::Pair(stream, _) => (&mut &*stream).read(buffer),
        }
    }

    /// Writes as much of the pieces as the socket takes, with one call. `Ok(0)`: it takes nothing now.
    pub(super) fn write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        loop {
            let written = match (self, pieces) {
                (Self::Tcp(stream), [piece]) => (&mut &*stream).write(piece),
                (Self::Tcp(stream), pieces) => (&mut &*stream).write_vectored(pieces),
                (Self::Pair(stream, _), pieces) => (&mut &*stream).write_vectored(pieces),
            };
            match written {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(0),
                written => return written.inspect(|bytes| writes::note(u64::from(*bytes > 0))),
            }
        }
    }

    #[cfg(target_os = "linux")]
    pub(super) fn fd(&self) -> std::os::fd::BorrowedFd<'_> {
        use std::os::fd::AsFd as _;

        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Pair(stream, _) => stream.as_fd(),
        }
    }

    /// No more will be written; what the peer still sends can be read.
    pub(super) fn end_writing(&self) {
        let ended = match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Self::Pair(stream, _) => stream.shutdown(Shutdown::Write),
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "the peer was gone before the socket was shut down");
        }
    }
}

#[cfg(test)]
mod tests {
    use hyper::body::Incoming;
    use hyper::server::conn::http1;
    use hyper::service::service_fn;
    use hyper::{Request, Response, StatusCode};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio::time::Instant;

    use super::*;
    use crate::serve::turn::{Timeouts, Turn};

    /// What `serve` has around a TCP connection costs a socket nothing once it is upgraded.
    #[tokio::test]
    async fn a_connection_of_serve_moves_as_it_is_with_what_was_read_of_it() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        client.write_all(b"GET / HTTP/1.1\r\nconnection: upgrade\r\nupgrade: any\r\n\r\nearly").await.unwrap();
        let (accepted, _) = listener.accept().await.unwrap();
        let patient = Timeouts { head: Duration::MAX, idle: Duration::MAX, stall: Duration::MAX };
        let io = TokioIo::new(HttpStream::new(accepted, Turn::new(patient, Instant::now())));
        let (upgrade, upgrades) = oneshot::channel();
        let upgrade = std::cell::Cell::new(Some(upgrade));
        let service = service_fn(|request: Request<Incoming>| {
            let _the_test_waits = upgrade.take().map(|upgrade| upgrade.send(hyper::upgrade::on(request)));
            let answer = Response::builder().status(StatusCode::SWITCHING_PROTOCOLS);
            std::future::ready(answer.body(String::new()))
        });
        http1::Builder::new().serve_connection(io, service).with_upgrades().await.unwrap();
        let upgraded = upgrades.await.unwrap().await.unwrap();
        let (stream, early) = take(upgraded).unwrap();
        assert!(matches!(stream, Stream::Tcp(_)), "no copy on its way");
        assert_eq!(early, "early");
        let mut head = [0; 12];
        client.read_exact(&mut head).await.unwrap();
        assert_eq!(&head, b"HTTP/1.1 101");
    }
}
