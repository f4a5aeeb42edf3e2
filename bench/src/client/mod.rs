//! A WebSocket client that costs little, so that a server can be loaded from one other processor.

mod alarm;
mod connection;
mod fleet;
pub mod frame;
pub mod handshake;
pub mod inflate;

pub use connection::Traffic;
pub use fleet::{Fleet, OPENING, Offer};
