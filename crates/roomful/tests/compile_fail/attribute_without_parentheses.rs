use roomful::Channel;

#[derive(Clone, Channel)]
#[channel = "lobby"]
struct Lobby;

fn main() {}
