//! The object's half: one room, one typed socket, or what is listened to under one key, from its first connection to its last.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use roomful::{BuildError, Rooms};
use roomful_core::frame::encode;
use roomful_core::session::SealKey;
use roomful_core::{Close, Dialect, MemberId};
use roomful_runtime::sse::{EventStream, LAST_EVENT_ID, Presented};
use roomful_runtime::{Act, Admitted, Connection, Host as _, Kept, KeptError, Platform};
use worker::js_sys::Uint8Array;
use worker::worker_sys::ext::WebSocketExt as _;
use worker::{
    Env, Request, Response, State, WebSocket, WebSocketIncomingMessage, WebSocketPair, WebSocketRequestResponsePair,
};

use crate::alarm::Woken;
use crate::host::ObjectHost;
use crate::instances::{self, Define, Instance};
use crate::objects::BINDING;
use crate::reach::{self, ObjectReach};
use crate::socket::{Sockets, close_socket};
use crate::store::Stored;
use crate::streams::{self, Streams};
use crate::{console, edge, forwarded};

/// The platform takes 32,768 sockets in one object, and fails where there is one more.
const MOST_SOCKETS: usize = 32_000;
/// Answered by the platform without waking the object, byte for byte.
const PING: &str = r#"{"t":"ping"}"#;

/// What is in the class that [`room_object!`](crate::room_object) exports.
pub struct Object(Result<Rc<RoomInstance>, BuildError>);

struct RoomInstance {
    state: Rc<State>,
    platform: Platform,
    host: Arc<ObjectHost>,
    sockets: Sockets,
    streams: Streams,
    answers_pings: Cell<bool>,
    /// Whether it goes on with what earlier instances have left.
    goes_on: Cell<bool>,
    /// Whether tokens are sealed.
    seals: Cell<bool>,
}

impl Object {
    /// A new instance, which goes on with whatever sockets there are.
    #[must_use]
    pub fn new(state: State, env: &Env, rooms: Define) -> Self {
        console::install();
        Self(instances::definitions(rooms, env).map(|rooms| RoomInstance::new(state, env, &rooms)))
    }

    /// A request of the worker's: a connection that it has admitted, or something to do with the room.
    ///
    /// # Errors
    ///
    /// When the definitions have a mistake, or the platform fails.
    pub async fn fetch(&self, mut request: Request) -> worker::Result<Response> {
        let room = self.0.as_ref().map_err(|error| worker::Error::RustError(error.to_string()))?;
        room.go_on(Woken::ByEvent).await;
        let Some(header) = request.headers().get(forwarded::ADMITTED)? else {
            let act = reach::read(&request.bytes().await?)?;
            let runs_hooks = matches!(act, Act::Kick { .. } | Act::KickUser { .. } | Act::EndSession { .. });
            let response = reach::answer(&room.platform, act);
            if runs_hooks {
                // Nothing else that is asked waits for hooks: two rooms whose hooks ask each other would wait for ever.
                room.host.tasks.quiet().await;
            }
            return response;
        };
        let admitted = forwarded::decode(&header)?;
        match request.headers().get("upgrade")? {
            Some(_) => room.connect(admitted),
            None => {
                let presented = request.headers().get(LAST_EVENT_ID.as_str())?;
                room.listen(admitted, presented.as_deref()).await
            }
        }
    }

    /// A frame from a client.
    pub async fn message(&self, socket: &WebSocket, message: WebSocketIncomingMessage) {
        let Ok(room) = &self.0 else { return };
        room.go_on(Woken::ByEvent).await;
        let message = match message {
            WebSocketIncomingMessage::String(text) => Bytes::from(text),
            WebSocketIncomingMessage::Binary(bytes) => Bytes::from(bytes),
        };
        // A connection that is over already is kept no more; what its client still sends is of no interest.
        if let Some(connection) = room.connection(socket) {
            room.receive(&connection, &message);
        }
        room.host.tasks.quiet().await;
    }

    /// A socket is closed, by its client or by its loss.
    pub async fn close(&self, socket: &WebSocket, code: usize, reason: String) {
        let close = Close { code: u16::try_from(code).unwrap_or(Close::LOST.code), reason: reason.into() };
        close_socket(socket, &close);
        let Ok(room) = &self.0 else { return };
        room.go_on(Woken::ByEvent).await;
        room.end(socket, |connection| match close.code {
            // This stands for a close frame that never was.
            1006 => connection.end(&Close::LOST, None),
            _ => connection.closed_by_client(&close),
        });
        room.host.tasks.quiet().await;
    }

    /// A socket failed.
    pub async fn error(&self, socket: &WebSocket, error: worker::Error) {
        let Ok(room) = &self.0 else { return };
        room.go_on(Woken::ByEvent).await;
        room.end(socket, |connection| connection.end(&Close::LOST, Some(error.to_string().into())));
        room.host.tasks.quiet().await;
    }

    /// The time has come that an instance, this one or another, asked to be woken at.
    ///
    /// # Errors
    ///
    /// When the platform fails.
    pub async fn alarm(&self) -> worker::Result<Response> {
        if let Ok(room) = &self.0 {
            room.go_on(Woken::ByAlarm).await;
            room.host.alarm.rings(room.host.now());
            room.platform.wake();
            room.host.tasks.quiet().await;
        }
        Response::empty()
    }
}

impl RoomInstance {
    fn new(state: State, env: &Env, rooms: &Rooms) -> Rc<Self> {
        let state = Rc::new(state);
        #[allow(clippy::arc_with_non_send_sync, reason = "one type for every target; there is one thread here")]
        let host = Arc::new(ObjectHost::new(&state));
        let platform = rooms.platform().fresh(|| ObjectReach::bound_as(BINDING, env));
        platform.start(|| Arc::clone(&host) as _);
        let room = Rc::new(Self {
            state,
            platform,
            host,
            sockets: Sockets::default(),
            streams: Streams::default(),
            answers_pings: Cell::new(false),
            goes_on: Cell::new(false),
            seals: Cell::new(false),
        });
        instances::succeed(room.state.id().to_string(), &(Rc::clone(&room) as Rc<dyn Instance>));
        room
    }

    /// Before the first event is looked at, goes on with what earlier instances have left: their sockets, the members whom they
    /// held, and what they still had to tell. No other event comes in while the storage is asked. Before every event, does what
    /// its time has come for.
    async fn go_on(&self, woken: Woken) {
        if self.goes_on.replace(true) {
            return self.platform.wake();
        }
        let stored = if self.platform.has_sessions() { self.host.store.load().await } else { Stored::default() };
        if let Some(key) = &stored.key {
            self.seal_with(key);
        }
        let is_left_over = !stored.held.is_empty() || !self.state.get_websockets().is_empty();
        self.host.alarm.take_over(stored.alarm);
        let tells = is_left_over && self.host.alarm.is_for_states(woken, self.host.now()).await;
        self.platform.bar(stored.barred);
        self.restore(stored.held);
        if tells {
            self.platform.catch_up();
        }
    }

    /// The sockets that an earlier instance has accepted, and those who are held.
    fn restore(&self, held: Vec<Kept>) {
        let (mut sockets, mut all_kept) = (Vec::new(), Vec::new());
        for socket in self.state.get_websockets() {
            match kept_beside(&socket) {
                Ok(Some(kept)) => {
                    self.host.attach(kept.id().clone(), socket.clone());
                    sockets.push((kept.id().clone(), socket));
                    all_kept.push(kept);
                }
                // It is over, and only its close is still to come.
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(%error, "a connection cannot be gone on with");
                    close_socket(&socket, &Close::restarting(0));
                }
            }
        }
        for (connection, (id, socket)) in self.platform.restore(all_kept, held).into_iter().zip(sockets) {
            self.serve(id, connection, socket);
        }
    }

    fn connect(&self, admitted: Admitted) -> worker::Result<Response> {
        let dialect = admitted.dialect();
        if self.sockets.len() + self.streams.len() >= MOST_SOCKETS {
            return edge::refuse(dialect, &Close::ROOM_FULL);
        }
        let WebSocketPair { client, server } = WebSocketPair::new()?;
        if !self.seals.get() && self.platform.gives_session(&admitted) {
            self.seal_with_a_new_key();
        }
        let connection = self.platform.connect(admitted);
        // Its own, which it is kept by; it may become a member that was there before.
        let id = connection.member().clone();
        self.state.accept_websocket_with_tags(&server, &[id.as_str()]);
        self.host.attach(id.clone(), server.clone());
        self.serve(id, connection, server);
        edge::switch_to(client, dialect)
    }

    /// A response that lasts, in place of a socket.
    async fn listen(&self, admitted: Admitted, presented: Option<&str>) -> worker::Result<Response> {
        let Some(kind) = self.platform.only_listens(&admitted) else {
            return streams::refused((&Close::JOIN_FAILED).into());
        };
        if self.sockets.len() + self.streams.len() >= MOST_SOCKETS {
            return streams::refused((&Close::ROOM_FULL).into());
        }
        let presented = Presented::of(presented);
        let admitted = match presented.position {
            Some(position) => admitted.listened_to(position),
            None => admitted,
        };
        match EventStream::begin(self.platform.connect(admitted), kind, presented).await {
            Ok(stream) => self.streams.respond(stream),
            Err(refusal) => streams::refused(refusal),
        }
    }

    fn seal_with_a_new_key(&self) {
        let key: Vec<u8> = [self.host.random(), self.host.random()].into_iter().flat_map(u128::to_be_bytes).collect();
        self.host.store.put_key(&key);
        self.seal_with(&key);
    }

    fn seal_with(&self, key: &[u8]) {
        self.platform.seal_with(SealKey::new(key));
        self.seals.set(true);
    }

    fn serve(&self, id: MemberId, connection: Connection, socket: WebSocket) {
        if connection.dialect() == Dialect::V1 && !self.answers_pings.replace(true) {
            match WebSocketRequestResponsePair::new(PING, &String::from_utf8_lossy(encode::PONG)) {
                Ok(pair) => self.state.set_websocket_auto_response(&pair),
                Err(error) => tracing::error!(?error, "pings wake this object"),
            }
        }
        self.sockets.add(id, connection, socket);
    }

    fn connection(&self, socket: &WebSocket) -> Option<Rc<RefCell<Connection>>> {
        self.sockets.get(&self.id_of(socket)?)
    }

    /// Every socket has one tag, the id that it is kept by.
    fn id_of(&self, socket: &WebSocket) -> Option<MemberId> {
        let tag = self.state.get_tags(socket).into_iter().next()?;
        MemberId::parse(&tag).ok()
    }

    fn receive(&self, connection: &Rc<RefCell<Connection>>, message: &Bytes) {
        let mut receiving = connection.borrow_mut();
        let limits = receiving.limits();
        if message.len() > limits.frame_bytes {
            return end_with(&receiving, Close::TOO_BIG);
        }
        // Here nobody can be kept from sending: what the rate lets through at once has to wait in memory.
        let (frames, bytes) = receiving.queued();
        if frames >= limits.handler_queue.max(limits.rate.burst as usize) || bytes >= limits.outbox_bytes {
            return end_with(&receiving, Close::OVERLOADED);
        }
        receiving.receive(message);
        if let Some(wait) = receiving.release_in() {
            let (time, connection) =
                (self.host.sleep_until(self.host.now().saturating_add(wait)), Rc::clone(connection));
            self.host.spawn(Box::pin(async move {
                time.await;
                connection.borrow_mut().release();
            }));
        }
    }

    fn end(&self, socket: &WebSocket, end: impl FnOnce(&Connection)) {
        let Some(id) = self.id_of(socket) else { return };
        if let Some(connection) = self.sockets.remove(&id) {
            end(&connection.borrow());
        }
        self.host.detach(&id);
    }
}

impl Instance for RoomInstance {
    fn put_away(&self) {
        self.platform.put_away();
        self.sockets.clear();
        self.streams.end();
        self.host.detach_all();
    }
}

impl Drop for RoomInstance {
    fn drop(&mut self) {
        self.put_away();
    }
}

/// Closes from this side, and does not wait for the client to answer.
fn end_with(connection: &Connection, close: Close) {
    connection.close(close.clone());
    connection.end(&close, None);
}

/// What [`ObjectHost`] has put there; `None` when the connection is over.
fn kept_beside(socket: &WebSocket) -> Result<Option<Kept>, KeptError> {
    match socket.as_ref().deserialize_attachment() {
        Ok(attachment) if attachment.is_null() => Ok(None),
        Ok(attachment) => Kept::from_bytes(&Uint8Array::new(&attachment).to_vec()).map(Some),
        Err(error) => {
            tracing::error!(?error, "what was kept beside a socket cannot be had");
            Ok(None)
        }
    }
}
