//! From an address to a broker.

use std::path::PathBuf;

use crate::address::Kind;
use crate::names::Names;
use crate::opened::{Opened, Roots};
use crate::{Broker, BrokerAddress, ConnectError};

/// Which broker, and how one is let in.
///
/// ```
/// use roomful_cluster::BrokerOptions;
///
/// let options = BrokerOptions::at("rediss://redis.example").credentials_file("/run/secrets/redis");
/// # let _ = options;
/// ```
#[derive(Debug, Clone)]
pub struct BrokerOptions {
    address: Result<BrokerAddress, ConnectError>,
    credentials: Option<PathBuf>,
    roots: Option<PathBuf>,
}

impl BrokerOptions {
    /// The broker at this address, as [`BrokerAddress::parse`] reads it.
    #[must_use]
    pub fn at(address: &str) -> Self {
        Self { address: BrokerAddress::parse(address), credentials: None, roots: None }
    }

    /// Takes the credentials from a file, so that they stand in no environment and in no command line: what would stand before
    /// the `@` of the address, not percent-encoded, or a `.creds` file of NATS. It is read whenever a link is made, so it may
    /// change.
    #[must_use]
    pub fn credentials_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.credentials = Some(path.into());
        self
    }

    /// Trusts the certificates in this file, in PEM, instead of the machine's.
    #[must_use]
    pub fn root_certificates(mut self, path: impl Into<PathBuf>) -> Self {
        self.roots = Some(path.into());
        self
    }

    /// The broker, for the rooms of this app. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// The address is none, a file cannot be read, or the feature for this broker is off.
    pub fn open(&self, app: &str) -> Result<Box<dyn Broker>, ConnectError> {
        let address = self.address.clone()?;
        let roots = self.roots.as_deref().map(Roots::read).transpose()?;
        let opened = Opened { address, credentials: self.credentials.clone(), names: Names::of(app), roots };
        // Read once now, so that a file that is not there is an error of the start.
        opened.address_now()?;
        adapter(opened)
    }
}

fn adapter(opened: Opened) -> Result<Box<dyn Broker>, ConnectError> {
    match opened.address.kind {
        #[cfg(feature = "nats")]
        Kind::Nats => Ok(Box::new(crate::nats::Nats::new(opened))),
        #[cfg(feature = "redis")]
        Kind::Redis => Ok(Box::new(crate::redis::Redis::new(opened))),
        #[cfg(not(feature = "nats"))]
        Kind::Nats => Err(no_client(&opened, "nats")),
        #[cfg(not(feature = "redis"))]
        Kind::Redis => Err(no_client(&opened, "redis")),
    }
}

#[cfg(not(all(feature = "nats", feature = "redis")))]
fn no_client(opened: &Opened, feature: &'static str) -> ConnectError {
    ConnectError::NoSuchClient { address: opened.address.to_string(), feature }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_when_it_is_opened() {
        let what = |options: BrokerOptions| options.open("app").map(|_| ()).expect_err("nothing to open");
        assert!(matches!(what(BrokerOptions::at("h")), ConnectError::Address { .. }));
        let options = BrokerOptions::at("nats://h").credentials_file("/nowhere/at/all");
        assert!(matches!(what(options), ConnectError::File { path, .. } if path == "/nowhere/at/all"));
        let options =
            BrokerOptions::at("nats://h").root_certificates(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
        assert!(matches!(what(options), ConnectError::File { what, .. } if what.contains("no certificate")));
    }

    #[test]
    #[cfg(not(feature = "nats"))]
    fn a_client_that_is_not_there_is_named() {
        let error = BrokerOptions::at("nats://h").open("app").map(|_| ()).expect_err("no client");
        assert_eq!(error, ConnectError::NoSuchClient { address: "nats://h:4222".to_owned(), feature: "nats" });
    }
}
