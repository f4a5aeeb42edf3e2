//! The live cursor board.
fn main() {}
