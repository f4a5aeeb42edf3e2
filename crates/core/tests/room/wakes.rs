//! When the room wants to be woken, and what comes of a wake that is early, late or in vain.

use roomful_core::Dialect::V1;
use roomful_core::Limits;
use roomful_core::room::Input;

use crate::script::{NOTHING, Script};

#[test]
fn a_room_that_holds_nothing_asks_for_no_wake_and_one_comes_in_vain() {
    let mut room = Script::with(Limits::default(), &[("ann", V1), ("bob", V1)]);
    assert_eq!(room.room().next_wake(), None);
    assert_eq!(room.wake(), NOTHING);
    room.set("ann", Some("1"));
    assert_eq!(room.room().next_wake(), None, "that was told at once");
    assert_eq!(room.at(1_010).wake(), NOTHING);
    assert_eq!(room.set("ann", Some("2")), ["wake at 1033"], "the wake in vain has moved nothing");
}

#[test]
fn what_is_asked_for_moves_nearer_when_something_sooner_waits_and_away_when_it_is_told() {
    let frame = r#"{"from":"ann","t":"presence","op":"update","state":1}"#;
    let limits = Limits::default().presence_bytes_per_second(4 * frame.len() as u64).announce_at_once(1);
    let mut room = Script::with(limits, &[("ann", V1), ("bob", V1)]);
    room.set("ann", Some("1"));
    room.set("ann", Some("2"));
    assert_eq!(room.room().next_wake(), Some(1_500));
    room.join("cat", V1, None);
    assert_eq!(room.room().next_wake(), Some(1_033));
    room.leave("cat");
    assert_eq!(room.room().next_wake(), Some(1_500));
    room.broadcast("ann", "1");
    assert_eq!(room.room().next_wake(), None, "its sender's state went with the message");
}

#[test]
fn a_late_wake_is_asked_for_as_long_as_something_waits() {
    let mut room = Script::with(Limits::default(), &[("ann", V1)]);
    room.set("ann", Some("1"));
    room.set("ann", Some("2"));
    assert_eq!(room.at(9_000).room().next_wake(), Some(1_033), "it is late, and still due");
    assert_eq!(room.wake(), [r#"v1: update <- {"t":"updates","of":[[0,2]]}"#]);
    assert_eq!(room.room().next_wake(), None);
}

#[test]
fn tell_all_says_every_state_in_its_turn() {
    let mut room = Script::with(Limits::default(), &[("ann", V1), ("bob", V1)]);
    room.set("ann", Some("1"));
    assert_eq!(room.at(1_010).tell(Input::TellAll), ["wake at 1033"], "the tick runs");
    room.leave("bob");
    assert_eq!(room.at(1_033).wake(), [r#"v1: update <- {"t":"updates","of":[[0,1]]}"#]);
    assert_eq!(
        room.at(1_100).tell(Input::TellAll),
        [r#"v1: update <- {"t":"updates","of":[[0,1]]}"#],
        "a quiet room tells at once"
    );
}

#[test]
fn tell_all_does_not_say_that_somebody_is_back() {
    let mut room = Script::with(Limits::default(), &[("ann", V1), ("bob", V1)]);
    room.away("ann");
    assert_eq!(
        room.tell(Input::TellAll),
        [r#"v1: update <- {"t":"updates","of":[[0],[1]]}"#, r#"v1: all <- {"from":"ann","t":"presence","op":"away"}"#,]
    );
}
