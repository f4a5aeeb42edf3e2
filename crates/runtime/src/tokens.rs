//! Whose session each token is, and which were of somebody who was removed.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;

use roomful_core::pattern::Topic;
use roomful_core::session::Token;
use roomful_core::{MemberId, Millis};

use crate::lock::lock;
use crate::metrics;

/// Every token that is good in this process, with the member that it is good for. A session has two at the most, and no member
/// has more than one session, so there are no more than twice as many as members.
///
/// Those of a session that the app has ended are barred for a while: who presents one is told that it was removed, and does not
/// become somebody new.
#[derive(Default)]
pub(crate) struct Tokens {
    good: Mutex<HashMap<Token, MemberId>>,
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
        lock(&self.good).insert(token, member);
    }

    pub(crate) fn find(&self, token: Token) -> Option<MemberId> {
        lock(&self.good).get(&token).cloned()
    }

    pub(crate) fn remove(&self, token: Token) {
        lock(&self.good).remove(&token);
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
