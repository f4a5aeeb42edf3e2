//! Redis and what speaks its protocol, by redis-rs.
//!
//! RESP3 lets one connection subscribe and publish, so what is published there comes behind the subscriptions before it, and who
//! hears itself knows that both directions work. Its client's connection that connects again by itself is not used: a link is
//! one connection, or the connections to the machines of one cluster, until the first of them ends.

mod connection;
mod failed;
mod history;
mod speaker;
mod told;

use redis::RedisError;
use roomful_core::NodeId;
use roomful_core::cluster::Address;

use self::connection::{Connection, Leaving, Words, connect};
use self::failed::failed;
use self::speaker::{MOST_BYTES, RedisSpeaker};
use crate::opened::Opened;
use crate::{BoxFuture, Broker, ConnectError, Ear, Link};

#[derive(Debug)]
pub(crate) struct Redis {
    opened: Opened,
}

impl Redis {
    pub(crate) fn new(opened: Opened) -> Self {
        Self { opened }
    }
}

impl Broker for Redis {
    fn address(&self) -> String {
        self.opened.address.to_string()
    }

    fn connect(&self, ear: Ear) -> BoxFuture<'_, Result<Link, ConnectError>> {
        Box::pin(async move {
            crate::opened::use_a_crypto_provider();
            let address = self.opened.address_now()?;
            let roots = self.opened.roots.as_ref().map(|roots| roots.pem.clone());
            let (connection, words, leaving) = connect(&address, roots, &ear).await?;
            try_out(&connection, words, &leaving, &self.opened).await.map_err(|error| failed(&address, &error))?;
            let speaker = RedisSpeaker::new(connection, words, self.opened.names.clone(), ear, leaving);
            Ok(Link { speaker: Box::new(speaker), most_bytes: MOST_BYTES })
        })
    }
}

/// That one may subscribe and publish, to all names.
async fn try_out(connection: &Connection, words: Words, leaving: &Leaving, opened: &Opened) -> Result<(), RedisError> {
    let mut connection = connection.clone();
    let nobody = opened.names.name(Address::Node(NodeId(0)));
    connection.ask(redis::cmd(words.subscribe).arg(&nobody)).await?;
    connection.ask(redis::cmd(words.publish).arg(&nobody).arg("")).await?;
    leaving.leave(&nobody);
    connection.ask(redis::cmd(words.unsubscribe).arg(&nobody)).await?;
    Ok(())
}
