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
/// When its method, its URL or one of its headers are none that the `http` crate knows. A header that was left out could be one that
/// keeps somebody out.
pub(crate) fn parts(request: &Request) -> Result<Parts, http::Error> {
    let method = Method::from_bytes(request.inner().method().as_bytes())?;
    let (mut parts, ()) = HttpRequest::builder().method(method).uri(request.inner().url()).body(())?.into_parts();
    for (name, value) in request.headers() {
        if forwarded::is_ours(&name) {
            continue;
        }
        // The platform has read the value's bytes as UTF-8; in place of what is none there is a character of its own.
        parts.headers.append(HeaderName::try_from(name)?, HeaderValue::from_bytes(value.as_bytes())?);
    }
    let peer = parts.headers.get(CONNECTING_IP).and_then(|value| value.to_str().ok()?.parse().ok());
    if let Some(peer) = peer {
        parts.extensions.insert(Peer(peer));
    }
    Ok(parts)
}
