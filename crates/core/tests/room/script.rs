//! A room that is told what happens and says, line by line, what is to be done.

#![expect(clippy::expect_used, reason = "what a test writes itself is right, or the test is wrong")]

use std::sync::Arc;

use bytes::Bytes;
use roomful_core::room::{Audience, Effect, Input, Restored, Room, RoomConfig};
use roomful_core::{ConnectionId, Dialect, Json, Limits, MemberId, Millis, NodeId};
use serde_json::value::RawValue;

/// What an input leads to when it leads to nothing.
pub(crate) const NOTHING: [&str; 0] = [];

pub(crate) struct Script {
    room: Room,
    config: RoomConfig,
    now: Millis,
    kept: Vec<Restored>,
}

impl Script {
    /// An empty room at 1,000 ms.
    pub(crate) fn new(limits: Limits) -> Self {
        let limits = Arc::new(limits);
        let config = RoomConfig { node: NodeId(1), epoch: "e".into(), last_seq: 0, may_be_put_away: false, limits };
        Self { room: Room::restore(config.clone(), []), config, now: 1_000, kept: Vec::new() }
    }

    /// An empty room at 1,000 ms that may be put away.
    pub(crate) fn that_may_be_put_away(limits: Limits) -> Self {
        let mut script = Self::new(limits);
        script.config.may_be_put_away = true;
        script.room = Room::restore(script.config.clone(), []);
        script
    }

    /// A room with these members, none with a state: connection 1 is the first of them, and so on.
    pub(crate) fn with(limits: Limits, members: &[(&str, Dialect)]) -> Self {
        let mut script = Self::new(limits);
        for (connection, (member, dialect)) in (1..).zip(members) {
            script.join(connection, *dialect, member, None);
        }
        script
    }

    pub(crate) fn at(&mut self, now: Millis) -> &mut Self {
        self.now = now;
        self
    }

    pub(crate) fn join(&mut self, connection: u64, dialect: Dialect, member: &str, state: Option<&str>) -> Vec<String> {
        let (connection, member, state) = (ConnectionId(connection), id(member), state.map(json));
        self.give(Input::Join { connection, dialect, member, state })
    }

    pub(crate) fn leave(&mut self, connection: u64) -> Vec<String> {
        let connection = ConnectionId(connection);
        self.kept.retain(|kept| kept.connection != connection);
        self.give(Input::Leave { connection })
    }

    pub(crate) fn set(&mut self, connection: u64, state: Option<&str>) -> Vec<String> {
        self.give(Input::SetPresence { connection: ConnectionId(connection), state: state.map(json) })
    }

    /// To all but the connection that says it, as `conn.broadcast` does.
    pub(crate) fn broadcast(&mut self, connection: u64, from: &str, msg: &str) -> Vec<String> {
        let to = Audience::AllBut(ConnectionId(connection));
        self.give(Input::Broadcast { from: Some(id(from)), to, msg: json(msg) })
    }

    pub(crate) fn broadcast_all(&mut self, from: Option<&str>, msg: &str) -> Vec<String> {
        self.give(Input::Broadcast { from: from.map(id), to: Audience::Everybody, msg: json(msg) })
    }

    pub(crate) fn send(&mut self, to: u64, msg: &str) -> Vec<String> {
        self.give(Input::Send { to: ConnectionId(to), msg: json(msg) })
    }

    pub(crate) fn wake(&mut self) -> Vec<String> {
        self.give(Input::Wake)
    }

    /// Builds the room again, from what it asked to keep, the last first.
    pub(crate) fn restore(&mut self) {
        let kept = self.kept.iter().rev().cloned();
        self.room = Room::restore(RoomConfig { last_seq: 1_000, ..self.config.clone() }, kept);
    }

    /// Who is in and in what state, as the room knows it.
    pub(crate) fn roster(&self) -> Vec<String> {
        let entries = self.room.roster().iter();
        entries.map(|entry| format!("{}{}", entry.member, optional(" ", entry.state.as_ref()))).collect()
    }

    /// What an input that is not refused leads to.
    pub(crate) fn effects(&mut self, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.room.handle(input, self.now, &mut effects).expect("nothing here is refused");
        effects
    }

    /// Whether that connection's join is still to come.
    pub(crate) fn is_waiting(&self, connection: u64) -> bool {
        self.room.is_waiting(ConnectionId(connection))
    }

    /// Whether nobody is in or waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.room.is_empty()
    }

    fn give(&mut self, input: Input) -> Vec<String> {
        let mut effects = Vec::new();
        let result = self.room.handle(input, self.now, &mut effects);
        for effect in &effects {
            if let Effect::Persist(kept) = effect {
                self.kept.retain(|older| older.connection != kept.connection);
                self.kept.push(kept.clone());
            }
        }
        let refused = result.err().map(|refused| format!("refused: {refused}"));
        effects.iter().flat_map(lines).chain(refused).collect()
    }
}

fn lines(effect: &Effect) -> Vec<String> {
    match effect {
        Effect::Send { to, frame } => vec![format!("{} <- {}", to.0, text(frame))],
        Effect::Fanout { frames, except } => {
            let to = except.map_or("all".to_owned(), |but| format!("all but {}", but.0));
            if frames.plain == frames.v1 {
                return frames.v1.iter().map(|frame| format!("{to} <- {}", text(frame))).collect();
            }
            let plain = frames.plain.iter().map(|frame| format!("plain: {to} <- {}", text(frame)));
            plain.chain(frames.v1.iter().map(|frame| format!("v1: {to} <- {}", text(frame)))).collect()
        }
        Effect::Updates { each, batch } => {
            let each = each.iter().map(|(_, frame)| format!("update <- {}", text(frame)));
            each.chain(batch.iter().map(|batch| format!("the same, v1 <- {}", text(batch)))).collect()
        }
        Effect::Membership { each, batch } => {
            let each = each.iter().map(|frame| format!("plain: all <- {}", text(frame)));
            each.chain(batch.iter().map(|batch| format!("v1: all <- {}", text(batch)))).collect()
        }
        Effect::Admitted { connection } => vec![format!("in is {}", connection.0)],
        Effect::Persist(Restored { connection, dialect, place, member, state }) => {
            let state = optional(", ", state.as_ref());
            vec![format!("keep {}: {dialect:?}, place {}, {member}{state}", connection.0, place.0)]
        }
        Effect::WakeAt(at) => vec![format!("wake at {at}")],
    }
}

fn optional(before: &str, json: Option<&Json>) -> String {
    json.map(|json| format!("{before}{}", json.as_str())).unwrap_or_default()
}

fn text(frame: &Bytes) -> &str {
    std::str::from_utf8(frame).expect("every frame is UTF-8")
}

fn id(member: &str) -> MemberId {
    MemberId::parse(member).expect("the tests name members by letters")
}

fn json(text: &str) -> Json {
    let raw: &RawValue = serde_json::from_str(text).expect("the tests write JSON");
    raw.into()
}
