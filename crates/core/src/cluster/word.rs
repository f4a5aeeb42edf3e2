//! A message as it lies in the broker's history of a room.

use bytes::Bytes;

use super::envelope::{ClusterKey, Envelope, Rejected};
use super::wire::{Malformed, Reader, Wire, Writer};
use super::{Incarnation, Subject};
use crate::session::To;
use crate::{Json, MemberId};

/// A message of a room whose [history](crate::History) is in the broker. It has no number of the room's yet: the broker gives that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Which run of which node says it.
    pub node: Incarnation,
    /// Which of that node's words in the room it is: above all that it said before.
    pub number: u64,
    /// Who says it; `None`: no member, the app itself.
    pub from: Option<MemberId>,
    /// Who hears it.
    pub to: To,
    /// Whether whoever says it has left, and is in no roster.
    pub is_last: bool,
    /// What.
    pub msg: Json,
}

/// A [`Word`], and where it stands in the room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    /// Its number.
    pub seq: u64,
    /// The number of the word before it.
    pub after: u64,
    /// What was said. `None`: nothing that a node has said, though it has a number.
    pub word: Option<Word>,
}

/// What the broker has of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Names this run of numbers. One that lost its memory begins another.
    pub epoch: Box<str>,
    /// The highest number that it has let go of.
    pub floor: u64,
    /// The last number that it gave.
    pub top: u64,
    /// The first of those that were asked for, in order.
    pub words: Vec<Numbered>,
}

/// What a room is told by the broker that has its history.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HistoryNews {
    /// A word has its number.
    Word {
        /// Of which run of numbers that is.
        epoch: Box<str>,
        /// What was said, and where it stands.
        numbered: Numbered,
    },
    /// What was asked for.
    Page(Page),
    /// The broker cannot be asked.
    Unread,
    /// The broker has given a number to something that this node said.
    Taken {
        /// Which of this node's words.
        number: u64,
        /// The number that it has in the room.
        seq: u64,
    },
    /// The broker has not taken what this node said, and does not.
    Refused {
        /// Which of this node's words.
        number: u64,
    },
    /// Something may have been missed.
    Missed,
}

/// What stands in an envelope's kind, which no [message](super::message) has.
const WORD: u8 = 64;

const EVERYBODY: u8 = 0;
const ALL_BUT: u8 = 1;
const ONLY: u8 = 2;

impl Word {
    /// As it is kept, signed where the cluster has a secret.
    #[must_use]
    pub fn seal(&self, room: &Subject, key: Option<&ClusterKey>) -> Bytes {
        let mut content = Writer::default();
        content.raw(room.as_bytes());
        content.optional(self.from.as_ref());
        match &self.to {
            To::Everybody => content.byte(EVERYBODY),
            To::AllBut(member) => {
                content.byte(ALL_BUT);
                member.write(&mut content);
            }
            To::Only(member) => {
                content.byte(ONLY);
                member.write(&mut content);
            }
        }
        content.byte(self.is_last.into());
        self.msg.write(&mut content);
        Envelope { from: self.node.clone(), count: self.number, kind: WORD, content: content.into_bytes() }.seal(key)
    }

    /// What was sealed, for this room.
    ///
    /// # Errors
    ///
    /// Somebody else wrote it, or it is of another room.
    pub fn open(bytes: Bytes, room: &Subject, key: Option<&ClusterKey>) -> Result<Self, Rejected> {
        let Envelope { from: node, count: number, kind, content } = Envelope::open(bytes, key)?;
        if kind != WORD {
            return Err(Rejected::Unknown);
        }
        let content = &mut Reader::new(content);
        if content.array()? != *room.as_bytes() {
            return Err(Rejected::OtherRoom);
        }
        let from = content.optional()?;
        let to = match content.byte()? {
            EVERYBODY => To::Everybody,
            ALL_BUT => To::AllBut(MemberId::read(content)?),
            ONLY => To::Only(MemberId::read(content)?),
            _ => return Err(Malformed.into()),
        };
        Ok(Self { node, number, from, to, is_last: content.flag()?, msg: Json::read(content)? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::NodeName;
    use super::*;

    fn word(to: To, from: Option<MemberId>) -> Word {
        let node = Incarnation { start: 1_764_456_000_000, name: NodeName::parse("web-3").unwrap(), random: 7 };
        Word { node, number: 1 << 57, from, to, is_last: true, msg: Json::encode(&["x"]).unwrap() }
    }

    fn key(secret: &str) -> ClusterKey {
        ClusterKey::new(secret.as_bytes())
    }

    #[test]
    fn it_is_read_as_it_was_sealed_by_who_has_the_secret_and_for_its_room_alone() {
        let ann = || MemberId::parse("ann").unwrap();
        let (room, other) = (Subject::of("app", "a"), Subject::of("app", "b"));
        for to in [To::Everybody, To::AllBut(ann()), To::Only(ann())] {
            let word = word(to, Some(ann()));
            let sealed = word.seal(&room, Some(&key("s")));
            assert_eq!(Word::open(sealed.clone(), &room, Some(&key("s"))), Ok(word.clone()));
            assert_eq!(Word::open(sealed.clone(), &other, Some(&key("s"))), Err(Rejected::OtherRoom));
            assert_eq!(Word::open(sealed.clone(), &room, Some(&key("t"))), Err(Rejected::NotAuthentic));
            assert_eq!(Word::open(sealed, &room, None), Err(Rejected::NotAuthentic));
            assert_eq!(Word::open(word.seal(&room, None), &room, None), Ok(word));
        }
    }

    #[test]
    fn an_envelope_of_another_kind_is_none() {
        let node = word(To::Everybody, None).node;
        let envelope = Envelope { from: node, count: 1, kind: 2, content: Bytes::new() };
        assert_eq!(Word::open(envelope.seal(None), &Subject::of("app", "a"), None), Err(Rejected::Unknown));
    }

    proptest! {
        #[test]
        fn rubbish_is_no_word(bytes: Vec<u8>, cut in 0usize..200) {
            let room = Subject::of("app", "a");
            prop_assert!(Word::open(bytes.into(), &room, None).is_err());
            let sealed = word(To::Everybody, None).seal(&room, Some(&key("s")));
            let cut = sealed.slice(..cut.min(sealed.len() - 1));
            prop_assert!(Word::open(cut, &room, Some(&key("s"))).is_err());
        }
    }
}
