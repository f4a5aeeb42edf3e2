//! What each event makes of each state.

use roomful_core::Close;
use roomful_core::life::Act::{DropQueue, Forget, LeaveRoster, LimitLeave, RunEndHooks, TellAway, TellBack, Withdraw};
use roomful_core::life::Event::{
    AskIn, Drained, Entered, Expelled, HooksEnded, LetGo, Opened, PutAway, Refused, Returned, TimeIsUp, Withdrawn,
};
use roomful_core::life::Life::{Opening, Over};
use roomful_core::life::{Act, Event, Life};

use crate::events::{
    ENDED, ENDS, GIVEN_AWAY, GRACE_OVER, IN, IN_OPENED, LOST, WAITING, away, ended, events, given_away, gone,
    in_end_hooks, leaving, let_go, socket_lost, states, waiting_ended, waiting_expelled,
};

type Row = (Life, Event, Life, &'static [Act]);

/// Everything that changes something. Of a pair that is not here nothing comes: it is late, or it comes twice.
fn table() -> Vec<Row> {
    vec![
        (Opening, AskIn, WAITING, &[]),
        (Opening, Refused, Over, &[Forget]),
        (Opening, socket_lost(), Over, &[Forget]),
        (Opening, ended(), Over, &[Forget]),
        (Opening, PutAway, Over, &[Forget]),
        //
        (WAITING, Entered, IN, &[]),
        (WAITING, Withdrawn, Over, &[Forget]),
        (WAITING, Refused, Over, &[Forget]),
        (WAITING, socket_lost(), waiting_ended(LOST), &[Withdraw]),
        (WAITING, ended(), waiting_ended(ENDS), &[Withdraw]),
        (WAITING, PutAway, Over, &[Forget]),
        //
        (waiting_ended(ENDED), Entered, leaving(ENDED), &[LimitLeave]),
        (waiting_ended(ENDED), Withdrawn, Over, &[Forget]),
        (waiting_ended(ENDED), Refused, Over, &[Forget]),
        (waiting_ended(ENDED), Expelled, waiting_expelled(ENDED), &[]),
        (waiting_ended(ENDED), PutAway, Over, &[Forget]),
        //
        (waiting_expelled(ENDED), Entered, gone(), &[LimitLeave, LeaveRoster, DropQueue]),
        (waiting_expelled(ENDED), Withdrawn, Over, &[Forget]),
        (waiting_expelled(ENDED), Refused, Over, &[Forget]),
        (waiting_expelled(ENDED), PutAway, Over, &[Forget]),
        //
        (IN, Opened, IN_OPENED, &[]),
        (IN, socket_lost(), away(false), &[TellAway]),
        (IN, Returned, IN, &[TellBack]),
        (IN, ended(), leaving(ENDS), &[LimitLeave]),
        (IN, Refused, Over, &[Forget]),
        (IN, PutAway, Over, &[Forget]),
        //
        (IN_OPENED, socket_lost(), away(true), &[TellAway]),
        (IN_OPENED, Returned, IN_OPENED, &[TellBack]),
        (IN_OPENED, ended(), leaving(ENDS), &[LimitLeave]),
        (IN_OPENED, Refused, Over, &[Forget]),
        (IN_OPENED, PutAway, Over, &[Forget]),
        //
        (away(false), Opened, away(true), &[]),
        (away(false), Returned, IN, &[TellBack]),
        (away(false), GIVEN_AWAY, given_away(false), &[]),
        (away(false), GRACE_OVER, leaving(LOST), &[LimitLeave]),
        (away(false), LetGo, let_go(), &[LimitLeave, LeaveRoster, DropQueue]),
        (away(false), ended(), leaving(ENDS), &[LimitLeave]),
        (away(false), Refused, Over, &[Forget]),
        (away(false), PutAway, Over, &[Forget]),
        //
        (away(true), Returned, IN_OPENED, &[TellBack]),
        (away(true), GIVEN_AWAY, given_away(true), &[]),
        (away(true), GRACE_OVER, leaving(LOST), &[LimitLeave]),
        (away(true), LetGo, let_go(), &[LimitLeave, LeaveRoster, DropQueue]),
        (away(true), ended(), leaving(ENDS), &[LimitLeave]),
        (away(true), Refused, Over, &[Forget]),
        (away(true), PutAway, Over, &[Forget]),
        //
        (leaving(ENDED), TimeIsUp, gone(), &[LeaveRoster, DropQueue]),
        (leaving(ENDED), Expelled, gone(), &[LeaveRoster, DropQueue]),
        (leaving(ENDED), Drained, in_end_hooks(), &[LeaveRoster, RunEndHooks]),
        (leaving(ENDED), PutAway, Over, &[Forget]),
        //
        (gone(), Drained, in_end_hooks(), &[RunEndHooks]),
        (gone(), PutAway, Over, &[Forget]),
        //
        (in_end_hooks(), HooksEnded, Over, &[Forget]),
        (in_end_hooks(), PutAway, Over, &[Forget]),
    ]
}

#[test]
fn every_event_in_every_state() {
    let mut table = table();
    for state in states() {
        for event in events() {
            let row = table.iter().position(|(from, of, ..)| (from, of) == (&state, &event));
            let (next, acts) = match row.map(|row| table.remove(row)) {
                Some((_, _, next, acts)) => (next, acts),
                None => (state.clone(), [].as_slice()),
            };
            let (mut life, mut done) = (state.clone(), Vec::new());
            life.handle(event.clone(), &mut done);
            assert_eq!((life, &*done), (next, acts), "{event:?} in {state:?}");
        }
    }
    assert!(table.is_empty(), "no such state or event: {table:?}");
}

/// What is asked of a state: whether it is before its entry, opening, heard, away, ended, in its end's hooks, over and opened,
/// and how it ended.
#[test]
fn what_each_state_says_of_itself() {
    let table: [(Life, [bool; 8], Option<Close>); 12] = [
        (Opening, [true, true, true, false, false, false, false, false], None),
        (WAITING, [true, false, true, false, false, false, false, false], None),
        (waiting_ended(ENDED), [true, false, false, false, true, false, false, false], Some(ENDED)),
        (waiting_expelled(ENDED), [true, false, false, false, true, false, false, false], Some(ENDED)),
        (IN, [false, false, true, false, false, false, false, false], None),
        (IN_OPENED, [false, false, true, false, false, false, false, true], None),
        (away(false), [false, false, false, true, false, false, false, false], None),
        (away(true), [false, false, false, true, false, false, false, true], None),
        (leaving(ENDED), [false, false, false, false, true, false, false, false], Some(ENDED)),
        (gone(), [false, false, false, false, true, false, false, false], Some(ENDED)),
        (in_end_hooks(), [false, false, false, false, true, true, false, false], Some(ENDED)),
        (Over, [false, false, false, false, true, false, true, false], None),
    ];
    for (life, says, end) in table {
        let said = [
            life.is_before_entry(),
            life.is_opening(),
            life.is_heard(),
            life.is_away(),
            life.has_ended(),
            life.is_in_end_hooks(),
            life.is_over(),
            life.is_opened(),
        ];
        assert_eq!((said, life.end()), (says, end.as_ref()), "{life:?}");
    }
}

#[test]
fn what_another_process_has_begun_goes_on_as_a_member() {
    for opened in [false, true] {
        assert_eq!(Life::restored(opened), Life::In { opened });
    }
}

#[test]
fn acts_are_appended_to_those_that_are_still_to_be_done() {
    let mut acts = vec![TellBack];
    leaving(ENDED).handle(Drained, &mut acts);
    assert_eq!(acts, [TellBack, LeaveRoster, RunEndHooks]);
}
