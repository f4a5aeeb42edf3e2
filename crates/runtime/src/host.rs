//! What the platform lends to the rooms.

use std::time::SystemTime;

use roomful_core::session::Token;
use roomful_core::{MemberId, Millis};

use crate::maybe_send::{BoxFuture, MaybeSend, MaybeSync};

/// A platform's clock, its tasks and its randomness.
pub trait Host: MaybeSend + MaybeSync + 'static {
    /// Runs a task to its end. Hooks run in these.
    fn spawn(&self, task: BoxFuture<'static, ()>);

    /// Runs a task that says it never blocks: it may begin on the thread that calls, up to where it first waits. The hooks of a
    /// room that asked for it run in these. Nothing is locked, and no hook runs on this thread.
    ///
    /// By default it is spawned like any other.
    fn start(&self, task: BoxFuture<'static, ()>) {
        self.spawn(task);
    }

    /// Milliseconds since a moment of the platform's choosing; never steps back.
    fn now(&self) -> Millis;

    /// What the calendar says, by which the data of a connection may expire. A platform on which std has no clock says it itself.
    fn system_time(&self) -> SystemTime {
        SystemTime::now()
    }

    /// Runs a task that waits for a time which may be far, and that nobody waits for.
    ///
    /// By default it is spawned like any other.
    fn wait(&self, task: BoxFuture<'static, ()>) {
        self.spawn(task);
    }

    /// Is ready when [`now`](Host::now) has reached `at`.
    fn sleep_until(&self, at: Millis) -> BoxFuture<'static, ()>;

    /// 128 bits that nobody can guess and that never come twice.
    fn random(&self) -> u128;

    /// Bytes of memory that this process may use in all, as far as the platform knows: a quarter of it is what all clients
    /// together may make it hold, where the app does not say so itself
    /// ([`Limits::process_bytes`](roomful_core::Limits::process_bytes)). `None`: nobody knows, and there is no bound.
    fn memory(&self) -> Option<usize> {
        None
    }

    /// Keeps what the next process needs, on a platform whose sockets outlive the process.
    fn keeper(&self) -> Option<&dyn Keeper> {
        None
    }
}

/// A platform that puts rooms away while their sockets stay open.
///
/// It is called while a room is locked, so it must not call the rooms.
pub trait Keeper: MaybeSend + MaybeSync {
    /// Puts these bytes beside the connection's socket, in place of what was there.
    /// [`Platform::restore`](crate::Platform::restore) reads them.
    fn keep(&self, member: &MemberId, kept: &[u8]);

    /// Drops what was kept: the connection is over, though its socket may stay open for a while.
    fn forget(&self, member: &MemberId);

    /// Keeps these bytes of a member that has no socket, in place of what was there. They name a time of this host's
    /// [clock](Host::now), which must go on over processes. [`Platform::restore`](crate::Platform::restore) reads them.
    fn hold(&self, member: &MemberId, kept: &[u8]);

    /// Drops what was held of this member: it has a socket again, or has left.
    fn let_go(&self, member: &MemberId);

    /// Keeps these bytes of a token that nobody may come back with for a while. [`Platform::bar`](crate::Platform::bar) reads them.
    fn bar(&self, token: Token, barred: &[u8]);

    /// Drops what was kept of this token: its time is over, or too many are known.
    fn unbar(&self, token: Token);

    /// How many bytes may be kept of one connection.
    fn limit(&self) -> usize;

    /// A room has something to do at this time. If the process is gone by then, start another soon after, and call
    /// [`Platform::catch_up`](crate::Platform::catch_up) there.
    fn wake_by(&self, at: Millis);

    /// Something waits for this time, and nothing for a sooner one: at that time have a process there, which may be another, and
    /// call [`Platform::wake`](crate::Platform::wake). It is called again when this changes. Where nothing waits any more it may
    /// come in vain.
    fn wake_at(&self, at: Millis);
}
