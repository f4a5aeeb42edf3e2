//! The head of a request has a size and a time.

use std::time::Duration;

use crate::raw::{Raw, get, status, upgrade};
use crate::server::{SHORT, patient, serve};
use crate::support::connect;

/// A request of this many bytes.
fn sized(bytes: usize) -> String {
    let empty = get("/").replace("\r\n\r\n", "\r\nConnection: close\r\nX: \r\n\r\n");
    empty.replace("X: ", &format!("X: {}", "x".repeat(bytes - empty.len())))
}

#[tokio::test]
async fn a_head_has_a_size() {
    for (server, most) in
        [(patient(), 16 << 10), (patient().head_bytes(1_000), 1_000), (patient().head_bytes(64 << 10), 64 << 10)]
    {
        let served = serve(server).await;
        for (bytes, expected) in [(most, 200), (most + 1, 431), (2 << 20, 431)] {
            let request = sized(bytes);
            assert_eq!(request.len(), bytes);
            assert_eq!(status(&Raw::answer(served.address, request).await), expected, "{bytes} of {most}");
        }
        // One that is not whole is not kept either.
        let unfinished = sized(most + 1_000).replace("\r\n\r\n", "");
        assert_eq!(status(&Raw::answer(served.address, unfinished).await), 431, "{most}");
    }
}

#[tokio::test]
async fn a_head_has_a_time() {
    let served = serve(patient().head_timeout(SHORT)).await;
    let silent = Raw::connect(served.address).await;
    let mut begun = Raw::connect(served.address).await;
    begun.write(&upgrade("").as_bytes()[..60]).await;
    let mut second = Raw::connect(served.address).await;
    second.write(get("/")).await;
    assert_eq!(status(&second.response().await), 200);
    second.write("GET / HT").await;
    for mut raw in [silent, begun, second] {
        assert_eq!(raw.rest().await, "");
    }
}

#[tokio::test]
async fn a_byte_now_and_then_is_no_reason_to_wait() {
    let served = serve(patient().head_timeout(SHORT)).await;
    let mut trickles = Raw::connect(served.address).await;
    trickles.write("GET / HTTP/1.1\r\nX: ").await;
    let mut stream = trickles.stream;
    let mut often = tokio::time::interval(Duration::from_millis(10));
    crate::support::within("the server cuts it", async {
        while tokio::io::AsyncWriteExt::write_all(&mut stream, b"x").await.is_ok() {
            often.tick().await;
        }
    })
    .await;
}

#[tokio::test]
async fn who_waits_for_its_next_request_has_a_time_of_its_own() {
    let served = serve(patient().idle_timeout(SHORT)).await;
    // Not the first one's: it has asked for nothing yet.
    let mut first = Raw::connect(served.address).await;
    let mut idle = Raw::connect(served.address).await;
    idle.write(get("/")).await;
    assert_eq!(status(&idle.response().await), 200);
    assert_eq!(idle.rest().await, "");
    first.write(get("/")).await;
    assert_eq!(status(&first.response().await), 200);
}

/// All of its times pass, and it stays: from the 101 on it is a member, and other bounds are its.
#[tokio::test]
async fn a_websocket_has_none_of_these_times() {
    let served = serve(patient().head_timeout(SHORT).idle_timeout(SHORT).stall_timeout(SHORT)).await;
    let mut member = crate::support::Client::join(connect(served.address).await, "h").await;
    for _ in 0..2 {
        let mut silent = Raw::connect(served.address).await;
        assert_eq!(silent.rest().await, "");
    }
    member.say("still here").await;
    assert_eq!(member.message().await.1, "still here");
    assert_eq!(served.rooms.stats().members, 1);
}
