//! A member's task: it takes one thing after the other from the queue, until nothing is left.

use std::sync::Arc;

use roomful_core::frame::encode;
use roomful_core::{Close, Dialect, ErrorCode, Json};

use crate::clustered::taken;
use crate::credentials::Secret;
use crate::denial::{Asked, Denial, DenialReason};
use crate::hooks::{Caught, Decision, Hooks, MemberHooks, MessageError, Misfit, Showing, called, caught};
use crate::inbox::{Job, Next};
use crate::maybe_send::BoxFuture;
use crate::member::LiveMember;
use crate::taps::{FrameKind, Seen};
use crate::unwind::let_go;
use crate::{Error, Result, calls, cork, metrics};

/// After so many jobs of a task the threads of sockets are rung, so that what a busy member has said does not wait for ever.
const JOBS_A_RING: usize = 64;

impl LiveMember {
    /// Handles what is queued until nothing is.
    pub(crate) async fn work(self: Arc<Self>, hooks: Arc<dyn Hooks>) {
        for done in 1_usize.. {
            if done.is_multiple_of(JOBS_A_RING) {
                cork::let_go();
            }
            let renewal = self.inbox().take_renewal();
            if let Some(by) = renewal {
                // Boxed, because it is seldom, and every task would be as large.
                Box::pin(self.renew(&hooks, by)).await;
            }
            let next = self.inbox().next(&hooks, || self.is_greeted());
            self.wake_reader();
            match next {
                Next::Do(Job::Message { msg, id }) => {
                    self.receive(FrameKind::SaidByClient, msg.as_ref());
                    self.on_message(&hooks, msg, id).await;
                }
                Next::Do(Job::Presence { state, id }) => {
                    self.receive(FrameKind::ShownByClient, state.as_ref());
                    self.on_presence(&hooks, state, id).await;
                }
                Next::Do(Job::Credentials { text: Secret(text), id }) => {
                    // Boxed for the same reason.
                    Box::pin(self.on_credentials(&hooks, &text, id)).await;
                }
                Next::Do(Job::Reply(frame)) => self.push(frame),
                Next::Do(Job::Away) => self.on_socket(&hooks, "on_away", |member| member.on_away()).await,
                Next::Do(Job::Return) => self.on_socket(&hooks, "on_return", |member| member.on_return()).await,
                Next::Do(Job::Wanted(wanted)) => self.give_away(&wanted),
                Next::Rest => return,
                Next::Leave { close, socket_error } => return self.end_with(&hooks, &close, socket_error).await,
            }
        }
    }

    /// Counts what its client has said, before any hook sees it.
    fn receive(&self, kind: FrameKind, payload: Option<&Json>) {
        if let Some(room) = self.room() {
            room.receive(&Seen::of(kind, Some(self.id()), payload));
        }
    }

    async fn on_message(self: &Arc<Self>, hooks: &Arc<dyn Hooks>, msg: Option<Json>, id: Option<u64>) {
        let handled = caught(|| async { Ok(hooks.on_message(msg).await) }).await;
        match handled {
            Ok(Ok(())) => match self.words_are_taken().await {
                Ok(()) => self.acknowledge(id),
                Err(error) => self.fail_message(hooks, id, error).await,
            },
            Ok(Err(MessageError::Misfit(Misfit(reason)))) => self.reject(id, ErrorCode::BadMessage, &reason),
            Ok(Err(MessageError::Handler(error))) | Err(error) => self.fail_message(hooks, id, error).await,
        }
    }

    async fn fail_message(self: &Arc<Self>, hooks: &Arc<dyn Hooks>, id: Option<u64>, error: Error) {
        // It has failed already, whatever becomes of what it said.
        self.room().into_iter().for_each(|room| drop(room.words_of(self.id())));
        metrics::handler_failed(hooks.names().message);
        self.reject(id, ErrorCode::HandlerFailed, "the handler failed");
        hooks.report(error).await;
    }

    /// What its hooks have said is with the broker, where that keeps the room's history. Everything else is said at once.
    pub(crate) async fn words_are_taken(&self) -> Result {
        // Known when it is compiled, so that a worker, which is downloaded, has nothing of it.
        if cfg!(target_family = "wasm") {
            return Ok(());
        }
        let words = self.room().map_or_else(Vec::new, |room| room.words_of(self.id()));
        if words.is_empty() {
            return Ok(());
        }
        // Boxed, because few rooms have it, and every task would be as large.
        Box::pin(async {
            let mut all = Ok(());
            for word in words {
                all = all.and(taken(word).await);
            }
            all
        })
        .await
    }

    /// The same of a hook that nothing but the app's own hook for errors hears of.
    pub(crate) async fn words_are_taken_of(&self, hooks: &Arc<dyn Hooks>, hook: &'static str) {
        if let Err(error) = self.words_are_taken().await {
            metrics::handler_failed(hook);
            hooks.report(error).await;
        }
    }

    async fn on_presence(self: &Arc<Self>, hooks: &Arc<dyn Hooks>, state: Option<Json>, id: Option<u64>) {
        // The intake of a socket lets no presence through.
        let Some(member) = hooks.member() else { return };
        // Reading it runs the app's `Deserialize`, which may panic like any other code of the app's.
        match called(|| Ok(member.on_presence(state))) {
            Ok(Ok(Showing::AsItIs(state))) => self.show(state, id),
            Ok(Ok(Showing::Asked(deciding))) => match Caught::of(deciding).await {
                Ok(Decision::Show(state)) => self.show(state, id),
                Ok(Decision::Refuse) => self.reject(id, ErrorCode::Denied, "the room does not let this be shown"),
                Ok(Decision::Misfit(Misfit(reason))) => self.reject(id, ErrorCode::BadPresence, &reason),
                Err(error) => {
                    metrics::handler_failed("on_presence");
                    self.reject(id, ErrorCode::HandlerFailed, "the handler failed");
                    hooks.report(error).await;
                }
            },
            Ok(Err(Misfit(reason))) => self.reject(id, ErrorCode::BadPresence, &reason),
            Err(error) => {
                metrics::handler_failed("presence");
                self.reject(id, ErrorCode::HandlerFailed, "the presence type could not be read");
                hooks.report(error).await;
            }
        }
    }

    fn show(self: &Arc<Self>, state: Option<Json>, id: Option<u64>) {
        match calls::set_presence(self, state) {
            Ok(()) => self.acknowledge(id),
            Err(error) => self.reject(id, ErrorCode::TooLarge, &error.to_string()),
        }
    }

    async fn on_credentials(self: &Arc<Self>, hooks: &Arc<dyn Hooks>, text: &str, id: Option<u64>) {
        let why = match self.refresh(hooks, text).await {
            Ok(()) => return self.acknowledge(id),
            Err(DenialReason::NoRefresh) => {
                return self.reject(id, ErrorCode::BadFrame, "new credentials are not taken here");
            }
            Err(why) => why,
        };
        let denial = Denial { hook: "refresh", why };
        if let Some(terms) = self.terms() {
            let asked = Asked { module: &terms.module, room: &terms.name, peer: None };
            self.hub().denial_log().denied(Some(self.process().now()), asked, &denial);
        }
        // Whom it names now, if anybody, is who comes back.
        self.close_socket(denial.close());
    }

    /// What a later upgrade has found is its data from here on. Between two hooks, so that none finds its data changed beneath it.
    async fn renew(self: &Arc<Self>, hooks: &Arc<dyn Hooks>, by: Arc<dyn Hooks>) {
        let told = self.tell_info_anew(hooks, &by);
        let renewed = called(|| {
            hooks.member().zip(by.member()).into_iter().for_each(|(member, by)| member.renew(by));
            Ok(())
        });
        let_go(by);
        for error in [told, renewed].into_iter().filter_map(Result::err) {
            metrics::handler_failed("info");
            hooks.report(error).await;
        }
        if let Err(error) = self.expire_in_time(hooks) {
            metrics::handler_failed("expires");
            hooks.report(error).await;
            self.close(Close::JOIN_FAILED);
        }
    }

    /// What the server says of it, where its new upgrade says something else than the one before. What the app has set since
    /// stays, where that has no reason to be otherwise.
    fn tell_info_anew(&self, before: &Arc<dyn Hooks>, now: &Arc<dyn Hooks>) -> Result {
        let Some((before, now)) = before.member().zip(now.member()) else { return Ok(()) };
        let (said, says) = called(|| Ok((before.info()?, now.info()?)))?;
        if said == says { Ok(()) } else { self.set_info(says) }
    }

    /// Tells the app of the loss or the return of the socket.
    async fn on_socket(
        &self,
        hooks: &Arc<dyn Hooks>,
        name: &'static str,
        hook: impl Fn(&dyn MemberHooks) -> BoxFuture<'_, Result>,
    ) {
        // A typed socket is never held.
        let Some(member) = hooks.member() else { return };
        if let Err(error) = caught(|| hook(member)).await {
            metrics::handler_failed(name);
            hooks.report(error).await;
        }
        self.words_are_taken_of(hooks, name).await;
    }

    fn acknowledge(self: &Arc<Self>, id: Option<u64>) {
        if let Some(id) = id
            && !self.note_handled(id)
        {
            self.push(encode::ack(id, None));
        }
    }

    fn reject(&self, id: Option<u64>, code: ErrorCode, reason: &str) {
        metrics::frame_dropped(code.as_str());
        let is_told_again = self.note_failed(id, code, reason);
        let Some(line) = self.line().filter(|line| line.dialect() == Dialect::V1) else { return };
        // Behind the snapshot that is still to come it is told anyway.
        if line.is_greeted() || !is_told_again {
            self.reply(encode::error(id, code, reason), &line);
        }
    }
}
