//! A recording, done again.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::client::{Client, Got};
use crate::difference::{Difference, Mismatch};
use crate::peer::{Names, Peer};
use crate::recording::{Event, Recording, Step};
use crate::server::Server;

/// Does what the clients of a recording did, and compares what they receive with what they received, each in its order.
///
/// # Errors
///
/// The first [`Difference`], which may be a frame too many at the end.
pub async fn replay<S: Server>(server: &S, recording: &Recording) -> Result<(), Difference> {
    let mut replay = Replay { server, peers: BTreeMap::new(), names: Names::default() };
    let differs = |step: String, Mismatch { expected, got }: Mismatch| Difference {
        recording: recording.name.clone(),
        step,
        expected,
        got,
    };
    let count = recording.steps.len();
    for (at, step) in recording.steps.iter().enumerate() {
        let done = replay.step(step).await;
        done.map_err(|mismatch| differs(format!("step {} of {count}: {step}", at + 1), mismatch))?;
    }
    replay.end().await.map_err(|(who, mismatch)| differs(format!("after the last step: {who}"), mismatch))
}

struct Replay<'a, S> {
    server: &'a S,
    /// `None` once it is closed, or has dropped its connection.
    peers: BTreeMap<String, Option<Peer>>,
    names: Names,
}

impl<S: Server> Replay<'_, S> {
    async fn step(&mut self, Step { who, event }: &Step) -> Result<(), Mismatch> {
        match event {
            Event::Connect { .. } | Event::Send { .. } | Event::ClientClose { .. } | Event::TcpDestroy => {
                self.server.before_step().await;
                self.act(who, event).await
            }
            Event::Handshake { .. } | Event::Recv { .. } | Event::Close { .. } => self.compare(who, event).await,
            Event::Other => Err(Mismatch::new("a step of a kind that can be replayed", "another")),
        }
    }

    async fn act(&mut self, who: &str, event: &Event) -> Result<(), Mismatch> {
        match event {
            Event::Connect { url, headers } => {
                let client = Client::connect(&self.server.authority(), url, headers, self.server.patience()).await?;
                self.peers.insert(who.to_owned(), Some(Peer::new(client)));
            }
            Event::Send { hex: Some(hex), .. } => {
                let bytes = bytes(hex).ok_or_else(|| Mismatch::new("bytes in hexadecimal", hex))?;
                self.peer(who)?.client.send_binary(bytes).await;
            }
            Event::Send { raw, .. } => self.peer(who)?.client.send(raw).await,
            Event::ClientClose { code, reason } => self.peer(who)?.client.close(*code, reason).await,
            _ => drop(self.peers.insert(who.to_owned(), None)),
        }
        Ok(())
    }

    async fn compare(&mut self, who: &str, event: &Event) -> Result<(), Mismatch> {
        match event {
            Event::Handshake { status } => {
                let got = self.peer(who)?.client.status;
                equal(format_args!("the status {status}"), format_args!("the status {got}"))
            }
            Event::Recv { raw } => {
                let got = self.next(who).await?;
                equal(raw, self.names.recorded(got.to_string()))
            }
            // What a client reports that has dropped its connection by itself.
            Event::Close { code: 1006, .. } => match self.peers.get(who) {
                Some(None) => Ok(()),
                _ => Err(Mismatch::new(Got::End, "a connection that is open")),
            },
            Event::Close { code, reason } => {
                equal(Got::Close(*code, reason.clone()), self.next(who).await?)?;
                equal(Got::End, self.next(who).await?)?;
                self.peers.insert(who.to_owned(), None);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// What may still be under way has come: a pong says that the server has read all that was sent before the ping; then
    /// it may still be at work on that; and what that led to stands before the second pong.
    async fn end(&mut self) -> Result<(), (String, Mismatch)> {
        for is_settled in [false, true] {
            if is_settled {
                self.server.settled().await;
            }
            for (who, peer) in &mut self.peers {
                let Some(peer) = peer else { continue };
                let quiet = peer.nothing_more(who, &mut self.names).await;
                quiet.map_err(|mismatch| (format!("{who} waits"), mismatch))?;
            }
        }
        for (who, peer) in &mut self.peers {
            let Some(peer) = peer else { continue };
            peer.client.close(Some(1000), "").await;
            // The others are leaving too, and it may be told of that.
            loop {
                match peer.client.next().await {
                    Got::End => break,
                    got @ Got::Silence(_) => return Err((format!("{who} closes"), Mismatch::new(Got::End, got))),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    async fn next(&mut self, who: &str) -> Result<Got, Mismatch> {
        let Self { peers, names, .. } = self;
        match peers.get_mut(who) {
            Some(Some(peer)) => Ok(peer.next(who, names).await),
            _ => Err(not_connected(who)),
        }
    }

    fn peer(&mut self, who: &str) -> Result<&mut Peer, Mismatch> {
        match self.peers.entry(who.to_owned()) {
            Entry::Occupied(entry) => entry.into_mut().as_mut().ok_or_else(|| not_connected(who)),
            Entry::Vacant(_) => Err(not_connected(who)),
        }
    }
}

fn not_connected(who: &str) -> Mismatch {
    Mismatch::new(format_args!("{who} to be connected"), "it is not: the recording is broken")
}

fn equal(recorded: impl std::fmt::Display, got: impl std::fmt::Display) -> Result<(), Mismatch> {
    let Mismatch { expected, got } = Mismatch::new(recorded, got);
    if expected == got { Ok(()) } else { Err(Mismatch { expected, got }) }
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
