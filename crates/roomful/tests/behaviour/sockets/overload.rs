//! A socket whose thread is behind: whoever sends is told, and nothing is queued.

use std::sync::atomic::Ordering;

use roomful::{Limits, Rooms};
use roomful_core::Dialect;
use roomful_runtime::Delivery;

use super::*;
use crate::overload::{Busy, idle};
use crate::race::PausedHost;

#[tokio::test(start_paused = true)]
async fn whoever_sends_is_told() {
    let log = Log::default();
    let scripted = Scripted { log: log.clone(), gate: Arc::new(Semaphore::new(0)) };
    let limits = Limits::default().transport_bytes(1_000);
    let rooms = Rooms::new().limits(limits).module("m", |m| m.socket("scripted", scripted)).build().unwrap();
    rooms.platform().start(|| PausedHost::new());
    let uri = "/?m=m&s=scripted&r=%7B%22id%22:%221%22%7D&name=ann";
    let (parts, ()) = http::Request::get(uri).body(()).unwrap().into_parts();
    let transport = Arc::new(Busy::default());
    let mut connection = rooms.platform().read(parts, Dialect::Plain).connect_at(Arc::clone(&transport));
    idle().await;
    log.take();
    let order = serde_json::to_vec(&Order::Send("hi".into())).unwrap();
    let mut sent = async || {
        connection.receive(&order);
        idle().await;
        let deliveries = std::mem::take(&mut *transport.deliveries.lock().unwrap());
        deliveries.iter().filter(|delivery| matches!(delivery, Delivery::Private { .. })).count()
    };
    assert_eq!(sent().await, 1);
    transport.waiting.store(1_001, Ordering::Relaxed);
    assert_eq!(sent().await, 0);
    let told = log.take();
    assert!(told.len() == 1 && told[0].contains("the sockets are behind"), "{told:?}");
    transport.waiting.store(1_000, Ordering::Relaxed);
    assert_eq!(sent().await, 1);
}
