//! Telling the app that a user came to a room, or has gone: in tasks of its own, since the user may have several members, or
//! none any more.

use std::sync::Arc;

use futures_util::FutureExt as _;
use roomful_core::Millis;
use roomful_core::UserId;
use roomful_core::pattern::Topic;
use roomful_core::users::{Effect, News};

use crate::Result;
use crate::cork;
use crate::hooks::{Caught, caught};
use crate::leave::others_first;
use crate::metrics;
use crate::process::Process;
use crate::unwind::let_go;
use crate::users::Untold;
use crate::visit::VisitHooks;

/// One call of a hook.
struct Telling {
    topic: Topic,
    user: UserId,
    news: News,
    hooks: Arc<dyn VisitHooks>,
}

impl Process {
    /// Starts the hooks that are to run, and has a timer for whoever lingers. No lock is held.
    pub(crate) fn tell_of_users(self: &Arc<Self>, untold: Untold) {
        for telling in tellings(untold) {
            let told = Caught::of(Arc::clone(self).tell(telling).map(Ok)).map(|told: Result| {
                if let Err(error) = told {
                    tracing::error!(%error, "a user's task ended badly");
                }
            });
            self.spawn(cork::corked(told));
        }
        if let Some(at) = self.users().start_timer() {
            self.let_users_go(at);
        }
    }

    /// Nobody waits for this timer: a process that stops lets everybody go, and an object that is put away has nobody.
    fn let_users_go(self: &Arc<Self>, at: Millis) {
        let (process, sleep) = (Arc::downgrade(self), self.sleep_until(at));
        self.wait(async move {
            sleep.await;
            if let Some(process) = process.upgrade() {
                process.tell_of_users(process.users().wake(at, process.now()));
            }
        });
    }

    /// Runs the hook, and then what is to be told of the same user and had to wait for it.
    async fn tell(self: Arc<Self>, telling: Telling) {
        others_first().await;
        let mut next = Some(telling);
        while let Some(Telling { topic, user, news, hooks }) = next {
            call(&*hooks, news).await;
            let_go(hooks);
            next = tellings(self.users().told(&topic, &user)).pop();
        }
    }
}

/// What is to be told; what is not needed any more is let go of.
fn tellings(untold: Untold) -> Vec<Telling> {
    let telling = |effect| match effect {
        Effect::Tell { topic, user, news, visit: hooks } => Some(Telling { topic, user, news, hooks }),
        Effect::Drop(hooks) => {
            let_go(hooks);
            None
        }
    };
    untold.0.into_iter().filter_map(telling).collect()
}

async fn call(hooks: &dyn VisitHooks, news: News) {
    let (hook, told) = match news {
        News::Came => ("on_user_join", caught(|| hooks.on_user_join()).await),
        News::Gone => ("on_user_leave", caught(|| hooks.on_user_leave()).await),
    };
    if let Err(error) = told {
        metrics::handler_failed(hook);
        if let Err(error) = caught(|| hooks.on_error(error).map(Ok)).await {
            tracing::error!(%error, "`on_error` failed");
        }
    }
}
