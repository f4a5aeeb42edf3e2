//! The server's half of the WebSocket protocol (RFC 6455), with permessage-deflate (RFC 7692), as a library of values.
//!
//! This crate is for what lies between a socket's bytes and its messages: [`Decoder`] takes [`Event`]s from the bytes
//! that a client sent, [`encode`] makes the bytes of what the server sends, [`handshake`] answers the client's key and
//! [`deflate`] makes messages smaller.
//!
//! It must never do I/O, read a clock, spawn or be `async`, and it must never keep more of a connection than the part
//! that has come of a frame or a message, bounded by what the decoder was made with. That is what lets thousands of
//! sockets share one read buffer, and one [`Inflater`](deflate::Inflater).
//!
//! It is strict: what the RFC forbids a client is a [`DecodeError`], as early as it can be seen, and its
//! [`close_code`](DecodeError::close_code) is what the connection is to be closed with.
//!
//! ```
//! use roomful_websocket::{Decoder, Event, deflate::Inflater};
//!
//! let mut decoder = Decoder::new(64 * 1024, false);
//! let mut inflater = Inflater::new();
//! // One read of the socket: a whole masked frame, and the first byte of another.
//! let mut read = [0x81, 0x82, 1, 2, 3, 4, b'h' ^ 1, b'i' ^ 2, 0x81];
//! let mut input = &mut read[..];
//! let mut texts = Vec::new();
//! while let Some(event) = decoder.next(&mut input, &mut inflater)? {
//!     if let Event::Text(text) = event {
//!         texts.push(text.into_owned());
//!     }
//! }
//! assert_eq!(texts, ["hi"]);
//! # Ok::<(), roomful_websocket::DecodeError>(())
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod deflate;
pub mod encode;
pub mod handshake;

mod decode;
mod error;
mod event;
mod header;
mod mask;
mod opcode;

pub use decode::Decoder;
pub use error::DecodeError;
pub use event::{CloseFrame, Event};
pub use opcode::Opcode;
