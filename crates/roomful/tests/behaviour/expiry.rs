//! A member whose data expires, in virtual time.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, SystemTime};

use roomful::test::{Event, SocketEvent, TestMember, TestRoom, TestSocket};
use roomful::{
    Channel, Close, Conn, Deny, Limits, Result, Room, RoomExt as _, Socket, SocketChannel, SocketConn, SocketExt as _,
    Upgrade, UserId,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::denials::Logged;
use crate::scripted::Log;

/// Who somebody is, and for how long.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Pass {
    name: String,
    until: Option<SystemTime>,
}

/// What the calendar says at the begin of the test.
#[derive(Clone, Default)]
struct Began(Arc<OnceLock<SystemTime>>);

impl Began {
    /// Good up to so many milliseconds of the test.
    fn pass(&self, name: &str, until_ms: impl Into<Option<u64>>) -> Pass {
        let until = until_ms.into().map(|ms| *self.0.get().unwrap() + Duration::from_millis(ms));
        Pass { name: name.to_owned(), until }
    }

    /// What `name:ms` is good for, and what some names do.
    fn read(&self, credentials: &str) -> Result<Pass, Deny> {
        let (name, until) = credentials.split_once(':').unwrap_or((credentials, "1000000"));
        match name {
            "wrong" => Err(Deny::because("it is wrong")),
            "expired" => Err(Deny::expired()),
            "unsure" => Err(Deny::unavailable()),
            "panics" => panic!("on purpose"),
            _ => Ok(self.pass(name, until.parse::<u64>()?)),
        }
    }
}

#[derive(Clone, Channel)]
#[channel("desk/:id", message = Value)]
struct Desk {
    id: String,
}

#[derive(Clone, Default)]
struct Desks {
    began: Began,
    log: Log,
    /// A clone that a task of the app's would hold.
    held: Arc<Mutex<Option<Conn<Desks>>>>,
}

impl Room for Desks {
    type Channel = Desk;
    type Data = Pass;

    async fn data(&self, upgrade: &Upgrade<Desk>) -> Result<Pass, Deny> {
        self.began.read(upgrade.credentials().unwrap_or("wrong"))
    }

    fn expires(&self, pass: &Pass) -> Option<SystemTime> {
        assert!(pass.name != "timeless", "on purpose");
        pass.until
    }

    async fn refresh(&self, conn: &Conn<Self>, credentials: &str) -> Result<Pass, Deny> {
        self.log.note(format!("refresh {} {credentials}", conn.data().name));
        self.began.read(credentials)
    }

    fn user(&self, pass: &Pass) -> Option<UserId> {
        UserId::new(pass.name.split('/').next().unwrap()).ok()
    }

    async fn on_join(&self, conn: &Conn<Self>) -> Result {
        *self.held.lock().unwrap() = Some(conn.clone());
        Ok(())
    }

    async fn on_message(&self, conn: &Conn<Self>, _: Value) -> Result {
        conn.send(&json!(conn.data().name))
    }

    async fn on_leave(&self, conn: &Conn<Self>) {
        self.log.note(format!("leave {}", conn.data().name));
    }
}

struct Play {
    desks: Desks,
    room: TestRoom<Desks>,
}

impl Play {
    fn new(limits: Limits) -> Self {
        let desks = Desks::default();
        let setup = desks.clone().limits(limits);
        let room = TestRoom::new(if crate::is_inline() { setup.inline() } else { setup });
        desks.began.0.set(room.system_time()).unwrap();
        Self { desks, room }
    }

    async fn join(&self, name: &str, until_ms: impl Into<Option<u64>>) -> TestMember<Desks> {
        self.room.join(Desk { id: "1".into() }, self.desks.began.pass(name, until_ms)).await
    }

    async fn at(&self, ms: u64) {
        let passed = self.room.system_time().duration_since(*self.desks.began.0.get().unwrap()).unwrap();
        self.room.advance(ms - u64::try_from(passed.as_millis()).unwrap()).await;
    }
}

const EXPIRED: &str = "credentials expired";

fn auth(member: &TestMember<Desks>, credentials: &str, id: u64) {
    member.send_raw(json!({ "t": "auth", "credentials": credentials, "id": id }).to_string());
}

async fn closed(member: &mut TestMember<Desks>) -> Close {
    match member.next().await {
        Event::Closed(close) => close,
        other => panic!("a close was expected, not {other:?}"),
    }
}

#[tokio::test]
async fn whoever_gives_no_new_credentials_is_asked_once_and_then_closed() {
    for (until, asked, ends) in [(60_000, 35_000, 85_000), (10_000, 5_000, 35_000), (0, 0, 25_000)] {
        let play = Play::new(Limits::default().grace_ms(0));
        let mut bob = play.join("bob", None).await;
        let mut ann = play.join("ann", until).await;
        assert_eq!(bob.next().await, Event::join(&ann, None));
        if asked > 0 {
            play.at(asked - 1).await;
            assert_eq!(ann.written(), None, "{until}");
        }
        play.at(asked).await;
        assert_eq!(ann.written().as_deref(), Some(r#"{"t":"auth"}"#), "{until}");
        play.at(ends - 1).await;
        assert_eq!((ann.written(), bob.written()), (None, None), "{until}");
        play.at(ends).await;
        assert_eq!(closed(&mut ann).await, Close::EXPIRED);
        assert_eq!(bob.next().await, Event::Leave { id: ann.id().clone() });
        assert_eq!(play.desks.log.take(), ["leave ann"]);
        assert_eq!((Close::EXPIRED.code, &*Close::EXPIRED.reason), (4401, EXPIRED));
    }
}

#[tokio::test]
async fn what_expires_never_waits_for_nothing() {
    let play = Play::new(Limits::default().grace_ms(0));
    let mut ann = play.join("ann", None).await;
    assert_eq!(ann.settle().await, []);
    let began = *play.desks.began.0.get().unwrap();
    assert_eq!(play.room.system_time(), began, "no timer runs");
    // One that has left is waited for no more.
    play.join("bob", 60_000).await.leave().await;
    play.room.stats().await;
    assert!(play.room.system_time() < began + Duration::from_secs(30), "no timer runs");
}

#[tokio::test]
async fn new_credentials_give_new_data_and_a_new_end() {
    let play = Play::new(Limits::default().grace_ms(0));
    let mut ann = play.join("ann", 60_000).await;
    let held = play.desks.held.lock().unwrap().take().unwrap();
    let first = held.data();
    play.at(35_000).await;
    assert_eq!(ann.written().as_deref(), Some(r#"{"t":"auth"}"#));
    // What was said before is handled with what was known before.
    ann.send(&json!(1));
    auth(&ann, "ann/2:120000", 7);
    ann.send(&json!(2));
    assert_eq!(ann.next().await, Event::Message { from: Some(ann.id().clone()), msg: json!("ann") });
    assert_eq!(ann.next().await, Event::Message { from: Some(ann.id().clone()), msg: json!("ann/2") });
    assert_eq!(play.desks.log.take(), ["refresh ann ann/2:120000"]);
    assert_eq!((&*held.data().name, &*first.name), ("ann/2", "ann"), "a clone has the newest, and what was read stays");
    play.at(94_999).await;
    assert_eq!(ann.written(), None, "what it had before expires no more");
    play.at(95_000).await;
    assert_eq!(ann.written().as_deref(), Some(r#"{"t":"auth"}"#));
    play.at(145_000).await;
    assert_eq!(closed(&mut ann).await, Close::EXPIRED);
}

#[tokio::test]
async fn they_are_acknowledged_and_may_come_unasked() {
    let play = Play::new(Limits::default().grace_ms(0));
    let ann = play.join("ann", 60_000).await;
    auth(&ann, "ann/2:100000", 3);
    play.room.advance(0).await;
    assert_eq!(ann.written().as_deref(), Some(r#"{"t":"ack","id":3}"#));
    play.at(74_999).await;
    assert_eq!(ann.written(), None);
    play.at(75_000).await;
    assert_eq!(ann.written().as_deref(), Some(r#"{"t":"auth"}"#));
}

#[tokio::test]
async fn whoever_is_denied_then_is_gone() {
    let long = "x".repeat(Limits::default().credentials_bytes + 1);
    for (credentials, close) in [
        ("wrong", Close::FORBIDDEN),
        ("expired", Close::EXPIRED),
        ("unsure", Close::UNAVAILABLE),
        ("panics", Close::UNAVAILABLE),
        ("ann:no number", Close::UNAVAILABLE),
        ("bob:100000", Close::EXPIRED),
        (&long, Close::FORBIDDEN),
    ] {
        let (logged, _subscriber) = Logged::start();
        let play = Play::new(Limits::default().grace_ms(0));
        let mut ann = play.join("ann", 60_000).await;
        auth(&ann, credentials, 1);
        ann.send(&json!("never handled"));
        assert_eq!(closed(&mut ann).await, close, "{credentials:.50}");
        let notes = play.desks.log.take();
        assert_eq!(notes.last().map(String::as_str), Some("leave ann"), "{credentials:.50}: its data is what it was");
        assert_eq!(play.room.stats().await.members, 0);
        let lines = logged.lines();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(!lines[0].contains("no number\"") && !lines[0].contains("100000"), "{lines:?}");
    }
}

#[tokio::test]
async fn a_clock_that_panics_lets_nobody_in() {
    let play = Play::new(Limits::default().grace_ms(0));
    let mut ann = play.join("timeless", 60_000).await;
    assert_eq!(closed(&mut ann).await, Close::JOIN_FAILED);
}

#[tokio::test]
async fn how_long_is_a_limit() {
    let play = Play::new(Limits::default().grace_ms(0).refresh_window_ms(400));
    let mut ann = play.join("ann", 1_000).await;
    play.at(600).await;
    assert_eq!(ann.written().as_deref(), Some(r#"{"t":"auth"}"#));
    play.at(1_399).await;
    assert_eq!(ann.written(), None);
    play.at(1_400).await;
    assert_eq!(closed(&mut ann).await, Close::EXPIRED);
}

/// Takes no new credentials.
struct Fixed;

impl Room for Fixed {
    type Channel = Desk;
    type Data = ();

    async fn data(&self, _: &Upgrade<Desk>) -> Result<(), Deny> {
        Ok(())
    }
}

#[tokio::test]
async fn where_there_is_no_hook_they_are_no_frame() {
    let room = TestRoom::new(Fixed);
    let mut ann = room.join(Desk { id: "1".into() }, ()).await;
    ann.send_raw(r#"{"t":"auth","credentials":"new"}"#);
    ann.send_raw(r#"{"t":"auth"}"#);
    let errors: Vec<_> = ann.settle().await;
    let bad = |reason: &str| Event::Error { code: "bad_frame".to_owned(), reason: reason.to_owned() };
    // The second is refused before the first reaches a hook.
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(errors.contains(&bad("new credentials are not taken here")), "{errors:?}");
    assert!(errors.contains(&bad("`credentials` is not a text")), "{errors:?}");
    assert_eq!(room.stats().await.members, 1);
}

#[derive(Clone, SocketChannel)]
#[socket("line/:id", message = Value)]
struct Line {
    id: String,
}

#[derive(Clone, Default)]
struct Lines(Began);

impl Socket for Lines {
    type Channel = Line;
    type Data = Pass;

    async fn data(&self, upgrade: &Upgrade<Line>) -> Result<Pass, Deny> {
        self.0.read(upgrade.credentials().unwrap_or("wrong"))
    }

    fn expires(&self, pass: &Pass) -> Option<SystemTime> {
        pass.until
    }

    async fn refresh(&self, _: &SocketConn<Self>, credentials: &str) -> Result<Pass, Deny> {
        self.0.read(credentials)
    }

    async fn message(&self, socket: &SocketConn<Self>, _: Value) -> Result {
        socket.send(&json!(socket.data().name))
    }
}

#[tokio::test]
async fn a_socket_expires_as_a_member_does() {
    let lines = Lines::default();
    let setup = lines.clone().limits(Limits::default());
    let socket = TestSocket::new(if crate::is_inline() { setup.inline() } else { setup });
    lines.0.0.set(socket.system_time()).unwrap();
    let mut ann = socket.open(Line { id: "1".into() }, lines.0.pass("ann", 60_000)).await;
    socket.advance(35_000).await;
    assert_eq!(ann.written().as_deref(), Some(r#"{"t":"auth"}"#));
    ann.send_raw(r#"{"t":"auth","credentials":"ben:120000"}"#);
    ann.send(&json!(1));
    assert_eq!(ann.next().await, SocketEvent::Message(json!("ben")));
    socket.advance(60_000).await;
    assert_eq!(ann.written().as_deref(), Some(r#"{"t":"auth"}"#));
    ann.send_raw(r#"{"t":"auth","credentials":"wrong"}"#);
    assert_eq!(ann.next().await, SocketEvent::Closed(Close::FORBIDDEN));

    let mut bob = socket.open(Line { id: "1".into() }, lines.0.pass("bob", 0)).await;
    assert_eq!(bob.next().await, SocketEvent::Closed(Close::EXPIRED));
}
