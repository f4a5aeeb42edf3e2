//! What the server says of its members.

use std::sync::{Arc, Mutex};

use roomful::test::{Event, TestMember, TestRoom};
use roomful::{Channel, Conn, Deny, Error, Limits, Result, Room, RoomExt as _, Rooms, Upgrade};
use roomful_core::Dialect;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::keeper::{Beside, Platform, until, written};
use crate::scripted::Log;

#[derive(Clone, Channel)]
#[channel("table/:id", message = String, presence = String, info = Card)]
struct Table {
    id: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, roomful::TS)]
struct Card {
    name: String,
    role: String,
}

/// Says of a member what its data are, and then what it is told to say.
struct Hosts(Log);

impl Room for Hosts {
    type Channel = Table;
    type Data = String;

    async fn data(&self, upgrade: &Upgrade<Table>) -> Result<String, Deny> {
        upgrade.query("name").ok_or_else(Deny::forbidden)
    }

    fn info(&self, name: &String) -> Option<Card> {
        assert!(name != "panics");
        (name != "nobody").then(|| card(name, "guest"))
    }

    fn presence(&self, conn: &Conn<Self>) -> Option<String> {
        self.0.note(format!("before the join: {:?}", conn.info().unwrap()));
        if let Err(error) = conn.set_info(&card("too", "early")) {
            self.0.note(format!("{error}"));
        }
        None
    }

    async fn on_message(&self, conn: &Conn<Self>, msg: String) -> Result {
        match msg.split_once(' ') {
            Some(("role", role)) => {
                let card = conn.info()?.unwrap_or(card(&conn.data(), ""));
                conn.set_info(&Card { role: role.to_owned(), ..card })
            }
            Some(("show", state)) => conn.set_presence(&state.to_owned()),
            _ => conn.broadcast_all(&msg),
        }
    }

    async fn on_leave(&self, conn: &Conn<Self>) {
        self.0.note(format!("after the leave: {:?}, {:?}", conn.info().unwrap(), conn.set_info(&card("too", "late"))));
    }

    async fn on_error(&self, _: &Conn<Self>, error: Error) {
        self.0.note(format!("on_error: {error}"));
    }
}

fn card(name: &str, role: &str) -> Card {
    Card { name: name.to_owned(), role: role.to_owned() }
}

fn table() -> Table {
    Table { id: "1".into() }
}

struct Play {
    room: TestRoom<Hosts>,
    log: Log,
}

impl Play {
    fn new() -> Self {
        let log = Log::default();
        let hosts = Hosts(log.clone()).limits(Limits::default().info_bytes(60));
        Self { room: TestRoom::new(if crate::is_inline() { hosts.inline() } else { hosts }), log }
    }

    async fn join(&self, name: &str) -> TestMember<Hosts> {
        let mut member = self.room.join(table(), name.to_owned()).await;
        member.settle().await;
        self.log.take();
        member
    }
}

fn cards(member: &TestMember<Hosts>) -> Vec<Option<Card>> {
    member.members().iter().map(|member| member.info.clone()).collect()
}

#[tokio::test]
async fn it_is_there_before_anybody_sees_the_member() {
    let play = Play::new();
    let ann = play.join("ann").await;
    assert_eq!(cards(&ann), [Some(card("ann", "guest"))]);
    let ben = play.room.join(table(), "ben".to_owned()).await;
    assert_eq!(cards(&ben), [Some(card("ann", "guest")), Some(card("ben", "guest"))]);
    play.room.advance(0).await;
    let join = ann.written().unwrap();
    assert!(join.ends_with(r#""op":"join","n":1,"info":{"name":"ben","role":"guest"}}"#), "{join}");
    assert_eq!(
        play.log.take(),
        ["before the join: None", "this connection has not joined yet; call this from `on_join` on"]
    );
    assert_eq!(cards(&play.join("nobody").await).last(), Some(&None));
}

#[tokio::test]
async fn the_server_says_something_else_later_and_a_client_never_does() {
    let play = Play::new();
    let (mut ann, mut ben) = (play.join("ann").await, play.join("ben").await);
    ann.settle().await;
    ann.send_raw(r#"{"t":"presence","state":"here","info":{"name":"ben","role":"host"}}"#);
    assert_eq!(ben.settle().await, [Event::update(&ann, "here".to_owned())]);
    assert_eq!(cards(&ben)[0], Some(card("ann", "guest")));
    ann.send(&"role host".to_owned());
    assert_eq!(ben.settle().await, [Event::update(&ann, "here".to_owned())], "with what it shows");
    assert_eq!(cards(&ben)[0], Some(card("ann", "host")));
    ann.settle().await;
    assert_eq!(cards(&ann)[0], Some(card("ann", "host")), "its own client sees it, too");
    ann.send(&"role host".to_owned());
    assert_eq!(ben.settle().await, [], "what is said already is no news");
}

#[tokio::test]
async fn a_client_that_does_not_read_misses_none() {
    let play = Play::new();
    let (ann, mut ben) = (play.join("ann").await, play.join("ben").await);
    for n in 0..40 {
        ann.send(&format!("role {n}"));
        ann.send(&format!("show {n}"));
        play.room.advance(40).await;
    }
    ann.send(&"show the end".to_owned());
    // Now for what was held before, and for this.
    play.room.advance(40).await;
    play.room.advance(40).await;
    let frames: Vec<_> = std::iter::from_fn(|| ben.written()).collect();
    assert_eq!(frames.len(), 2, "what was on its way when it stopped, and then one frame for one member: {frames:?}");
    assert!(frames[1].ends_with(r#""info":{"name":"ann","role":"39"},"state":"the end"}"#), "{frames:?}");
    ann.send(&"role after".to_owned());
    ben.settle().await;
    assert_eq!(cards(&ben)[0], Some(card("ann", "after")));
}

#[tokio::test]
async fn what_a_member_says_comes_after_what_was_said_of_it() {
    let play = Play::new();
    let (ann, mut ben) = (play.join("ann").await, play.join("ben").await);
    for msg in ["show x", "role host", "role chair", "hello"] {
        ann.send(&msg.to_owned());
    }
    while ben.next().await != Event::message(&ann, "hello".to_owned()) {}
    assert_eq!(cards(&ben)[0], Some(card("ann", "chair")));
}

#[tokio::test]
async fn the_server_reads_it_in_the_roster() {
    let play = Play::new();
    let (ann, _nobody) = (play.join("ann").await, play.join("nobody").await);
    let room = play.room.at(&table());
    let members = room.members().await.unwrap();
    assert_eq!(
        members.iter().map(|member| member.info.clone()).collect::<Vec<_>>(),
        [Some(card("ann", "guest")), None]
    );
    assert_eq!(members, room.local().members());
    let json = serde_json::to_value(&members[0]).unwrap();
    assert_eq!(json, json!({ "id": ann.id().as_str(), "info": { "name": "ann", "role": "guest" } }));
}

#[tokio::test]
async fn it_is_bounded() {
    let play = Play::new();
    let (mut ann, mut ben) = (play.join("ann").await, play.join("ben").await);
    ann.settle().await;
    ann.send(&format!("role {}", "x".repeat(60)));
    let seen = ann.settle().await;
    assert!(matches!(&seen[..], [Event::Error { code, .. }] if code == "handler_failed"), "{seen:?}");
    assert_eq!(play.log.take(), ["on_error: an info of 84 bytes is over the limit of 60 (`Limits::info_bytes`)"]);
    assert_eq!(ben.settle().await, [], "the old one stays");
    for name in ["x".repeat(60), "panics".to_owned()] {
        let request = http::Request::get(format!("/?name={name}")).body(()).unwrap();
        assert_eq!(play.room.connect(&table(), request).await.err().map(|close| close.code), Some(1011), "{name}");
    }
    assert_eq!(ben.settle().await, [], "and nobody saw them");
}

#[tokio::test]
async fn a_member_that_has_left_has_none() {
    let play = Play::new();
    let ann = play.join("ann").await;
    ann.leave().await;
    assert_eq!(play.log.take(), ["after the leave: None, Ok(())"]);
}

#[derive(Clone, Channel)]
#[channel("table/:id", presence = String)]
struct Bare {
    id: String,
}

/// Shares a channel's rooms, and says nothing of its members.
struct Silent;

impl Room for Silent {
    type Channel = Bare;
    type Data = ();

    async fn data(&self, _: &Upgrade<Bare>) -> Result<(), Deny> {
        Ok(())
    }

    async fn on_join(&self, conn: &Conn<Self>) -> Result {
        conn.set_info(&())
    }
}

#[tokio::test]
async fn a_room_that_says_nothing_has_nothing_to_say() {
    let room = TestRoom::new(Silent);
    let mut ann = room.join(Bare { id: "1".into() }, ()).await;
    assert_eq!(ann.settle().await, []);
    assert_eq!(ann.members()[0].info, None);
}

#[tokio::test]
async fn one_of_another_type_is_left_out_and_its_member_is_not() {
    let hosts = || Hosts(Log::default()).shares_channel();
    let rooms = Rooms::new().module("m", |m| m.room("hosts", hosts()).room("silent", Silent.shares_channel())).build();
    let rooms = rooms.unwrap();
    let beside = Beside::default();
    rooms.platform().start(|| Arc::new(Platform::new(&beside)));
    let uri = "/?m=m&s=hosts&r=%7B%22id%22:%221%22%7D&name=ann";
    let (parts, ()) = http::Request::get(uri).body(()).unwrap().into_parts();
    let _ann = rooms.platform().read(parts, Dialect::V1).connect();
    until("joined", || rooms.stats().members == 1).await;
    let members = rooms.at(&Bare { id: "1".into() }).members().await.unwrap();
    assert_eq!(members.iter().map(|member| member.info).collect::<Vec<_>>(), [None]);
}

/// A new process of a platform that puts them away.
fn process(beside: &Beside, now: u64, limits: Limits) -> Rooms {
    let rooms = Rooms::new().limits(limits).module("m", |m| m.room("hosts", Hosts(Log::default()))).build().unwrap();
    rooms.platform().start(|| Arc::new(Platform::at(now, beside, &Arc::<Mutex<Vec<u64>>>::default())));
    rooms
}

async fn come(rooms: &Rooms, name: &str) -> roomful_runtime::Connection {
    let uri = format!("/?m=m&s=hosts&r=%7B%22id%22:%221%22%7D&name={name}");
    let (parts, ()) = http::Request::get(uri).body(()).unwrap().into_parts();
    let admitted = rooms.platform().read(parts, Dialect::V1).admit(std::future::pending()).await.unwrap();
    let connection = rooms.platform().connect(admitted);
    until("joined", || rooms.stats().tasks == 0).await;
    connection
}

#[tokio::test(start_paused = true)]
async fn it_outlives_the_process_that_said_it() {
    let beside = Beside::default();
    let first = process(&beside, 1_000, Limits::default());
    let mut ann = come(&first, "ann").await;
    ann.receive(br#"{"t":"msg","msg":"role host"}"#);
    until("said", || first.stats().tasks == 0).await;
    first.platform().put_away();
    drop((first, ann));

    let second = process(&beside, 5_000, Limits::default());
    let restored = second.platform().restore(beside.all(), Vec::new());
    assert_eq!(restored.len(), 1);
    let ben = come(&second, "ben").await;
    let snapshot = written(&ben).await;
    assert!(snapshot.contains(r#""n":0,"info":{"name":"ann","role":"host"}}"#), "not what it joined with: {snapshot}");
}

/// Whatever state is taken, the largest info fits beside it.
#[tokio::test(start_paused = true)]
async fn beside_a_socket_there_is_room_for_it_and_for_the_state() {
    let beside = Beside::default();
    let rooms = process(&beside, 1_000, Limits::default().grace_ms(0).presence_bytes(20_000).info_bytes(3_000));
    let mut ann = come(&rooms, "ann").await;
    written(&ann).await;
    let (mut taken, mut refused) = (10_000, 16_000);
    while refused - taken > 1 {
        let bytes = usize::midpoint(taken, refused);
        let frame = json!({ "t": "presence", "state": "x".repeat(bytes), "id": 1 });
        ann.receive(frame.to_string().as_bytes());
        let is_taken = loop {
            let frame = written(&ann).await;
            if frame.contains(r#""t":"ack""#) || frame.contains("too_large") {
                break frame.contains(r#""t":"ack""#);
            }
        };
        *(if is_taken { &mut taken } else { &mut refused }) = bytes;
    }
    let role = "x".repeat(3_000 - r#"{"name":"ann","role":""}"#.len());
    ann.receive(json!({ "t": "msg", "msg": format!("role {role}"), "id": 2 }).to_string().as_bytes());
    while written(&ann).await != r#"{"t":"ack","id":2}"# {}
    let kept = beside.all()[0].to_bytes().unwrap().len();
    assert!((15_850..=16_000).contains(&kept), "{kept} bytes are kept of at most 16,000");
}
