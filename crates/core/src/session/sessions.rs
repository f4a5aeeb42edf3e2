//! What a room knows of the sessions of its members: whose tokens are good, and what was said lately.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::carried::{Carried, Kept as KeptCarried};
use super::log::{Log, Since};
use super::{KeptSession, LetGo, LogLimits, Resume, SessionHash, To, Token, TokenHash, Tokens};
use crate::{MemberId, Millis};

/// The sessions of one room, under the same lock as its engine.
///
/// A message is kept while somebody might ask for it: in a room without sessions nothing is.
///
/// ```
/// use roomful_core::session::{LogLimits, Resume, Sessions, To, Token};
/// use roomful_core::{MemberId, NodeId};
///
/// let mut sessions = Sessions::new(LogLimits { frames: 1_024, bytes: 512 << 10, age_ms: 40_000 });
/// let ann = MemberId::parse("ann")?;
/// let [first, next] = [1, 2].map(|secret| Token::new(NodeId(7), secret));
/// sessions.begin(&ann, first, 0);
/// assert!(sessions.keeps());
/// sessions.keep(1, To::Everybody, "a frame".into(), 0);
/// let answer = sessions.resume(&ann, Resume { token: first, seen: 0 }, next, 1, usize::MAX);
/// assert_eq!(answer.and_then(|answer| answer.missed), Some(vec!["a frame".into()]));
/// # Ok::<(), roomful_core::id::InvalidMemberId>(())
/// ```
#[derive(Debug)]
pub struct Sessions {
    limits: LogLimits,
    log: Log,
    /// In order, because that takes half of what a table of hashes would take in a room of ten.
    members: BTreeMap<MemberId, Session>,
    /// Of those who came from another node, and may not have heard anything of this one.
    carried: BTreeMap<MemberId, KeptCarried>,
    /// So many may become members, for whom what is said meanwhile is kept.
    expected: usize,
    /// Whether all nodes have one run of numbers: then what a client has seen at another one is known here, too.
    is_shared: bool,
}

/// What is asked for a member that another node is about to have.
#[derive(Debug, Clone, Copy)]
pub struct Leaving {
    /// What shows that its client presents its token.
    pub token: TokenHash,
    /// The last message that it has seen.
    pub seen: u64,
    /// The last number that was given.
    pub top: u64,
    /// Bytes that it may be sent at once.
    pub most_bytes: usize,
}

#[derive(Debug)]
struct Session {
    tokens: Tokens,
    /// The last number that was given when it began: whoever presents its token has a right to what was said after that.
    entered: u64,
}

/// What another node is given of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenAway {
    /// What its member missed, each with its number. `None`: that cannot be had.
    pub missed: Option<Vec<(u64, Bytes)>>,
    /// Whether the client has been told of this session: if not, what is known of its words is not about those that it means.
    pub is_known_to_client: bool,
}

/// How a session goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What follows the snapshot, before anything newer: each message that the member has not seen, once and in order. `None`:
    /// that cannot be had, and none of it follows; the snapshot says `resumed:false`.
    pub missed: Option<Vec<Bytes>>,
    /// The token that is good no more.
    pub forgotten: Option<Token>,
    /// Whether the client has been told of this session, so that what is known of its words is about those that it means.
    pub is_known_to_client: bool,
}

impl Sessions {
    /// Of a room where nobody has a session yet.
    #[must_use]
    pub fn new(limits: LogLimits) -> Self {
        Self {
            limits,
            log: Log::default(),
            members: BTreeMap::new(),
            carried: BTreeMap::new(),
            expected: 0,
            is_shared: false,
        }
    }

    /// The same of a room whose numbers are those of all nodes. What is said is kept whoever is here: somebody may come from another node.
    #[must_use]
    pub fn shared(limits: LogLimits) -> Self {
        Self { is_shared: true, ..Self::new(limits) }
    }

    /// A member's session that was at another node goes on here, where [all have one run of numbers](Self::shared): it [begins](Self::begin_after),
    /// and what follows its snapshot is what was said since what its client has seen, or since it `entered` the room. `None`: that
    /// cannot be had, and none of it follows.
    pub fn go_on(
        &mut self,
        member: &MemberId,
        (presented, first): (Token, Token),
        (seen, entered): (u64, u64),
        (top, most_bytes): (u64, usize),
    ) -> Option<Vec<Bytes>> {
        self.begin_after(member, presented, first, top);
        self.members.get_mut(member).into_iter().for_each(|session| session.entered = entered);
        self.log.since(Since { member: Some(member), entered, seen, top, most_bytes }).filter(|_| self.is_shared)
    }

    /// What other nodes are told of a member's session, where it has one.
    #[must_use]
    pub fn hash(&self, member: &MemberId) -> Option<SessionHash> {
        let session = self.members.get(member)?;
        Some(SessionHash { entered: session.entered, ..KeptSession::of(&session.tokens).hash() })
    }

    /// A member's session begins, with the token that its first snapshot brings. `top` is the last number that was given.
    pub fn begin(&mut self, member: &MemberId, first: Token, top: u64) {
        if !self.keeps() {
            // What was said before was kept for nobody.
            self.log.clear(top);
        }
        self.carried.remove(member);
        self.members.insert(member.clone(), Session { tokens: Tokens::new(first), entered: top });
    }

    /// Somebody may become a member that comes from another node: what is said from here on is kept for it. `top` is the last number
    /// that was given.
    pub fn expect(&mut self, top: u64) {
        if !self.keeps() {
            self.log.clear(top);
        }
        self.expected += 1;
    }

    /// That is over.
    pub fn expect_no_more(&mut self) {
        self.expected = self.expected.saturating_sub(1);
        self.forget_unless_kept();
    }

    /// A member's session [begins](Self::begin_after) with what it had at the node that it came from, and with the messages of these
    /// numbers, which were heard here and were not there. Gives what follows its snapshot. `None`: not all of that can be had, and none
    /// of it follows.
    pub fn carry_over(
        &mut self,
        member: &MemberId,
        (presented, first): (Token, Token),
        (carried, beyond): (Carried, &[u64]),
        (top, most_bytes, now): (u64, usize, Millis),
    ) -> Option<Vec<Bytes>> {
        let beyond = self.log.these(beyond, member);
        let kept = beyond.and_then(|beyond| carried.kept(&beyond, (top, now)));
        self.begin_after(member, presented, first, top);
        let kept = kept.filter(|kept| kept.bytes <= most_bytes)?;
        let missed = kept.all().collect();
        self.carried.insert(member.clone(), kept);
        Some(missed)
    }

    /// What is known of the session of a member that another node is about to have. `None`: its session takes another token, or it has
    /// none.
    #[must_use]
    pub fn release(&self, member: &MemberId, leaving: Leaving) -> Option<GivenAway> {
        let Leaving { token, seen, top, most_bytes } = leaving;
        let session = self.members.get(member)?;
        let good = session.tokens.iter().find(|good| good.hash() == token)?;
        let (is_known_to_client, missed) = self.missed(member, session, (good, seen), (top, most_bytes));
        Some(GivenAway { missed, is_known_to_client })
    }

    /// Whether the client knows this session, and what it missed.
    fn missed(
        &self,
        member: &MemberId,
        session: &Session,
        (token, seen): (Token, u64),
        (top, most_bytes): (u64, usize),
    ) -> (bool, Option<Vec<(u64, Bytes)>>) {
        let since = |seen| Since { member: Some(member), entered: session.entered, seen, top, most_bytes };
        match self.carried.get(member).filter(|carried| seen < carried.up_to) {
            Some(carried) => {
                let missed = carried.since(seen).zip(self.log.numbered_since(since(carried.up_to)));
                let missed = missed.map(|(before, since)| before.chain(since).collect::<Vec<_>>());
                let bytes = |missed: &Vec<(u64, Bytes)>| missed.iter().map(|(_, frame)| frame.len()).sum::<usize>();
                (true, missed.filter(|missed| bytes(missed) <= most_bytes))
            }
            None if session.tokens.is_foreign(token) => {
                let missed = self.log.numbered_since(since(seen)).filter(|_| self.is_shared);
                (false, missed.map(Iterator::collect))
            }
            None => (true, self.log.numbered_since(since(seen)).map(Iterator::collect)),
        }
    }

    fn forget_unless_kept(&mut self) {
        if !self.keeps() {
            self.log.shrink(usize::MAX);
        }
    }

    /// A member's session begins for a client that has presented the token of one which is known to nobody any more. That one
    /// stays good until the client has presented the first of the new: the snapshot that brings it may be lost.
    pub fn begin_after(&mut self, member: &MemberId, presented: Token, first: Token, top: u64) {
        self.begin(member, first, top);
        if let Some(session) = self.members.get_mut(member) {
            session.tokens.take_foreign(presented);
        }
    }

    /// What the next process needs of a member's session, where it has one.
    #[must_use]
    pub fn kept(&self, member: &MemberId) -> Option<KeptSession> {
        Some(KeptSession::of(&self.members.get(member)?.tokens))
    }

    /// A member's session goes on, in a room that another process had. What was said there is known to nobody; `top` is the last
    /// number that may have been given.
    pub fn restore(&mut self, member: &MemberId, kept: KeptSession, top: u64) {
        self.log.clear(top);
        self.members.insert(member.clone(), Session { tokens: kept.into_tokens(), entered: top });
    }

    /// A member's session is over. Returns the tokens that are good no more.
    pub fn end(&mut self, member: &MemberId) -> impl Iterator<Item = Token> + use<> {
        let ended = self.members.remove(member);
        self.carried.remove(member);
        self.forget_unless_kept();
        ended.into_iter().flat_map(|session| session.tokens.iter())
    }

    /// Whether this token is good for that member.
    #[must_use]
    pub fn takes(&self, member: &MemberId, token: Token) -> bool {
        self.members.get(member).is_some_and(|session| session.tokens.takes(token))
    }

    /// Whether that member has one.
    #[must_use]
    pub fn has(&self, member: &MemberId) -> bool {
        self.members.contains_key(member)
    }

    /// Whether what is said is kept: nobody need make a frame of it where it is not.
    #[must_use]
    pub fn keeps(&self) -> bool {
        self.is_shared || !self.members.is_empty() || self.expected > 0
    }

    /// Keeps what was said, for those who come back, and says what has to go for it. Its number must be above all before it, and
    /// where the room [keeps](Sessions::keeps) nothing this does nothing.
    pub fn keep(&mut self, seq: u64, to: To, frame: Bytes, now: Millis) -> LetGo {
        if self.keeps() { self.log.push(seq, to, frame, now, self.limits) } else { LetGo::default() }
    }

    /// A member is back, with this token. Its snapshot brings `next`, and `top` is the last number that was given. `None`: the
    /// token is not good, and nothing changes.
    ///
    /// What it missed may have `most_bytes` at the most. More would overflow its socket, and it would be back for the same.
    #[must_use]
    pub fn resume(
        &mut self,
        member: &MemberId,
        resume: Resume,
        next: Token,
        top: u64,
        most_bytes: usize,
    ) -> Option<Answer> {
        let Resume { token, seen } = resume;
        let session = self.members.get(member).filter(|session| session.tokens.takes(token))?;
        let (is_known_to_client, missed) = self.missed(member, session, (token, seen), (top, most_bytes));
        let missed = missed.map(|missed| missed.into_iter().map(|(_, frame)| frame).collect());
        if self.carried.get(member).is_some_and(|carried| seen >= carried.up_to) {
            // From here on its client knows the numbers of this node.
            self.carried.remove(member);
        }
        let forgotten = self.members.get_mut(member)?.tokens.rotate(token, next);
        Some(Answer { missed, forgotten, is_known_to_client })
    }

    /// Not all that was said up to this number was heard here: whoever has not got beyond it cannot be sent what it missed.
    pub fn lose_up_to(&mut self, seq: u64) {
        self.log.clear(seq);
    }

    /// Lets go of what is too old to be asked for.
    pub fn let_go(&mut self, now: Millis) {
        // Nothing else is over a bound: that is looked at when something is kept.
        let _none = self.log.let_go(now, self.limits);
        let limits = self.limits;
        self.carried.retain(|_, carried| now < carried.due(limits));
    }

    /// When [`Sessions::let_go`] has something to do, if nothing is said until then.
    #[must_use]
    pub fn due(&self) -> Option<Millis> {
        let carried = self.carried.values().map(|carried| carried.due(self.limits));
        self.log.due(self.limits).into_iter().chain(carried).min()
    }

    /// Lets go of the oldest messages, of so many bytes or all, and says how many those are. Where all rooms together hold too
    /// much.
    pub fn shrink(&mut self, excess: usize) -> usize {
        // Of these there are few, and not all of one is worth little.
        self.carried.clear();
        self.log.shrink(excess)
    }

    /// The highest number that it has let go of: whoever has seen less cannot be told what it missed.
    #[must_use]
    pub fn floor(&self) -> u64 {
        self.log.floor()
    }

    /// Bytes of memory that what it keeps takes.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.log.held_bytes() + self.carried.values().map(|carried| carried.bytes).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NodeId;

    const LIMITS: LogLimits = LogLimits { frames: 3, bytes: 1_000, age_ms: 50 };
    const ANY: usize = usize::MAX;

    fn id(id: &str) -> MemberId {
        MemberId::parse(id).unwrap()
    }

    fn token(secret: u128) -> Token {
        Token::new(NodeId(1), secret)
    }

    fn resume(secret: u128, seen: u64) -> Resume {
        Resume { token: token(secret), seen }
    }

    /// With the sessions of ann and bob.
    fn sessions() -> Sessions {
        let mut sessions = Sessions::new(LIMITS);
        sessions.begin(&id("ann"), token(1), 4);
        sessions.begin(&id("bob"), token(2), 5);
        sessions
    }

    fn missed(answer: Option<Answer>) -> Option<usize> {
        answer.unwrap().missed.map(|missed| missed.len())
    }

    #[test]
    fn a_session_costs_its_few_words() {
        assert!(size_of::<(MemberId, Session)>() <= 48, "{}", size_of::<(MemberId, Session)>());
    }

    #[test]
    fn a_room_without_sessions_keeps_nothing() {
        let mut sessions = Sessions::new(LIMITS);
        assert!(!sessions.keeps());
        sessions.keep(1, To::Everybody, "1".into(), 0);
        assert_eq!((sessions.held_bytes(), sessions.due()), (0, None));
        sessions.begin(&id("ann"), token(1), 1);
        sessions.keep(2, To::Everybody, "2".into(), 0);
        assert_eq!((sessions.floor(), sessions.due()), (1, Some(50)));
        assert_eq!(sessions.end(&id("ann")).collect::<Vec<_>>(), [token(1)]);
        assert_eq!((sessions.keeps(), sessions.held_bytes(), sessions.due()), (false, 0, None));
        sessions.keep(3, To::Everybody, "3".into(), 0);
        sessions.begin(&id("bob"), token(2), 3);
        assert_eq!(missed(sessions.resume(&id("bob"), resume(2, 3), token(3), 3, ANY)), Some(0));
        assert_eq!(sessions.floor(), 3, "what was said to nobody cannot be had");
    }

    #[test]
    fn only_its_own_tokens_are_good() {
        let mut sessions = sessions();
        let (ann, bob, cat) = (id("ann"), id("bob"), id("cat"));
        assert!(sessions.takes(&ann, token(1)) && sessions.takes(&bob, token(2)));
        for (member, secret) in [(&ann, 2), (&bob, 1), (&cat, 1), (&ann, 9)] {
            assert!(!sessions.takes(member, token(secret)), "{member} {secret}");
            assert_eq!(sessions.resume(member, resume(secret, 5), token(7), 5, ANY), None, "{member} {secret}");
            assert!(!sessions.takes(member, token(7)));
        }
        let other_node = Resume { token: Token::new(NodeId(2), 1), seen: 5 };
        assert_eq!(sessions.resume(&ann, other_node, token(7), 5, ANY), None);
        assert!(sessions.takes(&ann, token(1)));
    }

    #[test]
    fn each_resume_brings_a_token_and_takes_one() {
        let mut sessions = sessions();
        let ann = id("ann");
        let mut forgets =
            |secret, next| sessions.resume(&ann, resume(secret, 5), token(next), 5, ANY).map(|a| a.forgotten);
        assert_eq!(forgets(1, 11), Some(None));
        assert_eq!(forgets(1, 12), Some(Some(token(11))), "that snapshot was lost");
        assert_eq!(forgets(11, 13), None);
        assert_eq!(forgets(12, 14), Some(Some(token(1))));
        assert_eq!(sessions.end(&ann).collect::<Vec<_>>(), [token(14), token(12)]);
        assert!(!sessions.takes(&ann, token(14)));
    }

    #[test]
    fn what_another_process_counted_says_nothing_here_and_its_token_is_good_until_a_newer_one_came() {
        let mut sessions = sessions();
        let cat = id("cat");
        let before = Resume { token: Token::new(NodeId(2), 9), seen: 6 };
        sessions.begin_after(&cat, before.token, token(21), 5);
        sessions.keep(6, To::Everybody, "6".into(), 0);
        sessions.keep(7, To::Everybody, "7".into(), 0);
        assert!(sessions.takes(&cat, before.token) && sessions.takes(&cat, token(21)));
        for (next, forgotten) in [(22, 21), (23, 22)] {
            let lost = Answer { missed: None, forgotten: Some(token(forgotten)), is_known_to_client: false };
            assert_eq!(sessions.resume(&cat, before, token(next), 7, ANY), Some(lost), "6 was another message there");
        }
        let told = sessions.resume(&cat, resume(23, 6), token(24), 7, ANY).unwrap();
        assert_eq!((told.missed, told.is_known_to_client), (Some(vec!["7".into()]), true));
        assert_eq!(told.forgotten, Some(before.token));
        assert_eq!(sessions.resume(&cat, before, token(25), 7, ANY), None);
    }

    #[test]
    fn a_session_goes_on_in_the_next_process_without_what_was_said() {
        let mut before = sessions();
        let (ann, cat) = (id("ann"), id("cat"));
        before.begin_after(&cat, Token::new(NodeId(2), 9), token(21), 5);
        assert!(before.resume(&ann, resume(1, 5), token(11), 5, ANY).is_some());
        let mut next = Sessions::new(LIMITS);
        for member in [&ann, &cat] {
            let kept = before.kept(member).unwrap();
            assert_eq!(serde_json::from_str::<KeptSession>(&serde_json::to_string(&kept).unwrap()).unwrap(), kept);
            next.restore(member, kept, 1_000);
        }
        assert_eq!(before.kept(&id("dan")), None);
        next.keep(1_001, To::Everybody, "new".into(), 0);
        assert!(next.takes(&ann, token(11)) && next.takes(&ann, token(1)) && next.takes(&cat, token(21)));
        for seen in [4, 999] {
            let answer = next.resume(&ann, resume(1, seen), token(12), 1_001, ANY).unwrap();
            assert_eq!((answer.missed, answer.is_known_to_client), (None, true), "{seen}");
        }
        let foreign = Resume { token: Token::new(NodeId(2), 9), seen: 1_000 };
        let answer = next.resume(&cat, foreign, token(22), 1_001, ANY).unwrap();
        assert_eq!((answer.missed, answer.is_known_to_client), (None, false));
        let told = next.resume(&ann, resume(12, 1_000), token(13), 1_001, ANY).unwrap();
        assert_eq!(told.missed, Some(vec!["new".into()]), "from there on it is as in any process");
    }

    fn numbered(seq: u64) -> Bytes {
        format!(r#"{{"from":"eve","t":"msg","msg":"{seq}","seq":{seq}}}"#).into()
    }

    fn leaving(secret: u128, seen: u64, top: u64) -> Leaving {
        Leaving { token: token(secret).hash(), seen, top, most_bytes: ANY }
    }

    #[test]
    fn who_goes_to_another_node_takes_along_what_it_missed_and_hears_there_what_that_one_heard_alone() {
        let mut home = sessions();
        let bob = id("bob");
        for seq in 6..=8 {
            home.keep(seq, To::Everybody, numbered(seq), 0);
        }
        assert_eq!(home.release(&bob, leaving(1, 6, 8)), None, "that is ann's");
        let missed = home.release(&bob, leaving(2, 6, 8)).unwrap().missed.unwrap();
        assert_eq!(missed, [(7, numbered(7)), (8, numbered(8))]);
        let since_before = GivenAway { missed: None, is_known_to_client: true };
        assert_eq!(home.release(&bob, leaving(2, 4, 8)), Some(since_before), "what was said before it came");
        // Here 3 and 4 were heard before that, and 5 is not for it.
        let mut there = Sessions::new(LogLimits { frames: 10, ..LIMITS });
        there.expect(2);
        for (seq, to) in [(3, To::Everybody), (4, To::Everybody), (5, To::AllBut(bob.clone()))] {
            there.keep(seq, to, numbered(seq), 0);
        }
        let carried = || Carried { seen: 6, top: 8, missed: missed.clone() };
        let (first, at) = (Token::new(NodeId(2), 1), (11, ANY, 0));
        let sent = there.carry_over(&bob, (token(2), first), (carried(), &[4, 5]), at).unwrap();
        let renumbered = numbered(4).to_vec();
        let renumbered = String::from_utf8(renumbered).unwrap().replace(r#""seq":4"#, r#""seq":9"#);
        assert_eq!(sent, [numbered(7), numbered(8), renumbered.clone().into()]);
        there.expect_no_more();
        there.keep(12, To::Everybody, numbered(12), 0);
        // Whatever of that is lost on its way: nothing is missed and nothing comes twice.
        let next = |secret| Token::new(NodeId(2), secret);
        for (presented, seen, secret, due) in [
            (token(2), 6, 2, vec![numbered(7), numbered(8), renumbered.clone().into(), numbered(12)]),
            (token(2), 8, 3, vec![renumbered.clone().into(), numbered(12)]),
            (next(3), 9, 4, vec![numbered(12)]),
            (next(4), 12, 5, vec![]),
        ] {
            let answer = there.resume(&bob, Resume { token: presented, seen }, next(secret), 12, ANY).unwrap();
            assert_eq!((answer.missed, answer.is_known_to_client), (Some(due), true), "{seen}");
        }
        let answer = there.resume(&bob, Resume { token: next(5), seen: 6 }, next(6), 12, ANY).unwrap();
        assert_eq!(answer.missed, None, "it has seen more, and that is let go of");
    }

    #[test]
    fn of_a_session_that_its_client_was_not_told_of_the_next_node_is_told_so() {
        let mut there = sessions();
        let bob = id("bob");
        there.begin_after(&bob, Token::new(NodeId(2), 7), token(3), 5);
        let of = |token: Token| Leaving { token: token.hash(), ..leaving(3, 5, 5) };
        let known = |token| there.release(&bob, of(token)).map(|given| given.is_known_to_client);
        assert_eq!([Token::new(NodeId(2), 7), token(3)].map(known), [Some(false), Some(true)]);
    }

    #[test]
    fn what_a_member_brought_is_kept_no_longer_than_what_was_said_here_and_counts() {
        let bob = id("bob");
        let carried = || Carried { seen: 6, top: 8, missed: vec![(7, numbered(7))] };
        let begin = || {
            let mut sessions = Sessions::new(LIMITS);
            let sent = sessions.carry_over(&bob, (token(2), token(3)), (carried(), &[]), (8, ANY, 0));
            assert_eq!(sent, Some(vec![numbered(7)]));
            assert!(sessions.held_bytes() > numbered(7).len());
            sessions
        };
        let missed = |mut sessions: Sessions| sessions.resume(&bob, resume(2, 6), token(4), 8, ANY).unwrap().missed;
        assert_eq!(missed(begin()), Some(vec![numbered(7)]));
        let mut old = begin();
        assert_eq!(old.due(), Some(50));
        old.let_go(50);
        assert_eq!((old.held_bytes(), missed(old)), (0, None));
        let mut shrunk = begin();
        shrunk.shrink(1);
        assert_eq!((shrunk.held_bytes(), missed(shrunk)), (0, None));
        let mut ended = begin();
        assert_eq!((ended.end(&bob).count(), ended.held_bytes()), (2, 0));
        let mut sessions = Sessions::new(LIMITS);
        assert_eq!(
            sessions.carry_over(&bob, (token(2), token(3)), (carried(), &[]), (8, 10, 0)),
            None,
            "too many bytes"
        );
        assert_eq!(sessions.carry_over(&bob, (token(2), token(3)), (carried(), &[1]), (9, ANY, 0)), None, "gone here");
        assert!(sessions.takes(&bob, token(2)) && sessions.takes(&bob, token(3)), "it is in all the same");
    }

    #[test]
    fn nobody_is_sent_what_was_said_before_it_came() {
        let mut sessions = sessions();
        let (ann, bob) = (id("ann"), id("bob"));
        sessions.keep(5, To::Everybody, "5".into(), 0);
        sessions.keep(6, To::Everybody, "6".into(), 0);
        assert_eq!(missed(sessions.resume(&ann, resume(1, 4), token(11), 6, ANY)), Some(2));
        assert_eq!(missed(sessions.resume(&bob, resume(2, 4), token(12), 6, ANY)), None);
        assert_eq!(missed(sessions.resume(&bob, resume(2, 5), token(13), 6, ANY)), Some(1));
        assert_eq!(missed(sessions.resume(&bob, resume(13, 7), token(14), 6, ANY)), None, "ahead");
        assert_eq!(missed(sessions.resume(&bob, resume(14, 5), token(15), 6, 0)), None, "too many bytes");
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut sessions = sessions();
        for seq in 6..=9 {
            sessions.keep(seq, To::Everybody, "x".into(), seq);
        }
        assert_eq!((sessions.floor(), sessions.due()), (6, Some(57)));
        sessions.let_go(57);
        assert_eq!((sessions.floor(), sessions.due()), (7, Some(58)));
        sessions.shrink(1);
        assert_eq!(sessions.floor(), 8);
    }
}
