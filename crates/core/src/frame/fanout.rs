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

/// Presence updates, for each dialect that somebody in the room speaks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Updates {
    /// For plain receivers: one frame for each whose state is new, in order.
    pub plain: Option<Vec<Bytes>>,
    /// For v1 receivers: one message that holds all of them.
    pub v1: Option<Bytes>,
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

/// What members show now, and what the server says of them.
#[must_use]
pub fn updates(updates: &[Update], spoken: Spoken) -> Updates {
    let shown = updates.iter().filter(|update| update.news.has_state());
    let plain = |update: &Update| encode::update(&update.member, update.state.as_ref());
    Updates { plain: spoken.plain.then(|| shown.map(plain).collect()), v1: spoken.v1.then(|| of_a_tick(updates)) }
}

/// What is said of a member whose info is new, as v1 is told it.
#[must_use]
pub fn informing(update: &Update) -> Bytes {
    encode::informing_update(&update.member, update.info.as_ref(), update.state.as_ref())
}

/// How many bytes one receiver is sent of these updates, at the most: a plain one is of states, a v1 one where an info is new.
#[must_use]
pub fn update_bytes(updates: &[Update]) -> usize {
    let bytes = |update: &Update| match update.news.has_info() {
        true => informing(update).len(),
        false => encode::update_bytes(&update.member, update.state.as_ref()),
    };
    updates.iter().map(bytes).sum()
}

/// One frame, or a batch where somebody's info is new: that is told by its id.
fn of_a_tick(updates: &[Update]) -> Bytes {
    let shown = updates.iter().filter(|update| !update.news.has_info());
    let informed = updates.iter().filter(|update| update.news.has_info());
    let mut frames: Vec<_> = informed.map(informing).collect();
    if frames.len() < updates.len() {
        frames.insert(0, super::updates::frame(shown));
    }
    if frames.len() == 1 { frames.swap_remove(0) } else { encode::batch(frames.iter()) }
}

fn one_change(change: &Change, spoken: Spoken) -> PerDialect {
    match change {
        Change::Left { .. } => match encode::change(change, Dialect::V1) {
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
    use crate::number::Number;
    use crate::room::News;

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
        let joined = |user, state: &Option<Json>| {
            let (member, state) = (member.clone(), state.clone());
            Change::Joined { member, number: Number(7), user, info: None, state }
        };
        vec![
            joined(None, &state),
            joined(Some(UserId::new("u").unwrap()), &None),
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
        for (change, alike) in changes().into_iter().zip([false, false, true, false, false]) {
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
    fn updates_are_single_frames_for_plain_and_one_frame_for_v1_which_is_never_longer() {
        let update = |member: &str, number, state: Option<&str>| {
            let state = state.map(|state| Json::encode(state).unwrap());
            Update { member: id(member), number: Number(number), news: News::State, info: None, state }
        };
        let all = [update("a", 12, Some("x")), update("bob", 0, Some("y")), update("c", u32::MAX, None)];
        for count in 1..=all.len() {
            for spoken in SPOKEN {
                let Updates { plain, v1 } = updates(&all[..count], spoken);
                let each = |update: &Update| encode::update(&update.member, update.state.as_ref());
                let frames: Vec<_> = all[..count].iter().map(each).collect();
                assert_eq!(frames.iter().map(Bytes::len).sum::<usize>(), update_bytes(&all[..count]));
                assert_eq!(plain, spoken.plain.then_some(frames));
                assert_eq!(v1, spoken.v1.then(|| super::super::updates::frame(all[..count].iter())));
                assert!(v1.is_none_or(|frame| frame.len() <= update_bytes(&all[..count])));
            }
        }
    }

    #[test]
    fn an_info_that_is_new_is_told_by_id_in_v1_and_of_plain_only_what_is_shown_is() {
        let json = |text: &str| Json::encode(text).unwrap();
        let update = |member: &str, number, news, info: Option<&str>| {
            let (info, state) = (info.map(json), Some(json(member)));
            Update { member: id(member), number: Number(number), news, info, state }
        };
        let informing = |member: &str, info: &str| {
            format!(r#"{{"from":"{member}","t":"presence","op":"update","info":{info},"state":"{member}"}}"#)
        };
        let (a, b) = (update("a", 0, News::Info, Some("A")), update("b", 1, News::State, Some("B")));
        let (c, d) = (update("c", 2, News::Both, None), update("d", 3, News::State, None));
        for (told, plain, v1) in [
            (vec![&a], vec![], informing("a", "\"A\"")),
            (vec![&c], vec!["c"], informing("c", "null")),
            (vec![&a, &c], vec!["c"], format!("[{},{}]", informing("a", "\"A\""), informing("c", "null"))),
            (vec![&b, &d], vec!["b", "d"], r#"{"t":"updates","of":[[1,"b"],[3,"d"]]}"#.to_owned()),
            (
                vec![&a, &b, &d],
                vec!["b", "d"],
                format!(r#"[{{"t":"updates","of":[[1,"b"],[3,"d"]]}},{}]"#, informing("a", "\"A\"")),
            ),
        ] {
            let told: Vec<_> = told.into_iter().cloned().collect();
            let frames = updates(&told, SPOKEN[3]);
            assert_eq!(frames.v1.as_deref(), Some(v1.as_bytes()));
            let plain: Vec<_> =
                plain.into_iter().map(|member| encode::update(&id(member), Some(&json(member)))).collect();
            assert_eq!(frames.plain, Some(plain));
            assert!(frames.v1.unwrap().len() <= update_bytes(&told) + told.len() + 1);
        }
    }
}
