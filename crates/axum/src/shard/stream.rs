//! A socket that a shard can own.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::Shutdown;

use bytes::Bytes;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use mio::{Interest, Registry, Token};
use tokio::net::TcpStream;

/// Bytes that the kernel may hold unsent before the socket counts as full. What waits here instead can still be conflated.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT_BYTES: u32 = 16 << 10;

/// A socket of its own, or the near end of a pair whose far end another task copies to and from.
pub(super) enum Stream {
    Tcp(mio::net::TcpStream),
    #[cfg(unix)]
    Pair(mio::net::UnixStream),
}

/// Takes the socket out of hyper's hands, and what had been read of it.
///
/// A plain TCP connection moves as it is. Whatever else it is (TLS, a stream of the app's own) stays on the runtime, and a
/// task copies its bytes.
///
/// # Errors
///
/// When the system gives no more sockets.
pub(super) fn take(upgraded: Upgraded) -> io::Result<(Stream, Bytes)> {
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
#[cfg(unix)]
fn bridge(
    mut stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
) -> io::Result<Stream> {
    let (near, far) = std::os::unix::net::UnixStream::pair()?;
    near.set_nonblocking(true)?;
    far.set_nonblocking(true)?;
    let mut far = tokio::net::UnixStream::from_std(far)?;
    tokio::spawn(async move {
        if let Err(error) = tokio::io::copy_bidirectional(&mut stream, &mut far).await {
            tracing::debug!(%error, "a wrapped socket ended");
        }
    });
    Ok(Stream::Pair(mio::net::UnixStream::from_std(near)))
}

/// As on Unix, with a pair over loopback.
#[cfg(not(unix))]
fn bridge(
    mut stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
) -> io::Result<Stream> {
    let listener = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0))?;
    let near = std::net::TcpStream::connect(listener.local_addr()?)?;
    let (far, peer) = listener.accept()?;
    if peer != near.local_addr()? {
        return Err(io::Error::new(io::ErrorKind::ConnectionRefused, "somebody else took the far end of a pair"));
    }
    near.set_nonblocking(true)?;
    near.set_nodelay(true)?;
    far.set_nonblocking(true)?;
    far.set_nodelay(true)?;
    let mut far = TcpStream::from_std(far)?;
    tokio::spawn(async move {
        if let Err(error) = tokio::io::copy_bidirectional(&mut stream, &mut far).await {
            tracing::debug!(%error, "a wrapped socket ended");
        }
    });
    Ok(Stream::Tcp(mio::net::TcpStream::from_std(near)))
}

impl Stream {
    pub(super) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let both = Interest::READABLE | Interest::WRITABLE;
        match self {
            Self::Tcp(stream) => registry.register(stream, token, both),
            #[cfg(unix)]
            Self::Pair(stream) => registry.register(stream, token, both),
        }
    }

    pub(super) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => (&mut &*stream).read(buffer),
            #[cfg(unix)]
            Self::Pair(stream) => (&mut &*stream).read(buffer),
        }
    }

    /// Writes as much of the pieces as the socket takes, with one call. `Ok(0)`: it takes nothing now.
    pub(super) fn write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        loop {
            let written = match (self, pieces) {
                (Self::Tcp(stream), [piece]) => (&mut &*stream).write(piece),
                (Self::Tcp(stream), pieces) => (&mut &*stream).write_vectored(pieces),
                #[cfg(unix)]
                (Self::Pair(stream), pieces) => (&mut &*stream).write_vectored(pieces),
            };
            match written {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(0),
                written => return written,
            }
        }
    }

    #[cfg(target_os = "linux")]
    pub(super) fn fd(&self) -> std::os::fd::BorrowedFd<'_> {
        use std::os::fd::AsFd as _;

        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Pair(stream) => stream.as_fd(),
        }
    }

    /// No more will be written; what the peer still sends can be read.
    pub(super) fn end_writing(&self) {
        let ended = match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Write),
            #[cfg(unix)]
            Self::Pair(stream) => stream.shutdown(Shutdown::Write),
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "the peer was gone before the socket was shut down");
        }
    }
}
