//! What comes from a NATS server, and what the server itself answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_nats::{Client, Message, StatusCode, Subscriber};
use futures_util::StreamExt as _;
use futures_util::stream::{AbortHandle, Abortable, SelectAll, abortable};
use roomful_core::cluster::{Audible, Subject};
use tokio::sync::{mpsc, oneshot};

use super::run::said;
use super::shelves::{Shelves, lock};
use crate::{Ear, Lost};

/// All subscriptions of one link. Dropping what sends it its orders ends it.
pub(super) struct Listening {
    orders: mpsc::UnboundedReceiver<Order>,
    answers: Subscriber,
    rooms: SelectAll<Abortable<Subscriber>>,
    inbox: Inbox,
    hello: Option<oneshot::Sender<()>>,
    probes: BTreeMap<u64, Probe>,
    ear: Ear,
    /// What is kept of rooms.
    shelves: Arc<Mutex<Shelves>>,
}

/// Where the server answers this link alone.
#[derive(Debug, Clone)]
pub(super) struct Inbox(String);

/// How a [`Listening`] is told what to listen to.
pub(super) struct Control(mpsc::UnboundedSender<Order>);

enum Order {
    Hello(oneshot::Sender<()>),
    Listen(Abortable<Subscriber>),
    /// The server is asked whether anybody listens to a room.
    Probe(u64, Subject),
}

#[derive(Debug)]
struct Probe {
    room: Subject,
    /// The server said so.
    nobody_listens: bool,
}

const HELLO: &str = "hello";

impl Inbox {
    fn new(client: &Client) -> Self {
        Self(client.new_inbox())
    }

    pub(super) fn hello(&self) -> String {
        format!("{}.{HELLO}", self.0)
    }

    pub(super) fn of_probe(&self, probe: u64) -> String {
        format!("{}.{probe}", self.0)
    }

    fn all(&self) -> String {
        format!("{}.*", self.0)
    }

    fn last_part<'a>(&self, subject: &'a str) -> Option<&'a str> {
        subject.strip_prefix(self.0.as_str())?.strip_prefix('.')
    }
}

impl Control {
    /// Is ready when what was published to [`Inbox::hello`] comes back.
    pub(super) fn expect_hello(&self) -> oneshot::Receiver<()> {
        let (heard, hears) = oneshot::channel();
        self.order(Order::Hello(heard));
        hears
    }

    /// Until the handle says that it is enough.
    pub(super) fn listen(&self, subscriber: Subscriber) -> AbortHandle {
        let (subscriber, handle) = abortable(subscriber);
        self.order(Order::Listen(subscriber));
        handle
    }

    /// The answer to this probe is about that room. It is told once what was published to [`Inbox::of_probe`] comes back.
    pub(super) fn probe(&self, probe: u64, room: Subject) {
        self.order(Order::Probe(probe, room));
    }

    fn order(&self, order: Order) {
        // Whoever listens no more has said that the link is lost.
        let _ = self.0.send(order);
    }
}

impl Listening {
    pub(super) async fn begin(
        client: &Client,
        ear: Ear,
        shelves: Arc<Mutex<Shelves>>,
    ) -> Result<(Control, Self, Inbox), String> {
        let inbox = Inbox::new(client);
        let answers = client.subscribe(inbox.all()).await.map_err(|error| error.to_string())?;
        let (control, orders) = mpsc::unbounded_channel();
        let (rooms, probes) = Default::default();
        let listening = Self { orders, answers, rooms, inbox: inbox.clone(), hello: None, probes, ear, shelves };
        Ok((Control(control), listening, inbox))
    }

    pub(super) async fn run(mut self) {
        loop {
            // Orders first: an answer must not come before what it answers is known.
            tokio::select! {
                biased;
                order = self.orders.recv() => match order {
                    Some(order) => self.obey(order),
                    None => return,
                },
                answer = self.answers.next() => match answer {
                    Some(answer) => self.hear_answer(&answer),
                    // Where it could, the client has said so before.
                    None => return self.ear.lost(Lost::new("its client ended")),
                },
                Some(message) = self.rooms.next(), if !self.rooms.is_empty() => self.hear(message),
            }
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Hello(hello) => self.hello = Some(hello),
            Order::Listen(subscriber) => self.rooms.push(subscriber),
            Order::Probe(probe, room) => {
                self.probes.insert(probe, Probe { room, nobody_listens: false });
            }
        }
    }

    fn hear(&self, message: Message) {
        match said(&message) {
            Some((room, run, kept)) => {
                lock(&self.shelves).hear(room, run.seq(kept.seq), kept.word.len());
                self.ear.kept(room, &run.name, kept);
            }
            None => self.ear.hear(message.payload),
        }
    }

    fn hear_answer(&mut self, answer: &Message) {
        let Some(to) = self.inbox.last_part(&answer.subject) else { return };
        if to == HELLO {
            if let Some(hello) = self.hello.take() {
                // Whoever waited for it may have been too impatient.
                let _ = hello.send(());
            }
            return;
        }
        let Ok(number) = to.parse::<u64>() else { return };
        if answer.status == Some(StatusCode::NO_RESPONDERS) {
            self.probes.get_mut(&number).into_iter().for_each(|probe| probe.nobody_listens = true);
        } else if let Some(Probe { room, nobody_listens }) = self.probes.remove(&number) {
            self.ear.audible(room, if nobody_listens { Audible::By(0) } else { Audible::Somebody });
        }
    }
}
