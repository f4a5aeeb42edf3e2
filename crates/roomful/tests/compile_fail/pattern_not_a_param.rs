use roomful::Channel;

#[derive(Clone, Channel)]
#[channel("board/:board-id")]
struct Board {
    board_id: String,
}

fn main() {}
