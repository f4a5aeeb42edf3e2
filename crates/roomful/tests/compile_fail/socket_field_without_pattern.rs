use roomful::SocketChannel;

#[derive(Clone, SocketChannel)]
#[socket(message = String)]
struct Assistant {
    doc_id: String,
}

fn main() {}
