//! A client that does not read while much is for it. Nobody else waits for it, and what it gets in the end is whole.

use std::net::SocketAddr;
use std::num::NonZero;
use std::sync::Arc;

use roomful::{Limits, MemberId, Rooms};
use roomful_axum::{RoomsExt as _, Sockets};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpSocket;
use tokio::sync::Semaphore;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{CLOSE, Client, FIN, PING, connect, hall, limits, listen, masked, message, rooms, text, within};

/// More of these than the kernel keeps for a socket that nobody reads and that is narrow on its side.
const BODY: usize = 1 << 20;
const BODIES: usize = 8;
const NARROW: u32 = 64 << 10;

struct Server {
    rooms: Rooms,
    gate: Arc<Semaphore>,
    address: SocketAddr,
}

/// Everybody is on one thread, which takes things in the order in which they came.
async fn serve(limits: Limits) -> Server {
    let (rooms, gate) = rooms(limits.outbox_bytes(2 * BODIES * BODY));
    let (listener, address) = listen().await;
    let (app, served) = (rooms.router_with(Sockets::new().threads(NonZero::<usize>::MIN)), rooms.clone());
    tokio::spawn(async move { roomful_axum::serve(listener, app, &served, std::future::pending()).await });
    Server { rooms, gate, address }
}

impl Server {
    /// One who will not read, and one who talks.
    async fn two(&self) -> (Client, Client) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(NARROW).unwrap();
        let stream = socket.connect(self.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut reader = Client::join(stream, "h").await;
        let talker = Client::join(connect(self.address).await, "h").await;
        reader.told("join", &talker.id).await;
        (reader, talker)
    }
}

/// Says more than the other's socket takes. What it says comes back to it: it waits for nobody.
async fn block(talker: &mut Client) -> Vec<(String, String)> {
    let mut said = Vec::new();
    for n in 0..BODIES {
        let body = format!("{n} {}", "x".repeat(BODY));
        talker.say(&body).await;
        said.push((talker.id.clone(), body));
        assert!(talker.message().await == said[n]);
    }
    said
}

async fn write(client: &mut Client, bytes: &[u8]) {
    within("bytes are sent", client.ws.get_mut().write_all(bytes)).await.unwrap();
}

async fn hears(client: &mut Client, expected: &[(String, String)]) {
    for (n, expected) in expected.iter().enumerate() {
        assert!(client.message().await == *expected, "message {n} is what it was");
    }
}

/// A pong ahead of what waits would stand in the middle of a frame.
#[tokio::test]
async fn a_ping_behind_a_full_queue_tears_nothing() {
    let server = serve(limits().handler_queue(1)).await;
    let (mut reader, mut talker) = server.two().await;
    let sent = [message("/wait"), message("second"), message("third"), masked(FIN | PING, b"still there?")];
    write(&mut reader, &sent.concat()).await;
    let id = reader.id.clone();
    let from_reader = |msg: &str| (id.clone(), msg.to_owned());
    assert_eq!(talker.message().await, from_reader("waiting"));
    let mut said = vec![from_reader("waiting")];
    said.extend(block(&mut talker).await);
    server.gate.add_permits(1);
    for msg in ["waited", "second"] {
        // With the second the handler's queue has room for the third, and for the ping behind it.
        assert_eq!(talker.message().await, from_reader(msg));
        said.push(from_reader(msg));
    }
    hears(&mut reader, &said).await;
    let (mut third, mut pong) = (None, None);
    while third.is_none() || pong.is_none() {
        match reader.next("what it sent is taken in").await {
            Some(Message::Text(frame)) => third = Some(serde_json::from_str(&frame).unwrap()),
            Some(Message::Pong(payload)) => pong = Some(payload),
            other => panic!("a message or a pong, not {other:?}"),
        }
    }
    let third: serde_json::Value = third.unwrap();
    assert_eq!((text(&third["msg"]), &pong.unwrap()[..]), ("third".to_owned(), &b"still there?"[..]));
    assert_eq!(talker.message().await, from_reader("third"));
}

#[tokio::test]
async fn who_is_kicked_has_left_at_once_and_gets_what_was_said_before() {
    let server = serve(limits()).await;
    let (mut reader, mut talker) = server.two().await;
    let said = block(&mut talker).await;
    assert!(server.rooms.at(&hall("h")).kick(&MemberId::parse(&reader.id).unwrap(), "").await.unwrap());
    talker.told("leave", &reader.id).await;
    talker.say("behind its back").await;
    talker.message().await;
    hears(&mut reader, &said).await;
    assert_eq!(reader.closed().await, 4410);
}

#[tokio::test]
async fn its_own_close_is_answered_behind_what_was_said_before() {
    let server = serve(limits()).await;
    let (mut reader, mut talker) = server.two().await;
    let said = block(&mut talker).await;
    write(&mut reader, &masked(FIN | CLOSE, &4321_u16.to_be_bytes())).await;
    hears(&mut reader, &said).await;
    assert_eq!(reader.closed().await, 4321);
    talker.told("leave", &reader.id).await;
}

#[tokio::test]
async fn a_reset_in_the_middle_of_a_write_is_a_leave() {
    let server = serve(limits()).await;
    let (reader, mut talker) = server.two().await;
    block(&mut talker).await;
    let id = reader.id.clone();
    reader.ws.get_ref().set_zero_linger().unwrap();
    drop(reader);
    talker.told("leave", &id).await;
}

/// It writes no more, and what is for it still waits: the end of what it wrote is found when it has read.
#[tokio::test]
async fn a_half_open_peer_leaves_when_it_has_read() {
    let server = serve(limits()).await;
    let (mut reader, mut talker) = server.two().await;
    let said = block(&mut talker).await;
    within("its side is shut", reader.ws.get_mut().shutdown()).await.unwrap();
    hears(&mut reader, &said).await;
    talker.told("leave", &reader.id).await;
}

/// Pongs that nobody reads would fill the memory. Who does not read is not read, and is given up.
#[tokio::test]
async fn who_asks_for_ever_and_never_reads_is_given_up() {
    let server = serve(limits().reader_timeout_ms(500).close_timeout_ms(500)).await;
    let (mut reader, mut talker) = server.two().await;
    let pings = masked(FIN | PING, &[b'p'; 125]).repeat(5_000);
    let id = reader.id.clone();
    let stream = reader.ws.get_mut();
    let (_, frame) = tokio::join!(
        within("its bytes are refused", async { while stream.write_all(&pings).await.is_ok() {} }),
        talker.frame(),
    );
    assert_eq!((text(&frame["op"]), text(&frame["from"])), ("leave".to_owned(), id));
}
