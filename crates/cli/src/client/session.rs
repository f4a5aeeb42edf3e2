//! Which session to go on with.

use super::heading::Heading;

/// What a client presents when it comes back: the newest token, and how far it has heard.
#[derive(Debug, Default)]
pub(crate) struct Session {
    token: Option<String>,
    seen: u64,
}

/// A longer token would be no token: a server's has 100 characters, with its seal.
const LONGEST: usize = 1_024;

impl Session {
    /// Before the frame is handed on: whoever comes back while it is would hear it twice.
    pub(crate) fn take(&mut self, frame: &Heading<'_>) {
        if let Some(token) = &frame.session {
            self.token = Some(token.clone()).filter(|token| is_token(token));
        }
        if let Some(seq) = frame.seq
            && frame.resumed != Some(true)
        {
            self.seen = seq;
        }
    }

    /// The sub-protocol that names it.
    pub(crate) fn offer(&self) -> Option<String> {
        self.token.as_ref().map(|token| format!("roomful.resume.{token}.{}", self.seen))
    }
}

fn is_token(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(session: &mut Session, frame: &str) -> Option<String> {
        session.take(&Heading::read(frame).unwrap());
        session.offer()
    }

    #[test]
    fn it_goes_on_from_the_last_that_was_heard_with_the_newest_token() {
        let session = &mut Session::default();
        let offer = |token: &str, seen: u64| Some(format!("roomful.resume.{token}.{seen}"));
        assert_eq!(take(session, r#"{"t":"msg","seq":3,"msg":1}"#), None);
        assert_eq!(take(session, r#"{"t":"snapshot","seq":4,"session":"a-1","resumed":false}"#), offer("a-1", 4));
        assert_eq!(take(session, r#"{"t":"msg","from":"","msg":{"seq":9},"seq":5}"#), offer("a-1", 5));
        assert_eq!(take(session, r#"{"t":"ack","id":1,"seq":7}"#), offer("a-1", 7));
        // What was missed follows, so it is not heard yet.
        assert_eq!(take(session, r#"{"t":"snapshot","seq":20,"session":"a-2","resumed":true}"#), offer("a-2", 7));
        assert_eq!(take(session, r#"{"t":"gap","epoch":"e","seq":30}"#), offer("a-2", 30));
    }

    #[test]
    fn what_no_header_may_say_is_no_token() {
        for token in ["", "a,b", "a b", "a\\r\\nx: y", "\u{e9}", &"a".repeat(LONGEST + 1)] {
            let frame = format!(r#"{{"t":"snapshot","seq":1,"session":"{token}"}}"#);
            assert_eq!(take(&mut Session::default(), &frame), None, "{token}");
        }
    }
}
