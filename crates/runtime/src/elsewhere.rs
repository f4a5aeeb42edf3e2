//! Members that another node of the cluster has, found by the token that their client presents here.

use std::pin::pin;
use std::sync::Arc;

use futures_util::future::{Either, select};
use roomful_core::cluster::{Answer, Command, Verdict};
use roomful_core::pattern::Topic;
use roomful_core::session::{Resume, Token};
use roomful_core::{Generation, MemberId, Millis, NodeId, UserId};

use crate::hub::Hub;
use crate::live_room::LiveRoom;
use crate::member::LiveMember;

/// For so long it is waited for what another node has said already, in milliseconds.
const HEARD_WITHIN_MS: Millis = 250;

/// After so many milliseconds a node that does not even say that the other one is silent is stuck: half a second more than it waits.
const GIVEN_WITHIN_MS: Millis = 1_000;

/// Whose a token is at other nodes.
pub(crate) enum Elsewhere {
    /// This one's.
    Has { member: MemberId, user: Option<UserId>, generation: Generation, at: NodeId },
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
        // Known when it is compiled, as below.
        if cfg!(target_family = "wasm") {
            return (Elsewhere::Unknown, None);
        }
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
            // A broker may have said of the room only that somebody has it, and the token may be newer than what was heard of it.
            let room = &looked_into.room;
            looked_into.soon(room.knows(token.hash())).await;
            is_heard = room.read(|room| room.has_heard_of(token.node()));
        }
        let held = looked_into.room.read(|room| {
            let entry = room.holder_of(token.hash())?;
            Some(Elsewhere::Has {
                member: entry.member.clone(),
                user: entry.user.clone(),
                generation: entry.generation,
                at: entry.node,
            })
        });
        // One that says nothing may be dead and not be missed yet.
        let nobody = if is_heard { Elsewhere::HasNot } else { Elsewhere::Unknown };
        (held.unwrap_or(nobody), Some(looked_into))
    }
}

impl LookedInto {
    /// Has that node give the member away, and waits until all that was heard there is heard here. What is missing then is missing: the
    /// client is told so. Where that node has it no more, waits until it is known who has.
    pub(crate) async fn ask_for(&self, member: &MemberId, at: NodeId, resume: Resume) -> Verdict {
        // Known when it is compiled: a worker is in no cluster, and is downloaded.
        if cfg!(target_family = "wasm") {
            return Verdict::Silent;
        }
        let process = self.hub.process();
        let Some(node) = process.in_cluster().filter(|node| node.is_live(at)) else { return Verdict::Silent };
        let (topic, token) = (self.room.topic().as_str().into(), resume.token.hash());
        let command = Command::Release { topic, member: member.clone(), token, seen: resume.seen };
        let until = process.now().saturating_add(GIVEN_WITHIN_MS);
        let answer = match select(pin!(node.ask(Some(at), command)), process.sleep_until(until)).await {
            Either::Left((Ok(answered), _)) => answered.answer,
            Either::Left((Err(_), _)) | Either::Right(_) => None,
        };
        match &answer {
            Some(Answer::Released(released)) => self.soon(self.room.hears(&released.heard)).await,
            Some(_) => self.soon(self.room.moves(member, at)).await,
            None => {}
        }
        Verdict::of(answer)
    }

    /// Which node has that member, as far as is known here, and how often it was taken over.
    pub(crate) fn holder(&self, member: &MemberId) -> Option<(NodeId, Generation)> {
        self.room.read(|room| room.roster().find(member).map(|entry| (entry.node, entry.generation)))
    }

    /// Waits for something that another node has said already.
    async fn soon(&self, something: impl Future<Output = ()>) {
        let process = self.hub.process();
        let until = process.sleep_until(process.now().saturating_add(HEARD_WITHIN_MS));
        select(pin!(something), until).await;
    }
}

impl Drop for LookedInto {
    fn drop(&mut self) {
        let left = self.room.expect_no_more();
        self.hub.after_leave(&self.room, left);
    }
}
