//! Members that lose their sockets and find others.

use roomful_core::Dialect::{Plain, V1};
use roomful_core::Limits;

use crate::script::{NOTHING, Script};

const AWAY: &str = r#"v1: all <- {"from":"ann","t":"presence","op":"away"}"#;

#[test]
fn only_v1_is_told_that_a_member_is_away_and_that_it_is_back() {
    let mut room = Script::kept_with(Limits::default(), &[("ann", V1), ("bob", Plain), ("cat", V1)]);
    room.set("ann", Some("1"));
    assert_eq!(room.away("ann"), ["keep ann: place 0, away, 1", AWAY]);
    assert_eq!(room.roster(), ["ann 1", "bob", "cat"], "its place and its state stay");
    assert_eq!(
        room.join("dan", V1, None)[0],
        concat!(
            r#"dan <- {"t":"snapshot","self":"dan","members":"#,
            r#"[{"id":"ann","n":0,"away":true,"state":1},{"id":"bob","n":1},{"id":"cat","n":2},{"id":"dan","n":3}],"#,
            r#""seq":0,"epoch":"e","heartbeat":25000,"limits":{"frame":65536}}"#
        )
    );
    assert_eq!(
        room.join("eve", Plain, None)[0],
        concat!(
            r#"eve <- {"t":"snapshot","self":"eve","members":"#,
            r#"[{"id":"ann","state":1},{"id":"bob"},{"id":"cat"},{"id":"dan"},{"id":"eve"}]}"#
        )
    );
    assert_eq!(
        room.back("ann", V1),
        [
            "keep ann: place 0, 1",
            concat!(
                r#"ann <- {"t":"snapshot","self":"ann","members":"#,
                r#"[{"id":"ann","n":0,"state":1},{"id":"bob","n":1},{"id":"cat","n":2},{"id":"dan","n":3},{"id":"eve","n":4}],"#,
                r#""seq":0,"epoch":"e","heartbeat":25000,"limits":{"frame":65536}}"#
            ),
            r#"v1: all but ann <- {"from":"ann","t":"presence","op":"update","state":1}"#,
        ]
    );
}

#[test]
fn a_state_that_is_held_goes_before_its_member_is_away() {
    let mut room = Script::with(Limits::default(), &[("ann", V1), ("bob", V1), ("cat", Plain)]);
    room.set("ann", Some("1"));
    room.set("bob", Some("2"));
    room.set("ann", Some("3"));
    assert_eq!(
        room.away("ann"),
        [
            r#"plain: update <- {"from":"ann","t":"presence","op":"update","state":3}"#,
            r#"v1: update <- {"t":"updates","of":[[0,3]]}"#,
            AWAY
        ],
        "bob's waits on"
    );
    assert_eq!(
        room.at(1_033).wake(),
        [
            r#"plain: update <- {"from":"bob","t":"presence","op":"update","state":2}"#,
            r#"v1: update <- {"t":"updates","of":[[1,2]]}"#
        ]
    );
}

#[test]
fn who_is_away_still_counts_speaks_and_shows() {
    let mut room = Script::with(Limits::default().members(3), &[("ann", V1), ("bob", V1)]);
    room.away("ann");
    assert_eq!(room.join("ann", V1, None), ["refused: already in the room"]);
    room.join("cat", Plain, None);
    assert_eq!(room.join("dan", V1, None), ["refused: the room is full: 3 members (`Limits::members`)"]);
    assert_eq!(
        room.broadcast("ann", "1"),
        [
            r#"plain: all but ann <- {"from":"ann","t":"msg","msg":1}"#,
            r#"v1: all but ann <- {"from":"ann","t":"msg","msg":1,"seq":1}"#,
        ]
    );
    assert_eq!(room.send("ann", "2"), NOTHING, "it has a number, and no socket");
    assert_eq!(room.broadcast_all(None, "3")[1], r#"v1: all <- {"from":"","t":"msg","msg":3,"seq":3}"#);
    assert_eq!(
        room.set("ann", Some("4")),
        [
            r#"plain: update <- {"from":"ann","t":"presence","op":"update","state":4}"#,
            r#"v1: update <- {"t":"updates","of":[[0,4]]}"#,
            AWAY
        ],
        "an update alone would say that it is back"
    );
    room.set("ann", Some("5"));
    room.set("bob", Some("6"));
    assert_eq!(
        room.broadcast("ann", "7")[..3],
        [
            r#"plain: update <- {"from":"ann","t":"presence","op":"update","state":5}"#,
            r#"v1: update <- {"t":"updates","of":[[0,5]]}"#,
            AWAY
        ]
    );
    assert_eq!(
        room.at(1_033).wake(),
        [
            r#"plain: update <- {"from":"bob","t":"presence","op":"update","state":6}"#,
            r#"v1: update <- {"t":"updates","of":[[1,6]]}"#
        ]
    );
}

#[test]
fn of_several_who_are_away_and_show_something_all_are_said_to_be_away_still() {
    let mut room = Script::with(Limits::default(), &[("ann", V1), ("bob", V1), ("cat", V1)]);
    room.away("ann");
    room.away("bob");
    room.set("cat", Some("1"));
    room.set("ann", Some("2"));
    room.set("bob", Some("3"));
    room.set("cat", Some("4"));
    assert_eq!(
        room.at(1_033).wake()[1],
        r#"v1: all <- [{"from":"ann","t":"presence","op":"away"},{"from":"bob","t":"presence","op":"away"}]"#
    );
}

#[test]
fn a_room_of_nobody_but_those_who_are_away_is_not_empty_and_tells_nobody() {
    let mut room = Script::with(Limits::default(), &[("ann", V1), ("bob", V1)]);
    room.away("ann");
    assert_eq!(room.away("bob"), NOTHING);
    assert!(!room.is_empty());
    assert_eq!(room.set("ann", Some("1")), NOTHING);
    assert_eq!(room.set("ann", Some("2")), ["wake at 1033"]);
    assert_eq!(room.at(1_033).wake(), NOTHING);
    assert_eq!(room.leave("bob"), NOTHING);
    assert!(!room.is_empty());
    assert_eq!(
        room.back("ann", V1)[0],
        concat!(
            r#"ann <- {"t":"snapshot","self":"ann","members":[{"id":"ann","n":0,"state":2}],"#,
            r#""seq":0,"epoch":"e","heartbeat":25000,"limits":{"frame":65536}}"#
        )
    );
    room.away("ann");
    assert_eq!(room.leave("ann"), NOTHING);
    assert!(room.is_empty());
}

#[test]
fn the_leave_of_who_is_away_is_told_like_any() {
    let mut room = Script::with(Limits::default(), &[("ann", V1), ("bob", Plain)]);
    room.away("ann");
    assert_eq!(room.leave("ann"), [r#"all <- {"from":"ann","t":"presence","op":"leave"}"#]);
    assert_eq!(room.back("ann", V1), ["refused: not in the room"]);
    assert_eq!(room.leave("ann"), ["refused: not in the room"]);
}

#[test]
fn one_socket_takes_over_from_another_and_nobody_else_is_told() {
    let mut room = Script::with(Limits::default(), &[("ann", V1), ("bob", V1)]);
    let snapshot = concat!(
        r#"ann <- {"t":"snapshot","self":"ann","members":[{"id":"ann","n":0},{"id":"bob","n":1}],"#,
        r#""seq":0,"epoch":"e","heartbeat":25000,"limits":{"frame":65536}}"#
    );
    assert_eq!(room.back("ann", V1), [snapshot]);
}

#[test]
fn whoever_returns_hears_no_leave_of_somebody_who_is_not_in_its_snapshot() {
    let limits = Limits::default().announce_at_once(0);
    let mut room = Script::new(limits);
    for (member, now) in [("ann", 1_000), ("bob", 2_000), ("cat", 3_000), ("dan", 4_000)] {
        room.at(now).join(member, V1, None);
    }
    room.away("dan");
    assert_eq!(room.leave("bob"), ["wake at 4033"]);
    assert_eq!(room.back("dan", V1), NOTHING, "it waits for what the others are to be told");
    assert_eq!(
        room.at(4_033).wake(),
        [
            r#"v1: all <- [{"from":"bob","t":"presence","op":"leave"},{"from":"dan","t":"presence","op":"update"}]"#,
            "back is dan",
            concat!(
                r#"dan <- {"t":"snapshot","self":"dan","members":[{"id":"ann","n":0},{"id":"cat","n":2},{"id":"dan","n":3}],"#,
                r#""seq":0,"epoch":"e","heartbeat":25000,"limits":{"frame":65536}}"#
            ),
        ],
        "the leave goes to those who were there, before"
    );
    room.at(5_000).away("cat");
    room.leave("ann");
    room.at(5_010).join("eve", V1, None);
    room.leave("dan");
    assert_eq!(room.at(5_033).wake()[0], "in is eve", "whoever was away hears of nothing");
    assert_eq!(room.roster(), ["cat", "eve"]);
}

#[test]
fn leaves_that_nobody_is_left_to_hear_are_forgotten() {
    let limits = Limits::default().announce_at_once(0);
    let mut room = Script::new(limits);
    for (member, now) in [("ann", 1_000), ("bob", 2_000), ("cat", 3_000)] {
        room.at(now).join(member, V1, None);
    }
    assert_eq!(room.leave("ann"), ["wake at 3033"]);
    room.away("bob");
    assert_eq!(room.away("cat"), NOTHING);
    assert_eq!(room.room().next_wake(), None, "a snapshot will say it");
    assert_eq!(room.at(3_040).back("cat", V1).len(), 2);
}

#[test]
fn who_waits_to_be_let_in_is_neither_away_nor_back() {
    let mut room = Script::new(Limits::default().announce_at_once(0));
    room.join("ann", V1, None);
    room.join("bob", V1, None);
    assert!(room.is_waiting("bob"));
    assert_eq!(
        room.tell(roomful_core::room::Input::Away { member: crate::script::id("bob") }),
        ["refused: not in the room"]
    );
    assert_eq!(room.back("bob", V1), ["refused: not in the room"]);
    assert!(room.is_waiting("bob"));
}
