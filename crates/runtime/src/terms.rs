//! What every connection of one room or socket is under.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use roomful_core::Limits;

/// The names of a registered room or socket, and what it holds its connections to.
#[derive(Debug)]
pub struct Terms {
    /// Its module's name.
    pub module: String,
    /// Its own name in that module.
    pub name: String,
    /// Its bounds.
    pub limits: Arc<Limits>,
    /// Whether it says that its hooks never block: they may then begin where their socket is read.
    pub inline: bool,
    /// Whether the server says something of its members.
    pub has_info: bool,
    /// Whether the room is known to let its clients show whatever fits its type. Nobody knows before the first of them does.
    pub shows_everything: AtomicBool,
}
