//! What a client sent.

use std::borrow::Cow;

use crate::DecodeError;

/// A whole message or control frame, or that a part of a message has come. What lay whole in one read is borrowed from the read buffer, what was compressed
/// from the inflater; only what came in several parts is owned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    /// A text message.
    Text(Cow<'a, str>),
    /// A binary message.
    Binary(Cow<'a, [u8]>),
    /// A frame that is not the last of its message, of so many bytes. Its payload is kept until the message is whole; this is
    /// for whoever counts what a client sends.
    Fragment(usize),
    /// To be answered with a pong of the same at most 125 bytes.
    Ping(Cow<'a, [u8]>),
    /// At most 125 bytes.
    Pong(Cow<'a, [u8]>),
    /// The client's last frame. `None` where it gave no code, which an API calls 1005.
    Close(Option<CloseFrame<'a>>),
}

/// Why a client closes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseFrame<'a> {
    /// A code that may stand in a close frame, so one that may also be sent back.
    pub code: u16,
    /// At most 123 bytes, often none.
    pub reason: Cow<'a, str>,
}

impl Event<'_> {
    /// The same, which keeps nothing borrowed.
    #[must_use]
    pub fn into_owned(self) -> Event<'static> {
        match self {
            Self::Text(text) => Event::Text(Cow::Owned(text.into_owned())),
            Self::Binary(data) => Event::Binary(Cow::Owned(data.into_owned())),
            Self::Fragment(bytes) => Event::Fragment(bytes),
            Self::Ping(data) => Event::Ping(Cow::Owned(data.into_owned())),
            Self::Pong(data) => Event::Pong(Cow::Owned(data.into_owned())),
            Self::Close(frame) => Event::Close(
                frame.map(|CloseFrame { code, reason }| CloseFrame { code, reason: Cow::Owned(reason.into_owned()) }),
            ),
        }
    }
}

impl<'a> CloseFrame<'a> {
    /// What the payload of a close frame says.
    pub(crate) fn parse(payload: Cow<'a, [u8]>) -> Result<Option<Self>, DecodeError> {
        let code = match *payload {
            [] => return Ok(None),
            [_] => return Err(DecodeError::ShortClose),
            [high, low, ..] => u16::from_be_bytes([high, low]),
        };
        if !may_be_sent(code) {
            return Err(DecodeError::CloseCode(code));
        }
        let reason = match payload {
            Cow::Borrowed(payload) => Cow::Borrowed(payload.get(2..).unwrap_or_default()),
            Cow::Owned(mut payload) => {
                payload.drain(..2);
                Cow::Owned(payload)
            }
        };
        Ok(Some(Self { code, reason: text(reason)? }))
    }
}

pub(crate) fn text(payload: Cow<'_, [u8]>) -> Result<Cow<'_, str>, DecodeError> {
    match payload {
        Cow::Borrowed(payload) => str::from_utf8(payload).map(Cow::Borrowed).map_err(|_| DecodeError::NotUtf8),
        Cow::Owned(payload) => String::from_utf8(payload).map(Cow::Owned).map_err(|_| DecodeError::NotUtf8),
    }
}

/// The codes of RFC 6455 §7.4.1, those that IANA's registry has added (1012 to 1014), and the ranges that are free for
/// libraries and applications. 1004 to 1006 and 1015 mean something only inside an API.
fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}
