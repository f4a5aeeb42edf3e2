//! From definitions to rooms and sockets that can run.

use std::sync::Arc;

use roomful_core::frame::EndpointKind;

use super::registered::{Definition, ErasedEndpoint, Registered};
use super::{BuildError, IntoRoomSetup, IntoSocketSetup, Mistake};
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

/// Collects the rooms and sockets of one module.
pub struct ModuleBuilder {
    name: String,
    guards: Vec<BoxGuard<()>>,
    endpoints: Vec<Pending>,
}

struct Pending {
    name: String,
    shared: bool,
    limits: Option<Limits>,
    endpoint: Arc<dyn ErasedEndpoint>,
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

    /// Adds a guard of the app: it runs for every room and every socket, first.
    #[must_use]
    pub fn guard(mut self, guard: impl Guard) -> Self {
        self.guards.push(BoxGuard::new(guard));
        self
    }

    /// Adds rooms and sockets under a module's name. A module may be given several times, each with guards of its own.
    #[must_use]
    pub fn module(mut self, name: &str, define: impl FnOnce(ModuleBuilder) -> ModuleBuilder) -> Self {
        let module = ModuleBuilder { name: name.to_owned(), guards: Vec::new(), endpoints: Vec::new() };
        self.modules.push(define(module));
        self
    }

    /// Bounds other than the defaults. A room or a socket may have its own: see
    /// [`RoomExt::limits`](crate::RoomExt::limits).
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
            if module.endpoints.is_empty() {
                mistakes.push(Mistake::EmptyModule { module: module.name.clone() });
            }
            let guards: Vec<_> = self.guards.iter().chain(&module.guards).cloned().collect();
            for pending in module.endpoints {
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
    /// Adds a guard of this module: it runs after the app's, for each of the module's rooms and sockets.
    #[must_use]
    pub fn guard(mut self, guard: impl Guard) -> Self {
        self.guards.push(BoxGuard::new(guard));
        self
    }

    /// Adds a room under a name.
    #[must_use]
    pub fn room(mut self, name: &str, room: impl IntoRoomSetup) -> Self {
        let mut def = room.into_room_setup();
        self.endpoints.push(Pending {
            name: name.to_owned(),
            shared: def.shared,
            limits: def.limits.take(),
            endpoint: Arc::new(Registered::from(def)),
        });
        self
    }

    /// Adds a typed socket under a name, which no room of the module may have.
    #[must_use]
    pub fn socket(mut self, name: &str, socket: impl IntoSocketSetup) -> Self {
        let mut setup = socket.into_socket_setup();
        self.endpoints.push(Pending {
            name: name.to_owned(),
            shared: false,
            limits: setup.limits.take(),
            endpoint: Arc::new(Registered::from(setup)),
        });
        self
    }
}

impl Pending {
    fn define(self, module: &str, guards: &[BoxGuard<()>], limits: &Arc<Limits>) -> Result<Definition, Mistake> {
        let kind = self.endpoint.kind();
        let pattern = self.endpoint.pattern().map_err(|error| {
            let path = format!("{module}/{}", self.name);
            match kind {
                EndpointKind::Room => Mistake::Pattern { room: path, error },
                EndpointKind::Socket => Mistake::SocketPattern { socket: path, error },
            }
        })?;
        Ok(Definition {
            module: module.to_owned(),
            name: self.name,
            kind,
            pattern,
            limits: self.limits.map_or_else(|| Arc::clone(limits), Arc::new),
            shared: self.shared,
            guards: guards.to_vec(),
            endpoint: self.endpoint,
        })
    }
}

/// What is wrong between a new room or socket and those before it.
fn clashes(before: &[Definition], new: &Definition) -> Vec<Mistake> {
    before.iter().flat_map(|old| [same_name(old, new), same_topic(old, new)]).flatten().collect()
}

fn same_name(old: &Definition, new: &Definition) -> Option<Mistake> {
    if (&old.module, &old.name) != (&new.module, &new.name) {
        return None;
    }
    let (module, name) = (new.module.clone(), new.name.clone());
    Some(match (old.kind, new.kind) {
        (EndpointKind::Room, EndpointKind::Room) => Mistake::DuplicateRoom { module, room: name },
        (EndpointKind::Socket, EndpointKind::Socket) => Mistake::DuplicateSocket { module, socket: name },
        (EndpointKind::Room, EndpointKind::Socket) | (EndpointKind::Socket, EndpointKind::Room) => {
            Mistake::RoomAndSocket { module, name }
        }
    })
}

/// A socket is in no topic.
fn same_topic(old: &Definition, new: &Definition) -> Option<Mistake> {
    if old.kind == EndpointKind::Socket || new.kind == EndpointKind::Socket {
        return None;
    }
    let path = |definition: &Definition| format!("{}/{}", definition.module, definition.name);
    if old.pattern.as_str() == new.pattern.as_str() {
        let pattern = new.pattern.as_str().to_owned();
        let meant = old.shared && new.shared;
        return (!meant).then(|| Mistake::DuplicateChannel { first: path(old), second: path(new), pattern });
    }
    old.pattern.overlaps(&new.pattern).then(|| Mistake::OverlappingChannels {
        first: path(old),
        first_pattern: old.pattern.as_str().to_owned(),
        second: path(new),
        second_pattern: new.pattern.as_str().to_owned(),
    })
}
