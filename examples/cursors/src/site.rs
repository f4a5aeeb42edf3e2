//! What the whole site shows: on which boards somebody is, and what happens on them.

use std::sync::Arc;

use roomful::{AsNumber, Channel, Deny, Feed, Live, Result, TS, Upgrade};
use serde::{Deserialize, Serialize};

use crate::clock::now;
use crate::directory::{Busy, Directory};
use crate::values::Name;

/// The whole site, of which there is one.
#[derive(Debug, Clone, Channel)]
#[channel("site", event = Happening)]
pub struct Site;

/// Something that happened on a board. What was said there is for those who are there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Happening {
    pub board: String,
    pub what: What,
    /// The name that somebody shows of themselves, where that is known.
    #[ts(as = "Option<String>")]
    pub who: Option<Name>,
    /// Milliseconds since 1970.
    pub at: AsNumber<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum What {
    Came,
    Left,
    Spoke,
}

impl Happening {
    #[must_use]
    pub fn now(board: &str, what: What, who: Option<Name>) -> Self {
        Self { board: board.to_owned(), what, who, at: now() }
    }
}

/// The feed: each page hears what happens from when it is there.
pub struct Activity;

impl Feed for Activity {
    type Channel = Site;
    type Data = ();

    async fn data(&self, _: &Upgrade<Site>) -> Result<(), Deny> {
        Ok(())
    }
}

/// So many boards are listed, those with the most people.
const MOST_LISTED: u32 = 20;

/// The live value: the boards with somebody on them, the fullest first.
pub struct Boards(pub Arc<dyn Directory>);

impl Live for Boards {
    type Channel = Site;
    type Value = Vec<Busy>;

    async fn load(&self, _: &Site) -> Result<Vec<Busy>> {
        self.0.fullest(MOST_LISTED).await
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use axum::http::Request;
    use roomful::test::{TestMember, TestRoom};
    use roomful::{Heard, Subscription};

    use super::*;
    use crate::board::{Board, CursorState, Cursors, Say};
    use crate::directory::InMemory;
    use crate::values::{Color, Fraction, Line};

    async fn listed(directory: &InMemory) -> Vec<(String, u32)> {
        directory.fullest(5).await.unwrap().into_iter().map(|Busy { board, people }| (board, people)).collect()
    }

    async fn tab(room: &TestRoom<Cursors>, secret: &str) -> TestMember<Cursors> {
        let request = Request::builder().header("authorization", format!("Bearer {secret}")).body(()).unwrap();
        room.connect(&Board { board_id: "main".to_owned() }, request).await.unwrap()
    }

    /// What has been published by now.
    fn waiting(heard: &mut Subscription<Site>) -> Vec<Happening> {
        let mut context = Context::from_waker(Waker::noop());
        let next = || match pin!(heard.next()).poll(&mut context) {
            Poll::Ready(Some(Heard::Event(happening))) => Some(happening),
            _ => None,
        };
        std::iter::from_fn(next).collect()
    }

    #[tokio::test]
    async fn the_site_hears_of_people_and_not_of_tabs_nor_of_what_is_said() {
        let directory = Arc::new(InMemory::default());
        let room = TestRoom::new(Cursors::of(Arc::clone(&directory) as _));
        let mut heard = room.rooms().subscribe(&Site);
        let mut first = tab(&room, "0123456789abcdef0123456789abcdef").await;
        let second = tab(&room, "0123456789abcdef0123456789abcdef").await;
        let ben = tab(&room, "ffffffffffffffffffffffffffffffff").await;
        first.set_presence(&CursorState {
            x: Fraction::try_from(0.5).unwrap(),
            y: Fraction::try_from(0.5).unwrap(),
            name: Name::try_from("Ada".to_owned()).unwrap(),
            color: Color::Rose,
        });
        first.send(&Say { text: Line::try_from("a secret".to_owned()).unwrap() });
        first.settle().await;
        let happened = waiting(&mut heard);
        assert!(happened.iter().all(|happening| happening.board == "main"), "{happened:?}");
        let whats: Vec<_> = happened.iter().map(|happening| happening.what).collect();
        assert_eq!(whats, [What::Came, What::Came, What::Spoke]);
        assert_eq!(happened[2].who.as_ref().map(Name::as_str), Some("Ada"));
        assert_eq!(listed(&directory).await, [("main".to_owned(), 2)]);

        second.leave().await;
        ben.leave().await;
        room.advance(5_000).await;
        let whats: Vec<_> = waiting(&mut heard).iter().map(|happening| happening.what).collect();
        assert_eq!(whats, [What::Left], "the other has a tab left");
        assert_eq!(listed(&directory).await, [("main".to_owned(), 1)]);
    }
}
