//! What was recorded: who connected, what was sent, what came.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

const BUNDLED: &str = include_str!("../recordings/reference.json");

/// The recordings that come with this crate.
///
/// # Errors
///
/// When the file is broken.
pub fn bundled() -> Result<Vec<Recording>, RecordingsError> {
    read(BUNDLED)
}

/// The recordings of a file, which is JSON: `docs/conformance.md` has its format.
///
/// # Errors
///
/// When it is something else.
pub fn read(json: &str) -> Result<Vec<Recording>, RecordingsError> {
    #[derive(Deserialize)]
    struct File {
        scenarios: Vec<Recording>,
    }
    let File { scenarios } = serde_json::from_str(json)?;
    Ok(scenarios)
}

/// A text that has no recordings in it.
#[derive(Debug, thiserror::Error)]
#[error("these are no recordings: {0}")]
pub struct RecordingsError(#[from] serde_json::Error);

/// One conversation of a few clients with a server.
#[derive(Debug, Clone, Deserialize)]
pub struct Recording {
    /// What it is called.
    pub name: String,
    /// What it shows.
    #[serde(default)]
    pub about: String,
    /// It shows what this protocol wants otherwise: it is kept as a record, and not replayed.
    #[serde(default)]
    pub reference_differs: bool,
    pub(crate) steps: Vec<Step>,
}

/// One thing that a client did or received.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Step {
    pub(crate) who: String,
    #[serde(flatten)]
    pub(crate) event: Event,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "ev", rename_all = "kebab-case")]
pub(crate) enum Event {
    Connect {
        url: String,
        #[serde(default)]
        headers: BTreeMap<String, String>,
    },
    Handshake {
        status: u16,
    },
    Recv {
        raw: String,
    },
    Send {
        raw: String,
        /// A binary frame of these bytes instead.
        hex: Option<String>,
    },
    ClientClose {
        code: Option<u16>,
        reason: String,
    },
    TcpDestroy,
    Close {
        code: u16,
        reason: String,
    },
    /// Only in recordings that are not replayed.
    #[serde(other)]
    Other,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = &self.who;
        match &self.event {
            Event::Connect { url, .. } => write!(f, "{who} connects to {url}"),
            Event::Handshake { .. } => write!(f, "{who} is answered"),
            Event::Recv { .. } => write!(f, "{who} receives a frame"),
            Event::Send { hex: Some(hex), .. } => write!(f, "{who} sends the bytes {hex}"),
            Event::Send { raw, hex: None } => write!(f, "{who} sends {raw}"),
            Event::ClientClose { .. } => write!(f, "{who} closes"),
            Event::TcpDestroy => write!(f, "{who} drops its connection"),
            Event::Close { .. } => write!(f, "{who} is closed"),
            Event::Other => write!(f, "{who} does what this program does not know"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "it is a test")]

    use super::*;

    #[test]
    fn the_bundled_ones_are_sound() {
        let recordings = bundled().unwrap();
        let mut names: Vec<_> = recordings.iter().map(|recording| &recording.name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), recordings.len(), "every name is one recording's");
        let is_unknown = |step: &Step| matches!(step.event, Event::Other);
        for recording in recordings.iter().filter(|recording| !recording.reference_differs) {
            assert!(!recording.steps.is_empty(), "{} shows nothing", recording.name);
            assert!(!recording.steps.iter().any(is_unknown), "{} cannot be replayed", recording.name);
        }
    }

    #[test]
    fn what_is_no_recording_is_told() {
        for wrong in ["", "[]", "{}", r#"{"scenarios":[{"name":"x"}]}"#] {
            assert!(read(wrong).unwrap_err().to_string().starts_with("these are no recordings: "), "{wrong}");
        }
    }
}
