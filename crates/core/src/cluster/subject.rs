//! What a room is called at the broker.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::wire::{Malformed, Reader, Wire, Writer};

/// A hash of an app's name and a room's topic. A topic may hold what a broker gives a meaning to, and be longer than it takes;
/// of those who share a broker, nobody's rooms are another's. Two topics of one subject are never seen, and told apart
/// nevertheless: what is published says its topic, too.
///
/// ```
/// use roomful_core::cluster::Subject;
///
/// let subject = Subject::of("shop", "board/a.*.>");
/// assert_eq!(subject.to_string().len(), 32);
/// assert_ne!(subject, Subject::of("shopb", "oard/a.*.>"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject([u8; Self::BYTES]);

impl Subject {
    /// 128 bits.
    pub const BYTES: usize = 16;

    /// That of this topic of this app.
    #[must_use]
    pub fn of(app: &str, topic: &str) -> Self {
        let length = (app.len() as u64).to_be_bytes();
        let hash = Sha256::new().chain_update(length).chain_update(app).chain_update(topic).finalize();
        let mut subject = [0; Self::BYTES];
        for (to, from) in subject.iter_mut().zip(hash) {
            *to = from;
        }
        Self(subject)
    }

    /// The subject that is written so.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (digits, rest) = text.as_bytes().as_chunks::<2>();
        let digits = <&[_; Self::BYTES]>::try_from(digits).ok().filter(|_| rest.is_empty())?;
        let mut bytes = [0; Self::BYTES];
        for (to, digits) in bytes.iter_mut().zip(digits) {
            let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
            *to = u8::try_from(high? << 4 | low?).ok()?;
        }
        Some(Self(bytes))
    }

    /// The bits.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// The first that begins with these bytes.
    pub(super) fn first_with(prefix: &[u8]) -> Self {
        let mut bytes = [0; Self::BYTES];
        for (to, from) in bytes.iter_mut().zip(prefix) {
            *to = *from;
        }
        Self(bytes)
    }

    /// The last that begins with these bytes.
    pub(super) fn last_with(prefix: &[u8]) -> Self {
        let mut bytes = [u8::MAX; Self::BYTES];
        for (to, from) in bytes.iter_mut().zip(prefix) {
            *to = *from;
        }
        Self(bytes)
    }

    /// Two numbers that are as random as the hash.
    pub(super) fn words(&self) -> [u64; 2] {
        let (words, _) = self.0.as_chunks::<8>();
        let mut both = [0; 2];
        for (to, from) in both.iter_mut().zip(words) {
            *to = u64::from_be_bytes(*from);
        }
        both
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Wire for Subject {
    fn write(&self, to: &mut Writer) {
        to.raw(&self.0);
    }

    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        from.array().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nodes of two releases must find each other.
    #[test]
    fn it_is_the_same_for_ever() {
        assert_eq!(Subject::of("shop", "board/main").to_string(), "52378038af42fe5c8fdde90052e10b68");
    }

    #[test]
    fn what_begins_with_a_prefix_lies_between_two() {
        let subject = Subject::of("a", "b");
        let prefix = &subject.as_bytes()[..2];
        assert!(Subject::first_with(prefix) <= subject && subject <= Subject::last_with(prefix));
        assert_eq!(Subject::first_with(&[]), Subject([0; Subject::BYTES]));
    }
}
