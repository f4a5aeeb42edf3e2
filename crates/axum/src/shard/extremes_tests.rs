//! A shard with limits at their extremes: whenever it has done what was to be done, it sleeps until a time that is to come.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails it like the test itself")]

use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use mio::Events;
use proptest::prelude::*;
use roomful::{Channel, Conn, Deny, Limits, Result, Room, Rooms, Upgrade};
use roomful_core::Dialect;
use roomful_runtime::Transport as _;

use super::clock::Clock;
use super::queue::{Command, Newcomer};
use super::reactor::Reactor;
use super::sender::Sender;
use super::stream::Stream;
use crate::host::TokioHost;

#[derive(Clone, Channel)]
#[channel("talk", message = String, presence = u8)]
struct Talk;

struct Talking;

impl Room for Talking {
    type Channel = Talk;
    type Data = ();

    async fn data(&self, _: &Upgrade<Talk>) -> Result<(), Deny> {
        Ok(())
    }

    async fn on_message(&self, conn: &Conn<Self>, msg: String) -> Result {
        conn.set_presence(&1)?;
        conn.broadcast_all(&msg)
    }
}

/// A message of a client's, masked with zeros, which change nothing.
fn masked(first_byte: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first_byte, 0x80 | u8::try_from(payload.len()).unwrap(), 0, 0, 0, 0];
    frame.extend_from_slice(payload);
    frame
}

const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;

struct World {
    reactor: Reactor,
    time: Arc<AtomicU64>,
    sender: Sender,
    events: Events,
    commands: Vec<Command>,
    peers: Vec<UnixStream>,
}

impl World {
    fn new(rooms: &Rooms) -> Self {
        rooms.platform().start(|| Arc::new(TokioHost::current()));
        let mut reactor = Reactor::new().unwrap();
        let time = Arc::default();
        reactor.clock = Clock::given(&time);
        let mut peers = Vec::new();
        for dialect in [Dialect::V1, Dialect::Plain, Dialect::V1] {
            let (near, far) = UnixStream::pair().unwrap();
            near.set_nonblocking(true).unwrap();
            far.set_nonblocking(true).unwrap();
            let (parts, ()) = Request::get("/?m=m&s=talk").body(()).unwrap().into_parts();
            let stream = Stream::Pair(mio::net::UnixStream::from_std(near), tokio::sync::oneshot::channel().0);
            let admission = rooms.platform().read(parts, dialect);
            reactor.shard.serve(Newcomer { stream, read: Bytes::new(), admission, deflate: true });
            peers.push(far);
        }
        let (sender, events) = (Sender::new(false), Events::with_capacity(64));
        Self { reactor, time, sender, events, commands: Vec::new(), peers }
    }

    fn say(&mut self, first_byte: u8, payload: &[u8]) {
        for peer in &mut self.peers {
            match peer.write_all(&masked(first_byte, payload)) {
                Ok(()) => {}
                // It was closed, or is not read.
                Err(error) => assert!(matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::WouldBlock), "{error}"),
            }
        }
    }

    /// The first answers pings and the others do not, which read all the same.
    fn read(&mut self) {
        let mut some = [0; 64 << 10];
        for (nth, peer) in self.peers.iter_mut().enumerate() {
            while let Ok(1..) = peer.read(&mut some) {
                if nth == 0 {
                    let _it_may_be_closed = peer.write(&masked(PONG, b""));
                }
            }
        }
    }

    /// Does all that can be done without time going by, hooks included.
    async fn settle(&mut self) {
        let mut quiet = 0;
        for turn in 0.. {
            assert!(turn < MOST_TURNS, "the shard turns round and round");
            // What was rung does not wait.
            self.reactor.shard.ring();
            self.reactor.turn(&mut self.sender, &mut self.events, &mut self.commands).unwrap();
            self.read();
            for _ in 0..8 {
                tokio::task::yield_now().await;
            }
            quiet = if self.reactor.is_busy() || self.events.iter().next().is_some() { 0 } else { quiet + 1 };
            if quiet > 3 {
                return;
            }
        }
    }

    /// Lets so much time go by, and takes every turn that the shard asks for meanwhile.
    async fn pass(&mut self, time: Duration) {
        let mut left = time;
        let mut turns = 0;
        while !left.is_zero() {
            self.settle().await;
            let sleep = self.reactor.until_due().unwrap_or(left).min(left);
            assert!(!sleep.is_zero(), "it does not sleep, with nothing to do");
            // What the tasks wait for comes within a tick.
            let step = sleep.min(Duration::from_secs(1));
            self.time.fetch_add(u64::try_from(step.as_millis()).unwrap(), Ordering::SeqCst);
            tokio::time::advance(step).await;
            left -= step;
            turns += 1;
        }
        let most = 3 * time.as_millis() / 16 + 10;
        assert!(turns <= most, "{turns} turns in {time:?}");
    }
}

/// What three sockets want at one moment takes some dozens.
const MOST_TURNS: usize = 1_000;

async fn session(rooms: &Rooms, heartbeat_ms: Option<u64>) {
    let mut world = World::new(rooms);
    world.pass(Duration::from_secs(3)).await;
    for message in [r#"{"t":"msg","msg":"hi","id":1}"#, r#"{"t":"presence","state":2}"#, r#"{"t":"ping"}"#, "bad"] {
        world.say(TEXT, message.as_bytes());
    }
    world.say(PING, b"x");
    world.pass(Duration::from_secs(20)).await;
    if heartbeat_ms.is_none() {
        let open = |world: &World| world.reactor.sockets.iter().filter(|(_, socket)| socket.hears()).count();
        let before = open(&world);
        world.pass(Duration::from_secs(300)).await;
        assert_eq!(open(&world), before, "silence says nothing");
    }
    world.say(CLOSE, &1000_u16.to_be_bytes());
    world.pass(Duration::from_secs(20)).await;
    world.peers.clear();
    world.settle().await;
    assert_eq!(world.reactor.sockets.len(), 0, "a socket stays");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_limits_keep_a_thread_from_sleeping(
        chosen in proptest::collection::vec(0..4_u8, Limits::BOUNDS.len())
    ) {
        let mut limits = Limits::default();
        for ((name, range), choice) in Limits::BOUNDS.iter().zip(chosen) {
            match choice {
                0 => {}
                1 => limits.put(name, None),
                2 => limits.put(name, Some(*range.start())),
                _ => limits.put(name, Some(*range.end())),
            }
        }
        let heartbeat_ms = limits.heartbeat_ms;
        let rooms = Rooms::new().limits(limits).module("m", |m| m.room("talk", Talking)).build().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(session(&rooms, heartbeat_ms));
    }
}
