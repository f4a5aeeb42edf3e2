//! What lives as long as a member: who it is, what it still has to do, and where its life stands.

use std::future::Future;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::task::Waker;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::task::AtomicWaker;
use roomful_core::life::{Act, Event};
use roomful_core::room::Refused;
use roomful_core::{Close, Json, Limits, MemberId, UserId};
use tracing::{Instrument, Span};

use crate::feeds::Listening;
use crate::hooks::Caught;
use crate::hub::Hub;
use crate::inbox::Inbox;
use crate::kept::Kept;
use crate::line::Line;
use crate::live_room::LiveRoom;
use crate::lock::lock;
use crate::maybe_send::MaybeSend;
use crate::process::Process;
use crate::teardowns::Teardowns;
use crate::terms::Terms;
use crate::unwind::let_go;
use crate::{Error, cork};

/// A room's member, or the connection of a typed socket. Its hooks and every clone of the app's `Conn` share it.
///
/// Holding it keeps nobody in the room. A member may lose its socket, and have another later.
pub struct LiveMember {
    hub: Arc<Hub>,
    id: MemberId,
    /// What it is a member by; `None` for one that is refused because there is no such room or socket.
    terms: Option<Arc<Terms>>,
    line: Mutex<Option<Arc<Line>>>,
    inbox: Mutex<Inbox>,
    scope: OnceLock<Scope>,
    /// Boxed, because there are many members, and most are idle.
    beside: OnceLock<Box<Beside>>,
}

/// What most members have nothing of.
#[derive(Default)]
struct Beside {
    /// Wakes whoever waits until another frame may be queued.
    space: AtomicWaker,
    teardowns: Teardowns,
    /// Who it is in place of its first id: whom its client was in another process.
    was: OnceLock<MemberId>,
    /// The span that every hook of this member runs in; `None` where nobody logs.
    span: Option<Span>,
}

/// Where a member was let in, or what became of one that never was.
pub(crate) enum Scope {
    /// A room, with others.
    Room(Arc<LiveRoom>),
    /// A typed socket: there is no room.
    Socket,
    /// Its client was somebody who is held: that member has its socket, and it was never one itself.
    Moved(Arc<LiveMember>),
    /// A feed or a live value, which it listens to. Boxed, or every member of a room would take as much.
    Feed(Box<Arc<dyn Listening>>),
}

impl LiveMember {
    pub(crate) fn new(
        hub: &Arc<Hub>,
        line: Arc<Line>,
        terms: Option<Arc<Terms>>,
        span: Span,
        id: MemberId,
    ) -> Arc<Self> {
        Self::with(hub, Some(line), terms, span, id, Inbox::new(hub.process().memory()))
    }

    /// One that another process has begun, of which this was kept. One that is held has no socket.
    pub(crate) fn restored(
        hub: &Arc<Hub>,
        line: Option<Arc<Line>>,
        terms: Option<Arc<Terms>>,
        span: Span,
        kept: &Kept,
    ) -> Arc<Self> {
        let inbox = Inbox::restored(kept, hub.process().memory());
        Self::with(hub, line, terms, span, kept.member_id().clone(), inbox)
    }

    fn with(
        hub: &Arc<Hub>,
        line: Option<Arc<Line>>,
        terms: Option<Arc<Terms>>,
        span: Span,
        id: MemberId,
        inbox: Inbox,
    ) -> Arc<Self> {
        let beside = OnceLock::new();
        if !span.is_disabled() {
            beside.get_or_init(|| Box::new(Beside { span: Some(span), ..Beside::default() }));
        }
        Arc::new(Self {
            hub: Arc::clone(hub),
            id,
            terms,
            line: Mutex::new(line),
            inbox: Mutex::new(inbox),
            scope: OnceLock::new(),
            beside,
        })
    }

    /// The id that everybody in its room knows it by; a typed socket's own.
    #[must_use]
    pub fn id(&self) -> &MemberId {
        self.beside.get().and_then(|beside| beside.was.get()).unwrap_or(&self.id)
    }

    /// Is another from here on, as long as it has not asked to be let in. `false`: somebody is that one, or it is too late.
    pub(crate) fn be(&self, other: &MemberId) -> bool {
        // Under the lock, because its end takes its id out of the hub: either that one or this.
        let inbox = self.inbox();
        let may_be = inbox.life().is_opening() && self.hub.rename(&self.id, other);
        if may_be {
            self.beside().was.get_or_init(|| other.clone());
        }
        may_be
    }

    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    pub(crate) fn process(&self) -> &Arc<Process> {
        self.hub.process()
    }

    /// What it is a member by; `None` where it is refused because there is no such room or socket.
    pub(crate) fn terms(&self) -> Option<&Arc<Terms>> {
        self.terms.as_ref()
    }

    pub(crate) fn limits(&self) -> &Arc<Limits> {
        self.terms.as_ref().map_or_else(|| self.process().limits(), |terms| &terms.limits)
    }

    /// Moves its life on, and says what is to be done.
    pub(crate) fn step(&self, event: Event) -> Vec<Act> {
        self.step_by(|_| Some(event))
    }

    /// The same, where what happened is found under the lock of its inbox; `None`: nothing did. Which socket it has changes
    /// under that lock alone, so what an earlier one does cannot be taken for something that this one did.
    pub(crate) fn step_by(&self, event: impl FnOnce(&mut Inbox) -> Option<Event>) -> Vec<Act> {
        let (acts, hooks) = {
            let mut inbox = self.inbox();
            let Some(event) = event(&mut inbox) else { return Vec::new() };
            let acts = inbox.happen(event);
            if acts.contains(&Act::TellAway) {
                *lock(&self.line) = None;
            }
            let hooks = acts.contains(&Act::Forget).then(|| inbox.forget());
            (acts, hooks)
        };
        // Not under the lock: the app's `Drop` may have something to say.
        let_go(hooks);
        if acts.contains(&Act::Forget) {
            self.hub.unregister(self.id(), std::ptr::from_ref(self).cast());
            if let Some(line) = self.line() {
                self.hub.leaves(&line);
            }
            self.wake_reader();
        }
        acts
    }

    /// What it has to do and where its life stands. Give it back before anything else is locked.
    pub(crate) fn inbox(&self) -> MutexGuard<'_, Inbox> {
        lock(&self.inbox)
    }

    /// Another frame may be queued.
    pub(crate) fn wake_reader(&self) {
        // Where there is nothing beside it nobody waits: whoever does looks for space after it has said that it waits.
        if let Some(beside) = self.beside.get() {
            beside.space.wake();
        }
    }

    /// Who waits for that: whoever reads its socket.
    pub(crate) fn register_reader(&self, waker: &Waker) {
        self.beside().space.register(waker);
    }

    /// Runs `teardown` when it has left; at once where it has.
    pub fn defer(&self, teardown: impl FnOnce() + MaybeSend + 'static) {
        self.beside().teardowns.defer(teardown);
    }

    /// Runs what was deferred, once. The panics of it come back.
    pub(crate) fn run_teardowns(&self) -> Vec<Error> {
        self.watched_call("teardown", || self.beside().teardowns.run())
    }

    /// Its socket; `None` while it is held without one.
    pub(crate) fn line(&self) -> Option<Arc<Line>> {
        lock(&self.line).clone()
    }

    /// Whether this is still its socket. What an earlier one does counts no more.
    pub(crate) fn is_on(&self, line: &Arc<Line>) -> bool {
        lock(&self.line).as_ref().is_some_and(|current| Arc::ptr_eq(current, line))
    }

    /// It has this socket from now on. Call it while its inbox is locked.
    pub(crate) fn pick_up(&self, line: Arc<Line>) {
        *lock(&self.line) = Some(line);
    }

    /// Whose socket its own has become.
    pub(crate) fn moved(&self) -> Option<&Arc<Self>> {
        match self.scope.get()? {
            Scope::Moved(member) => Some(member),
            Scope::Room(_) | Scope::Socket | Scope::Feed(_) => None,
        }
    }

    /// Its socket is that one's. Call it while its inbox is locked: no frame is then between the two.
    pub(crate) fn move_to(&self, member: Arc<Self>) {
        self.set_scope(Scope::Moved(member));
    }

    /// An answer to its socket, where it has one.
    pub(crate) fn push(&self, frame: Bytes) {
        if let Some(line) = self.line() {
            self.reply(frame, &line);
        }
    }

    /// Whether what its socket hears first is on its way, or it has none.
    pub(crate) fn is_greeted(&self) -> bool {
        lock(&self.line).as_ref().is_none_or(|line| line.is_greeted())
    }

    /// What it is in, once it is let in.
    pub(crate) fn scope(&self) -> Option<&Scope> {
        self.scope.get()
    }

    /// What it is in never changes.
    pub(crate) fn set_scope(&self, scope: Scope) {
        self.scope.get_or_init(|| scope);
    }

    pub(crate) fn room(&self) -> Option<&Arc<LiveRoom>> {
        match self.scope.get()? {
            Scope::Room(room) => Some(room),
            Scope::Socket | Scope::Feed(_) | Scope::Moved(_) => None,
        }
    }

    /// Asks to be let in. `false`: it ended while it was opened, and must not become a member, whom nobody could remove.
    pub(crate) fn asks_in(&self) -> bool {
        let is_closing = self.line().is_none_or(|line| line.closing().is_some());
        let mut inbox = self.inbox();
        let may_ask = inbox.life().is_opening() && !is_closing;
        if may_ask {
            inbox.happen(Event::AskIn);
            inbox.end_opening();
        }
        may_ask
    }

    /// Says that it is never let in.
    pub(crate) fn refuse(&self, close: Close) {
        if let Some(line) = self.line() {
            line.close(close);
        }
        self.step(Event::Refused);
    }

    /// Says anew how large its info and its state may be, when what else is kept beside its socket has changed.
    pub(crate) fn limit_kept_anew(&self, user: Option<&UserId>) {
        self.inbox().settle_kept_limit(None);
        self.limit_kept(user);
    }

    /// Settles how large its info and its state may be, which depends on what else is kept beside its socket.
    pub(crate) fn limit_kept(&self, user: Option<&UserId>) -> usize {
        if self.process().keeper().is_none() {
            return usize::MAX;
        }
        if let Some(known) = self.inbox().kept_limit() {
            return known;
        }
        let limit = self.left_beside(user);
        self.inbox().settle_kept_limit(Some(limit));
        limit
    }

    /// Refuses a state that is over the room's bound, or over what can be kept of it. Where the server says something of its
    /// members, the largest info has its space, whether it is there or not: one that is set later must fit, too.
    pub(crate) fn check_state(&self, state: Option<&Json>) -> Result<(), Refused> {
        let has_info = self.terms.as_ref().is_some_and(|terms| terms.has_info);
        let info = if has_info { self.info_limit() } else { 0 };
        let limit = self.limits().presence_bytes.min(self.limit_kept(None).saturating_sub(info));
        let bytes = state.map_or(0, Json::size);
        if bytes > limit { Err(self.refused(Refused::PresenceTooLarge { bytes, limit })) } else { Ok(()) }
    }

    /// Refuses an info that is over the room's bound, or over what can be kept.
    pub(crate) fn check_info(&self, info: Option<&Json>) -> Result<(), Refused> {
        let (bytes, limit) = (info.map_or(0, Json::size), self.info_limit());
        if bytes > limit { Err(self.refused(Refused::InfoTooLarge { bytes, limit })) } else { Ok(()) }
    }

    fn refused(&self, refused: Refused) -> Refused {
        self.process().hit_refused(&refused);
        refused
    }

    fn info_limit(&self) -> usize {
        self.limits().info_bytes.min(self.limit_kept(None))
    }

    /// Whether its room is known to let its clients show whatever fits its type.
    #[must_use]
    pub fn shows_everything(&self) -> bool {
        self.terms.as_ref().is_some_and(|terms| terms.shows_everything.load(Ordering::Relaxed))
    }

    /// Its room has no hook that decides what a client may show: none of its members is asked again.
    pub fn show_everything(&self) {
        if let Some(terms) = &self.terms {
            terms.shows_everything.store(true, Ordering::Relaxed);
        }
    }

    /// Runs a task of this member, on the app's runtime. What it holds of the app's is dropped at its end, and may panic then.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + MaybeSend + 'static) {
        self.process().spawn(self.dressed(task));
    }

    /// Runs a task of this member that handles what has just been read of its socket. Where the room says that its hooks never
    /// block it begins here, on the socket's thread: no hook may be running here, and nothing be locked.
    pub(crate) fn spawn_from_socket(&self, task: impl Future<Output = ()> + MaybeSend + 'static) {
        if self.terms.as_ref().is_some_and(|terms| terms.inline) {
            self.process().start_task(self.dressed(task));
        } else {
            self.spawn(task);
        }
    }

    fn beside(&self) -> &Beside {
        self.beside.get_or_init(Box::default)
    }

    fn dressed<F: Future<Output = ()> + MaybeSend>(&self, task: F) -> impl Future<Output = ()> + MaybeSend + use<F> {
        let span = self.beside.get().and_then(|beside| beside.span.clone()).unwrap_or_else(Span::none);
        let task = Caught::of(task.map(Ok)).map(|ended: Result<(), Error>| {
            if let Err(error) = ended {
                tracing::error!(%error, "a member's task ended badly");
            }
        });
        cork::corked(task).instrument(span)
    }
}
