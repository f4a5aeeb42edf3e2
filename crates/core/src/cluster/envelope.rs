//! Who says something, and that it was they who said it.

use std::fmt;

use bytes::Bytes;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use super::Incarnation;
use super::wire::{Malformed, Reader, Wire as _, Writer};
use crate::derived_key::derived_key;

/// What nodes sign with that share a secret, because a broker is often shared with others.
#[derive(Clone)]
pub struct ClusterKey(Hmac<Sha256>);

/// What every envelope has around its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Envelope {
    pub(super) from: Incarnation,
    /// Which envelope of this incarnation it is, from 1 on.
    pub(super) count: u64,
    /// Which [message](super::Message) it holds.
    pub(super) kind: u8,
    pub(super) content: Bytes,
}

/// Why an envelope was not believed, or meant nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Rejected {
    /// It is no envelope at all, or what is in it is nothing that a node writes.
    #[error("no envelope of a node: somebody else publishes on these subjects")]
    Malformed,
    /// A release that nobody can be with.
    #[error("an envelope of version {version}, and this node knows {VERSION}: run releases that know one version")]
    Version {
        /// Which.
        version: u8,
    },
    /// It is not signed with the secret that this node has.
    #[error("an envelope that was not signed with this node's secret: give all nodes of a cluster the same one")]
    NotAuthentic,
    /// It came before, or is far too late.
    #[error("an envelope that came before")]
    Replayed,
    /// It is of a run of a node that has started again since.
    #[error("an envelope of a node that has started again since")]
    Older,
    /// It is of a node that has not shown that it lives, and says something that is taken from those that have.
    #[error("an envelope of a node that is not known yet")]
    Stranger,
    /// It is for another node.
    #[error("an envelope for another node")]
    NotForUs,
    /// It is of a room that this node does not take part in, or of another topic with the same subject.
    #[error("an envelope of a room that is not here")]
    OtherRoom,
    /// A later release says something that this one does not know.
    #[error("an envelope of a kind that a later release knows")]
    Unknown,
}

/// What an envelope begins with.
const MAGIC: &[u8] = b"rf";

/// It grows only where a node of the release before could do nothing with what is sent.
const VERSION: u8 = 1;

const AUTHENTIC: u8 = 1;

/// 128 bits: nobody can try as many.
const TAG_BYTES: usize = 16;

const KEY_LABEL: &[u8] = b"roomful cluster key\0";

impl ClusterKey {
    /// The key of this secret, which is of any length. How hard its envelopes are to forge is how hard it is to guess.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(derived_key(KEY_LABEL, secret))
    }

    fn mac(&self, bytes: &[u8]) -> Hmac<Sha256> {
        self.0.clone().chain_update(bytes)
    }
}

impl fmt::Debug for ClusterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClusterKey(…)")
    }
}

impl Envelope {
    /// How many bytes there are around a message at most, whoever sends it.
    pub(super) fn overhead(from: &Incarnation) -> usize {
        let fixed = MAGIC.len() + 2 + 1 + TAG_BYTES;
        let (name, longest_number) = (from.name.as_str().len() + 1, 10);
        fixed + name + longest_number + size_of::<u64>() + longest_number
    }

    pub(super) fn seal(&self, key: Option<&ClusterKey>) -> Bytes {
        let mut writer = Writer::default();
        writer.raw(MAGIC);
        writer.byte(VERSION);
        writer.byte(if key.is_some() { AUTHENTIC } else { 0 });
        self.from.write(&mut writer);
        writer.number(self.count);
        writer.byte(self.kind);
        writer.raw(&self.content);
        if let Some(key) = key {
            let tag = key.mac(writer.as_bytes()).finalize().into_bytes();
            tag.into_iter().take(TAG_BYTES).for_each(|byte| writer.byte(byte));
        }
        writer.into_bytes()
    }

    /// Whoever has no secret believes only what is not signed: it is of another cluster otherwise.
    pub(super) fn open(bytes: Bytes, key: Option<&ClusterKey>) -> Result<Self, Rejected> {
        let mut reader = Reader::new(bytes.clone());
        if &reader.take(MAGIC.len())?[..] != MAGIC {
            return Err(Rejected::Malformed);
        }
        let version = reader.byte()?;
        if version != VERSION {
            return Err(Rejected::Version { version });
        }
        let is_signed = reader.byte()? & AUTHENTIC != 0;
        if is_signed != key.is_some() {
            return Err(Rejected::NotAuthentic);
        }
        if let Some(key) = key {
            let (said, tag) = bytes.split_at_checked(bytes.len().saturating_sub(TAG_BYTES)).ok_or(Malformed)?;
            // Takes as long whatever is wrong with it, so nobody learns a tag byte by byte.
            key.mac(said).verify_truncated_left(tag).map_err(|_| Rejected::NotAuthentic)?;
            let head = MAGIC.len() + 2;
            let length = said.len().checked_sub(head).ok_or(Malformed)?;
            reader = Reader::new(reader.take(length)?);
        }
        let (from, count, kind) = (Incarnation::read(&mut reader)?, reader.position()?, reader.byte()?);
        Ok(Self { from, count, kind, content: reader.rest() })
    }
}

impl From<Malformed> for Rejected {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::NodeName;
    use super::*;

    fn envelope() -> Envelope {
        let from = Incarnation { start: 1_764_456_000_000, name: NodeName::parse("web-3").unwrap(), random: 7 };
        Envelope { from, count: 3, kind: 9, content: Bytes::from_static(b"content") }
    }

    fn key(secret: &str) -> ClusterKey {
        ClusterKey::new(secret.as_bytes())
    }

    #[test]
    fn only_who_has_the_secret_is_believed() {
        let (ours, theirs) = (key("ours"), key("theirs"));
        let keys = [None, Some(&ours), Some(&theirs)];
        for (signed, opened) in keys.iter().flat_map(|a| keys.map(|b| (*a, b))) {
            let same = signed.map(std::ptr::from_ref) == opened.map(std::ptr::from_ref);
            let due = if same { Ok(envelope()) } else { Err(Rejected::NotAuthentic) };
            assert_eq!(Envelope::open(envelope().seal(signed), opened), due, "{signed:?} {opened:?}");
        }
    }

    #[test]
    fn another_version_is_said_to_be_one() {
        let mut bytes = envelope().seal(None).to_vec();
        bytes[2] = 2;
        assert_eq!(Envelope::open(bytes.into(), None), Err(Rejected::Version { version: 2 }));
    }

    #[test]
    fn what_is_around_a_message_is_bounded() {
        let name = NodeName::parse(&"x".repeat(NodeName::MOST_BYTES)).unwrap();
        let from = Incarnation { start: u64::MAX, name, random: u64::MAX };
        let largest = Envelope { from: from.clone(), count: u64::MAX, content: Bytes::new(), ..envelope() };
        assert_eq!(largest.seal(Some(&key("s"))).len(), Envelope::overhead(&from));
    }

    #[test]
    fn a_key_shows_nothing_of_itself() {
        assert_eq!(format!("{:?}", key("s")), "ClusterKey(…)");
    }

    proptest! {
        /// One bit anywhere, or an end anywhere: nobody believes it.
        #[test]
        fn what_was_changed_on_its_way_is_not_believed(at in 0usize..1_000, bit in 0u32..8, cut in 0usize..1_000) {
            let sealed = envelope().seal(Some(&key("s"))).to_vec();
            let (at, cut) = (at % sealed.len(), cut % sealed.len());
            let mut changed = sealed.clone();
            changed[at] ^= 1 << bit;
            prop_assert!(Envelope::open(changed.into(), Some(&key("s"))).is_err());
            prop_assert!(Envelope::open(sealed[..cut].to_vec().into(), Some(&key("s"))).is_err());
        }

        #[test]
        fn rubbish_is_no_envelope(bytes: Vec<u8>, head in any::<bool>()) {
            let bytes = if head { [&b"rf\x01\x00"[..], &bytes].concat() } else { bytes };
            let _ = Envelope::open(bytes.clone().into(), None);
            prop_assert!(Envelope::open(bytes.into(), Some(&key("s"))).is_err());
        }
    }
}
