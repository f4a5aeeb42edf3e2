//! How a connection ended, and whether its client comes back.

use std::fmt;
use std::time::Duration;

use roomful_core::Close;

use crate::screen::printable;

/// What the peer said at the end, or that it said nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Closing {
    /// 1005 for a close frame without a code, 1006 where none came.
    pub(crate) code: u16,
    pub(crate) reason: String,
}

/// The longest `retry=` of a restarting server that is believed.
const LONGEST_RETRY: Duration = Duration::from_secs(600);

impl Closing {
    pub(crate) fn lost(reason: impl fmt::Display) -> Self {
        Self { code: Close::LOST.code, reason: reason.to_string() }
    }

    /// By the protocol's rule: a server picks its codes by it.
    pub(crate) fn may_return(&self) -> bool {
        !(self.code == 1000 || (4000..5000).contains(&self.code))
    }

    /// When a server that restarts wants its client back.
    pub(crate) fn retry(&self) -> Option<Duration> {
        let close = Close { code: self.code, reason: self.reason.clone().into() };
        close.retry_ms().map(|ms| Duration::from_millis(ms).min(LONGEST_RETRY))
    }

    /// What is to be done about a close after which nobody comes back.
    pub(crate) fn remedy(&self) -> &'static str {
        match self.code {
            4403 if self.reason == Close::UNKNOWN_SOCKET.reason => {
                "there is no room of that module and name: compare them with what the app registers, `m.room(\"name\", ..)`"
            }
            4403 => {
                "a guard or the key refused it: see the key (each part of the channel's pattern has to be there), and give what \
                 guards ask for with --cookie, --credentials or --header; the server's log says which"
            }
            4401 => "the credentials have expired: give new ones",
            4409 => "another client goes on with this session",
            4410 => "an admin of the app has removed this member",
            4429 => {
                "the room is full, or its user has as many connections as it may: see `Limits::members` and `connections_per_user`"
            }
            4400 => "the server could not read what was sent: see that client and server are of versions that fit",
            1000 => "the app says that it is done",
            _ => "the app closed it with a code of its own: its documentation says why",
        }
    }
}

impl fmt::Display for Closing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if !self.reason.is_empty() {
            write!(f, " `{}`", printable(&self.reason))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_from_1001_to_1999_mean_try_again_and_4000_to_4999_do_not() {
        let may = |code| Closing { code, reason: String::new() }.may_return();
        for code in [1001, 1006, 1011, 1012, 1013, 1999, 3000] {
            assert!(may(code), "{code}");
        }
        for code in [1000, 4000, 4403, 4999] {
            assert!(!may(code), "{code}");
        }
    }

    #[test]
    fn a_restarting_server_says_when_and_is_not_believed_anything() {
        let retry = |code, reason: &str| Closing { code, reason: reason.to_owned() }.retry();
        assert_eq!(retry(1012, "retry=250"), Some(Duration::from_millis(250)));
        assert_eq!(retry(1012, "retry=18446744073709551615"), Some(LONGEST_RETRY));
        assert_eq!(retry(1001, "retry=250"), None);
    }
}
