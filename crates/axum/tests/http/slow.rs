//! Who sends or reads slowly, and handlers that are slow themselves.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;

use crate::raw::{Raw, get, status};
use crate::server::{SHORT, patient, serve};
use crate::support::within;

fn post(length: usize) -> String {
    format!("POST /length HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\r\n")
}

#[tokio::test]
async fn a_response_that_nobody_reads_is_given_up() {
    let mut served = serve(patient().stall_timeout(SHORT)).await;
    let mut deaf = Raw::connect_narrow(served.address).await;
    deaf.write(get("/endless")).await;
    within("it is given up", served.app.given_up.recv()).await.unwrap();
}

#[tokio::test]
async fn pipelined_requests_that_nobody_reads_the_answers_of_are_given_up() {
    let mut served = serve(patient().stall_timeout(SHORT)).await;
    let mut deaf = Raw::connect_narrow(served.address).await;
    deaf.write(get("/").repeat(200) + &get("/endless").repeat(100)).await;
    within("it is given up", served.app.given_up.recv()).await.unwrap();
    assert_eq!(served.rooms.stats().connections, 0);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let served = serve(patient().stall_timeout(SHORT)).await;
    let mut silent = Raw::connect(served.address).await;
    silent.write(post(1_000)).await;
    let mut cut_short = Raw::connect(served.address).await;
    cut_short.write(post(1_000) + &"x".repeat(999)).await;
    for mut raw in [silent, cut_short] {
        assert_eq!(raw.rest().await, "");
    }
}

#[tokio::test]
async fn a_body_that_trickles_is_not_waited_for() {
    let served = serve(patient().stall_timeout(SHORT)).await;
    let mut trickles = Raw::connect(served.address).await;
    trickles.write(post(1_000_000)).await;
    let mut often = tokio::time::interval(Duration::from_millis(50));
    within("the server cuts it", async {
        while trickles.stream.write_all(b"x").await.is_ok() {
            often.tick().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_slow_handler_is_nobodys_fault() {
    let server = patient().head_timeout(SHORT).idle_timeout(SHORT).stall_timeout(SHORT);
    let mut served = serve(server).await;
    let mut patient = Raw::connect(served.address).await;
    patient.write(get("/slow")).await;
    within("the handler has it", served.app.begun.recv()).await.unwrap();
    // Each of these takes as long as every bound is.
    for _ in 0..3 {
        assert_eq!(Raw::connect(served.address).await.rest().await, "");
    }
    served.app.gate.add_permits(1);
    assert!(patient.response().await.ends_with("slow"));
}

/// What an older client does, and what one does that has said all it wanted.
#[tokio::test]
async fn a_client_that_asks_once_is_answered_and_closed() {
    let served = serve(patient()).await;
    for request in ["GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"] {
        let answer = Raw::answer(served.address, request).await;
        assert!(status(&answer) == 200 && answer.ends_with("hello"), "{answer}");
    }
    let mut asks_again = Raw::connect(served.address).await;
    for _ in 0..3 {
        asks_again.write("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").await;
        assert!(asks_again.response().await.ends_with("hello"));
    }
}

/// A reset that overtakes the answer would hide it: the rest of what it sends is read, and thrown away.
#[tokio::test]
async fn who_is_answered_while_it_still_sends_has_its_answer() {
    let served = serve(patient()).await;
    let request = b"GET / NONSENSE\r\n\r\n";
    let mut raw = Raw::connect(served.address).await;
    raw.write(request).await;
    // More than the sockets between them hold.
    raw.write(vec![b'x'; 8 << 20]).await;
    assert_eq!(status(&raw.rest().await), 400);
}
