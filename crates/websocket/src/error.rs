//! Why the bytes of a client are refused.

/// A rule that a client broke. The connection is to be closed with [`close_code`](Self::close_code); nothing that
/// comes after is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// A reserved bit is set that no extension agreed on, or not on this kind of frame, gives a meaning.
    #[error("a frame has a reserved bit set that nothing negotiated gives a meaning (RFC 6455 §5.2, RFC 7692 §6)")]
    ReservedBit,
    /// An opcode that has no meaning.
    #[error("opcode {0:#x} is reserved (RFC 6455 §5.2)")]
    ReservedOpcode(u8),
    /// A client's frame without a mask.
    #[error("a client must mask its frames (RFC 6455 §5.1)")]
    Unmasked,
    /// A length written with more bytes than it needs.
    #[error("a payload length is not in its shortest form (RFC 6455 §5.2)")]
    LengthNotMinimal,
    /// A 64-bit length with its most significant bit set.
    #[error("a payload length has its most significant bit set (RFC 6455 §5.2)")]
    LengthOutOfRange,
    /// A ping, pong or close that is not its own last part.
    #[error("a control frame must not be fragmented (RFC 6455 §5.5)")]
    FragmentedControl,
    /// A ping, pong or close with more than 125 bytes.
    #[error("a control frame carries at most 125 bytes (RFC 6455 §5.5)")]
    LongControl,
    /// A continuation where no message has begun.
    #[error("a continuation frame continues nothing (RFC 6455 §5.4)")]
    NothingToContinue,
    /// A second message begins before the first has ended.
    #[error("a message begins inside another that is not finished (RFC 6455 §5.4)")]
    Interleaved,
    /// A close frame with one byte: too much for none, too little for a code.
    #[error("a close frame carries one byte, which is no status code (RFC 6455 §5.5.1)")]
    ShortClose,
    /// A close frame with a code that must not be sent.
    #[error("{0} is no status code that a close frame may carry (RFC 6455 §7.4)")]
    CloseCode(u16),
    /// Text, or the reason of a close, that is not UTF-8.
    #[error("text is not UTF-8 (RFC 6455 §8.1)")]
    NotUtf8,
    /// A compressed message that cannot be decompressed.
    #[error("a compressed message is no valid DEFLATE data (RFC 7692 §7.2.2)")]
    Inflate,
    /// A message of more bytes than the connection takes, whether so announced or once decompressed.
    #[error("a message has over {limit} bytes")]
    TooBig {
        /// The most bytes that a message may have.
        limit: usize,
    },
}

impl DecodeError {
    /// What the connection is to be closed with: 1002 (protocol error), 1007 (invalid payload) or 1009 (too big).
    #[must_use]
    pub fn close_code(&self) -> u16 {
        match self {
            Self::NotUtf8 | Self::Inflate => 1007,
            Self::TooBig { .. } => 1009,
            _ => 1002,
        }
    }
}
