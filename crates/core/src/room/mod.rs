//! The room engine: one room's roster, order and presence, with nothing around it.
//!
//! [`RoomEngine::handle`] takes one [`Input`] and the time, and appends the [`Effect`]s that the runtime then carries out,
//! in the order they stand. Every member sees the effects in that one order, so "the snapshot is first", "a message never
//! comes before its sender's join" and "one sender's messages are in order" are decided here and nowhere else.
//!
//! It knows members, and no socket: which socket a member has, in which dialect, stands beside it.

mod audience;
mod effect;
mod elsewhere;
mod heard;
mod history;
mod input;
mod lobby;
mod lost;
mod membership;
mod membership_lane;
mod numbers;
mod pace;
mod presence;
mod presence_lane;
mod publish;
mod release;
mod remote;
mod returns;
mod session_hashes;
mod stays;
mod take_over;
mod users;
mod users_here;
mod withheld;

use std::sync::Arc;

pub use audience::Audience;
pub use effect::{Change, Effect, Kept, News, Update};
use elsewhere::{BoxedElsewhere, Elsewhere};
use history::Saying;
pub use input::{Input, Newcomer, Refused};
use membership_lane::MembershipLane;
use numbers::Numbers;
use presence_lane::PresenceLane;
use users_here::UsersHere;

use crate::cluster::Incarnation;
use crate::roster::{Entry, Place, Roster};
use crate::session::To;
use crate::{History, Json, Limits, MemberId, Millis, NodeId};

/// What a room is given and never changes.
#[derive(Debug, Clone)]
pub struct RoomConfig {
    /// The process that this engine runs in.
    pub node: NodeId,
    /// This run of this node, where other nodes may have the same room; `node` is then what that one is called. Such a room
    /// [publishes](Effect::Publish) what becomes of its members, and lets in nobody before [`Input::Ready`]. It cannot be one
    /// that may be put away.
    pub cluster: Option<Incarnation>,
    /// Names one run of sequence numbers. A room that is restored goes on in the epoch that its members were told.
    pub epoch: Arc<str>,
    /// Sequence numbers begin above this: 0 for a new epoch, and for a restored room a number that is above every one that
    /// it has given in this epoch. Where its [history](crate::History) is in the broker they come from there; what this node says
    /// then has numbers of its own above this, which must be above all that this node gave before.
    pub last_seq: u64,
    /// Whether the room may be put away while its members stay connected, and be restored. It then says what is to be
    /// [kept](Effect::Keep), and tells of everyone who comes or goes at once, however large it is: of a leave that waited
    /// nothing would be left to restore, and the others would see that member for ever.
    pub may_be_put_away: bool,
    /// Whoever comes stands here at the earliest: 0, or a number that is above every place that any process gave in this room,
    /// so that [who comes back](Newcomer::place) stands before who is new.
    pub first_place: Place,
    /// The bounds.
    pub limits: Arc<Limits>,
}

/// One room on one node.
///
/// ```
/// use std::sync::Arc;
/// use roomful_core::room::{Effect, Input, Newcomer, RoomConfig, RoomEngine};
/// use roomful_core::roster::Place;
/// use roomful_core::{Limits, MemberId, NodeId};
///
/// let limits = Arc::new(Limits::default());
/// let config = RoomConfig {
///     node: NodeId(7),
///     cluster: None,
///     epoch: "e".into(),
///     last_seq: 0,
///     may_be_put_away: false,
///     first_place: Place(0),
///     limits,
/// };
/// let mut room = RoomEngine::restore(config, []);
/// let mut effects = Vec::new();
/// let ann = MemberId::parse("ann").map_err(|e| e.to_string())?;
/// room.handle(Input::Join(Newcomer::new(ann.clone())), 0, &mut effects).map_err(|e| e.to_string())?;
/// let Effect::Snapshot { to, listing, .. } = &effects[0] else { return Err("the snapshot is first".into()) };
/// assert_eq!((to, &listing.v1[..]), (&ann, &br#"{"id":"ann","n":0}"#[..]));
/// # Ok::<(), String>(())
/// ```
#[derive(Debug)]
pub struct RoomEngine {
    config: RoomConfig,
    seq: u64,
    roster: Roster,
    numbers: Numbers,
    /// Members of this node, those who are away too.
    local: usize,
    /// Members of this node that have a socket.
    present: usize,
    /// Whose the members are.
    users: UsersHere,
    /// Whether the process stops: its members will be back elsewhere, and nobody is told that they leave.
    draining: bool,
    presence: PresenceLane,
    membership: MembershipLane,
    /// The other nodes, in a cluster.
    elsewhere: Option<BoxedElsewhere>,
}

impl RoomEngine {
    /// The one constructor: a new room is one restored from no members, so that a cold start, a wake from hibernation and
    /// the return after a crash are one path.
    ///
    /// Whose members may not have been told all states goes on with [`Input::TellAll`].
    #[must_use]
    pub fn restore(mut config: RoomConfig, kept: impl IntoIterator<Item = Kept>) -> Self {
        let mut elsewhere = config.cluster.clone().and_then(Elsewhere::beside);
        if let Some(elsewhere) = &mut elsewhere {
            config.node = elsewhere.me.node();
            if config.limits.history == History::Broker {
                elsewhere.keep_in_broker(std::mem::take(&mut config.last_seq));
            }
        }
        let mut room = Self {
            seq: config.last_seq,
            config,
            roster: Roster::default(),
            numbers: Numbers::default(),
            local: 0,
            present: 0,
            users: UsersHere::default(),
            draining: false,
            presence: PresenceLane::default(),
            membership: MembershipLane::default(),
            elsewhere,
        };
        room.roster.begin_at(room.config.first_place);
        for kept in kept {
            room.restore_member(kept);
        }
        for entry in room.roster.iter() {
            room.local += 1;
            room.present += usize::from(!entry.away);
            let _is_first = entry.user.as_ref().map(|user| room.users.enter(user));
        }
        room
    }

    /// Everybody in the room, of this node or not.
    #[must_use]
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// What this run of sequence numbers is called.
    #[must_use]
    pub fn epoch(&self) -> &str {
        &self.config.epoch
    }

    /// The last number that was given to a message.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// What is to be kept of a member, while it is in.
    #[must_use]
    pub fn kept(&self, member: &MemberId) -> Option<Kept> {
        self.kept_at(self.roster.place(member)?)
    }

    /// Whether that member's join was taken and is still to come: see [`Effect::Entered`].
    #[must_use]
    pub fn is_waiting(&self, member: &MemberId) -> bool {
        self.membership.lobby.has(member)
    }

    /// Whether nobody of this node is in, is held while it is away, or waits to be let in. In a cluster it is not empty while it
    /// is still to see to the members of a node that is lost: so ask again after every input.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let owes = || !self.draining && self.elsewhere.as_ref().is_some_and(|elsewhere| !elsewhere.is_settled());
        self.local == 0 && self.membership.lobby.is_empty() && !owes()
    }

    /// When [`Input::Wake`] is due. Ask after every input: it may be sooner than it was.
    #[must_use]
    pub fn next_wake(&self) -> Option<Millis> {
        let membership = self.membership.wakes_at().filter(|_| !self.is_awaiting());
        let elsewhere = self.elsewhere.as_ref().and_then(|elsewhere| elsewhere.wakes_at());
        [self.presence.wakes_at(), membership, elsewhere].into_iter().flatten().min()
    }

    /// One thing that happened; what it leads to is appended to `effects`, in order.
    ///
    /// # Errors
    ///
    /// [`Refused`] says why nothing changed; no effect is appended then.
    pub fn handle(&mut self, input: Input, now: Millis, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        let handled = self.take(input, now, effects);
        self.publish_all(effects);
        handled
    }

    fn take(&mut self, input: Input, now: Millis, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        self.hold_behind_words(&input).unwrap_or_else(|| self.take_now(input, now, effects))
    }

    fn take_now(&mut self, input: Input, now: Millis, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        match input {
            Input::Join(newcomer) => self.join(newcomer, now, effects),
            Input::Away { member } => self.away(&member, now, effects),
            Input::Return { member } => self.return_of(&member, now, effects),
            Input::Leave { member } => self.leave(&member, now, effects),
            Input::SetPresence { member, state } => self.set_presence(&member, state, now, effects),
            Input::SetInfo { member, info } => self.set_info(&member, info, now, effects),
            Input::Broadcast { from, to, msg } => self.broadcast(from, to, msg, now, effects),
            Input::Relayed { msg } => self.relayed(msg, now, effects),
            Input::LastWords { from, msg } => self.last_words(from, msg, now, effects),
            Input::Send { to, msg } => self.send(to, msg, now, effects),
            Input::Wake => {
                self.wake(now, effects);
                Ok(())
            }
            Input::Drain => {
                self.draining = true;
                // Whoever is listed for want of being told keeps its number, too.
                let left = std::mem::take(&mut self.membership.left);
                left.into_iter().for_each(|departed| self.publish_left(departed, now, effects));
                Ok(())
            }
            Input::TellAll => {
                self.presence.mark_all(self.roster.places());
                self.wake(now, effects);
                Ok(())
            }
            Input::Forgo { user } => {
                self.stays(now, effects, |stays, facts, acts| stays.forgo(&user, facts(&user), acts));
                Ok(())
            }
            Input::Release { member } => self.release(&member, effects),
            Input::Session { member, session } => self.set_session(&member, session),
            Input::Remote { node, news } => {
                self.hear(&node, news, now, effects);
                Ok(())
            }
            Input::History(news) => {
                self.hear_history(news, now, effects);
                Ok(())
            }
            Input::Ready => {
                self.ready(now, effects);
                Ok(())
            }
            Input::Reborn { node } => {
                self.reborn(node);
                Ok(())
            }
            Input::Mourned { members } => {
                self.mourned(&members);
                Ok(())
            }
        }
    }

    /// Where it claims the number of another it is not in: those who are connected may know either by it.
    fn restore_member(&mut self, kept: Kept) {
        let Kept { member, place, number, generation, user, away, info, state } = kept;
        let before = self.roster.find(&member).map(|entry| entry.number);
        let is_its_own = before == Some(number);
        if !is_its_own && !self.numbers.claim(number) {
            return;
        }
        let entry = Entry { member, number, node: self.config.node, generation, user, away, info, state };
        let unused = if self.roster.restore(place, entry) { before } else { Some(number) };
        if let (Some(unused), false) = (unused, is_its_own) {
            self.numbers.free(unused);
        }
    }

    fn broadcast(
        &mut self,
        from: Option<MemberId>,
        to: Audience,
        msg: Json,
        now: Millis,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Refused> {
        self.check_message(&msg)?;
        if self.is_kept_in_broker() {
            if let Some(member) = &from {
                self.may_speak(member)?;
            }
            return self.say(Saying { by: from.clone(), from, to: (&to).into(), is_last: false, msg }, now, effects);
        }
        if let Some(member) = &from {
            // The state that it set is heard before what it says. Whoever waits, or has left, is not heard at all.
            let place = self.speaking_place(member)?;
            self.flush_one(place, effects);
        }
        self.publish_word(from.as_ref(), &to, &msg);
        self.number_own_word();
        effects.push(Effect::Said { seq: self.seq, from, to, msg });
        Ok(())
    }

    fn relayed(&mut self, msg: Json, now: Millis, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        self.check_message(&msg)?;
        if self.is_kept_in_broker() {
            return self.say(Saying::by_nobody(msg), now, effects);
        }
        self.elsewhere.iter_mut().for_each(|elsewhere| elsewhere.relayed_at = Some(now));
        self.seq += 1;
        effects.push(Effect::Said { seq: self.seq, from: None, to: Audience::Everybody, msg });
        Ok(())
    }

    fn last_words(&mut self, from: MemberId, msg: Json, now: Millis, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        self.check_message(&msg)?;
        let is_in = self.roster.place(&from).is_some() && !self.is_leaving(&from);
        if is_in || self.membership.lobby.has(&from) {
            return Err(Refused::AlreadyIn);
        }
        if self.is_kept_in_broker() {
            let (by, to) = (Some(from.clone()), To::Everybody);
            return self.say(Saying { from: Some(from), to, by, is_last: true, msg }, now, effects);
        }
        // Its leave is heard before them.
        self.flush_leave(&from, now, effects);
        self.publish_word(Some(&from), &Audience::Everybody, &msg);
        self.number_own_word();
        effects.push(Effect::Said { seq: self.seq, from: Some(from), to: Audience::Everybody, msg });
        Ok(())
    }

    /// In a room that is kept in the broker, where its leave may wait.
    fn may_speak(&self, member: &MemberId) -> Result<(), Refused> {
        self.local_place(member)?;
        if self.is_leaving(member) { Err(Refused::NotIn) } else { Ok(()) }
    }

    fn number_own_word(&mut self) {
        self.seq += 1;
        self.note_word(self.config.node);
    }

    fn send(&mut self, to: MemberId, msg: Json, now: Millis, effects: &mut Vec<Effect>) -> Result<(), Refused> {
        self.check_message(&msg)?;
        if self.is_kept_in_broker() {
            self.may_speak(&to)?;
            let (by, to) = (Some(to.clone()), To::Only(to));
            return self.say(Saying { from: None, to, by, is_last: false, msg }, now, effects);
        }
        let place = self.local_place(&to)?;
        self.flush_one(place, effects);
        self.seq += 1;
        effects.push(Effect::Told { seq: self.seq, to, msg });
        Ok(())
    }

    fn wake(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        // Before the newcomers: their snapshot says it already.
        if self.presence.is_due(now) {
            self.flush_presence(now, effects);
        }
        if self.elsewhere.is_some() {
            self.expire(now, effects);
            self.wake_history(now, effects);
        }
        if self.membership.is_due(now) && !self.is_awaiting() {
            self.flush_membership(now, effects);
        }
    }

    /// Whether all that is known of who is in is known here: until [`Input::Ready`] it is not, and nobody is let in.
    #[must_use]
    pub fn knows_who_is_in(&self) -> bool {
        !self.is_awaiting()
    }

    /// Whether it is not known yet who is in, or what was said.
    fn is_awaiting(&self) -> bool {
        self.awaits_history() || self.elsewhere.as_ref().is_some_and(|elsewhere| elsewhere.is_awaiting)
    }

    fn kept_at(&self, place: Place) -> Option<Kept> {
        let Entry { member, number, generation, user, away, info, state, .. } = self.roster.get(place)?.into();
        Some(Kept { member, place, number, generation, user, away, info, state })
    }

    fn keep(&self, place: Place, effects: &mut Vec<Effect>) {
        if self.config.may_be_put_away {
            effects.extend(self.kept_at(place).map(Effect::Keep));
        }
    }

    fn check_message(&self, msg: &Json) -> Result<(), Refused> {
        let (bytes, limit) = (msg.size(), self.config.limits.message_bytes);
        if bytes > limit { Err(Refused::MessageTooLarge { bytes, limit }) } else { Ok(()) }
    }
}
