use roomful::Channel;

#[derive(Clone, Channel)]
#[channel("lobby", message)]
struct Lobby;

fn main() {}
