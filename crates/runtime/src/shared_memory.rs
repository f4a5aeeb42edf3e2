//! What a transport holds for several of its sockets together.

use std::sync::Arc;

use crate::hub::Hub;
use crate::memory::Holding;

/// A transport's part of the memory that its process holds for clients: frames that several of its sockets share. What it
/// holds for a single one is said with [`Connection::holds`](crate::Connection::holds).
///
/// Dropped, it holds nothing.
pub struct SharedMemory {
    hub: Arc<Hub>,
    held: Holding,
}

impl SharedMemory {
    pub(crate) fn of(hub: &Arc<Hub>) -> Self {
        Self { hub: Arc::clone(hub), held: Holding::nothing(hub.process().memory()) }
    }

    /// It holds so many bytes now. Where the process holds too much for its clients, those that hold most are closed. To be
    /// called often, with no lock held: it costs next to nothing where nothing has changed.
    pub fn holds(&mut self, bytes: usize) {
        self.held.set(bytes);
        let memory = self.hub.process().memory();
        memory.tell();
        if memory.is_over() {
            self.hub.relieve();
        }
    }

    /// Whether the process holds more for its clients than it may.
    #[must_use]
    pub fn is_short(&self) -> bool {
        self.hub.process().memory().is_over()
    }
}
