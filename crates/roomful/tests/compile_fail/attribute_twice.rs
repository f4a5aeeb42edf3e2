use roomful::Channel;

#[derive(Clone, Channel)]
#[channel("lobby")]
#[channel(message = String)]
struct Lobby;

fn main() {}
