//! A token that outlives the process which gave it: what a seal says of its member, whoever can open it may believe.
//!
//! A process that ended without a word leaves nothing behind. Its clients still hold their tokens, and where it had a secret
//! that the next process has too, each token has a seal behind it: who the member is, where it stands, whose it is and until
//! when that is to be believed. A seal is good for its own token and its own room alone. It lets nobody in: guards run first.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use super::Token;
use crate::derived_key::derived_key;
use crate::pattern::Topic;
use crate::roster::Place;
use crate::{Generation, MemberId, Millis, UserId};

/// What makes seals, and opens those that were made with the same secret.
#[derive(Clone)]
pub struct SealKey(Hmac<Sha256>);

/// What a seal says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Who the member was.
    pub member: MemberId,
    /// Where it stood in the join order.
    pub place: Place,
    /// How often it had been taken over.
    pub generation: Generation,
    /// Whose it was.
    pub user: Option<UserId>,
    /// Until when that is to be believed, in milliseconds since 1970: no clock of one process is known to the next.
    pub until: Millis,
}

/// A seal as it stands behind its token, and what it says is for whoever has the key. It is no secret by itself, but it is a part
/// of one, so its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Seal(Box<str>);

/// A seal of another layout is opened by nobody.
const LAYOUT: u8 = 1;

const KEY_LABEL: &[u8] = b"roomful seal key\0";
const SEAL_LABEL: &[u8] = b"roomful seal\0";

/// As many bits as the token's own secret has: more would make nobody safer, and every token longer.
const TAG_BYTES: usize = 16;

/// Layout, until, place, generation and two lengths.
const FIXED_BYTES: usize = 1 + 8 + 8 + 4 + 1 + 2;

/// The longest text that is a seal: that of the longest member's id and the longest user's. A token with it fits many times
/// into what servers and proxies take of a header.
const MOST_CHARS: usize = (FIXED_BYTES + MemberId::MOST_BYTES + UserId::MOST_BYTES + TAG_BYTES).div_ceil(3) * 4;

impl SealKey {
    /// The key of this secret, which is of any length. How hard its seals are to forge is how hard it is to guess.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(derived_key(KEY_LABEL, secret))
    }

    /// Seals what is known of the member that this token is given to, in the room of this topic.
    #[must_use]
    pub fn seal(&self, token: Token, topic: &Topic, sealed: &Sealed) -> Seal {
        let mut bytes = sealed.to_bytes();
        let tag = self.mac(token, topic, &bytes).finalize().into_bytes();
        bytes.extend(tag.into_iter().take(TAG_BYTES));
        Seal(URL_SAFE_NO_PAD.encode(bytes).into())
    }

    /// What a seal says. `None`: it was made with another secret, for another token or another room, or by nobody, or what it says
    /// was good until before `now`, which is in milliseconds since 1970.
    #[must_use]
    pub fn open(&self, seal: &Seal, token: Token, topic: &Topic, now: Millis) -> Option<Sealed> {
        let bytes = URL_SAFE_NO_PAD.decode(&*seal.0).ok()?;
        let (said, tag) = bytes.split_at_checked(bytes.len().checked_sub(TAG_BYTES)?)?;
        // Takes as long whatever is wrong with it, so nobody learns a tag byte by byte.
        self.mac(token, topic, said).verify_truncated_left(tag).ok()?;
        Sealed::from_bytes(said).filter(|sealed| now < sealed.until)
    }

    /// Each part has its length before it or always the same one, so that no two seals are of the same bytes.
    fn mac(&self, token: Token, topic: &Topic, said: &[u8]) -> Hmac<Sha256> {
        let (mut mac, topic) = (self.0.clone(), topic.as_str().as_bytes());
        mac.update(SEAL_LABEL);
        mac.update(&token.to_bytes());
        mac.update(&(topic.len() as u64).to_be_bytes());
        mac.update(topic);
        mac.update(said);
        mac
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(…)")
    }
}

impl Seal {
    /// Takes what may be a seal, without looking at what it says.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        (is_plain && (1..=MOST_CHARS).contains(&text.len())).then(|| Self(text.into()))
    }
}

impl fmt::Display for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(…)")
    }
}

impl Sealed {
    fn to_bytes(&self) -> Vec<u8> {
        let Self { member, place, generation, user, until } = self;
        let (member, user) = (member.as_str().as_bytes(), user.as_ref().map_or("", UserId::as_str).as_bytes());
        let mut bytes = Vec::with_capacity(FIXED_BYTES + member.len() + user.len() + TAG_BYTES);
        bytes.push(LAYOUT);
        bytes.extend(until.to_be_bytes());
        bytes.extend(place.0.to_be_bytes());
        bytes.extend(generation.0.to_be_bytes());
        // Neither is longer than its length can say: an id has 64 bytes at the most, a user 256.
        bytes.push(u8::try_from(member.len()).unwrap_or(u8::MAX));
        bytes.extend(member);
        bytes.extend(u16::try_from(user.len()).unwrap_or(u16::MAX).to_be_bytes());
        bytes.extend(user);
        bytes
    }

    /// All of the bytes, and no others.
    fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let bytes = &mut bytes;
        let [LAYOUT] = take_array(bytes)? else { return None };
        let until = u64::from_be_bytes(take_array(bytes)?);
        let place = Place(u64::from_be_bytes(take_array(bytes)?));
        let generation = Generation(u32::from_be_bytes(take_array(bytes)?));
        let [member] = take_array(bytes)?;
        let member = MemberId::parse(take_text(bytes, member.into())?).ok()?;
        let user = take_array(bytes).map(u16::from_be_bytes)?;
        let user = match take_text(bytes, user.into())? {
            "" => None,
            user => Some(UserId::new(user).ok()?),
        };
        bytes.is_empty().then_some(Self { member, place, generation, user, until })
    }
}

fn take_array<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*taken)
}

fn take_text<'a>(bytes: &mut &'a [u8], len: usize) -> Option<&'a str> {
    let (taken, rest) = bytes.split_at_checked(len)?;
    *bytes = rest;
    std::str::from_utf8(taken).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::NodeId;
    use crate::key::Params;
    use crate::pattern::Pattern;

    const NOW: Millis = 1_700_000_000_000;

    fn topic(text: &str) -> Topic {
        Pattern::parse(text).unwrap().topic(&Params::default()).unwrap()
    }

    fn key() -> SealKey {
        SealKey::new(b"a secret of the app's own, 32 bytes")
    }

    fn token() -> Token {
        Token::new(NodeId(7), 11)
    }

    fn ann() -> Sealed {
        let (member, user) = (MemberId::parse("ann").unwrap(), Some(UserId::new("ann@example.org").unwrap()));
        Sealed { member, place: Place(3), generation: Generation(1), user, until: NOW + 1 }
    }

    #[test]
    fn what_was_sealed_is_read_with_the_same_secret_for_the_same_token_and_room_until_its_time_is_over() {
        let (seal, room) = (key().seal(token(), &topic("room"), &ann()), topic("room"));
        assert_eq!(key().open(&seal, token(), &room, NOW), Some(ann()));
        for (what, opened) in [
            ("its time is over", key().open(&seal, token(), &room, NOW + 1)),
            ("another secret", SealKey::new(b"a secret of the app's own, 32 bytez").open(&seal, token(), &room, NOW)),
            ("no secret", SealKey::new(b"").open(&seal, token(), &room, NOW)),
            ("another room", key().open(&seal, token(), &topic("rooms"), NOW)),
            ("a room within it", key().open(&seal, token(), &topic("room/1"), NOW)),
            ("another session", key().open(&seal, Token::new(NodeId(7), 12), &room, NOW)),
            ("another node", key().open(&seal, Token::new(NodeId(8), 11), &room, NOW)),
            ("nobody's", key().open(&Seal("AAAA".into()), token(), &room, NOW)),
        ] {
            assert_eq!(opened, None, "{what}");
        }
    }

    #[test]
    fn a_seal_of_the_longest_names_is_one_and_a_longer_text_is_none() {
        let (member, user) = ("m".repeat(MemberId::MOST_BYTES), "ü".repeat(UserId::MOST_BYTES / 2));
        let longest = Sealed {
            member: MemberId::parse(&member).unwrap(),
            place: Place(u64::MAX),
            generation: Generation(u32::MAX),
            user: Some(UserId::new(user).unwrap()),
            until: u64::MAX,
        };
        let seal = key().seal(token(), &topic("room"), &longest).to_string();
        assert!(seal.len() <= MOST_CHARS && MOST_CHARS < 512, "{} of {MOST_CHARS}", seal.len());
        let parsed = Seal::parse(&seal).unwrap();
        assert_eq!(key().open(&parsed, token(), &topic("room"), NOW), Some(longest));
        assert_eq!(Seal::parse(&"A".repeat(MOST_CHARS + 1)), None);
        for text in ["", "a.b", "a+b", "a/b", "a=", "a b", "ä"] {
            assert_eq!(Seal::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn nothing_of_a_secret_is_printed() {
        let seal = key().seal(token(), &topic("room"), &ann());
        assert_eq!(format!("{:?} {seal:?}", key()), "SealKey(…) Seal(…)");
    }

    fn any_sealed() -> impl Strategy<Value = Sealed> {
        let user = proptest::option::of("[a-zü😀\"\\\\]{1,60}");
        ("[A-Za-z0-9_-]{1,64}", user, any::<u64>(), any::<u32>(), NOW + 1..).prop_map(
            |(member, user, place, generation, until)| Sealed {
                member: MemberId::parse(&member).unwrap(),
                place: Place(place),
                generation: Generation(generation),
                user: user.map(|user| UserId::new(user).unwrap()),
                until,
            },
        )
    }

    proptest! {
        #[test]
        fn whoever_it_is_of_is_read_as_it_was_sealed(sealed in any_sealed(), node: u64, secret: u128) {
            let token = Token::new(NodeId(node), secret);
            let seal = key().seal(token, &topic("room"), &sealed);
            let seal = Seal::parse(&seal.to_string()).unwrap();
            prop_assert_eq!(key().open(&seal, token, &topic("room"), NOW), Some(sealed));
        }

        #[test]
        fn a_seal_with_any_bit_changed_is_none(sealed in any_sealed(), at: prop::sample::Index, bit in 0..8_u8) {
            let seal = key().seal(token(), &topic("room"), &sealed);
            let mut bytes = URL_SAFE_NO_PAD.decode(seal.to_string()).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            let changed = Seal(URL_SAFE_NO_PAD.encode(bytes).into());
            prop_assert_eq!(key().open(&changed, token(), &topic("room"), NOW), None);
        }

        #[test]
        fn a_seal_with_any_character_changed_added_or_gone_is_none(
            sealed in any_sealed(), at: prop::sample::Index, other in "[A-Za-z0-9_-]", keep: bool, len: prop::sample::Index,
        ) {
            let seal = key().seal(token(), &topic("room"), &sealed).to_string();
            let at = at.index(seal.len());
            let changed = format!("{}{other}{}", &seal[..at], &seal[at + usize::from(!keep)..]);
            for text in [&*changed, &seal[..len.index(seal.len())]] {
                if let Some(parsed) = Seal::parse(text).filter(|parsed| parsed.to_string() != seal) {
                    prop_assert_eq!(key().open(&parsed, token(), &topic("room"), NOW), None);
                }
            }
        }

        #[test]
        fn nothing_is_too_strange_to_be_opened(text in ".{0,600}", bytes: Vec<u8>) {
            let _either_way = Seal::parse(&text).map(|seal| key().open(&seal, token(), &topic("room"), NOW));
            let seal = Seal(URL_SAFE_NO_PAD.encode(&bytes).into());
            prop_assert_eq!(key().open(&seal, token(), &topic("room"), NOW), None);
            let _either_way = Sealed::from_bytes(&bytes);
        }
    }
}
