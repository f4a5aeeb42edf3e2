//! What drives a definition in memory: the rooms that it is among, and the host that they run on.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use http::Request;
use roomful_core::session::Offered;
use roomful_core::{Close, Dialect, Limits, MemberId};
use roomful_runtime::{Connection, Destination, Hooks, Host, LiveMember, Mailbox, MaybeSend, Opening, ToWrite};

use super::fail::fail;
use super::host::TestHost;
use crate::{ModuleBuilder, Params, Rooms, Stats};

const MODULE: &str = "test";

/// One definition, ready to be connected to.
pub(super) struct Kit {
    pub(super) rooms: Rooms,
    name: &'static str,
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
        let built = Rooms::new().limits(limits).module(MODULE, define).build();
        let rooms = built.unwrap_or_else(|mistakes| fail(&mistakes.to_string()));
        let host = TestHost::new();
        rooms.platform().start(|| Arc::clone(&host) as Arc<dyn Host>);
        Self { rooms, name, host }
    }

    /// Connects without guards and `data`. `offer`: the sub-protocol that asks for a session.
    pub(super) fn begin(
        &self,
        destination: Destination,
        offer: Option<&str>,
        hooks: impl FnOnce(Arc<LiveMember>, Rooms) -> Arc<dyn Hooks> + MaybeSend + 'static,
    ) -> Wire {
        let (rooms, platform) = (self.rooms.clone(), self.rooms.platform());
        let definition = platform.app().definitions().first().unwrap_or_else(|| fail("nothing is defined"));
        let open = Box::new(move |member| Box::pin(async move { Ok(hooks(member, rooms)) }) as _);
        let terms = Arc::clone(&definition.terms);
        let (peer, request_bytes, resume, turn) = (None, 0, Offered::find(offer), None);
        let opening = Opening { destination, terms, peer, request_bytes, open, resume, turn };
        self.wire(platform.open(Dialect::V1, Ok(opening)))
    }

    /// Connects as a client does.
    pub(super) fn connect(&self, params: &Params, request: Request<()>) -> Wire {
        let (mut parts, ()) = request.into_parts();
        let params = serde_json::to_string(params).unwrap_or_else(|error| fail(&error.to_string()));
        let extra = parts.uri.query().map(|query| format!("&{query}")).unwrap_or_default();
        let uri = format!("{}?m={MODULE}&s={}&r={}{extra}", self.rooms.path(), self.name, percent_encode(&params));
        parts.uri = uri.parse().unwrap_or_else(|error| fail(&format!("{uri}: {error}")));
        self.wire(self.rooms.platform().read(parts, Dialect::V1).connect())
    }

    pub(super) fn system_time(&self) -> SystemTime {
        self.host.system_time()
    }

    pub(super) async fn advance(&self, ms: u64) {
        self.host.advance(ms).await;
    }

    pub(super) async fn stats(&self) -> Stats {
        self.host.settle().await;
        self.rooms.stats()
    }

    fn wire(&self, connection: Connection) -> Wire {
        let (id, mailbox) = (connection.member().clone(), Arc::clone(connection.mailbox()));
        Wire { connection: Mutex::new(connection), id, mailbox, host: Arc::clone(&self.host) }
    }
}

/// What a kit can do beside connecting, be it of a room or of a socket.
macro_rules! drives_a_kit {
    ($kit:ident<$defined:ident: $trait:ident>, $what:literal) => {
        impl<$defined: $trait> $kit<$defined> {
            #[doc = concat!("The app that the ", $what, " is in, for example to drain it.")]
            #[must_use]
            pub fn rooms(&self) -> &$crate::Rooms {
                &self.kit.rooms
            }

            /// What the calendar says here, where time is virtual: what the data of a connection expires by.
            #[must_use]
            pub fn system_time(&self) -> ::std::time::SystemTime {
                self.kit.system_time()
            }

            /// Lets time pass, for what must happen although something else still waits.
            pub async fn advance(&self, ms: u64) {
                self.kit.advance(ms).await;
            }

            /// Runs everything that can run, and says what there is then.
            pub async fn stats(&self) -> $crate::Stats {
                self.kit.stats().await
            }
        }
    };
}
pub(super) use drives_a_kit;

/// A client's end of one connection. Dropping it is losing the connection.
pub(super) struct Wire {
    connection: Mutex<Connection>,
    id: MemberId,
    mailbox: Arc<Mailbox>,
    host: Arc<TestHost>,
}

impl Wire {
    /// The member's id, or a socket's own.
    pub(super) fn id(&self) -> &MemberId {
        &self.id
    }

    /// Sends a WebSocket message.
    pub(super) fn send(&self, message: &[u8]) {
        self.connection().receive(message);
    }

    /// The first frame; `Err` when the connection was closed instead.
    pub(super) async fn first(&self) -> Result<Bytes, Close> {
        match self.host.run_until(|cx| self.mailbox.poll_next(cx)).await {
            Ok(ToWrite::Frame(frame)) => Ok(frame),
            Ok(ToWrite::Close(close)) => Err(close),
            Err(()) => fail("the connection was neither let in nor closed"),
        }
    }

    /// What is written next; `None` when nothing more will be.
    pub(super) async fn next(&self) -> Option<ToWrite> {
        let written = self.host.run_until(|cx| self.mailbox.poll_next(cx)).await.ok()?;
        if let ToWrite::Close(close) = &written {
            self.connection().end(close, None);
        }
        Some(written)
    }

    /// The next WebSocket message as it was written, where one waits.
    pub(super) fn written(&self) -> Option<String> {
        match self.mailbox.try_next()? {
            ToWrite::Frame(frame) => Some(String::from_utf8_lossy(&frame).into_owned()),
            ToWrite::Close(_) => None,
        }
    }

    /// Closes as a client does, and waits until the hooks have run.
    pub(super) async fn close(self, close: &Close) {
        let host = Arc::clone(&self.host);
        self.hang_up(close);
        host.settle().await;
    }

    /// The same, without waiting.
    pub(super) fn hang_up(self, close: &Close) {
        self.connection().closed_by_client(close);
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Every byte, which is always right and never read by anybody.
fn percent_encode(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
