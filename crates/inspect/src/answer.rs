//! An answer, and what each of them says of itself.

use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, LOCATION, REFERRER_POLICY,
    WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderValue, Response, StatusCode};
use roomful_runtime::{Denial, DenialReason};
use serde_json::{Value, json};

use crate::body::Body;
use crate::page::Page;
use crate::route::NoRoute;

const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
/// Of JSON, of which a browser that is led to it must make nothing.
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";

/// The page.
pub(crate) fn page(page: &Page) -> Response<Body> {
    answer(StatusCode::OK, "text/html; charset=utf-8", &page.policy, page.html.clone())
}

/// What was asked for.
pub(crate) fn ok(value: &Value) -> Response<Body> {
    of(StatusCode::OK, value)
}

/// Why it cannot be had, in words for whoever asked.
pub(crate) fn error(status: StatusCode, words: &str) -> Response<Body> {
    of(status, &json!({ "error": words }))
}

/// There is no such thing to ask for.
pub(crate) fn no_route(why: NoRoute) -> Response<Body> {
    match why {
        NoRoute::Unknown => error(StatusCode::NOT_FOUND, "there is nothing here"),
        NoRoute::Method(allowed) => {
            let words = format!("this takes {allowed} alone");
            let allowed = HeaderValue::from_str(allowed.as_str());
            let mut response = error(StatusCode::METHOD_NOT_ALLOWED, &words);
            allowed.into_iter().for_each(|allowed| drop(response.headers_mut().insert(ALLOW, allowed)));
            response
        }
    }
}

/// The guard does not let this request through. Where it sends a browser elsewhere, the page goes there. What it says beside that is for
/// the log alone.
pub(crate) fn denied(denial: &Denial, is_page: bool) -> Response<Body> {
    match &denial.why {
        DenialReason::Redirected(to) if is_page => {
            let mut response = error(StatusCode::SEE_OTHER, "sign in");
            match HeaderValue::from_str(to) {
                Ok(to) => drop(response.headers_mut().insert(LOCATION, to)),
                Err(_) => return error(StatusCode::FORBIDDEN, "forbidden"),
            }
            response
        }
        DenialReason::Expired => {
            let mut response = error(StatusCode::UNAUTHORIZED, "say who you are");
            let basic = HeaderValue::from_static("Basic realm=\"operators\", charset=\"UTF-8\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, basic);
            response
        }
        DenialReason::Unavailable(_) => error(StatusCode::SERVICE_UNAVAILABLE, "try again"),
        _ => error(StatusCode::FORBIDDEN, "forbidden"),
    }
}

fn of(status: StatusCode, value: &Value) -> Response<Body> {
    answer(status, "application/json", NOTHING, value.to_string())
}

fn answer(status: StatusCode, content: &'static str, policy: &str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::of(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, content),
        // It says who is connected, from where.
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (OPENER_POLICY, "same-origin"),
        (RESOURCE_POLICY, "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let policy = HeaderValue::from_str(policy).unwrap_or(HeaderValue::from_static(NOTHING));
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    response
}
