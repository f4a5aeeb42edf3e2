//! The client against servers that say what a script has them say.

#![allow(clippy::expect_used, reason = "a server of a test has nobody to return an error to")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use roomful_bench::client::{Fleet, Offer};
use roomful_bench::clock::Clock;
use roomful_bench::dialect::Dialect;
use roomful_bench::failure::Failure;
use roomful_bench::mark::Mark;
use roomful_bench::tally::{Promise, Tally};

const UPGRADED: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";

/// A server for one connection, which answers the upgrade with `answer` and then does `play`.
fn serve(answer: &str, play: impl FnOnce(&mut TcpStream) + Send + 'static) -> (SocketAddr, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    let answer = answer.to_owned();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        stream.set_nodelay(true).expect("an option");
        let request = read_request(&mut stream);
        stream.write_all(answer.as_bytes()).expect("the answer");
        play(&mut stream);
        request
    });
    (address, server)
}

fn read_request(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).expect("a request");
        request.extend(byte);
    }
    String::from_utf8(request).expect("text")
}

fn text_frame(payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x81, u8::try_from(payload.len()).expect("a short message")];
    frame.extend(payload);
    frame
}

fn message(seq: u32) -> Vec<u8> {
    let mark = Mark { sender: 0, seq, sent: u64::from(u32::MAX) }.encode();
    text_frame(&[b"\"".as_slice(), &mark, b"\""].concat())
}

fn tally(dialect: Dialect) -> Tally {
    Tally::new(dialect, 1, 1, Promise::Every, Clock::start())
}

/// One connection to this server; polled until `done`.
fn talk(
    dialect: Dialect,
    address: SocketAddr,
    offer: Offer,
    tally: &mut Tally,
    done: impl Fn(&Fleet, &Tally) -> bool,
) -> Result<Fleet, Failure> {
    let mut fleet = Fleet::new(dialect, "bench")?;
    fleet.open(&[address], &["r0".to_owned()], offer, tally)?;
    while !done(&fleet, tally) {
        fleet.poll(tally, Duration::from_secs(5))?;
    }
    Ok(fleet)
}

#[test]
fn messages_are_counted_however_their_bytes_are_cut() {
    let bytes: Vec<u8> = (1..=5).flat_map(message).collect();
    let (address, server) = serve(UPGRADED, move |stream| {
        for byte in bytes {
            stream.write_all(&[byte]).expect("a byte");
        }
    });
    let mut tally = tally(Dialect::Relay);
    let fleet =
        talk(Dialect::Relay, address, Offer::Plain, &mut tally, |_, tally| tally.deliveries == 5).expect("five");
    assert_eq!(fleet.traffic.messages, 5);
    let request = server.join().expect("the server");
    assert!(request.starts_with("GET /?room=r0 HTTP/1.1\r\n"), "{request}");
}

#[test]
fn pings_are_answered_and_a_close_is_told_with_its_reason() {
    let (address, server) = serve(UPGRADED, |stream| {
        stream.write_all(b"\x89\x02hi").expect("a ping");
        let mut pong = [0; 8];
        stream.read_exact(&mut pong).expect("a pong");
        assert_eq!(pong[..2], [0x8a, 0x82], "masked, of two bytes");
        stream.write_all(b"\x88\x06\x03\xf5slow").expect("a close");
    });
    let failure = talk(Dialect::Relay, address, Offer::Plain, &mut tally(Dialect::Relay), |_, _| false);
    assert!(matches!(failure, Err(Failure::Ended { member: 0, ref why }) if why == "close 1013 slow"), "{failure:?}");
    server.join().expect("the server");
}

/// What the load generator lets a server owe an answer to at once.
const UNANSWERED: usize = 128;

#[test]
fn a_crowd_asks_at_once_and_the_rest_when_some_are_answered() {
    let rooms = vec!["r0".to_owned(); UNANSWERED + 44];
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    let server = std::thread::spawn(move || {
        let asked = |count: usize| -> Vec<TcpStream> {
            let accept = |_| {
                let (mut stream, _) = listener.accept().expect("a connection");
                read_request(&mut stream);
                stream
            };
            (0..count).map(accept).collect()
        };
        // Nobody is answered before all of these have asked.
        let mut open = asked(UNANSWERED);
        open.iter_mut().for_each(|stream| stream.write_all(UPGRADED.as_bytes()).expect("an answer"));
        let mut rest = asked(44);
        rest.iter_mut().for_each(|stream| stream.write_all(UPGRADED.as_bytes()).expect("an answer"));
        (open, rest)
    });
    let mut tally = Tally::new(Dialect::Relay, rooms.len(), 1, Promise::Every, Clock::start());
    let mut fleet = Fleet::new(Dialect::Relay, "bench").expect("a fleet");
    fleet.open_at_once(&[address], &rooms, Offer::Plain, &mut tally).expect("all are in");
    assert_eq!(fleet.len(), rooms.len());
    server.join().expect("the server");
}

#[test]
fn a_refusal_is_told_with_its_status() {
    let (address, server) = serve("HTTP/1.1 503 Service Unavailable\r\n\r\n", |_| {});
    let failure = talk(Dialect::Relay, address, Offer::Plain, &mut tally(Dialect::Relay), |_, _| false);
    assert!(failure.is_err_and(|failure| failure.to_string().contains("503")));
    server.join().expect("the server");
}

#[test]
fn what_is_compressed_is_offered_read_and_counted() {
    let answer = "HTTP/1.1 101 X\r\nSec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n\r\n";
    let (address, server) = serve(answer, |stream| {
        let plain = message(1);
        let mut bytes = Vec::with_capacity(256);
        let mut compress = flate2::Compress::new(flate2::Compression::default(), false);
        compress.compress_vec(&plain[2..], &mut bytes, flate2::FlushCompress::Sync).expect("room enough");
        bytes.truncate(bytes.len() - 4);
        let mut frame = text_frame(&bytes);
        frame[0] |= 0x40;
        stream.write_all(&frame).expect("a message");
    });
    let mut tally = tally(Dialect::Relay);
    let fleet =
        talk(Dialect::Relay, address, Offer::Deflate, &mut tally, |_, tally| tally.deliveries == 1).expect("one");
    assert_eq!(fleet.deflating(), 1);
    assert!(server.join().expect("the server").contains("Sec-WebSocket-Extensions: permessage-deflate"));
}

#[test]
fn socket_io_opens_its_namespace_and_answers_heartbeats() {
    let (address, server) = serve(UPGRADED, |stream| {
        stream.write_all(&text_frame(br#"0{"sid":"a","pingInterval":25000}"#)).expect("the handshake");
        let mut connect = [0; 8];
        stream.read_exact(&mut connect).expect("the namespace");
        stream.write_all(&text_frame(br#"40{"sid":"b"}"#)).expect("the answer");
        stream.write_all(&text_frame(b"2")).expect("a heartbeat");
        let mut pong = [0; 7];
        stream.read_exact(&mut pong).expect("its answer");
        stream.write_all(&message(1)).expect("a message");
    });
    let mut tally = tally(Dialect::SocketIo);
    talk(Dialect::SocketIo, address, Offer::Plain, &mut tally, |_, tally| tally.deliveries == 1).expect("one");
    server.join().expect("the server");
}

#[test]
fn a_connection_to_roomful_is_open_with_its_snapshot() {
    let (address, server) = serve(UPGRADED, |stream| {
        let snapshot = br#"{"t":"snapshot","self":"a","members":[{"id":"a"}]}"#;
        stream.write_all(&text_frame(snapshot)).expect("a snapshot");
    });
    let mut tally = tally(Dialect::Roomful);
    talk(Dialect::Roomful, address, Offer::Plain, &mut tally, |_, _| true).expect("a snapshot");
    assert_eq!(tally.rosters.map(|rosters| rosters.right(0..1)), Some(1));
    assert!(server.join().expect("the server").contains("Sec-WebSocket-Protocol: roomful.v1"));
}
