//! Frames that come in odd pieces.

use std::net::SocketAddr;

use roomful_axum::RoomsExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::support::{
    CONTINUATION, Client, FIN, PING, TEXT, connect, limits, listen, masked, message, rooms, target, within,
};

async fn serve() -> SocketAddr {
    let (rooms, _) = rooms(limits());
    let (listener, address) = listen().await;
    let app = rooms.router();
    tokio::spawn(async move { roomful_axum::serve(listener, app, &rooms, std::future::pending()).await });
    address
}

#[tokio::test]
async fn ten_thousand_pings_in_one_write_are_ten_thousand_pongs() {
    let mut client = Client::join(connect(serve().await).await, "h").await;
    let pings: Vec<u8> = (0..10_000_u32).flat_map(|n| masked(FIN | PING, &n.to_be_bytes())).collect();
    within("they are sent", client.ws.get_mut().write_all(&pings)).await.unwrap();
    for n in 0..10_000_u32 {
        match client.next("a pong comes").await {
            Some(Message::Pong(payload)) => assert_eq!(payload[..], n.to_be_bytes()),
            other => panic!("pong {n} was expected, not {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_message_in_thousands_of_fragments_arrives_whole() {
    let mut client = Client::join(connect(serve().await).await, "h").await;
    let body = "x".repeat(4_000);
    let frame = format!(r#"{{"t":"msg","msg":"{body}"}}"#);
    for (n, byte) in frame.bytes().enumerate() {
        let first = if n == 0 { TEXT } else { CONTINUATION } | if n + 1 == frame.len() { FIN } else { 0 };
        // Each on its own, with a ping now and then, which may stand between.
        within("a fragment is sent", client.ws.get_mut().write_all(&masked(first, &[byte]))).await.unwrap();
        if n % 1_000 == 500 {
            within("a ping is sent", client.ws.get_mut().write_all(&masked(FIN | PING, b""))).await.unwrap();
            assert!(matches!(client.next("a pong comes").await, Some(Message::Pong(_))));
        }
    }
    assert!(client.message().await == (client.id.clone(), body));
}

/// More than the handler's queue takes and more than one read.
#[tokio::test]
async fn what_comes_with_the_handshake_is_taken_in_whole() {
    let mut stream = connect(serve().await).await;
    let mut sent = format!(
        "GET {} HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        target("h")
    )
    .into_bytes();
    let said: Vec<String> = (0..300).map(|n| format!("{n} {}", "x".repeat(1_000))).collect();
    sent.extend(said.iter().flat_map(|body| message(body)));
    within("all is sent", stream.write_all(&sent)).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(within("the handshake is answered", stream.read_u8()).await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "));
    let ws = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
    let mut client = Client { ws, id: String::new(), snapshot: serde_json::Value::Null };
    assert_eq!(client.frame().await["t"], "snapshot");
    for body in said {
        assert_eq!(client.message().await.1, body);
    }
}
