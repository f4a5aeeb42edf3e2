use roomful::SocketDef;

#[derive(Clone, SocketDef)]
struct Echo;

fn main() {}
