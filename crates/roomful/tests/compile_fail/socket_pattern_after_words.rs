use roomful::SocketChannel;

#[derive(Clone, SocketChannel)]
#[socket(message = String, "doc/:docId")]
struct Assistant {
    doc_id: String,
}

fn main() {}
