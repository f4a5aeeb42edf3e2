use roomful::Channel;

#[derive(Clone, Channel)]
#[channel("board/:boardId")]
struct Board {
    #[channel(param = "boardID")]
    board: String,
}

fn main() {}
