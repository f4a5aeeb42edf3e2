//! Five hundred cursors at thirty a second in one room, which is what the presence lane is for.

#![expect(clippy::expect_used, reason = "what a test writes itself is right, or the test is wrong")]

use std::collections::BTreeMap;

use roomful_core::Dialect::V1;
use roomful_core::room::{Effect, Input};
use roomful_core::{Json, Limits, Millis};

use crate::script::{Script, id};

const MEMBERS: u64 = 500;
/// A member's id is a UUID in a real room, so that the bytes that the budget counts are those of a real one.
const STATE: &str = r#"{"x":0.123,"y":0.456,"name":"Ann"}"#;
const SECONDS: u64 = 10;
const STATES: u64 = SECONDS * 30;

/// When a member sets its nth state, in thirds of a millisecond: thirty a second, each member at its own moment.
fn set_at(member: u64, nth: u64) -> u64 {
    nth * 100 + member * 100 / MEMBERS
}

#[test]
fn nearly_all_states_of_five_hundred_cursors_are_sent_though_every_wake_is_late() {
    for late in [0, 1, 2] {
        let sent = states_sent(late);
        let of = MEMBERS * STATES;
        assert!(sent * 100 >= of * 98, "{sent} of {of} states were sent, with wakes {late} ms late");
    }
}

fn states_sent(late: Millis) -> u64 {
    // All of them are in before it begins.
    let mut room = Script::new(Limits::default().announce_at_once(MEMBERS as usize));
    for member in 0..MEMBERS {
        room.join(&name(member), V1, None);
    }
    let mut due: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for (nth, member) in (0..STATES).flat_map(|nth| (0..MEMBERS).map(move |member| (nth, member))) {
        due.entry(set_at(member, nth) / 3).or_default().push(member);
    }
    let mut sent = 0;
    for now in 0..SECONDS * 1_000 + 100 {
        let sets = due.remove(&now).unwrap_or_default();
        let state: Json = serde_json::from_str(STATE).expect("this is JSON");
        let sets =
            sets.into_iter().map(|member| Input::SetPresence { member: id(&name(member)), state: Some(state.clone()) });
        let wakes = room.room().next_wake().filter(|at| *at + late <= now).map(|_| Input::Wake);
        for input in sets.chain(wakes).collect::<Vec<_>>() {
            for effect in room.at(now).effects(input) {
                if let Effect::Presence { updates } = effect {
                    sent += updates.len() as u64;
                }
            }
        }
    }
    sent
}

fn name(member: u64) -> String {
    format!("{member:036}")
}
