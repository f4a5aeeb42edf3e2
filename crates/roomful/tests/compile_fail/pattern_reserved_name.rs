use roomful::Channel;

#[derive(Clone, Channel)]
#[channel("board/:constructor")]
struct Board {
    constructor: String,
}

fn main() {}
