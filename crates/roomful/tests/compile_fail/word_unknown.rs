use roomful::Channel;

#[derive(Clone, Channel)]
#[channel("lobby", mesage = String)]
struct Lobby;

fn main() {}
