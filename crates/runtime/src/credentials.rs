//! What a client gives to prove who it is, and how it is kept out of logs.

use std::fmt;

use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use http::{HeaderMap, HeaderValue};
use roomful_core::offer::{self, InvalidCredentials};

/// Credentials on their way to the app. They are not printed.
pub(crate) struct Secret(pub(crate) Box<str>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Those among the offered sub-protocols, or else those of `Authorization: Bearer`: a browser can send the first alone, and
/// what is between it and the server may need the second for itself.
///
/// # Errors
///
/// When what is offered cannot be read, or either is too long.
pub(crate) fn of(headers: &HeaderMap, most: usize) -> Result<Option<String>, InvalidCredentials> {
    let offers = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().map(HeaderValue::as_bytes);
    if let Some(offered) = offer::credentials(offers, most)? {
        return Ok(Some(offered));
    }
    let Some(token) = bearer(headers) else { return Ok(None) };
    offer::within(token, most)?;
    Ok(Some(token.to_owned()))
}

/// Has the headers that hold credentials printed without their values, where an app prints them.
pub(crate) fn mark(headers: &mut HeaderMap) {
    for (name, value) in headers.iter_mut() {
        if [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL].contains(name) {
            value.set_sensitive(true);
        }
    }
}

/// The token of the first `Authorization`, where its scheme is `Bearer` in any spelling (RFC 7235). What is no text, or has no
/// token, is another scheme's business.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 16;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        headers
    }

    #[test]
    fn a_bearer_token_is_read_as_rfc_7235_has_it() {
        for (value, token) in [
            ("Bearer abc", Some("abc")),
            ("bearer abc", Some("abc")),
            ("BEARER abc", Some("abc")),
            ("bEaReR   a.b-c_d~e+f/g==", Some("a.b-c_d~e+f/g==")),
            ("Bearer ok:500", Some("ok:500")),
            ("Bearer abc ", Some("abc")),
            ("Bearer", None),
            ("Bearer ", None),
            ("Bearer   ", None),
            ("Bearerabc", None),
            ("Bearer\tabc", None),
            ("Basic YTpi", None),
            ("abc", None),
            ("", None),
            ("Bearer ü", None),
        ] {
            let found = of(&headers(&[("authorization", value)]), MOST);
            assert_eq!(found, Ok(token.map(str::to_owned)), "{value:?}");
        }
    }

    #[test]
    fn what_is_offered_stands_before_authorization_and_the_first_of_two_counts() {
        for (lines, expected) in [
            (&[][..], None),
            (&[("authorization", "Bearer abc"), ("authorization", "Bearer def")], Some("abc")),
            (&[("authorization", "Basic YTpi"), ("authorization", "Bearer def")], None),
            (
                &[("authorization", "Bearer abc"), ("sec-websocket-protocol", "roomful.v1, roomful.auth.b2s")],
                Some("ok"),
            ),
            (&[("authorization", "Bearer abc"), ("sec-websocket-protocol", "roomful.v1")], Some("abc")),
            (&[("sec-websocket-protocol", "chat"), ("sec-websocket-protocol", "roomful.auth.b2s")], Some("ok")),
        ] {
            assert_eq!(of(&headers(lines), MOST), Ok(expected.map(str::to_owned)), "{lines:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_passed_over_for_another() {
        for (offer, error) in [
            ("roomful.auth.w", InvalidCredentials::Encoding),
            ("roomful.auth.eHh4eHh4eHh4eHh4eHh4eHg", InvalidCredentials::TooLong { most: MOST }),
            ("roomful.v1, roomful.auth.ü", InvalidCredentials::Encoding),
        ] {
            let given = headers(&[("sec-websocket-protocol", offer), ("authorization", "Bearer abc")]);
            assert_eq!(of(&given, MOST), Err(error), "{offer}");
        }
        let bearer = |bytes| of(&headers(&[("authorization", &format!("Bearer {}", "x".repeat(bytes)))]), MOST);
        assert!(bearer(MOST).is_ok_and(|found| found.is_some()));
        assert_eq!(bearer(MOST + 1), Err(InvalidCredentials::TooLong { most: MOST }));
    }

    #[test]
    fn headers_that_hold_credentials_are_printed_without_them() {
        let secret = [
            ("authorization", "Bearer hush"),
            ("proxy-authorization", "Basic hush"),
            ("cookie", "session=hush"),
            ("sec-websocket-protocol", "roomful.v1"),
            ("sec-websocket-protocol", "roomful.auth.hush"),
            ("user-agent", "shown"),
        ];
        let mut headers = headers(&secret);
        mark(&mut headers);
        let printed = format!("{headers:?}");
        assert!(!printed.contains("hush") && printed.contains("shown"), "{printed}");
    }
}
