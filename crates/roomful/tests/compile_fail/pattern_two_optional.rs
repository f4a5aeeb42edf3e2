use roomful::Channel;

#[derive(Clone, Channel)]
#[channel("board/:folder*/:view?")]
struct Board {
    folder: Option<String>,
    view: Option<String>,
}

fn main() {}
