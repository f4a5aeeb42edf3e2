//! One turn of a shard's thread at a time.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test fails it like the test itself")]

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::task::{Context, Waker};

use bytes::Bytes;
use http::Request;
use mio::Events;
use roomful::{BoxFuture, Channel, Conn, Deny, Room, RoomExt as _, Rooms, Upgrade};
use roomful_core::Dialect;
use roomful_runtime::{Admission, Host};

use super::queue::{Command, Newcomer};
use super::reactor::{Reactor, SLICE};
use super::sender::Sender;
use super::stream::Stream;
use super::tests::NoHost;

/// Sockets of nobody's rooms, and their far ends.
fn reactor(sockets: usize) -> (Reactor, Vec<UnixStream>) {
    let rooms = Rooms::new().build().unwrap();
    rooms.platform().start(|| Arc::new(NoHost));
    let mut reactor = Reactor::new().unwrap();
    let mut peers = Vec::new();
    for _ in 0..sockets {
        peers.push(serve(&mut reactor, admission(&rooms, "/")));
    }
    (reactor, peers)
}

fn admission(rooms: &Rooms, target: &str) -> Admission {
    let (parts, ()) = Request::get(target).body(()).unwrap().into_parts();
    rooms.platform().read(parts, Dialect::Plain)
}

/// Serves a socket, and returns its far end.
fn serve(reactor: &mut Reactor, admission: Admission) -> UnixStream {
    let (near, far) = UnixStream::pair().unwrap();
    near.set_nonblocking(true).unwrap();
    far.set_nonblocking(true).unwrap();
    let stream = Stream::Pair(mio::net::UnixStream::from_std(near), tokio::sync::oneshot::channel().0);
    let newcomer = Newcomer { stream, read: Bytes::new(), admission, deflate: false };
    reactor.carry_out(Command::Serve(Box::new(newcomer)));
    far
}

/// What the sockets say is taken in, and nothing else is done.
fn listen(reactor: &mut Reactor) {
    let mut events = Events::with_capacity(16);
    reactor.wait(&mut events).unwrap();
    reactor.note(&events);
    reactor.read_some();
}

#[test]
fn a_turn_writes_to_a_slice_of_those_who_have_something_of_their_own() {
    let (mut reactor, mut peers) = reactor(SLICE + 10);
    for slot in 0..peers.len() {
        reactor.sockets[slot].push(Bytes::from_static(b"hi"));
        reactor.touch(slot);
        reactor.touch(slot);
    }
    reactor.flush_some(&mut Sender::new(false));
    let mut arrived = || peers.iter_mut().filter_map(|peer| peer.read(&mut [0; 16]).ok()).count();
    assert_eq!(arrived(), SLICE);
    assert!(reactor.is_busy(), "the others are not waited for");
    reactor.flush_some(&mut Sender::new(false));
    assert_eq!(arrived(), 10);
    assert!(!reactor.is_busy());
}

#[test]
fn whoever_comes_into_the_slot_of_one_that_is_gone_is_written_to_once() {
    for io_uring in [false, true] {
        let (mut reactor, _peers) = reactor(1);
        reactor.sockets[0].push(Bytes::from_static(b"never"));
        reactor.touch(0);
        reactor.drop_socket(0);
        let rooms = Rooms::new().build().unwrap();
        rooms.platform().start(|| Arc::new(NoHost));
        let mut newcomer = serve(&mut reactor, admission(&rooms, "/"));
        reactor.sockets[0].push(Bytes::from_static(b"hi"));
        reactor.touch(0);
        reactor.flush_some(&mut Sender::new(io_uring));
        let mut heard = [0; 64];
        let bytes = newcomer.read(&mut heard).unwrap();
        assert_eq!(&heard[..bytes], b"\x81\x02hi");
    }
}

/// They are written to with one call where there is a ring: whatever becomes of one is nothing to the others.
#[test]
fn whoever_is_written_to_together_gets_its_own_and_fails_alone() {
    for io_uring in [false, true] {
        let (mut reactor, mut peers) = reactor(12);
        let mut sender = Sender::new(io_uring);
        let said = |slot: usize, times: usize| Bytes::from(vec![b'a' + slot as u8; 10_000 * times]);
        let (behind, gone) = (4, 7);
        reactor.sockets[behind].push(said(behind, 100));
        assert!(reactor.sockets[behind].is_blocked());
        drop(std::mem::replace(&mut peers[gone], UnixStream::pair().unwrap().0));
        for slot in 0..peers.len() {
            reactor.sockets[slot].push(said(slot, 1));
            reactor.touch(slot);
        }
        reactor.flush_some(&mut sender);
        // What it has said before is read, and that is nothing.
        reactor.read_some();
        assert!(!reactor.sockets.contains(gone), "io_uring: {io_uring}");
        let mut read = vec![Vec::new(); peers.len()];
        while read[behind].len() < 101 * 10_000 {
            take(&mut peers[behind], &mut read[behind]);
            reactor.touch(behind);
            reactor.flush_some(&mut sender);
        }
        for slot in (0..peers.len()).filter(|slot| *slot != gone) {
            take(&mut peers[slot], &mut read[slot]);
            let own = read[slot].iter().filter(|byte| **byte == b'a' + slot as u8).count();
            assert_eq!(own, said(slot, if slot == behind { 101 } else { 1 }).len(), "{slot}, io_uring: {io_uring}");
            assert!(!reactor.sockets[slot].has_own() && !reactor.sockets[slot].is_blocked());
        }
        assert!(!reactor.is_busy());
    }
}

/// A thread that looked again and again at what it may not read would never sleep.
#[test]
fn what_may_not_be_read_keeps_no_thread_busy() {
    let (mut reactor, mut peers) = reactor(1);
    let frame = Bytes::from(vec![b'x'; 1 << 20]);
    reactor.sockets[0].push(frame);
    assert!(reactor.sockets[0].is_blocked());
    const PING: [u8; 6] = [0x89, 0x80, 0, 0, 0, 0];
    peers[0].write_all(&PING).unwrap();
    listen(&mut reactor);
    assert!(reactor.sockets[0].readable, "it was not read");
    assert!(!reactor.is_busy());
    let mut read = Vec::new();
    while reactor.sockets[0].is_blocked() {
        take(&mut peers[0], &mut read);
        reactor.touch(0);
        reactor.flush_some(&mut Sender::new(false));
    }
    assert!(reactor.is_busy(), "now it may be read");
    reactor.read_some();
    assert!(!reactor.sockets[0].readable);
    reactor.flush_some(&mut Sender::new(false));
    assert!(!reactor.is_busy());
    take(&mut peers[0], &mut read);
    assert!(read.ends_with(&[b'x', 0x8a, 0]), "the pong is behind the frame");
}

/// All that has come.
fn take(peer: &mut UnixStream, read: &mut Vec<u8>) {
    let mut some = [0; 64 << 10];
    while let Ok(bytes) = peer.read(&mut some) {
        read.extend_from_slice(&some[..bytes]);
    }
}

#[derive(Clone, Channel)]
#[channel("hall", message = String)]
struct Hall;

struct Relay;

impl Room for Relay {
    type Channel = Hall;
    type Data = ();

    async fn data(&self, _: &Upgrade<Hall>) -> Result<(), Deny> {
        Ok(())
    }

    async fn on_message(&self, conn: &Conn<Self>, msg: String) -> roomful::Result {
        conn.broadcast_all(&msg)
    }
}

/// Every task ends without waiting for anything.
struct AtOnce;

impl Host for AtOnce {
    fn spawn(&self, mut task: BoxFuture<'static, ()>) {
        assert!(task.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
    }

    fn now(&self) -> u64 {
        0
    }

    fn sleep_until(&self, _: u64) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }

    fn random(&self) -> u128 {
        4
    }
}

#[test]
fn what_a_hook_says_while_its_socket_is_read_goes_out_with_the_same_turn() {
    let rooms = Rooms::new().module("test", |module| module.room("hall", Relay.inline())).build().unwrap();
    rooms.platform().start(|| Arc::new(AtOnce));
    let (mut reactor, mut sender) = (Reactor::new().unwrap(), Sender::new(false));
    let (mut events, mut commands) = (Events::with_capacity(16), Vec::new());
    let target = format!("{}?m=test&s=hall", rooms.path());
    let mut peer = serve(&mut reactor, admission(&rooms, &target));
    let mut turn = |reactor: &mut Reactor| reactor.turn(&mut sender, &mut events, &mut commands).unwrap();
    turn(&mut reactor);
    take(&mut peer, &mut Vec::new());
    // A text message, masked with nothing.
    let message = br#"{"t":"msg","msg":"hello"}"#;
    peer.write_all(&[0x81, 0x80 | message.len() as u8, 0, 0, 0, 0]).unwrap();
    peer.write_all(message).unwrap();
    turn(&mut reactor);
    let mut read = Vec::new();
    take(&mut peer, &mut read);
    assert!(String::from_utf8_lossy(&read).contains("hello"), "one turn is enough: {read:?}");
}
