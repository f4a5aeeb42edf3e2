//! Two handshakes of one client, which presents to both what another process has sealed.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use futures_util::FutureExt as _;
use roomful::{Channel, Close, Conn, Deny, Limits, Result, Room, RoomExt as _, Rooms, Upgrade, UserId};
use roomful_runtime::Connection;
use serde_json::Value;

use crate::moments::{Moments, read, written};
use crate::scripted::Log;

const SECRET: &str = "thirty-two bytes that are random";
const GRACE_MS: u64 = 2_000;
const TICK_MS: u64 = 50;

#[derive(Clone, Channel)]
#[channel("hall/:id", message = String)]
struct Hall {
    id: String,
}

/// Those that are open. Whoever names another waits in `data`.
#[derive(Clone, Default)]
struct Doors(Arc<Mutex<BTreeSet<String>>>);

impl Doors {
    fn open(&self, door: &str) {
        self.0.lock().unwrap().insert(door.to_owned());
    }

    async fn pass(&self, door: Option<String>) {
        let is_open = || door.as_ref().is_none_or(|door| self.0.lock().unwrap().contains(door));
        poll_fn(|_| if is_open() { Poll::Ready(()) } else { Poll::Pending }).await;
    }
}

struct Halls {
    doors: Doors,
    log: Log,
}

impl Room for Halls {
    type Channel = Hall;
    type Data = String;

    async fn data(&self, upgrade: &Upgrade<Hall>) -> Result<String, Deny> {
        self.doors.pass(upgrade.query("door")).await;
        upgrade.query("name").ok_or_else(Deny::forbidden)
    }

    fn user(&self, name: &String) -> Option<UserId> {
        UserId::new(name).ok()
    }

    async fn on_join(&self, conn: &Conn<Self>) -> Result {
        self.log.note(format!("{} joins", conn.data()));
        Ok(())
    }

    async fn on_leave(&self, conn: &Conn<Self>) {
        self.log.note(format!("{} leaves", conn.data()));
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Small,
    /// Whoever comes waits for the room's tick.
    Large,
    /// Guards and `data` run elsewhere.
    Object,
}

/// A process that has ann, and is about to have ben, who was in another.
struct Play {
    kind: Kind,
    rooms: Rooms,
    host: Arc<Moments>,
    doors: Doors,
    log: Log,
    others: Vec<Connection>,
    /// Who ben was.
    id: Value,
    token: String,
}

impl Play {
    fn new(kind: Kind) -> Self {
        let (doors, log) = (Doors::default(), Log::default());
        let process = |number| {
            let limits = Limits::default().grace_ms(GRACE_MS).presence_tick_ms(TICK_MS);
            let limits = if kind == Kind::Large { limits.announce_at_once(1) } else { limits };
            let halls = Halls { doors: doors.clone(), log: log.clone() }.limits(limits);
            let rooms = Rooms::new().secret(SECRET).module("m", |m| m.room("halls", halls)).build().unwrap();
            let host = match kind {
                Kind::Object => Moments::of_object(&rooms, number),
                Kind::Small | Kind::Large => Moments::start(&rooms, number),
            };
            (rooms, host)
        };
        let (rooms, host) = process(1);
        let ben = begin(kind, &rooms, "ben", "");
        host.run();
        let snapshot = snapshot(&ben).unwrap();
        let (rooms, host) = process(2);
        let mut others = vec![begin(kind, &rooms, "ann", "")];
        host.run();
        if kind == Kind::Large {
            // For whom its tick runs.
            others.push(begin(kind, &rooms, "cat", ""));
            host.run();
        }
        let (id, token) = (snapshot["self"].clone(), text(&snapshot, "session"));
        log.take();
        let play = Self { kind, rooms, host, doors, log, others, id, token };
        play.heard();
        play
    }

    /// A handshake that waits before this door.
    fn begin(&self, door: &str) -> Connection {
        begin(self.kind, &self.rooms, &format!("ben&door={door}"), &format!(", roomful.resume.{}.0", self.token))
    }

    fn open(&self, door: &str) {
        self.doors.open(door);
        self.host.run();
    }

    fn tick(&self) {
        self.host.advance(TICK_MS);
    }

    /// What ann hears of others.
    fn heard(&self) -> Vec<String> {
        let (frames, close) = written(&self.others[0]);
        assert_eq!(close, None);
        let several = frames.iter().flat_map(|text| match serde_json::from_str(text).unwrap() {
            Value::Array(frames) => frames,
            frame => vec![frame],
        });
        let told = several.filter(|frame| frame["t"] == "presence");
        told.map(|frame| frame["op"].as_str().unwrap().to_owned()).collect()
    }

    /// Nobody is another, nobody was there twice, and the session is good.
    fn ends(self, ben: Connection, snapshot: &Value) {
        assert_eq!((&snapshot["self"], self.heard()), (&self.id, vec!["join".to_owned()]));
        assert_eq!(self.log.take(), ["ben joins"]);
        let newest = format!(", roomful.resume.{}.0", text(snapshot, "session"));
        let again = begin(self.kind, &self.rooms, "ben", &newest);
        self.host.run();
        self.tick();
        assert_eq!(written(&ben).1, Some(Close::TAKEN_OVER));
        let snapshot = self::snapshot(&again).unwrap();
        assert_eq!((&snapshot["self"], &snapshot["resumed"]), (&self.id, &Value::from(true)));
        drop((ben, again));
        let Self { rooms, host, others, .. } = self;
        drop(others);
        host.run();
        (0..3).for_each(|_| host.advance(2 * GRACE_MS));
        let ended = rooms.stats();
        assert_eq!((ended.rooms, ended.members, ended.connections), (0, 0, 0), "{ended:?}");
    }
}

fn begin(kind: Kind, rooms: &Rooms, name: &str, offer: &str) -> Connection {
    let admission = read(rooms, &format!("m=m&s=halls&r=%7B%22id%22:%221%22%7D&name={name}"), offer);
    if kind != Kind::Object {
        return admission.connect();
    }
    let admitted = admission.admit(std::future::pending()).now_or_never().unwrap();
    rooms.platform().connect(admitted.unwrap())
}

fn text(snapshot: &Value, key: &str) -> String {
    snapshot[key].as_str().unwrap().to_owned()
}

/// `None`: it was closed as one that another has taken over from, and heard nothing.
fn snapshot(connection: &Connection) -> Option<Value> {
    match written(connection) {
        (frames, None) => Some(serde_json::from_str(&frames[0]).unwrap()),
        (frames, Some(close)) => {
            assert_eq!((frames, close), (vec![], Close::TAKEN_OVER));
            None
        }
    }
}

#[test]
fn the_later_one_goes_on_with_what_the_earlier_one_has_begun() {
    for kind in [Kind::Small, Kind::Large] {
        let play = Play::new(kind);
        let (earlier, later) = (play.begin("a"), play.begin("b"));
        play.open("a");
        play.open("b");
        // In a large room for either of them.
        play.tick();
        play.tick();
        let heard = snapshot(&later).unwrap();
        let (frames, close) = written(&earlier);
        assert_eq!((frames.len(), close), (1, Some(Close::TAKEN_OVER)), "{kind:?}");
        play.ends(later, &heard);
    }
}

#[test]
fn the_earlier_one_comes_too_late() {
    for kind in [Kind::Small, Kind::Large] {
        let play = Play::new(kind);
        let (earlier, later) = (play.begin("a"), play.begin("b"));
        play.open("b");
        play.open("a");
        play.tick();
        let heard = snapshot(&later).unwrap();
        assert_eq!(snapshot(&earlier), None, "{kind:?}");
        play.ends(later, &heard);
    }
}

#[test]
fn where_the_first_is_lost_before_it_is_in_the_second_is_that_member() {
    for kind in [Kind::Small, Kind::Large] {
        let play = Play::new(kind);
        let (earlier, later) = (play.begin("a"), play.begin("b"));
        if kind == Kind::Large {
            // It waits for the tick, and the other for it.
            play.open("a");
            play.open("b");
            assert!(written(&earlier).0.is_empty() && written(&later).0.is_empty());
            drop(earlier);
            play.host.run();
        } else {
            drop(earlier);
            play.open("a");
            play.open("b");
        }
        play.tick();
        let heard = snapshot(&later).unwrap();
        play.ends(later, &heard);
    }
}

/// Which of them is the earlier one the object knows by which came to it first.
#[test]
fn in_an_object_it_is_the_same() {
    for has_begun in [false, true] {
        let play = Play::new(Kind::Object);
        play.doors.open("a");
        let earlier = play.begin("a");
        if has_begun {
            play.host.run();
        }
        let later = play.begin("a");
        play.host.run();
        let heard = snapshot(&later).unwrap();
        let (frames, close) = written(&earlier);
        assert_eq!((frames.len(), close), (1, Some(Close::TAKEN_OVER)), "has begun: {has_begun}");
        play.ends(later, &heard);
    }
}
