//! What the app does, as the runtime calls it: the hooks of one member or of one typed socket, in JSON.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use futures_util::FutureExt;
use roomful_core::{Close, Json, UserId};

use crate::maybe_send::{BoxFuture, MaybeSend, MaybeSync};
use crate::unwind::{catch, let_go};
use crate::{Error, ErrorKind, Result};

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
        if let Err(error) = caught(|| self.on_error(error).map(Ok)).await {
            tracing::error!(%error, "`{}` failed", self.names().error);
        }
    }
}

/// Calls the app's code; its panic becomes an error like any other.
///
/// # Errors
///
/// What is returned, and the panic.
pub(crate) fn called<T>(call: impl FnOnce() -> Result<T>) -> Result<T> {
    catch(call).unwrap_or_else(|panic| Err(ErrorKind::Panic(panic).into_error()))
}

/// Runs a hook: calls it, and waits for what it returns. Whatever of that panics, the call, the future or the drop of that,
/// becomes an error like any other. If it is not waited for to its end, the hook is dropped, and nothing comes of a panic then.
///
/// # Errors
///
/// What the hook returns, and its panic.
pub async fn caught<T, F: Future<Output = Result<T>>>(hook: impl FnOnce() -> F) -> Result<T> {
    let mut hook = pin!(Some(called(|| Ok(hook()))?));
    let mut running = Running(hook.as_mut());
    poll_fn(|cx| running.poll(cx)).await
}

/// A hook's future. It is dropped where it stands.
struct Running<'a, F>(Pin<&'a mut Option<F>>);

impl<T, F: Future<Output = Result<T>>> Running<'_, F> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<T>> {
        let polled = catch(|| self.0.as_mut().as_pin_mut().map_or(Poll::Pending, |hook| hook.poll(cx)));
        let outcome = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(outcome)) => outcome,
            Err(panic) => Err(ErrorKind::Panic(panic).into_error()),
        };
        let dropped = called(|| {
            self.0.set(None);
            Ok(())
        });
        Poll::Ready(match (outcome, dropped) {
            (Ok(value), Err(panic)) => {
                let_go(value);
                Err(panic)
            }
            (outcome, _) => outcome,
        })
    }
}

impl<F> Drop for Running<'_, F> {
    fn drop(&mut self) {
        if let Err(panic) = catch(|| self.0.set(None)) {
            tracing::error!(panic, "a hook panicked when it was dropped before its end");
        }
    }
}
