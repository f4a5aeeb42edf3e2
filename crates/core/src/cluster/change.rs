//! What a node says of its own members in a room.

use super::stay::StayWord;
use super::wire::{Malformed, Reader, Wire, Writer};
use super::words::Heard;
use crate::room::Audience;
use crate::session::{SessionHash, TokenHash};
use crate::{Generation, Json, MemberId, UserId};

/// One step of the stream of a node in a room. It still has its meaning: what becomes of it, and in which dialect, each
/// receiver decides.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// A member came, or was taken over from another node.
    Joined(Present),
    /// A member went.
    Left {
        /// Who.
        member: MemberId,
    },
    /// A member lost its socket and is held.
    Away {
        /// Who.
        member: MemberId,
    },
    /// A member that was away has a socket again.
    Back {
        /// Who.
        member: MemberId,
    },
    /// What a member shows.
    State {
        /// Who.
        member: MemberId,
        /// `None`: nothing any more.
        state: Option<Json>,
    },
    /// What the server says of a member.
    Info {
        /// Who.
        member: MemberId,
        /// `None`: nothing any more.
        info: Option<Json>,
    },
    /// A message to the room.
    Said {
        /// Who says it; `None`: no member, the app itself.
        from: Option<MemberId>,
        /// Who hears it.
        to: Audience,
        /// What.
        msg: Json,
    },
    /// Which tokens a member's session takes from here on.
    Session {
        /// Who.
        member: MemberId,
        /// What shows of a token that it is one of them. `None`: it has no session.
        session: Option<SessionHash>,
    },
    /// Another node has taken a member over, and this one no longer speaks for it.
    Ceded {
        /// Who.
        member: MemberId,
    },
    /// What stands behind this is to be told behind so much of what another node has said: a member that it had is this one's from
    /// here on.
    Behind(Heard),
    /// The app has been told that a member is lost whose node died.
    Mourned {
        /// Who.
        member: MemberId,
    },
    /// Which node tells the app of a user.
    Stay {
        /// Whose stay in the room it is about.
        user: UserId,
        /// What.
        word: StayWord,
    },
    /// Nobody is in there any more, or waits, and nothing is to be done: nothing that is asked is answered from here on.
    Closed,
    /// Of a room whose history is in the broker: what follows came after all words up to this number, as far as this node had heard.
    UpTo {
        /// The last that it had heard.
        seq: u64,
    },
    /// What is listened to may have changed: it is to be loaded anew. Nobody needs more than the last of these.
    Woken,
    /// Something that a later release says. It has its number, and no meaning here.
    Unknown,
}

/// A member as its node knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// Its id.
    pub member: MemberId,
    /// How often it was taken over.
    pub generation: Generation,
    /// Whose it is.
    pub user: Option<UserId>,
    /// Whether it has no socket and is held.
    pub away: bool,
    /// What the server says of it.
    pub info: Option<Json>,
    /// What it shows.
    pub state: Option<Json>,
    /// What shows of a token that it is one of its session's. `None`: it has no session.
    pub session: Option<SessionHash>,
}

impl Present {
    /// How many bytes it has in an envelope.
    #[must_use]
    pub fn size(&self) -> usize {
        let mut writer = Writer::default();
        self.write(&mut writer);
        writer.len()
    }
}

impl Change {
    /// How many bytes it has in an envelope.
    #[must_use]
    pub fn size(&self) -> usize {
        let mut writer = Writer::default();
        self.write(&mut writer);
        writer.len()
    }

    /// How many bytes it is about, without what is around them: what it holds while it waits.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        let of = |json: &Option<Json>| json.as_ref().map_or(0, Json::size);
        size_of::<Self>()
            + match self {
                Self::Joined(present) => of(&present.info) + of(&present.state),
                Self::State { state: json, .. } | Self::Info { info: json, .. } => of(json),
                Self::Said { msg, .. } => msg.size(),
                _ => 0,
            }
    }

    /// Whether it is a message, which a roster does not bring back where it is lost.
    #[must_use]
    pub fn is_message(&self) -> bool {
        matches!(self, Self::Said { .. })
    }
}

const JOINED: u8 = 1;
const LEFT: u8 = 2;
const AWAY: u8 = 3;
const BACK: u8 = 4;
const STATE: u8 = 5;
const INFO: u8 = 6;
const SAID: u8 = 7;
const CEDED: u8 = 8;
const MOURNED: u8 = 9;
const STAY: u8 = 10;
const CLOSED: u8 = 11;
const SESSION: u8 = 12;
const WOKEN: u8 = 13;
const BEHIND: u8 = 14;
const UP_TO: u8 = 15;

/// Kind, length, content: so what is not known is passed over, and content that grows at its end is still read.
impl Wire for Change {
    fn write(&self, to: &mut Writer) {
        let mut content = Writer::default();
        let kind = match self {
            Self::Joined(present) => {
                present.write(&mut content);
                JOINED
            }
            Self::Left { member } => {
                member.write(&mut content);
                LEFT
            }
            Self::Away { member } => {
                member.write(&mut content);
                AWAY
            }
            Self::Back { member } => {
                member.write(&mut content);
                BACK
            }
            Self::State { member, state } => {
                member.write(&mut content);
                content.optional(state.as_ref());
                STATE
            }
            Self::Info { member, info } => {
                member.write(&mut content);
                content.optional(info.as_ref());
                INFO
            }
            Self::Said { from, to, msg } => {
                content.optional(from.as_ref());
                let except = if let Audience::AllBut(member) = to { Some(member) } else { None };
                content.optional(except);
                msg.write(&mut content);
                SAID
            }
            Self::Session { member, session } => {
                member.write(&mut content);
                content.optional(session.as_ref());
                SESSION
            }
            Self::Ceded { member } => {
                member.write(&mut content);
                CEDED
            }
            Self::Behind(heard) => {
                heard.write(&mut content);
                BEHIND
            }
            Self::Mourned { member } => {
                member.write(&mut content);
                MOURNED
            }
            Self::Stay { user, word } => {
                user.write(&mut content);
                word.write(&mut content);
                STAY
            }
            Self::UpTo { seq } => {
                content.number(*seq);
                UP_TO
            }
            Self::Closed => CLOSED,
            Self::Woken => WOKEN,
            // Nobody says it. Written, it would be what it is: something without a meaning.
            Self::Unknown => 0,
        };
        to.byte(kind);
        to.sized(content.as_bytes());
    }

    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        let kind = from.byte()?;
        let content = &mut Reader::new(from.sized()?);
        Ok(match kind {
            JOINED => Self::Joined(Present::read(content)?),
            LEFT => Self::Left { member: MemberId::read(content)? },
            AWAY => Self::Away { member: MemberId::read(content)? },
            BACK => Self::Back { member: MemberId::read(content)? },
            STATE => Self::State { member: MemberId::read(content)?, state: content.optional()? },
            INFO => Self::Info { member: MemberId::read(content)?, info: content.optional()? },
            SAID => {
                let (from, except) = (content.optional()?, content.optional()?);
                let to = except.map_or(Audience::Everybody, Audience::AllBut);
                Self::Said { from, to, msg: Json::read(content)? }
            }
            SESSION => Self::Session { member: MemberId::read(content)?, session: content.optional()? },
            CEDED => Self::Ceded { member: MemberId::read(content)? },
            BEHIND => Self::Behind(Heard::read(content)?),
            MOURNED => Self::Mourned { member: MemberId::read(content)? },
            STAY => Self::Stay { user: UserId::read(content)?, word: StayWord::read(content)? },
            CLOSED => Self::Closed,
            WOKEN => Self::Woken,
            UP_TO => Self::UpTo { seq: content.position()? },
            _ => Self::Unknown,
        })
    }
}

/// With its length, so that it may grow at its end.
impl Wire for Present {
    fn write(&self, to: &mut Writer) {
        let mut content = Writer::default();
        self.member.write(&mut content);
        content.number(self.generation.0.into());
        content.byte(self.away.into());
        content.optional(self.user.as_ref());
        content.optional(self.info.as_ref());
        content.optional(self.state.as_ref());
        content.optional(self.session.as_ref());
        to.sized(content.as_bytes());
    }

    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        let content = &mut Reader::new(from.sized()?);
        let member = MemberId::read(content)?;
        let generation = Generation(u32::try_from(content.number()?).map_err(|_| Malformed)?);
        let away = content.flag()?;
        let (user, info, state) = (content.optional()?, content.optional()?, content.optional()?);
        Ok(Self { member, generation, user, away, info, state, session: content.added()? })
    }
}

impl Wire for SessionHash {
    fn write(&self, to: &mut Writer) {
        self.newest.write(to);
        to.optional(self.presented.as_ref());
        to.number(self.entered);
    }

    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        let (newest, presented) = (TokenHash::read(from)?, from.optional()?);
        Ok(Self { newest, presented, entered: from.added_number()? })
    }
}

impl Wire for TokenHash {
    fn write(&self, to: &mut Writer) {
        to.raw(&self.to_bytes());
    }

    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        from.array().map(Self::from_bytes)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::option;
    use proptest::prelude::*;

    use super::*;
    use crate::NodeId;
    use crate::cluster::StayAnswer;
    use crate::cluster::words::tests::heard;

    fn member() -> impl Strategy<Value = MemberId> {
        "[a-zA-Z0-9_-]{1,64}".prop_map(|id| MemberId::parse(&id).unwrap())
    }

    fn json() -> impl Strategy<Value = Json> {
        prop_oneof![
            any::<i64>().prop_map(|number| Json::encode(&number).unwrap()),
            ".{0,30}".prop_map(|text| Json::encode(&text).unwrap()),
            Just(Json::encode(&()).unwrap()),
        ]
    }

    pub(in crate::cluster) fn present() -> impl Strategy<Value = Present> {
        let user = option::of(".{1,20}".prop_map(|user| UserId::new(user).unwrap()));
        let all = (member(), any::<u32>(), user, any::<bool>(), [option::of(json()), option::of(json())], session());
        all.prop_map(|(member, generation, user, away, [info, state], session)| Present {
            member,
            generation: Generation(generation),
            user,
            away,
            info,
            state,
            session,
        })
    }

    fn session() -> impl Strategy<Value = Option<SessionHash>> {
        let hash = || any::<[u8; TokenHash::BYTES]>().prop_map(TokenHash::from_bytes);
        let all = (hash(), option::of(hash()), 0..1u64 << 60);
        option::of(all.prop_map(|(newest, presented, entered)| SessionHash { newest, presented, entered }))
    }

    fn stay() -> impl Strategy<Value = StayWord> {
        let answer = prop_oneof![
            Just(StayAnswer::Nothing),
            any::<u64>().prop_map(|by| StayAnswer::Guest { by: NodeId(by) }),
            Just(StayAnswer::Asks),
            Just(StayAnswer::Tells)
        ];
        prop_oneof![
            any::<u64>().prop_map(|number| StayWord::Asks { number }),
            any::<u64>().prop_map(|number| StayWord::Releases { number }),
            (any::<u64>(), any::<u64>(), answer).prop_map(|(to, number, answer)| StayWord::Answers {
                to: NodeId(to),
                number,
                answer
            }),
            any::<u64>().prop_map(|to| StayWord::Hands { to: NodeId(to) }),
            Just(StayWord::Unknown),
        ]
    }

    pub(in crate::cluster) fn change() -> impl Strategy<Value = Change> {
        let audience = prop_oneof![Just(Audience::Everybody), member().prop_map(Audience::AllBut)];
        prop_oneof![
            present().prop_map(Change::Joined),
            member().prop_map(|member| Change::Left { member }),
            heard().prop_map(Change::Behind),
            member().prop_map(|member| Change::Away { member }),
            member().prop_map(|member| Change::Back { member }),
            (member(), option::of(json())).prop_map(|(member, state)| Change::State { member, state }),
            (member(), option::of(json())).prop_map(|(member, info)| Change::Info { member, info }),
            (option::of(member()), audience, json()).prop_map(|(from, to, msg)| Change::Said { from, to, msg }),
            (member(), session()).prop_map(|(member, session)| Change::Session { member, session }),
            member().prop_map(|member| Change::Ceded { member }),
            member().prop_map(|member| Change::Mourned { member }),
            (".{1,20}", stay()).prop_map(|(user, word)| Change::Stay { user: UserId::new(user).unwrap(), word }),
            Just(Change::Closed),
            (0..1u64 << 60).prop_map(|seq| Change::UpTo { seq }),
            Just(Change::Woken),
            Just(Change::Unknown),
        ]
    }

    #[test]
    fn what_a_later_release_says_is_passed_over() {
        let mut writer = Writer::default();
        writer.byte(200);
        writer.sized(b"whatever");
        let left = Change::Left { member: MemberId::parse("ann").unwrap() };
        left.write(&mut writer);
        let mut reader = Reader::new(writer.into_bytes());
        assert_eq!(Change::read(&mut reader), Ok(Change::Unknown));
        assert_eq!(Change::read(&mut reader), Ok(left));
    }

    #[test]
    fn content_that_has_grown_at_its_end_is_read() {
        let mut content = Writer::default();
        MemberId::parse("ann").unwrap().write(&mut content);
        content.raw(b"and more");
        let mut writer = Writer::default();
        writer.byte(LEFT);
        writer.sized(content.as_bytes());
        let left = Change::Left { member: MemberId::parse("ann").unwrap() };
        assert_eq!(Change::read(&mut Reader::new(writer.into_bytes())), Ok(left));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(change in change()) {
            let mut writer = Writer::default();
            change.write(&mut writer);
            prop_assert_eq!(writer.len(), change.size());
            let mut reader = Reader::new(writer.into_bytes());
            prop_assert_eq!(Change::read(&mut reader), Ok(change));
            prop_assert!(reader.is_empty());
        }
    }
}
