//! Who is in a room, as it is read from outside.

use roomful_core::json::present;
use roomful_core::{MemberId, UserId};
use serde::{Deserialize, Serialize};

/// One entry of a roster. As JSON it is `{"id": .., "user": .., "away": true, "state": ..}`, where everything but `id` may be
/// absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(deserialize = "P: Deserialize<'de>"))]
#[non_exhaustive]
pub struct Member<P> {
    /// Its id.
    pub id: MemberId,
    /// Which user it belongs to: see `Room::user`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// Whether it has lost its connection, and is kept for a while so that it can come back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub away: bool,
    /// What it shows of itself.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub state: Option<P>,
}

impl<P> Member<P> {
    /// The same entry with its state made of this one; without one where `state` makes nothing of it.
    pub fn filter_map<Q>(self, state: impl FnOnce(&MemberId, P) -> Option<Q>) -> Member<Q> {
        let Self { id, user, away, state: shown } = self;
        let state = shown.and_then(|shown| state(&id, shown));
        Member { id, user, away, state }
    }
}
