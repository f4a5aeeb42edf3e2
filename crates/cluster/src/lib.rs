//! The brokers over which nodes of one app talk, each behind the same seam, and the one task of a node that talks over them.
//!
//! An app starts a [`Cluster`]. Below it, a [`NodeLink`] owns a [`ClusterEngine`](roomful_core::cluster::ClusterEngine): it takes what rooms say from a
//! [`ClusterQueue`](roomful_runtime::ClusterQueue), keeps a link to the broker, and tells the
//! [rooms](roomful_runtime::ClusterRooms) what it hears. It must never wait for a room while it holds something, nor let the
//! engine wait for the broker.
//!
//! A [`Broker`] makes links. A [`Link`] carries [commands](Command) out in their order and hands what it hears to an [`Ear`],
//! until it is lost; then a fresh one is made, and whoever holds it says again what it listens to. So no client library decides
//! what is said twice, late or never, and an adapter is what one connection does from its beginning to its end.
//!
//! | broker | address | feature |
//! |---|---|---|
//! | NATS, 2.2 or later | `nats://`, `tls://` | `nats` |
//! | Redis 6 or later, Valkey; as a cluster Redis 7 or later | `redis://`, `rediss://`, `valkey://`, `valkeys://` | `redis` |
//! | [`MemoryBroker`] | none: it lives in this process, for tests | |
//!
//! What all of them promise is what `tests/adapters` asks of each:
//!
//! - What one node says to one address is heard in the order in which it was said, or not at all. Nothing is heard twice.
//! - Whatever was said after a subscription was confirmed is heard. A [question](Command::Ask) to a room is answered with who
//!   [hears](roomful_core::cluster::Audible) it, as exactly as the broker knows.
//! - A node hears what it says itself, so that it knows whether the link works in both directions.
//! - What is too large for the broker is [refused at the call](SayError::TooLarge).
//! - What a room is to have [kept](Command::Append) is numbered, kept and said as one, in one run of numbers over all nodes, or not at
//!   all. A broker that has lost its memory begins another. NATS does not do so yet, and says so where a node is started.
//! - What comes faster than it is taken waits up to a bound in bytes; the rest is dropped and [counted](Heard::dropped).
//!
//! Everything else is repaired by who uses it: a link loses messages when it is lost, and says that it was.

mod address;
mod broker;
mod cluster;
mod connect_error;
mod driver;
mod heard;
mod lost;
mod memory;
mod memory_history;
mod metrics;
mod names;
#[cfg(feature = "nats")]
mod nats;
mod open;
mod opened;
#[cfg(feature = "redis")]
mod redis;

pub use address::BrokerAddress;
pub use broker::{BoxFuture, Broker, Command, Link, SayError, Speaker};
pub use cluster::{Cluster, StartError};
pub use connect_error::ConnectError;
pub use driver::{NodeBounds, NodeLink, NodeStart, connect_node};
pub use heard::{Ear, Heard, Kept, LinkEnd, Said};
pub use lost::Lost;
pub use memory::{MemoryBroker, MemoryEndpoint};
pub use open::BrokerOptions;
