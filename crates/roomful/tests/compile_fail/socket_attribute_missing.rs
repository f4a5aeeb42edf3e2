use roomful::SocketChannel;

#[derive(Clone, SocketChannel)]
struct Echo;

fn main() {}
