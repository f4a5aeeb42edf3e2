//! Processes that are put away, and what outlives them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use roomful::{Channel, Conn, Deny, Limits, Result, Room, Rooms, Upgrade, UserId};
use roomful_core::Dialect;
use roomful_core::session::SealKey;
use roomful_runtime::{Connection, NotAdmitted};
use serde_json::{Value, json};

use crate::keeper::{Barring, Beside, Platform, until, written};
use crate::scripted::Log;

pub(super) const GRACE_MS: u64 = 2_000;

#[derive(Clone, Channel)]
#[channel("talk/:id", message = Value, presence = Value)]
pub(super) struct Talk {
    pub(super) id: String,
}

pub(super) struct Talks(Log);

impl Room for Talks {
    type Channel = Talk;
    type Data = String;

    async fn data(&self, upgrade: &Upgrade<Talk>) -> Result<String, Deny> {
        upgrade.query("name").ok_or_else(Deny::forbidden)
    }

    fn user(&self, data: &String) -> Option<UserId> {
        UserId::new(data.split('-').next()?).ok()
    }

    /// What is in its name expires so many milliseconds after the clocks began.
    fn expires(&self, data: &String) -> Option<SystemTime> {
        let ms = data.split_once("-until-")?.1.parse().ok()?;
        Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000) + Duration::from_millis(ms))
    }

    async fn on_join(&self, conn: &Conn<Self>) -> Result {
        self.0.note(format!("join {}", conn.data()));
        Ok(())
    }

    async fn on_message(&self, conn: &Conn<Self>, msg: Value) -> Result {
        self.0.note(format!("{} says {msg}", conn.data()));
        match msg.as_str() {
            Some("fail") => Err(roomful::Error::msg("as asked")),
            Some("hang") => std::future::pending().await,
            _ => conn.broadcast(&msg),
        }
    }

    async fn on_away(&self, conn: &Conn<Self>) -> Result {
        self.0.note(format!("away {}", conn.data()));
        Ok(())
    }

    async fn on_return(&self, conn: &Conn<Self>) -> Result {
        self.0.note(format!("return {}", conn.data()));
        Ok(())
    }

    async fn on_leave(&self, conn: &Conn<Self>) {
        self.0.note(format!("leave {}", conn.data()));
    }
}

/// What outlives every process.
#[derive(Default)]
pub(super) struct Stage {
    pub(super) log: Log,
    pub(super) beside: Beside,
    pub(super) held: Beside,
    pub(super) clock: Arc<AtomicU64>,
    pub(super) alarm: Arc<AtomicU64>,
    pub(super) barred: Barring,
    pub(super) key: Option<SealKey>,
    pub(super) limits: Limits,
}

/// One process, and the connections that it serves.
pub(super) struct Process {
    pub(super) rooms: Rooms,
    pub(super) connections: Vec<Connection>,
}

impl Stage {
    pub(super) fn at(now: u64) -> Self {
        Self { clock: Arc::new(now.into()), limits: Limits::default().grace_ms(GRACE_MS), ..Self::default() }
    }

    fn definitions(&self) -> Rooms {
        Rooms::new()
            .limits(self.limits.clone())
            .module("m", |m| m.room("talks", Talks(self.log.clone())))
            .build()
            .unwrap()
    }

    /// A new process, with nothing in memory, which goes on with whatever is kept.
    pub(super) fn process(&self) -> Process {
        let rooms = self.definitions();
        let platform = rooms.platform();
        platform.start(|| {
            let (held, barred) = (self.held.clone(), self.barred.clone());
            Arc::new(Platform::by(&self.clock, &self.beside, &self.alarm).with(held, barred))
        });
        self.key.iter().for_each(|key| platform.seal_with(key.clone()));
        platform.bar(self.barred.all());
        let connections = platform.restore(self.beside.all(), self.held.all());
        Process { rooms, connections }
    }

    /// The next process goes on, some time later.
    pub(super) fn put_away(&self, process: Process, ms: u64) -> Process {
        process.rooms.platform().put_away();
        drop(process);
        self.clock.fetch_add(ms, Ordering::Relaxed);
        self.process()
    }

    pub(super) async fn admit(&self, name: &str, offer: &str) -> Result<roomful_runtime::Admitted, NotAdmitted> {
        let uri = format!("/?m=m&s=talks&r=%7B%22id%22:%221%22%7D{name}");
        let request = http::Request::get(uri).header("sec-websocket-protocol", format!("roomful.v1{offer}"));
        let (parts, ()) = request.body(()).unwrap().into_parts();
        self.definitions().platform().read(parts, Dialect::V1).admit(std::future::pending()).await
    }

    /// Who offers this comes in, and its snapshot.
    pub(super) async fn come(&self, process: &Process, name: &str, offer: &str) -> (Connection, Value) {
        let admitted = self.admit(&format!("&name={name}"), offer).await.unwrap();
        let connection = process.rooms.platform().connect(admitted);
        let snapshot = serde_json::from_str(&written(&connection).await).unwrap();
        until("joined", || process.rooms.stats().tasks == 0).await;
        (connection, snapshot)
    }

    /// What is sent to one that offers this, first of all.
    pub(super) async fn greeted(&self, process: &Process, name: &str, token: &Value) -> String {
        let offer = format!(", roomful.resume.{}.0", token.as_str().unwrap());
        let admitted = self.admit(&format!("&name={name}"), &offer).await.unwrap();
        written(&process.rooms.platform().connect(admitted)).await
    }

    pub(super) async fn back(&self, process: &Process, name: &str, token: &Value, seen: u64) -> (Connection, Value) {
        self.come(process, name, &format!(", roomful.resume.{}.{seen}", token.as_str().unwrap())).await
    }
}

impl Process {
    pub(super) async fn quiet(&self) {
        until("quiet", || self.rooms.stats().tasks == 0).await;
    }

    /// The one connection of whom is not lost.
    pub(super) fn only(&mut self) -> &mut Connection {
        assert_eq!(self.connections.len(), 1);
        &mut self.connections[0]
    }
}

pub(super) fn heard(connection: &Connection) -> Vec<Value> {
    let written = std::iter::from_fn(|| match connection.mailbox().try_next()? {
        roomful_runtime::ToWrite::Frame(frame) => Some(serde_json::from_slice(&frame).unwrap()),
        roomful_runtime::ToWrite::Close(close) => Some(json!([close.code, close.reason])),
    });
    written.collect()
}

pub(super) fn presence(from: &Value, op: &str) -> Value {
    json!({ "from": from, "t": "presence", "op": op })
}

pub(super) fn ids(snapshot: &Value) -> Vec<&Value> {
    snapshot["members"].as_array().unwrap().iter().map(|member| &member["id"]).collect()
}
