//! One node with one link, and the brokers that it may have.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use roomful_cluster::{Broker, BrokerOptions, Command, ConnectError, Heard, Link, LinkEnd, Said, SayError};
use roomful_cluster::{MemoryBroker, MemoryEndpoint};
use roomful_core::cluster::{Address, Audible, Subject};

use crate::server::Server;

/// A broker to try out.
pub(crate) enum Setup {
    Memory(MemoryBroker),
    Real(Server),
}

impl Setup {
    pub(crate) fn memory() -> Self {
        Self::Memory(MemoryBroker::new())
    }

    pub(crate) fn broker(&self, app: &str) -> Box<dyn Broker> {
        match self {
            Self::Memory(broker) => Box::new(MemoryEndpoint::clone(&broker.endpoint(app))),
            Self::Real(server) => BrokerOptions::at(&server.address()).open(app).expect("its client is there"),
        }
    }

    pub(crate) async fn node(&self) -> Node {
        Node::of(self.broker("app"), ROOM_ENOUGH).await.expect("the broker answers")
    }

    /// Whether it counts who listens.
    pub(crate) fn counts(&self) -> bool {
        match self {
            Self::Memory(_) => true,
            Self::Real(server) => !server.is_nats(),
        }
    }

    /// Whether what it keeps is bounded only after it has said that it has something.
    pub(crate) fn forgets_later(&self) -> bool {
        match self {
            Self::Memory(_) => false,
            Self::Real(server) => server.keeps_in_jetstream(),
        }
    }

    pub(crate) fn kill(&self) {
        match self {
            Self::Memory(broker) => broker.stop(),
            Self::Real(server) => server.kill(),
        }
    }

    /// It loses all that it keeps.
    pub(crate) fn forget(&self) {
        match self {
            Self::Memory(broker) => broker.forget(),
            Self::Real(server) => server.flush(),
        }
    }

    pub(crate) async fn start_again(&self) {
        match self {
            Self::Memory(broker) => broker.start(),
            Self::Real(server) => server.start_again().await,
        }
    }
}

/// More than any test says.
pub(crate) const ROOM_ENOUGH: usize = 256 << 20;

/// A node with a link.
pub(crate) struct Node {
    pub(crate) heard: Heard,
    pub(crate) end: LinkEnd,
    pub(crate) link: Link,
    /// What was heard while something else was waited for.
    envelopes: Vec<Bytes>,
    audible: BTreeMap<Subject, Audible>,
}

impl Node {
    pub(crate) async fn of(broker: Box<dyn Broker>, most_bytes: usize) -> Result<Self, ConnectError> {
        let heard = Heard::new(most_bytes);
        let (ear, end) = heard.ear();
        let link = broker.connect(ear).await?;
        Ok(Self { heard, end, link, envelopes: Vec::new(), audible: BTreeMap::new() })
    }

    pub(crate) async fn try_say(&mut self, command: Command) -> Result<(), SayError> {
        self.link.speaker.say(command).await
    }

    pub(crate) async fn say(&mut self, command: Command) {
        self.try_say(command).await.expect("the link is there");
    }

    pub(crate) async fn publish(&mut self, to: Address, envelope: impl Into<Bytes>) {
        self.say(Command::Publish { to, envelope: envelope.into() }).await;
    }

    /// Subscribes, and knows that it has.
    pub(crate) async fn listen(&mut self, address: Address) {
        self.say(Command::Subscribe(address)).await;
        let mark = Bytes::from(format!("mark of {address:?}"));
        self.publish(address, mark.clone()).await;
        while self.next().await != mark {}
    }

    /// Opens a room, and is told who is in it.
    pub(crate) async fn open(&mut self, room: Subject, question: impl Into<Bytes>) -> Audible {
        self.say(Command::Open(room)).await;
        self.ask(room, question).await
    }

    pub(crate) async fn ask(&mut self, room: Subject, question: impl Into<Bytes>) -> Audible {
        self.say(Command::Ask { room, envelope: question.into() }).await;
        self.answer(room).await
    }

    pub(crate) async fn answer(&mut self, room: Subject) -> Audible {
        loop {
            if let Some(by) = self.audible.remove(&room) {
                return by;
            }
            self.hear().await;
        }
    }

    /// The next envelope.
    pub(crate) async fn next(&mut self) -> Bytes {
        while self.envelopes.is_empty() {
            self.hear().await;
        }
        self.envelopes.remove(0)
    }

    async fn hear(&mut self) {
        match self.heard.next().await {
            Said::Envelope(envelope) => self.envelopes.push(envelope),
            Said::Audible { room, by } => drop(self.audible.insert(room, by)),
            said => panic!("{said:?}"),
        }
    }
}

pub(crate) fn room(name: impl std::fmt::Display) -> Subject {
    Subject::of("app", &name.to_string())
}

/// A test that waits for ever fails, and says so.
pub(crate) async fn in_time<T>(test: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(90), test).await.expect("something that must happen did not")
}
