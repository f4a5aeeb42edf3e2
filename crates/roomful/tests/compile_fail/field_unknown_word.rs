use roomful::Channel;

#[derive(Clone, Channel)]
#[channel("board/:boardId")]
struct Board {
    #[channel(name = "boardId")]
    board: String,
}

fn main() {}
