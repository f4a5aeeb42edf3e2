//! What lives as long as a socket: the way out to it, and what is kept beside it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use roomful_core::limits::SECOND_MS;
use roomful_core::session::ending::EndedBy;
use roomful_core::{Close, ConnectionId, Dialect, Limits, Millis, room};

use crate::closing::Closing;
use crate::delivery::Delivery;
use crate::kept::{Admitted, Kept, KeptMember};
use crate::lock::lock;
use crate::mailbox::Mailbox;
use crate::memory::Memory;
use crate::transport::Transport;
use crate::{Keeper, cork};

/// One socket, as the rooms see it. A member has one or none, and may have another later.
pub(crate) struct Line {
    transport: Arc<dyn Transport>,
    connection: ConnectionId,
    dialect: Dialect,
    closing: Closing,
    /// Whether its client said that it leaves on purpose.
    said_bye: AtomicBool,
    /// Whether what its client hears first is on its way.
    is_greeted: AtomicBool,
    /// Whether nobody waits for its socket any more.
    is_let_go: AtomicBool,
    /// Bytes that whoever owns the socket holds for it.
    held: AtomicU32,
    /// When it was opened, in seconds of the platform's clock: for operators, who need no more.
    opened_s: u32,
    /// Where its client is, where the platform knows, and it has one of IPv4: what is longer stands beside.
    peer: Option<Ipv4Addr>,
    /// What few lines have. Boxed, because there are many.
    beside: Option<Box<Beside>>,
}

/// What a line has that most have not.
#[derive(Default)]
struct Beside {
    /// A mailbox may begin to close by itself. Its closing then stands for the line's own.
    mailbox: Option<Arc<Closing>>,
    /// Where the socket outlives the process. `None` inside: it is forgotten, and nothing is kept of it again.
    kept: Option<Mutex<Option<Kept>>>,
    /// Where its client is, by an address of this length.
    peer: Option<Ipv6Addr>,
}

impl Line {
    /// A socket whose frames go to this transport.
    pub(crate) fn new(transport: Arc<dyn Transport>, connection: ConnectionId, dialect: Dialect) -> Self {
        let (said_bye, is_greeted, is_let_go) = <(AtomicBool, AtomicBool, AtomicBool)>::default();
        let (held, opened_s, peer, beside) = (AtomicU32::new(0), 0, None, None);
        let closing = Closing::default();
        Self { transport, connection, dialect, closing, said_bye, is_greeted, is_let_go, held, opened_s, peer, beside }
    }

    /// A socket with a mailbox of its own.
    pub(crate) fn to_mailbox(
        connection: ConnectionId,
        dialect: Dialect,
        limits: &Limits,
        memory: &Arc<Memory>,
    ) -> (Self, Arc<Mailbox>) {
        let closing = Arc::<Closing>::default();
        let mailbox = Arc::new(Mailbox::new(connection, dialect, limits.outbox_bytes, Arc::clone(&closing), memory));
        let beside = Some(Box::new(Beside { mailbox: Some(closing), ..Beside::default() }));
        (Self { beside, ..Self::new(Arc::clone(&mailbox) as _, connection, dialect) }, mailbox)
    }

    /// A socket with a mailbox that outlives the process.
    #[must_use]
    pub(crate) fn keeping(mut self, kept: Kept) -> Self {
        self.beside.get_or_insert_default().kept = Some(Mutex::new(Some(kept)));
        self
    }

    /// It was opened now, by a client of this address.
    #[must_use]
    pub(crate) fn opened_by(mut self, peer: Option<IpAddr>, now: Millis) -> Self {
        self.opened_s = u32::try_from(now / SECOND_MS).unwrap_or(u32::MAX);
        match peer.map(|peer| peer.to_canonical()) {
            Some(IpAddr::V4(peer)) => self.peer = Some(peer),
            Some(IpAddr::V6(peer)) => self.beside.get_or_insert_default().peer = Some(peer),
            None => {}
        }
        self
    }

    /// When it was opened, to the second.
    pub(crate) fn opened_at(&self) -> Millis {
        Millis::from(self.opened_s) * SECOND_MS
    }

    /// Where its client is.
    pub(crate) fn peer(&self) -> Option<IpAddr> {
        let long = || self.beside.as_ref()?.peer.map(IpAddr::V6);
        self.peer.map(IpAddr::V4).or_else(long)
    }

    pub(crate) fn connection(&self) -> ConnectionId {
        self.connection
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub(crate) fn transport(&self) -> &Arc<dyn Transport> {
        &self.transport
    }

    /// Bytes that whoever owns the socket holds for it.
    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed) as usize
    }

    /// Whoever owns the socket holds so many bytes for it, of which `memory` is told.
    pub(crate) fn set_held(&self, bytes: usize, memory: &Memory) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let before = self.held.swap(bytes, Ordering::Relaxed);
        memory.changes(before as usize, bytes as usize);
    }

    /// A frame that must arrive, unless the socket is being closed.
    pub(crate) fn push(&self, frame: Bytes) {
        if self.closing_cell().get().is_none() {
            self.deliver(Delivery::Private { to: self.connection, frame });
        }
    }

    /// Closes it after what was delivered before, with a code of the protocol's. Only the first close counts.
    pub(crate) fn close(&self, close: Close) {
        self.close_for(close, EndedBy::Server);
    }

    /// The same, and who it is that ends it.
    pub(crate) fn close_for(&self, close: Close, by: EndedBy) {
        if self.closing_cell().begin(close.clone(), by) {
            self.deliver(Delivery::Close { connection: self.connection, close });
        }
    }

    pub(crate) fn deliver(&self, delivery: Delivery) {
        self.transport.deliver(delivery);
        cork::ring(&self.transport);
    }

    /// The close that this side has begun, from the decision on.
    pub(crate) fn closing(&self) -> Option<&Close> {
        self.closing_cell().get()
    }

    /// How it ended, and who ended it: this side where that had begun to close before, or else as whoever owns the socket
    /// says.
    pub(crate) fn ending(&self, close: &Close, by: EndedBy) -> (Close, EndedBy) {
        let closing = self.closing_cell();
        closing.get().cloned().zip(closing.by()).unwrap_or_else(|| (close.clone(), by))
    }

    /// What its client hears first, a snapshot or a socket's `open`, is on its way: answers may follow.
    pub(crate) fn greet(&self) {
        self.is_greeted.store(true, Ordering::Release);
    }

    pub(crate) fn is_greeted(&self) -> bool {
        self.is_greeted.load(Ordering::Acquire)
    }

    /// Its client leaves on purpose.
    pub(crate) fn say_bye(&self) {
        self.said_bye.store(true, Ordering::Relaxed);
    }

    pub(crate) fn said_bye(&self) -> bool {
        self.said_bye.load(Ordering::Relaxed)
    }

    /// Nobody waits for its socket any more. `false` where that was so already.
    pub(crate) fn let_go(&self) -> bool {
        !self.is_let_go.swap(true, Ordering::Relaxed)
    }

    /// Keeps what a member needs to go on, with its room's epoch.
    pub(crate) fn keep_member(&self, keeper: &dyn Keeper, epoch: &str, member: room::Kept) {
        self.keep(keeper, |kept| kept.member = Some(KeptMember { epoch: epoch.to_owned(), member }));
    }

    /// Keeps it as `change` leaves it.
    pub(crate) fn keep(&self, keeper: &dyn Keeper, change: impl FnOnce(&mut Kept)) {
        let Some(kept) = self.kept() else { return };
        if let Some(kept) = &mut *lock(kept) {
            change(kept);
            kept.written(|bytes| keeper.keep(kept.id(), bytes));
        }
    }

    /// Keeps that there is such a connection: a typed socket's.
    pub(crate) fn keep_socket(&self, keeper: &dyn Keeper) {
        self.keep(keeper, |_| {});
    }

    /// Drops what was kept, and returns it: no process is to go on with this socket. What is to be kept later is not.
    pub(crate) fn forget(&self, keeper: &dyn Keeper) -> Option<Kept> {
        let kept = lock(self.kept()?).take()?;
        keeper.forget(kept.id());
        Some(kept)
    }

    /// What let it in, where sockets outlive the process.
    pub(crate) fn admitted(&self) -> Option<Admitted> {
        lock(self.kept()?).as_ref().map(|kept| kept.admitted.clone())
    }

    fn closing_cell(&self) -> &Closing {
        self.beside.as_ref().and_then(|beside| beside.mailbox.as_deref()).unwrap_or(&self.closing)
    }

    fn kept(&self) -> Option<&Mutex<Option<Kept>>> {
        self.beside.as_ref()?.kept.as_ref()
    }
}
