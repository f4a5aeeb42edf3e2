//! One WebSocket, as a client that keeps the rules.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::difference::Mismatch;

pub(crate) struct Client {
    ws: WebSocketStream<TcpStream>,
    patience: Duration,
    /// Of the answer to the handshake.
    pub(crate) status: u16,
}

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Got {
    Text(String),
    Binary(usize),
    /// The answer to [`Client::ping`].
    Pong,
    /// A close frame; 1005 when it had no code.
    Close(u16, String),
    /// The end of the connection.
    End,
    /// Nothing, for so long.
    Silence(Duration),
}

impl fmt::Display for Got {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Binary(bytes) => write!(f, "a binary message of {bytes} bytes"),
            Self::Pong => f.write_str("nothing before the answer to a ping"),
            Self::Close(code, reason) => write!(f, "a close frame: {code} `{reason}`"),
            Self::End => f.write_str("the end of the connection"),
            Self::Silence(patience) => write!(f, "nothing for {} s", patience.as_secs()),
        }
    }
}

impl Client {
    pub(crate) async fn connect(
        authority: &str,
        url: &str,
        headers: &BTreeMap<String, String>,
        patience: Duration,
    ) -> Result<Self, Mismatch> {
        let refused = |got: &dyn fmt::Display| Mismatch::new("a completed handshake", got);
        let mut request = format!("ws://{authority}{url}").into_client_request().map_err(|error| refused(&error))?;
        for (name, value) in headers {
            let name = HeaderName::try_from(name).map_err(|error| refused(&error))?;
            let value = HeaderValue::try_from(value).map_err(|error| refused(&error))?;
            request.headers_mut().insert(name, value);
        }
        let opened = tokio::time::timeout(patience, async {
            let stream = TcpStream::connect(authority).await.map_err(Error::Io)?;
            stream.set_nodelay(true).map_err(Error::Io)?;
            tokio_tungstenite::client_async(request, stream).await
        });
        match opened.await {
            Ok(Ok((ws, response))) => Ok(Self { ws, patience, status: response.status().as_u16() }),
            Ok(Err(Error::Http(response))) => Err(refused(&format_args!("the status {}", response.status()))),
            Ok(Err(error)) => Err(refused(&error)),
            Err(_) => Err(refused(&Got::Silence(patience))),
        }
    }

    /// Sends a frame that may find the connection closed: then what comes next says so.
    pub(crate) async fn send(&mut self, text: &str) {
        self.say(Message::text(text)).await;
    }

    /// As [`Client::send`].
    pub(crate) async fn send_binary(&mut self, bytes: Vec<u8>) {
        self.say(Message::binary(bytes)).await;
    }

    /// As [`Client::send`].
    pub(crate) async fn ping(&mut self) {
        self.say(Message::Ping(PROBE.into())).await;
    }

    /// Sends a close frame; `None` is one without a code.
    pub(crate) async fn close(&mut self, code: Option<u16>, reason: &str) {
        let frame = code.map(|code| CloseFrame { code: code.into(), reason: reason.into() });
        self.say(Message::Close(frame)).await;
    }

    /// What comes next. Pings are answered on the way.
    pub(crate) async fn next(&mut self) -> Got {
        loop {
            let Ok(message) = tokio::time::timeout(self.patience, self.ws.next()).await else {
                return Got::Silence(self.patience);
            };
            return match message {
                Some(Ok(Message::Text(text))) => Got::Text(text.to_string()),
                Some(Ok(Message::Binary(bytes))) => Got::Binary(bytes.len()),
                Some(Ok(Message::Pong(payload))) if payload == PROBE => Got::Pong,
                Some(Ok(Message::Close(Some(frame)))) => Got::Close(frame.code.into(), frame.reason.to_string()),
                Some(Ok(Message::Close(None))) => Got::Close(1005, String::new()),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                Some(Err(_)) | None => Got::End,
            };
        }
    }

    async fn say(&mut self, message: Message) {
        let _what_comes_next_tells = tokio::time::timeout(self.patience, self.ws.send(message)).await;
    }
}

const PROBE: &str = "is there more?";
