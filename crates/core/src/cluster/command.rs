//! What one node asks another one to do, or to say.

use std::sync::Arc;

use super::change::Present;
use super::pages::pages;
use super::release::{MissedFrame, Released};
use super::wire::{Malformed, Reader, Wire, Writer};
use crate::session::TokenHash;
use crate::{Json, MemberId, Millis, UserId};

/// What is to be done by the nodes that have what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// Who is in a room, of those for whom the node that is asked speaks: its own members, and those of nodes that are lost.
    Members {
        /// The room's topic.
        topic: Arc<str>,
    },
    /// Which members are that, without what they show?
    Count {
        /// The room's topic.
        topic: Arc<str>,
    },
    /// Which users are?
    Users {
        /// The room's topic. `None`: in any room.
        topic: Option<Arc<str>>,
    },
    /// Which rooms does it have?
    Rooms {
        /// The pattern of their topics.
        pattern: Arc<str>,
    },
    /// The app says something to a room from a node that does not have it.
    Say {
        /// The room's topic.
        topic: Arc<str>,
        /// What.
        msg: Json,
    },
    /// Tell one member something.
    Send {
        /// The room's topic.
        topic: Arc<str>,
        /// Who hears it.
        member: MemberId,
        /// What.
        msg: Json,
    },
    /// Tell all members of a user something.
    SendUser {
        /// The room's topic. `None`: in any room.
        topic: Option<Arc<str>>,
        /// Whose.
        user: UserId,
        /// What.
        msg: Json,
    },
    /// Close one member, whose session ends with it.
    Kick {
        /// The room's topic.
        topic: Arc<str>,
        /// Whom.
        member: MemberId,
        /// How, and what its client is told.
        how: Closing,
    },
    /// Close all members of a user.
    KickUser {
        /// The room's topic. `None`: in any room.
        topic: Option<Arc<str>>,
        /// Whose.
        user: UserId,
        /// How, and what their clients are told.
        how: Closing,
    },
    /// Give up a member, whose client has come to the node that asks.
    Release {
        /// The room's topic.
        topic: Arc<str>,
        /// Whom.
        member: MemberId,
        /// What shows that its client presents its session's token.
        token: TokenHash,
        /// The number of the last message that its client has seen.
        seen: u64,
    },
    /// Something that a later release asks for.
    Unknown,
}

/// How a member is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// The code of the close frame.
    pub code: u16,
    /// Its reason.
    pub reason: Arc<str>,
}

/// What a node answers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// So many members it was done for, or are there.
    Done {
        /// How many.
        members: u64,
    },
    /// These are there.
    Members(Vec<Present>),
    /// That member is the other node's from here on, once that says so.
    Released(Box<Released>),
    /// What else such a member missed, behind what came before.
    Missed(Vec<MissedFrame>),
    /// These are there.
    Ids(Vec<MemberId>),
    /// These are there.
    Users(Vec<UserThere>),
    /// It has these, by their topics, with so many members on all nodes.
    Rooms(Vec<(Arc<str>, u64)>),
    /// It could not be done, and why, for the caller to read.
    Failed {
        /// Why.
        why: Arc<str>,
    },
    /// It is of a later release, or the question was.
    Unknown,
}

/// For so long an answer is waited for, in milliseconds: a person who waits for it has not given up.
const ANSWERED_WITHIN_MS: Millis = 2_000;

/// After so long those who have not answered are asked once more, in milliseconds.
const ASKED_AGAIN_MS: Millis = 500;

/// For so long a client waits at its handshake for the node that had it, in milliseconds. Then it goes on without.
const RELEASED_WITHIN_MS: Millis = 500;

/// And after so long that node is asked once more, in milliseconds.
const RELEASE_ASKED_AGAIN_MS: Millis = 150;

/// A user, as one node has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserThere {
    /// Who.
    pub user: UserId,
    /// Its members there. Nobody, where its last has just left and it may be back at once.
    pub members: Vec<MemberId>,
    /// Whether none of them has a connection.
    pub away: bool,
}

impl Command {
    /// For how many milliseconds an answer is waited for, and after how many it is asked again.
    pub(super) fn patience(&self) -> (Millis, Millis) {
        match self {
            Self::Release { .. } => (RELEASED_WITHIN_MS, RELEASE_ASKED_AGAIN_MS),
            _ => (ANSWERED_WITHIN_MS, ASKED_AGAIN_MS),
        }
    }

    /// The room that it is about.
    #[must_use]
    pub fn topic(&self) -> Option<&Arc<str>> {
        match self {
            Self::Members { topic }
            | Self::Count { topic }
            | Self::Say { topic, .. }
            | Self::Send { topic, .. }
            | Self::Release { topic, .. }
            | Self::Kick { topic, .. } => Some(topic),
            Self::Users { topic } | Self::SendUser { topic, .. } | Self::KickUser { topic, .. } => topic.as_ref(),
            Self::Rooms { .. } | Self::Unknown => None,
        }
    }
}

impl Answer {
    /// Both together: what two nodes say, or one in two pages. What both name stands there twice. A failure stands above what was
    /// done elsewhere.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Done { members }, Self::Done { members: more }) => {
                Self::Done { members: members.saturating_add(more) }
            }
            (Self::Members(mut members), Self::Members(more)) => {
                members.extend(more);
                Self::Members(members)
            }
            (Self::Ids(mut members), Self::Ids(more)) => {
                members.extend(more);
                Self::Ids(members)
            }
            (Self::Users(mut users), Self::Users(more)) => {
                users.extend(more);
                Self::Users(users)
            }
            (Self::Released(mut released), Self::Missed(more)) => {
                released.missed.iter_mut().for_each(|missed| missed.extend(more.iter().cloned()));
                Self::Released(released)
            }
            (Self::Rooms(mut rooms), Self::Rooms(more)) => {
                rooms.extend(more);
                Self::Rooms(rooms)
            }
            (failed @ Self::Failed { .. }, _) | (_, failed @ Self::Failed { .. }) => failed,
            (Self::Unknown, known) | (known, _) => known,
        }
    }

    /// In as many pages as are needed, one at least.
    pub(super) fn paged(self, page_bytes: usize) -> Vec<Self> {
        match self {
            Self::Members(members) => pages(members, page_bytes, Present::size).map(Self::Members).collect(),
            Self::Ids(members) => pages(members, page_bytes, sized_id).map(Self::Ids).collect(),
            Self::Users(users) => pages(users, page_bytes, UserThere::size).map(Self::Users).collect(),
            Self::Rooms(rooms) => {
                pages(rooms, page_bytes, |(topic, _)| topic.len() + 2 * 10).map(Self::Rooms).collect()
            }
            Self::Released(released) => {
                let (first, more) = released.paged(page_bytes);
                let first = Self::Released(Box::new(first));
                std::iter::once(first).chain(more.into_iter().map(Self::Missed)).collect()
            }
            one => vec![one],
        }
    }
}

impl UserThere {
    /// The bytes that it has at most in an answer.
    fn size(&self) -> usize {
        self.user.as_str().len() + 2 * 10 + 1 + self.members.iter().map(sized_id).sum::<usize>()
    }
}

/// With its length before it.
fn sized_id(member: &MemberId) -> usize {
    member.as_str().len() + 10
}

const MEMBERS: u8 = 1;
const COUNT: u8 = 2;
const USERS: u8 = 3;
const SAY: u8 = 4;
const SEND: u8 = 5;
const SEND_USER: u8 = 6;
const KICK: u8 = 7;
const KICK_USER: u8 = 8;
const RELEASE: u8 = 9;
const ROOMS: u8 = 10;

/// Kind, length, content, as a [`Change`](super::Change).
impl Wire for Command {
    fn write(&self, to: &mut Writer) {
        let mut content = Writer::default();
        let kind = match self {
            Self::Members { topic } => {
                topic.write(&mut content);
                MEMBERS
            }
            Self::Count { topic } => {
                topic.write(&mut content);
                COUNT
            }
            Self::Users { topic } => {
                content.optional(topic.as_ref());
                USERS
            }
            Self::Rooms { pattern } => {
                pattern.write(&mut content);
                ROOMS
            }
            Self::Say { topic, msg } => {
                topic.write(&mut content);
                msg.write(&mut content);
                SAY
            }
            Self::Send { topic, member, msg } => {
                topic.write(&mut content);
                member.write(&mut content);
                msg.write(&mut content);
                SEND
            }
            Self::SendUser { topic, user, msg } => {
                content.optional(topic.as_ref());
                user.write(&mut content);
                msg.write(&mut content);
                SEND_USER
            }
            Self::Kick { topic, member, how } => {
                topic.write(&mut content);
                member.write(&mut content);
                how.write(&mut content);
                KICK
            }
            Self::KickUser { topic, user, how } => {
                content.optional(topic.as_ref());
                user.write(&mut content);
                how.write(&mut content);
                KICK_USER
            }
            Self::Release { topic, member, token, seen } => {
                topic.write(&mut content);
                member.write(&mut content);
                token.write(&mut content);
                content.number(*seen);
                RELEASE
            }
            Self::Unknown => 0,
        };
        to.byte(kind);
        to.sized(content.as_bytes());
    }

    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        let kind = from.byte()?;
        let content = &mut Reader::new(from.sized()?);
        Ok(match kind {
            MEMBERS => Self::Members { topic: Wire::read(content)? },
            COUNT => Self::Count { topic: Wire::read(content)? },
            USERS => Self::Users { topic: content.optional()? },
            ROOMS => Self::Rooms { pattern: Wire::read(content)? },
            SAY => Self::Say { topic: Wire::read(content)?, msg: Json::read(content)? },
            SEND => {
                let (topic, member) = (Wire::read(content)?, MemberId::read(content)?);
                Self::Send { topic, member, msg: Json::read(content)? }
            }
            SEND_USER => {
                let (topic, user) = (content.optional()?, UserId::read(content)?);
                Self::SendUser { topic, user, msg: Json::read(content)? }
            }
            KICK => {
                let (topic, member) = (Wire::read(content)?, MemberId::read(content)?);
                Self::Kick { topic, member, how: Closing::read(content)? }
            }
            KICK_USER => {
                let (topic, user) = (content.optional()?, UserId::read(content)?);
                Self::KickUser { topic, user, how: Closing::read(content)? }
            }
            RELEASE => {
                let (topic, member) = (Wire::read(content)?, MemberId::read(content)?);
                Self::Release { topic, member, token: TokenHash::read(content)?, seen: content.number()? }
            }
            _ => Self::Unknown,
        })
    }
}

impl Wire for Closing {
    fn write(&self, to: &mut Writer) {
        to.number(self.code.into());
        self.reason.write(to);
    }

    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        let code = u16::try_from(from.number()?).map_err(|_| Malformed)?;
        Ok(Self { code, reason: Wire::read(from)? })
    }
}

const DONE: u8 = 1;
const THOSE_MEMBERS: u8 = 2;
const THOSE_USERS: u8 = 3;
const FAILED: u8 = 4;
const RELEASED: u8 = 5;
const MISSED: u8 = 6;
const THOSE_IDS: u8 = 7;
const THOSE_ROOMS: u8 = 8;

impl Wire for Answer {
    fn write(&self, to: &mut Writer) {
        let mut content = Writer::default();
        let kind = match self {
            Self::Done { members } => {
                content.number(*members);
                DONE
            }
            Self::Members(members) => {
                content.list(members);
                THOSE_MEMBERS
            }
            Self::Users(users) => {
                content.list(users);
                THOSE_USERS
            }
            Self::Failed { why } => {
                why.write(&mut content);
                FAILED
            }
            Self::Released(released) => {
                released.write(&mut content);
                RELEASED
            }
            Self::Missed(missed) => {
                content.list(missed);
                MISSED
            }
            Self::Ids(members) => {
                content.list(members);
                THOSE_IDS
            }
            Self::Rooms(rooms) => {
                content.list(rooms);
                THOSE_ROOMS
            }
            Self::Unknown => 0,
        };
        to.byte(kind);
        to.sized(content.as_bytes());
    }

    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        let kind = from.byte()?;
        let content = &mut Reader::new(from.sized()?);
        Ok(match kind {
            DONE => Self::Done { members: content.number()? },
            THOSE_MEMBERS => Self::Members(content.list()?),
            THOSE_USERS => Self::Users(content.list()?),
            FAILED => Self::Failed { why: Wire::read(content)? },
            RELEASED => Self::Released(Box::new(Released::read(content)?)),
            MISSED => Self::Missed(content.list()?),
            THOSE_IDS => Self::Ids(content.list()?),
            THOSE_ROOMS => Self::Rooms(content.list()?),
            _ => Self::Unknown,
        })
    }
}

impl Wire for UserThere {
    fn write(&self, to: &mut Writer) {
        self.user.write(to);
        to.byte(self.away.into());
        to.list(&self.members);
    }

    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        let (user, away) = (UserId::read(from)?, from.flag()?);
        Ok(Self { user, members: from.list()?, away })
    }
}

impl Wire for (Arc<str>, u64) {
    fn write(&self, to: &mut Writer) {
        self.0.write(to);
        to.number(self.1);
    }

    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        Ok((Wire::read(from)?, from.number()?))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::option;
    use proptest::prelude::*;

    use super::super::change::tests::present;
    use super::super::release::tests as releases;
    use super::*;

    fn user() -> impl Strategy<Value = UserId> {
        ".{1,20}".prop_map(|user| UserId::new(user).unwrap())
    }

    fn text() -> impl Strategy<Value = Arc<str>> {
        ".{0,30}".prop_map(Arc::from)
    }

    fn member() -> impl Strategy<Value = MemberId> {
        "[a-z]{1,9}".prop_map(|id| MemberId::parse(&id).unwrap())
    }

    fn msg() -> impl Strategy<Value = Json> {
        any::<i64>().prop_map(|number| Json::encode(&number).unwrap())
    }

    fn how() -> impl Strategy<Value = Closing> {
        (any::<u16>(), text()).prop_map(|(code, reason)| Closing { code, reason })
    }

    fn user_there() -> impl Strategy<Value = UserThere> {
        let there = (user(), proptest::collection::vec(member(), 0..4), any::<bool>());
        there.prop_map(|(user, members, away)| UserThere { user, members, away })
    }

    pub(in crate::cluster) fn command() -> impl Strategy<Value = Command> {
        prop_oneof![
            text().prop_map(|topic| Command::Members { topic }),
            text().prop_map(|topic| Command::Count { topic }),
            option::of(text()).prop_map(|topic| Command::Users { topic }),
            (text(), msg()).prop_map(|(topic, msg)| Command::Say { topic, msg }),
            (text(), member(), msg()).prop_map(|(topic, member, msg)| Command::Send { topic, member, msg }),
            (option::of(text()), user(), msg()).prop_map(|(topic, user, msg)| Command::SendUser { topic, user, msg }),
            (text(), member(), how()).prop_map(|(topic, member, how)| Command::Kick { topic, member, how }),
            (option::of(text()), user(), how()).prop_map(|(topic, user, how)| Command::KickUser { topic, user, how }),
            (text(), member(), any::<[u8; TokenHash::BYTES]>(), any::<u64>()).prop_map(
                |(topic, member, token, seen)| {
                    Command::Release { topic, member, token: TokenHash::from_bytes(token), seen }
                }
            ),
            text().prop_map(|pattern| Command::Rooms { pattern }),
            Just(Command::Unknown),
        ]
    }

    pub(in crate::cluster) fn answer() -> impl Strategy<Value = Answer> {
        prop_oneof![
            any::<u64>().prop_map(|members| Answer::Done { members }),
            proptest::collection::vec(present(), 0..5).prop_map(Answer::Members),
            proptest::collection::vec(member(), 0..5).prop_map(Answer::Ids),
            proptest::collection::vec(user_there(), 0..5).prop_map(Answer::Users),
            proptest::collection::vec((text(), any::<u64>()), 0..5).prop_map(Answer::Rooms),
            text().prop_map(|why| Answer::Failed { why }),
            releases::released().prop_map(|released| Answer::Released(Box::new(released))),
            Just(Answer::Unknown),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(command in command(), answer in answer()) {
            let mut writer = Writer::default();
            command.write(&mut writer);
            answer.write(&mut writer);
            let mut reader = Reader::new(writer.into_bytes());
            prop_assert_eq!(Command::read(&mut reader), Ok(command));
            prop_assert_eq!(Answer::read(&mut reader), Ok(answer));
            prop_assert!(reader.is_empty());
        }

        /// However small they are.
        #[test]
        fn pages_together_are_what_they_are_of(answer in answer(), page_bytes in 0usize..300) {
            let pages = answer.clone().paged(page_bytes);
            for page in &pages {
                let items = match page {
                    Answer::Members(members) => members.len(),
                    Answer::Ids(members) => members.len(),
                    Answer::Users(users) => users.len(),
                    Answer::Rooms(rooms) => rooms.len(),
                    _ => 1,
                };
                // Around them are its kind, its length and how many there are.
                let mut written = Writer::default();
                page.write(&mut written);
                let bytes = written.into_bytes().len();
                prop_assert!(bytes <= page_bytes + 21 || items == 1);
                // Beside who it is there are frames only where there is room for them.
                let frames = if let Answer::Released(released) = page { released.missed.as_ref() } else { None };
                prop_assert!(bytes <= page_bytes + 21 || frames.is_none_or(Vec::is_empty));
            }
            prop_assert_eq!(pages.into_iter().reduce(Answer::and), Some(answer));
        }
    }

    #[test]
    fn what_two_nodes_say_is_one_answer() {
        let done = |members| Answer::Done { members };
        let failed = || Answer::Failed { why: "it is full".into() };
        let users = |users: &[&str]| {
            let there = |user: &&str| UserThere { user: UserId::new(*user).unwrap(), members: Vec::new(), away: true };
            Answer::Users(users.iter().map(there).collect())
        };
        assert_eq!(done(1).and(done(2)), done(3));
        assert_eq!(users(&["ann", "bob"]).and(users(&["bob"])), users(&["ann", "bob", "bob"]));
        for other in [done(1), Answer::Unknown, users(&[])] {
            assert_eq!(failed().and(other.clone()), failed());
            assert_eq!(other.and(failed()), failed());
        }
        assert_eq!(Answer::Unknown.and(done(1)), done(1));
        assert_eq!(done(1).and(Answer::Unknown), done(1));
    }
}
