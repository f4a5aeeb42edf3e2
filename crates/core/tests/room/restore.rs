//! A room that was put away and came back.

use roomful_core::Dialect::{Plain, V1};
use roomful_core::Limits;

use crate::script::{NOTHING, Script};

#[test]
fn a_restored_room_is_the_same_room_and_counts_on_above_what_it_was_given() {
    let mut room = Script::with(Limits::default(), &[("ann", V1), ("bob", Plain), ("cat", V1)]);
    room.set(3, Some("1"));
    room.broadcast(1, "ann", "1");
    room.leave(1);
    room.restore();
    assert_eq!(room.roster(), ["bob", "cat 1"]);
    assert_eq!(
        room.join(4, V1, "dan", None),
        [
            concat!(
                r#"4 <- {"t":"snapshot","self":"dan","members":[{"id":"bob"},{"id":"cat","state":1},{"id":"dan"}],"#,
                r#""seq":1000,"epoch":"e","heartbeat":25000,"limits":{"frame":65536}}"#
            ),
            r#"all but 4 <- {"from":"dan","t":"presence","op":"join"}"#,
            "keep 4: V1, place 3, dan",
        ]
    );
    assert_eq!(
        room.broadcast(2, "bob", "2"),
        [
            r#"plain: all but 2 <- {"from":"bob","t":"msg","msg":2}"#,
            r#"v1: all but 2 <- {"from":"bob","t":"msg","msg":2,"seq":1001}"#,
        ],
        "it knows still who speaks what"
    );
}

#[test]
fn a_state_that_was_held_is_told_after_the_return() {
    let mut room = Script::with(Limits::default(), &[("ann", V1), ("bob", V1)]);
    room.set(1, Some("1"));
    assert_eq!(room.set(2, Some("2"))[1], "wake at 1033");
    room.restore();
    assert_eq!(
        room.at(1_033).wake(),
        [
            r#"update <- {"from":"ann","t":"presence","op":"update","state":1}"#,
            r#"update <- {"from":"bob","t":"presence","op":"update","state":2}"#,
            concat!(
                r#"the same, v1 <- [{"from":"ann","t":"presence","op":"update","state":1},"#,
                r#"{"from":"bob","t":"presence","op":"update","state":2}]"#
            ),
        ],
        "which of them was held is not known any more, so everybody's is told"
    );
}

#[test]
fn a_room_that_held_nothing_says_nothing_when_it_returns() {
    let mut room = Script::with(Limits::default(), &[("ann", V1), ("bob", V1)]);
    room.set(1, Some("1"));
    room.restore();
    assert_eq!(
        room.at(5_000).broadcast(1, "ann", "1"),
        [r#"v1: all but 1 <- {"from":"ann","t":"msg","msg":1,"seq":1001}"#]
    );
    room.set(1, Some("2"));
    room.set(1, Some("3"));
    assert_eq!(room.at(5_033).wake(), [r#"update <- {"from":"ann","t":"presence","op":"update","state":3}"#]);
    assert_eq!(room.leave(1), [r#"all <- {"from":"ann","t":"presence","op":"leave"}"#]);
    assert!(room.leave(2).is_empty());
    room.restore();
    assert_eq!(room.wake(), NOTHING, "an empty room has nobody to tell");
}
