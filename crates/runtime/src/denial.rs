//! Who is not let in, and what an operator is told of it: each in the log, but no more lines than a log can take.

use std::fmt::Display;
use std::net::IpAddr;

use roomful_core::{Close, Millis};

use crate::lines::Lines;
use crate::process::NoPlace;
use crate::secrets::without_secrets;
use crate::{Error, metrics};

/// Bytes of what a client calls itself that go into a line.
const SHOWN_BYTES: usize = 200;

/// A connection that its key, a guard or `data` does not let in.
#[derive(Debug)]
pub struct Denial {
    /// What has refused it: `key`, `credentials`, `guard` or `data`, or `opening` for all of it together; or `refresh`, when it
    /// was in.
    pub hook: &'static str,
    /// Why.
    pub why: DenialReason,
}

/// Why a connection is not let in.
#[derive(Debug)]
pub enum DenialReason {
    /// It may not. The reason is the log's alone.
    Forbidden(Option<String>),
    /// Its credentials were good once. A client that can have new ones comes back with them.
    Expired,
    /// The room takes no new credentials from those who are in.
    NoRefresh,
    /// It was sent elsewhere, which a WebSocket cannot follow.
    Redirected(String),
    /// Nobody can say now whether it may, and what is wrong, where that is known.
    Unavailable(Option<String>),
    /// The hook panicked, or gave what cannot be written.
    Failed(Error),
}

impl Denial {
    /// How the connection is closed.
    #[must_use]
    pub fn close(&self) -> Close {
        match &self.why {
            DenialReason::Unavailable(_) => Close::UNAVAILABLE,
            DenialReason::Expired => Close::EXPIRED,
            DenialReason::Failed(_) if self.hook == "data" => Close::JOIN_FAILED,
            // Who is in was good once: its client comes back, and is asked about again.
            DenialReason::Failed(_) if self.hook == "refresh" => Close::UNAVAILABLE,
            // What cannot be checked is not allowed.
            DenialReason::Failed(_)
            | DenialReason::Forbidden(_)
            | DenialReason::NoRefresh
            | DenialReason::Redirected(_) => Close::FORBIDDEN,
        }
    }

    fn count(&self, asked: Asked<'_>) {
        if matches!(self.why, DenialReason::Unavailable(_) | DenialReason::Failed(_)) {
            metrics::handler_failed(self.hook);
        }
        if [Close::FORBIDDEN, Close::EXPIRED].contains(&self.close()) {
            metrics::denied(asked.module, asked.room);
        }
    }
}

/// What a connection asked for, and who it is.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) module: &'a str,
    pub(crate) room: &'a str,
    pub(crate) peer: Option<IpAddr>,
}

/// The lines of an app's denials.
#[derive(Default)]
pub(crate) struct DenialLog {
    denied: Lines,
    /// Apart, so that nobody who is denied can hide what went wrong.
    failed: Lines,
    origins: Lines,
    no_place: Lines,
    unserved: Lines,
}

impl DenialLog {
    /// A guard or `data` does not let it in.
    pub(crate) fn denied(&self, now: Option<Millis>, asked: Asked<'_>, denial: &Denial) {
        denial.count(asked);
        let lines = match &denial.why {
            DenialReason::Forbidden(_)
            | DenialReason::Expired
            | DenialReason::NoRefresh
            | DenialReason::Unavailable(None) => &self.denied,
            DenialReason::Redirected(_) | DenialReason::Unavailable(Some(_)) | DenialReason::Failed(_) => &self.failed,
        };
        let Some(not_logged) = lines.next(now) else { return };
        let Asked { module, room, peer } = asked;
        let (peer, hook) = (shown(peer), denial.hook);
        match &denial.why {
            DenialReason::Forbidden(reason) => {
                tracing::info!(module, room, reason = reason.as_deref(), peer, not_logged, "denied");
            }
            DenialReason::NoRefresh => {
                tracing::info!(module, room, hook, peer, not_logged, "denied: there is no hook for new credentials");
            }
            DenialReason::Expired => {
                tracing::info!(module, room, hook, peer, not_logged, "denied: its credentials have expired");
            }
            DenialReason::Redirected(to) => {
                let to = without_secrets(to);
                tracing::warn!(
                    module, room, %to, peer, not_logged,
                    "a guard redirects, which a WebSocket cannot follow: denied"
                );
            }
            DenialReason::Unavailable(None) => {
                tracing::info!(module, room, hook, peer, not_logged, "unavailable: the client is to try again");
            }
            DenialReason::Unavailable(Some(error)) => {
                tracing::error!(module, room, hook, %error, peer, not_logged, "a hook failed: the client is to try again");
            }
            DenialReason::Failed(error) => {
                tracing::error!(module, room, hook, %error, peer, not_logged, "a hook failed")
            }
        }
    }

    /// There is no such room. Its name is what a client made up.
    pub(crate) fn unknown(&self, now: Option<Millis>, asked: Asked<'_>) {
        let Some(not_logged) = self.denied.next(now) else { return };
        let (module, room) = (cut(asked.module), cut(asked.room));
        tracing::info!(?module, ?room, peer = shown(asked.peer), not_logged, "denied: no room or socket has this name");
    }

    /// Nobody may come now.
    pub(crate) fn no_place(&self, now: Option<Millis>, why: NoPlace, peer: Option<IpAddr>) {
        let Some(not_logged) = self.no_place.next(now) else { return };
        tracing::warn!(%why, peer = shown(peer), not_logged, "a connection was refused with 503");
    }

    /// It was upgraded, and then the system gave no more.
    pub(crate) fn unserved(&self, now: Option<Millis>, error: &dyn Display) {
        let Some(not_logged) = self.unserved.next(now) else { return };
        tracing::error!(%error, not_logged, "a connection that was upgraded cannot be served");
    }

    /// A page may not connect from where it is.
    pub(crate) fn origin(&self, now: Option<Millis>, origin: &str, host: &str, peer: Option<IpAddr>) {
        let Some(not_logged) = self.origins.next(now) else { return };
        let (origin, host) = (without_secrets(cut(origin)), without_secrets(cut(host)));
        tracing::info!(
            ?origin,
            ?host,
            peer = shown(peer),
            not_logged,
            "a page of another origin was refused: if it is yours, name its origin in `allowed_origins`, or let the proxy \
             in front pass on the `Host` that the page asks for"
        );
    }
}

/// As a field of a line or a span; without one, where nobody knows it.
pub(crate) fn shown(peer: Option<IpAddr>) -> Option<tracing::field::DisplayValue<IpAddr>> {
    peer.map(tracing::field::display)
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(SHOWN_BYTES)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_cut_between_characters() {
        assert_eq!(cut("short"), "short");
        assert_eq!(cut(&"ü".repeat(150)).chars().count(), 100);
        assert_eq!(cut(&format!("x{}", "ü".repeat(150))).len(), 199);
    }
}
