//! From an address to a WebSocket.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use roomful_core::Dialect;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::{HeaderMap, HeaderName, HeaderValue, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, error::ProtocolError};

use super::not_opened::NotOpened;
use crate::door::{Address, Door};

/// How long each step may take: a swallowed packet takes minutes to fail by itself.
const PATIENCE: Duration = Duration::from_secs(20);

/// A snapshot of a room of many thousands is some MiB; what is beyond this is no frame of a room's.
const LARGEST_FRAME: usize = 64 << 20;

/// A socket is read so much at a time. More would be memory for each of many connections.
const READ: usize = 16 << 10;

/// Bytes both ways, whatever is between.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A WebSocket, and what the server answered the handshake with.
pub(crate) struct Opened {
    pub(crate) socket: WebSocketStream<Box<dyn Stream>>,
    pub(crate) headers: HeaderMap,
}

/// What a handshake offers beside the door's headers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Offer {
    /// The session to go on with, as a sub-protocol.
    pub(crate) session: Option<String>,
    /// In the place of those that the door has.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

/// Makes connections. All of them share what it knows of certificates.
#[derive(Clone, Default)]
pub(crate) struct Connector {
    tls: Arc<OnceLock<TlsConnector>>,
}

impl Connector {
    /// # Errors
    ///
    /// When there is no WebSocket at the end of it.
    pub(crate) async fn open(&self, door: &Door, offer: &Offer) -> Result<Opened, NotOpened> {
        let request = request(door, offer)?;
        let stream = self.reach(&door.address).await?;
        let config = WebSocketConfig::default()
            .read_buffer_size(READ)
            .write_buffer_size(0)
            .max_message_size(Some(LARGEST_FRAME))
            .max_frame_size(Some(LARGEST_FRAME));
        let handshake = tokio_tungstenite::client_async_with_config(request, stream, Some(config));
        let (socket, response) = within("the handshake", handshake).await??;
        Ok(Opened { socket, headers: response.into_parts().0.headers })
    }

    /// Bytes to the server and back, through TLS where the address asks for it.
    pub(crate) async fn reach(&self, address: &Address) -> Result<Box<dyn Stream>, NotOpened> {
        let lookup = tokio::net::lookup_host((address.host(), address.port()));
        let found: Vec<_> = within("its name was looked up", lookup).await?.map_err(NotOpened::Lookup)?.collect();
        let stream =
            within("it was connected to", TcpStream::connect(&found[..])).await?.map_err(NotOpened::Connect)?;
        stream.set_nodelay(true).map_err(NotOpened::Connect)?;
        if !address.is_secure {
            return Ok(Box::new(stream));
        }
        let name = ServerName::try_from(address.host()).map_err(|error| NotOpened::Tls(io::Error::other(error)))?;
        let secured = self.tls()?.connect(name, stream);
        Ok(Box::new(within("TLS was agreed on", secured).await?.map_err(NotOpened::Tls)?))
    }

    fn tls(&self) -> Result<TlsConnector, NotOpened> {
        if let Some(tls) = self.tls.get() {
            return Ok(tls.clone());
        }
        let made = TlsConnector::from(Arc::new(tls_config()?));
        Ok(self.tls.get_or_init(|| made).clone())
    }
}

async fn within<F: Future>(what: &'static str, step: F) -> Result<F::Output, NotOpened> {
    timeout(PATIENCE, step).await.map_err(|_| NotOpened::Slow(what, PATIENCE))
}

fn tls_config() -> Result<ClientConfig, NotOpened> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // One that cannot be read is no reason to distrust the others.
    let (added, _ignored) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        let why = found.errors.first().map_or_else(|| "there are none".to_owned(), ToString::to_string);
        return Err(NotOpened::NoRoots(why));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| NotOpened::Tls(io::Error::other(error)))?;
    let mut config = versions.with_root_certificates(roots).with_no_client_auth();
    // The handshake is HTTP/1.1's.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn request(door: &Door, offer: &Offer) -> Result<Request, NotOpened> {
    let mut request =
        door.address.websocket().into_client_request().map_err(|error| NotOpened::Request(Box::new(error)))?;
    let headers = request.headers_mut();
    for (name, value) in &door.headers {
        headers.append(name, value.clone());
    }
    if let Some(offered) = sub_protocols(door, offer) {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, sensitive(&offered)?);
    } else if let Some(credentials) = &door.credentials {
        // A plain client has no sub-protocol to put them into.
        headers.insert(header::AUTHORIZATION, sensitive(&format!("Bearer {credentials}"))?);
    }
    for (name, value) in &offer.headers {
        headers.insert(name, value.clone());
    }
    Ok(request)
}

fn sub_protocols(door: &Door, offer: &Offer) -> Option<String> {
    if door.is_plain {
        return None;
    }
    let credentials =
        door.credentials.as_ref().map(|text| format!("roomful.auth.{}", URL_SAFE_NO_PAD.encode(text.as_bytes())));
    let names = [Some(Dialect::V1_SUBPROTOCOL.to_owned()), offer.session.clone(), credentials];
    Some(names.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

fn sensitive(text: &str) -> Result<HeaderValue, NotOpened> {
    let mut value = HeaderValue::try_from(text).map_err(|_| {
        // Without the text.
        NotOpened::Request(Box::new(Error::Protocol(ProtocolError::InvalidHeader(Box::new(header::AUTHORIZATION)))))
    })?;
    value.set_sensitive(true);
    Ok(value)
}
