//! Whose session each token is.

use std::collections::HashMap;
use std::sync::Mutex;

use roomful_core::MemberId;
use roomful_core::session::Token;

use crate::lock::lock;

/// Every token that is good in this process, with the member that it is good for. A session has two at the most, and no member
/// has more than one session, so there are no more than twice as many as members.
#[derive(Default)]
pub(crate) struct Tokens(Mutex<HashMap<Token, MemberId>>);

impl Tokens {
    pub(crate) fn insert(&self, token: Token, member: MemberId) {
        lock(&self.0).insert(token, member);
    }

    pub(crate) fn find(&self, token: Token) -> Option<MemberId> {
        lock(&self.0).get(&token).cloned()
    }

    pub(crate) fn remove(&self, token: Token) {
        lock(&self.0).remove(&token);
    }
}
