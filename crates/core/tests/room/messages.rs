//! What is said, and in what order with what was shown before.

use roomful_core::Dialect::{Plain, V1};
use roomful_core::Limits;

use crate::script::Script;

#[test]
fn a_broadcast_is_encoded_once_for_each_dialect_that_is_in() {
    let mut plain = Script::with(Limits::default(), &[("ann", Plain), ("bob", Plain)]);
    assert_eq!(
        plain.broadcast("ann", r#"{"x": 1}"#),
        [r#"plain: all but ann <- {"from":"ann","t":"msg","msg":{"x": 1}}"#]
    );
    let mut v1 = Script::with(Limits::default(), &[("ann", V1), ("bob", V1)]);
    assert_eq!(v1.broadcast("ann", "7"), [r#"v1: all but ann <- {"from":"ann","t":"msg","msg":7,"seq":1}"#]);
    let mut both = Script::with(Limits::default(), &[("ann", Plain), ("bob", V1)]);
    assert_eq!(
        both.broadcast("ann", "7"),
        [
            r#"plain: all but ann <- {"from":"ann","t":"msg","msg":7}"#,
            r#"v1: all but ann <- {"from":"ann","t":"msg","msg":7,"seq":1}"#,
        ]
    );
    both.leave("bob");
    assert_eq!(both.broadcast_all(Some("ann"), "7"), [r#"plain: all <- {"from":"ann","t":"msg","msg":7}"#]);
}

#[test]
fn each_message_of_a_room_has_the_next_number() {
    let mut room = Script::with(Limits::default(), &[("ann", V1), ("bob", V1)]);
    assert_eq!(room.broadcast("ann", "1"), [r#"v1: all but ann <- {"from":"ann","t":"msg","msg":1,"seq":1}"#]);
    assert_eq!(room.send("bob", "2"), [r#"bob <- {"from":"bob","t":"msg","msg":2,"seq":2}"#]);
    assert_eq!(room.broadcast_all(Some("bob"), "3"), [r#"v1: all <- {"from":"bob","t":"msg","msg":3,"seq":3}"#]);
}

#[test]
fn a_message_to_one_is_from_itself() {
    let mut room = Script::with(Limits::default(), &[("ann", Plain)]);
    assert_eq!(room.send("ann", r#""hello""#), [r#"ann <- {"from":"ann","t":"msg","msg":"hello"}"#]);
}

#[test]
fn the_app_speaks_for_nobody_and_who_has_left_has_last_words_alone() {
    let mut room = Script::with(Limits::default(), &[("ann", Plain), ("bob", Plain)]);
    assert_eq!(room.broadcast_all(None, "null"), [r#"plain: all <- {"from":"","t":"msg","msg":null}"#]);
    assert_eq!(room.last_words("ann", r#""bye""#), ["refused: already in the room"]);
    room.leave("ann");
    for heard in [
        room.broadcast("ann", "1"),
        room.broadcast_all(Some("ann"), "2"),
        room.send("ann", "3"),
        room.set("ann", Some("4")),
    ] {
        assert_eq!(heard, ["refused: not in the room"]);
    }
    assert_eq!(room.last_words("ann", r#""bye""#), [r#"plain: all <- {"from":"ann","t":"msg","msg":"bye"}"#]);
}

#[test]
fn a_held_state_goes_before_what_its_member_says() {
    let mut room = Script::with(Limits::default(), &[("ann", V1), ("bob", V1)]);
    room.set("bob", Some("1"));
    room.set("ann", Some("2"));
    room.set("bob", Some("3"));
    assert_eq!(
        room.broadcast("ann", r#""look""#),
        [
            r#"v1: update <- {"t":"updates","of":[[0,2]]}"#,
            r#"v1: all but ann <- {"from":"ann","t":"msg","msg":"look","seq":1}"#,
        ],
        "bob's waits on: only the sender's own order is at stake"
    );
    assert_eq!(
        room.send("bob", r#""yours""#),
        [r#"v1: update <- {"t":"updates","of":[[1,3]]}"#, r#"bob <- {"from":"bob","t":"msg","msg":"yours","seq":2}"#,]
    );
    assert!(room.at(1_033).wake().is_empty(), "nothing is sent twice");
}

#[test]
fn a_message_over_the_limit_is_refused_and_takes_no_number() {
    let mut room = Script::with(Limits::default().message_bytes(3), &[("ann", V1)]);
    let refused = ["refused: a message of 4 bytes is over the limit of 3 (`Limits::message_bytes`)"];
    assert_eq!(room.broadcast_all(None, "1234"), refused);
    assert_eq!(room.send("ann", "1234"), refused);
    assert_eq!(room.send("ann", "123"), [r#"ann <- {"from":"ann","t":"msg","msg":123,"seq":1}"#]);
}
