//! The query of the request that wants to become a connection.

use percent_encoding::percent_decode_str;

/// What a client asks for: which room of which module, and with which key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// `m`, the module. Absent also where it is not UTF-8: no module has such a name.
    pub module: Option<String>,
    /// `s`, the room's name in the module. Absent also where it is not UTF-8.
    pub room: Option<String>,
    /// `r`, percent-decoded and not otherwise looked at: [`parse_key`](super::parse_key) does, once the pattern is
    /// known.
    pub key: Option<Vec<u8>>,
}

/// Reads `m`, `s` and `r` from the text after the `?`. Of a name given twice the first counts.
///
/// ```
/// use roomful_core::key::parse_query;
///
/// let query = parse_query("m=board&s=cursors&r=%7B%22boardId%22:%22a+b%22%7D");
/// assert_eq!(query.room.as_deref(), Some("cursors"));
/// assert_eq!(query.key.as_deref(), Some(&br#"{"boardId":"a b"}"#[..]));
/// ```
#[must_use]
pub fn parse_query(query: &str) -> Query {
    Query { module: query_value(query, "m"), room: query_value(query, "s"), key: first_value(query, b"r") }
}

/// The first value of this name in a query, decoded. A `+` is a space and an invalid percent escape stands for itself.
/// Absent where the name is, and where that first value is not UTF-8.
#[must_use]
pub fn query_value(query: &str, name: &str) -> Option<String> {
    first_value(query, name.as_bytes()).and_then(|value| String::from_utf8(value).ok())
}

fn first_value(query: &str, name: &[u8]) -> Option<Vec<u8>> {
    query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .find(|(known, _)| decode(known) == name)
        .map(|(_, value)| decode(value))
}

fn decode(text: &str) -> Vec<u8> {
    percent_decode_str(&text.replace('+', " ")).collect()
}
