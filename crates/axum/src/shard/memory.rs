//! What a shard does about memory: it says how much it holds, and lets go of what is of no use where there is too little.

use roomful::Close;
use roomful_core::Millis;
use roomful_runtime::{SharedMemory, Transport as _};

use super::reactor::Reactor;

/// While there is too little, it looks this often: a look goes over all its sockets.
const LOOK_EACH_MS: Millis = 50;

impl Reactor {
    /// Says what waits for several sockets together; each socket's own has been said.
    pub(super) fn look_at_memory(&mut self) {
        // First what is held in vain, or somebody would be closed for it.
        if self.memory.as_ref().is_some_and(SharedMemory::is_short) {
            self.let_go_of_the_closing();
        }
        let Some(memory) = &mut self.memory else { return };
        memory.holds(self.shard.waiting_bytes());
        if !memory.is_short() {
            self.look_at_memory_at = None;
        }
    }

    /// Who is closed for what it holds. What waits for one that does not read is in the way of its close frame, and is dropped
    /// with the socket.
    pub(super) fn close_for_memory(&mut self, slot: usize, close: &Close) {
        let now = self.now();
        let Some(socket) = self.sockets.get_mut(slot) else { return };
        if socket.is_blocked() {
            socket.connection.end(close, None);
            return self.drop_socket(slot);
        }
        socket.linger(close, None, now);
        socket.note(now);
        self.touch(slot);
        self.arm(slot);
        self.await_end(slot);
    }

    /// Those that have ended and hold something: nobody waits for them when memory is short.
    fn let_go_of_the_closing(&mut self) {
        let now = self.now();
        if self.look_at_memory_at.is_some_and(|at| now < at) {
            return;
        }
        self.look_at_memory_at = Some(now + LOOK_EACH_MS);
        let in_vain: Vec<_> = self.sockets.iter().filter(|(_, socket)| socket.holds_in_vain()).collect();
        let in_vain: Vec<_> = in_vain.into_iter().map(|(slot, _)| slot).collect();
        for slot in in_vain {
            self.gone(slot, None);
        }
    }
}
