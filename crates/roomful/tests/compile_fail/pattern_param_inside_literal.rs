use roomful::Channel;

#[derive(Clone, Channel)]
#[channel("board:id")]
struct Board {
    id: String,
}

fn main() {}
