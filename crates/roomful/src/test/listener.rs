//! Somebody in memory who listens to a feed or to a live value.

use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;
use http::header::SEC_WEBSOCKET_PROTOCOL;
use http::{HeaderValue, Request};
use roomful_core::Close;
use roomful_core::pattern::{Pattern, Topic};
use roomful_runtime::{Destination, ToWrite};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::fail::fail;
use super::kit::{Kit, Wire, drives_a_kit};
use crate::data::Newest;
use crate::listening::{FeedHooks, LiveHooks, LiveLoader};
use crate::{Channel, Feed, IntoFeedSetup, IntoLiveForSetup, IntoLiveSetup, Live, LiveFor, Params};

const NAME: &str = "listened";

/// One feed definition, ready to be listened to.
///
/// ```
/// use roomful::test::{Heard, TestFeed};
/// # use roomful::{Channel, Deny, Feed, Upgrade};
/// # #[derive(Clone, Channel)]
/// # #[channel("board/:boardId", event = String)]
/// # struct Board { board_id: String }
/// # struct Activity;
/// # impl Feed for Activity {
/// #     type Channel = Board;
/// #     type Data = ();
/// #     async fn data(&self, _: &Upgrade<Board>) -> Result<(), Deny> { Ok(()) }
/// # }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let feed = TestFeed::new(Activity);
/// let main = Board { board_id: "main".into() };
/// let mut ann = feed.listen(&main, ()).await;
/// feed.rooms().publish(&main, &"saved".to_owned()).await?;
/// assert_eq!(ann.next().await, Heard::Said("saved".to_owned()));
///
/// ann.drop_connection();
/// feed.rooms().publish(&main, &"saved again".to_owned()).await?;
/// assert_eq!(ann.resume().await, Ok(true), "she is told all that she has missed");
/// assert_eq!(ann.next().await, Heard::Said("saved again".to_owned()));
/// # Ok(())
/// # }
/// ```
pub struct TestFeed<F: Feed> {
    kit: Arc<Kit>,
    feed: Arc<F>,
}

/// One live value definition, ready to be listened to.
pub struct TestLive<L: LiveFor> {
    kit: Arc<Kit>,
    live: Arc<L>,
}

/// One thing that reached a listener: an event, or a value.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Heard<T> {
    /// It was published, or it is the latest value.
    Said(T),
    /// The value could not be loaded, or something that this client sent was not handled.
    Error {
        /// The code on the wire, `handler_failed` for one.
        code: String,
        /// What was wrong.
        reason: String,
    },
    /// The connection was closed; nothing follows.
    Closed(Close),
}

/// One client who listens. Dropping it is losing the connection.
pub struct TestListener<T> {
    connect: Connect,
    /// Absent while it has no connection.
    wire: Option<Wire>,
    token: String,
    seen: u64,
    first: String,
    said: PhantomData<fn() -> T>,
}

type Connect = Box<dyn Fn(Option<&str>) -> Wire + Send + Sync>;

impl<F: Feed> TestFeed<F> {
    /// Takes what `ModuleBuilder::feed` takes: a feed, or one with guards and limits around it.
    ///
    /// # Panics
    ///
    /// When the definition has a mistake.
    #[must_use]
    pub fn new(feed: impl IntoFeedSetup<Feed = F>) -> Self {
        let setup = feed.into_feed_setup();
        let (feed, limits) = (Arc::clone(&setup.feed), setup.around.limits.clone());
        Self { kit: Arc::new(Kit::new(NAME, limits, |module| module.feed(NAME, setup))), feed }
    }

    /// Listens as somebody with this data; guards and `data` do not run.
    ///
    /// # Panics
    ///
    /// When the connection is closed before it listens.
    pub async fn listen(&self, key: &F::Channel, data: F::Data) -> TestListener<<F::Channel as Channel>::Event>
    where
        F::Data: Clone + Send + Sync,
    {
        let (kit, feed, key) = (Arc::clone(&self.kit), Arc::clone(&self.feed), key.clone());
        let topic = topic_of(&key);
        let_in(TestListener::open(Box::new(move |offer: Option<&str>| {
            let (feed, key, data) = (Arc::clone(&feed), key.clone(), Newest::new(data.clone()));
            kit.begin(Destination::Feed(topic.clone()), offer, move |member, _| {
                Arc::new(FeedHooks { feed, key, data, member })
            })
        })))
        .await
    }

    /// Connects as a client does: key, guards and `data` run on `request`, whose URI is replaced.
    ///
    /// # Errors
    ///
    /// The close of the connection, where it was not let in.
    pub async fn connect(
        &self,
        key: &F::Channel,
        request: Request<()>,
    ) -> Result<TestListener<<F::Channel as Channel>::Event>, Close> {
        TestListener::open(connect(&self.kit, key.to_params(), request)).await
    }
}

drives_a_kit!(TestFeed<F: Feed>, "feed");

impl<L: Live> TestLive<crate::ForAll<L>> {
    /// Takes what `ModuleBuilder::live` takes: a live value, or one with guards and limits around it.
    ///
    /// # Panics
    ///
    /// When the definition has a mistake.
    #[must_use]
    pub fn new(live: impl IntoLiveSetup<Live = L>) -> Self {
        let setup = live.into_live_setup();
        let (live, limits) = (Arc::clone(&setup.live), setup.around.limits.clone());
        Self { kit: Arc::new(Kit::new(NAME, limits, |module| module.live(NAME, setup))), live }
    }
}

impl<L: LiveFor> TestLive<L> {
    /// Takes what `ModuleBuilder::live_for` takes.
    ///
    /// # Panics
    ///
    /// When the definition has a mistake.
    #[must_use]
    pub fn new_for(live: impl IntoLiveForSetup<Live = L>) -> Self {
        let setup = live.into_live_for_setup();
        let (live, limits) = (Arc::clone(&setup.live), setup.around.limits.clone());
        Self { kit: Arc::new(Kit::new(NAME, limits, |module| module.live_for(NAME, setup))), live }
    }

    /// Listens as somebody with this data, which is `()` where the value is the same for everybody; guards and `data` do not run.
    ///
    /// # Panics
    ///
    /// When the connection is closed before it listens.
    pub async fn listen(&self, key: &L::Channel, data: L::Data) -> TestListener<L::Value>
    where
        L::Data: Clone + Send + Sync,
    {
        let (kit, live, key) = (Arc::clone(&self.kit), Arc::clone(&self.live), key.clone());
        let topic = topic_of(&key);
        let_in(TestListener::open(Box::new(move |offer: Option<&str>| {
            let source = Arc::new(LiveLoader { live: Arc::clone(&live), key: key.clone(), data: data.clone() });
            kit.begin(Destination::Live(topic.clone()), offer, move |member, _| Arc::new(LiveHooks { source, member }))
        })))
        .await
    }

    /// Connects as a client does: key, guards and `data` run on `request`, whose URI is replaced.
    ///
    /// # Errors
    ///
    /// The close of the connection, where it was not let in.
    pub async fn connect(&self, key: &L::Channel, request: Request<()>) -> Result<TestListener<L::Value>, Close> {
        TestListener::open(connect(&self.kit, key.to_params(), request)).await
    }
}

drives_a_kit!(TestLive<L: LiveFor>, "live value");

fn topic_of<C: Channel>(key: &C) -> Topic {
    let pattern = Pattern::parse(C::PATTERN).unwrap_or_else(|error| fail(&error.to_string()));
    pattern.topic(&key.to_params()).unwrap_or_else(|error| fail(&error.to_string()))
}

async fn let_in<T>(opening: impl Future<Output = Result<TestListener<T>, Close>>) -> TestListener<T> {
    match opening.await {
        Ok(listener) => listener,
        Err(close) => fail(&format!("the client was closed instead of let in: {close:?}")),
    }
}

fn connect(kit: &Arc<Kit>, params: Params, request: Request<()>) -> Connect {
    let (kit, (parts, ())) = (Arc::clone(kit), request.into_parts());
    Box::new(move |offer| {
        let mut request = Request::from_parts(parts.clone(), ());
        if let Some(offer) = offer.and_then(|offer| HeaderValue::from_str(offer).ok()) {
            request.headers_mut().append(SEC_WEBSOCKET_PROTOCOL, offer);
        }
        kit.connect(&params, request)
    })
}

impl<T> TestListener<T> {
    async fn open(connect: Connect) -> Result<Self, Close> {
        let wire = connect(None);
        let (token, first) = (String::new(), String::new());
        let mut listener = Self { connect, wire: None, token, seen: 0, first, said: PhantomData };
        listener.greet(wire).await?;
        Ok(listener)
    }

    /// The first frame as it was written.
    #[must_use]
    pub fn first(&self) -> &str {
        &self.first
    }

    /// Sends a WebSocket message as it is, for what a broken or hostile client sends.
    pub fn send_raw(&self, message: impl Into<Bytes>) {
        self.wire().send(&message.into());
    }

    /// The next WebSocket message as it was written, where one waits. It is then not heard any more.
    #[must_use]
    pub fn written(&self) -> Option<String> {
        self.wire().written()
    }

    /// Loses the connection.
    pub fn drop_connection(&mut self) {
        self.wire = None;
    }

    /// Comes back. `Ok(true)`: nothing is missing between what it has heard and what follows.
    ///
    /// # Errors
    ///
    /// The close of the connection, where it was not let in.
    pub async fn resume(&mut self) -> Result<bool, Close> {
        self.drop_connection();
        let wire = (self.connect)(Some(&format!("roomful.resume.{}.{}", self.token, self.seen)));
        self.greet(wire).await
    }

    /// The next thing that reaches this client.
    ///
    /// # Panics
    ///
    /// When nothing more will: no hook runs and no timer waits.
    pub async fn next(&mut self) -> Heard<T>
    where
        T: DeserializeOwned,
    {
        match self.try_next().await {
            Some(heard) => heard,
            None => fail("nothing more reaches this client: no hook runs and no timer waits"),
        }
    }

    /// The next thing that reaches this client; `None` when nothing more will.
    pub async fn try_next(&mut self) -> Option<Heard<T>>
    where
        T: DeserializeOwned,
    {
        loop {
            let frame = match self.wire().next().await? {
                ToWrite::Frame(frame) => read(&frame),
                ToWrite::Close(close) => return Some(Heard::Closed(close)),
            };
            let word = frame["t"].as_str().unwrap_or_default();
            match word {
                "event" | "value" => {
                    self.seen = frame["seq"].as_u64().unwrap_or(self.seen);
                    let said = serde_json::from_value(frame[word].clone());
                    return Some(Heard::Said(said.unwrap_or_else(|error| fail(&error.to_string()))));
                }
                "error" => {
                    let text = |key: &str| frame[key].as_str().unwrap_or_default().to_owned();
                    return Some(Heard::Error { code: text("code"), reason: text("reason") });
                }
                _ => {}
            }
        }
    }

    /// Reads everything that reaches this client, and returns it.
    pub async fn settle(&mut self) -> Vec<Heard<T>>
    where
        T: DeserializeOwned,
    {
        let mut heard = Vec::new();
        while let Some(one) = self.try_next().await {
            heard.push(one);
        }
        heard
    }

    /// Closes the connection as a client does, and waits until everything has run.
    pub async fn close(mut self, code: u16, reason: &str) {
        if let Some(wire) = self.wire.take() {
            wire.close(&Close { code, reason: reason.to_owned().into() }).await;
        }
    }

    async fn greet(&mut self, wire: Wire) -> Result<bool, Close> {
        let first = wire.first().await?;
        let facts = read(&first);
        if facts["t"] != "feed" {
            fail("the first frame is not `feed`");
        }
        let resumed = facts["resumed"] == true;
        if !resumed {
            self.seen = facts["seq"].as_u64().unwrap_or_default();
        }
        self.token = facts["session"].as_str().unwrap_or_default().to_owned();
        self.first = String::from_utf8_lossy(&first).into_owned();
        self.wire = Some(wire);
        Ok(resumed)
    }

    fn wire(&self) -> &Wire {
        self.wire.as_ref().unwrap_or_else(|| fail("this client has no connection"))
    }
}

fn read(frame: &Bytes) -> Value {
    serde_json::from_slice(frame).unwrap_or_else(|error| fail(&format!("the server wrote what is not JSON: {error}")))
}
