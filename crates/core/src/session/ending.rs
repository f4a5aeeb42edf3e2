//! Which end of a socket is one that its member survives.

use crate::Close;

/// Who ended a socket. Whoever did so first counts: what comes after it only carries that out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedBy {
    /// Nobody: it was lost without a close frame.
    Loss,
    /// The client, with a close frame.
    Client,
    /// The server, with a code of the protocol's.
    Server,
    /// The app. What it closes is closed, whatever the code.
    App,
}

/// Whether a member whose socket ended so may be back, and is to be held. A [`bye`](crate::frame::Body::Bye) says that it will
/// not, whatever comes after it; that is not asked here.
#[must_use]
pub fn is_held(by: EndedBy, close: &Close) -> bool {
    match by {
        EndedBy::Loss => true,
        // A tab that is closed says 1001, and is gone.
        EndedBy::Client => close.code == Close::GIVEN_UP,
        EndedBy::Server => matches!(close.code, 1001 | 1012 | 1013 | 4401),
        EndedBy::App => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(code: u16) -> Close {
        Close { code, reason: "".into() }
    }

    #[test]
    fn who_is_held_and_who_is_gone() {
        let held = |by, codes: &[u16]| codes.iter().all(|code| is_held(by, &close(*code)));
        let gone = |by, codes: &[u16]| codes.iter().all(|code| !is_held(by, &close(*code)));
        let all: Vec<u16> = (1000..=1015).chain(3000..=4999).collect();
        let but = |held: &[u16]| all.iter().copied().filter(|code| !held.contains(code)).collect::<Vec<_>>();

        assert!(held(EndedBy::Loss, &all), "without a close frame there is no code to say otherwise");
        assert!(held(EndedBy::Client, &[4900]) && gone(EndedBy::Client, &but(&[4900])));
        let back = [1001, 1012, 1013, 4401];
        assert!(held(EndedBy::Server, &back) && gone(EndedBy::Server, &but(&back)));
        assert!(gone(EndedBy::App, &all), "an app may close with 4401 or 4900, and means it");
    }

    #[test]
    fn the_ends_that_the_server_makes() {
        for held in [Close::HEARTBEAT_MISSED, Close::restarting(5), Close::OVERLOADED, Close::TOO_SLOW] {
            assert!(is_held(EndedBy::Server, &held), "{held:?}");
        }
        for gone in [
            Close::PROTOCOL_ERROR,
            Close::NOT_UTF8,
            Close::TOO_BIG,
            Close::COSTLY,
            Close::MESSAGE_LATE,
            Close::JOIN_FAILED,
            Close::BAD_FRAMES,
            Close::FORBIDDEN,
            Close::TAKEN_OVER,
            Close::KICKED,
            Close::ROOM_FULL,
            Close::DONE,
        ] {
            assert!(!is_held(EndedBy::Server, &gone), "{gone:?}");
        }
    }
}
