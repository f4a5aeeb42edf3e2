//! Who has come and gone since the others were last told.

use std::collections::BTreeSet;

use super::lobby::Lobby;
use super::pace::Pace;
use crate::roster::{Number, Place};
use crate::{MemberId, Millis, UserId};

/// What has gathered since the last tick.
#[derive(Debug, Default)]
pub(super) struct MembershipLane {
    pub(super) pace: Pace,
    pub(super) lobby: Lobby,
    /// Members whose leave the others have not been told, in the order in which they left.
    pub(super) left: Vec<Departed>,
    /// Where those stand who have a socket again, and do not hear the room yet.
    pub(super) returning: BTreeSet<Place>,
}

/// Somebody whose leave is still to be told; until then its number names nobody else.
#[derive(Debug)]
pub(super) struct Departed {
    pub(super) member: MemberId,
    pub(super) number: Number,
    /// In a cluster: whose it was. It is counted when the others are told.
    pub(super) user: Option<UserId>,
}

impl MembershipLane {
    /// Whether somebody waits, or a leave does.
    pub(super) fn holds(&self) -> bool {
        !self.lobby.is_empty() || !self.left.is_empty() || !self.returning.is_empty()
    }

    /// Whether what has gathered is to be told now.
    pub(super) fn is_due(&self, now: Millis) -> bool {
        self.holds() && self.pace.is_open(now)
    }

    /// When what has gathered is to be told.
    pub(super) fn wakes_at(&self) -> Option<Millis> {
        self.holds().then(|| self.pace.open_at())
    }
}
