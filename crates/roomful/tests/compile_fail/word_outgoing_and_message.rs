use roomful::Channel;

#[derive(Clone, Channel)]
#[channel("lobby", outgoing = String, message = String)]
struct Lobby;

fn main() {}
