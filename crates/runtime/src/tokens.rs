//! Whose session each token is, and which were of somebody who was removed.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;

use roomful_core::pattern::Topic;
use roomful_core::session::Token;
use roomful_core::{MemberId, Millis};

use crate::lock::lock;
use crate::metrics;

/// Whose session every token that is good in this process may name. A session has two at the most, and no member has more than
/// one session, so there are no more than twice as many as members.
///
/// A token is found by 64 bits of it, because there are many: whether it is good for the member that is found here is what its room
/// [knows](crate::room_sessions::RoomSessions::takes). Of two that are alike in these the earlier is found no more, and its client
/// becomes somebody new. They are drawn at random: that happens to nobody.
///
/// Those of a session that the app has ended are barred for a while: who presents one is told that it was removed, and does not
/// become somebody new.
#[derive(Default)]
pub(crate) struct Tokens {
    named: Mutex<HashMap<u64, MemberId>>,
    barred: Mutex<Barred>,
}

#[derive(Default)]
struct Barred {
    rooms: HashMap<Token, (Topic, Millis)>,
    /// The oldest first, whatever the grace of its room: what is forgotten is what was barred first.
    order: VecDeque<Token>,
}

impl Tokens {
    pub(crate) fn insert(&self, token: Token, member: MemberId) {
        lock(&self.named).insert(token.digest(), member);
    }

    /// Whose session it names. Ask their room whether it is good.
    pub(crate) fn find(&self, token: Token) -> Option<MemberId> {
        lock(&self.named).get(&token.digest()).cloned()
    }

    /// It is not good for this member any more.
    pub(crate) fn remove(&self, token: Token, member: &MemberId) {
        let mut named = lock(&self.named);
        if named.get(&token.digest()) == Some(member) {
            named.remove(&token.digest());
        }
    }

    /// Its session was ended by the app in that room: until then nobody comes back with it. Of so many it is known at the most.
    /// Returns those of which it is known no more.
    pub(crate) fn bar(&self, token: Token, room: Topic, until: Millis, now: Millis, most: usize) -> Vec<Token> {
        let (mut barred, mut forgotten) = (lock(&self.barred), Vec::new());
        barred.rooms.insert(token, (room, until));
        barred.order.push_back(token);
        while let Some(oldest) = barred.order.front().copied() {
            let is_over = barred.rooms.get(&oldest).is_none_or(|(_, until)| *until <= now);
            if !is_over && barred.order.len() <= most {
                break;
            }
            if !is_over {
                metrics::session_let_go("barred_tokens");
            }
            barred.order.pop_front();
            barred.rooms.remove(&oldest);
            forgotten.push(oldest);
        }
        forgotten
    }

    pub(crate) fn is_barred(&self, token: Token, room: &Topic, now: Millis) -> bool {
        lock(&self.barred).rooms.get(&token).is_some_and(|(barred, until)| barred == room && now < *until)
    }
}

#[cfg(test)]
mod tests {
    use roomful_core::NodeId;
    use roomful_core::key::Params;
    use roomful_core::pattern::Pattern;

    use super::*;

    #[test]
    fn a_token_is_found_until_it_is_good_for_nobody() {
        let [ann, bob] = ["ann", "bob"].map(|id| MemberId::parse(id).unwrap());
        let tokens = Tokens::default();
        let of = |node, secret| Token::new(NodeId(node), secret);
        let all = [(1, 7), (2, 7), (1, 7 << 64), (1, 1 << 64 | 7)].map(|(node, secret)| of(node, secret));
        for (at, token) in all.into_iter().enumerate() {
            assert_eq!(tokens.find(token), None, "{at}");
            tokens.insert(token, ann.clone());
            assert_eq!(tokens.find(token), Some(ann.clone()));
        }
        tokens.insert(all[0], bob.clone());
        tokens.remove(all[0], &ann);
        assert_eq!(tokens.find(all[0]), Some(bob.clone()), "of two that are alike the later one is found, and stays");
        tokens.remove(all[0], &bob);
        assert_eq!((tokens.find(all[0]), tokens.find(all[1])), (None, Some(ann)));
    }

    #[test]
    fn what_is_barred_is_bounded_and_ends() {
        let topic = |name: &str| Pattern::parse(name).unwrap().topic(&Params::default()).unwrap();
        let (tokens, room) = (Tokens::default(), topic("a"));
        let token = |secret| Token::new(NodeId(1), secret);
        let forgotten: Vec<_> = (1..=3).map(|secret| tokens.bar(token(secret), room.clone(), 100, 0, 2)).collect();
        assert_eq!(forgotten, [vec![], vec![], vec![token(1)]]);
        let barred = |now| (1..=4).filter(|secret| tokens.is_barred(token(*secret), &room, now)).collect::<Vec<_>>();
        assert_eq!((barred(0), barred(99), barred(100)), (vec![2, 3], vec![2, 3], vec![]));
        assert!(!tokens.is_barred(token(2), &topic("b"), 0));
        assert_eq!(tokens.bar(token(4), room.clone(), 300, 200, 2), [token(2), token(3)]);
        assert_eq!((barred(200), lock(&tokens.barred).order.len()), (vec![4], 1), "what is over takes no place");
    }
}
