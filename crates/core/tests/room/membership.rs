//! Who comes and goes.

use roomful_core::Dialect::{Plain, V1};
use roomful_core::Limits;

use crate::script::Script;

#[test]
fn the_joiner_is_sent_the_room_and_the_others_are_told_of_it() {
    let mut room = Script::new(Limits::default());
    assert_eq!(
        room.join(1, Plain, "ann", Some(r#"{"n":0}"#)),
        [
            r#"1 <- {"t":"snapshot","self":"ann","members":[{"id":"ann","state":{"n":0}}]}"#,
            r#"keep 1: Plain, place 0, ann, {"n":0}"#,
        ]
    );
    assert_eq!(
        room.join(2, Plain, "bob", None),
        [
            r#"2 <- {"t":"snapshot","self":"bob","members":[{"id":"ann","state":{"n":0}},{"id":"bob"}]}"#,
            r#"all but 2 <- {"from":"bob","t":"presence","op":"join"}"#,
            "keep 2: Plain, place 1, bob",
        ]
    );
    assert_eq!(
        room.join(3, Plain, "cat", Some("null")),
        [
            concat!(
                r#"3 <- {"t":"snapshot","self":"cat","members":"#,
                r#"[{"id":"ann","state":{"n":0}},{"id":"bob"},{"id":"cat","state":null}]}"#
            ),
            r#"all but 3 <- {"from":"cat","t":"presence","op":"join","state":null}"#,
            "keep 3: Plain, place 2, cat, null",
        ]
    );
}

#[test]
fn a_v1_snapshot_says_where_the_numbers_stand() {
    let mut room = Script::with(Limits::default(), &[("ann", Plain)]);
    room.broadcast_all(None, "1");
    room.broadcast_all(None, "2");
    let snapshot = concat!(
        r#"2 <- {"t":"snapshot","self":"bob","members":[{"id":"ann"},{"id":"bob"}],"#,
        r#""seq":2,"epoch":"e","heartbeat":25000,"limits":{"frame":65536}}"#
    );
    assert_eq!(room.join(2, V1, "bob", None)[0], snapshot);
}

#[test]
fn a_leave_is_told_to_those_who_stay() {
    let mut room = Script::with(Limits::default(), &[("ann", Plain), ("bob", V1)]);
    assert_eq!(room.leave(1), [r#"all <- {"from":"ann","t":"presence","op":"leave"}"#]);
    assert_eq!(room.roster(), ["bob"]);
    assert!(room.leave(2).is_empty(), "nobody is left to tell");
    assert!(room.roster().is_empty());
}

#[test]
fn who_leaves_and_joins_stands_last() {
    let mut room = Script::with(Limits::default(), &[("ann", Plain), ("bob", Plain)]);
    room.leave(1);
    room.join(3, Plain, "cat", None);
    room.join(4, Plain, "ann", None);
    room.set(2, Some("1"));
    assert_eq!(room.roster(), ["bob 1", "cat", "ann"]);
}

#[test]
fn what_is_refused_changes_nothing() {
    let mut room = Script::with(Limits { members: 2, presence_bytes: 4, ..Limits::default() }, &[("ann", Plain)]);
    assert_eq!(room.join(1, Plain, "bob", None), ["refused: already in the room"]);
    assert_eq!(room.join(2, Plain, "ann", None), ["refused: already in the room"]);
    assert_eq!(
        room.join(2, Plain, "bob", Some("12345")),
        ["refused: a presence state of 5 bytes is over the limit of 4 (`Limits::presence_bytes`)"]
    );
    room.join(2, Plain, "bob", Some("1234"));
    assert_eq!(room.join(3, Plain, "cat", None), ["refused: the room is full: 2 members (`Limits::members`)"]);
    assert_eq!(room.leave(3), ["refused: not in the room"]);
    assert_eq!(room.set(3, None), ["refused: not in the room"]);
    assert_eq!(room.send(3, "1"), ["refused: not in the room"]);
    assert_eq!(room.roster(), ["ann", "bob 1234"]);
}
