//! What the app does, as the runtime calls it: the hooks of one member or of one typed socket, in JSON.

use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use roomful_core::{Close, Json, UserId};

use crate::maybe_send::{BoxFuture, MaybeSend, MaybeSync};
use crate::{Error, Result};

/// The hooks of one member, or of one typed socket. A hook may panic: it is called through [`caught`].
pub trait Hooks: MaybeSend + MaybeSync {
    /// What its hooks are called.
    fn names(&self) -> HookNames;
    /// A room's `on_join`, a socket's `open`.
    fn on_open(&self) -> BoxFuture<'_, Result>;
    /// A message from the client; `None` where the frame had none.
    fn on_message(&self, msg: Option<Json>) -> BoxFuture<'_, Result<(), MessageError>>;
    /// A room's `on_leave`, a socket's `close`.
    fn on_end<'a>(&'a self, close: &'a Close) -> BoxFuture<'a, ()>;
    /// A hook failed, or the socket did.
    fn on_error(&self, error: Error) -> BoxFuture<'_, ()>;
    /// The hooks that only a room has; `None` for a typed socket.
    fn member(&self) -> Option<&dyn MemberHooks>;
}

/// The hooks that say what the others in the room see of a member.
pub trait MemberHooks: MaybeSend + MaybeSync {
    /// Which user the member belongs to, where the room says so.
    ///
    /// # Errors
    ///
    /// When the hook fails.
    fn user(&self) -> Result<Option<UserId>>;

    /// The state to join with.
    ///
    /// # Errors
    ///
    /// When the hook fails, or its state cannot be JSON.
    fn seed(&self) -> Result<Option<Json>>;

    /// Reads a client's state as the room's presence type and writes it again, so that others get nothing that is not in the
    /// type.
    ///
    /// # Errors
    ///
    /// When the state is not of that type.
    fn canonical(&self, state: Option<Json>) -> Result<Option<Json>, Misfit>;
}

/// The names of the hooks in logs and metrics.
#[derive(Debug, Clone, Copy)]
pub struct HookNames {
    /// `on_join` or `open`.
    pub open: &'static str,
    /// `on_message` or `message`.
    pub message: &'static str,
    /// `on_leave` or `close`.
    pub end: &'static str,
    /// `on_error` or `error`.
    pub error: &'static str,
}

/// A payload does not fit its type; the text says where.
#[derive(Debug)]
pub struct Misfit(pub String);

/// Why a message was not handled.
#[derive(Debug)]
pub enum MessageError {
    /// It does not fit the type.
    Misfit(Misfit),
    /// The hook failed.
    Handler(Error),
}

impl dyn Hooks {
    /// Tells the app of an error. If that hook panics, too, it can only be logged.
    pub(crate) async fn report(&self, error: Error) {
        if let Err(error) = caught(self.on_error(error).map(Ok)).await {
            tracing::error!(%error, "`{}` failed", self.names().error);
        }
    }
}

/// Runs a hook; its panic becomes an error like any other.
///
/// # Errors
///
/// What the hook returns, and its panic.
pub async fn caught<T>(hook: impl Future<Output = Result<T>>) -> Result<T> {
    match AssertUnwindSafe(hook).catch_unwind().await {
        Ok(outcome) => outcome,
        Err(panic) => Err(Error::panic(&*panic)),
    }
}
