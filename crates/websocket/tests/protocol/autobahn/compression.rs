//! 12 (compressed messages of many kinds and sizes) and 13 (what is agreed on). Two messages are sent where the suite
//! sends a thousand, and its test data are made rather than read.

use flate2::{Decompress, FlushDecompress};
use roomful_websocket::Event;
use roomful_websocket::deflate::{self, Deflater};

use super::{Case, MAX_MESSAGE, binary, check, text};
use crate::client::{self, BINARY, COMPRESSED, CONTINUATION, Frame, PING, TEXT, fragments};

/// The length of the messages, and of the frames that they are sent in where they are not sent whole.
const SIZES: [(usize, usize); 18] = [
    (16, usize::MAX),
    (64, usize::MAX),
    (256, usize::MAX),
    (1024, usize::MAX),
    (4096, usize::MAX),
    (8192, usize::MAX),
    (16384, usize::MAX),
    (32768, usize::MAX),
    (65536, usize::MAX),
    (131072, usize::MAX),
    (8192, 256),
    (16384, 256),
    (32768, 256),
    (65536, 256),
    (131072, 256),
    (131072, 1024),
    (131072, 4096),
    (131072, 32768),
];

/// As much as two of the longest messages take.
const DATA: usize = 2 * 131072;

#[test]
fn case_12_messages_of_every_kind_and_size() {
    for (category, data) in (1..).zip([json(), picture(), noise(), verse(), html()]) {
        for (case, (length, frame)) in (1..).zip(SIZES) {
            check_echo(format!("12.{category}.{case}"), &data, length, frame);
        }
    }
}

#[test]
fn case_13_what_is_offered_is_answered_and_kept() {
    let agreed = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    let with_window = format!("{agreed}; server_max_window_bits=15");
    let offer = "permessage-deflate; client_no_context_takeover; client_max_window_bits";
    let data = json();
    for (category, parameters, answer) in [
        (1, "", Some(agreed)),
        (2, "; server_no_context_takeover", Some(agreed)),
        (3, "; server_max_window_bits=8", None),
        (4, "; server_max_window_bits=15", Some(&*with_window)),
        (5, "; server_no_context_takeover; server_max_window_bits=8", None),
        (6, "; server_no_context_takeover; server_max_window_bits=15", Some(&*with_window)),
    ] {
        let offer = format!("{offer}{parameters}");
        assert_eq!(deflate::negotiate([&*offer].into_iter()), answer, "case 13.{category}");
        for (case, (length, frame)) in (1..).zip(SIZES).filter(|_| answer.is_some()) {
            check_echo(format!("13.{category}.{case}"), &data, length, frame);
        }
    }
    let three = format!(
        "{offer}; server_no_context_takeover; server_max_window_bits=8, {offer}; server_no_context_takeover, {offer}"
    );
    assert_eq!(deflate::negotiate([&*three].into_iter()), Some(agreed), "case 13.7");
    for (case, (length, frame)) in (1..).zip(SIZES) {
        check_echo(format!("13.7.{case}"), &data, length, frame);
    }
}

/// RFC 7692 §6.1 and §7.2.2, which the suite leaves out.
#[test]
fn the_bit_that_says_compressed_stands_where_it_may_and_tells_the_truth() {
    let words = "presence ".repeat(40);
    let compressed = client::deflate(words.as_bytes());
    let (first, rest) = compressed.split_at(5);
    let message = |payload: &[u8]| Frame::new(TEXT, payload).reserved(COMPRESSED);
    let case = |name: &str, frames: &[Frame]| Case::new(name, frames.to_vec()).compressed();
    check([
        case("a message that is not compressed", &[Frame::new(TEXT, &*words)]).gives([text(&*words)]),
        case("on the first frame", &[message(first).unfinished(), Frame::new(CONTINUATION, rest)])
            .gives([text(&*words)]),
        case("on a continuation", &[message(first).unfinished(), Frame::new(CONTINUATION, rest).reserved(COMPRESSED)])
            .fails(1002),
        case("on a ping", &[Frame::new(PING, "").reserved(COMPRESSED)]).fails(1002),
        case("with another bit", &[Frame::new(TEXT, &*compressed).reserved(COMPRESSED | 1)]).fails(1002),
        case("what is not compressed", &[message(words.as_bytes())]).fails(1007),
        case("what is cut off", &[message(first)]).fails(1007),
        case("what is no text", &[message(&client::deflate(b"\xff\xff\xff"))]).fails(1007),
        case("a bomb", &[message(&client::deflate(&vec![b'0'; MAX_MESSAGE + 1]))]).fails(1009),
        case("as much as is allowed", &[message(&client::deflate(&vec![b'0'; MAX_MESSAGE]))])
            .gives([text("0".repeat(MAX_MESSAGE))]),
    ]);
}

/// What cannot be compressed becomes larger, and is taken all the same.
#[test]
fn a_message_of_the_largest_size_is_taken_that_was_made_larger_by_compressing_it() {
    let message = cut(&noise(), 0, MAX_MESSAGE);
    let compressed = client::deflate(payload(&message).1);
    assert!(compressed.len() > MAX_MESSAGE);
    let frame = Frame::new(BINARY, compressed).reserved(COMPRESSED);
    Case::new("noise", [frame]).compressed().gives([message]).check();
}

/// What a client compresses comes out as it was, and what is sent back is to the client what it was.
fn check_echo(id: String, data: &Event<'_>, length: usize, frame: usize) {
    let messages = [cut(data, 0, length), cut(data, length, length)];
    let frames = messages.iter().flat_map(|message| {
        let (opcode, payload) = payload(message);
        let mut frames = fragments(opcode, &client::deflate(payload), frame);
        frames[0].reserved = COMPRESSED;
        frames
    });
    let case = Case::new(id, frames).compressed().gives(messages.clone());
    let mut deflater = Deflater::new();
    for message in &messages {
        let (_, payload) = payload(message);
        if let Some(compressed) = deflater.deflate(payload) {
            assert!(inflate(compressed, payload.len()) == payload, "case {} sent back", case.id);
        }
    }
    case.check();
}

/// Independent of the crate's own.
fn inflate(compressed: &[u8], length: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(length + 1);
    let whole = [compressed, &[0, 0, 0xFF, 0xFF]].concat();
    Decompress::new(false).decompress_vec(&whole, &mut out, FlushDecompress::Sync).expect("valid DEFLATE data");
    out
}

fn payload<'a>(message: &'a Event<'_>) -> (u8, &'a [u8]) {
    match message {
        Event::Text(text) => (TEXT, text.as_bytes()),
        Event::Binary(data) => (BINARY, data),
        other => panic!("{other:?} is no message"),
    }
}

fn cut(data: &Event<'_>, from: usize, length: usize) -> Event<'static> {
    match data {
        Event::Text(data) => text(&data[from..from + length]),
        Event::Binary(data) => binary(&data[from..from + length]),
        other => panic!("{other:?} is no message"),
    }
}

/// Numbers that look like chance and are always the same.
fn random() -> impl FnMut() -> u32 {
    let mut state = 0x9E37_79B9_u32;
    move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    }
}

fn long_text(mut line: impl FnMut() -> String) -> Event<'static> {
    let mut data = String::new();
    while data.len() < DATA {
        data += &line();
    }
    text(data)
}

fn json() -> Event<'static> {
    let mut random = random();
    long_text(|| format!("{{\"id\":\"u{}\",\"x\":{},\"y\":{}}},", random() % 500, random() % 1920, random() % 1080))
}

fn html() -> Event<'static> {
    let mut random = random();
    long_text(|| format!("<li class=\"member\"><a href=\"/members/{}\">Member</a></li>\n", random()))
}

fn noise() -> Event<'static> {
    let mut random = random();
    binary((0..DATA).map(|_| random() as u8).collect::<Vec<_>>())
}

fn picture() -> Event<'static> {
    let mut random = random();
    binary((0..DATA).map(|at| (at % 512 / 2) as u8 ^ (random() % 4) as u8).collect::<Vec<_>>())
}

fn verse() -> Event<'static> {
    let words = ["Habe", "nun", "ach", "Philosophie", "Juristerei", "und", "Medizin", "durchaus", "studiert"];
    let mut random = random();
    binary(match long_text(|| format!("{} ", words[random() as usize % words.len()])) {
        Event::Text(text) => text.into_owned().into_bytes(),
        other => panic!("{other:?} is no text"),
    })
}
