//! A client that writes bytes.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::support::within;

pub(crate) struct Raw {
    pub(crate) stream: TcpStream,
    read: Vec<u8>,
}

impl Raw {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).await.unwrap(), read: Vec::new() }
    }

    /// Keeps few of the bytes that it does not read.
    pub(crate) async fn connect_narrow(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        Self { stream: socket.connect(address).await.unwrap(), read: Vec::new() }
    }

    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        within("bytes are sent", self.stream.write_all(bytes.as_ref())).await.unwrap();
    }

    /// Connects, sends this, and reads to the end.
    pub(crate) async fn answer(address: SocketAddr, request: impl AsRef<[u8]>) -> String {
        let mut raw = Self::connect(address).await;
        raw.write(request).await;
        raw.rest().await
    }

    /// A response's head, and its body where that has a length.
    pub(crate) async fn response(&mut self) -> String {
        let head = loop {
            if let Some(end) = self.read.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            assert!(self.read_more().await, "the connection ended before a response");
        };
        let text = String::from_utf8(self.read[..head].to_vec()).unwrap();
        let length = text.to_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        let end = head + length.unwrap_or(0_usize);
        while self.read.len() < end {
            assert!(self.read_more().await, "the connection ended in a body");
        }
        String::from_utf8(self.read.drain(..end).collect()).unwrap()
    }

    /// Reads to the end of the connection, which may be a reset.
    pub(crate) async fn rest(&mut self) -> String {
        while self.read_more().await {}
        String::from_utf8_lossy(&std::mem::take(&mut self.read)).into_owned()
    }

    /// Reads until this has come.
    pub(crate) async fn until(&mut self, text: &str) {
        while !String::from_utf8_lossy(&self.read).contains(text) {
            assert!(self.read_more().await, "the connection ended before {text:?}");
        }
    }

    async fn read_more(&mut self) -> bool {
        within("the server says something", self.stream.read_buf(&mut self.read)).await.is_ok_and(|bytes| bytes > 0)
    }
}

pub(crate) fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("a response: {answer:?}"))
}

pub(crate) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n")
}

/// A request for a hall, with more lines, each ended by `\r\n`.
pub(crate) fn upgrade(more: &str) -> String {
    format!(
        "GET {} HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n",
        crate::support::target("h")
    )
}
