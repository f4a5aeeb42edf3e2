//! What nodes say to each other.
//!
//! Kinds and fields are only ever added, fields at the end: a node of the release before passes over what it does not know.

use std::sync::Arc;

use super::change::{Change, Present};
use super::command::{Answer, Command};
use super::wire::{Malformed, Reader, Wire, Writer};
use super::{Subject, sums};
use crate::{Millis, NodeId};

/// The content of one envelope. Those with a `to` are for that incarnation, and show it that the sender has heard of it: what
/// was captured before it began cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Message {
    /// To everybody, or to one who has just been heard of: this node lives.
    Heartbeat(Heartbeat),
    /// To a room: who is here? Whoever asks takes part from here on, with nobody in.
    Ask(Opening),
    /// To a room, or once more to one node that missed it: what became of the sender's members.
    Changes(Changes),
    /// What is missing of these rooms.
    Want { to: NodeId, rooms: Vec<Wanted> },
    /// All members of the sender in a room: one page of them.
    Roster { to: NodeId, roster: RosterPage },
    /// The sender does not take part in that room.
    Absent { to: NodeId, subject: Subject },
    /// What does the sender have in these buckets?
    Compare { to: NodeId, prefixes: Vec<Prefix> },
    /// Too much to list it: the sums of the buckets in this one.
    Sums { to: NodeId, prefix: Prefix, sums: Vec<u64> },
    /// Every room of the sender in this bucket, and the last number there.
    Listed { to: NodeId, prefix: Prefix, rooms: Vec<Listed> },
    /// To a room: the sender takes part no more.
    Parted(Room),
    /// Of the receiver's name there was a later run, which started then.
    Superseded { to: NodeId, start: Millis, is_alive: bool },
    /// To everybody: the sender ends.
    Goodbye,
    /// To a room or to everybody: something is to be done.
    Command { number: u64, command: Command },
    /// The same, to one node.
    CommandTo { to: NodeId, number: u64, command: Command },
    /// It is done, and what came of it.
    Answer { to: NodeId, number: u64, page: AnswerPage },
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Heartbeat {
    pub(super) number: u64,
    /// Whether the sender is about to end, and lets nobody in.
    pub(super) is_draining: bool,
    /// What the sender takes part in, and takes part in no more, since the heartbeat before.
    pub(super) opened: Vec<Subject>,
    pub(super) closed: Vec<Subject>,
    /// Whom the sender has heard of.
    pub(super) heard: Vec<Heard>,
}

/// One who was heard of, and the digest of all that the sender has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) node: NodeId,
    pub(super) digest: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) subject: Subject,
    pub(super) topic: Arc<str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Opening {
    pub(super) room: Room,
    /// The last number of the sender's stream.
    pub(super) at: u64,
    /// How many messages it had.
    pub(super) said: u64,
    /// See [`RosterPage::since`].
    pub(super) since: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Changes {
    pub(super) room: Room,
    /// The number of the first; the others follow.
    pub(super) first: u64,
    pub(super) changes: Vec<Change>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) subject: Subject,
    /// The last number that the asker has. `None`: it knows nobody, and a log is no help.
    pub(super) after: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RosterPage {
    pub(super) room: Room,
    /// The roster is what it was after this number.
    pub(super) at: u64,
    pub(super) said: u64,
    /// The numbers of the sender's stream are above this one: it took part no more, and began anew, where that has grown.
    pub(super) since: u64,
    pub(super) page: u64,
    pub(super) pages: u64,
    pub(super) members: Vec<Present>,
    /// Whether the room is there, or lingers.
    pub(super) is_open: bool,
    /// On the last page: who else takes part, as far as the sender knows. Whoever asks waits for these, too.
    pub(super) sharers: Vec<NodeId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) subject: Subject,
    pub(super) at: u64,
}

/// A part of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AnswerPage {
    pub(super) page: u64,
    pub(super) pages: u64,
    pub(super) answer: Answer,
}

/// Which bucket: the first bytes of the subjects in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Prefix(pub(super) Vec<u8>);

impl Message {
    pub(super) const HEARTBEAT: u8 = 1;
    const ASK: u8 = 2;
    const CHANGES: u8 = 3;
    const WANT: u8 = 4;
    const ROSTER: u8 = 5;
    const ABSENT: u8 = 6;
    const COMPARE: u8 = 7;
    const SUMS: u8 = 8;
    const LISTED: u8 = 9;
    const PARTED: u8 = 10;
    const SUPERSEDED: u8 = 11;
    const GOODBYE: u8 = 12;
    const COMMAND: u8 = 13;
    const COMMAND_TO: u8 = 14;
    const ANSWER: u8 = 15;

    /// Whom it is for, where that is one alone.
    pub(super) fn to(&self) -> Option<NodeId> {
        match self {
            Self::Want { to, .. }
            | Self::Roster { to, .. }
            | Self::Absent { to, .. }
            | Self::Compare { to, .. }
            | Self::Sums { to, .. }
            | Self::Listed { to, .. }
            | Self::Superseded { to, .. }
            | Self::CommandTo { to, .. }
            | Self::Answer { to, .. } => Some(*to),
            Self::Command { .. }
            | Self::Heartbeat(_)
            | Self::Ask(_)
            | Self::Changes(_)
            | Self::Parted(_)
            | Self::Goodbye => None,
        }
    }

    /// Its kind, and its content behind that.
    pub(super) fn write(&self, to: &mut Writer) -> u8 {
        if let Some(node) = self.to() {
            node.write(to);
        }
        match self {
            Self::Heartbeat(heartbeat) => {
                heartbeat.write(to);
                Self::HEARTBEAT
            }
            Self::Ask(Opening { room, at, said, since }) => {
                room.write(to);
                to.number(*at);
                to.number(*said);
                to.number(*since);
                Self::ASK
            }
            Self::Changes(Changes { room, first, changes }) => {
                room.write(to);
                to.number(*first);
                to.list(changes);
                Self::CHANGES
            }
            Self::Want { rooms, .. } => {
                to.list(rooms);
                Self::WANT
            }
            Self::Roster { roster, .. } => {
                roster.write(to);
                Self::ROSTER
            }
            Self::Absent { subject, .. } => {
                subject.write(to);
                Self::ABSENT
            }
            Self::Compare { prefixes, .. } => {
                to.list(prefixes);
                Self::COMPARE
            }
            Self::Sums { prefix, sums, .. } => {
                prefix.write(to);
                to.list(sums);
                Self::SUMS
            }
            Self::Listed { prefix, rooms, .. } => {
                prefix.write(to);
                to.list(rooms);
                Self::LISTED
            }
            Self::Parted(room) => {
                room.write(to);
                Self::PARTED
            }
            Self::Superseded { start, is_alive, .. } => {
                to.number(*start);
                to.byte((*is_alive).into());
                Self::SUPERSEDED
            }
            Self::Goodbye => Self::GOODBYE,
            Self::Command { number, command } => {
                to.number(*number);
                command.write(to);
                Self::COMMAND
            }
            Self::CommandTo { number, command, .. } => {
                to.number(*number);
                command.write(to);
                Self::COMMAND_TO
            }
            Self::Answer { number, page: AnswerPage { page, pages, answer }, .. } => {
                [*number, *page, *pages].into_iter().for_each(|number| to.number(number));
                answer.write(to);
                Self::ANSWER
            }
        }
    }

    /// `None`: of a kind that a later release knows.
    pub(super) fn read(kind: u8, from: &mut Reader) -> Result<Option<Self>, Malformed> {
        Ok(Some(match kind {
            Self::HEARTBEAT => Self::Heartbeat(Heartbeat::read(from)?),
            Self::ASK => {
                let (room, at, said) = (Room::read(from)?, from.position()?, from.position()?);
                Self::Ask(Opening { room, at, said, since: from.position()? })
            }
            Self::CHANGES => {
                Self::Changes(Changes { room: Room::read(from)?, first: from.position()?, changes: from.list()? })
            }
            Self::WANT => Self::Want { to: NodeId::read(from)?, rooms: from.list()? },
            Self::ROSTER => Self::Roster { to: NodeId::read(from)?, roster: RosterPage::read(from)? },
            Self::ABSENT => Self::Absent { to: NodeId::read(from)?, subject: Subject::read(from)? },
            Self::COMPARE => Self::Compare { to: NodeId::read(from)?, prefixes: from.list()? },
            Self::SUMS => Self::Sums { to: NodeId::read(from)?, prefix: Prefix::read(from)?, sums: from.list()? },
            Self::LISTED => Self::Listed { to: NodeId::read(from)?, prefix: Prefix::read(from)?, rooms: from.list()? },
            Self::PARTED => Self::Parted(Room::read(from)?),
            Self::SUPERSEDED => {
                Self::Superseded { to: NodeId::read(from)?, start: from.position()?, is_alive: from.flag()? }
            }
            Self::GOODBYE => Self::Goodbye,
            Self::COMMAND => Self::Command { number: from.number()?, command: Command::read(from)? },
            Self::COMMAND_TO => {
                let (to, number) = (NodeId::read(from)?, from.number()?);
                Self::CommandTo { to, number, command: Command::read(from)? }
            }
            Self::ANSWER => {
                let (to, number) = (NodeId::read(from)?, from.number()?);
                let (page, pages) = (from.position()?, from.position()?);
                Self::Answer { to, number, page: AnswerPage { page, pages, answer: Answer::read(from)? } }
            }
            _ => return Ok(None),
        }))
    }
}

impl Wire for Heartbeat {
    fn write(&self, to: &mut Writer) {
        to.number(self.number);
        to.byte(self.is_draining.into());
        to.list(&self.opened);
        to.list(&self.closed);
        to.list(&self.heard);
    }

    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        let (number, is_draining) = (from.position()?, from.flag()?);
        Ok(Self { number, is_draining, opened: from.list()?, closed: from.list()?, heard: from.list()? })
    }
}

impl Wire for Heard {
    fn write(&self, to: &mut Writer) {
        self.node.write(to);
        to.word(self.digest);
    }

    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        Ok(Self { node: NodeId::read(from)?, digest: from.word()? })
    }
}

impl Wire for Room {
    fn write(&self, to: &mut Writer) {
        self.subject.write(to);
        to.sized(self.topic.as_bytes());
    }

    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        Ok(Self { subject: Subject::read(from)?, topic: from.text()?.into() })
    }
}

impl Wire for Wanted {
    fn write(&self, to: &mut Writer) {
        self.subject.write(to);
        to.byte(self.after.is_some().into());
        self.after.iter().for_each(|after| to.number(*after));
    }

    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        let subject = Subject::read(from)?;
        let after = if from.flag()? { Some(from.position()?) } else { None };
        Ok(Self { subject, after })
    }
}

impl Wire for RosterPage {
    fn write(&self, to: &mut Writer) {
        self.room.write(to);
        [self.at, self.said, self.since, self.page, self.pages].into_iter().for_each(|number| to.number(number));
        to.list(&self.members);
        to.byte(self.is_open.into());
        to.list(&self.sharers);
    }

    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        let room = Room::read(from)?;
        let (at, said, since) = (from.position()?, from.position()?, from.position()?);
        let (page, pages) = (from.position()?, from.position()?);
        let (members, is_open) = (from.list()?, from.flag()?);
        let sharers = from.added_list()?;
        Ok(Self { room, at, said, since, page, pages, members, is_open, sharers })
    }
}

impl Wire for Listed {
    fn write(&self, to: &mut Writer) {
        self.subject.write(to);
        to.number(self.at);
    }

    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        Ok(Self { subject: Subject::read(from)?, at: from.position()? })
    }
}

impl Wire for Prefix {
    fn write(&self, to: &mut Writer) {
        to.sized(&self.0);
    }

    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        let bytes = from.sized()?;
        if bytes.len() > sums::LEVELS { Err(Malformed) } else { Ok(Self(bytes.into())) }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::super::change::tests as changes;
    use super::super::command::tests as commands;
    use super::super::wire::MOST_COUNTED;
    use super::*;

    fn count() -> impl Strategy<Value = u64> {
        0..=MOST_COUNTED
    }

    fn room() -> impl Strategy<Value = Room> {
        ".{0,20}".prop_map(|topic| Room { subject: Subject::of("app", &topic), topic: topic.into() })
    }

    fn prefix() -> impl Strategy<Value = Prefix> {
        proptest::collection::vec(any::<u8>(), 0..=2).prop_map(Prefix)
    }

    fn subjects() -> impl Strategy<Value = Vec<Subject>> {
        proptest::collection::vec(room().prop_map(|room| room.subject), 0..5)
    }

    fn message() -> impl Strategy<Value = Message> {
        let to = any::<u64>().prop_map(NodeId);
        let heard = any::<(u64, u64)>().prop_map(|(node, digest)| Heard { node: NodeId(node), digest });
        let heard = proptest::collection::vec(heard, 0..5);
        let heartbeat = ((count(), any::<bool>()), subjects(), subjects(), heard).prop_map(
            |((number, is_draining), opened, closed, heard)| {
                Message::Heartbeat(Heartbeat { number, is_draining, opened, closed, heard })
            },
        );
        let ask = (room(), (count(), count(), count()));
        let wanted =
            (room(), proptest::option::of(count())).prop_map(|(room, after)| Wanted { subject: room.subject, after });
        let listed = (room(), count()).prop_map(|(room, at)| Listed { subject: room.subject, at });
        let members = proptest::collection::vec(changes::present(), 0..5);
        let sharers = proptest::collection::vec(any::<u64>().prop_map(NodeId), 0..3);
        let numbers = [count(), count(), count(), count(), count()];
        let page = (room(), numbers, members, (any::<bool>(), sharers)).prop_map(
            |(room, [at, said, since, page, pages], members, (is_open, sharers))| RosterPage {
                room,
                at,
                said,
                since,
                page,
                pages,
                members,
                is_open,
                sharers,
            },
        );
        let batch = proptest::collection::vec(changes::change(), 0..5);
        prop_oneof![
            heartbeat,
            ask.prop_map(|(room, (at, said, since))| Message::Ask(Opening { room, at, said, since })),
            (room(), count(), batch).prop_map(|(room, first, changes)| Message::Changes(Changes {
                room,
                first,
                changes
            })),
            (to.clone(), proptest::collection::vec(wanted, 0..5)).prop_map(|(to, rooms)| Message::Want { to, rooms }),
            (to.clone(), page).prop_map(|(to, roster)| Message::Roster { to, roster }),
            (to.clone(), room()).prop_map(|(to, room)| Message::Absent { to, subject: room.subject }),
            (to.clone(), proptest::collection::vec(prefix(), 0..5))
                .prop_map(|(to, prefixes)| Message::Compare { to, prefixes }),
            (to.clone(), prefix(), any::<Vec<u64>>()).prop_map(|(to, prefix, sums)| Message::Sums { to, prefix, sums }),
            (to.clone(), prefix(), proptest::collection::vec(listed, 0..5))
                .prop_map(|(to, prefix, rooms)| Message::Listed { to, prefix, rooms }),
            room().prop_map(Message::Parted),
            (any::<u64>(), commands::command()).prop_map(|(number, command)| Message::Command { number, command }),
            (to.clone(), any::<u64>(), commands::command()).prop_map(|(to, number, command)| Message::CommandTo {
                to,
                number,
                command
            }),
            (to.clone(), any::<u64>(), (count(), count(), commands::answer())).prop_map(
                |(to, number, (page, pages, answer))| Message::Answer {
                    to,
                    number,
                    page: AnswerPage { page, pages, answer }
                }
            ),
            (to, (count(), any::<bool>())).prop_map(|(to, (start, is_alive))| Message::Superseded {
                to,
                start,
                is_alive
            }),
            Just(Message::Goodbye),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(message in message(), more: Vec<u8>) {
            let mut writer = Writer::default();
            let kind = message.write(&mut writer);
            let whole = writer.into_bytes();
            let grown: Bytes = [&whole[..], &more].concat().into();
            prop_assert_eq!(Message::read(kind, &mut Reader::new(whole)), Ok(Some(message.clone())));
            prop_assert_eq!(Message::read(kind, &mut Reader::new(grown)), Ok(Some(message)), "grown at its end");
        }

        /// What is cut off or changed is something else or nothing, and never a panic.
        #[test]
        fn rubbish_is_nothing(message in message(), at: usize, byte: u8, cut: usize, kind: u8) {
            let mut writer = Writer::default();
            let own_kind = message.write(&mut writer);
            let mut bytes = writer.into_bytes().to_vec();
            if let Some(len) = Some(bytes.len()).filter(|len| *len > 0) {
                bytes[at % len] = byte;
                bytes.truncate(cut % (len + 1));
            }
            let _ = Message::read(own_kind, &mut Reader::new(bytes.clone().into()));
            let _ = Message::read(kind, &mut Reader::new(bytes.into()));
        }
    }
}
