//! One connection after the other, as one client.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use roomful_core::Dialect;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::http::header;
use uuid::Uuid;

use super::backoff::Backoff;
use super::closing::Closing;
use super::connect::{Connector, Offer, Opened};
use super::heading::Heading;
use super::line::Line;
use super::not_opened::NotOpened;
use super::session::Session;
use crate::door::Door;

/// A client of one room, that comes back with its session.
pub(crate) struct Client {
    door: Door,
    connector: Connector,
    session: Session,
    backoff: Backoff,
    phase: Phase,
    /// Frames on this connection; one that had more than its greeting has lasted.
    heard: u64,
}

type Opening = Pin<Box<dyn Future<Output = Result<Opened, NotOpened>> + Send>>;

enum Phase {
    Waiting(Instant),
    Opening(Opening),
    Open(Box<Line>),
    /// Nobody was told yet.
    Ended(Closing),
    Over,
}

/// What happens to a client.
#[derive(Debug)]
pub(crate) enum Happening {
    /// The handshake is done.
    Opened { is_v1: bool },
    /// One that the server sent.
    Frame(String),
    /// There was no connection; it is tried again after so long.
    NotOpened(NotOpened, Duration),
    /// The connection ended; it comes back after so long.
    Lost(Closing, Duration),
    /// It ended, and nobody comes back.
    Closed(Closing),
}

impl Client {
    pub(crate) fn new(door: Door, connector: Connector) -> Self {
        let phase = Phase::Waiting(Instant::now());
        Self { door, connector, session: Session::default(), backoff: Backoff::default(), phase, heard: 0 }
    }

    /// What happens next; after [`Happening::Closed`] nothing ever does. Whoever gives up waiting loses nothing.
    pub(crate) async fn next(&mut self) -> Happening {
        loop {
            match &mut self.phase {
                Phase::Waiting(until) => {
                    sleep_until(*until).await;
                    self.phase = Phase::Opening(self.open());
                }
                Phase::Opening(opening) => match opening.await {
                    Ok(opened) => return self.opened(opened),
                    Err(error) => return Happening::NotOpened(error, self.wait(None)),
                },
                Phase::Open(line) => match line.next().await {
                    Ok(frame) => return self.heard(frame),
                    Err(closing) => return self.lost(closing),
                },
                Phase::Ended(closing) => {
                    let closing = closing.clone();
                    return self.lost(closing);
                }
                Phase::Over => std::future::pending().await,
            }
        }
    }

    /// Sends it where there is a connection; what ends the connection meanwhile is what happens next.
    pub(crate) async fn send(&mut self, frame: String) {
        if let Phase::Open(line) = &mut self.phase
            && let Err(closing) = line.send(frame).await
        {
            self.phase = Phase::Ended(closing);
        }
    }

    /// Leaves the room for good, if it is in it.
    pub(crate) async fn leave(&mut self) {
        if let Phase::Open(line) = std::mem::replace(&mut self.phase, Phase::Over) {
            // How the other side takes it changes nothing any more.
            let _closing = line.leave().await;
        }
    }

    fn open(&self) -> Opening {
        let (connector, door) = (self.connector.clone(), self.door.clone());
        let offer = Offer { session: self.session.offer(), ..Offer::default() };
        Box::pin(async move { connector.open(&door, &offer).await })
    }

    fn opened(&mut self, opened: Opened) -> Happening {
        let selected = opened.headers.get(header::SEC_WEBSOCKET_PROTOCOL);
        let is_v1 = selected.is_some_and(|selected| selected == Dialect::V1_SUBPROTOCOL);
        self.heard = 0;
        self.phase = Phase::Open(Box::new(Line::new(opened, is_v1)));
        Happening::Opened { is_v1 }
    }

    fn heard(&mut self, frame: String) -> Happening {
        self.heard = self.heard.saturating_add(1);
        if self.heard == 2 {
            self.backoff.afresh();
        }
        if let Some(heading) = Heading::read(&frame) {
            self.session.take(&heading);
        }
        Happening::Frame(frame)
    }

    fn lost(&mut self, closing: Closing) -> Happening {
        if !closing.may_return() {
            self.phase = Phase::Over;
            return Happening::Closed(closing);
        }
        let wait = self.wait(closing.retry());
        Happening::Lost(closing, wait)
    }

    /// `named`: by the server.
    fn wait(&mut self, named: Option<Duration>) -> Duration {
        let wait = named.unwrap_or_else(|| self.backoff.next(random()));
        self.phase = Phase::Waiting(Instant::now() + wait);
        wait
    }
}

/// In [0, 1).
fn random() -> f64 {
    // As many bits as a fraction has.
    let bits = Uuid::new_v4().as_u64_pair().1 & ((1 << 53) - 1);
    bits as f64 / (1_u64 << 53) as f64
}
