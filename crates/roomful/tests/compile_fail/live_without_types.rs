use roomful::{Channel, Live, Result};
use serde::Serialize;

#[derive(Clone, Channel)]
#[channel("board/:boardId")]
struct Board {
    board_id: String,
}

#[derive(Serialize)]
struct Task {
    title: String,
}

struct Tasks;

impl Live for Tasks {
    type Channel = Board;
    type Value = Vec<Task>;

    async fn load(&self, board: &Board) -> Result<Vec<Task>> {
        Ok(vec![Task { title: board.board_id.clone() }])
    }
}

fn main() {}
