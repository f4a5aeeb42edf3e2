//! What the app calls on a connection, through a `Conn` or a `SocketConn`.

use std::sync::Arc;

use roomful_core::frame::socket;
use roomful_core::room::{Audience, Input, Refused};
use roomful_core::{Close, Json, MemberId};

use super::link::{Joined, Link};
use super::live_room::overloaded;
use super::lock;
use crate::maybe_send::MaybeSend;
use crate::{Error, ErrorKind, Result, metrics};

impl Link {
    pub(crate) fn member(&self) -> &MemberId {
        &self.member
    }

    /// To this client alone.
    pub(crate) fn send(&self, msg: Json) -> Result {
        match self.joined()? {
            Joined::Room(room) => room.tell(Input::Send { to: self.id(), msg }),
            Joined::Socket => self.send_alone(&msg),
        }
    }

    pub(crate) fn broadcast(&self, msg: Json, to_self: bool) -> Result {
        let to = if to_self { Audience::Everybody } else { Audience::AllBut(self.id()) };
        self.in_room(Input::Broadcast { from: Some(self.member.clone()), to, msg })
    }

    pub(crate) fn presence(&self) -> Option<Json> {
        self.room()?.read(|room| room.member(self.id())?.state.clone())
    }

    pub(crate) fn set_presence(&self, state: Option<Json>) -> Result {
        self.check_state(state.as_ref()).map_err(Error::refused)?;
        self.in_room(Input::SetPresence { connection: self.id(), state })
    }

    /// The close frame goes out after what is queued; the member leaves when the hook that closes has ended.
    pub(crate) fn close_by_app(self: &Arc<Self>, code: u16, reason: &str) -> Result {
        let close = Close::from_app(code, reason).map_err(|invalid| ErrorKind::Close(invalid).into_error())?;
        self.close(close);
        Ok(())
    }

    pub(crate) fn defer(&self, teardown: impl FnOnce() + MaybeSend + 'static) {
        self.teardowns.defer(teardown);
    }

    fn joined(&self) -> Result<&Joined> {
        self.joined.get().ok_or_else(|| ErrorKind::NotJoined.into_error())
    }

    fn in_room(&self, input: Input) -> Result {
        match self.joined()? {
            Joined::Room(room) => room.tell(input),
            // A `SocketConn` has no such call.
            Joined::Socket => Ok(()),
        }
    }

    fn send_alone(&self, msg: &Json) -> Result {
        let (bytes, limit) = (msg.size(), self.limits.message_bytes);
        if bytes > limit {
            return Err(Error::refused(Refused::MessageTooLarge { bytes, limit }));
        }
        let limit = self.hub.limits.transport_bytes;
        if self.outlet.post.waiting_bytes() > limit {
            return Err(overloaded(limit));
        }
        // Nobody reads what is for a socket that is over.
        if !lock(&self.inbox).has_ended() {
            self.outlet.push(socket::message(self.outlet.dialect, msg));
            metrics::delivered(1);
        }
        Ok(())
    }
}
