//! What holds of every life, whatever comes in whatever order.

use proptest::prelude::*;
use proptest::sample::select;
use roomful_core::life::{Act, Event, Life};

use crate::events::{ended, events, states};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Once it has ended, was let in or taken out of the lobby, has nothing left to be handled and ran its hooks, it is over.
    #[test]
    fn a_life_whose_end_is_seen_through_is_over(
        from in select(states()),
        before in proptest::collection::vec(select(events()), 0..12),
        is_let_in in any::<bool>(),
    ) {
        let lobby = if is_let_in { Event::Entered } else { Event::Withdrawn };
        let end = [ended(), lobby, Event::Drained, Event::HooksEnded];
        let (mut life, mut acts) = (from.clone(), Vec::new());
        before.into_iter().chain(end).for_each(|event| life.handle(event, &mut acts));
        prop_assert_eq!(&life, &Life::Over);
        prop_assert_eq!(acts.last().copied(), (from != Life::Over).then_some(Act::Forget), "the last thing there is to do");
        check(&acts)?;
    }

    /// The same, of any part of a life: nothing is done twice that must not be, nor in another order.
    #[test]
    fn a_life_leaves_once_and_ends_once(
        from in select(states()),
        events in proptest::collection::vec(select(events()), 0..24),
    ) {
        let (mut life, mut acts) = (from, Vec::new());
        for event in events {
            let (before, done) = (life.clone(), acts.len());
            life.handle(event, &mut acts);
            prop_assert!(!before.has_ended() || life.has_ended(), "{before:?} became {life:?}");
            prop_assert!(!before.is_over() || acts.len() == done, "something is done though it is over");
        }
        check(&acts)?;
    }

    /// Whoever ended before it was a member is none: no roster and no hook of its end knows it.
    #[test]
    fn who_ends_while_it_opens_was_never_there(events in proptest::collection::vec(select(events()), 0..12)) {
        let (mut life, mut acts) = (Life::Opening, Vec::new());
        life.handle(ended(), &mut acts);
        events.into_iter().for_each(|event| life.handle(event, &mut acts));
        prop_assert_eq!((life, acts), (Life::Over, vec![Act::Forget]));
    }
}

fn check(acts: &[Act]) -> Result<(), TestCaseError> {
    let times = |act| acts.iter().filter(|done| **done == act).count();
    for once in [Act::Withdraw, Act::LimitLeave, Act::LeaveRoster, Act::RunEndHooks, Act::Forget] {
        prop_assert!(times(once) <= 1, "{once:?} more than once: {acts:?}");
    }
    let at = |act| acts.iter().position(|done| *done == act);
    let in_order = |first, then| at(then).is_none_or(|then| at(first).is_none_or(|first| first < then));
    prop_assert!(in_order(Act::LeaveRoster, Act::RunEndHooks), "the hooks of the end before the leave: {acts:?}");
    prop_assert!(in_order(Act::LimitLeave, Act::LeaveRoster), "{acts:?}");
    let ends = at(Act::LimitLeave).unwrap_or(acts.len());
    prop_assert!(!acts[ends..].contains(&Act::TellAway) && !acts[ends..].contains(&Act::TellBack), "{acts:?}");
    Ok(())
}
