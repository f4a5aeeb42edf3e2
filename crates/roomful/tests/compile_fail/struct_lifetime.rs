use roomful::Channel;

#[derive(Clone, Channel)]
#[channel("board/:boardId")]
struct Board<'a> {
    board_id: &'a str,
}

fn main() {}
