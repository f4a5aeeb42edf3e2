use roomful::SocketChannel;

#[derive(Clone, SocketChannel)]
#[socket("doc/:docId")]
struct Assistant {
    #[socket(param = "doc")]
    id: String,
}

fn main() {}
