//! Who is who: connections, members and nodes.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One WebSocket of this process. Assigned by the runtime, never sent to anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// The process that a member is connected to. A room's roster may hold members of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u64);

/// How often a member has been taken over by another process: of two entries of one member the higher one is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Generation(pub u32);

/// A member as everybody in the room knows it: an opaque string, unique without coordination.
///
/// Only letters, digits, `-` and `_` are taken, so that an id stands in a frame between two quotes as it is.
///
/// ```
/// # use roomful_core as roomful;
/// use roomful::MemberId;
///
/// let id = MemberId::parse("0b9c7f6e-5b1f-4f6c-9d0e-8c1c4b1f2a3d")?;
/// assert_eq!(id.as_str().len(), 36);
/// assert!(MemberId::parse("\"quoted\"").is_err());
/// # Ok::<(), roomful_core::id::InvalidMemberId>(())
/// ```
#[derive(Clone)]
pub struct MemberId(Arc<Text>);

/// Behind one pointer, where text by itself would be a pointer and a length: every member's id stands in half a dozen tables.
/// So text of the usual length lies in the same memory as the count of its owners.
enum Text {
    Usual([u8; UUID_CHARS]),
    Other(Box<str>),
}

const UUID_CHARS: usize = 36;

impl MemberId {
    /// The longest there may be, in bytes.
    pub const MOST_BYTES: usize = 64;

    /// Takes 1 to 64 letters, digits, `-` and `_`.
    ///
    /// # Errors
    ///
    /// Everything else is refused.
    pub fn parse(id: &str) -> Result<Self, InvalidMemberId> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if id.is_empty() || id.len() > Self::MOST_BYTES || !id.bytes().all(plain) {
            return Err(InvalidMemberId);
        }
        Ok(Self::of_plain(id))
    }

    /// The id made of 128 random bits, written as a version 4 UUID.
    #[must_use]
    pub fn from_random(bits: u128) -> Self {
        let bits = (bits & !(0xf << 76 | 0x3 << 62)) | 0x4 << 76 | 0x2 << 62;
        let hex = format!("{bits:032x}");
        let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
        Self::of_plain(&parts.join("-"))
    }

    /// The id as it stands in a frame.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &*self.0 {
            // Only ASCII is taken, so this is always text.
            Text::Usual(bytes) => str::from_utf8(bytes).unwrap_or_default(),
            Text::Other(text) => text,
        }
    }

    /// How many bytes its text has.
    pub(crate) fn text_len(&self) -> usize {
        self.as_bytes().len()
    }

    fn of_plain(id: &str) -> Self {
        let usual = id.as_bytes().try_into().map(Text::Usual);
        Self(Arc::new(usual.unwrap_or_else(|_| Text::Other(id.into()))))
    }

    fn as_bytes(&self) -> &[u8] {
        match &*self.0 {
            Text::Usual(bytes) => bytes,
            Text::Other(text) => text.as_bytes(),
        }
    }
}

impl PartialEq for MemberId {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.as_bytes() == other.as_bytes()
    }
}

impl Eq for MemberId {}

impl PartialOrd for MemberId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for MemberId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl fmt::Debug for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MemberId").field(&self.as_str()).finish()
    }
}

/// Folded into one word first: every message looks two members up. Nobody chooses an id to meet another's, because the
/// runtime draws them at random.
impl Hash for MemberId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        let (words, rest) = self.as_bytes().as_chunks::<8>();
        let last = rest.iter().fold(rest.len() as u64, |last, byte| last << 8 | u64::from(*byte));
        let words = words.iter().map(|word| u64::from_ne_bytes(*word)).chain([last]);
        state.write_u64(words.fold(0, |folded: u64, word| (folded.rotate_left(23) ^ word).wrapping_mul(ODD)));
    }
}

impl Serialize for MemberId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for MemberId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&Cow::<str>::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A string that no member can have as its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a member id is 1 to 64 letters, digits, `-` or `_`")]
pub struct InvalidMemberId;

/// Whose connection a member is, as the app names its users. Several members may be one user: three tabs, a phone.
///
/// ```
/// # use roomful_core as roomful;
/// use roomful::UserId;
///
/// assert_eq!(UserId::new("ann@example.org")?.as_str(), "ann@example.org");
/// assert!(UserId::new("").is_err());
/// # Ok::<(), roomful_core::id::InvalidUserId>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(Arc<str>);

impl UserId {
    /// The longest there may be, in bytes: everybody in a room is told it.
    pub const MOST_BYTES: usize = 256;

    /// Takes 1 to 256 bytes of any text.
    ///
    /// # Errors
    ///
    /// Everything else is refused.
    pub fn new(user: impl AsRef<str>) -> Result<Self, InvalidUserId> {
        let user = user.as_ref();
        if user.is_empty() || user.len() > Self::MOST_BYTES {
            return Err(InvalidUserId { bytes: user.len() });
        }
        Ok(Self(user.into()))
    }

    /// The id as the app gave it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for UserId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for UserId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Cow::<str>::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A string that no user can have as its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a user id has 1 to {} bytes, not {bytes}", UserId::MOST_BYTES)]
pub struct InvalidUserId {
    /// How long it was.
    pub bytes: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_bits_become_a_version_4_uuid() {
        assert_eq!(MemberId::from_random(0).as_str(), "00000000-0000-4000-8000-000000000000");
        assert_eq!(MemberId::from_random(u128::MAX).as_str(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(MemberId::parse(MemberId::from_random(7).as_str()), Ok(MemberId::from_random(7)));
    }

    #[test]
    fn only_an_id_is_read_as_one() {
        let id: MemberId = serde_json::from_str(r#""ann""#).unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), r#""ann""#);
        assert!(serde_json::from_str::<MemberId>(r#""a b""#).is_err());
    }

    #[test]
    fn an_id_is_one_word_and_is_its_text_however_that_is_kept() {
        assert_eq!(size_of::<MemberId>(), size_of::<usize>());
        let texts = ["a", "b", &"a".repeat(35), &"a".repeat(36), &"b".repeat(36), &"a".repeat(37), &"z".repeat(64)];
        for one in texts {
            for other in texts {
                let [one_id, other_id] = [one, other].map(|text| MemberId::parse(text).unwrap());
                assert_eq!((one_id.as_str(), one_id == other_id), (one, one == other));
                assert_eq!(one_id.cmp(&other_id), one.cmp(other), "{one} {other}");
            }
        }
        assert_eq!(format!("{:?}", MemberId::parse("ann").unwrap()), r#"MemberId("ann")"#);
    }

    #[test]
    fn a_user_is_any_text_of_a_bounded_length() {
        assert!(UserId::new("x".repeat(256)).is_ok());
        assert_eq!(UserId::new("x".repeat(257)), Err(InvalidUserId { bytes: 257 }));
        assert_eq!(InvalidUserId { bytes: 257 }.to_string(), "a user id has 1 to 256 bytes, not 257");
        let user: UserId = serde_json::from_str(r#""a \"b\"""#).unwrap();
        assert_eq!(serde_json::to_string(&user).unwrap(), r#""a \"b\"""#);
        assert!(serde_json::from_str::<UserId>(r#""""#).is_err());
    }
}
