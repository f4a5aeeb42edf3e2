//! Who has JetStream keep what is said in rooms.
//!
//! It is a task of its own: what nodes say to each other does not wait for what is kept.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use async_nats::{Client, Message, StatusCode, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use roomful_core::cluster::Subject;
use roomful_runtime::{HistoryBounds, Known};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use super::run::Run;
use super::shelves::{Shelves, lock};
use super::stream::{ANSWER, Failed, Page, Streams};
use crate::{Ear, Lost};

/// What is on its way to the stream, or waits for one: as many as to Redis.
const ON_THEIR_WAY: usize = 48;

/// Rooms that are read at once. The others wait.
const AT_ONCE: usize = 32;

/// Where so much is done beside, words that are forgotten with it, nothing more is begun: each word that is kept may have others
/// forgotten.
const MOST_DEEDS: usize = 2 * AT_ONCE;

/// What it is told to do.
#[derive(Debug)]
pub(super) enum Order {
    Append(Append),
    Read {
        room: Subject,
        known: Known,
    },
    /// All that was to be kept until now is answered, or will not be.
    Flush(oneshot::Sender<()>),
}

#[derive(Debug)]
pub(super) struct Append {
    pub(super) room: Subject,
    pub(super) number: u64,
    pub(super) until: Instant,
    pub(super) known: Known,
    pub(super) bounds: HistoryBounds,
    pub(super) word: Bytes,
}

pub(super) struct Keeper {
    client: Client,
    streams: Streams,
    ear: Ear,
    orders: mpsc::Receiver<Order>,
    /// Where the stream answers.
    inbox: String,
    answers: Subscriber,
    run: Run,
    /// The highest number that its stream is known to have given.
    top: u64,
    /// It keeps so many words of a room at the least.
    keeps: usize,
    /// How many were sent, ever.
    sent: u64,
    on_their_way: BTreeMap<u64, Append>,
    /// What there was no stream for, in order. Until all that is on its way has come back nothing else is sent.
    failed: Vec<Append>,
    /// What was not sent yet.
    unsent: VecDeque<Append>,
    /// Rooms that are to be read.
    unread: VecDeque<(Subject, Known)>,
    /// What is done beside.
    deeds: FuturesUnordered<BoxFuture<'static, Done>>,
    shelves: Arc<Mutex<Shelves>>,
    flushed: Vec<oneshot::Sender<()>>,
    /// What was told last of what cannot be done.
    told: String,
}

/// What came of something that was done beside.
enum Done {
    Well,
    Badly(Failed),
    /// That stream is not there, or was emptied: the room is read from the next.
    IsGone(Run, Subject, Known),
}

impl Keeper {
    pub(super) async fn begin(
        client: Client,
        streams: Streams,
        ear: Ear,
        orders: mpsc::Receiver<Order>,
        shelves: Arc<Mutex<Shelves>>,
    ) -> Result<Self, Failed> {
        let inbox = client.new_inbox();
        let answers = client.subscribe(format!("{inbox}.*")).await.map_err(|error| Failed::Other(error.to_string()))?;
        let run = streams.open(0).await?;
        let top = streams.stands(&run).await?.last;
        let (on_their_way, failed, unsent, unread, deeds, flushed, told) = Default::default();
        let keeper = Self {
            client,
            streams,
            ear,
            orders,
            inbox,
            answers,
            run,
            top,
            keeps: 0,
            sent: 0,
            on_their_way,
            failed,
            unsent,
            unread,
            deeds,
            shelves,
            flushed,
            told,
        };
        Ok(keeper)
    }

    /// Ends when nobody tells it to do anything any more.
    pub(super) async fn run(mut self) {
        loop {
            let many = self.on_their_way.len() + self.failed.len() + self.unsent.len() + self.unread.len();
            let wakes_at = self.wakes_at();
            tokio::select! {
                biased;
                answer = self.answers.next() => match answer {
                    Some(answer) => self.hear(&answer),
                    None => return self.ear.lost(Lost::new("its client ended")),
                },
                Some(done) = self.deeds.next(), if !self.deeds.is_empty() => self.done(done).await,
                order = self.orders.recv(), if many < ON_THEIR_WAY && self.deeds.len() < MOST_DEEDS => match order {
                    Some(order) => self.obey(order),
                    None => return,
                },
                () = sleep_until(wakes_at.unwrap_or_else(Instant::now)), if wakes_at.is_some() => self.wake(),
            }
            self.go_on().await;
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Append(append) => self.unsent.push_back(append),
            Order::Read { room, known } => self.unread.push_back((room, known)),
            Order::Flush(flushed) => self.flushed.push(flushed),
        }
    }

    async fn go_on(&mut self) {
        if !self.failed.is_empty() && self.on_their_way.is_empty() {
            self.send_failed_again().await;
        }
        while self.failed.is_empty() {
            let Some(append) = self.unsent.pop_front() else { break };
            self.send(append).await;
        }
        while self.deeds.len() < AT_ONCE {
            let Some((room, known)) = self.unread.pop_front() else { break };
            self.read(room, known).await;
        }
        if self.on_their_way.is_empty() && self.failed.is_empty() && self.unsent.is_empty() {
            for flushed in self.flushed.drain(..) {
                // Whoever waited for it may wait no more.
                let _ = flushed.send(());
            }
        }
    }

    /// There was no stream: they go to the next, in order.
    async fn send_failed_again(&mut self) {
        let above = self.failed.iter().chain(&self.unsent).map(|append| append.known.seq).max().unwrap_or(0);
        let opened = self.open_another(None, above).await;
        let failed = std::mem::take(&mut self.failed);
        match opened {
            Ok(()) => failed.into_iter().rev().for_each(|append| self.unsent.push_front(append)),
            Err(why) => {
                failed.iter().for_each(|append| self.ear.taken(append.room, append.number, None));
                self.warn(&why);
            }
        }
    }

    async fn send(&mut self, append: Append) {
        // The server takes whatever comes, however late.
        let prepared = if append.until <= Instant::now() { Ok(false) } else { self.prepare(&append).await };
        match prepared {
            Ok(true) => {}
            prepared => {
                prepared.err().iter().for_each(|why| self.warn(why));
                return self.ear.taken(append.room, append.number, None);
            }
        }
        self.sent += 1;
        let (to, answered) = (self.streams.said(append.room), format!("{}.{}", self.inbox, self.sent));
        match self.client.publish_with_reply(to, answered, append.word.clone()).await {
            Ok(()) => drop(self.on_their_way.insert(self.sent, append)),
            Err(error) => self.ear.lost(Lost::new(error.to_string())),
        }
    }

    async fn prepare(&mut self, append: &Append) -> Result<bool, Failed> {
        self.see(&append.known).await?;
        if append.bounds.frames > self.keeps {
            self.keeps = match self.streams.keep_at_least(&self.run, append.bounds.frames).await {
                // That is found when it is sent.
                Err(Failed::NoStream) => 0,
                keeps => keeps?,
            };
        }
        Ok(true)
    }

    /// A stream that has given less than is known of it has lost its memory.
    async fn see(&mut self, known: &Known) -> Result<(), Failed> {
        let seq = self.run.seq(known.seq);
        if known.epoch != self.run.name || seq <= self.top {
            return Ok(());
        }
        match self.streams.stands(&self.run).await {
            Ok(stands) if stands.last >= seq => {
                self.top = stands.last;
                Ok(())
            }
            Ok(_) => self.open_another(Some(self.run.clone()), known.seq).await,
            Err(Failed::NoStream) => self.open_another(None, known.seq).await,
            Err(why) => Err(why),
        }
    }

    /// The stream that there is, or another instead of that one.
    async fn open_another(&mut self, instead_of: Option<Run>, above: u64) -> Result<(), Failed> {
        let run = match instead_of {
            Some(run) => self.streams.renew(&run, above).await?,
            None => self.streams.open(above).await?,
        };
        let top = self.streams.stands(&run).await?.last;
        self.go_on_in(run, top);
        Ok(())
    }

    fn go_on_in(&mut self, run: Run, top: u64) {
        if run != self.run {
            lock(&self.shelves).clear();
            (self.run, self.top, self.keeps) = (run, 0, 0);
        }
        self.top = self.top.max(top);
    }

    fn hear(&mut self, answer: &Message) {
        let number = answer.subject.rsplit('.').next().and_then(|number| number.parse::<u64>().ok());
        let Some(append) = number.and_then(|number| self.on_their_way.remove(&number)) else { return };
        if answer.status == Some(StatusCode::NO_RESPONDERS) {
            return self.failed.push(append);
        }
        let Append { room, number, bounds, word, .. } = append;
        match taken(&answer.payload) {
            Ok((run, seq)) => {
                self.ear.taken(room, number, Some(run.number(seq)));
                self.go_on_in(run, seq);
                let before = lock(&self.shelves).append(room, (seq, word.len()), bounds, Instant::now());
                before.into_iter().for_each(|before| self.forget(room, before));
            }
            Err(why) => {
                self.ear.taken(room, number, None);
                self.warn(&why);
            }
        }
    }

    async fn read(&mut self, room: Subject, known: Known) {
        if let Err(why) = self.see(&known).await {
            return self.warn(&why);
        }
        let (streams, run, ear) = (self.streams.clone(), self.run.clone(), self.ear.clone());
        let after = if known.epoch == run.name { run.seq(known.seq) } else { 0 };
        self.deeds.push(Box::pin(async move {
            match read(&streams, &run, room, (after, &known)).await {
                Ok(Some(Page { ends, kept })) => {
                    ear.history(room, &run.name, ends, kept);
                    Done::Well
                }
                Ok(None) | Err(Failed::NoStream) => Done::IsGone(run, room, known),
                Err(why) => Done::Badly(why),
            }
        }));
    }

    fn forget(&self, room: Subject, before: u64) {
        let (streams, run) = (self.streams.clone(), self.run.clone());
        self.deeds.push(Box::pin(async move {
            match streams.forget(&run, room, before).await {
                Ok(()) | Err(Failed::NoStream) => Done::Well,
                Err(why) => Done::Badly(why),
            }
        }));
    }

    async fn done(&mut self, done: Done) {
        match done {
            Done::Well => {}
            Done::Badly(why) => self.warn(&why),
            Done::IsGone(run, room, known) => {
                // Whoever came first has another one.
                let opened = if run == self.run { self.open_another(Some(run), known.seq).await } else { Ok(()) };
                match opened {
                    Ok(()) => self.unread.push_back((room, known)),
                    Err(why) => self.warn(&why),
                }
            }
        }
    }

    fn wakes_at(&self) -> Option<Instant> {
        let answered = self.on_their_way.values().map(|append| append.until + ANSWER).min();
        [answered, lock(&self.shelves).wakes_at()].into_iter().flatten().min()
    }

    fn wake(&mut self) {
        let now = Instant::now();
        // Whoever said it waits for it no more.
        self.on_their_way.retain(|_, append| append.until + ANSWER > now);
        let old = lock(&self.shelves).take_old(now);
        old.into_iter().for_each(|(room, before)| self.forget(room, before));
    }

    /// Once, where the same happens again and again. Whoever needs it asks again.
    fn warn(&mut self, why: &Failed) {
        let why = why.to_string();
        if why != self.told {
            tracing::warn!(why, "JetStream does not do what it is to do for the history of rooms");
            self.told = why;
        }
    }
}

/// `None`: the stream was emptied. Whether it is there is asked first: of one that is not, what is asked of its words is answered by nobody.
async fn read(
    streams: &Streams,
    run: &Run,
    room: Subject,
    (after, known): (u64, &Known),
) -> Result<Option<Page>, Failed> {
    let stands = streams.stands(run).await?;
    if stands.is_emptied {
        return Ok(None);
    }
    if let Some(page) = streams.read(run, room, after).await? {
        return Ok(Some(page));
    }
    // Of a room in which nothing was said for so long whoever knows it has heard all.
    let top = if known.epoch == run.name { run.number(after) } else { run.number(stands.last) };
    Ok(Some(Page { ends: (top, top), kept: Vec::new() }))
}

/// Which number a word was given, in which run.
fn taken(answer: &[u8]) -> Result<(Run, u64), Failed> {
    let answer: Value = serde_json::from_slice(answer).map_err(|error| Failed::Other(error.to_string()))?;
    if let Some(error) = answer.get("error") {
        return Err(Failed::Other(error["description"].as_str().unwrap_or("an error").to_owned()));
    }
    let run = answer["stream"].as_str().and_then(Run::parse);
    let taken = run.zip(answer["seq"].as_u64());
    taken.ok_or_else(|| Failed::Other("a stream that is none of ours has our subjects: delete it".to_owned()))
}
