//! How a connection ends, and how a single frame is refused.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// A close code and its reason, as they stand in a close frame.
///
/// The client's rule is the reason for the numbers: from 1001 to 1999 it comes back, from 4000 to 4999 it does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Close {
    /// The code; 1005 stands for a close frame with no code at all.
    pub code: u16,
    /// At most 123 bytes.
    pub reason: Cow<'static, str>,
}

impl Close {
    /// Done; the client need not come back.
    pub const DONE: Self = Self::fixed(1000, "");
    /// The peer closed without saying a code.
    pub const NO_CODE: Self = Self::fixed(1005, "");
    /// The connection was lost without a close frame. Never on the wire.
    pub const LOST: Self = Self::fixed(1006, "");
    /// The server ends the connection because nothing was heard for two heartbeats.
    pub const HEARTBEAT_MISSED: Self = Self::fixed(1001, "heartbeat missed");
    /// The peer broke the WebSocket protocol.
    pub const PROTOCOL_ERROR: Self = Self::fixed(1002, "protocol error");
    /// A text message was not UTF-8.
    pub const NOT_UTF8: Self = Self::fixed(1007, "not UTF-8");
    /// A frame was over [`Limits::frame_bytes`](crate::Limits::frame_bytes).
    pub const TOO_BIG: Self = Self::fixed(1009, "frame too big");
    /// What the peer sends costs too much for what it is: frames without content, without end.
    pub const COSTLY: Self = Self::fixed(1008, "empty frames without end");
    /// The room's own code failed while this connection joined.
    pub const JOIN_FAILED: Self = Self::fixed(1011, "join failed");
    /// Too much memory is held for clients, and most of it for this one; or the process has as many rooms as it may, or as
    /// many connections where its platform cannot answer 503.
    pub const OVERLOADED: Self = Self::fixed(1013, "overloaded");
    /// Nobody can say now whether this client may connect.
    pub const UNAVAILABLE: Self = Self::fixed(1013, "try again");
    /// This receiver read too slowly for too long.
    pub const TOO_SLOW: Self = Self::fixed(1013, "too slow");
    /// A message had begun, and did not come to its end within [`Limits::message_timeout_ms`](crate::Limits::message_timeout_ms).
    pub const MESSAGE_LATE: Self = Self::fixed(1008, "message took too long");
    /// Too many frames that were not frames (v1).
    pub const BAD_FRAMES: Self = Self::fixed(4400, "too many bad frames");
    /// The client's credentials have expired; it comes back where it has a source of new ones.
    pub const EXPIRED: Self = Self::fixed(4401, "credentials expired");
    /// A guard, a bad key, or credentials that cannot be read.
    pub const FORBIDDEN: Self = Self::fixed(4403, "forbidden");
    /// No room of that module and name.
    pub const UNKNOWN_SOCKET: Self = Self::fixed(4403, "unknown socket");
    /// A newer connection goes on with this session.
    pub const TAKEN_OVER: Self = Self::fixed(4409, "taken over");
    /// Removed by the app.
    pub const KICKED: Self = Self::fixed(4410, "removed");
    /// The room holds as many members as it may.
    pub const ROOM_FULL: Self = Self::fixed(4429, "room full");

    /// The code with which a client gives its socket up, and says that it will be back for its member.
    pub const GIVEN_UP: u16 = 4900;
    /// The client's user has as many connections as it may.
    pub const TOO_MANY: Self = Self::fixed(4429, "too many connections");

    const fn fixed(code: u16, reason: &'static str) -> Self {
        Self { code, reason: Cow::Borrowed(reason) }
    }

    /// The server restarts; the client should wait `retry_ms` milliseconds before it comes back.
    #[must_use]
    pub fn restarting(retry_ms: u64) -> Self {
        Self { code: 1012, reason: format!("retry={retry_ms}").into() }
    }

    /// After how many milliseconds a server that [restarts](Close::restarting) wants its client back.
    #[must_use]
    pub fn retry_ms(&self) -> Option<u64> {
        let ms = self.reason.strip_prefix("retry=").filter(|_| self.code == 1012)?;
        ms.parse().ok()
    }

    /// What an app may close with: 1000 or 3000 to 4999, and a reason of at most 123 bytes.
    ///
    /// # Errors
    ///
    /// Anything else would break the frame or say something that only the protocol may say; nothing is sent then.
    ///
    /// ```
    /// # use roomful_core::close as roomful;
    /// use roomful::{Close, InvalidClose};
    ///
    /// assert_eq!(Close::from_app(4001, "bye")?.code, 4001);
    /// assert_eq!(Close::from_app(999, ""), Err(InvalidClose::Code { code: 999 }));
    /// # Ok::<(), InvalidClose>(())
    /// ```
    pub fn from_app(code: u16, reason: &str) -> Result<Self, InvalidClose> {
        if code != 1000 && !(3000..=4999).contains(&code) {
            return Err(InvalidClose::Code { code });
        }
        if reason.len() > 123 {
            return Err(InvalidClose::Reason { bytes: reason.len() });
        }
        Ok(Self { code, reason: reason.to_owned().into() })
    }
}

/// A close that no peer may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidClose {
    /// The code belongs to the protocol or to nobody.
    #[error("an app closes with 1000 or 3000 to 4999, not {code}")]
    Code {
        /// The code asked for.
        code: u16,
    },
    /// A close frame has room for 123 bytes.
    #[error("a close reason has at most 123 bytes, not {bytes}")]
    Reason {
        /// How long it was.
        bytes: usize,
    },
}

/// Why one frame was not handled; the `code` of a v1 `error` frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorCode {
    /// Not a frame of this protocol.
    BadFrame,
    /// `msg` does not fit the room's message type.
    BadMessage,
    /// `state` does not fit the room's presence type.
    BadPresence,
    /// Over the rate limit.
    RateLimited,
    /// Over one of the size limits.
    TooLarge,
    /// The room's handler returned an error or panicked.
    HandlerFailed,
    /// The room does not let its member do that.
    Denied,
}

impl ErrorCode {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadFrame => "bad_frame",
            Self::BadMessage => "bad_message",
            Self::BadPresence => "bad_presence",
            Self::RateLimited => "rate_limited",
            Self::TooLarge => "too_large",
            Self::HandlerFailed => "handler_failed",
            Self::Denied => "denied",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_server_that_restarts_says_when_to_come_back() {
        assert_eq!(Close::restarting(250).retry_ms(), Some(250));
        let close = |code, reason: &'static str| Close { code, reason: reason.into() };
        for other in
            [Close::DONE, close(4000, "retry=5"), close(1012, ""), close(1012, "retry=x"), close(1012, "retry=-1")]
        {
            assert_eq!(other.retry_ms(), None, "{other:?}");
        }
    }
}
