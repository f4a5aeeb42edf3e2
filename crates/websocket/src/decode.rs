//! From bytes to events.

use std::borrow::Cow;
use std::mem;

use crate::deflate::Inflater;
use crate::event;
use crate::header::{self, Header};
use crate::mask::Mask;
use crate::{CloseFrame, DecodeError, Event, Opcode};

/// What a server keeps of one client's stream: a few words, and the bytes of a frame or message of which the rest has
/// not come yet.
///
/// The bytes of a read go in as they come, wherever they are cut; after each read [`next`](Self::next) is called until
/// it has nothing more.
#[derive(Debug)]
pub struct Decoder {
    /// What has come of the message, unmasked; behind it what has come of a control frame that stands inside it.
    kept: Vec<u8>,
    max_message: usize,
    state: State,
    message: Option<Message>,
    deflate: bool,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// The next byte belongs to a frame's head, of which these have come.
    Head { bytes: [u8; header::LONGEST], length: u8 },
    /// The next byte belongs to the payload of this frame.
    Payload(Frame),
    /// A close has come, or an error.
    Ended,
}

/// A frame whose head has come.
#[derive(Debug, Clone, Copy)]
struct Frame {
    opcode: Opcode,
    fin: bool,
    mask: Mask,
    length: usize,
    /// How much of the payload is kept.
    received: usize,
}

/// A message that has begun.
#[derive(Debug, Clone, Copy)]
struct Message {
    is_text: bool,
    compressed: bool,
    /// How many of the last kept bytes begin a character and do not end it.
    unfinished: u8,
}

/// A frame of which all has come.
enum Complete<'a> {
    /// Its message goes on. So many bytes of it came with this frame.
    Fragment(usize),
    Control(Opcode, Cow<'a, [u8]>),
    Message(Message, Cow<'a, [u8]>),
}

impl Decoder {
    /// A decoder at the beginning of a stream. `max_message` is the most bytes that a message may have, in whatever
    /// parts it comes and however small it was compressed. `deflate` says whether permessage-deflate was agreed on.
    #[must_use]
    pub fn new(max_message: usize, deflate: bool) -> Self {
        Self { kept: Vec::new(), max_message, state: State::START, message: None, deflate }
    }

    /// Takes one event, and the bytes that it was made of, from the front of `input`. `Ok(None)` says that all of
    /// `input` was taken and no event is whole.
    ///
    /// After a [`Close`](Event::Close) and after an error the stream is at its end: whatever else comes in is taken
    /// and forgotten.
    ///
    /// At most `max_message` bytes are kept, and beside them what a control frame carries or what compressing makes an
    /// incompressible message larger by.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] as soon as the bytes show it, and once.
    pub fn next<'e, 'a: 'e>(
        &mut self,
        input: &mut &'a mut [u8],
        inflater: &'e mut Inflater,
    ) -> Result<Option<Event<'e>>, DecodeError> {
        let event = match self.next_complete(input) {
            Ok(Some(complete)) => self.event(complete, inflater).map(Some),
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        if matches!(event, Err(_) | Ok(Some(Event::Close(_)))) {
            self.state = State::Ended;
            self.kept = Vec::new();
            *input = &mut [];
        }
        event
    }

    /// Whether a close or an error has ended the stream.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// Whether nothing has begun that is not whole: no message, and no frame.
    #[must_use]
    pub fn is_between_messages(&self) -> bool {
        self.message.is_none() && matches!(self.state, State::Head { length: 0, .. } | State::Ended)
    }

    /// Bytes on the heap that are kept for what has not come whole.
    #[must_use]
    pub fn kept_bytes(&self) -> usize {
        self.kept.capacity()
    }

    fn next_complete<'a>(&mut self, input: &mut &'a mut [u8]) -> Result<Option<Complete<'a>>, DecodeError> {
        let frame = match self.state {
            State::Head { bytes, length } => match self.take_head(bytes, length, input)? {
                Some(frame) => frame,
                None => return Ok(None),
            },
            State::Payload(frame) => frame,
            State::Ended => {
                *input = &mut [];
                return Ok(None);
            }
        };
        match whole_payload(frame, input) {
            Some(payload) => self.finish_borrowed(frame, payload).map(Some),
            None => Ok(self.keep_part(frame, input)?.map(|frame| self.finish_kept(frame))),
        }
    }

    /// Takes the rest of a frame's head from `input`, of which `length` bytes came before.
    fn take_head(
        &mut self,
        mut bytes: [u8; header::LONGEST],
        length: u8,
        input: &mut &mut [u8],
    ) -> Result<Option<Frame>, DecodeError> {
        // Almost always a head lies whole in the input, where nothing need be copied.
        if length == 0
            && let Some((header, size)) = header::parse(input, self.deflate)?
        {
            return self.accept(header, size, input).map(Some);
        }
        let before = usize::from(length);
        let mut known = before;
        for (place, byte) in bytes.iter_mut().skip(before).zip(input.iter()) {
            *place = *byte;
            known += 1;
        }
        match header::parse(bytes.get(..known).unwrap_or_default(), self.deflate)? {
            Some((header, size)) => self.accept(header, size - before, input).map(Some),
            None => {
                *input = &mut [];
                self.state = State::Head { bytes, length: known as u8 };
                Ok(None)
            }
        }
    }

    /// Takes the last `size` bytes of a head from `input`, and checks what it says against the stream so far.
    fn accept(&mut self, header: Header, size: usize, input: &mut &mut [u8]) -> Result<Frame, DecodeError> {
        *input = mem::take(input).get_mut(size..).unwrap_or_default();
        let Header { fin, compressed, opcode, length, mask } = header;
        match (opcode, self.message) {
            (Opcode::Continuation, None) => return Err(DecodeError::NothingToContinue),
            (Opcode::Text | Opcode::Binary, Some(_)) => return Err(DecodeError::Interleaved),
            (Opcode::Text | Opcode::Binary, None) => {
                self.message = Some(Message { is_text: opcode == Opcode::Text, compressed, unfinished: 0 });
            }
            (Opcode::Continuation, Some(_)) | (Opcode::Close | Opcode::Ping | Opcode::Pong, _) => {}
        }
        let too_big = DecodeError::TooBig { limit: self.max_message };
        let length = usize::try_from(length).map_err(|_| too_big)?;
        if !opcode.is_control() && length > self.max_kept().saturating_sub(self.kept.len()) {
            return Err(too_big);
        }
        let frame = Frame { opcode, fin, mask, length, received: 0 };
        self.state = State::Payload(frame);
        Ok(frame)
    }

    /// The most bytes that are kept of a message. What cannot be compressed becomes a little larger when it is: zlib
    /// adds less than a thousandth and a few bytes.
    fn max_kept(&self) -> usize {
        match self.message {
            Some(Message { compressed: true, .. }) => self.max_message.saturating_add(self.max_message / 1024 + 64),
            _ => self.max_message,
        }
    }

    /// A frame that lay whole in the input, unmasked.
    fn finish_borrowed<'a>(&mut self, frame: Frame, payload: &'a [u8]) -> Result<Complete<'a>, DecodeError> {
        self.state = State::START;
        if frame.opcode.is_control() {
            return Ok(Complete::Control(frame.opcode, Cow::Borrowed(payload)));
        }
        if frame.fin
            && self.kept.is_empty()
            && let Some(message) = self.message.take()
        {
            return Ok(Complete::Message(message, Cow::Borrowed(payload)));
        }
        self.reserve(frame, payload.len(), payload.len());
        self.kept.extend_from_slice(payload);
        self.check_text(payload.len())?;
        Ok(self.finish_kept(frame))
    }

    /// Takes what has come of a frame's payload from `input` and keeps it. The frame, when that is all of it.
    fn keep_part(&mut self, mut frame: Frame, input: &mut &mut [u8]) -> Result<Option<Frame>, DecodeError> {
        let missing = frame.length - frame.received;
        let part = match input.split_off_mut(..missing) {
            Some(part) => part,
            None => mem::take(input),
        };
        frame.mask.remove(part, frame.received);
        self.reserve(frame, part.len(), missing);
        self.kept.extend_from_slice(part);
        frame.received += part.len();
        self.state = State::Payload(frame);
        if !frame.opcode.is_control() {
            self.check_text(part.len())?;
        }
        Ok((frame.received == frame.length).then_some(frame))
    }

    /// A frame of which the kept bytes are the last.
    fn finish_kept<'a>(&mut self, frame: Frame) -> Complete<'a> {
        self.state = State::START;
        if frame.opcode.is_control() {
            let payload = match self.message {
                None => mem::take(&mut self.kept),
                Some(_) => self.kept.split_off(self.kept.len() - frame.received),
            };
            return Complete::Control(frame.opcode, Cow::Owned(payload));
        }
        match self.message.take_if(|_| frame.fin) {
            Some(message) => Complete::Message(message, Cow::Owned(mem::take(&mut self.kept))),
            None => Complete::Fragment(frame.length),
        }
    }

    /// Makes room for `part` more bytes: twice what is there, as a vector would, lest a message in many small fragments
    /// is moved for each of them. But never more than may come: the `missing` bytes of a last or a control frame, or
    /// else what the limit leaves of the message.
    fn reserve(&mut self, frame: Frame, part: usize, missing: usize) {
        let most = if frame.fin { missing } else { self.max_kept() - self.kept.len() };
        if part > self.kept.capacity() - self.kept.len() {
            self.kept.reserve_exact(part.max(self.kept.len()).min(most));
        }
    }

    /// Checks the text that the last `added` kept bytes are, from the character that was unfinished before them.
    fn check_text(&mut self, added: usize) -> Result<(), DecodeError> {
        let Some(message @ Message { is_text: true, compressed: false, .. }) = &mut self.message else {
            return Ok(());
        };
        let from = self.kept.len() - added - usize::from(message.unfinished);
        let unchecked = self.kept.get(from..).unwrap_or_default();
        message.unfinished = match str::from_utf8(unchecked) {
            Ok(_) => 0,
            Err(error) if error.error_len().is_none() => (unchecked.len() - error.valid_up_to()) as u8,
            Err(_) => return Err(DecodeError::NotUtf8),
        };
        Ok(())
    }

    fn event<'e>(&self, complete: Complete<'e>, inflater: &'e mut Inflater) -> Result<Event<'e>, DecodeError> {
        let (message, payload) = match complete {
            Complete::Fragment(bytes) => return Ok(Event::Fragment(bytes)),
            Complete::Control(Opcode::Ping, payload) => return Ok(Event::Ping(payload)),
            Complete::Control(Opcode::Pong, payload) => return Ok(Event::Pong(payload)),
            Complete::Control(_, payload) => return CloseFrame::parse(payload).map(Event::Close),
            Complete::Message(message, payload) => (message, payload),
        };
        let payload = match message.compressed {
            true => Cow::Borrowed(inflater.inflate(&payload, self.max_message)?),
            false => payload,
        };
        match message.is_text {
            true => event::text(payload).map(Event::Text),
            false => Ok(Event::Binary(payload)),
        }
    }
}

impl State {
    /// Between two frames.
    const START: Self = Self::Head { bytes: [0; header::LONGEST], length: 0 };
}

/// The payload of a frame of which nothing came before, when all of it lies in the input.
fn whole_payload<'a>(frame: Frame, input: &mut &'a mut [u8]) -> Option<&'a [u8]> {
    if frame.received != 0 {
        return None;
    }
    let payload = input.split_off_mut(..frame.length)?;
    frame.mask.remove(payload, 0);
    Some(payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![first, 0x80 | payload.len() as u8];
        bytes.extend(KEY);
        bytes.extend(payload.iter().zip(KEY.iter().cycle()).map(|(byte, key)| byte ^ key));
        bytes
    }

    /// The first event that is no fragment.
    fn next(decoder: &mut Decoder, mut bytes: Vec<u8>) -> Result<Option<Event<'static>>, DecodeError> {
        let mut input = &mut bytes[..];
        let mut event = decoder.next(&mut input, &mut Inflater::new())?.map(Event::into_owned);
        while let Some(Event::Fragment(_)) = event {
            event = decoder.next(&mut input, &mut Inflater::new())?.map(Event::into_owned);
        }
        assert!(event.is_some() || input.is_empty(), "all of the input is taken where there is no event");
        Ok(event)
    }

    fn text(text: &'static str) -> Result<Option<Event<'static>>, DecodeError> {
        Ok(Some(Event::Text(Cow::Borrowed(text))))
    }

    #[test]
    fn an_idle_connection_costs_its_few_words() {
        assert!(size_of::<Decoder>() <= 64, "{}", size_of::<Decoder>());
        let mut decoder = Decoder::new(100, false);
        assert_eq!(next(&mut decoder, frame(0x01, b"one, ")), Ok(None));
        assert!(decoder.kept_bytes() > 0);
        assert_eq!(next(&mut decoder, frame(0x80, b"two")), text("one, two"));
        assert_eq!(decoder.kept_bytes(), 0);
        let mut ping = frame(0x89, b"are you there");
        let rest = ping.split_off(9);
        assert_eq!(next(&mut decoder, ping), Ok(None));
        assert_eq!(next(&mut decoder, rest), Ok(Some(Event::Ping(Cow::Borrowed(b"are you there")))));
        assert_eq!(decoder.kept_bytes(), 0);
    }

    #[test]
    fn each_frame_that_is_not_the_last_of_its_message_is_told() {
        let (mut decoder, mut inflater) = (Decoder::new(100, false), Inflater::new());
        let parts = [frame(0x01, b"one"), frame(0x00, b""), frame(0x89, b"ping"), frame(0x00, b"2"), frame(0x80, b"")];
        let whole = parts.concat();
        for cut in 0..=whole.len() {
            let mut events = Vec::new();
            for part in [&whole[..cut], &whole[cut..]] {
                let mut bytes = part.to_vec();
                let mut input = &mut bytes[..];
                while let Some(event) = decoder.next(&mut input, &mut inflater).unwrap() {
                    events.push(event.into_owned());
                }
            }
            let fragment = |bytes| Event::Fragment(bytes);
            let ping = Event::Ping(Cow::Borrowed(&b"ping"[..]));
            let text = Event::Text(Cow::Borrowed("one2"));
            assert_eq!(events, [fragment(3), fragment(0), ping, fragment(1), text], "cut at {cut}");
        }
    }

    #[test]
    fn a_frame_that_lies_whole_in_the_input_is_not_copied() {
        let mut bytes = frame(0x81, b"hello");
        let payload = bytes[6..].as_ptr_range();
        let mut inflater = Inflater::new();
        let mut input = &mut bytes[..];
        let event = Decoder::new(5, false).next(&mut input, &mut inflater);
        let Ok(Some(Event::Text(Cow::Borrowed(text)))) = event else { panic!("{event:?}") };
        assert_eq!(text.as_bytes().as_ptr_range(), payload);
    }

    #[test]
    fn it_says_whether_something_has_begun() {
        let mut decoder = Decoder::new(100, false);
        let mut feed = |bytes: Vec<u8>| {
            next(&mut decoder, bytes).unwrap();
            decoder.is_between_messages()
        };
        assert!(feed(vec![]));
        let head = frame(0x81, b"hello");
        assert!(!feed(head[..1].to_vec()), "half of a head");
        assert!(feed(head[1..].to_vec()));
        assert!(!feed(head[..8].to_vec()), "half of a payload");
        assert!(feed(head[8..].to_vec()));
        assert!(!feed(frame(0x01, b"a fragment")));
        assert!(!feed(frame(0x89, b"a ping in between")));
        assert!(feed(frame(0x80, b"the last")));
        assert!(!feed(frame(0x89, b"ping")[..3].to_vec()));
        assert!(feed(frame(0x89, b"ping")[3..].to_vec()));
        assert!(feed(frame(0x88, b"")));
    }

    #[test]
    fn a_size_is_refused_before_any_of_it_is_kept() {
        let mut decoder = Decoder::new(5, false);
        assert_eq!(next(&mut decoder, frame(0x01, b"123")), Ok(None));
        assert_eq!(next(&mut decoder, vec![0x80, 0x83, 0, 0, 0, 0]), Err(DecodeError::TooBig { limit: 5 }));
        let huge = vec![0x82, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0];
        assert_eq!(next(&mut Decoder::new(5, false), huge), Err(DecodeError::TooBig { limit: 5 }));
    }

    #[test]
    fn what_is_kept_of_a_message_stays_within_the_limit() {
        const LIMIT: usize = 1000;
        let mut decoder = Decoder::new(LIMIT, false);
        let part = [b'a'; 100];
        for at in 0..9 {
            assert_eq!(next(&mut decoder, frame(if at == 0 { 0x01 } else { 0x00 }, &part)), Ok(None));
            let mut ping = frame(0x89, &[0; 125]);
            ping.pop();
            assert_eq!(next(&mut decoder, ping), Ok(None));
            assert!(decoder.kept_bytes() <= LIMIT + header::CONTROL_PAYLOAD, "{}", decoder.kept_bytes());
            assert!(next(&mut decoder, vec![KEY[0]]).unwrap().is_some());
        }
        assert_eq!(next(&mut decoder, frame(0x80, &part)), Ok(Some(Event::Text("a".repeat(LIMIT).into()))));
    }

    #[test]
    fn a_message_in_many_small_fragments_is_not_moved_for_each_of_them() {
        let mut decoder = Decoder::new(100_000, false);
        let mut sizes = std::collections::BTreeSet::new();
        for at in 0..10_000 {
            assert_eq!(next(&mut decoder, frame(if at == 0 { 0x01 } else { 0x00 }, b"a")), Ok(None));
            sizes.insert(decoder.kept_bytes());
        }
        assert!(sizes.len() < 20, "{sizes:?}");
    }

    #[test]
    fn a_close_or_an_error_is_the_end() {
        let mut decoder = Decoder::new(100, false);
        let mut bytes = [frame(0x88, &[]), frame(0x81, b"late")].concat();
        let mut input = &mut bytes[..];
        assert_eq!(decoder.next(&mut input, &mut Inflater::new()), Ok(Some(Event::Close(None))));
        assert!(input.is_empty() && decoder.has_ended());
        assert_eq!(next(&mut decoder, frame(0x81, b"later")), Ok(None));

        let mut decoder = Decoder::new(100, false);
        assert_eq!(next(&mut decoder, frame(0x01, b"kept")), Ok(None));
        assert_eq!(next(&mut decoder, frame(0x81, b"x")), Err(DecodeError::Interleaved));
        assert!(decoder.has_ended());
        assert_eq!(decoder.kept_bytes(), 0);
        assert_eq!(next(&mut decoder, frame(0x81, b"later")), Ok(None));
    }

    #[test]
    fn bytes_that_cannot_become_text_are_refused_before_the_frame_is_whole() {
        let mut decoder = Decoder::new(100, false);
        let mut bytes = frame(0x81, b"ab\xED\xA0 and more");
        let rest = bytes.split_off(9);
        assert_eq!(next(&mut decoder, bytes), Ok(None), "ED may begin a character");
        assert_eq!(next(&mut decoder, rest[..1].to_vec()), Err(DecodeError::NotUtf8), "A0 does not continue it");
    }
}
