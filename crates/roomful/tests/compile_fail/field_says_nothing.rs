use roomful::Channel;

#[derive(Clone, Channel)]
#[channel("board/:boardId")]
struct Board {
    #[channel()]
    board_id: String,
}

fn main() {}
