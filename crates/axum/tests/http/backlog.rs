//! A server that stops while there are connections that it has not accepted.

use roomful::Drain;
use roomful_axum::Server;

use crate::raw::{Raw, get, status, upgrade};
use crate::server::{app, patient, serve};
use crate::support::{listen, within};

const EACH: usize = 50;

/// Closing the listener would reset them.
#[tokio::test]
async fn whoever_waits_to_be_accepted_is_answered() {
    let (rooms, router, _app) = app();
    let (listener, address) = listen().await;
    let mut asking = Vec::new();
    for _ in 0..EACH {
        for request in [upgrade(""), get("/")] {
            let mut raw = Raw::connect(address).await;
            raw.write(request).await;
            asking.push(raw);
        }
    }
    let drain = Drain::default();
    let served = tokio::spawn(async move {
        Server::new().drain(drain).serve(listener, router, &rooms, std::future::ready(())).await
    });
    for pair in asking.chunks_mut(2) {
        let [upgrades, asks] = pair else { panic!("two of them") };
        assert_eq!(status(&upgrades.response().await), 101);
        upgrades.until("retry=").await;
        let answer = asks.rest().await;
        assert_eq!(status(&answer), 200, "{answer}");
        assert!(answer.to_lowercase().contains("connection: close") && answer.ends_with("hello"), "{answer}");
    }
    drop(asking);
    within("the server ends", served).await.unwrap().unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

/// An idle one is closed, one that has not asked may still ask, and one that a handler works for is answered.
#[tokio::test]
async fn whoever_is_connected_is_answered_and_not_kept() {
    let (rooms, router, mut app) = app();
    let (listener, address) = listen().await;
    let (stop, stops) = tokio::sync::oneshot::channel();
    let served =
        tokio::spawn(async move { patient().serve(listener, router, &rooms, async { stops.await.unwrap() }).await });
    let mut idle = Raw::connect(address).await;
    idle.write(get("/")).await;
    assert_eq!(status(&idle.response().await), 200);
    let mut slow = Raw::connect(address).await;
    slow.write(get("/slow")).await;
    within("the handler has it", app.begun.recv()).await.unwrap();
    let silent = Raw::connect(address).await;
    stop.send(()).unwrap();
    assert_eq!(idle.rest().await, "");
    app.gate.add_permits(1);
    let answer = slow.rest().await;
    assert!(answer.to_lowercase().contains("connection: close") && answer.ends_with("slow"), "{answer}");
    within("the server ends", served).await.unwrap().unwrap();
    drop(silent);
}

#[tokio::test]
async fn a_server_that_goes_on_closes_nobody() {
    let served = serve(patient()).await;
    let mut asks = Raw::connect(served.address).await;
    for _ in 0..3 {
        asks.write(get("/")).await;
        let answer = asks.response().await;
        assert!(!answer.to_lowercase().contains("connection: close"), "{answer}");
    }
}
