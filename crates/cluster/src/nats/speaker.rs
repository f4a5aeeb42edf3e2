//! What is said to a NATS server.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_nats::{Client, PublishError, SubscribeError};
use bytes::Bytes;
use futures_util::stream::AbortHandle;
use roomful_core::cluster::{Address, Audible, Subject};
use tokio::sync::{mpsc, oneshot};

use super::keeper::{Append, Keeper, Order};
use super::listening::{Control, Inbox};
use super::shelves::Shelves;
use super::stream::Streams;
use crate::broker::check_size;
use crate::names::Names;
use crate::{BoxFuture, Command, Ear, Lost, SayError, Speaker};

/// A server says when nobody listens to a subject that something is published to, and cannot leave out who publishes. So
/// whether anybody listens to a room is found out by an empty message before this node subscribes: of two nodes that open one room
/// at once, the question of one at least comes after the subscription of the other, and is heard.
pub(super) struct NatsSpeaker {
    client: Client,
    names: Names,
    ear: Ear,
    control: Control,
    inbox: Inbox,
    most_bytes: usize,
    listening: BTreeMap<Address, AbortHandle>,
    /// The last probe.
    probed: u64,
    /// Rooms that were opened, and not asked about yet.
    probes: BTreeMap<Subject, u64>,
    /// Who has things kept, where something is to be.
    keeper: Option<mpsc::Sender<Order>>,
    shelves: Arc<Mutex<Shelves>>,
}

/// What waits for the keeper, whose own bound is what is on its way.
const ORDERS: usize = 16;

/// The first JetStream that has all that is needed: what it takes is said to others with its number, and read from any number on.
const LEAST_VERSION: (u32, u32) = (2, 9);

impl NatsSpeaker {
    pub(super) fn new(
        (client, most_bytes): (Client, usize),
        names: Names,
        ear: Ear,
        (control, inbox): (Control, Inbox),
        shelves: Arc<Mutex<Shelves>>,
    ) -> Self {
        let (listening, probes) = Default::default();
        Self { client, names, ear, control, inbox, most_bytes, listening, probed: 0, probes, keeper: None, shelves }
    }

    async fn carry_out(&mut self, command: Command) -> Result<(), SayError> {
        match command {
            Command::Subscribe(address) => self.subscribe(address).await,
            Command::Open(room) => {
                self.probe(room).await?;
                self.subscribe(Address::Room(room)).await
            }
            Command::Unsubscribe(address) => {
                self.listening.remove(&address).into_iter().for_each(|listening| listening.abort());
                if let Address::Room(room) = address {
                    self.probes.remove(&room);
                }
                Ok(())
            }
            Command::Publish { to, envelope } => self.publish(self.names.name(to), envelope).await,
            Command::Ask { room, envelope } => {
                // Of a room that this node does not take part in it is found out now.
                self.probe(room).await?;
                self.publish(self.names.name(Address::Room(room)), envelope).await?;
                match self.probes.remove(&room) {
                    // What the server says of the probe comes before this does.
                    Some(probe) => self.publish(self.inbox.of_probe(probe), "over".into()).await?,
                    None => self.ear.audible(room, Audible::Known),
                }
                Ok(())
            }
            Command::Append { room, number, until, known, bounds, word } => {
                check_size(&word, self.most_bytes)?;
                self.order(Order::Append(Append { room, number, until, known, bounds, word })).await
            }
            Command::ReadHistory { room, known, .. } => self.order(Order::Read { room, known }).await,
        }
    }

    /// Nobody has it keep anything before it was told to begin, and a keeper that has ended has said why.
    async fn order(&self, order: Order) -> Result<(), SayError> {
        let ended = || Lost::new("it keeps nothing").into();
        self.keeper.as_ref().ok_or_else(ended)?.send(order).await.map_err(|_| ended())
    }

    async fn begin_to_keep(&mut self) -> Result<(), String> {
        let server = self.client.server_info();
        may_keep(&server.version, server.jetstream)?;
        let (orders, taken) = mpsc::channel(ORDERS);
        let streams = Streams::new(self.client.clone(), self.names.clone());
        let keeper = Keeper::begin(self.client.clone(), streams, self.ear.clone(), taken, self.shelves.clone()).await;
        tokio::spawn(keeper.map_err(|why| why.to_string())?.run());
        self.keeper = Some(orders);
        Ok(())
    }

    async fn flush_all(&self) -> Result<(), Lost> {
        if self.keeper.is_some() {
            let (flushed, is_flushed) = oneshot::channel();
            let ended = |_| Lost::new("it keeps nothing");
            self.order(Order::Flush(flushed)).await.map_err(|_| Lost::new("it keeps nothing"))?;
            is_flushed.await.map_err(ended)?;
        }
        self.client.flush().await.map_err(|error| Lost::new(error.to_string()))
    }

    async fn subscribe(&mut self, address: Address) -> Result<(), SayError> {
        if !self.listening.contains_key(&address) {
            let subscriber = self.client.subscribe(self.names.name(address)).await.map_err(not_subscribed)?;
            self.listening.insert(address, self.control.listen(subscriber));
        }
        Ok(())
    }

    async fn probe(&mut self, room: Subject) -> Result<(), SayError> {
        // It has listened all the time, and would hear itself.
        if self.listening.contains_key(&Address::Room(room)) {
            return Ok(());
        }
        self.probed += 1;
        self.probes.insert(room, self.probed);
        self.control.probe(self.probed, room);
        let (name, reply) = (self.names.name(Address::Room(room)), self.inbox.of_probe(self.probed));
        self.client.publish_with_reply(name, reply, Bytes::new()).await.map_err(not_published)
    }

    async fn publish(&self, name: String, envelope: Bytes) -> Result<(), SayError> {
        check_size(&envelope, self.most_bytes)?;
        self.client.publish(name, envelope).await.map_err(not_published)
    }
}

impl Speaker for NatsSpeaker {
    fn say(&mut self, command: Command) -> BoxFuture<'_, Result<(), SayError>> {
        Box::pin(self.carry_out(command))
    }

    fn begin_history(&mut self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(self.begin_to_keep())
    }

    fn flush(&mut self) -> BoxFuture<'_, Result<(), Lost>> {
        Box::pin(self.flush_all())
    }
}

/// Whether a server of that version can keep what is said.
fn may_keep(version: &str, has_jetstream: bool) -> Result<(), String> {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let version_of = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    if version_of < LEAST_VERSION {
        let (major, minor) = LEAST_VERSION;
        return Err(format!("it is of version {version}, and {major}.{minor} is needed for that: run a newer one"));
    }
    if !has_jetstream {
        return Err("it runs without JetStream: turn that on (`nats-server -js`), or use `History::Node`".to_owned());
    }
    Ok(())
}

fn not_published(error: PublishError) -> SayError {
    Lost::new(error.to_string()).into()
}

fn not_subscribed(error: SubscribeError) -> SayError {
    Lost::new(error.to_string()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_old_or_without_jetstream_is_named_with_what_to_do() {
        for (version, has_jetstream, why) in [
            ("2.9.10", true, None),
            ("3.0.0-beta", true, None),
            ("2.8.4", true, Some("it is of version 2.8.4, and 2.9 is needed for that: run a newer one")),
            ("what", true, Some("and 2.9 is needed")),
            ("2.10.1", false, Some("turn that on (`nats-server -js`)")),
        ] {
            let said = may_keep(version, has_jetstream).err();
            assert_eq!(said.is_some(), why.is_some(), "{version}");
            assert!(why.is_none_or(|why| said.is_some_and(|said| said.contains(why))), "{version}");
        }
    }
}
