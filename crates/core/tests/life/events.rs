//! Every state and every event, with details that can be told apart.

use roomful_core::Close;
use roomful_core::life::{Event, Life};

/// When a grace that is given here is over.
pub(crate) const UNTIL: u64 = 7_000;

/// How it lost its socket.
pub(crate) const LOST: Close = Close::LOST;

/// How it ended already, where it did.
pub(crate) const ENDED: Close = Close::DONE;

/// How it ends by an event.
pub(crate) const ENDS: Close = Close::KICKED;

pub(crate) const WAITING: Life = Life::Waiting { ended: None, expelled: false };
pub(crate) const IN: Life = Life::In { opened: false };
pub(crate) const IN_OPENED: Life = Life::In { opened: true };

pub(crate) fn waiting_ended(close: Close) -> Life {
    Life::Waiting { ended: Some(close.into()), expelled: false }
}

/// Kicked, too, before it was let in.
pub(crate) fn waiting_expelled(close: Close) -> Life {
    Life::Waiting { ended: Some(close.into()), expelled: true }
}

pub(crate) fn away(opened: bool) -> Life {
    Life::Away { opened, lost: LOST.into(), until: UNTIL }
}

/// The same, and it was given to another node.
pub(crate) fn given_away(opened: bool) -> Life {
    Life::Away { opened, lost: LOST.into(), until: GIVEN_UNTIL }
}

pub(crate) fn leaving(close: Close) -> Life {
    Life::Leaving { close: close.into(), in_roster: true, hooks_began: false }
}

/// It is out of the roster, and what it said before is still handled.
pub(crate) fn gone() -> Life {
    Life::Leaving { close: ENDED.into(), in_roster: false, hooks_began: false }
}

/// Out of the roster for another's sake while it was away.
pub(crate) fn let_go() -> Life {
    Life::Leaving { close: LOST.into(), in_roster: false, hooks_began: false }
}

/// Its last hooks run.
pub(crate) fn in_end_hooks() -> Life {
    Life::Leaving { close: ENDED.into(), in_roster: false, hooks_began: true }
}

pub(crate) fn states() -> Vec<Life> {
    vec![
        Life::Opening,
        WAITING,
        waiting_ended(ENDED),
        waiting_expelled(ENDED),
        IN,
        IN_OPENED,
        away(false),
        away(true),
        leaving(ENDED),
        gone(),
        in_end_hooks(),
        Life::Over,
    ]
}

pub(crate) fn socket_lost() -> Event {
    Event::SocketLost { close: LOST, until: UNTIL }
}

/// The grace that is given here, and one that was given before.
pub(crate) const GRACE_OVER: Event = Event::GraceOver { until: UNTIL };
pub(crate) const EARLIER_GRACE_OVER: Event = Event::GraceOver { until: UNTIL - 1 };

/// When the grace of one that was given to another node is over.
pub(crate) const GIVEN_UNTIL: u64 = UNTIL + 1;
pub(crate) const GIVEN_AWAY: Event = Event::GivenAway { until: GIVEN_UNTIL };
/// It has a later one already.
pub(crate) const GIVEN_AWAY_EARLIER: Event = Event::GivenAway { until: UNTIL - 1 };

pub(crate) fn ended() -> Event {
    Event::Ended { close: ENDS }
}

pub(crate) fn events() -> Vec<Event> {
    vec![
        Event::AskIn,
        Event::Entered,
        Event::Withdrawn,
        Event::Refused,
        Event::Opened,
        socket_lost(),
        Event::Returned,
        GRACE_OVER,
        EARLIER_GRACE_OVER,
        GIVEN_AWAY,
        GIVEN_AWAY_EARLIER,
        Event::LetGo,
        ended(),
        Event::TimeIsUp,
        Event::Expelled,
        Event::Drained,
        Event::HooksEnded,
        Event::PutAway,
    ]
}
