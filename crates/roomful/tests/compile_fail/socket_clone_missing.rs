use roomful::SocketDef;

#[derive(SocketDef)]
#[socket(message = String)]
struct Echo;

fn main() {}
