use roomful::Channel;

#[derive(Channel)]
#[channel("board/:boardId")]
struct Board {
    board_id: String,
}

fn main() {}
