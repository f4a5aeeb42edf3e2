//! The server that is tried.

use std::future::{Future, ready};
use std::time::Duration;

/// A server that serves the rooms which the recordings use.
pub trait Server {
    /// `HOST:PORT`.
    fn authority(&self) -> String;

    /// How long what is expected may take. Nothing waits for it to pass, so it may be far more than anything takes.
    fn patience(&self) -> Duration {
        Duration::from_secs(20)
    }

    /// Called before each thing that a client does, for a server that is to be disturbed then.
    fn before_step(&self) -> impl Future<Output = ()> {
        ready(())
    }

    /// Ready when everything that was sent has been handled. Only a server's own tests can know.
    fn settled(&self) -> impl Future<Output = ()> {
        ready(())
    }
}

/// A server of which nothing but the address is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    authority: String,
    patience: Duration,
}

impl Remote {
    /// Reads `http://HOST:PORT`, `ws://HOST:PORT` or `HOST:PORT`.
    ///
    /// # Errors
    ///
    /// For anything else.
    pub fn parse(address: &str, patience: Duration) -> Result<Self, InvalidAddress> {
        let invalid = || InvalidAddress(address.to_owned());
        let without_scheme = ["http://", "ws://"].iter().find_map(|scheme| address.strip_prefix(scheme));
        let authority = without_scheme.unwrap_or(address);
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        let (host, port) = authority.rsplit_once(':').ok_or_else(invalid)?;
        let is_host = !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']);
        if !is_host || port.parse::<u16>().is_err() {
            return Err(invalid());
        }
        Ok(Self { authority: authority.to_owned(), patience })
    }
}

impl Server for Remote {
    fn authority(&self) -> String {
        self.authority.clone()
    }

    fn patience(&self) -> Duration {
        self.patience
    }
}

/// No address of a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no address: write http://HOST:PORT, without a path and without TLS")]
pub struct InvalidAddress(String);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "it is a test")]

    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        let parse = |address| Remote::parse(address, Duration::from_secs(1));
        for address in ["http://127.0.0.1:80", "http://127.0.0.1:80/", "ws://127.0.0.1:80", "127.0.0.1:80"] {
            assert_eq!(parse(address).unwrap().authority(), "127.0.0.1:80", "{address}");
        }
        assert_eq!(parse("http://[::1]:80").unwrap().authority(), "[::1]:80");
        for address in ["", "localhost", "https://a:1", "http://a:1/path", "http://:1", "a:99999", "a@b:1"] {
            assert_eq!(parse(address), Err(InvalidAddress(address.to_owned())), "{address}");
        }
    }
}
