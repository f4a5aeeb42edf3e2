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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::UserId;

    const SPOKEN: [Spoken; 4] = [
        Spoken { plain: false, v1: false },
        Spoken { plain: true, v1: false },
        Spoken { plain: false, v1: true },
        Spoken { plain: true, v1: true },
    ];

    fn id(id: &str) -> MemberId {
        MemberId::parse(id).unwrap()
    }

    fn changes() -> Vec<Change> {
        let (member, state) = (id("a"), Some(Json::encode(&1).unwrap()));
        vec![
            Change::Joined { member: member.clone(), user: None, state: state.clone() },
            Change::Joined { member: member.clone(), user: Some(UserId::new("u").unwrap()), state: None },
            Change::Left { member: member.clone() },
            Change::Away { member: member.clone() },
            Change::Back { member, state },
        ]
    }

    /// What is written for a dialect, where it is spoken and says that.
    fn due(change: &Change, dialect: Dialect, spoken: bool) -> Option<Bytes> {
        if spoken { encode::change(change, dialect) } else { None }
    }

    #[test]
    fn one_change_is_written_for_those_who_speak_and_know_it() {
        for change in changes() {
            for spoken in SPOKEN {
                let plain = due(&change, Dialect::Plain, spoken.plain);
                let v1 = due(&change, Dialect::V1, spoken.v1);
                let frames = membership(std::slice::from_ref(&change), spoken);
                assert_eq!(frames, [PerDialect { plain, v1 }], "{change:?} for {spoken:?}");
            }
        }
    }

    #[test]
    fn frames_that_are_alike_share_their_bytes() {
        let both = Spoken { plain: true, v1: true };
        for (change, alike) in changes().into_iter().zip([true, false, true, false, false]) {
            let [PerDialect { plain, v1 }] = &*membership(&[change], both) else { panic!("one change, one frame") };
            let at = |frame: &Option<Bytes>| frame.as_ref().map(|frame| frame.as_ptr());
            assert_eq!(at(plain) == at(v1), alike, "{plain:?} and {v1:?}");
        }
    }

    #[test]
    fn several_changes_are_one_v1_message_and_single_frames_of_what_plain_knows() {
        let changes = changes();
        for spoken in SPOKEN {
            let frames = membership(&changes, spoken);
            let plain: Vec<_> = frames.iter().filter_map(|frames| frames.get(Dialect::Plain).cloned()).collect();
            let each = changes.iter().filter_map(|change| due(change, Dialect::Plain, spoken.plain));
            assert_eq!(plain, each.collect::<Vec<_>>(), "{spoken:?}");
            let v1: Vec<_> = frames.iter().filter_map(|frames| frames.get(Dialect::V1).cloned()).collect();
            let each: Vec<_> = changes.iter().filter_map(|change| encode::change(change, Dialect::V1)).collect();
            let batch = if spoken.v1 { vec![encode::batch(each.iter())] } else { Vec::new() };
            assert_eq!(v1, batch, "{spoken:?}");
        }
    }

    #[test]
    fn a_message_is_numbered_for_v1_alone() {
        let msg = Json::encode(&1).unwrap();
        for from in [None, Some(id("a"))] {
            let name = from.as_ref().map_or("", MemberId::as_str);
            for spoken in SPOKEN {
                let frames = said(from.as_ref(), &msg, 7, spoken);
                let plain = spoken.plain.then(|| encode::message(name, &msg, None));
                let v1 = spoken.v1.then(|| encode::message(name, &msg, Some(7)));
                assert_eq!(frames, PerDialect { plain, v1 });
            }
        }
        assert_eq!(Spoken::one(Dialect::Plain), SPOKEN[1]);
        assert_eq!(Spoken::one(Dialect::V1), SPOKEN[2]);
    }

    #[test]
    fn several_updates_are_a_batch_where_v1_is_spoken_and_their_bytes_are_those_of_the_frames() {
        let update = |member: &str| Update { member: id(member), state: Some(Json::encode(member).unwrap()) };
        let all = [update("a"), update("bob"), Update { member: id("c"), state: None }];
        for count in 0..=all.len() {
            for spoken in SPOKEN {
                let Updates { each, batch } = updates(&all[..count], spoken);
                assert!(each.iter().map(|(member, _)| member).eq(all[..count].iter().map(|update| &update.member)));
                assert_eq!(batch.is_some(), count > 1 && spoken.v1, "{count} for {spoken:?}");
                assert_eq!(each.iter().map(|(_, frame)| frame.len()).sum::<usize>(), update_bytes(&all[..count]));
            }
        }
    }
}
