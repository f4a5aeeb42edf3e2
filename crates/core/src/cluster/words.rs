//! How much of what nodes say in a room was heard.

use super::wire::{Malformed, Reader, Wire, Writer};
use crate::NodeId;

/// How many messages a node has said in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Words {
    /// Which stream: one that begins anew is another.
    pub since: u64,
    /// How many, since that began.
    pub said: u64,
}

/// How much of what a node has said was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// Which run of which node.
    pub node: NodeId,
    /// How much.
    pub words: Words,
}

impl Wire for Words {
    fn write(&self, to: &mut Writer) {
        to.number(self.since);
        to.number(self.said);
    }

    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        Ok(Self { since: from.position()?, said: from.position()? })
    }
}

impl Wire for Heard {
    fn write(&self, to: &mut Writer) {
        self.node.write(to);
        self.words.write(to);
    }

    fn read(from: &mut Reader) -> Result<Self, Malformed> {
        Ok(Self { node: NodeId::read(from)?, words: Words::read(from)? })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::super::wire::MOST_COUNTED;
    use super::*;

    pub(in crate::cluster) fn heard() -> impl Strategy<Value = Heard> {
        let heard = (any::<u64>(), 0..=MOST_COUNTED, 0..=MOST_COUNTED);
        heard.prop_map(|(node, since, said)| Heard { node: NodeId(node), words: Words { since, said } })
    }
}
