//! How a guard says no.

use std::fmt;

/// A connection is not let in. The client sees close code 4403, `forbidden`, and nothing of the reason.
///
/// Every error type converts into it, so `?` works in a guard: what cannot be checked is not allowed.
pub struct Deny(Reason);

enum Reason {
    Forbidden,
    Because(String),
    Redirect(String),
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

impl Deny {
    /// No.
    #[must_use]
    pub fn forbidden() -> Self {
        Self(Reason::Forbidden)
    }

    /// No, and this goes to the log. It is not sent.
    pub fn because(reason: impl fmt::Display) -> Self {
        Self(Reason::Because(reason.to_string()))
    }

    /// A WebSocket cannot follow a redirect, so this denies like any other, and warns in the log.
    pub fn redirect(to: impl Into<String>) -> Self {
        Self(Reason::Redirect(to.into()))
    }

    pub(crate) fn log(&self, module: &str, room: &str) {
        match &self.0 {
            Reason::Forbidden => tracing::debug!(module, room, "denied"),
            Reason::Because(reason) => tracing::debug!(module, room, %reason, "denied"),
            Reason::Redirect(to) => {
                tracing::warn!(module, room, %to, "a guard redirects, which a WebSocket cannot follow: denied");
            }
            Reason::Failed(error) => tracing::error!(module, room, %error, "a guard failed: denied"),
        }
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Deny {
    fn from(error: E) -> Self {
        Self(Reason::Failed(Box::new(error)))
    }
}

impl fmt::Debug for Deny {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Reason::Forbidden => f.write_str("Deny::forbidden"),
            Reason::Because(reason) => write!(f, "Deny::because({reason})"),
            Reason::Redirect(to) => write!(f, "Deny::redirect({to})"),
            Reason::Failed(error) => write!(f, "Deny({error})"),
        }
    }
}
