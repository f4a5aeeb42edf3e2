use roomful::SocketChannel;

#[derive(SocketChannel)]
#[socket(message = String)]
struct Echo;

fn main() {}
