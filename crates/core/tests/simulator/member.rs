//! One member of a run: its life, its socket if it has one, and what its hooks have done.

use std::collections::VecDeque;
use std::fmt;

use roomful_core::life::Life;
use roomful_core::session::{Resume, Said, Token};
use roomful_core::{Dialect, Json, MemberId, Millis, UserId};

use crate::client::Client;
use crate::fault::Fault;
use crate::plan::Answer;
use crate::socket::Socket;

/// A member by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Who(pub(crate) u64);

pub(crate) struct Member {
    pub(crate) id: MemberId,
    pub(crate) user: Option<UserId>,
    pub(crate) info: Option<Json>,
    pub(crate) seed: Option<Json>,
    pub(crate) life: Life,
    pub(crate) socket: Option<Socket>,
    pub(crate) is_v1: bool,
    pub(crate) client: Client,
    pub(crate) said: Said,
    /// The tokens that it may come back with.
    pub(crate) good: Vec<Token>,
    /// What it presents on its way back.
    pub(crate) offer: Option<Resume>,
    /// The last number that was given when its session began.
    pub(crate) entered_at: u64,
    /// What it said, and its handler has not come to.
    pub(crate) queue: VecDeque<Handled>,
    pub(crate) hooks: Hooks,
    /// The room has let it in, and its life has not heard of it yet.
    pub(crate) let_in: bool,
    /// When its grace is over, and when what it said before its end has had its time.
    pub(crate) grace: Option<Millis>,
    pub(crate) leave_limit: Option<Millis>,
}

/// Something that a client said and a handler is to be given.
#[derive(Debug)]
pub(crate) enum Handled {
    Message(Json, Answer, Option<u64>),
    State(Option<Json>, Option<u64>),
}

/// How the app's code for one member is run, and what it has done.
#[derive(Debug, Default)]
pub(crate) struct Hooks {
    /// It takes its time: what it is to do waits until it is told to go on.
    pub(crate) lags: bool,
    /// It says something when its member is gone.
    pub(crate) has_last_words: bool,
    /// It is a member's.
    pub(crate) entered: bool,
    /// `on_join` is at work.
    pub(crate) joins: bool,
    /// A hook that was given this is at work.
    pub(crate) at_work: Option<Handled>,
    /// How often the roster was left, and the hooks of the end begun and ended.
    pub(crate) left: u32,
    pub(crate) end_began: u32,
    pub(crate) end_over: u32,
    /// The process that ran them is no more.
    pub(crate) cut: bool,
}

impl Who {
    pub(crate) fn id(self) -> Result<MemberId, Fault> {
        MemberId::parse(&format!("m{}", self.0)).map_err(|error| Fault(error.to_string()))
    }

    /// Whom an effect names.
    pub(crate) fn of(member: &MemberId) -> Result<Self, Fault> {
        let number = member.as_str().strip_prefix('m').and_then(|number| number.parse().ok());
        number.map(Self).ok_or_else(|| Fault(format!("nobody is called {member}")))
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m{}", self.0)
    }
}

impl Member {
    pub(crate) fn new(
        id: MemberId,
        user: Option<UserId>,
        (info, seed): (Option<Json>, Option<Json>),
        socket: Socket,
        lags: bool,
    ) -> Self {
        Self {
            id,
            user,
            info,
            seed,
            life: Life::Opening,
            is_v1: socket.dialect == Dialect::V1,
            socket: Some(socket),
            client: Client::default(),
            said: Said::default(),
            good: Vec::new(),
            offer: None,
            entered_at: 0,
            queue: VecDeque::new(),
            hooks: Hooks { lags, ..Hooks::default() },
            let_in: false,
            grace: None,
            leave_limit: None,
        }
    }

    /// Whether it is one that the roster may show.
    pub(crate) fn may_be_in_roster(&self) -> bool {
        match self.life {
            Life::Waiting { .. } => self.let_in,
            Life::In { .. } | Life::Away { .. } | Life::Leaving { in_roster: true, .. } => true,
            Life::Opening | Life::Leaving { in_roster: false, .. } | Life::Over => false,
        }
    }

    pub(crate) fn is_away(&self) -> bool {
        self.life.is_away()
    }

    /// Its socket is gone, with all that was on its way.
    pub(crate) fn hang_up(&mut self) -> Option<Socket> {
        self.client.hang_up();
        self.socket.take()
    }

    /// When it is to be told what of its words was handled.
    pub(crate) fn ack_due(&self) -> Option<Millis> {
        let is_on = self.socket.as_ref().is_some_and(|socket| socket.attached);
        self.said.ack_due().filter(|_| is_on)
    }

    /// What must be true of every life at every moment.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        let Hooks { entered, left, end_began, end_over, joins, cut, ref at_work, .. } = self.hooks;
        ensure!(left <= 1, "left {left} times");
        ensure!(end_began <= 1 && end_over <= end_began, "the hooks of its end ran {end_began} times");
        ensure!(end_began <= left, "the hooks of its end ran before it left");
        ensure!(left == 0 || entered, "left, and was never let in");
        ensure!(end_began == 0 || !joins, "the hooks of its end ran while `on_join` did");
        ensure!(end_began == 0 || at_work.is_none(), "the hooks of its end ran while another hook did");
        let has_left = matches!(self.life, Life::Leaving { in_roster: false, .. });
        ensure!(!has_left || self.queue.is_empty(), "it has left, and is still to be heard: {:?}", self.queue);
        if let Life::In { opened } | Life::Away { opened, .. } = self.life {
            ensure!(entered && opened != joins, "`on_join` is at work: {joins}, and its life is {:?}", self.life);
        }
        let holds_its_end = !self.life.is_over() || (self.queue.is_empty() && self.timers() == [None; 2]);
        ensure!(holds_its_end, "it is over, and something is still to come: {:?}, {:?}", self.queue, self.timers());
        ensure!(self.socket.is_none() || !self.life.has_ended(), "ended, and has a socket");
        ensure!(self.socket.is_none() || !self.is_away(), "away, and has a socket");
        if self.life.is_over() && !cut {
            let ended = (u32::from(entered), u32::from(entered));
            ensure!((left, end_over) == ended, "over: let in {entered}, left {left}, hooks ended {end_over}");
        }
        Ok(())
    }

    pub(crate) fn timers(&self) -> [Option<Millis>; 2] {
        [self.grace, self.leave_limit]
    }
}
