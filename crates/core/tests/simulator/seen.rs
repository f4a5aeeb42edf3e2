//! What the runs came upon, so that a simulator that no longer reaches something says so.

use roomful_core::Close;
use roomful_core::life::{Event, Life};
use roomful_core::room::Refused;

/// Names each once, so that none is forgotten in [`Seen::ALL`].
macro_rules! all_seen {
    ($($(#[$doc:meta])* $kind:ident,)+) => {
        /// Something that a run is there to come upon.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Seen {
            $($(#[$doc])* $kind,)+
        }

        impl Seen {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$kind,)+];
        }
    };
}

all_seen! {
    RoomFull,
    AlreadyIn,
    NotIn,
    PresenceTooLarge,
    MessageTooLarge,
    InfoTooLarge,
    /// A state and an info of one member went out together.
    StateAndInfo,
    /// An info waited for the tick.
    InfoHeld,
    /// The server said something else of a member that is away.
    InfoWhileAway,
    /// A state took the place of an info that waited, and took it along.
    InfoCarried,
    /// A client read too slowly and was closed.
    Overflow,
    /// An update took the place of one that waited.
    Conflated,
    /// Several updates went out as one v1 message.
    Batch,
    /// A v1 client that was behind was sent states, which wait singly.
    Behind,
    /// A newcomer was given the number of somebody who had left;
    NumberAgain,
    /// in the tick in which that leave was told;
    NumberAgainAtOnce,
    /// to somebody for whom frames waited.
    NumberAgainBehind,
    /// A member's held state was sent before its message.
    Flush,
    /// A tick grew beyond its least, for the byte budget.
    LongTick,
    /// A wake was followed by another.
    WakeAgain,
    /// A wake was asked for while a later one was still to come.
    SoonerWake,
    /// A join waited for the tick.
    JoinWaited,
    /// Whoever waited left before it was let in.
    LeftTheLobby,
    /// A leave waited for the tick.
    LeaveWaited,
    /// A member whose leave waited said something.
    LastWords,
    /// Joins and leaves went out as one v1 message.
    MembershipBatch,
    /// A tick did not let in all who waited.
    AdmissionBounded,
    /// A room was restored while it held states back.
    RestoredHolding,
    /// The intake held a state over the rate, and gave it up later.
    Released,
    RateLimited,
    TooManyBadFrames,
    Bye,
    /// A client came back for a member that was away.
    Returned,
    /// A socket took over from one that was still there.
    TakenOver,
    /// A user came back before it had gone.
    UserReloaded,
    UserGone,
    /// What the app is told of a user had to wait for what it was being told.
    UserNewsWaited,
    /// A member that is away was said to be away once more.
    AwayTwice,
    /// A client came back for a member that had ended.
    ReturnedTooLate,
    /// A member was away for longer than its grace.
    GraceOver,
    /// A member ended before it asked to be let in.
    EndedWhileOpening,
    /// One that waited ended, and was taken out of the lobby.
    Withdrawn,
    /// One that waited ended while the room let it in.
    EndedWhileLetIn,
    /// A member lost its socket while `on_join` ran.
    LostWhileJoining,
    /// A member was removed while it was away.
    KickedAway,
    /// A member was out of the roster before its handler was done.
    TimeIsUp,
    /// What waited was dropped when its member left.
    QueueDropped,
    /// A hook was still at work when its member had left.
    HookOutlivedLeave,
    /// Somebody spoke who had left.
    SpokeTooLate,
    /// A handler was given what its member said before it lost its socket.
    HandledWhileAway,
    /// A member showed something while it was away.
    StateWhileAway,
    /// There were members, and none with a socket.
    NobodyListens,
    /// A state was due, and nobody was there to be told.
    UnheardState,
    /// A return had to wait for the room's tick.
    ReturnWaited,
    /// A client came back again before it was sent the snapshot of the return before.
    ReturnedAgainWaiting,
    /// A client that waited so lost its socket, or its member left.
    AwayBeforeItWasBack,
    LeftBeforeItWasBack,
    /// Several were back in one tick; or with some who were new; or not all of them.
    ReturnedTogether,
    ReturnedWithNewcomers,
    ReturnsBounded,
    /// Leaves that waited had nobody left to be told.
    LeavesUnheard,
    /// Leaves waited when the process stopped.
    DrainForgotLeaves,
    /// A member left while the process stopped.
    LeftWhileDraining,
    AwayWhileDraining,
    /// A member was away when its room was restored.
    RestoredAway,
    /// A member was joining or leaving when its room was put away.
    RestoredMidway,
    /// Something came late to a life that was over.
    Late,
    /// A client presented a token that is not good.
    BadToken,
    /// A client presented a token that was not its newest, and was let back.
    OlderToken,
    /// A client was sent what it missed.
    Replayed,
    /// A client was back, and had missed nothing.
    MissedNothing,
    /// A client said that it had seen what was never said.
    PositionAhead,
    /// A client asked for what was said before it came.
    PositionBeforeEntry,
    /// What a client missed was let go of.
    PositionBehindFloor,
    /// What a client missed was more than it may be sent at once.
    ReplayTooLarge,
    /// A client that was back was told again what had failed.
    FailureRetold,
    /// A client said something twice.
    SaidTwice,
    /// A client said again what had not come in.
    SaidAgain,
    /// What a client said was lost with its socket.
    LostOnItsWay,
    /// As much of what a client said as may be had no outcome that it knew.
    KeptToItself,
    /// As many words as may wait were acknowledged.
    AckForMany,
    /// An acknowledgement came when its time had come.
    AckInTime,
    /// A member that was away made place for another.
    LetGoForAnother,
}

impl From<Refused> for Seen {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::RoomFull { .. } => Self::RoomFull,
            Refused::AlreadyIn => Self::AlreadyIn,
            Refused::NotIn => Self::NotIn,
            Refused::PresenceTooLarge { .. } => Self::PresenceTooLarge,
            Refused::MessageTooLarge { .. } => Self::MessageTooLarge,
            Refused::InfoTooLarge { .. } => Self::InfoTooLarge,
            other => unreachable!("nobody knows {other:?}"),
        }
    }
}

impl Seen {
    /// What it is that an event comes to a life that stands there.
    pub(crate) fn of_event(life: &Life, event: &Event) -> Option<Self> {
        match (life, event) {
            (Life::Opening, Event::Ended { .. } | Event::SocketLost { .. }) => Some(Self::EndedWhileOpening),
            (Life::Waiting { .. }, Event::Withdrawn) => Some(Self::Withdrawn),
            (Life::Waiting { ended: Some(_), .. }, Event::Entered) => Some(Self::EndedWhileLetIn),
            (Life::In { opened: false }, Event::SocketLost { .. }) => Some(Self::LostWhileJoining),
            (Life::Away { .. }, Event::Ended { close }) if *close == Close::KICKED => Some(Self::KickedAway),
            (Life::Leaving { in_roster: true, .. }, Event::TimeIsUp) => Some(Self::TimeIsUp),
            (Life::Over, _) => Some(Self::Late),
            _ => None,
        }
    }
}
