//! Any bytes, cut anywhere: the decoder must not panic, keep no more than it may, and come to the same however they are
//! cut.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/websocket/tests/protocol/oracle.rs"]
#[allow(dead_code, reason = "another target uses the rest")]
mod oracle;

fuzz_target!(|input: &[u8]| {
    let [options, size, bytes @ ..] = input else { return };
    let max_message = usize::from(options >> 1) * 8;
    let deflate = options & 1 == 1;
    let whole = oracle::decode([bytes], max_message, deflate);
    let size = usize::from(*size % 32) + 1;
    assert_eq!(oracle::decode(bytes.chunks(size), max_message, deflate), whole);
    let steps = (0..bytes.len()).step_by(size * 2).flat_map(|at| {
        let end = bytes.len().min(at + size * 2);
        let middle = end.min(at + 1 + at % size);
        [&bytes[at..middle], &bytes[middle..end]]
    });
    assert_eq!(oracle::decode(steps, max_message, deflate), whole);
});
