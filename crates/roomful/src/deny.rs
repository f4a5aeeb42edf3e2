//! How a guard says no.

use std::fmt;

use roomful_runtime::{DenialReason, without_secrets};

/// A connection is not let in. The client sees a close code, and nothing of the reason.
///
/// There are two kinds. Who may not connect is denied: 4403, and its client stays away; whose credentials have
/// [expired](Deny::expired): 4401. Where nobody can say whether it may,
/// because a database does not answer, it is 1013, and the client tries again. Every error type converts into the second, so
/// `?` works in a guard and in `data`:
///
/// ```
/// use roomful::{Deny, Upgrade};
/// # async fn find_session(token: &str) -> std::io::Result<Option<u64>> { Ok(Some(7)) }
///
/// async fn signed_in(upgrade: Upgrade) -> Result<(), Deny> {
///     let token = upgrade.header("x-session").ok_or_else(Deny::forbidden)?;
///     match find_session(token).await? {
///         Some(_) => Ok(()),
///         None => Err(Deny::because("no such session")),
///     }
/// }
/// # let _ = roomful::Rooms::new().guard(signed_in);
/// ```
pub struct Deny(DenialReason);

impl Deny {
    /// No: close code 4403, `forbidden`.
    #[must_use]
    pub fn forbidden() -> Self {
        Self(DenialReason::Forbidden(None))
    }

    /// No, and this goes to the log. It is not sent.
    pub fn because(reason: impl fmt::Display) -> Self {
        Self(DenialReason::Forbidden(Some(reason.to_string())))
    }

    /// No, because these credentials have expired: close code 4401, after which a client that has a source of
    /// [credentials](crate::Upgrade::credentials) comes back with new ones. One without stays away.
    #[must_use]
    pub fn expired() -> Self {
        Self(DenialReason::Expired)
    }

    /// A WebSocket cannot follow a redirect, so this denies like any other, and warns in the log.
    pub fn redirect(to: impl Into<String>) -> Self {
        Self(DenialReason::Redirected(to.into()))
    }

    /// Not now: close code 1013, `try again`, after which clients come back.
    #[must_use]
    pub fn unavailable() -> Self {
        Self(DenialReason::Unavailable(None))
    }

    /// Not now, and this goes to the log, as an error. `?` makes one of these of any error.
    pub fn unavailable_because(cause: impl fmt::Display) -> Self {
        Self(DenialReason::Unavailable(Some(cause.to_string())))
    }

    /// New credentials are not taken from whoever is in: what [`Room::refresh`](crate::Room::refresh) and
    /// [`Socket::refresh`](crate::Socket::refresh) return by default. The client is told `bad_frame`, and goes on with what it has.
    #[must_use]
    pub fn no_refresh() -> Self {
        Self(DenialReason::NoRefresh)
    }

    pub(crate) fn into_reason(self) -> DenialReason {
        self.0
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Deny {
    fn from(error: E) -> Self {
        Self::unavailable_because(error)
    }
}

impl fmt::Debug for Deny {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            DenialReason::Forbidden(None) => f.write_str("Deny::forbidden"),
            DenialReason::Forbidden(Some(reason)) => write!(f, "Deny::because({reason})"),
            DenialReason::Expired => f.write_str("Deny::expired"),
            DenialReason::NoRefresh => f.write_str("Deny::no_refresh"),
            DenialReason::Redirected(to) => write!(f, "Deny::redirect({})", without_secrets(to)),
            DenialReason::Unavailable(None) => f.write_str("Deny::unavailable"),
            DenialReason::Unavailable(Some(cause)) => write!(f, "Deny::unavailable_because({cause})"),
            DenialReason::Failed(error) => write!(f, "{error:?}"),
        }
    }
}
