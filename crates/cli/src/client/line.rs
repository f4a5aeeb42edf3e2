//! One connection that stands.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use roomful_core::Close;
use serde_json::value::RawValue;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::closing::Closing;
use super::connect::{Opened, Stream};
use super::heading::Heading;
use super::liveness::{Beat, Liveness};

/// The answer to it is [`PONG`]; both have these exact bytes.
const PING: &str = r#"{"t":"ping"}"#;
const PONG: &str = r#"{"t":"pong"}"#;
const BYE: &str = r#"{"t":"bye"}"#;

/// How long what is sent may wait for a server that does not read.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long the peer's half of a closing handshake is waited for.
const CLOSE_PATIENCE: Duration = Duration::from_secs(5);

/// Its frames, one by one, as long as the server answers.
pub(crate) struct Line {
    socket: WebSocketStream<Box<dyn Stream>>,
    /// Those of a batch that were not asked for yet.
    batch: VecDeque<String>,
    has_batches: bool,
    pub(crate) is_v1: bool,
    liveness: Option<Liveness>,
    beat: Option<Instant>,
    /// A greeting came.
    is_greeted: bool,
    /// Answers to pings.
    pongs: u64,
}

impl Line {
    pub(crate) fn new(opened: Opened, is_v1: bool) -> Self {
        Self {
            socket: opened.socket,
            batch: VecDeque::new(),
            has_batches: false,
            is_v1,
            liveness: None,
            beat: None,
            is_greeted: false,
            pongs: 0,
        }
    }

    /// The next frame, pongs left out, or how it ended. Whoever gives up waiting for it loses nothing.
    ///
    /// # Errors
    ///
    /// When the connection has ended.
    pub(crate) async fn next(&mut self) -> Result<String, Closing> {
        loop {
            if let Some(frame) = self.step().await? {
                return Ok(frame);
            }
        }
    }

    /// Asks for an answer, and waits for it. Frames that come before it are let go of.
    ///
    /// # Errors
    ///
    /// When the connection has ended.
    pub(crate) async fn ping(&mut self) -> Result<(), Closing> {
        let before = self.pongs;
        self.send(PING.to_owned()).await?;
        while self.pongs == before {
            self.step().await?;
        }
        Ok(())
    }

    /// From now on it says nothing by itself.
    pub(crate) fn without_pings(mut self) -> Self {
        (self.liveness, self.beat) = (None, None);
        self
    }

    /// A frame, or something else that happened.
    async fn step(&mut self) -> Result<Option<String>, Closing> {
        if let Some(frame) = self.batch.pop_front() {
            return Ok(self.heard(frame));
        }
        let beat = self.beat;
        tokio::select! {
            message = self.socket.next() => self.take(message)?,
            () = due(beat) => self.keep_alive().await?,
        }
        Ok(None)
    }

    fn take(&mut self, message: Option<Result<Message, Error>>) -> Result<(), Closing> {
        match message {
            Some(Ok(Message::Text(text))) => self.split(text.as_str()),
            Some(Ok(Message::Close(frame))) => return Err(closed(frame)),
            // The socket answers pings itself.
            Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
            Some(Err(error)) => return Err(Closing::lost(error)),
            None => return Err(Closing::lost("the connection ended")),
        }
        Ok(())
    }

    /// Several frames in one message, in order.
    fn split(&mut self, text: &str) {
        let is_batch = self.has_batches || !self.is_greeted;
        let frames: Option<Vec<&RawValue>> =
            (self.is_v1 && is_batch && text.starts_with('[')).then(|| serde_json::from_str(text).ok()).flatten();
        match frames {
            Some(frames) => self.batch.extend(frames.into_iter().map(|frame| frame.get().to_owned())),
            None => self.batch.push_back(text.to_owned()),
        }
    }

    /// What is for this client itself.
    fn heard(&mut self, frame: String) -> Option<String> {
        if frame == PONG && self.is_v1 {
            self.pongs = self.pongs.wrapping_add(1);
            if let Some(liveness) = &mut self.liveness {
                liveness.answered();
            }
            return None;
        }
        if !self.is_greeted
            && let Some(greeting) = Heading::read(&frame).filter(Heading::is_greeting)
        {
            self.is_greeted = true;
            self.has_batches = greeting.has_batches();
            self.liveness = greeting.heartbeat.filter(|_| self.is_v1).map(Liveness::every);
            self.beat = self.liveness.as_ref().map(|liveness| Instant::now() + liveness.interval);
        }
        Some(frame)
    }

    async fn keep_alive(&mut self) -> Result<(), Closing> {
        let Some(liveness) = &mut self.liveness else {
            self.beat = None;
            return Ok(());
        };
        self.beat = Some(Instant::now() + liveness.interval);
        match liveness.beat() {
            Beat::Ping => self.send(PING.to_owned()).await,
            Beat::GiveUp => Err(Closing::lost("no answer to two pings")),
        }
    }

    /// # Errors
    ///
    /// When the connection has ended, or the server reads nothing.
    pub(crate) async fn send(&mut self, frame: String) -> Result<(), Closing> {
        match timeout(PATIENCE, self.socket.send(Message::text(frame))).await {
            Ok(sent) => sent.map_err(Closing::lost),
            Err(_) => Err(Closing::lost("the server does not read")),
        }
    }

    /// Ends it on purpose: its member leaves at once.
    pub(crate) async fn leave(mut self) -> Closing {
        if self.is_v1
            && let Err(closing) = self.send(BYE.to_owned()).await
        {
            return closing;
        }
        self.close(1000).await
    }

    /// Says this code, and what the peer's close frame says then.
    async fn close(mut self, code: u16) -> Closing {
        let frame = CloseFrame { code: CloseCode::from(code), reason: "".into() };
        let closing = async {
            if let Err(error) = self.socket.close(Some(frame)).await {
                return Closing::lost(error);
            }
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Close(frame))) => return closed(frame),
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Closing::lost(error),
                    None => return Closing::lost("the connection ended"),
                }
            }
        };
        timeout(CLOSE_PATIENCE, closing).await.unwrap_or_else(|_| Closing::lost("the close frame was not answered"))
    }
}

fn closed(frame: Option<CloseFrame>) -> Closing {
    match frame {
        Some(frame) => Closing { code: frame.code.into(), reason: frame.reason.to_string() },
        None => Closing { code: Close::NO_CODE.code, reason: String::new() },
    }
}

/// Never, where nothing is due.
async fn due(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
