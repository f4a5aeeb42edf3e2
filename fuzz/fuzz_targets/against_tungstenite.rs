//! Any bytes: the decoder and tungstenite make the same of them, save where they are meant to differ.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/websocket/tests/protocol/oracle.rs"]
mod oracle;

fuzz_target!(|input: &[u8]| {
    let [limit, bytes @ ..] = input else { return };
    oracle::assert_agreement(bytes, usize::from(*limit) * 4);
});
