//! Members that another node of the cluster has, found by the token that their client presents here.

use std::pin::pin;
use std::sync::Arc;

use futures_util::future::{Either, select};
use roomful_core::pattern::Topic;
use roomful_core::session::Token;
use roomful_core::{Generation, MemberId, Millis, UserId};

use crate::hub::Hub;
use crate::live_room::LiveRoom;
use crate::member::LiveMember;

/// For so long it is waited for what another node has said already, in milliseconds.
const HEARD_WITHIN_MS: Millis = 250;

/// Whose a token is at other nodes.
pub(crate) enum Elsewhere {
    /// This one's.
    Has { member: MemberId, user: Option<UserId>, generation: Generation },
    /// The node that gave it lives and has nobody of it any more.
    HasNot,
    /// Nobody knows: there is no cluster, or the node that gave it is gone, or says nothing.
    Unknown,
}

/// A room that is looked into before somebody joins it. It is there until this is dropped.
pub(crate) struct LookedInto {
    hub: Arc<Hub>,
    room: Arc<LiveRoom>,
}

impl LiveMember {
    /// Whose that token is at another node. The room is opened here for it, as it is to be joined here in any case.
    pub(crate) async fn find_elsewhere(&self, token: Token, topic: &Topic) -> (Elsewhere, Option<LookedInto>) {
        let Some(node) = self.process().in_cluster() else { return (Elsewhere::Unknown, None) };
        // What this process knows of its own it asks nobody for.
        if self.process().tokens().find(token).is_some() {
            return (Elsewhere::Unknown, None);
        }
        let Ok(room) = self.hub().expect(topic, self.limits()) else { return (Elsewhere::Unknown, None) };
        let looked_into = LookedInto { hub: Arc::clone(self.hub()), room };
        looked_into.room.knows_others().await;
        let mut is_heard = false;
        if node.is_live(token.node()) {
            // A broker may have said of the room only that somebody has it.
            let (room, until) = (&looked_into.room, self.process().now().saturating_add(HEARD_WITHIN_MS));
            let heard = room.knows(token.hash(), token.node());
            is_heard = matches!(select(pin!(heard), self.process().sleep_until(until)).await, Either::Left(_));
        }
        let held = looked_into.room.read(|room| {
            let entry = room.holder_of(token.hash())?;
            Some(Elsewhere::Has {
                member: entry.member.clone(),
                user: entry.user.clone(),
                generation: entry.generation,
            })
        });
        // One that says nothing may be dead and not be missed yet.
        let nobody = if is_heard { Elsewhere::HasNot } else { Elsewhere::Unknown };
        (held.unwrap_or(nobody), Some(looked_into))
    }
}

impl Drop for LookedInto {
    fn drop(&mut self) {
        let left = self.room.expect_no_more();
        self.hub.after_leave(&self.room, left);
    }
}
