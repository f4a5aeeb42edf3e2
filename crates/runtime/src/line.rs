//! What lives as long as a socket: the way out to it, and what is kept beside it.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use roomful_core::{Close, ConnectionId, Dialect, Limits, room};

use crate::closing::{Closing, LineClosing};
use crate::delivery::Delivery;
use crate::kept::{Admitted, Kept, KeptMember};
use crate::lock::lock;
use crate::mailbox::Mailbox;
use crate::transport::Transport;
use crate::{Keeper, cork};

/// One socket, as the rooms see it. A member has one or none, and may have another later.
pub(crate) struct Line {
    transport: Arc<dyn Transport>,
    connection: ConnectionId,
    dialect: Dialect,
    closing: LineClosing,
    /// Only where sockets outlive the process. Boxed, because on most platforms there is none.
    kept: Option<Box<Mutex<Kept>>>,
}

impl Line {
    /// A socket whose frames go to this transport.
    pub(crate) fn new(transport: Arc<dyn Transport>, connection: ConnectionId, dialect: Dialect) -> Self {
        Self { transport, connection, dialect, closing: LineClosing::Own(Closing::default()), kept: None }
    }

    /// A socket with a mailbox of its own.
    pub(crate) fn to_mailbox(connection: ConnectionId, dialect: Dialect, limits: &Limits) -> (Self, Arc<Mailbox>) {
        let closing = Arc::<Closing>::default();
        let mailbox = Arc::new(Mailbox::new(connection, dialect, limits.outbox_bytes, Arc::clone(&closing)));
        let closing = LineClosing::Mailbox(closing);
        (Self { transport: Arc::clone(&mailbox) as _, connection, dialect, closing, kept: None }, mailbox)
    }

    /// A socket with a mailbox that outlives the process.
    #[must_use]
    pub(crate) fn keeping(self, kept: Kept) -> Self {
        Self { kept: Some(Box::new(Mutex::new(kept))), ..self }
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

    /// A frame that must arrive, unless the socket is being closed.
    pub(crate) fn push(&self, frame: Bytes) {
        if self.closing.closing().get().is_none() {
            self.deliver(Delivery::Private { to: self.connection, frame });
        }
    }

    /// Closes it after what was delivered before. Only the first close counts.
    pub(crate) fn close(&self, close: Close) {
        if self.closing.closing().begin(close.clone()) {
            self.deliver(Delivery::Close { connection: self.connection, close });
        }
    }

    pub(crate) fn deliver(&self, delivery: Delivery) {
        self.transport.deliver(delivery);
        cork::ring(&self.transport);
    }

    /// The close that this side has begun, from the decision on.
    pub(crate) fn closing(&self) -> Option<&Close> {
        self.closing.closing().get()
    }

    /// Keeps what a member needs to go on, with its room's epoch.
    pub(crate) fn keep_member(&self, keeper: &dyn Keeper, epoch: &str, member: room::Kept) {
        self.keep(keeper, |kept| kept.member = Some(KeptMember { epoch: epoch.to_owned(), member }));
    }

    /// Keeps that there is such a connection: a typed socket's.
    pub(crate) fn keep_socket(&self, keeper: &dyn Keeper) {
        self.keep(keeper, |_| {});
    }

    /// Keeps that `on_join` (a socket's `open`) has run to its end.
    pub(crate) fn keep_opened(&self, keeper: &dyn Keeper) {
        self.keep(keeper, |kept| kept.opened = true);
    }

    /// Drops what was kept: no process is to go on with it.
    pub(crate) fn forget(&self, keeper: &dyn Keeper) {
        if let Some(kept) = &self.kept {
            keeper.forget(lock(kept).id());
        }
    }

    /// The id that it is kept by, where sockets outlive the process.
    pub(crate) fn admitted(&self) -> Option<Admitted> {
        self.kept.as_ref().map(|kept| lock(kept).admitted.clone())
    }

    fn keep(&self, keeper: &dyn Keeper, change: impl FnOnce(&mut Kept)) {
        let Some(kept) = &self.kept else { return };
        let mut kept = lock(kept);
        change(&mut kept);
        match kept.to_bytes() {
            Ok(bytes) => keeper.keep(kept.id(), &bytes),
            Err(error) => tracing::error!(member = %kept.id(), %error, "a connection cannot be kept"),
        }
    }
}
