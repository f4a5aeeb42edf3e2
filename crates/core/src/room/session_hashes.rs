//! Which member a token may be of, on whatever node.

use std::collections::{BTreeMap, HashMap};

use crate::MemberId;
use crate::session::{SessionHash, TokenHash};

/// What shows of a token whose session takes it. Of those alone who have a session, in a room that other nodes may have, too.
#[derive(Debug, Default)]
pub(super) struct SessionHashes {
    of: BTreeMap<MemberId, SessionHash>,
    takes: HashMap<TokenHash, MemberId>,
}

impl SessionHashes {
    /// This is what a member's session takes from here on. `false`: it did before.
    pub(super) fn set(&mut self, member: &MemberId, session: Option<SessionHash>) -> bool {
        if self.get(member) == session {
            return false;
        }
        self.remove(member);
        if let Some(session) = session {
            session.iter().for_each(|token| drop(self.takes.insert(token, member.clone())));
            self.of.insert(member.clone(), session);
        }
        true
    }

    pub(super) fn get(&self, member: &MemberId) -> Option<SessionHash> {
        self.of.get(member).copied()
    }

    /// Whose session takes that token.
    pub(super) fn find(&self, token: TokenHash) -> Option<&MemberId> {
        self.takes.get(&token)
    }

    pub(super) fn remove(&mut self, member: &MemberId) {
        let Some(session) = self.of.remove(member) else { return };
        for token in session.iter() {
            // A node may say of two that one token is theirs.
            if self.takes.get(&token) == Some(member) {
                self.takes.remove(&token);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_while_its_session_takes_it() {
        let [ann, bob] = ["ann", "bob"].map(|id| MemberId::parse(id).unwrap());
        let token = |number| TokenHash::from_bytes([number; TokenHash::BYTES]);
        let session = |newest, presented: Option<u8>| {
            Some(SessionHash { newest: token(newest), presented: presented.map(token), entered: 0 })
        };
        let mut hashes = SessionHashes::default();
        assert!(hashes.set(&ann, session(1, None)) && !hashes.set(&ann, session(1, None)));
        assert!(hashes.set(&ann, session(2, Some(1))) && hashes.set(&bob, session(3, None)));
        assert_eq!([1, 2, 3].map(|number| hashes.find(token(number))), [Some(&ann), Some(&ann), Some(&bob)]);
        assert!(hashes.set(&bob, session(2, None)), "the later one is found");
        hashes.remove(&ann);
        assert_eq!([1, 2, 3].map(|number| hashes.find(token(number))), [None, Some(&bob), None]);
        assert!(hashes.set(&bob, None));
        assert!(hashes.of.is_empty() && hashes.takes.is_empty());
    }
}
