//! From definitions to rooms that can run.

use std::sync::Arc;

use super::registered::{Definition, ErasedRoom, Registered};
use super::{BuildError, IntoRoomDef, Mistake};
use crate::guard::BoxGuard;
use crate::runtime::Hub;
use crate::{Guard, Limits, Rooms};

/// Collects the definitions. Made by [`Rooms::new`](crate::Rooms::new).
pub struct RoomsBuilder {
    guards: Vec<BoxGuard<()>>,
    modules: Vec<ModuleBuilder>,
    limits: Limits,
    pub(crate) path: String,
    origins: Option<Vec<String>>,
}

/// Collects the rooms of one module.
pub struct ModuleBuilder {
    name: String,
    guards: Vec<BoxGuard<()>>,
    rooms: Vec<Pending>,
}

struct Pending {
    name: String,
    shared: bool,
    limits: Option<Limits>,
    room: Arc<dyn ErasedRoom>,
}

impl RoomsBuilder {
    pub(crate) fn new() -> Self {
        Self {
            guards: Vec::new(),
            modules: Vec::new(),
            limits: Limits::default(),
            path: "/__sockets".to_owned(),
            origins: None,
        }
    }

    /// Adds a guard of the app: it runs for every room, first.
    #[must_use]
    pub fn guard(mut self, guard: impl Guard) -> Self {
        self.guards.push(BoxGuard::new(guard));
        self
    }

    /// Adds rooms under a module's name. A module may be given several times, each with guards of its own.
    #[must_use]
    pub fn module(mut self, name: &str, define: impl FnOnce(ModuleBuilder) -> ModuleBuilder) -> Self {
        let module = ModuleBuilder { name: name.to_owned(), guards: Vec::new(), rooms: Vec::new() };
        self.modules.push(define(module));
        self
    }

    /// Bounds other than the defaults. A room may have its own: see [`RoomExt::limits`](crate::RoomExt::limits).
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The path that upgrades come to. `/__sockets` unless said otherwise; clients must be told too.
    #[must_use]
    pub fn path(mut self, path: &str) -> Self {
        self.path = path.to_owned();
        self
    }

    /// The origins whose pages may connect, as a browser writes them: `https://app.example`. Every other origin is
    /// answered 403 before the handshake. Requests without an `Origin` do not come from a page and are let through.
    /// Unless this is called, every origin may connect: guards that trust cookies should not rely on that.
    #[must_use]
    pub fn allowed_origins<S: Into<String>>(mut self, origins: impl IntoIterator<Item = S>) -> Self {
        self.origins = Some(origins.into_iter().map(Into::into).collect());
        self
    }

    /// Checks the definitions.
    ///
    /// # Errors
    ///
    /// [`BuildError`] names every mistake in them.
    pub fn build(self) -> Result<Rooms, BuildError> {
        let hub = Hub::new(self.limits);
        let mut mistakes = Vec::new();
        let mut definitions: Vec<Definition> = Vec::new();
        for module in self.modules {
            if module.rooms.is_empty() {
                mistakes.push(Mistake::EmptyModule { module: module.name.clone() });
            }
            let guards: Vec<_> = self.guards.iter().chain(&module.guards).cloned().collect();
            for pending in module.rooms {
                match pending.define(&module.name, &guards, &hub.limits) {
                    Ok(definition) => {
                        mistakes.extend(clashes(&definitions, &definition));
                        definitions.push(definition);
                    }
                    Err(mistake) => mistakes.push(mistake),
                }
            }
        }
        if mistakes.is_empty() {
            Ok(Rooms::from_parts(hub, definitions, self.path, self.origins))
        } else {
            Err(BuildError { mistakes })
        }
    }
}

impl ModuleBuilder {
    /// Adds a guard of this module: it runs after the app's, for each of the module's rooms.
    #[must_use]
    pub fn guard(mut self, guard: impl Guard) -> Self {
        self.guards.push(BoxGuard::new(guard));
        self
    }

    /// Adds a room under a name.
    #[must_use]
    pub fn room(mut self, name: &str, room: impl IntoRoomDef) -> Self {
        let mut def = room.into_room_def();
        self.rooms.push(Pending {
            name: name.to_owned(),
            shared: def.shared,
            limits: def.limits.take(),
            room: Arc::new(Registered::from(def)),
        });
        self
    }
}

impl Pending {
    fn define(self, module: &str, guards: &[BoxGuard<()>], limits: &Arc<Limits>) -> Result<Definition, Mistake> {
        let pattern = self.room.pattern();
        let pattern = pattern.map_err(|error| Mistake::Pattern { room: format!("{module}/{}", self.name), error })?;
        Ok(Definition {
            module: module.to_owned(),
            name: self.name,
            pattern,
            limits: self.limits.map_or_else(|| Arc::clone(limits), Arc::new),
            shared: self.shared,
            guards: guards.to_vec(),
            room: self.room,
        })
    }
}

/// What is wrong between a new room and those before it.
fn clashes(before: &[Definition], new: &Definition) -> Vec<Mistake> {
    let path = |definition: &Definition| format!("{}/{}", definition.module, definition.name);
    let mut mistakes = Vec::new();
    for old in before {
        if old.module == new.module && old.name == new.name {
            mistakes.push(Mistake::DuplicateRoom { module: new.module.clone(), room: new.name.clone() });
        }
        if old.pattern.as_str() == new.pattern.as_str() {
            if !(old.shared && new.shared) {
                let pattern = new.pattern.as_str().to_owned();
                mistakes.push(Mistake::DuplicateChannel { first: path(old), second: path(new), pattern });
            }
        } else if old.pattern.overlaps(&new.pattern) {
            mistakes.push(Mistake::OverlappingChannels {
                first: path(old),
                first_pattern: old.pattern.as_str().to_owned(),
                second: path(new),
                second_pattern: new.pattern.as_str().to_owned(),
            });
        }
    }
    mistakes
}
