//! Whose a member is, which v1 alone is told.

use roomful_core::Dialect::{Plain, V1};
use roomful_core::Limits;
use roomful_core::room::Input;

use crate::script::{NOTHING, Script};

#[test]
fn a_user_is_in_v1_snapshots_and_joins_and_nowhere_else() {
    let mut room = Script::that_may_be_put_away(Limits::default());
    assert_eq!(
        room.join_of("ann", "u1", Plain),
        [
            r#"ann <- {"t":"snapshot","self":"ann","members":[{"id":"ann"}]}"#,
            "keep ann: place 0, of u1",
            "user u1 came by ann"
        ]
    );
    assert_eq!(
        room.join_of("bob", "u1", V1),
        [
            concat!(
                r#"bob <- {"t":"snapshot","self":"bob","members":[{"id":"ann","n":0,"user":"u1"},{"id":"bob","n":1,"user":"u1"}],"#,
                r#""seq":0,"epoch":"e","heartbeat":25000,"limits":{"frame":65536}}"#
            ),
            r#"plain: all but bob <- {"from":"bob","t":"presence","op":"join"}"#,
            r#"v1: all but bob <- {"from":"bob","t":"presence","op":"join","n":1,"user":"u1"}"#,
            "keep bob: place 1, of u1",
        ],
        "several members may be one user"
    );
    assert_eq!(
        room.join_of("cat", "u2", V1)[1..],
        [
            r#"plain: all but cat <- {"from":"cat","t":"presence","op":"join"}"#,
            r#"v1: all but cat <- {"from":"cat","t":"presence","op":"join","n":2,"user":"u2"}"#,
            "keep cat: place 2, of u2",
            "user u2 came by cat",
        ]
    );
    assert_eq!(
        room.set("ann", Some("1"))[1..],
        [
            r#"plain: update <- {"from":"ann","t":"presence","op":"update","state":1}"#,
            r#"v1: update <- {"t":"updates","of":[[0,1]]}"#
        ]
    );
    assert_eq!(room.away("cat")[1], r#"v1: all <- {"from":"cat","t":"presence","op":"away"}"#);
    assert_eq!(room.back("cat", V1)[2], r#"v1: all but cat <- {"from":"cat","t":"presence","op":"update"}"#);
    assert_eq!(room.leave("bob"), [r#"all <- {"from":"bob","t":"presence","op":"leave"}"#]);
    room.restore();
    assert_eq!(
        room.join("dan", V1, None)[0],
        concat!(
            r#"dan <- {"t":"snapshot","self":"dan","members":"#,
            r#"[{"id":"ann","n":0,"user":"u1","state":1},{"id":"cat","n":2,"user":"u2"},{"id":"dan","n":1}],"#,
            r#""seq":1000,"epoch":"e","heartbeat":25000,"limits":{"frame":65536}}"#
        )
    );
}

#[test]
fn users_who_come_together_are_told_in_both_dialects() {
    let mut room = Script::new(Limits::default().announce_at_once(0));
    room.join("ann", V1, None);
    room.join_of("bob", "u", V1);
    room.join("cat", Plain, None);
    room.at(1_033).wake();
    room.join_of("dan", "u", V1);
    room.join_of("eve", "w", Plain);
    assert_eq!(
        room.at(1_066).wake()[..3],
        [
            r#"plain: all <- {"from":"dan","t":"presence","op":"join"}"#,
            r#"plain: all <- {"from":"eve","t":"presence","op":"join"}"#,
            concat!(
                r#"v1: all <- [{"from":"dan","t":"presence","op":"join","n":3,"user":"u"},"#,
                r#"{"from":"eve","t":"presence","op":"join","n":4,"user":"w"}]"#
            ),
        ]
    );
}

#[test]
fn the_bytes_of_snapshots_that_a_tick_gives_out_are_those_of_v1() {
    let listed = concat!(
        r#"{"id":"ann","n":0},{"id":"bob","n":4294967295,"user":"u"},"#,
        r#"{"id":"cat","n":4294967295,"user":"u"}"#
    );
    for (admission_bytes, waiting) in [(2 * listed.len(), false), (2 * listed.len() - 1, true)] {
        let mut room = Script::new(Limits::default().announce_at_once(0).admission_bytes(admission_bytes));
        room.join("ann", Plain, None);
        room.join_of("bob", "u", Plain);
        room.join_of("cat", "u", V1);
        room.at(1_033).wake();
        assert_eq!((room.is_waiting("bob"), room.is_waiting("cat")), (false, waiting), "{admission_bytes} bytes");
    }
}

/// What is said of users, of all that an input leads to.
fn of_users(lines: Vec<String>) -> Vec<String> {
    lines.into_iter().filter(|line| line.starts_with("user ")).collect()
}

#[test]
fn a_user_comes_with_its_first_member_and_goes_with_its_last() {
    let mut room = Script::that_may_be_put_away(Limits::default());
    assert_eq!(of_users(room.join_of("a1", "ann", V1)), ["user ann came by a1"]);
    assert_eq!(of_users(room.join("x", V1, None)), NOTHING);
    assert_eq!(of_users(room.join_of("a2", "ann", Plain)), NOTHING);
    assert_eq!(of_users(room.join_of("b1", "bob", Plain)), ["user bob came by b1"]);
    assert_eq!(of_users(room.away("a1")), NOTHING);
    assert_eq!(of_users(room.leave("a2")), NOTHING, "one is held");
    assert_eq!(of_users(room.back("a1", V1)), NOTHING);
    room.restore();
    assert_eq!(of_users(room.join_of("b2", "bob", Plain)), NOTHING, "another process has said so");
    assert_eq!(of_users(room.leave("b1")), NOTHING);
    assert_eq!(of_users(room.leave("b2")), ["user bob went"]);
    room.away("a1");
    assert_eq!(of_users(room.leave("a1")), ["user ann went"]);
    assert_eq!(of_users(room.leave("a1")), NOTHING, "it has left");
    assert_eq!(of_users(room.leave("x")), NOTHING);
}

#[test]
fn in_a_large_room_a_user_comes_when_it_is_let_in_and_goes_when_its_leave_is_not_told_yet() {
    let mut room = Script::new(Limits::default().announce_at_once(0));
    room.join("x", V1, None);
    assert_eq!(of_users(room.join_of("a1", "ann", V1)), NOTHING);
    assert_eq!(of_users(room.join_of("a2", "ann", V1)), NOTHING);
    assert_eq!(of_users(room.join_of("b1", "bob", V1)), NOTHING);
    assert_eq!(of_users(room.leave("b1")), NOTHING, "he was never let in");
    assert_eq!(of_users(room.at(1_033).wake()), ["user ann came by a1"]);
    room.leave("a1");
    assert_eq!(of_users(room.leave("a2")), ["user ann went"]);
    assert_eq!(of_users(room.at(1_066).wake()), NOTHING);
}

#[test]
fn where_the_process_stops_a_user_goes_all_the_same() {
    let mut room = Script::new(Limits::default());
    room.join_of("a1", "ann", V1);
    room.join("x", V1, None);
    room.tell(Input::Drain);
    assert_eq!(of_users(room.leave("a1")), ["user ann went"]);
}
