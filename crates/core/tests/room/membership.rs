//! Who comes and goes.

use roomful_core::Dialect::{Plain, V1};
use roomful_core::Limits;

use crate::script::Script;

#[test]
fn the_joiner_is_sent_the_room_and_the_others_are_told_of_it() {
    let mut room = Script::that_may_be_put_away(Limits::default());
    assert_eq!(
        room.join("ann", Plain, Some(r#"{"n":0}"#)),
        [
            r#"ann <- {"t":"snapshot","self":"ann","members":[{"id":"ann","state":{"n":0}}]}"#,
            r#"keep ann: place 0, {"n":0}"#,
        ]
    );
    assert_eq!(
        room.join("bob", Plain, None),
        [
            r#"bob <- {"t":"snapshot","self":"bob","members":[{"id":"ann","state":{"n":0}},{"id":"bob"}]}"#,
            r#"plain: all but bob <- {"from":"bob","t":"presence","op":"join"}"#,
            "keep bob: place 1",
        ]
    );
    assert_eq!(
        room.join("cat", Plain, Some("null")),
        [
            concat!(
                r#"cat <- {"t":"snapshot","self":"cat","members":"#,
                r#"[{"id":"ann","state":{"n":0}},{"id":"bob"},{"id":"cat","state":null}]}"#
            ),
            r#"plain: all but cat <- {"from":"cat","t":"presence","op":"join","state":null}"#,
            "keep cat: place 2, null",
        ]
    );
}

#[test]
fn a_v1_snapshot_says_where_the_numbers_stand() {
    let mut room = Script::with(Limits::default(), &[("ann", Plain)]);
    room.broadcast_all(None, "1");
    room.broadcast_all(None, "2");
    let snapshot = concat!(
        r#"bob <- {"t":"snapshot","self":"bob","members":[{"id":"ann","n":0},{"id":"bob","n":1}],"#,
        r#""seq":2,"epoch":"e","heartbeat":25000,"limits":{"frame":65536}}"#
    );
    assert_eq!(room.join("bob", V1, None)[0], snapshot);
}

#[test]
fn a_leave_is_told_to_those_who_stay() {
    let mut room = Script::with(Limits::default(), &[("ann", Plain), ("bob", V1)]);
    assert_eq!(room.leave("ann"), [r#"all <- {"from":"ann","t":"presence","op":"leave"}"#]);
    assert_eq!(room.roster(), ["bob"]);
    assert!(room.leave("bob").is_empty(), "nobody is left to tell");
    assert!(room.roster().is_empty());
}

#[test]
fn who_leaves_and_joins_stands_last() {
    let mut room = Script::with(Limits::default(), &[("ann", Plain), ("bob", Plain)]);
    room.leave("ann");
    room.join("cat", Plain, None);
    room.join("ann", Plain, None);
    room.set("bob", Some("1"));
    assert_eq!(room.roster(), ["bob 1", "cat", "ann"]);
}

#[test]
fn what_is_refused_changes_nothing() {
    let mut room = Script::with(Limits::default().members(2).presence_bytes(4), &[("ann", Plain)]);
    assert_eq!(room.join("ann", Plain, None), ["refused: already in the room"]);
    assert_eq!(
        room.join("bob", Plain, Some("12345")),
        ["refused: a presence state of 5 bytes is over the limit of 4 (`Limits::presence_bytes`)"]
    );
    room.join("bob", Plain, Some("1234"));
    assert_eq!(room.join("cat", Plain, None), ["refused: the room is full: 2 members (`Limits::members`)"]);
    assert_eq!(room.leave("cat"), ["refused: not in the room"]);
    assert_eq!(room.set("cat", None), ["refused: not in the room"]);
    assert_eq!(room.send("cat", "1"), ["refused: not in the room"]);
    assert_eq!(room.roster(), ["ann", "bob 1234"]);
}
