use roomful::SocketDef;

#[derive(Clone, SocketDef)]
#[socket(message = String, presence = String)]
struct Echo;

fn main() {}
