//! A hook that never gives its thread back is told of, whichever thread it is, although nobody comes by any more. A process of
//! its own: the recorder is for all its threads.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy knows a test by its attribute, and all of this is only there for tests"
)]

mod support;

use std::num::NonZero;
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use roomful::{Channel, Conn, Deny, Room, RoomExt as _, Rooms, Upgrade};
use roomful_axum::{RoomsExt as _, Sockets};

use support::{Client, connect, limits, listen, within};

#[derive(Clone, Channel)]
#[channel("hall/:id", message = String)]
struct Hall {
    id: String,
}

/// Holds its thread until the test lets go.
struct Holds {
    let_go: Mutex<mpsc::Receiver<()>>,
}

impl Room for Holds {
    type Channel = Hall;
    type Data = ();

    async fn data(&self, _: &Upgrade<Hall>) -> Result<(), Deny> {
        Ok(())
    }

    async fn on_message(&self, conn: &Conn<Self>, msg: String) -> roomful::Result {
        self.let_go.lock().expect("nobody panicked").recv()?;
        conn.send(&msg)
    }
}

fn blocked(snapshotter: &Snapshotter) -> u64 {
    let counted = snapshotter.snapshot().into_vec().into_iter();
    // Another hook may have had to wait for a busy machine.
    let is_it = |label: &metrics::Label| label.value() == "on_message";
    let counted =
        counted.filter(|(key, ..)| key.key().name() == "roomful_hooks_blocked_total" && key.key().labels().any(is_it));
    counted.map(|(.., value)| if let DebugValue::Counter(count) = value { count } else { 0 }).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hook_that_holds_its_thread_for_ever_is_counted() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    recorder.install().unwrap();
    for inline in [false, true] {
        let (let_go, waits) = mpsc::channel();
        let room = Holds { let_go: Mutex::new(waits) }.limits(limits());
        let room = if inline { room.inline() } else { room };
        let rooms = Rooms::new().limits(limits()).module("test", |module| module.room("hall", room)).build().unwrap();
        let (listener, address) = listen().await;
        let app = rooms.router_with(Sockets::new().threads(NonZero::<usize>::MIN));
        tokio::spawn(async move { roomful_axum::serve(listener, app, &rooms, std::future::pending()).await });
        let mut member = Client::join(connect(address).await, "h").await;
        assert_eq!(blocked(&snapshotter), 0);
        member.say("hello").await;
        within("the hook is told of", async {
            let mut look_again = tokio::time::interval(Duration::from_millis(5));
            while blocked(&snapshotter) == 0 {
                look_again.tick().await;
            }
        })
        .await;
        let_go.send(()).unwrap();
        assert_eq!(member.message().await.1, "hello", "inline: {inline}");
        assert_eq!(blocked(&snapshotter), 0, "once is enough");
    }
}
