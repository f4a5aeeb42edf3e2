//! The addresses that proxies wrote into a request, from the last proxy's entry to the first.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::header::FORWARDED;
use http::{HeaderMap, HeaderName};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The header in which an app's proxies say whom they pass on.
///
/// Name the one that your proxies write. Most pass every other header on as it came, and then a client could write that one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ProxyHeader {
    /// `X-Forwarded-For: 192.0.2.1, 10.0.0.7`: what nginx, Caddy, HAProxy and the load balancers of clouds write.
    #[default]
    XForwardedFor,
    /// `Forwarded: for=192.0.2.1, for="[2001:db8::1]:4711"`, as RFC 7239 has it.
    Forwarded,
}

impl ProxyHeader {
    /// What each proxy wrote, the last one's first. `None`: an entry that names no address, or that is malformed.
    ///
    /// Lines and entries are split from the end: what a proxy has added stands there, and is whole whatever a client has written
    /// before it. From the beginning, one quote of the client's would swallow the entries of the proxies.
    pub(crate) fn hops(self, headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
        let name = match self {
            Self::XForwardedFor => X_FORWARDED_FOR,
            Self::Forwarded => FORWARDED,
        };
        let lines = headers.get_all(name).iter().rev();
        let entries = lines.flat_map(move |line| FromEnd { rest: Some(line.as_bytes()), header: self });
        entries.map(move |entry| self.address(std::str::from_utf8(entry).ok()?))
    }

    fn address(self, entry: &str) -> Option<IpAddr> {
        match self {
            Self::XForwardedFor => node(trim(entry)),
            Self::Forwarded => node(&forwarded_for(entry)?),
        }
    }
}

/// The entries of one line, the last one first.
struct FromEnd<'a> {
    rest: Option<&'a [u8]>,
    header: ProxyHeader,
}

impl<'a> Iterator for FromEnd<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let line = self.rest.take()?;
        let mut is_quoted = false;
        for (at, byte) in line.iter().enumerate().rev() {
            match byte {
                b'"' if self.header == ProxyHeader::Forwarded && !is_escaped(line, at) => is_quoted = !is_quoted,
                b',' if !is_quoted => {
                    self.rest = Some(&line[..at]);
                    return Some(&line[at + 1..]);
                }
                _ => {}
            }
        }
        Some(line)
    }
}

fn is_escaped(line: &[u8], at: usize) -> bool {
    let backslashes = line[..at].iter().rev().take_while(|byte| **byte == b'\\').count();
    backslashes % 2 == 1
}

/// The value of `for` in one element of `Forwarded`, without its quotes. `None` where it is not there, twice there, or where
/// the element is none.
fn forwarded_for(element: &str) -> Option<String> {
    let mut found = None;
    let mut pairs = next_pair(element);
    while !pairs.is_empty() {
        let (name, after) = pairs.split_once('=')?;
        let (value, after) = value(after)?;
        let is_over = after.is_empty() || after.trim_start_matches([' ', '\t']).starts_with(';');
        pairs = next_pair(is_over.then_some(after)?);
        if name.eq_ignore_ascii_case("for") && found.replace(value).is_some() {
            return None;
        }
    }
    found
}

/// Between two pairs there may be any number of `;`.
fn next_pair(text: &str) -> &str {
    text.trim_start_matches([';', ' ', '\t'])
}

/// A token or a quoted string at the beginning, and what follows it.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (token, rest) = text.split_at(text.find([';', ' ', '\t']).unwrap_or(text.len()));
        return (!token.contains('"')).then(|| (token.to_owned(), rest));
    };
    let (mut value, mut characters) = (String::new(), quoted.chars());
    loop {
        match characters.next()? {
            '"' => return Some((value, characters.as_str())),
            '\\' => value.push(characters.next()?),
            character => value.push(character),
        }
    }
}

/// An address with or without a port. `unknown`, and a name that a proxy made up, are none.
fn node(text: &str) -> Option<IpAddr> {
    let address = match text.strip_prefix('[') {
        Some(bracketed) => {
            let (address, port) = bracketed.split_once(']')?;
            let is_whole = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
            is_whole.then(|| address.parse::<Ipv6Addr>().ok())?.map(IpAddr::V6)
        }
        None => text.parse().ok().or_else(|| {
            let (address, port) = text.split_once(':')?;
            is_port(port).then(|| address.parse::<Ipv4Addr>().ok())?.map(IpAddr::V4)
        }),
    };
    address.map(|address| address.to_canonical())
}

/// A number, or in `Forwarded` a name that begins with `_`.
fn is_port(text: &str) -> bool {
    let is_of_a_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    match text.strip_prefix('_') {
        Some(name) => !name.is_empty() && name.bytes().all(is_of_a_name),
        None => text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok(),
    }
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn hops(header: ProxyHeader, lines: &[&str]) -> Vec<Option<String>> {
        let name = if header == ProxyHeader::Forwarded { "forwarded" } else { "x-forwarded-for" };
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(name, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        header.hops(&headers).map(|hop| hop.map(|address| address.to_string())).collect()
    }

    /// `-` is an entry without an address.
    fn check(header: ProxyHeader, rows: &[(&[&str], &str)]) {
        for (lines, expected) in rows {
            let found = hops(header, lines);
            let found: Vec<&str> = found.iter().map(|hop| hop.as_deref().unwrap_or("-")).collect();
            assert_eq!(found.join(" "), *expected, "{lines:?}");
        }
    }

    #[test]
    fn x_forwarded_for_is_read_from_its_end() {
        check(
            ProxyHeader::XForwardedFor,
            &[
                (&[], ""),
                (&["192.0.2.1"], "192.0.2.1"),
                (&["192.0.2.1, 10.0.0.7"], "10.0.0.7 192.0.2.1"),
                (&["192.0.2.1,10.0.0.7"], "10.0.0.7 192.0.2.1"),
                (&["192.0.2.1\t , \t10.0.0.7 "], "10.0.0.7 192.0.2.1"),
                (&["192.0.2.1", "192.0.2.2, 10.0.0.7"], "10.0.0.7 192.0.2.2 192.0.2.1"),
                (&["192.0.2.1:4711"], "192.0.2.1"),
                (&["2001:DB8::1"], "2001:db8::1"),
                (&["[2001:db8::1]"], "2001:db8::1"),
                (&["[2001:db8::1]:443"], "2001:db8::1"),
                (&["::ffff:192.0.2.1"], "192.0.2.1"),
                (&["[::ffff:c000:201]:80"], "192.0.2.1"),
                (&[""], "-"),
                (&["192.0.2.1,"], "- 192.0.2.1"),
                (&["192.0.2.1,,10.0.0.7"], "10.0.0.7 - 192.0.2.1"),
                (&["unknown"], "-"),
                (&["unix:"], "-"),
                (&["_hidden"], "-"),
                (&["192.0.2.1 10.0.0.7"], "-"),
                (&["192.0.2"], "-"),
                (&["192.0.2.256"], "-"),
                (&["192.0.2.01"], "-"),
                (&["192.0.2.1:"], "-"),
                (&["192.0.2.1:99999"], "-"),
                (&["192.0.2.1:+80"], "-"),
                (&["192.0.2.1:80:80"], "-"),
                (&["[2001:db8::1"], "-"),
                (&["[2001:db8::1]443"], "-"),
                (&["[192.0.2.1]"], "-"),
                (&["fe80::1%eth0"], "-"),
                (&["\"192.0.2.1\""], "-"),
                (&["for=192.0.2.1"], "-"),
                // What is no text hides nothing that stands behind it.
                (&["\u{e9}, 10.0.0.7"], "10.0.0.7 -"),
                (&["\", 10.0.0.7"], "10.0.0.7 -"),
            ],
        );
    }

    #[test]
    fn forwarded_is_read_from_its_end() {
        check(
            ProxyHeader::Forwarded,
            &[
                (&[], ""),
                (&["for=192.0.2.1"], "192.0.2.1"),
                (&["For=192.0.2.1;proto=https;By=203.0.113.43"], "192.0.2.1"),
                (&["proto=https; for=192.0.2.1"], "192.0.2.1"),
                (&["for=192.0.2.1, for=198.51.100.17"], "198.51.100.17 192.0.2.1"),
                (&["for=192.0.2.1", "for=198.51.100.17"], "198.51.100.17 192.0.2.1"),
                (&[r#"for="192.0.2.1:4711""#], "192.0.2.1"),
                (&[r#"for="192.0.2.1:_port""#], "192.0.2.1"),
                (&[r#"for="[2001:db8:cafe::17]""#], "2001:db8:cafe::17"),
                (&[r#"for="[2001:db8:cafe::17]:4711""#], "2001:db8:cafe::17"),
                (&[r#"for="[::ffff:192.0.2.1]""#], "192.0.2.1"),
                (&[r#"for="\[2001\:db8::1\]""#], "2001:db8::1"),
                (&["for=192.0.2.1:4711"], "192.0.2.1"),
                (&[r#"by="a,b";for=192.0.2.1"#], "192.0.2.1"),
                (&[r#"by="a\",b\\";for=192.0.2.1"#], "192.0.2.1"),
                (&[";for=192.0.2.1;;proto=https; "], "192.0.2.1"),
                (&["for=unknown"], "-"),
                (&["for=_hidden"], "-"),
                (&[r#"for="_gazonk""#], "-"),
                (&["proto=https"], "-"),
                (&[""], "-"),
                (&["for=192.0.2.1,"], "- 192.0.2.1"),
                (&["for=192.0.2.1;for=198.51.100.17"], "-"),
                (&["=for=192.0.2.1"], "-"),
                (&["for=192.0.2.1=x"], "-"),
                (&["for=;proto=https"], "-"),
                (&["for = 192.0.2.1"], "-"),
                (&["for=192.0.2.1 proto=https"], "-"),
                (&["192.0.2.1"], "-"),
                (&[r#"for="192.0.2.1"#], "-"),
                (&[r#"for=192.0.2.1""#], "-"),
                (&[r#"for="192.0.2.1"x"#], "-"),
                (&[r#"for="192.0.2.1\"#], "-"),
                (&[r#"for="[2001:db8::1]:""#], "-"),
                (&[r#"for="[2001:db8::1]:_""#], "-"),
                // A quote that the client leaves open hides none of the proxies' entries.
                (&[r#"for=9.9.9.9;x=", for=192.0.2.1"#], "192.0.2.1 -"),
                (&[r#"for=9.9.9.9;x=", for="[2001:db8::1]""#], "2001:db8::1 -"),
                (&[r#"for=9.9.9.9;x="\, for="[2001:db8::1]";proto="https""#], "2001:db8::1 -"),
                (&["for=9.9.9.9;x=\"", "for=192.0.2.1"], "192.0.2.1 -"),
                (&["for=\u{e9}, for=192.0.2.1"], "192.0.2.1 -"),
            ],
        );
    }

    fn any_line() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            prop::sample::select(vec![
                "for=",
                ",",
                ";",
                "\"",
                "\\",
                "[",
                "]",
                ":",
                "192.0.2.1",
                "2001:db8::1",
                " ",
                "="
            ])
            .prop_map(|piece| piece.as_bytes().to_vec()),
            prop::collection::vec(prop_oneof![0x20_u8..0x7f, 0x80_u8..], 0..4),
        ];
        prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    fn written(address: IpAddr, port: Option<u16>, header: ProxyHeader) -> String {
        let node = match (address, port) {
            (IpAddr::V4(address), None) => address.to_string(),
            (IpAddr::V4(address), Some(port)) => format!("{address}:{port}"),
            (IpAddr::V6(address), None) => format!("[{address}]"),
            (IpAddr::V6(address), Some(port)) => format!("[{address}]:{port}"),
        };
        if header == ProxyHeader::Forwarded { format!("proto=https;for=\"{node}\"") } else { node }
    }

    proptest! {
        /// Whatever a client writes, the proxies' entries behind it are found, and nothing panics.
        #[test]
        fn what_proxies_have_added_is_found_behind_anything(
            client in prop::collection::vec(any_line(), 0..3),
            proxies in prop::collection::vec((any::<IpAddr>(), any::<Option<u16>>(), any::<bool>()), 0..4),
            is_forwarded in any::<bool>(),
        ) {
            let header = if is_forwarded { ProxyHeader::Forwarded } else { ProxyHeader::XForwardedFor };
            let mut lines = client;
            for (address, port, on_its_line) in &proxies {
                let entry = written(*address, *port, header).into_bytes();
                match lines.last_mut() {
                    Some(line) if *on_its_line => {
                        line.extend_from_slice(b", ");
                        line.extend(entry);
                    }
                    _ => lines.push(entry),
                }
            }
            let mut headers = HeaderMap::new();
            let name = if is_forwarded { "forwarded" } else { "x-forwarded-for" };
            for line in lines {
                headers.append(name, HeaderValue::from_bytes(&line).unwrap());
            }
            let found: Vec<_> = header.hops(&headers).collect();
            for ((address, _, _), found) in proxies.iter().rev().zip(found) {
                prop_assert_eq!(found, Some(address.to_canonical()));
            }
        }
    }
}
