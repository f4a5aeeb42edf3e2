//! Why there is no link to a broker, and what to do.

/// Why there is no link to a broker. None has a credential in its text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// It is no address.
    #[error(
        "`{address}` is no address of a broker: {what}. One looks like nats://host:4222, tls://host:4222, \
        redis://host:6379 or rediss://host:6379, with user:password@ before the host where they are needed"
    )]
    Address {
        /// What was given, without credentials.
        address: String,
        /// What is wrong with it.
        what: String,
    },
    /// Its client was not compiled in.
    #[error("{address} needs the feature `{feature}` of roomful-cluster: turn it on in Cargo.toml")]
    NoSuchClient {
        /// The address, without credentials.
        address: String,
        /// Which feature.
        feature: &'static str,
    },
    /// A file that it takes to connect cannot be used.
    #[error("{path}: {what}")]
    File {
        /// Which.
        path: String,
        /// What is wrong with it. Nothing of its content.
        what: String,
    },
    /// Nothing that is a broker answers.
    #[error(
        "no broker answers at {address}: {reason}. Look whether it runs, whether this machine reaches it, and whether it \
        wants TLS (tls://, rediss://)"
    )]
    NoAnswer {
        /// The address, without credentials.
        address: String,
        /// What happened.
        reason: String,
    },
    /// It does not believe the credentials.
    #[error(
        "the broker at {address} refuses the credentials{}: look at user and password in the address, or at the file",
        because(reason)
    )]
    Credentials {
        /// The address, without credentials.
        address: String,
        /// What it said.
        reason: String,
    },
    /// It believes them, and they may not do enough.
    #[error(
        "the broker at {address} does not let this user publish and subscribe on `roomful.*`{}: allow both",
        because(reason)
    )]
    Permission {
        /// The address, without credentials.
        address: String,
        /// What it said.
        reason: String,
    },
    /// There is no TLS with it.
    #[error(
        "no TLS with the broker at {address}: {reason}. Look whether it offers TLS, and whether its certificate is of this \
        host's name and of an authority that this machine, or the file of root certificates, knows"
    )]
    Tls {
        /// The address, without credentials.
        address: String,
        /// What happened.
        reason: String,
    },
    /// It cannot keep what is said, which a room asks for.
    #[error("the broker at {address} cannot keep the history of a room (`Limits::history`): {reason}")]
    NoHistory {
        /// The address, without credentials.
        address: String,
        /// Why.
        reason: String,
    },
    /// It cannot do what is needed.
    #[error("the broker at {address} is of version {version}, and {least} is needed: run a newer one")]
    TooOld {
        /// The address, without credentials.
        address: String,
        /// Its version.
        version: String,
        /// The oldest that will do.
        least: &'static str,
    },
    /// It takes too little at once for what nodes say to each other.
    #[error(
        "the broker at {address} takes {most_bytes} bytes at once, and {least} are needed: let it take more (`max_payload`)"
    )]
    TakesTooLittle {
        /// The address, without credentials.
        address: String,
        /// How many it takes.
        most_bytes: usize,
        /// How many it has to take.
        least: usize,
    },
}

fn because(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(" ({reason})") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_says_which_and_what_to_do() {
        let address = || "nats://host:4222".to_owned();
        let error = ConnectError::Credentials { address: address(), reason: "WRONGPASS".to_owned() };
        assert_eq!(
            error.to_string(),
            "the broker at nats://host:4222 refuses the credentials (WRONGPASS): look at user and password in the address, \
            or at the file"
        );
        let error = ConnectError::TooOld { address: address(), version: "2.1.0".to_owned(), least: "2.2" };
        assert_eq!(
            error.to_string(),
            "the broker at nats://host:4222 is of version 2.1.0, and 2.2 is needed: run a newer one"
        );
    }
}
