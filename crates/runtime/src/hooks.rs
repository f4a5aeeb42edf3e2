//! What the app does, as the runtime calls it: the hooks of one member or of one typed socket, in JSON.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::SystemTime;

use futures_util::FutureExt;
use pin_project_lite::pin_project;
use roomful_core::{Close, Json, UserId};

use crate::denial::DenialReason;
use crate::feeds::LiveSource;
use crate::maybe_send::{BoxFuture, MaybeSend, MaybeSync};
use crate::unwind::{catch, let_go};
use crate::visit::VisitHooks;
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
    /// When the data that it has now is good no longer, where the room says so.
    ///
    /// # Errors
    ///
    /// When the hook fails.
    fn expires(&self) -> Result<Option<SystemTime>>;
    /// Finds the data anew with these credentials. `Ok`: it has that from now on, and where it `is_kept` beside a socket this
    /// is what to keep.
    fn refresh<'a>(&'a self, credentials: &'a str, is_kept: bool) -> BoxFuture<'a, Result<Option<Json>, DenialReason>>;
    /// A hook failed, or the socket did.
    fn on_error(&self, error: Error) -> BoxFuture<'_, ()>;
    /// Where the value that it listens to comes from; `None` where it listens to none.
    ///
    /// # Errors
    ///
    /// When what values differ by cannot be JSON.
    fn live(&self) -> Result<Option<LiveSource>> {
        Ok(None)
    }
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

    /// What the server says of the member from its join on.
    ///
    /// # Errors
    ///
    /// When the hook fails, or what it returns cannot be JSON.
    fn info(&self) -> Result<Option<Json>>;

    /// The state to join with.
    ///
    /// # Errors
    ///
    /// When the hook fails, or its state cannot be JSON.
    fn seed(&self) -> Result<Option<Json>>;

    /// What becomes of a state that the client wants to show. It is read as the room's presence type and written again, so that
    /// others get nothing that is not in the type.
    ///
    /// # Errors
    ///
    /// When the state is not of that type.
    fn on_presence(&self, state: Option<Json>) -> Result<Showing<'_>, Misfit>;

    /// The member's data is from here on what a later upgrade found, of which `by` was made. Nothing changes where that is of
    /// another room.
    fn renew(&self, by: &dyn MemberHooks);

    /// For [`renew`](MemberHooks::renew), which has to know the type of what it is given.
    fn as_any(&self) -> &dyn Any;

    /// The socket is lost, and the member is held.
    fn on_away(&self) -> BoxFuture<'_, Result>;

    /// The member has a socket again, or another one.
    fn on_return(&self) -> BoxFuture<'_, Result>;

    /// The hooks of its user's visit to the room, which may last longer than the member does.
    fn visit(&self, user: &UserId) -> Arc<dyn VisitHooks>;
}

/// What becomes of a state that a client wants to show.
pub enum Showing<'a> {
    /// It is shown: the room has no hook of its own for that, so nothing has to be waited for.
    AsItIs(Option<Json>),
    /// The room's hook decides.
    Asked(BoxFuture<'a, Result<Decision>>),
}

/// What a room has decided about a state that a client wants to show.
#[derive(Debug)]
pub enum Decision {
    /// This is shown, which may be another state.
    Show(Option<Json>),
    /// The old state stays.
    Refuse,
    /// The state cannot be written again.
    Misfit(Misfit),
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
    Caught::of(called(|| Ok(hook()))?).await
}

pin_project! {
    /// A future of the app's, or one that holds some of the app's. It is dropped where it stands.
    ///
    /// This and whatever else is wrapped around a hook or a task is a type of its own, and no `async` block: such a block has
    /// what it waits for twice, as what it was given and as what it waits for, so four of them make sixteen of it.
    pub(crate) struct Caught<F> {
        #[pin]
        running: Option<F>,
    }

    impl<F> PinnedDrop for Caught<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut running = this.project().running;
            if let Err(panic) = catch(|| running.set(None)) {
                tracing::error!(panic, "a hook panicked when it was dropped before its end");
            }
        }
    }
}

impl<F> Caught<F> {
    pub(crate) fn of(running: F) -> Self {
        Self { running: Some(running) }
    }
}

impl<T, F: Future<Output = Result<T>>> Future for Caught<F> {
    type Output = Result<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        let mut running = self.project().running;
        let polled = catch(|| running.as_mut().as_pin_mut().map_or(Poll::Pending, |running| running.poll(cx)));
        let outcome = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(outcome)) => outcome,
            Err(panic) => Err(ErrorKind::Panic(panic).into_error()),
        };
        let dropped = called(|| {
            running.set(None);
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
