//! What drives a definition in memory: the rooms that it is among, and the host that they run on.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use roomful_core::{Close, Dialect, Limits};

use super::fail;
use super::host::TestHost;
use crate::maybe_send::MaybeSend;
use crate::runtime::{Connection, Destination, Link, Opening, Outgoing as Written};
use crate::session::Session;
use crate::{ModuleBuilder, Params, Rooms, Stats};

const MODULE: &str = "test";

/// One definition, ready to be connected to.
pub(super) struct Kit {
    pub(super) rooms: Rooms,
    name: &'static str,
    limits: Arc<Limits>,
    host: Arc<TestHost>,
}

impl Kit {
    /// `define` registers the definition under `name`.
    pub(super) fn new(
        name: &'static str,
        limits: Option<Limits>,
        define: impl FnOnce(ModuleBuilder) -> ModuleBuilder,
    ) -> Self {
        let limits = limits.unwrap_or_default();
        let built = Rooms::new().limits(limits.clone()).module(MODULE, define).build();
        let rooms = built.unwrap_or_else(|mistakes| fail(&mistakes.to_string()));
        let host = TestHost::new();
        rooms.start(|| Arc::clone(&host) as Arc<dyn crate::runtime::Host>);
        Self { rooms, name, limits: Arc::new(limits), host }
    }

    /// Connects as somebody for whom neither guards nor `data` run.
    pub(super) fn begin(
        &self,
        destination: Destination,
        session: impl FnOnce(Arc<Link>) -> Arc<dyn Session> + MaybeSend + 'static,
    ) -> Wire {
        let limits = Arc::clone(&self.limits);
        let open = Box::new(move |link| Box::pin(async move { Ok(session(link)) }) as _);
        let opening = Opening { destination, limits, open };
        let connection = Connection::start(self.rooms.hub(), Dialect::V1, Ok(opening), tracing::Span::none(), None);
        Wire { connection, host: Arc::clone(&self.host) }
    }

    /// Connects as a client does.
    pub(super) fn connect(&self, params: &Params, request: Request<()>) -> Wire {
        let (mut parts, ()) = request.into_parts();
        let params = serde_json::to_string(params).unwrap_or_else(|error| fail(&error.to_string()));
        let extra = parts.uri.query().map(|query| format!("&{query}")).unwrap_or_default();
        let uri = format!("{}?m={MODULE}&s={}&r={}{extra}", self.rooms.path(), self.name, percent_encode(&params));
        parts.uri = uri.parse().unwrap_or_else(|error| fail(&format!("{uri}: {error}")));
        Wire { connection: self.rooms.admit(parts, Dialect::V1).connect(), host: Arc::clone(&self.host) }
    }

    pub(super) async fn advance(&self, ms: u64) {
        self.host.advance(ms).await;
    }

    pub(super) async fn stats(&self) -> Stats {
        self.host.settle().await;
        self.rooms.stats()
    }
}

/// A client's end of one connection. Dropping it is losing the connection.
pub(super) struct Wire {
    pub(super) connection: Connection,
    host: Arc<TestHost>,
}

impl Wire {
    /// The first frame; `Err` when the connection was closed instead.
    pub(super) async fn first(&self) -> Result<Bytes, Close> {
        match self.host.run_until(|cx| self.connection.mailbox().poll_next(cx)).await {
            Ok(Written::Frame(frame)) => Ok(frame),
            Ok(Written::Close(close)) => Err(close),
            Err(()) => fail("the connection was neither let in nor closed"),
        }
    }

    /// What is written next; `None` when nothing more will be.
    pub(super) async fn next(&self) -> Option<Written> {
        let written = self.host.run_until(|cx| self.connection.mailbox().poll_next(cx)).await.ok()?;
        if let Written::Close(close) = &written {
            self.connection.end(close, None);
        }
        Some(written)
    }

    /// The next WebSocket message as it was written, where one waits.
    pub(super) fn written(&self) -> Option<String> {
        match self.connection.mailbox().try_next()? {
            Written::Frame(frame) => Some(String::from_utf8_lossy(&frame).into_owned()),
            Written::Close(_) => None,
        }
    }

    /// Closes as a client does, and waits until the hooks have run.
    pub(super) async fn close(self, close: &Close) {
        self.connection.end(close, None);
        let host = Arc::clone(&self.host);
        drop(self);
        host.settle().await;
    }
}

/// Every byte, which is always right and never read by anybody.
fn percent_encode(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
