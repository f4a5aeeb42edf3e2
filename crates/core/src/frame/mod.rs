//! The frames of both dialects: [`decode()`] reads what a client sends, [`encode`] writes what a server sends.

pub mod decode;
pub mod encode;

pub use decode::{BadFrame, Body, ClientFrame, decode};
