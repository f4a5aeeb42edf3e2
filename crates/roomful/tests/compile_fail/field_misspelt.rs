use roomful::Channel;

#[derive(Clone, Channel)]
#[channel("board/:boardId")]
struct Board {
    bord_id: String,
}

fn main() {}
