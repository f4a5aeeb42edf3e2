//! The WebSocket handshake: what a request must be, and what it is answered.

use axum::http::header::{
    CONNECTION, HeaderName, RETRY_AFTER, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use roomful_core::Dialect;
use roomful_runtime::NoPlace;
use roomful_websocket::deflate;
use roomful_websocket::handshake::accept_key;

/// A request that asks for a WebSocket as RFC 6455 says.
pub(crate) struct Handshake {
    accept: HeaderValue,
    pub(crate) dialect: Dialect,
    /// What the client's offer of permessage-deflate is answered.
    extension: Option<&'static str>,
}

/// Why a request gets no WebSocket.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("only GET upgrades to a WebSocket")]
    Method,
    #[error("this is a WebSocket: send `Connection: Upgrade` and `Upgrade: websocket`")]
    NotAnUpgrade,
    #[error("`Sec-WebSocket-Version` must be 13")]
    Version,
    #[error("`Sec-WebSocket-Key` must be 16 bytes in base64")]
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
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");

impl Handshake {
    pub(crate) fn read(method: &Method, headers: &HeaderMap) -> Result<Self, Refusal> {
        if method != Method::GET {
            return Err(Refusal::Method);
        }
        if !has_token(headers, CONNECTION, "upgrade") || !has_token(headers, UPGRADE, "websocket") {
            return Err(Refusal::NotAnUpgrade);
        }
        if headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
            return Err(Refusal::Version);
        }
        let key = headers.get(SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes).filter(|key| is_nonce(key));
        let accept = accept_key(key.ok_or(Refusal::Key)?);
        let offers = |name| headers.get_all(name).iter().filter_map(|offer| offer.to_str().ok());
        Ok(Self {
            accept: HeaderValue::try_from(accept).map_err(|_| Refusal::Key)?,
            dialect: Dialect::choose(offers(SEC_WEBSOCKET_PROTOCOL)),
            extension: deflate::negotiate(offers(SEC_WEBSOCKET_EXTENSIONS)),
        })
    }

    /// Agrees on compression where the client offered it and the room wants it. Whether messages may be compressed then.
    pub(crate) fn compress(&mut self, wanted: bool) -> bool {
        self.extension = self.extension.filter(|_| wanted);
        self.extension.is_some()
    }

    /// 101, after which the bytes are frames.
    pub(crate) fn accept(self) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, self.accept);
        if let Some(name) = self.dialect.subprotocol() {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(name));
        }
        if let Some(extension) = self.extension {
            headers.insert(SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static(extension));
        }
        (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let text = self.to_string();
        match self {
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, [("allow", "GET")], text).into_response(),
            Self::NotAnUpgrade | Self::NotUpgradable => {
                (StatusCode::UPGRADE_REQUIRED, [("upgrade", "websocket"), ("connection", "upgrade")], text)
                    .into_response()
            }
            Self::Version => {
                (StatusCode::UPGRADE_REQUIRED, [("upgrade", "websocket"), ("sec-websocket-version", "13")], text)
                    .into_response()
            }
            Self::Key => (StatusCode::BAD_REQUEST, text).into_response(),
            Self::Origin => (StatusCode::FORBIDDEN, text).into_response(),
            Self::NoThreads | Self::NoPlace(_) => {
                // The connection is not kept for another request: that would cost a descriptor for as long as none comes.
                let headers = [(RETRY_AFTER, RETRY_AFTER_SECONDS), (CONNECTION, HeaderValue::from_static("close"))];
                (StatusCode::SERVICE_UNAVAILABLE, headers, text).into_response()
            }
        }
    }
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
    use super::*;

    fn request(change: impl FnOnce(&mut HeaderMap)) -> Result<Handshake, Refusal> {
        let mut headers = HeaderMap::new();
        headers.insert(CONNECTION, HeaderValue::from_static("keep-alive, Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("WebSocket"));
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        headers.insert(SEC_WEBSOCKET_KEY, HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ=="));
        change(&mut headers);
        Handshake::read(&Method::GET, &headers)
    }

    #[test]
    fn the_example_of_the_rfc() {
        let response = request(|_| {}).unwrap_or_else(|refusal| panic!("{refusal}")).accept();
        assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
        assert_eq!(response.headers()[SEC_WEBSOCKET_ACCEPT], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert!(!response.headers().contains_key(SEC_WEBSOCKET_PROTOCOL));
    }

    #[test]
    fn every_wrong_header_has_its_status() {
        let status = |change: fn(&mut HeaderMap)| request(change).err().map(|r| r.into_response().status().as_u16());
        assert_eq!(status(|headers| drop(headers.remove(UPGRADE))), Some(426));
        assert_eq!(status(|headers| drop(headers.remove(CONNECTION))), Some(426));
        assert_eq!(status(|headers| drop(headers.remove(SEC_WEBSOCKET_VERSION))), Some(426));
        assert_eq!(status(|headers| drop(headers.remove(SEC_WEBSOCKET_KEY))), Some(400));
        assert_eq!(
            status(|headers| drop(headers.insert(SEC_WEBSOCKET_KEY, HeaderValue::from_static("short==")))),
            Some(400)
        );
        let post = Handshake::read(&Method::POST, &HeaderMap::new()).err();
        assert_eq!(post.map(|refusal| refusal.into_response().status().as_u16()), Some(405));
    }

    #[test]
    fn the_sub_protocol_is_answered_only_where_it_was_offered() {
        let offer = |offer| {
            let insert = |headers: &mut HeaderMap| drop(headers.insert(SEC_WEBSOCKET_PROTOCOL, offer));
            request(insert).unwrap_or_else(|refusal| panic!("{refusal}")).accept()
        };
        let v1 = offer(HeaderValue::from_static("chat, roomful.v1"));
        assert_eq!(v1.headers()[SEC_WEBSOCKET_PROTOCOL], "roomful.v1");
        let plain = offer(HeaderValue::from_static("chat"));
        assert!(!plain.headers().contains_key(SEC_WEBSOCKET_PROTOCOL));
    }
}
