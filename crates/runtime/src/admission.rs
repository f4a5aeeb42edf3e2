//! One upgrade, told which room or socket it is for.

use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;

use futures_util::future::{Either, select};
use http::HeaderMap;
use http::header::SEC_WEBSOCKET_PROTOCOL;
use http::request::Parts;
use roomful_core::feed::Position;
use roomful_core::frame::EndpointKind;
use roomful_core::key::{KeyLimits, parse_key, parse_query};
use roomful_core::pattern::Topic;
use roomful_core::session::Offered;
use roomful_core::{Close, Dialect, Limits};
use tracing::Instrument as _;

use crate::act::Act;
use crate::app::{App, Definition, UpgradeRequest};
use crate::connection::{Beside, Connection};
use crate::credentials;
use crate::denial::{Asked, Denial, DenialReason, shown};
use crate::destination::Destination;
use crate::held::ends_session;
use crate::kept::Admitted;
use crate::metrics;
use crate::opening::Opening;
use crate::place::Place;
use crate::room_sessions;
use crate::transport::Transport;
use crate::unwind::let_go;

/// Bytes of JSON that a key may take, and that a connection's data may take, where a connection is admitted in one place and
/// served in another. On Cloudflare both lie beside the socket, with the member's state, in the 16,384 bytes that the platform
/// has for it.
pub const MOST_FORWARDED_BYTES: usize = 6 << 10;

/// An upgrade, read: which room or socket it asks for, and with which key. Made by [`Platform::read`](crate::Platform::read).
///
/// A platform completes the handshake even where this refuses the connection: a browser cannot read why a handshake failed, but
/// it can read why a WebSocket was closed.
pub struct Admission {
    app: App,
    limits: Arc<Limits>,
    dialect: Dialect,
    found: Result<Found, Close>,
    place: Option<Place>,
    span: tracing::Span,
}

/// Which room or socket an upgrade is for.
struct Found {
    definition: Arc<Definition>,
    destination: Destination,
    request: UpgradeRequest,
    resume: Option<Offered>,
    turn: Option<u64>,
}

impl Admission {
    pub(crate) fn new(app: &App, mut parts: Parts, dialect: Dialect) -> Self {
        credentials::mark(&mut parts.headers);
        let query = parse_query(parts.uri.query().unwrap_or_default());
        let asked = query.module.as_deref().zip(query.room.as_deref());
        let definition = asked.and_then(|(module, name)| app.find(module, name));
        let peer = app.settings().proxies.client(&parts);
        let Some(definition) = definition else {
            metrics::connection_opened("unknown", "unknown");
            let (module, room) = asked.unwrap_or_default();
            app.denial_log().unknown(app.clock(), Asked { module, room, peer });
            let found = Err(Close::UNKNOWN_SOCKET);
            let limits = Arc::clone(&app.settings().limits);
            return Self { app: app.clone(), limits, dialect, found, place: None, span: tracing::Span::none() };
        };
        metrics::connection_opened(&definition.terms.module, &definition.terms.name);
        let limits = Arc::clone(&definition.terms.limits);
        let (module, room) = (&*definition.terms.module, &*definition.terms.name);
        let span = tracing::info_span!("connection", module, room, peer = shown(peer));
        let turn = Some(app.hub().process().next_turn());
        let found = find(definition, (query.key.as_deref(), dialect), parts, peer)
            .map(|found| Found { turn, ..found })
            .map_err(|denial| denied(app, &definition.terms.module, &definition.terms.name, peer, &denial));
        Self { app: app.clone(), limits, dialect, found, place: None, span }
    }

    /// Gives it the place that was taken for it. Without one, the connection takes its own when it starts, and is closed 1013
    /// where there is none.
    #[must_use]
    pub fn seated(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// The bounds that the socket must keep.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What the connection speaks.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Whether its client would only listen, as it may do without a WebSocket, too.
    ///
    /// # Errors
    ///
    /// How the completed handshake of a WebSocket would be closed.
    pub fn only_listens(&self) -> Result<Option<EndpointKind>, &Close> {
        let kind = self.found.as_ref().map(|found| found.destination.kind())?;
        Ok(Some(kind).filter(|kind| matches!(kind, EndpointKind::Feed | EndpointKind::Live)))
    }

    /// Its client has listened up to here before.
    #[must_use]
    pub fn listened_to(mut self, position: Position) -> Self {
        if let Ok(found) = &mut self.found {
            found.resume = Some(Offered { resume: position.resume(), seal: None });
        }
        self
    }

    /// Drops a connection that was upgraded and cannot be served, because the system gives no more of something. The operator is
    /// told, as often as a log can take.
    pub fn give_up(self, error: &dyn std::fmt::Display) {
        self.app.denial_log().unserved(self.app.clock(), error);
        // The request is in it, with what the app's layers have put there.
        let_go(self);
    }

    /// The topic of the room that it is for, or of what it is to listen to; `None` for a typed socket, and where it is refused.
    #[must_use]
    pub fn topic(&self) -> Option<&Topic> {
        match &self.found.as_ref().ok()?.destination {
            Destination::Room(topic) | Destination::Feed(topic) | Destination::Live(topic) => Some(topic),
            Destination::Socket => None,
        }
    }

    /// Starts the connection with a mailbox of its own: guards, data, seed, join, or a socket's `open`. Do this when the
    /// handshake is complete.
    #[must_use]
    pub fn connect(self) -> Connection {
        let (app, dialect, span) = (self.app.clone(), self.dialect, self.span.clone());
        let (opening, place) = self.seat();
        Connection::start(app.hub(), dialect, opening, span, Beside { place, admitted: None })
    }

    /// The same, but what is to be sent to the connection comes to this transport.
    #[must_use]
    pub fn connect_at<T: Transport>(self, transport: Arc<T>) -> Connection<T> {
        let (app, dialect, span) = (self.app.clone(), self.dialect, self.span.clone());
        let (opening, place) = self.seat();
        Connection::start_at(app.hub(), transport, dialect, opening, span, place)
    }

    /// With a place, where there is one and it may be let in.
    fn seat(self) -> (Result<Opening, Close>, Option<Place>) {
        let found = match self.found {
            Ok(found) => found,
            Err(close) => return (Err(close), None),
        };
        let place = self.place.map_or_else(|| self.app.hub().take_place(found.request.peer, found.resume.as_ref()), Ok);
        match place {
            Ok(place) => (Ok(found.into_opening(&self.app)), Some(place)),
            Err(_) => (Err(Close::OVERLOADED), None),
        }
    }

    /// Runs the guards and `data`, and nothing else. Another process then serves the connection, with
    /// [`Platform::connect`](crate::Platform::connect). `deadline` is ready when
    /// [`Limits::opening_timeout_ms`](roomful_core::Limits::opening_timeout_ms) are over.
    ///
    /// # Errors
    ///
    /// [`NotAdmitted`] says how the completed handshake is to be closed, and what is to be asked of the room.
    pub async fn admit(self, deadline: impl Future<Output = ()>) -> Result<Admitted, NotAdmitted> {
        let Found { definition, destination, request, resume, .. } = self.found?;
        let params = request.params.clone();
        let peer = request.peer;
        let admitted = Arc::clone(&definition.endpoint).admit(request).instrument(self.span);
        let admitted = in_time(admitted, deadline, &self.limits).await;
        let room = match &destination {
            Destination::Room(topic) => Some(topic),
            Destination::Socket | Destination::Feed(_) | Destination::Live(_) => None,
        };
        let data = admitted.map_err(|denial| {
            let close = denied(&self.app, &definition.terms.module, &definition.terms.name, peer, &denial);
            let denied = resume.as_ref().filter(|_| ends_session(&close) && room_sessions::are_kept(&self.limits));
            let ends = denied.zip(room).map(|(offered, topic)| {
                let (token, code) = (offered.resume.token, close.code);
                Box::new((topic.clone(), Act::EndSession { token, code }))
            });
            NotAdmitted { close, ends }
        })?;
        let names = (&*definition.terms.module, &*definition.terms.name);
        let mut admitted = Admitted::new(names, &params, Some(destination), data, self.dialect).map_err(|error| {
            tracing::error!(%error, "a key cannot be written");
            Close::JOIN_FAILED
        })?;
        admitted.offered = resume;
        Ok(admitted)
    }
}

/// Why a connection is not admitted, and what else is to be done.
#[derive(Debug)]
pub struct NotAdmitted {
    /// How the completed handshake is to be closed.
    pub close: Close,
    /// What is to be asked of the room: who may not come back is not to be held there.
    pub ends: Option<Box<(Topic, Act)>>,
}

impl From<Close> for NotAdmitted {
    fn from(close: Close) -> Self {
        Self { close, ends: None }
    }
}

impl Found {
    fn into_opening(self, app: &App) -> Opening {
        let Self { definition, destination, request, resume, turn } = self;
        let app = app.clone();
        let terms = Arc::clone(&definition.terms);
        let peer = request.peer;
        let request_bytes = request_bytes(&request.parts);
        let open = Box::new(move |member| {
            Box::pin(async move {
                let (process, limits) = (app.hub().process(), &definition.terms.limits);
                let deadline = process.sleep_until(process.now().saturating_add(limits.opening_timeout_ms));
                let opening = Arc::clone(&definition.endpoint).open(app.clone(), request, member);
                let opened = in_time(opening, deadline, limits).await;
                opened.map_err(|denial| denied(&app, &definition.terms.module, &definition.terms.name, peer, &denial))
            }) as _
        });
        Opening { destination, terms, peer, request_bytes, open, resume, turn }
    }
}

/// About as many as the head takes in memory: what it says, and a place for each of its headers.
fn request_bytes(head: &Parts) -> usize {
    const PLACE_BYTES: usize = 64;
    let uri = head.uri.path().len() + head.uri.query().map_or(0, str::len);
    let headers = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + PLACE_BYTES);
    uri + headers.sum::<usize>()
}

fn find(
    definition: &Arc<Definition>,
    (key, dialect): (Option<&[u8]>, Dialect),
    parts: Parts,
    peer: Option<IpAddr>,
) -> Result<Found, Denial> {
    let limits = &definition.terms.limits;
    let params = parse_key(&definition.pattern, key, KeyLimits::of(limits));
    let found = params.and_then(|params| definition.destination(&params).map(|destination| (params, destination)));
    let (params, destination) = found
        .map_err(|error| Denial { hook: "key", why: DenialReason::Forbidden(Some(format!("its key: {error}"))) })?;
    let credentials = credentials::of(&parts.headers, limits.credentials_bytes)
        .map_err(|error| Denial { hook: "credentials", why: DenialReason::Forbidden(Some(error.to_string())) })?;
    let resume = resume_of(&parts.headers).filter(|_| dialect == Dialect::V1);
    let (module, name) = (definition.terms.module.clone(), definition.terms.name.clone());
    let request = UpgradeRequest { parts, peer, module, name, params, credentials };
    Ok(Found { definition: Arc::clone(definition), destination, request, resume, turn: None })
}

/// The session that a client asks to go on with.
pub(crate) fn resume_of(headers: &HeaderMap) -> Option<Offered> {
    Offered::find(headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|offer| offer.to_str().ok()))
}

/// What guards and `data` find, unless that takes too long: then they are dropped.
async fn in_time<T>(
    finding: impl Future<Output = Result<T, Denial>>,
    deadline: impl Future<Output = ()>,
    limits: &Limits,
) -> Result<T, Denial> {
    match select(pin!(finding), pin!(deadline)).await {
        Either::Left((found, _)) => found,
        Either::Right(_) => {
            let ms = limits.opening_timeout_ms;
            let why = format!("guards and `data` took more than {ms} ms (`Limits::opening_timeout_ms`)");
            Err(Denial { hook: "opening", why: DenialReason::Unavailable(Some(why)) })
        }
    }
}

/// Tells the operator, and says how to close.
fn denied(app: &App, module: &str, room: &str, peer: Option<IpAddr>, denial: &Denial) -> Close {
    app.denial_log().denied(app.clock(), Asked { module, room, peer }, denial);
    denial.close()
}
