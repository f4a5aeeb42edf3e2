use roomful::Channel;

#[derive(Clone, Channel)]
#[channel("lobby", presence = String, presence = u8)]
struct Lobby;

fn main() {}
