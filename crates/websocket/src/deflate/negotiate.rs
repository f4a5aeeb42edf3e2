//! Agreeing on permessage-deflate.

use std::ops::RangeInclusive;

/// The windows that the RFC knows, as powers of two.
const WINDOW_BITS: RangeInclusive<u8> = 8..=15;

/// The window of [`Deflater`](super::Deflater), and the only one: a message is compressed once for everybody.
const SERVER_WINDOW_BITS: u8 = 15;

const AGREED: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
/// Who asks for a bound of the server's window has to be answered with one.
const AGREED_WITH_WINDOW: &str =
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=15";

/// The `Sec-WebSocket-Extensions` that answers a client's, of which there may be several: the first offer that can be
/// served is taken (RFC 7692 §7.1). `None` says that no compression is agreed on, and that the answer has no such header.
///
/// Other extensions are passed over. An offer is declined where it has a parameter that is unknown, twice there or not
/// legal, or where the client's own inflater has a smaller window than 32 KiB.
///
/// ```
/// use roomful_websocket::deflate::negotiate;
///
/// let browsers = "permessage-deflate; client_max_window_bits";
/// assert_eq!(
///     negotiate([browsers].into_iter()),
///     Some("permessage-deflate; server_no_context_takeover; client_no_context_takeover"),
/// );
/// assert_eq!(negotiate(["x-webkit-deflate-frame"].into_iter()), None);
/// ```
#[must_use]
pub fn negotiate<'a>(offers: impl Iterator<Item = &'a str>) -> Option<&'static str> {
    offers.flat_map(|header| split_unquoted(header, ',')).find_map(answer)
}

/// The answer to one offer, where it is one that can be served.
fn answer(offer: &str) -> Option<&'static str> {
    let mut parts = split_unquoted(offer, ';').map(str::trim);
    if parts.next() != Some("permessage-deflate") {
        return None;
    }
    let mut parameters = Vec::new();
    let mut answer = AGREED;
    for part in parts {
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => (name.trim_end(), Some(unquote(value.trim_start()))),
            None => (part, None),
        };
        if parameters.contains(&name) {
            return None;
        }
        parameters.push(name);
        match (name, value) {
            ("server_no_context_takeover" | "client_no_context_takeover" | "client_max_window_bits", None) => {}
            ("client_max_window_bits", Some(value)) => _ = window_bits(value)?,
            ("server_max_window_bits", Some(value)) if window_bits(value)? == SERVER_WINDOW_BITS => {
                answer = AGREED_WITH_WINDOW;
            }
            _ => return None,
        }
    }
    Some(answer)
}

/// A window as a decimal number without leading zeros.
fn window_bits(value: &str) -> Option<u8> {
    let bits = value.parse().ok()?;
    (WINDOW_BITS.contains(&bits) && value.starts_with(|first| ('1'..='9').contains(&first))).then_some(bits)
}

fn split_unquoted(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    text.split(move |character| {
        is_quoted ^= character == '"';
        character == separator && !is_quoted
    })
}

fn unquote(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer_to(header: &str) -> Option<&'static str> {
        negotiate([header].into_iter())
    }

    #[test]
    fn what_browsers_and_libraries_offer_is_agreed_on() {
        for offer in [
            "permessage-deflate",
            "permessage-deflate; client_max_window_bits",
            "permessage-deflate; client_max_window_bits=10",
            "permessage-deflate; client_max_window_bits=\"8\"",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
            " permessage-deflate;client_max_window_bits = 15 ; server_no_context_takeover ",
        ] {
            assert_eq!(answer_to(offer), Some(AGREED), "{offer}");
        }
    }

    #[test]
    fn a_bound_of_the_servers_window_is_answered_or_declined() {
        assert_eq!(answer_to("permessage-deflate; server_max_window_bits=15"), Some(AGREED_WITH_WINDOW));
        assert_eq!(answer_to("permessage-deflate; server_max_window_bits=\"15\""), Some(AGREED_WITH_WINDOW));
        for bits in 8..15 {
            assert_eq!(answer_to(&format!("permessage-deflate; server_max_window_bits={bits}")), None);
        }
    }

    #[test]
    fn an_offer_that_is_not_legal_is_declined() {
        for parameters in [
            "server_max_window_bits",
            "server_max_window_bits=16",
            "server_max_window_bits=+15",
            "client_max_window_bits=7",
            "client_max_window_bits=08",
            "client_max_window_bits=",
            "client_max_window_bits=many",
            "client_max_window_bits; client_max_window_bits",
            "server_no_context_takeover=1",
            "client_no_context_takeover; client_no_context_takeover",
            "a_parameter_of_another_day",
            "",
        ] {
            assert_eq!(answer_to(&format!("permessage-deflate; {parameters}")), None, "{parameters}");
        }
    }

    #[test]
    fn the_first_offer_that_can_be_served_is_taken() {
        let with_fallback = "permessage-deflate; server_max_window_bits=10, permessage-deflate";
        assert_eq!(answer_to(with_fallback), Some(AGREED));
        let preferred = "permessage-deflate; server_max_window_bits=15, permessage-deflate";
        assert_eq!(answer_to(preferred), Some(AGREED_WITH_WINDOW));
        let in_two_headers = ["permessage-deflate; server_max_window_bits=10", "permessage-deflate"];
        assert_eq!(negotiate(in_two_headers.into_iter()), Some(AGREED));
    }

    #[test]
    fn other_extensions_are_passed_over() {
        assert_eq!(answer_to("permessage-bzip2; level=9, permessage-deflate"), Some(AGREED));
        assert_eq!(answer_to("x; note=\"a, permessage-deflate\""), None);
        assert_eq!(answer_to("permessage-deflated"), None);
        assert_eq!(answer_to(""), None);
        assert_eq!(negotiate(std::iter::empty()), None);
    }
}
