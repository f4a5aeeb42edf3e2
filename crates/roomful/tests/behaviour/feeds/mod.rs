//! What the server alone says: feeds, live values, and what the app itself hears.

mod bounds;
mod clients;
mod events;
mod kept;
mod published;
mod values;

use http::Request;
use roomful::test::{Heard, TestFeed, TestListener};
use roomful::{Channel, Deny, Feed, FeedExt as _, Limits, Upgrade};

#[derive(Clone, Channel)]
#[channel("board/:id", message = u64, event = u64)]
pub(crate) struct Board {
    pub(crate) id: String,
}

pub(crate) fn board(id: &str) -> Board {
    Board { id: id.to_owned() }
}

/// Tells whoever may listen.
struct Ticker;

impl Feed for Ticker {
    type Channel = Board;
    type Data = ();

    async fn data(&self, upgrade: &Upgrade<Board>) -> Result<(), Deny> {
        match upgrade.query("panics") {
            Some(_) => panic!("on purpose"),
            None => Ok(()),
        }
    }
}

struct Play {
    feed: TestFeed<Ticker>,
}

impl Play {
    fn new(limits: Limits) -> Self {
        Self { feed: TestFeed::new(Ticker.limits(limits)) }
    }

    async fn listen(&self) -> TestListener<u64> {
        self.feed.connect(&board("a"), Request::new(())).await.unwrap()
    }

    /// It loses its connection, and that is noticed.
    async fn lose(&self, listener: &mut TestListener<u64>) {
        listener.drop_connection();
        self.feed.advance(0).await;
    }

    async fn publish(&self, events: impl IntoIterator<Item = u64>) {
        for event in events {
            self.feed.rooms().publish(&board("a"), &event).await.unwrap();
        }
    }
}

/// What has reached a listener by now; time stands still.
async fn heard(listener: &mut TestListener<u64>, play: &Play) -> Vec<String> {
    play.feed.advance(0).await;
    std::iter::from_fn(|| listener.written()).collect()
}

fn said<T>(said: T) -> Heard<T> {
    Heard::Said(said)
}
