//! What the objects of one instance of the module share: it outlives each of them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::{Rc, Weak};

use roomful::{BuildError, Rooms};
use worker::Env;

/// What an app's `rooms` is.
pub type Define = fn(&Env) -> Result<Rooms, BuildError>;

thread_local! {
    static DEFINITIONS: RefCell<HashMap<Define, Rooms>> = RefCell::default();
    static LIVE: RefCell<HashMap<String, Weak<dyn Instance>>> = RefCell::default();
}

/// What an object is in memory, until the platform puts it away.
pub(crate) trait Instance {
    /// Another instance goes on with its sockets, or will.
    fn put_away(&self);
}

/// The definitions, made once: an object is woken often, and they are the same each time.
pub(crate) fn definitions(define: Define, env: &Env) -> Result<Rooms, BuildError> {
    if let Some(rooms) = DEFINITIONS.with_borrow(|made| made.get(&define).cloned()) {
        return Ok(rooms);
    }
    let rooms = define(env)?;
    DEFINITIONS.with_borrow_mut(|made| made.insert(define, rooms.clone()));
    Ok(rooms)
}

/// Ends the instance that this object had before. The platform has put it away, but drops it only when it collects its
/// garbage.
pub(crate) fn succeed(object: String, instance: &Rc<dyn Instance>) {
    let before = LIVE.with_borrow_mut(|live| {
        live.retain(|_, instance| instance.strong_count() > 0);
        live.insert(object, Rc::downgrade(instance))
    });
    if let Some(before) = before.and_then(|before| before.upgrade()) {
        before.put_away();
    }
}
