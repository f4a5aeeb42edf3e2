//! Which thread a hook runs on: the app's runtime, unless the room says that its hooks never block, and then the socket's up
//! to where the hook waits.

use std::net::SocketAddr;
use std::num::NonZero;
use std::sync::Arc;

use futures_util::future::join_all;
use roomful::{Channel, Conn, Deny, Error, Room, RoomExt as _, Rooms, Upgrade};
use roomful_axum::{RoomsExt as _, Sockets};
use tokio::sync::Semaphore;

use crate::support::{Client, connect, limits, listen};

#[derive(Clone, Channel)]
#[channel("hall/:id", message = String)]
struct Hall {
    id: String,
}

/// Says where it ran. What it is told begins with what it is to do.
struct Tracer {
    gate: Arc<Semaphore>,
}

/// Whether this is a thread of sockets.
fn is_shard() -> bool {
    std::thread::current().name().is_some_and(|name| name.starts_with("roomful-shard-"))
}

fn here() -> String {
    if is_shard() { "shard" } else { "runtime" }.to_owned()
}

impl Room for Tracer {
    type Channel = Hall;
    type Data = ();

    async fn data(&self, _: &Upgrade<Hall>) -> Result<(), Deny> {
        if is_shard() { Err(Deny::because("`data` ran on a shard")) } else { Ok(()) }
    }

    async fn on_join(&self, _: &Conn<Self>) -> roomful::Result {
        if is_shard() { Err(Error::msg("`on_join` ran on a shard")) } else { Ok(()) }
    }

    async fn on_message(&self, conn: &Conn<Self>, msg: String) -> roomful::Result {
        let before = here();
        match msg.as_str() {
            "where" => {}
            "gate" => self.gate.acquire().await?.forget(),
            // Timers and tasks need the runtime, whichever thread it is.
            "sleep" => tokio::time::sleep(std::time::Duration::from_millis(1)).await,
            "spawn" => tokio::spawn(async {}).await?,
            "yield" => tokio::task::yield_now().await,
            "panic" => panic!("on purpose"),
            _ => return conn.broadcast_all(&msg),
        }
        conn.send(&format!("{before} {}", here()))
    }
}

struct Served {
    address: SocketAddr,
    gate: Arc<Semaphore>,
}

async fn serve(inline: bool, threads: usize) -> Served {
    let gate = Arc::new(Semaphore::new(0));
    let tracer = Tracer { gate: Arc::clone(&gate) }.limits(limits());
    let tracer = if inline { tracer.inline() } else { tracer };
    let rooms = Rooms::new().limits(limits()).module("test", |module| module.room("hall", tracer)).build().unwrap();
    let (listener, address) = listen().await;
    let app = rooms.router_with(Sockets::new().threads(NonZero::new(threads).unwrap()));
    tokio::spawn(async move { roomful_axum::serve(listener, app, &rooms, std::future::pending()).await });
    Served { address, gate }
}

async fn answer(client: &mut Client) -> String {
    client.message().await.1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hook_begins_on_its_sockets_thread_only_where_the_room_asked_for_it() {
    for (inline, begins) in [(false, "runtime"), (true, "shard")] {
        let served = serve(inline, 1).await;
        let mut ann = Client::join(connect(served.address).await, "h").await;
        ann.say("where").await;
        assert_eq!(answer(&mut ann).await, format!("{begins} {begins}"));
        for waits in ["gate", "sleep", "spawn", "yield"] {
            ann.say(waits).await;
            served.gate.add_permits(usize::from(waits == "gate"));
            let answer = answer(&mut ann).await;
            assert!(answer.starts_with(begins), "{waits}, inline: {inline}: {answer}");
            // Where the permit came first, or the task was quicker, there was nothing to wait for.
            assert!(waits == "gate" || waits == "spawn" || answer.ends_with("runtime"), "{waits}: {answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thread_of_sockets_outlives_a_hook_that_panics() {
    for inline in [false, true] {
        let served = serve(inline, 1).await;
        let (mut ann, mut ben) = (join(&served).await, join(&served).await);
        ann.told("join", &ben.id).await;
        ann.say("panic").await;
        ben.say("still here").await;
        assert_eq!(answer(&mut ann).await, "still here", "inline: {inline}");
        assert_eq!(answer(&mut ben).await, "still here");
        ann.say("so am I").await;
        assert_eq!(answer(&mut ben).await, "so am I");
    }
}

async fn join(served: &Served) -> Client {
    Client::join(connect(served.address).await, "h").await
}

const TALKERS: usize = 8;
const MESSAGES: usize = 200;

/// Each hook may wait, and whether another thread lets it go on before or after it has changed threads is chance.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_changes_threads_and_loses_neither_its_wake_nor_its_place() {
    for inline in [false, true] {
        let served = &serve(inline, 2).await;
        let talkers = join_all(
            (0..TALKERS)
                .map(|room| async move { Client::join(connect(served.address).await, &room.to_string()).await }),
        )
        .await;
        let gate = Arc::clone(&served.gate);
        let opener = std::thread::spawn(move || {
            for _ in 0..TALKERS * MESSAGES {
                gate.add_permits(1);
                std::thread::yield_now();
            }
        });
        join_all(talkers.into_iter().map(|mut talker| async move {
            for n in 0..MESSAGES {
                talker.say("gate").await;
                talker.say(&n.to_string()).await;
            }
            for n in 0..MESSAGES {
                answer(&mut talker).await;
                assert_eq!(answer(&mut talker).await, n.to_string(), "inline: {inline}");
            }
        }))
        .await;
        opener.join().unwrap();
    }
}
