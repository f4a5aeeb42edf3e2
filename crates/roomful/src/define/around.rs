//! What an app puts around a room, a socket, a feed or a live value.

use std::sync::Arc;

use roomful_core::frame::EndpointKind;

use super::forwarded_size::ForwardedSize;
use super::pending::Pending;
use super::registered::{Registered, TypedEndpoint};
use crate::guard::BoxGuard;
use crate::{Guard, Limits, MaybeSend, MaybeSync};

/// Guards and bounds of its own, and what it says of itself.
pub(crate) struct Around<K> {
    guards: Vec<BoxGuard<K>>,
    pub(crate) limits: Option<Limits>,
    /// Another has the same channel on purpose.
    pub(super) shared: bool,
    /// Its hooks never block.
    pub(super) inline: bool,
}

/// What its type says.
pub(super) struct Facts {
    pub(super) kind: EndpointKind,
    pub(super) pattern: &'static str,
    /// Whether the server says something of its members.
    pub(super) has_info: bool,
}

impl<K: Clone + MaybeSend + MaybeSync + 'static> Around<K> {
    pub(super) fn nothing() -> Self {
        Self { guards: Vec::new(), limits: None, shared: false, inline: false }
    }

    pub(super) fn add_guard(&mut self, guard: impl Guard<K>) {
        self.guards.push(BoxGuard::new(guard));
    }

    /// Forgets the types of what it stands around.
    pub(super) fn pending<E: TypedEndpoint<Key = K>>(self, name: &str, facts: Facts, endpoint: E) -> Pending {
        let Self { guards, limits, shared, inline } = self;
        let Facts { kind, pattern, has_info } = facts;
        let needs = guards.iter().flat_map(BoxGuard::needs).copied().collect();
        let erase = move |outer_guards| {
            let registered = Registered { endpoint, outer_guards, guards, forwarded_size: ForwardedSize::default() };
            Arc::new(registered) as Arc<dyn roomful_runtime::Endpoint>
        };
        Pending {
            name: name.to_owned(),
            kind,
            pattern,
            shared,
            limits,
            inline,
            has_info,
            needs,
            erase: Box::new(erase),
        }
    }
}
