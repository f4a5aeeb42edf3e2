//! Whatever the limits are, `build()` names what cannot be meant, or a session comes to its end: nothing hangs, nothing turns
//! round and round, nothing panics.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use proptest::prelude::*;
use roomful::{BoxFuture, Channel, Close, Conn, Deny, Drain, Limits, Mistake, Result, Room, Rooms, Stats, Upgrade};
use roomful_core::Dialect;
use roomful_runtime::{Connection, Host, ToWrite};
use tokio::time::Instant;

#[derive(Clone, Channel)]
#[channel("talk/:id", message = String, presence = u8)]
struct Talk {
    id: String,
}

struct Talking;

impl Room for Talking {
    type Channel = Talk;
    type Data = ();

    async fn data(&self, _: &Upgrade<Talk>) -> Result<(), Deny> {
        Ok(())
    }

    fn presence(&self, _: &Conn<Self>) -> Option<u8> {
        Some(0)
    }

    async fn on_message(&self, conn: &Conn<Self>, msg: String) -> Result {
        conn.set_presence(&1)?;
        conn.broadcast_all(&msg)
    }
}

/// Tokio with its time stopped: it goes on only while every task waits. Each time that a task is looked at is counted.
struct Counting {
    began: Instant,
    polls: Arc<AtomicUsize>,
}

impl Host for Counting {
    fn spawn(&self, mut task: BoxFuture<'static, ()>) {
        let polls = Arc::clone(&self.polls);
        tokio::spawn(poll_fn(move |cx| {
            let before = polls.fetch_add(1, Ordering::Relaxed);
            assert!(before < MOST_POLLS, "the tasks turn round and round");
            task.as_mut().poll(cx)
        }));
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap()
    }

    fn sleep_until(&self, at: u64) -> BoxFuture<'static, ()> {
        match self.began.checked_add(Duration::from_millis(at)) {
            Some(at) => Box::pin(tokio::time::sleep_until(at)),
            None => Box::pin(std::future::pending()),
        }
    }

    fn random(&self) -> u128 {
        self.polls.fetch_add(1, Ordering::Relaxed) as u128
    }
}

/// A session of three who say little takes some hundreds.
const MOST_POLLS: usize = 5_000;

/// One client, which reads all that comes.
struct Client {
    connection: Connection,
    frames: usize,
    closed: Option<Close>,
}

impl Client {
    fn connect(rooms: &Rooms, dialect: Dialect) -> Self {
        let uri = format!("{}?m=m&s=talk&r=%7B%22id%22:%221%22%7D", rooms.path());
        let (parts, ()) = http::Request::get(uri).body(()).unwrap().into_parts();
        Self { connection: rooms.platform().read(parts, dialect).connect(), frames: 0, closed: None }
    }

    fn read(&mut self) {
        while let Some(written) = self.connection.mailbox().try_next() {
            match written {
                ToWrite::Frame(_) => self.frames += 1,
                ToWrite::Close(close) => {
                    self.connection.end(&close, None);
                    self.closed = Some(close);
                }
            }
        }
    }

    /// Says it as soon as it may, and nothing where it never may.
    async fn say(&mut self, message: &str) {
        for _ in 0..20 {
            self.read();
            if self.closed.is_some() {
                return;
            }
            if self.connection.poll_space(&mut Context::from_waker(Waker::noop())) == Poll::Ready(()) {
                self.connection.receive(message.as_bytes());
                return;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Whether it was let in or told why not.
    fn was_answered(&self) -> bool {
        self.frames > 0 || self.closed.is_some()
    }
}

/// What is done in every app: they come, speak, show something, ask, are spoken to, go, and the server stops.
async fn session(rooms: &Rooms) {
    let polls = Arc::new(AtomicUsize::new(0));
    let host = Counting { began: Instant::now(), polls };
    rooms.platform().start(|| Arc::new(host));
    let dialects = [Dialect::V1, Dialect::Plain, Dialect::V1];
    let mut clients = dialects.map(|dialect| Client::connect(rooms, dialect));
    for client in &mut clients {
        client.say(r#"{"t":"msg","msg":"early"}"#).await;
    }
    pass(&mut clients, 5).await;
    assert!(clients.iter().all(Client::was_answered), "somebody is neither in nor closed");
    for client in &mut clients {
        for message in [r#"{"t":"msg","msg":"hi","id":1}"#, r#"{"t":"presence","state":2}"#, r#"{"t":"ping"}"#, "bad"] {
            client.say(message).await;
        }
    }
    let room = rooms.at(&Talk { id: "1".into() });
    // A message may be over the limits. That is an error, and nothing else.
    let _told = room.broadcast(&"all".to_owned()).await;
    pass(&mut clients, 5).await;
    let [a, mut b, c] = clients;
    a.connection.end(&Close::DONE, None);
    drop(a);
    b.say(r#"{"t":"bye"}"#).await;
    drop(b);
    pass(&mut [c], 4_000).await;
    assert!(rooms.drain(&Drain::default()).await, "something has not ended: {:?}", rooms.stats());
    assert_eq!(rooms.stats(), Stats::default());
}

/// Some seconds, in which everybody reads.
async fn pass(clients: &mut [Client], seconds: u32) {
    for _ in 0..seconds.min(10) {
        tokio::time::sleep(Duration::from_secs(1)).await;
        clients.iter_mut().for_each(Client::read);
    }
    tokio::time::sleep(Duration::from_secs(seconds.into())).await;
    clients.iter_mut().for_each(Client::read);
}

fn extreme(numbers: &std::ops::RangeInclusive<u64>) -> impl Strategy<Value = Option<u64>> + use<> {
    let (least, most) = (*numbers.start(), *numbers.end());
    prop_oneof![
        4 => Just(None),
        4 => Just(Some(least)),
        4 => Just(Some(most)),
        1 => prop_oneof![Just(0), Just(1), Just(1 << 40), Just(most.saturating_add(1)), Just(u64::MAX)].prop_map(Some),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn every_combination_of_extremes_is_named_or_served(
        chosen in Limits::BOUNDS.iter().map(|(_, range)| (any::<bool>(), extreme(range))).collect::<Vec<_>>()
    ) {
        let mut limits = Limits::default();
        let mut wrong = Vec::new();
        for ((name, range), (is_default, number)) in Limits::BOUNDS.iter().zip(chosen) {
            if is_default {
                continue;
            }
            limits.put(name, number);
            if number.is_some_and(|number| !range.contains(&number)) {
                wrong.push(*name);
            }
        }
        match Rooms::new().limits(limits).module("m", |m| m.room("talk", Talking)).build() {
            Ok(rooms) => {
                prop_assert_eq!(wrong, [""; 0]);
                let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
                runtime.unwrap().block_on(session(&rooms));
            }
            Err(error) => {
                let named = error.mistakes.iter().map(|mistake| match mistake {
                    Mistake::Limit { of: None, error } => error.limit.split('.').next().unwrap(),
                    other => panic!("{other}"),
                });
                let mut named: Vec<&str> = named.collect();
                named.dedup();
                prop_assert_eq!(named, wrong);
            }
        }
    }
}
