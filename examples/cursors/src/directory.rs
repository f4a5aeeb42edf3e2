//! How many people are on which board, as the boards tell it.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::future::ready;
use std::sync::{Mutex, PoisonError};

use roomful::{BoxFuture, MaybeSend, MaybeSync, Result, TS};
use serde::{Deserialize, Serialize};

/// A board, and how many people are on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Busy {
    pub board: String,
    pub people: u32,
}

/// Where that is kept. In a service of yours it is a table of the database; in Durable Objects, an object of its own.
pub trait Directory: MaybeSend + MaybeSync + 'static {
    /// So many people are on that board. One that nobody is on is forgotten.
    fn set(&self, board: Busy) -> BoxFuture<'_, Result>;

    /// So many boards, the fullest first.
    fn fullest(&self, most: u32) -> BoxFuture<'_, Result<Vec<Busy>>>;
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
