//! Who comes and goes in a room so large that it tells of them once a tick.

use roomful_core::Dialect::{Plain, V1};
use roomful_core::roster::Place;
use roomful_core::{Dialect, Limits};

use crate::script::{NOTHING, Script, id};

/// A large room with these members, where the last of them came just now: the next are told of at 1,033 ms.
fn busy(limits: Limits, members: &[(&str, Dialect)]) -> Script {
    Script::with(limits.announce_at_once(members.len() - 1), members)
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
        room.join("cat", V1, Some("3")),
        [
            concat!(
                r#"cat <- {"t":"snapshot","self":"cat","members":[{"id":"ann","n":0},{"id":"bob","n":1},{"id":"cat","n":2,"state":3}],"#,
                r#""seq":0,"epoch":"e","heartbeat":25000,"limits":{"frame":65536}}"#
            ),
            r#"plain: all but cat <- {"from":"cat","t":"presence","op":"join","state":3}"#,
            r#"v1: all but cat <- {"from":"cat","t":"presence","op":"join","n":2,"state":3}"#,
        ]
    );
    assert_eq!(room.at(1_110).join("dan", Plain, Some("4")), ["wake at 1133"]);
    assert_eq!(room.at(1_120).join("eve", V1, None), NOTHING, "one wake is enough");
    assert!(room.is_waiting("dan") && room.is_waiting("eve") && !room.is_waiting("cat"));
    assert_eq!(room.roster(), ["ann", "bob", "cat 3"], "nobody is in before the others are told");
    assert_eq!(
        room.at(1_133).wake(),
        [
            r#"plain: all <- {"from":"dan","t":"presence","op":"join","state":4}"#,
            r#"plain: all <- {"from":"eve","t":"presence","op":"join"}"#,
            concat!(
                r#"v1: all <- [{"from":"dan","t":"presence","op":"join","n":3,"state":4},"#,
                r#"{"from":"eve","t":"presence","op":"join","n":4}]"#
            ),
            "in is dan",
            concat!(
                r#"dan <- {"t":"snapshot","self":"dan","members":"#,
                r#"[{"id":"ann"},{"id":"bob"},{"id":"cat","state":3},{"id":"dan","state":4},{"id":"eve"}]}"#
            ),
            "in is eve",
            concat!(
                r#"eve <- {"t":"snapshot","self":"eve","members":"#,
                r#"[{"id":"ann","n":0},{"id":"bob","n":1},{"id":"cat","n":2,"state":3},{"id":"dan","n":3,"state":4},{"id":"eve","n":4}],"#,
                r#""seq":0,"epoch":"e","heartbeat":25000,"limits":{"frame":65536}}"#
            ),
        ],
        "the others first, and one roster for all who come"
    );
    assert_eq!(room.at(1_160).join("fay", V1, None), ["wake at 1166"], "that was a tick's turn, too");
    assert_eq!(room.at(1_166).wake()[0], r#"plain: all <- {"from":"fay","t":"presence","op":"join"}"#);
    assert_eq!(room.at(1_199).join("gus", V1, None).len(), 3, "a tick later the room is quiet again");
}

#[test]
fn leaves_and_joins_of_a_tick_travel_together_and_no_newcomer_hears_of_a_leave() {
    let mut room = quiet(&[("ann", V1), ("bob", V1), ("cat", V1), ("dan", V1)]);
    assert_eq!(room.leave("ann"), [r#"all <- {"from":"ann","t":"presence","op":"leave"}"#], "a quiet room");
    assert_eq!(room.leave("bob"), ["wake at 1133"]);
    assert_eq!(room.roster(), ["cat", "dan"], "it is out at once");
    assert_eq!(room.join("eve", V1, None), NOTHING);
    assert_eq!(
        room.at(1_133).wake(),
        [
            concat!(
                r#"v1: all <- [{"from":"bob","t":"presence","op":"leave"},"#,
                r#"{"from":"eve","t":"presence","op":"join","n":0}]"#
            ),
            "in is eve",
            concat!(
                r#"eve <- {"t":"snapshot","self":"eve","members":[{"id":"cat","n":2},{"id":"dan","n":3},{"id":"eve","n":0}],"#,
                r#""seq":0,"epoch":"e","heartbeat":25000,"limits":{"frame":65536}}"#
            ),
        ]
    );
}

#[test]
fn who_leaves_the_lobby_was_never_there() {
    let mut room = busy(Limits::default(), &[("ann", V1), ("bob", V1)]);
    assert_eq!(room.join("cat", V1, None), ["wake at 1033"]);
    assert_eq!(room.leave("cat"), NOTHING);
    assert_eq!(room.leave("cat"), ["refused: not in the room"]);
    assert_eq!(room.at(1_033).wake(), NOTHING);
    assert_eq!(room.roster(), ["ann", "bob"]);
    assert_eq!(
        room.join("cat", V1, None)[1],
        r#"v1: all but cat <- {"from":"cat","t":"presence","op":"join","n":2}"#,
        "the name is free"
    );
    assert_eq!(room.room().kept(&id("cat")).map(|kept| kept.place), Some(Place(2)), "and no place was taken");
}

#[test]
fn who_waits_counts_and_cannot_speak() {
    let mut room = busy(Limits::default().members(4), &[("ann", V1), ("bob", V1)]);
    room.join("cat", V1, None);
    assert!(room.is_waiting("cat"));
    assert_eq!(room.join("cat", V1, None), ["refused: already in the room"]);
    room.join("dan", V1, None);
    assert_eq!(room.join("eve", V1, None), ["refused: the room is full: 4 members (`Limits::members`)"]);
    let not_in = ["refused: not in the room"];
    assert_eq!(room.set("cat", Some("1")), not_in);
    assert_eq!(room.send("cat", "1"), not_in);
    assert_eq!(room.broadcast("cat", "1"), not_in);
    assert_eq!(room.last_words("cat", "1"), ["refused: already in the room"]);
    room.leave("ann");
    room.leave("bob");
    assert!(!room.is_empty(), "somebody is still to come");
    assert_eq!(room.at(1_033).wake()[0], "in is cat", "nobody is left to be told");
    assert_eq!(room.roster(), ["cat", "dan"]);
}

#[test]
fn the_last_words_of_a_member_come_after_its_leave() {
    let mut room = busy(Limits::default(), &[("ann", Plain), ("bob", Plain), ("cat", Plain)]);
    room.leave("ann");
    room.leave("bob");
    assert_eq!(
        room.last_words("bob", r#""bye""#),
        [
            r#"all <- {"from":"bob","t":"presence","op":"leave"}"#,
            r#"plain: all <- {"from":"bob","t":"msg","msg":"bye"}"#,
        ]
    );
    assert_eq!(room.at(1_033).wake(), [r#"all <- {"from":"ann","t":"presence","op":"leave"}"#], "each once");
}

#[test]
fn a_message_waits_for_nobody_and_is_not_for_who_waits() {
    let mut room = busy(Limits::default(), &[("ann", Plain), ("bob", Plain)]);
    room.join("cat", Plain, None);
    assert_eq!(room.broadcast("ann", "1"), [r#"plain: all but ann <- {"from":"ann","t":"msg","msg":1}"#]);
    assert!(room.is_waiting("cat"));
}

#[test]
fn both_lanes_share_a_wake_and_the_sooner_need_asks_for_another() {
    let frame = r#"{"from":"ann","t":"presence","op":"update","state":1}"#;
    let limits = Limits::default().presence_bytes_per_second(4 * frame.len() as u64);
    let mut room = busy(limits, &[("ann", V1), ("bob", V1)]);
    room.set("ann", Some("1"));
    assert_eq!(room.set("ann", Some("2")), ["wake at 1500"]);
    assert_eq!(room.join("cat", V1, None), ["wake at 1033"], "a join does not wait for presence");
    let told = room.at(1_033).wake();
    assert_eq!(told.len(), 4, "one join, the newcomer's two, and a timer that is set anew");
    assert_eq!(told[3], "wake at 1500", "presence waits on");
    assert_eq!(room.join("dan", V1, None), ["wake at 1066"]);
    room.at(1_066).wake();
    assert_eq!(
        room.at(1_500).wake(),
        [r#"v1: update <- {"t":"updates","of":[[0,2]]}"#],
        "and nothing but presence was left"
    );
}

#[test]
fn a_state_that_is_due_with_a_join_is_told_before_it() {
    let mut room = busy(Limits::default(), &[("ann", V1), ("bob", V1)]);
    room.set("ann", Some("1"));
    room.set("ann", Some("2"));
    room.join("cat", Plain, None);
    let told = room.at(1_033).wake();
    assert_eq!(told[1], r#"v1: update <- {"t":"updates","of":[[0,2]]}"#);
    assert_eq!(told[3], r#"v1: all <- {"from":"cat","t":"presence","op":"join","n":2}"#);
}

#[test]
fn a_tick_gives_out_so_many_bytes_of_snapshots_and_one_at_least() {
    // Whoever comes has no number yet, so it counts as the longest.
    let (listed, coming) = (r#"{"id":"ann","n":0}"#.len(), r#",{"id":"cat","n":4294967295}"#.len());
    let snapshot = |newcomers: usize| 2 * listed + 1 + newcomers * coming;
    let (two, three) = (2 * snapshot(2), 3 * snapshot(3));
    for (admission_bytes, in_a_tick) in [(0, 1), (two - 1, 1), (two, 2), (three - 1, 2), (three, 3)] {
        let limits = Limits::default().admission_bytes(admission_bytes);
        let mut room = busy(limits, &[("ann", Plain), ("bob", Plain)]);
        for member in ["cat", "dan", "eve"] {
            room.join(member, Plain, None);
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
    room.leave("ann");
    assert_eq!(room.join("dan", Plain, None), NOTHING);
    room.at(1_033).wake();
    assert_eq!(room.roster(), ["bob", "cat", "dan"]);
}

#[test]
fn a_room_that_may_be_put_away_never_gathers() {
    let mut room = Script::that_may_be_put_away(Limits::default().announce_at_once(0));
    for member in ["ann", "bob", "cat", "dan"] {
        assert!(room.join(member, V1, None).last().is_some_and(|last| last.starts_with("keep")));
    }
    assert_eq!(room.leave("ann"), [r#"all <- {"from":"ann","t":"presence","op":"leave"}"#]);
    assert_eq!(room.leave("bob"), [r#"all <- {"from":"bob","t":"presence","op":"leave"}"#], "nobody would know of it");
    room.restore();
    assert_eq!(room.roster(), ["cat", "dan"]);
    assert_eq!(room.leave("cat"), [r#"all <- {"from":"cat","t":"presence","op":"leave"}"#]);
}
