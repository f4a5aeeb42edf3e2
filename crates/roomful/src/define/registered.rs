//! The seam where the types of a room or a socket are forgotten.

use std::any::Any;
use std::future::Future;
use std::sync::Arc;

use roomful_core::Json;
use roomful_core::key::{KeyError, Params};
use roomful_runtime::{App, Denial, DenialReason, Endpoint, GoOnError, Hooks, LiveMember, UpgradeRequest, caught};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::forwarded_size::ForwardedSize;
use crate::guard::BoxGuard;
use crate::payload::encode;
use crate::{BoxFuture, Deny, Error, MaybeSend, MaybeSync, Member, Rooms, Upgrade};

/// A room or a socket, its types known.
pub(super) trait TypedEndpoint: MaybeSend + MaybeSync + 'static {
    type Key: Clone + MaybeSend + MaybeSync + 'static;
    type Data: Serialize + DeserializeOwned + MaybeSend + MaybeSync + 'static;

    fn key(params: &Params) -> Result<Self::Key, KeyError>;
    #[cfg(all(feature = "typescript", not(target_family = "wasm")))]
    fn describe(types: &mut crate::__private::TypeSink);
    fn data(&self, upgrade: &Upgrade<Self::Key>) -> impl Future<Output = Result<Self::Data, Deny>> + MaybeSend;
    /// Whether it is told of members that died with their node, as far as is known.
    fn hears_of_lost(&self) -> bool {
        false
    }

    fn tell_of_lost(
        &self,
        key: Self::Key,
        member: Member<Json, Json>,
        rooms: Rooms,
    ) -> impl Future<Output = Result<(), Error>> + MaybeSend {
        let _ = (key, member, rooms);
        async { Ok(()) }
    }

    fn hooks(&self, key: Self::Key, data: Self::Data, member: Arc<LiveMember>, rooms: Rooms) -> Arc<dyn Hooks>;
}

/// A room or a socket and its guards.
pub(super) struct Registered<E: TypedEndpoint> {
    pub(super) endpoint: E,
    /// The app's and the module's, in that order.
    pub(super) outer_guards: Vec<BoxGuard<()>>,
    pub(super) guards: Vec<BoxGuard<E::Key>>,
    pub(super) forwarded_size: ForwardedSize,
}

impl<E: TypedEndpoint> Endpoint for Registered<E> {
    fn open(
        self: Arc<Self>,
        app: App,
        request: UpgradeRequest,
        member: Arc<LiveMember>,
    ) -> BoxFuture<'static, Result<Arc<dyn Hooks>, Denial>> {
        Box::pin(async move {
            let upgrade = Upgrade::new(request);
            let (key, data) = self.admit_typed(&upgrade, Some(&member)).await?;
            if self.forwarded_size.is_due() {
                self.forwarded_size.measure(&upgrade, &data).await;
            }
            Ok(self.endpoint.hooks(key, data, member, Rooms::from(app)))
        })
    }

    fn admit(self: Arc<Self>, request: UpgradeRequest) -> BoxFuture<'static, Result<Json, Denial>> {
        Box::pin(async move {
            let upgrade = Upgrade::new(request);
            let (_, data) = self.admit_typed(&upgrade, None).await?;
            encode(&data).map_err(|error| Denial { hook: "data", why: DenialReason::Failed(error) })
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

    fn hears_of_lost(&self) -> bool {
        self.endpoint.hears_of_lost()
    }

    fn tell_of_lost(
        self: Arc<Self>,
        app: App,
        params: &Params,
        member: Member<Json, Json>,
    ) -> BoxFuture<'static, Result<(), Error>> {
        let key = E::key(params);
        Box::pin(async move { self.endpoint.tell_of_lost(key?, member, Rooms::from(app)).await })
    }

    fn describe(&self, types: &mut dyn Any) {
        // Not in a worker: all that writes types would be downloaded with it.
        #[cfg(all(feature = "typescript", not(target_family = "wasm")))]
        if let Some(types) = types.downcast_mut() {
            E::describe(types);
        }
        #[cfg(not(all(feature = "typescript", not(target_family = "wasm"))))]
        let _ = types;
    }
}

impl<E: TypedEndpoint> Registered<E> {
    /// Guards, key and data, for this member where it is served here.
    async fn admit_typed(&self, upgrade: &Upgrade, member: Option<&LiveMember>) -> Result<(E::Key, E::Data), Denial> {
        run_guards(&self.outer_guards, upgrade, member).await?;
        let key = E::key(upgrade.params()).map_err(|error| Denial {
            hook: "key",
            why: DenialReason::Forbidden(Some(format!("its key does not fit the pattern: {error}"))),
        })?;
        let typed = upgrade.clone().with_key(key.clone());
        run_guards(&self.guards, &typed, member).await?;
        let data = decided(("data", member), async { self.endpoint.data(&typed).await }).await?;
        Ok((key, data))
    }
}

/// The first that denies, or panics, ends it.
async fn run_guards<K: Clone + MaybeSend + MaybeSync + 'static>(
    guards: &[BoxGuard<K>],
    upgrade: &Upgrade<K>,
    member: Option<&LiveMember>,
) -> Result<(), Denial> {
    for guard in guards {
        decided(("guard", member), async { guard.check(upgrade.clone()).await }).await?;
    }
    Ok(())
}

/// `running` calls the hook: it may panic before it has made a future.
async fn decided<T>(
    (hook, member): (&'static str, Option<&LiveMember>),
    running: impl Future<Output = Result<T, Deny>> + MaybeSend,
) -> Result<T, Denial> {
    let watched = async {
        match member {
            Some(member) => member.watched(hook, running).await,
            None => running.await,
        }
    };
    let why = match caught(|| async { Ok(watched.await) }).await {
        Ok(Ok(found)) => return Ok(found),
        Ok(Err(deny)) => deny.into_reason(),
        Err(error) => DenialReason::Failed(error),
    };
    Err(Denial { hook, why })
}
