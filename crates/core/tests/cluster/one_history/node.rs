//! One node's room, its link, and what is on its way.

use std::collections::BTreeMap;
use std::sync::Arc;

use roomful_core::cluster::{Change, Incarnation, NodeName, Present, Word};
use roomful_core::room::{RoomConfig, RoomEngine};
use roomful_core::roster::Place;
use roomful_core::{Limits, MemberId, Millis, NodeId};

use super::observer::Observer;
use crate::fault::Fault;

/// What goes to the broker.
#[derive(Debug, Clone)]
pub(crate) enum Up {
    Append {
        word: Word,
        until: Millis,
    },
    Read {
        epoch: String,
        seq: u64,
    },
    Changes {
        number: u64,
        changes: Vec<Change>,
    },
    Roster {
        to: usize,
        number: u64,
        members: Vec<Present>,
    },
    /// How much it has published, behind all of that.
    Heartbeat {
        number: u64,
    },
}

pub(crate) struct Node {
    pub(crate) me: Incarnation,
    pub(crate) room: RoomEngine,
    pub(crate) observer: Observer,
    /// Those who are in, but for the one that is in all the time, and how much each has said.
    pub(crate) members: Vec<(MemberId, u64)>,
    /// Whoever left last, and how much it had said.
    pub(crate) left: Option<(MemberId, u64)>,
    pub(crate) link: Link,
    /// How much it has published.
    pub(crate) published: u64,
    /// How much of the others it has heard.
    pub(crate) heard: [u64; super::NODES],
    /// Which of its words has which number here.
    pub(crate) said: BTreeMap<u64, u64>,
}

/// Between a node and the broker.
#[derive(Debug, Default)]
pub(crate) struct Link {
    /// Since when there is none.
    pub(crate) down_since: Option<Millis>,
    pub(crate) out_ms: Millis,
    pub(crate) in_ms: Millis,
    /// When the last came that was sent, one way and the other: nothing overtakes.
    pub(crate) last_out: Millis,
    pub(crate) last_in: Millis,
    /// So many of the next of each are lost on their way to the node.
    pub(crate) loses_words: u64,
    pub(crate) loses_answers: u64,
    pub(crate) loses_envelopes: u64,
    /// When it was last said that answers are lost.
    pub(crate) lost_answer_at: Option<Millis>,
    /// Whether a word was lost while there was a link: the node counts what it drops.
    pub(crate) has_lost: bool,
    /// What waits for a link.
    pub(crate) outbox: Vec<(Millis, Up)>,
}

impl Node {
    pub(crate) fn new(index: usize, limits: &Arc<Limits>) -> Result<Self, Fault> {
        let name = NodeName::parse(&format!("node-{index}")).map_err(|error| Fault(error.to_string()))?;
        let me = Incarnation { start: 1 + index as u64, name, random: index as u64 };
        let config = RoomConfig {
            node: NodeId(0),
            cluster: Some(me.clone()),
            epoch: "none".into(),
            last_seq: 0,
            may_be_put_away: false,
            first_place: Place(0),
            limits: limits.clone(),
        };
        let room = RoomEngine::restore(config, []);
        let (observer, members, said) = Default::default();
        let link = Link { out_ms: 5, in_ms: 5, ..Link::default() };
        Ok(Self { me, room, observer, members, left: None, link, published: 0, heard: [0; super::NODES], said })
    }
}

impl Link {
    pub(crate) fn is_up(&self) -> bool {
        self.down_since.is_none()
    }

    /// Whether its node has found out that it is alone.
    pub(crate) fn is_isolated(&self, now: Millis) -> bool {
        self.down_since.is_some_and(|since| now >= since + 5_000)
    }

    pub(crate) fn sends_at(&mut self, now: Millis) -> Millis {
        self.last_out = self.last_out.max(now + self.out_ms);
        self.last_out
    }

    pub(crate) fn hears_at(&mut self, now: Millis) -> Millis {
        self.last_in = self.last_in.max(now + self.in_ms);
        self.last_in
    }
}
