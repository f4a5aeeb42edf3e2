//! The upgrade request, and what a server answers it.

/// The upgrade request for this path and these further header lines, each ended by `\r\n`.
pub fn request(path: &str, headers: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: cm9vbWZ1bC1iZW5jaC1rZQ==\r\n{headers}\r\n"
    )
}

/// The request for server-sent events at this path.
pub fn events(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n")
}

/// What the start of a connection's bytes is.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// Not all of it is there yet.
    Partial,
    /// The server agreed; this many bytes were its answer, and what follows are frames.
    Upgraded {
        /// Bytes of the answer.
        len: usize,
        /// Whether it took the offer of `permessage-deflate`.
        deflate: bool,
    },
    /// The server sends events from here on; this many bytes were its answer.
    Streams {
        /// Bytes of the answer.
        len: usize,
    },
    /// The server did not agree; its status line.
    Refused(String),
}

/// Reads a server's answer.
pub fn answer(bytes: &[u8]) -> Answer {
    let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else { return Answer::Partial };
    let head = String::from_utf8_lossy(&bytes[..end]);
    let status = head.lines().next().unwrap_or_default();
    match status.split_whitespace().nth(1) {
        Some("101") => {}
        Some("200") if head.to_ascii_lowercase().contains("text/event-stream") => {
            return Answer::Streams { len: end + 4 };
        }
        _ => return Answer::Refused(status.to_owned()),
    }
    let deflate = head.lines().any(|line| {
        let (name, value) = line.split_once(':').unwrap_or_default();
        name.eq_ignore_ascii_case("sec-websocket-extensions") && value.contains("permessage-deflate")
    });
    Answer::Upgraded { len: end + 4, deflate }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_when_it_is_whole() {
        let whole =
            b"HTTP/1.1 101 Switching Protocols\r\nsec-websocket-extensions: permessage-deflate\r\n\r\n\x81\x01x";
        assert_eq!(answer(whole), Answer::Upgraded { len: whole.len() - 3, deflate: true });
        assert_eq!(answer(&whole[..60]), Answer::Partial);
        assert_eq!(answer(b"HTTP/1.1 101 X\r\n\r\n"), Answer::Upgraded { len: 18, deflate: false });
        assert_eq!(
            answer(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\nid"),
            Answer::Streams { len: 52 }
        );
        assert_eq!(answer(b"HTTP/1.1 404 Not Found\r\n\r\n"), Answer::Refused("HTTP/1.1 404 Not Found".to_owned()));
    }
}
