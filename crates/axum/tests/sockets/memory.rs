//! A process that may hold little for its clients.

use std::net::SocketAddr;

use roomful::{Deny, Limits, Room, Rooms, Stats, Upgrade};
use roomful_axum::RoomsExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};

use crate::support::{Client, Hall, connect, limits, listen, rooms, target, text, within};

const BODY: usize = 1 << 20;

struct Server {
    rooms: Rooms,
    address: SocketAddr,
}

/// On several threads, each of which sees that too much is held.
async fn serve(limits: Limits) -> Server {
    let (rooms, _) = rooms(limits);
    let (listener, address) = listen().await;
    let (app, served) = (rooms.router(), rooms.clone());
    tokio::spawn(async move { roomful_axum::serve(listener, app, &served, std::future::pending()).await });
    Server { rooms, address }
}

impl Server {
    /// One that does not read, and of which the kernel takes little.
    async fn narrow(&self) -> Client {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(64 << 10).unwrap();
        Client::join(socket.connect(self.address).await.unwrap(), "h").await
    }

    async fn until(&self, event: &str, wanted: impl Fn(Stats) -> bool) {
        within(event, async {
            while !wanted(self.rooms.stats()) {
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
        })
        .await;
    }

    /// An upgrade with a header of the caller's.
    async fn asks(&self, header: &str) -> TcpStream {
        let mut stream = connect(self.address).await;
        let head = format!(
            "GET {} HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: websocket\r\nx-header: {header}\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            target("h"),
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    }
}

/// Says a body. Who is told to have left before it comes back.
async fn say(talker: &mut Client) -> Option<String> {
    let body = "x".repeat(BODY);
    talker.say(&body).await;
    let mut left = None;
    loop {
        let frame = talker.frame().await;
        if frame["op"] == "leave" {
            assert_eq!(left.replace(text(&frame["from"])), None, "one is enough");
        } else {
            assert!(text(&frame["msg"]) == body);
            return left;
        }
    }
}

#[tokio::test]
async fn who_holds_most_is_closed_and_nobody_else() {
    let server = serve(limits().outbox_bytes(64 * BODY).process_bytes(Some(10 * BODY))).await;
    let mut talker = Client::join(connect(server.address).await, "h").await;
    let most = server.narrow().await;
    talker.told("join", &most.id).await;
    while server.rooms.stats().bytes < 4 * BODY {
        assert_eq!(say(&mut talker).await, None);
    }
    let mut least = server.narrow().await;
    talker.told("join", &least.id).await;
    let mut said = 0;
    let left = loop {
        said += 1;
        assert!(said < 100, "nobody is closed");
        if let Some(left) = say(&mut talker).await {
            break left;
        }
    };
    assert_eq!(left, most.id);
    server.until("it is under the bound", |stats| stats.bytes <= 10 * BODY).await;
    let mut heard = 0;
    while heard < said {
        let frame = least.frame().await;
        heard += usize::from(frame["t"] == "msg");
        assert!(frame["t"] == "msg" || text(&frame["from"]) == most.id, "all that was for the other arrives");
    }
    assert_eq!(server.rooms.stats().members, 2);
    drop((talker, most, least));
    server.until("nothing is held when all have gone", |stats| stats == Stats::default()).await;
}

/// Its data never comes.
struct Waits;

impl Room for Waits {
    type Channel = Hall;
    type Data = ();

    async fn data(&self, _: &Upgrade<Hall>) -> Result<(), Deny> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn the_request_of_whoever_waits_to_be_let_in_counts() {
    const HEADER: usize = 10_000;
    let rooms = Rooms::new().limits(limits().process_bytes(Some(3 * HEADER)));
    let rooms = rooms.module("test", |module| module.room("hall", Waits)).build().unwrap();
    let (listener, address) = listen().await;
    let (app, served) = (rooms.router(), rooms.clone());
    tokio::spawn(async move { roomful_axum::serve(listener, app, &served, std::future::pending()).await });
    let server = Server { rooms, address };
    let mut waiting = Vec::new();
    for nth in 1..=2 {
        waiting.push(server.asks(&"x".repeat(HEADER)).await);
        server.until("its request is held", |stats| (nth * HEADER..(nth + 1) * HEADER).contains(&stats.bytes)).await;
    }
    drop(waiting);
    server.until("nothing is held when they have gone", |stats| stats == Stats::default()).await;
}
