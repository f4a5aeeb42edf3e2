//! A socket whose thread is behind: whoever sends is told, and nothing is queued.

use std::sync::atomic::Ordering;

use roomful::runtime::Delivery;
use roomful::{Dialect, Limits, Rooms};

use super::*;
use crate::overload::{Busy, idle};
use crate::race::PausedHost;

#[tokio::test(start_paused = true)]
async fn whoever_sends_is_told() {
    let log = Log::default();
    let scripted = Scripted { log: log.clone(), gate: Arc::new(Semaphore::new(0)) };
    let limits = Limits { transport_bytes: 1_000, ..Limits::default() };
    let rooms = Rooms::new().limits(limits).module("m", |m| m.socket("scripted", scripted)).build().unwrap();
    rooms.start(|| PausedHost::new());
    let uri = "/?m=m&s=scripted&r=%7B%22id%22:%221%22%7D&name=ann";
    let (parts, ()) = http::Request::get(uri).body(()).unwrap().into_parts();
    let post = Arc::new(Busy::default());
    let connection = rooms.admit(parts, Dialect::Plain).connect_at(Arc::clone(&post));
    idle().await;
    log.take();
    let order = serde_json::to_vec(&Order::Send("hi".into())).unwrap();
    let sent = async || {
        connection.receive(&order);
        idle().await;
        let parcels = std::mem::take(&mut *post.parcels.lock().unwrap());
        parcels.iter().filter(|parcel| matches!(parcel, Delivery::Private { .. })).count()
    };
    assert_eq!(sent().await, 1);
    post.waiting.store(1_001, Ordering::Relaxed);
    assert_eq!(sent().await, 0);
    let told = log.take();
    assert!(told.len() == 1 && told[0].contains("the sockets are behind"), "{told:?}");
    post.waiting.store(1_000, Ordering::Relaxed);
    assert_eq!(sent().await, 1);
}
