//! The wait of a connection that a large room lets in with others: see [`Effect::Admitted`].
//!
//! [`Effect::Admitted`]: roomful_core::room::Effect::Admitted

use std::sync::{Arc, OnceLock};
use std::task::Poll;

use futures_util::task::AtomicWaker;
use roomful_core::Close;

use super::link::Link;

/// Whoever waits in a room's lobby.
pub(super) struct Waiting {
    pub(super) link: Arc<Link>,
    pub(super) admission: Arc<Admission>,
}

/// How the wait ends, once it has.
#[derive(Default)]
pub(super) struct Admission {
    is_in: OnceLock<bool>,
    waker: AtomicWaker,
}

impl Admission {
    /// It is a member now; `false`: it ended before, and never will be.
    pub(super) fn settle(&self, is_in: bool) {
        self.is_in.get_or_init(|| is_in);
        self.waker.wake();
    }

    /// Waits for the one or the other.
    ///
    /// # Errors
    ///
    /// The connection ended before.
    pub(super) async fn settled(&self) -> Result<(), Close> {
        let is_in = std::future::poll_fn(|cx| {
            self.waker.register(cx.waker());
            self.is_in.get().map_or(Poll::Pending, |is_in| Poll::Ready(*is_in))
        });
        if is_in.await { Ok(()) } else { Err(Close::LOST) }
    }
}
