//! Which run of which node.

use std::fmt;
use std::sync::Arc;

use super::wire::{Malformed, Reader, Wire, Writer};
use crate::{Millis, NodeId};

/// What a node is called: the same after a restart, and nobody else's at the same time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeName(Arc<str>);

impl NodeName {
    /// The longest there may be, in bytes: every envelope has it.
    pub const MOST_BYTES: usize = 64;

    /// Takes 1 to 64 letters, digits, `-`, `_` and `.`: a host's name, a pod's.
    ///
    /// # Errors
    ///
    /// Everything else is refused.
    pub fn parse(name: &str) -> Result<Self, InvalidNodeName> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if name.is_empty() || name.len() > Self::MOST_BYTES || !name.bytes().all(plain) {
            return Err(InvalidNodeName);
        }
        Ok(Self(name.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that no node can have as its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a node's name is 1 to 64 letters, digits, `-`, `_` or `.`")]
pub struct InvalidNodeName;

/// One run of one node. Of one name only the newest counts, and of two claims to one member, other things being equal, that
/// of the newest: so they are in one order, the same at every node.
///
/// ```
/// use roomful_core::cluster::{Incarnation, NodeName};
///
/// let name = NodeName::parse("web-3")?;
/// let before = Incarnation { start: 1_000, name: name.clone(), random: 7 };
/// assert!(before < Incarnation { start: 1_001, name, random: 3 });
/// # Ok::<(), roomful_core::cluster::InvalidNodeName>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation {
    /// When it began, in milliseconds since 1970; or, where that is not above the highest that was heard of its name, one
    /// more than that.
    pub start: Millis,
    /// Whose run it is.
    pub name: NodeName,
    /// Drawn for this run alone: no other has it, and nobody who was not there then can name it.
    pub random: u64,
}

impl Incarnation {
    /// How entries of a roster name it.
    #[must_use]
    pub fn node(&self) -> NodeId {
        NodeId(self.random)
    }
}

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, {:016x})", self.name, self.start, self.random)
    }
}

impl Wire for NodeId {
    fn write(&self, to: &mut Writer) {
        to.word(self.0);
    }

    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        from.word().map(Self)
    }
}

impl Wire for Incarnation {
    fn write(&self, to: &mut Writer) {
        to.sized(self.name.as_str().as_bytes());
        to.number(self.start);
        to.word(self.random);
    }

    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        let name = NodeName::parse(&from.text()?).map_err(|_| Malformed)?;
        Ok(Self { name, start: from.position()?, random: from.word()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_hosts_and_pods_are_called() {
        for name in ["a", "web-3", "shop_web.7", &"x".repeat(64)] {
            assert_eq!(NodeName::parse(name).as_ref().map(NodeName::as_str), Ok(name));
        }
        for name in ["", "a b", "a*", "a>", "ä", &"x".repeat(65)] {
            assert_eq!(NodeName::parse(name), Err(InvalidNodeName), "{name}");
        }
    }

    #[test]
    fn the_later_start_is_newer_and_no_two_are_equal() {
        let of = |start, name: &str, random| Incarnation { start, name: NodeName::parse(name).unwrap(), random };
        let in_order = [of(1, "b", 9), of(2, "a", 1), of(2, "a", 2), of(2, "b", 0), of(3, "a", 0)];
        assert!(in_order.is_sorted());
    }
}
