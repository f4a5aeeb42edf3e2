//! The moment in which somebody is let in: its snapshot is on its way, and its hooks have not begun.

use std::sync::{Arc, Mutex};

use roomful::{Channel, Close, Conn, Deny, Limits, Result, Room, RoomExt as _, Rooms, Upgrade, UserId};
use roomful_runtime::Connection;
use serde_json::Value;

use crate::moments::{Moments, connect, written};
use crate::scripted::Log;

const GRACE_MS: u64 = 2_000;
const TICK_MS: u64 = 50;

#[derive(Clone, Channel)]
#[channel("hall/:id", message = String)]
struct Hall {
    id: String,
}

struct Halls(Log);

impl Room for Halls {
    type Channel = Hall;
    type Data = String;

    async fn data(&self, upgrade: &Upgrade<Hall>) -> Result<String, Deny> {
        upgrade.query("name").ok_or_else(Deny::forbidden)
    }

    fn user(&self, name: &String) -> Option<UserId> {
        UserId::new(name).ok()
    }

    async fn on_join(&self, conn: &Conn<Self>) -> Result {
        self.0.note(format!("{} joins", conn.data()));
        Ok(())
    }

    async fn on_message(&self, conn: &Conn<Self>, msg: String) -> Result {
        conn.broadcast(&msg)
    }

    async fn on_leave(&self, conn: &Conn<Self>) {
        self.0.note(format!("{} leaves", conn.data()));
    }
}

struct Play {
    rooms: Rooms,
    host: Arc<Moments>,
    log: Log,
    /// Who watches.
    ann: Connection,
    gathers: bool,
}

/// What the client of the one who enters was told.
#[derive(Default)]
struct Told(Mutex<Option<Value>>);

impl Told {
    fn snapshot(&self, connection: &Connection) {
        let (frames, close) = written(connection);
        assert_eq!(close, None);
        let snapshot: Value = serde_json::from_str(&frames[0]).unwrap();
        assert_eq!(snapshot["t"], "snapshot", "or this is not the moment");
        *self.0.lock().unwrap() = Some(snapshot);
    }

    fn text(&self, key: &str) -> String {
        self.0.lock().unwrap().as_ref().unwrap()[key].as_str().unwrap().to_owned()
    }

    fn offer(&self) -> String {
        format!(", roomful.resume.{}.0", self.text("session"))
    }
}

impl Play {
    /// With ann, and with `gathers` somebody else for whom the room's tick runs.
    fn new(gathers: bool) -> (Self, Option<Connection>) {
        let log = Log::default();
        let limits = Limits::default().grace_ms(GRACE_MS).presence_tick_ms(TICK_MS);
        let limits = if gathers { limits.announce_at_once(1) } else { limits };
        let halls = Halls(log.clone()).limits(limits);
        let halls = if crate::is_inline() { halls.inline() } else { halls };
        let rooms = Rooms::new().module("m", |m| m.room("halls", halls)).build().unwrap();
        let host = Moments::start(&rooms, 1);
        let ann = begin(&rooms, "ann", "");
        host.run();
        let other = gathers.then(|| begin(&rooms, "other", ""));
        host.run();
        log.take();
        let play = Self { rooms, host, log, ann, gathers };
        play.heard();
        (play, other)
    }

    /// Lets in who asks for it. `step` is what happens meanwhile, in that moment.
    fn let_in(&self, step: impl FnOnce() + Send + 'static) {
        if self.gathers {
            // It waits for the tick, until which nothing happens.
            self.host.run();
        }
        self.host.at_next_task(step);
        self.host.run();
        if self.gathers {
            self.host.advance(TICK_MS);
        }
    }

    /// What ann hears of others.
    fn heard(&self) -> Vec<String> {
        let (frames, close) = written(&self.ann);
        assert_eq!(close, None);
        let several = frames.iter().flat_map(|text| match serde_json::from_str(text).unwrap() {
            Value::Array(frames) => frames,
            frame => vec![frame],
        });
        let told = several.filter(|frame| frame["t"] == "presence");
        told.map(|frame| frame["op"].as_str().unwrap().to_owned()).collect()
    }

    fn ends(self, others: impl Sized) {
        drop(others);
        let Self { rooms, host, ann, .. } = self;
        drop(ann);
        host.run();
        (0..3).for_each(|_| host.advance(GRACE_MS));
        let ended = rooms.stats();
        assert_eq!((ended.rooms, ended.members, ended.connections, ended.bytes), (0, 0, 0, 0), "{ended:?}");
    }
}

fn begin(rooms: &Rooms, name: &str, offer: &str) -> Connection {
    connect(rooms, &format!("m=m&s=halls&r=%7B%22id%22:%221%22%7D&name={name}"), offer)
}

#[test]
fn whoever_loses_its_socket_then_is_held() {
    for gathers in [false, true] {
        let (play, other) = Play::new(gathers);
        let ben = begin(&play.rooms, "ben", "");
        let told = Arc::<Told>::default();
        let step = Arc::clone(&told);
        play.let_in(move || step.snapshot(&ben));
        assert_eq!(play.heard(), ["join", "away"], "gathers: {gathers}");
        assert_eq!(play.log.take(), ["ben joins"]);

        let ben = begin(&play.rooms, "ben", &told.offer());
        play.host.run();
        play.host.advance(TICK_MS);
        let again = Told::default();
        again.snapshot(&ben);
        assert_eq!(again.text("self"), told.text("self"));
        assert_eq!((play.heard(), play.log.take()), (vec!["update".to_owned()], vec![]));
        play.ends((ben, other));
    }
}

#[test]
fn whoever_is_back_then_is_who_it_was() {
    for gathers in [false, true] {
        let (play, other) = Play::new(gathers);
        let ben = begin(&play.rooms, "ben", "");
        let (told, back) = (Arc::<Told>::default(), Arc::new(Mutex::new(None)));
        let (rooms, host) = (play.rooms.clone(), Arc::clone(&play.host));
        let (step, came) = (Arc::clone(&told), Arc::clone(&back));
        play.let_in(move || {
            step.snapshot(&ben);
            let newer = begin(&rooms, "ben", &step.offer());
            host.run();
            assert_eq!(written(&ben), (vec![], Some(Close::TAKEN_OVER)));
            *came.lock().unwrap() = Some(newer);
        });
        play.host.advance(TICK_MS);
        let newer = back.lock().unwrap().take().unwrap();
        let again = Told::default();
        again.snapshot(&newer);
        assert_eq!(again.text("self"), told.text("self"), "gathers: {gathers}");
        assert_eq!((play.heard(), play.log.take()), (vec!["join".to_owned()], vec!["ben joins".to_owned()]));
        play.ends((newer, other));
    }
}

/// A pong would be one, and a client takes whatever comes first for its snapshot.
#[test]
fn nothing_overtakes_a_snapshot() {
    for gathers in [false, true] {
        let (play, other) = Play::new(gathers);
        let mut ben = begin(&play.rooms, "ben", "");
        ben.receive(br#"{"t":"ping"}"#);
        ben.receive(br#"{"t":"nonsense"}"#);
        play.let_in(|| ());
        let (frames, _) = written(&ben);
        let kinds: Vec<_> =
            frames.iter().map(|frame| serde_json::from_str::<Value>(frame).unwrap()["t"].clone()).collect();
        assert_eq!(kinds, ["snapshot", "pong", "error"], "gathers: {gathers}");
        play.ends((ben, other));
    }
}

fn kinds(connection: &Connection) -> Vec<Value> {
    let frames = written(connection).0;
    frames.iter().map(|frame| serde_json::from_str::<Value>(frame).unwrap()["t"].clone()).collect()
}

/// A room in which ben is on its way back, and has sent something that is answered at once.
fn on_its_way_back(gathers: bool) -> (Play, Option<Connection>, Connection) {
    let (play, other) = Play::new(gathers);
    let ben = begin(&play.rooms, "ben", "");
    let told = Arc::<Told>::default();
    let step = Arc::clone(&told);
    play.let_in(move || step.snapshot(&ben));
    if gathers {
        // So that whoever is back waits for the next tick.
        let cat = begin(&play.rooms, "cat", "");
        play.host.run();
        drop(cat);
        play.host.run();
    }
    let mut ben = begin(&play.rooms, "ben", &told.offer());
    play.host.run();
    assert_eq!(play.rooms.stats().members, if gathers { 3 } else { 2 });
    ben.receive(br#"{"t":"ping"}"#);
    ben.receive(br#"{"t":"nonsense"}"#);
    play.host.run();
    play.heard();
    play.log.take();
    (play, other, ben)
}

#[test]
fn nothing_overtakes_the_snapshot_of_a_return() {
    for gathers in [false, true] {
        let (play, other, ben) = on_its_way_back(gathers);
        if gathers {
            assert!(kinds(&ben).is_empty(), "it waits for the tick");
            play.host.advance(TICK_MS);
        }
        assert_eq!(kinds(&ben), ["snapshot", "pong", "error"], "gathers: {gathers}");
        play.ends((ben, other));
    }
}

#[test]
fn whoever_ends_on_its_way_back_is_over() {
    let (play, other, mut ben) = on_its_way_back(true);
    ben.receive(br#"{"t":"bye"}"#);
    drop(ben);
    play.host.run();
    assert_eq!(play.log.take(), ["ben leaves"]);
    play.host.advance(TICK_MS);
    assert_eq!(play.heard(), ["leave"]);
    play.ends(other);
}
