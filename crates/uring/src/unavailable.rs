//! Why there is no ring.

use std::io;

/// There is no ring here, and sockets have to be written to one by one. Nothing is wrong with them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unavailable {
    /// Not Linux, or a processor for which this crate does not know the kernel's structures.
    #[error("this system has no io_uring")]
    System,
    /// The kernel has no io_uring, or a sandbox or the administrator forbids it. Docker's seccomp profile does, as does
    /// the sysctl `kernel.io_uring_disabled`.
    #[error("io_uring is forbidden here, by a sandbox or by kernel.io_uring_disabled: {0}")]
    Forbidden(io::Error),
    /// The kernel's io_uring may lose completions, as it did before Linux 5.5.
    #[error("this kernel's io_uring is too old: Linux 5.6 or later is needed")]
    TooOld,
    /// The ring could not be set up for another reason: no memory, no file descriptor left.
    #[error("io_uring could not be set up: {0}")]
    Setup(io::Error),
    /// The ring was set up, and then did not do what it was asked. Linux 5.5 cannot send, and a sandbox may allow the
    /// one and not the other.
    #[error("io_uring was set up but does not send: {0}")]
    CannotSend(String),
}

/// The kernel refuses the ring now, which it accepted when it was probed.
///
/// It holds no borrowed byte any more. The ring answers every further call with this error: drop it, and write to the
/// sockets one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the kernel refuses the ring: {}; write to the sockets one by one", io::Error::from_raw_os_error(*errno))]
pub struct Lost {
    /// The system's error number.
    pub errno: i32,
}
