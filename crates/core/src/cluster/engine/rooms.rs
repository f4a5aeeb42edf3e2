//! The rooms that this node takes part in: when it begins to, what it says there, when it ends.

use super::{Address, ClusterEngine, Effect, Hosted, LONGEST_NUMBER, Timer, Turn};
use crate::cluster::Subject;
use crate::cluster::change::{Change, Present};
use crate::cluster::envelope::Rejected;
use crate::cluster::lobby::{Audible, Lobby, Nodes};
use crate::cluster::message::{Changes, Message, Opening, Room, RosterPage};
use crate::cluster::news::News;
use crate::cluster::origin::Origin;
use crate::cluster::replica::Replica;
use crate::cluster::sums::part_of_room;
use crate::cluster::watch::Health;
use crate::cluster::words::Words;
use crate::pattern::Topic;
use crate::{Millis, NodeId};

impl ClusterEngine {
    pub(super) fn open(&mut self, topic: &Topic, turn: &mut Turn<'_>) {
        let subject = Subject::of(&self.config.app, topic.as_str());
        match self.rooms.get_mut(&subject) {
            Some(hosted) if hosted.lingers_until.is_none() => return,
            Some(hosted) => hosted.lingers_until = None,
            None => self.begin(Room { subject, topic: topic.as_str().into() }, turn),
        }
        // Nobody kept what it knew, if it was here before.
        for node in self.sharers(&subject) {
            self.change(node, &subject, |replica| replica.await_roster(turn.now));
        }
        if self.watch.health() != Health::Well || self.live.is_empty() {
            turn.effects.push(Effect::Ready(subject));
        } else {
            self.wait_in_lobby(&subject, turn);
        }
        let Some(hosted) = self.rooms.get(&subject) else { return };
        let Hosted { room, origin, .. } = hosted;
        let words = Words { since: origin.since(), said: origin.said() };
        turn.effects.push(Effect::Deliver { subject, node: self.me.clone(), news: News::Own { words } });
        let opening = Opening { room: room.clone(), at: origin.at(), said: origin.said(), since: origin.since() };
        self.send_asking(Address::Room(subject), &Message::Ask(opening), Some(subject), turn);
    }

    fn wait_in_lobby(&mut self, subject: &Subject, turn: &mut Turn<'_>) {
        let subject = *subject;
        let until = turn.now + self.config.settings.lobby_ms;
        self.timers.insert((until, Timer::Lobby(subject)));
        if let Some(hosted) = self.rooms.get_mut(&subject) {
            hosted.lobby = Some(Lobby::new(until));
        }
    }

    fn begin(&mut self, room: Room, turn: &mut Turn<'_>) {
        let (subject, origin) = (room.subject, Origin::above(self.least_at));
        let (sharers, roster_for) = Default::default();
        turn.effects.push(Effect::Subscribe(subject));
        self.rooms.insert(subject, Hosted { room, origin, lingers_until: None, lobby: None, sharers, roster_for });
        self.hosted.add(&subject, part_of_room(&subject));
        self.closed.remove(&subject);
        self.opened.insert(subject);
        let nodes = self.peers.iter().filter(|(_, peer)| peer.is_in(&subject));
        for node in nodes.map(|(node, _)| *node).collect::<Vec<_>>() {
            self.share(node, subject, Replica::default());
        }
    }

    /// Another node takes part in a room.
    pub(super) fn enter(&mut self, node: NodeId, subject: Subject, count: u64) {
        let Some(peer) = self.peers.get_mut(&node) else { return };
        peer.enter(subject, count, self.config.settings.rooms);
        self.share(node, subject, Replica::default());
    }

    /// Where both take part.
    pub(super) fn share(&mut self, node: NodeId, subject: Subject, replica: Replica) {
        let (Some(hosted), Some(peer)) = (self.rooms.get_mut(&subject), self.peers.get_mut(&node)) else { return };
        if peer.is_in(&subject) && hosted.sharers.insert(node) {
            peer.share(subject, replica, hosted.origin.at());
        }
    }

    /// Who takes part in a room asks, and has nobody in.
    pub(super) fn hear_ask(&mut self, node: NodeId, opening: Opening, turn: &mut Turn<'_>) -> Result<(), Rejected> {
        let Opening { room, at, said, since } = opening;
        let subject = room.subject;
        if !self.rooms.contains_key(&subject) {
            // The broker cannot say who listens, so everybody was asked.
            self.send(Address::Node(node), &Message::Absent { to: node, subject }, turn);
            return Ok(());
        }
        self.check_room(&room)?;
        let was_shared = self.rooms.get(&subject).is_some_and(|hosted| hosted.sharers.contains(&node));
        if let Some(peer) = self.peers.get_mut(&node) {
            peer.enter(subject, turn.count, self.config.settings.rooms);
        }
        if was_shared {
            // It was here before, and what it said since is not known.
            self.change(node, &subject, |replica| replica.learn(at));
            self.want(node, turn);
        } else {
            self.share(node, subject, Replica::empty(at, said, since));
        }
        let words = (!was_shared).then_some(Words { since, said });
        self.tell_room(subject, node, News::Opened { words }, turn);
        self.promise_roster((node, None), &subject, turn);
        Ok(())
    }

    pub(super) fn hear_absent(&mut self, node: NodeId, subject: &Subject, turn: &mut Turn<'_>) {
        self.exit(node, subject, turn);
        self.answered(node, subject, turn);
    }

    /// Another node takes part in a room no more.
    fn exit(&mut self, node: NodeId, subject: &Subject, turn: &mut Turn<'_>) {
        if !self.peers.get(&node).is_some_and(|peer| peer.may_exit(subject, turn.count)) {
            return;
        }
        let ours_at = self.rooms.get_mut(subject).map(|hosted| {
            hosted.sharers.remove(&node);
            hosted.roster_for.remove(&node);
            hosted.origin.at()
        });
        let Some(peer) = self.peers.get_mut(&node) else { return };
        if peer.exit(subject, ours_at).is_some() {
            self.tell_room(*subject, node, News::Parted, turn);
        }
    }

    pub(super) fn audible(&mut self, subject: &Subject, by: Audible, turn: &mut Turn<'_>) {
        let Some(by) = self.in_flight.hear(subject, by, turn.now) else { return };
        if let Some(lobby) = self.rooms.get_mut(subject).and_then(|hosted| hosted.lobby.as_mut()) {
            lobby.hear(by);
            self.settle_if_over(subject, turn);
        }
    }

    /// One that has the room says who else does.
    pub(super) fn expect(&mut self, nodes: Vec<NodeId>, subject: &Subject) {
        if let Some(lobby) = self.rooms.get_mut(subject).and_then(|hosted| hosted.lobby.as_mut()) {
            lobby.expect(nodes);
        }
    }

    /// A node has said all that it has to say of a room.
    pub(super) fn answered(&mut self, node: NodeId, subject: &Subject, turn: &mut Turn<'_>) {
        if let Some(lobby) = self.rooms.get_mut(subject).and_then(|hosted| hosted.lobby.as_mut()) {
            lobby.answer(node);
            self.settle_if_over(subject, turn);
        }
    }

    pub(super) fn settle_if_over(&mut self, subject: &Subject, turn: &mut Turn<'_>) {
        let Some(hosted) = self.rooms.get(subject) else { return };
        let nodes = Nodes { live: &self.live, in_room: &hosted.sharers };
        if hosted.lobby.as_ref().is_some_and(|lobby| lobby.is_over(turn.now, nodes)) {
            self.settle(subject, turn);
        }
    }

    pub(super) fn settle(&mut self, subject: &Subject, turn: &mut Turn<'_>) {
        let Some(lobby) = self.rooms.get_mut(subject).and_then(|hosted| hosted.lobby.take()) else { return };
        self.timers.remove(&(lobby.until, Timer::Lobby(*subject)));
        turn.effects.push(Effect::Ready(*subject));
    }

    pub(super) fn publish(&mut self, subject: &Subject, changes: Vec<Change>, turn: &mut Turn<'_>) {
        let settings = self.config.settings;
        let Some(hosted) = self.rooms.get_mut(subject) else { return };
        let (first, before) = (hosted.origin.at() + 1, hosted.origin.bytes());
        if self.log_bytes > settings.all_logs_bytes {
            hosted.origin.forget();
        }
        changes.iter().for_each(|change| hosted.origin.publish(change.clone(), turn.now, &settings));
        self.log_bytes = self.log_bytes + hosted.origin.bytes() - before;
        self.logging.insert(*subject);
        let room = hosted.room.clone();
        let to = hosted.origin.at();
        self.advance(subject, first - 1, to);
        let Some(hosted) = self.rooms.get(subject) else { return };
        // Who is not known to take part asks, sooner or later, and misses nothing by that. Who was asked a moment ago may take part,
        // and has heard where this stream begins.
        if !hosted.sharers.is_empty() || hosted.lobby.is_some() {
            self.say(Address::Room(*subject), &room, first, changes, turn);
        }
    }

    /// What is not published has a number all the same, so that it is missed and repaired.
    pub(super) fn skip(&mut self, subject: &Subject) {
        let Some(hosted) = self.rooms.get_mut(subject) else { return };
        let from = hosted.origin.at();
        hosted.origin.skip();
        self.advance(subject, from, from + 1);
    }

    /// This node's stream has gone on.
    fn advance(&mut self, subject: &Subject, from: u64, to: u64) {
        let Some(hosted) = self.rooms.get(subject) else { return };
        for node in &hosted.sharers {
            if let Some(peer) = self.peers.get_mut(node) {
                peer.advance_ours(subject, from, to);
            }
        }
    }

    /// In as many envelopes as are needed.
    pub(super) fn say(&mut self, to: Address, room: &Room, first: u64, changes: Vec<Change>, turn: &mut Turn<'_>) {
        let (page_bytes, mut first) = (self.page_bytes(&room.topic), first);
        let mut page: Vec<Change> = Vec::new();
        let mut bytes = 0;
        for change in changes {
            let size = change.size();
            if bytes + size > page_bytes && !page.is_empty() {
                first = self.say_page(to, room, first, std::mem::take(&mut page), turn);
                bytes = 0;
            }
            bytes += size;
            page.push(change);
        }
        self.say_page(to, room, first, page, turn);
    }

    /// Gives the number that comes next.
    fn say_page(&mut self, to: Address, room: &Room, first: u64, changes: Vec<Change>, turn: &mut Turn<'_>) -> u64 {
        let next = first + changes.len() as u64;
        self.send(to, &Message::Changes(Changes { room: room.clone(), first, changes }), turn);
        next
    }

    /// With what is still kept of all after a number, where it has that.
    pub(super) fn promise_roster(
        &mut self,
        (node, after): (NodeId, Option<u64>),
        subject: &Subject,
        turn: &mut Turn<'_>,
    ) {
        let Some(hosted) = self.rooms.get_mut(subject) else { return };
        let is_asked = !hosted.roster_for.is_empty();
        let promised = hosted.roster_for.entry(node).or_insert(after);
        *promised = [*promised, after].into_iter().flatten().min();
        if !is_asked {
            turn.effects.push(Effect::NeedRoster(*subject));
        }
    }

    /// It is what the room's members are after all that the room has published until here.
    pub(super) fn give_roster(
        &mut self,
        subject: &Subject,
        (members, is_open): (&[Present], bool),
        turn: &mut Turn<'_>,
    ) {
        let Some(hosted) = self.rooms.get_mut(subject) else { return };
        let nodes = std::mem::take(&mut hosted.roster_for);
        let Hosted { room, origin, sharers, .. } = hosted;
        let (room, at, said, since) = (room.clone(), origin.at(), origin.said(), origin.since());
        let sharers: Vec<_> = sharers.iter().copied().collect();
        let kept = |after| origin.kept_after(after);
        let nodes: Vec<_> =
            nodes.into_iter().map(|(node, after)| (node, after.map(kept).unwrap_or_default())).collect();
        let page_bytes = self.page_bytes(&room.topic);
        let mut pages = paged(members, page_bytes);
        // Beside members of the last page.
        let beside = sharers.len() * LONGEST_NUMBER;
        let last: usize = pages.last().into_iter().copied().flatten().map(Present::size).sum();
        if last > 0 && last + beside > page_bytes {
            pages.push(&[]);
        }
        let count = pages.len() as u64;
        self.repairs.rosters += nodes.len() as u64;
        for (node, kept) in nodes {
            for (first, changes) in kept {
                self.say(Address::Node(node), &room, first, changes, turn);
            }
            for (page, members) in pages.iter().enumerate() {
                let (room, members) = (room.clone(), members.to_vec());
                let page = page as u64;
                let sharers = if page + 1 == count { sharers.clone() } else { Vec::new() };
                let roster = RosterPage { room, at, said, since, page, pages: count, members, is_open, sharers };
                self.send(Address::Node(node), &Message::Roster { to: node, roster }, turn);
            }
        }
    }

    pub(super) fn close(&mut self, subject: &Subject, turn: &mut Turn<'_>) {
        let until = turn.now + self.config.settings.linger_ms;
        let Some(hosted) = self.rooms.get_mut(subject) else { return };
        if hosted.lingers_until.is_none() {
            hosted.lingers_until = Some(until);
            self.timers.insert((until, Timer::Linger(*subject)));
        }
        if let Some(lobby) = hosted.lobby.take() {
            self.timers.remove(&(lobby.until, Timer::Lobby(*subject)));
        }
    }

    /// It has lingered for long enough, if it still does.
    pub(super) fn part(&mut self, subject: &Subject, lingered_until: Millis, turn: &mut Turn<'_>) {
        let still_lingers = self.rooms.get(subject).is_some_and(|room| room.lingers_until == Some(lingered_until));
        if !still_lingers {
            return;
        }
        let Some(Hosted { room, origin, sharers, .. }) = self.rooms.remove(subject) else { return };
        // One more, so that whoever did not hear of this has a gap.
        self.least_at = self.least_at.max(origin.at() + 1);
        self.log_bytes -= origin.bytes();
        for node in &sharers {
            if let Some(peer) = self.peers.get_mut(node) {
                peer.unshare(subject, origin.at());
            }
        }
        self.hosted.subtract(subject, part_of_room(subject));
        self.opened.remove(subject);
        self.closed.insert(*subject);
        self.send(Address::Room(*subject), &Message::Parted(room), turn);
        turn.effects.push(Effect::Unsubscribe(*subject));
    }

    /// What nobody will ask for any more.
    pub(super) fn let_go_of_logs(&mut self, now: Millis) {
        let settings = self.config.settings;
        let (rooms, log_bytes) = (&mut self.rooms, &mut self.log_bytes);
        self.logging.retain(|subject| {
            let Some(Hosted { origin, .. }) = rooms.get_mut(subject) else { return false };
            let before = origin.bytes();
            origin.let_go(now, &settings);
            *log_bytes = *log_bytes + origin.bytes() - before;
            origin.bytes() > 0
        });
    }

    pub(super) fn sharers(&self, subject: &Subject) -> Vec<NodeId> {
        self.rooms.get(subject).map(|hosted| hosted.sharers.iter().copied().collect()).unwrap_or_default()
    }

    /// A subject is a hash, so two topics might have one.
    pub(super) fn check_room(&self, room: &Room) -> Result<(), Rejected> {
        let hosted = self.rooms.get(&room.subject).ok_or(Rejected::OtherRoom)?;
        if hosted.room.topic == room.topic { Ok(()) } else { Err(Rejected::OtherRoom) }
    }

    /// Changes what is had of a node's stream.
    pub(super) fn change<T>(
        &mut self,
        node: NodeId,
        subject: &Subject,
        change: impl FnOnce(&mut Replica) -> T,
    ) -> Option<T> {
        self.peers.get_mut(&node)?.change(subject, change)
    }
}

/// One page at least.
fn paged(members: &[Present], page_bytes: usize) -> Vec<&[Present]> {
    let mut pages = Vec::new();
    let (mut from, mut bytes) = (0, 0);
    for (i, member) in members.iter().enumerate() {
        let size = member.size();
        if bytes + size > page_bytes && i > from {
            pages.extend(members.get(from..i));
            (from, bytes) = (i, 0);
        }
        bytes += size;
    }
    pages.extend(members.get(from..));
    pages
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Generation, MemberId};

    #[test]
    fn a_page_is_as_long_as_it_may_be_and_has_one_member_at_least() {
        let present = |id: &str| {
            let (member, generation) = (MemberId::parse(id).unwrap(), Generation(0));
            Present { member, generation, user: None, away: false, info: None, state: None, session: None }
        };
        let members = ["a", "b", "c", "d", "e"].map(present);
        let size = members[0].size();
        for (page_bytes, lengths) in
            [(0, &[1; 5][..]), (2 * size, &[2, 2, 1]), (5 * size, &[5]), (5 * size - 1, &[4, 1])]
        {
            let pages = paged(&members, page_bytes);
            assert_eq!(pages.iter().map(|page| page.len()).collect::<Vec<_>>(), lengths, "{page_bytes}");
            assert_eq!(pages.concat(), members);
        }
        assert_eq!(paged(&[], 10), [&[][..]]);
    }
}
