//! What a frame and a compressed message cost. `cargo bench -p roomful-websocket`

#![allow(missing_docs, reason = "criterion's macros make public functions")]
#![allow(clippy::expect_used, reason = "a bench that does not do its work must stop")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use roomful_websocket::deflate::{Deflater, Inflater};
use roomful_websocket::{Decoder, Opcode, encode};

const MAX_MESSAGE: usize = 64 * 1024;

/// A read of one masked text frame of 64 bytes.
fn decode(criterion: &mut Criterion) {
    let payload = [b'a'; 64];
    let key = [0x37, 0xFA, 0x21, 0x3D];
    let mut frame = vec![0x81, 0x80 | payload.len() as u8];
    frame.extend(key);
    frame.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    let (mut decoder, mut inflater) = (Decoder::new(MAX_MESSAGE, false), Inflater::new());
    let mut read = frame.clone();
    criterion.bench_function("decode a masked text frame of 64 B", |bencher| {
        bencher.iter(|| {
            // Decoding takes the mask off in place, so each turn needs the frame anew.
            read.copy_from_slice(black_box(&frame));
            let mut input = &mut read[..];
            let event = decoder.next(&mut input, &mut inflater).expect("the frame is legal");
            black_box(&event);
        });
    });
}

fn encode(criterion: &mut Criterion) {
    let payload = [b'a'; 64];
    let mut out = Vec::with_capacity(1024);
    criterion.bench_function("encode a text frame of 64 B", |bencher| {
        bencher.iter(|| {
            out.clear();
            encode::push_message(&mut out, Opcode::Text, black_box(&payload));
            black_box(&out);
        });
    });
}

fn deflate(criterion: &mut Criterion) {
    let payload = json();
    let (mut deflater, mut inflater) = (Deflater::new(), Inflater::new());
    let compressed = deflater.deflate(&payload).expect("JSON becomes smaller").to_vec();
    let mut group = criterion.benchmark_group("1 KiB of JSON");
    group.throughput(Throughput::Bytes(payload.len() as u64));
    group.bench_function("deflate", |bencher| {
        bencher.iter(|| {
            black_box(deflater.deflate(black_box(&payload)));
        });
    });
    group.bench_function("inflate", |bencher| {
        bencher.iter(|| {
            let inflated = inflater.inflate(black_box(&compressed), MAX_MESSAGE).expect("it was just deflated");
            black_box(inflated);
        });
    });
    group.finish();
}

/// A stroke on a board, with coordinates that repeat nowhere.
fn json() -> Vec<u8> {
    let mut json = String::from(r#"{"from":"u42","seq":123456,"t":"message","data":{"kind":"stroke","points":["#);
    for at in 0_u32.. {
        if json.len() >= 1024 {
            break;
        }
        json += &format!(r#"{{"x":{},"y":{}}},"#, at * 7919 % 1920, at * 6151 % 1080);
    }
    json.into_bytes()
}

criterion_group!(benches, decode, encode, deflate);
criterion_main!(benches);
