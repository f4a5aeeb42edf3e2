//! What an adapter is made of.

use std::path::{Path, PathBuf};

use crate::address::Credentials;
use crate::names::Names;
use crate::{BrokerAddress, ConnectError};

/// What an adapter is made of.
#[derive(Debug, Clone)]
#[cfg_attr(not(any(feature = "nats", feature = "redis")), expect(dead_code, reason = "there is no adapter"))]
pub(crate) struct Opened {
    pub(crate) address: BrokerAddress,
    /// Where the credentials are, if not in the address.
    pub(crate) credentials: Option<PathBuf>,
    pub(crate) names: Names,
    /// Who is trusted instead of those whom the machine trusts.
    pub(crate) roots: Option<Roots>,
}

/// A file of certificates in PEM.
#[derive(Debug, Clone)]
pub(crate) struct Roots {
    #[cfg(feature = "nats")]
    pub(crate) path: PathBuf,
    #[cfg(feature = "redis")]
    pub(crate) pem: Vec<u8>,
}

impl Opened {
    /// The address with the credentials that the file has now, where there is one.
    pub(crate) fn address_now(&self) -> Result<BrokerAddress, ConnectError> {
        let mut address = self.address.clone();
        if let Some(path) = self.credentials.as_deref() {
            let text = String::from_utf8(read(path)?).map_err(|_| unusable(path, "it is no UTF-8"))?;
            let credentials = Credentials::read(address.kind, &text).map_err(|what| unusable(path, what))?;
            address.credentials = Some(credentials);
        }
        Ok(address)
    }
}

impl Roots {
    pub(crate) fn read(path: &Path) -> Result<Self, ConnectError> {
        let pem = read(path)?;
        if !pem.windows(BEGIN.len()).any(|line| line == BEGIN) {
            return Err(unusable(path, "there is no certificate in it: it is to be a PEM"));
        }
        Ok(Self {
            #[cfg(feature = "nats")]
            path: path.to_owned(),
            #[cfg(feature = "redis")]
            pem,
        })
    }
}

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// Who does TLS's arithmetic, where neither the app nor anybody else has said so: a client that finds two built in would panic.
#[cfg(any(feature = "nats", feature = "redis"))]
pub(crate) fn use_a_crypto_provider() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Somebody else was faster.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

fn read(path: &Path) -> Result<Vec<u8>, ConnectError> {
    std::fs::read(path).map_err(|error| unusable(path, error.to_string()))
}

fn unusable(path: &Path, what: impl Into<String>) -> ConnectError {
    ConnectError::File { path: path.display().to_string(), what: what.into() }
}
