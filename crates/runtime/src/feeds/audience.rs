//! Those who listen to one thing.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use roomful_core::feed::FeedEpoch;
use roomful_core::frame::fanout::{PerDialect, Spoken};
use roomful_core::{Dialect, MemberId};

use crate::delivery::{Delivery, SharedFrames};
use crate::line::Line;
use crate::maybe_send::{MaybeSend, MaybeSync};
use crate::metrics;
use crate::process::Process;
use crate::transports::Transports;

/// What a member may listen to.
pub(crate) trait Listening: MaybeSend + MaybeSync {
    /// Which run of numbers its listeners hear.
    fn epoch(&self) -> FeedEpoch;

    /// It listens no more. The second call does nothing.
    fn leave(self: Arc<Self>, member: &MemberId);
}

/// The sockets of those who listen, under the lock of what they listen to.
pub(crate) struct Audience {
    lines: HashMap<MemberId, Arc<Line>>,
    transports: Transports,
}

impl Audience {
    pub(crate) fn new(process: &Process) -> Self {
        // A number for transports alone. No room has it.
        Self { lines: HashMap::new(), transports: Transports::new(process.new_room_id()) }
    }

    /// Somebody begins to listen, and is sent these before anything that is sent to all.
    pub(crate) fn enter(&mut self, member: &MemberId, line: &Arc<Line>, first: impl IntoIterator<Item = Bytes>) {
        for frame in first {
            metrics::delivered(1);
            line.deliver(Delivery::Private { to: line.connection(), frame });
        }
        self.transports.enter(line);
        self.lines.insert(member.clone(), Arc::clone(line));
    }

    /// `false`: it did not listen.
    pub(crate) fn exit(&mut self, member: &MemberId) -> bool {
        let line = self.lines.remove(member);
        line.iter().for_each(|line| self.transports.exit(line));
        line.is_some()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The dialects that somebody here speaks.
    pub(crate) fn spoken(&self) -> Spoken {
        self.transports.spoken()
    }

    /// Whether more bytes wait at one of their transports than may.
    pub(crate) fn is_overloaded(&self, limit: usize) -> bool {
        self.transports.are_overloaded(limit)
    }

    /// To everybody who speaks a dialect that it is in.
    pub(crate) fn send(&self, frames: PerDialect) {
        self.send_all(frames, SharedFrames::new);
    }

    /// The same, and who has not read the one before need not: it is sent this one alone.
    pub(crate) fn send_newest(&self, frames: PerDialect) {
        self.send_all(frames, SharedFrames::newest);
    }

    fn send_all(&self, frames: PerDialect, share: fn(PerDialect) -> SharedFrames) {
        let heard = |dialect| if frames.get(dialect).is_some() { self.transports.listeners(dialect) } else { 0 };
        let receivers = heard(Dialect::Plain) + heard(Dialect::V1);
        if receivers == 0 {
            return;
        }
        metrics::delivered(receivers);
        let (room, frames) = (self.transports.room(), Arc::new(share(frames)));
        self.transports.to_all(&Delivery::Fanout { room, except: None, frames });
    }
}
