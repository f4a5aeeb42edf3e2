//! Any bytes as a compressed message, and as a message to compress: the first stays within its bound, and the second
//! comes back as it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use roomful_websocket::deflate::{Deflater, Inflater};

fuzz_target!(|input: &[u8]| {
    let [limit, bytes @ ..] = input else { return };
    let limit = usize::from(*limit) * 64;
    let (mut deflater, mut inflater) = (Deflater::new(), Inflater::new());
    if let Ok(inflated) = inflater.inflate(bytes, limit) {
        assert!(inflated.len() <= limit);
    }
    if let Some(compressed) = deflater.deflate(bytes) {
        assert!(compressed.len() < bytes.len());
        assert_eq!(inflater.inflate(compressed, bytes.len()), Ok(bytes));
    }
});
