//! A request of the platform's, as guards see it.

use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request as HttpRequest};
use roomful_runtime::Peer;
use worker::Request;

use crate::forwarded;

/// The platform's own name for who connects. What a client sends under it, the platform replaces.
const CONNECTING_IP: &str = "cf-connecting-ip";

/// The request without its body and without what only the worker may say, and who it comes from.
///
/// # Errors
///
/// When its method or its URL are none that the `http` crate knows.
pub(crate) fn parts(request: &Request) -> Result<Parts, http::Error> {
    let method = Method::from_bytes(request.inner().method().as_bytes())?;
    let (mut parts, ()) = HttpRequest::builder().method(method).uri(request.inner().url()).body(())?.into_parts();
    for (name, value) in request.headers() {
        if forwarded::is_ours(&name) {
            continue;
        }
        // The platform gives a value's bytes as characters of the same number. One that is neither is in no header.
        let value: Option<Vec<u8>> = value.chars().map(|character| u8::try_from(character).ok()).collect();
        let value = value.and_then(|bytes| HeaderValue::from_bytes(&bytes).ok());
        if let (Ok(name), Some(value)) = (HeaderName::try_from(name), value) {
            parts.headers.append(name, value);
        }
    }
    let peer = parts.headers.get(CONNECTING_IP).and_then(|value| value.to_str().ok()?.parse().ok());
    if let Some(peer) = peer {
        parts.extensions.insert(Peer(peer));
    }
    Ok(parts)
}
