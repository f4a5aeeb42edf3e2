//! Whose pages may connect. A page of any site can open a WebSocket, and the browser sends its visitor's cookies along.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use http::header::{HOST, ORIGIN};
use http::{HeaderMap, HeaderName, HeaderValue};

const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
/// A name in the domain name system has at most so many bytes,
const LONGEST_NAME: usize = 254;
/// and one of its labels so many.
const LONGEST_LABEL: usize = 63;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whose pages may connect. What is no browser sends no `Origin`, and is always let through.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AllowedOrigins {
    /// Pages that this server's own host serves, and pages of these origins.
    OwnAnd(Vec<Origin>),
    /// Every page.
    Any,
}

/// Where a page comes from, as a browser writes it: `https://app.example`, `http://localhost:5173`, `tauri://localhost`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    scheme: String,
    authority: Authority,
}

/// A host and its port. Two are equal when a browser takes them for one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Authority {
    host: Host,
    /// None where it is the default one of the scheme.
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    /// In lower case.
    Name(String),
    Ipv6(Ipv6Addr),
}

/// What no browser sends as an `Origin`, so that no page would ever match it; or what too many would.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OriginError {
    /// Nothing but spaces.
    #[error("it is blank")]
    Blank,
    /// `*`, alone or in a host, or a dot in front of one.
    #[error(
        "a `*`, or a dot in front, stands for no host: name each origin, or let every page connect with `any_origin()`"
    )]
    Wildcard,
    /// `null`, which is no site's.
    #[error("every sandboxed frame of every site says `null`: only `any_origin()` lets those connect")]
    Null,
    /// It does not begin with a scheme.
    #[error("it has no scheme: begin it with `https://` or `http://`")]
    NoScheme,
    /// It begins with `ws:` or `wss:`.
    #[error("it is a WebSocket's address, not a page's: begin it with `https://` or `http://`")]
    WebSocket,
    /// Something follows host and port.
    #[error("an origin ends with its host or port: leave out the path and what follows")]
    Path,
    /// A name and a password stand before the host.
    #[error("an origin has no name and no password: leave out what stands before the `@`")]
    Credentials,
    /// What stands for the host is none.
    #[error("its host is not written as browsers write one")]
    Host,
    /// A host in another script, where the platform has no tables of them: in WebAssembly.
    #[error("its host is in another script: write it as browsers do here, beginning with `xn--`")]
    Script,
    /// What stands for the port is none.
    #[error("its port is no number from 1 to 65535")]
    Port,
}

impl Default for AllowedOrigins {
    fn default() -> Self {
        Self::OwnAnd(Vec::new())
    }
}

impl AllowedOrigins {
    /// Whether a request with these headers may connect.
    ///
    /// A page cannot choose any of the headers that this reads, so it cannot pass for a page of another origin. Host and
    /// port are compared and the scheme is not, because no header says which scheme the browser used that every proxy sets.
    pub(crate) fn allow(&self, headers: &HeaderMap) -> bool {
        let Self::OwnAnd(named) = self else { return true };
        if !headers.contains_key(ORIGIN) {
            return true;
        }
        let Some(origin) = only(headers, ORIGIN) else { return false };
        if only(headers, FETCH_SITE).is_some_and(|site| site == "same-origin") {
            return true;
        }
        let Some(origin) = text(origin).and_then(|origin| origin.parse::<Origin>().ok()) else { return false };
        named.contains(&origin) || origin.is_served_by(headers)
    }
}

/// Whether a browser says that it sends this from a page of the host that it sends it to. What no browser sends says nothing of the kind.
///
/// For what changes something and trusts cookies: whatever origins may connect, no page of another host may do that.
#[must_use]
pub fn is_from_own_page(headers: &HeaderMap) -> bool {
    if headers.contains_key(FETCH_SITE) {
        return only(headers, FETCH_SITE).is_some_and(|site| site == "same-origin");
    }
    let Some(origin) = only(headers, ORIGIN) else { return false };
    text(origin).and_then(|origin| origin.parse::<Origin>().ok()).is_some_and(|origin| origin.is_served_by(headers))
}

impl Origin {
    /// Whether the page comes from the host that the request went to, before or behind the proxies.
    fn is_served_by(&self, headers: &HeaderMap) -> bool {
        // An app's own scheme (`tauri://localhost`) serves pages out of the app, not from a host.
        let Some(default_port) = default_port(&self.scheme) else { return false };
        let is_own = |name| {
            // Each proxy adds to the end of the list: the first is what the browser asked for.
            let host = headers.get(name).and_then(text)?.split(',').next()?;
            Some(Authority::parse(host.trim(), Some(default_port)).ok()? == self.authority)
        };
        [HOST, FORWARDED_HOST].into_iter().any(|name| is_own(name) == Some(true))
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    /// Reads blanks around it, capitals, other scripts, a default port, a `/` at the end and any spelling of an IPv6 address
    /// as a browser would write them.
    fn from_str(text: &str) -> Result<Self, OriginError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(OriginError::Blank);
        }
        if text.contains('*') {
            return Err(OriginError::Wildcard);
        }
        if text.eq_ignore_ascii_case("null") {
            return Err(OriginError::Null);
        }
        let (scheme, rest) = text.split_once("://").ok_or(OriginError::NoScheme)?;
        if !is_scheme(scheme) {
            return Err(OriginError::NoScheme);
        }
        let scheme = scheme.to_ascii_lowercase();
        if matches!(&*scheme, "ws" | "wss") {
            return Err(OriginError::WebSocket);
        }
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '#', '\\']) {
            return Err(OriginError::Path);
        }
        let default_port = default_port(&scheme);
        // Only a scheme that is no web server's goes without a host: `file://`.
        if rest.contains('@') {
            return Err(OriginError::Credentials);
        }
        let authority = match rest {
            "" if default_port.is_none() => Authority { host: Host::Name(String::new()), port: None },
            rest => Authority::parse(rest, default_port)?,
        };
        Ok(Self { scheme, authority })
    }
}

impl Authority {
    /// A port that is the default one counts as none.
    fn parse(text: &str, default_port: Option<u16>) -> Result<Self, OriginError> {
        let (host, port) = match text.strip_prefix('[') {
            Some(bracketed) => {
                let (address, port) = bracketed.split_once(']').ok_or(OriginError::Host)?;
                (Host::Ipv6(address.parse().map_err(|_| OriginError::Host)?), port)
            }
            None => {
                let (name, port) = text.split_at(text.find(':').unwrap_or(text.len()));
                (Host::Name(host_name(name)?), port)
            }
        };
        let port = match port {
            "" => None,
            port => Some(port.strip_prefix(':').and_then(port_number).ok_or(OriginError::Port)?),
        };
        Ok(Self { host, port: port.filter(|port| Some(*port) != default_port) })
    }
}

/// A name as browsers write it: other scripts in `xn--`, capitals small.
#[cfg(not(target_family = "wasm"))]
fn in_ascii(name: &str) -> Result<Cow<'_, str>, OriginError> {
    idna::domain_to_ascii_cow(name.as_bytes(), idna::AsciiDenyList::URL).map_err(|_| OriginError::Host)
}

/// The tables of all scripts would be a sixth of a worker.
#[cfg(target_family = "wasm")]
fn in_ascii(name: &str) -> Result<Cow<'_, str>, OriginError> {
    if name.is_ascii() { Ok(Cow::Owned(name.to_ascii_lowercase())) } else { Err(OriginError::Script) }
}

fn host_name(name: &str) -> Result<String, OriginError> {
    let name = &*in_ascii(name)?;
    // What is meant by a dot in front is every host below, and no page comes from there.
    if name.starts_with('.') {
        return Err(OriginError::Wildcard);
    }
    if name.len() > LONGEST_NAME || name.split('.').any(|label| label.len() > LONGEST_LABEL) {
        return Err(OriginError::Host);
    }
    let is_of_a_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if name.is_empty() || !name.bytes().all(is_of_a_host) {
        return Err(OriginError::Host);
    }
    // Browsers take a name whose last label is a number for an IPv4 address, and write all four parts of it.
    let last = name.strip_suffix('.').unwrap_or(name).rsplit('.').next().unwrap_or_default();
    let digits = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    let hexadecimal = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_number = !last.is_empty() && (digits(last) || last.strip_prefix("0x").is_some_and(hexadecimal));
    if is_number && name.parse::<Ipv4Addr>().is_err() {
        return Err(OriginError::Host);
    }
    Ok(name.to_owned())
}

fn port_number(digits: &str) -> Option<u16> {
    // `parse` takes a sign.
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|port| is_number && *port > 0)
}

fn is_scheme(text: &str) -> bool {
    let is_of_a_scheme = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    text.starts_with(|first: char| first.is_ascii_alphabetic()) && text.bytes().all(is_of_a_scheme)
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

/// A browser says it once, and of two nobody knows which one a browser said.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<&HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

fn text(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            let value: Vec<u8> = value.chars().map(|character| u8::try_from(character).unwrap()).collect();
            headers.append(*name, HeaderValue::from_bytes(&value).unwrap());
        }
        headers
    }

    fn naming(origins: &[&str]) -> AllowedOrigins {
        AllowedOrigins::OwnAnd(origins.iter().map(|origin| origin.parse().unwrap()).collect())
    }

    #[test]
    fn a_page_of_this_host_may_connect_and_no_other() {
        let own = AllowedOrigins::default();
        for (origin, host, allowed) in [
            ("https://app.example", "app.example", true),
            ("http://app.example", "app.example", true),
            ("https://APP.example", "app.EXAMPLE", true),
            ("https://app.example:8443", "app.example:8443", true),
            ("https://app.example:8443", "app.example", false),
            ("https://app.example", "app.example:8443", false),
            // A default port counts as none, on both sides, by the scheme that the browser names.
            ("https://app.example", "app.example:443", true),
            ("https://app.example:443", "app.example", true),
            ("http://app.example", "app.example:80", true),
            ("http://app.example", "app.example:443", false),
            ("https://app.example", "app.example:80", false),
            ("https://app.example:80", "app.example", false),
            ("https://evil.example", "app.example", false),
            ("https://app.example.evil.example", "app.example", false),
            ("https://evil.app.example", "app.example", false),
            ("https://xapp.example", "app.example", false),
            ("https://app.example.", "app.example", false),
            ("https://app.example@evil.example", "app.example", false),
            ("https://evil.example/app.example", "app.example", false),
            ("https://evil.example", "app.example, evil.example", false),
            ("http://127.0.0.1:3000", "127.0.0.1:3000", true),
            ("http://127.0.0.1:3000", "localhost:3000", false),
            ("http://127.0.0.1:3001", "127.0.0.1:3000", false),
            ("http://[::1]:3000", "[::1]:3000", true),
            ("http://[::1]:3000", "[0:0:0:0:0:0:0:1]:3000", true),
            ("http://[::1]", "[::1]:80", true),
            ("http://[::2]", "[::1]", false),
            ("http://[::1", "[::1", false),
            ("https://xn--bcher-kva.example", "xn--bcher-kva.example", true),
            ("https://bücher.example", "bücher.example", false),
            ("tauri://localhost", "localhost", false),
            ("null", "app.example", false),
            ("null", "null", false),
            ("", "", false),
            ("https://", "", false),
            ("https://app.example", "", false),
            ("https://app.example:", "app.example", false),
            ("https://app.example:+443", "app.example", false),
            ("https://app.example:99999", "app.example:99999", false),
            ("app.example", "app.example", false),
        ] {
            assert_eq!(own.allow(&headers(&[("origin", origin), ("host", host)])), allowed, "{origin} at {host}");
        }
    }

    #[test]
    fn a_proxy_may_say_which_host_the_browser_asked_for() {
        const ORIGIN: (&str, &str) = ("origin", "https://app.example");
        const HOST: (&str, &str) = ("host", "10.0.0.7:3000");
        let own = AllowedOrigins::default();
        for (forwarded, allowed) in [
            (&["app.example"][..], true),
            (&["app.example:443"], true),
            (&["app.example, proxy.internal"], true),
            (&["proxy.internal, app.example"], false),
            (&["app.example", "proxy.internal"], true),
            (&["proxy.internal", "app.example"], false),
            (&[" App.Example ,x"], true),
            (&["evil.example"], false),
            (&[""], false),
            (&[], false),
        ] {
            let forwarded_hosts = forwarded.iter().map(|host| ("x-forwarded-host", *host));
            let lines: Vec<_> = [ORIGIN, HOST].into_iter().chain(forwarded_hosts).collect();
            assert_eq!(own.allow(&headers(&lines)), allowed, "{forwarded:?}");
        }
        // It does not take away what `Host` says.
        let lines = [ORIGIN, ("host", "app.example"), ("x-forwarded-host", "edge.example")];
        assert!(own.allow(&headers(&lines)));
    }

    #[test]
    fn a_browser_may_say_that_the_page_is_of_this_origin() {
        let own = AllowedOrigins::default();
        for (site, allowed) in [
            ("same-origin", true),
            ("same-site", false),
            ("cross-site", false),
            ("none", false),
            ("Same-Origin", false),
        ] {
            let lines = [("origin", "https://app.example"), ("host", "10.0.0.7:3000"), ("sec-fetch-site", site)];
            assert_eq!(own.allow(&headers(&lines)), allowed, "{site}");
        }
        let site = ("sec-fetch-site", "same-origin");
        let lines = [("origin", "https://app.example"), ("host", "10.0.0.7:3000"), site, site];
        assert!(!own.allow(&headers(&lines)), "a browser says it once");
    }

    #[test]
    fn what_is_no_browser_is_let_through_and_two_origins_are_none() {
        let named = naming(&["https://app.example"]);
        assert!(named.allow(&headers(&[])));
        assert!(named.allow(&headers(&[("host", "app.example"), ("sec-fetch-site", "cross-site")])));
        let twice = [("origin", "https://app.example"), ("origin", "https://evil.example"), ("host", "app.example")];
        let same = [("origin", "https://app.example"), ("origin", "https://app.example"), ("host", "app.example")];
        for lines in [twice, same] {
            assert!(!named.allow(&headers(&lines)), "{lines:?}");
            assert!(AllowedOrigins::Any.allow(&headers(&lines)));
        }
        for origin in ["https://evil.example", "null", "", "bücher"] {
            assert!(AllowedOrigins::Any.allow(&headers(&[("origin", origin)])), "{origin}");
        }
    }

    #[test]
    fn what_is_named_matches_what_browsers_send() {
        for (named, origin, allowed) in [
            ("https://app.example", "https://app.example", true),
            ("https://app.example", "http://app.example", false),
            ("https://app.example", "https://app.example:8443", false),
            ("https://app.example", "https://app.example.evil.example", false),
            ("HTTPS://App.Example/", "https://app.example", true),
            ("https://app.example:443/", "https://app.example", true),
            (" https://app.example\t", "https://app.example", true),
            ("https://bücher.example", "https://xn--bcher-kva.example", true),
            ("https://BÜCHER.example:443", "https://xn--bcher-kva.example", true),
            ("https://bücher.example", "https://xn--bchr-kva.example", false),
            ("http://app.example:80", "http://app.example", true),
            ("http://app.example:443", "http://app.example:443", true),
            ("http://[0::0:1]:5173", "http://[::1]:5173", true),
            ("http://[::ffff:1.2.3.4]", "http://[::ffff:102:304]", true),
            ("tauri://localhost", "tauri://localhost", true),
            ("tauri://localhost", "http://localhost", false),
            ("capacitor://localhost", "capacitor://localhost", true),
            ("chrome-extension://abcdef", "chrome-extension://abcdef", true),
            ("file:///", "file://", true),
        ] {
            let lines = [("origin", origin), ("host", "api.example")];
            assert_eq!(naming(&[named]).allow(&headers(&lines)), allowed, "{origin} where {named} is named");
        }
        assert!(
            naming(&["https://b.example"]).allow(&headers(&[("origin", "https://a.example"), ("host", "a.example")]))
        );
    }

    #[test]
    fn what_could_never_match_is_refused() {
        for (wrong, error) in [
            ("", OriginError::Blank),
            (" \t", OriginError::Blank),
            ("*", OriginError::Wildcard),
            ("https://*.app.example", OriginError::Wildcard),
            ("null", OriginError::Null),
            ("app.example", OriginError::NoScheme),
            ("localhost:5173", OriginError::NoScheme),
            ("//app.example", OriginError::NoScheme),
            ("://app.example", OriginError::NoScheme),
            ("wss://app.example", OriginError::WebSocket),
            ("WS://app.example", OriginError::WebSocket),
            ("https://app.example/app", OriginError::Path),
            ("https://app.example//", OriginError::Path),
            ("https://app.example?x", OriginError::Path),
            ("https://app.example#x", OriginError::Path),
            ("https://", OriginError::Host),
            ("https:///", OriginError::Host),
            ("https://user@app.example", OriginError::Credentials),
            ("https://user:password@app.example", OriginError::Credentials),
            ("https://.app.example", OriginError::Wildcard),
            ("https://a b.example", OriginError::Host),
            ("https://app%2eexample", OriginError::Host),
            ("https://xn--a.example", OriginError::Host),
            ("https://0x7f000001", OriginError::Host),
            ("https://127.1.", OriginError::Host),
            ("https://app example", OriginError::Host),
            ("https://127.1", OriginError::Host),
            ("https://[::1", OriginError::Host),
            ("https://[app.example]", OriginError::Host),
            ("https://::1", OriginError::Host),
            ("https://[::1]x", OriginError::Port),
            ("https://app.example:", OriginError::Port),
            ("https://app.example:0", OriginError::Port),
            ("https://app.example:65536", OriginError::Port),
            ("https://app.example:+80", OriginError::Port),
            ("https://app.example:80:80", OriginError::Port),
        ] {
            assert_eq!(wrong.parse::<Origin>(), Err(error), "{wrong:?}");
        }
    }
}
