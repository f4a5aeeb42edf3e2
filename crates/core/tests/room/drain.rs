//! A process that stops.

use roomful_core::Dialect::{Plain, V1};
use roomful_core::Limits;
use roomful_core::room::Input;

use crate::script::{NOTHING, Script};

#[test]
fn no_leave_is_told_once_the_process_stops() {
    let mut room = Script::with(Limits::default(), &[("ann", V1), ("bob", Plain), ("cat", V1)]);
    assert_eq!(room.tell(Input::Drain), NOTHING);
    assert_eq!(room.leave("ann"), NOTHING);
    assert_eq!(room.roster(), ["bob", "cat"], "it is out all the same");
    assert_eq!(
        room.last_words("ann", r#""bye""#),
        [
            r#"plain: all <- {"from":"ann","t":"msg","msg":"bye"}"#,
            r#"v1: all <- {"from":"ann","t":"msg","msg":"bye","seq":1}"#,
        ]
    );
    room.leave("bob");
    room.leave("cat");
    assert!(room.is_empty());
}

#[test]
fn a_leave_that_still_waits_when_the_process_stops_is_not_told_either() {
    let mut room = Script::new(Limits::default().announce_at_once(0));
    for (member, now) in [("ann", 1_000), ("bob", 2_000), ("cat", 3_000)] {
        room.at(now).join(member, V1, None);
    }
    assert_eq!(room.leave("ann"), ["wake at 3033"]);
    assert_eq!(room.tell(Input::Drain), NOTHING);
    assert_eq!(room.leave("bob"), NOTHING);
    assert_eq!(room.at(3_033).wake(), NOTHING);
}

#[test]
fn who_waits_while_the_process_stops_is_let_in_without_a_leave() {
    let mut room = Script::new(Limits::default().announce_at_once(0));
    room.join("ann", V1, None);
    room.join("bob", V1, None);
    room.tell(Input::Drain);
    room.join("cat", V1, None);
    assert_eq!(room.leave("ann"), NOTHING);
    assert_eq!(room.at(1_033).wake()[0], "in is bob", "nobody is left to be told");
}
