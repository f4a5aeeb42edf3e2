//! 1 (framing), 2 (pings and pongs), 3 (reserved bits) and 4 (opcodes).

use super::{Case, binary, check, ping, pong, text};
use crate::client::{BINARY, CLOSE, Frame, PING, PONG, TEXT};

const HELLO: &str = "Hello, world!";
const OCTETS: &[u8] = b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff";

#[test]
fn case_1_text_and_binary_messages_of_every_form_of_length() {
    for (at, length) in [0, 125, 126, 127, 128, 65535, 65536, 65536].into_iter().enumerate() {
        let payload = vec![b'*'; length];
        let message = text("*".repeat(length));
        Case::new(format!("1.1.{}", at + 1), [Frame::new(TEXT, payload)]).gives([message]).check();
        let payload = vec![0xFE; length];
        let message = binary(payload.clone());
        Case::new(format!("1.2.{}", at + 1), [Frame::new(BINARY, payload)]).gives([message]).check();
    }
}

#[test]
fn case_2_pings_and_pongs() {
    let ten = || (0..10).map(|at| format!("payload-{at}"));
    check([
        Case::new("2.1", [Frame::new(PING, "")]).gives([ping("")]),
        Case::new("2.2", [Frame::new(PING, HELLO)]).gives([ping(HELLO)]),
        Case::new("2.3", [Frame::new(PING, OCTETS)]).gives([ping(OCTETS)]),
        Case::new("2.4", [Frame::new(PING, [0xFE; 125])]).gives([ping([0xFE; 125])]),
        Case::new("2.5", [Frame::new(PING, [0xFE; 126])]).fails(1002),
        Case::new("2.6", [Frame::new(PING, [0xFE; 125])]).gives([ping([0xFE; 125])]),
        Case::new("2.7", [Frame::new(PONG, "")]).gives([pong("")]),
        Case::new("2.8", [Frame::new(PONG, "unsolicited pong payload")]).gives([pong("unsolicited pong payload")]),
        Case::new("2.9", [Frame::new(PONG, "unsolicited pong payload"), Frame::new(PING, "ping payload")])
            .gives([pong("unsolicited pong payload"), ping("ping payload")]),
        Case::new("2.10", ten().map(|payload| Frame::new(PING, payload))).gives(ten().map(ping)),
        Case::new("2.11", ten().map(|payload| Frame::new(PING, payload))).gives(ten().map(ping)),
    ]);
}

#[test]
fn case_3_reserved_bits_mean_nothing() {
    let hello = || Frame::new(TEXT, HELLO);
    let after_hello = |id: &str, reserved| {
        Case::new(id, [hello(), hello().reserved(reserved), Frame::new(PING, "")]).gives([text(HELLO)]).fails(1002)
    };
    check([
        Case::new("3.1", [hello().reserved(1)]).fails(1002),
        after_hello("3.2", 2),
        after_hello("3.3", 3),
        after_hello("3.4", 4),
        Case::new("3.5", [Frame::new(BINARY, OCTETS).reserved(5)]).fails(1002),
        Case::new("3.6", [Frame::new(PING, HELLO).reserved(6)]).fails(1002),
        Case::new("3.7", [Frame::new(CLOSE, "").reserved(7)]).fails(1002),
    ]);
}

#[test]
fn case_4_reserved_opcodes_mean_nothing() {
    let after_hello = |id: &str, frame| {
        Case::new(id, [Frame::new(TEXT, HELLO), frame, Frame::new(PING, "")]).gives([text(HELLO)]).fails(1002)
    };
    check([
        Case::new("4.1.1", [Frame::new(3, "")]).fails(1002),
        Case::new("4.1.2", [Frame::new(4, "reserved opcode payload")]).fails(1002),
        after_hello("4.1.3", Frame::new(5, "")),
        after_hello("4.1.4", Frame::new(6, HELLO)),
        after_hello("4.1.5", Frame::new(7, HELLO)),
        Case::new("4.2.1", [Frame::new(11, "")]).fails(1002),
        Case::new("4.2.2", [Frame::new(12, "reserved opcode payload")]).fails(1002),
        after_hello("4.2.3", Frame::new(13, "")),
        after_hello("4.2.4", Frame::new(14, HELLO)),
        after_hello("4.2.5", Frame::new(15, HELLO)),
    ]);
}
