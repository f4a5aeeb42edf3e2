//! The deployment that is looked at, and how to connect to it.

use std::time::Duration;

use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue, header};

use super::finding::Report;
use crate::client::{Connector, Line, NotOpened, Offer, Opened};
use crate::door::Door;

pub(super) struct Examined {
    pub(super) door: Door,
    /// The page's origin, in each handshake; none once it turned out that nobody gets in with it.
    pub(super) page: Option<HeaderValue>,
    pub(super) report: Report,
    pub(super) idle: Option<Duration>,
    connector: Connector,
}

impl Examined {
    pub(super) fn new(mut door: Door, connector: Connector, report: Report, idle: Option<Duration>) -> Self {
        let named = door.headers.iter().find(|(name, _)| *name == header::ORIGIN).map(|(_, value)| value.clone());
        door.headers.retain(|(name, _)| *name != header::ORIGIN);
        let own = || HeaderValue::try_from(door.address.origin()).ok();
        let page = named.or_else(own);
        Self { door, page, report, idle, connector }
    }

    pub(super) fn page(&self) -> String {
        let page = self.page.as_ref().and_then(|page| page.to_str().ok());
        page.unwrap_or("no origin").to_owned()
    }

    /// As the page would.
    pub(super) async fn open(&self) -> Result<Opened, NotOpened> {
        self.open_with(None, &[]).await
    }

    /// As the page would, with this session and these headers instead.
    pub(super) async fn open_with(
        &self,
        session: Option<String>,
        instead: &[(HeaderName, HeaderValue)],
    ) -> Result<Opened, NotOpened> {
        let page = self.page.clone().map(|page| (header::ORIGIN, page));
        let headers = page.into_iter().chain(instead.iter().cloned()).collect();
        self.connector.open(&self.door, &Offer { session, headers }).await
    }

    pub(super) async fn line(&self, session: Option<String>) -> Result<Line, NotOpened> {
        let opened = self.open_with(session, &[]).await?;
        Ok(Line::new(opened, !self.door.is_plain))
    }
}
