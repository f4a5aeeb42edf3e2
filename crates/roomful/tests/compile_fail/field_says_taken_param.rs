use roomful::Channel;

#[derive(Clone, Channel)]
#[channel("board/:boardId")]
struct Board {
    #[channel(param = "boardId")]
    board: String,
    #[channel(param = "boardId")]
    other: String,
}

fn main() {}
