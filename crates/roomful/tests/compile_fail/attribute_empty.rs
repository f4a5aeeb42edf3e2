use roomful::Channel;

#[derive(Clone, Channel)]
#[channel()]
struct Board {
    board_id: String,
}

fn main() {}
