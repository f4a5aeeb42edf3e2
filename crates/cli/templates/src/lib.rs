//! The rooms, on whatever serves them.

use roomful::{Channel, Conn, Deny, Error, Result, Room, Rooms, RoomsBuilder, TS, Upgrade};
use serde::{Deserialize, Serialize};

/// One board. A value of this type is a room's key.
#[derive(Clone, Channel)]
#[channel("board/:boardId", message = Line, presence = Cursor)]
pub struct Board {
    /// Which.
    pub board_id: String,
}

/// What somebody says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Line {
    /// Not over 500 characters.
    pub text: String,
}

/// What somebody shows of themselves: where they point, in hundredths of the page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Cursor {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
}

/// Cursors and a chat.
#[derive(Debug, Clone, Copy)]
pub struct Cursors;

/// Longer lines are refused.
const LONGEST: usize = 500;

impl Room for Cursors {
    type Channel = Board;
    type Data = ();

    /// Who may come in: everybody. The guide's chapter "Who may connect" has what to write here.
    async fn data(&self, _: &Upgrade<Board>) -> Result<(), Deny> {
        Ok(())
    }

    async fn on_message(&self, conn: &Conn<Self>, line: Line) -> Result {
        if line.text.chars().count() > LONGEST {
            return Err(Error::msg("the line is too long"));
        }
        conn.broadcast_all(&line)
    }
}

/// All rooms of the app.
pub fn rooms() -> RoomsBuilder {
    Rooms::new().module("board", |m| m.room("cursors", Cursors))
}

#[cfg(test)]
mod tests {
    use roomful::test::{Event, TestRoom};

    use super::*;

    fn main_board() -> Board {
        Board { board_id: "main".to_owned() }
    }

    #[tokio::test]
    async fn what_one_says_everybody_hears() {
        let room = TestRoom::new(Cursors);
        let mut ann = room.join(main_board(), ()).await;
        let mut ben = room.join(main_board(), ()).await;
        let line = Line { text: "hello".to_owned() };
        assert_eq!(ann.next().await, Event::join(&ben, None));
        ann.send(&line);
        assert_eq!(ann.next().await, Event::message(&ann, line.clone()));
        assert_eq!(ben.next().await, Event::message(&ann, line));
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_reaches_nobody() {
        let room = TestRoom::new(Cursors);
        let ann = room.join(main_board(), ()).await;
        let mut ben = room.join(main_board(), ()).await;
        ann.send(&Line { text: "x".repeat(LONGEST + 1) });
        let line = Line { text: "next".to_owned() };
        ann.send(&line);
        assert_eq!(ben.next().await, Event::message(&ann, line));
    }
}
