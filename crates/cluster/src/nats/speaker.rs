//! What is said to a NATS server.

use std::collections::BTreeMap;

use async_nats::{Client, PublishError, SubscribeError};
use bytes::Bytes;
use futures_util::stream::AbortHandle;
use roomful_core::cluster::{Address, Audible, Subject};

use super::listening::{Control, Inbox};
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
}

impl NatsSpeaker {
    pub(super) fn new(
        client: Client,
        names: Names,
        ear: Ear,
        control: Control,
        inbox: Inbox,
        most_bytes: usize,
    ) -> Self {
        let (listening, probes) = Default::default();
        Self { client, names, ear, control, inbox, most_bytes, listening, probed: 0, probes }
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
            // A link that cannot keep anything is never made for a node that has something to be kept.
            Command::Append { room, number, .. } => {
                self.ear.taken(room, number, None);
                Ok(())
            }
            Command::ReadHistory { .. } => Ok(()),
        }
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

    fn flush(&mut self) -> BoxFuture<'_, Result<(), Lost>> {
        Box::pin(async move { self.client.flush().await.map_err(|error| Lost::new(error.to_string())) })
    }
}

fn not_published(error: PublishError) -> SayError {
    Lost::new(error.to_string()).into()
}

fn not_subscribed(error: SubscribeError) -> SayError {
    Lost::new(error.to_string()).into()
}
