//! Rooms so large that whoever comes waits for the others of its tick.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use roomful::test::Event;
use roomful::{Close, Limits, RoomExt, Rooms};
use roomful_core::Dialect;
use roomful_runtime::{Connection, ToWrite};
use tokio::sync::Semaphore;
use tokio::time::Duration;

use crate::race::PausedHost;
use crate::scripted::{Log, Order, Play, Scripted, shown, stage};

/// Large from the second member on.
fn limits() -> Limits {
    Limits::default().grace_ms(0).announce_at_once(1)
}

#[tokio::test]
async fn everything_is_as_in_a_small_room_a_tick_later() {
    let play = Play::with(limits());
    let mut ann = play.join("ann").await;
    let ben = play.join("ben").await;
    let mut cy = play.join("shows in on_join").await;
    let dan = play.join("dan").await;
    let ids: Vec<_> = dan.members().iter().map(|member| member.id.clone()).collect();
    assert_eq!(ids, [&ann, &ben, &cy, &dan].map(|member| member.id().clone()));
    let fresh = || Some(shown("fresh"));
    let update = Event::update(&cy, shown("joined"));
    let joins = [Event::join(&ben, fresh()), Event::join(&cy, fresh()), update.clone(), Event::join(&dan, fresh())];
    assert_eq!(ann.settle().await, joins, "`on_join` runs once its member is in");
    assert_eq!(cy.settle().await, [update, joins[3].clone()], "nobody hears of itself");
    assert_eq!(play.room.stats().await.members, 4);
    let gone = [dan.id().clone(), ben.id().clone()];
    drop((dan, ben));
    assert_eq!(ann.settle().await, gone.map(|id| Event::Leave { id }));
    drop((ann, cy));
    assert_eq!(play.room.stats().await, roomful::Stats::default());
}

/// A room with two members, where a third would have to wait until 33 ms.
struct Lobby {
    rooms: Rooms,
    log: Log,
    members: Vec<Connection>,
}

impl Lobby {
    async fn new() -> Self {
        let log = Log::default();
        let scripted = Scripted { log: log.clone(), gate: Arc::new(Semaphore::new(0)) };
        let rooms = Rooms::new().module("m", |m| m.room("scripted", scripted.limits(limits()))).build().unwrap();
        rooms.platform().start(|| PausedHost::new());
        let members = vec![connect(&rooms).await, connect(&rooms).await];
        for member in &members {
            assert_eq!(frames(member)[0][..19], *r#"{"t":"snapshot","se"#);
        }
        Self { rooms, log, members }
    }

    async fn tick(&self) {
        tokio::time::sleep(Duration::from_millis(34)).await;
        idle().await;
    }
}

async fn connect(rooms: &Rooms) -> Connection {
    let uri = "/?m=m&s=scripted&r=%7B%22id%22:%221%22%7D&name=ann";
    let (parts, ()) = http::Request::get(uri).body(()).unwrap().into_parts();
    let connection = rooms.platform().read(parts, Dialect::V1).connect();
    idle().await;
    connection
}

/// Everything that can run has run: the clock stands still meanwhile.
async fn idle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

fn frames(connection: &Connection) -> Vec<String> {
    let mut frames = Vec::new();
    while let Poll::Ready(ToWrite::Frame(frame)) =
        connection.mailbox().poll_next(&mut Context::from_waker(Waker::noop()))
    {
        frames.push(String::from_utf8(frame.to_vec()).unwrap());
    }
    frames
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_while_waiting_is_kept_and_the_snapshot_is_first() {
    let lobby = Lobby::new().await;
    let mut cy = connect(&lobby.rooms).await;
    let dan = connect(&lobby.rooms).await;
    cy.receive(&Bytes::from_static(br#"{"t":"ping"}"#));
    let said = serde_json::json!({ "t": "msg", "msg": Order::BroadcastAll("early".into()) });
    cy.receive(said.to_string().as_bytes());
    idle().await;
    assert_eq!(frames(&cy), [""; 0], "it waits");
    assert_eq!(lobby.rooms.at(&stage()).count().await.unwrap(), 2);
    assert_eq!(lobby.rooms.stats().tasks, 1, "and no task waits with it, but the tick's");
    lobby.tick().await;
    let heard = frames(&cy);
    assert!(heard[0].starts_with(r#"{"t":"snapshot""#), "{heard:?}");
    assert_eq!(heard[1], r#"{"t":"pong"}"#);
    assert!(heard[2].contains("early"), "{heard:?}");
    assert!(heard[0].contains(dan.member().as_str()), "one roster for both: {heard:?}");
    let others = frames(&lobby.members[0]);
    assert!(others.iter().any(|frame| frame.starts_with('[')), "both came in one frame: {others:?}");
    let from_cy: Vec<_> = others.iter().filter(|frame| frame.contains(cy.member().as_str())).collect();
    assert!(from_cy[0].contains(r#""op":"join""#) && from_cy[1].contains("early"), "{from_cy:?}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_ends_while_it_waits_never_joins() {
    let lobby = Lobby::new().await;
    let (mut lost, closed, dropped) =
        (connect(&lobby.rooms).await, connect(&lobby.rooms).await, connect(&lobby.rooms).await);
    lost.receive(&Bytes::from_static(br#"{"t":"ping"}"#));
    lost.end(&Close::LOST, None);
    closed.end(&Close::DONE, None);
    drop(dropped);
    lobby.tick().await;
    for connection in [&lost, &closed] {
        assert_eq!(frames(connection), [""; 0]);
    }
    assert_eq!(frames(&lobby.members[0]), [""; 0], "nobody heard of them");
    assert_eq!(lobby.rooms.at(&stage()).count().await.unwrap(), 2);
    let stats = lobby.rooms.stats();
    assert_eq!((stats.members, stats.tasks), (2, 0));
    assert_eq!(lobby.log.take(), [""; 0], "no hook ran, and so none was owed");
}

#[tokio::test(start_paused = true)]
async fn a_room_of_nobody_but_who_waits_stays() {
    let lobby = Lobby::new().await;
    let cy = connect(&lobby.rooms).await;
    drop(lobby.members);
    idle().await;
    assert_eq!(lobby.rooms.stats().rooms, 1);
    tokio::time::sleep(Duration::from_millis(34)).await;
    idle().await;
    assert_eq!(lobby.rooms.at(&stage()).count().await.unwrap(), 1);
    drop(cy);
    idle().await;
    assert_eq!(lobby.rooms.stats().rooms, 0);
}
