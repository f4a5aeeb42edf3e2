//! Who is read, when and for how long, in virtual time.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test fails it like the test itself")]

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::Request;
use mio::Events;
use roomful::{Channel, Close, Deny, Limits, Rate, Room, Rooms, Upgrade};
use roomful_core::{Dialect, Millis};
use roomful_runtime::Transport as _;

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
}

/// A shard with sockets of which the opening never ends, so that a queue that is full stays full, and their peers.
struct Crowd {
    reactor: Reactor,
    time: Arc<AtomicU64>,
    peers: Vec<UnixStream>,
    limits: Limits,
}

impl Crowd {
    fn new(limits: Limits, sockets: usize) -> Self {
        let rooms =
            Rooms::new().limits(limits.clone()).module("test", |module| module.room("hall", Quiet)).build().unwrap();
        rooms.platform().start(|| Arc::new(NoHost));
        let (mut reactor, time) = (Reactor::new().unwrap(), Arc::default());
        reactor.clock = Clock::given(&time);
        let mut peers = Vec::new();
        for _ in 0..sockets {
            let (near, peer) = UnixStream::pair().unwrap();
            near.set_nonblocking(true).unwrap();
            peer.set_nonblocking(true).unwrap();
            let (parts, ()) = Request::get("/__sockets?m=test&s=hall").body(()).unwrap().into_parts();
            let stream = Stream::Pair(mio::net::UnixStream::from_std(near), tokio::sync::oneshot::channel().0);
            let admission = rooms.platform().read(parts, Dialect::Plain);
            let newcomer = Newcomer { stream, read: Bytes::new(), admission, deflate: false };
            reactor.carry_out(Command::Serve(Box::new(newcomer)));
            peers.push(peer);
        }
        Self { reactor, time, peers, limits }
    }

    /// One turn, at the time that it is.
    fn turn(&mut self) {
        self.reactor.shard.ring();
        let mut events = Events::with_capacity(64);
        self.reactor.turn(&mut Sender::new(false), &mut events, &mut Vec::new()).unwrap();
    }

    /// All turns that there are to be taken.
    fn turns(&mut self) {
        self.turn();
        while self.reactor.is_busy() {
            self.turn();
        }
    }

    /// The thread wakes whenever something is due, until then.
    fn at(&mut self, now: Millis) {
        let next = |reactor: &Reactor| reactor.timers.next().into_iter().chain(reactor.pauses.next()).min();
        while let Some(due) = next(&self.reactor).filter(|due| *due < now) {
            self.wake(due);
        }
        self.wake(now);
    }

    fn wake(&mut self, now: Millis) {
        self.time.store(now.max(self.reactor.now()), Ordering::SeqCst);
        self.reactor.clock.begin_turn(Millis::MAX);
        self.turns();
    }

    /// The process stands still, and goes on then with the turn that was due.
    fn stopped_until(&mut self, now: Millis) {
        self.time.store(now, Ordering::SeqCst);
        self.turns();
    }

    fn sends(&mut self, peer: usize, bytes: &[u8]) {
        self.peers[peer].write_all(bytes).unwrap();
    }

    /// All that has come to a peer.
    fn heard(&mut self, peer: usize) -> Vec<u8> {
        let (mut heard, mut some) = (Vec::new(), [0; 64 << 10]);
        while let Some(bytes) = self.peers[peer].read(&mut some).ok().filter(|bytes| *bytes > 0) {
            heard.extend_from_slice(&some[..bytes]);
        }
        heard
    }

    fn pongs(&mut self, peer: usize) -> usize {
        self.heard(peer).len() / 2
    }

    fn is_there(&self, slot: usize) -> bool {
        self.reactor.sockets.contains(slot)
    }

    fn is_open(&self, slot: usize) -> bool {
        self.reactor.sockets.get(slot).is_some_and(|socket| socket.phase() == Phase::Open)
    }

    /// It goes, and whatever it sent is still to be read.
    fn goes(&mut self, peer: usize) {
        let (other, _) = UnixStream::pair().unwrap();
        drop(std::mem::replace(&mut self.peers[peer], other));
    }
}

const PING: [u8; 6] = [0x89, 0x80, 0, 0, 0, 0];
const PONG: [u8; 6] = [0x8a, 0x80, 0, 0, 0, 0];
const EMPTY_TEXT: [u8; 6] = [0x81, 0x80, 0, 0, 0, 0];
const EMPTY_CONTINUATION: [u8; 6] = [0x00, 0x80, 0, 0, 0, 0];

fn message() -> Vec<u8> {
    let text = br#"{"t":"msg","msg":""}"#;
    [&[0x81, 0x80 | text.len() as u8, 0, 0, 0, 0], &text[..]].concat()
}

fn few_pieces() -> Limits {
    Limits::default().piece_rate(Rate { per_second: 10, burst: 3 })
}

fn no_rates() -> Limits {
    let many = Rate { per_second: 1_000_000, burst: 1_000_000 };
    Limits::default().rate(many).piece_rate(many).receive_bytes_per_second(1 << 40).early_frames(1 << 20)
}

#[test]
fn over_its_rate_a_socket_is_read_when_it_may_be_and_loses_nothing() {
    let mut crowd = Crowd::new(few_pieces(), 1);
    crowd.sends(0, &PING.repeat(10));
    crowd.at(0);
    assert_eq!(crowd.pongs(0), 3);
    assert!(!crowd.reactor.is_busy(), "it is not waited for by turning round and round");
    let mut had = 3;
    for now in (16..=800).step_by(16) {
        crowd.at(now);
        had += crowd.pongs(0);
        assert!(had <= 3 + now as usize / 100, "{had} at {now}");
    }
    assert_eq!(had, 10);
}

/// The bytes that wait in the socket are not read either: they are what keeps the peer from sending more.
#[test]
fn a_flood_waits_in_the_senders_system() {
    for (what, frame) in [
        ("pings", &PING[..]),
        ("pongs", &PONG),
        ("messages", &message()),
        ("empty messages", &EMPTY_TEXT),
        ("fragments", &[0x00, 0x81, 0, 0, 0, 0, b'x']),
    ] {
        let rate = Rate { per_second: 10, burst: 3 };
        let limits = Limits::default().rate(rate).piece_rate(rate).early_frames(1 << 20);
        let mut crowd = Crowd::new(limits, 1);
        if what == "fragments" {
            crowd.sends(0, &[0x01, 0x81, 0, 0, 0, 0, b'x']);
        }
        let flood = frame.repeat(1_000);
        let mut sent = 0;
        for now in (0..5_000).step_by(16) {
            sent += crowd.peers[0].write(&flood).unwrap_or(0);
            crowd.at(now);
        }
        let before = sent;
        sent += crowd.peers[0].write(&flood).unwrap_or(0);
        assert_eq!(sent, before, "{what}: it can send no more");
        assert!(crowd.is_open(0), "{what}");
    }
}

#[test]
fn empty_fragments_without_end_are_closed_1008() {
    let mut crowd = Crowd::new(no_rates(), 1);
    crowd.sends(0, &[&[0x01, 0x81, 0, 0, 0, 0, b'x'][..], &EMPTY_CONTINUATION.repeat(64)].concat());
    crowd.at(0);
    assert!(crowd.is_open(0));
    crowd.sends(0, &EMPTY_CONTINUATION);
    crowd.at(0);
    assert!(!crowd.is_open(0));
    assert_eq!(crowd.heard(0)[2..4], 1008_u16.to_be_bytes());
}

/// What it still sends is thrown away, at the rate at which it would have been read.
#[test]
fn who_broke_the_rules_is_not_read_as_fast_as_it_sends() {
    let mut crowd = Crowd::new(Limits::default().receive_bytes_per_second(32 << 10), 1);
    crowd.sends(0, &[0xff]);
    crowd.at(0);
    let (garbage, mut sent) = (vec![0xff; 64 << 10], 0);
    for now in (0..1_000).step_by(16) {
        crowd.at(now);
        sent += crowd.peers[0].write(&garbage).unwrap_or(0);
    }
    let most = (64 << 10) + (16 << 10) + (512 << 10);
    assert!(sent < most, "{sent} bytes: what it may have, and what the system keeps");
}

#[test]
fn floods_take_turns_with_one_another_and_with_who_says_little() {
    let mut crowd = Crowd::new(no_rates(), 101);
    for peer in 0..100 {
        crowd.sends(peer, &PING.repeat(2_000));
    }
    crowd.turn();
    crowd.sends(100, &PING);
    let mut turns = 0;
    while crowd.pongs(100) == 0 {
        crowd.turn();
        turns += 1;
    }
    // Eight floods fill a turn: it waits for each of them once.
    assert!(turns <= 14, "{turns} turns");
    let answered: Vec<_> = (0..100).map(|peer| crowd.pongs(peer)).collect();
    assert!(answered.iter().all(|pongs| (64..=128).contains(pongs)), "one slice each, or two: {answered:?}");
    crowd.turns();
    assert!((0..100).all(|peer| crowd.pongs(peer) + answered[peer] == 2_000), "and nothing is lost");
}

#[test]
fn who_is_gone_is_read_to_its_end_at_once() {
    let mut crowd = Crowd::new(no_rates(), 1);
    crowd.sends(0, &message().repeat(1_000));
    crowd.goes(0);
    crowd.at(0);
    assert!(!crowd.is_there(0));
}

/// Whatever keeps it from being read, what it sent before is read for as long as a leave may take, and no longer.
#[test]
fn who_is_gone_and_not_read_is_waited_for_as_long_as_a_leave_may_take() {
    let few = Rate { per_second: 1, burst: 1 };
    for (what, limits) in [
        ("over a rate", Limits::default().rate(few)),
        ("behind a full queue", Limits::default().early_frames(1)),
        ("over the bytes", Limits::default().receive_bytes_per_second(1_024)),
    ] {
        let mut crowd = Crowd::new(limits.heartbeat_ms(None), 1);
        crowd.sends(0, &message().repeat(2_000));
        crowd.at(0);
        crowd.at(10_000);
        assert!(crowd.is_open(0), "{what}");
        crowd.goes(0);
        let (gone, leave) = (10_000, crowd.limits.leave_timeout_ms);
        crowd.at(gone);
        crowd.at(gone + leave - 16);
        assert!(crowd.is_there(0), "{what}");
        crowd.at(gone + leave + 16);
        assert!(!crowd.is_there(0), "{what}");
    }
}

/// It may still read, so what waits for it is written; but it is gone from its room at once.
#[test]
fn who_writes_no_more_is_at_its_end_though_it_is_behind() {
    let mut crowd = Crowd::new(no_rates(), 1);
    crowd.reactor.sockets[0].push(vec![b'x'; 4 << 20].into());
    crowd.reactor.touch(0);
    crowd.at(0);
    assert!(crowd.reactor.sockets[0].is_blocked());
    crowd.sends(0, &message());
    crowd.peers[0].shutdown(std::net::Shutdown::Write).unwrap();
    crowd.at(16);
    assert!(crowd.is_there(0) && !crowd.is_open(0));
    let mut heard = 0;
    while crowd.is_there(0) {
        heard += crowd.heard(0).len();
        crowd.at(16);
    }
    heard += crowd.heard(0).len();
    assert!(heard > 4 << 20, "all of it: {heard}");
}

#[test]
fn who_is_behind_and_gone_is_noticed_at_once() {
    let mut crowd = Crowd::new(no_rates(), 1);
    crowd.reactor.sockets[0].push(vec![b'x'; 4 << 20].into());
    crowd.reactor.touch(0);
    crowd.at(0);
    crowd.goes(0);
    crowd.at(16);
    assert!(!crowd.is_there(0));
}

#[test]
fn a_silent_peer_behind_a_full_queue_is_missed_in_time() {
    let mut crowd = Crowd::new(Limits::default().heartbeat_ms(Some(1_000)).early_frames(1), 1);
    crowd.sends(0, &message().repeat(3));
    crowd.at(0);
    crowd.at(6_500);
    assert!(crowd.is_open(0), "nobody listens to it");
    crowd.at(10_000);
    assert!(!crowd.is_there(0), "but not for ever");
}

/// It may have ended long ago: what its kernel holds of it is sent for as long as it is read.
#[test]
fn a_flood_of_pings_is_no_sign_of_life() {
    for frame in [PING, PONG] {
        let mut crowd = Crowd::new(Limits::default(), 1);
        let mut unsent = Vec::new();
        let mut flood_until = |crowd: &mut Crowd, until: Millis| {
            for now in (crowd.reactor.now()..until).step_by(500) {
                crowd.at(now);
                crowd.heard(0);
                if unsent.is_empty() {
                    unsent = frame.repeat(10_000);
                }
                let sent = crowd.peers[0].write(&unsent).unwrap_or(0);
                unsent.drain(..sent);
            }
        };
        flood_until(&mut crowd, 150_000);
        assert!(crowd.is_open(0), "nobody listens to all of it");
        flood_until(&mut crowd, 210_000);
        assert!(!crowd.is_open(0), "but not for ever");
    }
}

/// It was paused for what it said, and says nothing more.
#[test]
fn who_was_paused_and_answers_pings_stays() {
    let mut crowd = Crowd::new(Limits::default().early_frames(10_000).early_bytes(1 << 20), 1);
    crowd.sends(0, &message().repeat(1_000));
    for now in (0..200_000).step_by(500) {
        crowd.at(now);
        if crowd.heard(0).ends_with(&[0x89, 0]) {
            crowd.sends(0, &PONG);
        }
    }
    assert!(crowd.is_open(0));
}

#[test]
fn nobody_is_closed_because_the_process_stood_still() {
    let mut crowd = Crowd::new(Limits::default(), 3);
    crowd.at(24_000);
    crowd.reactor.sockets[1].begin_closing(&Close::DONE, 24_000);
    crowd.reactor.arm(1);
    crowd.at(24_100);
    crowd.heard(0);
    // It answers while nobody is there to see it.
    crowd.sends(2, &PONG);
    crowd.stopped_until(24_100 + 3_600_000);
    assert!((0..3).all(|slot| crowd.is_there(slot)));
    assert!(crowd.is_open(0) && crowd.is_open(2));
    let back = crowd.reactor.now();
    // Each turn comes in time from here on.
    let after = |crowd: &mut Crowd, ms: Millis| {
        while crowd.reactor.now() < back + ms {
            crowd.time.fetch_add(500, Ordering::SeqCst);
            crowd.turns();
        }
    };
    after(&mut crowd, 1_000);
    assert_eq!(crowd.heard(0), [0x89, 0], "it is asked at once");
    after(&mut crowd, 48_000);
    assert!(crowd.is_open(0), "and has all its time to answer");
    after(&mut crowd, 52_000);
    assert!(!crowd.is_there(0) && !crowd.is_there(1), "which ends");
}
