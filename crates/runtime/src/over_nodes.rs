//! What is asked of a room from outside any connection, in a process that is one node of a cluster.
//!
//! Nothing is asked of other nodes that is known here: a node that has somebody in the room knows who is in on all of them. What is to
//! be done with a member is done by the node that has it, and each node does it with its own members alone. Whoever is not asked
//! because nobody knows of it, and whoever does not answer, is in the error.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::Arc;

use futures_channel::oneshot;
use futures_util::future::{Either, select};
use roomful_core::cluster::{self, Closing, Command, Present, UserThere};
use roomful_core::frame::EndpointKind;
use roomful_core::pattern::{Pattern, Topic};
use roomful_core::room::{Audience, Input, Refused, RoomEngine};
use roomful_core::{Close, Json, MemberId, Millis, NodeId, UserId};

use crate::act::{Act, Answer};
use crate::acting::kicked;
use crate::app::App;
use crate::clustered::{Answered, Node, is_in_broker, taken};
use crate::live_room::LiveRoom;
use crate::roster::{Member, User};
use crate::{Error, ErrorKind, Result};

/// After so many milliseconds a node that does not even say who is silent is stuck: half a second more than it waits for the others.
const ASKED_WITHIN_MS: Millis = 2_500;

/// For so much longer than the broker may take to have something its answer is waited for.
const ANSWERED_LATER_MS: Millis = 250;

impl App {
    /// Asks something of a room that may be on other nodes, too.
    pub(crate) async fn act_over_nodes(&self, node: &Node, topic: &Topic, act: Act) -> Result<Answer> {
        let room = self.hub().find(topic).filter(|room| room.read(RoomEngine::knows_who_is_in));
        let name: Arc<str> = topic.as_str().into();
        match (act, room) {
            (act @ (Act::Members | Act::Users | Act::Count), Some(_)) => self.act_here(Some(topic), act),
            (Act::Members, None) => Ok(Answer::Members(of_all(self.members_of(node, name).await?))),
            (Act::Count, None) => Ok(Answer::Count(self.count_of(node, name).await?)),
            (Act::Users, None) => Ok(Answer::Users(merged(self.users_of(node, Some(name)).await?))),
            (Act::Broadcast { msg }, room) if is_in_broker(self.limits_of(topic, EndpointKind::Room)) => {
                self.say_to_broker(node, topic, room, msg).await.map(|()| Answer::Done(true))
            }
            (act @ Act::Broadcast { .. }, Some(_)) => {
                let done = self.act_here(Some(topic), act)?;
                self.give_over(node).await.map(|()| done)
            }
            (Act::Broadcast { msg }, None) => {
                self.check_message(topic, &msg)?;
                self.ask_over(node, None, Command::Say { topic: name, msg }).await?.whole()?;
                Ok(Answer::Done(true))
            }
            (Act::Send { to, msg }, room) => match whereabouts(room.as_deref(), &to) {
                Whereabouts::Here => {
                    let Some(room) = room else { return Ok(Answer::Done(false)) };
                    let told = room.tell_and_follow(Input::Send { to, msg }, None)?;
                    self.is_taken(told).await.map(|()| Answer::Done(true))
                }
                Whereabouts::Nowhere => Ok(Answer::Done(false)),
                Whereabouts::Elsewhere(at) => {
                    self.check_message(topic, &msg)?;
                    let command = Command::Send { topic: name, member: to, msg };
                    self.ask_over(node, at, command).await?.found().map(Answer::Done)
                }
            },
            (Act::Kick { member, reason }, room) => {
                let close = kicked(&reason)?;
                match whereabouts(room.as_deref(), &member) {
                    Whereabouts::Here => Ok(Answer::Done(self.hub().kick(room.as_deref(), &member, close))),
                    Whereabouts::Nowhere => Ok(Answer::Done(false)),
                    Whereabouts::Elsewhere(at) => {
                        let command = Command::Kick { topic: name, member, how: how(&close) };
                        self.ask_over(node, at, command).await?.found().map(Answer::Done)
                    }
                }
            }
            (Act::SendUser { user, msg }, _) => {
                self.check_message(topic, &msg)?;
                let command = Command::SendUser { topic: Some(name), user: user.clone(), msg: msg.clone() };
                node.may_ask(&command)?;
                let room = self.hub().find(topic);
                let here = room.map_or(Ok(0), |room| room.tell_user(&user, &msg))? > 0;
                Ok(Answer::Done(is_done(self.ask_over(node, None, command).await?.whole()?) || here))
            }
            (Act::KickUser { user, reason }, _) => {
                let close = kicked(&reason)?;
                let command = Command::KickUser { topic: Some(name), user: user.clone(), how: how(&close) };
                node.may_ask(&command)?;
                let here = self.hub().kick_user(Some(topic), &user, &close);
                Ok(Answer::Done(is_done(self.ask_over(node, None, command).await?.whole()?) || here))
            }
            // What is listened to is not said to other nodes, and neither is what is a connection's.
            (act, _) => self.act_here(Some(topic), act),
        }
    }

    /// Every user in any room of any node.
    pub(crate) async fn users_over_nodes(&self, node: &Node) -> Result<Vec<User>> {
        let mut there = self.users_of(node, None).await?;
        there.extend(self.hub().users_answered_for());
        let mut users = merged(there);
        users.sort_unstable_by(|one, other| one.user.cmp(&other.user));
        Ok(users)
    }

    /// Takes a user out of every room of every node.
    pub(crate) async fn kick_user_over_nodes(&self, node: &Node, user: &UserId, close: &Close) -> Result<bool> {
        let command = Command::KickUser { topic: None, user: user.clone(), how: how(close) };
        node.may_ask(&command)?;
        let was_here = self.hub().kick_user(None, user, close);
        Ok(is_done(self.ask_over(node, None, command).await?.whole()?) || was_here)
    }

    /// Every room of that pattern on any node, and how many members it has on all of them.
    pub(crate) async fn all_over_nodes(&self, node: &Node, pattern: &Pattern) -> Result<Vec<(String, usize)>> {
        let answer =
            self.ask_over(node, None, Command::Rooms { pattern: pattern.to_string().into() }).await?.whole()?;
        let Some(cluster::Answer::Rooms(elsewhere)) = answer.or(Some(cluster::Answer::Rooms(Vec::new()))) else {
            return Err(strange());
        };
        let mut rooms: BTreeMap<String, usize> = BTreeMap::new();
        let elsewhere = elsewhere.into_iter().map(|(topic, members)| (topic.as_ref().to_owned(), members as usize));
        for (topic, members) in elsewhere.chain(self.all_here().into_iter().filter(|(_, members)| *members > 0)) {
            // Each node that has somebody in a room knows of all nodes who is; one may be a moment behind.
            let known = rooms.entry(topic).or_default();
            *known = members.max(*known);
        }
        Ok(rooms.into_iter().collect())
    }

    async fn members_of(&self, node: &Node, topic: Arc<str>) -> Result<Vec<Present>> {
        match self.ask_over(node, None, Command::Members { topic }).await?.whole()? {
            Some(cluster::Answer::Members(members)) => Ok(members),
            None => Ok(Vec::new()),
            Some(_) => Err(strange()),
        }
    }

    async fn count_of(&self, node: &Node, topic: Arc<str>) -> Result<usize> {
        match self.ask_over(node, None, Command::Count { topic }).await?.whole()? {
            Some(cluster::Answer::Ids(members)) => Ok(members.into_iter().collect::<BTreeSet<_>>().len()),
            None => Ok(0),
            Some(_) => Err(strange()),
        }
    }

    async fn users_of(&self, node: &Node, topic: Option<Arc<str>>) -> Result<Vec<UserThere>> {
        match self.ask_over(node, None, Command::Users { topic }).await?.whole()? {
            Some(cluster::Answer::Users(users)) => Ok(users),
            None => Ok(Vec::new()),
            Some(_) => Err(strange()),
        }
    }

    /// Says something, by nobody, to a room whose history is in the broker.
    async fn say_to_broker(&self, node: &Node, topic: &Topic, room: Option<Arc<LiveRoom>>, msg: Json) -> Result {
        self.check_message(topic, &msg)?;
        let Some(room) = room else {
            let (limits, above) = (self.limits_of(topic, EndpointKind::Room), self.hub().process().first_word());
            let said = node.say(topic, msg, limits, above);
            let late = || Err(ErrorKind::NotTaken.into_error());
            return self.in_time(limits.cluster_outgoing_ms + ANSWERED_LATER_MS, said).await.unwrap_or_else(late);
        };
        let told = room.tell_and_follow(Input::Broadcast { from: None, to: Audience::Everybody, msg }, None)?;
        self.is_taken(told).await
    }

    /// Where the broker is to have it: whether it has. Its room knows when to wait no longer.
    async fn is_taken(&self, told: Option<oneshot::Receiver<bool>>) -> Result {
        match told {
            Some(told) => taken(told).await,
            None => Ok(()),
        }
    }

    async fn ask_over(&self, node: &Node, to: Option<NodeId>, command: Command) -> Result<Answered> {
        let stuck = || Ok(Answered { is_cut_off: true, ..Answered::default() });
        self.in_time(ASKED_WITHIN_MS, node.ask(to, command)).await.unwrap_or_else(stuck)
    }

    async fn give_over(&self, node: &Node) -> Result {
        let behind = || Err(ErrorKind::BrokerBehind.into_error());
        self.in_time(self.settings().limits.cluster_outgoing_ms, node.give()).await.unwrap_or_else(behind)
    }

    /// `None`: it has taken longer. Nobody measures that before the platform has lent a clock, with the first connection.
    async fn in_time<T>(&self, ms: Millis, what: impl Future<Output = T>) -> Option<T> {
        let process = self.hub().process();
        if process.host().is_none() {
            return Some(what.await);
        }
        let time = process.sleep_until(process.now().saturating_add(ms));
        match select(pin!(what), time).await {
            Either::Left((done, _)) => Some(done),
            Either::Right(_) => None,
        }
    }

    fn check_message(&self, topic: &Topic, msg: &Json) -> Result {
        let (bytes, limit) = (msg.size(), self.limits_of(topic, EndpointKind::Room).message_bytes);
        if bytes > limit { Err(Error::refused(Refused::MessageTooLarge { bytes, limit })) } else { Ok(()) }
    }
}

/// Where a member is to be looked for.
enum Whereabouts {
    Here,
    Nowhere,
    /// At that node, or, where nothing is known of the room, at those that have it.
    Elsewhere(Option<NodeId>),
}

fn whereabouts(room: Option<&LiveRoom>, member: &MemberId) -> Whereabouts {
    let Some(room) = room else { return Whereabouts::Elsewhere(None) };
    match room.node_of(member) {
        Some(None) => Whereabouts::Here,
        Some(at) => Whereabouts::Elsewhere(at),
        None => Whereabouts::Nowhere,
    }
}

/// Everybody once, in the order in which they were told of: of whoever is lost, or changes its node, several nodes may tell.
fn of_all(told: Vec<Present>) -> Vec<Member<Json, Json>> {
    let mut members: Vec<Present> = Vec::new();
    let mut places = BTreeMap::new();
    for present in told {
        let place = *places.entry(present.member.clone()).or_insert(members.len());
        match members.get_mut(place) {
            // The newer word is of the node that has it by now, and a node that is there knows better than one that is lost.
            Some(known) if (known.generation, !known.away) < (present.generation, !present.away) => *known = present,
            Some(_) => {}
            None => members.push(present),
        }
    }
    let member = |Present { member: id, user, away, info, state, .. }| Member { id, user, away, info, state };
    members.into_iter().map(member).collect()
}

/// Every user once with each of its members, in the order in which they were told of, and behind them those who linger.
fn merged(told: Vec<UserThere>) -> Vec<User> {
    let mut users: Vec<User> = Vec::new();
    let (mut places, mut seen) = (BTreeMap::new(), BTreeSet::new());
    for UserThere { user, mut members, away } in told {
        members.retain(|member| seen.insert(member.clone()));
        let place = *places.entry(user.clone()).or_insert(users.len());
        match users.get_mut(place) {
            Some(known) => {
                known.members.extend(members);
                known.away &= away;
            }
            None => users.push(User { user, members, away }),
        }
    }
    users.sort_by_key(|user| user.members.is_empty());
    users
}

fn is_done(answer: Option<cluster::Answer>) -> bool {
    matches!(answer, Some(cluster::Answer::Done { members: 1.. }))
}

fn how(close: &Close) -> Closing {
    Closing { code: close.code, reason: close.reason.as_ref().into() }
}

/// Nodes of two releases answered it, and do not mean the same.
fn strange() -> Error {
    ErrorKind::Elsewhere("the nodes of the cluster answer different things".into()).into_error()
}

#[cfg(test)]
mod tests {
    use roomful_core::Generation;

    use super::*;

    fn id(id: &str) -> MemberId {
        MemberId::parse(id).unwrap()
    }

    fn present(member: &str, generation: u32, away: bool) -> Present {
        let generation = Generation(generation);
        Present { member: id(member), generation, user: None, away, info: None, state: None, session: None }
    }

    #[test]
    fn whoever_several_nodes_tell_of_is_there_once_as_the_newest_word_has_it() {
        let told = vec![
            present("ann", 0, true),
            present("bob", 1, false),
            present("ann", 0, false),
            present("bob", 0, false),
            present("cid", 0, true),
            present("cid", 1, true),
            present("bob", 1, true),
        ];
        let all: Vec<_> = of_all(told).into_iter().map(|member| (member.id, member.away)).collect();
        assert_eq!(all, [(id("ann"), false), (id("bob"), false), (id("cid"), true)]);
    }

    #[test]
    fn a_user_of_several_nodes_is_there_once_with_each_member_once() {
        let there = |user: &str, members: &[&str], away| {
            let members = members.iter().map(|member| id(member)).collect();
            UserThere { user: UserId::new(user).unwrap(), members, away }
        };
        let told = vec![
            there("cid", &[], true),
            there("ann", &["a1", "a2"], true),
            there("bob", &["b1"], true),
            there("ann", &["a2", "a3"], false),
            there("bob", &[], true),
        ];
        let users: Vec<_> = merged(told)
            .into_iter()
            .map(|user| (user.user.to_string(), user.members.iter().map(ToString::to_string).collect(), user.away))
            .collect::<Vec<(String, Vec<String>, bool)>>();
        let due = [("ann", vec!["a1", "a2", "a3"], false), ("bob", vec!["b1"], true), ("cid", vec![], true)];
        let due = due.map(|(user, members, away)| {
            (user.to_owned(), members.into_iter().map(str::to_owned).collect::<Vec<_>>(), away)
        });
        assert_eq!(users, due);
    }
}
