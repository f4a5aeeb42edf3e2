//! io_uring as the many-socket send of a thread that owns its sockets.
//!
//! This crate is for one thing: a thread has one buffer, or a few, and thousands of sockets that each get a piece of it.
//! A [`Ring`] takes the list and sends it all with one system call for hundreds of sockets, where `send(2)` takes one
//! call a socket. What a send costs within the kernel stays as it is; what goes away is the way into the kernel and back.
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
//! use roomful_uring::{Outgoing, Ring, Sent};
//!
//! let (ours, mut theirs) = UnixStream::pair()?;
//! match Ring::probe() {
//!     Ok(mut ring) => {
//!         let mut results = Vec::new();
//!         let sends = [Outgoing::new(ours.as_fd(), b"hello"), Outgoing::pieces(ours.as_fd(), b" th", b"ere")];
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

#[cfg(unix)]
mod outgoing;
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

#[cfg(unix)]
pub use outgoing::{Outgoing, Sent};
pub use platform::Ring;
pub use unavailable::{Lost, Unavailable};
