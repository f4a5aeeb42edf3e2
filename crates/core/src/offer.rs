//! What a client puts into the sub-protocols that it offers (`Sec-WebSocket-Protocol`), because a browser can put it into no
//! other header, and a URL is in every log.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// What comes before the credentials.
const CREDENTIALS: &[u8] = b"roomful.auth.";

/// Why the credentials that a client gives cannot be read. Nothing of them is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCredentials {
    /// They are too long.
    #[error("its credentials are over {most} bytes (`Limits::credentials_bytes`)")]
    TooLong {
        /// How long they may be.
        most: usize,
    },
    /// They are not base64url without padding, or not UTF-8 in it.
    #[error("its credentials are not UTF-8 in base64url without padding")]
    Encoding,
}

/// The credentials among what is offered, `roomful.auth.` and their text in base64url: those of the first name that begins so.
///
/// `offers` are the values of the header, each with any number of names; `most` is how many bytes the text may have.
///
/// ```
/// use roomful_core::offer::credentials;
///
/// assert_eq!(credentials([&b"roomful.v1, roomful.auth.c2VjcmV0"[..]], 8192), Ok(Some("secret".to_owned())));
/// assert_eq!(credentials([&b"roomful.v1"[..]], 8192), Ok(None));
/// ```
///
/// # Errors
///
/// When the first that is offered cannot be read. A later one does not take its place.
pub fn credentials<'a>(
    offers: impl IntoIterator<Item = &'a [u8]>,
    most: usize,
) -> Result<Option<String>, InvalidCredentials> {
    let Some(encoded) = first(offers, CREDENTIALS) else { return Ok(None) };
    // Four characters say three bytes. What is far too long is not decoded.
    if encoded.len() / 4 * 3 > most {
        return Err(InvalidCredentials::TooLong { most });
    }
    let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| InvalidCredentials::Encoding)?;
    let text = String::from_utf8(bytes).map_err(|_| InvalidCredentials::Encoding)?;
    within(&text, most)?;
    Ok(Some(text))
}

/// Refuses credentials that are too long, however they came.
///
/// # Errors
///
/// When they have more than `most` bytes.
pub fn within(credentials: &str, most: usize) -> Result<(), InvalidCredentials> {
    if credentials.len() > most { Err(InvalidCredentials::TooLong { most }) } else { Ok(()) }
}

/// What follows `prefix` in the first of the offered names that begins with it.
fn first<'a>(offers: impl IntoIterator<Item = &'a [u8]>, prefix: &[u8]) -> Option<&'a [u8]> {
    let mut names = offers.into_iter().flat_map(|offer| offer.split(|byte| *byte == b','));
    names.find_map(|name| name.trim_ascii().strip_prefix(prefix))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MOST: usize = 8192;

    fn read(offers: &[&str]) -> Result<Option<String>, InvalidCredentials> {
        credentials(offers.iter().map(|offer| offer.as_bytes()), MOST)
    }

    #[test]
    fn the_first_that_is_offered_counts() {
        let rows: &[(&[&str], Option<&str>)] = &[
            (&[], None),
            (&["roomful.v1"], None),
            (&["roomful.auth"], None),
            (&["Roomful.Auth.b2s"], None),
            (&["xroomful.auth.b2s"], None),
            (&["roomful.auth."], Some("")),
            (&["roomful.auth.b2s"], Some("ok")),
            (&["roomful.v1, roomful.auth.b2s6NTAw"], Some("ok:500")),
            (&["roomful.v1", "roomful.auth.w6Q"], Some("ä")),
            (&["roomful.auth.b2s,roomful.auth.w6Q"], Some("ok")),
            (&["roomful.auth.b2s", "roomful.auth.w6Q"], Some("ok")),
            (&["roomful.auth.b2s,roomful.auth.%"], Some("ok")),
            (&[" chat ,\troomful.auth.w78_ , roomful.v1"], Some("ÿ?")),
        ];
        for (offers, found) in rows {
            assert_eq!(read(offers), Ok(found.map(str::to_owned)), "{offers:?}");
        }
    }

    #[test]
    fn what_is_no_base64url_of_text_is_refused() {
        for wrong in ["w6Q=", "w6R", "w", "w6Q/", "w6+Q", "_w", "gICA", "b2s b2s", "b2s.b2s", "ü", "%62"] {
            let offer = format!("roomful.auth.{wrong}");
            assert_eq!(read(&[&offer]), Err(InvalidCredentials::Encoding), "{wrong}");
            let twice = format!("{offer}, roomful.auth.b2s");
            assert_eq!(read(&[&twice]), Err(InvalidCredentials::Encoding), "{wrong}: the first counts");
        }
        let bytes = b"roomful.auth.\xff";
        assert_eq!(credentials([&bytes[..]], MOST), Err(InvalidCredentials::Encoding));
    }

    #[test]
    fn they_may_be_so_long_and_no_longer() {
        for (bytes, is_read) in
            [(MOST - 1, true), (MOST, true), (MOST + 1, false), (MOST + 2, false), (MOST * 2, false)]
        {
            let text = "x".repeat(bytes);
            let found = read(&[&format!("roomful.auth.{}", URL_SAFE_NO_PAD.encode(&text))]);
            let expected = if is_read { Ok(Some(text)) } else { Err(InvalidCredentials::TooLong { most: MOST }) };
            assert!(found == expected, "{bytes}");
        }
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in ".{0,64}", others in prop::collection::vec("[a-z.]{0,9}", 0..3)) {
            let names = others.into_iter().chain([format!("roomful.auth.{}", URL_SAFE_NO_PAD.encode(&text))]);
            let offer = names.collect::<Vec<_>>().join(", ");
            prop_assert_eq!(read(&[&offer]), Ok(Some(text)));
        }

        /// Whatever the bytes are, there is an answer.
        #[test]
        fn nothing_that_is_offered_is_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let offer = [&b"roomful.auth."[..], &bytes].concat();
            let _either_way = credentials([&offer[..]], MOST);
        }
    }
}
