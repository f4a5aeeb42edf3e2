use roomful::Channel;

#[derive(Clone, Channel)]
#[channel("board/:id/card/:id")]
struct Board {
    id: String,
}

fn main() {}
