//! Where there is no io_uring.

use std::convert::Infallible;

use crate::Unavailable;
#[cfg(unix)]
use crate::{Lost, Sent, SocketSend};

/// There is none on this system.
#[derive(Debug)]
pub struct Ring {
    #[cfg_attr(not(unix), allow(dead_code, reason = "only here so that there can be no value"))]
    none: Infallible,
}

impl Ring {
    /// # Errors
    ///
    /// [`Unavailable::System`], always.
    pub fn probe() -> Result<Self, Unavailable> {
        Err(Unavailable::System)
    }

    /// Cannot be called, because there is no ring.
    ///
    /// # Errors
    ///
    /// None.
    #[cfg(unix)]
    pub fn send_many(&mut self, _sends: &[SocketSend<'_>], _results: &mut Vec<Sent>) -> Result<(), Lost> {
        match self.none {}
    }
}
