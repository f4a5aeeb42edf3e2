use roomful::Channel;

#[derive(Clone, Channel)]
#[channel("files/:path*")]
struct Files {
    path: Vec<String>,
}

fn main() {}
