//! What a connection's handler has still to do.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::AbortHandle;
use roomful_core::{Close, Json, Limits};

use crate::session::Session;
use crate::{Error, metrics};

/// One thing for the handler.
#[derive(Debug)]
pub(super) enum Job {
    /// A message from the client.
    Message { msg: Option<Json>, id: Option<u64> },
    /// The client's own presence. In the same queue as its messages, so that the two never change their order.
    Presence { state: Option<Json>, id: Option<u64> },
    /// An answer of the protocol's to a frame that came before the join: nothing may arrive before the first frame.
    Reply(Bytes),
}

impl Job {
    fn size(&self) -> usize {
        match self {
            Self::Message { msg: payload, .. } | Self::Presence { state: payload, .. } => {
                payload.as_ref().map_or(0, Json::size)
            }
            Self::Reply(frame) => frame.len(),
        }
    }
}

/// What the handler task does next.
pub(super) enum Next {
    Do(Job),
    /// Nothing is left: the task ends, and the next frame, where there is one, starts another.
    Rest,
    Leave {
        close: Close,
        socket_error: Option<Error>,
    },
}

/// The queue of one connection, and whether a task is at work on it.
pub(super) struct Inbox {
    queue: VecDeque<Job>,
    bytes: usize,
    phase: Phase,
    /// How the connection ended, once it has. Boxed, as few have.
    ended: Option<Box<Close>>,
    socket_error: Option<Error>,
    /// Ends the wait after which the roster is left even though the handler still runs.
    pub(super) leave_timer: Option<AbortHandle>,
}

enum Phase {
    /// Guards, data and seed are being found.
    Opening,
    /// Let in, and nothing to do.
    Idle(Arc<dyn Session>),
    /// Let in, and a task is at work.
    Busy,
    /// Left, or never let in.
    Over,
}

impl Inbox {
    pub(super) fn new() -> Self {
        Self {
            queue: VecDeque::new(),
            bytes: 0,
            phase: Phase::Opening,
            ended: None,
            socket_error: None,
            leave_timer: None,
        }
    }

    /// Whether another frame is taken. One always is where none waits, whatever its size.
    pub(super) fn has_space(&self, limits: &Limits) -> bool {
        let frames = match self.phase {
            Phase::Opening => limits.early_frames,
            Phase::Idle(_) | Phase::Busy => limits.handler_queue,
            Phase::Over => return true,
        };
        self.queue.is_empty() || (self.queue.len() < frames && self.bytes < limits.handler_queue_bytes)
    }

    /// Frames and bytes that wait.
    pub(super) fn queued(&self) -> (usize, usize) {
        (self.queue.len(), self.bytes)
    }

    /// Queues a job. A session comes back when a task has to be started for it.
    pub(super) fn push(&mut self, job: Job) -> Option<Arc<dyn Session>> {
        if self.ended.is_some() || matches!(self.phase, Phase::Over) {
            metrics::frame_dropped("closing");
            return None;
        }
        self.bytes += job.size();
        self.queue.push_back(job);
        self.start()
    }

    /// Keeps an answer until the join, where that is still to come; otherwise gives it back, to be sent at once.
    pub(super) fn hold(&mut self, reply: Bytes) -> Option<Bytes> {
        if !matches!(self.phase, Phase::Opening) {
            return Some(reply);
        }
        self.bytes += reply.len();
        self.queue.push_back(Job::Reply(reply));
        None
    }

    /// The connection is over; what it sent before is still handled. A session comes back when a task has to be started
    /// for the leave.
    pub(super) fn end(&mut self, close: &Close, socket_error: Option<Error>) -> Option<Arc<dyn Session>> {
        if self.ended.is_some() {
            return None;
        }
        self.ended = Some(Box::new(close.clone()));
        self.socket_error = socket_error;
        self.start()
    }

    /// The app closed the connection: nothing that waits is handled.
    pub(super) fn discard(&mut self) {
        for _ in std::mem::take(&mut self.queue) {
            metrics::frame_dropped("closing");
        }
        self.bytes = 0;
    }

    /// Whether the connection is over. A connection that ended while it was opened must not join.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    /// Whether a task is at work for a connection that was let in.
    pub(super) fn is_busy(&self) -> bool {
        matches!(self.phase, Phase::Busy)
    }

    /// Whether the connection is not let in yet.
    pub(super) fn is_opening(&self) -> bool {
        matches!(self.phase, Phase::Opening)
    }

    pub(super) fn joined(&mut self) {
        self.phase = Phase::Busy;
    }

    /// Joined in another process, and nothing to do.
    pub(super) fn resumed(&mut self, session: Arc<dyn Session>) {
        self.phase = Phase::Idle(session);
    }

    /// Over here, and without a leave: another process goes on.
    pub(super) fn put_away(&mut self) {
        self.ended = Some(Box::new(Close::LOST));
        self.phase = Phase::Over;
        self.queue.clear();
    }

    pub(super) fn over(&mut self) {
        self.phase = Phase::Over;
        self.discard();
        if let Some(timer) = self.leave_timer.take() {
            timer.abort();
        }
    }

    pub(super) fn next(&mut self, session: &Arc<dyn Session>) -> Next {
        if matches!(self.phase, Phase::Over) {
            // It was put away while a hook ran: the end is another process's to tell.
            return Next::Rest;
        }
        if let Some(job) = self.queue.pop_front() {
            self.bytes -= job.size();
            return Next::Do(job);
        }
        if let Some(close) = self.ended.as_deref().cloned() {
            return Next::Leave { close, socket_error: self.socket_error.take() };
        }
        self.queue = VecDeque::new();
        self.phase = Phase::Idle(Arc::clone(session));
        Next::Rest
    }

    fn start(&mut self) -> Option<Arc<dyn Session>> {
        match std::mem::replace(&mut self.phase, Phase::Busy) {
            Phase::Idle(session) => Some(session),
            other => {
                self.phase = other;
                None
            }
        }
    }
}
