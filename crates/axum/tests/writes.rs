//! How many writes a broadcast costs. A process of its own: the recorder is for all its threads.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy knows a test by its attribute, and all of this is only there for tests"
)]

mod support;

use std::num::NonZero;

use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use roomful_axum::{RoomsExt as _, Sockets};
use tokio::io::AsyncWriteExt as _;
use tokio_tungstenite::tungstenite::Message;

use support::{BURST, Client, FIN, PING, connect, limits, listen, masked, rooms};

/// Writes since the last call.
fn writes(snapshotter: &Snapshotter) -> u64 {
    let counted = snapshotter.snapshot().into_vec().into_iter();
    counted
        .filter(|(key, ..)| key.key().name() == "roomful_socket_writes_total")
        .map(|(.., value)| match value {
            DebugValue::Counter(count) => count,
            other => panic!("a counter, not {other:?}"),
        })
        .sum()
}

/// What the thread did before the ping is told when its pong has come; the pong itself may be told later.
async fn settle(member: &mut Client) {
    member.ws.get_mut().write_all(&masked(FIN | PING, b"")).await.unwrap();
    assert!(matches!(member.next("a pong comes").await, Some(Message::Pong(_))));
}

#[tokio::test]
async fn all_that_a_hook_says_is_one_write_a_member() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    recorder.install().unwrap();
    for io_uring in [false, true] {
        let (rooms, _) = rooms(limits());
        let (listener, address) = listen().await;
        let app = rooms.router_with(Sockets::new().threads(NonZero::<usize>::MIN).io_uring(io_uring));
        tokio::spawn(async move { roomful_axum::serve(listener, app, &rooms, std::future::pending()).await });
        // Enough of them for one call of a ring.
        let mut members: Vec<Client> = Vec::new();
        for _ in 0..5 {
            let newcomer = Client::join(connect(address).await, "h").await;
            for member in &mut members {
                member.told("join", &newcomer.id).await;
            }
            members.push(newcomer);
        }
        settle(&mut members[0]).await;
        assert!(writes(&snapshotter) >= 5, "a snapshot each, at least");

        members[0].say("/burst").await;
        for member in &mut members {
            for n in 0..BURST {
                assert_eq!(member.message().await.1, n.to_string());
            }
        }
        settle(&mut members[0]).await;
        let (writes, pongs) = (writes(&snapshotter), 2);
        assert!((5..=5 + pongs).contains(&writes), "{writes} writes for {BURST} messages to 5 members");
    }
}
