//! What is missing of a stream, and what the origin does about that.

use super::{Address, ClusterEngine, Turn};
use crate::NodeId;
use crate::cluster::envelope::Rejected;
use crate::cluster::message::{Changes, Message, RosterPage, Wanted};
use crate::cluster::news::News;
use crate::cluster::replica::{Replica, Whole};
use crate::cluster::{Change, Subject};

/// So many streams of one node are asked for at a time: the next when these have come.
pub(super) const WANTED_AT_ONCE: usize = 64;

impl ClusterEngine {
    pub(super) fn hear_changes(&mut self, node: NodeId, changes: Changes, turn: &mut Turn<'_>) -> Result<(), Rejected> {
        let Changes { room, first, changes } = changes;
        let subject = room.subject;
        self.check_room(&room)?;
        // Whoever says something takes part, whether it was heard to begin or not.
        self.enter(node, subject, turn.count);
        let settings = self.config.settings;
        let next = self.change(node, &subject, |replica| replica.take(first, changes, &settings));
        self.deliver(node, subject, next.unwrap_or_default(), turn);
        self.want(node, turn);
        Ok(())
    }

    pub(super) fn hear_roster(
        &mut self,
        node: NodeId,
        roster: RosterPage,
        turn: &mut Turn<'_>,
    ) -> Result<(), Rejected> {
        let subject = roster.room.subject;
        self.check_room(&roster.room)?;
        self.enter(node, subject, turn.count);
        let is_last = roster.page + 1 == roster.pages;
        self.expect(roster.sharers.clone(), &subject);
        let settings = self.config.settings;
        if let Some(whole) = self.change(node, &subject, |replica| replica.take_page(roster, &settings)).flatten() {
            if whole.is_anew {
                self.tell_room(subject, node, News::Parted, turn);
            }
            self.repairs.missed += whole.missed;
            let Whole { members, is_open, missed, late, words, then, .. } = whole;
            let news = News::Roster { members, is_open, missed, late, words };
            self.tell_room(subject, node, news, turn);
            self.deliver(node, subject, then, turn);
        }
        if is_last {
            self.answered(node, &subject, turn);
        }
        self.want(node, turn);
        Ok(())
    }

    /// Asks a node for what is missing of its streams, if that was not done a moment ago.
    pub(super) fn want(&mut self, node: NodeId, turn: &mut Turn<'_>) {
        let repair_ms = self.config.settings.repair_ms;
        let Some(peer) = self.peers.get_mut(&node).filter(|peer| peer.is_live()) else { return };
        let mut rooms = Vec::new();
        for subject in peer.behind.iter().copied().take(WANTED_AT_ONCE).collect::<Vec<_>>() {
            let after = peer.change(&subject, |replica| {
                let is_due = replica.wanted_at.is_none_or(|at| turn.now.saturating_sub(at) >= repair_ms);
                if is_due {
                    replica.wanted_at = Some(turn.now);
                }
                is_due.then(|| replica.at())
            });
            rooms.extend(after.flatten().map(|after| Wanted { subject, after }));
        }
        if !rooms.is_empty() {
            self.repairs.asked += rooms.len() as u64;
            self.send(Address::Node(node), &Message::Want { to: node, rooms }, turn);
        }
    }

    pub(super) fn want_again(&mut self, turn: &mut Turn<'_>) {
        for node in self.live.iter().copied().collect::<Vec<_>>() {
            self.want(node, turn);
        }
    }

    /// From the log where that goes back so far, or else all that a roster says, and what the log still has.
    pub(super) fn give(&mut self, node: NodeId, wanted: Wanted, turn: &mut Turn<'_>) {
        let Wanted { subject, after } = wanted;
        let Some(hosted) = self.rooms.get(&subject) else {
            self.send(Address::Node(node), &Message::Absent { to: node, subject }, turn);
            return;
        };
        let (room, logged) = (hosted.room.clone(), after.and_then(|after| Some((after, hosted.origin.after(after)?))));
        self.enter(node, subject, turn.count);
        match logged {
            Some((after, changes)) => {
                self.repairs.given += 1;
                self.say(Address::Node(node), &room, after + 1, changes, turn);
            }
            None => self.promise_roster((node, after), &subject, turn),
        }
    }

    fn deliver(&self, node: NodeId, subject: Subject, changes: Vec<Change>, turn: &mut Turn<'_>) {
        if !changes.is_empty() {
            self.tell_room(subject, node, News::Changes(changes), turn);
        }
    }

    /// For those that are told where a stream stands.
    pub(super) fn learn(&mut self, node: NodeId, subject: &Subject, at: u64) {
        self.change(node, subject, |replica: &mut Replica| replica.learn(at));
    }
}
