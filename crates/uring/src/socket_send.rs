//! What is to be sent, and what became of it.

use std::io;
use std::os::fd::BorrowedFd;

/// Bytes for one socket, borrowed until [`Ring::send_many`](crate::Ring::send_many) returns.
///
/// They come in two pieces where what a receiver gets is a buffer with a gap (its own messages are left out), or a
/// few private bytes before the shared ones. A second gap is a second `SocketSend`, in a later call.
#[derive(Debug, Clone, Copy)]
pub struct SocketSend<'a> {
    pub(crate) fd: BorrowedFd<'a>,
    pub(crate) first: &'a [u8],
    pub(crate) second: &'a [u8],
}

impl<'a> SocketSend<'a> {
    /// All of `bytes` to the socket `fd`.
    #[must_use]
    pub fn new(fd: BorrowedFd<'a>, bytes: &'a [u8]) -> Self {
        Self { fd, first: bytes, second: &[] }
    }

    /// `first` and right after it `second` to the socket `fd`, as if they were one slice.
    ///
    /// Two pieces take the kernel 0.2 µs longer than one: up to about 1 KiB it is cheaper to copy them into one.
    #[must_use]
    pub fn pieces(fd: BorrowedFd<'a>, first: &'a [u8], second: &'a [u8]) -> Self {
        if first.is_empty() { Self::new(fd, second) } else { Self { fd, first, second } }
    }

    /// The socket.
    #[must_use]
    pub fn fd(&self) -> BorrowedFd<'a> {
        self.fd
    }

    /// How many bytes there are to send.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "an empty send is a send")]
    pub fn len(&self) -> usize {
        self.first.len() + self.second.len()
    }
}

/// What became of one [`SocketSend`].
#[derive(Debug)]
pub enum Sent {
    /// The socket took this many bytes from the front; fewer than all when it is full now.
    Bytes(usize),
    /// The socket is full and took nothing.
    ///
    /// A reactor that waits for edges, as tokio's does, knows nothing of this send and may believe that there is room.
    /// Offer the socket the rest once more through the reactor's own `try_write`, which will see for itself and wait.
    WouldBlock,
    /// The socket takes nothing any more: the peer is gone (`BrokenPipe`, `ConnectionReset`), or it is no connected
    /// socket.
    Failed(io::Error),
    /// Nothing was sent, because the ring was [`Lost`](crate::Lost) before the kernel came to it. The socket may be
    /// fine and may have room.
    NotTried,
}
