//! Writing to many sockets.

use std::io::{self, IoSlice};

#[cfg(target_os = "linux")]
use roomful_uring::{Ring, Sent, SocketSend};

use super::stream::Stream;
#[cfg(target_os = "linux")]
use super::writes;

/// Fewer sockets than these are written to one by one: that is what the ring costs at least.
#[cfg(target_os = "linux")]
const WORTH_A_RING: usize = 4;

/// Bytes for one socket: first what is its own, then what it shares.
pub(super) struct Write<'a> {
    pub(super) stream: &'a Stream,
    pub(super) own: &'a [u8],
    pub(super) shared: &'a [u8],
}

/// What writes to many sockets at once: io_uring where the system lets it, else one call a socket.
pub(super) struct Sender {
    #[cfg(target_os = "linux")]
    ring: Option<Ring>,
    #[cfg(target_os = "linux")]
    sent: Vec<Sent>,
}

impl Sender {
    /// For the thread that it is called on.
    pub(super) fn new(io_uring: bool) -> Self {
        #[cfg(target_os = "linux")]
        return Self { ring: io_uring.then(probe).flatten(), sent: Vec::new() };
        #[cfg(not(target_os = "linux"))]
        {
            let _only_linux_has_it = io_uring;
            Self {}
        }
    }

    /// Writes to each socket as much as it takes, and says how much that was, in their order. `Ok(0)`: nothing now.
    pub(super) fn send(&mut self, writes: &[Write<'_>], written: &mut Vec<io::Result<usize>>) {
        written.clear();
        #[cfg(target_os = "linux")]
        if writes.len() >= WORTH_A_RING && self.send_by_ring(writes, written) {
            return;
        }
        written.extend(writes.iter().map(Write::now));
    }

    /// `false`, and nothing done, where there is no ring.
    #[cfg(target_os = "linux")]
    fn send_by_ring(&mut self, writes: &[Write<'_>], written: &mut Vec<io::Result<usize>>) -> bool {
        let Some(ring) = &mut self.ring else { return false };
        let sends = writes.iter().map(|write| SocketSend::pieces(write.stream.fd(), write.own, write.shared));
        let sends: Vec<_> = sends.collect();
        let lost = ring.send_many(&sends, &mut self.sent).err();
        let mut wrote = 0;
        written.extend(self.sent.drain(..).zip(writes).map(|(sent, write)| match sent {
            Sent::Bytes(bytes) => {
                wrote += u64::from(bytes > 0);
                Ok(bytes)
            }
            Sent::WouldBlock => Ok(0),
            Sent::Failed(error) => Err(error),
            Sent::NotTried => write.now(),
        }));
        writes::note(wrote);
        if let Some(error) = lost {
            tracing::warn!(%error, "sockets are written to one by one from here on");
            self.ring = None;
        }
        true
    }
}

impl Write<'_> {
    /// With a call of its own, as much as the socket takes.
    pub(super) fn now(&self) -> io::Result<usize> {
        if self.own.is_empty() {
            return self.stream.write(&[IoSlice::new(self.shared)]);
        }
        self.stream.write(&[IoSlice::new(self.own), IoSlice::new(self.shared)])
    }
}

#[cfg(target_os = "linux")]
fn probe() -> Option<Ring> {
    match Ring::probe() {
        Ok(ring) => {
            tracing::info!("sockets are written to by io_uring");
            Some(ring)
        }
        Err(unavailable) => {
            tracing::info!(%unavailable, "sockets are written to one by one");
            None
        }
    }
}
