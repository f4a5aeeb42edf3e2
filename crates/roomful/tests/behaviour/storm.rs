//! Hundreds who lose their sockets at once, and come back at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::FutureExt as _;
use roomful::{Channel, Conn, Deny, Limits, Result, Room, RoomExt as _, Rooms, Upgrade};
use roomful_runtime::Connection;
use serde_json::Value;

use crate::moments::{Moments, connect, written};

const GRACE_MS: u64 = 10_000;
const TICK_MS: u64 = 50;

#[derive(Clone, Channel)]
#[channel("hall/:id", message = String, presence = String)]
struct Hall {
    id: String,
}

struct Halls;

impl Room for Halls {
    type Channel = Hall;
    type Data = String;

    async fn data(&self, upgrade: &Upgrade<Hall>) -> Result<String, Deny> {
        upgrade.query("name").ok_or_else(Deny::forbidden)
    }

    fn presence(&self, conn: &Conn<Self>) -> Option<String> {
        Some(conn.data().to_string())
    }

    async fn on_message(&self, conn: &Conn<Self>, msg: String) -> Result {
        conn.broadcast_all(&msg)
    }
}

/// One client, and what it believes.
struct Client {
    name: String,
    connection: Option<Connection>,
    /// Sockets that it has given up, of which the server was not told.
    before: Vec<Connection>,
    is_greeted: bool,
    id: String,
    token: String,
    seen: u64,
    last_id: u64,
    heard: Vec<String>,
    /// Who is in, and whether it is away.
    roster: BTreeMap<String, bool>,
}

impl Client {
    fn new(rooms: &Rooms, nth: usize) -> Self {
        let name = format!("name{nth}");
        let connection = Some(begin(rooms, &name, ""));
        let (id, token, heard, roster) = (String::new(), String::new(), Vec::new(), BTreeMap::new());
        let before = Vec::new();
        Self { name, connection, before, is_greeted: false, id, token, seen: 0, last_id: 0, heard, roster }
    }

    fn lose(&mut self) {
        self.read();
        self.connection = None;
    }

    fn come_back(&mut self, rooms: &Rooms) {
        let newer = begin(rooms, &self.name, &format!(", roomful.resume.{}.{}", self.token, self.seen));
        self.before.extend(self.connection.replace(newer));
        self.is_greeted = false;
    }

    fn say(&mut self, text: &str) {
        self.last_id += 1;
        let frame = serde_json::json!({ "t": "msg", "msg": text, "id": self.last_id }).to_string();
        self.connection.as_mut().unwrap().receive(frame.as_bytes());
    }

    fn read(&mut self) {
        let Some(connection) = &self.connection else { return };
        let (frames, close) = written(connection);
        assert_eq!(close, None, "{}", self.name);
        for text in frames {
            match serde_json::from_str(&text).unwrap() {
                Value::Array(frames) => frames.iter().for_each(|frame| self.hear(frame)),
                frame => self.hear(&frame),
            }
        }
    }

    fn hear(&mut self, frame: &Value) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        if frame["t"] == "snapshot" {
            assert!(!self.is_greeted, "{}: one snapshot a socket", self.name);
            let id = text(&frame["self"]);
            assert!(self.id.is_empty() || (self.id == id && frame["resumed"] == true), "{}: {frame}", self.name);
            (self.is_greeted, self.id, self.token) = (true, id, text(&frame["session"]));
            if frame["resumed"] == false {
                self.seen = frame["seq"].as_u64().unwrap();
            }
            let listed = frame["members"].as_array().unwrap();
            self.roster = listed.iter().map(|member| (text(&member["id"]), member["away"] == true)).collect();
            assert_eq!(self.roster.len(), listed.len(), "nobody is in twice");
            return;
        }
        assert!(self.is_greeted, "{}: {frame} came before its snapshot", self.name);
        let from = text(&frame["from"]);
        match (frame["t"].as_str().unwrap(), frame["op"].as_str().unwrap_or_default()) {
            ("msg", _) => {
                let seq = frame["seq"].as_u64().unwrap();
                assert!(seq > self.seen, "{}: {frame} after {}", self.name, self.seen);
                self.seen = seq;
                self.heard.push(text(&frame["msg"]));
            }
            ("presence", "join") => assert_eq!(self.roster.insert(from, false), None),
            ("presence", "leave") => assert!(self.roster.remove(&from).is_some()),
            ("presence", op @ ("away" | "update")) => {
                assert_ne!((op, &from), ("away", &self.id));
                assert!(self.roster.insert(from, op == "away").is_some());
            }
            ("ack" | "updates", _) => {}
            _ => panic!("{}: {frame}", self.name),
        }
    }
}

fn begin(rooms: &Rooms, name: &str, offer: &str) -> Connection {
    connect(rooms, &format!("m=m&s=halls&r=%7B%22id%22:%221%22%7D&name={name}"), offer)
}

struct Play {
    rooms: Rooms,
    host: Arc<Moments>,
    clients: Vec<Client>,
    said: Vec<String>,
}

impl Play {
    fn new(clients: usize, limits: Limits) -> Self {
        let halls = Halls.limits(limits.grace_ms(GRACE_MS).presence_tick_ms(TICK_MS));
        let halls = if crate::is_inline() { halls.inline() } else { halls };
        let rooms = Rooms::new().module("m", |m| m.room("halls", halls)).build().unwrap();
        let host = Moments::start(&rooms, 1);
        let clients = (0..clients).map(|nth| Client::new(&rooms, nth)).collect();
        let mut play = Self { rooms, host, clients, said: Vec::new() };
        play.settle();
        play
    }

    /// Says something by the first, who is never away.
    fn say(&mut self) {
        let text = format!("word {}", self.said.len());
        self.clients[0].say(&text);
        self.said.push(text);
        self.host.run();
    }

    /// Until everybody who is connected has its snapshot.
    fn settle(&mut self) {
        self.host.run();
        for _ in 0..200 {
            self.host.advance(TICK_MS);
            self.clients.iter_mut().for_each(Client::read);
            if self.clients.iter().all(|client| client.is_greeted || client.connection.is_none()) {
                // What was said of the last of them.
                self.host.advance(TICK_MS);
                return self.clients.iter_mut().for_each(Client::read);
            }
        }
        panic!("somebody never got its snapshot");
    }

    fn check(&mut self) {
        let members = self.rooms.at(&Hall { id: "1".into() }).members().now_or_never().unwrap().unwrap();
        let roster: BTreeMap<_, _> = members.iter().map(|member| (member.id.to_string(), member.away)).collect();
        let ids: BTreeSet<_> = self.clients.iter().map(|client| client.id.clone()).collect();
        assert_eq!(roster.keys().cloned().collect::<BTreeSet<_>>(), ids, "everybody is in, and nobody else");
        for client in self.clients.iter().filter(|client| client.connection.is_some()) {
            assert_eq!(client.roster, roster, "{}", client.name);
            assert_eq!(client.heard, self.said, "{}: each once, in order", client.name);
        }
    }

    fn lost(&mut self, which: impl Fn(usize) -> bool) {
        for (_, client) in self.clients.iter_mut().enumerate().filter(|(nth, _)| which(*nth)) {
            client.lose();
        }
        self.host.run();
    }

    fn back(&mut self, which: impl Fn(usize) -> bool) {
        for (_, client) in self.clients.iter_mut().enumerate().filter(|(nth, _)| which(*nth)) {
            client.come_back(&self.rooms);
        }
        self.host.run();
    }
}

/// In a room that tells of each at once, in one that waits for its tick, and in one whose tick does not let all of them in.
fn kinds() -> [Limits; 3] {
    let limits = Limits::default();
    [limits.clone().announce_at_once(1_000), limits.clone(), limits.admission_bytes(64 << 10)]
}

#[test]
fn all_of_them_are_back_in_one_instant_and_each_has_missed_nothing() {
    for limits in kinds() {
        let mut play = Play::new(300, limits);
        play.say();
        play.settle();
        play.check();
        play.lost(|nth| nth > 0);
        play.say();
        play.settle();
        play.say();
        play.back(|nth| nth > 0);
        // In the same instant, when some are back and others wait for it.
        play.say();
        play.settle();
        play.say();
        play.settle();
        play.check();
    }
}

#[test]
fn some_are_lost_again_on_their_way_back_and_some_change_their_network() {
    for limits in kinds() {
        let mut play = Play::new(200, limits);
        play.say();
        play.settle();
        play.lost(|nth| nth > 0 && nth % 2 == 0);
        play.say();
        // A third of them all comes by another network, whose old socket nobody knows to be dead.
        play.back(|nth| nth > 0 && (nth % 2 == 0 || nth % 3 == 0));
        play.say();
        // Before the tick: lost again, whatever was on its way; and some of those are back once more at once.
        for (nth, client) in play.clients.iter_mut().enumerate().filter(|(nth, _)| *nth > 0 && nth % 4 == 0) {
            client.connection = None;
            client.is_greeted = nth % 8 != 0;
        }
        play.host.run();
        play.back(|nth| nth > 0 && nth % 8 == 0);
        play.say();
        play.settle();
        play.back(|nth| nth > 0 && nth % 4 == 0 && nth % 8 != 0);
        play.settle();
        play.say();
        play.settle();
        play.check();
    }
}
