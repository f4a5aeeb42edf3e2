//! What this process does, and says, for another node of its cluster.

use std::sync::Arc;

use roomful_core::cluster::{Answer, Closing, Command, Present, UserThere};
use roomful_core::pattern::Pattern;
use roomful_core::room::{Input, RoomEngine};
use roomful_core::session::TokenHash;
use roomful_core::{Close, MemberId, Millis, UserId};

use crate::Result;
use crate::clustered::Done;
use crate::hub::Hub;
use crate::live_room::LiveRoom;
use crate::wanted::Wanted;

/// For so long another node waits for a member, in milliseconds. Later its client goes on there without.
const WANTED_FOR_MS: Millis = 500;

impl Hub {
    /// Does it with the members of this process alone: each node does so with its own.
    pub(crate) fn do_for_another(&self, command: Command) -> Answer {
        match command {
            Command::Members { topic } => Answer::Members(self.answered_for(&topic)),
            Command::Count { topic } => {
                Answer::Ids(self.answered_for(&topic).into_iter().map(|present| present.member).collect())
            }
            Command::Users { topic: Some(topic) } => {
                Answer::Users(self.find(topic.as_ref()).map_or_else(Vec::new, |room| room.users_answered_for()))
            }
            Command::Users { topic: None } => Answer::Users(self.users_answered_for()),
            Command::Rooms { pattern } => self.rooms_of(&pattern),
            Command::Say { topic, msg } => {
                let told = self.find(topic.as_ref()).map_or(Ok(()), |room| room.tell(Input::Relayed { msg }));
                done(told.map(|()| 1))
            }
            Command::Send { topic, member, msg } => {
                let room = self.find(topic.as_ref()).filter(|room| room.has_own(&member));
                done(room.map_or(Ok(0), |room| room.tell(Input::Send { to: member, msg }).map(|()| 1)))
            }
            Command::SendUser { topic, user, msg } => {
                let rooms = topic.map_or_else(|| self.rooms(), |topic| self.find(topic.as_ref()).into_iter().collect());
                done(rooms.iter().try_fold(0, |told, room| Ok(told + room.tell_user(&user, &msg)?)))
            }
            Command::Kick { topic, member, how } => match closing(&how) {
                Ok(close) => done(Ok(self.kick(self.find(topic.as_ref()).as_deref(), &member, close).into())),
                Err(failed) => failed,
            },
            Command::KickUser { topic, user, how } => match closing(&how) {
                Ok(close) => done(Ok(self.kick_user_of(topic.as_deref(), &user, &close).into())),
                Err(failed) => failed,
            },
            _ => Answer::Unknown,
        }
    }

    /// Gives away that member of a room, whose client has come to another node with this token and has seen so much. It is done when
    /// the hook that runs has ended.
    pub(crate) fn release(&self, topic: &str, member: &MemberId, (token, seen): (TokenHash, u64), done: Done) {
        let until = self.process().now().saturating_add(WANTED_FOR_MS);
        let Some(wanted) = Wanted::by((token, seen), until, done) else { return };
        let asked = match self.occupant(member) {
            Some(held) => held.want(topic, wanted),
            None => Err(wanted),
        };
        let Err(wanted) = asked else { return };
        let is_elsewhere = self.find(topic).is_some_and(|room| matches!(room.node_of(member), Some(Some(_))));
        // Where this node ends it may have been put away already, for the others to hold.
        if is_elsewhere || self.process().is_draining() {
            return wanted.fail("another node has it, or is to have it");
        }
        wanted.has_nobody();
    }

    /// Each user of any room, as far as this node answers for it.
    pub(crate) fn users_answered_for(&self) -> Vec<UserThere> {
        self.rooms().iter().flat_map(|room| room.users_answered_for()).collect()
    }

    fn answered_for(&self, topic: &str) -> Vec<Present> {
        self.find(topic).map_or_else(Vec::new, |room| room.read(RoomEngine::answered_for))
    }

    fn rooms_of(&self, pattern: &str) -> Answer {
        let Ok(pattern) = Pattern::parse(pattern) else { return failed(&format!("`{pattern}` is no pattern")) };
        let is_its = |room: &Arc<LiveRoom>| pattern.params_of(room.topic().as_str()).is_some();
        let rooms = self.rooms().into_iter().filter(is_its);
        let counted =
            |room: Arc<LiveRoom>| (room.topic().as_str().into(), room.read(|room| room.roster().len()) as u64);
        Answer::Rooms(rooms.map(counted).filter(|(_, members)| *members > 0).collect())
    }

    fn kick_user_of(&self, topic: Option<&str>, user: &UserId, close: &Close) -> bool {
        match topic {
            None => self.kick_user(None, user, close),
            Some(topic) => self.find(topic).is_some_and(|room| self.kick_user(Some(room.topic()), user, close)),
        }
    }
}

fn done(members: Result<u64>) -> Answer {
    members.map_or_else(|error| failed(&error.to_string()), |members| Answer::Done { members })
}

/// A code that no close frame may have is not this node's to send.
fn closing(how: &Closing) -> Result<Close, Answer> {
    Close::from_app(how.code, &how.reason).map_err(|invalid| failed(&invalid.to_string()))
}

fn failed(why: &str) -> Answer {
    Answer::Failed { why: why.into() }
}
