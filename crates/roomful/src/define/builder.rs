//! From definitions to rooms and sockets that can run.

use std::sync::Arc;

use roomful_core::session::SealKey;
use roomful_runtime::{AllowedOrigins, App, Origin, ProxyHeader, ProxyNet, Settings, TrustedProxies, without_secrets};

use super::checked::{Checked, clashes, missing_params};
use super::path::normalised;
use super::pending::Pending;
use super::{BuildError, IntoFeedSetup, IntoLiveForSetup, IntoLiveSetup, IntoRoomSetup, IntoSocketSetup, Mistake};
use crate::guard::BoxGuard;
use crate::{Guard, Limits, Rooms};

/// Collects the definitions. Made by [`Rooms::new`](crate::Rooms::new).
pub struct RoomsBuilder {
    guards: Vec<BoxGuard<()>>,
    modules: Vec<ModuleBuilder>,
    limits: Limits,
    pub(crate) path: String,
    origins: Vec<String>,
    any_origin: bool,
    proxies: Vec<(ProxyHeader, String)>,
    #[cfg(feature = "typescript")]
    large_integers: crate::LargeIntegers,
    secret: Option<Vec<u8>>,
}

/// Collects the rooms, sockets, feeds and live values of one module.
pub struct ModuleBuilder {
    name: String,
    guards: Vec<BoxGuard<()>>,
    endpoints: Vec<Pending>,
}

/// Whoever guesses it can say who they are. So many random letters or hexadecimal digits are 128 bits.
const LEAST_SECRET_BYTES: usize = 32;

impl Rooms {
    /// Starts the definitions.
    #[allow(clippy::new_ret_no_self, reason = "rooms come of a builder, and `Rooms::new()` is where a reader looks")]
    #[must_use]
    pub fn new() -> RoomsBuilder {
        RoomsBuilder::new()
    }
}

impl RoomsBuilder {
    pub(crate) fn new() -> Self {
        Self {
            guards: Vec::new(),
            modules: Vec::new(),
            limits: Limits::default(),
            path: "/__sockets".to_owned(),
            origins: Vec::new(),
            any_origin: false,
            proxies: Vec::new(),
            #[cfg(feature = "typescript")]
            large_integers: crate::LargeIntegers::default(),
            secret: None,
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

    /// The path that upgrades come to. `/__sockets` unless said otherwise; clients must be told too. It is what follows the
    /// host in an address, up to a `?`.
    #[must_use]
    pub fn path(mut self, path: &str) -> Self {
        self.path = path.to_owned();
        self
    }

    /// Lets pages of these origins connect, besides those of the server's own: `https://app.example`. May be called again.
    ///
    /// A page is the server's own when its host and port are those of the request's `Host`, or of the `X-Forwarded-Host`
    /// that a proxy sets. Every other page is answered 403 before the handshake, because its visitor's cookies come with
    /// the request; the log says which origin it was. What sends no `Origin` is no browser, and is let through.
    #[must_use]
    pub fn allowed_origins<S: Into<String>>(mut self, origins: impl IntoIterator<Item = S>) -> Self {
        self.origins.extend(origins.into_iter().map(Into::into));
        self
    }

    /// Lets every page connect. Where guards trust cookies, any site can then act as its visitors: this is for rooms that
    /// are open to all, and for guards that ask for something that only your own pages have.
    #[must_use]
    pub fn any_origin(mut self) -> Self {
        self.any_origin = true;
        self
    }

    /// Believes these proxies when they say, in this header, whose request they pass on: [`Upgrade::peer`](crate::Upgrade::peer)
    /// is then the client's address and not the proxy's. Each is an address or a network: `10.0.0.7`, `10.0.0.0/8`,
    /// `2001:db8::/32`. May be called again with the same header.
    ///
    /// ```
    /// use roomful::{ProxyHeader, Rooms};
    ///
    /// let rooms = Rooms::new().trusted_proxies(ProxyHeader::XForwardedFor, ["127.0.0.1", "10.0.0.0/8"]);
    /// # assert!(rooms.build().is_ok());
    /// ```
    ///
    /// Name all proxies that a request may come through, and the header that all of them write: of another one a client could
    /// write what it likes. Entries are read from the last; the first that is none of the named proxies is the client.
    #[must_use]
    pub fn trusted_proxies<S: Into<String>>(
        mut self,
        header: ProxyHeader,
        proxies: impl IntoIterator<Item = S>,
    ) -> Self {
        self.proxies.extend(proxies.into_iter().map(|proxy| (header, proxy.into())));
        self
    }

    /// What is done about integers of 64 and 128 bits in the types of rooms and sockets, which JavaScript rounds from 2^53 on:
    /// [`build`](Self::build) warns of them unless it is told otherwise, and [`Rooms::typescript`] likewise. In a worker `build` does
    /// not look: what looks would be a part of the worker.
    ///
    /// ```
    /// use roomful::{LargeIntegers, Rooms};
    ///
    /// let rooms = Rooms::new().large_integers(LargeIntegers::Refuse);
    /// # assert!(rooms.build().is_ok());
    /// ```
    #[cfg(feature = "typescript")]
    #[must_use]
    pub fn large_integers(mut self, large_integers: crate::LargeIntegers) -> Self {
        self.large_integers = large_integers;
        self
    }

    /// Lets members keep who they are when this process ends and another begins, where both are given the same secret: after a
    /// deployment, a crash, a restart of the machine. Give it at least 32 random bytes, and keep it as you keep a password:
    ///
    /// ```
    /// use roomful::Rooms;
    ///
    /// # let read = |_: &str| "b9f1c7d02a5e4e0f8d6c3b7a19e2f4d0".to_owned();
    /// let rooms = Rooms::new().secret(read("ROOMFUL_SECRET"));
    /// # assert!(rooms.build().is_ok());
    /// ```
    ///
    /// The token of a session ([`Limits::grace_ms`]) then says who its member is, where it stands in the roster and whose it is,
    /// sealed with this secret. Who presents it to a process that knows nothing of the session has its guards and `data` run, is
    /// let in as anybody is, with `on_join`, and is the same member: the id and the place in the roster. What was said in between
    /// is known to nobody. It is good for [`Limits::seal_ms`], for the same room and the same user, while nobody else is
    /// that member.
    #[must_use]
    pub fn secret(mut self, secret: impl AsRef<[u8]>) -> Self {
        self.secret = Some(secret.as_ref().to_vec());
        self
    }

    /// Checks the definitions.
    ///
    /// With the feature `typescript` it also looks for integers that JavaScript rounds, and warns of them in the log, by room, type
    /// and field: of each type once, and of sixteen types at most. It knows the types that are `TS`, and runs none of their code.
    /// Without the feature there is nothing to know them by.
    ///
    /// # Errors
    ///
    /// [`BuildError`] names every mistake in them.
    pub fn build(self) -> Result<Rooms, BuildError> {
        let limits = Arc::new(self.limits);
        let mut mistakes: Vec<Mistake> =
            limits.mistakes().into_iter().map(|error| Mistake::Limit { of: None, error }).collect();
        let mut checked: Vec<Checked> = Vec::new();
        for module in self.modules {
            if module.endpoints.is_empty() {
                mistakes.push(Mistake::EmptyModule { module: module.name.clone() });
            }
            let guards: Vec<_> = self.guards.iter().chain(&module.guards).cloned().collect();
            for pending in module.endpoints {
                mistakes.extend(pending.mistakes(&module.name, &limits));
                let needed = pending.needed(&guards);
                match pending.define(&module.name, &guards, &limits) {
                    Ok(new) => {
                        mistakes.extend(missing_params(&new.definition, needed));
                        mistakes.extend(clashes(&checked, &new));
                        checked.push(new);
                    }
                    Err(mistake) => mistakes.push(mistake),
                }
            }
        }
        let path = normalised(&self.path).unwrap_or_else(|error| {
            mistakes.push(Mistake::Path { path: without_secrets(&self.path), error });
            String::new()
        });
        let origins = allowed_origins(self.origins, self.any_origin, &mut mistakes);
        let proxies = trusted_proxies(self.proxies, &mut mistakes);
        let seal = seal_key(self.secret.as_deref(), &mut mistakes);
        let definitions: Vec<_> = checked.into_iter().map(|checked| checked.definition).collect();
        // Not in a worker: it would be downloaded with it, and who writes the page's types is told the same.
        #[cfg(all(feature = "typescript", not(target_family = "wasm")))]
        mistakes.extend(large_integers(&definitions, self.large_integers));
        if !mistakes.is_empty() {
            return Err(BuildError { mistakes });
        }
        let rooms = Rooms::from(App::new(definitions, Settings { limits, path, origins, proxies, seal }));
        #[cfg(feature = "typescript")]
        let rooms = rooms.with_large_integers(self.large_integers);
        Ok(rooms)
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
    pub fn room<R: IntoRoomSetup>(self, name: &str, room: R) -> Self {
        self.with(room.into_room_setup().pending(name))
    }

    /// Adds a typed socket under a name, which no room of the module may have.
    #[must_use]
    pub fn socket<S: IntoSocketSetup>(self, name: &str, socket: S) -> Self {
        self.with(socket.into_socket_setup().pending(name))
    }

    /// Adds a feed under a name that nothing else in the module has.
    #[must_use]
    pub fn feed<F: IntoFeedSetup>(self, name: &str, feed: F) -> Self {
        self.with(feed.into_feed_setup().pending(name))
    }

    /// Adds a live value under a name that nothing else in the module has.
    #[must_use]
    pub fn live<L: IntoLiveSetup>(self, name: &str, live: L) -> Self {
        self.with(live.into_live_setup().pending(name))
    }

    /// Adds a live value that differs by who asks, under a name that nothing else in the module has.
    #[must_use]
    pub fn live_for<L: IntoLiveForSetup>(self, name: &str, live: L) -> Self {
        self.with(live.into_live_for_setup().pending(name))
    }

    fn with(mut self, pending: Pending) -> Self {
        self.endpoints.push(pending);
        self
    }
}

/// Those that JavaScript rounds, where they are a mistake; where they are not, they may be a warning.
#[cfg(all(feature = "typescript", not(target_family = "wasm")))]
fn large_integers(definitions: &[roomful_runtime::Definition], meant: crate::LargeIntegers) -> Vec<Mistake> {
    let found = definitions.iter().map(|definition| (super::checked::path(definition), definition));
    let found = crate::typescript::large_integers(found, meant);
    found.into_iter().map(|(of, large)| Mistake::LargeInteger { of, at: large.at, bits: large.bits }).collect()
}

fn allowed_origins(named: Vec<String>, any: bool, mistakes: &mut Vec<Mistake>) -> AllowedOrigins {
    let mut origins: Vec<Origin> = Vec::new();
    for origin in named {
        match origin.parse() {
            Ok(origin) => origins.push(origin),
            Err(error) => {
                let origin = without_secrets(&origin);
                mistakes.push(Mistake::Origin { origin, error });
            }
        }
    }
    if any { AllowedOrigins::Any } else { AllowedOrigins::OwnAnd(origins) }
}

fn trusted_proxies(named: Vec<(ProxyHeader, String)>, mistakes: &mut Vec<Mistake>) -> TrustedProxies {
    let header = named.first().map_or_else(ProxyHeader::default, |(header, _)| *header);
    if named.iter().any(|(other, _)| *other != header) {
        mistakes.push(Mistake::ProxyHeaders);
    }
    let mut proxies: Vec<ProxyNet> = Vec::new();
    for (_, proxy) in named {
        match proxy.parse() {
            Ok(net) => proxies.push(net),
            Err(error) => mistakes.push(Mistake::Proxy { proxy, error }),
        }
    }
    TrustedProxies::new(header, proxies)
}

fn seal_key(secret: Option<&[u8]>, mistakes: &mut Vec<Mistake>) -> Option<SealKey> {
    let secret = secret?;
    if secret.len() < LEAST_SECRET_BYTES {
        mistakes.push(Mistake::Secret { bytes: secret.len(), least: LEAST_SECRET_BYTES });
    }
    Some(SealKey::new(secret))
}
