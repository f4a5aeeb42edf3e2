//! A platform that puts its processes away while their sockets stay open.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use roomful::{BoxFuture, MemberId};
use roomful_runtime::{Connection, Host, Keeper, Kept, ToWrite};

/// What lies beside the sockets, by connection. It outlives every process.
#[derive(Clone, Default)]
pub(crate) struct Beside(Arc<Mutex<HashMap<MemberId, Vec<u8>>>>);

impl Beside {
    pub(crate) fn all(&self) -> Vec<Kept> {
        self.0.lock().unwrap().values().map(|bytes| Kept::from_bytes(bytes).unwrap()).collect()
    }
}

/// One process of such a platform.
pub(crate) struct Platform {
    beside: Beside,
    /// The times that a room asked to be woken at.
    wakes: Arc<Mutex<Vec<u64>>>,
    now: u64,
    given: AtomicU64,
}

impl Platform {
    pub(crate) fn new(beside: &Beside) -> Self {
        Self { beside: beside.clone(), wakes: Arc::default(), now: 0, given: AtomicU64::new(0) }
    }

    /// A process at a time of its own, which notes when it is to be woken.
    pub(crate) fn at(now: u64, beside: &Beside, wakes: &Arc<Mutex<Vec<u64>>>) -> Self {
        Self { now, wakes: Arc::clone(wakes), ..Self::new(beside) }
    }
}

impl Host for Platform {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        tokio::spawn(task);
    }

    fn now(&self) -> u64 {
        self.now
    }

    fn sleep_until(&self, _: u64) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }

    fn random(&self) -> u128 {
        // Unlike those of any other process.
        u128::from(self.given.fetch_add(1, Ordering::Relaxed)) << 64 | u128::from(self.now)
    }

    fn keeper(&self) -> Option<&dyn Keeper> {
        Some(self)
    }
}

impl Keeper for Platform {
    fn keep(&self, member: &MemberId, kept: &[u8]) {
        self.beside.0.lock().unwrap().insert(member.clone(), kept.to_vec());
    }

    fn forget(&self, member: &MemberId) {
        self.beside.0.lock().unwrap().remove(member);
    }

    fn limit(&self) -> usize {
        16_000
    }

    fn wake_by(&self, at: u64) {
        self.wakes.lock().unwrap().push(at);
    }
}

/// Longer than anything takes. Time is virtual: it passes at once when nothing else can happen.
const FOR_EVER: Duration = Duration::from_secs(3600);

pub(crate) async fn written(connection: &Connection) -> String {
    let next = std::future::poll_fn(|cx| connection.mailbox().poll_next(cx));
    match tokio::time::timeout(FOR_EVER, next).await.unwrap() {
        ToWrite::Frame(frame) => String::from_utf8(frame.to_vec()).unwrap(),
        ToWrite::Close(close) => format!("close {} {}", close.code, close.reason),
    }
}

pub(crate) async fn until(what: &str, happened: impl Fn() -> bool) {
    let waiting = async {
        while !happened() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    assert!(tokio::time::timeout(FOR_EVER, waiting).await.is_ok(), "not {what}");
}
