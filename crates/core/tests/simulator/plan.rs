//! What happens next: drawn anew for every step, from chances drawn anew for every run.
//!
//! The chances differ from run to run because a run in which everything is equally likely never gets far into anything:
//! a room fills up only where few leave, an outbox only where many talk.

use roomful_core::rate::Rate;
use roomful_core::{Dialect, Limits, Millis};

use crate::member::Who;
use crate::rng::Rng;
use crate::socket::Pace;

/// One thing that happens.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    Join(Comer),
    /// Several at the same moment.
    Stampede(Vec<Comer>),
    /// A member that is in joins once more.
    JoinAgain {
        who: Who,
    },
    /// A client sends a frame.
    Say {
        who: Who,
        frame: ClientSays,
        id: Option<u64>,
    },
    /// A client sends many messages at once.
    Babble {
        who: Who,
    },
    /// The room's own code sets a state, with no rate limit between.
    Set {
        who: Who,
        state: StateKind,
    },
    /// The room's own code says something of a member.
    Inform {
        who: Who,
        info: StateKind,
    },
    /// The socket ends without a word.
    Drop {
        who: Who,
    },
    /// The member ends for good.
    Close {
        who: Who,
    },
    /// The app removes a member.
    Kick {
        who: Who,
    },
    /// A client comes back for its member.
    Return {
        who: Who,
        pace: Pace,
        offer: Offer,
    },
    /// A client sends a frame, and its socket is lost before that comes in.
    Cut {
        who: Who,
        frame: ClientSays,
    },
    /// The app's code for a member does one thing.
    Step {
        who: Who,
    },
    /// The app's code for a member begins to take its time, or takes it no more.
    Lag {
        who: Who,
    },
    /// Something comes to a life late, or twice.
    Late {
        who: Who,
        nth: u64,
    },
    /// The app says something, to all or to all but one.
    Announce {
        except: Option<Who>,
        too_large: bool,
    },
    /// A member's last words: it left and its room says something for it.
    LeaveSaying {
        who: Who,
    },
    /// Inputs for a member that nobody knows.
    Stranger,
    /// The time moves on.
    Pass {
        ms: Millis,
        timers: Timers,
    },
    /// A wake comes before its time, or for nothing.
    WakeInVain,
    Pace {
        who: Who,
        pace: Pace,
    },
    /// The room is put away and restored.
    Restore {
        /// Though nothing was held back.
        tells_all: bool,
    },
    /// The process stops.
    Drain,
}

/// Somebody who comes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Comer {
    pub(crate) dialect: Dialect,
    pub(crate) info: StateKind,
    pub(crate) seed: StateKind,
    pub(crate) pace: Pace,
    pub(crate) user: Option<u64>,
}

/// What a client presents that comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(crate) token: WhichToken,
    pub(crate) seen: WhichSeen,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhichToken {
    /// The newest that it has read.
    Newest,
    /// One that it read so many snapshots before.
    Earlier(usize),
    /// Another member's.
    Others,
    Forged,
}

/// Where it says that it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhichSeen {
    /// Where it does.
    Position,
    Behind(u64),
    Ahead(u64),
}

impl Offer {
    /// What a client presents that means well.
    pub(crate) const HONEST: Self = Self { token: WhichToken::Newest, seen: WhichSeen::Position };
}

/// Whom something can happen to.
#[derive(Debug, Default)]
pub(crate) struct Present {
    /// Those whose life is not over.
    pub(crate) alive: Vec<Who>,
    pub(crate) away: Vec<Who>,
    /// Those whose code has something to do.
    pub(crate) lagging: Vec<Who>,
    pub(crate) over: Vec<Who>,
}

/// When that which falls due is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Timers {
    /// At its time.
    Punctual,
    /// When the time has passed.
    Late,
    /// Not yet: whatever comes next comes first.
    Overtaken,
}

/// What a client sends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ClientSays {
    Message(Answer),
    LargeMessage,
    Presence(StateKind),
    Ping,
    Bye,
    Junk,
}

impl ClientSays {
    /// Whether it has a number, where its client gives one.
    pub(crate) fn is_numbered(self) -> bool {
        matches!(self, Self::Message(_) | Self::LargeMessage | Self::Presence(_))
    }
}

/// What the room's handler does with a message.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Answer {
    Broadcast,
    BroadcastAll,
    SendBack,
    Nothing,
}

/// A presence state.
#[derive(Debug, Clone, Copy)]
pub(crate) enum StateKind {
    None,
    Null,
    Small,
    Large,
    TooLarge,
}

/// The chances of one run.
pub(crate) struct Plan {
    weights: Vec<(Kind, u64)>,
    plain_percent: u64,
    user_percent: u64,
    /// The chance that the server says something of who comes.
    info_percent: u64,
    longest_pause: Millis,
    slow_percent: u64,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Join,
    Stampede,
    JoinAgain,
    Say,
    Babble,
    Set,
    Inform,
    Drop,
    Close,
    Kick,
    Return,
    Cut,
    Step,
    Lag,
    Late,
    Announce,
    LeaveSaying,
    Stranger,
    Pass,
    WakeInVain,
    Pace,
    Restore,
}

impl Plan {
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        use Kind::{
            Announce, Babble, Close, Cut, Drop, Inform, Join, JoinAgain, Kick, Lag, Late, LeaveSaying, Pace, Pass,
            Restore, Return, Say, Set, Stampede, Step, Stranger, WakeInVain,
        };
        let most = [
            (Join, 20),
            (Stampede, 4),
            (JoinAgain, 2),
            (Say, 40),
            (Babble, 2),
            (Set, 40),
            (Inform, 20),
            (Drop, 10),
            (Close, 4),
            (Kick, 2),
            (Return, 16),
            (Cut, 8),
            (Step, 12),
            (Lag, 2),
            (Late, 3),
            (Announce, 8),
            (LeaveSaying, 4),
            (Stranger, 2),
            (Pass, 40),
            (WakeInVain, 3),
            (Pace, 5),
            (Restore, 4),
        ];
        Self {
            weights: most.into_iter().map(|(kind, most)| (kind, rng.between(1, most))).collect(),
            plain_percent: *rng.pick(&[0, 20, 50, 80, 100]).unwrap_or(&50),
            user_percent: *rng.pick(&[0, 30, 100]).unwrap_or(&30),
            info_percent: *rng.pick(&[0, 50, 100]).unwrap_or(&50),
            longest_pause: *rng.pick(&[5, 40, 300]).unwrap_or(&40),
            slow_percent: *rng.pick(&[0, 20, 60]).unwrap_or(&20),
        }
    }

    /// What happens next to one of `present`.
    pub(crate) fn next(&self, rng: &mut Rng, present: &Present) -> Action {
        let kind = self.kind(rng);
        let preferred = match kind {
            Kind::Return if rng.percent(70) => &present.away,
            Kind::Kick | Kind::Set | Kind::Inform | Kind::Late if rng.percent(30) => &present.away,
            Kind::Step => &present.lagging,
            Kind::Late | Kind::Return | Kind::Set | Kind::Inform if rng.percent(10) => &present.over,
            _ => &present.alive,
        };
        let who = rng.pick(preferred).copied();
        let Some(who) = who.or_else(|| rng.pick(&present.alive).copied()) else { return self.with_nobody(kind, rng) };
        match kind {
            Kind::JoinAgain => Action::JoinAgain { who },
            Kind::Say => {
                let frame = client_says(rng);
                Action::Say { who, frame, id: rng.percent(50).then(|| rng.below(100)) }
            }
            Kind::Babble => Action::Babble { who },
            Kind::Set => Action::Set { who, state: state_kind(rng) },
            Kind::Inform => Action::Inform { who, info: state_kind(rng) },
            Kind::Drop => Action::Drop { who },
            Kind::Close => Action::Close { who },
            Kind::Kick => Action::Kick { who },
            Kind::Return => Action::Return { who, pace: self.pace(rng), offer: offer(rng) },
            Kind::Cut => Action::Cut { who, frame: client_says(rng) },
            Kind::Step => Action::Step { who },
            Kind::Lag => Action::Lag { who },
            Kind::Late => Action::Late { who, nth: rng.below(1_000) },
            Kind::Announce => Action::Announce { except: rng.percent(50).then_some(who), too_large: rng.percent(5) },
            Kind::LeaveSaying => Action::LeaveSaying { who },
            Kind::Pace => Action::Pace { who, pace: self.pace(rng) },
            Kind::Join | Kind::Stampede | Kind::Stranger | Kind::Pass | Kind::WakeInVain | Kind::Restore => {
                self.with_nobody(kind, rng)
            }
        }
    }

    fn with_nobody(&self, kind: Kind, rng: &mut Rng) -> Action {
        match kind {
            Kind::Stranger => Action::Stranger,
            Kind::Pass => Action::Pass { ms: rng.between(1, self.longest_pause), timers: timers(rng) },
            Kind::WakeInVain => Action::WakeInVain,
            Kind::Restore => Action::Restore { tells_all: rng.percent(20) },
            Kind::Announce => Action::Announce { except: None, too_large: false },
            Kind::Stampede => Action::Stampede((0..rng.between(2, 8)).map(|_| self.comer(rng)).collect()),
            _ => Action::Join(self.comer(rng)),
        }
    }

    fn comer(&self, rng: &mut Rng) -> Comer {
        Comer {
            dialect: if rng.percent(self.plain_percent) { Dialect::Plain } else { Dialect::V1 },
            info: if rng.percent(self.info_percent) { state_kind(rng) } else { StateKind::None },
            seed: state_kind(rng),
            pace: self.pace(rng),
            user: rng.percent(self.user_percent).then(|| rng.below(4)),
        }
    }

    fn kind(&self, rng: &mut Rng) -> Kind {
        let mut at = rng.below(self.weights.iter().map(|(_, weight)| weight).sum());
        for (kind, weight) in &self.weights {
            match at.checked_sub(*weight) {
                Some(rest) => at = rest,
                None => return *kind,
            }
        }
        Kind::Pass
    }

    fn pace(&self, rng: &mut Rng) -> Pace {
        match rng.below(100) {
            draw if draw >= self.slow_percent => Pace::Prompt,
            draw if draw % 3 == 0 => Pace::Stalled,
            _ => Pace::Slow,
        }
    }
}

/// Bounds so small that a run meets every one of them.
pub(crate) fn draw_limits(rng: &mut Rng) -> Limits {
    Limits::default()
        .presence_bytes(120)
        .info_bytes(120)
        .message_bytes(200)
        .members(rng.between(2, 16) as usize)
        .announce_at_once(*rng.pick(&[0, 1, 4, 100]).unwrap_or(&4))
        .admission_bytes(*rng.pick(&[0, 500, 2_000, 32 << 20]).unwrap_or(&2_000))
        .outbox_bytes(*rng.pick(&[700, 3_000, 20_000]).unwrap_or(&3_000))
        .presence_tick_ms(*rng.pick(&[1, 33, 100]).unwrap_or(&33))
        .presence_bytes_per_second(*rng.pick(&[2_000, 50_000, 256 << 20]).unwrap_or(&50_000))
        .leave_timeout_ms(*rng.pick(&[20, 200]).unwrap_or(&20))
        .rate(Rate {
            per_second: *rng.pick(&[1, 20, 250]).unwrap_or(&20),
            burst: if rng.percent(15) { 200 } else { rng.between(1, 20) as u32 },
        })
        .bad_frame_rate(Rate { per_second: 1, burst: rng.between(1, 3) as u32 })
}

fn timers(rng: &mut Rng) -> Timers {
    match rng.below(100) {
        0..60 => Timers::Punctual,
        60..80 => Timers::Late,
        _ => Timers::Overtaken,
    }
}

fn offer(rng: &mut Rng) -> Offer {
    let token = match rng.below(100) {
        0..80 => WhichToken::Newest,
        80..94 => WhichToken::Earlier(rng.between(1, 2) as usize),
        94..97 => WhichToken::Others,
        _ => WhichToken::Forged,
    };
    let seen = match rng.below(100) {
        0..80 => WhichSeen::Position,
        80..93 => WhichSeen::Behind(rng.between(1, 20)),
        _ => WhichSeen::Ahead(rng.between(1, 3)),
    };
    Offer { token, seen }
}

fn client_says(rng: &mut Rng) -> ClientSays {
    match rng.below(100) {
        0..40 => ClientSays::Presence(state_kind(rng)),
        40..60 => ClientSays::Message(Answer::Broadcast),
        60..70 => ClientSays::Message(Answer::BroadcastAll),
        70..80 => ClientSays::Message(Answer::SendBack),
        80..85 => ClientSays::Message(Answer::Nothing),
        85..88 => ClientSays::LargeMessage,
        88..92 => ClientSays::Ping,
        92..95 => ClientSays::Bye,
        _ => ClientSays::Junk,
    }
}

fn state_kind(rng: &mut Rng) -> StateKind {
    match rng.below(100) {
        0..10 => StateKind::None,
        10..18 => StateKind::Null,
        18..82 => StateKind::Small,
        82..95 => StateKind::Large,
        _ => StateKind::TooLarge,
    }
}
