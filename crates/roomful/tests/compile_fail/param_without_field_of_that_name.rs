use roomful::Channel;

#[derive(Clone, Channel)]
#[channel("board/:0")]
struct Board;

fn main() {}
