use roomful::Channel;

#[derive(Clone, Channel)]
#[channel("board/:boardId")]
struct Board {
    board_id: String,
    view: Option<String>,
}

fn main() {}
