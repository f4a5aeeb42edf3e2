//! A room from outside any connection: an HTTP handler, a job, another room's hook.

use std::marker::PhantomData;

use roomful_core::MemberId;
use roomful_core::pattern::{Pattern, Topic};
use roomful_runtime::{Act, Answer, App};

use crate::payload::encode;
use crate::{Channel, Member, Result, User, UserId, roster};

/// One room, wherever it is: in this process, in another, in a Durable Object. It is there even if nobody is in the room. Made
/// by [`Rooms::at`](crate::Rooms::at) and [`Conn::room`](crate::Conn::room); a clone is cheap.
///
/// # In a cluster
///
/// A node that somebody in the room is connected to knows who is in on all nodes, and answers by itself. Another one asks those that have
/// the room, each of which answers for its own members. What is done with a member is done by the node that has it. Every call fails where its answer
/// would not be whole, and says why:
///
/// - [`ErrorKind::Isolated`](crate::ErrorKind::Isolated): this node is cut off. Done here, and elsewhere late or not at all.
/// - [`ErrorKind::BrokerBehind`](crate::ErrorKind::BrokerBehind): the broker does not take what is said. The same.
/// - [`ErrorKind::NotTaken`](crate::ErrorKind::NotTaken): the broker that keeps this room's history has not taken it: nobody heard it.
/// - [`ErrorKind::Unanswered`](crate::ErrorKind::Unanswered): these nodes have not answered within two seconds. Done everywhere else.
/// - [`ErrorKind::TooLargeForBroker`](crate::ErrorKind::TooLargeForBroker) and
///   [`ErrorKind::NodeBehind`](crate::ErrorKind::NodeBehind): nothing was done.
///
/// What is asked for once is done at most once, and [`local`](RoomHandle::local) reads what is known here, whatever the others say.
///
/// ```
/// # use roomful::{Channel, Result, Rooms};
/// # #[derive(Clone, Channel)]
/// # #[channel("board/:boardId", message = String)]
/// # struct Board { board_id: String }
/// async fn publish(rooms: &Rooms, board_id: String, text: String) -> Result<usize> {
///     let board = rooms.at(&Board { board_id });
///     board.broadcast(&text).await?;
///     board.count().await
/// }
/// ```
pub struct RoomHandle<C: Channel> {
    app: App,
    /// `None` when the key names no room: a required param is empty. Nobody can be in it.
    topic: Option<Topic>,
    channel: PhantomData<fn() -> C>,
}

/// The part of a room that is in this process, which can be read without waiting. Made by [`RoomHandle::local`].
pub struct LocalRoom<C: Channel> {
    handle: RoomHandle<C>,
}

impl<C: Channel> RoomHandle<C> {
    pub(crate) fn new(app: App, key: &C) -> Self {
        let topic = Pattern::parse(C::PATTERN).ok().and_then(|pattern| pattern.topic(&key.to_params()).ok());
        Self { app, topic, channel: PhantomData }
    }

    /// A message to every member, from nobody: its `from` is the empty string.
    ///
    /// # Errors
    ///
    /// When the message cannot be JSON or is over [`Limits::message_bytes`](crate::Limits::message_bytes);
    /// [`ErrorKind::Overloaded`](crate::ErrorKind::Overloaded) when too much waits for the sockets;
    /// [`ErrorKind::Elsewhere`](crate::ErrorKind::Elsewhere) when the room's process cannot be reached.
    pub async fn broadcast(&self, msg: &C::Outgoing) -> Result {
        let msg = encode(msg)?;
        self.ask(Act::Broadcast { msg }).await.map(drop)
    }

    /// A message to one member alone, from nobody: an answer, an offer to connect directly. `false` when there is no such
    /// member.
    ///
    /// # Errors
    ///
    /// As for [`broadcast`](RoomHandle::broadcast).
    pub async fn send(&self, to: &MemberId, msg: &C::Outgoing) -> Result<bool> {
        let msg = encode(msg)?;
        self.ask(Act::Send { to: to.clone(), msg }).await.map(|answer| matches!(answer, Some(Answer::Done(true))))
    }

    /// A message to all members of a user, from nobody. `false` when the user is not in the room.
    ///
    /// # Errors
    ///
    /// As for [`broadcast`](RoomHandle::broadcast).
    pub async fn send_user(&self, user: &UserId, msg: &C::Outgoing) -> Result<bool> {
        let msg = encode(msg)?;
        self.ask(Act::SendUser { user: user.clone(), msg })
            .await
            .map(|answer| matches!(answer, Some(Answer::Done(true))))
    }

    /// Everybody in the room, in join order: as this node saw them come, or one node's after the other's where it asks them. A state is
    /// read as it was written: one that the channel's type does not read is left out, and the log says so. So it is where another room that shares the channel has set it, and with a type that does not
    /// read what it writes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Elsewhere`](crate::ErrorKind::Elsewhere) as for [`broadcast`](RoomHandle::broadcast).
    pub async fn members(&self) -> Result<Vec<Member<C::Presence, C::Info>>> {
        let answer = self.ask(Act::Members).await?;
        Ok(if let Some(Answer::Members(members)) = answer { roster::typed(members) } else { Vec::new() })
    }

    /// Every user in the room once, with all of its members, in the order in which the first of these came. Behind them are
    /// those whose last member has just left, and of whom the room is not told that they [have
    /// gone](crate::Room::on_user_leave). Members without a user (see [`Room::user`](crate::Room::user)) are left out.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Elsewhere`](crate::ErrorKind::Elsewhere) as for [`broadcast`](RoomHandle::broadcast).
    pub async fn users(&self) -> Result<Vec<User>> {
        let answer = self.ask(Act::Users).await?;
        Ok(if let Some(Answer::Users(users)) = answer { users } else { Vec::new() })
    }

    /// How many members there are.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Elsewhere`](crate::ErrorKind::Elsewhere) as for [`broadcast`](RoomHandle::broadcast).
    pub async fn count(&self) -> Result<usize> {
        let answer = self.ask(Act::Count).await?;
        Ok(if let Some(Answer::Count(count)) = answer { count } else { 0 })
    }

    /// Removes a member: it leaves at once, and its connection is closed 4410 with this reason, or with `removed` where that
    /// is empty.
    /// `false` when there is no such member.
    ///
    /// # Errors
    ///
    /// When the reason has over 123 bytes; [`ErrorKind::Elsewhere`](crate::ErrorKind::Elsewhere) as for
    /// [`broadcast`](RoomHandle::broadcast).
    pub async fn kick(&self, member: &MemberId, reason: &str) -> Result<bool> {
        let act = Act::Kick { member: member.clone(), reason: reason.to_owned() };
        self.ask(act).await.map(|answer| matches!(answer, Some(Answer::Done(true))))
    }

    /// Removes a user from this room, with all of its members: see [`Rooms::kick_user`](crate::Rooms::kick_user). `false` when it is
    /// not here.
    ///
    /// # Errors
    ///
    /// As for [`kick`](RoomHandle::kick).
    pub async fn kick_user(&self, user: &UserId, reason: &str) -> Result<bool> {
        let act = Act::KickUser { user: user.clone(), reason: reason.to_owned() };
        self.ask(act).await.map(|answer| matches!(answer, Some(Answer::Done(true))))
    }

    /// The part of the room that is in this process.
    #[must_use]
    pub fn local(&self) -> LocalRoom<C> {
        LocalRoom { handle: self.clone() }
    }

    async fn ask(&self, act: Act) -> Result<Option<Answer>> {
        match &self.topic {
            Some(topic) => self.app.act(topic, act).await.map(Some),
            None => Ok(None),
        }
    }
}

impl<C: Channel> LocalRoom<C> {
    /// Everybody in the room who is known here, in join order: see [`RoomHandle::members`].
    #[must_use]
    pub fn members(&self) -> Vec<Member<C::Presence, C::Info>> {
        roster::typed(self.handle.topic.as_ref().map_or_else(Vec::new, |topic| self.handle.app.members_here(topic)))
    }

    /// Every user in the room once: see [`RoomHandle::users`].
    #[must_use]
    pub fn users(&self) -> Vec<User> {
        self.handle.topic.as_ref().map_or_else(Vec::new, |topic| self.handle.app.users_here(topic))
    }

    /// How many members there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.handle.topic.as_ref().map_or(0, |topic| self.handle.app.count_here(topic))
    }
}

impl<C: Channel> Clone for RoomHandle<C> {
    fn clone(&self) -> Self {
        Self { app: self.app.clone(), topic: self.topic.clone(), channel: PhantomData }
    }
}
