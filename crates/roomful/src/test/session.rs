//! What a test's client remembers over its connections, as a real one does.

use serde_json::Value;

/// The session that a client has with the server, and what it has said in it that the server may not have handled.
#[derive(Default)]
pub(super) struct Session {
    /// Absent in a room without sessions, where only what is said without a connection is remembered.
    token: Option<String>,
    /// The number of the last message that the test was given.
    seen: u64,
    last_id: u64,
    said: Vec<Said>,
}

struct Said {
    id: u64,
    frame: Value,
    /// Whether it went out over any connection.
    is_out: bool,
}

impl Session {
    /// What asks for it: a sub-protocol to offer.
    pub(super) fn offer(&self) -> Option<String> {
        Some(format!("roomful.resume.{}.{}", self.token.as_ref()?, self.seen))
    }

    /// The client says this. Returns what is to be sent now, where there is a connection.
    pub(super) fn say(&mut self, frame: Value, is_connected: bool) -> Option<Value> {
        self.last_id += 1;
        let said = Said { id: self.last_id, frame, is_out: is_connected };
        let now = is_connected.then(|| self.frame(&said));
        if self.token.is_some() || !is_connected {
            self.said.push(said);
        }
        now
    }

    /// The first frame of a connection has come. `is_same`: it is for the member that the one before was. Returns how much of
    /// what was said is lost: nobody knows whether it was handled.
    pub(super) fn greet(&mut self, snapshot: &Value, is_same: bool) -> usize {
        self.token = snapshot["session"].as_str().map(str::to_owned);
        if snapshot["resumed"] != true {
            self.seen = snapshot["seq"].as_u64().unwrap_or_default();
        }
        let acked = snapshot["acked"].as_u64().filter(|_| is_same);
        let before = self.said.len();
        match acked {
            Some(acked) => self.said.retain(|said| said.id > acked),
            None => self.said.retain(|said| !said.is_out),
        }
        if acked.is_some() { 0 } else { before - self.said.len() }
    }

    /// What is to be said over the new connection, in order.
    pub(super) fn again(&mut self) -> Vec<Value> {
        self.said.iter_mut().for_each(|said| said.is_out = true);
        let frames = self.said.iter().map(|said| self.frame(said)).collect();
        if self.token.is_none() {
            self.said.clear();
        }
        frames
    }

    /// The test is about to be given what this frame says.
    pub(super) fn hear(&mut self, frame: &Value) {
        self.seen = frame["seq"].as_u64().unwrap_or(self.seen);
        let Some(id) = frame["id"].as_u64() else { return };
        match frame["t"].as_str() {
            Some("ack") => self.said.retain(|said| said.id > id),
            Some("error") => self.said.retain(|said| said.id != id),
            _ => {}
        }
    }

    /// With the id, where that means something.
    fn frame(&self, said: &Said) -> Value {
        let mut frame = said.frame.clone();
        if self.token.is_some() {
            frame["id"] = said.id.into();
        }
        frame
    }
}
