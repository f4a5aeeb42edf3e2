use roomful::SocketChannel;

#[derive(Clone, SocketChannel)]
#[socket(message = String)]
enum Echo {
    Loud,
}

fn main() {}
