//! Who the client is when a proxy stands between.

use std::net::IpAddr;
use std::str::FromStr;

use http::request::Parts;
use ipnet::{IpNet, Ipv4Net};

use crate::forwarded::ProxyHeader;

/// Where a connection comes from, as far as this process sees: its client, or the last proxy before it. A platform that knows
/// puts it into the request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// The proxies that are believed, and the header in which they say whom they pass on. None by default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrustedProxies {
    header: ProxyHeader,
    proxies: Vec<ProxyNet>,
}

/// One proxy, or a network of them: `10.0.0.7`, `10.0.0.0/8`, `2001:db8::/32`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProxyNet(IpNet);

/// What names no proxies, or too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// Neither an address nor a network.
    #[error("it is neither an address nor a network: write `10.0.0.7`, `10.0.0.0/8` or `2001:db8::/32`")]
    NotANetwork,
    /// All addresses there are.
    #[error(
        "it is every address there is, so that a client could call itself by any: name the network that your proxies are in"
    )]
    Everybody,
}

impl TrustedProxies {
    /// These proxies write this header.
    #[must_use]
    pub fn new(header: ProxyHeader, proxies: Vec<ProxyNet>) -> Self {
        Self { header, proxies }
    }

    /// Whose request this is. `None` where the platform does not know who is connected.
    ///
    /// A proxy that is believed says whom it passes on, and that may be another such proxy. It ends at the first address that is
    /// none of theirs, and where an entry has no address: what stands before it may be the client's own words.
    #[must_use]
    pub fn client(&self, parts: &Parts) -> Option<IpAddr> {
        let Peer(peer) = parts.extensions.get::<Peer>()?;
        let mut client = peer.to_canonical();
        let mut hops = self.header.hops(&parts.headers);
        while self.trust(client) {
            match hops.next().flatten() {
                Some(hop) => client = hop,
                None => break,
            }
        }
        Some(client)
    }

    fn trust(&self, address: IpAddr) -> bool {
        self.proxies.iter().any(|proxy| proxy.has(address))
    }
}

impl ProxyNet {
    /// Whether the address is one of it.
    #[must_use]
    pub fn has(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl FromStr for ProxyNet {
    type Err = ProxyError;

    /// An IPv4 network may be written as IPv6 maps it, and any address of a network names it.
    fn from_str(text: &str) -> Result<Self, ProxyError> {
        let text = text.trim();
        let address = || text.parse::<IpAddr>().map(IpNet::from);
        let net = text.parse::<IpNet>().or_else(|_| address()).map_err(|_| ProxyError::NotANetwork)?;
        if net.prefix_len() == 0 {
            return Err(ProxyError::Everybody);
        }
        let mapped = match net {
            IpNet::V4(_) => None,
            IpNet::V6(net) => net.addr().to_ipv4_mapped().zip(net.prefix_len().checked_sub(96)),
        };
        match mapped {
            Some((_, 0)) => Err(ProxyError::Everybody),
            Some((address, bits)) => {
                Ipv4Net::new(address, bits).map(|net| Self(net.trunc().into())).map_err(|_| ProxyError::NotANetwork)
            }
            None => Ok(Self(net.trunc())),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Request;
    use proptest::prelude::*;

    use super::*;

    fn trusting(header: ProxyHeader, proxies: &[&str]) -> TrustedProxies {
        TrustedProxies::new(header, proxies.iter().map(|proxy| proxy.parse().unwrap()).collect())
    }

    fn parts(peer: &str, lines: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().extension(Peer(peer.parse().unwrap()));
        for (name, value) in lines {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn only_proxies_that_are_named_are_believed() {
        let proxies = ["10.0.0.0/8", "2001:db8::/32", "203.0.113.7"];
        let trusted = trusting(ProxyHeader::XForwardedFor, &proxies);
        for (peer, said, client) in [
            ("192.0.2.1", "198.51.100.1", "192.0.2.1"),
            ("10.1.2.3", "198.51.100.1", "198.51.100.1"),
            ("::ffff:10.1.2.3", "198.51.100.1", "198.51.100.1"),
            ("2001:db8::7", "198.51.100.1", "198.51.100.1"),
            ("2001:db9::7", "198.51.100.1", "2001:db9::7"),
            ("203.0.113.7", "::ffff:198.51.100.1", "198.51.100.1"),
            ("203.0.113.8", "198.51.100.1", "203.0.113.8"),
            // What the client writes stands before what the proxies write.
            ("10.1.2.3", "1.1.1.1, 198.51.100.1", "198.51.100.1"),
            ("10.1.2.3", "10.9.9.9, 198.51.100.1", "198.51.100.1"),
            ("10.1.2.3", "1.1.1.1, 198.51.100.1, 203.0.113.7, 10.0.0.1", "198.51.100.1"),
            // A proxy that does not say is the last one that is known.
            ("10.1.2.3", "1.1.1.1, unknown", "10.1.2.3"),
            ("10.1.2.3", "1.1.1.1, unknown, 10.0.0.1", "10.0.0.1"),
            ("10.1.2.3", "1.1.1.1, ", "10.1.2.3"),
            ("10.1.2.3", "", "10.1.2.3"),
            // All of them are proxies: it comes from the first.
            ("10.1.2.3", "10.0.0.2, 10.0.0.1", "10.0.0.2"),
        ] {
            let parts = parts(peer, &[("x-forwarded-for", said)]);
            assert_eq!(trusted.client(&parts).unwrap().to_string(), client, "{peer}: {said}");
            let mapped = if peer.starts_with("::ffff:") { "10.1.2.3" } else { peer };
            let nobody = TrustedProxies::default().client(&parts).unwrap().to_string();
            assert_eq!(nobody, mapped, "nobody is believed by default");
        }
    }

    #[test]
    fn only_the_header_that_is_named_is_read() {
        let lines = [("x-forwarded-for", "198.51.100.1"), ("forwarded", "for=198.51.100.2"), ("x-real-ip", "1.1.1.1")];
        let both = parts("10.0.0.1", &lines);
        for (header, client) in [(ProxyHeader::XForwardedFor, "198.51.100.1"), (ProxyHeader::Forwarded, "198.51.100.2")]
        {
            assert_eq!(trusting(header, &["10.0.0.1"]).client(&both).unwrap().to_string(), client);
        }
        let other = parts("10.0.0.1", &lines[..1]);
        assert_eq!(trusting(ProxyHeader::Forwarded, &["10.0.0.1"]).client(&other).unwrap().to_string(), "10.0.0.1");
    }

    #[test]
    fn who_is_not_known_is_nobody() {
        let (parts, ()) = Request::builder().header("x-forwarded-for", "1.1.1.1").body(()).unwrap().into_parts();
        assert_eq!(trusting(ProxyHeader::XForwardedFor, &["10.0.0.1"]).client(&parts), None);
    }

    #[test]
    fn what_names_proxies_and_what_does_not() {
        let net = |text: &str| text.parse::<ProxyNet>().map(|ProxyNet(net)| net.to_string());
        for (text, expected) in [
            ("10.0.0.7", "10.0.0.7/32"),
            (" 10.0.0.0/8 ", "10.0.0.0/8"),
            ("10.1.2.3/8", "10.0.0.0/8"),
            ("2001:DB8::1", "2001:db8::1/128"),
            ("2001:db8::1/32", "2001:db8::/32"),
            ("::ffff:10.0.0.7", "10.0.0.7/32"),
            ("::ffff:10.0.0.7/104", "10.0.0.0/8"),
        ] {
            assert_eq!(net(text).as_deref(), Ok(expected), "{text}");
        }
        for text in
            ["", " ", "*", "localhost", "10.0.0", "10.0.0.0/33", "10.0.0.0/-1", "::/129", "[::1]", "10.0.0.1:80"]
        {
            assert_eq!(net(text), Err(ProxyError::NotANetwork), "{text}");
        }
        for text in ["0.0.0.0/0", "10.0.0.0/0", "::/0", "::ffff:0:0/96"] {
            assert_eq!(net(text), Err(ProxyError::Everybody), "{text}");
        }
    }

    proptest! {
        /// Behind honest proxies, no client can pass for another.
        #[test]
        fn a_client_is_who_the_first_proxy_saw(
            client in any::<IpAddr>().prop_filter("no proxy", |client| client.to_canonical().to_string() != "10.0.0.1"),
            says in "[ -~]{0,60}",
            proxies in 0..4_usize,
        ) {
            let mut said = format!("{says}, {client}");
            said.push_str(&", 10.0.0.1".repeat(proxies));
            let parts = parts("10.0.0.1", &[("x-forwarded-for", &said)]);
            let trusted = trusting(ProxyHeader::XForwardedFor, &["10.0.0.1"]);
            prop_assert_eq!(trusted.client(&parts), Some(client.to_canonical()));
        }
    }
}
