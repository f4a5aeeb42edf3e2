//! When states go out: at once from a quiet room, once a tick from a busy one.

use roomful_core::Dialect::{Plain, V1};
use roomful_core::Limits;

use crate::script::{NOTHING, Script};

#[test]
fn a_quiet_room_sends_at_once_and_then_collects_for_a_tick() {
    let mut room = Script::kept_with(Limits::default(), &[("ann", V1), ("bob", Plain), ("cat", V1)]);
    assert_eq!(
        room.set("bob", Some("1")),
        [
            "keep bob: place 1, 1",
            r#"plain: update <- {"from":"bob","t":"presence","op":"update","state":1}"#,
            r#"v1: update <- {"t":"updates","of":[[1,1]]}"#,
        ]
    );
    assert_eq!(room.at(1_010).set("cat", Some("2")), ["keep cat: place 2, 2", "wake at 1033"]);
    assert_eq!(room.at(1_020).set("ann", Some("3")), ["keep ann: place 0, 3"], "one wake is enough");
    assert_eq!(room.at(1_030).set("cat", Some("4")), ["keep cat: place 2, 4"]);
    assert_eq!(
        room.at(1_033).wake(),
        [
            r#"plain: update <- {"from":"ann","t":"presence","op":"update","state":3}"#,
            r#"plain: update <- {"from":"cat","t":"presence","op":"update","state":4}"#,
            r#"v1: update <- {"t":"updates","of":[[0,3],[2,4]]}"#,
        ],
        "everybody who changed, in join order, each once, in its latest state"
    );
    assert_eq!(
        room.at(1_066).set("ann", None),
        [
            "keep ann: place 0",
            r#"plain: update <- {"from":"ann","t":"presence","op":"update"}"#,
            r#"v1: update <- {"t":"updates","of":[[0]]}"#
        ],
        "a tick later the room is quiet again"
    );
}

#[test]
fn a_batch_is_made_only_where_somebody_takes_it() {
    let mut plain = Script::kept_with(Limits::default(), &[("ann", Plain), ("bob", Plain)]);
    plain.set("ann", Some("1"));
    plain.set("ann", Some("2"));
    plain.set("bob", Some("3"));
    assert_eq!(
        plain.at(1_033).wake(),
        [
            r#"plain: update <- {"from":"ann","t":"presence","op":"update","state":2}"#,
            r#"plain: update <- {"from":"bob","t":"presence","op":"update","state":3}"#,
        ]
    );
}

#[test]
fn a_late_wake_still_collects_and_an_early_one_is_asked_for_again() {
    let mut room = Script::kept_with(Limits::default(), &[("ann", V1)]);
    room.set("ann", Some("1"));
    room.set("ann", Some("2"));
    assert_eq!(room.at(1_032).wake(), ["wake at 1033"]);
    assert_eq!(room.at(1_050).set("ann", Some("3")), ["keep ann: place 0, 3"]);
    assert_eq!(room.at(1_051).wake(), [r#"v1: update <- {"t":"updates","of":[[0,3]]}"#]);
    assert_eq!(room.at(1_060).set("ann", Some("4"))[1], "wake at 1066", "the tick runs on from when that was due");
}

#[test]
fn ticks_stay_on_their_grid_unless_one_is_missed() {
    let mut room = Script::kept_with(Limits::default(), &[("ann", V1)]);
    room.set("ann", Some("1"));
    assert_eq!(room.set("ann", Some("2"))[1], "wake at 1033");
    room.at(1_035).wake();
    assert_eq!(room.set("ann", Some("3"))[1], "wake at 1066", "two milliseconds late, and the next is not");
    room.at(1_099).wake();
    assert_eq!(
        room.set("ann", Some("4"))[1],
        "wake at 1132",
        "a whole tick late: from now on, or two would come at once"
    );
    room.at(1_132).wake();
    assert_eq!(room.at(1_190).set("ann", Some("5"))[1..], [r#"v1: update <- {"t":"updates","of":[[0,5]]}"#]);
    assert_eq!(room.set("ann", Some("6"))[1], "wake at 1198", "what a quiet room sent at once was due at 1165");
}

#[test]
fn no_state_and_null_are_told_apart() {
    let mut room = Script::kept_with(Limits::default(), &[("ann", V1)]);
    assert_eq!(
        room.set("ann", Some("null")),
        ["keep ann: place 0, null", r#"v1: update <- {"t":"updates","of":[[0,null]]}"#]
    );
    assert_eq!(room.at(2_000).set("ann", None), ["keep ann: place 0", r#"v1: update <- {"t":"updates","of":[[0]]}"#]);
}

#[test]
fn the_tick_grows_so_that_the_room_stays_within_its_bytes() {
    let frame = r#"{"from":"ann","t":"presence","op":"update","state":1}"#;
    let bytes_a_second = 4 * frame.len() as u64;
    let limits = Limits::default().presence_bytes_per_second(bytes_a_second);
    let mut one = Script::kept_with(limits.clone(), &[("ann", V1)]);
    one.set("ann", Some("1"));
    assert_eq!(one.set("ann", Some("2"))[1], "wake at 1250", "a quarter of a second's bytes, a quarter of a second");
    let mut two = Script::kept_with(limits.clone(), &[("ann", V1), ("bob", Plain)]);
    two.set("ann", Some("1"));
    assert_eq!(two.set("ann", Some("2"))[1], "wake at 1500", "the bytes of all receivers count");
    let mut many = Script::kept_with(limits, &[("ann", V1), ("b", V1), ("c", V1), ("d", V1), ("e", V1), ("f", V1)]);
    many.set("ann", Some("1"));
    assert_eq!(many.set("ann", Some("2"))[1], "wake at 2000", "but never over a second");
}

#[test]
fn a_state_that_waits_goes_with_its_member() {
    let mut room = Script::kept_with(Limits::default(), &[("ann", Plain), ("bob", Plain)]);
    room.set("ann", Some("1"));
    room.set("ann", Some("2"));
    assert_eq!(room.leave("ann"), [r#"all <- {"from":"ann","t":"presence","op":"leave"}"#]);
    assert_eq!(room.set("ann", Some("3")), ["refused: not in the room"], "and cannot come back after it");
    assert_eq!(room.at(1_033).wake(), NOTHING);
    assert_eq!(
        room.set("bob", Some("4")),
        ["keep bob: place 1, 4", r#"plain: update <- {"from":"bob","t":"presence","op":"update","state":4}"#],
        "nothing was sent, so the room is quiet"
    );
}

#[test]
fn a_joiner_gets_a_held_state_with_the_snapshot() {
    let mut room = Script::kept_with(Limits::default(), &[("ann", Plain)]);
    room.set("ann", Some("1"));
    room.set("ann", Some("2"));
    assert_eq!(
        room.join("bob", Plain, None)[0],
        r#"bob <- {"t":"snapshot","self":"bob","members":[{"id":"ann","state":2},{"id":"bob"}]}"#
    );
    assert_eq!(room.at(1_033).wake(), [r#"plain: update <- {"from":"ann","t":"presence","op":"update","state":2}"#]);
}

#[test]
fn a_state_over_the_limit_leaves_the_old_one() {
    let mut room = Script::kept_with(Limits::default().presence_bytes(3), &[("ann", Plain)]);
    room.set("ann", Some("123"));
    assert_eq!(
        room.at(2_000).set("ann", Some("1234")),
        ["refused: a presence state of 4 bytes is over the limit of 3 (`Limits::presence_bytes`)"]
    );
    assert_eq!(room.roster(), ["ann 123"]);
}
