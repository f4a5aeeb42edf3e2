//! Who comes and goes in a room so large that it tells of them once a tick.

use roomful_core::Dialect::{Plain, V1};
use roomful_core::{Dialect, Limits};

use crate::script::{NOTHING, Script};

/// A large room with these members, where the last of them came just now: the next are told of at 1,033 ms.
fn busy(limits: Limits, members: &[(&str, Dialect)]) -> Script {
    Script::with(Limits { announce_at_once: members.len() - 1, ..limits }, members)
}

/// The same, when nobody has come or gone for a tick: it is 1,100 ms.
fn quiet(members: &[(&str, Dialect)]) -> Script {
    let mut room = busy(Limits::default(), members);
    room.at(1_100);
    room
}

#[test]
fn who_comes_to_a_quiet_room_is_in_at_once_and_the_next_wait_for_the_tick() {
    let mut room = quiet(&[("ann", V1), ("bob", Plain)]);
    assert_eq!(
        room.join(3, V1, "cat", Some("3")),
        [
            concat!(
                r#"3 <- {"t":"snapshot","self":"cat","members":[{"id":"ann"},{"id":"bob"},{"id":"cat","state":3}],"#,
                r#""seq":0,"epoch":"e","heartbeat":25000,"limits":{"frame":65536}}"#
            ),
            r#"all but 3 <- {"from":"cat","t":"presence","op":"join","state":3}"#,
            "keep 3: V1, place 2, cat, 3",
        ]
    );
    assert_eq!(room.at(1_110).join(4, Plain, "dan", Some("4")), ["wake at 1133"]);
    assert_eq!(room.at(1_120).join(5, V1, "eve", None), NOTHING, "one wake is enough");
    assert!(room.is_waiting(4) && room.is_waiting(5) && !room.is_waiting(3));
    assert_eq!(room.roster(), ["ann", "bob", "cat 3"], "nobody is in before the others are told");
    assert_eq!(
        room.at(1_133).wake(),
        [
            r#"plain: all <- {"from":"dan","t":"presence","op":"join","state":4}"#,
            r#"plain: all <- {"from":"eve","t":"presence","op":"join"}"#,
            concat!(
                r#"v1: all <- [{"from":"dan","t":"presence","op":"join","state":4},"#,
                r#"{"from":"eve","t":"presence","op":"join"}]"#
            ),
            "in is 4",
            concat!(
                r#"4 <- {"t":"snapshot","self":"dan","members":"#,
                r#"[{"id":"ann"},{"id":"bob"},{"id":"cat","state":3},{"id":"dan","state":4},{"id":"eve"}]}"#
            ),
            "keep 4: Plain, place 3, dan, 4",
            "in is 5",
            concat!(
                r#"5 <- {"t":"snapshot","self":"eve","members":"#,
                r#"[{"id":"ann"},{"id":"bob"},{"id":"cat","state":3},{"id":"dan","state":4},{"id":"eve"}],"#,
                r#""seq":0,"epoch":"e","heartbeat":25000,"limits":{"frame":65536}}"#
            ),
            "keep 5: V1, place 4, eve",
        ],
        "the others first, and one roster for all who come"
    );
    assert_eq!(room.at(1_160).join(6, V1, "fay", None), ["wake at 1166"], "that was a tick's turn, too");
    assert_eq!(room.at(1_166).wake()[0], r#"all <- {"from":"fay","t":"presence","op":"join"}"#);
    assert_eq!(room.at(1_199).join(7, V1, "gus", None).len(), 3, "a tick later the room is quiet again");
}

#[test]
fn leaves_and_joins_of_a_tick_travel_together_and_no_newcomer_hears_of_a_leave() {
    let mut room = quiet(&[("ann", V1), ("bob", V1), ("cat", V1), ("dan", V1)]);
    assert_eq!(room.leave(1), [r#"all <- {"from":"ann","t":"presence","op":"leave"}"#], "a quiet room");
    assert_eq!(room.leave(2), ["wake at 1133"]);
    assert_eq!(room.roster(), ["cat", "dan"], "it is out at once");
    assert_eq!(room.join(5, V1, "eve", None), NOTHING);
    assert_eq!(
        room.at(1_133).wake(),
        [
            concat!(
                r#"v1: all <- [{"from":"bob","t":"presence","op":"leave"},"#,
                r#"{"from":"eve","t":"presence","op":"join"}]"#
            ),
            "in is 5",
            concat!(
                r#"5 <- {"t":"snapshot","self":"eve","members":[{"id":"cat"},{"id":"dan"},{"id":"eve"}],"#,
                r#""seq":0,"epoch":"e","heartbeat":25000,"limits":{"frame":65536}}"#
            ),
            "keep 5: V1, place 4, eve",
        ]
    );
}

#[test]
fn who_leaves_the_lobby_was_never_there() {
    let mut room = busy(Limits::default(), &[("ann", V1), ("bob", V1)]);
    assert_eq!(room.join(3, V1, "cat", None), ["wake at 1033"]);
    assert_eq!(room.leave(3), NOTHING);
    assert_eq!(room.leave(3), ["refused: not in the room"]);
    assert_eq!(room.at(1_033).wake(), NOTHING);
    assert_eq!(room.roster(), ["ann", "bob"]);
    assert_eq!(
        room.join(4, V1, "cat", None)[2],
        "keep 4: V1, place 2, cat",
        "the name is free, and no place was taken"
    );
}

#[test]
fn who_waits_counts_and_cannot_speak() {
    let mut room = busy(Limits { members: 4, ..Limits::default() }, &[("ann", V1), ("bob", V1)]);
    room.join(3, V1, "cat", None);
    assert!(room.is_waiting(3));
    assert_eq!(room.join(3, V1, "dan", None), ["refused: already in the room"]);
    assert_eq!(room.join(4, V1, "cat", None), ["refused: already in the room"]);
    room.join(4, V1, "dan", None);
    assert_eq!(room.join(5, V1, "eve", None), ["refused: the room is full: 4 members (`Limits::members`)"]);
    let not_in = ["refused: not in the room"];
    assert_eq!(room.set(3, Some("1")), not_in);
    assert_eq!(room.send(3, "1"), not_in);
    assert_eq!(room.broadcast(3, "cat", "1"), not_in);
    room.leave(1);
    room.leave(2);
    assert!(!room.is_empty(), "somebody is still to come");
    assert_eq!(room.at(1_033).wake()[0], "in is 3", "nobody is left to be told");
    assert_eq!(room.roster(), ["cat", "dan"]);
}

#[test]
fn the_last_words_of_a_member_come_after_its_leave() {
    let mut room = busy(Limits::default(), &[("ann", Plain), ("bob", Plain), ("cat", Plain)]);
    room.leave(1);
    room.leave(2);
    assert_eq!(
        room.broadcast(2, "bob", r#""bye""#),
        [
            r#"all <- {"from":"bob","t":"presence","op":"leave"}"#,
            r#"plain: all but 2 <- {"from":"bob","t":"msg","msg":"bye"}"#,
        ]
    );
    assert_eq!(room.at(1_033).wake(), [r#"all <- {"from":"ann","t":"presence","op":"leave"}"#], "each once");
}

#[test]
fn a_message_waits_for_nobody_and_is_not_for_who_waits() {
    let mut room = busy(Limits::default(), &[("ann", Plain), ("bob", Plain)]);
    room.join(3, Plain, "cat", None);
    assert_eq!(room.broadcast(1, "ann", "1"), [r#"plain: all but 1 <- {"from":"ann","t":"msg","msg":1}"#]);
    assert!(room.is_waiting(3));
}

#[test]
fn both_lanes_share_a_wake_and_the_sooner_need_asks_for_another() {
    let frame = r#"{"from":"ann","t":"presence","op":"update","state":1}"#;
    let limits = Limits { presence_bytes_per_second: 4 * frame.len() as u64, ..Limits::default() };
    let mut room = busy(limits, &[("ann", V1), ("bob", V1)]);
    room.set(1, Some("1"));
    assert_eq!(room.set(1, Some("2"))[1], "wake at 1500");
    assert_eq!(room.join(3, V1, "cat", None), ["wake at 1033"], "a join does not wait for presence");
    assert_eq!(room.at(1_033).wake().len(), 4, "one join, and the newcomer's three");
    assert_eq!(room.join(4, V1, "dan", None), ["wake at 1066"]);
    room.at(1_066).wake();
    assert_eq!(
        room.at(1_500).wake(),
        [r#"update <- {"from":"ann","t":"presence","op":"update","state":2}"#],
        "the first was not asked for again, and still counts"
    );
}

#[test]
fn a_state_that_is_due_with_a_join_is_told_before_it() {
    let mut room = busy(Limits::default(), &[("ann", V1), ("bob", V1)]);
    room.set(1, Some("1"));
    room.set(1, Some("2"));
    room.join(3, Plain, "cat", None);
    let told = room.at(1_033).wake();
    assert_eq!(told[0], r#"update <- {"from":"ann","t":"presence","op":"update","state":2}"#);
    assert_eq!(told[1], r#"all <- {"from":"cat","t":"presence","op":"join"}"#);
}

#[test]
fn a_tick_gives_out_so_many_bytes_of_snapshots_and_one_at_least() {
    let listed = |members: usize| members * r#"{"id":"ann"}"#.len() + members - 1;
    let (two, three) = (2 * listed(4), 3 * listed(5));
    for (admission_bytes, in_a_tick) in [(0, 1), (two - 1, 1), (two, 2), (three - 1, 2), (three, 3)] {
        let limits = Limits { admission_bytes, ..Limits::default() };
        let mut room = busy(limits, &[("ann", Plain), ("bob", Plain)]);
        for (connection, member) in [(3, "cat"), (4, "dan"), (5, "eve")] {
            room.join(connection, Plain, member, None);
        }
        assert_eq!(room.roster().len(), 2);
        let first = room.at(1_033).wake();
        assert_eq!(room.roster().len(), 2 + in_a_tick, "{admission_bytes} bytes");
        assert_eq!(first.contains(&"wake at 1066".to_owned()), in_a_tick < 3);
        room.at(1_066).wake();
        room.at(1_099).wake();
        assert_eq!(room.roster(), ["ann", "bob", "cat", "dan", "eve"], "in the order in which they came");
    }
}

#[test]
fn a_room_that_became_small_lets_in_who_waits_before_anybody_else() {
    let mut room = busy(Limits::default(), &[("ann", Plain), ("bob", Plain), ("cat", Plain)]);
    room.leave(1);
    assert_eq!(room.join(4, Plain, "dan", None), NOTHING);
    room.at(1_033).wake();
    assert_eq!(room.roster(), ["bob", "cat", "dan"]);
}

#[test]
fn a_room_that_may_be_put_away_never_gathers() {
    let mut room = Script::that_may_be_put_away(Limits { announce_at_once: 0, ..Limits::default() });
    for (connection, member) in [(1, "ann"), (2, "bob"), (3, "cat"), (4, "dan")] {
        assert!(room.join(connection, V1, member, None).last().is_some_and(|last| last.starts_with("keep")));
    }
    assert_eq!(room.leave(1), [r#"all <- {"from":"ann","t":"presence","op":"leave"}"#]);
    assert_eq!(room.leave(2), [r#"all <- {"from":"bob","t":"presence","op":"leave"}"#], "nobody would know of it");
    room.restore();
    assert_eq!(room.roster(), ["cat", "dan"]);
    assert_eq!(room.leave(3), [r#"all <- {"from":"cat","t":"presence","op":"leave"}"#]);
}
