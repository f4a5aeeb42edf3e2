//! What a peer may make last, in virtual time: a message that does not end, an answer that does not come, reading that
//! stands still.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test fails it like the test itself")]

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::Request;
use mio::Events;
use roomful::{Channel, Close, Conn, Deny, Limits, Room, Rooms, Upgrade};
use roomful_core::{Dialect, Millis};
use roomful_runtime::{Delivery, Transport as _};

use super::clock::Clock;
use super::queue::{Command, Newcomer};
use super::reactor::Reactor;
use super::sender::Sender;
use super::socket::Phase;
use super::stream::Stream;
use super::tests::NoHost;

#[derive(Clone, Channel)]
#[channel("hall", message = String)]
struct Hall;

struct Quiet;

impl Room for Quiet {
    type Channel = Hall;
    type Data = ();

    async fn data(&self, _: &Upgrade<Hall>) -> Result<(), Deny> {
        Ok(())
    }

    async fn on_message(&self, _: &Conn<Self>, _: String) -> roomful::Result {
        Ok(())
    }
}

/// A shard with one socket, of which the opening never ends, and the peer.
struct Alone {
    reactor: Reactor,
    time: Arc<AtomicU64>,
    sender: Sender,
    peer: UnixStream,
    heard: Vec<u8>,
    rooms: Rooms,
}

impl Alone {
    fn new(limits: Limits) -> Self {
        let rooms = Rooms::new().limits(limits).module("test", |module| module.room("hall", Quiet)).build().unwrap();
        rooms.platform().start(|| Arc::new(NoHost));
        let (near, peer) = UnixStream::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        peer.set_nonblocking(true).unwrap();
        let (parts, ()) = Request::get("/__sockets?m=test&s=hall").body(()).unwrap().into_parts();
        let stream = Stream::Pair(mio::net::UnixStream::from_std(near), tokio::sync::oneshot::channel().0);
        let admission = rooms.platform().read(parts, Dialect::Plain);
        let mut reactor = Reactor::new().unwrap();
        let time = Arc::default();
        reactor.clock = Clock::given(&time);
        reactor.carry_out(Command::Serve(Box::new(Newcomer { stream, read: Bytes::new(), admission, deflate: false })));
        Self { reactor, time, sender: Sender::new(false), peer, heard: Vec::new(), rooms }
    }

    /// It is so late now, and all that there is to do then is done.
    fn at(&mut self, now: Millis) {
        assert!(now >= self.reactor.now());
        // As a thread would: it wakes when something is due.
        while let Some(due) = self.reactor.timers.next().filter(|due| *due < now) {
            self.turn(due);
        }
        self.turn(now);
    }

    fn turn(&mut self, now: Millis) {
        self.time.store(now.max(self.reactor.now()), Ordering::SeqCst);
        // It was not to turn before.
        self.reactor.clock.begin_turn(Millis::MAX);
        let mut events = Events::with_capacity(16);
        let mut commands = Vec::new();
        loop {
            self.reactor.shard.ring();
            self.reactor.turn(&mut self.sender, &mut events, &mut commands).unwrap();
            if !self.reactor.is_busy() {
                return;
            }
        }
    }

    /// The peer sends bytes, at this time.
    fn sends(&mut self, now: Millis, bytes: &[u8]) {
        self.at(now);
        self.peer.write_all(bytes).unwrap();
        self.turn(now);
    }

    /// The peer takes so many bytes, if there are as many, at this time.
    fn takes(&mut self, now: Millis, most: usize) -> usize {
        self.at(now);
        let mut buffer = vec![0; most];
        let taken = self.peer.read(&mut buffer).unwrap_or(0);
        self.heard.extend_from_slice(&buffer[..taken]);
        self.turn(now);
        taken
    }

    /// The code of the close frame that is the last thing the peer gets.
    fn closed(&mut self) -> Option<u16> {
        self.takes(self.reactor.now(), 1 << 20);
        let end = self.heard.iter().rposition(|byte| *byte == 0x88)?;
        let [_, _, high, low, ..] = self.heard[end..] else { return None };
        Some(u16::from_be_bytes([high, low]))
    }

    fn is_open(&self) -> bool {
        self.reactor.sockets.get(0).is_some_and(|socket| socket.phase() == Phase::Open)
    }

    fn is_there(&self) -> bool {
        self.reactor.sockets.contains(0)
    }

    /// The rooms close it.
    fn close(&mut self, close: &Close) {
        let connection = self.reactor.sockets[0].connection.id();
        self.reactor.carry_out(Command::Delivery(Delivery::Close { connection, close: close.clone() }));
        self.turn(self.reactor.now());
    }

    /// Something waits that the socket does not take.
    fn block(&mut self, bytes: usize) {
        self.reactor.sockets[0].push(vec![b'x'; bytes].into());
        self.reactor.touch(0);
        self.turn(self.reactor.now());
        assert!(self.reactor.sockets[0].is_blocked());
    }
}

const PING: [u8; 6] = [0x89, 0x80, 0, 0, 0, 0];
const PONG: [u8; 6] = [0x8a, 0x80, 0, 0, 0, 0];

/// A frame of so many bytes.
fn frame(first: u8, length: usize) -> Vec<u8> {
    masked(first, &vec![b'a'; length])
}

/// A message that is one of the room's, in so many bytes.
fn message(length: usize) -> String {
    let text = "a".repeat(length - 21);
    format!(r#"{{"t":"msg","msg":"{text}"}}"#)
}

/// A frame with a mask that changes nothing.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        short @ 0..126 => frame.push(0x80 | short as u8),
        long => {
            frame.push(0x80 | 126);
            frame.extend((long as u16).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

const FIN_TEXT: u8 = 0x81;
const TEXT: u8 = 0x01;
const CONTINUATION: u8 = 0x00;
const FIN_CONTINUATION: u8 = 0x80;
const FIN_PING: u8 = 0x89;

/// No message takes so long that silence would end it first.
fn limits() -> Limits {
    Limits::default().message_timeout_ms(20_000)
}

#[test]
fn what_begins_and_does_not_end_is_closed_1008_however_it_is_kept_alive() {
    let half = |frame: Vec<u8>, keep: usize| frame[..keep].to_vec();
    let ping_in_parts = vec![FIN_PING, 0x80 | 100];
    for (what, begin, then) in [
        ("a frame, trickled", half(frame(FIN_TEXT, 64_512), 60_000), vec![b'a']),
        ("a frame that stands still", half(frame(FIN_TEXT, 64_512), 60_000), vec![]),
        ("a head", half(frame(FIN_TEXT, 64_512), 1), vec![]),
        ("fragments without end", frame(TEXT, 200), frame(CONTINUATION, 1)),
        ("a fragment and pings", frame(TEXT, 200), PING.to_vec()),
        ("a ping that does not end", ping_in_parts, vec![0]),
    ] {
        let mut alone = Alone::new(limits());
        alone.sends(1_000, &begin);
        for now in (2_000..21_000).step_by(1_000) {
            alone.sends(now, &then);
            assert!(alone.is_open(), "{what}: at {now}");
        }
        alone.at(20_990);
        assert!(alone.is_open(), "{what}");
        alone.at(21_008);
        assert!(!alone.is_open(), "{what}");
        assert_eq!(alone.closed(), Some(1008), "{what}");
        assert!(alone.rooms.stats().bytes < 1_000, "{what}: what had come is let go of");
        alone.at(21_008 + alone.rooms.limits().close_timeout_ms + 16);
        assert!(!alone.is_there(), "{what}: it is not waited for for ever");
    }
}

#[test]
fn each_message_has_a_time_of_its_own() {
    let mut alone = Alone::new(limits());
    let message = frame(FIN_TEXT, 1_000);
    for n in 0..10 {
        // The end of one and the beginning of the next come together.
        let begin = n * 15_000;
        let cut = if n == 0 { 0 } else { 500 };
        alone.sends(begin, &[&message[cut..], &message[..500]].concat());
    }
    assert!(alone.is_open(), "no message took longer than 15 s");
    alone.at(9 * 15_000 + 20_016);
    assert_eq!(alone.closed(), Some(1008));
}

#[test]
fn a_message_that_waits_because_its_bytes_are_not_read_is_not_late() {
    let mut alone = Alone::new(limits());
    let begin = frame(FIN_TEXT, 1_000)[..500].to_vec();
    alone.sends(0, &begin);
    alone.block(4 << 20);
    // It reads enough to stay, and is behind for far longer than a message may take.
    for now in (1_000..100_000).step_by(1_000) {
        assert!(alone.takes(now, 8 << 10) > 0);
    }
    assert!(alone.is_open());
    while alone.takes(100_000, 1 << 20) > 0 {}
    assert!(!alone.reactor.sockets[0].is_blocked());
    alone.at(119_000);
    assert!(alone.is_open(), "it still has nearly all of its time");
    alone.at(120_032);
    assert_eq!(alone.closed(), Some(1008));
}

#[test]
fn a_byte_is_no_answer() {
    let mut alone = Alone::new(limits().message_timeout_ms(3_600_000).heartbeat_ms(Some(10_000)));
    // All of these are whole, and none is life but in its last byte: what is sent of it before says nothing.
    alone.sends(1, &PONG);
    for now in [9_000, 18_000] {
        alone.sends(now, &PONG[..1]);
        alone.sends(now + 1, &PONG[1..]);
        assert!(alone.is_open());
    }
    alone.sends(20_000, &[]);
    alone.at(18_001 + 20_000 - 16);
    assert!(alone.is_open());
    alone.at(18_001 + 20_000 + 16);
    assert!(!alone.is_there(), "two heartbeats in silence");
    assert_eq!(alone.closed(), Some(1001));
}

#[test]
fn whole_frames_of_every_kind_are_life() {
    for life in [frame(FIN_TEXT, 200), frame(0x82, 200), PONG.to_vec(), PING.to_vec()] {
        let mut alone = Alone::new(limits().heartbeat_ms(Some(10_000)).early_frames(1_000));
        for now in (1_000..200_000).step_by(19_000) {
            alone.sends(now, &life);
        }
        assert!(alone.is_open(), "{life:?}");
    }
}

/// Its pongs can only come behind the message, which has a time of its own.
#[test]
fn a_large_message_that_comes_slowly_is_life_as_long_as_it_may_take() {
    let mut alone = Alone::new(limits().heartbeat_ms(Some(1_000)).message_timeout_ms(60_000));
    let message = frame(FIN_TEXT, 60_000);
    for (part, now) in message.chunks(1_000).zip((0..).step_by(900)) {
        alone.sends(now, part);
    }
    assert!(alone.is_open());
    alone.at(60 * 900 + 2_016);
    assert!(!alone.is_there(), "and then silence is silence");
}

#[test]
fn a_reader_that_takes_a_byte_now_and_then_is_closed_and_one_that_is_slow_is_not() {
    // The kernel takes some from the peer at a time.
    for (what, bytes, each_ms, stays) in [
        ("nothing", 0, 1_000, false),
        ("a byte each 20 s", 1, 20_000, false),
        ("500 bytes a second", 500, 1_000, false),
        ("8 KiB a second", 8 << 10, 1_000, true),
        ("much after a tunnel", 200 << 10, 55_000, true),
    ] {
        let mut alone = Alone::new(limits().outbox_bytes(1 << 30));
        alone.block(16 << 20);
        for now in (0..150_000).step_by(each_ms) {
            alone.takes(now, bytes);
        }
        assert_eq!(alone.is_open(), stays, "{what}");
    }
}

#[test]
fn a_blocked_reader_that_is_given_up_frees_what_waits_and_is_dropped_in_time() {
    let mut alone = Alone::new(limits());
    alone.block(2 << 20);
    alone.reactor.sockets[0].push(vec![b'x'; 500_000].into());
    alone.at(61_000);
    assert!(!alone.is_open());
    assert!(alone.rooms.stats().bytes < 3 << 20, "what has not begun is let go of");
    alone.at(61_000 + alone.rooms.limits().close_timeout_ms + 16);
    assert!(!alone.is_there());
    assert_eq!(alone.rooms.stats().bytes, 0);
}

#[test]
fn whoever_is_not_let_in_yet_holds_little_however_much_it_sends() {
    let (small, large) = (message(100), message(60_000));
    let (begin, end) = large.as_bytes().split_at(30_000);
    for (what, message) in [
        ("many small", masked(FIN_TEXT, small.as_bytes())),
        ("some large", masked(FIN_TEXT, large.as_bytes())),
        ("large ones in fragments", [masked(TEXT, begin), masked(FIN_CONTINUATION, end)].concat()),
    ] {
        let mut alone = Alone::new(limits().early_frames(1_000_000));
        let flood = message.repeat((10 << 20) / message.len());
        let mut sent = 0;
        while let Ok(bytes) = alone.peer.write(&flood[sent..]) {
            assert!(bytes > 0, "{what}: it is read for ever");
            sent += bytes;
            alone.turn(1);
        }
        // What is queued, a frame that was too much, what was read with it, and the places of small ones in the queue.
        let most = (16 << 10) + (64 << 10) + (64 << 10) + (32 << 10);
        let held = alone.rooms.stats().bytes;
        assert!(held <= most, "{what}: {held} bytes");
        assert!(alone.is_open(), "{what}");
    }
}

#[test]
fn a_message_that_nobody_will_hear_is_not_kept() {
    let large = frame(FIN_TEXT, 60_000);
    for (before, after) in [(0, 30_000), (30_000, 0), (30_000, 20_000)] {
        let mut alone = Alone::new(limits());
        alone.sends(0, &large[..before]);
        alone.close(&Close::DONE);
        alone.sends(1, &large[before..before + after]);
        assert_eq!(alone.closed(), Some(1000), "{before}, {after}");
        assert!(alone.reactor.sockets[0].held() < 1_000, "{before}, {after}: {}", alone.reactor.sockets[0].held());
        assert!(alone.reactor.sockets[0].ticket().is_some(), "{before}, {after}: it waits in a pool");
    }
}

#[test]
fn a_close_frame_is_seen_behind_whole_messages_that_nobody_hears() {
    let mut alone = Alone::new(limits());
    alone.close(&Close::DONE);
    let close = masked(0x88, &1000_u16.to_be_bytes());
    alone.sends(1, &[frame(FIN_TEXT, 1_000), close[..3].to_vec()].concat());
    assert!(alone.is_there());
    alone.sends(2, &close[3..]);
    assert!(!alone.is_there(), "nothing is waited for any more");
}

/// It was closed for what it holds, which no pool would bound otherwise.
#[test]
fn who_is_closed_for_memory_waits_in_a_pool_too() {
    let mut alone = Alone::new(limits());
    alone.sends(0, &frame(FIN_TEXT, 60_000)[..30_000]);
    alone.close(&Close::OVERLOADED);
    assert!(alone.reactor.sockets[0].ticket().is_some());
    assert_eq!(alone.closed(), Some(1013));
}
