use roomful::SocketChannel;

#[derive(Clone, SocketChannel)]
#[socket("doc/:docId?/:view?")]
struct Assistant {
    doc_id: Option<String>,
    view: Option<String>,
}

fn main() {}
