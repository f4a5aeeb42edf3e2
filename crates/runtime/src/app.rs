//! An app, as the runtime knows it: its rooms and sockets, without their types.

use std::any::Any;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Weak};

use http::request::Parts;
use roomful_core::frame::EndpointKind;
use roomful_core::key::{KeyError, Params};
use roomful_core::pattern::Pattern;
use roomful_core::session::SealKey;
use roomful_core::{Json, Limits, Millis};

use crate::act::Reach;
use crate::denial::{Denial, DenialLog};
use crate::destination::Destination;
use crate::hooks::Hooks;
use crate::hub::Hub;
use crate::maybe_send::{BoxFuture, MaybeSend, MaybeSync};
use crate::member::LiveMember;
use crate::origin::AllowedOrigins;
use crate::proxies::TrustedProxies;
use crate::roster::Member;
use crate::terms::Terms;

/// All rooms and sockets of an app. A clone is cheap and is the same app.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

struct Inner {
    hub: Arc<Hub>,
    definitions: Vec<Arc<Definition>>,
    settings: Settings,
    reach: Option<Arc<dyn Reach>>,
}

/// What an app sets for all its rooms together.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The bounds of the process, and of every room that has none of its own.
    pub limits: Arc<Limits>,
    /// The path that upgrades come to.
    pub path: String,
    /// Whose pages may connect.
    pub origins: AllowedOrigins,
    /// Which proxies say who the client is.
    pub proxies: TrustedProxies,
    /// What makes its tokens good in another process that has it, too.
    pub seal: Option<SealKey>,
}

/// One registered room or socket.
pub struct Definition {
    /// Its names, and what its connections are under.
    pub terms: Arc<Terms>,
    /// Whether it is a room or a socket.
    pub kind: EndpointKind,
    /// Which params it takes, and a room's topics.
    pub pattern: Pattern,
    /// What it does.
    pub endpoint: Arc<dyn Endpoint>,
}

/// An upgrade, told which room or socket it is for.
pub struct UpgradeRequest {
    /// The request without its body.
    pub parts: Parts,
    /// The client's address, where the platform knows it.
    pub peer: Option<IpAddr>,
    /// The module that was asked for.
    pub module: String,
    /// The room's name in its module, or the socket's.
    pub name: String,
    /// The key's params.
    pub params: Params,
    /// What the client gives to prove who it is, where it gives any. In no log, and in no [`Debug`](fmt::Debug).
    pub credentials: Option<String>,
}

/// Without headers and query, in which a client's credentials are: an app may well print it.
impl fmt::Debug for UpgradeRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { parts, peer, module, name, params, credentials: _ } = self;
        let mut shown = f.debug_struct("UpgradeRequest");
        shown.field("path", &parts.uri.path()).field("peer", peer);
        shown.field("module", module).field("name", name).field("params", params);
        shown.finish_non_exhaustive()
    }
}

/// A room or a typed socket, whatever its types are.
pub trait Endpoint: MaybeSend + MaybeSync {
    /// Runs the guards and `data` of one connection, and makes its hooks. `Err` says why it is closed.
    fn open(
        self: Arc<Self>,
        app: App,
        request: UpgradeRequest,
        member: Arc<LiveMember>,
    ) -> BoxFuture<'static, Result<Arc<dyn Hooks>, Denial>>;

    /// Runs the guards and `data` only, and returns the data: another process makes the hooks of it, with
    /// [`go_on`](Endpoint::go_on).
    fn admit(self: Arc<Self>, request: UpgradeRequest) -> BoxFuture<'static, Result<Json, Denial>>;

    /// Makes the hooks of a connection whose guards and `data` ran before. They do not run again.
    ///
    /// # Errors
    ///
    /// When the params or the data do not fit the types that the room has now.
    fn go_on(
        &self,
        app: App,
        params: &Params,
        data: &Json,
        member: Arc<LiveMember>,
    ) -> Result<Arc<dyn Hooks>, GoOnError>;

    /// Whether its app is to be told of members that died with their node, as far as is known.
    fn hears_of_lost(&self) -> bool {
        false
    }

    /// Tells its app of a member that died with its node, and its hooks with it.
    fn tell_of_lost(
        self: Arc<Self>,
        app: App,
        params: &Params,
        member: Member<Json, Json>,
    ) -> BoxFuture<'static, crate::Result> {
        let _ = (app, params, member);
        Box::pin(std::future::ready(Ok(())))
    }

    /// Adds its types to `types`, where that is a collection of types that it knows.
    fn describe(&self, types: &mut dyn Any);
}

/// The params or the data of a connection do not fit the types that the room has now: another version of the app made them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GoOnError {
    /// The key has other params.
    #[error("its key does not fit the pattern: {0}")]
    Key(#[from] KeyError),
    /// The data has another type.
    #[error("its data does not fit the type of `data`: {0}")]
    Data(#[from] serde_json::Error),
}

/// An app that may be gone.
#[derive(Clone)]
pub(crate) struct WeakApp(Weak<Inner>);

impl WeakApp {
    pub(crate) fn upgrade(&self) -> Option<App> {
        self.0.upgrade().map(|inner| App { inner })
    }
}

impl App {
    /// Rooms and sockets that may run: whoever builds them has checked that they do not clash.
    #[must_use]
    pub fn new(definitions: Vec<Definition>, settings: Settings) -> Self {
        let definitions = definitions.into_iter().map(Arc::new).collect();
        Self::with(definitions, settings, None, false)
    }

    /// The same definitions and settings, with nobody in any room. Rooms elsewhere are reached so.
    pub(crate) fn fresh(&self, reach: Arc<dyn Reach>, is_for_one_room: bool) -> Self {
        let Inner { definitions, settings, .. } = &*self.inner;
        Self::with(definitions.clone(), settings.clone(), Some(reach), is_for_one_room)
    }

    fn with(
        definitions: Vec<Arc<Definition>>,
        settings: Settings,
        reach: Option<Arc<dyn Reach>>,
        is_for_one_room: bool,
    ) -> Self {
        let hub = Hub::new(Arc::clone(&settings.limits), is_for_one_room);
        settings.seal.iter().for_each(|key| hub.process().seal_with(key.clone()));
        Self { inner: Arc::new(Inner { hub, definitions, settings, reach }) }
    }

    pub(crate) fn downgrade(&self) -> WeakApp {
        WeakApp(Arc::downgrade(&self.inner))
    }

    /// What is registered, in order.
    #[must_use]
    pub fn definitions(&self) -> &[Arc<Definition>] {
        &self.inner.definitions
    }

    /// What is set for all of it together.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    pub(crate) fn find(&self, module: &str, name: &str) -> Option<&Arc<Definition>> {
        self.definitions().iter().find(|definition| definition.terms.module == module && definition.terms.name == name)
    }

    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.inner.hub
    }

    pub(crate) fn denial_log(&self) -> &DenialLog {
        self.hub().denial_log()
    }

    /// The platform's time, where it has lent a clock.
    pub(crate) fn clock(&self) -> Option<Millis> {
        self.hub().process().host().map(|host| host.now())
    }

    /// How rooms that are elsewhere are reached; `None`: all are here.
    pub(crate) fn reach(&self) -> Option<&Arc<dyn Reach>> {
        self.inner.reach.as_ref()
    }
}

impl Definition {
    /// Where a connection with these params goes. A socket has no topic, but its params are checked as a room's are.
    pub(crate) fn destination(&self, params: &Params) -> Result<Destination, KeyError> {
        let topic = self.pattern.topic(params)?;
        Ok(match self.kind {
            EndpointKind::Room => Destination::Room(topic),
            EndpointKind::Socket => Destination::Socket,
            EndpointKind::Feed => Destination::Feed(topic),
            EndpointKind::Live => Destination::Live(topic),
        })
    }
}
