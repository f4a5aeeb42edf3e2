//! Why there is no connection, in words.

use std::io;
use std::time::Duration;

use tokio_tungstenite::tungstenite::error::{Error, ProtocolError, SubProtocolError};
use tokio_tungstenite::tungstenite::http::{HeaderMap, header};

use crate::screen::printable;

/// What came instead of a WebSocket.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotOpened {
    #[error("the host has no address: {0}")]
    Lookup(io::Error),
    #[error("nobody answers there: {0}")]
    Connect(io::Error),
    #[error("nothing came for {seconds} s while {0}", seconds = .1.as_secs())]
    Slow(&'static str, Duration),
    #[error("TLS fails: {0}")]
    Tls(io::Error),
    #[error("this machine has no certificates to compare the server's with: {0}")]
    NoRoots(String),
    #[error("the handshake cannot be written: {0}")]
    Request(Box<Error>),
    #[error("the handshake was answered {shown}", shown = .0.shown())]
    Answered(Box<Answer>),
    #[error("the answer to the handshake is none: {0}")]
    Malformed(Malformed),
    #[error("the connection was cut during the handshake: {0}")]
    Cut(String),
}

/// An answer of HTTP's that is no 101.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// What is wrong with an answer that says 101.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("it says 101 and has no `Upgrade: websocket`")]
    Upgrade,
    #[error("it says 101 and has no `Connection: Upgrade`")]
    Connection,
    #[error("its `Sec-WebSocket-Accept` does not fit the key that was sent")]
    Accept,
    #[error("it selects no sub-protocol where `roomful.v1` was offered")]
    NoSubProtocol,
    #[error("it selects a sub-protocol that was not offered")]
    OtherSubProtocol,
    #[error("it is not HTTP/1.1")]
    NotHttp,
}

/// So much of a body says what it is.
const BODY: usize = 200;

impl Answer {
    fn shown(&self) -> String {
        let mut shown = self.status.to_string();
        for (name, header) in [("from", header::SERVER), ("to", header::LOCATION)] {
            if let Some(value) = self.headers.get(header).and_then(|value| value.to_str().ok()) {
                // Where it leads may have a secret in its query.
                let value = value.split(['?', '#']).next().unwrap_or_default();
                shown.push_str(&format!(" {name} `{}`", printable(value)));
            }
        }
        let body = self.body.trim();
        if !body.is_empty() {
            let head: String =
                body.chars().take(BODY).map(|char| if char.is_whitespace() { ' ' } else { char }).collect();
            shown.push_str(&format!(": {}", printable(&head)));
        }
        shown
    }
}

impl From<Error> for NotOpened {
    fn from(error: Error) -> Self {
        match error {
            Error::Http(response) => {
                let (parts, body) = response.into_parts();
                let body = String::from_utf8_lossy(&body.unwrap_or_default()).into_owned();
                Self::Answered(Box::new(Answer { status: parts.status.as_u16(), headers: parts.headers, body }))
            }
            Error::Protocol(error) => Self::of_protocol(&error),
            Error::Io(error) => Self::Cut(error.to_string()),
            Error::ConnectionClosed | Error::AlreadyClosed => Self::Cut("it was closed".to_owned()),
            Error::HttpFormat(_) | Error::Utf8(_) | Error::Capacity(_) | Error::AttackAttempt => {
                Self::Malformed(Malformed::NotHttp)
            }
            other => Self::Cut(other.to_string()),
        }
    }
}

impl NotOpened {
    fn of_protocol(error: &ProtocolError) -> Self {
        Self::Malformed(match error {
            ProtocolError::MissingUpgradeWebSocketHeader => Malformed::Upgrade,
            ProtocolError::MissingConnectionUpgradeHeader => Malformed::Connection,
            ProtocolError::SecWebSocketAcceptKeyMismatch => Malformed::Accept,
            ProtocolError::SecWebSocketSubProtocolError(SubProtocolError::NoSubProtocol) => Malformed::NoSubProtocol,
            ProtocolError::SecWebSocketSubProtocolError(_) => Malformed::OtherSubProtocol,
            ProtocolError::HandshakeIncomplete => return Self::Cut("before there was an answer".to_owned()),
            _ => Malformed::NotHttp,
        })
    }

    /// In a word or two, for counting.
    pub(crate) fn kind(&self) -> String {
        match self {
            Self::Lookup(_) => "no address".to_owned(),
            Self::Connect(_) => "nobody answers".to_owned(),
            Self::Slow(..) => "nothing comes".to_owned(),
            Self::Tls(_) | Self::NoRoots(_) => "TLS fails".to_owned(),
            Self::Request(_) => "no request".to_owned(),
            Self::Answered(answer) => format!("answered {}", answer.status),
            Self::Malformed(malformed) => malformed.to_string(),
            Self::Cut(_) => "cut during the handshake".to_owned(),
        }
    }

    /// What is to be done about it.
    pub(crate) fn remedy(&self) -> &'static str {
        match self {
            Self::Lookup(_) => "see that the name is spelt as the name server has it",
            Self::Connect(_) => {
                "see that the server runs, that it listens on this port, and that no firewall stands before it"
            }
            Self::Slow(..) => "see that the server is not overloaded, and that what stands before it passes bytes on",
            Self::Tls(_) => {
                "see the certificate's names, its dates and its chain; SSL_CERT_FILE names a file with certificates to trust"
            }
            Self::NoRoots(_) => {
                "install the system's (on Debian `ca-certificates`), or name a file with them in SSL_CERT_FILE"
            }
            Self::Request(_) => "give a host and headers that HTTP can say",
            Self::Answered(answer) => of_status(answer.status),
            Self::Malformed(Malformed::Upgrade | Malformed::Connection) => {
                "what stands before the server takes `Upgrade` and `Connection` out of its answer: have it pass WebSockets on"
            }
            Self::Malformed(Malformed::Accept) => {
                "what answers has stored an answer, or is no WebSocket server: have nothing store answers of this path"
            }
            Self::Malformed(Malformed::NoSubProtocol) => {
                "either the server speaks the plain dialect alone (--plain), or what stands before it takes out \
                 `Sec-WebSocket-Protocol`: have it pass that header on, both ways"
            }
            Self::Malformed(Malformed::OtherSubProtocol) => {
                "see that the address is that of rooms: something else answers there"
            }
            Self::Malformed(Malformed::NotHttp) => {
                "see the port: something answers there that is not HTTP, or HTTP where TLS was meant (wss:// or ws://)"
            }
            Self::Cut(_) => {
                "see what stands before the server: it cut the connection; and the scheme (wss:// or ws://)"
            }
        }
    }
}

fn of_status(status: u16) -> &'static str {
    match status {
        200..=299 => {
            "something else answers on this path, as a page that is served for every address: have the proxy pass the rooms' path \
             on to the app before that, and see the path"
        }
        301..=308 => {
            "no WebSocket follows a redirect: give the address that it leads to (often `wss://` in place of `ws://`)"
        }
        400 | 426 => {
            "the upgrade did not get there: have what stands before the server pass `Upgrade` and `Connection` on, with HTTP/1.1 (in \
             nginx `proxy_http_version 1.1` and two `proxy_set_header`, as deploy/nginx/nginx.conf has them)"
        }
        401 | 407 => "what stands before the server asks for credentials of its own: give them with --header",
        403 => {
            "the origin was refused: allow it with `allowed_origins`, or have the proxy pass `Host` on as it came. Or a \
             firewall refused it"
        }
        404 => "nothing is served on this path: see it, and that the app merges `rooms.router()`",
        429 => "what stands before the server bounds how often this address may connect",
        502 | 504 => {
            "the proxy does not reach the app: see that the app runs, and the address that the proxy has of it"
        }
        503 => "the app is full, or restarts: see `Limits::connections` and `connections_per_ip`, or try again",
        _ => "see the log of what answers there",
    }
}
