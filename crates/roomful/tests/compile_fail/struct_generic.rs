use roomful::Channel;

#[derive(Clone, Channel)]
#[channel("board/:boardId", message = T)]
struct Board<T: Send> {
    board_id: String,
    message: std::marker::PhantomData<T>,
}

fn main() {}
