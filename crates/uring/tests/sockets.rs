//! The ring over real sockets.
//!
//! Where io_uring is forbidden these fail, unless `ROOMFUL_URING_FORBIDDEN=1` says that it has to be: then each sees
//! that the probe says so.
#![cfg(all(target_os = "linux", not(miri)))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here is a failed test")]

use std::env;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use roomful_uring::{Ring, Sent, SocketSend, Unavailable};

fn ring() -> Option<Ring> {
    let probed = Ring::probe();
    if env::var_os("ROOMFUL_URING_FORBIDDEN").is_some() {
        assert!(matches!(probed, Err(Unavailable::Forbidden(_) | Unavailable::CannotSend(_))), "{probed:?}");
        return None;
    }
    match probed {
        Ok(ring) => Some(ring),
        Err(unavailable) => panic!("{unavailable}; ROOMFUL_URING_FORBIDDEN=1 runs these tests without it"),
    }
}

/// A connection over loopback.
fn tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (far, _) = listener.accept().unwrap();
    near.set_nodelay(true).unwrap();
    (near, far)
}

fn send_one(ring: &mut Ring, send: SocketSend<'_>) -> Sent {
    let mut results = Vec::new();
    ring.send_many(&[send], &mut results).unwrap();
    assert_eq!(results.len(), 1);
    results.remove(0)
}

/// Bytes that differ by receiver and by round.
fn pattern(receiver: usize, round: usize, len: usize) -> Vec<u8> {
    (0..len).map(|at| (receiver * 31 + round * 7 + at) as u8).collect()
}

#[test]
fn each_socket_gets_its_own_bytes_in_order() {
    const ROUNDS: usize = 20;
    const SOCKETS: usize = 300;
    let Some(mut ring) = ring() else { return };
    let streams: Vec<_> = (0..SOCKETS).map(|_| UnixStream::pair().unwrap()).collect();
    let connections: Vec<_> = (0..SOCKETS / 10).map(|_| tcp()).collect();
    let near = || streams.iter().map(|(near, _)| near.as_fd()).chain(connections.iter().map(|(near, _)| near.as_fd()));

    let mut results = Vec::new();
    for round in 0..ROUNDS {
        let bytes: Vec<_> = (0..near().count()).map(|receiver| pattern(receiver, round, 1 + receiver % 90)).collect();
        let sends: Vec<_> = near()
            .zip(&bytes)
            .enumerate()
            .map(|(receiver, (socket, bytes))| {
                let (first, second) = bytes.split_at((receiver + round) % 7 % bytes.len());
                SocketSend::pieces(socket, first, second)
            })
            .collect();
        ring.send_many(&sends, &mut results).unwrap();
        assert_eq!(results.len(), sends.len());
        for (result, send) in results.iter().zip(&sends) {
            assert!(matches!(result, Sent::Bytes(bytes) if *bytes == send.len()), "{result:?}");
        }
    }

    let receivers = streams.into_iter().map(|(near, far)| drain(near, far));
    let receivers = receivers.chain(connections.into_iter().map(|(near, far)| drain(near, far)));
    for (receiver, received) in receivers.enumerate() {
        let expected: Vec<_> = (0..ROUNDS).flat_map(|round| pattern(receiver, round, 1 + receiver % 90)).collect();
        assert!(received == expected, "receiver {receiver}");
    }
}

/// Closes one side, and reads what the other one has got.
fn drain<S: Read>(near: S, mut far: S) -> Vec<u8> {
    drop(near);
    let mut received = Vec::new();
    far.read_to_end(&mut received).unwrap();
    received
}

/// Full, then emptied, then written to again. The socket is one for which a write of the standard library's waits.
fn is_full_and_later_is_not<S: Read + AsFd>(near: &S, far: &mut S)
where
    for<'a> &'a S: Write,
{
    let Some(mut ring) = ring() else { return };
    let bytes = pattern(1, 1, 100_000);
    let mut expected = Vec::new();
    loop {
        match send_one(&mut ring, SocketSend::pieces(near.as_fd(), &bytes[..100], &bytes[100..])) {
            Sent::Bytes(taken) => expected.extend_from_slice(&bytes[..taken]),
            Sent::WouldBlock => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(!expected.is_empty());
    assert!(matches!(send_one(&mut ring, SocketSend::new(near.as_fd(), b"more")), Sent::WouldBlock));

    let mut received = vec![0; expected.len()];
    far.read_exact(&mut received).unwrap();
    assert!(received == expected);
    // That there is room may be news on its way still. A write waits for it.
    let mut waited = 0;
    while matches!(send_one(&mut ring, SocketSend::new(near.as_fd(), b"more")), Sent::WouldBlock) {
        { near }.write_all(b".").unwrap();
        waited += 1;
    }
    let mut received = vec![0; waited + 4];
    far.read_exact(&mut received).unwrap();
    assert_eq!(received, [&b".".repeat(waited)[..], b"more"].concat());
}

#[test]
fn a_full_stream_takes_nothing_until_it_is_read() {
    let (near, mut far) = UnixStream::pair().unwrap();
    is_full_and_later_is_not(&near, &mut far);
}

#[test]
fn a_full_connection_takes_nothing_until_it_is_read() {
    let (near, mut far) = tcp();
    is_full_and_later_is_not(&near, &mut far);
}

#[test]
fn a_full_socket_does_not_keep_others_waiting() {
    let Some(mut ring) = ring() else { return };
    let (full, _unread) = UnixStream::pair().unwrap();
    full.set_nonblocking(true).unwrap();
    while (&full).write(&[0; 10_000]).is_ok() {}
    let (near, far) = UnixStream::pair().unwrap();
    let mut results = Vec::new();
    ring.send_many(&[SocketSend::new(full.as_fd(), b"x"), SocketSend::new(near.as_fd(), b"y")], &mut results).unwrap();
    assert!(matches!(results[..], [Sent::WouldBlock, Sent::Bytes(1)]), "{results:?}");
    assert_eq!(drain(near, far), b"y");
}

#[test]
fn a_peer_that_closed_is_an_error_of_its_socket_alone() {
    let Some(mut ring) = ring() else { return };
    let (gone, its_peer) = UnixStream::pair().unwrap();
    drop(its_peer);
    let (mut reset, its_peer) = tcp();
    reset.write_all(b"unread").unwrap();
    its_peer.peek(&mut [0]).unwrap();
    // It closes with something unread, which resets the connection; the read waits for that.
    drop(its_peer);
    assert_eq!(reset.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    let (near, far) = tcp();

    let sockets = [gone.as_fd(), reset.as_fd(), near.as_fd()];
    let sends = sockets.map(|socket| SocketSend::new(socket, b"hello"));
    let mut results = Vec::new();
    ring.send_many(&sends, &mut results).unwrap();
    let [Sent::Failed(first), Sent::Failed(second), Sent::Bytes(5)] = &results[..] else { panic!("{results:?}") };
    assert_eq!([first.kind(), second.kind()], [ErrorKind::BrokenPipe; 2]);
    assert_eq!(drain(near, far), b"hello");
}

#[test]
fn what_is_no_socket_is_an_error() {
    let Some(mut ring) = ring() else { return };
    let file = File::open("/dev/null").unwrap();
    assert!(matches!(send_one(&mut ring, SocketSend::new(file.as_fd(), b"x")), Sent::Failed(_)));
}

#[test]
fn nothing_to_send_is_no_error() {
    let Some(mut ring) = ring() else { return };
    let mut results = vec![Sent::NotTried];
    ring.send_many(&[], &mut results).unwrap();
    assert!(results.is_empty());

    let (near, far) = tcp();
    assert!(matches!(send_one(&mut ring, SocketSend::new(near.as_fd(), b"")), Sent::Bytes(0)));
    assert!(matches!(send_one(&mut ring, SocketSend::pieces(near.as_fd(), b"", b"")), Sent::Bytes(0)));
    assert!(drain(near, far).is_empty());
}
