//! Whether this node itself is well: whoever cannot hear must not say of others that they are silent.

use super::settings::ClusterSettings;
use crate::Millis;

/// A node's eye on itself. It hears its own heartbeats through the broker, and knows when its timers should have run.
#[derive(Debug)]
pub(super) struct Watch {
    settings: ClusterSettings,
    /// The last heartbeat that was sent, and when.
    sent: u64,
    sent_at: Millis,
    heard_at: Millis,
    /// Isolated until a heartbeat after this one is heard.
    isolated: Option<u64>,
    /// Since when it was not isolated.
    well_since: Millis,
    superseded: bool,
}

/// How this node stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Health {
    /// It hears itself.
    Well,
    /// It does not hear itself, has not yet, or did not run for a while. It expires nobody, and serves its own members.
    Isolated,
    /// Another run of its name began after it and lives: it is isolated for good. Two nodes have one name.
    Superseded,
}

/// What was noticed about the time that has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Noticed {
    /// Nothing.
    Nothing,
    /// The process did not run for a while.
    Paused,
    /// It did not for longer than the others wait for it.
    Outlived,
}

impl Watch {
    pub(super) fn new(now: Millis, settings: ClusterSettings) -> Self {
        let (sent, superseded) = (0, false);
        Self { settings, sent, sent_at: now, heard_at: now, isolated: Some(sent), well_since: now, superseded }
    }

    pub(super) fn health(&self) -> Health {
        if self.superseded {
            Health::Superseded
        } else if self.isolated.is_some() {
            Health::Isolated
        } else {
            Health::Well
        }
    }

    /// Time has come to `now`, and something was due at `due`.
    pub(super) fn notice(&mut self, now: Millis, due: Millis) -> Noticed {
        let half = self.settings.lease_ms / 2;
        let was_paused = now.saturating_sub(due) >= half;
        let is_deaf = self.isolated.is_none() && now.saturating_sub(self.heard_at) >= half;
        if was_paused || is_deaf {
            self.isolate();
        }
        match was_paused {
            true if now.saturating_sub(self.sent_at) >= self.settings.lease_ms => Noticed::Outlived,
            true => Noticed::Paused,
            false => Noticed::Nothing,
        }
    }

    /// The number of the heartbeat that is sent now.
    pub(super) fn beat(&mut self, now: Millis) -> u64 {
        self.sent += 1;
        self.sent_at = now;
        self.sent
    }

    /// The number of the last that was sent.
    pub(super) fn last_beat(&self) -> u64 {
        self.sent
    }

    /// One of its own came back.
    pub(super) fn hear(&mut self, number: u64, now: Millis) {
        if number > self.sent {
            return;
        }
        match self.isolated {
            Some(beyond) if number > beyond => {
                self.isolated = None;
                self.well_since = now;
                self.heard_at = now;
            }
            // It was sent before the pause, and says nothing of now.
            Some(_) => {}
            None => self.heard_at = now,
        }
    }

    /// Another run of this name lives.
    pub(super) fn supersede(&mut self) {
        self.superseded = true;
    }

    /// When it should have heard itself.
    pub(super) fn suspects_at(&self) -> Option<Millis> {
        self.isolated.is_none().then(|| self.heard_at + self.settings.lease_ms / 2)
    }

    /// When whoever was heard at that time has been silent for too long: a lease, of which this node was well all the time.
    /// `None`: it can say that of nobody.
    pub(super) fn expires_at(&self, heard_at: Millis) -> Option<Millis> {
        (self.health() == Health::Well).then(|| heard_at.max(self.well_since) + self.settings.lease_ms)
    }

    fn isolate(&mut self) {
        self.isolated = Some(self.sent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One that is well, and heard itself last at 2,000.
    fn watch() -> Watch {
        let mut watch = Watch::new(0, ClusterSettings::default());
        assert_eq!(watch.health(), Health::Isolated, "nobody has heard it yet");
        let first = watch.beat(0);
        watch.hear(first, 1);
        let second = watch.beat(2_000);
        watch.hear(second, 2_000);
        assert_eq!(watch.health(), Health::Well);
        watch
    }

    #[test]
    fn it_suspects_itself_before_it_expires_anybody() {
        let mut watch = watch();
        // The others were heard until the broker was gone, too.
        let expires_at = watch.expires_at(2_000).unwrap();
        for now in [4_000, 6_000] {
            assert_eq!(watch.notice(now, now), Noticed::Nothing);
            watch.beat(now);
        }
        assert_eq!((watch.health(), watch.suspects_at()), (Health::Well, Some(7_000)));
        assert_eq!(watch.notice(7_000, 7_000), Noticed::Nothing);
        assert!(7_000 < expires_at);
        assert_eq!((watch.health(), watch.expires_at(2_000)), (Health::Isolated, None));
    }

    #[test]
    fn it_expires_again_a_full_lease_after_it_is_back() {
        let mut watch = watch();
        watch.notice(7_000, 7_000);
        watch.hear(2, 60_000);
        assert_eq!(watch.health(), Health::Isolated, "an old heartbeat says nothing of now");
        let beat = watch.beat(61_000);
        watch.notice(61_040, 61_040);
        watch.hear(beat, 61_050);
        assert_eq!((watch.health(), watch.expires_at(2_000)), (Health::Well, Some(71_050)));
        assert_eq!(watch.expires_at(65_000), Some(75_000));
    }

    #[test]
    fn a_heartbeat_that_was_never_sent_is_not_heard() {
        let mut watch = Watch::new(0, ClusterSettings::default());
        watch.hear(9, 0);
        assert_eq!(watch.health(), Health::Isolated);
    }

    #[test]
    fn a_timer_that_comes_half_a_lease_late_means_a_pause() {
        for (now, noticed, health) in [
            (8_999, Noticed::Nothing, Health::Isolated),
            (9_000, Noticed::Paused, Health::Isolated),
            (11_999, Noticed::Paused, Health::Isolated),
            (12_000, Noticed::Outlived, Health::Isolated),
            (6_999, Noticed::Nothing, Health::Well),
        ] {
            let mut watch = watch();
            assert_eq!((watch.notice(now, 4_000), watch.health()), (noticed, health), "at {now}");
        }
    }

    #[test]
    fn whoever_is_superseded_stays_isolated() {
        let mut watch = watch();
        watch.supersede();
        let beat = watch.beat(4_000);
        watch.hear(beat, 4_000);
        assert_eq!((watch.health(), watch.expires_at(0)), (Health::Superseded, None));
    }
}
