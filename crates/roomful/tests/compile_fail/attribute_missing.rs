use roomful::Channel;

#[derive(Clone, Channel)]
struct Board {
    board_id: String,
}

fn main() {}
