//! JavaScript's `encodeURIComponent`.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// `value` as one segment: no slash, and a different segment for every different value.
pub(crate) fn component(value: &str) -> Cow<'_, str> {
    utf8_percent_encode(value, ENCODED).into()
}

/// The value, which is not empty, that encodes to `segment`; `None` where none does.
pub(crate) fn value(segment: &str) -> Option<String> {
    let value = percent_decode_str(segment).decode_utf8().ok().filter(|value| !value.is_empty())?;
    (component(&value) == segment).then(|| value.into_owned())
}

/// Whether some value that is not empty encodes to `segment`.
pub(crate) fn is_component(segment: &str) -> bool {
    value(segment).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_what_javascript_encodes() {
        let kept = "ABCXYZabcxyz0189-_.!~*'()";
        assert_eq!(component(kept), kept);
        for (value, encoded) in [
            ("a/b", "a%2Fb"),
            ("a%2Fb", "a%252Fb"),
            ("a b+c", "a%20b%2Bc"),
            (";,/?:@&=+$#", "%3B%2C%2F%3F%3A%40%26%3D%2B%24%23"),
            ("\0\u{7f}\"<>\\^`{|}[]", "%00%7F%22%3C%3E%5C%5E%60%7B%7C%7D%5B%5D"),
            ("é", "%C3%A9"),
            ("e\u{301}", "e%CC%81"),
            ("😀", "%F0%9F%98%80"),
        ] {
            assert_eq!(component(value), encoded);
            assert!(is_component(encoded));
        }
    }

    #[test]
    fn knows_what_no_value_encodes_to() {
        for segment in ["", "a:b", "a b", "é", "%", "%2", "%2f", "%41", "%FF", "100%"] {
            assert!(!is_component(segment), "{segment}");
        }
    }
}
