use roomful::Channel;

#[derive(Clone, Channel)]
#[channel("board/:boardId")]
struct Board {
    #[channel(param = "boardId", param = "boardId")]
    board: String,
}

fn main() {}
