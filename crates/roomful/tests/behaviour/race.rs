//! A socket that ends at the one moment when its member is in the room and not yet known to be.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use roomful::{BoxFuture, Close, Rooms};
use roomful_core::Dialect;
use roomful_runtime::{Connection, Delivery, Host, Transport};
use tokio::sync::Semaphore;
use tokio::time::{Duration, Instant};

use crate::scripted::{Log, Scripted, stage};

/// Tokio with its clock in the test's hands.
pub(crate) struct PausedHost {
    began: Instant,
    randoms: AtomicU64,
}

impl PausedHost {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { began: Instant::now(), randoms: AtomicU64::new(7) })
    }
}

impl Host for PausedHost {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        tokio::spawn(task);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap()
    }

    fn sleep_until(&self, at: u64) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep_until(self.began + Duration::from_millis(at)))
    }

    fn random(&self) -> u128 {
        self.randoms.fetch_add(1, Ordering::Relaxed).into()
    }
}

/// The snapshot is delivered from within the join; this socket ends right then.
#[derive(Default)]
struct EndsAtTheSnapshot(Mutex<Option<Connection<Self>>>);

impl Transport for EndsAtTheSnapshot {
    fn deliver(&self, delivery: Delivery) {
        if let (Delivery::Private { .. }, Some(connection)) = (delivery, self.0.lock().unwrap().take()) {
            connection.end(&Close::LOST, None);
        }
    }

    fn ring(&self) {}

    fn waiting_bytes(&self) -> usize {
        0
    }
}

#[tokio::test(start_paused = true)]
async fn it_makes_no_ghost_although_its_on_join_hangs() {
    let log = Log::default();
    let gate = Arc::new(Semaphore::new(0));
    let scripted = Scripted { log: log.clone(), gate: Arc::clone(&gate) };
    let rooms = Rooms::new().module("m", |m| m.room("scripted", scripted)).build().unwrap();
    rooms.platform().start(|| PausedHost::new());
    let uri = "/?m=m&s=scripted&r=%7B%22id%22:%221%22%7D&name=waits+in+on_join";
    let (parts, ()) = http::Request::get(uri).body(()).unwrap().into_parts();
    let transport = Arc::new(EndsAtTheSnapshot::default());
    let connection = rooms.platform().read(parts, Dialect::Plain).connect_at(Arc::clone(&transport));
    *transport.0.lock().unwrap() = Some(connection);

    tokio::task::yield_now().await;
    assert_eq!(rooms.at(&stage()).count().await.unwrap(), 1, "it joined before it was known to be over");
    tokio::time::sleep(Duration::from_millis(rooms.limits().leave_timeout_ms + 1)).await;
    assert_eq!(rooms.at(&stage()).count().await.unwrap(), 0);

    gate.add_permits(1);
    while rooms.stats().tasks > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(log.take(), ["teardown", "on_leave", "deferred late"]);
}
