//! All nodes, what is on its way between them, and what must be true of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use roomful_core::cluster::{Change, HistoryNews, News, Present};
use roomful_core::room::{Audience, Effect, Input, Newcomer};
use roomful_core::{History, Json, Limits, MemberId, Millis};

use super::NODES;
use super::broker::Broker;
use super::node::{Node, Up};
use super::observer::Spoken;
use crate::fault::Fault;
use crate::seeds::Tally;

/// What a link takes late is dropped, as the runtime does it.
const OUTGOING_MS: Millis = 2_000;
const HEARTBEAT_MS: Millis = 2_000;

pub(crate) struct World {
    pub(crate) now: Millis,
    events: BTreeMap<(Millis, u64), Event>,
    next_event: u64,
    pub(crate) nodes: Vec<Node>,
    pub(crate) broker: Broker,
    pub(crate) words: BTreeMap<u64, Spoken>,
    next_member: u64,
    /// Whether something happened for which some may miss what was taken: a node was cut off or lost what another one said, an answer
    /// takes longer than it is waited for, or the broker keeps little or has forgotten.
    pub(crate) is_rough: bool,
    pub(crate) tally: Tally<&'static str>,
}

enum Event {
    AtBroker { from: usize, up: Up },
    At { node: usize, down: Down },
    Heartbeat,
    LinkIsBack { node: usize },
}

#[derive(Clone)]
enum Down {
    News(HistoryNews),
    Changes { from: usize, number: u64, changes: Vec<Change> },
    Roster { from: usize, number: u64, members: Vec<Present> },
    Heartbeat { from: usize, number: u64 },
}

impl World {
    /// Somebody is in at each node.
    pub(crate) fn new(kept: usize) -> Result<Self, Fault> {
        let limits = Arc::new(Limits::default().history(History::Broker).log_frames(kept));
        let nodes = (0..NODES).map(|index| Node::new(index, &limits)).collect::<Result<_, _>>()?;
        let (events, words, tally) = Default::default();
        let (broker, now) = (Broker::new(kept), 1_000);
        let mut world =
            Self { now, events, next_event: 0, nodes, broker, words, next_member: 0, is_rough: kept < 64, tally };
        world.push(now + HEARTBEAT_MS, Event::Heartbeat);
        for index in 0..NODES {
            world.tell(index, Input::History(HistoryNews::Missed))?;
            world.tell(index, Input::Ready)?;
            world.tell(index, Input::Join(Newcomer::new(id(&format!("always-{index}"))?)))?;
        }
        world.run_for(3_000)?;
        Ok(world)
    }

    pub(crate) fn run_for(&mut self, ms: Millis) -> Result<(), Fault> {
        let until = self.now + ms;
        loop {
            let event = self.events.keys().next().map(|(at, _)| *at);
            let wakes = self.nodes.iter().enumerate().filter_map(|(index, node)| Some((node.room.next_wake()?, index)));
            let wake = wakes.min();
            match (event, wake) {
                (event, Some((at, node))) if at <= until && event.is_none_or(|event| at <= event) => {
                    self.now = self.now.max(at);
                    self.tell(node, Input::Wake)?;
                }
                (Some(at), _) if at <= until => {
                    self.now = self.now.max(at);
                    let event = self.events.pop_first().map(|(_, event)| event);
                    event.into_iter().try_for_each(|event| self.happen(event))?;
                }
                _ => break,
            }
        }
        self.now = until;
        Ok(())
    }

    pub(crate) fn join(&mut self, index: usize) -> Result<(), Fault> {
        let member = id(&format!("m{}", self.next_member))?;
        self.next_member += 1;
        self.come(index, (member, 0))
    }

    /// Whoever left last comes again, which may be before it has left.
    pub(crate) fn come_again(&mut self, index: usize) -> Result<(), Fault> {
        let left = self.nodes[index].left.take();
        left.map_or(Ok(()), |left| self.come(index, left))
    }

    fn come(&mut self, index: usize, (member, said): (MemberId, u64)) -> Result<(), Fault> {
        self.nodes[index].members.push((member.clone(), said));
        self.tell(index, Input::Join(Newcomer::new(member)))
    }

    pub(crate) fn leave(&mut self, index: usize, nth: usize, has_last_words: bool) -> Result<(), Fault> {
        let (member, said) = self.nodes[index].members.remove(nth);
        self.nodes[index].left = Some((member.clone(), said));
        self.tell(index, Input::Leave { member: member.clone() })?;
        if has_last_words {
            self.tally.count("somebody says something as it leaves");
            let spoken = Spoken { by: member.clone(), nth: said + 1, is_last: true, settled: None };
            self.nodes[index].left = None;
            return self.speak(index, spoken, |msg| Input::LastWords { from: member, msg });
        }
        Ok(())
    }

    pub(crate) fn say(&mut self, index: usize, nth: usize) -> Result<(), Fault> {
        let (member, said) = &mut self.nodes[index].members[nth];
        *said += 1;
        let (from, nth) = (member.clone(), *said);
        let spoken = Spoken { by: from.clone(), nth, is_last: false, settled: None };
        self.speak(index, spoken, |msg| Input::Broadcast { from: Some(from), to: Audience::Everybody, msg })
    }

    pub(crate) fn show(&mut self, index: usize, nth: usize) -> Result<(), Fault> {
        let (member, said) = self.nodes[index].members[nth].clone();
        self.tell(index, Input::SetPresence { member, state: Some(json(said)?) })
    }

    fn speak(&mut self, index: usize, spoken: Spoken, input: impl FnOnce(Json) -> Input) -> Result<(), Fault> {
        let number = self.words.len() as u64;
        self.words.insert(number, spoken);
        let before = self.nodes[index].room.last_word();
        self.nodes[index].said.insert(before + 1, number);
        let input = input(json(number)?);
        self.tell(index, input)?;
        if self.nodes[index].room.last_word() == before {
            // It was refused: too many wait.
            self.tally.count("a word is refused since too many wait");
            self.nodes[index].said.remove(&(before + 1));
            self.words.entry(number).and_modify(|word| word.settled = Some(false));
        }
        Ok(())
    }

    pub(crate) fn cut(&mut self, index: usize, ms: Millis) {
        self.is_rough = true;
        let link = &mut self.nodes[index].link;
        if link.is_up() {
            link.down_since = Some(self.now);
            self.push(self.now + ms, Event::LinkIsBack { node: index });
        }
    }

    /// Everything is well again, and nothing more is lost.
    pub(crate) fn heal(&mut self) -> Result<(), Fault> {
        for index in 0..NODES {
            let link = &mut self.nodes[index].link;
            (link.out_ms, link.in_ms) = (5, 5);
            (link.loses_words, link.loses_answers, link.loses_envelopes) = (0, 0, 0);
            self.link_is_back(index)?;
        }
        Ok(())
    }

    fn push(&mut self, at: Millis, event: Event) {
        self.next_event += 1;
        self.events.insert((at, self.next_event), event);
    }

    fn happen(&mut self, event: Event) -> Result<(), Fault> {
        self.tally.events += 1;
        match event {
            Event::AtBroker { from, up } => {
                if self.nodes[from].link.is_up() {
                    self.at_broker(from, up);
                }
                Ok(())
            }
            Event::At { node, down } => self.hear(node, down),
            Event::Heartbeat => {
                self.push(self.now + HEARTBEAT_MS, Event::Heartbeat);
                for index in 0..NODES {
                    let number = self.nodes[index].published;
                    self.send(index, Up::Heartbeat { number });
                }
                let has_lost = |index: &usize| std::mem::take(&mut self.nodes[*index].link.has_lost);
                let lost: Vec<_> = (0..NODES).filter(has_lost).collect();
                lost.into_iter().try_for_each(|index| self.tell(index, Input::History(HistoryNews::Missed)))
            }
            Event::LinkIsBack { node } => self.link_is_back(node),
        }
    }

    fn link_is_back(&mut self, index: usize) -> Result<(), Fault> {
        if self.nodes[index].link.down_since.take().is_none() {
            return Ok(());
        }
        self.tell(index, Input::History(HistoryNews::Missed))?;
        let outbox = std::mem::take(&mut self.nodes[index].link.outbox);
        let now = self.now;
        let in_time = outbox.into_iter().filter(|(since, _)| now < since + OUTGOING_MS);
        in_time.for_each(|(_, up)| self.send(index, up));
        Ok(())
    }

    fn send(&mut self, from: usize, up: Up) {
        let link = &mut self.nodes[from].link;
        if link.is_up() {
            let at = link.sends_at(self.now);
            self.push(at, Event::AtBroker { from, up });
        } else {
            link.outbox.push((self.now, up));
        }
    }

    fn send_down(&mut self, node: usize, down: Down) {
        let at = self.nodes[node].link.hears_at(self.now);
        self.push(at, Event::At { node, down });
    }

    fn at_broker(&mut self, from: usize, up: Up) {
        match up {
            Up::Append { word, until } => {
                let (number, id) = (word.number, word.msg.decode().unwrap_or(u64::MAX));
                let Some(numbered) = self.broker.append(word, id, (until, self.now)) else {
                    self.tally.count("a word comes too late for the broker");
                    return self.send_down(from, Down::News(HistoryNews::Refused { number }));
                };
                self.send_down(from, Down::News(HistoryNews::Taken { number, seq: numbered.seq }));
                let news = HistoryNews::Word { epoch: self.broker.epoch().into(), numbered };
                (0..NODES).for_each(|node| self.send_down(node, Down::News(news.clone())));
            }
            Up::Read { epoch, seq } => {
                let page = self.broker.read(&epoch, seq);
                self.send_down(from, Down::News(page));
            }
            Up::Changes { number, changes } => {
                for node in (0..NODES).filter(|node| *node != from) {
                    self.send_down(node, Down::Changes { from, number, changes: changes.clone() });
                }
            }
            Up::Roster { to, number, members } => self.send_down(to, Down::Roster { from, number, members }),
            Up::Heartbeat { number } => {
                let others = (0..NODES).filter(|node| *node != from);
                others.for_each(|node| self.send_down(node, Down::Heartbeat { from, number }));
            }
        }
    }

    fn hear(&mut self, node: usize, down: Down) -> Result<(), Fault> {
        let link = &mut self.nodes[node].link;
        let none = &mut 0;
        let loses = match &down {
            Down::Heartbeat { .. } => none,
            Down::News(HistoryNews::Word { .. }) => &mut link.loses_words,
            Down::News(_) => &mut link.loses_answers,
            _ => &mut link.loses_envelopes,
        };
        let is_lost = *loses > 0;
        *loses = loses.saturating_sub(1);
        if is_lost || !link.is_up() {
            link.has_lost |= matches!(down, Down::News(HistoryNews::Word { .. }));
            self.tally.count("something is lost on its way");
            return Ok(());
        }
        match down {
            Down::News(news) => self.tell(node, Input::History(news)),
            Down::Changes { from, number, changes } => {
                let heard = &mut self.nodes[node].heard[from];
                if number != *heard + 1 {
                    return Ok(());
                }
                *heard = number;
                self.tell_remote(node, from, News::Changes(changes))
            }
            // What is missing is asked for: how it is there now.
            Down::Heartbeat { from, number } if self.nodes[node].heard[from] < number => {
                self.tally.count("a roster is repaired");
                let (number, members) = (self.nodes[from].published, self.nodes[from].room.own());
                self.send(from, Up::Roster { to: node, number, members });
                Ok(())
            }
            Down::Heartbeat { .. } => Ok(()),
            Down::Roster { from, number, members } => {
                let heard = &mut self.nodes[node].heard[from];
                if number < *heard {
                    return Ok(());
                }
                *heard = number;
                let roster =
                    News::Roster { members, is_open: true, missed: 0, late: Vec::new(), words: Default::default() };
                self.tell_remote(node, from, roster)
            }
        }
    }

    fn tell_remote(&mut self, node: usize, from: usize, news: News) -> Result<(), Fault> {
        let from = self.nodes[from].me.clone();
        self.tell(node, Input::Remote { node: from, news })
    }

    fn tell(&mut self, index: usize, input: Input) -> Result<(), Fault> {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let (mut effects, now) = (Vec::new(), self.now);
            // What is refused leads to nothing; whoever says something looks whether it was.
            let _refused = self.nodes[index].room.handle(input, now, &mut effects);
            let carried_out = effects.into_iter().try_for_each(|effect| self.carry_out(index, effect, &mut inputs));
            carried_out.map_err(|fault| fault.at(format!("at node {index}, at {now} ms")))?;
        }
        Ok(())
    }

    fn carry_out(&mut self, index: usize, effect: Effect, inputs: &mut VecDeque<Input>) -> Result<(), Fault> {
        let (broker, words) = (&self.broker, &mut self.words);
        let node = &mut self.nodes[index];
        match effect {
            Effect::Snapshot { to, seq, .. } if to.as_str() == format!("always-{index}") => {
                let roster = node.room.roster().iter().map(|entry| entry.member.clone());
                node.observer.begin(roster, node.room.epoch(), seq);
            }
            Effect::Membership { changes, .. } => node.observer.hear_changes(&changes)?,
            Effect::Presence { updates } => node.observer.hear_updates(&updates, words)?,
            Effect::Said { seq, msg, .. } => {
                let given = broker.given.get(&(node.room.epoch().to_owned(), seq)).copied();
                let said: u64 = msg.decode().map_err(|error| Fault(error.to_string()))?;
                ensure!(given == Some(said), "{seq} is said to be {said}, and is {given:?}");
                node.observer.hear(seq, words.get(&said).map(|word| (said, word)))?;
            }
            Effect::Gap { seq } => {
                self.tally.count("something is said to be missing");
                node.observer.miss(seq, node.room.epoch())?;
            }
            Effect::Settled { number, is_taken } => {
                self.tally.count(if is_taken { "a word is taken" } else { "a word is not taken" });
                let word = node.said.get(&number).and_then(|id| words.get_mut(id));
                let Some(word) = word else { return Fault::new(format!("{number} was never said")) };
                ensure!(word.settled.is_none(), "{word:?} is settled twice");
                word.settled = Some(is_taken);
            }
            Effect::Publish { changes } => {
                node.published += 1;
                let number = node.published;
                self.send(index, Up::Changes { number, changes });
            }
            Effect::Append { word, .. } if node.link.is_isolated(self.now) => {
                inputs.push_back(Input::History(HistoryNews::Refused { number: word.number }));
            }
            Effect::Append { word, until } => self.send(index, Up::Append { word, until }),
            Effect::ReadHistory { .. } if !node.link.is_up() => inputs.push_back(Input::History(HistoryNews::Unread)),
            Effect::ReadHistory { .. } => {
                let (epoch, seq) = (node.room.epoch().to_owned(), node.room.seq());
                self.send(index, Up::Read { epoch, seq });
            }
            _ => {}
        }
        Ok(())
    }

    /// All is quiet, so all that there was is known everywhere.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        let everybody = self.nodes.iter().flat_map(|node| node.room.own()).map(|present| present.member);
        let everybody: BTreeSet<_> = everybody.collect();
        for (index, node) in self.nodes.iter().enumerate() {
            let (room, observer) = (&node.room, &node.observer);
            let at = |fault: Fault| fault.at(format!("node {index} in the end"));
            let knows = || {
                // That the broker has forgotten shows when something is said.
                if self.broker.has_begun() {
                    ensure!(room.epoch() == self.broker.epoch(), "it is in {}", room.epoch());
                    ensure!(room.seq() == self.broker.top(), "it heard {} of {}", room.seq(), self.broker.top());
                }
                ensure!(*observer.roster() == everybody, "{:?} are in, not {everybody:?}", observer.roster());
                for ((epoch, seq), id) in &self.broker.given {
                    let is_known = observer.has_heard(*id) || observer.misses(epoch, *seq);
                    let word = self.words.get(id);
                    ensure!(is_known, "{word:?} is missing: {epoch} {seq}");
                    let is_taken = word.is_some_and(|word| word.settled == Some(true));
                    let is_heard = self.is_rough || observer.has_heard(*id) || !is_taken;
                    ensure!(is_heard, "{word:?} is said to be missing: {epoch} {seq}");
                }
                Ok(())
            };
            knows().map_err(at)?;
        }
        let given: BTreeSet<_> = self.broker.given.values().collect();
        for (id, word) in &self.words {
            ensure!(word.settled.is_some(), "nobody says what became of {word:?}");
            ensure!(word.settled == Some(false) || given.contains(id), "{word:?} is said to be taken");
        }
        Ok(())
    }
}

fn id(text: &str) -> Result<MemberId, Fault> {
    MemberId::parse(text).map_err(|error| Fault(error.to_string()))
}

fn json(number: u64) -> Result<Json, Fault> {
    Json::encode(&number).map_err(|error| Fault(error.to_string()))
}
