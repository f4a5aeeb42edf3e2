//! How many people are on which board, as the boards tell it.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::future::ready;
use std::sync::{Mutex, PoisonError};

use roomful::{BoxFuture, MaybeSend, MaybeSync, Result, Rooms};

use crate::board::Board;
use crate::site::Busy;

/// Where that is kept. In a service of yours it is a table of the database; in Durable Objects, an object of its own.
pub trait Directory: MaybeSend + MaybeSync + 'static {
    /// So many people are on that board. One that nobody is on is forgotten.
    fn set(&self, board: Busy) -> BoxFuture<'_, Result>;

    /// So many boards, the fullest first.
    fn fullest(&self, most: u32) -> BoxFuture<'_, Result<Vec<Busy>>>;
}

impl dyn Directory {
    /// Has how many people are on that board now. Who comes and who goes may tell of it at once, and be heard in either order: so
    /// whoever has told looks again. To add and to take away would be wrong for ever once a server is gone that had people on it.
    pub async fn recount(&self, rooms: &Rooms, board: &Board) -> Result {
        let mut told = None;
        loop {
            let people = rooms.at(board).users().await?.len();
            if told == Some(people) {
                return Ok(());
            }
            let busy = Busy { board: board.board_id.clone(), people: u32::try_from(people).unwrap_or(u32::MAX) };
            self.set(busy).await?;
            told = Some(people);
        }
    }
}

/// In the memory of one process.
#[derive(Debug, Default)]
pub struct InMemory(Mutex<BTreeMap<String, u32>>);

impl Directory for InMemory {
    fn set(&self, Busy { board, people }: Busy) -> BoxFuture<'_, Result> {
        let mut boards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match people {
            0 => boards.remove(&board),
            _ => boards.insert(board, people),
        };
        Box::pin(ready(Ok(())))
    }

    fn fullest(&self, most: u32) -> BoxFuture<'_, Result<Vec<Busy>>> {
        let boards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut busy: Vec<_> =
            boards.iter().map(|(board, people)| Busy { board: board.clone(), people: *people }).collect();
        drop(boards);
        busy.sort_by_key(|busy| Reverse(busy.people));
        busy.truncate(most as usize);
        Box::pin(ready(Ok(busy)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy(board: &str, people: u32) -> Busy {
        Busy { board: board.to_owned(), people }
    }

    #[tokio::test]
    async fn the_fullest_come_first_and_the_empty_are_forgotten() {
        let directory = InMemory::default();
        for (board, people) in [("b", 1), ("a", 1), ("c", 1), ("d", 1), ("c", 2), ("d", 0), ("never there", 0)] {
            directory.set(busy(board, people)).await.unwrap();
        }
        assert_eq!(directory.fullest(5).await.unwrap(), [busy("c", 2), busy("a", 1), busy("b", 1)]);
        assert_eq!(directory.fullest(1).await.unwrap(), [busy("c", 2)]);
    }
}
