//! NATS, by async-nats.
//!
//! Its client would connect again by itself, in silence dropping what it had not written. So it is given one connection's life:
//! when that is over the link is lost, and the client is let go of.

mod keeper;
mod listening;
mod run;
mod shelves;
mod speaker;
mod stream;

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_nats::{Client, ConnectErrorKind, ConnectOptions, Event, ServerAddr, ServerError};
use futures_util::FutureExt as _;
use tokio::sync::mpsc;

use self::listening::Listening;
use self::shelves::Shelves;
use self::speaker::NatsSpeaker;
use crate::address::Credentials;
use crate::names::{Names, PREFIX};
use crate::opened::Opened;
use crate::{BoxFuture, Broker, BrokerAddress, ConnectError, Ear, Link, Lost};

/// Two that are not answered mean that the server is gone. The client's own default notices after two minutes.
const PING_EVERY: Duration = Duration::from_secs(2);

/// Commands that wait inside of the client, where nobody can drop them when they are too old.
const COMMANDS: usize = 16;

/// Messages of one subject that wait until they are taken, which a task does that does nothing else.
const MESSAGES: usize = 4_096;

const NO_NATS: &str = "what answers is no NATS server";

/// The first that says when nobody listens.
const LEAST_VERSION: &str = "2.2";

#[derive(Debug)]
pub(crate) struct Nats {
    opened: Opened,
}

impl Nats {
    pub(crate) fn new(opened: Opened) -> Self {
        Self { opened }
    }
}

impl Broker for Nats {
    fn address(&self) -> String {
        self.opened.address.to_string()
    }

    fn connect(&self, ear: Ear) -> BoxFuture<'_, Result<Link, ConnectError>> {
        Box::pin(async move {
            let address = self.opened.address_now()?;
            let (refused, mut refusals) = mpsc::channel(1);
            let options = options(&address, &self.opened)?;
            let options = options.event_callback({
                let ear = ear.clone();
                move |event| {
                    let (ear, refused) = (ear.clone(), refused.clone());
                    async move { hear_event(event, &ear, &refused) }
                }
            });
            // Its client panics on some of what no NATS server says.
            let connecting = AssertUnwindSafe(options.connect(servers(&address)?)).catch_unwind().await;
            let client = connecting
                .map_err(|_| ConnectError::NoAnswer { address: address.to_string(), reason: NO_NATS.to_owned() })?
                .map_err(|error| failed(&address, &error))?;
            let server = client.server_info();
            if !server.headers {
                let (address, version) = (address.to_string(), server.version);
                return Err(ConnectError::TooOld { address, version, least: LEAST_VERSION });
            }
            let link = begin(client, self.opened.names.clone(), ear);
            tokio::select! {
                link = link => link.map_err(|reason| ConnectError::NoAnswer { address: address.to_string(), reason }),
                Some(reason) = refusals.recv() => {
                    Err(ConnectError::Permission { address: address.to_string(), reason })
                }
            }
        })
    }
}

fn options(address: &BrokerAddress, opened: &Opened) -> Result<ConnectOptions, ConnectError> {
    crate::opened::use_a_crypto_provider();
    let options = ConnectOptions::new();
    let mut options = match &address.credentials {
        None => options,
        Some(Credentials::Token(token)) => options.token(token.clone()),
        Some(Credentials::Password { user, password }) => {
            options.user_and_password(user.clone().unwrap_or_default(), password.clone())
        }
        Some(Credentials::Signed(text)) => options.credentials(text).map_err(|_| {
            let reason = "the .creds file has no JWT and seed in it".to_owned();
            ConnectError::Credentials { address: address.to_string(), reason }
        })?,
    };
    if let Some(roots) = &opened.roots {
        options = options.add_root_certificates(roots.path.clone());
    }
    Ok(options
        .name("roomful")
        .require_tls(address.is_tls)
        .ping_interval(PING_EVERY)
        .client_capacity(COMMANDS)
        .subscription_capacity(MESSAGES)
        // Under what every name of ours is under: then a broker's permissions have one thing to allow.
        .custom_inbox_prefix(format!("{PREFIX}inbox"))
        .request_timeout(Some(stream::ANSWER))
        // As many as it takes to find one that answers. Afterwards the client tries once, and nobody waits for it.
        .max_reconnects(address.hosts.len()))
}

/// Without credentials: the client writes what it is given into its log.
fn servers(address: &BrokerAddress) -> Result<Vec<ServerAddr>, ConnectError> {
    let scheme = if address.is_tls { "tls" } else { "nats" };
    let servers = address.hosts.iter().map(|host| format!("{scheme}://{host}").parse());
    servers.collect::<Result<_, _>>().map_err(|error: std::io::Error| ConnectError::Address {
        address: address.to_string(),
        what: error.to_string(),
    })
}

fn hear_event(event: Event, ear: &Ear, refused: &mpsc::Sender<String>) {
    match event {
        Event::Disconnected | Event::Closed => ear.lost(Lost::new("the connection ended")),
        Event::SlowConsumer(_) => ear.dropped(1),
        Event::ServerError(ServerError::Other(error)) if error.to_lowercase().contains("permissions violation") => {
            tracing::error!(error, "the NATS server forbids what Roomful needs: allow `{PREFIX}>`");
            // Only who has just connected waits for it.
            let _ = refused.try_send(error.clone());
            ear.lost(Lost::new(error));
        }
        Event::ServerError(error) => ear.lost(Lost::new(error.to_string())),
        _ => {}
    }
}

/// Tries out that what is published comes back, so that a link that is made works.
async fn begin(client: Client, names: Names, ear: Ear) -> Result<Link, String> {
    let most_bytes = client.max_payload();
    let shelves = Arc::new(Mutex::new(Shelves::default()));
    let (control, listening, inbox) = Listening::begin(&client, ear.clone(), shelves.clone()).await?;
    tokio::spawn(listening.run());
    let hello = control.expect_hello();
    client.publish(inbox.hello(), "hello".into()).await.map_err(|error| error.to_string())?;
    hello.await.map_err(|_| "the connection ended".to_owned())?;
    let speaker = NatsSpeaker::new((client, most_bytes), names, ear, (control, inbox), shelves);
    Ok(Link { speaker: Box::new(speaker), most_bytes })
}

fn failed(address: &BrokerAddress, error: &async_nats::ConnectError) -> ConnectError {
    let text = reason(error);
    let address = address.to_string();
    match error.kind() {
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
            ConnectError::Credentials { address, reason: String::new() }
        }
        ConnectErrorKind::Tls => ConnectError::Tls { address, reason: text },
        ConnectErrorKind::ServerParse => ConnectError::Address { address, what: text },
        // The client says of a handshake that failed that it was I/O.
        _ if is_tls_failure(error) => ConnectError::Tls { address, reason: text },
        _ => ConnectError::NoAnswer { address, reason: text },
    }
}

fn is_tls_failure(error: &async_nats::ConnectError) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if error.is::<async_nats::rustls::Error>() || inner.is_some_and(|inner| inner.is::<async_nats::rustls::Error>())
        {
            return true;
        }
        source = error.source();
    }
    false
}

/// The innermost reason: the others say that there is one.
fn reason(error: &async_nats::ConnectError) -> String {
    let mut reason: &dyn std::error::Error = error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    reason.to_string()
}
