//! What the objects of one instance of the module share: it outlives each of them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::{Rc, Weak};

use roomful::{BuildError, Rooms};
use worker::Env;

use crate::object::Room;

/// What an app's `rooms` is.
pub type Define = fn(&Env) -> Result<Rooms, BuildError>;

thread_local! {
    static DEFINITIONS: RefCell<HashMap<Define, Rooms>> = RefCell::default();
    static LIVE: RefCell<HashMap<String, Weak<Room>>> = RefCell::default();
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
pub(crate) fn succeed(object: String, room: &Rc<Room>) {
    let before = LIVE.with_borrow_mut(|live| {
        live.retain(|_, room| room.strong_count() > 0);
        live.insert(object, Rc::downgrade(room))
    });
    if let Some(before) = before.and_then(|before| before.upgrade()) {
        before.put_away();
    }
}
