use roomful::Channel;

#[derive(Clone, Channel)]
#[channel(message = String)]
struct Lobby;

fn main() {}
