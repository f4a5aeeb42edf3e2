//! The stream in which JetStream keeps what is said in the rooms of an app.
//!
//! An app has one, with a subject for each room. What it takes, the server says to the room itself, together with its number and the
//! number of what the room was told before. Two streams cannot have one subject, so it is found by that; and its name says which
//! run of numbers it is, so whatever comes of it says so, too. One that was lost is made anew, under another name.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_nats::client::RequestErrorKind;
use async_nats::{Client, Message, StatusCode};
use bytes::Bytes;
use futures_util::StreamExt as _;
use roomful_core::Limits;
use roomful_core::cluster::{Address, Subject};
use serde_json::{Value, json};
use tokio::time::timeout;
use uuid::Uuid;

use super::run::Run;
use crate::Kept;
use crate::names::Names;

/// So long is the last word of a room kept after it was said, and what was said before it where its node did not live to have that
/// forgotten. A day: who has the room then has heard it.
const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// An answer has so many words, of so many bytes and one word more. 256 KiB: as the pages of a roster.
const PAGE: u64 = 256;
const PAGE_BYTES: usize = 256 << 10;

/// For so long an answer is waited for. Whoever needs it asks again.
pub(super) const ANSWER: Duration = Duration::from_secs(2);

/// What JetStream says of a stream that is not there.
const NO_SUCH_STREAM: u64 = 10_059;

/// JetStream, as far as an app's rooms need it.
#[derive(Debug, Clone)]
pub(super) struct Streams {
    client: Client,
    names: Names,
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Failed {
    #[error("there is no such stream")]
    NoStream,
    #[error("{0}")]
    Other(String),
}

/// How a stream stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stands {
    /// The last number that it gave.
    pub(super) last: u64,
    /// Whether it has given some and keeps nothing: somebody has emptied it.
    pub(super) is_emptied: bool,
}

/// What is kept of a room.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) ends: (u64, u64),
    pub(super) kept: Vec<Kept>,
}

impl Streams {
    pub(super) fn new(client: Client, names: Names) -> Self {
        Self { client, names }
    }

    /// The stream of this app, where there is one; else a new one, whose numbers are above this.
    pub(super) async fn open(&self, above: u64) -> Result<Run, Failed> {
        match self.find().await? {
            Some(run) => Ok(run),
            None => self.make(above).await,
        }
    }

    /// What it has is nothing any more: another one, whose numbers are above this.
    pub(super) async fn renew(&self, run: &Run, above: u64) -> Result<Run, Failed> {
        match self.call("STREAM.DELETE", run, &Value::Null).await {
            Ok(_) | Err(Failed::NoStream) => self.open(above).await,
            Err(failed) => Err(failed),
        }
    }

    pub(super) async fn stands(&self, run: &Run) -> Result<Stands, Failed> {
        let info = self.call("STREAM.INFO", run, &Value::Null).await?;
        let (last, messages) = (number(&info["state"]["last_seq"]), number(&info["state"]["messages"]));
        Ok(Stands { last, is_emptied: messages == 0 && last > 0 })
    }

    /// Has it keep so many words of a room, where it keeps fewer. Gives how many it keeps then.
    pub(super) async fn keep_at_least(&self, run: &Run, words: usize) -> Result<usize, Failed> {
        let mut config = self.call("STREAM.INFO", run, &Value::Null).await?["config"].take();
        let keeps = config["max_msgs_per_subject"].as_i64().unwrap_or(-1);
        let keeps = usize::try_from(keeps).unwrap_or(usize::MAX);
        if keeps >= words {
            return Ok(keeps);
        }
        config["max_msgs_per_subject"] = words.into();
        self.call("STREAM.UPDATE", run, &config).await?;
        Ok(words)
    }

    /// What is kept of a room behind this number of the stream.
    pub(super) async fn read(&self, run: &Run, room: Subject, after: u64) -> Result<Option<Page>, Failed> {
        let subject = self.said(room);
        let Some(last) = self.find_word(run, &json!({ "last_by_subj": subject })).await? else { return Ok(None) };
        let first = self.find_word(run, &json!({ "seq": 1, "next_by_subj": subject })).await?.unwrap_or(last);
        let floor = first.saturating_sub(1);
        let words = if last > after { self.words(run, &subject, after).await? } else { Vec::new() };
        let mut before = after.max(floor);
        let kept = words.into_iter().map(|(seq, word)| {
            let after = std::mem::replace(&mut before, seq);
            Kept { seq: run.number(seq), after: run.number(after), word }
        });
        Ok(Some(Page { kept: kept.collect(), ends: (run.number(floor), run.number(last)) }))
    }

    /// Forgets what was said in a room before that number of the stream.
    pub(super) async fn forget(&self, run: &Run, room: Subject, before: u64) -> Result<(), Failed> {
        let what = json!({ "filter": self.said(room), "seq": before });
        self.call("STREAM.PURGE", run, &what).await.map(drop)
    }

    /// Where something is said that is to be kept.
    pub(super) fn said(&self, room: Subject) -> String {
        self.names.said(Some(room))
    }

    async fn find(&self) -> Result<Option<Run>, Failed> {
        let any = self.said(Subject::of("", ""));
        let found = self.ask("STREAM.NAMES", &json!({ "subject": any })).await?;
        let Some(name) = found["streams"].get(0).and_then(Value::as_str) else { return Ok(None) };
        let foreign = || Failed::Other(format!("the stream `{name}` is none of ours and has our subjects: delete it"));
        Run::parse(name).map(Some).ok_or_else(foreign)
    }

    async fn make(&self, above: u64) -> Result<Run, Failed> {
        // A run begins at the time: above all numbers of the one before, of which nobody gives a thousand a second for years.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let base = u64::try_from(now.as_millis()).unwrap_or(u64::MAX).max(above);
        let run = Run::begin(self.names.app(), base, Uuid::new_v4());
        let all = self.names.said(None);
        let room = self.names.name(Address::Room(Subject::of("", "")));
        let rooms = room.rsplit_once('.').map_or("", |(rooms, _)| rooms);
        let config = json!({
            "name": &*run.name,
            "description": "What is said in rooms of Roomful's whose history is in the broker",
            "subjects": [all],
            "retention": "limits",
            "discard": "old",
            "storage": "file",
            "num_replicas": 1,
            "max_age": u64::try_from(KEPT_FOR.as_nanos()).unwrap_or(u64::MAX),
            "max_msgs_per_subject": Limits::default().log_frames.max(1),
            "allow_direct": true,
            "republish": { "src": all, "dest": format!("{rooms}.{{{{wildcard(1)}}}}") },
        });
        match self.call("STREAM.CREATE", &run, &config).await {
            Ok(_) => Ok(run),
            // Another node was faster.
            Err(Failed::Other(why)) => self.find().await?.ok_or(Failed::Other(why)),
            Err(failed) => Err(failed),
        }
    }

    /// The number of one word.
    async fn find_word(&self, run: &Run, which: &Value) -> Result<Option<u64>, Failed> {
        let found = self.request(format!("$JS.API.DIRECT.GET.{}", run.name), which).await?;
        if found.status == Some(StatusCode::NOT_FOUND) {
            return Ok(None);
        }
        let number = found.headers.as_ref().and_then(|headers| headers.get("Nats-Sequence")?.as_str().parse().ok());
        number.map(Some).ok_or_else(|| Failed::Other("an answer without its number".to_owned()))
    }

    /// The first words of a room behind this number: a reader of their own is made for them, and forgotten.
    async fn words(&self, run: &Run, subject: &str, after: u64) -> Result<Vec<(u64, Bytes)>, Failed> {
        let reader = json!({
            "stream_name": &*run.name,
            "config": {
                "deliver_policy": "by_start_sequence",
                "opt_start_seq": after.saturating_add(1),
                "filter_subject": subject,
                "ack_policy": "none",
                "replay_policy": "instant",
                "inactive_threshold": 5_000_000_000u64,
                "num_replicas": 1,
                "mem_storage": true,
            },
        });
        let made = self.call("CONSUMER.CREATE", run, &reader).await?;
        let (pending, name) = (number(&made["num_pending"]), made["name"].as_str().unwrap_or_default().to_owned());
        let mut words = self.next_words(run, &name, (pending.min(PAGE), PAGE_BYTES)).await?;
        if words.is_empty() && pending > 0 {
            // The first is larger than a page.
            words = self.next_words(run, &name, (1, usize::MAX)).await?;
        }
        self.ask(&format!("CONSUMER.DELETE.{}.{name}", run.name), &Value::Null).await?;
        Ok(words)
    }

    async fn next_words(
        &self,
        run: &Run,
        reader: &str,
        (words, bytes): (u64, usize),
    ) -> Result<Vec<(u64, Bytes)>, Failed> {
        let failed = |error: &dyn std::fmt::Display| Failed::Other(error.to_string());
        let inbox = self.client.new_inbox();
        let mut answers = self.client.subscribe(inbox.clone()).await.map_err(|error| failed(&error))?;
        let mut which = json!({ "batch": words, "no_wait": true });
        if bytes < usize::MAX {
            which["max_bytes"] = bytes.into();
        }
        let next = format!("$JS.API.CONSUMER.MSG.NEXT.{}.{reader}", run.name);
        let asked = self.client.publish_with_reply(next, inbox, which.to_string().into()).await;
        asked.map_err(|error| failed(&error))?;
        let mut all = Vec::new();
        while (all.len() as u64) < words {
            let answer = timeout(ANSWER, answers.next()).await.map_err(|error| failed(&error))?;
            let Some(answer) = answer else { return Err(Failed::Other("the connection ended".to_owned())) };
            // There are no more, or no more of so many bytes.
            if answer.status.is_some() {
                break;
            }
            let Some(seq) = answer.reply.as_ref().and_then(|reply| number_of_word(reply)) else {
                return Err(Failed::Other("a word without its number".to_owned()));
            };
            all.push((seq, answer.payload));
        }
        Ok(all)
    }

    async fn call(&self, what: &str, run: &Run, with: &Value) -> Result<Value, Failed> {
        self.ask(&format!("{what}.{}", run.name), with).await
    }

    async fn ask(&self, what: &str, with: &Value) -> Result<Value, Failed> {
        let answer = self.request(format!("$JS.API.{what}"), with).await?;
        let answer: Value = serde_json::from_slice(&answer.payload)
            .map_err(|error| Failed::Other(format!("JetStream's answer to {what}: {error}")))?;
        let Some(error) = answer.get("error") else { return Ok(answer) };
        match error["err_code"].as_u64() {
            Some(NO_SUCH_STREAM) => Err(Failed::NoStream),
            _ => Err(Failed::Other(format!("{what}: {}", error["description"].as_str().unwrap_or("an error")))),
        }
    }

    async fn request(&self, subject: String, with: &Value) -> Result<Message, Failed> {
        let body = if with.is_null() { Bytes::new() } else { with.to_string().into() };
        self.client.request(subject.clone(), body).await.map_err(|error| match error.kind() {
            RequestErrorKind::NoResponders => Failed::NoStream,
            RequestErrorKind::TimedOut => Failed::Other(format!("no answer at `{subject}`: allow `$JS.API.>`")),
            _ => Failed::Other(error.to_string()),
        })
    }
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

/// As the address says where a reader would acknowledge a word. Newer servers write a domain and an account into it.
fn number_of_word(reply: &str) -> Option<u64> {
    let parts: Vec<_> = reply.split('.').collect();
    parts.get(if parts.len() == 9 { 5 } else { 7 })?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_words_number_is_where_old_and_new_servers_write_it() {
        assert_eq!(number_of_word("$JS.ACK.s.c.1.17.3.1796056070821462796.0"), Some(17));
        assert_eq!(number_of_word("$JS.ACK._.hash.s.c.1.17.3.1796056070821462796.0.x"), Some(17));
        assert_eq!(number_of_word("roomful.inbox.x"), None);
    }
}
