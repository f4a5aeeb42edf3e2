use roomful::Channel;

#[derive(Clone, Channel)]
#[channel("lobby", message = String, incoming = String)]
struct Lobby;

fn main() {}
