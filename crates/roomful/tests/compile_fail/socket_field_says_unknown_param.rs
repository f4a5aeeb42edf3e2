use roomful::SocketDef;

#[derive(Clone, SocketDef)]
#[socket("doc/:docId")]
struct Assistant {
    #[socket(param = "doc")]
    id: String,
}

fn main() {}
