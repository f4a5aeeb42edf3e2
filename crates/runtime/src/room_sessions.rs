//! The sessions of one room, as a process keeps them: their tokens are random and found by whoever presents one, and what they
//! hold is a part of what the process holds.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::AbortHandle;
use roomful_core::cluster::MissedFrame;
use roomful_core::frame::encode::SessionFacts;
use roomful_core::pattern::Topic;
use roomful_core::session::{
    Answer, Carried, GivenAway, KeptSession, Leaving, LogLimits, LongestFirst, Resume, SessionHash, Sessions, To,
    Token, TokenHash,
};
use roomful_core::{Dialect, Limits, MemberId, Millis};

use crate::barred::Barred;
use crate::clustered::is_in_broker;
use crate::log_age::log_age_ms;
use crate::memory::Holding;
use crate::metrics;
use crate::process::Process;

/// Whether members have sessions under these limits: who loses its socket is held.
pub(crate) fn are_kept(limits: &Limits) -> bool {
    limits.grace_ms > 0
}

/// Whether one that speaks so has a session there.
pub(crate) fn are_kept_for(dialect: Dialect, limits: &Limits) -> bool {
    are_kept(limits) && dialect == Dialect::V1
}

/// Under the room's lock, beside its engine.
pub(crate) struct RoomSessions {
    sessions: Sessions,
    process: Arc<Process>,
    /// What is kept, as a part of all that is held for clients, and of all that rooms keep.
    held: Holding,
    kept: Holding,
    /// Bytes that one who comes back may be sent at once.
    most_bytes: usize,
    grace_ms: Millis,
    /// Who is away, as the room was told it. Boxed, because in most rooms nobody is.
    away: Option<Box<LongestFirst<MemberId>>>,
    /// Lets go of what is too old. One at a time, and none while nothing is kept.
    timer: Option<AbortHandle>,
}

impl RoomSessions {
    /// `None` where nobody has a session.
    pub(crate) fn new(process: &Arc<Process>, limits: &Limits) -> Option<Box<Self>> {
        if !are_kept(limits) {
            return None;
        }
        let log = LogLimits { frames: limits.log_frames, bytes: limits.log_bytes, age_ms: log_age_ms(limits) };
        let (held, kept) = (Holding::nothing(process.memory()), Holding::nothing(process.logs()));
        let is_shared = process.in_cluster().is_some() && is_in_broker(limits);
        let sessions = if is_shared { Sessions::shared(log) } else { Sessions::new(log) };
        let (process, most_bytes) = (Arc::clone(process), limits.outbox_bytes / 2);
        let (grace_ms, away) = (limits.grace_ms, None);
        Some(Box::new(Self { sessions, process, held, kept, most_bytes, grace_ms, away, timer: None }))
    }

    /// A member's session begins, with its first snapshot; for a client that has presented this token, where it had a session in
    /// another process. `top` is the last number that was given.
    pub(crate) fn begin(&mut self, member: &MemberId, presented: Option<Token>, top: u64) -> SessionFacts {
        let (token, tokens) = (self.process.new_token(), self.process.tokens());
        tokens.insert(token, member.clone());
        let Some(presented) = presented else {
            self.sessions.begin(member, token, top);
            return SessionFacts { token, seal: None, resumed: false, acked: Some(0) };
        };
        tokens.insert(presented, member.clone());
        self.sessions.begin_after(member, presented, token, top);
        metrics::session_unsealed();
        SessionFacts { token, seal: None, resumed: false, acked: None }
    }

    /// A member's session goes on that another node has given away, with what its client missed there and, of what was heard here, the
    /// messages of these numbers. `None`: what it missed cannot be had.
    pub(crate) fn carry_over(
        &mut self,
        member: &MemberId,
        (presented, acked): (Token, Option<u64>),
        missed: Option<(Carried, Vec<u64>)>,
        top: u64,
    ) -> (SessionFacts, Vec<Bytes>) {
        let (token, tokens) = (self.process.new_token(), self.process.tokens());
        tokens.insert(token, member.clone());
        tokens.insert(presented, member.clone());
        let missed = match missed {
            Some((carried, beyond)) => {
                let at = (top, self.most_bytes, self.process.now());
                self.sessions.carry_over(member, (presented, token), (carried, &beyond), at)
            }
            None => {
                self.sessions.begin_after(member, presented, token, top);
                None
            }
        };
        self.count();
        metrics::session_resumed(missed.is_some());
        let facts = SessionFacts { token, seal: None, resumed: missed.is_some(), acked };
        (facts, missed.unwrap_or_default())
    }

    /// What a member missed whom another node wants, where that can be had, and whether its client knows this session. `None`: that does
    /// not take the token.
    pub(crate) fn release(
        &self,
        member: &MemberId,
        (token, seen): (TokenHash, u64),
        top: u64,
    ) -> Option<(Option<Vec<MissedFrame>>, bool)> {
        let leaving = Leaving { token, seen, top, most_bytes: self.most_bytes };
        let GivenAway { missed, is_known_to_client } = self.sessions.release(member, leaving)?;
        let missed = missed.map(|missed| missed.into_iter().map(|(seq, frame)| MissedFrame::new(seq, frame)).collect());
        Some((missed, is_known_to_client))
    }

    /// Somebody may come from another node: what is said from here on is kept for it.
    pub(crate) fn expect(&mut self, top: u64) {
        self.sessions.expect(top);
    }

    /// That is over.
    pub(crate) fn expect_no_more(&mut self) {
        self.sessions.expect_no_more();
        self.count();
    }

    /// A member's session goes on here that another node had, whose numbers are the same: what its snapshot says, and what follows that.
    /// `acked` is the highest id received of what its client has said, where that is known.
    pub(crate) fn go_on(
        &mut self,
        member: &MemberId,
        (Resume { token: presented, seen }, acked): (Resume, Option<u64>),
        entered: u64,
        top: u64,
    ) -> (SessionFacts, Vec<Bytes>) {
        let (token, tokens) = (self.process.new_token(), self.process.tokens());
        [token, presented].into_iter().for_each(|token| tokens.insert(token, member.clone()));
        let missed = self.sessions.go_on(member, (presented, token), (seen, entered), (top, self.most_bytes));
        metrics::session_resumed(missed.is_some());
        let facts = SessionFacts { token, seal: None, resumed: missed.is_some(), acked };
        (facts, missed.unwrap_or_default())
    }

    /// What other nodes are told of a member's session.
    pub(crate) fn hash(&self, member: &MemberId) -> Option<SessionHash> {
        self.sessions.hash(member)
    }

    /// A member is back, whose token is good: what its snapshot says, and what follows that. `acked` is the highest id received of
    /// what its client has said, where that is known.
    pub(crate) fn resume(
        &mut self,
        member: &MemberId,
        resume: Resume,
        acked: Option<u64>,
        top: u64,
    ) -> (SessionFacts, Vec<Bytes>) {
        let (token, tokens) = (self.process.new_token(), self.process.tokens());
        let answer = self.sessions.resume(member, resume, token, top, self.most_bytes);
        let Some(Answer { missed, forgotten, is_known_to_client }) = answer else {
            // Another has come back with a newer one just now. This one came later, and takes all of it over.
            self.sessions.end(member).for_each(|token| tokens.remove(token, member));
            let facts = self.begin(member, None, top);
            return (SessionFacts { acked, ..facts }, Vec::new());
        };
        tokens.insert(token, member.clone());
        forgotten.into_iter().for_each(|token| tokens.remove(token, member));
        metrics::session_resumed(missed.is_some());
        let acked = acked.filter(|_| is_known_to_client);
        let facts = SessionFacts { token, seal: None, resumed: missed.is_some(), acked };
        (facts, missed.unwrap_or_default())
    }

    /// A member is away from now on, or is back.
    pub(crate) fn set_away(&mut self, member: &MemberId, is_away: bool) {
        if is_away {
            self.away.get_or_insert_default().push(member.clone());
        } else {
            self.is_away_no_more(member);
        }
    }

    /// Who has been away for the longest, to be let go for somebody else. It is given once: it may be back already, and then the
    /// next one is to go.
    pub(crate) fn take_longest_away(&mut self) -> Option<MemberId> {
        let longest = self.away.as_ref()?.first()?.clone();
        self.is_away_no_more(&longest);
        Some(longest)
    }

    /// What is to be kept of a member's session.
    pub(crate) fn kept(&self, member: &MemberId) -> Option<KeptSession> {
        self.sessions.kept(member)
    }

    /// A member's session goes on that another process has kept.
    pub(crate) fn restore(&mut self, member: &MemberId, kept: KeptSession, top: u64) {
        kept.tokens().for_each(|token| self.process.tokens().insert(token, member.clone()));
        self.sessions.restore(member, kept, top);
    }

    /// A member has left.
    pub(crate) fn end(&mut self, member: &MemberId) {
        self.is_away_no_more(member);
        let tokens = self.process.tokens();
        self.sessions.end(member).for_each(|token| tokens.remove(token, member));
        self.count();
    }

    /// The app has ended this member's session: who presents its token is told so, for as long as it could have been back.
    pub(crate) fn bar(&mut self, member: &MemberId, room: &Topic) {
        let until = self.process.now().saturating_add(self.grace_ms);
        for token in self.sessions.end(member) {
            self.process.tokens().remove(token, member);
            self.process.bar(token, room.clone(), until);
            if let Some(keeper) = self.process.keeper() {
                Barred::new(token, room, until).written(|bytes| keeper.bar(token, bytes));
            }
        }
        self.count();
    }

    /// Whether this token is good for that member.
    pub(crate) fn takes(&self, member: &MemberId, token: Token) -> bool {
        self.sessions.takes(member, token)
    }

    /// Whether what is said is kept.
    pub(crate) fn keeps(&self) -> bool {
        self.sessions.keeps()
    }

    /// Keeps what was said. Where all rooms together keep too much, this one lets go of as much.
    pub(crate) fn keep(&mut self, seq: u64, to: To, frame: Bytes) {
        let let_go = self.sessions.keep(seq, to, frame, self.process.now());
        metrics::log_let_go("log_frames", let_go.frames);
        metrics::log_let_go("log_bytes", let_go.bytes);
        self.count();
        let logs = self.process.logs();
        if logs.is_over() {
            metrics::log_let_go("logs_bytes", self.sessions.shrink(logs.held().saturating_sub(logs.limit())));
            self.count();
        }
    }

    /// Messages up to this number are missing.
    pub(crate) fn lose_up_to(&mut self, seq: u64) {
        self.sessions.lose_up_to(seq);
        self.count();
    }

    /// Lets go of what is too old.
    pub(crate) fn let_go(&mut self) {
        self.timer = None;
        self.sessions.let_go(self.process.now());
        self.count();
    }

    /// Starts the timer that calls [`let_go`](RoomSessions::let_go), where one is needed and none runs.
    pub(crate) fn arm(&mut self, start: impl FnOnce(Millis) -> AbortHandle) {
        if self.process.keeper().is_some() {
            // A timer would keep a process in memory that may be put away. The next message lets go of what is too old.
            return;
        }
        match (self.sessions.due(), &self.timer) {
            (Some(at), None) => self.timer = Some(start(at)),
            (None, Some(_)) => self.stop_timer(),
            _ => {}
        }
    }

    fn stop_timer(&mut self) {
        self.timer.take().into_iter().for_each(|timer| timer.abort());
    }

    fn is_away_no_more(&mut self, member: &MemberId) {
        if let Some(away) = &mut self.away {
            away.remove(member);
            if away.is_empty() {
                self.away = None;
            }
        }
    }

    fn count(&mut self) {
        let bytes = self.sessions.held_bytes();
        self.held.set(bytes);
        self.kept.set(bytes);
    }
}

impl Drop for RoomSessions {
    fn drop(&mut self) {
        self.stop_timer();
    }
}
