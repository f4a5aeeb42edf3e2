//! io_uring as the many-socket send of a thread that owns its sockets.
//!
//! This crate is for one thing: a thread has one buffer, or a few, and thousands of sockets that each get a piece of
//! it. A [`Ring`] takes the list and sends it all with one system call for hundreds of sockets, where `send(2)` takes
//! one call a socket. What a send costs within the kernel stays as it is; what goes away is the way into the kernel and
//! back.
//!
//! It must never return while the kernel may still read a byte that it was lent, never wait for a socket to have room,
//! never own or close a socket, and never be needed: many containers forbid io_uring, so [`Ring::probe`] tries it, and
//! whoever gets [`Unavailable`] writes to the sockets one by one.
//!
#![cfg_attr(unix, doc = "```")]
#![cfg_attr(not(unix), doc = "```ignore")]
//! use std::io::{Read, Write};
//! use std::os::fd::AsFd;
//! use std::os::unix::net::UnixStream;
//!
//! use roomful_uring::{SocketSend, Ring, Sent};
//!
//! let (ours, mut theirs) = UnixStream::pair()?;
//! match Ring::probe() {
//!     Ok(mut ring) => {
//!         let mut results = Vec::new();
//!         let sends = [SocketSend::new(ours.as_fd(), b"hello"), SocketSend::pieces(ours.as_fd(), b" th", b"ere")];
//!         ring.send_many(&sends, &mut results)?;
//!         assert!(matches!(results[..], [Sent::Bytes(5), Sent::Bytes(6)]));
//!     }
//!     Err(unavailable) => {
//!         println!("{unavailable}");
//!         (&ours).write_all(b"hello there")?;
//!     }
//! }
//! let mut received = [0; 11];
//! theirs.read_exact(&mut received)?;
//! assert_eq!(&received, b"hello there");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it pays
//!
//! The sending thread's CPU time for one send over loopback, with readers in another process, as `examples/compare.rs`
//! measures it: medians of four runs on Linux 6.18, on two cores that had other work too, and the range of the ratios.
//!
//! | connections | bytes | `send(2)`, µs | ring, µs | ratio |
//! |---|---|---|---|---|
//! | 500 | 66 | 4.5 | 4.0 | 0.84 to 0.91 |
//! | 500 | 1,024 | 4.7 | 4.3 | 0.84 to 0.91 |
//! | 500 | 30,000 | 7.7 | 7.2 | 0.84 to 0.95 |
//! | 5,000 | 66 | 5.5 | 4.3 | 0.66 to 0.90 |
//! | 5,000 | 1,024 | 5.6 | 4.6 | 0.64 to 0.92 |
//! | 5,000 | 30,000 | 9.1 | 7.3 | 0.77 to 0.91 |
//!
//! What is left is TCP itself. A call with one send costs more than `send(2)` (1.12), one with two about the same, one
//! with four less (0.97).
//!
//! Tried, and left out because it did not pay, as a ratio to the ring as it is: registered files (1.00 to 1.02), the
//! flags for a ring of one thread (1.00), more than 256 entries (0.98 to 1.03). `IORING_OP_SEND_ZC` costs more at 30 KB
//! (1.1 to 1.4, with registered buffers too), because loopback copies all the same. Over a network card it may cost
//! less, but would be lent the buffer until the peer acknowledges it, and [`Ring::send_many`] would have to wait for that.
//!
//! To wait and to read through the ring too does not pay either. As a ratio to a whole server that waits with epoll, reads with
//! `recv(2)` and sends through this ring (six starts of each side by side on busy cores, 1%), where a message goes to 19 and
//! where it goes to 2:
//!
//! | | to 19 | to 2 |
//! |---|---|---|
//! | a multishot poll a socket, `recv(2)` | 0.99 | 1.07 |
//! | the same with registered files, and the sends in the call that waits, without completions | 0.99 | 1.06 |
//! | a multishot receive a socket into provided buffers, and the sends in the call that waits | 1.00 | 1.13 |
//!
//! A server that sleeps between two messages makes three calls for each, of which the ring saves two at 0.2 µs; what its polls
//! and its waiting cost is more than that. A multishot receive would also read ahead of any rate that a reader keeps to.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(unix)]
mod socket_send;
mod unavailable;

#[cfg(all(
    target_os = "linux",
    any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64",
        target_arch = "loongarch64",
        target_arch = "powerpc64"
    )
))]
mod platform {
    #[allow(unsafe_code, reason = "the kernel is lent memory; the module's first lines say why that is sound")]
    mod in_flight;
    mod ring;

    pub use ring::Ring;
}

#[cfg(not(all(
    target_os = "linux",
    any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64",
        target_arch = "loongarch64",
        target_arch = "powerpc64"
    )
)))]
mod platform {
    mod elsewhere;

    pub use elsewhere::Ring;
}

pub use platform::Ring;
#[cfg(unix)]
pub use socket_send::{Sent, SocketSend};
pub use unavailable::{Lost, Unavailable};
