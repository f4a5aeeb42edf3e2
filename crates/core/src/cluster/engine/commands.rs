//! What this node asks others to do, and what it does for them.
//!
//! Whoever asks says so once more to those who have not answered, and gives up after a while; whoever is asked does it once, however
//! often it is asked.

use std::collections::{BTreeMap, BTreeSet};

use super::{Address, ClusterEngine, Effect, Timer, Turn};
use crate::NodeId;
use crate::cluster::Subject;
use crate::cluster::asking::{Asking, Pages, Whom};
use crate::cluster::command::{Answer, Command};
use crate::cluster::deeds::Deed;
use crate::cluster::in_flight::care;
use crate::cluster::lobby::{Audible, Lobby, Nodes};
use crate::cluster::message::{AnswerPage, Message};
use crate::cluster::watch::Health;

/// So many questions may be out: more than a node has calls at once. Over it they fail at once.
const MOST_ASKED: usize = 4_096;

impl ClusterEngine {
    /// One node, or all that have the room that it is about, or all.
    pub(super) fn ask(&mut self, number: u64, node: Option<NodeId>, command: Command, turn: &mut Turn<'_>) {
        if self.asking.len() >= MOST_ASKED {
            let why = format!("{MOST_ASKED} questions to other nodes have no answer yet").into();
            let answer = Some(Answer::Failed { why });
            return turn.effects.push(Effect::Answered { number, answer, silent: Vec::new(), unknown: 0 });
        }
        let topic = command.topic().map(|topic| Subject::of(&self.config.app, topic));
        let whom = match (node, topic) {
            (Some(node), _) => Whom::Node(node),
            (None, Some(subject)) => Whom::Room(subject),
            (None, None) => Whom::Everybody,
        };
        let (within_ms, again_ms) = command.patience();
        let mut lobby = Lobby::new(turn.now + within_ms);
        if let Whom::Everybody = whom {
            lobby.hear(Audible::Unknown);
        }
        let next_at = turn.now + again_ms;
        // This one, too.
        let unsaid = topic.map_or(0, |subject| self.in_flight.count(&subject, turn.now) + 1);
        let message = match whom {
            Whom::Node(to) => Message::CommandTo { to, number, command: command.clone() },
            Whom::Room(_) | Whom::Everybody => Message::Command { number, command: command.clone() },
        };
        let asking = Asking { whom, command, lobby, again_ms, unsaid, most: None, next_at, answers: BTreeMap::new() };
        self.asking.insert(number, asking);
        self.timers.insert((next_at, Timer::Asked(number)));
        match whom {
            Whom::Node(node) => self.send(Address::Node(node), &message, turn),
            Whom::Room(subject) => self.send_asking(Address::Room(subject), &message, Some(subject), turn),
            Whom::Everybody => self.send(Address::Everybody, &message, turn),
        }
        self.settle_question_if_over(number, turn);
    }

    pub(super) fn hear_command(&mut self, node: NodeId, number: u64, command: Command, turn: &mut Turn<'_>) {
        let Some(peer) = self.peers.get_mut(&node) else { return };
        match peer.deeds.begin(number) {
            Deed::Nothing => {}
            Deed::AnswerAgain(answer) => self.say_answer(node, number, answer, turn),
            Deed::Do if command == Command::Unknown => self.done(node, number, Answer::Unknown, turn),
            Deed::Do => {
                let node = peer.incarnation.clone();
                turn.effects.push(Effect::Do { node, number, command });
            }
        }
    }

    /// What was asked for is done.
    pub(super) fn done(&mut self, node: NodeId, number: u64, answer: Answer, turn: &mut Turn<'_>) {
        let Some(peer) = self.peers.get_mut(&node) else { return };
        peer.deeds.end(number, &answer);
        self.say_answer(node, number, answer, turn);
    }

    pub(super) fn hear_answer(&mut self, node: NodeId, number: u64, page: AnswerPage, turn: &mut Turn<'_>) {
        let Some(asking) = self.asking.get_mut(&number) else { return };
        let AnswerPage { page, pages, answer } = page;
        let is_last = page + 1 == pages;
        match asking.answers.get_mut(&node) {
            _ if page == 0 => drop(asking.answers.insert(node, Pages { next: 1, answer })),
            Some(before) if before.next == page => {
                before.next += 1;
                let first = std::mem::replace(&mut before.answer, Answer::Unknown);
                before.answer = first.and(answer);
            }
            // One before it is missing: it is asked for again.
            Some(_) | None => return,
        }
        if is_last {
            asking.lobby.answer(node);
            self.settle_question_if_over(number, turn);
        }
    }

    /// What the broker says of who heard a question about a room.
    pub(super) fn audible_questions(&mut self, subject: &Subject, by: Audible, turn: &mut Turn<'_>) {
        let about = |asking: &&mut Asking| matches!(asking.whom, Whom::Room(of) if of == *subject);
        let mut to_everybody = Vec::new();
        for (number, asking) in self.asking.iter_mut().filter(|(_, asking)| about(asking)) {
            asking.most = asking.most.into_iter().chain([by]).max_by_key(care);
            asking.unsaid = asking.unsaid.saturating_sub(1);
            match asking.most.filter(|_| asking.unsaid == 0) {
                // Whoever began within the last heartbeat is not known, so all that live are asked.
                Some(Audible::Somebody) => {
                    asking.whom = Whom::Everybody;
                    asking.lobby.hear(Audible::Unknown);
                    to_everybody.push((*number, asking.command.clone()));
                }
                Some(by) => asking.lobby.hear(by),
                None => {}
            }
        }
        for (number, command) in to_everybody {
            self.send(Address::Everybody, &Message::Command { number, command }, turn);
        }
        self.settle_questions(turn);
    }

    /// Somebody is not waited for any more.
    pub(super) fn settle_questions(&mut self, turn: &mut Turn<'_>) {
        for number in self.asking.keys().copied().collect::<Vec<_>>() {
            self.settle_question_if_over(number, turn);
        }
    }

    /// Its time has come: whoever has not answered is asked again, or it is over.
    pub(super) fn ask_again(&mut self, number: u64, turn: &mut Turn<'_>) {
        if self.settle_question_if_over(number, turn) {
            return;
        }
        let Some(asking) = self.asking.get_mut(&number) else { return };
        asking.next_at = (turn.now + asking.again_ms).min(asking.lobby.until);
        self.timers.insert((asking.next_at, Timer::Asked(number)));
        let Some(asking) = self.asking.get(&number) else { return };
        let (command, mut silent) = (asking.command.clone(), self.silent(asking));
        silent.retain(|node| self.live.contains(node));
        for to in silent {
            self.send(Address::Node(to), &Message::CommandTo { to, number, command: command.clone() }, turn);
        }
    }

    pub(super) fn give_up(&mut self, number: u64, turn: &mut Turn<'_>) {
        self.asking.get_mut(&number).into_iter().for_each(|asking| asking.lobby.until = turn.now);
        self.settle_question_if_over(number, turn);
    }

    /// Nobody who is asked again would know that it was asked before.
    pub(super) fn give_up_questions(&mut self, turn: &mut Turn<'_>) {
        self.asking.values_mut().for_each(|asking| asking.lobby.until = turn.now);
        self.settle_questions(turn);
    }

    fn say_answer(&mut self, to: NodeId, number: u64, answer: Answer, turn: &mut Turn<'_>) {
        let pages = answer.paged(self.page_bytes(""));
        let count = pages.len() as u64;
        for (page, answer) in (0..).zip(pages) {
            let page = AnswerPage { page, pages: count, answer };
            self.send(Address::Node(to), &Message::Answer { to, number, page }, turn);
        }
    }

    /// `true`: it is over, or was.
    fn settle_question_if_over(&mut self, number: u64, turn: &mut Turn<'_>) -> bool {
        let Some(asking) = self.asking.get(&number) else { return true };
        let is_over = match asking.whom {
            _ if turn.now >= asking.lobby.until => true,
            // Nobody is known, and nobody would be heard.
            _ if self.live.is_empty() && self.watch.health() != Health::Well => true,
            Whom::Node(node) => asking.lobby.has_answered(node) || !self.live.contains(&node),
            Whom::Room(subject) => {
                let in_room = self.nodes_in(&subject);
                let (within_ms, again_ms) = asking.command.patience();
                let patiently = turn.now + within_ms < asking.lobby.until + again_ms;
                asking.lobby.is_answered(turn.now, Nodes { live: &self.live, in_room: &in_room }, patiently)
            }
            // It is about to be met.
            Whom::Everybody if self.live.is_empty() && asking.most == Some(Audible::Somebody) => false,
            Whom::Everybody => asking.lobby.is_over(turn.now, Nodes { live: &self.live, in_room: &self.live }),
        };
        if !is_over {
            return false;
        }
        let mut silent = self.silent(asking);
        let mut unknown = match asking.whom {
            Whom::Node(_) => 0,
            // The broker did not say who heard it, so it may have been nobody.
            Whom::Room(_) if asking.most.is_none() => 1,
            Whom::Room(_) | Whom::Everybody => asking.lobby.unknown(asking.most, &silent),
        };
        // Those who live, and are not known to have the room. Where they are no more than are missing, it is they.
        let others = self.live.iter().filter(|node| !silent.contains(node) && !asking.lobby.has_answered(**node));
        let others: Vec<_> = others.copied().collect();
        if (1..=unknown).contains(&(others.len() as u64)) {
            unknown -= others.len() as u64;
            silent.extend(others);
        }
        if !matches!(asking.whom, Whom::Node(_)) {
            // Who is lost has nobody but those whom others have told of: their members are held.
            silent.retain(|node| self.live.contains(node));
        }
        let Some(asking) = self.asking.remove(&number) else { return true };
        self.timers.remove(&(asking.next_at, Timer::Asked(number)));
        let whole = asking.answers.into_iter().filter(|(node, _)| asking.lobby.has_answered(*node));
        // Who does not know what was asked has not answered it.
        let (known, unknowing): (Vec<_>, Vec<_>) = whole.partition(|(_, pages)| pages.answer != Answer::Unknown);
        silent.extend(unknowing.into_iter().map(|(node, _)| node));
        let answer = known.into_iter().map(|(_, pages)| pages.answer).reduce(Answer::and);
        let silent = silent.into_iter().filter_map(|node| self.peers.get(&node));
        let silent = silent.map(|peer| peer.incarnation.clone()).collect();
        turn.effects.push(Effect::Answered { number, answer, silent, unknown });
        true
    }

    /// Who should have answered and has not, as far as is known.
    fn silent(&self, asking: &Asking) -> BTreeSet<NodeId> {
        let asked = match asking.whom {
            Whom::Node(node) => BTreeSet::from([node]),
            Whom::Room(subject) => self.nodes_in(&subject),
            Whom::Everybody => self.live.clone(),
        };
        asked.into_iter().filter(|node| !asking.lobby.has_answered(*node)).collect()
    }

    /// Those who take part in a room, whether this node does or not.
    fn nodes_in(&self, subject: &Subject) -> BTreeSet<NodeId> {
        self.peers.iter().filter(|(_, peer)| peer.is_in(subject)).map(|(node, _)| *node).collect()
    }
}
