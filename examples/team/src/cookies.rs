//! The cookie that says which session a browser has.

use cookie::{Cookie, SameSite};
use http::HeaderMap;
use http::header::COOKIE;

use crate::store::SESSION_GOOD_FOR;
use crate::token::Token;

/// Browsers take one of this name only over TLS (or of their own machine), for the whole site, and from the host itself.
pub(crate) const NAME: &str = "__Host-team";
/// Without TLS no browser takes that name.
const PLAIN_NAME: &str = "team";

/// How cookies are set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cookies {
    /// The pages come over plain HTTP, and whoever is on the way can read the cookie.
    pub(crate) plain_http: bool,
}

impl Cookies {
    /// No script can read it, and no other site can have a browser send it.
    pub(crate) fn set(self, session: &Token) -> String {
        let age = i64::try_from(SESSION_GOOD_FOR.as_secs()).unwrap_or(i64::MAX);
        self.cookie(session.as_str(), age)
    }

    pub(crate) fn clear(self) -> String {
        self.cookie("", 0)
    }

    fn cookie(self, value: &str, seconds: i64) -> String {
        let name = if self.plain_http { PLAIN_NAME } else { NAME };
        let cookie = Cookie::build((name, value)).path("/").http_only(true).same_site(SameSite::Strict);
        cookie.secure(!self.plain_http).max_age(cookie::time::Duration::seconds(seconds)).to_string()
    }
}

/// The session of a request, a handshake's too.
pub(crate) fn session_in(headers: &HeaderMap) -> Option<Token> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|header| header.to_str().ok());
    let mut cookies = cookies.flat_map(Cookie::split_parse).filter_map(Result::ok);
    let session = cookies.find(|cookie| [NAME, PLAIN_NAME].contains(&cookie.name()))?;
    Some(Token::given(session.value()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_for_no_script_no_other_site_and_tls_alone() {
        let session = Token::given("abc");
        assert_eq!(
            Cookies { plain_http: false }.set(&session),
            "__Host-team=abc; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=2592000"
        );
        assert_eq!(Cookies { plain_http: true }.clear(), "team=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0");
    }

    #[test]
    fn a_session_is_found_among_other_cookies_and_in_each_header() {
        let mut headers = HeaderMap::new();
        assert!(session_in(&headers).is_none());
        headers.append(COOKIE, "theme=dark".parse().unwrap());
        headers.append(COOKIE, "a=b; __Host-team=abc".parse().unwrap());
        assert_eq!(session_in(&headers), Some(Token::given("abc")));
    }
}
