//! One member's life, from its first byte to its last hook: the one place that knows where it stands.
//!
//! ```text
//!            AskIn            Entered              SocketLost, held
//!  Opening ────────▶ Waiting ─────────▶ In ◀──────────────────────▶ Away
//!     │                 │                │       Returned             │
//!     │ Ended           │ Withdrawn      │ Ended                      │ Ended
//!     ▼                 ▼                ▼                            ▼
//!    Over ◀──────────────────────────── Leaving ◀────────────────────┘
//!                        HooksEnded
//! ```
//!
//! Who is away ends by [`Event::GraceOver`] and [`Event::LetGo`], too, which say nothing to one that is back.
//!
//! A typed socket lives the same life; it waits for nobody, and nothing holds it.
//!
//! [`Life::handle`] takes what happened and says what is to be done; whoever drives it carries that out, in order, and asks
//! nothing else. What does not fit the state changes nothing: events come from the socket, from the app and from timers,
//! and the last of them may always be late.

use crate::{Close, Millis};

/// Where a member stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Life {
    /// Guards, data and seed are being found. Nobody knows of it.
    Opening,
    /// Its seed is found, and the room lets it in: at once, or when its lobby does.
    Waiting {
        /// Its end came meanwhile. If it is let in all the same, it leaves again.
        ended: Option<Box<Close>>,
        /// It is then to be in no roster, whatever its handler does.
        expelled: bool,
    },
    /// A member, with a socket.
    In {
        /// Whether `on_join` (a socket's `open`) has run to its end.
        opened: bool,
    },
    /// A member without a socket, held for a while.
    Away {
        /// As in [`In`](Life::In).
        opened: bool,
        /// How it lost its socket, and so how it ends if it does not return.
        lost: Box<Close>,
        /// When it ends.
        until: Millis,
    },
    /// It is at its end. While it is in the roster, what it said before is still handled; then its last hooks run.
    Leaving {
        /// How it ended.
        close: Box<Close>,
        /// Whether the roster still shows it. Where not, nothing that it said waits any more.
        in_roster: bool,
        /// Whether the hooks of its end have begun.
        hooks_began: bool,
    },
    /// Nothing happens any more.
    Over,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Guards, data and seed have been found: it asks to be let in.
    AskIn,
    /// It is a member from here on.
    Entered,
    /// It was taken out of the lobby before it was let in.
    Withdrawn,
    /// It is not let in, or cannot be gone on with.
    Refused,
    /// `on_join` (a socket's `open`) has run to its end.
    Opened,
    /// Its socket was lost, and may be replaced until then.
    SocketLost {
        /// How.
        close: Close,
        /// The end of its grace.
        until: Millis,
    },
    /// It has a socket again, or another one.
    Returned,
    /// The grace that ended then is over. One that it was given later is not.
    GraceOver {
        /// When.
        until: Millis,
    },
    /// It was given to another node, to which its client has come. Where it is away its grace begins anew: until that one is heard to
    /// have it, it is held.
    GivenAway {
        /// The end of its grace.
        until: Millis,
    },
    /// Its place is needed for another, where it is still away.
    LetGo,
    /// It ends: its socket did and nothing holds it, or the app closed it.
    Ended {
        /// How.
        close: Close,
    },
    /// What it said before its end has had its time.
    TimeIsUp,
    /// It is to be in no roster from here on, whatever its handler does. Comes with, or after, its end.
    Expelled,
    /// Nothing that it said is left to be handled.
    Drained,
    /// The hooks of its end have run.
    HooksEnded,
    /// Another process goes on with it; here nothing more happens, and nobody is told.
    PutAway,
}

/// What is to be done, in the order it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Take it out of the room's lobby, and say [`Event::Withdrawn`] if it was there.
    Withdraw,
    /// Say [`Event::TimeIsUp`] when what it said before has had its time.
    LimitLeave,
    /// Tell the room that it is away, and say [`Event::GraceOver`] when the grace is.
    TellAway,
    /// Tell the room that it is back.
    TellBack,
    /// Take it out of the roster. From here on nothing that it says reaches anybody, save its [last words].
    ///
    /// [last words]: crate::room::Input::LastWords
    LeaveRoster,
    /// Drop what it said before its end and is not handled yet. A hook that runs goes on to its end.
    DropQueue,
    /// Run the hooks of its end, then say [`Event::HooksEnded`].
    RunEndHooks,
    /// Forget what waits to be handled, and every timer.
    Forget,
}

impl Life {
    /// A member that another process has begun.
    #[must_use]
    pub fn restored(opened: bool) -> Self {
        Self::In { opened }
    }

    /// The same, of one that is held until then.
    #[must_use]
    pub fn restored_away(opened: bool, until: Millis) -> Self {
        Self::Away { opened, lost: Close::LOST.into(), until }
    }

    /// Goes on from `event`, and appends what is to be done.
    pub fn handle(&mut self, event: Event, acts: &mut Vec<Act>) {
        let before = std::mem::replace(self, Self::Over);
        *self = before.after(event, acts);
    }

    fn after(self, event: Event, acts: &mut Vec<Act>) -> Self {
        match (self, event) {
            (Self::Over, _) => Self::Over,
            (_, Event::PutAway) => over(acts),

            (Self::Opening, Event::AskIn) => Self::Waiting { ended: None, expelled: false },
            (Self::Opening, Event::Refused | Event::Ended { .. } | Event::SocketLost { .. }) => over(acts),

            (Self::Waiting { ended: None, .. }, Event::Entered) => Self::In { opened: false },
            (Self::Waiting { ended: Some(close), expelled: false }, Event::Entered) => leaving(close, acts),
            (Self::Waiting { ended: Some(close), expelled: true }, Event::Entered) => {
                acts.extend([Act::LimitLeave, Act::LeaveRoster, Act::DropQueue]);
                Self::Leaving { close, in_roster: false, hooks_began: false }
            }
            (Self::Waiting { ended: Some(close), .. }, Event::Expelled) => {
                Self::Waiting { ended: Some(close), expelled: true }
            }
            (Self::Waiting { .. }, Event::Withdrawn | Event::Refused) => over(acts),
            (Self::Waiting { ended: None, .. }, Event::Ended { close } | Event::SocketLost { close, .. }) => {
                acts.push(Act::Withdraw);
                Self::Waiting { ended: Some(close.into()), expelled: false }
            }

            // Restored, but it cannot be gone on with.
            (Self::In { .. } | Self::Away { .. }, Event::Refused) => over(acts),

            (Self::In { .. }, Event::Opened) => Self::In { opened: true },
            (Self::In { .. }, Event::Ended { close }) => leaving(close.into(), acts),
            (Self::In { opened }, Event::SocketLost { close, until }) => {
                acts.push(Act::TellAway);
                Self::Away { opened, lost: close.into(), until }
            }
            // One socket takes over from another.
            (Self::In { opened }, Event::Returned) => {
                acts.push(Act::TellBack);
                Self::In { opened }
            }

            (Self::Away { opened, .. }, Event::Returned) => {
                acts.push(Act::TellBack);
                Self::In { opened }
            }
            (Self::Away { lost, until, .. }, Event::Opened) => Self::Away { opened: true, lost, until },
            (Self::Away { .. }, Event::Ended { close }) => leaving(close.into(), acts),
            (Self::Away { lost, until, .. }, Event::GraceOver { until: over }) if over >= until => leaving(lost, acts),
            (Self::Away { opened, lost, until: before }, Event::GivenAway { until }) => {
                Self::Away { opened, lost, until: until.max(before) }
            }
            (Self::Away { lost, .. }, Event::LetGo) => {
                acts.extend([Act::LimitLeave, Act::LeaveRoster, Act::DropQueue]);
                Self::Leaving { close: lost, in_roster: false, hooks_began: false }
            }

            (Self::Leaving { close, in_roster: true, hooks_began }, Event::TimeIsUp | Event::Expelled) => {
                acts.extend([Act::LeaveRoster, Act::DropQueue]);
                Self::Leaving { close, in_roster: false, hooks_began }
            }
            (Self::Leaving { close, in_roster, hooks_began: false }, Event::Drained) => {
                if in_roster {
                    acts.push(Act::LeaveRoster);
                }
                acts.push(Act::RunEndHooks);
                Self::Leaving { close, in_roster: false, hooks_began: true }
            }
            (Self::Leaving { hooks_began: true, .. }, Event::HooksEnded) => over(acts),

            (unchanged, _) => unchanged,
        }
    }

    /// Whether it is not let in yet.
    #[must_use]
    pub fn is_before_entry(&self) -> bool {
        matches!(self, Self::Opening | Self::Waiting { .. })
    }

    /// Whether it may still ask to be let in: what ended while it was opened never joins.
    #[must_use]
    pub fn is_opening(&self) -> bool {
        matches!(self, Self::Opening)
    }

    /// Whether it takes part: what it says is still taken in.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        match self {
            Self::Opening | Self::Waiting { ended: None, .. } | Self::In { .. } => true,
            Self::Waiting { ended: Some(_), .. } | Self::Away { .. } | Self::Leaving { .. } | Self::Over => false,
        }
    }

    /// Whether it has no socket, and is held.
    #[must_use]
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Away { .. })
    }

    /// Whether its end has come, however much of it is still to be done.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        matches!(self, Self::Waiting { ended: Some(_), .. } | Self::Leaving { .. } | Self::Over)
    }

    /// Whether the hooks of its end run.
    #[must_use]
    pub fn is_in_end_hooks(&self) -> bool {
        matches!(self, Self::Leaving { hooks_began: true, .. })
    }

    /// Whether nothing happens any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Over)
    }

    /// Whether `on_join` (a socket's `open`) has run to its end, while it is a member.
    #[must_use]
    pub fn is_opened(&self) -> bool {
        matches!(self, Self::In { opened: true } | Self::Away { opened: true, .. })
    }

    /// How it ended, once it has and is not over.
    #[must_use]
    pub fn end(&self) -> Option<&Close> {
        match self {
            Self::Waiting { ended, .. } => ended.as_deref(),
            Self::Leaving { close, .. } => Some(close),
            Self::Opening | Self::In { .. } | Self::Away { .. } | Self::Over => None,
        }
    }
}

fn leaving(close: Box<Close>, acts: &mut Vec<Act>) -> Life {
    acts.push(Act::LimitLeave);
    Life::Leaving { close, in_roster: true, hooks_began: false }
}

fn over(acts: &mut Vec<Act>) -> Life {
    acts.push(Act::Forget);
    Life::Over
}
