//! What a `CONNECT` must be, and what it is answered.

use hyper::Request;
use hyper::ext::Protocol;

use crate::client::{Http2, extended_connect, serve};
use crate::support::target;

#[tokio::test]
async fn nothing_of_an_upgrade_is_in_the_answer() {
    let served = serve(|limits| limits.compress_from_bytes(Some(256))).await;
    let mut http2 = Http2::connect(served.address).await;
    let plain = http2.ask(extended_connect("h")).await;
    assert_eq!(plain.status(), 200);
    let names: Vec<_> = plain.headers().keys().map(|name| name.as_str()).collect();
    assert_eq!(names, ["date"]);
    let offers = extended_connect("h")
        .header("sec-websocket-protocol", "chat, roomful.v1")
        .header("sec-websocket-extensions", "permessage-deflate; client_max_window_bits");
    let agreed = http2.ask(offers).await;
    assert_eq!(agreed.headers()["sec-websocket-protocol"], "roomful.v1");
    assert!(agreed.headers()["sec-websocket-extensions"].to_str().unwrap().starts_with("permessage-deflate"));
}

#[tokio::test]
async fn every_wrong_request_has_its_status() {
    let served = serve(|limits| limits).await;
    let mut http2 = Http2::connect(served.address).await;
    let url = format!("http://test{}", target("h"));
    for (status, request) in [
        (426, Request::get(&url)),
        (426, Request::get(&url).header("sec-websocket-version", "13")),
        (405, Request::post(&url)),
        (426, Request::connect(&url).extension(Protocol::from_static("websocket"))),
        (
            426,
            Request::connect(&url).extension(Protocol::from_static("websocket")).header("sec-websocket-version", "8"),
        ),
        (501, extended_connect("h").extension(Protocol::from_static("connect-udp"))),
    ] {
        let answer = http2.ask(request).await;
        assert_eq!(answer.status(), status, "{answer:?}");
        for name in ["connection", "upgrade", "transfer-encoding"] {
            assert!(!answer.headers().contains_key(name), "{answer:?}");
        }
    }
    assert_eq!(served.rooms.stats().connections, 0);
    http2.join("h").await;
}

/// The host is in the target there, and is what the page's origin is compared with.
#[tokio::test]
async fn a_page_of_another_origin_is_refused() {
    let served = serve(|limits| limits).await;
    let mut http2 = Http2::connect(served.address).await;
    for (origin, status) in
        [("https://test", 200), ("http://Test:80", 200), ("https://evil.example", 403), ("null", 403)]
    {
        let answer = http2.ask(extended_connect("h").header("origin", origin)).await;
        assert_eq!(answer.status(), status, "{origin}");
    }
    let lies = extended_connect("h").header("origin", "https://evil.example").header("host", "evil.example");
    assert_eq!(http2.ask(lies).await.status(), 403);
}

#[tokio::test]
async fn a_cap_is_a_cap() {
    let served = serve(|limits| limits.connections(1)).await;
    let mut http2 = Http2::connect(served.address).await;
    let _member = http2.join("h").await;
    let refused = http2.ask(extended_connect("h")).await;
    assert_eq!(refused.status(), 503);
    assert!(!refused.headers().contains_key("connection"));
}
