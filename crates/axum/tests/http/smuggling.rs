//! Requests that a proxy may read otherwise. What follows one that is refused is never a request.

use crate::raw::{Raw, get, status, upgrade};
use crate::server::{patient, serve};
use crate::support::{FIN, TEXT, masked, message};

#[tokio::test]
async fn an_upgrade_has_no_body() {
    let served = serve(patient()).await;
    let behind = get("/");
    for (lines, body) in [
        ("Content-Length: 37\r\n", &*behind),
        ("Content-Length: 5\r\n", "hello"),
        ("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"),
        ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        ("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        ("Content-Length: 5\r\nContent-Length: 0\r\n", "hello"),
        ("Host: other\r\n", ""),
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", ""),
    ] {
        let answer = Raw::answer(served.address, upgrade(lines) + body + &behind).await;
        assert_eq!(status(&answer), 400, "{lines}: {answer}");
        assert!(!answer.contains("hello"), "{lines}: {answer}");
    }
    assert_eq!(served.rooms.stats().connections, 0);
}

#[tokio::test]
async fn frames_may_follow_the_handshake_at_once() {
    let served = serve(patient()).await;
    for lines in ["", "Content-Length: 0\r\n"] {
        let mut raw = Raw::connect(served.address).await;
        let frames = [message("first"), message("second"), masked(FIN | TEXT, b"not even JSON")].concat();
        raw.write([upgrade(lines).into_bytes(), frames].concat()).await;
        assert_eq!(status(&raw.response().await), 101);
        raw.until("first").await;
        raw.until("second").await;
    }
}
