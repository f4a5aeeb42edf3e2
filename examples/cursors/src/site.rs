//! What the whole site shows: on which boards somebody is, and what happens on them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use roomful::{AsNumber, Channel, Deny, Feed, Live, Result, TS, Upgrade};
use serde::{Deserialize, Serialize};

use crate::clock::now;
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

/// A board, and how many people are on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Busy {
    pub board: String,
    pub people: u32,
}

/// So many boards are listed, those with the most people.
const MOST_LISTED: usize = 20;

/// The live value: the boards with somebody on them, the fullest first.
pub struct Boards(pub Directory);

impl Live for Boards {
    type Channel = Site;
    type Value = Vec<Busy>;

    async fn load(&self, _: &Site) -> Result<Vec<Busy>> {
        Ok(self.0.fullest(MOST_LISTED))
    }
}

/// Who is where, as the rooms tell it. In a service of yours it would be in the database.
#[derive(Debug, Clone, Default)]
pub struct Directory(Arc<Mutex<BTreeMap<String, u32>>>);

impl Directory {
    pub fn come(&self, board: &str) {
        let mut boards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let people = boards.entry(board.to_owned()).or_default();
        *people = people.saturating_add(1);
    }

    /// A board that nobody is on is forgotten.
    pub fn leave(&self, board: &str) {
        let mut boards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(people) = boards.get_mut(board) {
            *people -= 1;
            if *people == 0 {
                boards.remove(board);
            }
        }
    }

    fn fullest(&self, most: usize) -> Vec<Busy> {
        let boards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut busy: Vec<_> =
            boards.iter().map(|(board, people)| Busy { board: board.clone(), people: *people }).collect();
        drop(boards);
        busy.sort_by_key(|busy| std::cmp::Reverse(busy.people));
        busy.truncate(most);
        busy
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
    use crate::values::{Color, Fraction, Line};

    fn busy(board: &str, people: u32) -> Busy {
        Busy { board: board.to_owned(), people }
    }

    #[test]
    fn the_fullest_come_first_and_the_empty_are_forgotten() {
        let directory = Directory::default();
        for board in ["b", "a", "c", "c", "d"] {
            directory.come(board);
        }
        directory.leave("d");
        directory.leave("never there");
        assert_eq!(directory.fullest(5), [busy("c", 2), busy("a", 1), busy("b", 1)]);
        assert_eq!(directory.fullest(1), [busy("c", 2)]);
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
        let directory = Directory::default();
        let room = TestRoom::new(Cursors::of(directory.clone()));
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
        assert_eq!(directory.fullest(5), [busy("main", 2)]);

        second.leave().await;
        ben.leave().await;
        room.advance(5_000).await;
        let whats: Vec<_> = waiting(&mut heard).iter().map(|happening| happening.what).collect();
        assert_eq!(whats, [What::Left], "the other has a tab left");
        assert_eq!(directory.fullest(5), [busy("main", 1)]);
    }
}
