//! A room that was put away and came back.

use roomful_core::Dialect::{Plain, V1};
use roomful_core::room::{Input, Kept, Newcomer};
use roomful_core::roster::{Number, Place};
use roomful_core::{Generation, Limits};

use crate::script::{NOTHING, Script, id, json};

#[test]
fn a_restored_room_is_the_same_room_and_counts_on_above_what_it_was_given() {
    let mut room = Script::kept_with(Limits::default(), &[("ann", V1), ("bob", Plain), ("cat", V1)]);
    room.set("cat", Some("1"));
    room.broadcast("ann", "1");
    room.leave("ann");
    room.restore();
    assert_eq!(room.roster(), ["bob", "cat 1"]);
    assert_eq!(
        room.join("dan", V1, None),
        [
            concat!(
                r#"dan <- {"t":"snapshot","self":"dan","members":[{"id":"bob","n":1},{"id":"cat","n":2,"state":1},{"id":"dan","n":0}],"#,
                r#""seq":1000,"epoch":"e","heartbeat":25000,"limits":{"frame":65536}}"#
            ),
            r#"plain: all but dan <- {"from":"dan","t":"presence","op":"join"}"#,
            r#"v1: all but dan <- {"from":"dan","t":"presence","op":"join","n":0}"#,
            "keep dan: place 3, number 0",
        ]
    );
    assert_eq!(
        room.broadcast("bob", "2"),
        [
            r#"plain: all but bob <- {"from":"bob","t":"msg","msg":2}"#,
            r#"v1: all but bob <- {"from":"bob","t":"msg","msg":2,"seq":1001}"#,
        ],
        "it knows still who speaks what"
    );
}

#[test]
fn a_state_that_was_held_is_told_after_the_return() {
    let mut room = Script::kept_with(Limits::default(), &[("ann", V1), ("bob", V1)]);
    room.set("ann", Some("1"));
    assert_eq!(room.set("bob", Some("2"))[1], "wake at 1033");
    room.restore();
    assert_eq!(
        room.tell(Input::TellAll),
        [r#"v1: update <- {"t":"updates","of":[[0,1],[1,2]]}"#,],
        "which of them was held is not known any more, so everybody's is told"
    );
}

#[test]
fn a_room_that_held_nothing_says_nothing_when_it_returns() {
    let mut room = Script::kept_with(Limits::default(), &[("ann", V1), ("bob", V1)]);
    room.set("ann", Some("1"));
    room.restore();
    assert_eq!(
        room.at(5_000).broadcast("ann", "1"),
        [r#"v1: all but ann <- {"from":"ann","t":"msg","msg":1,"seq":1001}"#]
    );
    room.set("ann", Some("2"));
    room.set("ann", Some("3"));
    assert_eq!(room.at(5_033).wake(), [r#"v1: update <- {"t":"updates","of":[[0,3]]}"#]);
    assert_eq!(room.leave("ann"), [r#"all <- {"from":"ann","t":"presence","op":"leave"}"#]);
    assert!(room.leave("bob").is_empty());
    room.restore();
    assert_eq!(room.tell(Input::TellAll), NOTHING, "an empty room has nobody to tell");
}

#[test]
fn of_two_claims_to_a_member_the_higher_generation_is_restored() {
    for (generation, state) in [(0, "1"), (1, "2")] {
        let mut room = Script::kept_with(Limits::default(), &[("ann", Plain), ("bob", V1)]);
        room.set("ann", Some("1"));
        let claim = Kept { generation: Generation(generation), state: Some(json("2")), ..kept("ann", 5) };
        room.restore_with(claim);
        assert_eq!(room.roster().len(), 2, "nobody is in twice");
        assert_eq!(room.room().roster().find(&id("ann")).map(|ann| ann.state()), Some(Some(json(state))));
        room.leave("ann");
        room.leave("bob");
        assert!(room.is_empty(), "and nobody counts twice");
    }
}

#[test]
fn a_member_keeps_the_generation_that_it_came_with() {
    let mut room = Script::that_may_be_put_away(Limits::default());
    let ann = Newcomer { generation: Generation(3), ..Newcomer::new(id("ann")) };
    assert_eq!(room.join_as(ann, V1)[1], "keep ann: place 0, taken over 3");
    room.restore_with(kept("ann", 0));
    assert_eq!(room.set("ann", Some("1"))[0], "keep ann: place 0, taken over 3, 1");
    assert_eq!(room.away("ann")[0], "keep ann: place 0, taken over 3, away, 1");
}

#[test]
fn a_claim_comes_before_or_after_the_older_one() {
    let newer = Kept { generation: Generation(3), ..kept("ann", 4) };
    let mut room = Script::kept_with(Limits::default(), &[("ann", Plain)]);
    room.restore_with(newer.clone());
    assert_eq!(room.room().kept(&newer.member), Some(newer.clone()));
    let mut room = Script::that_may_be_put_away(Limits::default());
    room.restore_with(newer.clone());
    room.restore_with(newer.clone());
    assert_eq!(room.room().kept(&newer.member), Some(newer));
}

#[test]
fn whoever_was_away_is_restored_so_and_is_told_nothing_until_it_is_back() {
    let mut room = Script::kept_with(Limits::default(), &[("ann", V1), ("bob", V1)]);
    assert_eq!(
        room.away("ann").last().map(String::as_str),
        Some(r#"v1: all <- {"from":"ann","t":"presence","op":"away"}"#)
    );
    room.restore();
    assert_eq!(room.away("ann"), ["refused: not in the room"], "it is away already");
    assert_eq!(room.leave("bob"), NOTHING, "nobody is there to be told");
    assert!(!room.is_empty(), "it is held");
    assert_eq!(
        room.back("ann", V1),
        [
            "keep ann: place 0".to_owned(),
            concat!(
                r#"ann <- {"t":"snapshot","self":"ann","members":[{"id":"ann","n":0}],"#,
                r#""seq":1000,"epoch":"e","heartbeat":25000,"limits":{"frame":65536}}"#
            )
            .to_owned(),
            r#"v1: all but ann <- {"from":"ann","t":"presence","op":"update"}"#.to_owned(),
        ]
    );
}

#[test]
fn what_is_kept_is_read_as_it_was_written_and_as_it_was_written_before_there_was_more() {
    let kept = Kept { away: true, generation: Generation(2), state: Some(json("null")), ..kept("ann", 7) };
    let written = serde_json::to_string(&kept).unwrap_or_default();
    assert_eq!(written, r#"{"member":"ann","place":7,"number":7,"generation":2,"away":true,"state":null}"#);
    assert_eq!(serde_json::from_str::<Kept>(&written).ok(), Some(kept));
    let least = serde_json::from_str::<Kept>(r#"{"member":"ann","place":7,"number":7}"#).ok();
    assert_eq!(least, Some(self::kept("ann", 7)));
}

fn kept(member: &str, place: u64) -> Kept {
    Kept {
        member: id(member),
        place: Place(place),
        number: Number(place as u32),
        generation: Generation::default(),
        user: None,
        away: false,
        info: None,
        state: None,
    }
}

#[test]
fn who_comes_back_to_a_room_that_forgot_it_stands_where_it_stood() {
    let mut room = Script::kept_with(Limits::default(), &[("new", V1)]);
    room.leave("new");
    room.begin_at(Place(50));
    room.join("new", V1, None);
    for (member, place, generation) in [("bob", 9, 4), ("ann", 2, 1)] {
        let (place, generation) = (Some(Place(place)), Generation(generation));
        room.join_as(Newcomer { place, generation, ..Newcomer::new(id(member)) }, V1);
    }
    assert_eq!(room.roster(), ["ann", "bob", "new"]);
    assert_eq!(room.room().roster().find(&id("bob")).map(|bob| bob.generation), Some(Generation(4)));
    let kept = room.room().kept(&id("ann")).map(|kept| kept.place);
    assert_eq!(kept, Some(Place(2)));
    room.restore();
    assert_eq!(room.roster(), ["ann", "bob", "new"]);
}
