//! What a client may send: the rate, the frames that are none, and the answers that need no hook.

use bytes::Bytes;

use crate::frame::{Body, ClientFrame, EndpointKind, encode};
use crate::rate::RateLimiter;
use crate::{Close, Dialect, ErrorCode, Limits, Millis};

/// One connection's judge. It sees every WebSocket message first.
///
/// Where the platform can leave a socket unread, the rate is a way of reading: an [`Allowance`](crate::allowance::Allowance)
/// says when the next message is read, and this judges it [at no rate](Intake::at_no_rate). Where the platform hands over
/// every message, what is over the rate is refused here.
#[derive(Debug)]
pub struct Intake {
    endpoint: EndpointKind,
    dialect: Dialect,
    /// `None`: what comes has been waited for. Boxed, because where connections are many none has one.
    rate: Option<Box<Rated>>,
    bad_frames: RateLimiter,
    /// Whether ids are a count from 1, as where the client has a session.
    counts: bool,
}

#[derive(Debug)]
struct Rated {
    limiter: RateLimiter,
    /// The latest presence frame over the rate: a state is conflated, never lost, or a cursor would rest where it was.
    held: Option<Box<[u8]>>,
}

/// What is to be done with a message.
#[derive(Debug)]
pub enum Verdict<'a> {
    /// Hand it to the connection's handler.
    Handle(ClientFrame<'a>),
    /// Send this back; no hook need know.
    Reply(Bytes),
    /// Tell the client that it is not handled.
    Refuse(Refusal),
    /// Nothing; it is only counted.
    Drop(Dropped),
    /// The client leaves on purpose.
    Bye,
    /// End the connection.
    Close(Close),
}

/// A message that is not handled, as a client of v1 is told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// Which, where it said so.
    pub id: Option<u64>,
    /// Why, for the client.
    pub code: ErrorCode,
    /// Why, in words.
    pub reason: &'static str,
}

impl Refusal {
    /// As the client is told it.
    #[must_use]
    pub fn frame(&self) -> Bytes {
        encode::error(self.id, self.code, self.reason)
    }

    /// What it is counted as.
    #[must_use]
    pub fn dropped(&self) -> Dropped {
        if self.code == ErrorCode::RateLimited { Dropped::RateLimited } else { Dropped::BadFrame }
    }
}

/// What a message that is not handled is counted as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dropped {
    /// It was no frame.
    BadFrame,
    /// It was over the rate.
    RateLimited,
    /// It was a state over the rate, and is kept for later.
    Conflated,
}

impl Intake {
    /// For a new connection of which every message is handed over.
    #[must_use]
    pub fn new(endpoint: EndpointKind, dialect: Dialect, limits: &Limits, now: Millis) -> Self {
        let rate = Some(Box::new(Rated { limiter: RateLimiter::new(limits.rate, now), held: None }));
        Self { rate, ..Self::at_no_rate(endpoint, dialect, limits, now) }
    }

    /// For a new connection of which no message is read before it may be.
    #[must_use]
    pub fn at_no_rate(endpoint: EndpointKind, dialect: Dialect, limits: &Limits, now: Millis) -> Self {
        let bad_frames = RateLimiter::new(limits.bad_frame_rate, now);
        Self { endpoint, dialect, rate: None, bad_frames, counts: false }
    }

    /// From now on ids are a count from 1.
    pub fn count_ids(&mut self) {
        self.counts = true;
    }

    /// Judges one message, text or binary.
    pub fn judge<'a>(&mut self, message: &'a [u8], now: Millis) -> Verdict<'a> {
        let within_rate = self.rate.as_mut().is_none_or(|rate| rate.limiter.take(now));
        match self.endpoint.decode(message, self.dialect) {
            Err(bad) => self.refuse(bad.id, bad.reason, now),
            Ok(ClientFrame { id: Some(0), .. }) if self.counts => self.refuse(None, "`id` is a count from 1", now),
            Ok(ClientFrame { body: Body::Bye, .. }) => Verdict::Bye,
            Ok(ClientFrame { body: Body::Presence(_), id: None }) if !within_rate => {
                self.hold(Some(message.into()));
                Verdict::Drop(Dropped::Conflated)
            }
            Ok(frame) if !within_rate => self.limit(frame.id),
            Ok(ClientFrame { body: Body::Ping, .. }) => Verdict::Reply(Bytes::from_static(encode::PONG)),
            Ok(frame) => {
                if matches!(frame.body, Body::Presence(_)) {
                    self.hold(None);
                }
                Verdict::Handle(frame)
            }
        }
    }

    /// When [`Intake::release`] has something to give; `None` when nothing is held.
    #[must_use]
    pub fn release_at(&self) -> Option<Millis> {
        self.rate.as_ref().filter(|rate| rate.held.is_some()).and_then(|rate| rate.limiter.next_at())
    }

    /// A held state whose time has come, as the message it was. It has been judged: decode it and handle it.
    pub fn release(&mut self, now: Millis) -> Option<Box<[u8]>> {
        let rate = self.rate.as_mut()?;
        let may_go = rate.held.is_some() && rate.limiter.take(now);
        if may_go { rate.held.take() } else { None }
    }

    fn hold(&mut self, state: Option<Box<[u8]>>) {
        if let Some(rate) = &mut self.rate {
            rate.held = state;
        }
    }

    fn refuse<'a>(&mut self, id: Option<u64>, reason: &'static str, now: Millis) -> Verdict<'a> {
        if self.dialect == Dialect::Plain {
            return Verdict::Drop(Dropped::BadFrame);
        }
        if !self.bad_frames.take(now) {
            return Verdict::Close(Close::BAD_FRAMES);
        }
        Verdict::Refuse(Refusal { id, code: ErrorCode::BadFrame, reason })
    }

    fn limit<'a>(&self, id: Option<u64>) -> Verdict<'a> {
        match self.dialect {
            Dialect::Plain => Verdict::Drop(Dropped::RateLimited),
            Dialect::V1 => {
                let reason = "more frames a second than `Limits::rate` allows";
                Verdict::Refuse(Refusal { id, code: ErrorCode::RateLimited, reason })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rate::Rate;

    fn limits() -> Limits {
        Limits::default().rate(Rate { per_second: 10, burst: 2 }).bad_frame_rate(Rate { per_second: 1, burst: 1 })
    }

    fn judge(intake: &mut Intake, message: &'static str, now: Millis) -> String {
        match intake.judge(message.as_bytes(), now) {
            Verdict::Handle(_) => "handle".into(),
            Verdict::Reply(frame) => String::from_utf8(frame.to_vec()).unwrap(),
            Verdict::Refuse(refusal) => String::from_utf8(refusal.frame().to_vec()).unwrap(),
            Verdict::Drop(dropped) => format!("{dropped:?}"),
            Verdict::Bye => "bye".into(),
            Verdict::Close(close) => close.code.to_string(),
        }
    }

    #[test]
    fn a_plain_client_is_never_answered() {
        let mut intake = Intake::new(EndpointKind::Room, Dialect::Plain, &limits(), 0);
        assert_eq!(judge(&mut intake, "null", 0), "BadFrame");
        assert_eq!(judge(&mut intake, r#"{"t":"msg","msg":1}"#, 0), "handle");
        assert_eq!(judge(&mut intake, r#"{"t":"msg","msg":1}"#, 0), "RateLimited");
        assert_eq!(judge(&mut intake, r#"{"t":"presence","state":1}"#, 0), "Conflated");
    }

    #[test]
    fn a_v1_client_is_told() {
        let mut intake = Intake::new(EndpointKind::Room, Dialect::V1, &limits(), 0);
        assert_eq!(judge(&mut intake, r#"{"t":"ping"}"#, 0), r#"{"t":"pong"}"#);
        assert_eq!(
            judge(&mut intake, r#"{"t":"nope","id":4}"#, 0),
            r#"{"t":"error","id":4,"code":"bad_frame","reason":"`t` is not known"}"#
        );
        let limited = judge(&mut intake, r#"{"t":"msg","msg":1,"id":5}"#, 0);
        assert!(limited.starts_with(r#"{"t":"error","id":5,"code":"rate_limited""#), "{limited}");
        assert_eq!(judge(&mut intake, r#"{"t":"bye"}"#, 0), "bye");
        assert_eq!(judge(&mut intake, "oops", 0), "4400");
    }

    #[test]
    fn where_there_is_a_session_ids_count_from_1() {
        let mut intake = Intake::at_no_rate(EndpointKind::Room, Dialect::V1, &Limits::default(), 0);
        assert_eq!(judge(&mut intake, r#"{"t":"msg","msg":1,"id":0}"#, 0), "handle");
        intake.count_ids();
        let refused = r#"{"t":"error","code":"bad_frame","reason":"`id` is a count from 1"}"#;
        assert_eq!(judge(&mut intake, r#"{"t":"msg","msg":1,"id":0}"#, 0), refused);
        assert_eq!(judge(&mut intake, r#"{"t":"presence","id":0}"#, 0), refused);
        assert_eq!(judge(&mut intake, r#"{"t":"msg","msg":1,"id":1}"#, 0), "handle");
    }

    #[test]
    fn the_last_state_over_the_rate_is_handled_when_there_is_room() {
        let mut intake = Intake::new(EndpointKind::Room, Dialect::Plain, &limits(), 0);
        for _ in 0..2 {
            assert_eq!(judge(&mut intake, r#"{"t":"presence","state":1}"#, 0), "handle");
        }
        assert_eq!(intake.release_at(), None);
        assert_eq!(judge(&mut intake, r#"{"t":"presence","state":2}"#, 0), "Conflated");
        assert_eq!(judge(&mut intake, r#"{"t":"presence","state":3}"#, 0), "Conflated");
        assert_eq!(intake.release_at(), Some(100));
        assert_eq!(intake.release(99), None);
        assert_eq!(*intake.release(100).unwrap(), *br#"{"t":"presence","state":3}"#);
        assert_eq!(intake.release(200), None);
    }

    #[test]
    fn what_has_been_waited_for_is_over_no_rate() {
        for dialect in [Dialect::Plain, Dialect::V1] {
            let mut intake = Intake::at_no_rate(EndpointKind::Room, dialect, &limits(), 0);
            for _ in 0..100 {
                assert_eq!(judge(&mut intake, r#"{"t":"msg","msg":1}"#, 0), "handle");
                assert_eq!(judge(&mut intake, r#"{"t":"presence","state":1}"#, 0), "handle");
            }
            assert_eq!(intake.release_at(), None);
            let bad: Vec<_> = (0..2).map(|_| judge(&mut intake, "oops", 0)).collect();
            assert_eq!(bad[1], if dialect == Dialect::V1 { "4400" } else { "BadFrame" });
        }
    }

    #[test]
    fn a_newer_state_within_the_rate_ends_the_hold() {
        let mut intake = Intake::new(EndpointKind::Room, Dialect::Plain, &limits(), 0);
        for _ in 0..3 {
            judge(&mut intake, r#"{"t":"presence","state":1}"#, 0);
        }
        assert_eq!(judge(&mut intake, r#"{"t":"presence","state":2}"#, 100), "handle");
        assert_eq!(intake.release(200), None);
    }

    #[test]
    fn a_sockets_client_is_judged_alike() {
        let mut plain = Intake::new(EndpointKind::Socket, Dialect::Plain, &limits(), 0);
        assert_eq!(judge(&mut plain, "oops", 0), "BadFrame");
        assert_eq!(judge(&mut plain, r#"{"t":"ping"}"#, 0), "handle");
        assert_eq!(judge(&mut plain, r#"{"t":"presence","state":1}"#, 0), "RateLimited", "a message, and no state");
        assert_eq!(plain.release_at(), None);

        let mut v1 = Intake::new(EndpointKind::Socket, Dialect::V1, &limits(), 0);
        assert_eq!(judge(&mut v1, r#"{"t":"ping"}"#, 0), r#"{"t":"pong"}"#);
        assert_eq!(judge(&mut v1, r#" {"t":"ping"}"#, 0), "handle");
        let limited = judge(&mut v1, "[]", 0);
        assert!(limited.starts_with(r#"{"t":"error","code":"rate_limited""#), "{limited}");
        let limited = judge(&mut v1, r#"{"t":"msg","msg":1,"id":5}"#, 0);
        assert!(limited.starts_with(r#"{"t":"error","id":5,"code":"rate_limited""#), "{limited}");
        assert_eq!(judge(&mut v1, r#"{"t":"bye"}"#, 0), "bye");
        assert_eq!(judge(&mut v1, "oops", 0), r#"{"t":"error","code":"bad_frame","reason":"not JSON"}"#);
        assert_eq!(judge(&mut v1, r#"{"t":"nope"}"#, 0), "4400");
    }
}
