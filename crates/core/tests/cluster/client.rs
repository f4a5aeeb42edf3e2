//! A member's socket, and whether what comes on it can be true.

use std::collections::BTreeMap;

use bytes::Bytes;
use roomful_core::session::Token;
use roomful_core::{Dialect, MemberId};

use crate::fault::Fault;
use crate::view::{Known, Told, View};

/// What a snapshot says of a session. There are none here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Greeting {
    pub(crate) token: Token,
    pub(crate) resumed: bool,
    pub(crate) acked: Option<u64>,
}

pub(crate) struct Client {
    view: View,
    /// The number of the last word of each who spoke.
    heard: BTreeMap<String, Word>,
    gaps: u64,
}

struct Word {
    number: u64,
    /// How many gaps there were before it.
    gaps: u64,
}

impl Client {
    pub(crate) fn new(member: &MemberId) -> Self {
        Self { view: View::new(Dialect::V1, member.as_str()), heard: BTreeMap::new(), gaps: 0 }
    }

    /// Reads one frame. Says who left.
    pub(crate) fn read(&mut self, frame: &Bytes) -> Result<Vec<String>, Fault> {
        let mut left = Vec::new();
        for told in self.view.read(frame)? {
            match told {
                Told::Message { from, msg, .. } => self.hear(from, &msg)?,
                Told::Gap => self.gaps += 1,
                Told::Left { member } => {
                    self.heard.remove(&member);
                    left.push(member);
                }
                _ => {}
            }
        }
        Ok(left)
    }

    /// Everybody of whom it knows.
    pub(crate) fn members(&self) -> &[Known] {
        self.view.members()
    }

    /// Each numbers its words: none comes twice or late, and none is missing that is not told to be missing.
    fn hear(&mut self, from: String, msg: &str) -> Result<(), Fault> {
        ensure!(self.view.knows(&from), "{from} speaks, who is not in");
        let [_, number]: [u64; 2] = serde_json::from_str(msg).map_err(|error| Fault(format!("{msg}: {error}")))?;
        let gaps = self.gaps;
        if let Some(last) = self.heard.get(&from) {
            let is_next = number == last.number + 1 || (number > last.number && gaps > last.gaps);
            ensure!(is_next, "word {number} of {from} after {}", last.number);
        }
        self.heard.insert(from, Word { number, gaps });
        Ok(())
    }
}
