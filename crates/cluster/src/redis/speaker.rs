//! What is said to Redis.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use redis::{Cmd, RedisError, Value};
use roomful_core::cluster::{Address, Audible, Subject};
use tokio::task::{JoinError, JoinSet, unconstrained};

use super::connection::{Connection, Leaving, Words};
use super::history::{Scripts, appended, history};
use crate::broker::check_size;
use crate::names::Names;
use crate::{BoxFuture, Command, Ear, Lost, SayError, Speaker};

/// Redis takes half a gigabyte, and cuts whoever is 8 MiB behind for a minute, or 32 at once.
pub(super) const MOST_BYTES: usize = 8 << 20;

/// Commands that are on their way, or whose answers are: so many that a link whose answers take a millisecond carries tens of
/// thousands a second. Fewer than the client takes without waiting, so that each is in its queue once it was begun, and so in
/// order.
const ON_THEIR_WAY: usize = 48;

pub(super) struct RedisSpeaker {
    connection: Connection,
    words: Words,
    names: Names,
    ear: Ear,
    leaving: Leaving,
    /// What this link listens to.
    listening: BTreeSet<Address>,
    answers: FuturesUnordered<Pin<Box<dyn Future<Output = Answer> + Send>>>,
    /// Questions, whose answers somebody waits for. Dropped, they end.
    questions: JoinSet<Address>,
    /// The addresses of both, where the client does not keep the order of what is on its way.
    busy: Option<BTreeSet<Address>>,
    /// Where it keeps what is said in rooms.
    scripts: Option<Scripts>,
}

/// What was answered to something that was said to that address.
type Answer = (Address, Result<Value, RedisError>);

impl RedisSpeaker {
    pub(super) fn new(connection: Connection, words: Words, names: Names, ear: Ear, leaving: Leaving) -> Self {
        let busy = matches!(connection, Connection::Cluster(_)).then(BTreeSet::new);
        let (listening, answers, questions) = (BTreeSet::new(), FuturesUnordered::new(), JoinSet::new());
        Self { connection, words, names, ear, leaving, listening, answers, questions, busy, scripts: None }
    }

    async fn carry_out(&mut self, command: Command) -> Result<(), SayError> {
        match command {
            Command::Subscribe(address) => self.subscribe(address).await,
            Command::Open(room) => self.subscribe(Address::Room(room)).await,
            Command::Unsubscribe(address) => {
                self.leaving.leave(&self.names.name(address));
                self.listening.remove(&address);
                self.send(address, self.command(self.words.unsubscribe, address)).await
            }
            Command::Publish { to, envelope } => {
                let publish = self.publish(to, &envelope)?;
                self.send(to, publish).await
            }
            Command::Ask { room, envelope } => {
                let publish = self.publish(Address::Room(room), &envelope)?;
                self.ask(room, publish).await
            }
            Command::Append { room, number, until, known, bounds, word } => {
                check_size(&word, MOST_BYTES)?;
                let Some(scripts) = &self.scripts else { return Err(no_scripts()) };
                let channel = self.names.name(Address::Room(room));
                let append = scripts.append(&channel, self.words, (until, &known, bounds), &word);
                let ear = self.ear.clone();
                let answered = move |answer| match appended(answer) {
                    Some(seq) => ear.taken(room, number, seq),
                    None => ear.lost(Lost::new("an answer that is none of ours")),
                };
                self.run(room, append, answered).await
            }
            Command::ReadHistory { room, known, .. } => {
                let Some(scripts) = &self.scripts else { return Err(no_scripts()) };
                let read = scripts.read(&self.names.name(Address::Room(room)), &known);
                let ear = self.ear.clone();
                let answered = move |answer| match history(answer) {
                    Some((epoch, ends, kept)) => ear.history(room, &epoch, ends, kept),
                    None => ear.lost(Lost::new("an answer that is none of ours")),
                };
                self.run(room, read, answered).await
            }
        }
    }

    /// Runs a script, for whoever waits for its answer.
    async fn run(
        &mut self,
        room: Subject,
        script: Cmd,
        answered: impl FnOnce(Value) + Send + 'static,
    ) -> Result<(), SayError> {
        let to = Address::Room(room);
        let (answer, ear) = (self.begin(to, script).await?, self.ear.clone());
        self.questions.spawn(async move {
            match answer.await {
                Ok(answer) => answered(answer),
                Err(error) => ear.lost(Lost::new(error.to_string())),
            }
            to
        });
        Ok(())
    }

    async fn subscribe(&mut self, address: Address) -> Result<(), SayError> {
        self.listening.insert(address);
        self.send(address, self.command(self.words.subscribe, address)).await
    }

    fn publish(&self, to: Address, envelope: &Bytes) -> Result<Cmd, SayError> {
        check_size(envelope, MOST_BYTES)?;
        let mut command = self.command(self.words.publish, to);
        command.arg(&envelope[..]);
        Ok(command)
    }

    fn command(&self, word: &str, address: Address) -> Cmd {
        let mut command = redis::cmd(word);
        command.arg(self.names.name(address));
        command
    }

    async fn send(&mut self, to: Address, command: Cmd) -> Result<(), SayError> {
        let answer = self.begin(to, command).await?;
        self.answers.push(Box::pin(async move { (to, answer.await) }));
        Ok(())
    }

    /// Who hears it stands in the answer, and this node is one of them where it listens.
    async fn ask(&mut self, room: Subject, command: Cmd) -> Result<(), SayError> {
        let to = Address::Room(room);
        let answer = self.begin(to, command).await?;
        let (ear, own) = (self.ear.clone(), u64::from(self.listening.contains(&to)));
        self.questions.spawn(async move {
            match answer.await {
                Ok(Value::Int(heard)) => {
                    let others = u64::try_from(heard).unwrap_or(0).saturating_sub(own);
                    ear.audible(room, Audible::By(others));
                }
                Ok(_) => ear.lost(Lost::new("an answer that no Redis gives")),
                Err(error) => ear.lost(Lost::new(error.to_string())),
            }
            to
        });
        Ok(())
    }

    /// Begun, it is in the client's queue, behind all that were begun before.
    async fn begin(
        &mut self,
        to: Address,
        command: Cmd,
    ) -> Result<impl Future<Output = Result<Value, RedisError>> + Send + use<>, SayError> {
        while let Some(Some(answer)) = self.answers.next().now_or_never() {
            self.take(answer)?;
        }
        while let Some(asked) = self.questions.try_join_next() {
            self.asked(asked);
        }
        while self.is_to_wait(to) {
            self.take_next().await?;
        }
        if let Some(busy) = &mut self.busy {
            busy.insert(to);
        }
        let mut connection = self.connection.clone();
        // Unconstrained: a task that has done much would not get as far as the queue, and nobody might come back to it.
        let mut answer = Box::pin(unconstrained(async move { connection.ask(&command).await }));
        // It was answered at once where the connection has ended.
        let answered = (&mut answer).now_or_never();
        Ok(async move {
            match answered {
                Some(answered) => answered,
                None => answer.await,
            }
        })
    }

    fn is_to_wait(&self, to: Address) -> bool {
        let is_busy = self.busy.as_ref().is_some_and(|busy| busy.contains(&to));
        is_busy || self.answers.len() + self.questions.len() >= ON_THEIR_WAY
    }

    async fn take_next(&mut self) -> Result<(), Lost> {
        tokio::select! {
            Some(answer) = self.answers.next() => self.take(answer),
            Some(asked) = self.questions.join_next() => {
                self.asked(asked);
                Ok(())
            }
            else => Ok(()),
        }
    }

    fn take(&mut self, (to, answer): Answer) -> Result<(), Lost> {
        self.is_idle(to);
        answer.map(drop).map_err(|error| Lost::new(error.to_string()))
    }

    /// Nobody ends one but who drops all of them.
    fn asked(&mut self, asked: Result<Address, JoinError>) {
        asked.into_iter().for_each(|to| self.is_idle(to));
    }

    fn is_idle(&mut self, address: Address) {
        if let Some(busy) = &mut self.busy {
            busy.remove(&address);
        }
    }
}

/// Nobody has it keep anything before it was told to begin.
fn no_scripts() -> SayError {
    Lost::new("it keeps nothing").into()
}

impl Speaker for RedisSpeaker {
    fn say(&mut self, command: Command) -> BoxFuture<'_, Result<(), SayError>> {
        Box::pin(self.carry_out(command))
    }

    fn begin_history(&mut self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            // A room that no topic has.
            let nowhere = self.names.name(Address::Room(Subject::of("", "")));
            self.scripts = Some(Scripts::load(&mut self.connection, &nowhere, self.words).await?);
            Ok(())
        })
    }

    fn flush(&mut self) -> BoxFuture<'_, Result<(), Lost>> {
        Box::pin(async move {
            while !self.answers.is_empty() || !self.questions.is_empty() {
                self.take_next().await?;
            }
            Ok(())
        })
    }
}
