//! What the app says through a `Conn` or a `SocketConn`.

use roomful_core::frame::socket;
use roomful_core::room::{Audience, Input, Refused};
use roomful_core::{Json, MemberId};

use crate::hits::Bound;
use crate::live_room::overloaded;
use crate::member::{LiveMember, Scope};
use crate::{Error, ErrorKind, Result, last_words, metrics};

impl LiveMember {
    /// A message to this client alone.
    ///
    /// # Errors
    ///
    /// When it is over its bound, the sockets are behind, or nobody has joined yet.
    pub fn send(&self, msg: Json) -> Result {
        match scope(self)? {
            Scope::Room(room) => room.tell_as(self.id(), Input::Send { to: self.id().clone(), msg }),
            Scope::Socket => send_alone(self, &msg),
            Scope::Moved(_) => Err(ErrorKind::NotJoined.into_error()),
            // Its hooks have no such call.
            Scope::Feed(_) => Ok(()),
        }
    }

    /// A message to the room: to every other member, or to this one too. Once it has left, only the hook of its leave is
    /// heard.
    ///
    /// # Errors
    ///
    /// As for [`send`](LiveMember::send).
    pub fn broadcast(&self, msg: Json, to_self: bool) -> Result {
        let from = self.id().clone();
        if last_words::are_of(self) {
            return in_room(self, Input::LastWords { from, msg });
        }
        let to = if to_self { Audience::Everybody } else { Audience::AllBut(from.clone()) };
        in_room(self, Input::Broadcast { from: Some(from), to, msg })
    }

    /// What the roster shows of it.
    #[must_use]
    pub fn presence(&self) -> Option<Json> {
        self.room()?.read(|room| room.roster().find(self.id())?.state())
    }

    /// What the roster shows of it from now on.
    ///
    /// # Errors
    ///
    /// When the state is over its bound, or nobody has joined yet.
    pub fn set_presence(&self, state: Option<Json>) -> Result {
        set_presence(self, state)
    }

    /// What the roster has of the server's own word on it.
    #[must_use]
    pub fn info(&self) -> Option<Json> {
        self.room()?.read(|room| room.roster().find(self.id())?.info())
    }

    /// What the server says of it from now on.
    ///
    /// # Errors
    ///
    /// When the info is over its bound, or nobody has joined yet.
    pub fn set_info(&self, info: Option<Json>) -> Result {
        scope(self)?;
        self.check_info(info.as_ref()).map_err(Error::refused)?;
        in_room(self, Input::SetInfo { member: self.id().clone(), info })
    }
}

pub(crate) fn set_presence(member: &LiveMember, state: Option<Json>) -> Result {
    // Not before it is in: how large a state may be depends on what is kept beside it.
    scope(member)?;
    member.check_state(state.as_ref()).map_err(Error::refused)?;
    let id: MemberId = member.id().clone();
    in_room(member, Input::SetPresence { member: id, state })
}

fn scope(member: &LiveMember) -> Result<&Scope> {
    member.scope().ok_or_else(|| ErrorKind::NotJoined.into_error())
}

fn in_room(member: &LiveMember, input: Input) -> Result {
    match scope(member)? {
        Scope::Room(room) => room.tell_as(member.id(), input),
        // Neither has such a call.
        Scope::Socket | Scope::Feed(_) => Ok(()),
        Scope::Moved(_) => Err(ErrorKind::NotJoined.into_error()),
    }
}

fn send_alone(member: &LiveMember, msg: &Json) -> Result {
    let (bytes, limit) = (msg.size(), member.limits().message_bytes);
    if bytes > limit {
        let refused = Refused::MessageTooLarge { bytes, limit };
        member.process().hit_refused(&refused);
        return Err(Error::refused(refused));
    }
    let Some(line) = member.line() else { return Ok(()) };
    let limit = member.process().limits().transport_bytes;
    if line.transport().waiting_bytes() > limit {
        member.process().hit(Bound::TransportBytes, limit);
        return Err(overloaded(limit));
    }
    // Nobody reads what is for a socket that is over.
    if !member.inbox().life().has_ended() {
        line.push(socket::message(line.dialect(), msg));
        metrics::delivered(1);
    }
    Ok(())
}
