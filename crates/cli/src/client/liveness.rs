//! Whether the server still answers.

use std::time::Duration;

/// A v1 client pings once a heartbeat, and gives its socket up when two answers are missing.
#[derive(Debug)]
pub(crate) struct Liveness {
    pub(crate) interval: Duration,
    unanswered: u8,
}

/// A server that asks for more frequent pings gets this: a mistaken unit must not spin.
const SHORTEST: Duration = Duration::from_millis(100);

/// What a heartbeat asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Beat {
    Ping,
    GiveUp,
}

impl Liveness {
    pub(crate) fn every(heartbeat_ms: u64) -> Self {
        Self { interval: Duration::from_millis(heartbeat_ms).max(SHORTEST), unanswered: 0 }
    }

    pub(crate) fn answered(&mut self) {
        self.unanswered = 0;
    }

    /// An interval has passed.
    pub(crate) fn beat(&mut self) -> Beat {
        if self.unanswered == 2 {
            return Beat::GiveUp;
        }
        self.unanswered += 1;
        Beat::Ping
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_answers_may_be_missing_and_no_third_is_asked_for() {
        let mut liveness = Liveness::every(0);
        assert_eq!(liveness.interval, SHORTEST);
        assert_eq!([liveness.beat(), liveness.beat()], [Beat::Ping, Beat::Ping]);
        liveness.answered();
        assert_eq!([liveness.beat(), liveness.beat(), liveness.beat()], [Beat::Ping, Beat::Ping, Beat::GiveUp]);
    }
}
