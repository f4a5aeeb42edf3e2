use roomful::SocketDef;

#[derive(Clone, SocketDef)]
#[socket(message = String, "doc/:docId")]
struct Assistant {
    doc_id: String,
}

fn main() {}
