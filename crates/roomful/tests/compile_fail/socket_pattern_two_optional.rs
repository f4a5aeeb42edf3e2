use roomful::SocketDef;

#[derive(Clone, SocketDef)]
#[socket("doc/:docId?/:view?")]
struct Assistant {
    doc_id: Option<String>,
    view: Option<String>,
}

fn main() {}
