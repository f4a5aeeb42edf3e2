//! A client of a test room.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use roomful_core::Close;
use roomful_runtime::ToWrite;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::event::Event;
use super::event::EventOf;
use super::fail::fail;
use super::kit::Wire;
use super::session::Session;
use crate::{Incoming, Info, Member, MemberId, Outgoing, Presence, Room};

/// One member, with the roster as its client would show it. Dropping it is losing the connection for good.
pub struct TestMember<R: Room> {
    connect: Connect,
    /// Absent while it has no connection.
    wire: Option<Wire>,
    session: Mutex<Session>,
    id: MemberId,
    snapshot: String,
    roster: Vec<Member<Presence<R>, Info<R>>>,
    /// What names whom in `updates`.
    numbers: HashMap<u64, Value>,
    frames: VecDeque<Value>,
}

/// Makes a connection, which asks for the session of this offer.
pub(super) type Connect = Box<dyn Fn(Option<&str>) -> Wire + Send + Sync>;

impl<R: Room> TestMember<R> {
    pub(super) async fn open(connect: Connect) -> Result<Self, Close> {
        let wire = connect(None);
        let first = wire.first().await?;
        let mut member = Self {
            connect,
            wire: None,
            session: Mutex::default(),
            id: wire.id().clone(),
            snapshot: String::new(),
            roster: Vec::new(),
            numbers: HashMap::new(),
            frames: VecDeque::new(),
        };
        member.greet(wire, &first);
        Ok(member)
    }

    /// The id that others know it by.
    #[must_use]
    pub fn id(&self) -> &MemberId {
        &self.id
    }

    /// The first frame as it was written.
    #[must_use]
    pub fn snapshot(&self) -> &str {
        &self.snapshot
    }

    /// The roster as of the last event that was read, in join order, with what the server says of each.
    #[must_use]
    pub fn members(&self) -> &[Member<Presence<R>, Info<R>>] {
        &self.roster
    }

    /// Says something. Without a connection it is said once there is one again.
    pub fn send(&self, msg: &Incoming<R>)
    where
        Incoming<R>: Serialize,
    {
        self.say(serde_json::json!({ "t": "msg", "msg": msg }));
    }

    /// Shows something. Without a connection it is shown once there is one again.
    pub fn set_presence(&self, state: &Presence<R>) {
        self.say(serde_json::json!({ "t": "presence", "state": state }));
    }

    /// Sends a WebSocket message as it is, for what a broken or hostile client sends. Without a connection it is lost.
    pub fn send_raw(&self, message: impl Into<Bytes>) {
        if let Some(wire) = &self.wire {
            wire.send(&message.into());
        }
    }

    /// The next WebSocket message as it was written, where one waits. It is then not an event any more.
    pub fn written(&self) -> Option<String> {
        self.wire.as_ref()?.written()
    }

    /// The next thing that reaches this member.
    ///
    /// # Panics
    ///
    /// When nothing more will: no hook runs and no timer waits.
    pub async fn next(&mut self) -> EventOf<R>
    where
        Outgoing<R>: DeserializeOwned,
    {
        match self.try_next().await {
            Some(event) => event,
            None => fail("nothing more reaches this member: no hook runs and no timer waits"),
        }
    }

    /// The next thing that reaches this member; `None` when nothing more will, or while it has no connection.
    pub async fn try_next(&mut self) -> Option<EventOf<R>>
    where
        Outgoing<R>: DeserializeOwned,
    {
        loop {
            if let Some(frame) = self.frames.pop_front() {
                self.session().hear(&frame);
                if frame["t"] == "updates" {
                    self.unfold(&frame["of"]);
                    continue;
                }
                match self.read(&frame) {
                    Some(event) => return Some(event),
                    None => continue,
                }
            }
            match self.wire.as_ref()?.next().await? {
                ToWrite::Frame(frame) => self.frames.extend(frames(&frame)),
                ToWrite::Close(close) => return Some(Event::Closed(close)),
            }
        }
    }

    /// Reads everything that reaches this member, and returns it.
    pub async fn settle(&mut self) -> Vec<EventOf<R>>
    where
        Outgoing<R>: DeserializeOwned,
    {
        let mut events = Vec::new();
        while let Some(event) = self.try_next().await {
            events.push(event);
        }
        events
    }

    /// Loses the connection, and says nothing to the server: what has not been read of it is lost as well.
    pub fn drop_connection(&mut self) {
        self.wire = None;
        self.frames.clear();
    }

    /// Comes back, as a client does that has lost its connection or another network: it asks for its session, and then says
    /// what it has said since, and what the server may not have heard. The key, guards and `data` are asked again where it came
    /// by [`connect`](super::TestRoom::connect). `true`: it is the same member, and all that it has missed follows. `false`:
    /// something that was said in the meantime is missing; where [`id`](TestMember::id) is another one, it is another member.
    ///
    /// # Errors
    ///
    /// The close of the new connection, where it was not let in.
    pub async fn resume(&mut self) -> Result<bool, Close> {
        let offer = self.session().offer();
        let wire = (self.connect)(offer.as_deref());
        let first = wire.first().await?;
        self.frames.clear();
        let resumed = self.greet(wire, &first);
        let again = self.session().again();
        for frame in again {
            self.send_raw(frame.to_string());
        }
        Ok(resumed)
    }

    /// Closes the connection as a client does, and waits until its hooks have run.
    pub async fn leave(self) {
        if let Some(wire) = self.wire {
            wire.close(&Close::DONE).await;
        }
    }

    /// Closes the connection with this close frame, as a client does, and waits for nothing.
    pub fn close(self, close: &Close) {
        if let Some(wire) = self.wire {
            wire.hang_up(close);
        }
    }

    /// A connection is let in. Returns whether what was missed follows.
    fn greet(&mut self, wire: Wire, first: &Bytes) -> bool {
        self.wire = Some(wire);
        self.snapshot = String::from_utf8_lossy(first).into_owned();
        let mut frames = frames(first);
        let snapshot = frames.pop_front().unwrap_or_default();
        let id = id_of(&snapshot["self"]);
        let lost = self.session().greet(&snapshot, id == self.id);
        let members = || snapshot["members"].as_array().into_iter().flatten();
        self.roster = members().map(|entry| member_of(entry, "id")).collect();
        self.numbers = members().filter_map(|entry| Some((entry["n"].as_u64()?, entry["id"].clone()))).collect();
        self.id = id;
        let reason = "nobody knows whether it was handled";
        self.frames.extend((0..lost).map(|_| serde_json::json!({ "t": "error", "code": "lost", "reason": reason })));
        self.frames.extend(frames);
        snapshot["resumed"] == true
    }

    /// Several updates in one frame are what they would be one by one.
    fn unfold(&mut self, of: &Value) {
        for entry in of.as_array().into_iter().flatten().rev() {
            let from = entry[0].as_u64().and_then(|number| self.numbers.get(&number));
            let from = from.unwrap_or_else(|| fail("an update of a number that names nobody"));
            let mut frame = serde_json::json!({ "from": from, "t": "presence", "op": "update" });
            if let Some(state) = entry.get(1) {
                frame["state"] = state.clone();
            }
            self.frames.push_front(frame);
        }
    }

    fn say(&self, frame: Value) {
        let now = self.session().say(frame, self.wire.is_some());
        if let Some(frame) = now {
            self.send_raw(frame.to_string());
        }
    }

    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&mut self, frame: &Value) -> Option<EventOf<R>>
    where
        Outgoing<R>: DeserializeOwned,
    {
        let text = |key: &str| frame[key].as_str().unwrap_or_default();
        match (text("t"), text("op")) {
            ("msg", _) => {
                let msg = serde_json::from_value(frame["msg"].clone()).unwrap_or_else(|error| fail(&error.to_string()));
                let from = (!text("from").is_empty()).then(|| id_of(&frame["from"]));
                Some(Event::Message { from, msg })
            }
            ("presence", "join") => {
                let member = member_of(frame, "from");
                let id = member.id.clone();
                self.roster.push(member);
                self.numbers.extend(frame["n"].as_u64().map(|number| (number, frame["from"].clone())));
                Some(Event::Join { id, state: state_of(frame) })
            }
            ("presence", "away") => {
                let id = id_of(&frame["from"]);
                if let Some(entry) = self.roster.iter_mut().find(|entry| entry.id == id) {
                    entry.away = true;
                }
                Some(Event::Away { id })
            }
            ("presence", "update") => {
                let id = id_of(&frame["from"]);
                let entry = self.roster.iter_mut().find(|entry| entry.id == id);
                let entry = entry.unwrap_or_else(|| fail("an update of somebody who is not in the roster"));
                (entry.state, entry.away) = (state_of(frame), false);
                if let Some(info) = frame.get("info") {
                    entry.info = (!info.is_null()).then(|| value_of(info));
                }
                Some(Event::Update { id, state: state_of(frame) })
            }
            ("presence", "leave") => {
                let id = id_of(&frame["from"]);
                self.roster.retain(|entry| entry.id != id);
                Some(Event::Leave { id })
            }
            ("error", _) => Some(Event::Error { code: text("code").to_owned(), reason: text("reason").to_owned() }),
            _ => None,
        }
    }
}

impl<M, P> Event<M, P> {
    /// A message from that member.
    pub fn message<R: Room>(from: &TestMember<R>, msg: M) -> Self {
        Self::Message { from: Some(from.id().clone()), msg }
    }

    /// A message from no member: `rooms.at(&key).broadcast`.
    pub fn announcement(msg: M) -> Self {
        Self::Message { from: None, msg }
    }

    /// That member came.
    pub fn join<R: Room>(member: &TestMember<R>, state: Option<P>) -> Self {
        Self::Join { id: member.id().clone(), state }
    }

    /// That member has lost its connection.
    pub fn away<R: Room>(member: &TestMember<R>) -> Self {
        Self::Away { id: member.id().clone() }
    }

    /// That member shows something else.
    pub fn update<R: Room>(member: &TestMember<R>, state: P) -> Self {
        Self::Update { id: member.id().clone(), state: Some(state) }
    }
}

fn frames(message: &Bytes) -> VecDeque<Value> {
    match serde_json::from_slice(message) {
        Ok(Value::Array(frames)) => frames.into(),
        Ok(frame) => VecDeque::from([frame]),
        Err(error) => fail(&format!("the server wrote what is not JSON: {error}")),
    }
}

fn id_of(id: &Value) -> MemberId {
    let id = MemberId::parse(id.as_str().unwrap_or_default());
    id.unwrap_or_else(|error| fail(&error.to_string()))
}

/// An entry of a snapshot, or a join, whose `id` is called otherwise.
fn member_of<P: DeserializeOwned, I: DeserializeOwned>(entry: &Value, id: &str) -> Member<P, I> {
    let mut entry = entry.clone();
    entry["id"] = entry[id].clone();
    serde_json::from_value(entry).unwrap_or_else(|error| fail(&error.to_string()))
}

fn state_of<P: DeserializeOwned>(entry: &Value) -> Option<P> {
    entry.get("state").map(value_of)
}

fn value_of<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap_or_else(|error| fail(&error.to_string()))
}
