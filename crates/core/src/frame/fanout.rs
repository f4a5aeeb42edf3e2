//! From an effect to the frames that its receivers want: once for each dialect that somebody of them speaks.

use bytes::Bytes;

use super::encode;
use crate::room::{Change, Update};
use crate::{Dialect, Json, MemberId};

/// The dialects that somebody who is to receive something speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spoken {
    /// Whether somebody speaks plain.
    pub plain: bool,
    /// Whether somebody speaks v1.
    pub v1: bool,
}

impl Spoken {
    /// By one receiver.
    #[must_use]
    pub fn one(dialect: Dialect) -> Self {
        Self { plain: dialect == Dialect::Plain, v1: dialect == Dialect::V1 }
    }
}

/// One frame in each dialect that somebody in the room speaks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PerDialect {
    /// For plain receivers.
    pub plain: Option<Bytes>,
    /// For v1 receivers.
    pub v1: Option<Bytes>,
}

impl PerDialect {
    /// The frame for one receiver.
    #[must_use]
    pub fn get(&self, dialect: Dialect) -> Option<&Bytes> {
        match dialect {
            Dialect::Plain => self.plain.as_ref(),
            Dialect::V1 => self.v1.as_ref(),
        }
    }

    fn same(frame: Bytes, spoken: Spoken) -> Self {
        Self { plain: spoken.plain.then(|| frame.clone()), v1: spoken.v1.then_some(frame) }
    }
}

/// Presence updates: one frame a member, the same in both dialects, and all of them as one v1 message where that is worth it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Updates {
    /// Singly, so that they can be conflated.
    pub each: Vec<(MemberId, Bytes)>,
    /// The same frames as one v1 message.
    pub batch: Option<Bytes>,
}

/// A message; `from` is `None` when no member said it.
#[must_use]
pub fn said(from: Option<&MemberId>, msg: &Json, seq: u64, spoken: Spoken) -> PerDialect {
    let from = from.map_or("", MemberId::as_str);
    PerDialect {
        plain: spoken.plain.then(|| encode::message(from, msg, None)),
        v1: spoken.v1.then(|| encode::message(from, msg, Some(seq))),
    }
}

/// Who came and who went: singly for plain receivers, in one message for v1.
#[must_use]
pub fn membership(changes: &[Change], spoken: Spoken) -> Vec<PerDialect> {
    if let [change] = changes {
        return vec![one_change(change, spoken)];
    }
    let mut frames = Vec::new();
    if spoken.plain {
        let plain = changes.iter().filter_map(|change| encode::change(change, Dialect::Plain));
        frames.extend(plain.map(|frame| PerDialect { plain: Some(frame), v1: None }));
    }
    if spoken.v1 {
        let v1: Vec<_> = changes.iter().filter_map(|change| encode::change(change, Dialect::V1)).collect();
        frames.push(PerDialect { plain: None, v1: Some(encode::batch(v1.iter())) });
    }
    frames
}

/// What members show now.
#[must_use]
pub fn updates(updates: &[Update], spoken: Spoken) -> Updates {
    let frame = |Update { member, state }: &Update| (member.clone(), encode::update(member, state.as_ref()));
    let each: Vec<_> = updates.iter().map(frame).collect();
    let worth_a_batch = each.len() > 1 && spoken.v1;
    let batch = worth_a_batch.then(|| encode::batch(each.iter().map(|(_, frame)| frame)));
    Updates { each, batch }
}

/// How many bytes one receiver is sent of these updates, at the most.
#[must_use]
pub fn update_bytes(updates: &[Update]) -> usize {
    updates.iter().map(|Update { member, state }| encode::update_bytes(member, state.as_ref())).sum()
}

fn one_change(change: &Change, spoken: Spoken) -> PerDialect {
    match change {
        Change::Left { .. } | Change::Joined { user: None, .. } => match encode::change(change, Dialect::V1) {
            Some(frame) => PerDialect::same(frame, spoken),
            None => PerDialect::default(),
        },
        Change::Joined { .. } | Change::Away { .. } | Change::Back { .. } => PerDialect {
            plain: if spoken.plain { encode::change(change, Dialect::Plain) } else { None },
            v1: if spoken.v1 { encode::change(change, Dialect::V1) } else { None },
        },
    }
}
