//! The ring of one thread.

use std::fmt;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use io_uring::IoUring;

use super::in_flight::InFlight;
use crate::{Lost, Sent, SocketSend, Unavailable};

/// How many sends go to the kernel with one system call. Between 128 and 1,024 there is no difference that stands out
/// of the noise, and every thread that sends pays 96 bytes of memory for each.
const ENTRIES: u32 = 256;

/// An io_uring that only sends, for the thread that made it. It holds 24 KiB of memory and one file descriptor.
pub struct Ring {
    sends: InFlight<IoUring>,
}

impl Ring {
    /// Sets a ring up and sends a few bytes through it, to a socket of its own.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] says why sockets have to be written to one by one. It is worth one line in the log, and no more:
    /// everything works without a ring.
    pub fn probe() -> Result<Self, Unavailable> {
        // Each send is completed before the kernel returns from taking it, so the flags that make completions cheaper
        // (SINGLE_ISSUER, DEFER_TASKRUN, COOP_TASKRUN) change nothing that can be measured, and would need a newer
        // kernel.
        let ring = IoUring::new(ENTRIES).map_err(unavailable)?;
        if !ring.params().is_feature_nodrop() {
            return Err(Unavailable::TooOld);
        }
        let mut ring = Self { sends: InFlight::new(ring) };
        ring.try_out()?;
        Ok(ring)
    }

    /// Sends to each socket what it can take at once, and says in `results`, which is emptied first, what became of
    /// each of `sends`, in their order.
    ///
    /// No call waits for a socket to have room, whether the socket is set to be non-blocking or not. Two sends to one
    /// socket may be done in any order, so there should be one a call.
    ///
    /// It makes one system call for each 256 sends, and does not yield between them: whoever has other things to do
    /// meanwhile calls it with fewer. For less than four sends `send(2)` is cheaper.
    ///
    /// # Errors
    ///
    /// [`Lost`] when the kernel refuses the ring. `results` says of each send all the same what became of it, and those
    /// that are [`Sent::NotTried`] are to be sent another way.
    pub fn send_many(&mut self, sends: &[SocketSend<'_>], results: &mut Vec<Sent>) -> Result<(), Lost> {
        self.sends.send_many(sends, results)
    }

    /// A sandbox may allow the set-up and forbid the rest.
    fn try_out(&mut self) -> Result<(), Unavailable> {
        const WHOLE: &[u8] = b"whole";
        const PIECES: [&[u8]; 2] = [b"in two", b"pieces"];
        let (near, mut far) = UnixStream::pair().map_err(Unavailable::Setup)?;
        let (other_near, mut other_far) = UnixStream::pair().map_err(Unavailable::Setup)?;
        let sends =
            [SocketSend::new(near.as_fd(), WHOLE), SocketSend::pieces(other_near.as_fd(), PIECES[0], PIECES[1])];
        let mut results = Vec::new();
        self.send_many(&sends, &mut results).map_err(|lost| Unavailable::CannotSend(lost.to_string()))?;
        let mut outcomes = results.iter().zip(&sends);
        if !outcomes.all(|(result, send)| matches!(result, Sent::Bytes(bytes) if *bytes == send.len())) {
            return Err(Unavailable::CannotSend(format!("it says of two sends {results:?}")));
        }
        drop((near, other_near));
        let arrived = arrived(&mut far, WHOLE) && arrived(&mut other_far, &PIECES.concat());
        if arrived { Ok(()) } else { Err(Unavailable::CannotSend("other bytes arrived than were sent".to_owned())) }
    }
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring").finish_non_exhaustive()
    }
}

/// Whether these bytes and nothing else have come to a socket whose peer is closed.
fn arrived(socket: &mut UnixStream, expected: &[u8]) -> bool {
    let mut received = Vec::new();
    socket.read_to_end(&mut received).is_ok() && received == expected
}

fn unavailable(error: io::Error) -> Unavailable {
    match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES | libc::ENOSYS) => Unavailable::Forbidden(error),
        _ => Unavailable::Setup(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_that_cannot_be_set_up_says_why() {
        let of = |errno| unavailable(io::Error::from_raw_os_error(errno));
        assert!(matches!(of(libc::EPERM), Unavailable::Forbidden(_)));
        assert!(matches!(of(libc::ENOSYS), Unavailable::Forbidden(_)));
        assert!(matches!(of(libc::EMFILE), Unavailable::Setup(_)));
    }
}
