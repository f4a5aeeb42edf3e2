use roomful::Channel;

#[derive(Clone, Channel)]
#[channel("board/:boardId")]
struct Board(String);

fn main() {}
