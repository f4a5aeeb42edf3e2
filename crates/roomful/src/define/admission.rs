//! One upgrade, told which room it is for.

use std::sync::Arc;

use http::request::Parts;
use roomful_core::key::{KeyLimits, parse_key, parse_query};
use roomful_core::{Close, Dialect, Limits};

use super::Definition;
use crate::runtime::{Connection, Hub, Opening};
use crate::{Upgrade, metrics};

/// An upgrade whose selectors and key have been read. Made by [`Rooms::admit`](crate::Rooms::admit); a platform completes
/// the handshake whatever it says, because a browser cannot read why a handshake failed.
pub struct Admission {
    hub: Arc<Hub>,
    limits: Arc<Limits>,
    dialect: Dialect,
    opening: Result<Opening, Close>,
    span: tracing::Span,
}

impl Admission {
    pub(crate) fn new(hub: &Arc<Hub>, definitions: &[Arc<Definition>], parts: Parts, dialect: Dialect) -> Self {
        let query = parse_query(parts.uri.query().unwrap_or_default());
        let definition = definitions.iter().find(|definition| {
            Some(definition.module.as_str()) == query.module.as_deref()
                && Some(definition.name.as_str()) == query.room.as_deref()
        });
        let Some(definition) = definition else {
            metrics::connection_opened("unknown", "unknown");
            let opening = Err(Close::UNKNOWN_SOCKET);
            let limits = Arc::clone(&hub.limits);
            return Self { hub: Arc::clone(hub), limits, dialect, opening, span: tracing::Span::none() };
        };
        metrics::connection_opened(&definition.module, &definition.name);
        let limits = Arc::clone(&definition.limits);
        let span = tracing::info_span!("connection", module = definition.module, room = definition.name);
        let opening = open(definition, query.key.as_deref(), parts);
        Self { hub: Arc::clone(hub), limits, dialect, opening, span }
    }

    /// The bounds that the socket must keep.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What the connection speaks.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Starts the connection: guards, data, seed, join. Do this when the handshake is complete.
    #[must_use]
    pub fn connect(self) -> Connection {
        Connection::start(&self.hub, self.dialect, self.opening, self.span, None)
    }
}

fn open(definition: &Arc<Definition>, key: Option<&[u8]>, parts: Parts) -> Result<Opening, Close> {
    let limits = &definition.limits;
    let params = parse_key(&definition.pattern, key, KeyLimits::from(&**limits));
    let topic = params.and_then(|params| definition.pattern.topic(&params).map(|topic| (params, topic)));
    let (params, topic) = topic.map_err(|error| {
        tracing::debug!(module = definition.module, room = definition.name, %error, "a key was refused");
        metrics::denied(&definition.module, &definition.name);
        Close::FORBIDDEN
    })?;
    let upgrade = Upgrade::new(parts, definition.module.clone(), definition.name.clone(), params);
    let definition = Arc::clone(definition);
    Ok(Opening {
        topic,
        limits: Arc::clone(&definition.limits),
        open: Box::new(move |link| Arc::clone(&definition.room).open(definition.guards.clone(), upgrade, link)),
    })
}
