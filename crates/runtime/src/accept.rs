//! What a client says that it takes: `Accept`, as RFC 9110 has it (12.5.1).

use http::HeaderMap;
use http::header::ACCEPT;

/// Whether this media type is named there, and not with a weight of zero, which says that it is not wanted. A range that stands for
/// many, such as `*/*`, names none.
pub(crate) fn names(headers: &HeaderMap, media: &str) -> bool {
    let lines = headers.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| split(line, ',')).any(|range| {
        let mut parts = split(range, ';');
        let is_named = parts.next().is_some_and(|name| name.trim().eq_ignore_ascii_case(media));
        is_named && !parts.any(is_weight_of_zero)
    })
}

/// What stands between separators that are in no quoted string.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.split(move |character| {
        let was_escaped = std::mem::take(&mut is_escaped);
        match character {
            '"' if !was_escaped => is_quoted = !is_quoted,
            '\\' if !was_escaped => is_escaped = is_quoted,
            _ => {}
        }
        character == separator && !is_quoted
    })
}

/// Another weight, and one that is no number, is as good as none: who names a type wants it.
fn is_weight_of_zero(parameter: &str) -> bool {
    let Some((name, weight)) = parameter.split_once('=') else { return false };
    let is_zero = |weight: &str| match weight.strip_prefix('0') {
        Some("") => true,
        Some(rest) => rest.strip_prefix('.').is_some_and(|digits| digits.bytes().all(|digit| digit == b'0')),
        None => false,
    };
    name.trim().eq_ignore_ascii_case("q") && is_zero(weight.trim())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn what_is_asked_for() {
        for (lines, is_named) in [
            (&["text/event-stream"][..], true),
            (&["Text/Event-Stream"], true),
            (&[" text/event-stream "], true),
            (&["text/html, text/event-stream;q=0.5"], true),
            (&["text/html", "text/event-stream"], true),
            (&["text/event-stream; x=1"], true),
            (&["text/event-stream;q=1"], true),
            (&["text/event-stream;q=1.000"], true),
            (&["text/event-stream;q=0.001"], true),
            (&["text/event-stream;q=0"], false),
            (&["text/event-stream;q=0."], false),
            (&["text/event-stream;q=0.0"], false),
            (&["text/event-stream;q=0.000"], false),
            (&["text/event-stream ; Q=0"], false),
            (&["text/event-stream; x=1; q=0"], false),
            (&["text/event-stream;q=0, */*"], false),
            (&["*/*;q=0, text/event-stream"], true),
            (&["text/event-stream;q=0, text/event-stream;x=1"], true),
            // What is no weight says nothing.
            (&["text/event-stream;q="], true),
            (&["text/event-stream;q=00"], true),
            (&["text/event-stream;q=-0"], true),
            (&["text/event-stream;q"], true),
            (&["text/event-stream;xq=0"], true),
            (&["text/event-stream;x=\"a;q=0\""], true),
            (&["text/event-stream;x=\"a\\\";q=0\""], true),
            (&["text/event-stream;x=\"a\\\\\";q=0"], false),
            (&["text/html;x=\"a,text/event-stream,b\""], false),
            (&["text/html;x=\"a\\\",text/event-stream,\\\"b\""], false),
            (&["text/html;x=a\\\", text/event-stream"], false),
            (&["*/*"], false),
            (&["text/*"], false),
            (&["text/event-streams"], false),
            (&["text/event-stream,"], true),
            (&[""], false),
            (&[], false),
            (&["\u{fc}", "text/event-stream"], true),
            (&["\u{fc}, text/event-stream"], false),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(ACCEPT, HeaderValue::from_bytes(line.as_bytes()).unwrap());
            }
            assert_eq!(names(&headers, "text/event-stream"), is_named, "{lines:?}");
        }
    }
}
