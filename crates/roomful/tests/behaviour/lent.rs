//! A client that comes back where every place is taken, one of them by the socket that it has lost.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use http::Request;
use roomful::test::Peer;
use roomful::test::{TestMember, TestRoom};
use roomful::{Channel, Close, Deny, Limits, Room, RoomExt as _, Stats, Upgrade};
use roomful_core::Dialect;
use roomful_runtime::{Connection, ToWrite};
use serde_json::Value;
use tokio::sync::Semaphore;

const HOME: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7));

#[derive(Clone, Channel)]
#[channel("yard/:id")]
struct Yard {
    id: String,
}

fn yard() -> Yard {
    Yard { id: "1".into() }
}

/// Those who ask for it wait until the doors are opened.
struct Yards {
    doors: Arc<Semaphore>,
}

impl Room for Yards {
    type Channel = Yard;
    type Data = ();

    async fn data(&self, upgrade: &Upgrade<Yard>) -> Result<(), Deny> {
        if upgrade.query("waits").is_some() {
            let _one = self.doors.acquire().await?;
        }
        Ok(())
    }
}

struct Play {
    room: TestRoom<Yards>,
    doors: Arc<Semaphore>,
}

impl Play {
    fn with(limits: Limits) -> Self {
        let doors = Arc::new(Semaphore::new(0));
        let yards = Yards { doors: Arc::clone(&doors) }.limits(limits);
        Self { room: TestRoom::new(if crate::is_inline() { yards.inline() } else { yards }), doors }
    }

    async fn connect(&self, more: &str) -> Result<TestMember<Yards>, Close> {
        self.room.connect(&yard(), request("/", more)).await
    }

    async fn back(&self, token: &str) -> Result<TestMember<Yards>, Close> {
        self.connect(&resume(token)).await
    }

    /// An upgrade that waits before the doors.
    fn begin(&self, token: &str) -> Connection {
        let uri = format!("{}?m=test&s=room&r=%7B%22id%22%3A%221%22%7D&waits=1", self.room.rooms().path());
        let (parts, ()) = request(&uri, &resume(token)).into_parts();
        self.room.rooms().platform().read(parts, Dialect::V1).connect()
    }

    /// As many as may be.
    async fn two(&self) -> [TestMember<Yards>; 2] {
        [self.connect("").await.unwrap(), self.connect("").await.unwrap()]
    }

    fn connections(&self) -> usize {
        self.room.rooms().stats().connections
    }
}

fn request(uri: &str, more: &str) -> Request<()> {
    let request = Request::get(uri).header("sec-websocket-protocol", format!("roomful.v1{more}"));
    request.extension(Peer(HOME)).body(()).unwrap()
}

fn resume(token: &str) -> String {
    format!(", roomful.resume.{token}.0")
}

fn token(member: &TestMember<Yards>) -> String {
    let snapshot: Value = serde_json::from_str(member.snapshot()).unwrap();
    snapshot["session"].as_str().unwrap().to_owned()
}

fn closed(connection: &Connection) -> Option<Close> {
    match connection.mailbox().try_next()? {
        ToWrite::Close(close) => Some(close),
        ToWrite::Frame(_) => None,
    }
}

#[tokio::test]
async fn it_is_let_in_and_nobody_else_is() {
    for limits in [Limits::default().connections(2), Limits::default().connections_per_ip(Some(2))] {
        let play = Play::with(limits);
        let [ann, ben] = play.two().await;
        assert_eq!(play.connect("").await.map(drop), Err(Close::OVERLOADED));
        let guess = token(&ben).replace(char::is_numeric, "f");
        assert_eq!(play.back(&guess).await.map(drop), Err(Close::OVERLOADED), "a guess is no token");
        // Its own socket is still there, as far as anybody knows.
        let back = play.back(&token(&ben)).await.unwrap();
        assert_eq!((back.id(), play.connections()), (ben.id(), 2));
        let again = play.back(&token(&back)).await.unwrap();
        assert_eq!((again.id(), play.connections()), (ben.id(), 2), "what was lent was given back");
        drop((ann, ben, back, again));
        play.room.advance(Limits::default().grace_ms).await;
        assert_eq!(play.room.rooms().stats(), Stats::default());
    }
}

#[tokio::test]
async fn a_member_lends_its_place_to_one_at_a_time() {
    let play = Play::with(Limits::default().connections(2));
    let [_ann, ben] = play.two().await;
    let first = play.begin(&token(&ben));
    let second = play.begin(&token(&ben));
    play.room.advance(0).await;
    assert_eq!((closed(&first), closed(&second)), (None, Some(Close::OVERLOADED)));
    drop(first);
    assert!(play.back(&token(&ben)).await.is_ok(), "one that has gone has given it back");
}

#[tokio::test]
async fn a_place_whose_member_has_gone_meanwhile_is_nobodys() {
    for is_taken in [true, false] {
        let play = Play::with(Limits::default().connections(2));
        let [_ann, ben] = play.two().await;
        let late = play.begin(&token(&ben));
        play.room.advance(0).await;
        ben.close(&Close::DONE);
        play.room.advance(0).await;
        let newcomer = if is_taken { Some(play.connect("").await.unwrap()) } else { None };
        play.doors.add_permits(1);
        play.room.advance(0).await;
        assert_eq!(closed(&late), is_taken.then_some(Close::OVERLOADED), "a newcomer needs a place of its own");
        assert_eq!(play.connections(), 2);
        drop(newcomer);
    }
}
