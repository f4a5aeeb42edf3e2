//! The address of a server, and of a room on it.

use std::collections::BTreeMap;
use std::fmt;

use url::{Host, Url};

use crate::failure::Failure;

/// Where the server listens for rooms, unless it was told otherwise.
const PATH: &str = "/__sockets";

/// Shown without its query, in which an app may have put anything.
#[derive(Clone)]
pub(crate) struct Address {
    url: Url,
    /// TLS.
    pub(crate) is_secure: bool,
}

impl Address {
    /// # Errors
    ///
    /// When it is no address of a server, or has what belongs into no address.
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        let remedy = "give it as `wss://host/__sockets?m=..&s=..&r=..`, or as `https://host` with --room";
        let mut url = Url::parse(text).map_err(|error| {
            // Without a scheme a host and its port read as one.
            Failure::new(format_args!("the address cannot be read: {error}"), remedy)
        })?;
        let is_secure = match url.scheme() {
            "wss" | "https" => true,
            "ws" | "http" => false,
            other => return Err(Failure::new(format_args!("`{other}:` is no address of a server"), remedy)),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Failure::new(
                "the address has a name or a password in it",
                "give it as a header, so that no log has it: `--header @FILE`, with `authorization: Basic ..` in the file",
            ));
        }
        url.set_fragment(None);
        if url.path() == "/" {
            url.set_path(PATH);
        }
        Ok(Self { url, is_secure })
    }

    /// # Errors
    ///
    /// When the address names a room already.
    pub(super) fn select(&mut self, module: &str, name: &str) -> Result<(), Failure> {
        self.refuse_twice("m")?;
        self.refuse_twice("s")?;
        self.url.query_pairs_mut().append_pair("m", module).append_pair("s", name);
        Ok(())
    }

    /// # Errors
    ///
    /// When the address has a key already.
    pub(super) fn set_key(&mut self, key: &BTreeMap<&str, &str>) -> Result<(), Failure> {
        self.refuse_twice("r")?;
        let key = serde_json::to_string(key).map_err(|error| Failure::new(error, "give another key"))?;
        self.url.query_pairs_mut().append_pair("r", &key);
        Ok(())
    }

    fn refuse_twice(&self, part: &str) -> Result<(), Failure> {
        if self.url.query_pairs().any(|(name, _)| name == part) {
            return Err(Failure::new(
                format_args!("the room is given twice: the address has `{part}`"),
                "give the room in the address or with --room and --key, not in both",
            ));
        }
        Ok(())
    }

    /// Whether it says which room.
    pub(crate) fn has_room(&self) -> bool {
        ["m", "s"].iter().all(|part| self.url.query_pairs().any(|(name, _)| name == *part))
    }

    /// As a name server or a certificate has it.
    pub(crate) fn host(&self) -> String {
        match self.url.host() {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            None => String::new(),
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(if self.is_secure { 443 } else { 80 })
    }

    /// That of a page which the server itself serves.
    pub(crate) fn origin(&self) -> String {
        let scheme = if self.is_secure { "https" } else { "http" };
        format!("{scheme}://{}", self.authority())
    }

    /// On this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        match self.url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }

    /// A room of this server that there is nowhere.
    pub(crate) fn elsewhere(&self) -> Self {
        let mut elsewhere = self.clone();
        let kept: Vec<_> =
            self.url.query_pairs().filter(|(name, _)| !["m", "s", "r"].contains(&name.as_ref())).collect();
        let mut query = elsewhere.url.query_pairs_mut();
        query.clear().extend_pairs(kept).extend_pairs([("m", "roomful-doctor"), ("s", "nowhere")]);
        drop(query);
        elsewhere
    }

    /// What the handshake asks for: the path and the query.
    pub(crate) fn target(&self) -> String {
        match self.url.query() {
            Some(query) => format!("{}?{query}", self.url.path()),
            None => self.url.path().to_owned(),
        }
    }

    /// The whole of it, for the handshake alone.
    pub(crate) fn websocket(&self) -> String {
        let scheme = if self.is_secure { "wss" } else { "ws" };
        format!("{scheme}://{}{}", self.authority(), self.target())
    }

    /// The host, and the port where it is not the usual one.
    pub(crate) fn authority(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_secure { "wss" } else { "ws" };
        write!(f, "{scheme}://{}{}", self.authority(), self.url.path())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Address, String> {
        Address::parse(text).map_err(|failure| failure.to_string())
    }

    #[test]
    fn an_address_is_read_as_a_browser_would() {
        let rows = [
            ("ws://example.com", "example.com", 80, "ws://example.com/__sockets"),
            ("http://example.com:80", "example.com", 80, "ws://example.com/__sockets"),
            ("https://Example.com:8443/live#top", "example.com", 8443, "wss://example.com:8443/live"),
            ("wss://[::1]:9/", "::1", 9, "wss://[::1]:9/__sockets"),
            ("ws://127.0.0.1:3000/?token=t", "127.0.0.1", 3000, "ws://127.0.0.1:3000/__sockets"),
        ];
        for (text, host, port, shown) in rows {
            let address = parse(text).unwrap();
            assert_eq!((address.host().as_str(), address.port(), address.to_string().as_str()), (host, port, shown));
        }
        assert_eq!(parse("ws://a/?token=t").unwrap().target(), "/__sockets?token=t");
    }

    #[test]
    fn what_is_no_address_is_refused_with_what_would_be_one() {
        for wrong in ["example.com", "localhost:3000", "ftp://a", "/__sockets", "ws://"] {
            assert!(parse(wrong).unwrap_err().contains("wss://host/__sockets"), "{wrong}");
        }
        let error = parse("wss://ann:hunter2@example.com").unwrap_err();
        assert!(error.contains("--header @FILE") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn elsewhere_is_the_same_server_with_what_else_it_was_asked_for() {
        let address = parse("https://example.com/?m=x&s=y&r=%7B%7D&t=a+b").unwrap();
        assert_eq!(address.elsewhere().target(), "/__sockets?t=a+b&m=roomful-doctor&s=nowhere");
        assert_eq!(address.origin(), "https://example.com");
    }

    #[test]
    fn an_address_is_shown_without_its_query() {
        let address = parse("ws://a/?m=x&s=y&token=hunter2").unwrap();
        assert!(!format!("{address} {address:?}").contains("hunter2"));
        assert!(address.has_room() && !parse("ws://a/?m=x").unwrap().has_room());
    }
}
