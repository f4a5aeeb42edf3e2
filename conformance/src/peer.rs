//! A client of a recording, and who else it finds in a room.

use std::collections::HashMap;

use serde_json::Value;

use crate::client::{Client, Got};
use crate::difference::Mismatch;

/// Ids as the server gave them, and how the recording writes them.
#[derive(Default)]
pub(crate) struct Names(Vec<(String, String)>);

impl Names {
    /// A frame as it would have been recorded.
    pub(crate) fn recorded(&self, frame: String) -> String {
        self.0.iter().fold(frame, |frame, (id, name)| frame.replace(id, name))
    }

    fn knows(&self, id: &str) -> bool {
        self.0.iter().any(|(known, _)| known == id)
    }
}

/// A connection of one of a recording's clients.
///
/// Several recordings use one room, and the clients of the last may still be on their way out. They are strangers to this
/// one: what is told of them is left out, and each must have left by the end.
pub(crate) struct Peer {
    pub(crate) client: Client,
    /// Whether each has left.
    strangers: HashMap<String, bool>,
}

impl Peer {
    pub(crate) fn new(client: Client) -> Self {
        Self { client, strangers: HashMap::new() }
    }

    /// What comes next that is not about strangers.
    pub(crate) async fn next(&mut self, who: &str, names: &mut Names) -> Got {
        loop {
            let got = self.client.next().await;
            let Got::Text(text) = got else { return got };
            if let Some(text) = self.without_strangers(text, who, names) {
                return Got::Text(text);
            }
        }
    }

    /// Fails when a frame comes before the answer to a ping, or a stranger stays.
    pub(crate) async fn nothing_more(&mut self, who: &str, names: &mut Names) -> Result<(), Mismatch> {
        while self.strangers.values().any(|left| !left) {
            match self.client.next().await {
                Got::Text(text) => {
                    if let Some(text) = self.without_strangers(text, who, names) {
                        return Err(Mismatch::new("nothing more", names.recorded(text)));
                    }
                }
                got => return Err(Mismatch::new("the leave of a member that is not of this recording", got)),
            }
        }
        self.client.ping().await;
        match self.next(who, names).await {
            Got::Pong => Ok(()),
            got => Err(Mismatch::new("nothing more", names.recorded(got.to_string()))),
        }
    }

    fn without_strangers(&mut self, text: String, who: &str, names: &mut Names) -> Option<String> {
        let mut frame: Value = serde_json::from_str(&text).unwrap_or_default();
        if frame["t"] == "snapshot" {
            // It says who its receiver is.
            if let Some(id) = frame["self"].as_str() {
                names.0.push((id.to_owned(), format!("<{who}>")));
            }
            let found = self.take_strangers(&mut frame, names);
            return Some(if found { frame.to_string() } else { text });
        }
        let Some(left) = frame["from"].as_str().and_then(|from| self.strangers.get_mut(from)) else {
            return Some(text);
        };
        *left |= frame["op"] == "leave";
        None
    }

    /// Takes the strangers out of a snapshot. `true` where there was one.
    fn take_strangers(&mut self, snapshot: &mut Value, names: &Names) -> bool {
        let Some(members) = snapshot["members"].as_array_mut() else { return false };
        let count = members.len();
        members.retain(|member| match member["id"].as_str() {
            Some(id) if !names.knows(id) => {
                self.strangers.insert(id.to_owned(), false);
                false
            }
            _ => true,
        });
        members.len() < count
    }
}
