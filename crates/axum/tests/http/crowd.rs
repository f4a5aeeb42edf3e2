//! More connections than there may be.

use crate::raw::{Raw, get, status};
use crate::server::{patient, serve};
use crate::support::{Client, connect, within};

#[tokio::test]
async fn who_keeps_the_server_waiting_makes_room() {
    let mut served = serve(patient().http_connections(3)).await;
    let mut slow = Raw::connect(served.address).await;
    slow.write(get("/slow")).await;
    within("the handler has it", served.app.begun.recv()).await.unwrap();
    let mut longest = Raw::connect(served.address).await;
    longest.write("GET / HT").await;
    let mut idle = Raw::connect(served.address).await;
    idle.write(get("/")).await;
    assert_eq!(status(&idle.response().await), 200);
    // Whoever is a WebSocket has no place.
    let mut member = Client::join(connect(served.address).await, "h").await;
    assert_eq!(longest.rest().await, "");
    let mut next = Raw::connect(served.address).await;
    next.write(get("/")).await;
    assert_eq!(status(&next.response().await), 200);
    let mut last = Raw::connect(served.address).await;
    last.write(get("/")).await;
    assert_eq!(status(&last.response().await), 200);
    assert_eq!(idle.rest().await, "");
    // The handler's turn is not the client's.
    served.app.gate.add_permits(1);
    assert!(slow.response().await.ends_with("slow"));
    member.say("still here").await;
    assert_eq!(member.message().await.1, "still here");
}

#[tokio::test]
async fn nobody_is_cut_while_handlers_have_all_places() {
    let mut served = serve(patient().http_connections(2)).await;
    let mut slow = Vec::new();
    for _ in 0..2 {
        let mut raw = Raw::connect(served.address).await;
        raw.write(get("/slow")).await;
        within("the handler has it", served.app.begun.recv()).await.unwrap();
        slow.push(raw);
    }
    let mut waits = Raw::connect(served.address).await;
    waits.write(get("/")).await;
    served.app.gate.add_permits(2);
    for raw in &mut slow {
        assert!(raw.response().await.ends_with("slow"));
    }
    assert_eq!(status(&waits.response().await), 200);
}
