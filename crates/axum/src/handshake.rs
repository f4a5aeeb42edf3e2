//! The WebSocket handshake: what a request must be, and what it is answered.

use axum::http::header::{
    ALLOW, CONNECTION, CONTENT_LENGTH, HOST, HeaderName, RETRY_AFTER, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Version};
use axum::response::{IntoResponse, Response};
use hyper::ext::Protocol;
use roomful_core::Dialect;
use roomful_runtime::NoPlace;
use roomful_websocket::deflate;
use roomful_websocket::handshake::accept_key;

/// A request that asks for a WebSocket: by an upgrade, as RFC 6455 says, or over HTTP/2 by a `CONNECT`, as RFC 8441 does.
pub(crate) struct Handshake {
    /// What proves that an upgrade was understood. HTTP/2 needs no proof.
    accept: Option<HeaderValue>,
    pub(crate) dialect: Dialect,
    /// What the client's offer of permessage-deflate is answered.
    extension: Option<&'static str>,
}

/// Why a request gets no WebSocket.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("only GET upgrades to a WebSocket, and over HTTP/2 only CONNECT")]
    Method,
    #[error(
        "this is a WebSocket: send `Connection: Upgrade` and `Upgrade: websocket`, or over HTTP/2 `CONNECT` with `:protocol`"
    )]
    NotAnUpgrade,
    #[error("`:protocol` must be `websocket`")]
    Protocol,
    #[error("a request for a WebSocket has no body")]
    Body,
    #[error("a request says its host, once")]
    Host,
    #[error("`Sec-WebSocket-Version` must be 13")]
    Version,
    #[error("`Sec-WebSocket-Key` must be 16 bytes in base64, once")]
    Key,
    #[error("pages of this origin may not connect; the server's log says how to let them")]
    Origin,
    #[error("this connection cannot be upgraded")]
    NotUpgradable,
    #[error("there are no threads to serve a WebSocket with; the server's log says why")]
    NoThreads,
    #[error(transparent)]
    NoPlace(NoPlace),
}

/// Seconds after which a request that was answered 503 may be worth another try.
const RETRY_AFTER_SECONDS: &str = "1";

impl Handshake {
    pub(crate) fn read(parts: &Parts) -> Result<Self, Refusal> {
        let headers = &parts.headers;
        let accept = if is_multiplexed(parts.version) {
            asks_by_connect(parts)?;
            None
        } else {
            Some(asks_by_upgrade(parts)?)
        };
        let offers = |name| headers.get_all(name).iter().filter_map(|offer| offer.to_str().ok());
        Ok(Self {
            accept,
            dialect: Dialect::choose(offers(SEC_WEBSOCKET_PROTOCOL)),
            extension: deflate::negotiate(offers(SEC_WEBSOCKET_EXTENSIONS)),
        })
    }

    /// Agrees on compression where the client offered it and the room wants it. Whether messages may be compressed then.
    pub(crate) fn compress(&mut self, wanted: bool) -> bool {
        self.extension = self.extension.filter(|_| wanted);
        self.extension.is_some()
    }

    /// 101, or over HTTP/2 200, after which the bytes are frames.
    pub(crate) fn accept(self) -> Response {
        let mut headers = HeaderMap::new();
        if let Some(name) = self.dialect.subprotocol() {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(name));
        }
        if let Some(extension) = self.extension {
            headers.insert(SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static(extension));
        }
        let Some(accept) = self.accept else { return (StatusCode::OK, headers).into_response() };
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
        (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
    }
}

impl Refusal {
    /// The answer, to a request of this version.
    pub(crate) fn respond(&self, version: Version) -> Response {
        let status = match self {
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAnUpgrade | Self::NotUpgradable | Self::Version => StatusCode::UPGRADE_REQUIRED,
            Self::Protocol => StatusCode::NOT_IMPLEMENTED,
            Self::Body | Self::Host | Self::Key => StatusCode::BAD_REQUEST,
            Self::Origin => StatusCode::FORBIDDEN,
            Self::NoThreads | Self::NoPlace(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        let is_multiplexed = is_multiplexed(version);
        let mut response = (status, self.to_string()).into_response();
        let mut says = |name, value| drop(response.headers_mut().insert(name, HeaderValue::from_static(value)));
        match self {
            Self::Method => says(ALLOW, if is_multiplexed { "CONNECT" } else { "GET" }),
            Self::Version => says(SEC_WEBSOCKET_VERSION, "13"),
            Self::NoThreads | Self::NoPlace(_) => says(RETRY_AFTER, RETRY_AFTER_SECONDS),
            _ => {}
        }
        // Over HTTP/2 no header is about the connection.
        match status {
            _ if is_multiplexed => {}
            StatusCode::UPGRADE_REQUIRED => {
                says(UPGRADE, "websocket");
                says(CONNECTION, "upgrade");
            }
            // Where it begins and ends is in doubt, and so is whatever follows it.
            StatusCode::BAD_REQUEST => says(CONNECTION, "close"),
            // It is not kept for another request: that would cost a descriptor for as long as none comes.
            StatusCode::SERVICE_UNAVAILABLE => says(CONNECTION, "close"),
            _ => {}
        }
        response
    }
}

/// Whether it may be one of many requests at once on its connection.
fn is_multiplexed(version: Version) -> bool {
    version > Version::HTTP_11
}

/// What the upgrade is answered.
fn asks_by_upgrade(parts: &Parts) -> Result<HeaderValue, Refusal> {
    let headers = &parts.headers;
    if parts.method != Method::GET {
        return Err(Refusal::Method);
    }
    if !has_token(headers, CONNECTION, "upgrade") || !has_token(headers, UPGRADE, "websocket") {
        return Err(Refusal::NotAnUpgrade);
    }
    if parts.version < Version::HTTP_11 {
        return Err(Refusal::NotUpgradable);
    }
    has_no_body(headers)?;
    only(headers, HOST).ok_or(Refusal::Host)?;
    is_version_13(headers)?;
    let key = only(headers, SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes).filter(|key| is_nonce(key));
    HeaderValue::try_from(accept_key(key.ok_or(Refusal::Key)?)).map_err(|_| Refusal::Key)
}

fn asks_by_connect(parts: &Parts) -> Result<(), Refusal> {
    match (&parts.method, parts.extensions.get::<Protocol>()) {
        (&Method::CONNECT, Some(protocol)) if protocol.as_str() == "websocket" => {}
        (&Method::CONNECT, Some(_)) => return Err(Refusal::Protocol),
        (&Method::GET, _) => return Err(Refusal::NotAnUpgrade),
        _ => return Err(Refusal::Method),
    }
    has_no_body(&parts.headers)?;
    is_version_13(&parts.headers)
}

/// A proxy may take such a body for the begin of what is sent through the upgraded connection, or for the next request. A length
/// of zero says only that there is none.
fn has_no_body(headers: &HeaderMap) -> Result<(), Refusal> {
    let is_empty = headers.get_all(CONTENT_LENGTH).iter().all(|length| length == "0");
    if is_empty && !headers.contains_key(TRANSFER_ENCODING) { Ok(()) } else { Err(Refusal::Body) }
}

fn is_version_13(headers: &HeaderMap) -> Result<(), Refusal> {
    let is_13 = only(headers, SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13");
    if is_13 { Ok(()) } else { Err(Refusal::Version) }
}

/// A header's value, where it is there once. Of two a proxy may have read the other one.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<&HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    let values = headers.get_all(name);
    let mut tokens = values.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    tokens.any(|found| found.trim().eq_ignore_ascii_case(token))
}

/// 16 bytes in base64 are 22 characters and `==`. What they are does not matter: they are only hashed.
fn is_nonce(key: &[u8]) -> bool {
    let character = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    matches!(key.strip_suffix(b"=="), Some(digits) if digits.len() == 22 && digits.iter().all(character))
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    type Change = fn(&mut Parts);

    fn upgrade(change: impl FnOnce(&mut Parts)) -> Result<Handshake, Refusal> {
        let request = Request::get("/__sockets")
            .header(HOST, "app.example")
            .header(CONNECTION, "keep-alive, Upgrade")
            .header(UPGRADE, "WebSocket")
            .header(SEC_WEBSOCKET_VERSION, "13")
            .header(SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ==");
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        change(&mut parts);
        Handshake::read(&parts)
    }

    fn connect(change: impl FnOnce(&mut Parts)) -> Result<Handshake, Refusal> {
        let request = Request::connect("https://app.example/__sockets")
            .version(Version::HTTP_2)
            .extension(Protocol::from_static("websocket"))
            .header(SEC_WEBSOCKET_VERSION, "13");
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        change(&mut parts);
        Handshake::read(&parts)
    }

    fn set(parts: &mut Parts, name: HeaderName, value: &'static str) {
        parts.headers.insert(name, HeaderValue::from_static(value));
    }

    fn add(parts: &mut Parts, name: HeaderName, value: &'static str) {
        parts.headers.append(name, HeaderValue::from_static(value));
    }

    #[test]
    fn the_example_of_the_rfc() {
        let response = upgrade(|_| {}).unwrap_or_else(|refusal| panic!("{refusal}")).accept();
        assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
        assert_eq!(response.headers()[SEC_WEBSOCKET_ACCEPT], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert!(!response.headers().contains_key(SEC_WEBSOCKET_PROTOCOL));
    }

    #[test]
    fn over_http_2_nothing_of_an_upgrade_is_asked_or_answered() {
        let response = connect(|_| {}).unwrap_or_else(|refusal| panic!("{refusal}")).accept();
        assert_eq!(response.status(), StatusCode::OK);
        assert!(response.headers().is_empty(), "{:?}", response.headers());
        let v1 = connect(|parts| set(parts, SEC_WEBSOCKET_PROTOCOL, "roomful.v1"));
        let response = v1.unwrap_or_else(|refusal| panic!("{refusal}")).accept();
        assert_eq!(response.headers()[SEC_WEBSOCKET_PROTOCOL], "roomful.v1");
    }

    #[test]
    fn every_wrong_upgrade_has_its_status() {
        let rows: &[(u16, &str, Change)] = &[
            (101, "", |_| {}),
            (101, "", |parts| set(parts, CONTENT_LENGTH, "0")),
            (426, "upgrade", |parts| drop(parts.headers.remove(UPGRADE))),
            (426, "upgrade", |parts| drop(parts.headers.remove(CONNECTION))),
            (426, "upgrade", |parts| drop(parts.headers.remove(SEC_WEBSOCKET_VERSION))),
            (426, "upgrade", |parts| add(parts, SEC_WEBSOCKET_VERSION, "13")),
            (426, "upgrade", |parts| parts.version = Version::HTTP_10),
            (400, "close", |parts| drop(parts.headers.remove(SEC_WEBSOCKET_KEY))),
            (400, "close", |parts| set(parts, SEC_WEBSOCKET_KEY, "short==")),
            (400, "close", |parts| add(parts, SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ==")),
            (400, "close", |parts| drop(parts.headers.remove(HOST))),
            (400, "close", |parts| add(parts, HOST, "app.example")),
            (400, "close", |parts| set(parts, CONTENT_LENGTH, "1")),
            (400, "close", |parts| set(parts, CONTENT_LENGTH, "00")),
            (400, "close", |parts| set(parts, TRANSFER_ENCODING, "chunked")),
            (400, "close", |parts| {
                set(parts, CONTENT_LENGTH, "0");
                set(parts, TRANSFER_ENCODING, "chunked");
            }),
            (405, "", |parts| parts.method = Method::POST),
            (405, "", |parts| parts.method = Method::CONNECT),
        ];
        for (row, (status, connection, change)) in rows.iter().enumerate() {
            let response = match upgrade(change) {
                Ok(handshake) => handshake.accept(),
                Err(refusal) => refusal.respond(Version::HTTP_11),
            };
            assert_eq!(response.status().as_u16(), *status, "row {row}");
            if *status != 101 {
                let said = response.headers().get(CONNECTION).map_or("", |value| value.to_str().unwrap());
                assert_eq!(said, *connection, "row {row}");
            }
        }
    }

    #[test]
    fn every_wrong_connect_has_its_status() {
        let rows: &[(u16, Change)] = &[
            (200, |_| {}),
            (200, |parts| set(parts, CONTENT_LENGTH, "0")),
            (426, |parts| parts.method = Method::GET),
            (426, |parts| drop(parts.headers.remove(SEC_WEBSOCKET_VERSION))),
            (426, |parts| set(parts, SEC_WEBSOCKET_VERSION, "8")),
            (501, |parts| drop(parts.extensions.insert(Protocol::from_static("connect-udp")))),
            (405, |parts| drop(parts.extensions.remove::<Protocol>())),
            (405, |parts| parts.method = Method::POST),
            (400, |parts| set(parts, CONTENT_LENGTH, "5")),
        ];
        for (row, (status, change)) in rows.iter().enumerate() {
            let response = match connect(change) {
                Ok(handshake) => handshake.accept(),
                Err(refusal) => refusal.respond(Version::HTTP_2),
            };
            assert_eq!(response.status().as_u16(), *status, "row {row}");
            let is_about_the_connection = |name| response.headers().contains_key(name);
            assert!(![CONNECTION, UPGRADE, TRANSFER_ENCODING].into_iter().any(is_about_the_connection), "row {row}");
        }
    }

    #[test]
    fn the_sub_protocol_is_answered_only_where_it_was_offered() {
        let offer = |offer| {
            let offered = upgrade(|parts| set(parts, SEC_WEBSOCKET_PROTOCOL, offer));
            offered.unwrap_or_else(|refusal| panic!("{refusal}")).accept()
        };
        let v1 = offer("chat, roomful.v1");
        assert_eq!(v1.headers()[SEC_WEBSOCKET_PROTOCOL], "roomful.v1");
        let plain = offer("chat");
        assert!(!plain.headers().contains_key(SEC_WEBSOCKET_PROTOCOL));
    }
}
