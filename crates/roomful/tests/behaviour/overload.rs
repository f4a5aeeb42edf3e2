//! Sockets that are behind: whoever sends is told, nothing is queued, and presence waits.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use roomful::{ErrorKind, Limits, Rooms};
use roomful_core::Dialect;
use roomful_runtime::{Connection, Delivery, Transport};
use tokio::sync::Semaphore;
use tokio::time::Duration;

use crate::race::PausedHost;
use crate::scripted::{Log, Order, Scripted, stage as key};

/// A transport that says of itself how much waits there.
#[derive(Default)]
pub(crate) struct Busy {
    pub(crate) deliveries: Mutex<Vec<Delivery>>,
    pub(crate) waiting: AtomicUsize,
}

impl Transport for Busy {
    fn deliver(&self, delivery: Delivery) {
        self.deliveries.lock().unwrap().push(delivery);
    }

    fn ring(&self) {}

    fn waiting_bytes(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

const LIMIT: usize = 1_000;

/// Two members of one room whose sockets are at different transports.
struct Stage {
    rooms: Rooms,
    log: Log,
    transports: [Arc<Busy>; 2],
    members: Vec<Connection<Busy>>,
}

impl Stage {
    async fn new() -> Self {
        let log = Log::default();
        let scripted = Scripted { log: log.clone(), gate: Arc::new(Semaphore::new(0)) };
        let limits = Limits::default().transport_bytes(LIMIT);
        let rooms = Rooms::new().limits(limits).module("m", |m| m.room("scripted", scripted)).build().unwrap();
        rooms.platform().start(|| PausedHost::new());
        let transports = [Arc::default(), Arc::default()];
        let mut members = Vec::new();
        for transport in &transports {
            let uri = "/?m=m&s=scripted&r=%7B%22id%22:%221%22%7D&name=ann";
            let (parts, ()) = http::Request::get(uri).body(()).unwrap().into_parts();
            members.push(rooms.platform().read(parts, Dialect::V1).connect_at(Arc::clone(transport)));
            idle().await;
        }
        let stage = Self { rooms, log, transports, members };
        stage.tick().await;
        stage.log.take();
        stage.transports.iter().for_each(|transport| transport.deliveries.lock().unwrap().clear());
        stage
    }

    /// So much waits at the transport of the second.
    fn waits(&self, bytes: usize) {
        self.transports[1].waiting.store(bytes, Ordering::Relaxed);
    }

    /// What has been delivered to both since the last call, which must be the same but for what is for one alone.
    fn take(&self) -> Vec<String> {
        let [first, second] = self.transports.each_ref().map(|transport| {
            let deliveries = std::mem::take(&mut *transport.deliveries.lock().unwrap());
            deliveries.iter().filter_map(for_all).collect::<Vec<_>>()
        });
        assert_eq!(first, second, "everybody has the same");
        first
    }

    /// Says something to the first connection, and returns what its hook's `on_error` was told.
    async fn order(&mut self, order: Order) -> Vec<String> {
        let frame = serde_json::json!({ "t": "msg", "msg": order });
        self.members[0].receive(frame.to_string().as_bytes());
        idle().await;
        self.log.take()
    }

    async fn show(&mut self, mood: &str) {
        let frame = serde_json::json!({ "t": "presence", "state": { "mood": mood } });
        self.members[0].receive(frame.to_string().as_bytes());
        idle().await;
    }

    async fn tick(&self) {
        tokio::time::sleep(Duration::from_millis(34)).await;
        idle().await;
    }
}

fn for_all(delivery: &Delivery) -> Option<String> {
    match delivery {
        Delivery::Fanout { frames, .. } => {
            let frame = frames.get(Dialect::V1)?.frame();
            Some(String::from_utf8(frame.to_vec()).unwrap())
        }
        Delivery::Updates { updates, .. } => {
            let frame = updates.v1()?.frame();
            Some(String::from_utf8(frame.to_vec()).unwrap())
        }
        _ => None,
    }
}

/// Everything that can run has run: the clock stands still meanwhile.
pub(crate) async fn idle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_sends_is_told_and_nobody_gets_it() {
    let mut stage = Stage::new().await;
    let handle = stage.rooms.at(&key());
    stage.waits(LIMIT);
    handle.broadcast(&"as much as may".into()).await.unwrap();
    assert_eq!(stage.take().len(), 1);

    stage.waits(LIMIT + 1);
    let error = handle.broadcast(&"too much".into()).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Overloaded { limit: LIMIT }), "{error:?}");
    for order in [Order::Broadcast("x".into()), Order::BroadcastAll("x".into()), Order::Send("x".into())] {
        let told = stage.order(order).await;
        assert_eq!(told, [format!("on_error: {error}")], "one transport that is behind is enough");
    }
    assert_eq!(stage.take(), [""; 0]);
    assert_eq!(handle.count().await.unwrap(), 2, "nobody is thrown out for it");

    stage.waits(0);
    assert_eq!(stage.order(Order::BroadcastAll("x".into())).await, [""; 0]);
    assert_eq!(stage.take().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn presence_waits_and_only_the_last_state_comes() {
    let mut stage = Stage::new().await;
    stage.show("first").await;
    assert!(stage.take()[0].contains("first"), "a quiet room sends at once");
    stage.waits(LIMIT + 1);
    for mood in ["second", "third", "fourth"] {
        stage.show(mood).await;
        stage.tick().await;
        assert_eq!(stage.take(), [""; 0]);
    }
    stage.waits(LIMIT);
    stage.tick().await;
    let moods = stage.take();
    assert!(moods.len() == 1 && moods[0].contains("fourth") && !moods[0].contains("third"), "{moods:?}");
}
