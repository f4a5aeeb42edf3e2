//! The seam where a room's types are forgotten.

use std::sync::Arc;

use roomful_core::key::{KeyError, Params};
use roomful_core::pattern::{Pattern, PatternError};
use roomful_core::{Close, Json, Limits};

use super::RoomDef;
use crate::guard::BoxGuard;
use crate::maybe_send::{BoxFuture, MaybeSend, MaybeSync};
use crate::runtime::Link;
use crate::session::{Session, TypedSession, caught};
use crate::{Channel, Conn, Deny, Error, ErrorKind, Room, Upgrade, metrics};

/// One registered room.
pub(crate) struct Definition {
    pub(crate) module: String,
    pub(crate) name: String,
    pub(crate) pattern: Pattern,
    pub(crate) limits: Arc<Limits>,
    pub(crate) shared: bool,
    /// The app's and the module's, in that order.
    pub(crate) guards: Vec<BoxGuard<()>>,
    pub(crate) room: Arc<dyn ErasedRoom>,
}

/// A room of any type.
pub(crate) trait ErasedRoom: MaybeSend + MaybeSync {
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
    /// The same, where the request is; what the data is goes elsewhere, to [`resume`](ErasedRoom::resume).
    fn vet(
        self: Arc<Self>,
        outer_guards: Vec<BoxGuard<()>>,
        upgrade: Upgrade,
    ) -> BoxFuture<'static, Result<Json, Close>>;
    /// Takes a connection whose guards and data ran before; none runs again.
    fn resume(&self, params: &Params, data: &Json, link: Arc<Link>) -> Result<Arc<dyn Session>, ResumeError>;
}

/// What was found at the upgrade is not of the types that the room has now: another version of the app found it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResumeError {
    #[error("its key does not fit the channel: {0}")]
    Key(#[from] KeyError),
    #[error("its data does not fit the room's: {0}")]
    Data(#[from] serde_json::Error),
}

pub(super) struct Registered<R: Room> {
    room: Arc<R>,
    guards: Vec<BoxGuard<R::Channel>>,
}

impl<R: Room> From<RoomDef<R>> for Registered<R> {
    fn from(def: RoomDef<R>) -> Self {
        Self { room: def.room, guards: def.guards }
    }
}

impl<R: Room> ErasedRoom for Registered<R> {
    fn pattern(&self) -> Result<Pattern, PatternError> {
        Pattern::parse(R::Channel::PATTERN)
    }

    #[cfg(feature = "typescript")]
    fn describe(&self, types: &mut crate::__private::TypeSink) {
        R::Channel::describe(types);
    }

    fn open(
        self: Arc<Self>,
        outer_guards: Vec<BoxGuard<()>>,
        upgrade: Upgrade,
        link: Arc<Link>,
    ) -> BoxFuture<'static, Result<Arc<dyn Session>, Close>> {
        Box::pin(async move {
            let (key, data) = self.admit(&outer_guards, &upgrade).await?;
            Ok(self.session(key, data, link))
        })
    }

    fn vet(
        self: Arc<Self>,
        outer_guards: Vec<BoxGuard<()>>,
        upgrade: Upgrade,
    ) -> BoxFuture<'static, Result<Json, Close>> {
        Box::pin(async move {
            let (_, data) = self.admit(&outer_guards, &upgrade).await?;
            Json::encode(&data).map_err(|error| {
                failed("data", &ErrorKind::Encode(error).into_error(), &upgrade);
                Close::JOIN_FAILED
            })
        })
    }

    fn resume(&self, params: &Params, data: &Json, link: Arc<Link>) -> Result<Arc<dyn Session>, ResumeError> {
        Ok(self.session(R::Channel::from_params(params)?, data.decode()?, link))
    }
}

impl<R: Room> Registered<R> {
    /// Guards, key and data.
    async fn admit(&self, outer_guards: &[BoxGuard<()>], upgrade: &Upgrade) -> Result<(R::Channel, R::Data), Close> {
        run_guards(outer_guards, upgrade, upgrade).await?;
        let key = key_of::<R::Channel>(upgrade.params())?;
        let typed = upgrade.clone().with_key(key.clone());
        run_guards(&self.guards, &typed, upgrade).await?;
        Ok((key, self.data(&typed, upgrade).await?))
    }

    fn session(&self, key: R::Channel, data: R::Data, link: Arc<Link>) -> Arc<dyn Session> {
        Arc::new(TypedSession { room: Arc::clone(&self.room), conn: Conn::new(key, data, link) })
    }

    async fn data(&self, typed: &Upgrade<R::Channel>, upgrade: &Upgrade) -> Result<R::Data, Close> {
        match caught(async { Ok(self.room.data(typed).await) }).await {
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

fn key_of<C: Channel>(params: &Params) -> Result<C, Close> {
    C::from_params(params).map_err(|error| {
        tracing::debug!(%error, "the key does not fit its channel");
        Close::FORBIDDEN
    })
}

fn denied(deny: &Deny, upgrade: &Upgrade) -> Close {
    deny.log(upgrade.module(), upgrade.room());
    metrics::denied(upgrade.module(), upgrade.room());
    Close::FORBIDDEN
}

fn failed(hook: &'static str, error: &Error, upgrade: &Upgrade) {
    tracing::error!(module = upgrade.module(), room = upgrade.room(), hook, %error, "a hook failed");
}
