use roomful::Channel;

#[derive(Clone, Channel)]
#[channel("board/:boardId")]
enum Board {
    One { board_id: String },
}

fn main() {}
