//! What is asked of a room from outside any connection, whether the room is in this process or in another.

use std::collections::BTreeMap;
use std::sync::Arc;

use roomful_core::frame::EndpointKind;
use roomful_core::key::Params;
use roomful_core::pattern::{Pattern, Topic};
use roomful_core::room::{Audience, Input};
use roomful_core::roster::Row;
use roomful_core::{Close, Json, Limits, UserId};

use crate::act::{Act, Answer};
use crate::app::{App, Definition};
use crate::feeds::{Subscription, check_size};
use crate::held::member_with;
use crate::hub::Occupant as _;
use crate::roster::{self, Member, User};
use crate::{ErrorKind, Result};

impl App {
    /// Asks something of a room, wherever it is.
    ///
    /// # Errors
    ///
    /// When the room refuses it, or cannot be reached.
    pub async fn act(&self, topic: &Topic, act: Act) -> Result<Answer> {
        let is_here = match act.is_for_listeners() {
            true => self.hub().feeds().is_home_of(topic),
            false => self.hub().is_home_of(topic),
        };
        match self.reach().filter(|_| !is_here) {
            Some(reach) => {
                if let Act::Publish { event } = &act {
                    check_size(event, self.feed_limits(topic))?;
                }
                reach.act(topic, act).await
            }
            None => match self.hub().process().in_cluster() {
                Some(node) => self.act_over_nodes(node, topic, act).await,
                None => self.act_here(Some(topic), act),
            },
        }
    }

    /// Asks something of a room of this process. The topic is `None` for a room that nobody is in.
    ///
    /// # Errors
    ///
    /// When the room refuses it.
    pub fn act_here(&self, topic: Option<&Topic>, act: Act) -> Result<Answer> {
        let room = topic.and_then(|topic| self.hub().find(topic));
        match act {
            Act::Broadcast { msg } => {
                if let Some(room) = room {
                    room.tell(Input::Broadcast { from: None, to: Audience::Everybody, msg })?;
                }
                Ok(Answer::Done(true))
            }
            Act::Send { to, msg } => {
                let Some(room) = room.filter(|room| room.read(|room| room.roster().find(&to).is_some())) else {
                    return Ok(Answer::Done(false));
                };
                room.tell(Input::Send { to, msg })?;
                Ok(Answer::Done(true))
            }
            Act::SendUser { user, msg } => {
                let told = room.map_or(Ok(0), |room| room.tell_user(&user, &msg))?;
                Ok(Answer::Done(told > 0))
            }
            Act::Publish { event } => {
                topic.map_or(Ok(()), |topic| self.publish_here(topic, &event))?;
                Ok(Answer::Done(true))
            }
            Act::Wake => Ok(Answer::Done(topic.map_or(Ok(false), |topic| self.hub().feeds().wake(topic))?)),
            Act::Members => Ok(Answer::Members(topic.map_or_else(Vec::new, |topic| self.members_here(topic)))),
            Act::Users => Ok(Answer::Users(topic.map_or_else(Vec::new, |topic| self.users_here(topic)))),
            Act::Count => Ok(Answer::Count(topic.map_or(0, |topic| self.count_here(topic)))),
            Act::EndSession { token, code } => {
                let member = topic.and_then(|topic| member_with(self.hub(), token, topic));
                let is_there = member.is_some();
                if let Some(member) = member {
                    member.expel(Close { code, ..Close::FORBIDDEN });
                }
                Ok(Answer::Done(is_there))
            }
            Act::Kick { member, reason } => {
                let close = kicked(&reason)?;
                Ok(Answer::Done(self.hub().kick(room.as_deref(), &member, close)))
            }
            Act::KickUser { user, reason } => {
                let close = kicked(&reason)?;
                Ok(Answer::Done(topic.is_some_and(|topic| self.hub().kick_user(Some(topic), &user, &close))))
            }
        }
    }

    /// What is published in this process from now on.
    #[must_use]
    pub fn subscribe_here(&self, topic: &Topic) -> Subscription {
        self.hub().feeds().subscribe(topic, self.feed_limits(topic))
    }

    fn publish_here(&self, topic: &Topic, event: &Json) -> Result {
        self.hub().feeds().publish(topic, event, || self.feed_limits(topic))
    }

    /// Those of the feed that has this topic, or the app's.
    fn feed_limits(&self, topic: &Topic) -> &Arc<Limits> {
        self.limits_of(topic, EndpointKind::Feed)
    }

    /// Those of what has this topic and is of this kind, or the app's.
    pub(crate) fn limits_of(&self, topic: &Topic, kind: EndpointKind) -> &Arc<Limits> {
        let is_its = |definition: &&Arc<Definition>| {
            definition.kind == kind && definition.pattern.params_of(topic.as_str()).is_some()
        };
        let definition = self.definitions().iter().find(is_its);
        definition.map_or(&self.settings().limits, |definition| &definition.terms.limits)
    }

    /// Everybody in a room of this process, in join order.
    #[must_use]
    pub fn members_here(&self, topic: &Topic) -> Vec<Member<Json, Json>> {
        let entry = |row: &Row| Member {
            id: row.member.clone(),
            user: row.user.clone(),
            away: row.away,
            info: row.info(),
            state: row.state(),
        };
        let room = self.hub().find(topic);
        room.map_or_else(Vec::new, |room| room.read(|room| room.roster().iter().map(entry).collect()))
    }

    /// Every user in a room of this process once, in the order in which their first members came, and then those who linger.
    #[must_use]
    pub fn users_here(&self, topic: &Topic) -> Vec<User> {
        loop {
            let room = self.hub().find(topic);
            let (users, is_empty) = room.as_ref().map_or_else(|| self.lingering_in(topic), |room| room.users());
            let is_still_that = || match (&room, self.hub().find(topic)) {
                (Some(room), Some(found)) => Arc::ptr_eq(room, &found),
                (_, found) => found.is_none(),
            };
            // Whoever lingered may have come to another room of this topic between the two.
            if !is_empty || is_still_that() {
                return users;
            }
        }
    }

    fn lingering_in(&self, topic: &Topic) -> (Vec<User>, bool) {
        (roster::lingering(self.hub().process().users().lingering_in(topic)), true)
    }

    /// Every user in any room once, wherever it is, in the order of their ids.
    ///
    /// # Errors
    ///
    /// Where nobody can know them all.
    pub async fn users(&self) -> Result<Vec<User>> {
        let Some(reach) = self.reach() else {
            if let Some(node) = self.hub().process().in_cluster() {
                return self.users_over_nodes(node).await;
            }
            return Ok(self.all_users_here());
        };
        let mut users = BTreeMap::new();
        for (topic, _) in reach.all().await? {
            if let Some(topic) = self.topic_of(&topic)
                && let Answer::Users(here) = reach.act(&topic, Act::Users).await?
            {
                here.into_iter().for_each(|user| roster::merge(&mut users, user));
            }
        }
        Ok(users.into_values().collect())
    }

    /// Every user in any room of this process once, in the order of their ids.
    pub(crate) fn all_users_here(&self) -> Vec<User> {
        let mut users = BTreeMap::new();
        let lingering = || roster::lingering(self.hub().process().users().lingering());
        // Before and after the rooms: whoever comes back, or has just left, must not be missed.
        lingering().into_iter().for_each(|user| roster::merge(&mut users, user));
        for room in self.hub().rooms() {
            room.users().0.into_iter().for_each(|user| roster::merge(&mut users, user));
        }
        lingering().into_iter().for_each(|user| roster::merge(&mut users, user));
        users.into_values().collect()
    }

    /// Takes all members of a user out of every room, wherever they are. `false`: there is no such user.
    ///
    /// # Errors
    ///
    /// When no close frame holds the reason, or where nobody can know all rooms.
    pub async fn kick_user(&self, user: &UserId, reason: &str) -> Result<bool> {
        let close = kicked(reason)?;
        let Some(reach) = self.reach() else {
            return match self.hub().process().in_cluster() {
                Some(node) => self.kick_user_over_nodes(node, user, &close).await,
                None => Ok(self.hub().kick_user(None, user, &close)),
            };
        };
        let mut was_there = false;
        for (topic, _) in reach.all().await? {
            if let Some(topic) = self.topic_of(&topic) {
                let act = Act::KickUser { user: user.clone(), reason: reason.to_owned() };
                was_there |= matches!(reach.act(&topic, act).await?, Answer::Done(true));
            }
        }
        Ok(was_there)
    }

    /// How many members a room of this process has.
    #[must_use]
    pub fn count_here(&self, topic: &Topic) -> usize {
        self.hub().find(topic).map_or(0, |room| room.read(|room| room.roster().len()))
    }

    /// The keys of a pattern's rooms, wherever they are, and how many members each has.
    ///
    /// # Errors
    ///
    /// Where nobody can know them all.
    pub async fn all(&self, pattern: &Pattern) -> Result<Vec<(Params, usize)>> {
        let all = match self.reach() {
            Some(reach) => reach.all().await?,
            None => match self.hub().process().in_cluster() {
                Some(node) => self.all_over_nodes(node, pattern).await?,
                None => self.all_here(),
            },
        };
        let of_pattern = |(topic, count): (String, usize)| Some((pattern.params_of(&topic)?, count));
        Ok(all.into_iter().filter_map(of_pattern).collect())
    }

    /// The room's topic, of its text.
    pub(crate) fn topic_of(&self, text: &str) -> Option<Topic> {
        let of = |pattern: &Pattern| pattern.topic(&pattern.params_of(text)?).ok();
        self.definitions().iter().find_map(|definition| of(&definition.pattern))
    }

    pub(crate) fn all_here(&self) -> Vec<(String, usize)> {
        let rooms = self.hub().rooms().into_iter();
        rooms.map(|room| (room.topic().as_str().to_owned(), room.read(|room| room.roster().len()))).collect()
    }
}

/// How whoever is removed is closed.
pub(crate) fn kicked(reason: &str) -> Result<Close> {
    if reason.is_empty() {
        return Ok(Close::KICKED);
    }
    Close::from_app(Close::KICKED.code, reason).map_err(|invalid| ErrorKind::Close(invalid).into_error())
}
