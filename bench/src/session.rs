//! What each client needs to come back as who it was: the token of its last snapshot, and the number of the last message it got.

use memchr::memmem::Finder;

use crate::roster;

/// The sessions of all receivers of one server.
#[derive(Debug)]
pub struct Sessions {
    of: Vec<Session>,
    token: Finder<'static>,
    resumed: Finder<'static>,
    seq: Finder<'static>,
}

#[derive(Debug, Clone, Default)]
struct Session {
    token: String,
    seen: u64,
    /// Whether its last snapshot said that nothing was missed.
    is_resumed: bool,
}

impl Sessions {
    /// Of so many receivers, none of which has one yet.
    pub fn new(receivers: usize) -> Self {
        Self {
            of: vec![Session::default(); receivers],
            token: Finder::new(br#","session":""#),
            resumed: Finder::new(br#","resumed":true"#),
            seq: Finder::new(br#","seq":"#),
        }
    }

    /// Takes in what a message says of the receiver's session, and the numbers of what is said in it.
    ///
    /// # Errors
    ///
    /// When a snapshot brings no token.
    pub fn hear(&mut self, receiver: usize, payload: &[u8]) -> Result<(), String> {
        let Some(session) = self.of.get_mut(receiver) else { return Ok(()) };
        let (snapshot, rest) = roster::split(payload);
        if !snapshot.is_empty() {
            let at = self.token.find(snapshot).ok_or_else(|| format!("receiver {receiver} got no session"))?;
            let token = roster::until_quote(&snapshot[at + self.token.needle().len()..]);
            session.token = String::from_utf8_lossy(token).into_owned();
            session.is_resumed = self.resumed.find(snapshot).is_some();
            if !session.is_resumed {
                session.seen = last_number(&self.seq, snapshot).unwrap_or_default();
            }
        }
        session.seen = last_number(&self.seq, rest).unwrap_or(session.seen);
        Ok(())
    }

    /// What the receiver offers to come back, as a sub-protocol.
    pub fn offer(&self, receiver: usize) -> String {
        let Session { token, seen, .. } = self.of.get(receiver).cloned().unwrap_or_default();
        format!("roomful.resume.{token}.{seen}")
    }

    /// How many of these were told by their last snapshot that they are sent all that they have missed.
    pub fn resumed(&self, receivers: std::ops::Range<usize>) -> usize {
        self.of[receivers].iter().filter(|session| session.is_resumed).count()
    }
}

fn last_number(seq: &Finder<'_>, bytes: &[u8]) -> Option<u64> {
    let at = seq.find_iter(bytes).last()? + seq.needle().len();
    let digits = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit());
    Some(digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &[u8] = br#"{"t":"snapshot","self":"a","members":[{"id":"a","n":0}],"seq":7,"epoch":"e","session":"T1","resumed":false,"acked":0,"heartbeat":25000,"limits":{"frame":65536}}"#;

    fn offer(payloads: &[&[u8]]) -> (String, usize) {
        let mut sessions = Sessions::new(1);
        payloads.iter().for_each(|payload| sessions.hear(0, payload).expect("a session"));
        (sessions.offer(0), sessions.resumed(0..1))
    }

    #[test]
    fn a_client_comes_back_with_its_last_token_and_the_last_number_it_got() {
        let said: &[u8] =
            br#"[{"from":"b","t":"msg","msg":1,"seq":8},{"from":"b","t":"msg","msg":{"seq":1},"seq":12}]"#;
        assert_eq!(offer(&[FIRST]), ("roomful.resume.T1.7".to_owned(), 0));
        assert_eq!(offer(&[FIRST, said]).0, "roomful.resume.T1.12");
        let resumed: &[u8] = br#"{"t":"snapshot","self":"a","members":[],"seq":14,"epoch":"e","session":"T2","resumed":true,"acked":0,"heartbeat":25000,"limits":{"frame":65536}}"#;
        assert_eq!(
            offer(&[FIRST, resumed]),
            ("roomful.resume.T2.7".to_owned(), 1),
            "what it says follows has not come yet"
        );
        let and_more = [b"[", resumed, br#",{"from":"b","t":"msg","msg":1,"seq":14}]"#].concat();
        assert_eq!(offer(&[FIRST, &and_more]), ("roomful.resume.T2.14".to_owned(), 1));
    }

    #[test]
    fn a_room_without_sessions_is_an_error() {
        let plain = br#"{"t":"snapshot","self":"a","members":[],"seq":7,"epoch":"e","heartbeat":25000}"#;
        assert!(Sessions::new(1).hear(0, plain).is_err());
    }
}
