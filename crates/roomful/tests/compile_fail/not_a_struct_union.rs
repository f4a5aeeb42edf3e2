use roomful::Channel;

#[derive(Channel)]
#[channel("board/:boardId")]
union Board {
    board_id: u8,
}

fn main() {}
