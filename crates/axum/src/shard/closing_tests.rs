//! What holds a socket when its connection is over, and a thread that fails.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test fails it like the test itself")]

use std::io::Read as _;
use std::num::NonZero;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use mio::Events;
use roomful::{Channel, Deny, Limits, Room, Rooms, Stats, Upgrade};
use roomful_core::Dialect;
use roomful_runtime::{Admission, Transport as _};
use tokio::io::AsyncReadExt as _;

use super::clock::Clock;
use super::queue::{Command, Newcomer};
use super::reactor::Reactor;
use super::sender::Sender;
use super::stream::Stream;
use super::tests::NoHost;
use super::{Shards, Sockets};
use crate::host::TokioHost;

fn admission(rooms: &Rooms, target: &str) -> Admission {
    let (parts, ()) = Request::get(target).body(()).unwrap().into_parts();
    rooms.platform().read(parts, Dialect::Plain)
}

fn newcomer(admission: Admission) -> (Newcomer, UnixStream) {
    let (near, far) = UnixStream::pair().unwrap();
    near.set_nonblocking(true).unwrap();
    far.set_nonblocking(true).unwrap();
    let stream = Stream::Pair(mio::net::UnixStream::from_std(near), tokio::sync::oneshot::channel().0);
    (Newcomer { stream, read: Bytes::new(), admission, deflate: false }, far)
}

/// What has come, and whether that was all.
fn read(mut peer: &UnixStream) -> (Vec<u8>, bool) {
    let (mut read, mut some) = (Vec::new(), [0; 1024]);
    loop {
        match peer.read(&mut some) {
            Ok(0) => return (read, true),
            Ok(bytes) => read.extend_from_slice(&some[..bytes]),
            Err(_) => return (read, false),
        }
    }
}

#[test]
fn who_is_not_let_in_waits_for_a_short_while_among_few() {
    let limits = Limits::default().refused_sockets(3);
    let rooms = Rooms::new().limits(limits.clone()).build().unwrap();
    rooms.platform().start(|| Arc::new(NoHost));
    let mut reactor = Reactor::one_of(&limits, 0, 1).unwrap();
    let time = Arc::new(AtomicU64::new(0));
    reactor.clock = Clock::given(&time);
    let (mut sender, mut events, mut commands) = (Sender::new(false), Events::with_capacity(16), Vec::new());
    let mut turn = |reactor: &mut Reactor| {
        reactor.shard.ring();
        reactor.turn(&mut sender, &mut events, &mut commands).unwrap();
    };
    let mut peers = Vec::new();
    for _ in 0..5 {
        let (newcomer, far) = newcomer(admission(&rooms, "/"));
        reactor.carry_out(Command::Serve(Box::new(newcomer)));
        turn(&mut reactor);
        peers.push(far);
    }
    assert_eq!(rooms.stats(), Stats::default(), "they count nowhere");
    let came: Vec<_> = peers.iter().map(read).collect();
    assert!(came.iter().all(|(close, _)| close.starts_with(&[0x88]) && close.ends_with(b"unknown socket")), "{came:?}");
    let ended: Vec<_> = came.iter().map(|(_, ended)| *ended).collect();
    assert_eq!(ended, [true, true, false, false, false], "the oldest went for the newest");
    assert_eq!(reactor.sockets.len(), 3);
    // In steps, since a shard takes a jump for a time in which its process stood still. A timer stands at the next multiple of its
    // grain.
    for (now, left) in [(500, 3), (1_000, 3), (1_500, 3), (1_980, 3), (2_050, 0)] {
        time.store(now, Ordering::SeqCst);
        turn(&mut reactor);
        assert_eq!(reactor.sockets.len(), left, "after {now} ms");
    }
}

#[derive(Clone, Channel)]
#[channel("hall/:id", message = String)]
struct Hall {
    id: String,
}

struct Halls;

impl Room for Halls {
    type Channel = Hall;
    type Data = ();

    async fn data(&self, _: &Upgrade<Hall>) -> Result<(), Deny> {
        Ok(())
    }
}

#[tokio::test]
async fn in_place_of_a_thread_that_fails_comes_another_and_its_members_leave() {
    let rooms = Rooms::new().module("m", |module| module.room("hall", Halls)).build().unwrap();
    rooms.platform().start(|| Arc::new(TokioHost::current()));
    let sockets = Sockets::new().threads(NonZero::<usize>::MIN);
    let shards = Shards::start(&sockets, rooms.platform()).unwrap();
    for _ in 0..3 {
        let (newcomer, far) = newcomer(admission(&rooms, "/?m=m&s=hall&r=%7B%22id%22:%221%22%7D"));
        let mut far = tokio::net::UnixStream::from_std(far).unwrap();
        let shard = shards.choose(&newcomer.admission).unwrap();
        shard.serve(newcomer);
        let mut first = vec![0; 16];
        within(far.read_exact(&mut first)).await.unwrap();
        assert!(String::from_utf8_lossy(&first).contains("snapshot"), "{first:?}");
        assert_eq!(rooms.stats().members, 1);

        shard.push(Command::Panic);
        shard.ring();
        // Whatever comes still, it ends.
        within(far.read_to_end(&mut first)).await.unwrap();
        within(async {
            let mut look_again = tokio::time::interval(Duration::from_millis(2));
            while rooms.stats() != Stats::default() {
                look_again.tick().await;
            }
        })
        .await;
    }
}

async fn within<T>(event: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), event).await.unwrap()
}
