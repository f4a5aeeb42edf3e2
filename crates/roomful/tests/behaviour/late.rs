//! A handshake that its client has given up, and that is let in when the client has long been back on another.

use std::sync::Arc;

use http::Request;
use roomful::test::{Event, TestMember, TestRoom};
use roomful::{Channel, Close, Conn, Deny, Limits, Result, Room, RoomExt as _, Stats, Upgrade, UserId};
use roomful_core::Dialect;
use roomful_runtime::{Connection, ToWrite};
use serde_json::Value;
use tokio::sync::Semaphore;

const GRACE_MS: u64 = 2_000;

#[derive(Clone, Channel)]
#[channel("hall/:id", message = String)]
struct Hall {
    id: String,
}

fn hall() -> Hall {
    Hall { id: "1".into() }
}

/// Those who ask for it wait until the doors are opened.
struct Halls {
    doors: Arc<Semaphore>,
}

impl Room for Halls {
    type Channel = Hall;
    /// Whose it is; nobody's when empty.
    type Data = String;

    async fn data(&self, upgrade: &Upgrade<Hall>) -> Result<String, Deny> {
        if upgrade.query("waits").is_some() {
            let _one = self.doors.acquire().await?;
        }
        if upgrade.query("denied").is_some() {
            Err(Deny::forbidden())
        } else {
            Ok(upgrade.query("user").unwrap_or_default())
        }
    }

    fn user(&self, user: &String) -> Option<UserId> {
        UserId::new(user).ok()
    }

    async fn on_message(&self, conn: &Conn<Self>, msg: String) -> Result {
        conn.broadcast(&msg)
    }
}

struct Play {
    room: TestRoom<Halls>,
    doors: Arc<Semaphore>,
}

impl Play {
    fn new() -> Self {
        let doors = Arc::new(Semaphore::new(0));
        let halls = Halls { doors: Arc::clone(&doors) }.limits(Limits::default().grace_ms(GRACE_MS));
        Self { room: TestRoom::new(if crate::is_inline() { halls.inline() } else { halls }), doors }
    }

    async fn back(&self, token: &str) -> Result<TestMember<Halls>, Close> {
        let offer = format!("roomful.v1, roomful.resume.{token}.0");
        let request = Request::get("/").header("sec-websocket-protocol", offer);
        self.room.connect(&hall(), request.body(()).unwrap()).await
    }

    /// An upgrade that waits before the doors; `query`: what becomes of it then.
    fn begin(&self, token: &str, query: &str) -> Connection {
        let uri = format!("{}?m=test&s=room&r=%7B%22id%22%3A%221%22%7D&waits=1{query}", self.room.rooms().path());
        let offer = format!("roomful.v1, roomful.resume.{token}.0");
        let request = Request::get(uri).header("sec-websocket-protocol", offer).body(()).unwrap();
        self.room.rooms().platform().read(request.into_parts().0, Dialect::V1).connect()
    }
}

fn token(member: &TestMember<Halls>) -> String {
    let snapshot: Value = serde_json::from_str(member.snapshot()).unwrap();
    snapshot["session"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn it_takes_nothing_over_and_its_client_keeps_the_token_that_it_was_told() {
    let play = Play::new();
    let (mut ann, ben) = (play.room.join(hall(), String::new()).await, play.room.join(hall(), String::new()).await);
    assert_eq!(ann.next().await, Event::join(&ben, None));
    let (id, first) = (ben.id().clone(), token(&ben));
    drop(ben);
    assert!(matches!(ann.next().await, Event::Away { .. }));

    let late = play.begin(&first, "");
    let mut ben = play.back(&first).await.unwrap();
    assert_eq!((ben.id(), late.mailbox().try_next().is_none()), (&id, true), "the other still waits");
    play.doors.add_permits(1);
    play.room.advance(0).await;
    assert!(matches!(late.mailbox().try_next(), Some(ToWrite::Close(close)) if close == Close::TAKEN_OVER));
    assert!(matches!(ann.next().await, Event::Update { .. }));
    ben.send(&"I am here".into());
    ann.send(&"so you are".into());
    assert_eq!(ann.next().await, Event::message(&ben, "I am here".into()), "and nothing else was told of it");
    assert_eq!(ben.next().await, Event::message(&ann, "so you are".into()));

    let second = token(&ben);
    drop(ben);
    let ben = play.back(&second).await.unwrap();
    assert_eq!(ben.id(), &id, "what it was told by the upgrade that counts");
    drop((ann, ben, late));
    play.room.advance(GRACE_MS).await;
    assert_eq!(play.room.rooms().stats(), Stats::default());
}

/// Its credentials were bad, and its client has come back with others.
#[tokio::test]
async fn a_denial_that_comes_late_ends_nobody() {
    let play = Play::new();
    let ben = play.room.join(hall(), String::new()).await;
    let (id, first) = (ben.id().clone(), token(&ben));
    drop(ben);
    play.room.advance(0).await;

    let late = play.begin(&first, "&denied=1");
    let mut ben = play.back(&first).await.unwrap();
    play.doors.add_permits(1);
    play.room.advance(0).await;
    assert!(matches!(late.mailbox().try_next(), Some(ToWrite::Close(close)) if close == Close::FORBIDDEN));
    assert_eq!((ben.try_next().await, ben.id()), (None, &id), "it is in, and was not closed");

    let denied = play.begin(&token(&ben), "&denied=1");
    drop(ben);
    play.room.advance(0).await;
    assert!(matches!(denied.mailbox().try_next(), Some(ToWrite::Close(close)) if close == Close::FORBIDDEN));
    assert_eq!(play.room.rooms().stats(), Stats::default(), "one that is not late does");
}

/// A page that logged another user in gave a handshake up, and went back to the first.
#[tokio::test]
async fn one_of_another_user_ends_nobody_whose_client_is_back() {
    let play = Play::new();
    let ben = play.room.join(hall(), String::new()).await;
    let (id, first) = (ben.id().clone(), token(&ben));
    drop(ben);
    play.room.advance(0).await;

    let late = play.begin(&first, "&user=cy");
    let mut ben = play.back(&first).await.unwrap();
    play.doors.add_permits(1);
    play.room.advance(0).await;
    assert!(matches!(late.mailbox().try_next(), Some(ToWrite::Close(close)) if close == Close::TAKEN_OVER));
    assert_eq!((ben.try_next().await, ben.id()), (None, &id), "it is in, and was not closed");
}
