//! A wait that ends to the microsecond.

use std::os::fd::{AsFd as _, AsRawFd as _};
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

use crate::failure::Failure;

/// A timer that wakes a poll. The poll's own timeout counts whole milliseconds: a message would be late, or the wait for it
/// would have to spin.
#[derive(Debug)]
pub(super) struct Alarm {
    timer: TimerFd,
}

impl Alarm {
    /// The token of its events, which no connection has.
    pub(super) const TOKEN: Token = Token(usize::MAX);

    pub(super) fn new(registry: &Registry) -> Result<Self, Failure> {
        let failed = |error: nix::Error| Failure::io("a timer")(error.into());
        let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::TFD_NONBLOCK).map_err(failed)?;
        let descriptor = timer.as_fd().as_raw_fd();
        registry
            .register(&mut SourceFd(&descriptor), Self::TOKEN, Interest::READABLE)
            .map_err(Failure::io("waiting for a timer"))?;
        Ok(Self { timer })
    }

    /// Wakes the poll after this long, and not before, whatever was set earlier.
    pub(super) fn set(&self, after: Duration) -> Result<(), Failure> {
        let expiration = Expiration::OneShot(TimeSpec::from_duration(after));
        let set = self.timer.set(expiration, TimerSetTimeFlags::empty());
        set.map_err(|error| Failure::io("setting a timer")(error.into()))
    }
}
