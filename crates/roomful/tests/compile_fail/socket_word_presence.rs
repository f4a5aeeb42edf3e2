use roomful::SocketChannel;

#[derive(Clone, SocketChannel)]
#[socket(message = String, presence = String)]
struct Echo;

fn main() {}
