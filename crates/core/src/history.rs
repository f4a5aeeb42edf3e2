//! Where a room's messages are numbered and kept.

/// Where the messages of a room are numbered and kept for who comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum History {
    /// At each node, for its own members. What is said is heard here at once, and goes on where the broker is gone; numbers and the
    /// order of different senders are each node's own, and what a node keeps is gone with it.
    #[default]
    Node,
    /// In the broker of the cluster, before anybody hears it: one order and one run of numbers over all nodes, and who comes back to any
    /// node misses nothing, whatever died. Each message takes the way to the broker and back, and none is heard while that is gone. It
    /// is for Redis, and for NATS 2.9 or later with JetStream.
    Broker,
}
