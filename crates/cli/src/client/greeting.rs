//! What a connection begins with.

use std::time::Duration;

use super::heading::Heading;
use super::session::Session;

/// The first frame, as whoever looks at it more than once keeps it.
#[derive(Debug)]
pub(crate) struct Greeting {
    /// `snapshot`, `feed` or `open`.
    pub(crate) kind: String,
    pub(crate) heartbeat: Option<Duration>,
    /// The sub-protocol with which to go on, where there is a session.
    pub(crate) offer: Option<String>,
    pub(crate) resumed: Option<bool>,
    /// Who this client is.
    pub(crate) own: Option<String>,
    /// How many are in the room.
    pub(crate) members: usize,
}

impl Greeting {
    pub(crate) fn read(frame: &str) -> Option<Self> {
        let heading = Heading::read(frame).filter(Heading::is_greeting)?;
        let mut session = Session::default();
        session.take(&heading);
        Some(Self {
            kind: heading.t.into_owned(),
            heartbeat: heading.heartbeat.map(Duration::from_millis),
            offer: session.offer(),
            resumed: heading.resumed,
            own: heading.own,
            members: heading.members.len(),
        })
    }
}
