//! What the platform lends to the rooms.

use roomful_core::Millis;

use crate::maybe_send::{BoxFuture, MaybeSend, MaybeSync};

/// A platform's clock, its tasks and its randomness.
pub trait Host: MaybeSend + MaybeSync + 'static {
    /// Runs a task to its end. Hooks run in these.
    fn spawn(&self, task: BoxFuture<'static, ()>);

    /// Milliseconds since a moment of the platform's choosing; never steps back.
    fn now(&self) -> Millis;

    /// Ends when [`now`](Host::now) has reached `at`.
    fn sleep_until(&self, at: Millis) -> BoxFuture<'static, ()>;

    /// 128 bits that nobody can guess and that never come twice.
    fn random(&self) -> u128;
}
