use roomful::SocketDef;

#[derive(Clone, SocketDef)]
#[socket(message = String)]
enum Echo {
    Loud,
}

fn main() {}
