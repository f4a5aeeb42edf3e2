//! The seam where the types of a room or a socket are forgotten.

use std::any::Any;
use std::future::Future;
use std::sync::Arc;

use roomful_core::key::{KeyError, Params};
use roomful_core::{Close, Json};
use roomful_runtime::{App, Endpoint, GoOnError, Hooks, LiveMember, UpgradeRequest, caught, metrics};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::guard::BoxGuard;
use crate::payload::encode;
use crate::{BoxFuture, Deny, Error, MaybeSend, MaybeSync, Rooms, Upgrade};

/// A room or a socket, its types known.
pub(super) trait TypedEndpoint: MaybeSend + MaybeSync + 'static {
    type Key: Clone + MaybeSend + MaybeSync + 'static;
    type Data: Serialize + DeserializeOwned + MaybeSend + MaybeSync + 'static;

    fn key(params: &Params) -> Result<Self::Key, KeyError>;
    #[cfg(feature = "typescript")]
    fn describe(types: &mut crate::__private::TypeSink);
    fn data(&self, upgrade: &Upgrade<Self::Key>) -> impl Future<Output = Result<Self::Data, Deny>> + MaybeSend;
    fn hooks(&self, key: Self::Key, data: Self::Data, member: Arc<LiveMember>, rooms: Rooms) -> Arc<dyn Hooks>;
}

/// A room or a socket and its guards.
pub(super) struct Registered<E: TypedEndpoint> {
    pub(super) endpoint: E,
    /// The app's and the module's, in that order.
    pub(super) outer_guards: Vec<BoxGuard<()>>,
    pub(super) guards: Vec<BoxGuard<E::Key>>,
}

impl<E: TypedEndpoint> Endpoint for Registered<E> {
    fn open(
        self: Arc<Self>,
        app: App,
        request: UpgradeRequest,
        member: Arc<LiveMember>,
    ) -> BoxFuture<'static, Result<Arc<dyn Hooks>, Close>> {
        Box::pin(async move {
            let (key, data) = self.admit_typed(&Upgrade::new(request)).await?;
            Ok(self.endpoint.hooks(key, data, member, Rooms::from(app)))
        })
    }

    fn admit(self: Arc<Self>, request: UpgradeRequest) -> BoxFuture<'static, Result<Json, Close>> {
        Box::pin(async move {
            let upgrade = Upgrade::new(request);
            let (_, data) = self.admit_typed(&upgrade).await?;
            encode(&data).map_err(|error| {
                failed("data", &error, &upgrade);
                Close::JOIN_FAILED
            })
        })
    }

    fn go_on(
        &self,
        app: App,
        params: &Params,
        data: &Json,
        member: Arc<LiveMember>,
    ) -> Result<Arc<dyn Hooks>, GoOnError> {
        Ok(self.endpoint.hooks(E::key(params)?, data.decode()?, member, Rooms::from(app)))
    }

    fn describe(&self, types: &mut dyn Any) {
        #[cfg(feature = "typescript")]
        if let Some(types) = types.downcast_mut() {
            E::describe(types);
        }
        #[cfg(not(feature = "typescript"))]
        let _ = types;
    }
}

impl<E: TypedEndpoint> Registered<E> {
    /// Guards, key and data.
    async fn admit_typed(&self, upgrade: &Upgrade) -> Result<(E::Key, E::Data), Close> {
        run_guards(&self.outer_guards, upgrade, upgrade).await?;
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
