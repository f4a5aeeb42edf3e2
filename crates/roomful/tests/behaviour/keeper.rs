//! A platform that puts its processes away while their sockets stay open.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use roomful::{BoxFuture, MemberId};
use roomful_core::session::Token;
use roomful_runtime::{Barred, Connection, Host, Keeper, Kept, ToWrite};

/// As much may be kept of one connection.
pub(crate) const KEPT_BYTES: usize = 16_000;

/// What lies beside the sockets, by connection, or where members are held. It outlives every process.
#[derive(Clone, Default)]
pub(crate) struct Beside(Arc<Mutex<HashMap<MemberId, Vec<u8>>>>);

impl Beside {
    pub(crate) fn all(&self) -> Vec<Kept> {
        self.0.lock().unwrap().values().map(|bytes| Kept::from_bytes(bytes).unwrap()).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

/// What nobody may come back with, by token.
#[derive(Clone, Default)]
pub(crate) struct Barring(Arc<Mutex<HashMap<Token, Vec<u8>>>>);

impl Barring {
    pub(crate) fn all(&self) -> Vec<Barred> {
        self.0.lock().unwrap().values().map(|bytes| Barred::from_bytes(bytes).unwrap()).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

/// One process of such a platform.
pub(crate) struct Platform {
    beside: Beside,
    held: Beside,
    barred: Barring,
    /// The times that a room asked to be woken at.
    wakes: Arc<Mutex<Vec<u64>>>,
    /// The first time that something waits for.
    alarm: Arc<AtomicU64>,
    now: Arc<AtomicU64>,
    began: u64,
    given: AtomicU64,
}

impl Platform {
    pub(crate) fn new(beside: &Beside) -> Self {
        Self {
            beside: beside.clone(),
            held: Beside::default(),
            barred: Barring::default(),
            wakes: Arc::default(),
            alarm: Arc::default(),
            now: Arc::default(),
            began: 0,
            given: AtomicU64::new(0),
        }
    }

    /// A process that goes by this clock, and says there when it is to be woken.
    pub(crate) fn by(clock: &Arc<AtomicU64>, beside: &Beside, alarm: &Arc<AtomicU64>) -> Self {
        let (now, began) = (Arc::clone(clock), clock.load(Ordering::Relaxed));
        Self { now, began, alarm: Arc::clone(alarm), ..Self::new(beside) }
    }

    /// One that holds whoever has no socket, and bars whoever was removed, there.
    pub(crate) fn with(self, held: Beside, barred: Barring) -> Self {
        Self { held, barred, ..self }
    }

    /// A process at a time of its own, which notes when it is to be woken.
    pub(crate) fn at(now: u64, beside: &Beside, wakes: &Arc<Mutex<Vec<u64>>>) -> Self {
        Self { now: Arc::new(now.into()), began: now, wakes: Arc::clone(wakes), ..Self::new(beside) }
    }
}

impl Host for Platform {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        tokio::spawn(task);
    }

    fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    fn system_time(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000) + Duration::from_millis(self.now())
    }

    fn sleep_until(&self, _: u64) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }

    fn random(&self) -> u128 {
        // Unlike those of any other process.
        u128::from(self.given.fetch_add(1, Ordering::Relaxed)) << 64 | u128::from(self.began)
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

    fn hold(&self, member: &MemberId, kept: &[u8]) {
        self.held.0.lock().unwrap().insert(member.clone(), kept.to_vec());
    }

    fn let_go(&self, member: &MemberId) {
        self.held.0.lock().unwrap().remove(member);
    }

    fn bar(&self, token: Token, barred: &[u8]) {
        self.barred.0.lock().unwrap().insert(token, barred.to_vec());
    }

    fn unbar(&self, token: Token) {
        self.barred.0.lock().unwrap().remove(&token);
    }

    fn limit(&self) -> usize {
        KEPT_BYTES
    }

    fn wake_by(&self, at: u64) {
        self.wakes.lock().unwrap().push(at);
    }

    fn wake_at(&self, at: u64) {
        self.alarm.store(at, Ordering::Relaxed);
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
