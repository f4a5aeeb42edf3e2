//! What a connection's task does: one thing after the other from its queue, until nothing is left.

use std::sync::Arc;

use roomful_core::frame::encode;
use roomful_core::{Dialect, ErrorCode, Json};

use super::inbox::{Job, Next};
use super::link::Link;
use super::{cork, lock};
use crate::metrics;
use crate::session::{MessageError, Misfit, Session, caught};

/// A connection that always has something to do must not hold back what it has said.
const JOBS_A_RING: usize = 64;

impl Link {
    /// Handles what is queued until nothing is.
    pub(super) async fn work(self: Arc<Self>, session: Arc<dyn Session>) {
        for done in 1_usize.. {
            if done.is_multiple_of(JOBS_A_RING) {
                cork::let_go();
            }
            let next = lock(&self.inbox).next(&session);
            self.space.wake();
            match next {
                Next::Do(Job::Message { msg, id }) => self.on_message(&session, msg, id).await,
                Next::Do(Job::Presence { state, id }) => self.on_presence(&session, state, id).await,
                Next::Do(Job::Reply(frame)) => self.outlet.push(frame),
                Next::Rest => return,
                Next::Leave { close, socket_error } => return self.leave(&session, &close, socket_error).await,
            }
        }
    }

    async fn on_message(&self, session: &Arc<dyn Session>, msg: Option<Json>, id: Option<u64>) {
        let handled = caught(async { Ok(session.on_message(msg).await) }).await;
        match handled {
            Ok(Ok(())) => self.acknowledge(id),
            Ok(Err(MessageError::Misfit(Misfit(reason)))) => self.reject(id, ErrorCode::BadMessage, &reason),
            Ok(Err(MessageError::Handler(error))) | Err(error) => {
                metrics::handler_failed(session.names().message);
                self.reject(id, ErrorCode::HandlerFailed, "the handler failed");
                session.report(error).await;
            }
        }
    }

    async fn on_presence(&self, session: &Arc<dyn Session>, state: Option<Json>, id: Option<u64>) {
        // A socket's intake lets no state through.
        let Some(presence) = session.presence() else { return };
        // Reading it runs the app's `Deserialize`, which may panic like any other code of the app's.
        let canonical = caught(async { Ok(presence.canonical(state)) }).await;
        match canonical {
            Ok(Ok(state)) => match self.set_presence(state) {
                Ok(()) => self.acknowledge(id),
                Err(error) => self.reject(id, ErrorCode::TooLarge, &error.to_string()),
            },
            Ok(Err(Misfit(reason))) => self.reject(id, ErrorCode::BadPresence, &reason),
            Err(error) => {
                metrics::handler_failed("presence");
                self.reject(id, ErrorCode::HandlerFailed, "the presence type could not be read");
                session.report(error).await;
            }
        }
    }

    fn acknowledge(&self, id: Option<u64>) {
        if let Some(id) = id {
            self.outlet.push(encode::ack(id));
        }
    }

    fn reject(&self, id: Option<u64>, code: ErrorCode, reason: &str) {
        metrics::frame_dropped(code.as_str());
        if self.outlet.dialect == Dialect::V1 {
            self.outlet.push(encode::error(id, code, reason));
        }
    }
}
