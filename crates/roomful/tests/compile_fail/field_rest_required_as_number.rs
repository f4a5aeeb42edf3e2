use roomful::Channel;

#[derive(Clone, Channel)]
#[channel("files/:path+")]
struct Files {
    path: u64,
}

fn main() {}
