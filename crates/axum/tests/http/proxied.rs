//! Connections that a proxy passes on as bytes, with a header of the PROXY protocol before them.

use crate::raw::{Raw, get, status, upgrade};
use crate::server::{SHORT, patient, serve};

const HEADER: &str = "PROXY TCP4 192.0.2.1 10.0.0.7 4711 80\r\n";
const BINARY: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\x0a\0\0\x07\x12\x67\0\x50";

#[tokio::test]
async fn the_client_is_whom_the_proxy_names() {
    let served = serve(patient().proxy_protocol(["127.0.0.0/8"]).unwrap()).await;
    for header in [HEADER.as_bytes(), BINARY] {
        let mut raw = Raw::connect(served.address).await;
        raw.write([header, get("/peer").as_bytes()].concat()).await;
        assert!(raw.response().await.ends_with("192.0.2.1:4711"));
        // Only once: what looks like another is no request.
        raw.write(get("/peer")).await;
        assert!(raw.response().await.ends_with("192.0.2.1:4711"));
        raw.write(HEADER).await;
        assert_eq!(status(&raw.rest().await), 400);
        let mut member = Raw::connect(served.address).await;
        member.write([header, upgrade("").as_bytes()].concat()).await;
        assert_eq!(status(&member.response().await), 101);
    }
    let mut checks = Raw::connect(served.address).await;
    checks.write("PROXY UNKNOWN\r\n".to_owned() + &get("/peer")).await;
    assert!(checks.response().await.contains("127.0.0.1:"), "the proxy itself");
}

#[tokio::test]
async fn who_does_not_say_whose_it_is_is_not_answered() {
    let served = serve(patient().proxy_protocol(["127.0.0.1"]).unwrap()).await;
    for bytes in
        [get("/"), "PROXY NONSENSE AND MORE OF IT\r\n".to_owned() + &get("/"), "PROXY ".to_owned() + &"x".repeat(200)]
    {
        assert_eq!(Raw::answer(served.address, bytes).await, "");
    }
    let impatient = serve(patient().head_timeout(SHORT).proxy_protocol(["127.0.0.1"]).unwrap()).await;
    assert_eq!(Raw::answer(impatient.address, &HEADER[..20]).await, "");
    assert_eq!(Raw::answer(impatient.address, HEADER).await, "", "the time is for both");
}

#[tokio::test]
async fn nobody_but_the_proxies_may_connect() {
    let served = serve(patient().proxy_protocol(["10.0.0.0/8", "::1"]).unwrap()).await;
    assert_eq!(Raw::answer(served.address, HEADER.to_owned() + &get("/")).await, "");
    assert!(patient().proxy_protocol(["localhost"]).is_err());
    assert!(patient().proxy_protocol(["0.0.0.0/0"]).is_err());
}

/// Without it such a header is what it looks like: no request.
#[tokio::test]
async fn a_header_that_nobody_asked_for_is_not_believed() {
    let served = serve(patient()).await;
    assert_eq!(status(&Raw::answer(served.address, HEADER.to_owned() + &get("/peer")).await), 400);
}
