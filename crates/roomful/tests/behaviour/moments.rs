//! A host that runs one task after the other, and lets a test step in where one starts another.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use roomful::{BoxFuture, MemberId, Rooms};
use roomful_core::session::Token;
use roomful_core::{Close, Dialect};
use roomful_runtime::{Admission, Connection, Host, Keeper, ToWrite};

/// What is done in a moment.
type Step = Box<dyn FnOnce() + Send>;

/// Nobody is woken here: whoever waits is asked again.
#[derive(Default)]
pub(crate) struct Moments {
    tasks: Mutex<VecDeque<BoxFuture<'static, ()>>>,
    at_next_task: Mutex<Option<Step>>,
    now: Arc<AtomicU64>,
    given: AtomicU64,
    /// What every number that it gives ends with: no other process has that.
    process: u64,
    is_object: bool,
}

impl Moments {
    pub(crate) fn start(rooms: &Rooms, process: u64) -> Arc<Self> {
        Self { process, ..Self::default() }.starts(rooms)
    }

    /// One that may be put away, as a Durable Object is. What is kept of it nobody reads here.
    pub(crate) fn of_object(rooms: &Rooms, process: u64) -> Arc<Self> {
        Self { process, is_object: true, ..Self::default() }.starts(rooms)
    }

    fn starts(self, rooms: &Rooms) -> Arc<Self> {
        let host = Arc::new(self);
        rooms.platform().start(|| Arc::clone(&host) as Arc<dyn Host>);
        host
    }

    /// Does this once, in the moment in which the next task is started.
    pub(crate) fn at_next_task(&self, step: impl FnOnce() + Send + 'static) {
        *self.at_next_task.lock().unwrap() = Some(Box::new(step));
    }

    /// Runs what can run, also from within a step. The task that a step is in is not among it.
    pub(crate) fn run(&self) {
        let mut waiting = 0;
        loop {
            let task = self.tasks.lock().unwrap().pop_front();
            let Some(mut task) = task else { return };
            if task.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
                waiting = 0;
                continue;
            }
            let mut tasks = self.tasks.lock().unwrap();
            tasks.push_back(task);
            waiting += 1;
            // Twice, as a task may wait for one that was asked after it.
            if waiting > 2 * tasks.len() {
                return;
            }
        }
    }

    pub(crate) fn advance(&self, ms: u64) {
        self.now.fetch_add(ms, Ordering::Relaxed);
        self.run();
    }
}

impl Host for Moments {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.tasks.lock().unwrap().push_back(task);
        let step = self.at_next_task.lock().unwrap().take();
        step.into_iter().for_each(|step| step());
    }

    /// A room may be locked where this is called.
    fn wait(&self, task: BoxFuture<'static, ()>) {
        self.tasks.lock().unwrap().push_back(task);
    }

    fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    fn sleep_until(&self, at: u64) -> BoxFuture<'static, ()> {
        let now = Arc::clone(&self.now);
        Box::pin(poll_fn(move |_| if now.load(Ordering::Relaxed) >= at { Poll::Ready(()) } else { Poll::Pending }))
    }

    fn random(&self) -> u128 {
        u128::from(self.given.fetch_add(1, Ordering::Relaxed)) << 64 | u128::from(self.process)
    }

    fn keeper(&self) -> Option<&dyn Keeper> {
        self.is_object.then_some(self)
    }
}

impl Keeper for Moments {
    fn keep(&self, _: &MemberId, _: &[u8]) {}

    fn forget(&self, _: &MemberId) {}

    fn hold(&self, _: &MemberId, _: &[u8]) {}

    fn let_go(&self, _: &MemberId) {}

    fn bar(&self, _: Token, _: &[u8]) {}

    fn unbar(&self, _: Token) {}

    fn limit(&self) -> usize {
        crate::keeper::KEPT_BYTES
    }

    fn wake_by(&self, _: u64) {}

    fn wake_at(&self, _: u64) {}
}

/// Begins to connect; `offer` stands behind `roomful.v1`.
pub(crate) fn connect(rooms: &Rooms, query: &str, offer: &str) -> Connection {
    read(rooms, query, offer).connect()
}

pub(crate) fn read(rooms: &Rooms, query: &str, offer: &str) -> Admission {
    let request =
        http::Request::get(format!("/?{query}")).header("sec-websocket-protocol", format!("roomful.v1{offer}"));
    let (parts, ()) = request.body(()).unwrap().into_parts();
    rooms.platform().read(parts, Dialect::V1)
}

/// All that is written to it, and how it is closed then, if it is.
pub(crate) fn written(connection: &Connection) -> (Vec<String>, Option<Close>) {
    let mut frames = Vec::new();
    loop {
        match connection.mailbox().try_next() {
            Some(ToWrite::Frame(frame)) => frames.push(String::from_utf8_lossy(&frame).into_owned()),
            Some(ToWrite::Close(close)) => return (frames, Some(close)),
            None => return (frames, None),
        }
    }
}
