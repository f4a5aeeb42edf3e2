//! What the runs came upon, so that a simulator that no longer reaches something says so.

use std::collections::BTreeMap;

use roomful_core::room::Refused;

/// Something that a run is there to come upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Seen {
    RoomFull,
    AlreadyIn,
    NotIn,
    PresenceTooLarge,
    MessageTooLarge,
    /// A client read too slowly and was closed.
    Overflow,
    /// An update took the place of one that waited.
    Conflated,
    /// Several updates went out as one v1 message.
    Batch,
    /// A member's held state was sent before its message.
    Flush,
    /// A tick grew beyond its least, for the byte budget.
    LongTick,
    /// A wake was followed by another.
    WakeAgain,
    /// A wake was asked for while a later one was still to come.
    SoonerWake,
    /// A join waited for the tick.
    JoinWaited,
    /// Whoever waited left before it was let in.
    LeftTheLobby,
    /// A leave waited for the tick.
    LeaveWaited,
    /// A member whose leave waited said something.
    LastWords,
    /// Joins and leaves went out as one v1 message.
    MembershipBatch,
    /// A tick did not let in all who waited.
    AdmissionBounded,
    /// A room was restored while it held states back.
    RestoredHolding,
    /// The intake held a state over the rate, and gave it up later.
    Released,
    RateLimited,
    TooManyBadFrames,
    Bye,
}

impl Seen {
    pub(crate) const ALL: [Self; 23] = [
        Self::RoomFull,
        Self::AlreadyIn,
        Self::NotIn,
        Self::PresenceTooLarge,
        Self::MessageTooLarge,
        Self::Overflow,
        Self::Conflated,
        Self::Batch,
        Self::Flush,
        Self::LongTick,
        Self::WakeAgain,
        Self::SoonerWake,
        Self::JoinWaited,
        Self::LeftTheLobby,
        Self::LeaveWaited,
        Self::LastWords,
        Self::MembershipBatch,
        Self::AdmissionBounded,
        Self::RestoredHolding,
        Self::Released,
        Self::RateLimited,
        Self::TooManyBadFrames,
        Self::Bye,
    ];
}

impl From<Refused> for Seen {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::RoomFull { .. } => Self::RoomFull,
            Refused::AlreadyIn => Self::AlreadyIn,
            Refused::NotIn => Self::NotIn,
            Refused::PresenceTooLarge { .. } => Self::PresenceTooLarge,
            Refused::MessageTooLarge { .. } => Self::MessageTooLarge,
        }
    }
}

/// How often each was seen.
#[derive(Debug, Default)]
pub(crate) struct Tally(BTreeMap<Seen, u64>);

impl Tally {
    pub(crate) fn count(&mut self, seen: Seen) {
        *self.0.entry(seen).or_default() += 1;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (seen, times) in &other.0 {
            *self.0.entry(*seen).or_default() += times;
        }
    }

    /// What was never seen.
    pub(crate) fn never(&self) -> Vec<Seen> {
        Seen::ALL.into_iter().filter(|seen| !self.0.contains_key(seen)).collect()
    }
}
