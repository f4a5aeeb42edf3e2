//! A room's members against a model, over sockets that are full at any moment: whoever comes, goes, reads slowly or is
//! spoken to alone, everybody gets what was for it, in order, once.

#![cfg(target_os = "linux")]

use std::io::Read as _;
use std::num::NonZeroU64;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use proptest::prelude::*;
use roomful::{BoxFuture, Limits, Rooms};
use roomful_core::ConnectionId;
use roomful_core::Dialect;
use roomful_core::frame::fanout::PerDialect;
use roomful_runtime::{Delivery, Host, RoomId, SharedFrames, Transport as _};
use roomful_websocket::deflate::Deflater;
use slab::Slab;

use super::queue::{Newcomer, Shard};
use super::reactor::Reactor;
use super::room::{ShardRoom, Troubles};
use super::sender::Sender;
use super::socket::Socket;
use super::stream::Stream;
use super::tick::{Item, Tick};

/// Rooms in which nothing runs: what is tested here is below them.
pub(super) struct NoHost;

impl Host for NoHost {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        drop(task);
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

/// What happens to a room, with a member chosen by a number that is taken modulo how many there are.
#[derive(Debug, Clone)]
enum Step {
    Enter {
        v1: bool,
        deflate: bool,
    },
    Exit(usize),
    Broadcast {
        size: usize,
        except: Option<usize>,
    },
    Private(usize),
    /// So many members are written to.
    Fly(usize),
    /// A member reads what has come, and its socket takes more.
    Read(usize),
}

/// Some fill a socket's own bytes, most do not.
fn sizes() -> impl Strategy<Value = usize> {
    prop_oneof![6 => 0..3_000_usize, 1 => 20_000..60_000_usize]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => any::<(bool, bool)>().prop_map(|(v1, deflate)| Step::Enter { v1, deflate }),
        1 => any::<usize>().prop_map(Step::Exit),
        4 => (sizes(), proptest::option::of(any::<usize>()))
            .prop_map(|(size, except)| Step::Broadcast { size, except }),
        2 => any::<usize>().prop_map(Step::Private),
        4 => (1..4_usize).prop_map(Step::Fly),
        2 => any::<usize>().prop_map(Step::Read),
    ];
    proptest::collection::vec(step, 1..80)
}

/// One member: the far end of its socket, what it read and what it should have.
struct Peer {
    slot: usize,
    far: UnixStream,
    read: Vec<u8>,
    expected: Vec<String>,
    deflate: bool,
    is_in: bool,
}

struct World {
    rooms: Rooms,
    shard: Arc<Shard>,
    sockets: Slab<Socket>,
    room: ShardRoom,
    sender: Sender,
    deflater: Deflater,
    peers: Vec<Peer>,
    said: usize,
}

impl World {
    fn new(io_uring: bool) -> Self {
        Self::with(Limits::default(), io_uring)
    }

    fn with(limits: Limits, io_uring: bool) -> Self {
        let limits = limits.compress_from_bytes(Some(0));
        let rooms = Rooms::new().limits(limits.clone()).build().unwrap();
        rooms.platform().start(|| Arc::new(NoHost));
        Self {
            rooms,
            shard: Arc::clone(&Reactor::new().unwrap().shard),
            sockets: Slab::new(),
            room: ShardRoom::new(RoomId(NonZeroU64::MIN), &limits),
            sender: Sender::new(io_uring),
            deflater: Deflater::new(),
            peers: Vec::new(),
            said: 0,
        }
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Enter { v1, deflate } => self.enter(if v1 { Dialect::V1 } else { Dialect::Plain }, deflate),
            Step::Exit(nth) => {
                if let Some(at) = self.member(nth) {
                    let seat = self.sockets[self.peers[at].slot].seat.unwrap();
                    self.room.exit(seat, &mut self.sockets);
                    self.peers[at].is_in = false;
                }
            }
            Step::Broadcast { size, except } => self.broadcast(size, except.and_then(|nth| self.member(nth))),
            Step::Private(nth) => {
                if let Some(at) = self.member(nth) {
                    let text = self.text("private", 10);
                    let slot = self.peers[at].slot;
                    let seat = self.sockets[slot].seat.unwrap();
                    self.room.settle(seat.at, &mut self.sockets);
                    self.sockets[slot].push(text.clone().into());
                    self.peers[at].expected.push(text);
                }
            }
            Step::Fly(limit) => self.fly(limit),
            Step::Read(nth) => {
                if !self.peers.is_empty() {
                    self.read(nth % self.peers.len());
                }
            }
        }
    }

    fn enter(&mut self, dialect: Dialect, deflate: bool) {
        let (near, far) = UnixStream::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        far.set_nonblocking(true).unwrap();
        // A few frames fill it.
        socket2::SockRef::from(&near).set_send_buffer_size(1).unwrap();
        let (parts, ()) = Request::get("/").body(()).unwrap().into_parts();
        let connection = self.rooms.platform().read(parts, dialect).connect_at(Arc::clone(&self.shard));
        let stream = Stream::Pair(mio::net::UnixStream::from_std(near), tokio::sync::oneshot::channel().0);
        let slot = self.sockets.insert(Socket::new(stream, connection, deflate, 0));
        self.room.enter(slot, &mut self.sockets);
        self.peers.push(Peer { slot, far, read: Vec::new(), expected: Vec::new(), deflate, is_in: true });
    }

    fn broadcast(&mut self, size: usize, except: Option<usize>) {
        let (plain, v1) = (self.text("plain", size), self.text("v1", size));
        let frames = PerDialect { plain: Some(plain.clone().into()), v1: Some(v1.clone().into()) };
        let item = Item::Frame(Arc::new(SharedFrames::new(frames)));
        let spared = except.map(|at| self.sockets[self.peers[at].slot].seat.unwrap().at);
        self.room.push((item, 1), spared, &mut self.sockets, &mut self.deflater, Tick::default);
        for (at, peer) in self.peers.iter_mut().enumerate().filter(|(_, peer)| peer.is_in) {
            if except != Some(at) {
                let is_v1 = self.sockets[peer.slot].kind.dialect == Dialect::V1;
                peer.expected.push(if is_v1 { v1.clone() } else { plain.clone() });
            }
        }
    }

    fn fly(&mut self, limit: usize) {
        let mut troubles = Troubles::default();
        self.room.fly((0, limit), &mut self.sockets, &mut self.sender, &mut troubles);
        assert!(troubles.failed.is_empty(), "{troubles:?}");
    }

    fn read(&mut self, at: usize) {
        let peer = &mut self.peers[at];
        let mut buffer = [0; 4096];
        while let Ok(read) = peer.far.read(&mut buffer) {
            peer.read.extend_from_slice(&buffer[..read]);
        }
        self.sockets[peer.slot].flush(0).unwrap();
    }

    /// Everything is written and read.
    fn finish(&mut self) {
        while self.room.is_waiting() {
            self.fly(1);
        }
        for at in 0..self.peers.len() {
            self.read(at);
            while self.sockets[self.peers[at].slot].is_blocked() {
                self.read(at);
            }
            self.read(at);
        }
    }

    fn holds_what_it_says(&mut self) {
        self.sockets.iter_mut().for_each(|(_, socket)| socket.note(0));
        let held: usize = self.sockets.iter().map(|(_, socket)| socket.held()).sum();
        assert_eq!(self.rooms.stats().bytes, held);
    }

    fn member(&self, nth: usize) -> Option<usize> {
        let members: Vec<_> = (0..self.peers.len()).filter(|at| self.peers[*at].is_in).collect();
        (!members.is_empty()).then(|| members[nth % members.len()])
    }

    fn text(&mut self, what: &str, size: usize) -> String {
        self.said += 1;
        format!("{what} {} {}", self.said, "x".repeat(size))
    }
}

/// The texts in a server's frames, however they were compressed.
fn texts(mut bytes: &[u8], deflate: bool) -> Vec<String> {
    let mut inflater = roomful_websocket::deflate::Inflater::new();
    let mut texts = Vec::new();
    while let [first, length, rest @ ..] = bytes {
        let (length, rest) = match length {
            126 => (usize::from(u16::from_be_bytes([rest[0], rest[1]])), &rest[2..]),
            length => (usize::from(*length), rest),
        };
        let (payload, rest) = rest.split_at(length);
        let is_compressed = first & 0x40 != 0;
        assert!(deflate || !is_compressed, "it cannot read that");
        let text = if is_compressed { inflater.inflate(payload, 1 << 20).unwrap() } else { payload };
        texts.push(String::from_utf8(text.to_vec()).unwrap());
        bytes = rest;
    }
    assert!(bytes.is_empty(), "half a frame");
    texts
}

fn everybody_has_what_was_for_it(steps: &[Step], io_uring: bool) {
    let mut world = World::with(Limits::default().outbox_bytes(16 << 20), io_uring);
    for step in steps {
        world.step(step);
        world.holds_what_it_says();
    }
    world.finish();
    world.holds_what_it_says();
    for peer in &world.peers {
        assert_eq!(texts(&peer.read, peer.deflate), peer.expected);
        assert!(!world.sockets[peer.slot].has_own());
    }
    assert_eq!(world.room.weight(), 0, "what has landed is not counted any more");
    assert_eq!(world.shard.waiting_bytes(), 0);
    world.sockets.clear();
    assert_eq!(world.rooms.stats().bytes, 0);
}

proptest! {
    #[test]
    fn everybody_gets_what_was_for_it_in_order_and_once(steps in steps(), io_uring: bool) {
        everybody_has_what_was_for_it(&steps, io_uring);
    }
}

#[test]
fn who_is_moved_to_a_seat_that_the_flight_has_passed_is_not_forgotten() {
    let enter = || Step::Enter { v1: true, deflate: false };
    let broadcast = || Step::Broadcast { size: 1, except: None };
    everybody_has_what_was_for_it(&[enter(), enter(), enter(), broadcast(), Step::Fly(1), Step::Exit(0)], false);
}

#[test]
fn a_frame_longer_than_a_socket_takes_arrives_whole() {
    let enter = || Step::Enter { v1: false, deflate: false };
    let broadcast = || Step::Broadcast { size: 50_000, except: None };
    everybody_has_what_was_for_it(&[enter(), broadcast(), Step::Fly(1), broadcast(), Step::Private(0)], false);
}

#[test]
fn what_the_outbox_cannot_hold_closes_the_reader_and_no_other() {
    let mut world = World::new(false);
    world.enter(Dialect::Plain, false);
    let outbox = Bytes::from(vec![b'x'; world.rooms.limits().outbox_bytes]);
    let slot = world.peers[0].slot;
    for _ in 0..3 {
        world.sockets[slot].push(outbox.clone());
        world.sockets[slot].flush(0).unwrap();
    }
    assert!(!world.sockets[slot].hears(), "its close is on its way, and nothing else is for it");
    world.enter(Dialect::Plain, false);
    assert!(world.sockets[world.peers[1].slot].hears());
}

#[test]
fn what_is_a_members_own_is_bounded_before_it_is_flushed_too() {
    let mut world = World::new(false);
    world.enter(Dialect::Plain, false);
    let frame = Bytes::from(vec![b'x'; 10_000]);
    let slot = world.peers[0].slot;
    for _ in 0..3 * world.rooms.limits().outbox_bytes / frame.len() {
        world.sockets[slot].push(frame.clone());
    }
    assert!(!world.sockets[slot].hears(), "what nobody reads fills the outbox");
}

#[test]
fn a_whole_tick_ahead_of_its_turn_is_bounded_too() {
    let mut world = World::new(false);
    world.enter(Dialect::Plain, false);
    let enough = 3 * world.rooms.limits().outbox_bytes / 10_000;
    (0..enough).for_each(|_| world.broadcast(10_000, None));
    let seat = world.sockets[world.peers[0].slot].seat.unwrap();
    world.room.settle(seat.at, &mut world.sockets);
    assert!(!world.sockets[world.peers[0].slot].hears(), "what nobody reads fills the outbox");
}

#[test]
fn nothing_follows_what_was_too_much() {
    let mut world = World::new(false);
    world.enter(Dialect::Plain, false);
    let slot = world.peers[0].slot;
    while world.sockets[slot].hears() {
        world.broadcast(10_000, None);
        world.fly(1);
    }
    world.read(0);
    while world.sockets[slot].is_blocked() {
        world.read(0);
    }
    // Its close is on its way, and so is this, in three ways.
    world.broadcast(10, None);
    world.fly(1);
    world.broadcast(10, None);
    world.sockets[slot].push(Bytes::from_static(b"private"));
    world.step(&Step::Exit(0));
    world.read(0);
    let Peer { read, expected, .. } = &world.peers[0];
    let got = texts(read, false);
    assert!(expected.starts_with(&got), "{} messages, and then others", got.len());
}

#[test]
fn a_socket_that_cannot_be_written_to_says_so_when_it_is_flushed() {
    let mut world = World::new(false);
    world.enter(Dialect::Plain, false);
    let (far, _) = UnixStream::pair().unwrap();
    drop(std::mem::replace(&mut world.peers[0].far, far));
    let socket = &mut world.sockets[world.peers[0].slot];
    (0..100).for_each(|_| socket.push(Bytes::from(vec![b'x'; 10_000])));
    assert!(socket.has_own(), "it is flushed");
    assert_eq!(socket.flush(0).unwrap_err().kind(), std::io::ErrorKind::BrokenPipe);
}

#[test]
fn a_thread_that_has_ended_keeps_nothing_and_gets_no_sockets() {
    let reactor = Reactor::new().unwrap();
    let shard = Arc::clone(&reactor.shard);
    let delivery = || Delivery::Private { to: ConnectionId(1), frame: Bytes::from_static(b"frame") };
    shard.deliver(delivery());
    assert_eq!(shard.waiting_bytes(), 5);
    assert!(shard.is_alive());
    drop(reactor);
    assert!(!shard.is_alive());
    shard.deliver(delivery());
    assert_eq!(shard.waiting_bytes(), 5, "only what came before is counted");
    let world = World::new(false);
    let (near, mut far) = UnixStream::pair().unwrap();
    near.set_nonblocking(true).unwrap();
    let (parts, ()) = Request::get("/").body(()).unwrap().into_parts();
    let stream = Stream::Pair(mio::net::UnixStream::from_std(near), tokio::sync::oneshot::channel().0);
    let admission = world.rooms.platform().read(parts, Dialect::Plain);
    shard.serve(Newcomer { stream, read: Bytes::new(), admission, deflate: false });
    assert_eq!(far.read(&mut [0]).unwrap(), 0, "its peer learns of it");
}
