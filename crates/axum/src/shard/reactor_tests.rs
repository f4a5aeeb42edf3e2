//! One turn of a shard's thread at a time.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test fails it like the test itself")]

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;

use bytes::Bytes;
use http::Request;
use mio::Events;
use roomful::Rooms;
use roomful_core::Dialect;

use super::queue::{Command, Newcomer};
use super::reactor::{Reactor, SLICE};
use super::stream::Stream;
use super::tests::NoHost;

/// Sockets of nobody's rooms, and their far ends.
fn reactor(sockets: usize) -> (Reactor, Vec<UnixStream>) {
    let rooms = Rooms::new().build().unwrap();
    rooms.platform().start(|| std::sync::Arc::new(NoHost));
    let mut reactor = Reactor::new().unwrap();
    let mut peers = Vec::new();
    for _ in 0..sockets {
        let (near, far) = UnixStream::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        far.set_nonblocking(true).unwrap();
        let (parts, ()) = Request::get("/").body(()).unwrap().into_parts();
        let stream = Stream::Pair(mio::net::UnixStream::from_std(near), tokio::sync::oneshot::channel().0);
        let admission = rooms.platform().read(parts, Dialect::Plain);
        let newcomer = Newcomer { stream, read: Bytes::new(), admission, deflate: false };
        reactor.carry_out(Command::Serve(Box::new(newcomer)));
        peers.push(far);
    }
    (reactor, peers)
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
    reactor.flush_some();
    let mut arrived = || peers.iter_mut().filter_map(|peer| peer.read(&mut [0; 16]).ok()).count();
    assert_eq!(arrived(), SLICE);
    assert!(reactor.is_busy(), "the others are not waited for");
    reactor.flush_some();
    assert_eq!(arrived(), 10);
    assert!(!reactor.is_busy());
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
        reactor.flush_some();
    }
    assert!(reactor.is_busy(), "now it may be read");
    reactor.read_some();
    assert!(!reactor.sockets[0].readable);
    reactor.flush_some();
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
