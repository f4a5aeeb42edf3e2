//! What each server wants to hear, so that the same load can be put on all of them.

/// The fixture's feed for load tests; `benchFeedTalk` is the room of who publishes.
pub const BENCH_FEED: &str = "benchFeed";
/// The fixture's live value for load tests; `benchLiveTalk` is the room of who changes it.
pub const BENCH_LIVE: &str = "benchLive";

/// What stands before the room of who talks, where the others only listen.
pub const TALKER: &str = "talker:";

/// How a server is talked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Roomful's own, `roomful.v1`.
    Roomful,
    /// Roomful as a client without a sub-protocol hears it.
    RoomfulPlain,
    /// Roomful's own, of clients that listen to a feed or a live value, while one in a room has it told to them.
    RoomfulListeners,
    /// The same as server-sent events: nothing but an HTTP response.
    RoomfulEvents,
    /// A relay: what one says, the others hear, byte for byte.
    Relay,
    /// Engine.IO 4 over a WebSocket with Socket.IO 5 in it.
    SocketIo,
}

/// What a connection does about a message that it gets before it counts as open.
#[derive(Debug, PartialEq, Eq)]
pub enum Greeting {
    /// It is in its room.
    Done,
    /// It says this, and waits.
    Say(&'static [u8]),
    /// It waits.
    Wait,
}

impl Dialect {
    /// The path and query that lead to the room of this key, of the kind that Roomful's fixture calls `kind`. Where others only
    /// listen, who [talks](TALKER) does so in a room of its own.
    pub fn path(self, kind: &str, room: &str) -> String {
        match (self, room.strip_prefix(TALKER)) {
            (Self::RoomfulListeners | Self::RoomfulEvents, Some(key)) => {
                Self::Roomful.path(&format!("{kind}Talk"), key)
            }
            _ => self.path_of(kind, room),
        }
    }

    fn path_of(self, kind: &str, room: &str) -> String {
        match self {
            // `{"id":"ROOM"}`, percent-encoded.
            Self::Roomful | Self::RoomfulPlain | Self::RoomfulListeners | Self::RoomfulEvents => {
                format!("/__sockets?m=fixture&s={kind}&r=%7B%22id%22%3A%22{room}%22%7D")
            }
            Self::Relay => format!("/?room={room}"),
            Self::SocketIo => format!("/socket.io/?EIO=4&transport=websocket&room={room}"),
        }
    }

    /// Header lines of the upgrade beyond those that every upgrade has.
    pub fn headers(self, deflate: bool) -> String {
        let mut headers = String::new();
        if matches!(self, Self::Roomful | Self::RoomfulListeners) {
            headers += "Sec-WebSocket-Protocol: roomful.v1\r\n";
        }
        if deflate {
            headers += "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover; server_no_context_takeover\r\n";
        }
        headers
    }

    /// Whether the server greets a connection; where it does not, the upgrade alone lets it in.
    pub fn greets(self) -> bool {
        !matches!(self, Self::Relay | Self::RoomfulEvents)
    }

    /// Whether it is a WebSocket.
    pub fn upgrades(self) -> bool {
        self != Self::RoomfulEvents
    }

    /// What to do about a message that comes before the connection is open.
    pub fn greet(self, payload: &[u8]) -> Greeting {
        match self {
            Self::Relay | Self::RoomfulEvents => Greeting::Done,
            // The snapshot is always first, and so is what a listener is told in its place.
            Self::Roomful | Self::RoomfulPlain | Self::RoomfulListeners => Greeting::Done,
            Self::SocketIo if payload.starts_with(b"0") => Greeting::Say(b"40"),
            Self::SocketIo if payload.starts_with(b"40") => Greeting::Done,
            Self::SocketIo => Greeting::Wait,
        }
    }

    /// What a message must be answered with at once, when it is a heartbeat inside text messages.
    pub fn heartbeat(self, payload: &[u8]) -> Option<&'static [u8]> {
        (self == Self::SocketIo && payload == b"2").then_some(b"3")
    }

    /// The text message that has the server tell `content`, some JSON, to all others.
    pub fn message(self, content: &str) -> String {
        match self {
            Self::Roomful | Self::RoomfulPlain | Self::RoomfulListeners | Self::RoomfulEvents => {
                format!(r#"{{"t":"msg","msg":{content}}}"#)
            }
            Self::Relay => content.to_owned(),
            Self::SocketIo => format!(r#"42["m",{content}]"#),
        }
    }

    /// The text message that makes `state`, some JSON, what others see of this member.
    ///
    /// A relay has no presence: there each update is a message.
    pub fn presence(self, state: &str) -> String {
        match self {
            Self::Roomful | Self::RoomfulPlain => format!(r#"{{"t":"presence","state":{state}}}"#),
            // Who listens has none.
            Self::Relay | Self::SocketIo | Self::RoomfulListeners | Self::RoomfulEvents => self.message(state),
        }
    }

    /// Whether the server keeps a roster at each client.
    pub fn has_roster(self) -> bool {
        matches!(self, Self::Roomful | Self::RoomfulPlain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn socket_io_is_in_its_room_when_its_namespace_is_open() {
        let io = Dialect::SocketIo;
        assert_eq!(io.greet(br#"0{"sid":"x"}"#), Greeting::Say(b"40"));
        assert_eq!(io.greet(br#"40{"sid":"y"}"#), Greeting::Done);
        assert_eq!(io.heartbeat(b"2"), Some(&b"3"[..]));
        assert_eq!(Dialect::Relay.heartbeat(b"2"), None, "there it is somebody's message");
    }

    #[test]
    fn who_talks_to_listeners_does_so_in_a_room() {
        let path = |room: &str| Dialect::RoomfulListeners.path("benchFeed", room);
        assert_eq!(path("r0"), "/__sockets?m=fixture&s=benchFeed&r=%7B%22id%22%3A%22r0%22%7D");
        assert_eq!(path("talker:r0"), "/__sockets?m=fixture&s=benchFeedTalk&r=%7B%22id%22%3A%22r0%22%7D");
    }

    #[test]
    fn a_message_is_wrapped_as_each_server_wants_it() {
        assert_eq!(Dialect::Roomful.message("1"), r#"{"t":"msg","msg":1}"#);
        assert_eq!(Dialect::Relay.message("1"), "1");
        assert_eq!(Dialect::SocketIo.message("1"), r#"42["m",1]"#);
        assert_eq!(Dialect::Roomful.presence("1"), r#"{"t":"presence","state":1}"#);
        assert_eq!(Dialect::Relay.presence("1"), "1");
    }
}
