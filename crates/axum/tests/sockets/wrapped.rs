//! Streams that are no plain TCP connection, as TLS or an app's own.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::serve::Listener;
use roomful::{Limits, MemberId, Rooms};
use roomful_axum::{RoomsExt as _, Sockets};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::support::{Client, connect, hall, limits, listen, rooms, within};

/// Bytes that nobody reads without its other end: whoever took the TCP connection from under it would see.
struct Veiled {
    stream: TcpStream,
    /// Says that it was dropped.
    dropped: Option<mpsc::UnboundedSender<()>>,
}

const VEIL: u8 = 0x5a;

fn veil(bytes: &mut [u8]) {
    bytes.iter_mut().for_each(|byte| *byte ^= VEIL);
}

impl AsyncRead for Veiled {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        veil(&mut buf.filled_mut()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Veiled {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut bytes = bytes.to_vec();
        veil(&mut bytes);
        Pin::new(&mut self.stream).poll_write(cx, &bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Drop for Veiled {
    fn drop(&mut self) {
        if let Some(dropped) = &self.dropped {
            let _the_test_may_be_over = dropped.send(());
        }
    }
}

struct VeiledListener {
    listener: TcpListener,
    dropped: mpsc::UnboundedSender<()>,
}

impl Listener for VeiledListener {
    type Io = Veiled;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Veiled, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.listener).await;
        (Veiled { stream, dropped: Some(self.dropped.clone()) }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// The same rooms and the same threads behind three doors.
struct Doors {
    rooms: Rooms,
    /// `axum::serve` over veiled streams.
    veiled: SocketAddr,
    /// `axum::serve` over TCP.
    axums: SocketAddr,
    /// `roomful_axum::serve`.
    ours: SocketAddr,
    /// Something for each veiled stream of the server's that was dropped.
    dropped: mpsc::UnboundedReceiver<()>,
}

async fn doors(limits: Limits) -> Doors {
    let (rooms, _) = rooms(limits);
    let app: axum::Router = rooms.router_with(Sockets::new());
    let (sender, dropped) = mpsc::unbounded_channel();
    let (listener, veiled) = listen().await;
    tokio::spawn(axum::serve(VeiledListener { listener, dropped: sender }, app.clone()).into_future());
    let (listener, axums) = listen().await;
    tokio::spawn(axum::serve(listener, app.clone()).into_future());
    let (listener, ours) = listen().await;
    let served = rooms.clone();
    tokio::spawn(async move { roomful_axum::serve(listener, app, &served, std::future::pending()).await });
    Doors { rooms, veiled, axums, ours, dropped }
}

async fn join_veiled(address: SocketAddr, id: &str) -> Client<Veiled> {
    Client::join(Veiled { stream: connect(address).await, dropped: None }, id).await
}

const MIB: usize = 1 << 20;

#[tokio::test]
async fn whoever_comes_by_any_door_is_in_one_room() {
    let doors = doors(limits()).await;
    let mut a = join_veiled(doors.veiled, "h").await;
    let mut b = Client::join(connect(doors.axums).await, "h").await;
    let mut c = Client::join(connect(doors.ours).await, "h").await;
    a.told("join", &b.id).await;
    a.told("join", &c.id).await;
    b.told("join", &c.id).await;
    for size in [1, 125, 126, 70_000, MIB] {
        let body = "x".repeat(size);
        for talker in 0..3 {
            let id = match talker {
                0 => (a.say(&body).await, a.id.clone()).1,
                1 => (b.say(&body).await, b.id.clone()).1,
                _ => (c.say(&body).await, c.id.clone()).1,
            };
            let expected = (id, body.clone());
            assert!(a.message().await == expected && b.message().await == expected && c.message().await == expected);
        }
    }
    a.show(&"s".repeat(MIB)).await;
    for state in [a.told("update", &a.id.clone()).await, b.told("update", &a.id).await, c.told("update", &a.id).await] {
        assert_eq!(state.as_str().map(str::len), Some(MIB));
    }
    let d = join_veiled(doors.veiled, "h").await;
    let states = d.snapshot["members"].as_array().unwrap().iter().filter_map(|member| member["state"].as_str());
    assert_eq!(states.map(str::len).collect::<Vec<_>>(), [MIB], "a snapshot of a mebibyte arrives");
}

#[tokio::test]
async fn a_veiled_connection_closes_from_either_side_with_its_code() {
    let mut doors = doors(limits()).await;
    let mut a = join_veiled(doors.veiled, "h").await;
    a.close(4321).await;
    assert_eq!(a.closed().await, 4321);
    let mut b = join_veiled(doors.veiled, "h").await;
    b.say("/close").await;
    assert_eq!(b.closed().await, 4500);
    let mut c = join_veiled(doors.veiled, "h").await;
    assert!(doors.rooms.at(&hall("h")).kick(&MemberId::parse(&c.id).unwrap(), "").await.unwrap());
    assert_eq!(c.closed().await, 4410);
    drop((a, b, c));
    for _ in 0..3 {
        within("the server drops the stream", doors.dropped.recv()).await.unwrap();
    }
}

#[tokio::test]
async fn a_veiled_peer_that_is_lost_leaves() {
    let mut doors = doors(limits()).await;
    let mut other = Client::join(connect(doors.ours).await, "h").await;
    let lost = join_veiled(doors.veiled, "h").await;
    other.told("join", &lost.id).await;
    let id = lost.id.clone();
    drop(lost);
    other.told("leave", &id).await;
    let reset = join_veiled(doors.veiled, "h").await;
    other.told("join", &reset.id).await;
    let id = reset.id.clone();
    reset.ws.get_ref().stream.set_zero_linger().unwrap();
    drop(reset);
    other.told("leave", &id).await;
    for _ in 0..2 {
        within("the server drops the stream", doors.dropped.recv()).await.unwrap();
    }
}

/// Nothing ends the connection from the other side: it is there, says nothing and reads nothing.
#[tokio::test]
async fn a_veiled_peer_that_neither_reads_nor_closes_is_not_kept() {
    let mut doors = doors(limits().close_timeout_ms(50)).await;
    let silent = join_veiled(doors.veiled, "h").await;
    let mut talker = Client::join(connect(doors.ours).await, "h").await;
    let body = "x".repeat(MIB);
    // Until its outbox is full, and what the kernel and the bridge hold besides.
    loop {
        talker.say(&body).await;
        let frame = talker.frame().await;
        if frame["op"] == "leave" {
            assert_eq!(frame["from"].as_str(), Some(&*silent.id));
            break;
        }
    }
    within("the server drops the stream", doors.dropped.recv()).await.unwrap();
    drop(silent);
}
