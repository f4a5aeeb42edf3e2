//! Which number names a member, and when another is given it.

use roomful_core::Dialect::{Plain, V1};
use roomful_core::room::{Input, Kept};
use roomful_core::roster::{Number, Place};
use roomful_core::{Generation, Limits};

use crate::script::{NOTHING, Script, id};

/// Where everybody who comes or goes within a tick waits for it.
fn gathers(members: &[&str]) -> Script {
    let mut room = Script::new(Limits::default().announce_at_once(0));
    for (tick, member) in members.iter().enumerate() {
        room.at(100 * tick as u64).join(member, V1, None);
    }
    room
}

fn numbers(room: &Script) -> Vec<String> {
    room.room().roster().iter().map(|entry| format!("{} {}", entry.member, entry.number.0)).collect()
}

#[test]
fn a_number_is_given_again_once_the_leave_of_who_had_it_was_told() {
    let mut room = Script::with(Limits::default(), &[("ann", V1), ("bob", V1), ("cat", Plain)]);
    assert_eq!(numbers(&room), ["ann 0", "bob 1", "cat 2"]);
    room.leave("bob");
    room.leave("ann");
    assert_eq!(
        room.join("dan", V1, None)[1..],
        [
            r#"plain: all but dan <- {"from":"dan","t":"presence","op":"join"}"#,
            r#"v1: all but dan <- {"from":"dan","t":"presence","op":"join","n":0}"#,
        ]
    );
    room.join("eve", V1, None);
    room.join("fay", V1, None);
    assert_eq!(numbers(&room), ["cat 2", "dan 0", "eve 1", "fay 3"], "the smallest first, and nobody's twice");
    assert_eq!(room.set("dan", Some("1"))[1], r#"v1: update <- {"t":"updates","of":[[0,1]]}"#);
}

#[test]
fn in_one_tick_a_newcomer_may_have_the_number_of_who_left_because_the_leave_stands_before_it() {
    let mut room = gathers(&["ann", "bob", "cat"]);
    room.at(300).set("ann", Some("1"));
    room.set("bob", Some("2"));
    room.leave("cat");
    room.leave("bob");
    room.join("dan", V1, Some("3"));
    assert_eq!(numbers(&room), ["ann 0"], "who waits has none yet");
    assert_eq!(
        room.at(333).wake()[..2],
        [
            concat!(
                r#"v1: all <- [{"from":"bob","t":"presence","op":"leave"},"#,
                r#"{"from":"dan","t":"presence","op":"join","n":1,"state":3}]"#
            ),
            "in is dan",
        ],
        "cat's leave was told at once, and so was ann's state; bob's is gone with it"
    );
    assert_eq!(room.at(400).set("dan", Some("4")), [r#"v1: update <- {"t":"updates","of":[[1,4]]}"#]);
}

#[test]
fn a_leave_that_is_told_ahead_of_its_tick_frees_the_number_and_one_that_waits_does_not() {
    let limits = Limits::default().announce_at_once(0).admission_bytes(0);
    let mut room = Script::with(limits, &[]);
    for (now, member) in [(0, "ann"), (100, "bob"), (200, "cat"), (300, "dan")] {
        room.at(now).join(member, V1, None);
    }
    room.at(400).leave("dan");
    room.leave("ann");
    room.leave("bob");
    room.join("eve", V1, None);
    room.join("fay", V1, None);
    room.broadcast("bob", r#""bye""#);
    room.at(433).wake();
    assert_eq!(numbers(&room), ["cat 2", "eve 0"]);
    room.leave("cat");
    room.at(466).wake();
    assert_eq!(numbers(&room), ["eve 0", "fay 1"]);
}

#[test]
fn who_left_and_is_told_to_nobody_is_known_to_nobody_by_its_number() {
    let mut room = gathers(&["ann", "bob", "cat"]);
    room.at(300).leave("ann");
    room.leave("bob");
    assert_eq!(room.away("cat"), NOTHING);
    room.at(400).join("dan", V1, None);
    room.join("eve", V1, None);
    room.at(433).wake();
    assert_eq!(numbers(&room), ["cat 2", "dan 0", "eve 1"]);

    let mut room = gathers(&["ann", "bob"]);
    room.at(200).away("ann");
    assert_eq!(room.leave("bob"), NOTHING);
    room.at(300).join("cat", V1, None);
    assert_eq!(numbers(&room), ["ann 0", "cat 1"]);
}

#[test]
fn while_the_process_stops_a_leave_is_told_to_nobody_and_its_number_given_to_nobody() {
    let mut room = gathers(&["ann", "bob", "cat", "dan"]);
    room.at(400).leave("ann");
    room.leave("bob");
    room.tell(Input::Drain);
    room.leave("cat");
    room.at(500).join("eve", V1, None);
    room.at(600).join("fay", V1, None);
    assert_eq!(numbers(&room), ["dan 3", "eve 0", "fay 4"], "of the first alone the leave was told");
}

#[test]
fn who_is_away_keeps_its_number() {
    let mut room = Script::with(Limits::default(), &[("ann", V1), ("bob", V1)]);
    room.away("ann");
    room.join("cat", V1, None);
    room.back("ann", V1);
    assert_eq!(numbers(&room), ["ann 0", "bob 1", "cat 2"]);
}

#[test]
fn a_restored_room_names_its_members_as_those_who_are_connected_know_them() {
    let mut room = Script::kept_with(Limits::default(), &[("ann", V1), ("bob", V1), ("cat", V1), ("dan", V1)]);
    room.leave("ann");
    room.leave("cat");
    room.restore();
    assert_eq!(numbers(&room), ["bob 1", "dan 3"]);
    room.set("dan", Some("1"));
    assert_eq!(room.at(2_000).set("bob", Some("2"))[1], r#"v1: update <- {"t":"updates","of":[[1,2]]}"#);
    for member in ["eve", "fay", "gus"] {
        room.join(member, V1, None);
    }
    assert_eq!(numbers(&room), ["bob 1", "dan 3", "eve 0", "fay 2", "gus 4"]);
}

#[test]
fn who_claims_the_number_of_another_or_one_that_no_room_gives_is_not_restored() {
    for number in [0, 1, 1 << 24, u32::MAX] {
        let mut room = Script::kept_with(Limits::default(), &[("ann", V1), ("bob", V1)]);
        room.restore_with(kept("cat", 7, number, 0));
        assert_eq!(room.roster(), ["ann", "bob"], "{number}");
    }
}

#[test]
fn of_two_claims_to_a_member_only_the_number_of_the_one_that_is_restored_is_taken() {
    for (generation, number, restored, next) in
        [(1, 5, "ann 5", "cat 0"), (1, 0, "ann 0", "cat 2"), (0, 5, "ann 0", "cat 2"), (1, 1, "ann 0", "cat 2")]
    {
        let mut room = Script::kept_with(Limits::default(), &[("ann", V1), ("bob", V1)]);
        room.restore_with(kept("ann", 0, number, generation));
        room.join("cat", V1, None);
        assert_eq!(numbers(&room), [restored, "bob 1", next], "{number} of generation {generation}");
        for member in ["dan", "eve", "fay"] {
            room.join(member, V1, None);
        }
        let mut all: Vec<_> = room.room().roster().iter().map(|entry| entry.number).collect();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 6, "nobody has another's");
    }
}

fn kept(member: &str, place: u64, number: u32, generation: u32) -> Kept {
    Kept {
        member: id(member),
        place: Place(place),
        number: Number(number),
        generation: Generation(generation),
        user: None,
        away: false,
        info: None,
        state: None,
    }
}
