//! The session that a client asks to go on with: a name among the sub-protocols that it offers, because a browser can put it
//! nowhere else, and a URL would be in logs.

use std::borrow::Cow;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::seal::Seal;
use super::token::Token;

const PREFIX: &str = "roomful.resume.";

/// The session that a client wants to go on with, and what it has of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resume {
    /// Which session.
    pub token: Token,
    /// The number of the last message that the client has handed to its app.
    pub seen: u64,
}

/// All that a client offers, to go on with a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// For whoever still knows the session.
    pub resume: Resume,
    /// For whoever does not: what the process that gave the token sealed of its member.
    pub seal: Option<Seal>,
}

impl Offered {
    /// Reads it from the client's `Sec-WebSocket-Protocol` headers: the first name that asks for it counts, and where that is
    /// malformed none does.
    ///
    /// ```
    /// use roomful_core::session::Offered;
    ///
    /// let token = "0000000000000abc-00000000000000000000000000000def";
    /// let offer = format!("roomful.v1, roomful.resume.{token}.42");
    /// assert_eq!(Offered::find([&*offer]).map(|offered| offered.resume.seen), Some(42));
    /// assert_eq!(Offered::find(["roomful.v1, roomful.resume.nonsense.42"]), None);
    /// ```
    pub fn find<'a>(offers: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut names = offers.into_iter().flat_map(|offer| offer.split(','));
        Self::read(names.find_map(|name| name.trim().strip_prefix(PREFIX))?)
    }

    /// What stands behind the prefix.
    fn read(text: &str) -> Option<Self> {
        let (token, seen) = text.rsplit_once('.')?;
        // `parse` would take a sign, and zeros before the number.
        let is_plain = seen == "0" || (seen.bytes().all(|byte| byte.is_ascii_digit()) && !seen.starts_with('0'));
        let seen = seen.parse().ok().filter(|_| is_plain)?;
        let (token, seal) = match token.split_at_checked(Token::CHARS) {
            Some((token, behind)) if !behind.is_empty() => (token, Some(Seal::parse(behind.strip_prefix('-')?)?)),
            _ => (token, None),
        };
        Some(Self { resume: Resume { token: token.parse().ok()?, seen }, seal })
    }
}

/// As a client offers it, behind the prefix. For whoever serves the connection in place of whoever has read the offer.
impl Serialize for Offered {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { resume: Resume { token, seen }, seal } = self;
        match seal {
            Some(seal) => serializer.collect_str(&format_args!("{token}-{seal}.{seen}")),
            None => serializer.collect_str(&format_args!("{token}.{seen}")),
        }
    }
}

impl<'de> Deserialize<'de> for Offered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The text itself is not to be in an error.
        Self::read(&Cow::<str>::deserialize(deserializer)?).ok_or_else(|| D::Error::custom("no offer of a session"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::NodeId;

    const TOKEN: &str = "0000000000000abc-00000000000000000000000000000def";

    #[test]
    fn a_session_is_found_among_what_is_offered() {
        let token = Token::new(NodeId(0xabc), 0xdef);
        let (first, second) = (format!("roomful.resume.{TOKEN}.1"), format!("roomful.resume.{TOKEN}.2"));
        for (offers, seen) in [
            (vec![format!("roomful.v1, {first}")], Some(1)),
            (vec![format!("{first} ,roomful.v1")], Some(1)),
            (vec!["roomful.v1".to_owned(), first.clone()], Some(1)),
            (vec![format!("{first},{second}")], Some(1)),
            (vec![second.clone(), first.clone()], Some(2)),
            (vec!["roomful.v1, chat".to_owned()], None),
            (vec![format!("x{first}")], None),
            (vec![String::new()], None),
            (vec![], None),
        ] {
            let found = Offered::find(offers.iter().map(String::as_str));
            assert_eq!(found, seen.map(|seen| Offered { resume: Resume { token, seen }, seal: None }), "{offers:?}");
        }
    }

    #[test]
    fn what_is_malformed_is_not_there() {
        for end in
            ["", ".", ".-1", ".+1", ".01", ".00", ".1 1", ".1e1", ".18446744073709551616", "1", ".1.", ".1.1", ".١"]
        {
            assert_eq!(Offered::find([&*format!("roomful.resume.{TOKEN}{end}")]), None, "{end:?}");
        }
        for seal in ["-", "-a+b", "_abc", "abc", &format!("-{}", "A".repeat(1_000))] {
            assert_eq!(Offered::find([&*format!("roomful.resume.{TOKEN}{seal}.1")]), None, "{seal:?}");
        }
        let malformed_first = format!("roomful.resume.nonsense.1, roomful.resume.{TOKEN}.2");
        assert_eq!(Offered::find([&*malformed_first]), None, "the first counts");
    }

    #[test]
    fn a_seal_stands_behind_its_token() {
        let offer = format!("roomful.v1, roomful.resume.{TOKEN}-AZaz09-_.7");
        let offered = Offered::find([&*offer]).unwrap();
        assert_eq!(offered.resume, Resume { token: TOKEN.parse().unwrap(), seen: 7 });
        assert_eq!(offered.seal.as_ref().map(|seal| seal.to_string()).as_deref(), Some("AZaz09-_"));
        let unsealed = Offered { seal: None, ..offered.clone() };
        for (offered, text) in [(offered, format!("\"{TOKEN}-AZaz09-_.7\"")), (unsealed, format!("\"{TOKEN}.7\""))] {
            assert_eq!(serde_json::to_string(&offered).unwrap(), text);
            assert_eq!(serde_json::from_str::<Offered>(&text).unwrap(), offered);
        }
        let error = serde_json::from_str::<Offered>("\"secret\"").unwrap_err().to_string();
        assert!(error.starts_with("no offer of a session"), "{error}");
    }

    proptest! {
        #[test]
        fn every_position_is_read_as_it_was_written(node: u64, secret: u128, seen: u64) {
            let token = Token::new(NodeId(node), secret);
            let offer = format!("roomful.resume.{token}.{seen}");
            prop_assert!(offer.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)), "{}", offer);
            prop_assert_eq!(Offered::find([&*offer]), Some(Offered { resume: Resume { token, seen }, seal: None }));
        }

        #[test]
        fn nothing_a_client_offers_is_too_strange(offer in ".{0,80}", prefixed: bool) {
            let offer = if prefixed { format!("{PREFIX}{offer}") } else { offer };
            let _either_way = Offered::find([&*offer]);
        }
    }
}
