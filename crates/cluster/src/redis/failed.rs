//! What is said of a Redis that does not let one in.

use std::error::Error;
use std::sync::Arc;

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::{BrokerAddress, ConnectError};

const LEAST_VERSION: &str = "6.0";

pub(super) fn failed(address: &BrokerAddress, error: &RedisError) -> ConnectError {
    let (address, reason) = (address.to_string(), error.to_string());
    match error.kind() {
        ErrorKind::AuthenticationFailed => ConnectError::Credentials { address, reason: String::new() },
        _ if matches!(error.code(), Some("WRONGPASS" | "NOAUTH")) => {
            ConnectError::Credentials { address, reason: error.code().unwrap_or_default().to_owned() }
        }
        ErrorKind::Server(ServerErrorKind::NoPerm) => ConnectError::Permission { address, reason },
        ErrorKind::RESP3NotSupported => {
            ConnectError::TooOld { address, version: "before 6".to_owned(), least: LEAST_VERSION }
        }
        _ if is_tls_failure(error) => ConnectError::Tls { address, reason },
        _ => ConnectError::NoAnswer { address, reason },
    }
}

fn is_tls_failure(error: &RedisError) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        // The client shares what it wraps, so there is an `Arc` where the error is meant.
        let error = error.downcast_ref::<Arc<dyn Error + Send + Sync>>().map_or(error, |shared| shared.as_ref());
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if error.is::<rustls::Error>() || inner.is_some_and(|inner| inner.is::<rustls::Error>()) {
            return true;
        }
        source = error.source();
    }
    false
}
