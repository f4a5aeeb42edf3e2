use roomful::SocketDef;

#[derive(Clone, SocketDef)]
#[socket(message = String)]
struct Assistant {
    doc_id: String,
}

fn main() {}
