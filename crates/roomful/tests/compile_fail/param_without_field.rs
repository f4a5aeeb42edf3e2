use roomful::Channel;

#[derive(Clone, Channel)]
#[channel("board/:boardId/:view?")]
struct Board {
    board_id: String,
}

fn main() {}
