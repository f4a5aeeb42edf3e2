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

/// Nothing is sent anywhere.
#[derive(Default)]
struct Nowhere;

impl Transport for Nowhere {
    fn deliver(&self, _: Delivery) {}

    fn ring(&self) {}

    fn waiting_bytes(&self) -> usize {
        0
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_is_still_listed_can_be_kicked_although_its_socket_is_gone() {
    let log = Log::default();
    let gate = Arc::new(Semaphore::new(0));
    let scripted = Scripted { log: log.clone(), gate: Arc::clone(&gate) };
    let rooms = Rooms::new().module("m", |m| m.room("scripted", scripted)).build().unwrap();
    rooms.platform().start(|| PausedHost::new());
    let uri = "/?m=m&s=scripted&r=%7B%22id%22:%221%22%7D&name=waits+in+on_join";
    let (parts, ()) = http::Request::get(uri).body(()).unwrap().into_parts();
    let connection = rooms.platform().read(parts, Dialect::Plain).connect_at(Arc::new(Nowhere));
    let id = connection.member().clone();
    tokio::task::yield_now().await;
    drop(connection);
    let room = rooms.at(&stage());
    assert_eq!(room.count().await.unwrap(), 1, "its on_join still runs");
    assert!(room.kick(&id, "").await.unwrap());
    assert_eq!(room.count().await.unwrap(), 0);
    assert!(!room.kick(&id, "").await.unwrap());
}

/// Data that looks at the room when it is dropped, as a connection guard of an app's may.
#[derive(serde::Serialize, serde::Deserialize)]
struct Looks;

static LOOKED_AT: std::sync::OnceLock<Rooms> = std::sync::OnceLock::new();

impl Drop for Looks {
    fn drop(&mut self) {
        if let Some(rooms) = LOOKED_AT.get() {
            let _looked_at = rooms.at(&stage()).local().count();
        }
    }
}

struct LookedAt;

impl roomful::Room for LookedAt {
    type Channel = crate::scripted::Stage;
    type Data = Looks;

    async fn data(&self, _: &roomful::Upgrade<crate::scripted::Stage>) -> Result<Looks, roomful::Deny> {
        Ok(Looks)
    }
}

#[tokio::test(start_paused = true)]
async fn no_lock_is_held_while_the_apps_data_is_dropped_in_the_lobby() {
    let limits = roomful::Limits::default().announce_at_once(1);
    let room = roomful::RoomExt::limits(LookedAt, limits);
    let rooms = Rooms::new().module("m", |m| m.room("looked", room)).build().unwrap();
    rooms.platform().start(|| PausedHost::new());
    LOOKED_AT.set(rooms.clone()).ok().unwrap();
    let connect = || {
        let (parts, ()) = http::Request::get("/?m=m&s=looked&r=%7B%22id%22:%221%22%7D").body(()).unwrap().into_parts();
        rooms.platform().read(parts, Dialect::Plain).connect_at(Arc::new(Nowhere))
    };
    let mut connections = vec![connect(), connect(), connect()];
    for _ in 0..3 {
        tokio::task::yield_now().await;
    }
    assert_eq!(rooms.stats().members, 2, "the last waits in the lobby");
    connections.pop();
    assert_eq!((rooms.stats().members, rooms.stats().connections), (2, 2));
}
