//! The seam where the types of a room or a socket are forgotten.

use std::future::Future;
use std::sync::Arc;

use roomful_core::frame::EndpointKind;
use roomful_core::key::{KeyError, Params};
use roomful_core::pattern::{Pattern, PatternError};
use roomful_core::{Close, Json, Limits};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::guard::BoxGuard;
use crate::maybe_send::{BoxFuture, MaybeSend, MaybeSync};
use crate::runtime::{Destination, Link};
use crate::session::{Session, caught, encode};
use crate::{Deny, Error, Upgrade, metrics};

/// One registered room or socket.
pub(crate) struct Definition {
    pub(crate) module: String,
    pub(crate) name: String,
    pub(crate) kind: EndpointKind,
    pub(crate) pattern: Pattern,
    pub(crate) limits: Arc<Limits>,
    pub(crate) shared: bool,
    /// The app's and the module's, in that order.
    pub(crate) guards: Vec<BoxGuard<()>>,
    pub(crate) endpoint: Arc<dyn ErasedEndpoint>,
}

impl Definition {
    /// Where a connection with these params goes. What makes no topic of a room's makes no socket either.
    pub(crate) fn destination(&self, params: &Params) -> Result<Destination, KeyError> {
        let topic = self.pattern.topic(params)?;
        Ok(match self.kind {
            EndpointKind::Room => Destination::Room(topic),
            EndpointKind::Socket => Destination::Socket,
        })
    }
}

/// A room or a socket of any type.
pub(crate) trait ErasedEndpoint: MaybeSend + MaybeSync {
    fn kind(&self) -> EndpointKind;
    fn pattern(&self) -> Result<Pattern, PatternError>;
    #[cfg(feature = "typescript")]
    fn describe(&self, types: &mut crate::__private::TypeSink);
    /// Guards, key and data of one connection.
    fn open(
        self: Arc<Self>,
        outer_guards: Vec<BoxGuard<()>>,
        upgrade: Upgrade,
        link: Arc<Link>,
    ) -> BoxFuture<'static, Result<Arc<dyn Session>, Close>>;
    /// The same, where the request is; what the data is goes elsewhere, to [`resume`](ErasedEndpoint::resume).
    fn vet(
        self: Arc<Self>,
        outer_guards: Vec<BoxGuard<()>>,
        upgrade: Upgrade,
    ) -> BoxFuture<'static, Result<Json, Close>>;
    /// Takes a connection whose guards and data ran before; none runs again.
    fn resume(&self, params: &Params, data: &Json, link: Arc<Link>) -> Result<Arc<dyn Session>, ResumeError>;
}

/// A room or a socket, its types known.
pub(super) trait TypedEndpoint: MaybeSend + MaybeSync + 'static {
    const KIND: EndpointKind;
    const PATTERN: &'static str;
    type Key: Clone + MaybeSend + MaybeSync + 'static;
    type Data: Serialize + DeserializeOwned + MaybeSend + MaybeSync + 'static;

    fn key(params: &Params) -> Result<Self::Key, KeyError>;
    #[cfg(feature = "typescript")]
    fn describe(types: &mut crate::__private::TypeSink);
    fn data(&self, upgrade: &Upgrade<Self::Key>) -> impl Future<Output = Result<Self::Data, Deny>> + MaybeSend;
    fn session(&self, key: Self::Key, data: Self::Data, link: Arc<Link>) -> Arc<dyn Session>;
}

/// What was found at the upgrade is not of the types that the room has now: another version of the app found it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResumeError {
    #[error("its key does not fit the pattern: {0}")]
    Key(#[from] KeyError),
    #[error("its data does not fit the type of `data`: {0}")]
    Data(#[from] serde_json::Error),
}

/// A room or a socket and its own guards.
pub(super) struct Registered<E: TypedEndpoint> {
    pub(super) endpoint: E,
    pub(super) guards: Vec<BoxGuard<E::Key>>,
}

impl<E: TypedEndpoint> ErasedEndpoint for Registered<E> {
    fn kind(&self) -> EndpointKind {
        E::KIND
    }

    fn pattern(&self) -> Result<Pattern, PatternError> {
        Pattern::parse(E::PATTERN)
    }

    #[cfg(feature = "typescript")]
    fn describe(&self, types: &mut crate::__private::TypeSink) {
        E::describe(types);
    }

    fn open(
        self: Arc<Self>,
        outer_guards: Vec<BoxGuard<()>>,
        upgrade: Upgrade,
        link: Arc<Link>,
    ) -> BoxFuture<'static, Result<Arc<dyn Session>, Close>> {
        Box::pin(async move {
            let (key, data) = self.admit(&outer_guards, &upgrade).await?;
            Ok(self.endpoint.session(key, data, link))
        })
    }

    fn vet(
        self: Arc<Self>,
        outer_guards: Vec<BoxGuard<()>>,
        upgrade: Upgrade,
    ) -> BoxFuture<'static, Result<Json, Close>> {
        Box::pin(async move {
            let (_, data) = self.admit(&outer_guards, &upgrade).await?;
            encode(&data).map_err(|error| {
                failed("data", &error, &upgrade);
                Close::JOIN_FAILED
            })
        })
    }

    fn resume(&self, params: &Params, data: &Json, link: Arc<Link>) -> Result<Arc<dyn Session>, ResumeError> {
        Ok(self.endpoint.session(E::key(params)?, data.decode()?, link))
    }
}

impl<E: TypedEndpoint> Registered<E> {
    /// Guards, key and data.
    async fn admit(&self, outer_guards: &[BoxGuard<()>], upgrade: &Upgrade) -> Result<(E::Key, E::Data), Close> {
        run_guards(outer_guards, upgrade, upgrade).await?;
        let key = E::key(upgrade.params()).map_err(|error| {
            tracing::debug!(%error, "the key does not fit its pattern");
            Close::FORBIDDEN
        })?;
        let typed = upgrade.clone().with_key(key.clone());
        run_guards(&self.guards, &typed, upgrade).await?;
        Ok((key, self.data(&typed, upgrade).await?))
    }

    async fn data(&self, typed: &Upgrade<E::Key>, upgrade: &Upgrade) -> Result<E::Data, Close> {
        match caught(async { Ok(self.endpoint.data(typed).await) }).await {
            Ok(Ok(data)) => Ok(data),
            Ok(Err(deny)) => Err(denied(&deny, upgrade)),
            Err(error) => {
                metrics::handler_failed("data");
                failed("data", &error, upgrade);
                Err(Close::JOIN_FAILED)
            }
        }
    }
}

/// The first that denies, or panics, ends it.
async fn run_guards<K: Clone + MaybeSend + MaybeSync + 'static>(
    guards: &[BoxGuard<K>],
    typed: &Upgrade<K>,
    upgrade: &Upgrade,
) -> Result<(), Close> {
    for guard in guards {
        match caught(async { Ok(guard.check(typed.clone()).await) }).await {
            Ok(Ok(())) => {}
            Ok(Err(deny)) => return Err(denied(&deny, upgrade)),
            Err(error) => {
                metrics::handler_failed("guard");
                failed("guard", &error, upgrade);
                return Err(denied(&Deny::forbidden(), upgrade));
            }
        }
    }
    Ok(())
}

fn denied(deny: &Deny, upgrade: &Upgrade) -> Close {
    deny.log(upgrade.module(), upgrade.room());
    metrics::denied(upgrade.module(), upgrade.room());
    Close::FORBIDDEN
}

fn failed(hook: &'static str, error: &Error, upgrade: &Upgrade) {
    tracing::error!(module = upgrade.module(), room = upgrade.room(), hook, %error, "a hook failed");
}
