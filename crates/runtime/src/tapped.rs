//! What of a room's effects is shown to whoever watches it.

use roomful_core::Json;
use roomful_core::room::{Change, Effect, Update};

use crate::taps::{FrameKind, Seen};

/// States of one tick that stand alone. Eight: in a large room there are hundreds thirty times a second, and nobody reads them.
const STATES_ALONE: usize = 8;

/// Tells `tell` what this effect sends.
pub(crate) fn each_of(effect: &Effect, mut tell: impl FnMut(Seen<'_>)) {
    match effect {
        Effect::Said { from, msg, .. } => tell(Seen::of(FrameKind::Message, from.as_ref(), Some(msg))),
        Effect::Told { to, msg, .. } => tell(Seen { to: Some(to), ..Seen::of(FrameKind::Answer, None, Some(msg)) }),
        Effect::Snapshot { to, listing, .. } => {
            let bytes = listing.v1.len();
            tell(Seen { to: Some(to), bytes, ..Seen::of(FrameKind::Snapshot, None, None) });
        }
        Effect::Membership { changes, .. } => changes.iter().for_each(|change| tell(of_change(change))),
        Effect::Presence { updates } => of_updates(updates, tell),
        _ => {}
    }
}

fn of_change(change: &Change) -> Seen<'_> {
    let (kind, state) = match change {
        Change::Left { .. } => (FrameKind::Leave, None),
        Change::Away { .. } => (FrameKind::Away, None),
        Change::Back { state, .. } => (FrameKind::Back, state.as_ref()),
        Change::Joined { state, .. } => (FrameKind::Join, state.as_ref()),
        _ => return Seen::of(FrameKind::Join, Some(change.member()), None),
    };
    Seen::of(kind, Some(change.member()), state)
}

fn of_updates(updates: &[Update], mut tell: impl FnMut(Seen<'_>)) {
    let (alone, others) = updates.split_at(updates.len().min(STATES_ALONE));
    for Update { member, state, .. } in alone {
        tell(Seen::of(FrameKind::Presence, Some(member), state.as_ref()));
    }
    if !others.is_empty() {
        let size = |update: &Update| update.state.as_ref().map_or(0, Json::size);
        let (count, bytes) = (others.len(), others.iter().map(size).sum());
        tell(Seen { count, bytes, ..Seen::of(FrameKind::Presence, None, None) });
    }
}

#[cfg(test)]
mod tests {
    use roomful_core::MemberId;
    use roomful_core::room::News;
    use roomful_core::roster::Number;

    use super::*;

    #[test]
    fn of_many_states_at_once_the_first_stand_alone_and_none_is_left_out() {
        let update = |nth: usize| Update {
            member: MemberId::parse(&format!("m{nth}")).unwrap(),
            number: Number(0),
            news: News::State,
            info: None,
            state: Some(Json::encode("x").unwrap()),
        };
        for (many, told) in [(0, 0), (1, 1), (STATES_ALONE, STATES_ALONE), (500, STATES_ALONE + 1)] {
            let effect = Effect::Presence { updates: (0..many).map(update).collect() };
            let mut seen = Vec::new();
            each_of(&effect, |each| seen.push((each.count, each.bytes)));
            assert_eq!(seen.len(), told, "{many}");
            assert_eq!(seen.iter().map(|(count, _)| count).sum::<usize>(), many);
            assert_eq!(seen.iter().map(|(_, bytes)| bytes).sum::<usize>(), many * 3);
        }
    }
}
