//! What the server says of a member, which v1 alone is told.

use roomful_core::Dialect::{Plain, V1};
use roomful_core::Limits;
use roomful_core::room::Input;

use crate::script::{NOTHING, Script};

const ANN: &str = r#"{"name":"Ann"}"#;

fn ann_is(info: &str, state: &str) -> String {
    format!(r#"{{"from":"ann","t":"presence","op":"update","info":{info}{state}}}"#)
}

#[test]
fn it_is_in_v1_snapshots_and_joins_before_anybody_sees_the_member() {
    let mut room = Script::that_may_be_put_away(Limits::default());
    assert_eq!(
        room.join_said("ann", ANN, V1),
        [
            concat!(
                r#"ann <- {"t":"snapshot","self":"ann","members":[{"id":"ann","n":0,"info":{"name":"Ann"}}],"#,
                r#""seq":0,"epoch":"e","heartbeat":25000,"limits":{"frame":65536}}"#
            ),
            r#"keep ann: place 0, who is {"name":"Ann"}"#,
        ]
    );
    assert_eq!(
        room.join_said("bob", "[1]", Plain),
        [
            r#"bob <- {"t":"snapshot","self":"bob","members":[{"id":"ann"},{"id":"bob"}]}"#,
            r#"plain: all but bob <- {"from":"bob","t":"presence","op":"join"}"#,
            r#"v1: all but bob <- {"from":"bob","t":"presence","op":"join","n":1,"info":[1]}"#,
            "keep bob: place 1, who is [1]",
        ]
    );
    room.restore();
    let again = room.join("cat", V1, None);
    assert!(
        again[0].contains(r#"[{"id":"ann","n":0,"info":{"name":"Ann"}},{"id":"bob","n":1,"info":[1]},"#),
        "{again:?}"
    );
}

#[test]
fn those_who_wait_in_a_large_room_bring_it_along() {
    let mut room = Script::new(Limits::default().announce_at_once(0));
    room.join("ann", V1, None);
    room.join_said("bob", "1", V1);
    let told = room.at(1_033).wake();
    assert_eq!(told[0], r#"v1: all <- {"from":"bob","t":"presence","op":"join","n":1,"info":1}"#);
    assert!(told[2].contains(r#"{"id":"bob","n":1,"info":1}"#), "{told:?}");
}

#[test]
fn the_bytes_of_snapshots_that_a_tick_gives_out_have_it() {
    let listed = r#"{"id":"ann","n":0},{"id":"bob","n":4294967295,"info":"b"},{"id":"cat","n":4294967295,"info":"c"}"#;
    for (admission_bytes, waiting) in [(2 * listed.len(), false), (2 * listed.len() - 1, true)] {
        let mut room = Script::new(Limits::default().announce_at_once(0).admission_bytes(admission_bytes));
        room.join("ann", Plain, None);
        room.join_said("bob", r#""b""#, Plain);
        room.join_said("cat", r#""c""#, V1);
        room.at(1_033).wake();
        assert_eq!((room.is_waiting("bob"), room.is_waiting("cat")), (false, waiting), "{admission_bytes} bytes");
    }
}

#[test]
fn one_that_is_new_is_an_update_with_the_state_and_plain_clients_are_told_nothing() {
    let mut room = Script::with(Limits::default(), &[("ann", V1), ("bob", Plain)]);
    assert_eq!(room.inform("ann", Some(ANN)), [format!("v1: update <- {}", ann_is(ANN, ""))]);
    room.at(2_000).set("ann", Some("1"));
    assert_eq!(
        room.at(3_000).inform("ann", Some("2")),
        [format!("v1: update <- {}", ann_is("2", r#","state":1"#))],
        "a v1 client that has read it alone knows the state, too"
    );
    assert_eq!(room.at(4_000).inform("ann", Some("2")), NOTHING, "what is said already is no news");
    assert_eq!(room.at(5_000).inform("ann", None), [format!("v1: update <- {}", ann_is("null", r#","state":1"#))]);
    assert_eq!(room.at(6_000).inform("ann", None), NOTHING);
}

#[test]
fn a_state_and_an_info_of_one_tick_are_told_together_and_each_once() {
    let mut room = Script::with(Limits::default(), &[("ann", V1), ("bob", V1), ("cat", Plain)]);
    room.set("bob", Some("0"));
    assert_eq!(room.set("ann", Some("1")), ["wake at 1033"]);
    assert_eq!(room.inform("ann", Some("10")), NOTHING);
    assert_eq!(room.inform("bob", Some("20")), NOTHING);
    assert_eq!(room.inform("ann", Some("11")), NOTHING);
    assert_eq!(room.set("cat", Some("3")), NOTHING);
    let (ann, bob) =
        (ann_is("11", r#","state":1"#), r#"{"from":"bob","t":"presence","op":"update","info":20,"state":0}"#);
    let together = format!(r#"v1: update <- [{{"t":"updates","of":[[2,3]]}},{ann},{bob}]"#);
    assert_eq!(
        room.at(1_033).wake(),
        [
            r#"plain: update <- {"from":"ann","t":"presence","op":"update","state":1}"#,
            r#"plain: update <- {"from":"cat","t":"presence","op":"update","state":3}"#,
            &*together,
        ]
    );
    assert_eq!(
        room.at(2_000).set("ann", Some("4")),
        [
            r#"plain: update <- {"from":"ann","t":"presence","op":"update","state":4}"#,
            r#"v1: update <- {"t":"updates","of":[[0,4]]}"#
        ],
        "the info is not told again"
    );
}

#[test]
fn what_a_member_does_next_comes_after_it() {
    let mut room = Script::with(Limits::default(), &[("ann", V1), ("bob", V1)]);
    room.set("bob", Some("0"));
    room.inform("ann", Some("1"));
    assert_eq!(
        room.broadcast("ann", "2"),
        [
            format!("v1: update <- {}", ann_is("1", "")),
            r#"v1: all but ann <- {"from":"ann","t":"msg","msg":2,"seq":1}"#.to_owned(),
        ]
    );
}

#[test]
fn of_who_is_away_it_does_not_say_that_it_is_back() {
    let mut room = Script::with(Limits::default(), &[("ann", V1), ("bob", V1)]);
    room.away("ann");
    assert_eq!(
        room.inform("ann", Some("1")),
        [
            format!("v1: update <- {}", ann_is("1", "")),
            r#"v1: all <- {"from":"ann","t":"presence","op":"away"}"#.to_owned(),
        ]
    );
    assert!(room.back("ann", V1)[0].contains(r#"{"id":"ann","n":0,"info":1}"#), "who returns reads it in its snapshot");
}

#[test]
fn a_room_that_may_be_put_away_keeps_it_and_holds_none_back() {
    let mut room = Script::kept_with(Limits::default(), &[("ann", V1), ("bob", V1)]);
    room.set("bob", Some("0"));
    room.set("ann", Some("1"));
    assert_eq!(
        room.inform("ann", Some("2")),
        ["keep ann: place 0, who is 2, 1".to_owned(), format!("v1: update <- {}", ann_is("2", r#","state":1"#))]
    );
    room.restore();
    assert_eq!(
        room.tell(Input::TellAll),
        [r#"v1: update <- {"t":"updates","of":[[0,1],[1,0]]}"#],
        "states may have been held back, infos never are"
    );
}

#[test]
fn one_over_the_limit_leaves_the_old_one_and_nobody_joins_with_it() {
    let mut room = Script::with(Limits::default().info_bytes(3), &[("ann", V1)]);
    room.inform("ann", Some("123"));
    let refused = "refused: an info of 4 bytes is over the limit of 3 (`Limits::info_bytes`)";
    assert_eq!(room.at(2_000).inform("ann", Some("1234")), [refused]);
    assert_eq!(room.join_said("bob", "1234", V1), [refused]);
    assert_eq!(room.inform("bob", Some("1")), ["refused: not in the room"]);
    assert!(room.join("cat", V1, None)[0].contains(r#"{"id":"ann","n":0,"info":123}"#));
}
