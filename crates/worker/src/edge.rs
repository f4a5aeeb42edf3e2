//! The worker's half: selectors, key, guards and data, before any object is woken.

use std::time::Duration;

use http::header::{ACCEPT, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use roomful::Rooms;
use roomful_core::pattern::Topic;
use roomful_core::{Close, Dialect};
use roomful_runtime::sse::Presented;
use roomful_runtime::{Act, Admitted, NotAdmitted, sse};
use worker::{Delay, Env, Headers, Request, RequestInit, Response, WebSocketPair};

use crate::objects::{BINDING, OBJECT, Objects};
use crate::reach::ObjectReach;
use crate::streams::{self, worker_headers};
use crate::{console, forwarded, request};

/// Serves rooms from a worker.
pub trait RoomsExt {
    /// Answers a request for the rooms' path; every other path is a 404. The objects are bound as `ROOMS`.
    ///
    /// # Errors
    ///
    /// When `wrangler.jsonc` has no such binding, or the platform fails.
    fn fetch(&self, request: Request, env: &Env) -> impl Future<Output = worker::Result<Response>>;

    /// The same rooms, with their objects under another binding's name.
    fn bound_as(&self, binding: &str) -> Edge;

    /// The same rooms, each reached in its object: [`Rooms::at`] works on what this returns. Without it a worker's `at` finds
    /// nobody, because no room lives in the worker. The objects are bound as `ROOMS`.
    fn on(&self, env: &Env) -> Rooms;
}

impl RoomsExt for Rooms {
    async fn fetch(&self, request: Request, env: &Env) -> worker::Result<Response> {
        self.bound_as(BINDING).fetch(request, env).await
    }

    fn bound_as(&self, binding: &str) -> Edge {
        Edge { rooms: self.clone(), binding: binding.to_owned() }
    }

    fn on(&self, env: &Env) -> Rooms {
        self.bound_as(BINDING).on(env)
    }
}

/// Rooms and the binding that their objects are found under. Made by [`RoomsExt::bound_as`].
pub struct Edge {
    rooms: Rooms,
    binding: String,
}

impl Edge {
    /// See [`RoomsExt::fetch`].
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn fetch(&self, request: Request, env: &Env) -> worker::Result<Response> {
        console::install();
        let Ok(parts) = request::parts(&request) else { return Response::error("this is no request", 400) };
        if parts.uri.path() != self.rooms.path() {
            return Response::error("not found", 404);
        }
        if parts.method != http::Method::GET {
            return Ok(Response::error("only GET upgrades to a WebSocket", 405)?.with_headers(headers("allow", "GET")?));
        }
        if sse::is_asked_for(&parts.method, &parts.headers) {
            return self.listen(parts, env).await;
        }
        if !asks_for_a_websocket(&parts.headers) {
            let response = Response::error("this is a WebSocket: send `Upgrade: websocket`", 426)?;
            return Ok(response.with_headers(headers("upgrade", "websocket")?));
        }
        let platform = self.rooms.platform();
        if !platform.allows_origin(&parts) {
            return wrong_origin();
        }
        let offers = parts.headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|offer| offer.to_str().ok());
        let dialect = Dialect::choose(offers);
        let admission = platform.read(parts, dialect);
        let deadline = Delay::from(Duration::from_millis(admission.limits().opening_timeout_ms));
        match admission.admit(deadline).await {
            Ok(admitted) => self.forward(&admitted, env).await,
            Err(NotAdmitted { close, ends }) => {
                if let Some(ends) = ends {
                    self.end_session(*ends, env).await;
                }
                refuse(dialect, &close)
            }
        }
    }

    /// A feed or a live value without a WebSocket: whoever may not listen never wakes an object.
    async fn listen(&self, parts: Parts, env: &Env) -> worker::Result<Response> {
        if !self.rooms.platform().allows_origin(&parts) {
            return wrong_origin();
        }
        let readers = worker_headers(&sse::readers(&parts.headers))?;
        let response = self.answer_listener(parts, env).await?;
        // A denial's, too: a page that may connect is to see why it cannot listen.
        let headers = response.headers().clone();
        for (name, value) in &readers {
            headers.set(&name, &value)?;
        }
        Ok(response.with_headers(headers))
    }

    async fn answer_listener(&self, parts: Parts, env: &Env) -> worker::Result<Response> {
        let platform = self.rooms.platform();
        let presented = Presented::text(&parts.headers).and_then(|id| HeaderValue::from_str(id).ok());
        let admission = platform.read(parts, Dialect::V1);
        match admission.only_listens() {
            Ok(Some(_)) => {}
            Ok(None) => return Response::error("this is not listened to: open a WebSocket", 406),
            Err(close) => return streams::refused(close.into()),
        }
        let deadline = Delay::from(Duration::from_millis(admission.limits().opening_timeout_ms));
        let admitted = match admission.admit(deadline).await {
            Ok(admitted) => admitted,
            Err(NotAdmitted { close, .. }) => return streams::refused((&close).into()),
        };
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        headers.extend(presented.map(|id| (sse::LAST_EVENT_ID, id)));
        match self.ask(&admitted, &headers, env).await? {
            Some(response) => Ok(response),
            None => streams::refused((&Close::JOIN_FAILED).into()),
        }
    }

    /// Who may not come back is not to be held in its room.
    async fn end_session(&self, (topic, act): (Topic, Act), env: &Env) {
        if let Err(error) = ObjectReach::bound_as(&self.binding, env).act(&topic, act).await {
            tracing::error!(%error, "a member that may not come back is held for the rest of its grace");
        }
    }

    /// See [`RoomsExt::on`].
    #[must_use]
    pub fn on(&self, env: &Env) -> Rooms {
        self.rooms.platform().reaching(ObjectReach::bound_as(&self.binding, env)).app().clone().into()
    }

    async fn forward(&self, admitted: &Admitted, env: &Env) -> worker::Result<Response> {
        let headers = HeaderMap::from_iter([(UPGRADE, HeaderValue::from_static("websocket"))]);
        match self.ask(admitted, &headers, env).await? {
            Some(response) => Ok(response),
            None => refuse(admitted.dialect(), &Close::JOIN_FAILED),
        }
    }

    /// What the object says that has the room of this connection, or what it listens to. `None`: it cannot be asked, or did not
    /// answer.
    async fn ask(&self, admitted: &Admitted, headers: &HeaderMap, env: &Env) -> worker::Result<Option<Response>> {
        let objects = Objects::bound_as(&self.binding, env)?;
        let header = match forwarded::encode(admitted) {
            Ok(header) => header,
            Err(error) => {
                tracing::error!(room = admitted.path(), %error, "a connection is refused");
                return Ok(None);
            }
        };
        let headers = worker_headers(headers)?;
        headers.set(forwarded::ADMITTED, &header)?;
        let request = Request::new_with_init(OBJECT, RequestInit::new().with_headers(headers))?;
        match objects.of(admitted)?.fetch_with_request(request).await {
            Ok(response) => Ok(Some(response)),
            // It was lost in the middle of the join, or a hook's panic took it down.
            Err(error) => {
                tracing::error!(room = admitted.path(), %error, "an object failed");
                Ok(None)
            }
        }
    }
}

fn wrong_origin() -> worker::Result<Response> {
    Response::error("pages of this origin may not connect; the worker's log says how to let them", 403)
}

/// A completed handshake that says why it is over: a browser cannot read why one failed.
pub(crate) fn refuse(dialect: Dialect, close: &Close) -> worker::Result<Response> {
    let WebSocketPair { client, server } = WebSocketPair::new()?;
    server.accept()?;
    server.close(Some(close.code), Some(&close.reason))?;
    switch_to(client, dialect)
}

/// 101, in the dialect that was chosen.
pub(crate) fn switch_to(client: worker::WebSocket, dialect: Dialect) -> worker::Result<Response> {
    let response = Response::from_websocket(client)?;
    match dialect.subprotocol() {
        Some(name) => Ok(response.with_headers(headers(SEC_WEBSOCKET_PROTOCOL.as_str(), name)?)),
        None => Ok(response),
    }
}

fn headers(name: &str, value: &str) -> worker::Result<Headers> {
    let headers = Headers::new();
    headers.set(name, value)?;
    Ok(headers)
}

fn asks_for_a_websocket(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(UPGRADE).iter().filter_map(|value| value.to_str().ok());
    values.any(|value| value.split(',').any(|token| token.trim().eq_ignore_ascii_case("websocket")))
}
