//! What a member missed at the node that it came from.
//!
//! Its client knows the numbers of that node until it has seen one of this, so what it missed there has numbers of there, and all that
//! is given here are above them.

use bytes::Bytes;

use super::log::LogLimits;
use crate::Millis;
use crate::frame::encode;

/// A member's session as it was at another node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// The last message that its client has seen.
    pub seen: u64,
    /// The last number that was given there.
    pub top: u64,
    /// All that the client missed until then, each with its number.
    pub missed: Vec<(u64, Bytes)>,
}

/// Kept until its client has seen something of this node: the snapshot that brings it may be lost.
#[derive(Debug)]
pub(super) struct Kept {
    seen: u64,
    /// All numbers that are given here are above this one.
    pub(super) up_to: u64,
    missed: Vec<(u64, Bytes)>,
    pub(super) bytes: usize,
    at: Millis,
}

impl Carried {
    /// With what was heard here and was not heard there. `up_to` is the last number that was given here, which is above all of there
    /// by as much as there is of this.
    pub(super) fn kept(self, beyond: &[Bytes], (up_to, now): (u64, Millis)) -> Option<Kept> {
        let Self { seen, top, mut missed } = self;
        for (frame, seq) in beyond.iter().zip(top + 1..) {
            if seq > up_to {
                return None;
            }
            missed.push((seq, encode::renumbered(frame, seq)?));
        }
        let bytes = missed.iter().map(|(_, frame)| frame.len() + size_of::<(u64, Bytes)>()).sum();
        Some(Kept { seen, up_to, missed, bytes, at: now })
    }
}

impl Kept {
    /// All of it.
    pub(super) fn all(&self) -> impl Iterator<Item = Bytes> {
        self.missed.iter().map(|(_, frame)| frame.clone())
    }

    /// What a client has not seen that has seen so much. `None`: it cannot be had.
    pub(super) fn since(&self, seen: u64) -> Option<impl Iterator<Item = (u64, Bytes)>> {
        let missed = self.missed.iter().filter(move |(seq, _)| *seq > seen).cloned();
        (seen >= self.seen).then_some(missed)
    }

    pub(super) fn due(&self, limits: LogLimits) -> Millis {
        self.at.saturating_add(limits.age_ms)
    }
}
