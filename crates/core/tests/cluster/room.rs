//! What a room is told of other nodes, and whether that can be.

use std::collections::BTreeMap;

use roomful_core::cluster::{Change, News, Present};
use roomful_core::room::Audience;
use roomful_core::{Json, MemberId, Millis, NodeId};

use crate::fault::Fault;

/// One room on one node, drawn from nothing but what it was told.
#[derive(Debug, Default)]
pub(crate) struct RoomModel {
    pub(crate) own: BTreeMap<MemberId, Present>,
    pub(crate) is_ready: bool,
    pub(crate) opened_at: Millis,
    pub(crate) parts: BTreeMap<NodeId, Part>,
}

/// What is known of another node's members.
#[derive(Debug, Default)]
pub(crate) struct Part {
    pub(crate) members: BTreeMap<MemberId, Present>,
    /// When it was lost, if it is.
    pub(crate) lost_at: Option<Millis>,
    /// Whether its members are gone since.
    is_over: bool,
    /// The number of its last message, once one was heard.
    pub(crate) last_word: Option<u64>,
    pub(crate) missed: u64,
    /// How many of its messages came with a roster.
    pub(crate) late: u64,
}

impl RoomModel {
    pub(crate) fn told(&mut self, node: NodeId, news: News, now: Millis) -> Result<(), Fault> {
        match news {
            News::Changes(changes) => {
                let part = self.parts.entry(node).or_default();
                ensure!(part.lost_at.is_none(), "changes of a node that is lost, and no roster first");
                changes.into_iter().try_for_each(|change| part.change(change))
            }
            News::Opened { .. } | News::Own { .. } => Ok(()),
            News::Roster { members, missed, late, .. } => {
                let part = self.parts.entry(node).or_default();
                let count = members.len();
                part.members = members.into_iter().map(|member| (member.member.clone(), member)).collect();
                ensure!(part.members.len() == count, "a roster with somebody twice");
                (part.lost_at, part.is_over) = (None, false);
                part.missed += missed;
                part.hear_late(&late, missed)
            }
            News::Lost => {
                let part = self.parts.entry(node).or_default();
                ensure!(part.lost_at.is_none(), "a node was lost twice");
                part.lost_at = Some(now);
                part.members.values_mut().for_each(|member| member.away = true);
                Ok(())
            }
            News::Parted => {
                self.parts.remove(&node);
                Ok(())
            }
            other => Fault::new(format!("no room knows {other:?}")),
        }
    }

    /// Whether nothing comes of time alone.
    pub(crate) fn is_settled(&self) -> bool {
        self.is_ready && self.parts.values().all(|part| part.lost_at.is_none() || part.is_over)
    }

    /// Those who were lost for their grace have left.
    pub(crate) fn expire(&mut self, now: Millis, grace: Millis) {
        for part in self.parts.values_mut() {
            if !part.is_over && part.lost_at.is_some_and(|at| now >= at + grace) {
                part.is_over = true;
                part.members.clear();
            }
        }
    }
}

impl Part {
    fn change(&mut self, change: Change) -> Result<(), Fault> {
        match change {
            Change::Joined(present) => {
                let before = self.members.insert(present.member.clone(), present);
                ensure!(before.is_none(), "{before:?} joined twice");
            }
            // A roster does not have those whose leave is still to be told.
            Change::Left { member } => drop(self.members.remove(&member)),
            Change::Away { member } => {
                let before = std::mem::replace(&mut self.of(&member)?.away, true);
                ensure!(!before, "{member} is away twice");
            }
            Change::Back { member } => {
                let before = std::mem::replace(&mut self.of(&member)?.away, false);
                ensure!(before, "{member} is back, who was not away");
            }
            Change::State { member, state } => self.of(&member)?.state = state,
            Change::Info { member, info } => self.of(&member)?.info = info,
            Change::Mourned { .. } | Change::Stay { .. } | Change::Closed => {}
            Change::Said { from, to, msg } => {
                let from = from.ok_or_else(|| Fault("a word of nobody".to_owned()))?;
                ensure!(to == Audience::AllBut(from.clone()), "{from} speaks to {to:?}");
                ensure!(self.members.contains_key(&from), "{from} speaks, who is not in");
                self.hear(&msg)?;
            }
            Change::Unknown => {}
            other => return Fault::new(format!("no room knows {other:?}")),
        }
        Ok(())
    }

    fn of(&mut self, member: &MemberId) -> Result<&mut Present, Fault> {
        self.members.get_mut(member).ok_or_else(|| Fault(format!("news of {member}, who is not in")))
    }

    /// What is heard late is in order, and what is missing of it is said to be.
    fn hear_late(&mut self, late: &[Vec<Change>], missed: u64) -> Result<(), Fault> {
        let words = late.iter().flatten().filter_map(|change| match change {
            Change::Said { msg, .. } => Some(msg),
            _ => None,
        });
        // Where none was heard before, nobody knows which is the first.
        let last = self.last_word;
        let (mut before, mut heard) = (last.unwrap_or(0), 0);
        for msg in words {
            let [number, _]: [u64; 2] = msg.decode().map_err(|error| Fault(format!("{msg:?}: {error}")))?;
            ensure!(number > before, "word {number} after {before}, and late");
            (before, heard) = (number, heard + 1);
        }
        self.late += heard;
        self.last_word = last.map(|last| last + missed + heard);
        ensure!(
            self.last_word.is_none_or(|last| before <= last),
            "word {before} after {last:?}, with {missed} missing"
        );
        Ok(())
    }

    /// Each node numbers what it says in a room: none may be missing that was not said to be missed, and none come twice.
    fn hear(&mut self, msg: &Json) -> Result<(), Fault> {
        let [number, _]: [u64; 2] = msg.decode().map_err(|error| Fault(format!("{msg:?}: {error}")))?;
        if let Some(last) = self.last_word {
            ensure!(number == last + 1, "word {number} after {last}");
        }
        self.last_word = Some(number);
        Ok(())
    }
}
