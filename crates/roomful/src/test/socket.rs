//! A typed socket in memory, and a client of it.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use roomful_core::frame::socket;
use roomful_core::{Close, Dialect, Json};
use roomful_runtime::{Destination, ToWrite};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::fail::fail;
use super::kit::{Kit, Wire, drives_a_kit};
use crate::hooks::SocketHooks;
use crate::{IntoSocketSetup, MemberId, Socket, SocketChannel, SocketConn, SocketIncoming, SocketOutgoing};

const NAME: &str = "socket";

/// One socket definition, ready to be connected to.
///
/// ```
/// use roomful::test::{SocketEvent, TestSocket};
/// # use roomful::{Deny, Result, Socket, SocketConn, SocketChannel, Upgrade};
/// # #[derive(Clone, SocketChannel)]
/// # #[socket("doc/:docId", message = String)]
/// # struct Assistant { doc_id: String }
/// # struct Answers;
/// # impl Socket for Answers {
/// #     type Channel = Assistant;
/// #     type Data = String;
/// #     async fn data(&self, _: &Upgrade<Assistant>) -> Result<String, Deny> { Err(Deny::forbidden()) }
/// #     async fn message(&self, socket: &SocketConn<Self>, question: String) -> Result {
/// #         socket.send(&format!("{}, you ask {question}", socket.data()))
/// #     }
/// # }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let socket = TestSocket::new(Answers);
/// let mut ann = socket.open(Assistant { doc_id: "1".into() }, "ann".to_owned()).await;
/// ann.send(&"why".to_owned());
/// assert_eq!(ann.next().await, SocketEvent::Message("ann, you ask why".to_owned()));
/// # }
/// ```
pub struct TestSocket<S: Socket> {
    kit: Kit,
    socket: Arc<S>,
}

/// One thing that reached a client. `M` is what the server sends.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum SocketEvent<M> {
    /// A message.
    Message(M),
    /// Something that this client sent was not handled.
    Error {
        /// The code on the wire, `bad_message` for one.
        code: String,
        /// What was wrong.
        reason: String,
    },
    /// The connection was closed; nothing follows.
    Closed(Close),
}

/// One client of a socket. Dropping it is losing the connection.
pub struct TestClient<S: Socket> {
    wire: Wire,
    socket: std::marker::PhantomData<fn() -> S>,
}

impl<S: Socket> TestSocket<S> {
    /// Takes what `ModuleBuilder::socket` takes: a socket, or one with guards and limits around it.
    ///
    /// # Panics
    ///
    /// When the definition has a mistake.
    #[must_use]
    pub fn new(socket: impl IntoSocketSetup<Socket = S>) -> Self {
        let setup = socket.into_socket_setup();
        let (socket, limits) = (Arc::clone(&setup.socket), setup.around.limits.clone());
        Self { kit: Kit::new(NAME, limits, |module| module.socket(NAME, setup)), socket }
    }

    /// Connects as somebody with this data; guards and `data` do not run.
    ///
    /// # Panics
    ///
    /// When the connection is closed before it stands.
    pub async fn open(&self, key: S::Channel, data: S::Data) -> TestClient<S> {
        let socket = Arc::clone(&self.socket);
        let wire = self.kit.begin(Destination::Socket, None, move |member, rooms| {
            Arc::new(SocketHooks { socket, conn: SocketConn::new(key, data, member, rooms) })
        });
        match TestClient::open(wire).await {
            Ok(client) => client,
            Err(close) => fail(&format!("the client was closed instead of let in: {close:?}")),
        }
    }

    /// Connects as a client does: params, guards and `data` run on `request`, whose URI is replaced.
    ///
    /// # Errors
    ///
    /// The close of the connection, where it was not let in.
    pub async fn connect(&self, key: &S::Channel, request: Request<()>) -> Result<TestClient<S>, Close> {
        TestClient::open(self.kit.connect(&key.to_params(), request)).await
    }
}

drives_a_kit!(TestSocket<S: Socket>, "socket");

impl<S: Socket> TestClient<S> {
    async fn open(wire: Wire) -> Result<Self, Close> {
        let first = wire.first().await?;
        if read(&first)["t"] != "open" {
            fail("the first frame is not `open`");
        }
        Ok(Self { wire, socket: std::marker::PhantomData })
    }

    /// What the socket's hooks know the connection by.
    #[must_use]
    pub fn id(&self) -> &MemberId {
        self.wire.id()
    }

    /// Says something.
    pub fn send(&self, msg: &SocketIncoming<S>)
    where
        SocketIncoming<S>: Serialize,
    {
        let msg = Json::encode(msg).unwrap_or_else(|error| fail(&error.to_string()));
        self.send_raw(socket::message(Dialect::V1, &msg));
    }

    /// Sends a WebSocket message as it is, for what a broken or hostile client sends.
    pub fn send_raw(&self, message: impl Into<Bytes>) {
        self.wire.send(&message.into());
    }

    /// The next WebSocket message as it was written, where one waits. It is then not an event any more.
    #[must_use]
    pub fn written(&self) -> Option<String> {
        self.wire.written()
    }

    /// The next thing that reaches this client.
    ///
    /// # Panics
    ///
    /// When nothing more will: no hook runs and no timer waits.
    pub async fn next(&mut self) -> SocketEvent<SocketOutgoing<S>>
    where
        SocketOutgoing<S>: DeserializeOwned,
    {
        match self.try_next().await {
            Some(event) => event,
            None => fail("nothing more reaches this client: no hook runs and no timer waits"),
        }
    }

    /// The next thing that reaches this client; `None` when nothing more will.
    pub async fn try_next(&mut self) -> Option<SocketEvent<SocketOutgoing<S>>>
    where
        SocketOutgoing<S>: DeserializeOwned,
    {
        loop {
            let frame = match self.wire.next().await? {
                ToWrite::Frame(frame) => frame,
                ToWrite::Close(close) => return Some(SocketEvent::Closed(close)),
            };
            if !socket::is_protocol_frame(&frame) {
                let msg = serde_json::from_slice(&frame).unwrap_or_else(|error| fail(&error.to_string()));
                return Some(SocketEvent::Message(msg));
            }
            let frame = read(&frame);
            if frame["t"] == "error" {
                let text = |key: &str| frame[key].as_str().unwrap_or_default().to_owned();
                return Some(SocketEvent::Error { code: text("code"), reason: text("reason") });
            }
        }
    }

    /// Reads everything that reaches this client, and returns it.
    pub async fn settle(&mut self) -> Vec<SocketEvent<SocketOutgoing<S>>>
    where
        SocketOutgoing<S>: DeserializeOwned,
    {
        let mut events = Vec::new();
        while let Some(event) = self.try_next().await {
            events.push(event);
        }
        events
    }

    /// Closes the connection as a client does, and waits until its hooks have run.
    pub async fn close(self, code: u16, reason: &str) {
        self.wire.close(&Close { code, reason: reason.to_owned().into() }).await;
    }
}

fn read(frame: &Bytes) -> Value {
    serde_json::from_slice(frame).unwrap_or_else(|error| fail(&format!("the server wrote what is not JSON: {error}")))
}
