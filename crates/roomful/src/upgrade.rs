//! The request that wants to become a connection, as guards and `data` see it.

use std::net::IpAddr;
use std::sync::Arc;

use http::{Extensions, HeaderMap, Uri};
use roomful_core::key::Params;
use roomful_runtime::UpgradeRequest;

/// A WebSocket upgrade: headers, URI, extensions set by tower layers, and which room or typed socket it wants.
///
/// Guards of the app and of a module get `Upgrade`. A room's own guard and its `data` get `Upgrade<Board>`, with the typed
/// [`key`](Upgrade::key), and those of a socket get its params in the same way. A clone is cheap and shares the request.
#[derive(Debug, Clone)]
pub struct Upgrade<K = ()> {
    request: Arc<UpgradeRequest>,
    key: K,
}

impl Upgrade {
    pub(crate) fn new(request: UpgradeRequest) -> Self {
        Self { request: Arc::new(request), key: () }
    }

    pub(crate) fn with_key<K>(self, key: K) -> Upgrade<K> {
        Upgrade { request: self.request, key }
    }
}

impl<K> Upgrade<K> {
    /// The room's key, or the socket's params.
    pub fn key(&self) -> &K {
        &self.key
    }

    /// The module that was asked for.
    #[must_use]
    pub fn module(&self) -> &str {
        &self.request.module
    }

    /// The room's name in its module, or the socket's.
    #[must_use]
    pub fn room(&self) -> &str {
        &self.request.name
    }

    /// The key's params, untyped, in the order that the client gave them.
    #[must_use]
    pub fn params(&self) -> &Params {
        &self.request.params
    }

    /// The request's headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.request.parts.headers
    }

    /// One header; `None` where it is absent or no text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers().get(name)?.to_str().ok()
    }

    /// What the client gives to prove who it is: the option `credentials` of our client, which travels among the sub-protocols
    /// that it offers, or the token of `Authorization: Bearer`. Where it gives both, the first of these.
    ///
    /// No log has them, and no [`Debug`](std::fmt::Debug) of this. What cannot be read, or is over
    /// [`Limits::credentials_bytes`](crate::Limits::credentials_bytes), was denied before any guard.
    ///
    /// ```
    /// use roomful::{Deny, Upgrade};
    /// # enum Token { Good, Old, Bad }
    /// # async fn verify(token: &str) -> std::io::Result<Token> { Ok(Token::Good) }
    ///
    /// async fn signed_in(upgrade: Upgrade) -> Result<(), Deny> {
    ///     let token = upgrade.credentials().ok_or_else(Deny::forbidden)?;
    ///     match verify(token).await? {
    ///         Token::Good => Ok(()),
    ///         Token::Old => Err(Deny::expired()),
    ///         Token::Bad => Err(Deny::because("its token is none of ours")),
    ///     }
    /// }
    /// # let _ = roomful::Rooms::new().guard(signed_in);
    /// ```
    #[must_use]
    pub fn credentials(&self) -> Option<&str> {
        self.request.credentials.as_deref()
    }

    /// The request's URI.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.request.parts.uri
    }

    /// One value of the query, decoded. Where it is given twice, the first.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<String> {
        roomful_core::key::query_value(self.uri().query().unwrap_or_default(), name)
    }

    /// The client's address; `None` where the platform does not know it.
    ///
    /// It is who is connected to the server. Where that is one of the proxies that the app
    /// [trusts](crate::RoomsBuilder::trusted_proxies), it is the client that those have named. On Cloudflare it is
    /// `CF-Connecting-IP`. An IPv4 address that came mapped into IPv6 is an IPv4 address here.
    ///
    /// On axum, `roomful_axum::serve` knows it. With a server of your own, serve the app with
    /// `into_make_service_with_connect_info::<SocketAddr>()`.
    #[must_use]
    pub fn peer(&self) -> Option<IpAddr> {
        self.request.peer
    }

    /// What tower layers have put there, such as a session or a signed-in user.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.request.parts.extensions
    }
}
