//! What the worker tells an object of a connection: one header, which only the worker can set.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use roomful_runtime::{Admitted, MOST_FORWARDED_BYTES};

/// Every header that goes from the worker to an object begins so.
const PREFIX: &str = "x-roomful-";

/// A [`Admitted`], as JSON in characters that a header may hold. JSON's own escapes would do too, but what is read would then
/// be longer than what was bounded, and too long to lie beside a socket.
pub(crate) const ADMITTED: &str = "x-roomful-admitted";

/// What a header may not hold, and what says so. What is not ASCII is always encoded.
const ENCODED: &AsciiSet = &CONTROLS.add(b'%');

/// Whether only the worker may say this header, in any spelling that something on the way might take for it: some proxies
/// make `-` of `_`. A request of a client's never reaches an object, and what of it is named so is taken off before guards
/// see it.
pub(crate) fn is_ours(name: &str) -> bool {
    let spelt = name.trim().bytes().map(|byte| if byte == b'_' { b'-' } else { byte.to_ascii_lowercase() });
    spelt.take(PREFIX.len()).eq(PREFIX.bytes())
}

/// What cannot be forwarded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unforwardable {
    #[error(
        "{what} of {bytes} bytes is over the {MOST_FORWARDED_BYTES} that lie beside a socket: keep it elsewhere, and a name of it here"
    )]
    TooLarge { what: &'static str, bytes: usize },
    #[error("it cannot be written: {0}")]
    Unwritable(#[from] serde_json::Error),
}

/// The header's value.
pub(crate) fn encode(admitted: &Admitted) -> Result<String, Unforwardable> {
    for (what, bytes) in [("a key", admitted.key().size()), ("the data", admitted.data().size())] {
        if bytes > MOST_FORWARDED_BYTES {
            return Err(Unforwardable::TooLarge { what, bytes });
        }
    }
    Ok(utf8_percent_encode(&serde_json::to_string(admitted)?, ENCODED).to_string())
}

/// What [`encode`] was given.
pub(crate) fn decode(value: &str) -> Result<Admitted, serde_json::Error> {
    serde_json::from_slice(&percent_decode_str(value).collect::<Vec<u8>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(key: &str, data: &str) -> Admitted {
        let text = format!(r#"{{"module":"m","name":"r","key":{key},"data":{data},"v1":true}}"#);
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn any_key_and_any_data_go_through_a_header_to_the_byte() {
        let key = r#"{"id":"ü 😀 \" \u0000 \u007f %41 %"}"#;
        let data = "[1,\n\t\"\u{7f}\u{feff}\"]";
        let forwarded = encode(&admitted(key, data)).unwrap();
        assert!(forwarded.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{forwarded}");
        let back = decode(&forwarded).unwrap();
        assert_eq!((back.key().as_str(), back.data().as_str()), (key, data));
    }

    #[test]
    fn a_header_of_ours_is_known_in_every_spelling() {
        let ours = [
            ADMITTED,
            PREFIX,
            "X-Roomful-Admitted",
            "X-ROOMFUL-ACT",
            "x_roomful_admitted",
            "X-Roomful_x",
            " x-roomful-x\t",
        ];
        for name in ours {
            assert!(is_ours(name), "{name:?}");
        }
        for name in ["", "x", "x-roomful", "x-roomfuls-x", "xx-roomful-x", "roomful-x", "x-token", "x-room-ful-x"] {
            assert!(!is_ours(name), "{name:?}");
        }
    }

    #[test]
    fn what_is_too_large_to_lie_beside_a_socket_is_named() {
        let large = format!("\"{}\"", "x".repeat(MOST_FORWARDED_BYTES));
        let error = encode(&admitted("{}", &large)).unwrap_err().to_string();
        assert!(error.starts_with("the data of 6146 bytes is over the 6144"), "{error}");
        let error = encode(&admitted(&format!(r#"{{"id":{large}}}"#), "1")).unwrap_err().to_string();
        assert!(error.starts_with("a key of "), "{error}");
        assert!(encode(&admitted("{}", &format!("\"{}\"", "x".repeat(MOST_FORWARDED_BYTES - 2)))).is_ok());
    }
}
